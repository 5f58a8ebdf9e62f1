/**
 * Statistics of every run, whatever its workload: did operations succeed, how
 * many of them, and how many messages did that take? After Jepsen's `stats` and
 * Maelstrom's `availability` and `net` checkers.
 *
 * @module
 */
import { type History, isClientOp } from "../load/history.ts";
import type { Tallies, Tally } from "../sim/network.ts";
import { type Findings, mergeValid, type Validity } from "./validity.ts";

/**
 * The number of operations that ended in each way.
 *
 * @example
 * ```ts
 * import type { Counts } from "@call-me-maybe/maelstrom/workbench";
 *
 * const counts: Counts = {
 *   "valid?": true,
 *   count: 10,
 *   "ok-count": 8,
 *   "fail-count": 1,
 *   "info-count": 1,
 * };
 * ```
 */
export interface Counts extends Findings {
  /** True if at least one succeeded. */
  "valid?": Validity;
  /** All that ended. */
  count: number;
  /** Those that happened. */
  "ok-count": number;
  /** Those that did not happen. */
  "fail-count": number;
  /** Those of which it isn't known. */
  "info-count": number;
}

/**
 * {@linkcode Counts} over all, and for each kind of operation.
 *
 * @example
 * ```ts
 * import { judge, type Stats } from "@call-me-maybe/maelstrom/workbench";
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = (node: Node) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * const { results } = await judge(echo, { workload: "echo", "time-limit": 2 });
 *
 * const stats: Stats = results.stats;
 * assertEquals(stats["by-f"].echo?.["ok-count"], stats.count);
 * ```
 */
export interface Stats extends Counts {
  /** For each kind, such as `"read"`. */
  "by-f": { [f: string]: Counts };
}

/** Kinds of operation that need not succeed: Kafka's clients crash on purpose. */
const mayAlwaysFail = new Set(["crash", "debug-topic-partitions"]);

/** The kinds of operation of which one should have succeeded, and none did. */
export function neverSucceeded({ "by-f": byF }: Stats): [string, Counts][] {
  return Object.entries(byF).filter(([f, counts]) =>
    counts["valid?"] !== true && !mayAlwaysFail.has(f)
  );
}

/** Counts the operations. Valid if each kind succeeded at least once. */
export function stats(history: History): Stats {
  const byF = new Map<string, Counts>();
  const all = noCounts();
  for (const op of history) {
    if (!isClientOp(op) || op.type === "invoke") continue;
    let counts = byF.get(op.f);
    if (counts === undefined) byF.set(op.f, counts = noCounts());
    for (const each of [all, counts]) {
      each.count++;
      each[`${op.type}-count`]++;
    }
  }
  const sorted = [...byF].sort(([a], [b]) => a < b ? -1 : 1);
  for (const [, counts] of sorted) counts["valid?"] = counts["ok-count"] > 0;
  return {
    ...all,
    "valid?": mergeValid(
      sorted.filter(([f]) => !mayAlwaysFail.has(f))
        .map(([, counts]) => counts["valid?"]),
    ),
    "by-f": Object.fromEntries(sorted),
  };
}

function noCounts(): Counts {
  return {
    "valid?": false,
    count: 0,
    "ok-count": 0,
    "fail-count": 0,
    "info-count": 0,
  };
}

/**
 * The demand of `availability`: all operations, or a fraction of them.
 *
 * @example
 * ```ts
 * import type { Availability } from "@call-me-maybe/maelstrom/workbench";
 *
 * const goals: Availability[] = ["total", 0.99];
 * ```
 */
export type Availability = "total" | number;

/**
 * The findings about availability: whether enough operations succeeded.
 *
 * @example
 * ```ts
 * import type { AvailabilityFindings } from "@call-me-maybe/maelstrom/workbench";
 *
 * const findings: AvailabilityFindings = { "valid?": true, "ok-fraction": 0.998 };
 * ```
 */
export interface AvailabilityFindings extends Findings {
  /** The part of the invoked operations that succeeded, from 0 to 1. */
  "ok-fraction": number;
}

/** Checks that enough operations succeeded. */
export function availability(
  history: History,
  goal: Availability | undefined,
): AvailabilityFindings {
  let invoked = 0;
  let ok = 0;
  for (const { type } of history) {
    if (type === "invoke") invoked++;
    else if (type === "ok") ok++;
  }
  const fraction = invoked === 0 ? 1 : ok / invoked;
  const least = goal === undefined ? 0 : goal === "total" ? 1 : goal;
  return { "valid?": fraction >= least, "ok-fraction": fraction };
}

/**
 * Messages that were sent and received.
 *
 * @example
 * ```ts
 * import type { MessageCounts } from "@call-me-maybe/maelstrom/workbench";
 *
 * const counts: MessageCounts = {
 *   "send-count": 2400,
 *   "recv-count": 2390,
 *   "msg-count": 2400,
 *   "msgs-per-op": 24,
 * };
 * ```
 */
export interface MessageCounts {
  /** The number of messages sent. */
  "send-count": number;
  /** The number of them that arrived. */
  "recv-count": number;
  /** The number of messages. */
  "msg-count": number;
  /** The number per client operation; absent where there was none. */
  "msgs-per-op"?: number;
}

/**
 * The number of messages that a run took.
 *
 * @example
 * ```ts
 * import { judge, type NetFindings } from "@call-me-maybe/maelstrom/workbench";
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = (node: Node) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * const { results } = await judge(echo, { workload: "echo", "time-limit": 2 });
 *
 * const net: NetFindings = results.net;
 * assertEquals(net.servers["msgs-per-op"], 0);
 * ```
 */
export interface NetFindings extends Findings {
  /** All messages. */
  all: MessageCounts;
  /** Those to and from clients. */
  clients: MessageCounts;
  /** All others: between nodes, and between nodes and services. */
  servers: MessageCounts;
}

/** Counts the messages, and how many an operation took. */
export function net(
  { clients, servers }: Tallies,
  history: History,
): NetFindings {
  const ops = history.filter((op) => isClientOp(op) && op.type === "invoke")
    .length;
  const counted = (tallies: Tally[]): MessageCounts => {
    const sent = tallies.reduce((sum, each) => sum + each.sent, 0);
    const received = tallies.reduce((sum, each) => sum + each.received, 0);
    return { "send-count": sent, "recv-count": received, "msg-count": sent };
  };
  const perOp = (counts: MessageCounts) =>
    ops === 0
      ? counts
      : { ...counts, "msgs-per-op": counts["msg-count"] / ops };
  return {
    all: perOp(counted([clients, servers])),
    clients: counted([clients]),
    servers: perOp(counted([servers])),
    "valid?": true,
  };
}
