/**
 * The whole run in a narrow strip: the number of messages over time, the
 * faults, and the part that the diagram beside it shows.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import type { PageData } from "../page/data.ts";
import { element } from "./dom.ts";
import { onPrint } from "./printing.ts";
import { onThemeChange, theme } from "./theme.ts";

/** The strip. */
export interface Minimap {
  element: HTMLElement;
  /** Shows which part is in sight. */
  show(fromMs: number, toMs: number): void;
}

/**
 * The number of the strip's lines: each stands for the messages of its time.
 */
const lines = 200;

/** Makes the strip; `go` is called with the moment that is pointed at. */
export function minimap(
  { messages: { sentMs }, faults }: PageData,
  { startMs, endMs }: { startMs: number; endMs: number },
  go: (ms: number) => void,
): Minimap {
  const line = scaleLinear([startMs, endMs], [0, lines]).clamp(true);
  const counts = new Uint32Array(lines);
  for (const ms of Array.from(sentMs)) {
    counts[Math.min(lines - 1, Math.floor(line(ms)))]!++;
  }
  const width = scaleLinear([0, Math.max(...counts)], [0, 1]);
  const canvas = element("canvas", { width: 44, height: lines });
  const frame = element("div", { className: "frame" });
  const strip = element(
    "div",
    { className: "minimap", ariaHidden: "true" },
    canvas,
    frame,
  );
  const context = canvas.getContext("2d")!;
  const draw = () => {
    const { muted, faultBand, fault } = theme();
    context.clearRect(0, 0, canvas.width, lines);
    for (const { startMs, endMs } of faults) {
      const [top, bottom] = [line(startMs), line(endMs)];
      context.fillStyle = faultBand;
      context.fillRect(0, top, canvas.width, bottom - top);
      context.fillStyle = fault;
      context.fillRect(0, top, 4, Math.max(1, bottom - top));
    }
    context.fillStyle = muted;
    counts.forEach((count, i) =>
      context.fillRect(4, i, width(count) * (canvas.width - 4), 1)
    );
  };
  draw();
  onThemeChange(draw);
  onPrint(draw);
  const point = (event: PointerEvent) => {
    const { top, height } = strip.getBoundingClientRect();
    go(line.invert((event.clientY - top) / height * lines));
  };
  strip.addEventListener("pointerdown", (event) => {
    strip.setPointerCapture(event.pointerId);
    point(event);
  });
  strip.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0) point(event);
  });
  return {
    element: strip,
    show(fromMs, toMs) {
      const [top, bottom] = [line(fromMs), line(toMs)];
      frame.style.top = `${top / lines * 100}%`;
      frame.style.height = `max(3px, ${(bottom - top) / lines * 100}%)`;
    },
  };
}
