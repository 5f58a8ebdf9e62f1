/**
 * Runs to look at: of every workload one that is valid and one that isn't, small
 * enough that all of them are judged in a moment.
 *
 * @module
 */
import { broadcast } from "../../challenges/broadcast.ts";
import { echo } from "../../challenges/echo.ts";
import { gCounter } from "../../challenges/g_counter.ts";
import { kafka } from "../../challenges/kafka.ts";
import { membership } from "../../challenges/membership.ts";
import { txn } from "../../challenges/txn.ts";
import { uniqueIds } from "../../challenges/unique_ids.ts";
import {
  type AnyMessages,
  type App,
  type GSetMessages,
  type KafkaMessages,
  KV,
  type KVService,
  type ListAppendMessages,
  type MembershipMessages,
} from "../../lib/mod.ts";
import type { Options } from "../../lib/workbench/mod.ts";
import { gossip } from "../workbench/workloads/gossip_counter.ts";
import { proxy } from "../workbench/workloads/kv_proxy.ts";

/** A run, by what is judged and how. */
export interface Specimen {
  app: App<AnyMessages>;
  options: Options;
  args?: string[];
  valid: boolean;
}

/** Answers, but now and then with something else. */
const forgetfulEcho: App = (node) => {
  let count = 0;
  node.on("echo", ({ body }) => ({
    type: "echo_ok",
    echo: ++count % 4 === 0 ? "what?" : body.echo,
  }));
};

/** Counts, as if there were no other nodes. */
const sameIds: App = (node) => {
  let count = 0;
  node.on("generate", () => ({ type: "generate_ok", id: count++ }));
};

/** A set of which each node tells the others, again and again or just once. */
function set(
  { again }: { again: boolean },
): App<GSetMessages & { tell: { elements: number[] } }> {
  return (node) => {
    const elements = new Set<number>();
    const tell = (elements: number[]) => {
      for (const peer of node.peers) {
        node.send(peer, { type: "tell", elements });
      }
    };
    node.on("add", ({ body }) => {
      elements.add(body.element);
      if (!again) tell([body.element]);
      return { type: "add_ok" };
    });
    node.on("tell", ({ body }) => {
      for (const element of body.elements) elements.add(element);
    });
    node.on("read", () => ({ type: "read_ok", value: [...elements] }));
    if (again) node.every(500, () => tell([...elements]));
  };
}

type Lists = { [key: string]: number[] };
type Append = [f: "append", key: number, value: number];

/** Lists, all of them one value of a store: as fresh as that store is. */
function lists(service: KVService): App<ListAppendMessages> {
  return (node) => {
    const kv = new KV<Lists>(node, service);
    node.on("txn", async ({ body }) => {
      let done: ListAppendMessages["txn_ok"]["txn"] = [];
      await kv.update("lists", (before = {}) => {
        const after = structuredClone(before);
        done = body.txn.map(([f, key, value]) => {
          if (f === "r") return [f, key, [...after[key] ?? []]];
          (after[key] ??= []).push(value);
          return [f, key, value];
        });
        return after;
      });
      return { type: "txn_ok", txn: done };
    });
  };
}

/** Lists of each node, of which the others are told when it's too late. */
const tornLists: App<
  ListAppendMessages & { appends: { appends: Append[] } }
> = (node) => {
  const lists = new Map<number, number[]>();
  const append = (key: number, value: number) => {
    lists.set(key, [...lists.get(key) ?? [], value]);
  };
  node.on("txn", ({ body }) => {
    const appends = body.txn.filter((each) => each[0] === "append");
    for (const peer of node.peers) {
      node.send(peer, { type: "appends", appends });
    }
    return {
      type: "txn_ok",
      txn: body.txn.map(([f, key, value]) => {
        if (f === "r") return [f, key, lists.get(key) ?? null];
        append(key, value);
        return [f, key, value];
      }),
    };
  });
  node.on("appends", ({ body }) => {
    for (const [, key, value] of body.appends) append(key, value);
  });
};

