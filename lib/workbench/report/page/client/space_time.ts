/**
 * The space-time diagram: a vertical line for each party, time running
 * downwards, and an arrow for each message.
 *
 * There may be 200,000 of them. Only those in sight are drawn, and of too many
 * only some; the line below says which part. While it moves, it's fewer yet.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import { scaleLinear, scalePoint } from "d3-scale";
// @ts-types="@types/d3-selection"
import { select } from "d3-selection";
// @ts-types="@types/d3-zoom"
import { type D3ZoomEvent, zoom, zoomIdentity } from "d3-zoom";
import type { PageData } from "../data.ts";
import { button, element, onKeys, plural, seconds } from "./dom.ts";
import { colourOf, familiesOf, familyOf } from "./families.ts";
import { describeFault } from "../faults.ts";
import { swatch } from "./legend.ts";
import { cutShort, MessageIndex } from "./message_index.ts";
import { messageTip } from "./message_tip.ts";
import { minimap } from "./minimap.ts";
import {
  type Arrow,
  drawArrows,
  drawChosen,
  drawCross,
  drawFaultNames,
  drawFaults,
  drawLanes,
  drawNames,
  drawTimes,
  margin,
  type Scene,
} from "./space_time_drawing.ts";
import { surface } from "./surface.ts";
import type { Theme } from "./theme.ts";
import type { Page, View } from "./view.ts";

/** What all clients together are called. */
const clients = "clients";

/** How many messages are drawn at most: at rest, and while it moves. */
const mostAtRest = 6000;
const mostInMotion = 2000;

/** How long it must not have moved to be at rest. */
const restMs = 150;

/** With more messages than this, the diagram opens on a part of the run. */
const mostAtFirst = 400;

/** Zoomed in as far as possible, so much time fills the diagram. */
const leastSpanMs = 0.05;

/** How near to a message one has to point, in pixels. */
const reach = 8;

