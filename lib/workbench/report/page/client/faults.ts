/**
 * What a fault does, in a few words.
 *
 * @module
 */
import type { FaultSpan } from "../data.ts";

/**
 * Who is cut off from whom: the sides, smallest first, where the fault divides
 * the nodes; else that each hears others.
 */
export function describeFault(
  { kind, cuts }: FaultSpan,
  nodes: readonly string[],
): string {
  const sides = sidesOf(cuts, nodes);
  if (sides === undefined) return `${kind}: each hears different ones`;
  const [cutOff] = sides;
  return cutOff.length > 6
    ? `${kind}: ${cutOff.slice(0, 5).join(" ")} and ${
      cutOff.length - 5
    } more | the rest`
    : `${kind}: ${cutOff.join(" ")} | ${
      sides.length === 2 && sides[1].length <= 6
        ? sides[1].join(" ")
        : "the rest"
    }`;
}

/** The sides of a fault that divides the nodes, smallest first. */
export function sidesOf(
  cuts: FaultSpan["cuts"],
  nodes: readonly string[],
): string[][] | undefined {
  const hears = (node: string, other: string) =>
    !(cuts[node]?.includes(other) ?? false);
  const sides = new Map<string, string[]>();
  for (const node of nodes) {
    const side = nodes.filter((other) => hears(node, other));
    sides.set(side.join(" "), side);
  }
  const all = [...sides.values()];
  const divided = all.length > 1 &&
    all.reduce((sum, side) => sum + side.length, 0) === nodes.length;
  return divided ? all.sort((a, b) => a.length - b.length) : undefined;
}
