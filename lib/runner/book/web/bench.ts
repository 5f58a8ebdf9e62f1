/**
 * The parts that tables and the workshop share, where runs are judged and shown.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../../../report/page/data.ts";
import { leftOutText } from "../../../report/page/fit.ts";
import { element } from "../../../report/web/dom.ts";

/** The views of a run that the book shows. */
const shown = ["What went wrong", "Space-time diagram", "Replay"];

/** Draws a run, with code that is loaded for the first of them. */
export async function drawRun(
  place: HTMLElement,
  data: PageData,
): Promise<void> {
  const left = leftOutText(data);
  const { sections, showViews } = await import("../../../report/web/views.ts");
  await showViews(place, [data], {
    parts: sections.filter(({ title }) => shown.includes(title)),
  });
  if (left === undefined) return;
  place.prepend(element("p", { className: "about" }, `Not shown: ${left}.`));
}

/** Reads a seed; what can't be one is 1. */
export function seedIn({ value }: HTMLInputElement): number {
  return Math.max(1, Number(value) || 1);
}
