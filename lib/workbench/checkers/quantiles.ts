/**
 * Quantiles as Jepsen computes them.
 *
 * @module
 */

/** Values at the quantiles 0, 0.5, 0.95, 0.99 and 1. */
export type Quantiles = { [point: string]: number };

const points = ["0", "0.5", "0.95", "0.99", "1"] as const;

/** The quantiles of some numbers; `undefined` where there are none. */
export function quantiles(numbers: Iterable<number>): Quantiles | undefined {
  const sorted = Float64Array.from(numbers).sort();
  if (sorted.length === 0) return undefined;
  const at = (point: string) =>
    sorted[
      Math.min(sorted.length - 1, Math.floor(sorted.length * Number(point)))
    ];
  return Object.fromEntries(points.map((point) => [point, at(point)]));
}
