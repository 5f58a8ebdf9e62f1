/**
 * Do sends and polls contradict each other, or the order in which they really
 * happened? A send comes before the polls of its message, and what has
 * succeeded comes before all that begins later. A cycle of such dependencies
 * can't be.
 *
 * This is what is left of Elle's cycle search (https://github.com/jepsen-io/elle)
 * as Maelstrom's kafka workload uses it: without dependencies between sends, and
 * for strict serializability. So a cycle is `G1c` when it needs polls of
 * messages only, and `G1c-realtime` otherwise; Elle reports with each that there
 * is one.
 *
 * @module
 */
import {
  type Message,
  type Observation,
  type Observations,
  type OpSummary,
  summary,
} from "./observations.ts";

/** Operations that depend on each other, the first one again at the end. */
export interface Cycle {
  cycle: OpSummary[];
  /** Why each comes before the next. */
  steps: Step[];
}

/** Why one operation comes before another. */
export type Step =
  | { type: "wr"; key: string; value: Message }
  | { type: "realtime" };

/** That there is a cycle among some operations. */
export interface CycleExists {
  not: string;
  "scc-size": number;
  /** The indexes of the operations, or the first of them. */
  scc: number[];
}

/** What {@linkcode cycles} finds; a kind that wasn't found isn't there. */
export interface CycleFindings {
  G1c?: Cycle[];
  "G1c-realtime"?: Cycle[];
  "PL-2-cycle-exists"?: CycleExists[];
  "strong-PL-2-cycle-exists"?: CycleExists[];
  /** No two operations depend on each other, so nothing was really tested. */
  "empty-transaction-graph"?: true;
}

/** How many operations of a component are listed. */
const maxMembers = 32;

/**
 * Dependencies between operations. Real time would make an edge from each
 * operation to all later ones; instead there is a chain of moments, one for each
 * operation that succeeded: the operation leads to its moment, each moment to
 * the next one, and the last moment before an operation began leads to it.
 */
class Graph {
  /** Operations come first, then the moments. */
  readonly next: number[][];
  readonly isOp = (vertex: number) => vertex < this.operations.length;
  realtimeEdges = 0;
  readEdges = 0;

  constructor(
    readonly operations: readonly Observation[],
    { writers, readers }: Observations,
  ) {
    const vertexOf = new Map(operations.map((each, i) => [each, i]));
    this.next = operations.map(() => []);
    this.#addMoments();
    for (const [key, byMessage] of readers) {
      for (const [message, list] of byMessage) {
        const writer = writers.get(key)?.get(message);
        if (writer === undefined) continue;
        const from = vertexOf.get(writer)!;
        for (const reader of list) {
          if (reader === writer) continue;
          this.next[from].push(vertexOf.get(reader)!);
          this.readEdges++;
        }
      }
    }
  }

  #addMoments(): void {
    const events = this.operations.flatMap(({ op, invocation }, vertex) => [
      ...(invocation ? [{ index: invocation.index, vertex, ends: false }] : []),
      ...(op.type === "ok" ? [{ index: op.index, vertex, ends: true }] : []),
    ]).sort((a, b) => a.index - b.index);
    let moment: number | undefined;
    for (const { vertex, ends } of events) {
      if (ends) {
        const later = this.next.push([]) - 1;
        this.next[vertex].push(later);
        if (moment !== undefined) this.next[moment].push(later);
        moment = later;
      } else if (moment !== undefined) {
        this.next[moment].push(vertex);
        this.realtimeEdges++;
      }
    }
  }
}

/** Finds cycles. */
export function cycles(observations: Observations): CycleFindings {
  if (observations.all.length === 0) return {};
  const graph = new Graph(observations.transactions, observations);
  if (graph.realtimeEdges + graph.readEdges === 0) {
    return { "empty-transaction-graph": true };
  }
  const findings: CycleFindings = {};
  const everywhere = () => true;
  for (const component of components(graph.next, everywhere)) {
    const members = new Set(component);
    const byReads = components(
      graph.next,
      (vertex) => members.has(vertex) && graph.isOp(vertex),
      component,
    ).sort((a, b) => a.length - b.length);
    if (byReads.length > 0) {
      const [smallest] = byReads;
      (findings.G1c ??= []).push(cycleIn(graph, new Set(smallest)));
      (findings["PL-2-cycle-exists"] ??= [])
        .push(existence(graph, smallest, "read-committed"));
    } else {
      (findings["G1c-realtime"] ??= []).push(cycleIn(graph, members));
      (findings["strong-PL-2-cycle-exists"] ??= [])
        .push(existence(graph, component, "strong-read-committed"));
    }
  }
  return findings;
}

function existence(
  graph: Graph,
  component: readonly number[],
  not: string,
): CycleExists {
  const indexes = component.filter(graph.isOp)
    .map((vertex) => graph.operations[vertex].op.index)
    .sort((a, b) => a - b);
  return {
    not,
    "scc-size": indexes.length,
    scc: indexes.slice(0, maxMembers),
  };
}

/**
 * The strongly connected components of more than one vertex: Tarjan's
 * algorithm, with a stack of its own in place of recursion.
 */
function components(
  next: readonly (readonly number[])[],
  includes: (vertex: number) => boolean,
  roots: Iterable<number> = next.keys(),
): number[][] {
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const open = new Set<number>();
  const found: number[][] = [];
  for (const root of roots) {
    if (order.has(root) || !includes(root)) continue;
    const path = [{ vertex: root, edge: 0 }];
    while (path.length > 0) {
      const step = path[path.length - 1];
      const { vertex } = step;
      if (step.edge === 0) {
        low.set(vertex, order.size);
        order.set(vertex, order.size);
        stack.push(vertex);
        open.add(vertex);
      }
      if (step.edge < next[vertex].length) {
        const to = next[vertex][step.edge++];
        if (!includes(to)) continue;
        if (!order.has(to)) path.push({ vertex: to, edge: 0 });
        else if (open.has(to)) lower(low, vertex, order.get(to)!);
        continue;
      }
      path.pop();
      if (path.length > 0) lower(low, path.at(-1)!.vertex, low.get(vertex)!);
      if (low.get(vertex) !== order.get(vertex)) continue;
      const component = stack.splice(stack.lastIndexOf(vertex));
      for (const each of component) open.delete(each);
      if (component.length > 1) found.push(component);
    }
  }
  return found;
}

function lower(low: Map<number, number>, vertex: number, value: number) {
  if (value < low.get(vertex)!) low.set(vertex, value);
}

/** A short cycle in a component: through its first operation that has one. */
function cycleIn(graph: Graph, members: ReadonlySet<number>): Cycle {
  const start = Math.min(...members);
  const path = shortestCycle(graph.next, members, start)
    .filter(graph.isOp)
    .map((vertex) => graph.operations[vertex]);
  return {
    cycle: path.map(summary),
    steps: path.slice(1).map((to, i) => stepBetween(path[i], to)),
  };
}

/** Breadth first from a vertex to itself, within a component. */
function shortestCycle(
  next: readonly (readonly number[])[],
  members: ReadonlySet<number>,
  start: number,
): number[] {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (const vertex of queue) {
    for (const to of next[vertex]) {
      if (to === start) {
        const path = [start];
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
  throw new Error("a strongly connected component has a cycle");
}

function stepBetween(from: Observation, to: Observation): Step {
  for (const [key, entries] of from.sends) {
    const polled = new Set(to.polls.get(key)?.map(({ message }) => message));
    const common = entries.find(({ message }) => polled.has(message));
    if (common) return { type: "wr", key, value: common.message };
  }
  return { type: "realtime" };
}
