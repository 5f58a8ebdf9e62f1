/**
 * Quantiles as Jepsen computes them.
 *
 * @module
 */

/** Values at the quantiles 0, 0.5, 0.95, 0.99 and 1. */
export type Quantiles = {
  [point in "0" | "0.5" | "0.95" | "0.99" | "1"]: number;
};

/** The quantiles of some numbers; `undefined` where there are none. */
export function quantiles(numbers: Iterable<number>): Quantiles | undefined {
  const sorted = Float64Array.from(numbers).sort();
  if (sorted.length === 0) return undefined;
  const at = (point: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * point))]!;
  return {
    "0": at(0),
    "0.5": at(0.5),
    "0.95": at(0.95),
    "0.99": at(0.99),
    "1": at(1),
  };
}
