/**
 * The space-time diagram: a vertical line for each party, time running
 * downwards, and an arrow for each message; beside it, what the nodes logged.
 *
 * There may be 200,000 messages. It draws only those in view, and if these are
 * too many only some; the line below says how many. While it moves, it draws
 * fewer still.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import {
  momentControls,
  stepControls,
  zoomControls,
  zoomKeys,
} from "./controls.ts";
import { element, onKeys, plural, say, timeOf } from "./dom.ts";
import { swatch } from "./legend.ts";
import { type LogLines, logLines } from "./log_lines.ts";
import type { Selection } from "./message_index.ts";
import { messageTip } from "./message_tip.ts";
import { minimap } from "./minimap.ts";
import { drawSpaceTime, margin } from "./space_time_drawing.ts";
import { clients, SpaceTimeState } from "./space_time_state.ts";
import type { Span } from "./span.ts";
import { type Surface, surface } from "./surface.ts";
import { TimeWindow } from "./time_window.ts";
import type { Page, View } from "./view.ts";

/** The most messages that are drawn: at rest, and while it moves. */
const mostAtRest = 6000;
const mostInMotion = 2000;

/** With more messages than this, the diagram opens on a part of the run. */
const mostAtFirst = 400;

/** Zoomed in as far as possible, so much time fills the diagram. */
const leastSpanMs = 0.05;

/** Makes the diagram, if messages are known. */
export function spaceTime(data: PageData, page: Page): View | undefined {
  if (data.messages.sentMs.length === 0) return withoutMessages(data);
  const state = new SpaceTimeState(data, page.colours);
  const note = element("p", { className: "note" });
  const spoken = element("p", { className: "note", ariaLive: "polite" });
  const logs = logLines(data, page.showTime);
  const moment = momentControls(page);
  const { diagram, timeWindow, map } = drawing(state, page, note, logs);
  const act = actions(state, { timeWindow, page, diagram, spoken });
  return {
    element: element(
      "div",
      { className: "space-time" },
      element(
        "div",
        { className: "controls" },
        zoomControls(timeWindow),
        stepControls("message", act.step),
        moment.element,
        ...legendOf(state, act.refilter),
      ),
      element(
        "div",
        { className: "beside" },
        diagram.box,
        map.element,
        ...(logs ? [logs.element] : []),
      ),
      note,
      hints(),
      spoken,
    ),
    showsDetail: true,
    onTime(ms) {
      state.chosenMs = ms;
      moment.show(ms);
      timeWindow.reveal(ms);
      diagram.redraw();
    },
    onSpan: (fromMs, toMs) => timeWindow.follow(fromMs, toMs),
  };
}

/** The diagram, the whole run beside it, and the window that one moves. */
function drawing(
  state: SpaceTimeState,
  page: Page,
  note: HTMLElement,
  logs: LogLines | undefined,
) {
  const { messages: { sentMs }, endMs } = state.data;
  const startMs = Math.min(0, sentMs[0] ?? 0);
  const diagram = surface({
    label: `Space-time diagram of ${
      plural(sentMs.length, "message")
    }. Arrow up and down move through time, plus and minus zoom, left and right go from message to message, Enter chooses the moment.`,
    draw(context, theme, { width, height }) {
      const { time, isMoving, span } = timeWindow;
      const most = isMoving ? mostInMotion : mostAtRest;
      const selection = state.index.between(...span, most);
      const { lanes } = state;
      const scene = { context, theme, width, height, time, lanes };
      drawSpaceTime(scene, state, selection);
      map.show(...span);
      if (isMoving) return;
      say(note, words(span, selection));
      logs?.show(...span, state.chosenMs);
    },
    resized() {
      const { width, height } = diagram;
      state.lanes.range([margin.left, width - margin.right]);
      timeWindow.fit([margin.top, height - margin.bottom], diagram);
    },
  });
  const timeWindow = new TimeWindow(diagram.canvas, {
    startMs,
    endMs,
    leastMs: leastSpanMs,
    axis: "y",
    first: () => firstSpan(state, startMs),
    changed: diagram.redraw,
    chosen: (span, first) => page.showSpan(...span, first),
  });
  const map = minimap(state.data, { startMs, endMs }, (ms) => {
    const [from, to] = timeWindow.span;
    timeWindow.show(ms - (to - from) / 2, ms + (to - from) / 2);
  });
  return { diagram, timeWindow, map };
}

function hints(): HTMLElement {
  return element(
    "p",
    { className: "note hints" },
    "Drag to move; click to choose a moment; Ctrl and the wheel, or two fingers, zoom. Keys: ↑ ↓ + − 0, and ← → from message to message. ✗ a message never arrived; ■ a node logged something.",
  );
}

