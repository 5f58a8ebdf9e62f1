/**
 * How the space-time diagram is drawn, from back to front: times, faults, the
 * parties' lines, messages.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import type { ScaleLinear, ScalePoint } from "d3-scale";
import type { FaultSpan } from "../faults.ts";
import { seconds } from "./dom.ts";
import type { Theme } from "./theme.ts";

/** Room for the times on the left, and for the names at the top. */
export const margin = { left: 66, top: 30, right: 16, bottom: 10 };

/** Up to so many messages get arrow heads. */
const mostArrowHeads = 700;

/** More messages than these are drawn fainter. */
const mostClear = 1500;

/** What is drawn on, and where things are on it. Lengths are CSS pixels. */
export interface Scene {
  context: CanvasRenderingContext2D;
  theme: Theme;
  width: number;
  height: number;
  time: ScaleLinear<number, number>;
  lanes: ScalePoint<string>;
}

/** An arrow: from where to where. */
export type Arrow = readonly [x1: number, y1: number, x2: number, y2: number];

/** Horizontal lines at round times. */
export function drawTimes({ context, theme, width, height, time }: Scene) {
  const ticks = time.ticks(Math.max(3, height / 70));
  const stepMs = ticks[1] - ticks[0] || 1;
  context.font = `12px ${theme.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const ms of ticks) {
    const y = Math.round(time(ms));
    context.fillStyle = theme.grid;
    context.fillRect(margin.left, y, width, 1);
    // Not half behind the names.
    if (y < margin.top + 6) continue;
    context.fillStyle = theme.muted;
    context.fillText(seconds(ms, stepMs), margin.left - 8, y);
  }
}

/** Bands for as long as faults last. */
export function drawFaults(
  { context, theme, width, height, time }: Scene,
  faults: readonly FaultSpan[],
) {
  for (const { startMs, endMs } of faults) {
    const top = Math.max(time(startMs), margin.top - 2);
    const bottom = Math.min(time(endMs), height + 2);
    if (bottom < margin.top || top > height) continue;
    context.fillStyle = theme.faultBand;
    context.fillRect(margin.left, top, width, bottom - top);
    context.fillStyle = theme.fault;
    context.fillRect(margin.left, top, width, 1.5);
    context.fillRect(margin.left, bottom - 1.5, width, 1.5);
    context.fillRect(margin.left, top, 3, bottom - top);
  }
}

/** What the faults do, in words that stay in sight while the fault does. */
export function drawFaultNames(
  { context, theme, width, height, time }: Scene,
  faults: readonly FaultSpan[],
  describe: (fault: FaultSpan) => string,
) {
  context.font = `600 12px ${theme.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const fault of faults) {
    const top = Math.max(time(fault.startMs), margin.top);
    const bottom = Math.min(time(fault.endMs), height);
    if (bottom - top < 20) continue;
    const text = describe(fault);
    context.fillStyle = theme.background;
    context.fillRect(
      margin.left + 3,
      top + 1.5,
      context.measureText(text).width + 12,
      18,
    );
    context.fillStyle = theme.fault;
    context.fillText(text, margin.left + 9, top + 11, width - margin.left - 12);
  }
}

/** The parties' lines; `solid` are those of nodes. */
export function drawLanes(
  { context, theme, height, lanes }: Scene,
  solid: (name: string) => boolean,
) {
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  for (const name of lanes.domain()) {
    const x = Math.round(lanes(name)!) + 0.5;
    context.setLineDash(solid(name) ? [] : [3, 3]);
    context.beginPath();
    context.moveTo(x, margin.top);
    context.lineTo(x, height);
    context.stroke();
  }
  context.setLineDash([]);
}

/** The parties' names; where there isn't room, some are left out. */
export function drawNames({ context, theme, width, lanes }: Scene) {
  context.fillStyle = theme.grid;
  context.fillRect(0, margin.top - 1, width, 1);
  context.fillStyle = theme.text;
  context.font = `600 12px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  let freeX = 0;
  for (const name of lanes.domain()) {
    const half = context.measureText(name).width / 2;
    const x = Math.min(lanes(name)!, width - 4 - half);
    if (x - half < freeX) continue;
    context.fillText(name, x, margin.top / 2);
    freeX = x + half + 4;
  }
}

/** Messages of one colour, with heads if there aren't too many in all. */
export function drawArrows(
  { context }: Scene,
  colour: string,
  arrows: readonly { arrow: Arrow; lost: boolean }[],
  all: number,
) {
  const clear = all <= mostClear;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = clear ? 1.25 : 1;
  context.globalAlpha = clear ? 0.9 : 0.55;
  // In pieces: one path of thousands of lines is slow to fill.
  for (let start = 0; start < arrows.length; start += 64) {
    context.beginPath();
    for (const { arrow: [x1, y1, x2, y2] } of arrows.slice(start, start + 64)) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  if (all > mostArrowHeads) return;
  for (const { arrow, lost } of arrows) if (!lost) drawHead(context, arrow);
}

/** Where a message was lost. */
export function drawCross({ context, theme }: Scene, [, , x, y]: Arrow) {
  context.strokeStyle = theme.fault;
  context.lineWidth = 1.75;
  context.beginPath();
  context.moveTo(x - 3.5, y - 3.5);
  context.lineTo(x + 3.5, y + 3.5);
  context.moveTo(x - 3.5, y + 3.5);
  context.lineTo(x + 3.5, y - 3.5);
  context.stroke();
}

/** The message that one points at. */
export function drawChosen({ context, theme }: Scene, arrow: Arrow) {
  const [x1, y1, x2, y2] = arrow;
  context.strokeStyle = context.fillStyle = theme.text;
  context.lineWidth = 2.5;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  drawHead(context, arrow);
  context.beginPath();
  context.arc(x1, y1, 4, 0, 2 * Math.PI);
  context.fill();
}

function drawHead(
  context: CanvasRenderingContext2D,
  [x1, y1, x2, y2]: Arrow,
) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 6) return;
  const [x, y] = [(x2 - x1) / length * 7, (y2 - y1) / length * 7];
  context.beginPath();
  context.moveTo(x2, y2);
  context.lineTo(x2 - x - y * 0.4, y2 - y + x * 0.4);
  context.lineTo(x2 - x + y * 0.4, y2 - y - x * 0.4);
  context.fill();
}
