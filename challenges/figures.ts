/**
 * The tables of the README as data: which runs are compared, by which figures,
 * and what others have published. `deno task figures` computes them.
 *
 * @module
 */

/** A column of a table; each is a figure of a run. */
export type Column =
  /** `valid`, `over limit` or `invalid`; how many passed, of many seeds. */
  | "verdict"
  /** The number of operations. */
  | "ops"
  /** The part of the operations that succeeded. */
  | "available"
  /** Values that were acknowledged, and that no read found at the end. */
  | "lost"
  /** Messages from servers to each other and to services, per operation. */
  | "msgs/op"
  /** The length of these messages, per operation. */
  | "bytes/op"
  /** Writes to disks that nodes waited for, per operation that was answered. */
  | "syncs/op"
  /** The time until a value was visible everywhere. */
  | "median"
  | "max"
  /** The time that an operation took. */
  | "operation median"
  | "operation max"
  /** The longest time that a poll did not show what was there. */
  | "worst lag"
  /** The time until a death was noticed by the first node; by the last. */
  | "noticed"
  | "by all"
  /** Nodes that were taken for dead, and weren't, in an hour. */
  | "false alarms/h"
  /** Messages between nodes, for each of them, in a second. */
  | "msgs/node/s"
  /** Anomalies among transactions that their consistency model forbids. */
  | "anomalies";

/** A table, which stands between two marks that have its name. */
export interface Table {
  name: string;
  columns: readonly Column[];
  rows: readonly Row[];
}

/** A line of a table; its label says in words what it is about. */
export type Row = RunRow | LimitRow | PublishedRow;

/** The outcome of an official run, perhaps with something about it changed. */
export interface RunRow {
  label: string;
  run: string;
  /** Options beyond the official ones. */
  options?: { readonly [option: string]: string | number };
  /** Arguments to the node, beyond the official run's. */
  args?: readonly string[];
  /** From 1 to how many; the figures are the least, the median and the most. */
  seeds?: number;
}

/** The limits of a challenge. */
export interface LimitRow {
  label: string;
  limitsOf: string;
}

/** The best that somebody else has published, as it stands there. */
export interface PublishedRow {
  label: string;
  published: {
    who: string;
    url: string;
    figures: { readonly [column in Column]?: string };
  };
}

/** Enough seeds to show how much chance there is in a figure. */
const many = 20;

/** Enough to show whether it's a matter of chance at all. */
const few = 5;

const partition = { nemesis: "partition" };

/** Faults that strike nodes, often; a node that is dead answers nobody. */
const kill = { nemesis: "kill", "nemesis-interval": 2 };
const all = { nemesis: "partition,kill,pause", "nemesis-interval": 2 };
const unanswered = { availability: 0 };
const disk = ["--data-dir", "data"];

/** Machines of one region. */
const near = { latency: 10 };

/** The options of 11b, for the programs of chapter 3. */
const hundred = { "node-count": 100, rate: 50, latency: 100 };

const pushPull = ["--strategy", "push-pull"];
const flood = ["--strategy", "flood"];
const direct = ["--strategy", "direct"];

const visible = ["verdict", "msgs/op", "median", "max"] as const;
const answered = [
  "verdict",
  "available",
  "msgs/op",
  "operation median",
  "operation max",
] as const;

const unsuspecting = ["--suspicion", "0"];
const membership = [
  ...["verdict", "noticed", "by all", "false alarms/h", "msgs/node/s"] as const,
];

