/**
 * Each node's knowledge at a moment.
 *
 * @module
 */
import { invariant } from "../../workbench/sim/invariant.ts";
import type { PageData } from "../page/data.ts";
import type { Knowledge } from "../page/knowledge.ts";
import { seconds } from "./dom.ts";

/** One value's way through the nodes. */
export interface Spread {
  value: number;
  /** For each node: since when it has known the value, if ever. */
  knownMs: readonly (number | null)[];
  /** The node that was told first, and when. */
  first: string;
  toldMs: number;
  /** The time at which the last of those that ever knew it learnt it. */
  lastMs: number;
  /** The nodes that never knew it. */
  never: readonly string[];
  /** The messages that carried it, by row. */
  carriers: ReadonlySet<number>;
}

/** Follows a value, by its position among all. */
export function spreadOf(
  { values, knownMs, carriers }: Knowledge,
  nodes: readonly string[],
  position: number,
): Spread {
  const [value, own] = [values[position], knownMs[position]];
  invariant(value !== undefined && own, "it's the position of a value");
  const known = own.filter((ms) => ms !== null);
  const toldMs = Math.min(...known);
  const first = nodes[own.indexOf(toldMs)];
  invariant(first !== undefined, "some node was told the value");
  return {
    value,
    knownMs: own,
    first,
    toldMs,
    lastMs: Math.max(...known),
    never: nodes.filter((_, i) => own[i] === null),
    carriers: new Set(carriers[position]),
  };
}

/**
 * The value that is most worth seeing: the one that the anomaly is about, or
 * one that didn't reach all nodes, or the one that took longest.
 */
export function mostInteresting(data: PageData, knowledge: Knowledge): number {
  const { anomaly } = data;
  if (anomaly?.kind === "value") {
    const position = knowledge.values.findIndex((value) =>
      String(value) === anomaly.value
    );
    if (position >= 0) return position;
  }
  const delays = knowledge.knownMs.map((own) =>
    own.includes(null)
      ? Infinity
      : Math.max(...own as number[]) - Math.min(...own as number[])
  );
  return delays.indexOf(Math.max(...delays));
}

/** Until when there's something to see of a value's spreading. */
export function endOf({ lastMs, never }: Spread, endMs: number): number {
  return never.length === 0 ? lastMs : endMs;
}

/** Tells how a value has spread at a moment. */
export function describeSpread(
  { value, knownMs, first, toldMs, lastMs, never }: Spread,
  nodes: readonly string[],
  ms: number,
): string {
  const count = knownMs.filter((known) => known !== null && known <= ms).length;
  const outcome = never.length === 0
    ? `all knew it ${(lastMs - toldMs).toFixed(0)} ms later`
    : never.length > 4
    ? `${never.length} nodes never knew it`
    : `${never.join(", ")} never knew it`;
  return `${count} of ${nodes.length} know value ${value}. ${first} was told at ${
    seconds(toldMs)
  }; ${outcome}.`;
}

/** For each node, the part of all values so far that it knows at a moment. */
export function fractions(
  knowledge: Knowledge,
  nodes: readonly string[],
): (ms: number) => number[] {
  const ascending = (times: (number | null | undefined)[]) =>
    Float64Array.from(times.filter((ms) => typeof ms === "number")).sort();
  const known = nodes.map((_, node) =>
    ascending(knowledge.knownMs.map((own) => own[node]))
  );
  const told = ascending(
    knowledge.knownMs.map((own) =>
      Math.min(...own.filter((ms) => ms !== null))
    ),
  );
  return (ms) => {
    const all = countUpTo(told, ms);
    return known.map((own) => all === 0 ? 0 : countUpTo(own, ms) / all);
  };
}

/** Of times in order, how many are not later than a moment. */
export function countUpTo(times: ArrayLike<number>, ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
