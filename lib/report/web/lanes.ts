/**
 * Operations in lanes: one for each client. A process whose operation had no
 * known end never comes back; the next process of that client goes on in the
 * same lane, as it goes on with the same node.
 *
 * @module
 */
import { invariant } from "../../workbench/sim/invariant.ts";
import type { Operation } from "./operations.ts";

/** One client's operations. Its operations never overlap. */
export interface Lane {
  /** The process that was first. */
  process: number;
  node: string;
  operations: Operation[];
}

/** Divides operations into lanes. */
export function lanesOf(
  operations: readonly Operation[],
  { nodes, concurrency }: { nodes: readonly string[]; concurrency: number },
): Lane[] {
  const byLane = Map.groupBy(
    operations,
    ({ begin }) => begin.process as number % concurrency,
  );
  return [...byLane].sort(([a], [b]) => a - b)
    .map(([process, operations]): Lane => {
      const node = nodes[process % nodes.length];
      invariant(node, "each client goes to one of the nodes");
      return { process, node, operations };
    });
}

/** Returns the number of clients that an option such as `"2n"` stands for. */
export function concurrencyOf(option: string, nodeCount: number): number {
  return parseInt(option) * (option.endsWith("n") ? nodeCount : 1);
}

/** The position of the first operation that ends at a moment or later. */
export function firstEndingAt(
  operations: readonly Operation[],
  ms: number,
): number {
  let [low, high] = [0, operations.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    // The last one of a lane may never end.
    if (operations[middle]!.endMs < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The operation that is nearest to a moment. */
export function nearestTo(
  operations: readonly Operation[],
  ms: number,
): Operation | undefined {
  const next = firstEndingAt(operations, ms);
  const distance = ({ startMs, endMs }: Operation) =>
    Math.max(0, startMs - ms, ms - (Number.isNaN(endMs) ? Infinity : endMs));
  return [operations[next - 1], operations[next]]
    .filter((each) => each !== undefined)
    .toSorted((a, b) => distance(a) - distance(b))[0];
}
