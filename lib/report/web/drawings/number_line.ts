/**
 * A counter's final reads, and the acceptable ones, on one line of numbers.
 *
 * @module
 */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import type { CounterAnomaly } from "../../page/anomalies/counter.ts";
import type { Theme } from "../theme.ts";

/** Draws the line of numbers into a given width. */
export function numberLine(
  { acceptable, reads }: CounterAnomaly,
  width: number,
  theme: Theme,
): Element {
  const known = reads.filter(({ value }) => value !== null);
  const rows = reads.map(({ node, process }) => rowOf(node, process));
  const all = [
    ...known.map(({ value }) => value!),
    ...acceptable.flat(),
  ];
  const [least, greatest] = [Math.min(...all), Math.max(...all)];
  const rightHalf = acceptable.slice(0, 1)
    .some(([from]) => from > (least + greatest) / 2);
  const margin = Math.max(1, (greatest - least) * 0.08);
  return Plot.plot({
    width,
    height: 34 * new Set(rows).size + 68,
    marginLeft: 104,
    marginRight: 24,
    marginTop: 24,
    marginBottom: 44,
    style: {
      background: "none",
      color: theme.text,
      fontFamily: theme.font,
      fontSize: "11.5px",
    },
    x: {
      label: "value of the counter",
      labelOffset: 40,
      domain: [least - margin, greatest + margin],
      ticks: scaleLinear([least - margin, greatest + margin], [0, 1])
        .ticks(Math.max(2, width / 120)).filter(Number.isInteger),
      tickFormat: (value: number) => value.toLocaleString("en"),
      grid: true,
    },
    y: { label: null, domain: [...new Set(rows)].sort(), tickSize: 0 },
    marks: [
      ...acceptableMarks(acceptable, rightHalf, theme),
      ...readMarks(known, theme),
    ],
  });
}

/** Marks the acceptable final reads. */
function acceptableMarks(
  acceptable: CounterAnomaly["acceptable"],
  rightHalf: boolean,
  theme: Theme,
): Plot.Markish[] {
  return [
    Plot.rectX(acceptable, {
      // A single number has a width, too.
      x1: ([from]) => from - 0.5,
      x2: ([, to]) => to + 0.5,
      fill: theme.ok,
      fillOpacity: 0.22,
      stroke: theme.ok,
    }),
    Plot.text(acceptable.slice(0, 1), {
      x: ([from, to]) => rightHalf ? to : from,
      text: () => "acceptable",
      frameAnchor: "top",
      dy: -14,
      textAnchor: rightHalf ? "end" : "start",
      fill: theme.ok,
      fontWeight: 600,
      fontSize: 12,
    }),
  ];
}

/** Marks the final reads. */
function readMarks(reads: CounterAnomaly["reads"], theme: Theme) {
  const y = ({ node, process }: CounterAnomaly["reads"][number]) =>
    rowOf(node, process);
  return [
    Plot.dot(reads, {
      x: "value",
      y,
      r: 6,
      symbol: ({ right }: CounterAnomaly["reads"][number]) =>
        right ? "circle" : "times",
      fill: ({ right }) => right ? theme.ok : "none",
      stroke: ({ right }) => right ? theme.ok : theme.fail,
      strokeWidth: 2.5,
    }),
    Plot.text(reads, {
      x: "value",
      y,
      text: "text",
      dy: -13,
      fontSize: 12,
      fill: theme.text,
      stroke: theme.background,
      strokeWidth: 4,
    }),
  ];
}

function rowOf(node: string, process: number): string {
  return `${node}, process ${process}`;
}
