/**
 * The log of a node before it violated the protocol.
 *
 * @module
 */
/// <reference lib="dom" />
import type { NodeAnomaly } from "../../page/anomalies/node.ts";
import { element } from "../dom.ts";

/** Makes the list. */
export function nodeLog(
  { node, log, others }: NodeAnomaly,
): HTMLElement {
  return element(
    "div",
    {},
    element("h4", {}, `The end of ${node}'s log`),
    log.length === 0
      ? element("p", { className: "about" }, "It logged nothing.")
      : element("pre", {
        className: "lines",
        tabIndex: 0,
        role: "region",
        ariaLabel: `The last lines of ${node}'s log`,
      }, log.join("\n")),
    ...(others.length === 0 ? [] : [
      element(
        "p",
        { className: "about" },
        `${others.join(", ")} did such things, too.`,
      ),
    ]),
  );
}
