/**
 * The nodes' log lines of the time that a diagram shows, beside it.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PageData } from "../page/data.ts";
import { element, plural, timeOf } from "./dom.ts";

/** The lines beside a diagram. */
export interface LogLines {
  element: HTMLElement;
  /** Shows those of a part of the run, and marks those nearest to a moment. */
  show(fromMs: number, toMs: number, chosenMs: number | undefined): void;
}

/** The most lines that are shown at once. */
const mostLines = 150;

/** Makes the list; `go` is called with a line's moment if one chooses it. */
export function logLines(
  { logs: { lines, leftOut }, mishaps }: PageData,
  go: (ms: number) => void,
): LogLines | undefined {
  const all = [
    ...lines.map((line) => ({ ...line, wrong: false })),
    ...mishaps.map((mishap) => ({ ...mishap, wrong: true })),
  ].sort((a, b) => a.ms - b.ms);
  if (all.length === 0) return undefined;
  const list = element("ol", { tabIndex: 0 });
  list.setAttribute("aria-label", "Log lines of the time that is shown");
  const note = element("p", { className: "note" });
  let shown = "";
  return {
    element: element(
      "aside",
      { className: "log-lines" },
      element("h3", {}, "Node logs"),
      list,
      note,
    ),
    show(fromMs, toMs, chosenMs) {
      const inSight = all.filter(({ ms }) => fromMs <= ms && ms <= toMs);
      const kept = nearest(inSight, chosenMs ?? fromMs);
      const key = JSON.stringify([kept[0]?.ms, kept.length, chosenMs]);
      if (key === shown) return;
      shown = key;
      const step = (toMs - fromMs) / 1000;
      list.replaceChildren(...kept.map((line) =>
        element(
          "li",
          { className: line.wrong ? "wrong" : "" },
          element("button", {
            type: "button",
            onclick: () => go(Math.max(0, line.ms)),
          }, timeOf(line.ms, Math.min(1, step))),
          element("strong", {}, line.node),
          element("span", { className: "mono" }, line.text),
        )
      ));
      note.textContent = [
        inSight.length === 0
          ? "The nodes logged nothing in the time that is shown."
          : kept.length < inSight.length
          ? `${kept.length} of ${
            plural(inSight.length, "line")
          } of the time that is shown: zoom in to see the others.`
          : "",
        leftOut > 0
          ? `${
            plural(leftOut, "line")
          } had no room on this page: see the node logs' files.`
          : "",
      ].filter(Boolean).join(" ");
      const next = kept.findIndex(({ ms }) => ms >= (chosenMs ?? fromMs));
      const line = list.children[next];
      if (line) list.scrollTop = (line as HTMLElement).offsetTop - 40;
    },
  };
}

/** Of too many lines those around a moment. */
function nearest<T extends { ms: number }>(
  lines: readonly T[],
  aroundMs: number,
): readonly T[] {
  if (lines.length <= mostLines) return lines;
  const next = lines.findIndex(({ ms }) => ms >= aroundMs);
  const middle = next < 0 ? lines.length : next;
  const begin = Math.min(
    Math.max(0, middle - mostLines / 2),
    lines.length - mostLines,
  );
  return lines.slice(begin, begin + mostLines);
}
