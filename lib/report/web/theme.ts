/**
 * The colours of style.css, for what is drawn on a canvas or by a library.
 *
 * @module
 */
/// <reference lib="dom" />
import { isPrinting } from "./printing.ts";

/** The colours and fonts of the page. All are CSS colours. */
export interface Theme {
  dark: boolean;
  /** The page. */
  background: string;
  /** The colour of what lies raised on it. */
  surface: string;
  text: string;
  /** Text that is less important, and still has enough contrast. */
  muted: string;
  /** Axes and frames. */
  line: string;
  /** Lines behind everything. */
  grid: string;
  /** Links, focus, the chosen moment. */
  accent: string;
  /** The colours of operations' outcomes. */
  ok: string;
  fail: string;
  info: string;
  /** Behind everything, for as long as a fault lasts. */
  faultBand: string;
  /** A fault's label, and the links that it cuts. */
  fault: string;
  /** Nodes that know nothing, and nodes that know all. */
  unknown: string;
  known: string;
  /** For categories, told apart by the colour-blind too. */
  palette: readonly string[];
  /** The font's family, as canvas and SVG want it: `12px ${font}`. */
  font: string;
}

const darkness = matchMedia("(prefers-color-scheme: dark)");

const themes = new Map<boolean, Theme>();

/** The colours of now. */
export function theme(): Theme {
  const dark = darkness.matches && !isPrinting();
  let current = themes.get(dark);
  if (current === undefined) themes.set(dark, current = readTheme(dark));
  return current;
}

/** Calls back when the reader changes between light and dark. */
export function onThemeChange(redraw: () => void): void {
  darkness.addEventListener("change", redraw);
}

function readTheme(dark: boolean): Theme {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    dark,
    background: read("background"),
    surface: read("surface"),
    text: read("text"),
    muted: read("muted"),
    line: read("line"),
    grid: read("grid"),
    accent: read("accent"),
    ok: read("ok"),
    fail: read("fail"),
    info: read("info"),
    faultBand: read("fault-band"),
    fault: read("fault"),
    unknown: read("unknown"),
    known: read("known"),
    palette: read("palette").split(" "),
    font: read("font"),
  };
}
