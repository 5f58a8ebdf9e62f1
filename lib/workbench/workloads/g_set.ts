/**
 * `g-set`: an element that was added to one node is soon shown by all of them,
 * for ever. After Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/g_set.clj).
 *
 * @module
 */
import { setFull, type SetFullFindings } from "../checkers/set_full.ts";
import type { RPC } from "../client.ts";
import { eachThread, forever, mix, numbered, once } from "../generator.ts";
import type { Workload } from "./workload.ts";

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
  finalGenerator: () => eachThread(once({ f: "read" })),
  async invoke({ f, value }, client, node) {
    if (f === "add") {
      await client.rpc(node, addRPC, { element: value });
      return { type: "ok" };
    }
    return { type: "ok", value: (await client.rpc(node, readRPC, {})).value };
  },
  idempotent: new Set(),
  indefiniteErrors: true,
  check: (history) => setFull(history, "add"),
  explain(findings, history) {
    const { lost, ...counts } = findings as SetFullFindings;
    if (lost.length > 0) {
      const [element] = lost;
      const known = history.find((op) =>
        op.type === "ok" && op.f === "add" && op.value === element
      );
      return `${lost.length} of ${
        counts["attempt-count"]
      } elements were lost; the first is ${JSON.stringify(element)}, ${
        known
          ? `whose add was acknowledged to process ${known.process} (operation ${known.index})`
          : "which a read had shown"
      }, and which no read found at the end`;
    }
    if (counts["stable-count"] === 0) {
      return "no element was ever found by a read";
    }
  },
};
