/**
 * A page of the book in the browser. What judges and what draws is loaded only
 * when a reader wants it.
 *
 * @module
 */
/// <reference lib="dom" />
import { holdsProgram } from "./shared.ts";

const narrow = matchMedia("(max-width: 899px)");
const contents = document.querySelector<HTMLDetailsElement>(
  ".contents details",
);
if (contents) contents.open = !narrow.matches;

// Arrows turn pages, unless something else wants them.
addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey, shiftKey } = event;
  if (ctrlKey || metaKey || altKey || shiftKey) return;
  if (target !== document.body && target !== document.getElementById("text")) {
    return;
  }
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[key];
  document.querySelector<HTMLAnchorElement>(`.turn a[rel="${rel}"]`)?.click();
});

const figures = document.querySelectorAll<HTMLElement>("section.figures");
if (figures.length > 0) {
  const { enliven } = await import("./live.ts");
  for (const place of figures) enliven(place);
}

for (const place of document.querySelectorAll<HTMLElement>(".workshop")) {
  const open = async () => {
    const { openWorkshop } = await import("./workshop.ts");
    start?.remove();
    await openWorkshop(place);
  };
  place.querySelector(".needs")?.remove();
  const start = place.querySelector("button");
  if (start) start.hidden = false;
  start?.addEventListener("click", open, { once: true });
  // A page that is a workshop, or an address that holds a program.
  if (!start || holdsProgram(location.hash)) await open();
  // An address that is given to the open page brings another program.
  addEventListener("hashchange", () => {
    if (holdsProgram(location.hash)) location.reload();
  });
}

// Where the page is a file on a disk, there is nothing to keep.
if (navigator.serviceWorker && location.protocol.startsWith("http")) {
  navigator.serviceWorker.register("sw.js").catch(() => {});
}
document.documentElement.dataset.ready = "";
