/**
 * The charts of a run, one below the other, with one moment for all of them.
 *
 * @module
 */
/// <reference lib="dom" />
import { chartedOf, chartsOf } from "./charts.ts";
import { element, plural, seconds } from "./dom.ts";
import { figure } from "./figure.ts";
import {
  countsOf,
  type Operation,
  outcomeWords,
  valueText,
} from "./operations.ts";
import type { MakeView } from "./view.ts";

export const plots: MakeView = (data, page) => {
  const charted = chartedOf(data);
  const { operations, lasting, lastMs, stepMs } = charted;
  if (operations.length === 0) return undefined;
  const summary = `${plural(operations.length, "operation")}: ${
    Object.entries(countsOf(operations)).filter(([, count]) => count > 0)
      .map(([type, count]) =>
        `${count} ${outcomeWords[type as keyof typeof outcomeWords]}`
      ).join(", ")
  }`;
  const figures = chartsOf(charted).map((chart, i) =>
    figure(chart, {
      label: `${chart.title} over time. ${chart.about} ${summary}.`,
      endMs: lastMs,
      stepMs,
      onChoose: (ms) => page.showTime(ms),
      describe: i === 0 ? (ms) => describeNear(lasting, ms) : undefined,
    })
  );
  return {
    element: element(
      "div",
      { className: "plots" },
      ...figures.map(({ element }) => element),
    ),
    onTime(ms) {
      for (const each of figures) each.showTime(ms);
    },
  };
};

/** The operation that began nearest to a moment. */
function describeNear(
  operations: readonly Operation[],
  ms: number,
): string | undefined {
  let [low, high] = [0, operations.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (operations[middle]!.startMs < ms) low = middle + 1;
    else high = middle;
  }
  const near = operations[Math.min(low, operations.length - 1)];
  if (near === undefined) return undefined;
  const { begin, type, startMs, endMs } = near;
  return `${seconds(startMs)}: process ${begin.process}, ${begin.f} ${
    valueText(near, 60)
  }, ${outcomeWords[type]} after ${(endMs - startMs).toFixed(2)} ms`;
}
