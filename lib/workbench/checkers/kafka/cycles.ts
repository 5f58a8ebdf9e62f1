/**
 * Do sends and polls contradict each other, or the order in which they really
 * happened? A send comes before the polls of its message, and what has
 * succeeded comes before all that begins later. A cycle of such dependencies is
 * impossible.
 *
 * This is what is left of Elle's cycle search (https://github.com/jepsen-io/elle)
 * as Maelstrom's kafka workload uses it: without dependencies between sends, and
 * for strict serializability. So a cycle is `G1c` when it needs polls of
 * messages only, and `G1c-realtime` otherwise; Elle reports with each that there
 * is one.
 *
 * @module
 */
import { invariant } from "../../sim/invariant.ts";
import {
  components,
  type Graph,
  GraphBuilder,
  groups,
  rel,
  select,
} from "../graph.ts";
import {
  type Message,
  type Observation,
  type Observations,
  ofKey,
  type OpSummary,
  summary,
} from "./observations.ts";

/** Operations that depend on each other, the first one again at the end. */
export interface Cycle {
  cycle: OpSummary[];
  /** The reasons why each comes before the next. */
  steps: Step[];
}

/** The reason why one operation comes before another. */
export type Step =
  | { type: "wr"; key: string; value: Message }
  | { type: "realtime" };

/** A finding: there is a cycle among some operations. */
export interface CycleExists {
  not: string;
  "scc-size": number;
  /** The indexes of the operations, or the first of them. */
  scc: number[];
}

/** The findings of {@linkcode cycles}; a kind that wasn't found isn't there. */
export interface CycleFindings {
  G1c?: Cycle[];
  "G1c-realtime"?: Cycle[];
  "PL-2-cycle-exists"?: CycleExists[];
  "strong-PL-2-cycle-exists"?: CycleExists[];
  /** No two operations depend on each other, so nothing was really tested. */
  "empty-transaction-graph"?: true;
}

/** The most operations of a component that are listed. */
const maxMembers = 32;

/**
 * The graph of the operations. Real time would make an edge from each to all
 * later ones; instead there is a chain of moments, one for each operation that
 * succeeded: the operation leads to its moment, each moment to the next one, and
 * the last moment before an operation began leads to it.
 *
 * @returns `undefined` if no operation depends on another. The operations are
 * the first vertices, the moments the others.
 */
function dependencies(
  { transactions, writers, readers }: Observations,
): Graph | undefined {
  // At each index of the history the operation that begins or succeeds there.
  const events = new Int32Array((transactions.at(-1)?.op.index ?? -1) + 1)
    .fill(-1);
  // By the index of its end, each operation.
  const vertices = new Int32Array(events.length);
  let succeeded = 0;
  transactions.forEach(({ op, invocation }, vertex) => {
    vertices[op.index] = vertex;
    if (invocation) events[invocation.index] = vertex;
    if (op.type !== "ok") return;
    events[op.index] = vertex;
    succeeded++;
  });
  const builder = new GraphBuilder(transactions.length + succeeded);
  let dependent = false;
  let moments = transactions.length;
  for (let index = 0; index < events.length; index++) {
    const vertex = events[index]!;
    if (vertex === -1) continue;
    const latest = moments > transactions.length ? moments - 1 : undefined;
    if (transactions[vertex]!.op.index === index) {
      builder.link(vertex, moments, rel.realtime);
      if (latest !== undefined) builder.link(latest, moments, rel.realtime);
      moments++;
    } else if (latest !== undefined) {
      builder.link(latest, vertex, rel.realtime);
      dependent = true;
    }
  }
  const vertexOf = ({ op }: Observation) => vertices[op.index]!;
  for (const [key, byMessage] of readers) {
    for (const [message, list] of byMessage) {
      const writer = writers.get(key)?.get(message);
      if (writer === undefined) continue;
      const from = vertexOf(writer);
      for (const reader of list) {
        if (reader === writer) continue;
        builder.link(from, vertexOf(reader), rel.wr);
        dependent = true;
      }
    }
  }
  return dependent ? builder.build() : undefined;
}

/** Finds cycles. */
export function cycles(observations: Observations): CycleFindings {
  if (observations.all.length === 0) return {};
  const { transactions } = observations;
  const graph = dependencies(observations);
  if (graph === undefined) return { "empty-transaction-graph": true };
  const findings: CycleFindings = {};
  for (const component of inOrderFound(graph)) {
    const operations = component.filter((vertex) =>
      vertex < transactions.length
    );
    const [byReads] = inOrderFound(select(graph, operations))
      .sort((a, b) => a.length - b.length);
    if (byReads) {
      const smallest = byReads.map((vertex) => operations[vertex]!);
      (findings.G1c ??= []).push(cycleIn(graph, smallest, transactions));
      (findings["PL-2-cycle-exists"] ??= [])
        .push(existence(smallest, transactions, "read-committed"));
    } else {
      (findings["G1c-realtime"] ??= [])
        .push(cycleIn(graph, component, transactions));
      (findings["strong-PL-2-cycle-exists"] ??= [])
        .push(existence(operations, transactions, "strong-read-committed"));
    }
  }
  return findings;
}

/**
 * The components of more than one vertex: in the order in which they are found,
 * and each in the order in which the search came to its vertices.
 */
function inOrderFound(graph: Graph): number[][] {
  const found = components(graph);
  const { of, index } = found;
  return groups(found)
    // All of a group are of one component.
    .sort(([a], [b]) => of[a!]! - of[b!]!)
    .map((group) => group.sort((a, b) => index[a]! - index[b]!));
}

function existence(
  operations: readonly number[],
  transactions: readonly Observation[],
  not: string,
): CycleExists {
  const indexes = operations.map((vertex) => transactions[vertex]!.op.index)
    .sort((a, b) => a - b);
  return {
    not,
    "scc-size": indexes.length,
    scc: indexes.slice(0, maxMembers),
  };
}

/** A short cycle in a component: through its first operation. */
function cycleIn(
  graph: Graph,
  component: readonly number[],
  transactions: readonly Observation[],
): Cycle {
  // The vertices behind those of transactions are moments.
  const path = shortestCycle(graph, new Set(component))
    .flatMap((vertex) => transactions[vertex] ?? []);
  return {
    cycle: path.map(summary),
    steps: path.slice(1).map((to, i) => stepBetween(path[i]!, to)),
  };
}

/** Breadth first from a component's lowest vertex to itself, within it. */
function shortestCycle(
  { starts, targets }: Graph,
  members: ReadonlySet<number>,
): number[] {
  const start = members.values().reduce((a, b) => Math.min(a, b));
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const vertex of queue) {
    for (const to of targets.subarray(starts[vertex], starts[vertex + 1])) {
      if (to === start) {
        const path = [start];
        // Each but the first came from one before it.
        for (let at = vertex; at !== start; at = cameFrom.get(at)!) {
          path.push(at);
        }
        return [...path, start].reverse();
      }
      if (!members.has(to) || cameFrom.has(to)) continue;
      cameFrom.set(to, vertex);
      queue.push(to);
    }
  }
  invariant(false, "a strongly connected component has a cycle");
}

function stepBetween(from: Observation, to: Observation): Step {
  for (const { key, entries } of from.sends) {
    const polled = new Set(ofKey(to.polls, key)?.map((each) => each.message));
    const common = entries.find(({ message }) => polled.has(message));
    if (common) return { type: "wr", key, value: common.message };
  }
  return { type: "realtime" };
}
