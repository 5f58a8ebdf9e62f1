/**
 * Faults of a run as spans of time, and in words. Server and browser share
 * this.
 *
 * @module
 */
import { type Grudge, strikes } from "../../workbench/load/grudge.ts";
import type { Effect } from "../../workbench/load/nemesis.ts";

/** A fault from its beginning to its end. */
export type FaultSpan = Effect & { startMs: number; endMs: number };

/**
 * The reasons why messages were lost. The first stands for those that weren't.
 */
export const losses = [undefined, "partition", "chance", "kill"] as const;

/**
 * The faults that were in force at some time between two moments; one that
 * strikes nobody never is.
 */
export function faultsBetween(
  faults: readonly FaultSpan[],
  fromMs: number,
  toMs: number,
): FaultSpan[] {
  return faults.filter((fault) =>
    fault.startMs <= toMs && fault.endMs >= fromMs && strikes(fault)
  );
}

/**
 * The fault that swallowed a message: the first one that was in force from its
 * sending on, and that killed its receiver, or kept it from hearing its sender,
 * whichever of the two it was lost to. A message that waits for its receiver may
 * have been sent before the fault began.
 */
export function faultThatCut(
  faults: readonly FaultSpan[],
  { src, dest, sentMs, lost }: {
    src: string;
    dest: string;
    sentMs: number;
    lost?: typeof losses[number];
  },
): FaultSpan | undefined {
  return faults.find((fault) =>
    fault.endMs >= sentMs &&
    (lost === "kill"
      ? fault.kind === "kill" && fault.nodes.includes(dest)
      : isDeaf(fault, dest, src))
  );
}

/** Tells that messages were lost by chance, where the run has a probability. */
export function tellChance(
  { "p-loss": probability }: { "p-loss"?: number },
): string {
  return probability === undefined
    ? "by chance"
    : `by chance (--p-loss ${probability})`;
}

/** Tells whether a fault keeps a node from hearing another. */
export function isDeaf(fault: FaultSpan, node: string, other: string): boolean {
  return "cuts" in fault && unheardBy(fault.cuts, node).has(other);
}

/** The nodes that a node doesn't hear. */
function unheardBy(cuts: Grudge, node: string): ReadonlySet<string> {
  const sources = cuts[node];
  if (sources === undefined) return nobody;
  const made = sets.get(sources);
  if (made !== undefined) return made;
  const set = new Set(sources);
  sets.set(sources, set);
  return set;
}

const nobody: ReadonlySet<string> = new Set();

/** Lists of nodes are asked once for each message that was lost. */
const sets = new WeakMap<readonly string[], Set<string>>();

/** The nodes that a fault separates from most others. */
export function struckBy(
  fault: FaultSpan,
  nodes: readonly string[],
): readonly string[] {
  return "nodes" in fault ? fault.nodes : sidesOf(fault.cuts, nodes)?.[0] ?? [];
}

/** The most nodes that a fault's words name. */
const maxNamed = 6;

/**
 * Tells whom a fault struck, after its kind: of a partition the sides, smallest
 * first, where it divides the nodes; else that each hears others.
 */
export function describeFault(
  fault: FaultSpan,
  nodes: readonly string[],
): string {
  const { kind } = fault;
  if (!strikes(fault)) return `${kind}: no node`;
  if ("nodes" in fault) {
    return `${kind}: ${named(fault.nodes, nodes)}${
      fault.kind === "packet" ? ` + ${fault.delayMs} ms` : ""
    }`;
  }
  if (kind === "asymmetric-partition") {
    const deaf = nodes.filter((node) => unheardBy(fault.cuts, node).size > 0);
    const unheard = nodes.filter((node) =>
      deaf.some((each) => unheardBy(fault.cuts, each).has(node))
    );
    return `${kind}: ${named(deaf, nodes)} can't hear ${named(unheard, nodes)}`;
  }
  const sides = sidesOf(fault.cuts, nodes);
  if (sides === undefined) return `${kind}: each node hears different ones`;
  const [cutOff, other, ...more] = sides;
  if (cutOff.length > maxNamed) {
    return `${kind}: ${named(cutOff, nodes)} | the rest`;
  }
  const rest = more.length === 0 && other.length <= maxNamed
    ? other.join(" ")
    : "the rest";
  return `${kind}: ${cutOff.join(" ")} | ${rest}`;
}

/** Nodes by their names; of many a few. */
function named(some: readonly string[], nodes: readonly string[]): string {
  if (some.length === nodes.length) return "all nodes";
  if (some.length <= maxNamed) return some.join(" ");
  const first = some.slice(0, maxNamed - 1);
  return `${first.join(" ")} and ${some.length - first.length} more`;
}

/** A fault as part of a sentence, with its time. */
export function tellFault(
  fault: FaultSpan,
  nodes: readonly string[],
): string {
  const described = describeFault(fault, nodes);
  const words = "nodes" in fault
    ? `${fault.kind} of ${named(fault.nodes, nodes)}`
    : fault.kind === "asymmetric-partition" ||
        sidesOf(fault.cuts, nodes) === undefined
    ? described.replace(":", " in which")
    : described.replace(":", "");
  const inSeconds = (ms: number) => (ms / 1000).toFixed(2);
  return `the ${words} (from ${inSeconds(fault.startMs)} to ${
    inSeconds(fault.endMs)
  } s)`;
}

/** Two sides and more, each with its nodes. */
export type Sides = [string[], string[], ...string[][]];

/** The sides of a fault that divides the nodes, smallest first. */
export function sidesOf(
  cuts: Grudge,
  nodes: readonly string[],
): Sides | undefined {
  const sides = new Map<string, string[]>();
  for (const node of nodes) {
    const unheard = unheardBy(cuts, node);
    const side = nodes.filter((other) => !unheard.has(other));
    sides.set(side.join(" "), side);
  }
  const [first, second, ...others] = [...sides.values()]
    .sort((a, b) => a.length - b.length);
  if (first === undefined || second === undefined) return undefined;
  const all: Sides = [first, second, ...others];
  return all.flat().length === nodes.length ? all : undefined;
}
