/**
 * Transactions: what the levels of isolation forbid.
 *
 * @module
 */
import {
  arrow,
  type Content,
  type Drawing,
  group,
  margin,
  markup,
  type Point,
  width,
} from "./svg.ts";

/** A read or write of a register, as a transaction's result shows it. */
type Operation = readonly [f: "r" | "w", key: string, value: number];

/** Something that transactions may do to each other. */
export interface Anomaly {
  name: string;
  /** Its name in words. */
  alias: string;
  transactions: readonly (readonly Operation[])[];
  /** The first transaction failed. */
  aborted?: true;
  /** In which order the values of a key came, where it matters. */
  orders?: { readonly [key: string]: readonly number[] };
  /** From the operation of a transaction to that of the other. */
  arrows: readonly [
    from: number,
    operation: number,
    toOperation: number,
    label: string,
  ][];
  /** The model that forbids it. */
  forbidden: string;
  words: string;
}

/** The anomalies that are drawn. */
export const anomalies: readonly Anomaly[] = [
  {
    name: "G0",
    alias: "dirty write",
    transactions: [
      [["w", "x", 1], ["w", "y", 1]],
      [["w", "x", 2], ["w", "y", 2]],
    ],
    orders: { x: [1, 2], y: [2, 1] },
    arrows: [[0, 0, 0, "before"], [1, 1, 1, "before"]],
    forbidden: "6b, 6c",
    words: "In the end x is T2's, and y is T1's.",
  },
  {
    name: "G1a",
    alias: "aborted read",
    transactions: [[["w", "x", 1]], [["r", "x", 1]]],
    aborted: true,
    arrows: [[0, 0, 0, "is read"]],
    forbidden: "6c",
    words: "T2 read what never came to be.",
  },
  {
    name: "G1b",
    alias: "intermediate read",
    transactions: [[["w", "x", 1], ["w", "x", 2]], [["r", "x", 1]]],
    arrows: [[0, 0, 0, "is read"]],
    forbidden: "6c",
    words: "T2 read what T1 wrote over itself.",
  },
  {
    name: "G1c",
    alias: "circular information",
    transactions: [
      [["w", "x", 1], ["r", "y", 2]],
      [["r", "x", 1], ["w", "y", 2]],
    ],
    arrows: [[0, 0, 0, "is read"], [1, 1, 1, "is read"]],
    forbidden: "6c",
    words: "Each read what the other wrote.",
  },
];

const panelWidth = (width - 3 * margin) / 2;
const panelHeight = 188;
const boxWidth = 92;
const boxTop = 22;
const rowHeight = 34;
const boxHeight = 100;

/** Draws it. */
export function transactions(): Drawing {
  return {
    title: "What transactions must not do to each other",
    description: `Four anomalies, each of two transactions, T1 and T2. ${
      anomalies.map(({ name, alias, words, forbidden }) =>
        `${name}, ${alias}, not in ${forbidden}: ${words}`
      ).join(" ")
    }`,
    height: 66 + 2 * panelHeight,
    style: `
.box { fill: var(--band); stroke: var(--line) }
.aborted { stroke: var(--fault); stroke-dasharray: 5 4 }
.op { font: 16px ui-monospace, monospace }`,
    body: anomalies.map((anomaly, i) =>
      group([
        margin + (i % 2) * (panelWidth + margin),
        78 + Math.floor(i / 2) * panelHeight,
      ], panel(anomaly))
    ),
  };
}

function panel(anomaly: Anomaly): Content[] {
  const { name, alias, transactions, aborted, arrows, forbidden, words } =
    anomaly;
  const leftOf = (transaction: number) =>
    transaction === 0 ? 0 : panelWidth - boxWidth;
  const yOf = (operation: number) => boxTop + 46 + operation * rowHeight;
  return [
    markup`<text x="0" y="0"><tspan class="bold">${name}</tspan> ${alias}</text>`,
    markup`<text class="small muted end" x="${panelWidth}" y="0">not in ${forbidden}</text>`,
    transactions.map((operations, i) => {
      const x = leftOf(i);
      const middle = x + boxWidth / 2;
      const failed = i === 0 && aborted;
      return [
        markup`<rect class="box${
          failed ? " aborted" : ""
        }" x="${x}" y="${boxTop}" width="${boxWidth}" height="${boxHeight}" rx="8"/>`,
        markup`<text class="small ${
          failed ? "fill-fault" : "muted"
        } middle" x="${middle}" y="${boxTop + 20}">T${i + 1}${
          failed ? ", aborted" : ""
        }</text>`,
        operations.map(([f, key, value], row) =>
          markup`<text class="op middle" x="${middle}" y="${
            yOf(row) + 5
          }">${f} ${key} ${value}</text>`
        ),
      ];
    }),
    arrows.map(([from, operation, toOperation, label]) => {
      const toRight = from === 0;
      const ends: [Point, Point] = [
        [leftOf(0) + boxWidth + 4, yOf(toRight ? operation : toOperation)],
        [leftOf(1) - 4, yOf(toRight ? toOperation : operation)],
      ];
      if (!toRight) ends.reverse();
      return [
        arrow("orange", ...ends),
        markup`<text class="small middle fill-orange" x="${
          panelWidth / 2
        }" y="${(ends[0][1] + ends[1][1]) / 2 - 7}">${label}</text>`,
      ];
    }),
    markup`<text class="small" x="0" y="${
      boxTop + boxHeight + 24
    }">${words}</text>`,
  ];
}
