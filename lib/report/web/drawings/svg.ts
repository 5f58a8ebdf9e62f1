/**
 * The common parts of the drawings of anomalies.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-selection"
import { create, type Selection } from "d3-selection";
import type { Theme } from "../theme.ts";

/** A drawing that is being made. */
export type Drawing = Selection<SVGSVGElement, undefined, null, undefined>;

/** Begins a drawing. */
export function drawingOf(
  width: number,
  height: number,
  { font }: Theme,
): Drawing {
  return create<SVGSVGElement>("svg:svg")
    .attr("width", width)
    .attr("height", height)
    // It shrinks on paper if it's wider.
    .attr("viewBox", `0 0 ${width} ${height}`)
    .attr("font-family", font)
    .attr("font-size", 12);
}

/** The font in which values are written. */
export const mono =
  'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace';

/** Returns the width of a character of that font in a size. */
export function charWidth(fontSize: number): number {
  return 0.61 * fontSize;
}

/** Adds the head of an arrow: a line ends in it with `marker-end`. */
export function arrowhead(
  svg: Drawing,
  id: string,
  theme: Theme,
  colour = theme.text,
): void {
  svg.append("defs").append("marker")
    .attr("id", id)
    .attr("viewBox", "0 0 8 8")
    .attr("refX", 7)
    .attr("refY", 4)
    .attr("markerWidth", 7)
    .attr("markerHeight", 7)
    .attr("orient", "auto")
    .append("path")
    .attr("d", "M0,0.5L8,4L0,7.5Z")
    .attr("fill", colour);
}
