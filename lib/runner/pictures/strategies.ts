/**
 * Broadcast: the way of one value to 25 nodes, by each strategy.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { scaleLinear, scaleThreshold } from "d3-scale";
import type { Judgement } from "../../workbench/mod.ts";
import { type JudgeRun, messagesOf } from "./judged.ts";
import {
  type Content,
  type Drawing,
  group,
  margin,
  markup,
  type Point,
  width,
} from "./svg.ts";

/** The node that is told the value: the farthest from all others. */
const origin = "n24";

/** The value is the first that it's told after this. */
const afterMs = 5000;

/** The spread of a value. Times are milliseconds since it was told. */
export interface Journey {
  /** The time at which each node knew it. */
  knownMs: Map<string, number>;
  /** The messages that carried it; `first` if it was news. */
  messages: { src: string; dest: string; first: boolean }[];
  /** The number of values that shared a message on the last part of the way. */
  shared: number;
}

/** The journey of the value that is drawn. */
export function journeyOf(judgement: Judgement): Journey {
  const all = messagesOf(judgement);
  const told = all.find(({ dest, body, sentMs }) =>
    body.type === "broadcast" && dest === origin && sentMs > afterMs
  )!;
  const knownMs = new Map([[origin, 0]]);
  const messages: Journey["messages"] = [];
  let shared = 0;
  const carriers = all.flatMap(({ src, dest, body, receivedMs }) => {
    const values = body.values as unknown[] | undefined;
    return receivedMs !== undefined && values?.includes(told.body.message)
      ? [{ src, dest, receivedMs, count: values.length }]
      : [];
  }).sort((a, b) => a.receivedMs - b.receivedMs);
  for (const { src, dest, receivedMs, count } of carriers) {
    const first = !knownMs.has(dest);
    if (first) knownMs.set(dest, receivedMs - told.receivedMs!);
    messages.push({ src, dest, first });
    shared = count;
  }
  return { knownMs, messages, shared };
}

const panelWidth = (width - 3 * margin) / 2;
const panelHeight = 312;

/** One way to spread values: how it's judged, and where its nodes are drawn. */
interface Panel {
  title: string;
  difference: Parameters<JudgeRun>[1];
  placeOf: (node: number) => Point;
  note: (journey: Journey) => string;
  /** The words in the middle. */
  centre?: string;
}

const panels: Panel[] = [
  {
    title: "flood, over the grid",
    difference: { args: ["--strategy", "flood"], topology: "grid" },
    placeOf: (i) => [panelWidth / 2 + (i % 5 - 2) * 40, Math.floor(i / 5) * 38],
    note: ({ messages }) => `${messages.length - 24} of them no news`,
  },
  {
    title: "flood, over a tree of fours",
    difference: { args: ["--strategy", "flood"], topology: "tree4" },
    placeOf: inTree,
    note: () => "each the only way",
  },
  {
    title: "direct",
    difference: { args: ["--strategy", "direct"] },
    placeOf: (i) => onCircle(i === 24 ? undefined : i),
    note: () => "all at once",
  },
  {
    title: "hub, with a beat of 390 ms",
    difference: { args: ["--beat-ms", "390"] },
    placeOf: (i) => onCircle(i === 0 ? undefined : i - 1),
    note: ({ shared }) => `shared by ${shared} values`,
    centre: "hub",
  },
];

function onCircle(place: number | undefined): Point {
  const centre: Point = [panelWidth / 2, 76];
  if (place === undefined) return centre;
  // An ellipse: so there's more room between nodes.
  const angle = (place / 24) * 2 * Math.PI;
  return [
    centre[0] - Math.cos(angle) * 126,
    centre[1] + Math.sin(angle) * 76,
  ];
}

function inTree(i: number): Point {
  if (i === 0) return [panelWidth / 2, 0];
  if (i <= 4) return [(i - 0.5) * panelWidth / 4, 50];
  if (i <= 20) return [(i - 4.5) * panelWidth / 16, 100];
  return [(i - 20.5) * panelWidth / 16, 152];
}

const ms = scaleLinear([0, 850], [8, panelWidth - 8]);
const shade = scaleThreshold<number, number>(
  [150, 300, 450, 600],
  [0, 1, 2, 3, 4],
);

