/**
 * Faults of a run as spans of time, and in words. Server and browser share
 * this.
 *
 * @module
 */
import type { Effect } from "../../workbench/load/nemesis.ts";

/** A fault from its beginning to its end. */
export type FaultSpan = Effect & { startMs: number; endMs: number };

/**
 * The reasons why messages were lost. The first stands for those that weren't.
 */
export const losses = [undefined, "partition", "chance"] as const;

/** The faults that were in force at some time between two moments. */
export function faultsBetween(
  faults: readonly FaultSpan[],
  fromMs: number,
  toMs: number,
): FaultSpan[] {
  return faults.filter(({ startMs, endMs }) =>
    startMs <= toMs && endMs >= fromMs
  );
}

/**
 * The fault that swallowed a message: the first one that was in force from its
 * sending on and kept its receiver from hearing its sender. A message that waits
 * for its receiver may have been sent before the fault began.
 */
export function faultThatCut(
  faults: readonly FaultSpan[],
  { src, dest, sentMs }: { src: string; dest: string; sentMs: number },
): FaultSpan | undefined {
  return faults.find(({ endMs, cuts }) =>
    endMs >= sentMs && cuts[dest]?.includes(src)
  );
}

/** The most nodes that a fault's words name. */
const maxNamed = 6;

/**
 * Tells who is cut off from whom, after the kind of the fault: the sides,
 * smallest first, where the fault divides the nodes; else that each hears
 * others.
 */
export function describeFault(
  { kind, cuts }: FaultSpan,
  nodes: readonly string[],
): string {
  const sides = sidesOf(cuts, nodes);
  if (sides === undefined) return `${kind}: each node hears different ones`;
  const [cutOff, other, ...more] = sides;
  if (cutOff.length > maxNamed) {
    const named = cutOff.slice(0, maxNamed - 1);
    return `${kind}: ${named.join(" ")} and ${
      cutOff.length - named.length
    } more | the rest`;
  }
  const rest = more.length === 0 && other.length <= maxNamed
    ? other.join(" ")
    : "the rest";
  return `${kind}: ${cutOff.join(" ")} | ${rest}`;
}

/** A fault as part of a sentence, with its time. */
export function tellFault(
  fault: FaultSpan,
  nodes: readonly string[],
): string {
  const words = sidesOf(fault.cuts, nodes) === undefined
    ? `${fault.kind} in which each node hears different ones`
    : describeFault(fault, nodes).replace(":", "");
  const inSeconds = (ms: number) => (ms / 1000).toFixed(2);
  return `the ${words} (from ${inSeconds(fault.startMs)} to ${
    inSeconds(fault.endMs)
  } s)`;
}

/** Two sides and more, each with its nodes. */
export type Sides = [string[], string[], ...string[][]];

/** The sides of a fault that divides the nodes, smallest first. */
export function sidesOf(
  cuts: FaultSpan["cuts"],
  nodes: readonly string[],
): Sides | undefined {
  const hears = (node: string, other: string) =>
    !(cuts[node]?.includes(other) ?? false);
  const sides = new Map<string, string[]>();
  for (const node of nodes) {
    const side = nodes.filter((other) => hears(node, other));
    sides.set(side.join(" "), side);
  }
  const [first, second, ...others] = [...sides.values()]
    .sort((a, b) => a.length - b.length);
  if (first === undefined || second === undefined) return undefined;
  const all: Sides = [first, second, ...others];
  return all.flat().length === nodes.length ? all : undefined;
}
