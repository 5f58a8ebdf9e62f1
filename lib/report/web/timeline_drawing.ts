/**
 * The drawing of the timeline: times and faults, a lane of bars for each
 * client, crashes, names.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import type { ScaleLinear } from "d3-scale";
import type { NodeMishap } from "../page/logs.ts";
import { timeOf } from "./dom.ts";
import { firstEndingAt, type Lane } from "./lanes.ts";
import { isCrash, type Operation, readsOnly, valueText } from "./operations.ts";
import type { Theme } from "./theme.ts";
import { left, type TimelineState, top } from "./timeline_state.ts";

/** From which height of a lane, and width of a bar, there's room for text. */
const textHeight = 14;
const textWidth = 36;

/** The canvas, and the places of things on it. Lengths are CSS pixels. */
interface Scene {
  context: CanvasRenderingContext2D;
  theme: Theme;
  width: number;
  height: number;
  time: ScaleLinear<number, number>;
}

/** Draws all of it. */
export function drawTimeline(scene: Scene, state: TimelineState): void {
  const { context, theme, width, height } = scene;
  const { lanes, chosenMs, data: { mishaps } } = state;
  context.font = `11px ${theme.font}`;
  context.textBaseline = "middle";
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, height);
  context.clip();
  drawTime(scene, state);
  lanes.forEach((lane, i) => drawLane(scene, state, lane, i));
  for (const mishap of mishaps) {
    lanes.forEach((lane, i) => {
      if (lane.node === mishap.node) drawMishap(scene, state, i, mishap);
    });
  }
  if (chosenMs !== undefined) {
    context.fillStyle = theme.accent;
    context.fillRect(scene.time(chosenMs) - 0.75, top, 1.5, height);
  }
  context.restore();
  drawNames(scene, state);
}

function drawTime(
  { context, theme, width, height, time }: Scene,
  { data: { faults }, lanes, laneHeight }: TimelineState,
) {
  for (const fault of faults) {
    const { startMs, endMs } = fault;
    const [from, to] = [Math.max(left, time(startMs)), time(endMs)];
    if (to < left || from > width) continue;
    context.fillStyle = theme.faultBand;
    if ("nodes" in fault) {
      // The clients of the nodes that it struck.
      for (const [i, { node }] of lanes.entries()) {
        if (!fault.nodes.includes(node)) continue;
        context.fillRect(from, top + i * laneHeight, to - from, laneHeight);
      }
    } else context.fillRect(from, top, to - from, height);
    context.fillStyle = theme.fault;
    context.fillRect(from, top - 3, to - from, 3);
  }
  const ticks = time.ticks(Math.max(2, (width - left) / 90));
  const [first = 0, second = first + 1] = ticks;
  const step = second - first;
  context.textAlign = "center";
  for (const ms of ticks) {
    const x = time(ms);
    context.fillStyle = theme.grid;
    context.fillRect(x, top, 1, height);
    context.fillStyle = theme.muted;
    const text = timeOf(ms, step);
    const half = context.measureText(text).width / 2 + 2;
    const at = Math.max(left + half, Math.min(width - half, x));
    context.fillText(text, at, top / 2);
  }
}

function drawLane(
  scene: Scene,
  state: TimelineState,
  { operations }: Lane,
  lane: number,
) {
  const { time, width } = scene;
  const { laneHeight, chosen } = state;
  const y = top + lane * laneHeight;
  const toMs = time.invert(width);
  // Of bars that fall onto the same pixel one is drawn for each look.
  const drawnTo = new Map<string, number>();
  const first = firstEndingAt(operations, time.invert(left));
  for (const operation of operations.slice(first)) {
    const { type, startMs, endMs } = operation;
    if (startMs > toMs) break;
    const from = Math.max(left - 2, time(startMs));
    const to = isNaN(endMs) ? width : Math.min(width + 2, time(endMs));
    if (isCrash(operation)) {
      drawCross(scene, from, y + laneHeight / 2, laneHeight);
      continue;
    }
    const look = `${type} ${readsOnly(operation)}`;
    if (to <= (drawnTo.get(look) ?? -Infinity) && operation !== chosen) {
      continue;
    }
    drawnTo.set(look, Math.ceil(Math.max(to, from + 1)));
    const bar = { from, y, width: Math.max(1.5, to - from - 0.5) };
    drawBar(scene, operation, bar, state);
  }
}

