/**
 * The drawing of the space-time diagram, from back to front: times, faults, the
 * parties' lines, messages, what nodes logged, crashes.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import type { ScaleLinear, ScalePoint } from "d3-scale";
import { describeFault, type FaultSpan } from "../page/faults.ts";
import type { LoggedLine, NodeMishap } from "../page/logs.ts";
import { timeOf } from "./dom.ts";
import type { Selection } from "./message_index.ts";
import type { Arrow, SpaceTimeState } from "./space_time_state.ts";
import { spanOf } from "./span.ts";
import type { Theme } from "./theme.ts";

/** Room for the times on the left, and for the names at the top. */
export const margin = { left: 66, top: 30, right: 16, bottom: 10 };

/** The most messages that get arrow heads. */
const mostArrowHeads = 700;

/** More messages than these are drawn fainter. */
const mostClear = 1500;

/** The canvas, and the places of things on it. Lengths are CSS pixels. */
export interface Scene {
  context: CanvasRenderingContext2D;
  theme: Theme;
  width: number;
  height: number;
  time: ScaleLinear<number, number>;
  lanes: ScalePoint<string>;
}

/** With more log lines in sight than this, they aren't marked. */
const mostLogMarks = 400;

/** Draws all of it. */
export function drawSpaceTime(
  scene: Scene,
  state: SpaceTimeState,
  { rows }: Selection,
): void {
  const { context, theme, width, height, time } = scene;
  const { data, index, chosenMs, chosenRow } = state;
  const { nodes, faults, mishaps, logs } = data;
  context.save();
  context.beginPath();
  context.rect(0, margin.top, width, height - margin.top);
  context.clip();
  drawSetUp(scene);
  drawTimes(scene);
  drawFaults(scene, faults);
  drawLanes(scene, (name) => nodes.includes(name));
  drawDeaths(scene, faults);
  drawMessages(scene, state, rows);
  for (const row of rows) {
    if (index.isLost(row)) drawCross(scene, state.arrowOf(row, time));
  }
  drawLogMarks(scene, logs.lines);
  for (const mishap of mishaps) drawMishap(scene, mishap);
  drawFaultNames(scene, faults, (fault) => describeFault(fault, nodes));
  if (chosenMs !== undefined) {
    context.fillStyle = theme.accent;
    context.fillRect(margin.left, time(chosenMs) - 1, width, 2);
  }
  if (chosenRow !== undefined) {
    drawChosen(scene, state.arrowOf(chosenRow, time));
  }
  context.restore();
  drawNames(scene);
}

function drawMessages(
  scene: Scene,
  state: SpaceTimeState,
  rows: readonly number[],
) {
  const byColour = Map.groupBy(
    rows,
    (row) => state.colours.of(state.index.family(row), scene.theme),
  );
  for (const [colour, own] of byColour) {
    const arrows = own.map((row) => ({
      arrow: state.arrowOf(row, scene.time),
      lost: state.index.isLost(row),
    }));
    drawArrows(scene, colour, arrows, rows.length);
  }
}

/** Draws the time before the run begins. */
function drawSetUp({ context, theme, width, time }: Scene) {
  const end = time(0);
  if (end <= margin.top) return;
  context.fillStyle = theme.surface;
  context.fillRect(margin.left, margin.top, width, end - margin.top);
  if (end - margin.top < 16) return;
  context.font = `12px ${theme.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillStyle = theme.muted;
  context.fillText("set-up", margin.left - 8, margin.top + 9);
}

/** Horizontal lines at round times. */
function drawTimes({ context, theme, width, height, time }: Scene) {
  const ticks = time.ticks(Math.max(3, height / 70));
  const [first = 0, second = first + 1] = ticks;
  const stepMs = second - first;
  context.font = `12px ${theme.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const ms of ticks) {
    const y = Math.round(time(ms));
    context.fillStyle = theme.grid;
    context.fillRect(margin.left, y, width, 1);
    // Not half hidden by the names; and the set-up has no times.
    if (ms < 0 || y < margin.top + 6) continue;
    context.fillStyle = theme.muted;
    context.fillText(timeOf(ms, stepMs), margin.left - 8, y);
  }
}

/** The half of the width of a band along a node's line, at most. */
const laneBand = 14;

/**
 * Bands for as long as faults last: along the lines of the nodes that they
 * struck, or across all.
 */
function drawFaults(scene: Scene, faults: readonly FaultSpan[]) {
  const { context, theme, width, height, time, lanes } = scene;
  const half = Math.min(laneBand, lanes.step() / 2 - 1);
  for (const fault of faults) {
    const top = Math.max(time(fault.startMs), margin.top - 2);
    const bottom = Math.min(time(fault.endMs), height + 2);
    if (bottom < margin.top || top > height) continue;
    const band = (x: number, wide: number) => {
      context.fillStyle = theme.faultBand;
      context.fillRect(x, top, wide, bottom - top);
      context.fillStyle = theme.fault;
      context.fillRect(x, top, wide, 1.5);
      context.fillRect(x, bottom - 1.5, wide, 1.5);
    };
    if ("nodes" in fault) {
      for (const node of fault.nodes) band(lanes(node)! - half, 2 * half);
      continue;
    }
    band(margin.left, width);
    context.fillRect(margin.left, top, 3, bottom - top);
  }
}

