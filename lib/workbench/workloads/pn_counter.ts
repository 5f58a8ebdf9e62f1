/**
 * `pn-counter`: every node ends up showing the sum of all additions, which may
 * be negative. After Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/pn_counter.clj).
 *
 * @module
 */
import {
  counter,
  counterAnomaly,
  type CounterFindings,
  explainCounter,
  mayBecomeRight,
} from "../checkers/counter.ts";
import { integer } from "../checkers/judgeable.ts";
import type { RPC } from "../load/client.ts";
import { ExactNumber } from "../sim/exact_json.ts";
import type { Envelope } from "../sim/network.ts";
import { eachThread, forever, mix, once } from "../load/generator.ts";
import type { Random } from "../sim/random.ts";
import { type Evidence, nodeOf } from "./lost_element.ts";
import { recoveryMs, type Workload } from "./workload.ts";

const addRPC: RPC = { type: "add", reply: { type: { is: "add_ok" } } };

const readRPC: RPC = {
  type: "read",
  reply: { type: { is: "read_ok" }, value: "integer" },
};

/** The workload. */
export const pnCounter: Workload = {
  generator: () =>
    mix([
      forever(drawAdd),
      forever(() => ({ f: "read" })),
    ]),
  finalGenerator: () => eachThread(() => once({ f: "read", "final?": true })),
  open: (client, node) => async ({ f, value }) => {
    if (f === "add") {
      await client.rpc(node, addRPC, { delta: value });
      return { type: "ok" };
    }
    const { value: sum } = await client.rpc(node, readRPC, {});
    return fitsLong(sum) ? { type: "ok", value: sum } : {
      type: "info",
      error: `indeterminate: Value out of range for long: ${
        JSON.stringify(sum)
      }`,
    };
  },
  idempotent: new Set(),
  indefiniteErrors: true,
  operations: { add: { invoke: integer, same: true }, read: { ok: integer } },
  needs: {
    op: (op) => op["final?"] === true && op.type === "ok",
    missing: "no final read was ever answered, so no sum was judged",
  },
  check: counter,
  // Adds may still have been on their way. But there is no waiting for less than
  // some of them make, or more.
  waitsMs: (findings, history) =>
    mayBecomeRight(findings as CounterFindings, history)
      ? recoveryMs
      : undefined,
  anomaly: (findings) => counterAnomaly(findings as CounterFindings),
  explain: (findings, _history, evidence) =>
    [
      explainCounter(findings as CounterFindings),
      tellPast(findings as CounterFindings, evidence),
    ].filter(Boolean).join("\n") || undefined,
  drawing: { kind: "counter" },
};

/** Tells that a node which shows a wrong sum reads a store that may be late. */
function tellPast(
  findings: CounterFindings,
  { test, messages }: Evidence,
): string | undefined {
  const [first] = findings.errors;
  if (first === undefined) return;
  // Where sums only grow, more can't be from the past.
  const grows = test.options.workload === "g-counter";
  if (grows && counterAnomaly(findings) === "too-much") return;
  const node = nodeOf(first, test);
  return messages && wasShownPast(node, messages.journal)
    ? `${node} reads seq-kv, which may show ${node} the past until ${node} changes something there.`
    : undefined;
}

/** The body of a message to a service, or from one. */
interface Body {
  [key: string]: unknown;
}

/** Tells whether seq-kv ever answered a node's read from the past. */
function wasShownPast(node: string, journal: readonly Envelope[]): boolean {
  const requests = new Map<string, Body>();
  const newest = new Map<string, string | undefined>();
  return journal.some(({ src, dest, line, cut }) => {
    if (cut || src !== "seq-kv" && dest !== "seq-kv") return false;
    const { body } = JSON.parse(line) as { body: Body };
    if (dest === "seq-kv") {
      requests.set(`${src} ${body.msg_id}`, body);
      return false;
    }
    const request = requests.get(`${dest} ${body.in_reply_to}`);
    const key = JSON.stringify(request?.key);
    switch (body.type) {
      case "write_ok":
        newest.set(key, JSON.stringify(request?.value));
        return false;
      case "cas_ok":
        newest.set(key, JSON.stringify(request?.to));
        return false;
    }
    if (request?.type !== "read" || dest !== node) return false;
    // An error says that there was none yet.
    const shown = body.type === "read_ok"
      ? JSON.stringify(body.value)
      : undefined;
    return shown !== newest.get(key);
  });
}

/** Maelstrom makes a 64-bit integer of each sum, which throws if it's none. */
function fitsLong(integer: unknown): boolean {
  if (!(integer instanceof ExactNumber)) return Number.isSafeInteger(integer);
  const value = BigInt(integer.source);
  return BigInt.asIntN(64, value) === value;
}

/** Draws an add of something from -5 to 4. */
export function drawAdd(random: Random): { f: string; value: number } {
  return { f: "add", value: random.integer(10) - 5 };
}
