/**
 * The embedded workbench: judges nodes as Maelstrom does, with the same
 * workloads, faults, statistics and verdicts, but in virtual time and from a
 * seed that replays.
 *
 * @module
 */
export * from "./judge.ts";
export type { Op } from "./history.ts";
export type { Command, NodeError } from "./hosts.ts";
export type { Envelope } from "./network.ts";
export { BadOption, type FullOptions, type Options } from "./options.ts";
export type { Limit, Measured, RunRecord } from "./report/record.ts";
