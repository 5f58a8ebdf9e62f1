/**
 * A canvas that fills its box, is as sharp as the screen, can have the focus,
 * and is drawn once per frame at most.
 *
 * @module
 */
/// <reference lib="dom" />
import { element } from "./dom.ts";
import { onPrint } from "./printing.ts";
import { onThemeChange, type Theme, theme } from "./theme.ts";

/** A canvas in its box. Lengths are CSS pixels. */
export interface Surface {
  box: HTMLDivElement;
  canvas: HTMLCanvasElement;
  width: number;
  height: number;
  /** Has it drawn with the next frame. */
  redraw(): void;
}

/** A function that draws: on an empty canvas, in the colours of now. */
export type Draw = (
  context: CanvasRenderingContext2D,
  theme: Theme,
  size: { width: number; height: number },
) => void;

/**
 * Makes a canvas.
 *
 * @param settings `label` is its name for readers who can't see it; `resized`
 * is called before it's drawn in a new size.
 */
export function surface(
  { label, draw, resized }: {
    label: string;
    draw: Draw;
    resized?(): void;
  },
): Surface {
  const canvas = element("canvas", {
    tabIndex: 0,
    role: "img",
    ariaLabel: label,
  });
  const context = canvas.getContext("2d")!;
  let requested = false;
  const paint = () => {
    requested = false;
    if (made.width === 0) return;
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, made.width, made.height);
    draw(context, theme(), made);
  };
  const made: Surface = {
    box: element("div", { className: "canvas" }, canvas),
    canvas,
    width: 0,
    height: 0,
    redraw() {
      if (requested) return;
      requested = true;
      requestAnimationFrame(paint);
    },
  };
  const fit = () => {
    made.width = made.box.clientWidth;
    made.height = made.box.clientHeight;
    canvas.width = Math.round(made.width * devicePixelRatio);
    canvas.height = Math.round(made.height * devicePixelRatio);
    if (made.width > 0) resized?.();
    paint();
  };
  new ResizeObserver(fit).observe(made.box);
  onThemeChange(made.redraw);
  onPrint(fit);
  return made;
}
