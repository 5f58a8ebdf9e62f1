/**
 * Lets time run: play and pause, the speed, and a scrubber over the whole run.
 *
 * @module
 */
/// <reference lib="dom" />
import type { FaultSpan } from "../page/faults.ts";
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
  /** The time of the run that went by with the last frame, while it runs. */
  readonly frameMs: number;
}

/** The speeds on offer; 1 is as fast as it was. */
const speeds = [
  ...[0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2, 5, 10],
];

/** A typical message should be seen under way for so long, if it can be. */
const pleasantMs = 400;

/** The number of steps of the scrubber, over the run's length. */
const steps = 100_000;

/** The settings of playback. */
interface Settings {
  startMs: number;
  endMs: number;
  /** The time that a typical message takes. */
  typicalMs: number;
  faults: readonly FaultSpan[];
  /** Called with each new moment. */
  go(ms: number): void;
}

/** Makes the controls. */
export function playback(settings: Settings): Playback {
  const { startMs, endMs, typicalMs, go } = settings;
  // A run that ended at once has no length.
  const lengthMs = endMs - startMs || 1;
  const speed = speedChoice(typicalMs);
  const play = element("button", { type: "button" });
  const range = element("input", {
    type: "range",
    min: "0",
    max: String(steps),
    step: "1",
    ariaLabel: "Moment of the run",
  });
  const output = element("output", { className: "mono" });
  let nowMs = startMs;
  const running = runner(
    (passedMs) => {
      nowMs = Math.min(endMs, nowMs + passedMs * Number(speed.value));
      go(nowMs);
      return nowMs < endMs;
    },
    (runs) => {
      play.textContent = runs ? "❚❚ pause" : "▶ play";
      play.ariaLabel = runs ? "Pause" : "Play";
      if (runs && nowMs >= endMs) nowMs = startMs;
    },
  );
  play.addEventListener("click", running.toggle);
  range.addEventListener("input", () => {
    running.stop();
    go(startMs + lengthMs * Number(range.value) / steps);
  });
  return {
    controls: [play, element("label", {}, "speed", speed)],
    scrubber: element(
      "div",
      { className: "scrubber" },
      element("div", { className: "track" }, ...marksOf(settings), range),
      output,
    ),
    toggle: running.toggle,
    changeSpeed(steps) {
      const i = speed.selectedIndex + steps;
      speed.selectedIndex = Math.min(Math.max(0, i), speeds.length - 1);
    },
    show(ms) {
      const shown = Math.min(Math.max(ms, startMs), endMs);
      if (shown !== nowMs) running.stop();
      nowMs = shown;
      range.value = String(Math.round(steps * (nowMs - startMs) / lengthMs));
      output.textContent = seconds(nowMs, typicalMs / 10);
      range.ariaValueText = output.textContent;
    },
    get frameMs() {
      return running.frameMs * Number(speed.value);
    },
  };
}

/** The speeds, of which one is chosen at which messages can be followed. */
function speedChoice(typicalMs: number): HTMLSelectElement {
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
  return speed;
}

/** Marks for the faults above the scrubber. */
function marksOf({ startMs, endMs, faults }: Settings): HTMLElement[] {
  return faults.map((fault) => {
    const mark = element("span", { className: "fault", title: fault.kind });
    const part = (ms: number) => 100 * (ms - startMs) / (endMs - startMs || 1);
    mark.style.left = `${part(fault.startMs)}%`;
    mark.style.width = `${part(fault.endMs) - part(fault.startMs)}%`;
    return mark;
  });
}

/**
 * Something that runs, frame by frame.
 *
 * @param step is called with the real time that a frame took, and says whether
 * to go on; `changed` whenever it begins or ends.
 */
function runner(
  step: (passedMs: number) => boolean,
  changed: (runs: boolean) => void,
) {
  let request: number | undefined;
  let frameMs = 0;
  const stop = () => {
    if (request !== undefined) cancelAnimationFrame(request);
    request = undefined;
    frameMs = 0;
    changed(false);
  };
  const start = () => {
    changed(true);
    let before = performance.now();
    const frame = (now: number) => {
      frameMs = Math.max(0, now - before);
      before = now;
      request = requestAnimationFrame(frame);
      if (!step(frameMs)) stop();
    };
    request = requestAnimationFrame(frame);
  };
  changed(false);
  return {
    stop,
    toggle: () => request === undefined ? start() : stop(),
    get frameMs() {
      return frameMs;
    },
  };
}
