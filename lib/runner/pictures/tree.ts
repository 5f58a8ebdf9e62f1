/**
 * Path copying: what a change writes, and what it shares.
 *
 * @module
 */
import { arrow, type Drawing, type Markup, markup, type Point } from "./svg.ts";

/** A node of the tree, or its root. */
interface Box {
  /** The middle of its upper edge. */
  at: Point;
  title: string;
  line?: string;
  /** True if the change has written it. */
  isNew?: boolean;
}

const boxes = {
  before: { at: [208, 84], title: "root, before" },
  after: { at: [432, 84], title: "root, after", isNew: true },
  low: { at: [144, 204], title: "1 … 20" },
  high: { at: [320, 204], title: "21 … 40" },
  newHigh: { at: [496, 204], title: "21 … 40", isNew: true },
  first: { at: [80, 304], title: "1 … 10", line: "7: [1, 2]" },
  second: { at: [200, 304], title: "11 … 20", line: "12: [1]" },
  third: { at: [320, 304], title: "21 … 30", line: "24: [1, 2]" },
  fourth: { at: [440, 304], title: "31 … 40", line: "35: [1]" },
  newFourth: {
    at: [560, 304],
    title: "31 … 40",
    line: "35: [1, 2]",
    isNew: true,
  },
} satisfies { [name: string]: Box };

type Name = keyof typeof boxes;

/** The names that a node holds of others. */
const references: [from: Name, to: Name][] = [
  ["before", "low"],
  ["before", "high"],
  ["low", "first"],
  ["low", "second"],
  ["high", "third"],
  ["high", "fourth"],
  ["after", "low"],
  ["after", "newHigh"],
  ["newHigh", "third"],
  ["newHigh", "newFourth"],
];

const boxWidth = 104;

function heightOf({ line }: Box): number {
  return line === undefined ? 34 : 52;
}

/** Draws it. */
export function tree(): Drawing {
  return {
    title: "A change writes a path, and shares the rest",
    description:
      "A search tree of lists before and after an append of 2 to list 35. The change writes a new leaf, a new node above it and a new root; the new root leads to the other nodes of the old tree as well, which are as they were. All nodes but the root are in lww-kv and never change. The root is in lin-kv, and is changed by compare-and-set: that alone makes the change visible.",
    height: 408,
    style: `
.old { fill: var(--page); stroke: var(--line) }
.new { fill: var(--page); stroke: var(--blue); stroke-width: 2 }
.blue-text { fill: var(--blue) }`,
    body: [
      store("lin-kv", 54, 78),
      markup`<text class="small muted end" x="612" y="76">here the root changes</text>`,
      store("lww-kv", 164, 230),
      markup`<text class="small muted" x="28" y="381">here nothing ever changes</text>`,
      markup`<text class="small blue-text end" x="612" y="381">what the change has written</text>`,
      references.map(reference),
      Object.values(boxes).map(box),
      arrow("blue", [208 + boxWidth / 2, 101], [432 - boxWidth / 2, 101]),
      markup`<text class="small muted middle" x="320" y="90">compare</text>`,
      markup`<text class="small muted middle" x="320" y="122">and set</text>`,
    ],
  };
}

/** One of the two stores, behind what is in it. */
function store(name: string, y: number, height: number): Markup[] {
  return [
    markup`<rect class="band" x="16" y="${y}" width="608" height="${height}" rx="8"/>`,
    markup`<text class="small bold" x="28" y="${y + 22}">${name}</text>`,
  ];
}

function reference([from, to]: [Name, Name]): Markup {
  const [above, below]: Box[] = [boxes[from], boxes[to]];
  const [x, y] = above!.at;
  return arrow(
    above!.isNew ? "blue" : "line",
    [x, y + heightOf(above!)],
    below!.at,
  );
}

function box({ at: [x, y], title, line, isNew }: Box): Markup[] {
  const height = heightOf({ at: [x, y], title, line });
  return [
    markup`<rect class="${isNew ? "new" : "old"}" x="${
      x - boxWidth / 2
    }" y="${y}" width="${boxWidth}" height="${height}" rx="8"/>`,
    markup`<text class="small bold middle" x="${x}" y="${
      y + 22
    }">${title}</text>`,
    ...line === undefined ? [] : [
      markup`<text class="small muted middle" x="${x}" y="${
        y + 41
      }">${line}</text>`,
    ],
  ];
}