/** Operations that only read are pale on a foot; the others are solid. */
function drawBar(
  { context, theme }: Scene,
  operation: Operation,
  { from, y, width }: { from: number; y: number; width: number },
  { laneHeight, chosen }: TimelineState,
) {
  const { type, begin } = operation;
  const height = laneHeight * 0.85;
  const foot = Math.max(1.5, height * 0.18);
  const reads = readsOnly(operation);
  context.fillStyle = theme[type === "invoke" ? "info" : type];
  if (reads) {
    context.globalAlpha = 0.28;
    context.fillRect(from, y + 1, width, height - foot);
    context.globalAlpha = 1;
    context.fillRect(from, y + 1 + height - foot, width, foot);
  } else context.fillRect(from, y + 1, width, height);
  if (operation === chosen) {
    context.strokeStyle = theme.accent;
    context.lineWidth = 2;
    context.strokeRect(from - 1, y, Math.max(3, width + 2), height + 2);
    context.lineWidth = 1;
  }
  if (height < textHeight || width < textWidth) return;
  context.save();
  context.beginPath();
  context.rect(from, y, width - 3, laneHeight);
  context.clip();
  context.textAlign = "left";
  context.fillStyle = reads ? theme.text : theme.background;
  context.fillText(
    `${begin.f} ${valueText(operation, 80)}`,
    from + 4,
    y + 1 + (height - (reads ? foot : 0)) / 2,
  );
  context.restore();
}

/**
 * Marks the time at which a node crashed; if that was its end, its clients ask
 * nobody then.
 */
function drawMishap(
  scene: Scene,
  { laneHeight }: TimelineState,
  lane: number,
  { ms, crashed, ended }: NodeMishap,
) {
  if (!crashed) return;
  const { context, theme, time, width } = scene;
  const [x, y] = [time(ms), top + (lane + 0.5) * laneHeight];
  if (!ended) return drawCross(scene, x, y, laneHeight);
  context.strokeStyle = theme.fail;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(width, y);
  context.stroke();
  context.setLineDash([]);
  drawCross(scene, x, y, laneHeight);
}

/** A crash, of a client or a node. */
function drawCross(
  { context, theme }: Scene,
  x: number,
  y: number,
  laneHeight: number,
) {
  const half = Math.max(2.5, Math.min(5, laneHeight / 3));
  context.beginPath();
  context.moveTo(x - half, y - half);
  context.lineTo(x + half, y + half);
  context.moveTo(x - half, y + half);
  context.lineTo(x + half, y - half);
  context.strokeStyle = theme.background;
  context.lineWidth = 5;
  context.stroke();
  context.strokeStyle = theme.fail;
  context.lineWidth = 2.25;
  context.stroke();
  context.lineWidth = 1;
}

function drawNames(
  { context, theme, height }: Scene,
  { lanes, laneHeight }: TimelineState,
) {
  context.fillStyle = theme.background;
  context.fillRect(0, top, left, height);
  context.textAlign = "left";
  const every = Math.ceil(11 / laneHeight);
  lanes.forEach(({ process, node }, i) => {
    if (i % every !== 0) return;
    const y = top + (i + 0.5) * laneHeight;
    context.fillStyle = theme.text;
    context.fillText(String(process), 8, y);
    context.fillStyle = theme.muted;
    context.fillText(node, 38, y);
  });
  context.fillStyle = theme.line;
  context.fillRect(left - 1, top, 1, height);
}