/** Logs of which each node gives out offsets for itself. */
const twoLogs: App<
  KafkaMessages & { copy: { key: string; msg: number; offset: number } }
> = (node) => {
  const logs = new Map<string, [number, number][]>();
  const add = (key: string, offset: number, message: number) => {
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    log.push([offset, message]);
  };
  node.on("send", ({ body: { key, msg } }) => {
    const offset = (logs.get(key)?.at(-1)?.[0] ?? -1) + 1;
    add(key, offset, msg);
    for (const peer of node.peers) {
      node.send(peer, { type: "copy", key, msg, offset });
    }
    return { type: "send_ok", offset };
  });
  node.on("copy", ({ body: { key, msg, offset } }) => {
    add(key, offset, msg);
  });
  node.on("poll", ({ body }) => ({
    type: "poll_ok",
    msgs: Object.fromEntries(
      Object.entries(body.offsets).map(([key, from]) => [
        key,
        (logs.get(key) ?? []).filter(([offset]) => offset >= from),
      ]),
    ),
  }));
  node.on("commit_offsets", () => ({ type: "commit_offsets_ok" }));
  node.on("list_committed_offsets", () => ({
    type: "list_committed_offsets_ok",
    offsets: {},
  }));
};

/** Takes all others for dead. */
const loner: App<MembershipMessages> = (node) => {
  node.on("read", () => ({ type: "read_ok", members: [node.id] }));
};

const nemesis = { nemesis: "partition", "nemesis-interval": 2 };
const three = { "node-count": 3, "time-limit": 8, latency: 10, rate: 20 };
const two = { ...three, "node-count": 2, concurrency: "2n" };

/** A valid and an invalid run of every workload. */
export const specimens: readonly Specimen[] = [
  ...both("echo", { "node-count": 1, "time-limit": 5 }, echo, forgetfulEcho),
  ...both("unique-ids", { ...three, ...nemesis }, uniqueIds, sameIds),
  {
    app: broadcast,
    options: { ...three, ...nemesis, workload: "broadcast" },
    valid: true,
  },
  {
    app: broadcast,
    options: { ...three, ...nemesis, workload: "broadcast" },
    args: ["--strategy", "flood"],
    valid: false,
  },
  ...both(
    "g-set",
    { ...three, ...nemesis },
    set({ again: true }),
    set({ again: false }),
  ),
  ...both(
    "g-counter",
    { ...three, ...nemesis },
    gCounter,
    gossip((delta, add) => add % 5 === 0 ? 0 : delta),
  ),
  ...both(
    "pn-counter",
    { ...three, ...nemesis },
    gossip(),
    gossip((delta) => Math.abs(delta)),
  ),
  ...both(
    "lin-kv",
    { ...three, concurrency: "4n", rate: 60 },
    proxy("lin-kv"),
    proxy("lww-kv"),
  ),
  ...both(
    "membership",
    { ...three, nemesis: "kill", "nemesis-interval": 2 },
    membership,
    loner,
  ),
  ...both("kafka", { ...two, ...nemesis }, kafka, twoLogs),
  ...both(
    "txn-list-append",
    { ...two, rate: 50, latency: 50 },
    lists("lin-kv"),
    tornLists,
  ),
  {
    app: txn,
    options: {
      ...two,
      ...nemesis,
      workload: "txn-rw-register",
      "consistency-models": "read-committed",
    },
    valid: true,
  },
  {
    app: txn,
    options: {
      ...two,
      ...nemesis,
      workload: "txn-rw-register",
      "consistency-models": "serializable",
    },
    valid: false,
  },
];

function both(
  workload: string,
  options: Omit<Options, "workload">,
  right: App<AnyMessages>,
  wrong: App<AnyMessages>,
): Specimen[] {
  return [
    { app: right, options: { ...options, workload }, valid: true },
    { app: wrong, options: { ...options, workload }, valid: false },
  ];
}