/** Draws it. */
export async function strategies(judged: JudgeRun): Promise<Drawing> {
  const drawn: { shown: Panel; journey: Journey }[] = [];
  for (const shown of panels) {
    const journey = journeyOf(await judged("3d", shown.difference));
    drawn.push({ shown, journey });
  }
  return {
    title: "One value on its way to 25 nodes",
    description:
      `Broadcast, 100 ms from node to node. A client tells a value to ${origin}. ${
        drawn.map(({ shown: { title, note }, journey }) =>
          `${
            title.charAt(0).toUpperCase() + title.slice(1)
          }: ${journey.messages.length} messages, ${
            note(journey)
          }, and all know it after ${endOf(journey)} ms.`
        ).join(" ")
      } The stronger a node's colour, the sooner it knew; dashed lines are messages that brought no news.`,
    height: 78 + 2 * panelHeight,
    style: `
.way { stroke: var(--muted) }
.again { stroke: var(--line); stroke-dasharray: 2 3 }
.node { stroke: var(--muted) }
.halo { stroke: var(--page); stroke-width: 5; paint-order: stroke }
.told { fill: none; stroke: var(--orange); stroke-width: 2.5 }
svg { --t0: #00332a; --t1: #00785a; --t2: #45a886; --t3: #9bd3bd; --t4: #e0f3ea }
@media (prefers-color-scheme: dark) { svg { --t0: #effff9; --t1: #93ebcd; --t2: #35b98d; --t3: #1c765a; --t4: #0f3d30 } }
${[0, 1, 2, 3, 4].map((i) => `.t${i} { fill: var(--t${i}) }`).join("\n")}`,
    body: [
      markup`<circle class="told" cx="${margin + 10}" cy="57" r="10"/>`,
      markup`<text class="small" x="${
        margin + 28
      }" y="62">is told it. The stronger the colour, the sooner; dashed: no news.</text>`,
      drawn.map(({ shown, journey }, i) =>
        group([
          margin + (i % 2) * (panelWidth + margin),
          92 + Math.floor(i / 2) * panelHeight,
        ], panel(shown, journey))
      ),
    ],
  };
}

function endOf({ knownMs }: Journey): number {
  return Math.round(Math.max(...knownMs.values()));
}

function panel(
  { title, placeOf, note, centre }: Panel,
  journey: Journey,
): Content[] {
  const place = (node: string) => placeOf(Number(node.slice(1)));
  const line = (className: string, src: string, dest: string) => {
    const [x1, y1] = place(src);
    const [x2, y2] = place(dest);
    return markup`<path class="${className}" d="M${x1} ${y1 + 36}L${x2} ${
      y2 + 36
    }"/>`;
  };
  const { messages, knownMs } = journey;
  const news = messages.filter(({ first }) => first);
  const isNews = new Set(
    news.flatMap(({ src, dest }) => [`${src} ${dest}`, `${dest} ${src}`]),
  );
  const again = messages.filter(({ src, dest }) =>
    !isNews.has(`${src} ${dest}`)
  );
  const [x, y] = place(origin);
  const axis = 232;
  return [
    markup`<text class="bold" x="0" y="8">${title}</text>`,
    ...again.map(({ src, dest }) => line("again", src, dest)),
    ...news.map(({ src, dest }) => line("way", src, dest)),
    ...[...knownMs].map(([node, at]) => {
      const [x, y] = place(node);
      return markup`<circle class="node t${shade(at)}" cx="${x}" cy="${
        y + 36
      }" r="6"/>`;
    }),
    markup`<circle class="told" cx="${x}" cy="${y + 36}" r="10"/>`,
    centre === undefined
      ? []
      : markup`<text class="small bold middle halo" x="${
        panelWidth / 2
      }" y="138">${centre}</text>`,
    markup`<path class="line" d="M${ms(0)} ${axis}H${ms(850)}"/>`,
    ...[...knownMs.values()].map((at) =>
      markup`<circle class="node t${shade(at)}" cx="${
        ms(at)
      }" cy="${axis}" r="5"/>`
    ),
    markup`<text class="small muted" x="${ms(0) - 4}" y="${
      axis + 22
    }">0</text>`,
    markup`<text class="small muted middle" x="${ms(400)}" y="${
      axis + 22
    }">400</text>`,
    markup`<text class="small muted middle" x="${ms(800) - 8}" y="${
      axis + 22
    }">800 ms</text>`,
    markup`<text class="small" x="0" y="${
      axis + 44
    }"><tspan class="bold">${messages.length} messages</tspan>, ${
      note(journey)
    }</text>`,
  ];
}