/** Makes the diagram, if messages are known. */
export function spaceTime(data: PageData, page: Page): View | undefined {
  const { messages, nodes, services, faults, endMs } = data;
  const count = messages.sentMs.length;
  if (count === 0) return withoutMessages(data);

  const index = new MessageIndex(data);
  const families = familiesOf(messages);
  const familyOfType = messages.types.map(familyOf);
  const hidden = new Set<string>();
  // Lines to the clients cross all others: with many nodes that's too much.
  let showsClients = nodes.length <= 5;

  const startMs = Math.min(0, messages.sentMs[0]);
  const lanes = scalePoint<string>().padding(0.5);
  const whole = scaleLinear().domain([startMs, endMs]);
  let time = whole.copy();
  let chosenMs: number | undefined;
  let chosenRow: number | undefined;
  let movedAt = -Infinity;
  let resting: ReturnType<typeof setTimeout> | undefined;

  const diagram = surface({
    label: `Space-time diagram of ${
      plural(count, "message")
    }. Arrow up and down move through time, plus and minus zoom, left and right go from message to message, Enter chooses the moment.`,
    draw,
    resized,
  });
  const { canvas } = diagram;
  const tip = messageTip(data, index);
  const note = element("p", { className: "note" });
  const spoken = element("p", { className: "note", ariaLive: "polite" });
  const map = minimap(data, { startMs, endMs }, (ms) => {
    const [from, to] = time.domain();
    showSpan(ms - (to - from) / 2, to - from);
  });
  diagram.box.append(tip.element);

  const zooming = zoom<HTMLCanvasElement, unknown>()
    .scaleExtent([1, (endMs - startMs) / leastSpanMs])
    // Who scrolls the page over the diagram wants to scroll the page, unless
    // it's the diagram they are at.
    .filter((event: Event) =>
      event.type === "wheel"
        ? (event as WheelEvent).ctrlKey || document.activeElement === canvas
        : !(event as MouseEvent).button
    )
    .on("start", (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
      if (event.sourceEvent) canvas.focus({ preventScroll: true });
    })
    .on("zoom", ({ transform }: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
      time = transform.rescaleY(whole);
      tellSpan();
      movedAt = performance.now();
      clearTimeout(resting);
      resting = setTimeout(diagram.redraw, restMs + 1);
      diagram.redraw();
    });
  const selection = select(canvas).call(zooming);

  /** Shows so much time from a moment on. */
  function showSpan(fromMs: number, spanMs: number) {
    const span = Math.min(Math.max(spanMs, leastSpanMs), endMs - startMs);
    const from = Math.min(Math.max(fromMs, startMs), endMs - span);
    const scale = (endMs - startMs) / span;
    const [top] = whole.range();
    zooming.transform(
      selection,
      zoomIdentity.translate(0, top - scale * whole(from)).scale(scale),
    );
  }

  let follows = false;
  /** Tells the other diagram, unless it's the one that has moved. */
  function tellSpan() {
    if (!follows && opened) {
      const [from, to] = time.domain();
      follows = true;
      page.showSpan(from, to);
      follows = false;
    }
  }

  function moveBy(part: number) {
    const [from, to] = time.domain();
    showSpan(from + part * (to - from), to - from);
  }

  function scaleBy(factor: number) {
    const [from, to] = time.domain();
    const span = (to - from) / factor;
    showSpan((from + to) / 2 - span / 2, span);
  }

  /** Brings a moment into sight, if it isn't. */
  function reveal(ms: number) {
    const [from, to] = time.domain();
    if (ms < from || ms > to) showSpan(ms - (to - from) / 3, to - from);
  }

  let opened = false;
  /** What the other diagram shows, while this one isn't there yet. */
  let given: { fromMs: number; toMs: number } | undefined;
  function resized() {
    const { width, height } = diagram;
    const [from, to] = time.domain();
    whole.range([margin.top, height - margin.bottom]);
    lanes.range([margin.left, width - margin.right]);
    zooming.extent([[0, margin.top], [width, height - margin.bottom]])
      .translateExtent([[0, margin.top], [width, height - margin.bottom]]);
    if (opened) showSpan(from, to - from);
    else if (given) showSpan(given.fromMs, given.toMs - given.fromMs);
    else showFirst();
    opened = true;
    if (!given) tellSpan();
  }

  /** Opens on the whole run, or where the first fault begins. */
  function showFirst() {
    const firstMs = data.anomaly?.momentMs ?? faults[0]?.startMs ?? 0;
    const { count } = index.between(startMs, endMs);
    const spanMs = (endMs - startMs) * Math.min(1, mostAtFirst / count);
    if (spanMs >= (endMs - startMs) / 2) showSpan(startMs, Infinity);
    else showSpan(Math.max(0, firstMs - spanMs / 4), spanMs);
  }

  function refilter() {
    lanes.domain([
      ...(showsClients ? [clients] : []),
      ...nodes,
      ...services,
    ]);
    index.filter((row) =>
      !hidden.has(familyOfType[messages.type[row]]) &&
      (showsClients || !index.isClients(row))
    );
    choose(undefined);
    diagram.redraw();
  }

  function laneOf(party: number): number {
    return lanes(index.isClient[party] ? clients : messages.parties[party])!;
  }

  /** A message's ends on the screen; a lost one's arrow is cut short. */
  function arrowOf(row: number): Arrow {
    const from = laneOf(messages.src[row]);
    const to = laneOf(messages.dest[row]);
    return [
      from,
      time(messages.sentMs[row]),
      index.isLost(row) ? from + cutShort * (to - from) : to,
      time(index.endMs(row)),
    ];
  }

  function draw(
    context: CanvasRenderingContext2D,
    theme: Theme,
    { width, height }: { width: number; height: number },
  ) {
    const [fromMs, toMs] = time.domain();
    const moves = performance.now() - movedAt < restMs;
    const { rows, count, every } = index.between(
      fromMs,
      toMs,
      moves ? mostInMotion : mostAtRest,
    );
    const scene: Scene = { context, theme, width, height, time, lanes };
    context.save();
    context.beginPath();
    context.rect(0, margin.top, width, height - margin.top);
    context.clip();
    drawTimes(scene);
    drawFaults(scene, faults);
    drawLanes(scene, (name) => nodes.includes(name));
    const byColour = Map.groupBy(
      rows,
      (row) => colourOf(familyOfType[messages.type[row]], theme),
    );
    for (const [colour, own] of byColour) {
      const arrows = own
        .map((row) => ({ arrow: arrowOf(row), lost: index.isLost(row) }));
      drawArrows(scene, colour, arrows, rows.length);
    }
    for (const row of rows) {
      if (index.isLost(row)) drawCross(scene, arrowOf(row));
    }
    drawFaultNames(scene, faults, (fault) => describeFault(fault, nodes));
    if (chosenMs !== undefined) {
      context.fillStyle = theme.accent;
      context.fillRect(margin.left, time(chosenMs) - 1, width, 2);
    }
    if (chosenRow !== undefined) drawChosen(scene, arrowOf(chosenRow));
    context.restore();
    drawNames(scene);
    map.show(fromMs, toMs);
    const shown = every === 1
      ? plural(count, "message")
      : `one in ${every} of ${plural(count, "message")}`;
    const stepMs = (toMs - fromMs) / 100;
    const text = `From ${seconds(fromMs, stepMs)} to ${
      seconds(toMs, stepMs)
    }: ${shown}.`;
    if (!moves && note.textContent !== text) note.textContent = text;
  }

  function nearest(x: number, y: number): number | undefined {
    const { rows } = index.between(
      time.invert(y - reach),
      time.invert(y + reach),
    );
    const [fromMs, toMs] = time.domain();
    const { every } = index.between(fromMs, toMs, mostAtRest);
    let best: number | undefined;
    let least = reach;
    for (const row of rows) {
      if (every > 1 && !index.isDrawn(row, every)) continue;
      const distance = distanceTo(arrowOf(row), x, y);
      if (distance >= least) continue;
      least = distance;
      best = row;
    }
    return best;
  }

  function choose(row: number | undefined, aloud = false) {
    if (row === chosenRow && !aloud) return;
    chosenRow = row;
    if (row === undefined) tip.hide();
    else {
      const [x1, y1, x2, y2] = arrowOf(row);
      const words = tip.show(row, (x1 + x2) / 2, (y1 + y2) / 2, diagram);
      if (aloud) spoken.textContent = words;
    }
    diagram.redraw();
  }

  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons === 0) choose(nearest(event.offsetX, event.offsetY));
  });
  canvas.addEventListener("pointerleave", () => choose(undefined));
  canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    choose(nearest(offsetX, offsetY));
    page.showTime(clamp(time.invert(offsetY)));
  });
  const clamp = (ms: number) => Math.min(Math.max(ms, startMs), endMs);

  function chooseNext(direction: 1 | -1) {
    const [from, to] = time.domain();
    const row = chosenRow === undefined
      ? index.step(chosenMs ?? from, direction)
      : index.neighbour(chosenRow, direction);
    if (row === undefined) return;
    const sentMs = messages.sentMs[row];
    if (sentMs < from || index.endMs(row) > to) {
      showSpan(sentMs - (to - from) / 3, to - from);
    }
    choose(row, true);
  }

  onKeys(canvas, {
    ArrowUp: () => moveBy(-0.1),
    ArrowDown: () => moveBy(0.1),
    PageUp: () => moveBy(-0.9),
    PageDown: () => moveBy(0.9),
    Home: () => moveBy(-Infinity),
    End: () => moveBy(Infinity),
    "+": () => scaleBy(1.5),
    "=": () => scaleBy(1.5),
    "-": () => scaleBy(1 / 1.5),
    "0": () => showSpan(startMs, Infinity),
    ArrowLeft: () => chooseNext(-1),
    ArrowRight: () => chooseNext(1),
    Escape: () => choose(undefined),
    Enter: () => {
      const [from, to] = time.domain();
      page.showTime(
        chosenRow === undefined ? (from + to) / 2 : messages.sentMs[chosenRow],
      );
    },
  });

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
  const legend = families.map(({ name, count }) => {
    return toggle(
      true,
      (checked) => checked ? hidden.delete(name) : hidden.add(name),
      swatch((theme) => colourOf(name, theme)),
      `${name} (${count.toLocaleString("en")})`,
    );
  });
  refilter();

  return {
    element: element(
      "div",
      { className: "space-time" },
      element(
        "div",
        { className: "controls" },
        button("Zoom in", "+", () => scaleBy(2)),
        button("Zoom out", "−", () => scaleBy(0.5)),
        button(
          "Show the whole run",
          "whole run",
          () => showSpan(startMs, Infinity),
        ),
        toggle(showsClients, (checked) => showsClients = checked, clients),
        ...legend,
      ),
      element("div", { className: "beside" }, diagram.box, map.element),
      note,
      element(
        "p",
        { className: "note" },
        "Drag to move; click into it to zoom with the wheel and choose a moment. Keys: ↑ ↓ + − 0, and ← → from message to message.",
      ),
      spoken,
    ),
    onTime(ms) {
      chosenMs = ms;
      reveal(ms);
      diagram.redraw();
    },
    onSpan(fromMs, toMs) {
      if (follows) return;
      if (!opened) {
        given = { fromMs, toMs };
        return;
      }
      follows = true;
      showSpan(fromMs, toMs - fromMs);
      follows = false;
    },
  };
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

/** How far a point is from a line between two others. */
function distanceTo(
  [x1, y1, x2, y2]: Arrow,
  x: number,
  y: number,
): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = Math.max(
    0,
    Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)),
  );
  return Math.hypot(x1 + along * dx - x, y1 + along * dy - y);
}
