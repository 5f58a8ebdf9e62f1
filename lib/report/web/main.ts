/**
 * The page in the browser: unpacks the data, and puts together the views of one
 * run, or those of two side by side with one time for both.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import { anomaly } from "./anomaly.ts";
import { decode } from "./decode.ts";
import { element } from "./dom.ts";
import { Colours } from "./families.ts";
import { completeHeader } from "./header.ts";
import { fragmentOf, momentOf } from "./moment.ts";
import { plots } from "./plots.ts";
import { replay } from "./replay.ts";
import { spaceTime } from "./space_time.ts";
import { timeline } from "./timeline.ts";
import type { MakeView, Page, View } from "./view.ts";

/** The time that fills the diagrams when a link leads to a moment. */
const closeUpMs = 40;

/** The time after which a chosen moment is at rest. */
const restMs = 300;
let noting: ReturnType<typeof setTimeout> | undefined;

/** A part of the page, for each run. */
interface Section {
  title: string;
  about: string;
  make: MakeView;
  /** The words for a run that has none, while the other has one. */
  otherwise?(run: PageData): string;
}

const sections: readonly Section[] = [
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
      "A line for each node, time runs downwards, and an arrow for each message. Arrows that end in a cross were lost.",
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

const place = document.getElementById("views")!;
const texts = document.querySelectorAll("script.data");
const runs = await Promise.all(
  Array.from(texts, ({ textContent }) => decode(textContent)),
);
const views: View[] = [];
const endMs = Math.max(...runs.map(({ endMs }) => endMs));
const page: Page = {
  showTime(ms) {
    for (const view of views) view.onTime?.(ms);
    noteMoment(ms);
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

completeHeader(runs);
place.replaceChildren();
for (const section of sections) {
  views.push(...show(section));
  performance.mark("usable");
  // What is there can be used while the rest is made.
  await new Promise((resolve) => setTimeout(resolve));
}
addEventListener("hashchange", goToAddress);
goToAddress();
document.documentElement.dataset.ready = "";

/** Puts a part of the page in its place, for each run; gives back its views. */
function show({ title, about, make, otherwise }: Section): View[] {
  const made = runs.map((run) => ({ run, view: makeSafely(make, run) }));
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

/** Goes to the moment that the page's address names. */
function goToAddress(): void {
  const ms = momentOf(location.hash);
  if (ms !== undefined) page.goTo(Math.min(ms, endMs));
}

/** Puts a moment into the address, once time has come to rest. */
function noteMoment(ms: number): void {
  clearTimeout(noting);
  noting = setTimeout(() => {
    try {
      history.replaceState(null, "", fragmentOf(ms));
    } catch {
      // Not every browser lets a page from disk, or one in a sandbox.
    }
  }, restMs);
}

/** One view that fails must not take the others with it. */
function makeSafely(make: MakeView, run: PageData): View | undefined {
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
