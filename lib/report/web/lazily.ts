/**
 * Drawing at the available width; and, where it takes time, only when it's in
 * view: the page of a large run appears at once, and its parts are drawn as the
 * reader scrolls to them.
 *
 * @module
 */
/// <reference lib="dom" />
import { onPrint } from "./printing.ts";
import { onThemeChange, type Theme, theme } from "./theme.ts";

/** Draws at a width, in the colours of now. */
export type DrawAt = (width: number, theme: Theme) => void;

/** The distance below the window at which something is made ready. */
const ahead = "600px";

/** Draws now, and again when the element's width or the colours change. */
export function drawFitting(element: HTMLElement, draw: DrawAt): void {
  let width = 0;
  const redraw = () => {
    if (width > 0) draw(width, theme());
  };
  const fit = () => {
    const room = roomIn(element);
    if (room === width) return;
    width = room;
    redraw();
  };
  new ResizeObserver(fit).observe(element);
  onThemeChange(redraw);
  onPrint(() => {
    width = roomIn(element);
    redraw();
  });
}

function roomIn(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return element.clientWidth - parseFloat(paddingLeft) -
    parseFloat(paddingRight);
}

/** The same, but not before the element is about to be seen, or printed. */
export function drawLazily(element: HTMLElement, draw: DrawAt): void {
  let isAsked = false;
  const begin = () => {
    if (isAsked) return;
    isAsked = true;
    observer.disconnect();
    drawFitting(element, draw);
  };
  const observer = new IntersectionObserver(([entry]) => {
    if (entry?.isIntersecting) begin();
  }, { rootMargin: ahead });
  observer.observe(element);
  onPrint(begin);
}