/** Opens on the whole run, or where it went wrong, or the first fault begins. */
function firstSpan({ data, index }: SpaceTimeState, startMs: number): Span {
  const { anomaly, faults, endMs } = data;
  const firstMs = anomaly?.momentMs ?? faults[0]?.startMs ?? 0;
  const { count } = index.between(startMs, endMs);
  const spanMs = (endMs - startMs) * Math.min(1, mostAtFirst / count);
  if (spanMs >= (endMs - startMs) / 2) return [startMs, endMs];
  const from = Math.max(0, firstMs - spanMs / 4);
  return [from, from + spanMs];
}

/** Tells which part is shown, and how much of it. */
function words([fromMs, toMs]: Span, { count, every }: Selection): string {
  const shown = every === 1
    ? plural(count, "message")
    : `one in ${every} of ${plural(count, "message")}`;
  const stepMs = (toMs - fromMs) / 100;
  return `From ${timeOf(fromMs, stepMs)} to ${timeOf(toMs, stepMs)}: ${shown}.`;
}

/** Lists the actions in the diagram, by pointing and by keys. */
function actions(
  state: SpaceTimeState,
  { timeWindow, page, diagram, spoken }: {
    timeWindow: TimeWindow;
    page: Page;
    diagram: Surface;
    spoken: HTMLElement;
  },
) {
  const tip = messageTip(state.data, state.index);
  diagram.box.append(tip.element);
  const { endMs } = state.data;
  const { canvas } = diagram;
  function choose(row: number | undefined, aloud = false) {
    if (row === state.chosenRow && !aloud) return;
    state.chosenRow = row;
    if (row === undefined) tip.hide();
    else {
      const [x1, y1, x2, y2] = state.arrowOf(row, timeWindow.time);
      const words = tip.show(row, (x1 + x2) / 2, (y1 + y2) / 2, diagram);
      if (aloud) spoken.textContent = words;
    }
    diagram.redraw();
  }
  const at = ({ offsetX: x, offsetY: y }: MouseEvent) =>
    state.nearest({ x, y, time: timeWindow.time, most: mostAtRest });
  const chooseTime = (ms: number) =>
    page.showTime(Math.min(Math.max(ms, 0), endMs));
  function step(direction: 1 | -1) {
    const [from] = timeWindow.span;
    const row = state.next(direction, from);
    if (row === undefined) return;
    timeWindow.reveal(state.index.sentMs(row), state.index.endMs(row));
    choose(row, true);
  }
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) choose(at(event));
  });
  canvas.addEventListener("pointerleave", () => choose(undefined));
  canvas.addEventListener("click", (event) => {
    choose(at(event));
    chooseTime(timeWindow.time.invert(event.offsetY));
  });
  onKeys(canvas, {
    ...zoomKeys(timeWindow),
    ...moveKeys(timeWindow),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    Escape: () => choose(undefined),
    Enter() {
      const [from, to] = timeWindow.span;
      const row = state.chosenRow;
      chooseTime(
        row === undefined ? (from + to) / 2 : state.index.sentMs(row),
      );
    },
  });
  return {
    step,
    refilter() {
      state.refilter();
      choose(undefined);
      diagram.redraw();
    },
  };
}

/** Keys that move through the time. */
function moveKeys(timeWindow: TimeWindow) {
  return {
    ArrowUp: () => timeWindow.moveBy(-0.1),
    ArrowDown: () => timeWindow.moveBy(0.1),
    PageUp: () => timeWindow.moveBy(-0.9),
    PageDown: () => timeWindow.moveBy(0.9),
    Home: () => timeWindow.moveBy(-Infinity),
    End: () => timeWindow.moveBy(Infinity),
  };
}

/** Makes a legend of the colours; each family of messages can be hidden. */
function legendOf(state: SpaceTimeState, refilter: () => void): HTMLElement[] {
  const toggle = (
    checked: boolean,
    change: (checked: boolean) => void,
    ...label: (Node | string)[]
  ) => {
    const box = element("input", { type: "checkbox", checked });
    box.addEventListener("change", () => {
      change(box.checked);
      refilter();
    });
    return element("label", {}, box, ...label);
  };
  const { hidden } = state;
  return [
    toggle(
      state.showsClients,
      (checked) => state.showsClients = checked,
      clients,
    ),
    ...state.families.map(({ name, count }) =>
      toggle(
        true,
        (checked) => checked ? hidden.delete(name) : hidden.add(name),
        swatch((theme) => state.colours.of(name, theme)),
        `${name} (${count.toLocaleString("en")})`,
      )
    ),
  ];
}

/** Says why there's no diagram, unless nothing happened at all. */
function withoutMessages({ history }: PageData): View | undefined {
  if (history.length === 0) return undefined;
  return {
    element: element(
      "p",
      {},
      "The messages of this run aren't known: only the embedded workbench keeps them.",
    ),
  };
}
