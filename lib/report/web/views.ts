/**
 * The views of one run, or of two side by side, with one time for both.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import { anomaly } from "./anomaly.ts";
import { element } from "./dom.ts";
import { Colours } from "./families.ts";
import { fragmentOf } from "./moment.ts";
import { plots } from "./plots.ts";
import { replay } from "./replay.ts";
import { spaceTime } from "./space_time.ts";
import { timeline } from "./timeline.ts";
import type { MakeView, Page, View } from "./view.ts";

/** The time that fills the diagrams when a link leads to a moment. */
const closeUpMs = 40;

/** A part of the page, for each run. */
export interface Section {
  title: string;
  about: string;
  make: MakeView;
  /** The words for a run that has none, while the other has one. */
  otherwise?(run: PageData): string;
}

/** All parts, in their order. */
export const sections: readonly Section[] = [
  {
    title: "What went wrong",
    about: "The part of the run that the verdict is about.",
    make: anomaly,
    otherwise: ({ record: { pass } }) =>
      pass ? "Nothing went wrong." : "There is nothing to draw of it.",
  },
  {
    title: "Latency, rate and availability",
    about: "How long operations took, how many there were, and how they ended.",
    make: plots,
  },
  {
    title: "Space-time diagram",
    about:
      "A line for each node, time runs downwards, and an arrow for each message. Arrows that end in a cross never arrived: they were lost, or still on their way when the run ended.",
    make: spaceTime,
  },
  {
    title: "Replay",
    about:
      "Messages travel between the nodes. Choose a moment, or let time run as fast or as slowly as you like.",
    make: replay,
    otherwise: () => "The messages of this run aren't known.",
  },
  {
    title: "Timeline",
    about: "What each client did, and when.",
    make: timeline,
  },
];

/** The way to all views. */
export interface Views {
  /** Takes the reader to a moment, as far as there are runs. */
  goTo(ms: number): void;
}

/**
 * Puts the views of runs in their place, one part after the other, so that what
 * is there can be used while the rest is made.
 *
 * @param settings `parts` are those that are shown; `onTime` is called with each
 * moment that is chosen.
 */
export async function showViews(
  place: HTMLElement,
  runs: readonly PageData[],
  { parts = sections, onTime }: {
    parts?: readonly Section[];
    onTime?: (ms: number) => void;
  } = {},
): Promise<Views> {
  const views: View[] = [];
  const endMs = Math.max(...runs.map(({ endMs }) => endMs));
  const page: Page = {
    showTime(ms) {
      for (const view of views) view.onTime?.(ms);
      onTime?.(ms);
    },
    showSpan(fromMs, toMs, first = false) {
      for (const view of views) view.onSpan?.(fromMs, toMs, first);
    },
    goTo(ms) {
      page.showSpan(ms - closeUpMs / 2, ms + closeUpMs / 2);
      page.showTime(ms);
      views.find(({ showsDetail }) => showsDetail)?.element.closest("section")
        ?.scrollIntoView({ block: "start" });
    },
    linkTo: (ms) => location.href.replace(/#.*$|$/, fragmentOf(ms)),
    colours: new Colours(runs),
  };
  place.replaceChildren();
  for (const part of parts) {
    views.push(...show(part, { place, runs, page }));
    performance.mark("usable");
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { goTo: (ms) => page.goTo(Math.min(ms, endMs)) };
}

/** Puts a part of the page in its place, for each run; gives back its views. */
function show(
  { title, about, make, otherwise }: Section,
  { place, runs, page }: {
    place: HTMLElement;
    runs: readonly PageData[];
    page: Page;
  },
): View[] {
  const made = runs.map((run) => ({ run, view: makeSafely(make, run, page) }));
  if (made.every(({ view }) => view === undefined)) return [];
  const cells = made.map(({ run, view }) =>
    element(
      "div",
      { className: "view" },
      ...(runs.length > 1 ? [element("h3", {}, captionOf(run))] : []),
      view?.element ??
        element(
          "p",
          { className: "about" },
          otherwise?.(run) ?? "Nothing to show.",
        ),
    )
  );
  place.append(element(
    "section",
    {},
    element("h2", {}, title),
    element("p", { className: "about" }, about),
    element("div", { className: "cells" }, ...cells),
  ));
  return made.flatMap(({ view }) => view ?? []);
}

/** One view that fails must not take the others with it. */
function makeSafely(
  make: MakeView,
  run: PageData,
  page: Page,
): View | undefined {
  try {
    return make(run, page);
  } catch (error) {
    console.error(error);
    return {
      element: element(
        "p",
        { className: "about" },
        `This could not be drawn: ${error}`,
      ),
    };
  }
}

/** Names what tells two runs apart. */
function captionOf(
  { title, record: { bin, args = [], seed } }: PageData,
): string {
  const which = seed === undefined ? "on Maelstrom" : `seed ${seed}`;
  const node = bin === undefined ? args : [bin, ...args];
  return `${[title, ...node].join(" ")}, ${which}`;
}
