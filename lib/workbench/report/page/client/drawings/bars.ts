/**
 * A few operations as bars, a row for each process. Only what came before what
 * matters here, so every beginning and every end takes one step to the right,
 * however long it took.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import { scalePoint } from "d3-scale";
import type { OpSpan } from "../../anomalies/spans.ts";
import { shorten } from "../operations.ts";
import type { Theme } from "../theme.ts";
import { charWidth, drawingOf, mono } from "./svg.ts";

/** An operation to draw. */
export interface Bar extends OpSpan {
  label: string;
  /** Whether it may have had its effect before all that is shown. */
  openBefore?: boolean;
  /** Whether it's the one that can't be. */
  culprit?: boolean;
}

const left = 104;
const rowHeight = 56;
const leastStep = 62;
const mostStep = 130;
const maxChars = 28;
const barHeight = 26;

function widthOf(label: string): number {
  return (Math.min(maxChars, label.length) + 2) * charWidth(12.5);
}

/** Draws operations. If the width isn't enough, the drawing is wider. */
export function bars(
  operations: readonly Bar[],
  width: number,
  theme: Theme,
): SVGSVGElement {
  const moments = [
    ...new Set(
      operations.flatMap(({ invokedMs, completedMs }) =>
        completedMs === null ? [invokedMs] : [invokedMs, completedMs]
      ),
    ),
  ].sort((a, b) => a - b);
  const processes = [...new Set(operations.map(({ process }) => process))]
    .sort((a, b) => a - b);
  const step = Math.max(
    leastStep,
    ...operations.map(({ invokedMs, completedMs, label }) => {
      const end = completedMs === null
        ? moments.length
        : moments.indexOf(completedMs);
      return (widthOf(label) + 16) / (end - moments.indexOf(invokedMs));
    }),
    Math.min(mostStep, (width - left - 44) / moments.length),
  );
  const right = left + step * moments.length + 24;
  const x = scalePoint(moments, [left + 24, right - step]);
  const height = processes.length * rowHeight + 8;
  const svg = drawingOf(right + 8, height, theme);

  const rows = svg.selectAll("g").data(processes).join("g")
    .attr("transform", (_, i) => `translate(0,${i * rowHeight + 8})`);
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
    const { process, invokedMs, completedMs, label, culprit, openBefore } =
      operation;
    const from = x(invokedMs)!;
    const to = completedMs === null ? right : x(completedMs)!;
    const y = processes.indexOf(process) * rowHeight + 8;
    const colour = culprit ? theme.fail : theme.palette[0];
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
    bar.append("rect").attr("x", from).attr("width", Math.max(8, to - from))
      .attr("height", barHeight).attr("rx", 5).attr("fill", theme.background);
    bar.append("rect").attr("x", from).attr("width", Math.max(8, to - from))
      .attr("height", barHeight).attr("rx", 5)
      .attr("fill", colour).attr("fill-opacity", 0.16)
      .attr("stroke", colour).attr("stroke-width", culprit ? 2.5 : 1.5)
      .attr("stroke-dasharray", completedMs === null ? "5 4" : null);
    bar.append("text").attr("x", from + 8).attr("y", barHeight / 2 + 4.5)
      .attr("font-family", mono).attr("font-size", 12.5)
      .attr("font-weight", 600).attr("fill", theme.text)
      .text(`${shorten(label, maxChars)}${culprit ? " ✗" : ""}`);
    bar.append("text").attr("x", from).attr("y", barHeight + 14)
      .attr("font-size", 11).attr("fill", theme.muted)
      .text(
        completedMs === null
          ? `${invokedMs.toFixed(1)} ms – ?`
          : `${invokedMs.toFixed(1)} – ${completedMs.toFixed(1)} ms`,
      );
  }
  return svg.node()!;
}
