/**
 * The runs of the challenges as data: which program, which workload, with which
 * options, and which figures it has to stay below.
 *
 * The official ones have the options of the challenge pages
 * (https://fly.io/dist-sys/), by the names of Maelstrom's command line. The
 * further ones go with the README's further chapters.
 *
 * @module
 */
import type { AnyMessages, App } from "../lib/mod.ts";
import type { Limit } from "../lib/report/record.ts";
import { broadcast } from "./broadcast.ts";
import { echo } from "./echo.ts";
import { gCounter } from "./g_counter.ts";
import { gSet } from "./g_set.ts";
import { gossip } from "./gossip.ts";
import { kafka } from "./kafka.ts";
import { linKV } from "./lin_kv.ts";
import { membership } from "./membership.ts";
import { pnCounter } from "./pn_counter.ts";
import { txn } from "./txn.ts";
import { txnListAppend } from "./txn_list_append.ts";
import { uniqueIds } from "./unique_ids.ts";

/** One run. */
export interface Run {
  /** As the challenges, or the README's further chapters, are numbered: `"3c"`. */
  id: string;
  title: string;
  /** The program's file in this folder, without its ending. */
  script: string;
  app: App<AnyMessages>;
  /** The program's arguments. */
  args?: readonly string[];
  workload: string;
  options: { readonly [option: string]: string | number };
  limits?: readonly Limit[];
}

const messagesBelow = (below: number): Limit => ({
  path: ["net", "servers", "msgs-per-op"],
  label: "msgs/op",
  below,
});

const medianBelow = (below: number): Limit => ({
  path: ["workload", "stable-latencies", "0.5"],
  label: "median",
  below,
  unit: "ms",
});

const maximumBelow = (below: number): Limit => ({
  path: ["workload", "stable-latencies", "1"],
  label: "max",
  below,
  unit: "ms",
});

const large = {
  "node-count": 25,
  "time-limit": 20,
  rate: 100,
  latency: 100,
};

const hundred = { ...large, "node-count": 100, rate: 50 };

const log = { concurrency: "2n", "time-limit": 20, rate: 1000 };

const transactions = {
  concurrency: "2n",
  "time-limit": 20,
  rate: 1000,
  availability: "total",
};

/** Options that make the world of nodes worse. */
const faults = [
  ...["nemesis", "p-loss", "p-duplicate", "p-reorder"],
  ...["lazyfs", "disk-size"],
];

/**
 * The limits of a run that gets some other options: they are for the network as
 * the challenge has it, so with faults of one's own there are none.
 */
export function limitsOf(
  { limits }: Run,
  given: { readonly [option: string]: unknown },
): readonly Limit[] | undefined {
  return faults.some((name) => given[name] !== undefined) ? undefined : limits;
}

