/**
 * The timeline of each client: a lane for each, a bar for each operation. One
 * can zoom, with the mouse, two fingers or the keyboard, and go from operation
 * to operation.
 *
 * @module
 */
/// <reference lib="dom" />
import {
  momentControls,
  stepControls,
  zoomControls,
  zoomKeys,
} from "./controls.ts";
import { element, onKeys, plural, timeOf } from "./dom.ts";
import { swatch } from "./legend.ts";
import {
  countsOf,
  errorText,
  isCrash,
  type Operation,
  outcomes,
  outcomeWords,
  readsOnly,
  valueText,
} from "./operations.ts";
import { type Surface, surface } from "./surface.ts";
import { TimeWindow } from "./time_window.ts";
import { drawTimeline } from "./timeline_drawing.ts";
import { left, TimelineState } from "./timeline_state.ts";
import type { MakeView, Page } from "./view.ts";

/** The shortest span that the reader can zoom to, in milliseconds. */
const leastMs = 1;

/** Room on the right. */
const right = 8;

export const timeline: MakeView = (data, page) => {
  if (!data.history.some(({ process }) => typeof process === "number")) {
    return undefined;
  }
  const state = new TimelineState(data);
  const { area, timeWindow } = drawing(state, page);
  const details = element("p", {
    className: "note operation",
    ariaLive: "polite",
  });
  const moment = momentControls(page);
  const act = actions(state, { area, timeWindow, details, page });
  return {
    element: element(
      "div",
      { className: "timeline" },
      element(
        "div",
        { className: "controls" },
        zoomControls(timeWindow),
        stepControls("operation", act.step),
        moment.element,
        legendOf(state),
      ),
      area.box,
      details,
      element(
        "p",
        { className: "note hints" },
        "Drag to move; click to choose a moment; Ctrl and the wheel, or two fingers, zoom. Keys: ← → from operation to operation, ↑ ↓ to other clients, + − 0. A lane begins with its client's first process and names the node it works with.",
      ),
    ),
    showsDetail: true,
    onTime(ms) {
      state.chosenMs = ms;
      moment.show(ms);
      timeWindow.reveal(Math.min(ms, state.lastMs));
      area.redraw();
    },
    onSpan(fromMs, toMs, first) {
      // It opens on all of the run, whatever others open on.
      if (!first) timeWindow.follow(Math.max(0, fromMs), toMs);
    },
  };
};

function drawing(state: TimelineState, page: Page) {
  const { operations, lanes, lastMs, height } = state;
  const area = surface({
    label: `Timeline of ${plural(operations.length, "operation")} by ${
      plural(lanes.length, "client")
    }. Left and right go from operation to operation, up and down to other clients, plus and minus zoom, 0 shows everything, Enter chooses the moment.`,
    draw(context, theme, { width, height }) {
      const { time } = timeWindow;
      drawTimeline({ context, theme, width, height, time }, state);
    },
    resized: () => timeWindow.fit([left, area.width - right], area),
  });
  area.box.style.height = `${height}px`;
  area.canvas.setAttribute("role", "application");
  const timeWindow = new TimeWindow(area.canvas, {
    startMs: 0,
    endMs: lastMs,
    leastMs,
    axis: "x",
    first: () => [0, lastMs],
    changed: area.redraw,
    chosen(span, first) {
      if (!first) page.showSpan(...span);
    },
  });
  return { area, timeWindow };
}

/** Lists the actions in the timeline, by pointing and by keys. */
function actions(
  state: TimelineState,
  { area, timeWindow, details, page }: {
    area: Surface;
    timeWindow: TimeWindow;
    details: HTMLElement;
    page: Page;
  },
) {
  const { canvas } = area;
  const describe = (operation: Operation | undefined) => {
    state.chosen = operation;
    details.replaceChildren(
      ...(operation ? wordsOf(operation) : [
        "Point at an operation to see what it did.",
      ]),
    );
    area.redraw();
  };
  const choose = (operation: Operation | undefined) => {
    if (operation === undefined) return;
    describe(operation);
    timeWindow.reveal(operation.startMs);
  };
  const at = ({ offsetX: x, offsetY: y }: MouseEvent) =>
    state.at({ x, y }, timeWindow.time);
  const step = (direction: 1 | -1) => choose(state.next(direction));
  describe(undefined);
  canvas.addEventListener("pointermove", (event) => {
    const operation = at(event);
    if (operation && operation !== state.chosen) describe(operation);
  });
  canvas.addEventListener("click", (event) => {
    const operation = at(event);
    if (operation) describe(operation);
    page.showTime(
      operation?.startMs ?? Math.max(0, timeWindow.time.invert(event.offsetX)),
    );
  });
  onKeys(canvas, {
    ...zoomKeys({
      scaleBy: (factor) => timeWindow.scaleBy(factor, state.chosen?.startMs),
      showAll: () => timeWindow.showAll(),
    }),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowDown: () => choose(state.beside(1)),
    ArrowUp: () => choose(state.beside(-1)),
    PageUp: () => timeWindow.moveBy(-0.9),
    PageDown: () => timeWindow.moveBy(0.9),
    Home: () => timeWindow.moveBy(-Infinity),
    End: () => timeWindow.moveBy(Infinity),
    Escape: () => describe(undefined),
    Enter: () => state.chosen && page.showTime(state.chosen.startMs),
  });
  return { step };
}

/** Makes a legend of colours and looks. */
function legendOf({ operations, data }: TimelineState): HTMLElement {
  const counts = countsOf(operations);
  const sample = (className: string) =>
    element("span", { className: `sample ${className}` });
  const kinds = (chosen: (operation: Operation) => boolean) =>
    [...new Set(operations.filter(chosen).map(({ begin: { f } }) => f))]
      .join(", ");
  const reads = kinds((each) => readsOnly(each));
  const others = kinds((each) => !readsOnly(each) && !isCrash(each));
  const hasCrash = operations.some(isCrash) ||
    data.mishaps.some(({ crashed }) => crashed);
  return element(
    "span",
    { className: "legend" },
    ...outcomes.filter((type) => counts[type] > 0).map((type) =>
      element(
        "span",
        {},
        swatch((theme) => theme[type], "square"),
        ` ${outcomeWords[type]}`,
      )
    ),
    ...(reads && others
      ? [
        element("span", {}, sample("solid"), ` writes (${others})`),
        element("span", {}, sample("pale"), ` only reads (${reads})`),
      ]
      : []),
    ...(hasCrash ? [element("span", {}, element("b", {}, "✗"), " crash")] : []),
  );
}

/** An operation in words. */
function wordsOf(operation: Operation): (string | HTMLElement)[] {
  const { begin, end, type, startMs, endMs } = operation;
  const error = errorText(operation);
  const value = valueText(operation);
  return [
    element("strong", {}, `${begin.f} `),
    ...(value === "" ? [] : [element("code", {}, value), " "]),
    `by process ${begin.process}, operation ${(end ?? begin).index}, ${
      outcomeWords[type]
    }. From ${timeOf(startMs, 0.1)} `,
    isNaN(endMs)
      ? "on."
      : `to ${timeOf(endMs, 0.1)}, ${(endMs - startMs).toFixed(2)} ms.`,
    ...(error === undefined ? [] : [` Error: ${error}`]),
  ];
}
