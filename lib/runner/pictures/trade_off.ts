/**
 * Broadcast: what messages buy.
 *
 * @module
 */
// @ts-types="@types/d3-format"
import { format } from "d3-format";
// @ts-types="@types/d3-scale"
import { scaleLinear, scaleLog } from "d3-scale";
// @ts-types="@types/d3-shape"
import { area, line } from "d3-shape";
import type { SetFullFindings } from "../../workbench/checkers/set_full.ts";
import { type JudgeRun, messagesPerOp } from "./judged.ts";
import { type Drawing, margin, markup, width } from "./svg.ts";

/** One setting, measured. */
export interface Measured {
  label: string;
  perOp: number;
  medianMs: number;
  maxMs: number;
}

/** The hub's beats: the curve goes through all of them. */
const beatsMs = [100, 200, 300, 390, 600, 800, 1000, 1350, 2000];

/** The other strategies, with the suggested topology for those who take it. */
const others = [
  { label: "line", args: ["--strategy", "flood"], topology: "line" },
  { label: "tree", args: ["--strategy", "flood"], topology: "tree2" },
  { label: "tree4", args: ["--strategy", "flood"], topology: "tree4" },
  { label: "grid", args: ["--strategy", "flood"], topology: "grid" },
  { label: "direct", args: ["--strategy", "direct"] },
];

/** Measures all settings in the runs of 3d and 3e, which are the same. */
export async function measureAll(judged: JudgeRun) {
  const measure = async (
    label: string,
    difference: Parameters<JudgeRun>[1],
  ): Promise<Measured> => {
    const judgement = await judged("3d", difference);
    const { workload } = judgement.results;
    const latencies = (workload as SetFullFindings)["stable-latencies"]!;
    return {
      label,
      perOp: messagesPerOp(judgement),
      medianMs: latencies["0.5"],
      maxMs: latencies["1"],
    };
  };
  const hub: Measured[] = [];
  for (const beatMs of beatsMs) {
    hub.push(
      await measure(String(beatMs), { args: ["--beat-ms", String(beatMs)] }),
    );
  }
  const rest: Measured[] = [];
  for (const { label, ...difference } of others) {
    rest.push(await measure(label, difference));
  }
  return { hub, rest };
}

/** The limits of a challenge. */
const limits = [
  { id: "3e", perOp: 20, medianMs: 1000, maxMs: 2000 },
  { id: "3d", perOp: 30, medianMs: 400, maxMs: 600 },
];

const top = 72;
const bottom = 420;
const left = 62;
const right = width - margin;

const x = scaleLog([0.25, 40], [left, right]);
const y = scaleLinear([0, 2500], [bottom, top]);
const number = format(",");
const oneDecimal = format(".1f");

/** Draws it. */
export async function tradeOff(judged: JudgeRun): Promise<Drawing> {
  const { hub, rest } = await measureAll(judged);
  const named = (label: string) =>
    [...hub, ...rest].find((each) => each.label === label)!;
  const few = named("1350");
  const fast = named("direct");
  return {
    title: "For the same delay, a hub takes a tenth of the messages",
    description:
      `Broadcast to 25 nodes with 100 ms between them: messages per operation on a logarithmic scale, against the time until a value is stable, from median to maximum. Flooding takes ${
        oneDecimal(named("grid").perOp)
      } messages over a grid and ${
        oneDecimal(named("tree").perOp)
      } over a tree; telling all directly takes ${
        oneDecimal(fast.perOp)
      } and at most ${fast.maxMs} ms. The hub's curve begins at ${
        oneDecimal(named("100").perOp)
      } messages and ${
        named("100").maxMs
      } ms with a beat of 100 ms; a beat of 390 ms is within the limits of 3d, and one of 1350 ms, with ${
        few.perOp.toFixed(2)
      } messages, within those of 3e.`,
    height: 506,
    style: `
.limit { fill: var(--band); stroke: var(--line) }
.median { stroke: var(--line); stroke-dasharray: 4 4 }
.ribbon { fill: var(--green); fill-opacity: 0.18 }
.bar { stroke-width: 4 }
.halo { stroke: var(--band); stroke-width: 4; paint-order: stroke }
.dot { stroke: var(--page); stroke-width: 2 }`,
    body: [
      limits.map(limitBox),
      axes(),
      curve(hub),
      rest.map(strategy),
      legend(),
    ],
  };
}

