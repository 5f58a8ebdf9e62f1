/**
 * Lets time run: play and pause, the speed, and a scrubber over the whole run.
 *
 * @module
 */
/// <reference lib="dom" />
import type { FaultSpan } from "../faults.ts";
import { element, seconds } from "./dom.ts";

/** Time that runs. */
export interface Playback {
  /** Buttons and speed. */
  controls: Node[];
  /** The scrubber and the time. */
  scrubber: HTMLElement;
  toggle(): void;
  /** Faster or slower by so many steps. */
  changeSpeed(steps: number): void;
  /** Takes notice of a moment that was chosen; stops if it wasn't from here. */
  show(ms: number): void;
  /** How much of the run's time went by with the last frame, while it runs. */
  readonly frameMs: number;
}

/** The speeds on offer; 1 is as fast as it was. */
const speeds = [
  ...[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2, 5, 10],
];

/** A typical message should be seen under way for so long, if it can be. */
const pleasantMs = 400;

/** How much of the run's length the scrubber can tell apart. */
const steps = 100_000;

/**
 * Makes the controls.
 *
 * @param settings `go` is called with each new moment.
 */
export function playback(
  { startMs, endMs, typicalMs, faults, go }: {
    startMs: number;
    endMs: number;
    /** How long a typical message takes. */
    typicalMs: number;
    faults: readonly FaultSpan[];
    go(ms: number): void;
  },
): Playback {
  // A run that ended at once has no length.
  const lengthMs = endMs - startMs || 1;
  let nowMs = startMs;
  let running: number | undefined;
  let frameMs = 0;

  const play = element("button", { type: "button" });
  const speed = element(
    "select",
    { ariaLabel: "Speed" },
    ...speeds.map((each) =>
      element("option", { value: String(each) }, `${each}×`)
    ),
  );
  const slowEnough = speeds.findLast((each) =>
    typicalMs / each >= pleasantMs || each === speeds[0]
  )!;
  speed.value = String(Math.min(slowEnough, 1));
  const range = element("input", {
    type: "range",
    min: "0",
    max: String(steps),
    step: "1",
    ariaLabel: "Moment of the run",
  });
  const output = element("output", { className: "mono" });

  const marks = faults.map((fault) => {
    const mark = element("span", { className: "fault", title: fault.kind });
    const part = (ms: number) => 100 * (ms - startMs) / lengthMs;
    mark.style.left = `${part(fault.startMs)}%`;
    mark.style.width = `${part(fault.endMs) - part(fault.startMs)}%`;
    return mark;
  });

  function setRunning(run: boolean) {
    if (!run && running !== undefined) cancelAnimationFrame(running);
    running = undefined;
    frameMs = 0;
    play.textContent = run ? "❚❚ pause" : "▶ play";
    play.ariaLabel = run ? "Pause" : "Play";
    if (!run) return;
    if (nowMs >= endMs) nowMs = startMs;
    let before = performance.now();
    const frame = (now: number) => {
      frameMs = Math.max(0, now - before) * Number(speed.value);
      before = now;
      nowMs = Math.min(endMs, nowMs + frameMs);
      running = requestAnimationFrame(frame);
      go(nowMs);
      if (nowMs >= endMs) setRunning(false);
    };
    running = requestAnimationFrame(frame);
  }

  const toggle = () => setRunning(running === undefined);
  play.addEventListener("click", toggle);
  range.addEventListener("input", () => {
    setRunning(false);
    go(startMs + lengthMs * Number(range.value) / steps);
  });
  setRunning(false);

  return {
    controls: [play, element("label", {}, "speed", speed)],
    scrubber: element(
      "div",
      { className: "scrubber" },
      element("div", { className: "track" }, ...marks, range),
      output,
    ),
    toggle,
    changeSpeed(steps) {
      const i = speed.selectedIndex + steps;
      speed.selectedIndex = Math.min(Math.max(0, i), speeds.length - 1);
    },
    show(ms) {
      const shown = Math.min(Math.max(ms, startMs), endMs);
      if (shown !== nowMs) setRunning(false);
      nowMs = shown;
      range.value = String(
        Math.round(steps * (nowMs - startMs) / lengthMs),
      );
      output.textContent = seconds(nowMs, typicalMs / 10);
      range.ariaValueText = output.textContent;
    },
    get frameMs() {
      return frameMs;
    },
  };
}
