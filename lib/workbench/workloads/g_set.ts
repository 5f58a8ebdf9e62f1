/**
 * `g-set`: an element that was added to one node is soon shown by all of them,
 * for ever. After Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/g_set.clj).
 *
 * @module
 */
import { explainSet, nodesOf } from "./lost_element.ts";
import { listOrNull, present } from "../checkers/judgeable.ts";
import { setFull, type SetFullFindings } from "../checkers/set_full.ts";
import type { RPC } from "../load/client.ts";
import { eachThread, forever, mix, numbered, once } from "../load/generator.ts";
import { finalWaitMs, type Workload } from "./workload.ts";

const addRPC: RPC = { type: "add", reply: { type: { is: "add_ok" } } };

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, value: "array" },
};

/** The workload. */
export const gSet: Workload = {
  generator: () =>
    mix([
      numbered((value) => ({ f: "add", value })),
      forever(() => ({ f: "read" })),
    ]),
  finalGenerator: () => eachThread(() => once({ f: "read" })),
  open: (client, node) => async ({ f, value }) => {
    if (f === "add") {
      await client.rpc(node, addRPC, { element: value });
      return { type: "ok" };
    }
    return { type: "ok", value: (await client.rpc(node, readRPC, {})).value };
  },
  idempotent: new Set(),
  indefiniteErrors: true,
  // One element found is enough here: see what the checker calls unknown.
  operations: {
    add: { invoke: present, same: true },
    read: { ok: listOrNull },
  },
  check: (history, test) => setFull(history, "add", nodesOf(test)),
  // It may still have been on its way.
  waitsMs: (_findings, history) => finalWaitMs(history),
  anomaly: () => "lost",
  explain: (findings, history, evidence) =>
    explainSet(findings as SetFullFindings, history, {
      addF: "add",
      many: "elements",
      acknowledged: ({ process, index }) =>
        `whose add was acknowledged to process ${process} (operation ${index})`,
    }, evidence),
  drawing: {
    kind: "value",
    words: { tell: "add", value: "element", all: "value" },
  },
};
