/**
 * A legend of colours.
 *
 * @module
 */
/// <reference lib="dom" />
import { element } from "./dom.ts";
import { onPrint } from "./printing.ts";
import { onThemeChange, type Theme, theme } from "./theme.ts";

/** A sample of a colour, which changes with the theme. */
export function swatch(
  colour: (theme: Theme) => string,
  shape: "line" | "disc" | "ring" | "square" = "line",
): HTMLElement {
  const sample = element("span", { className: `swatch ${shape}` });
  const paint = () => sample.style.color = colour(theme());
  paint();
  onThemeChange(paint);
  onPrint(paint);
  return sample;
}
