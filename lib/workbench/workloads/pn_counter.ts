/**
 * `pn-counter`: every node comes to show the sum of all that was added, and
 * what is added may be negative. After Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/pn_counter.clj).
 *
 * @module
 */
import {
  counter,
  type CounterFindings,
  explainCounter,
} from "../checkers/counter.ts";
import type { RPC } from "../client.ts";
import { eachThread, forever, mix, once } from "../generator.ts";
import type { Workload } from "./workload.ts";

const addRPC: RPC = { type: "add", reply: { type: { is: "add_ok" } } };

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, value: "integer" },
};

/** The workload. */
export const pnCounter: Workload = {
  generator: () =>
    mix([
      forever((random) => ({ f: "add", value: random.integer(10) - 5 })),
      forever(() => ({ f: "read" })),
    ]),
  finalGenerator: () => eachThread(once({ f: "read", "final?": true })),
  async invoke({ f, value }, client, node) {
    if (f === "add") {
      await client.rpc(node, addRPC, { delta: value });
      return { type: "ok" };
    }
    return { type: "ok", value: (await client.rpc(node, readRPC, {})).value };
  },
  idempotent: new Set(),
  indefiniteErrors: true,
  check: counter,
  explain: (findings) => explainCounter(findings as CounterFindings),
};