/** The challenges' own runs. */
export const officialRuns: readonly Run[] = [
  {
    id: "1",
    title: "Echo",
    script: "echo",
    app: echo,
    workload: "echo",
    options: { "node-count": 1, "time-limit": 10 },
  },
  {
    id: "2",
    title: "Unique ID generation",
    script: "unique_ids",
    app: uniqueIds,
    workload: "unique-ids",
    options: {
      "node-count": 3,
      "time-limit": 30,
      rate: 1000,
      availability: "total",
      nemesis: "partition",
    },
  },
  {
    id: "3a",
    title: "Single-node broadcast",
    script: "broadcast",
    app: broadcast,
    workload: "broadcast",
    options: { "node-count": 1, "time-limit": 20, rate: 10 },
  },
  {
    id: "3b",
    title: "Multi-node broadcast",
    script: "broadcast",
    app: broadcast,
    workload: "broadcast",
    options: { "node-count": 5, "time-limit": 20, rate: 10 },
  },
  {
    id: "3c",
    title: "Fault-tolerant broadcast",
    script: "broadcast",
    app: broadcast,
    workload: "broadcast",
    options: {
      "node-count": 5,
      "time-limit": 20,
      rate: 10,
      nemesis: "partition",
    },
  },
  {
    id: "3d",
    title: "Efficient broadcast, part I",
    script: "broadcast",
    app: broadcast,
    workload: "broadcast",
    options: large,
    limits: [messagesBelow(30), medianBelow(400), maximumBelow(600)],
  },
  {
    id: "3e",
    title: "Efficient broadcast, part II",
    script: "broadcast",
    app: broadcast,
    workload: "broadcast",
    // Longer beats: fewer messages, more delay.
    args: ["--beat-ms", "1350"],
    options: large,
    limits: [messagesBelow(20), medianBelow(1000), maximumBelow(2000)],
  },
  {
    id: "4",
    title: "Grow-only counter",
    script: "g_counter",
    app: gCounter,
    workload: "g-counter",
    options: {
      "node-count": 3,
      "time-limit": 20,
      rate: 100,
      nemesis: "partition",
    },
  },
  {
    id: "5a",
    title: "Single-node Kafka-style log",
    script: "kafka",
    app: kafka,
    workload: "kafka",
    options: { ...log, "node-count": 1 },
  },
  {
    id: "5b",
    title: "Multi-node Kafka-style log",
    script: "kafka",
    app: kafka,
    // The straightforward answer, which 5c is measured against.
    args: ["--strategy", "store"],
    workload: "kafka",
    options: { ...log, "node-count": 2 },
  },
  {
    id: "5c",
    title: "Efficient Kafka-style log",
    script: "kafka",
    app: kafka,
    workload: "kafka",
    options: { ...log, "node-count": 2 },
    // Fewer messages than the straightforward answer takes, 5b: the challenge
    // names no figure, so there is no limit.
  },
  {
    id: "6a",
    title: "Single-node, totally-available transactions",
    script: "txn",
    app: txn,
    workload: "txn-rw-register",
    options: {
      ...transactions,
      "node-count": 1,
      "consistency-models": "read-uncommitted",
    },
  },
  {
    id: "6b",
    title: "Totally-available, read uncommitted transactions",
    script: "txn",
    app: txn,
    workload: "txn-rw-register",
    options: {
      ...transactions,
      "node-count": 2,
      "consistency-models": "read-uncommitted",
      nemesis: "partition",
    },
  },
  {
    id: "6c",
    title: "Totally-available, read committed transactions",
    script: "txn",
    app: txn,
    workload: "txn-rw-register",
    options: {
      ...transactions,
      "node-count": 2,
      "consistency-models": "read-committed",
      nemesis: "partition",
    },
  },
];

/** Those of the rest of Maelstrom's workloads, and of the roads not taken. */
export const furtherRuns: readonly Run[] = [
  {
    id: "8a",
    title: "Grow-only set",
    script: "g_set",
    app: gSet,
    workload: "g-set",
    options: {
      "node-count": 5,
      "time-limit": 20,
      rate: 100,
      nemesis: "partition",
    },
  },
  {
    id: "8b",
    title: "Counter that goes up and down",
    script: "pn_counter",
    app: pnCounter,
    workload: "pn-counter",
    options: {
      "node-count": 5,
      "time-limit": 20,
      rate: 100,
      nemesis: "partition",
    },
  },
  {
    id: "9",
    title: "Linearizable store",
    script: "lin_kv",
    app: linKV,
    workload: "lin-kv",
    options: {
      "node-count": 5,
      concurrency: "2n",
      "time-limit": 20,
      rate: 100,
      nemesis: "partition",
    },
  },
  {
    id: "10",
    title: "Strict-serializable transactions",
    script: "txn_list_append",
    app: txnListAppend,
    workload: "txn-list-append",
    options: {
      "node-count": 3,
      concurrency: "10n",
      "time-limit": 20,
      rate: 100,
      // Without, hardly ever would two nodes change the same at the same time.
      latency: 10,
      "consistency-models": "strict-serializable",
      nemesis: "partition",
    },
  },
  {
    id: "11a",
    title: "Broadcast by gossip",
    script: "gossip",
    app: gossip,
    workload: "broadcast",
    options: { ...large, nemesis: "partition" },
  },
  {
    id: "11b",
    title: "Broadcast by gossip to a hundred nodes",
    script: "gossip",
    app: gossip,
    workload: "broadcast",
    options: hundred,
  },
  {
    id: "11c",
    title: "Broadcast in rounds to a hundred nodes",
    script: "gossip",
    app: gossip,
    args: ["--strategy", "push-pull"],
    workload: "broadcast",
    options: hundred,
  },
  {
    id: "12",
    title: "Membership",
    script: "membership",
    app: membership,
    workload: "membership",
    options: {
      "node-count": 10,
      "time-limit": 40,
      rate: 100,
      nemesis: "kill",
    },
  },
];

/** All runs. */
export const runs: readonly Run[] = [...officialRuns, ...furtherRuns];

/** Returns the run with an id, or else the first one of a workload. */
export function runOf(id: string, workload: string): Run | undefined {
  return runs.find((run) => run.id === id && run.workload === workload) ??
    runs.find((run) => run.workload === workload);
}
