/**
 * What every run is asked, whatever its workload: did operations succeed, how
 * many of them, and how many messages did that take? After Jepsen's `stats` and
 * Maelstrom's `availability` and `net` checkers.
 *
 * @module
 */
import { type History, isClientOp } from "../history.ts";
import { type Envelope, involvesClient } from "../network.ts";
import { type Findings, mergeValid, type Validity } from "./validity.ts";

/** How many operations ended in which way. */
export interface Counts extends Findings {
  /** Whether at least one succeeded. */
  "valid?": Validity;
  count: number;
  "ok-count": number;
  "fail-count": number;
  "info-count": number;
}

/** {@linkcode Counts} over all, and for each kind of operation. */
export interface Stats extends Counts {
  "by-f": { [f: string]: Counts };
}

/** Kinds of operation that need not succeed: Kafka's clients crash on purpose. */
const mayAlwaysFail = new Set(["crash", "debug-topic-partitions"]);

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

/** What `--availability` asks for: all operations, or a fraction of them. */
export type Availability = "total" | number;

/** What {@linkcode availability} finds. */
export interface AvailabilityFindings extends Findings {
  /** The part of the invoked operations that succeeded. */
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

/** Messages that were sent and received. */
export interface MessageCounts {
  "send-count": number;
  "recv-count": number;
  /** How many messages there were. */
  "msg-count": number;
  /** Per client operation. */
  "msgs-per-op"?: number;
}

/** What {@linkcode net} finds. */
export interface NetFindings extends Findings {
  all: MessageCounts;
  /** Those to and from clients. */
  clients: MessageCounts;
  /** All others: between nodes, and between nodes and services. */
  servers: MessageCounts;
}

/** Counts the messages. */
export function net(
  journal: readonly Envelope[],
  history: History,
): NetFindings {
  const none = () => ({ "send-count": 0, "recv-count": 0, "msg-count": 0 });
  const findings = { all: none(), clients: none(), servers: none() };
  for (const envelope of journal) {
    const group = involvesClient(envelope) ? "clients" : "servers";
    for (const counts of [findings.all, findings[group]]) {
      counts["send-count"]++;
      counts["msg-count"]++;
      if (envelope.receivedNs !== undefined) counts["recv-count"]++;
    }
  }
  const ops = history.filter((op) => isClientOp(op) && op.type === "invoke")
    .length;
  const perOp = (counts: MessageCounts) =>
    ops === 0
      ? counts
      : { ...counts, "msgs-per-op": counts["msg-count"] / ops };
  return {
    all: perOp(findings.all),
    clients: findings.clients,
    servers: perOp(findings.servers),
    "valid?": true,
  };
}
