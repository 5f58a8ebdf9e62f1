/**
 * The page in the browser: unpacks the data, and shows the views of one run, or
 * those of two side by side.
 *
 * @module
 */
/// <reference lib="dom" />
import { decode } from "./decode.ts";
import { completeHeader } from "./header.ts";
import { fragmentOf, momentOf } from "./moment.ts";
import { showViews } from "./views.ts";

/** The time after which a chosen moment is at rest. */
const restMs = 300;
let noting: ReturnType<typeof setTimeout> | undefined;

const texts = document.querySelectorAll("script.data");
const runs = await Promise.all(
  Array.from(texts, ({ textContent }) => decode(textContent)),
);
completeHeader(runs);
const { goTo } = await showViews(document.getElementById("views")!, runs, {
  onTime: noteMoment,
});
// By the time that it's heard of, the last moment may have been noted in its place.
addEventListener("hashchange", ({ newURL }) => goToAddress(newURL));
goToAddress(location.href);
document.documentElement.dataset.ready = "";

/** Goes to the moment that an address of the page names. */
function goToAddress(url: string): void {
  const ms = momentOf(new URL(url).hash);
  if (ms !== undefined) goTo(ms);
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
