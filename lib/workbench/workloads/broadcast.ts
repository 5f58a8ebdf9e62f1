/**
 * `broadcast`: a value that one node was told reaches all of them.
 *
 * @module
 */
import { setFull, type SetFullFindings } from "../checkers/set_full.ts";
import type { RPC } from "../client.ts";
import { eachThread, forever, mix, numbered, once } from "../generator.ts";
import { topologies } from "../topology.ts";
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
  explain(findings, history) {
    const { lost, ...counts } = findings as SetFullFindings;
    if (lost.length > 0) {
      const [value] = lost;
      const known = history.find((op) =>
        op.type === "ok" && op.f === "broadcast" && op.value === value
      );
      return `${lost.length} of ${
        counts["attempt-count"]
      } values were lost; the first is ${value}, which ${
        known
          ? `process ${known.process} was told had been taken in (operation ${known.index})`
          : "a read had shown"
      }, and which no read found at the end`;
    }
    if (counts["stable-count"] === 0) {
      return "no value was ever found by a read";
    }
  },
};
