/**
 * The nodes that a fault is done to, as Jepsen draws them
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/nemesis/combined.clj,
 * `db-nodes`).
 *
 * @module
 */
import type { Random } from "../sim/random.ts";
import { invariant } from "../sim/invariant.ts";

/** The ways in which nodes are chosen. */
export type TargetKind =
  /** Some of them, at least one. */
  | null
  | "one"
  /** Less than a third. */
  | "minority-third"
  /** The most that leave a majority. */
  | "minority"
  | "majority"
  | "all";

/** The kinds of {@linkcode TargetKind}. */
export const targetKinds: readonly TargetKind[] = [
  null,
  "one",
  "minority-third",
  "minority",
  "majority",
  "all",
];

/** Draws nodes of a kind. */
export function targetsOf(
  kind: unknown,
  { nodes, random }: { nodes: readonly string[]; random: Random },
): string[] {
  const majority = Math.floor(nodes.length / 2) + 1;
  const some = (count: number) => random.shuffle(nodes).slice(0, count);
  switch (kind as TargetKind) {
    case null:
      return some(1 + random.integer(nodes.length));
    case "one":
      return some(1);
    case "minority-third":
      return some(Math.floor((nodes.length - 1) / 3));
    case "minority":
      return some(majority - 1);
    case "majority":
      return some(majority);
    case "all":
      return [...nodes];
    default:
      invariant(false, "a fault's target is one of a kind");
  }
}
