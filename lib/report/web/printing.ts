/**
 * The drawings, drawn anew for paper: at the width of a page, in light colours,
 * and all of it, also what nobody has scrolled to yet. Browsers print what is
 * there when they have told so; they don't wait for anything.
 *
 * @module
 */
/// <reference lib="dom" />

const drawings = new Set<() => void>();

/**
 * Draws before and after the page is printed.
 *
 * @param draw has to measure its room, and to be done when it returns.
 */
export function onPrint(draw: () => void): void {
  drawings.add(draw);
}

/** Tells whether the page is about to be printed. */
export function isPrinting(): boolean {
  return document.documentElement.classList.contains("printing");
}

/** The parts that are closed on the page, and are to be read on paper. */
let opened: HTMLDetailsElement[] = [];

addEventListener("beforeprint", () => {
  document.documentElement.classList.add("printing");
  opened = [...document.querySelectorAll("details")]
    .filter(({ open }) => !open);
  for (const each of opened) each.open = true;
  for (const draw of drawings) draw();
});

addEventListener("afterprint", () => {
  document.documentElement.classList.remove("printing");
  for (const each of opened) each.open = false;
  for (const draw of drawings) draw();
});
