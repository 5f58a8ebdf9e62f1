/**
 * `lin-kv`: a linearizable store of keys with `read`, `write` and `cas`. After
 * Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/lin_kv.clj),
 * which takes what clients do from Jepsen's `linearizable-register`
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/tests/linearizable_register.clj).
 *
 * @module
 */
import {
  explainLinearizable,
  linearizable,
  type LinearizableFindings,
} from "../checkers/linearizable.ts";
import { keyed } from "../checkers/judgeable.ts";
import type { RPC } from "../load/client.ts";
import {
  any,
  forever,
  type Generator,
  independent,
  mix,
  on,
  processLimit,
} from "../load/generator.ts";
import type { Test } from "../options.ts";
import type { Random } from "../sim/random.ts";
import type { Workload } from "./workload.ts";

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, value: "any" },
};

const writeRPC: RPC = { type: "write", reply: { type: { is: "write_ok" } } };

const casRPC: RPC = { type: "cas", reply: { type: { is: "cas_ok" } } };

/**
 * The most processes that work on a key; where there are more, it's left alone.
 */
const maxProcesses = 20;

/** The time that a client waits, unless the network is slow. */
const minTimeoutMs = 1000;

/** Values are integers from 0 up to, not including, this. */
const valueCount = 5;

/** The workload. */
export const linKV: Workload = {
  objection({ nodes, concurrency, options }) {
    const groupSize = 2 * nodes.length;
    if (concurrency % groupSize === 0) return;
    return `lin-kv has two clients for each node work on a key, so --concurrency must be a multiple of ${groupSize} here, such as 2n, not ${options.concurrency}.`;
  },
  generator({ nodes }) {
    const groupSize = 2 * nodes.length;
    // Maelstrom's limit is always 20; with more clients than that to a key it
    // would go through the keys for ever, and never do anything.
    const most = Math.max(maxProcesses, groupSize);
    return independent(
      groupSize,
      (_, random) => processLimit(most, keyGenerator(nodes.length, random)),
    );
  },
  timeoutMs,
  open: (client, node, test) => async ({ f, value }) => {
    const [key, argument] = value as [unknown, unknown];
    const settings = { timeoutMs: timeoutMs(test) };
    switch (f) {
      case "write":
        await client.rpc(node, writeRPC, { key, value: argument }, settings);
        return { type: "ok" };
      case "cas": {
        const [from, to] = argument as [unknown, unknown];
        await client.rpc(node, casRPC, { key, from, to }, settings);
        return { type: "ok" };
      }
      default: {
        const reply = await client.rpc(node, readRPC, { key }, settings);
        return { type: "ok", value: [key, reply.value] };
      }
    }
  },
  idempotent: new Set(["read"]),
  reusableClients: true,
  // Which key it's about, and what is asked of it, the checker looks at.
  operations: {
    read: { asked: keyed("null", (value) => value === null) },
    write: { asked: keyed("value", () => true) },
    cas: {
      asked: keyed(
        "[from, to]",
        (pair) => Array.isArray(pair) && pair.length === 2,
      ),
    },
  },
  needs: {
    op: ({ type }) => type === "ok",
    missing: "no operation ever succeeded",
  },
  check: (history) => linearizable(history),
  anomaly: () => "nonlinearizable",
  explain: (findings, history) =>
    explainLinearizable(findings as LinearizableFindings, history),
  drawing: { kind: "register" },
};

function timeoutMs({ options }: Test): number {
  return Math.max(minTimeoutMs, 10 * options.latency);
}

/**
 * Makes the generator of what clients do on one key. The first threads read, as
 * many as there are nodes, and the others write: one time of three blindly.
 *
 * Jepsen counts those first threads over all threads, and not over the group
 * that works on the key. So only the first group ever reads, and we follow it in
 * that: histories should be of the same kind.
 */
function keyGenerator(readers: number, random: Random): Generator {
  const draw = (random: Random) => random.integer(valueCount);
  const read = forever(() => ({ f: "read" }));
  const write = forever((random) => ({ f: "write", value: draw(random) }));
  const cas = forever((random) => ({
    f: "cas",
    value: [draw(random), draw(random)],
  }));
  const reads = (thread: unknown) =>
    typeof thread === "number" && thread < readers;
  return any(
    on(reads, read),
    on((thread) => !reads(thread), mix([write, cas, cas], random.integer(3))),
  );
}
