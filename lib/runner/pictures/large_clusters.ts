/**
 * Broadcast on large clusters: what it costs, all and each, how long it takes, and
 * what becomes of it when a tenth of all nodes die at once.
 *
 * @module
 */
// @ts-types="@types/d3-format"
import { format } from "d3-format";
// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
import type { Judgement, Schedule } from "../../workbench/mod.ts";
import { msInNs } from "../../workbench/sim/clock.ts";
import { involvesClient } from "../../workbench/sim/network.ts";
import { type Difference, type JudgeRun, messagesOf } from "./judged.ts";
import { type Drawing, group, margin, markup } from "./svg.ts";

/** A way to spread values, its colour, and the types of messages that do it. */
interface Way {
  name: string;
  colour: string;
  run: string;
  difference: Difference;
}

const ways: readonly Way[] = [
  {
    name: "flood over a tree",
    colour: "blue",
    run: "3b",
    difference: { args: ["--strategy", "flood"], topology: "tree4" },
  },
  {
    name: "direct",
    colour: "fault",
    run: "3b",
    difference: { args: ["--strategy", "direct"] },
  },
  { name: "hub", colour: "orange", run: "3b", difference: {} },
  { name: "push-pull", colour: "line", run: "11c", difference: {} },
  { name: "Plumtree", colour: "green", run: "11b", difference: {} },
];

/** Messages that bring values; others only tell of them. */
const carriers = /"type":"(values|batch|gossip|push|pull|broadcast)"/;

const sizes = [5, 25, 100, 1000];

/** The most nodes of which each tells all others: there are n² greetings. */
const maxDirect = 100;

const surroundings = { latency: 100, rate: 20, seed: 1 };

/** The seconds that are measured: nodes know each other by then. */
const measured = [4, 6] as const;

/** The cost of a way, for a number of nodes. */
export interface Cost {
  way: string;
  nodes: number;
  /** Messages that a node sends in a second, on average. */
  perNode: number;
  /** Messages that the busiest node sends and receives in a second. */
  busiest: number;
  /** The time until the last node has a value: the median of all values. */
  lastMs: number;
}

/** Measures all ways. */
export async function measureWays(judged: JudgeRun): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const { name, run, difference } of ways) {
    for (const nodes of sizes) {
      if (name === "direct" && nodes > maxDirect) continue;
      const judgement = await judged(run, {
        ...surroundings,
        "time-limit": measured[1] + 1,
        "node-count": nodes,
        ...difference,
      });
      costs.push({ way: name, nodes, ...costOf(judgement) });
    }
  }
  return costs;
}

function costOf(judgement: Judgement) {
  const [fromMs, toMs] = measured.map((seconds) => seconds * 1000);
  const { nodes } = judgement.test;
  const work = new Map(nodes.map((node) => [node, 0]));
  let messages = 0;
  for (const envelope of judgement.journal) {
    const ms = (envelope.sentNs - judgement.startNs) / msInNs;
    if (involvesClient(envelope) || ms < fromMs! || ms >= toMs!) continue;
    messages++;
    for (const node of [envelope.src, envelope.dest]) {
      work.set(node, work.get(node)! + 1);
    }
  }
  const seconds = measured[1] - measured[0];
  const spread = spreadOf(judgement, nodes)
    .filter(({ toldMs }) => fromMs! <= toldMs && toldMs < toMs!)
    .map(({ lastMs }) => lastMs).sort((a, b) => a - b);
  return {
    perNode: messages / nodes.length / seconds,
    busiest: Math.max(...work.values()) / seconds,
    lastMs: spread[Math.floor(spread.length / 2)]!,
  };
}

/** The way of a value: when a client told it, and until when all had it. */
export interface SpreadValue {
  toldMs: number;
  /** The time from then until the last node had it; `Infinity`: one never did. */
  lastMs: number;
}

