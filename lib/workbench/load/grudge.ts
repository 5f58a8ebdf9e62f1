/**
 * Partitions as Jepsen draws them
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/nemesis.clj).
 *
 * @module
 */
import { invariant } from "../sim/invariant.ts";
import type { Random } from "../sim/random.ts";

/**
 * For each node the nodes that it drops messages from.
 *
 * @example
 * ```ts
 * import type { Grudge } from "@call-me-maybe/maelstrom/workbench";
 *
 * const alone: Grudge = { n0: ["n1", "n2"], n1: ["n0"], n2: ["n0"] };
 * ```
 */
export type Grudge = { [node: string]: string[] };

/**
 * Tells whether a fault strikes anybody. The third of three nodes that Jepsen
 * draws is none, and one node alone hears all there are.
 */
export function strikes(
  fault: { cuts: Grudge } | { nodes: readonly string[] },
): boolean {
  if ("nodes" in fault) return fault.nodes.length > 0;
  const { cuts } = fault;
  return Object.keys(cuts).some((node) => cuts[node]!.length > 0);
}

/** The ways in which a partition divides the nodes. */
export type PartitionKind =
  /** One node is alone. */
  | "one"
  /** Less than a third of the nodes is cut off. */
  | "minority-third"
  /** Two halves. */
  | "majority"
  /** Each node sees a majority, and mostly another than its neighbours do. */
  | "majorities-ring";

/** The names of {@linkcode PartitionKind}. */
export const partitionKinds: readonly PartitionKind[] = [
  "one",
  "minority-third",
  "majority",
  "majorities-ring",
];

/**
 * The most nodes whose ring is drawn link by link, which takes n³ steps: of 1,000
 * nodes, minutes.
 */
const maxStochastic = 100;

/** Draws a partition of a kind. */
export function grudge(
  kind: PartitionKind,
  nodes: readonly string[],
  random: Random,
): Grudge {
  const split = (count: number) => {
    const shuffled = random.shuffle(nodes);
    return cut(shuffled.slice(0, count), shuffled.slice(count));
  };
  switch (kind) {
    case "one":
      return split(1);
    case "minority-third":
      return split(Math.floor((nodes.length - 1) / 3));
    case "majority":
      return split(Math.floor(nodes.length / 2));
    case "majorities-ring":
      return nodes.length <= 5 || nodes.length > maxStochastic
        ? perfectRing(nodes, random)
        : stochasticRing(nodes, random);
  }
}

/** Neither side hears the other. */
function cut(side: string[], other: string[]): Grudge {
  return Object.fromEntries([
    ...side.map((node) => [node, other]),
    ...other.map((node) => [node, side]),
  ]);
}

function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Each node hears those nearest to it on a ring. */
function perfectRing(nodes: readonly string[], random: Random): Grudge {
  const ring = random.shuffle(nodes);
  const size = majorityOf(nodes.length);
  return Object.fromEntries(ring.map((_, start) => {
    const majority = Array.from(
      { length: size },
      (_, i) => ring[(start + i) % ring.length],
    );
    const heard = new Set(majority);
    return [
      majority[Math.floor(size / 2)],
      nodes.filter((node) => !heard.has(node)),
    ];
  }));
}

/**
 * Links the nodes with the fewest links to each other until each has a
 * majority.
 */
function stochasticRing(nodes: readonly string[], random: Random): Grudge {
  const size = majorityOf(nodes.length);
  const all = nodes.map((node) => ({ node, hears: new Set([node]) }));
  for (;;) {
    const byDegree = random.shuffle(all)
      .sort((a, b) => a.hears.size - b.hears.size);
    const [poorest] = byDegree;
    if (poorest === undefined || poorest.hears.size >= size) break;
    const other = byDegree.find(({ node }) => !poorest.hears.has(node));
    invariant(other, "who hears less than a majority doesn't hear all");
    poorest.hears.add(other.node);
    other.hears.add(poorest.node);
  }
  return Object.fromEntries(
    all.map(({ node, hears }) => [
      node,
      nodes.filter((other) => !hears.has(other)),
    ]),
  );
}
