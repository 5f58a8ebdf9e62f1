/**
 * `membership`: every node knows which nodes are up. It's ours: Maelstrom has no
 * such workload.
 *
 * A client asks a node for `read`, and the answer is `read_ok` with `members`: the
 * ids of all nodes that it takes to be up, itself among them. See the checker for
 * what is asked of it.
 *
 * @module
 */
import { listOrNull } from "../checkers/judgeable.ts";
import {
  explainMembership,
  membership as check,
  membershipAnomaly,
  type MembershipFindings,
} from "../checkers/membership.ts";
import type { RPC } from "../load/client.ts";
import { eachThread, forever, once } from "../load/generator.ts";
import { nodeOf } from "./lost_element.ts";
import { recoveryMs, type Workload } from "./workload.ts";

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, members: "array" },
};

/** The workload. */
export const membership: Workload = {
  isOurs: true,
  generator: () => forever(() => ({ f: "read" })),
  finalGenerator: () => eachThread(once({ f: "read", "final?": true })),
  open: (client, node) => async () => {
    const { members } = await client.rpc(node, readRPC, {});
    return { type: "ok", value: members };
  },
  idempotent: new Set(["read"]),
  operations: { read: { ok: listOrNull } },
  needs: {
    op: (op) => op["final?"] === true && op.type === "ok",
    missing: "no final read was ever answered, so no list was judged",
  },
  check: (history, test) =>
    check(history, {
      nodes: test.nodes,
      latencyMs: test.options.latency,
      nodeOf: (op) => nodeOf(op, test),
    }),
  // What takes time is late if all is.
  waitsMs: () => recoveryMs,
  anomaly: (findings) => membershipAnomaly(findings as MembershipFindings),
  explain: (findings) => explainMembership(findings as MembershipFindings),
  drawing: { kind: "members" },
};
