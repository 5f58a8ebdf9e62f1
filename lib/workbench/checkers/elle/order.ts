/**
 * The order of transactions in time, whatever they did: by the process that
 * executed them, and by real time. After Elle's `core`
 * (https://github.com/jepsen-io/elle/blob/main/src/elle/core.clj).
 *
 * @module
 */
import type { Op, Process } from "../../load/history.ts";
import { type GraphBuilder, rel } from "../graph.ts";
import type { Txns } from "./txn.ts";

/** Links what succeeded one after the other in the same process. */
export function linkProcesses(
  { ok }: Txns,
  vertexOf: (op: Op) => number,
  graph: GraphBuilder,
): void {
  const latest = new Map<Process, number>();
  for (const { op } of ok) {
    const vertex = vertexOf(op);
    const before = latest.get(op.process);
    if (before !== undefined) graph.link(before, vertex, rel.process);
    latest.set(op.process, vertex);
  }
}

/**
 * Links transactions that succeeded to those invoked later. The number of all
 * such pairs would be quadratic, so it leaves out those that follow from
 * others. A frontier holds the transactions that have succeeded since, and each
 * invocation is linked to those; one that succeeds takes the place of all that
 * it was linked to.
 */
export function linkRealtime(
  { all, counterpart }: Txns,
  vertexOf: (op: Op) => number,
  graph: GraphBuilder,
): void {
  const frontier = new Set<number>();
  const linked = new Map<number, number[]>();
  for (const { op } of all) {
    if (op.type === "invoke") {
      const completion = counterpart[op.index];
      if (completion === undefined) continue;
      const vertex = vertexOf(completion);
      for (const before of frontier) graph.link(before, vertex, rel.realtime);
      if (completion.type === "ok") linked.set(vertex, [...frontier]);
    } else if (op.type === "ok") {
      const vertex = vertexOf(op);
      for (const before of linked.get(vertex) ?? []) frontier.delete(before);
      linked.delete(vertex);
      frontier.add(vertex);
    }
  }
}
