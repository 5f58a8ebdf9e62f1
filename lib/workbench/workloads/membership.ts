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
import {
  eachThread,
  forever,
  type Generator,
  once,
  phases,
  sleep,
  until,
} from "../load/generator.ts";
import type { Test } from "../options.ts";
import { nodesOf } from "./lost_element.ts";
import { losesMessages, recoveryMs, type Workload } from "./workload.ts";

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, members: "array" },
};

const finalRead = () => once({ f: "read", "final?": true });

/** The most final reads of a client, a second apart. */
const maxFinalReads = 10;

/**
 * The final reads of a client. Where messages go on being lost, or late, so do false
 * alarms, and what matters is that they end: it reads until all are listed.
 */
function finalReads(test: Test): Generator {
  if (!isNeverWhole(test)) return finalRead();
  const { nodes } = test;
  const listsAll = ({ type, value }: { type: string; value: unknown }) =>
    type === "ok" && Array.isArray(value) &&
    new Set(value).symmetricDifference(new Set(nodes)).size === 0;
  const others = Array.from(
    { length: maxFinalReads - 1 },
    () => [sleep(1), finalRead()],
  );
  return until(listsAll, phases(finalRead(), ...others.flat()));
}

/** Tells whether chance deals with messages to the end of a run. */
function isNeverWhole(test: Test): boolean {
  const { "p-reorder": reorder = 0, latency, ...others } = test.options;
  const isRandom = latency > 0 && others["latency-dist"] !== "constant";
  return losesMessages(test) || reorder > 0 || isRandom;
}

/** The workload. */
export const membership: Workload = {
  isOurs: true,
  generator: () => forever(() => ({ f: "read" })),
  finalGenerator: (test) => eachThread(() => finalReads(test)),
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
      ...nodesOf(test),
      concurrency: test.concurrency,
      latencyMs: test.options.latency,
    }),
  // What takes time is late if all is.
  waitsMs: () => recoveryMs,
  anomaly: (findings) => membershipAnomaly(findings as MembershipFindings),
  explain: (findings) => explainMembership(findings as MembershipFindings),
  drawing: { kind: "members" },
};
