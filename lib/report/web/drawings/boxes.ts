/**
 * Transactions as boxes with their micro-operations, and arrows that say which
 * had to come before which. They stand in a row if there's room, otherwise one
 * below the other; the arrow that closes the circle goes around them.
 *
 * @module
 */
/// <reference lib="dom" />
import { invariant } from "../../../workbench/sim/invariant.ts";
import type {
  Dependency,
  MicroOp,
  Transaction,
  TransactionsAnomaly,
} from "../../page/anomalies/transactions.ts";
import type { Theme } from "../theme.ts";
import { arrowhead, charWidth, type Drawing, drawingOf, mono } from "./svg.ts";

type Related = Pick<TransactionsAnomaly, "transactions" | "dependencies">;

const lineHeight = 20;
const headHeight = 48;
const padding = 12;
const maxChars = 36;

/** Between boxes there must be room for an arrow and what stands at it. */
const gapAcross = 150;
const gapDown = 52;

interface Box {
  transaction: Transaction;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Draws transactions into a given width. */
export function boxes(
  { transactions, dependencies }: Related,
  width: number,
  theme: Theme,
): SVGSVGElement {
  const room = Math.min(
    gapAcross,
    ...dependencies.map(({ label }) => label.length * charWidth(12) + 48),
  );
  const gap = dependencies.length === 0 ? 24 : Math.max(gapAcross, room);
  const row = inRow(transactions, gap);
  const across = rightOf(row) + 1 <= width;
  const placed = across
    ? row
    : inColumn(transactions, dependencies.length > 0 ? gapDown : 16);
  const right = rightOf(placed);
  const bottom = Math.max(...placed.map((box) => box.y + box.height));
  const closing = dependencies.some(({ from, to }) => to !== from + 1);
  const svg = drawingOf(
    right + (closing && !across ? 24 : 2),
    bottom + (closing ? 46 : 2),
    theme,
  );
  arrowhead(svg, "arrow", theme);
  for (const box of placed) drawBox(svg, box, theme);
  for (const dependency of dependencies) {
    drawArrow(svg, dependency, placed, { across, right, bottom }, theme);
  }
  return svg.node()!;
}

function inRow(transactions: readonly Transaction[], gap: number): Box[] {
  let x = 1;
  return transactions.map((transaction) => {
    const width = widthOf(transaction);
    const height = heightOf(transaction);
    const box = { transaction, x, y: 1, width, height };
    x += width + gap;
    return box;
  });
}

function inColumn(transactions: readonly Transaction[], gap: number): Box[] {
  let y = 1;
  const width = Math.max(...transactions.map(widthOf));
  return transactions.map((transaction) => {
    const height = heightOf(transaction);
    const box = { transaction, x: 1, y, width, height };
    y += height + gap;
    return box;
  });
}

function rightOf(placed: readonly Box[]): number {
  return Math.max(...placed.map((box) => box.x + box.width));
}

function heightOf({ mops }: Transaction): number {
  return headHeight + mops.length * lineHeight + 8;
}

function widthOf(transaction: Transaction): number {
  const chars = Math.max(
    ...transaction.mops.map((mop) => mopText(mop).length),
    0,
  );
  const heads = headsOf(transaction).map((text) => text.length * 6.4);
  return Math.ceil(
    Math.max(chars * charWidth(12.5) + 12, ...heads) + 2 * padding,
  );
}

/** Draws the heads above the micro-operations. */
function headsOf(
  { process, node, type, index, invokedMs, completedMs }: Transaction,
): [string, string] {
  const outcome = type === "ok" ? "" : type === "fail" ? ", failed" : ", open";
  return [
    `T1 · process ${process} at ${node}${outcome}`,
    `op ${index} · ${invokedMs.toFixed(1)} – ${
      completedMs === null ? "?" : completedMs.toFixed(1)
    } ms`,
  ];
}

const signs: { [f: string]: string } = {
  r: " →",
  w: " :=",
  append: " ←",
  send: " ←",
  poll: " →",
};

function mopText({ f, key, value }: MicroOp): string {
  const before = `${f} ${key}${signs[f] ?? ""} `;
  const room = Math.max(8, maxChars - before.length);
  // Of a list the end matters.
  return before +
    (value.length > room
      ? `${value[0]}…${value.slice(value.length - room + 2)}`
      : value);
}

function drawBox(
  svg: Drawing,
  { transaction, x, y, width, height }: Box,
  theme: Theme,
) {
  const { name, mops, type } = transaction;
  const [first, second] = headsOf(transaction);
  const box = svg.append("g").attr("transform", `translate(${x},${y})`);
  box.append("rect")
    .attr("width", width)
    .attr("height", height)
    .attr("rx", 8)
    .attr("fill", theme.surface)
    .attr("stroke", type === "fail" ? theme.fail : theme.line);
  const head = box.append("text").attr("x", padding).attr("y", 20)
    .attr("fill", theme.text);
  head.append("tspan").attr("font-weight", 700).text(name);
  head.append("tspan").text(first.slice(2));
  box.append("text").attr("x", padding).attr("y", 38)
    .attr("fill", theme.muted).text(second);
  mops.forEach((mop, i) => {
    const top = headHeight + i * lineHeight;
    if (mop.marked) {
      box.append("rect").attr("x", 4).attr("y", top)
        .attr("width", width - 8).attr("height", lineHeight - 1)
        .attr("rx", 4).attr("fill", theme.accent).attr("fill-opacity", 0.14);
      box.append("rect").attr("x", 4).attr("y", top)
        .attr("width", 3).attr("height", lineHeight - 1)
        .attr("fill", theme.accent);
    }
    const text = box.append("text").attr("x", padding).attr("y", top + 14)
      .attr("font-family", mono).attr("font-size", 12.5)
      .attr("font-weight", mop.marked ? 600 : 400)
      .attr("fill", mop.marked ? theme.text : theme.muted)
      .text(mopText(mop));
    text.append("title").text(`${mop.f} ${mop.key} ${mop.value}`);
  });
}

function drawArrow(
  svg: Drawing,
  { from, to, type, label, fromMop, toMop }: Dependency,
  placed: readonly Box[],
  { across, right, bottom }: {
    across: boolean;
    right: number;
    bottom: number;
  },
  theme: Theme,
) {
  const [a, b] = [placed[from], placed[to]];
  invariant(a && b, "an arrow leads from one of the transactions to another");
  const colour = theme.text;
  let path: string;
  let at: { x: number; y: number; anchor: string };
  const rowOf = ({ y, height }: Box, mop: number | undefined) =>
    mop === undefined
      ? y + Math.min(height / 2, headHeight)
      : y + headHeight + (mop + 0.5) * lineHeight;
  if (to === from + 1 && across) {
    const [x0, x1] = [a.x + a.width + 2, b.x - 4];
    const [y0, y1] = [rowOf(a, fromMop), rowOf(b, toMop)];
    const half = (x0 + x1) / 2;
    path = `M${x0},${y0}C${half},${y0} ${half},${y1} ${x1},${y1}`;
    at = { x: half, y: Math.min(y0, y1) - 22, anchor: "middle" };
  } else if (to === from + 1) {
    const x = a.x + 28;
    path = `M${x},${a.y + a.height + 2}V${b.y - 4}`;
    at = { x: x + 14, y: a.y + a.height + gapDown / 2 - 8, anchor: "start" };
  } else if (across) {
    const [x0, x1] = [
      a.x + a.width / 2,
      b.x + b.width / 2 + (from === to ? 24 : 0),
    ];
    const y = bottom + 22;
    path = `M${x0},${a.y + a.height + 2}V${y - 8}q0,8 -8,8H${
      x1 + 8
    }q-8,0 -8,-8V${b.y + b.height + 4}`;
    at = { x: (x0 + x1) / 2, y: y + 4, anchor: "middle" };
  } else {
    const x = a.x + 28;
    const y = bottom + 22;
    const side = right + 16;
    path = `M${x},${a.y + a.height + 2}V${y - 8}q0,8 8,8H${side - 8}q8,0 8,-8V${
      rowOf(b, toMop) + 8
    }q0,-8 -8,-8H${b.x + b.width + 4}`;
    at = { x: x + 14, y: y + 2, anchor: "start" };
  }
  svg.append("path").attr("d", path).attr("fill", "none")
    .attr("stroke", colour).attr("stroke-width", 1.5)
    .attr(
      "stroke-dasharray",
      type === "realtime" || type === "process" ? "4 3" : null,
    )
    .attr("marker-end", "url(#arrow)");
  const words = svg.append("text").attr("x", at.x).attr("y", at.y + 14)
    .attr("text-anchor", at.anchor)
    .attr("paint-order", "stroke")
    .attr("stroke", theme.background).attr("stroke-width", 4)
    .attr("fill", theme.text);
  words.append("tspan").attr("font-weight", 700).text(type);
  words.append("tspan").attr("fill", theme.muted).text(` ${label}`);
}
