/**
 * `broadcast`: a value that one node was told reaches all of them.
 *
 * @module
 */
import { explainSet } from "./lost_element.ts";
import { setFull, type SetFullFindings } from "../checkers/set_full.ts";
import type { RPC } from "../load/client.ts";
import { eachThread, forever, mix, numbered, once } from "../load/generator.ts";
import { topologies } from "../sim/topology.ts";
import type { Workload } from "./workload.ts";

const topologyRPC: RPC = {
  type: "topology",
  reply: { type: { is: "topology_ok" } },
};

const broadcastRPC: RPC = {
  type: "broadcast",
  reply: { type: { is: "broadcast_ok" } },
};

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, messages: "array" },
};

/** The workload. */
export const broadcast: Workload = {
  generator: () =>
    mix([
      numbered((value) => ({ f: "broadcast", value })),
      forever(() => ({ f: "read" })),
    ]),
  finalGenerator: () => eachThread(once({ f: "read", "final?": true })),
  async setup(client, node, { nodes, options }) {
    await client.rpc(node, topologyRPC, {
      topology: topologies[options.topology](nodes),
    });
  },
  async invoke({ f, value }, client, node) {
    if (f === "broadcast") {
      await client.rpc(node, broadcastRPC, { message: value });
      return { type: "ok" };
    }
    const { messages } = await client.rpc(node, readRPC, {});
    return { type: "ok", value: messages };
  },
  idempotent: new Set(["read"]),
  check: (history) => setFull(history, "broadcast"),
  explain: (findings, history, evidence) =>
    explainSet(findings as SetFullFindings, history, {
      addF: "broadcast",
      many: "values",
      acknowledged: ({ process, index }) =>
        `which process ${process} was told had been taken in (operation ${index})`,
    }, evidence),
};