/** Takes the lines of nodes away for as long as they are dead. */
function drawDeaths(
  { context, theme, time, lanes }: Scene,
  faults: readonly FaultSpan[],
) {
  for (const fault of faults) {
    if (fault.kind !== "kill") continue;
    const [top, bottom] = [time(fault.startMs), time(fault.endMs)];
    for (const node of fault.nodes) {
      const x = Math.round(lanes(node)!) + 0.5;
      context.fillStyle = theme.background;
      context.fillRect(x - 1.5, top, 3, bottom - top);
      context.fillStyle = theme.faultBand;
      context.fillRect(x - 1.5, top, 3, bottom - top);
      context.strokeStyle = theme.fault;
      context.lineWidth = 2;
      strokeCross(context, x, top);
    }
  }
}

/** Draws the names of faults, which stay in sight while the fault does. */
function drawFaultNames(
  { context, theme, width, height, time }: Scene,
  faults: readonly FaultSpan[],
  describe: (fault: FaultSpan) => string,
) {
  context.font = `600 12px ${theme.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  // Names of faults at the same time stand side by side.
  const taken: { bottom: number; right: number }[] = [];
  for (const fault of faults) {
    const top = Math.max(time(fault.startMs), margin.top);
    const bottom = Math.min(time(fault.endMs), height);
    if (bottom - top < 20) continue;
    const text = describe(fault);
    const left = Math.max(
      margin.left + 3,
      ...taken.filter((each) => each.bottom > top).map(({ right }) => right),
    );
    const textWidth = context.measureText(text).width;
    taken.push({ bottom, right: left + textWidth + 14 });
    context.fillStyle = theme.background;
    context.fillRect(left, top + 1.5, textWidth + 12, 18);
    context.fillStyle = theme.fault;
    context.fillText(text, left + 6, top + 11, width - left - 9);
  }
}

/** The parties' lines; `solid` are those of nodes. */
function drawLanes(
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
function drawNames({ context, theme, width, lanes }: Scene) {
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
function drawArrows(
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

/** Draws the place where a message was lost. */
function drawCross({ context, theme }: Scene, [, , x, y]: Arrow) {
  context.strokeStyle = theme.fault;
  context.lineWidth = 1.75;
  strokeCross(context, x, y);
}

function strokeCross(context: CanvasRenderingContext2D, x: number, y: number) {
  context.beginPath();
  context.moveTo(x - 3.5, y - 3.5);
  context.lineTo(x + 3.5, y + 3.5);
  context.moveTo(x - 3.5, y + 3.5);
  context.lineTo(x + 3.5, y - 3.5);
  context.stroke();
}

/**
 * Marks the times at which nodes logged something: small squares on their
 * lines.
 */
function drawLogMarks(
  { context, theme, time, lanes }: Scene,
  lines: readonly LoggedLine[],
) {
  const [fromMs, toMs] = spanOf(time);
  const inSight = lines.filter(({ ms }) => fromMs <= ms && ms <= toMs);
  if (inSight.length > mostLogMarks) return;
  context.fillStyle = theme.text;
  for (const { node, ms } of inSight) {
    const x = lanes(node);
    if (x !== undefined) context.fillRect(x - 3, time(ms) - 3, 6, 6);
  }
}

/**
 * Marks the place where a node did what none may do: its line ends there, if
 * that's its end.
 */
function drawMishap(
  { context, theme, time, lanes, height }: Scene,
  { node, ms, crashed, ended }: NodeMishap,
) {
  const [x, y] = [lanes(node), time(ms)];
  if (x === undefined || y > height) return;
  if (ended) {
    context.fillStyle = theme.background;
    context.fillRect(x - 3, y, 6, height - y);
  }
  if (y < margin.top - 8) return;
  context.beginPath();
  context.arc(x, y, 8, 0, 2 * Math.PI);
  context.fillStyle = theme.fail;
  context.fill();
  context.strokeStyle = theme.background;
  context.lineWidth = 2;
  strokeCross(context, x, y);
  context.font = `600 12px ${theme.font}`;
  context.textBaseline = "middle";
  const text = crashed ? `${node} crashed` : `${node}: error`;
  const { width } = context.measureText(text);
  const isRight = x + 14 + width < context.canvas.clientWidth;
  context.textAlign = isRight ? "left" : "right";
  const at = isRight ? x + 14 : x - 14;
  context.strokeStyle = theme.background;
  context.lineWidth = 4;
  context.strokeText(text, at, y);
  context.fillStyle = theme.fail;
  context.fillText(text, at, y);
}

/** The message that one points at. */
function drawChosen({ context, theme }: Scene, arrow: Arrow) {
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
