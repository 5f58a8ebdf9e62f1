/**
 * What each client did: a lane for each, a bar for each operation. One can
 * zoom, with the mouse, two fingers or the keyboard, and go from operation to
 * operation.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
// @ts-types="@types/d3-selection"
import { pointer, select } from "d3-selection";
// @ts-types="@types/d3-zoom"
import { type D3ZoomEvent, zoom, zoomIdentity } from "d3-zoom";
import { element, plural, seconds } from "./dom.ts";
import {
  concurrencyOf,
  firstEndingAt,
  type Lane,
  lanesOf,
  nearestTo,
} from "./lanes.ts";
import {
  countsOf,
  errorText,
  type Operation,
  operationsOf,
  outcomes,
  outcomeWords,
  valueText,
} from "./operations.ts";
import { surface } from "./surface.ts";
import { onThemeChange, type Theme, theme } from "./theme.ts";
import type { MakeView } from "./view.ts";

/** Where the lanes begin. */
const left = 76;
const top = 26;
const bottom = 6;

/** How high a lane is at most, and if possible at least. */
const mostHeight = 26;
const leastHeight = 8;

/** How high all lanes should be together, and how high they may be at most. */
const bestHeight = 560;
const maxHeight = 4000;

/** How far one can zoom in: so many milliseconds fill the window. */
const leastMs = 1;

/** From which height of a lane, and width of a bar, there's room for text. */
const textHeight = 14;
const textWidth = 36;

