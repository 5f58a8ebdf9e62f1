/**
 * A chart with its title, its legend, and a line at the chosen moment. One
 * chooses a moment by a click, or by keys as with a slider.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Scale } from "@observablehq/plot";
import type { Chart } from "./charts.ts";
import { element, onKeys, seconds } from "./dom.ts";
import { drawLazily } from "./lazily.ts";
import type { Theme } from "./theme.ts";

/** A chart on the page. */
export interface Figure {
  element: HTMLElement;
  showTime(ms: number): void;
}

/** A figure's behaviour beside being drawn. */
interface Settings {
  /** A label for readers who can't see it. */
  label: string;
  endMs: number;
  /** The distance that a key goes. */
  stepMs: number;
  onChoose(ms: number): void;
  /** Describes a moment in words. */
  describe?(ms: number): string | undefined;
}

/** Makes the figure of a chart. */
export function figure(chart: Chart, settings: Settings): Figure {
  const { label, endMs, describe } = settings;
  const keys = element("span", { className: "legend" });
  const cursor = element("div", { className: "cursor", hidden: true });
  const box = element("div", {
    className: "plot",
    tabIndex: 0,
    role: "slider",
    ariaLabel: `${label} Left and right choose a moment.`,
    ariaValueMin: "0",
    ariaValueMax: String(endMs / 1000),
    ariaValueNow: "0",
  });
  box.style.minHeight = `${chart.height}px`;
  const note = element("p", { className: "note" });
  note.textContent = "Click, or press ← and →, to choose a moment.";
  let shownMs: number | undefined;
  let x: Scale | undefined;
  const showCursor = () => {
    if (shownMs === undefined || x === undefined) return;
    cursor.hidden = false;
    cursor.style.left = `${x.apply(shownMs / 1000)}px`;
  };
  drawLazily(box, (width, theme) => {
    const plot = chart.make({ width, theme });
    plot.setAttribute("aria-hidden", "true");
    x = plot.scale("x");
    keys.replaceChildren(...legendOf(chart, theme));
    box.replaceChildren(plot, cursor);
    showCursor();
  });
  letChoose(box, note, settings, { x: () => x, shownMs: () => shownMs });
  const { title, about } = chart;
  return {
    element: element(
      "figure",
      {},
      element(
        "figcaption",
        {},
        element("strong", {}, title),
        " ",
        keys,
        element("p", { className: "about" }, about),
      ),
      box,
      ...(describe ? [note] : []),
    ),
    showTime(ms) {
      shownMs = Math.min(ms, endMs);
      box.ariaValueNow = String(shownMs / 1000);
      box.ariaValueText = seconds(shownMs);
      showCursor();
    },
  };
}

function legendOf({ legend }: Chart, theme: Theme): HTMLElement[] {
  return legend(theme).map(([colour, text]) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = colour;
    return element("span", {}, swatch, ` ${text}`);
  });
}

/** Lets one choose a moment in a box. */
function letChoose(
  box: HTMLElement,
  note: HTMLElement,
  { endMs, stepMs, onChoose, describe }: Settings,
  now: { x(): Scale | undefined; shownMs(): number | undefined },
): void {
  const momentAt = (event: PointerEvent | MouseEvent) => {
    const x = now.x();
    if (x === undefined) return undefined;
    const at = event.clientX - box.getBoundingClientRect().left;
    const [from, to] = x.domain as [number, number];
    return Math.max(from, Math.min(to, x.invert!(at))) * 1000;
  };
  const say = (ms: number | undefined) => {
    note.textContent = ms === undefined ? "" : describe?.(ms) ?? "";
  };
  box.addEventListener("click", (event) => {
    const ms = momentAt(event);
    if (ms !== undefined) onChoose(ms);
  });
  box.addEventListener("pointermove", (event) => say(momentAt(event)));
  const choose = (ms: number) => {
    const within = Math.max(0, Math.min(endMs, ms));
    say(within);
    onChoose(within);
  };
  onKeys(box, {
    ArrowRight: () => choose((now.shownMs() ?? 0) + stepMs),
    ArrowLeft: () => choose((now.shownMs() ?? 0) - stepMs),
    Home: () => choose(0),
    End: () => choose(endMs),
  });
}
