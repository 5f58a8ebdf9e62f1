/**
 * A few operations as bars, a row for each process. Only the order matters
 * here, so every beginning and every end is one step to the right of the one
 * before, however long it took, and a bar has room for its words.
 *
 * @module
 */
/// <reference lib="dom" />
import type { OpSpan } from "../../page/anomalies/spans.ts";
import type { FaultSpan } from "../../page/faults.ts";
import { shorten } from "../operations.ts";
import type { Theme } from "../theme.ts";
import { charWidth, type Drawing, drawingOf, mono } from "./svg.ts";

/** An operation to draw. */
export interface Bar extends OpSpan {
  label: string;
  /** True if it may have had its effect before all that is shown. */
  openBefore?: boolean;
  /** True if it's the one that can't be. */
  culprit?: boolean;
}

const left = 104;
const top = 22;
const rowHeight = 56;
const leastStep = 20;
const maxChars = 28;
const barHeight = 26;

/** The most by which it's stretched where there's room. */
const mostStretched = 1.6;

/** Returns the width that a bar needs for its label, and the times below it. */
function widthOf(bar: Bar): number {
  return Math.max(
    (Math.min(maxChars, bar.label.length) + 2) * charWidth(12.5) + 16,
    timesOf(bar).length * 6.2,
  );
}

function timesOf({ invokedMs, completedMs }: Bar): string {
  return completedMs === null
    ? `${invokedMs.toFixed(1)} ms – ?`
    : `${invokedMs.toFixed(1)} – ${completedMs.toFixed(1)} ms`;
}

/** Gives each moment its place, the last of them `Infinity`: what never ended. */
function placesOf(operations: readonly Bar[]): Map<number, number> {
  const endOf = ({ completedMs }: Bar) => completedMs ?? Infinity;
  const moments = new Set(
    operations.flatMap((bar) => [bar.invokedMs, endOf(bar)]),
  );
  const places = new Map<number, number>();
  let place = 0;
  for (const moment of [...moments].sort((a, b) => a - b)) {
    const ending = operations.filter((bar) =>
      endOf(bar) === moment && bar.invokedMs < moment
    );
    place = Math.max(
      place + leastStep,
      // Each of these began at a moment that has its place.
      ...ending.map((bar) => places.get(bar.invokedMs)! + widthOf(bar)),
    );
    places.set(moment, place);
  }
  return places;
}

/** The places of things in the drawing. */
interface Scene {
  svg: Drawing;
  theme: Theme;
  x: (ms: number) => number;
  right: number;
}

/** Draws operations. If the width isn't enough, the drawing is wider. */
export function bars(
  operations: readonly Bar[],
  faults: readonly FaultSpan[],
  width: number,
  theme: Theme,
): SVGSVGElement {
  const processes = [...new Set(operations.map(({ process }) => process))]
    .sort((a, b) => a - b);
  const places = placesOf(operations);
  const least = Math.max(...places.values());
  const stretch = Math.max(
    1,
    Math.min(mostStretched, (width - left - 32) / least),
  );
  const right = left + stretch * least + 24;
  const height = top + processes.length * rowHeight + 24;
  const svg = drawingOf(right + 8, height, theme);
  const x = (ms: number) => left + stretch * placeAt(ms, places);
  const scene: Scene = { svg, theme, x, right };
  for (const fault of faults) drawFault(scene, fault, height);

  const rows = svg.selectAll("g.row").data(processes).join("g")
    .attr("transform", (_, i) => `translate(0,${i * rowHeight + top})`);
  rows.append("line").attr("x1", left - 8).attr("x2", right)
    .attr("y1", barHeight / 2).attr("y2", barHeight / 2)
    .attr("stroke", theme.grid);
  rows.append("text").attr("y", barHeight / 2 - 2).attr("fill", theme.text)
    .text((process) => `process ${process}`);
  rows.append("text").attr("y", barHeight / 2 + 13).attr("fill", theme.muted)
    .text((process) =>
      `at ${operations.find((each) => each.process === process)!.node}`
    );
  for (const operation of operations) {
    const row = processes.indexOf(operation.process);
    drawBar(scene, operation, row * rowHeight + top);
  }
  svg.append("text").attr("x", left).attr("y", height - 6)
    .attr("font-size", 11).attr("fill", theme.muted)
    .text("Time isn't to scale: each beginning and each end is a step.");
  return svg.node()!;
}

/** The place of a moment that may lie between those that have one. */
function placeAt(ms: number, places: ReadonlyMap<number, number>): number {
  const own = places.get(ms);
  if (own !== undefined) return own;
  const all = [...places];
  const before = all.findLast(([moment]) => moment < ms)?.[1];
  const after = all.find(([moment]) => moment > ms)?.[1];
  if (before === undefined) return (after ?? 0) - leastStep / 2;
  return after === undefined ? before : (before + after) / 2;
}

/** A band for as long as a fault lasts. */
function drawFault(
  { svg, theme, x, right }: Scene,
  fault: FaultSpan,
  height: number,
) {
  const from = Math.max(left - 8, x(fault.startMs));
  const to = Math.min(right, x(fault.endMs));
  svg.append("rect").attr("x", from).attr("width", Math.max(3, to - from))
    .attr("y", 0).attr("height", height - 22).attr("fill", theme.faultBand);
  svg.append("rect").attr("x", from).attr("width", Math.max(3, to - from))
    .attr("y", 0).attr("height", 3).attr("fill", theme.fault);
  svg.append("text").attr("x", from + 4).attr("y", 15)
    .attr("font-size", 11).attr("font-weight", 600)
    .attr("fill", theme.fault).text(fault.kind);
}

function drawBar({ svg, theme, x }: Scene, operation: Bar, y: number) {
  const { invokedMs, completedMs, label, culprit, openBefore } = operation;
  const from = x(invokedMs);
  const to = x(completedMs ?? Infinity);
  const colour = culprit ? theme.fail : theme.palette[0] ?? theme.text;
  const bar = svg.append("g").attr("transform", `translate(0,${y})`);
  bar.append("title").text(
    `operation ${operation.index}: ${operation.f} ${operation.text}`,
  );
  if (openBefore) {
    bar.append("line").attr("x1", left - 8).attr("x2", from)
      .attr("y1", barHeight / 2).attr("y2", barHeight / 2)
      .attr("stroke", colour).attr("stroke-width", 3)
      .attr("stroke-dasharray", "3 4");
  }
  const box = () =>
    bar.append("rect").attr("x", from).attr("width", Math.max(8, to - from))
      .attr("height", barHeight).attr("rx", 5);
  box().attr("fill", theme.background);
  box().attr("fill", colour).attr("fill-opacity", 0.16)
    .attr("stroke", colour).attr("stroke-width", culprit ? 2.5 : 1.5)
    .attr("stroke-dasharray", completedMs === null ? "5 4" : null);
  bar.append("text").attr("x", from + 8).attr("y", barHeight / 2 + 4.5)
    .attr("font-family", mono).attr("font-size", 12.5)
    .attr("font-weight", 600).attr("fill", theme.text)
    .text(`${shorten(label, maxChars)}${culprit ? " ✗" : ""}`);
  bar.append("text").attr("x", from).attr("y", barHeight + 14)
    .attr("font-size", 11).attr("fill", theme.muted)
    .text(timesOf(operation));
}
