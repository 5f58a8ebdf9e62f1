/**
 * Who cuts what, when: network partitions as Jepsen's `partition-package` makes
 * them
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/nemesis/combined.clj).
 *
 * @module
 */
import { secondInNs } from "../sim/clock.ts";
import {
  flipFlop,
  forever,
  type Generator,
  nothing,
  once,
  type PlannedOp,
  stagger,
} from "./generator.ts";
import type { Completion } from "./interpreter.ts";
import type { Network } from "../sim/network.ts";
import type { Random } from "../sim/random.ts";

/**
 * A fault that `nemesis` takes.
 *
 * @example
 * ```ts
 * import type { Fault } from "@call-me-maybe/maelstrom/workbench";
 *
 * const faults: Fault[] = ["partition"];
 * ```
 */
export type Fault = "partition";

/** The names of {@linkcode Fault}. */
export const faults: readonly Fault[] = ["partition"];

/** For each node the nodes that it drops messages from. */
export type Grudge = { [node: string]: string[] };

/** How a partition divides the nodes. */
export type PartitionKind =
  /** One node is alone. */
  | "one"
  /** Less than a third of the nodes is cut off. */
  | "minority-third"
  /** Two halves. */
  | "majority"
  /** Each node sees a majority, and mostly another than its neighbours do. */
  | "majorities-ring";

const partitionKinds: readonly PartitionKind[] = [
  "one",
  "minority-third",
  "majority",
  "majorities-ring",
];

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
      return nodes.length <= 5
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
    return [
      majority[Math.floor(size / 2)],
      nodes.filter((node) => !majority.includes(node)),
    ];
  }));
}

/**
 * Links the nodes with the fewest links to each other until each has a
 * majority.
 */
function stochasticRing(nodes: readonly string[], random: Random): Grudge {
  const size = majorityOf(nodes.length);
  const links = new Map(nodes.map((node) => [node, new Set([node])]));
  for (;;) {
    const byDegree = random.shuffle(nodes)
      .sort((a, b) => links.get(a)!.size - links.get(b)!.size);
    const [poorest] = byDegree;
    if (links.get(poorest)!.size >= size) break;
    const other = byDegree.find((node) => !links.get(poorest)!.has(node))!;
    links.get(poorest)!.add(other);
    links.get(other)!.add(poorest);
  }
  return Object.fromEntries(
    nodes.map((node) => [
      node,
      nodes.filter((other) => !links.get(node)!.has(other)),
    ]),
  );
}

/** What the nemesis does in a run. */
export interface Nemesis {
  /** While the clients work. */
  generator: Generator;
  /** Before the final reads. */
  finalGenerator: Generator;
  /** Carries out an operation of its own. */
  invoke(op: PlannedOp): Completion;
}

/**
 * The nemesis for some faults: starts and stops in turns, at random intervals
 * between 0 and twice `intervalSeconds`, the first at once.
 */
export function nemesisFor(
  chosen: readonly Fault[],
  { nodes, network, random, intervalSeconds }: {
    nodes: readonly string[];
    network: Network;
    random: Random;
    intervalSeconds: number;
  },
): Nemesis {
  const start = forever(() => ({
    type: "info",
    f: "start-partition",
    value: random.choice(partitionKinds),
  }));
  const stop = { type: "info", f: "stop-partition" };
  const needed = chosen.includes("partition");
  return {
    generator: needed
      ? stagger(
        intervalSeconds * secondInNs,
        flipFlop(start, forever(() => stop)),
      )
      : nothing,
    finalGenerator: needed ? once(stop) : nothing,
    invoke({ f, value }) {
      if (f === "stop-partition") {
        network.heal();
        return { type: "info", value: "network-healed" };
      }
      const cuts = grudge(value as PartitionKind, nodes, random);
      for (const [dest, sources] of Object.entries(cuts)) {
        for (const src of sources) network.drop(src, dest);
      }
      return { type: "info", value: ["isolated", cuts] };
    },
  };
}