/** All tables. */
export const tables: readonly Table[] = [
  {
    name: "unique-ids",
    columns: ["verdict", "ops", "available", "msgs/op", "operation max"],
    rows: [
      { label: "a clock for all", run: "2", args: ["--strategy", "clock"] },
      {
        label: "a clock for all, 10 ms away",
        run: "2",
        options: { latency: 10 },
        args: ["--strategy", "clock"],
      },
      { label: "chance", run: "2", args: ["--strategy", "random"] },
      { label: "name, start and number", run: "2" },
      {
        label: "the same, 10 ms away from the others",
        run: "2",
        options: { latency: 10 },
      },
    ],
  },
  {
    name: "broadcast-3b-3c",
    columns: ["verdict", "lost", "msgs/op", "median", "max"],
    rows: [
      { label: "flood", run: "3b", args: flood },
      { label: "direct", run: "3b", args: direct },
      { label: "hub", run: "3b", seeds: many },
      { label: "flood, partitions", run: "3c", args: flood, seeds: many },
      { label: "direct, partitions", run: "3c", args: direct, seeds: many },
      { label: "hub, partitions", run: "3c", seeds: many },
    ],
  },
  {
    name: "broadcast-3d-3e",
    columns: visible,
    rows: [
      { label: "flood over the grid", run: "3d", args: flood },
      {
        label: "flood over a tree",
        run: "3d",
        options: { topology: "tree4" },
        args: flood,
      },
      { label: "direct", run: "3d", args: direct },
      ...[100, 200].map((beat) => ({
        label: `hub, a beat of ${beat} ms`,
        run: "3d",
        args: ["--beat-ms", String(beat)],
      })),
      { label: "hub, a beat of 390 ms", run: "3d", seeds: many },
      {
        label: "hub, a beat of 1000 ms",
        run: "3e",
        args: ["--beat-ms", "1000"],
      },
      { label: "hub, a beat of 1350 ms", run: "3e", seeds: many },
      { label: "demanded by 3d", limitsOf: "3d" },
      {
        label: "best published for 3d",
        published: {
          who: "callum-oakley",
          url:
            "https://github.com/callum-oakley/gossip-glomers/blob/7e40c66a53cad1a1ff96dac68d09bce784c3c76c/src/gossip_glomers/broadcast.clj",
          figures: { "msgs/op": "13", median: "70 ms", max: "100 ms" },
        },
      },
      { label: "demanded by 3e", limitsOf: "3e" },
      {
        label: "best published for 3e",
        published: {
          who: "teivah",
          url: "https://github.com/teivah/gossip-glomers",
          figures: { "msgs/op": "1.92", median: "764 ms", max: "1087 ms" },
        },
      },
    ],
  },
  {
    name: "broadcast-just-in-time",
    columns: visible,
    rows: ["3d", "3e"].flatMap((run) => [
      {
        label: `${run}, values go to the hub at once`,
        run,
        args: ["--just-in-time", "off"],
        seeds: many,
      },
      { label: `${run}, just in time`, run, seeds: many },
    ]),
  },
  {
    name: "broadcast-faults",
    columns: ["verdict", "lost", "msgs/op", "median", "max"],
    // Limits are for a network that works: here it's the losses that count.
    rows: [
      ...[
        { what: "partitions", options: partition },
        { what: "1 % of messages lost", options: { "p-loss": 0.01 } },
        { what: "10 % of messages lost", options: { "p-loss": 0.1 } },
      ].flatMap(({ what, options }) => [
        { label: `flood, ${what}`, run: "3d", options, args: flood },
        { label: `direct, ${what}`, run: "3d", options, args: direct },
        { label: `hub, ${what}`, run: "3d", options },
      ]),
    ],
  },
  {
    name: "g-counter",
    columns: answered,
    rows: [
      {
        label: "one sum, compare-and-set",
        run: "4",
        args: ["--strategy", "cas"],
        seeds: many,
      },
      { label: "a total for each node, in the store", run: "4", seeds: many },
      {
        label: "a total for each node, gossiped",
        run: "4",
        args: ["--strategy", "gossip"],
        seeds: many,
      },
    ],
  },
  {
    name: "kafka",
    columns: [
      "verdict",
      "available",
      "msgs/op",
      "operation median",
      "operation max",
      "worst lag",
    ],
    rows: [
      { label: "logs in the store", run: "5b" },
      { label: "replicated, one node has it", run: "5c", seeds: few },
      {
        label: "replicated, every node has it",
        run: "5c",
        args: ["--acks", "all"],
      },
      {
        label: "logs in the store, partitions",
        run: "5b",
        options: partition,
      },
      {
        label: "replicated, one node has it, partitions",
        run: "5c",
        options: partition,
      },
      {
        label: "replicated, every node has it, partitions",
        run: "5c",
        options: partition,
        args: ["--acks", "all"],
      },
      {
        label: "best published for 5c",
        published: {
          who: "neowsl",
          url:
            "https://github.com/neowsl/maelstrom-matrix/blob/5c9b36f593b11242d5f43939d5ddd18b8cb0c593/docs/engineering-log.md",
          figures: { available: "99.96 %", "msgs/op": "1.39" },
        },
      },
    ],
  },
  {
    name: "txn",
    columns: ["verdict", "available", "msgs/op", "operation max", "anomalies"],
    rows: [
      { label: "one node", run: "6a" },
      { label: "read uncommitted, partitions", run: "6b" },
      { label: "read committed, partitions", run: "6c" },
      ...["snapshot-isolation", "serializable"].map((model) => ({
        label: `the same node, held to ${model.replace("-", " ")}`,
        run: "6c",
        options: { "consistency-models": model },
      })),
    ],
  },
  {
    name: "survival",
    columns: ["verdict", "msgs/op", "syncs/op", "operation median"],
    rows: [
      {
        label: "unique ids, all faults",
        run: "2",
        options: { ...all, ...unanswered },
        seeds: few,
      },
      ...[
        { what: "broadcast", run: "3c", options: {} },
        { what: "counter", run: "4", options: {} },
        { what: "log", run: "5c", options: {} },
        { what: "transactions", run: "6c", options: unanswered },
      ].flatMap(({ what, run, options }) => [
        {
          label: `${what}, killed`,
          run,
          options: { ...kill, ...options },
          seeds: few,
        },
        {
          label: `${what}, killed, with a disk`,
          run,
          options: { ...kill, ...options },
          args: disk,
          seeds: few,
        },
        {
          label: `${what}, all faults, with a disk`,
          run,
          options: { ...all, ...options },
          args: disk,
          seeds: few,
        },
      ]),
    ],
  },
  {
    name: "crdts",
    columns: ["verdict", "lost", "msgs/op", "bytes/op"],
    rows: [
      { label: "set, whole", run: "8a", args: ["--strategy", "state"] },
      {
        label: "set, whole, for twice as long",
        run: "8a",
        options: { "time-limit": 40 },
        args: ["--strategy", "state"],
      },
      { label: "set, deltas", run: "8a" },
      {
        label: "set, deltas, for twice as long",
        run: "8a",
        options: { "time-limit": 40 },
      },
      { label: "set, deltas, killed", run: "8a", options: kill },
      {
        label: "set, deltas, killed, with a disk",
        run: "8a",
        options: kill,
        args: disk,
      },
      {
        label: "counter, one total for each node",
        run: "8b",
        args: ["--strategy", "single"],
        seeds: few,
      },
      { label: "counter, two totals for each node", run: "8b", seeds: few },
      {
        label: "the same, killed, with a disk",
        run: "8b",
        options: kill,
        args: disk,
        seeds: few,
      },
    ],
  },
  {
    name: "lin-kv",
    columns: answered,
    rows: [
      {
        label: "a node reads what it has",
        run: "9",
        args: ["--reads", "local"],
      },
      { label: "the leader asks a majority", run: "9", seeds: few },
      {
        label: "the leader trusts its lease",
        run: "9",
        args: ["--reads", "lease"],
      },
      ...[0, 100].map((gather) => ({
        label: gather ? `all of ${gather} ms in one message` : "all at once",
        run: "9",
        args: ["--gather-ms", String(gather)],
      })),
      ...[3, 7].map((count) => ({
        label: `${count} nodes`,
        run: "9",
        options: { "node-count": count },
      })),
      {
        label: "another partition several times a second",
        run: "9",
        options: { "nemesis-interval": 0.2 },
      },
      { label: "killed, without a disk", run: "9", options: kill, seeds: few },
      {
        label: "all faults, with a disk",
        run: "9",
        options: all,
        args: disk,
        seeds: few,
      },
    ],
  },
  {
    name: "strict-serializability",
    columns: [
      ...["verdict", "available", "msgs/op", "bytes/op"],
      ...["operation median", "operation max", "anomalies"],
    ] as Column[],
    rows: [
      { label: "one key", run: "10", args: ["--strategy", "value"] },
      {
        label: "one key, half as long",
        run: "10",
        options: { "time-limit": 10 },
        args: ["--strategy", "value"],
      },
      {
        label: "a tree, no cache",
        run: "10",
        args: ["--strategy", "tree", "--cache", "off"],
      },
      { label: "a tree", run: "10", args: ["--strategy", "tree"] },
      {
        label: "the newest in the root, no batches",
        run: "10",
        args: ["--batch", "one"],
      },
      { label: "the newest in the root", run: "10", seeds: few },
      {
        label: "the same, half as long",
        run: "10",
        options: { "time-limit": 10 },
      },
      { label: "the same, all faults", run: "10", options: all },
      {
        label: "the same, one node",
        run: "10",
        options: { "node-count": 1, concurrency: "30n" },
      },
      { label: "stale reads", run: "10", args: ["--reads", "stale"] },
      {
        label: "stale reads, held to serializable",
        run: "10",
        options: { "consistency-models": "serializable" },
        args: ["--reads", "stale"],
      },
      {
        label: "two nodes, no latency",
        run: "10",
        options: { "node-count": 2, concurrency: "1n", latency: 0 },
      },
      {
        label: "the same",
        published: {
          who: "Maelstrom's own chapter",
          url:
            "https://github.com/jepsen-io/maelstrom/blob/v0.2.4/doc/05-datomic/04-optimization.md",
          figures: { "msgs/op": "8.51", "operation median": "about 10 ms" },
        },
      },
    ],
  },
  {
    name: "large-clusters",
    columns: ["verdict", "lost", "msgs/op", "median", "max"],
    rows: [
      {
        label: "flood over a tree, 100 nodes",
        run: "3b",
        options: { ...hundred, topology: "tree4" },
        args: flood,
      },
      { label: "hub, 100 nodes", run: "3b", options: hundred },
      { label: "push-pull, 100 nodes", run: "11c" },
      {
        label: "Plumtree, pruned by values, 100 nodes",
        run: "11b",
        args: ["--pruned-by", "values"],
      },
      { label: "Plumtree, 100 nodes", run: "11b" },
      { label: "push-pull, 25 nodes, partitions", run: "11a", args: pushPull },
      { label: "Plumtree, 25 nodes, partitions", run: "11a" },
      {
        label: "push-pull, 25 nodes, 5 % of messages lost",
        run: "11b",
        options: { "node-count": 25, "p-loss": 0.05 },
        args: pushPull,
      },
      {
        label: "Plumtree, 25 nodes, 5 % of messages lost",
        run: "11b",
        options: { "node-count": 25, "p-loss": 0.05 },
      },
    ],
  },
  {
    name: "membership",
    columns: membership,
    rows: [
      ...[1000, 2000].map((deadlineMs) => ({
        label: `heartbeats, ${deadlineMs / 1000} s`,
        args: ["--strategy", "heartbeats", "--deadline-ms", `${deadlineMs}`],
      })),
      {
        label: "heartbeats, φ of 5",
        args: ["--strategy", "heartbeats", "--detector", "phi"],
      },
      { label: "pings", args: ["--helpers", "0", "--suspicion", "0"] },
      { label: "pings, with help", args: unsuspecting },
      { label: "SWIM: with help and suspicion", args: [] },
      { label: "SWIM, φ of 5", args: ["--detector", "phi"] },
    ].map((row) => ({
      ...row,
      run: "12",
      options: { rate: 50, "p-loss": 0.05 },
    })),
  },
  {
    name: "membership-deadlines",
    columns: membership,
    rows: [
      ...[100, 200, 400, 800, 1600].map((deadlineMs) => ({
        label: `${deadlineMs} ms`,
        args: ["--deadline-ms", `${deadlineMs}`],
      })),
      { label: "φ of 5", args: ["--detector", "phi"] },
    ].map(({ label, args }) => ({
      label,
      run: "12",
      options: { rate: 50, latency: 100, "latency-dist": "exponential" },
      args: [...unsuspecting, ...args],
    })),
  },
  {
    name: "membership-slow",
    columns: ["verdict", "false alarms/h", "msgs/node/s"],
    rows: [
      {
        label: "heartbeats, 2 s",
        args: ["--strategy", "heartbeats", "--deadline-ms", "2000"],
      },
      { label: "SWIM", args: [] },
      { label: "SWIM, φ of 5", args: ["--detector", "phi"] },
      { label: "SWIM, thrice as patient", args: ["--suspicion", "3"] },
    ].map((row) => ({
      ...row,
      run: "12",
      options: { rate: 50, nemesis: "pause", "nemesis-interval": 2 },
    })),
  },
  {
    name: "membership-size",
    columns: ["verdict", "noticed", "msgs/node/s"],
    rows: [5, 10, 25, 50, 100].map((count) => ({
      label: `${count} nodes`,
      run: "12",
      options: { "node-count": count, rate: 2 * count, "time-limit": 20 },
    })),
  },
  {
    name: "cost",
    columns: ["verdict", "msgs/op", "operation median", "operation max"],
    rows: [
      ...[1, 3, 5, 7].map((count) => ({
        label: count === 1 ? "a store on one node" : `the same on ${count}`,
        run: "9",
        options: { "node-count": count, ...near },
        args: ["--gather-ms", "0"],
      })),
      {
        label: "a log on one node",
        run: "5c",
        options: { "node-count": 1, rate: 100, ...near },
      },
      {
        label: "the same on two, both have it",
        run: "5c",
        options: { rate: 100, ...near },
        args: ["--acks", "all"],
      },
    ],
  },
];
