/**
 * What a node did that it must not, and what it logged before that.
 *
 * @module
 */
/// <reference lib="dom" />
import type { NodeAnomaly } from "../../anomalies/node.ts";
import { element } from "../dom.ts";

/** Makes the list. */
export function nodeLog(
  { node, details, line, log, others }: NodeAnomaly,
): HTMLElement {
  return element(
    "div",
    {},
    ...(line === undefined ? [] : [
      element("h4", {}, "The line"),
      block(`The line that ${node} wrote`, line),
    ]),
    ...(details === undefined ? [] : [block(`What ${node} wrote`, details)]),
    element("h4", {}, `The end of ${node}'s log`),
    log.length === 0
      ? element("p", { className: "about" }, "It logged nothing.")
      : block(`The last lines of ${node}'s log`, log.join("\n")),
    ...(others.length === 0 ? [] : [
      element(
        "p",
        { className: "about" },
        `Such things were also done by ${others.join(", ")}.`,
      ),
    ]),
  );
}

function block(label: string, text: string): HTMLPreElement {
  return element(
    "pre",
    { className: "lines", tabIndex: 0, ariaLabel: label, role: "region" },
    text,
  );
}
