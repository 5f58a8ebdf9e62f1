/**
 * The workbench: what goes in, what happens, what comes out.
 *
 * @module
 */
import { arrow, type Drawing, type Markup, markup, type Point } from "./svg.ts";

interface Box {
  at: Point;
  size: readonly [width: number, height: number];
  title: string;
  lines?: string[];
  /** `part` by default. */
  kind?: "part" | "own" | "cuts" | "verdict";
}

const boxes: Box[] = [
  {
    at: [24, 88],
    size: [138, 74],
    title: "options",
    lines: ["Maelstrom's,", "and a seed"],
    kind: "own",
  },
  {
    at: [24, 294],
    size: [138, 74],
    title: "your node",
    lines: ["a function, or", "any program"],
    kind: "own",
  },
  {
    at: [224, 88],
    size: [200, 74],
    title: "clients",
    lines: ["ask, and time out"],
  },
  {
    at: [224, 200],
    size: [200, 54],
    title: "network",
    lines: ["delays, and cuts"],
  },
  { at: [224, 294], size: [94, 74], title: "nodes", lines: ["n0 … n24"] },
  { at: [330, 294], size: [94, 74], title: "services", lines: ["seq-kv …"] },
  {
    at: [486, 88],
    size: [130, 74],
    title: "history",
    lines: ["what was asked", "and answered"],
  },
  {
    at: [486, 200],
    size: [130, 54],
    title: "journal",
    lines: ["every message"],
  },
  {
    at: [486, 294],
    size: [130, 74],
    title: "checkers",
    lines: ["as Jepsen, Elle", "and Knossos"],
  },
  {
    at: [24, 200],
    size: [138, 54],
    title: "nemesis",
    lines: ["partitions"],
    kind: "cuts",
  },
  { at: [486, 412], size: [130, 42], title: "verdict", kind: "verdict" },
];

/** Draws it. */
export function workbench(): Drawing {
  return {
    title: "Options and a node go in, a verdict comes out",
    description:
      "The workbench. Options, by Maelstrom's names, and a seed say what clients ask and what the nemesis cuts. Your node, a function or any program, is run as many nodes; it and the clients and the services talk over one network. What clients did is the history, every message is in the journal; the checkers turn both into a verdict. One queue orders all events: in virtual time the same seed gives the same run.",
    height: 478,
    style: `
.part { fill: var(--band); stroke: var(--line) }
.own { fill: var(--page); stroke: var(--blue); stroke-width: 2 }
.cuts { fill: var(--page); stroke: var(--fault); stroke-width: 2 }
.verdict { fill: var(--page); stroke: var(--green); stroke-width: 2 }
.queue { fill: none; stroke: var(--line); stroke-dasharray: 4 4 }`,
    body: [
      markup`<rect class="queue" x="204" y="62" width="240" height="392" rx="10"/>`,
      markup`<text class="small bold middle" x="324" y="400">one queue of events</text>`,
      markup`<text class="small muted middle" x="324" y="420">virtual time: the same</text>`,
      markup`<text class="small muted middle" x="324" y="439">seed, the same run</text>`,
      boxes.map(box),
      arrow("line", [162, 125], [224, 125]),
      arrow("line", [93, 162], [93, 200]),
      arrow("fault", [162, 227], [224, 227]),
      arrow("line", [162, 331], [224, 331]),
      ([[300, 162, 200], [271, 254, 294], [377, 254, 294]] as const)
        .map(([x, y1, y2]) => [
          arrow("line", [x - 6, y1], [x - 6, y2]),
          arrow("line", [x + 6, y2], [x + 6, y1]),
        ]),
      arrow("line", [424, 125], [486, 125]),
      arrow("line", [424, 227], [486, 227]),
      arrow("line", [551, 254], [551, 294]),
      markup`<path class="line to-line" d="M616 125h8V331h-7"/>`,
      arrow("green", [551, 368], [551, 412]),
    ],
  };
}

function box({ at: [x, y], size, title, lines = [], kind = "part" }: Box) {
  const [width, height] = size;
  const middle = x + width / 2;
  const lineHeight = 19;
  const first = y + height / 2 + 6 - lines.length * lineHeight / 2;
  return [
    markup`<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
    markup`<text class="bold middle" x="${middle}" y="${first}">${title}</text>`,
    ...lines.map((line, i): Markup =>
      markup`<text class="small muted middle" x="${middle}" y="${
        first + (i + 1) * lineHeight
      }">${line}</text>`
    ),
  ];
}