/** Follows each value to all of some nodes. */
function spreadOf(
  judgement: Judgement,
  nodes: readonly string[],
): SpreadValue[] {
  const told = new Map<number, number>();
  const known = new Map<number, Map<string, number>>();
  const journal = judgement.journal.filter(({ line }) => carriers.test(line));
  for (const message of messagesOf({ ...judgement, journal })) {
    const { dest, body, receivedMs } = message;
    if (receivedMs === undefined) continue;
    const isTold = body.type === "broadcast";
    if (isTold) told.set(body.message as number, receivedMs);
    const values = isTold ? [body.message] : body.values;
    for (const value of values as number[]) {
      const at = known.get(value) ?? new Map<string, number>();
      at.set(dest, Math.min(at.get(dest) ?? Infinity, receivedMs));
      known.set(value, at);
    }
  }
  return [...told].map(([value, toldMs]) => {
    const at = known.get(value)!;
    const last = Math.max(...nodes.map((node) => at.get(node) ?? Infinity));
    return { toldMs, lastMs: last - toldMs };
  });
}

/** The number of nodes of which a tenth dies, and when that is. */
const mortals = 50;
const deathMs = 5000;

/** Has every tenth node die: among them are the hub and the root of the tree. */
const deathOfATenth: Schedule = {
  ops: Array.from({ length: 72 }, (_, i) => ({
    atMs: 2000 + 150 * i,
    client: (7 * i) % mortals,
    f: "broadcast",
    value: i,
  })).filter(({ client }) => client % 10 !== 0),
  faults: [{
    kind: "kill",
    nodes: Array.from({ length: mortals / 10 }, (_, i) => `n${10 * i}`),
    fromMs: deathMs,
    toMs: 14_000,
  }],
};

/** Follows values of each way to those who don't die. */
export async function outlive(
  judged: JudgeRun,
): Promise<{ way: string; values: SpreadValue[] }[]> {
  const outcomes = [];
  for (const { name, run, difference } of ways) {
    const judgement = await judged(run, {
      ...surroundings,
      "node-count": mortals,
      ...difference,
      schedule: deathOfATenth,
    });
    const living = judgement.test.nodes.filter((_, i) => i % 10 !== 0);
    outcomes.push({ way: name, values: spreadOf(judgement, living) });
  }
  return outcomes;
}

const panelWidth = 240;
const panelHeight = 150;
const columns = [62, 376];
const rows = [96, 342];
const number = format(",");

/** Draws it. */
export async function largeClusters(judged: JudgeRun): Promise<Drawing> {
  const costs = await measureWays(judged);
  const outcomes = await outlive(judged);
  const panels = [
    costPanel("messages per node and second", costs, "perNode"),
    costPanel("messages at the busiest node", costs, "busiest"),
    costPanel("ms until the last node has a value", costs, "lastMs"),
    deathPanel(outcomes),
  ];
  return {
    title: "Where nobody is special, size and death cost little",
    description: describe(costs, outcomes),
    height: 576,
    style: `
.curve { stroke-width: 2 }
.fill-line { fill: var(--line) }
.dot { opacity: 0.8 }`,
    body: [
      panels.map((panel, i) =>
        group([columns[i % 2]!, rows[Math.floor(i / 2)]!], panel)
      ),
      legend(),
    ],
  };
}

function describe(
  costs: readonly Cost[],
  outcomes: Awaited<ReturnType<typeof outlive>>,
): string {
  const ends = ways.map(({ name }) => {
    const own = costs.filter(({ way }) => way === name);
    const [first, last] = [own[0]!, own.at(-1)!];
    const range = (of: "perNode" | "busiest" | "lastMs") =>
      `${Math.round(first[of])} to ${Math.round(last[of])}`;
    return `${name}, from ${first.nodes} to ${last.nodes} nodes: a node sends ${
      range("perNode")
    } messages a second, the busiest handles ${
      range("busiest")
    }, and the last node has a value after ${range("lastMs")} ms`;
  });
  const after = outcomes.map(({ way, values }) => {
    const told = values.filter(({ toldMs }) => toldMs >= deathMs);
    const lost = told.filter(({ lastMs }) => lastMs === Infinity).length;
    const worst = Math.max(...told.map(({ lastMs }) => lastMs));
    return `${way}: ${
      lost > 0
        ? `${lost} of ${told.length} values never reach all`
        : `${Math.round(worst)} ms at most`
    }`;
  });
  return `Broadcast with 100 ms between nodes, ten values a second. ${
    ends.join("; ")
  }. When five of ${mortals} nodes die at once, the values told to the others from then on: ${
    after.join("; ")
  }.`;
}

