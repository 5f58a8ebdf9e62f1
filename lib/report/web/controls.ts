/**
 * The controls that all views share, and that look, are called and are used the
 * same in each: zoom, a step to the next thing, the chosen moment with a link
 * to it; and their keys.
 *
 * @module
 */
/// <reference lib="dom" />
import { copyButton } from "./copy.ts";
import { button, element, timeOf } from "./dom.ts";
import type { Page } from "./view.ts";

/** Zooms by a key or a click. */
export const zoomFactor = 2;

/** A drawing that can be zoomed. */
interface Zoomable {
  scaleBy(factor: number): void;
  showAll(): void;
}

/** Buttons that zoom. */
export function zoomControls(zoomable: Zoomable): HTMLElement {
  return element(
    "span",
    { className: "group" },
    button("Zoom out", "−", () => zoomable.scaleBy(1 / zoomFactor)),
    button("Zoom in", "+", () => zoomable.scaleBy(zoomFactor)),
    button("Show the whole run", "whole run", () => zoomable.showAll()),
  );
}

/** The keys that do the same. */
export function zoomKeys(
  zoomable: Zoomable,
): { [key: string]: () => void } {
  const zoomIn = () => zoomable.scaleBy(zoomFactor);
  return {
    "+": zoomIn,
    "=": zoomIn,
    "-": () => zoomable.scaleBy(1 / zoomFactor),
    "0": () => zoomable.showAll(),
  };
}

/** Buttons that go to the next thing and back: a message, an operation. */
export function stepControls(
  thing: string,
  step: (direction: 1 | -1) => void,
): HTMLElement {
  return element(
    "span",
    { className: "group" },
    thing,
    button(`Previous ${thing}`, "‹", () => step(-1)),
    button(`Next ${thing}`, "›", () => step(1)),
  );
}

/** The chosen moment. */
export interface MomentControls {
  element: HTMLElement;
  show(ms: number): void;
}

/** The chosen moment, and a button that copies a link to it. */
export function momentControls(page: Page): MomentControls {
  let shownMs: number | undefined;
  const text = element("span", { className: "moment" });
  const group = element(
    "span",
    { className: "group", hidden: true },
    text,
    copyButton("Copy link", () => page.linkTo(shownMs!)),
  );
  return {
    element: group,
    show(ms) {
      shownMs = ms;
      group.hidden = false;
      text.textContent = `at ${timeOf(ms)}`;
    },
  };
}
