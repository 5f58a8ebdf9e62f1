/**
 * The embedded workbench: judges nodes as Maelstrom does, with the same
 * workloads, faults, statistics and verdicts, but in virtual time and from a
 * seed that replays. So a cluster of nodes can be tested like any function.
 *
 * Maelstrom's workloads are described in
 * https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md, the
 * options of a run in {@linkcode Options}.
 *
 * @example A test that judges a broadcast
 * ```ts
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertEquals } from "@std/assert";
 *
 * function app(node: Node) {
 *   const values = new Set<number>();
 *   node.on("topology", () => ({ type: "topology_ok" }));
 *   node.on("read", () => ({ type: "read_ok", messages: [...values] }));
 *   node.on("broadcast", ({ src, body }) => {
 *     const { message } = body;
 *     if (values.has(message)) return;
 *     values.add(message);
 *     for (const peer of node.peers) {
 *       if (peer !== src) node.send(peer, { type: "broadcast", message });
 *     }
 *     return { type: "broadcast_ok" };
 *   });
 * }
 *
 * Deno.test("every node gets every value", async () => {
 *   const { results, reason } = await judge(app, {
 *     workload: "broadcast",
 *     seed: 7,
 *   });
 *   assertEquals(results["valid?"], true, reason);
 * });
 * ```
 *
 * @module
 */
export {
  judge,
  type Judgement,
  type JudgeSettings,
  type LogLine,
  type NodeFindings,
  type Progress,
  type Results,
  type Subject,
} from "./judge.ts";
export type { RunSettings } from "./run.ts";
export type { Case } from "./search/case.ts";
export {
  explore,
  type ExploreOptions,
  FoundFailure,
} from "./search/explore.ts";
export type {
  Availability,
  AvailabilityFindings,
  Counts,
  MessageCounts,
  NetFindings,
  Stats,
} from "./checkers/stats.ts";
export type { Findings, Validity } from "./checkers/validity.ts";
export type { Op, OpError, OpType, Process } from "./load/history.ts";
export type { ClockChange, NodeError } from "./hosts/host.ts";
export type { Command } from "./hosts/process.ts";
export type { Effect, Fault, ScheduledFault } from "./load/nemesis.ts";
export type { Schedule, ScheduledOp } from "./load/schedule.ts";
export type { Grudge } from "./load/grudge.ts";
export { Sandbox, type WasmNode } from "./sandbox.ts";
export type { DiskFault } from "./sim/disk.ts";
export type { Lateness, MaxLateness } from "./sim/lateness.ts";
export type { Envelope, Fate, LatencyDist } from "./sim/network.ts";
export {
  BadOption,
  type FullOptions,
  type Options,
  type Test,
} from "./options.ts";