function limitBox({ id, perOp, medianMs, maxMs }: typeof limits[number]) {
  return [
    markup`<rect class="limit" x="${left}" y="${y(maxMs)}" width="${
      x(perOp) - left
    }" height="${bottom - y(maxMs)}"/>`,
    markup`<path class="median" d="M${left} ${y(medianMs)}H${x(perOp)}"/>`,
    markup`<text class="small bold" x="${x(2.4)}" y="${
      y(maxMs) + 18
    }">${`${id}: max < ${maxMs} ms`}</text>`,
    markup`<text class="small muted" x="${x(2.4)}" y="${
      y(medianMs) + 17
    }">${`median < ${medianMs} ms`}</text>`,
  ];
}

function axes() {
  return [
    [0, 500, 1000, 1500, 2000].map((ms) =>
      markup`<text class="small muted end" x="${left - 8}" y="${y(ms) + 5}">${
        number(ms)
      }</text>`
    ),
    markup`<text class="small muted" x="${margin}" y="${
      top - 8
    }">ms until all show a value</text>`,
    [0.3, 1, 3, 10, 30].map((perOp) => [
      markup`<path class="line" d="M${x(perOp)} ${bottom}v5"/>`,
      markup`<text class="small muted middle" x="${x(perOp)}" y="${
        bottom + 21
      }">${String(perOp)}</text>`,
    ]),
    markup`<text class="small muted end" x="${right}" y="${
      bottom + 42
    }">messages per operation (log)</text>`,
    markup`<path class="line" d="M${left} ${bottom}H${right}"/>`,
  ];
}

/** The hub's curve, from median to maximum. */
function curve(hub: Measured[]) {
  const ribbon = area<Measured>(
    ({ perOp }) => x(perOp),
    (each) => y(each.medianMs),
    (each) => y(each.maxMs),
  ).digits(1);
  const edge = (ms: (each: Measured) => number) =>
    line<Measured>((each) => x(each.perOp), (each) => y(ms(each))).digits(1);
  return [
    markup`<path class="ribbon" d="${ribbon(hub) ?? ""}"/>`,
    [edge((each) => each.maxMs), edge((each) => each.medianMs)].map((path) =>
      markup`<path class="green" d="${path(hub) ?? ""}"/>`
    ),
    hub.map((each) => range("green", each)),
    hub.filter(({ label }) => ["100", "390", "1350"].includes(label))
      .map(({ label, perOp, maxMs }) =>
        markup`<text class="small bold fill-green" x="${x(perOp) + 7}" y="${
          y(maxMs) + (label === "100" ? 26 : -6)
        }">beat ${label} ms</text>`
      ),
  ];
}

/** Another strategy, which is a point of its own. */
function strategy(each: Measured) {
  const colour = each.label === "direct" ? "orange" : "blue";
  const isGrid = each.label === "grid";
  return [
    range(colour, each),
    markup`<text class="small bold fill-${colour}${
      isGrid ? " middle" : ""
    }" x="${x(each.perOp) + (isGrid ? 0 : 10)}" y="${
      isGrid ? y(each.maxMs) - 8 : (y(each.medianMs) + y(each.maxMs)) / 2 + 5
    }">${each.label}</text>`,
  ];
}

/** From median to maximum. */
function range(colour: string, { perOp, medianMs, maxMs }: Measured) {
  return [
    markup`<path class="bar ${colour}" d="M${x(perOp)} ${y(medianMs)}V${
      y(maxMs)
    }"/>`,
    markup`<circle class="dot fill-${colour}" cx="${x(perOp)}" cy="${
      y(medianMs)
    }" r="5.5"/>`,
  ];
}

function legend() {
  const at = bottom + 68;
  const entry = (colour: string, place: number, text: string) => [
    markup`<circle class="fill-${colour}" cx="${place}" cy="${
      at - 5
    }" r="5.5"/>`,
    markup`<text class="small" x="${place + 12}" y="${at}">${text}</text>`,
  ];
  return [
    entry("blue", 40, "flood"),
    entry("orange", 116, "direct"),
    entry("green", 198, "hub, by its beat"),
    markup`<text class="small muted end" x="${right}" y="${at}">each from median ● up to maximum</text>`,
  ];
}
