/**
 * `broadcast`: a value that one node was told reaches all of them.
 *
 * @module
 */
import { invariant } from "../sim/invariant.ts";
import { explainSet, nodesOf } from "./lost_element.ts";
import { listOrNull, present } from "../checkers/judgeable.ts";
import { setFull, type SetFullFindings } from "../checkers/set_full.ts";
import type { RPC } from "../load/client.ts";
import { eachThread, forever, mix, numbered, once } from "../load/generator.ts";
import type { Test } from "../options.ts";
import { topologies, type Topology } from "../sim/topology.ts";
import { finalWaitMs, type Workload } from "./workload.ts";

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

/** The neighbours that the nodes are told: each of them those of all. */
function topology(test: Test): Topology {
  const made = arranged.get(test);
  if (made !== undefined) return made;
  const arrange = topologies[test.options.topology];
  invariant(arrange, "--topology names one of the topologies");
  const topology = arrange(test.nodes);
  arranged.set(test, topology);
  return topology;
}

const arranged = new WeakMap<Test, Topology>();

/** The workload. */
export const broadcast: Workload = {
  generator: () =>
    mix([
      numbered((value) => ({ f: "broadcast", value })),
      forever(() => ({ f: "read" })),
    ]),
  finalGenerator: () => eachThread(() => once({ f: "read", "final?": true })),
  async setup(client, node, test) {
    await client.rpc(node, topologyRPC, { topology: topology(test) });
  },
  open: (client, node) => async ({ f, value }) => {
    if (f === "broadcast") {
      await client.rpc(node, broadcastRPC, { message: value });
      return { type: "ok" };
    }
    const { messages } = await client.rpc(node, readRPC, {});
    return { type: "ok", value: messages };
  },
  idempotent: new Set(["read"]),
  // One value found is enough here: see what the checker calls unknown.
  operations: {
    broadcast: { invoke: present, same: true },
    read: { ok: listOrNull },
  },
  check: (history, test) => setFull(history, "broadcast", nodesOf(test)),
  // It may still have been on its way.
  waitsMs: (_findings, history) => finalWaitMs(history),
  anomaly: () => "lost",
  explain: (findings, history, evidence) =>
    explainSet(findings as SetFullFindings, history, {
      addF: "broadcast",
      many: "values",
      acknowledged: ({ process, index }) =>
        `which process ${process} was told had been taken in (operation ${index})`,
    }, evidence),
  drawing: {
    kind: "value",
    words: { tell: "broadcast", value: "message", all: "messages" },
  },
  topology,
};
