/**
 * The part of the run that a diagram shows, and how one moves in it: the same in
 * all diagrams, whichever way time runs in them.
 *
 * - Dragging moves, and so do two fingers; one finger scrolls the page.
 * - The wheel zooms with Ctrl, or where the diagram has the focus; else it
 *   scrolls the page.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-scale"
import { type ScaleLinear, scaleLinear } from "d3-scale";
// @ts-types="@types/d3-selection"
import { select, type Selection } from "d3-selection";
// @ts-types="@types/d3-zoom"
import {
  type D3ZoomEvent,
  zoom,
  type ZoomBehavior,
  zoomIdentity,
} from "d3-zoom";
import { type Span, spanOf } from "./span.ts";

/** The time after which a window that hasn't moved is at rest. */
const restMs = 150;

type ZoomEvent = D3ZoomEvent<HTMLCanvasElement, unknown>;

/** The settings of a window. */
interface Settings {
  startMs: number;
  endMs: number;
  /** Zoomed in as far as possible, so much time fills the diagram. */
  leastMs: number;
  /** The direction in which time runs: to the right or downwards. */
  axis: "x" | "y";
  /** Returns the span that it opens on. */
  first(): Span;
  /** Called when it shows something else, or has come to rest. */
  changed(): void;
  /** Called with what the reader, and nobody else, wants to see. */
  chosen(span: Span, first: boolean): void;
}

/** A window onto the run's time. */
export class TimeWindow {
  /** From milliseconds to pixels. */
  time: ScaleLinear<number, number>;
  #settings: Settings;
  #whole: ScaleLinear<number, number>;
  #zooming: ZoomBehavior<HTMLCanvasElement, unknown>;
  #selection: Selection<HTMLCanvasElement, unknown, null, undefined>;
  #isOpen = false;
  #follows = false;
  /** The span that it's to open on, if somebody has said so. */
  #given?: Span;
  #movedAt = -Infinity;
  #resting?: ReturnType<typeof setTimeout>;

  constructor(canvas: HTMLCanvasElement, settings: Settings) {
    const { startMs, endMs, leastMs } = settings;
    this.#settings = settings;
    this.#whole = scaleLinear()
      .domain([startMs, Math.max(endMs, startMs + leastMs)]);
    this.time = this.#whole.copy();
    this.#zooming = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([1, this.#totalMs / leastMs])
      .filter((event: Event) => isForDiagram(event, canvas))
      .on("start", ({ sourceEvent }: ZoomEvent) => {
        if (sourceEvent) canvas.focus({ preventScroll: true });
      })
      .on("zoom", (event: ZoomEvent) => this.#zoomed(event));
    canvas.style.touchAction = "pan-x pan-y";
    this.#selection = select(canvas).call(this.#zooming);
    // Two clicks are two choices of a moment.
    this.#selection.on("dblclick.zoom", null);
  }

  get span(): Span {
    return spanOf(this.time);
  }

  /** True if it has been moved just now, and so will be again. */
  get isMoving(): boolean {
    return performance.now() - this.#movedAt < restMs;
  }

  /** Takes another size, in which time takes these pixels. */
  fit(
    [begin, end]: readonly [number, number],
    { width, height }: { width: number; height: number },
  ): void {
    const span = this.span;
    const extent: [[number, number], [number, number]] =
      this.#settings.axis === "x"
        ? [[begin, 0], [end, height]]
        : [[0, begin], [width, end]];
    this.#whole.range([begin, end]);
    this.#zooming.extent(extent).translateExtent(extent);
    // That it has another size nobody else need know.
    this.#follows = true;
    if (this.#isOpen) this.#transformTo(span);
    else this.#transformTo(this.#given ?? this.#settings.first());
    this.#follows = false;
    const isFirst = !this.#isOpen && !this.#given;
    this.#isOpen = true;
    if (isFirst) this.#settings.chosen(this.span, true);
  }

  /** Shows a part of the run, or as much of it as there is. */
  show(fromMs: number, toMs: number): void {
    if (this.#isOpen) this.#transformTo([fromMs, toMs]);
    else this.#given = [fromMs, toMs];
  }

  /** Shows what another diagram shows. */
  follow(fromMs: number, toMs: number): void {
    // It may be this one that has moved the other.
    if (this.#follows) return;
    this.#follows = true;
    this.show(fromMs, toMs);
    this.#follows = false;
  }

  showAll(): void {
    this.show(-Infinity, Infinity);
  }

  /** Moves on by so many windows. */
  moveBy(windows: number): void {
    const [from, to] = this.span;
    this.#begin(from + windows * (to - from), to - from);
  }

  /** Zooms in on the middle, or on a moment that is in sight. */
  scaleBy(factor: number, aroundMs?: number): void {
    const [from, to] = this.span;
    const isInSight = aroundMs !== undefined && from < aroundMs &&
      aroundMs < to;
    const around = isInSight ? aroundMs : (from + to) / 2;
    this.#begin(around - (around - from) / factor, (to - from) / factor);
  }

  /** Brings a time into sight, if it isn't. */
  reveal(fromMs: number, toMs = fromMs): void {
    const [from, to] = this.span;
    if (from <= fromMs && toMs <= to) return;
    this.#begin(fromMs - (to - from) / 3, to - from);
  }

  /** Shows a span of a length from a moment on, if there's so much left. */
  #begin(fromMs: number, lengthMs: number): void {
    const [start, end] = spanOf(this.#whole);
    const from = Math.min(Math.max(fromMs, start), end - lengthMs);
    this.show(from, from + lengthMs);
  }

  get #totalMs(): number {
    const [start, end] = spanOf(this.#whole);
    return end - start;
  }

  #transformTo([fromMs, toMs]: Span): void {
    const [start, end] = spanOf(this.#whole);
    const wanted = Math.max(toMs - fromMs, this.#settings.leastMs);
    const length = Math.min(wanted || Infinity, end - start);
    const from = Math.min(Math.max(fromMs, start), end - length);
    const scale = (end - start) / length;
    const [begin = 0] = this.#whole.range();
    const offset = begin - scale * this.#whole(from);
    this.#zooming.transform(
      this.#selection,
      (this.#settings.axis === "x"
        ? zoomIdentity.translate(offset, 0)
        : zoomIdentity.translate(0, offset)).scale(scale),
    );
  }

  #zoomed({ transform }: ZoomEvent): void {
    const { axis, changed, chosen } = this.#settings;
    this.time = axis === "x"
      ? transform.rescaleX(this.#whole)
      : transform.rescaleY(this.#whole);
    if (!this.#follows && this.#isOpen) {
      this.#follows = true;
      chosen(this.span, false);
      this.#follows = false;
    }
    this.#movedAt = performance.now();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(changed, restMs + 1);
    changed();
  }
}

function isForDiagram(event: Event, canvas: HTMLCanvasElement): boolean {
  if (event.type === "wheel") {
    const { ctrlKey, metaKey } = event as WheelEvent;
    return ctrlKey || metaKey || document.activeElement === canvas;
  }
  if (event.type.startsWith("touch")) {
    return (event as TouchEvent).touches.length > 1;
  }
  return !(event as MouseEvent).button;
}