const decades = [1, 10, 100, 1000, 10_000];

/** Draws one of the figures against the number of nodes; both logarithmic. */
function costPanel(
  title: string,
  costs: readonly Cost[],
  of: "perNode" | "busiest" | "lastMs",
) {
  const least = of === "lastMs" ? 50 : 1;
  const x = scaleLog([5, 1000], [0, panelWidth]);
  const y = scaleLog([least, of === "busiest" ? 5000 : least * 100], [
    panelHeight,
    0,
  ]);
  return [
    axis(title, y),
    sizes.map((nodes) =>
      markup`<text class="small muted middle" x="${x(nodes)}" y="${
        panelHeight + 20
      }">${number(nodes)}</text>`
    ),
    ways.map(({ name, colour }) => {
      const own = costs.filter(({ way }) => way === name);
      const points = own.map((each) => [x(each.nodes), y(each[of])] as const);
      const path = points.map(([x, y]) => `${tenths(x)} ${tenths(y)}`);
      return [
        markup`<path class="curve ${colour}" d="M${path.join("L")}"/>`,
        points.map(([x, y]) =>
          markup`<circle class="fill-${colour}" cx="${x}" cy="${y}" r="3.5"/>`
        ),
      ];
    }),
  ];
}

/** Draws for each value how long it took, against when it was told. */
function deathPanel(outcomes: Awaited<ReturnType<typeof outlive>>) {
  const x = scaleLinear([2, 13], [0, panelWidth]);
  const y = scaleLog([50, 5000], [panelHeight, 0]);
  const never = -16;
  return [
    markup`<rect class="fault-band" x="${x(deathMs / 1000)}" y="-24" width="${
      panelWidth - x(deathMs / 1000)
    }" height="${panelHeight + 24}"/>`,
    axis("ms, while a tenth is dead", y, 42),
    markup`<text class="small muted end" x="-8" y="${never + 5}">never</text>`,
    [5, 10].map((seconds) =>
      markup`<text class="small muted middle" x="${x(seconds)}" y="${
        panelHeight + 20
      }">${`${seconds} s`}</text>`
    ),
    ways.map(({ name, colour }) =>
      outcomes.find(({ way }) => way === name)!.values.map((
        { toldMs, lastMs },
      ) =>
        markup`<circle class="dot fill-${colour}" cx="${
          x(toldMs / 1000)
        }" cy="${lastMs === Infinity ? never : y(lastMs)}" r="2"/>`
      )
    ),
  ];
}

function axis(
  title: string,
  y: (value: number) => number,
  aboveBy = 14,
) {
  const shown = decades.filter((each) =>
    y(each) <= panelHeight + 0.1 && y(each) >= 0
  );
  return [
    shown.map((each) => [
      markup`<path class="grid" d="M0 ${y(each)}H${panelWidth}"/>`,
      markup`<text class="small muted end" x="-8" y="${y(each) + 5}">${
        number(each)
      }</text>`,
    ]),
    markup`<text class="small bold" x="-38" y="${-aboveBy}">${title}</text>`,
  ];
}

function legend() {
  let at = margin;
  return ways.map(({ name, colour }) => {
    const entry = [
      markup`<circle class="fill-${colour}" cx="${at + 5}" cy="547" r="5"/>`,
      markup`<text class="small" x="${at + 16}" y="552">${name}</text>`,
    ];
    at += 44 + 7.5 * name.length;
    return entry;
  });
}

function tenths(length: number): number {
  return Math.round(10 * length) / 10;
}