export const timeline: MakeView = (data, page) => {
  const operations = operationsOf(data.history);
  if (operations.length === 0) return undefined;
  const { nodes, faults, record: { options } } = data;
  const concurrency = concurrencyOf(options.concurrency, nodes.length);
  const lanes = lanesOf(operations, { nodes, concurrency });
  const laneOf = new Map(
    lanes.flatMap((lane, i) => lane.operations.map((each) => [each, i])),
  );
  const lastMs = operations.reduce(
    (last, { startMs, endMs }) => Math.max(last, startMs, endMs || 0),
    0,
  );
  const laneHeight = Math.min(
    mostHeight,
    Math.max(
      bestHeight / lanes.length,
      Math.min(leastHeight, maxHeight / lanes.length),
    ),
  );
  const counts = countsOf(operations);
  const whole = scaleLinear([0, lastMs], [left, left + 1]);
  let x = whole;
  let chosen: Operation | undefined;
  let shownMs: number | undefined;

  const area = surface({
    label: `Timeline of ${plural(operations.length, "operation")} by ${
      plural(lanes.length, "client")
    }. Left and right go from operation to operation, up and down to other clients, plus and minus zoom, 0 shows everything, Enter chooses the moment.`,
    draw(context, theme, { width }) {
      context.font = `11px ${theme.font}`;
      context.textBaseline = "middle";
      drawTime(context, theme, width);
      context.save();
      context.beginPath();
      context.rect(left, 0, width - left, area.height);
      context.clip();
      lanes.forEach((lane, i) => drawLane(context, theme, lane, i, width));
      drawMoment(context, theme);
      context.restore();
      drawNames(context, theme);
    },
    resized() {
      whole.range([left, area.width - 8]);
      zooming
        .extent([[left, 0], [area.width - 8, area.height]])
        .translateExtent([[left, 0], [area.width - 8, area.height]]);
      zooming.transform(select(area.canvas), transform);
    },
  });
  area.box.style.height = `${lanes.length * laneHeight + top + bottom}px`;
  area.canvas.style.touchAction = "pan-y";
  area.canvas.setAttribute("role", "application");

  // ---- Drawing ----

  function drawTime(
    context: CanvasRenderingContext2D,
    { grid, muted, faultBand, fault }: Theme,
    width: number,
  ) {
    for (const { startMs, endMs } of faults) {
      const [from, to] = [Math.max(left, x(startMs)), x(endMs)];
      if (to < left || from > width) continue;
      context.fillStyle = faultBand;
      context.fillRect(from, top, to - from, area.height);
      context.fillStyle = fault;
      context.fillRect(from, top - 3, to - from, 3);
    }
    const ticks = x.ticks(Math.max(2, (width - left) / 90));
    const step = ticks[1] - ticks[0];
    context.fillStyle = muted;
    context.textAlign = "center";
    for (const ms of ticks) {
      const at = x(ms);
      if (at < left) continue;
      context.strokeStyle = grid;
      context.beginPath();
      context.moveTo(at, top);
      context.lineTo(at, area.height);
      context.stroke();
      context.fillText(
        seconds(ms, step),
        Math.max(left + 14, Math.min(width - 18, at)),
        top / 2,
      );
    }
  }

  function drawLane(
    context: CanvasRenderingContext2D,
    theme: Theme,
    { operations }: Lane,
    lane: number,
    width: number,
  ) {
    const y = top + lane * laneHeight;
    const height = laneHeight * 0.85;
    const toMs = x.invert(width);
    // Of bars that fall onto the same pixel one is drawn for each outcome.
    const drawnTo = { ok: -1, info: -1, fail: -1, invoke: -1 };
    for (
      let i = firstEndingAt(operations, x.invert(left));
      i < operations.length && operations[i].startMs <= toMs;
      i++
    ) {
      const operation = operations[i];
      const { type, startMs, endMs, begin } = operation;
      const from = Math.max(left - 2, x(startMs));
      const to = Number.isNaN(endMs) ? width : Math.min(width + 2, x(endMs));
      if (to <= drawnTo[type] && operation !== chosen) continue;
      const barWidth = Math.max(1.5, to - from - 0.5);
      drawnTo[type] = Math.ceil(Math.max(to, from + 1));
      context.fillStyle = theme[type === "invoke" ? "info" : type];
      context.fillRect(from, y + 1, barWidth, height);
      if (operation === chosen) {
        context.strokeStyle = theme.accent;
        context.lineWidth = 2;
        context.strokeRect(from - 1, y, Math.max(3, barWidth + 2), height + 2);
        context.lineWidth = 1;
      }
      if (height < textHeight || barWidth < textWidth) continue;
      context.save();
      context.beginPath();
      context.rect(from, y, barWidth - 3, laneHeight);
      context.clip();
      context.textAlign = "left";
      context.fillStyle = theme.background;
      context.fillText(
        `${begin.f} ${valueText(operation, 80)}`,
        from + 4,
        y + 1 + height / 2,
      );
      context.restore();
    }
  }

  function drawMoment(context: CanvasRenderingContext2D, { accent }: Theme) {
    if (shownMs === undefined) return;
    context.fillStyle = accent;
    context.fillRect(x(shownMs) - 0.75, top, 1.5, area.height);
  }

  function drawNames(
    context: CanvasRenderingContext2D,
    { text, muted, background, line }: Theme,
  ) {
    context.fillStyle = background;
    context.fillRect(0, top, left, area.height);
    context.textAlign = "left";
    const every = Math.ceil(11 / laneHeight);
    lanes.forEach(({ process, node }, i) => {
      if (i % every !== 0) return;
      const y = top + (i + 0.5) * laneHeight;
      context.fillStyle = text;
      context.fillText(String(process), 8, y);
      context.fillStyle = muted;
      context.fillText(node, 38, y);
    });
    context.fillStyle = line;
    context.fillRect(left - 1, top, 1, area.height);
  }

  // ---- What one points at ----

  const details = element("p", { className: "note operation" });
  details.setAttribute("aria-live", "polite");
  const describe = (operation: Operation | undefined) => {
    chosen = operation;
    details.replaceChildren(
      ...(operation ? wordsOf(operation) : [
        "Point at an operation to see what it did; click to choose its moment.",
      ]),
    );
    area.redraw();
  };
  const operationAt = (event: Event): Operation | undefined => {
    const [atX, atY] = pointer(event, area.canvas);
    const lane = lanes[Math.floor((atY - top) / laneHeight)];
    if (lane === undefined || atX < left) return undefined;
    const near = nearestTo(lane.operations, x.invert(atX));
    if (near === undefined) return undefined;
    const endMs = Number.isNaN(near.endMs) ? lastMs : near.endMs;
    const within = x(near.startMs) - 8 <= atX && atX <= x(endMs) + 8;
    return within ? near : undefined;
  };
  describe(undefined);
  area.canvas.addEventListener("pointermove", (event) => {
    const operation = operationAt(event);
    if (operation && operation !== chosen) describe(operation);
  });
  area.canvas.addEventListener("click", (event) => {
    const [atX] = pointer(event, area.canvas);
    const operation = operationAt(event);
    if (operation) describe(operation);
    page.showTime(operation?.startMs ?? Math.max(0, x.invert(atX)));
  });

  // ---- Zooming ----

  let transform = zoomIdentity;
  const zooming = zoom<HTMLCanvasElement, unknown>()
    .scaleExtent([1, Math.max(1, lastMs / leastMs)])
    // A wheel alone scrolls the page; so does one finger.
    .filter((event) =>
      event.type === "wheel"
        ? event.ctrlKey || event.metaKey || event.shiftKey
        : event.type.startsWith("touch")
        ? event.touches.length > 1
        : event.button === 0
    )
    .on("zoom", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
      transform = event.transform;
      x = transform.rescaleX(whole);
      area.redraw();
    });
  const target = select(area.canvas);
  target.call(zooming).on("dblclick.zoom", null);
  const zoomBy = (factor: number) => {
    const center = chosen === undefined ? undefined : x(chosen.startMs);
    const within = center !== undefined && center > left &&
      center < area.width;
    zooming.scaleBy(
      target,
      factor,
      within ? [center, 0] : [(left + area.width) / 2, 0],
    );
  };
  const showAll = () => zooming.transform(target, zoomIdentity);
  const bring = (ms: number) => {
    if (x(ms) < left || x(ms) > area.width - 8) {
      zooming.translateTo(target, whole(ms), 0);
    }
  };

  // ---- The keyboard ----

  const step = (by: number) => {
    const from = chosen ?? lanes[0].operations[0];
    const { operations } = lanes[laneOf.get(from)!];
    const next = chosen === undefined
      ? from
      : operations[operations.indexOf(from) + by];
    if (next === undefined) return;
    describe(next);
    bring(next.startMs);
  };
  const change = (by: number) => {
    const from = chosen ?? lanes[0].operations[0];
    const lane = lanes[laneOf.get(from)! + by];
    if (lane) describe(nearestTo(lane.operations, from.startMs));
  };
  const keys: { [key: string]: () => void } = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowDown: () => change(1),
    ArrowUp: () => change(-1),
    "+": () => zoomBy(2),
    "=": () => zoomBy(2),
    "-": () => zoomBy(1 / 2),
    "0": showAll,
    Enter: () => chosen && page.showTime(chosen.startMs),
  };
  area.canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  });

  return {
    element: element(
      "div",
      { className: "timeline" },
      element(
        "div",
        { className: "controls" },
        ...[
          button("Zoom in", () => zoomBy(2)),
          button("Zoom out", () => zoomBy(1 / 2)),
          button("Show everything", showAll),
        ],
        legend(counts),
      ),
      area.box,
      details,
      element(
        "p",
        { className: "about" },
        "Drag to move, Ctrl and the wheel (or two fingers) to zoom. Keys: ← → from operation to operation, ↑ ↓ to other clients, + − 0 zoom, Enter chooses the moment. A lane begins with its client's first process and names the node it works with.",
      ),
    ),
    onTime(ms) {
      shownMs = ms;
      area.redraw();
    },
  };
};

function button(text: string, act: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", act);
  return made;
}

function legend(counts: ReturnType<typeof countsOf>): HTMLElement {
  const swatches: [HTMLElement, typeof outcomes[number]][] = [];
  const made = element(
    "span",
    { className: "legend" },
    ...outcomes.filter((type) => counts[type] > 0).map((type) => {
      const swatch = element("span", { className: "swatch" });
      swatches.push([swatch, type]);
      return element("span", {}, swatch, ` ${outcomeWords[type]}`);
    }),
  );
  const paint = () => {
    const colours = theme();
    for (const [swatch, type] of swatches) {
      swatch.style.background = colours[type];
    }
  };
  paint();
  onThemeChange(paint);
  return made;
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
    }. From ${seconds(startMs, 0.1)} `,
    Number.isNaN(endMs)
      ? "on."
      : `to ${seconds(endMs, 0.1)}, ${(endMs - startMs).toFixed(2)} ms.`,
    ...(error === undefined ? [] : [` Error: ${error}`]),
  ];
}
