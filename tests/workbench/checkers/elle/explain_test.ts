/**
 * Of several anomalies, which one the headline is about.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  describe,
  explain,
  worst,
} from "../../../../lib/workbench/checkers/elle/explain.ts";
import type {
  ElleFindings,
  Example,
} from "../../../../lib/workbench/checkers/elle/findings.ts";
import { listAppend } from "../../../../lib/workbench/checkers/elle/list_append.ts";
import { rwRegister } from "../../../../lib/workbench/checkers/elle/rw_register.ts";
import { cases, historyOf, op } from "../../helpers.ts";

/** From the worst to those that say nothing. */
const inOrder = [
  "future-read",
  "G0",
  "G1a",
  "lost-update",
  "G-single-item",
  "G2-item",
  "G-single-item-realtime",
  "PL-3-cycle-exists",
  "malformed-transactions",
  "empty-transaction-graph",
];

function exampleOf(type: string): Example {
  if (type.endsWith("-exists")) return { "scc-size": 2, scc: [1, 3] };
  return /^G[0-2-](?![ab])/.test(type)
    ? { type, cycle: [], steps: [] }
    : type.startsWith("empty")
    ? {}
    : { op: undefined, mop: null };
}

function findingsOf(types: readonly string[]): ElleFindings {
  return {
    "valid?": false,
    "anomaly-types": [...types],
    anomalies: Object.fromEntries(
      types.map((type) => [type, [exampleOf(type)]]),
    ),
  };
}

Deno.test("of any anomalies the worst is told, and the emptiest only when there is no other", () => {
  fc.assert(
    fc.property(
      fc.subarray(inOrder, { minLength: 1 }).chain((types) =>
        fc.tuple(
          fc.constant(types[0]),
          fc.shuffledSubarray(types, { minLength: types.length }),
        )
      ),
      ([first, types]) => {
        assertEquals(worst(findingsOf(types))?.type, first);
      },
    ),
    cases(),
  );
});

Deno.test("what comes first is explained, the others are named", () => {
  const history = (writeF: string, read: unknown) =>
    historyOf(
      op(0, 0, "invoke", "txn", [["r", "x", null], [writeF, "x", 1]]),
      op(1, 0, "ok", "txn", [["r", "x", read], [writeF, "x", 1]]),
    );
  const models = ["serializable"];
  const lists = listAppend(history("append", [1]), models);
  assertEquals(lists["valid?"], false);
  assertMatch(
    explain(lists, "append")!,
    /^future-read, once: .* saw \["r","x",\[1\]\] before it appended 1 itself\n/,
  );
  assertMatch(
    explain(lists, "append")!,
    /\nFound as well: empty-transaction-graph\.$/,
  );
  const registers = rwRegister(history("w", 1), models);
  assertMatch(explain(registers, "w")!, /^(?!empty)/);
});

Deno.test("a model is ruled out by the anomaly that is told, or by all of them", () => {
  const told = (types: string[], not: string[]) =>
    explain({ ...findingsOf(types), not }, "w")!.split("\n")[1];
  assertEquals(
    told(["G1b"], ["read-committed"]),
    "That rules out read-committed.",
  );
  assertEquals(
    told(["G0", "lost-update"], ["read-uncommitted"]),
    "That rules out read-uncommitted.",
  );
  // G1b alone is no matter for read uncommitted.
  assertEquals(
    told(["G1b", "PL-1-cycle-exists"], ["read-uncommitted"]),
    "All anomalies together rule out read-uncommitted.",
  );
  assertEquals(
    told(["internal", "lost-update"], ["cursor-stability", "read-atomic"]),
    "All anomalies together rule out cursor-stability and read-atomic.",
  );
});

Deno.test("a circle of versions is told by its values, one of transactions by its operations", () => {
  assertEquals(
    describe("cyclic-versions", { key: 7, scc: [1, 2] }, "w"),
    "of key 7, the values 1 and 2 each came before the others, if transactions write after they read",
  );
  assertEquals(
    describe("PL-1-cycle-exists", { "scc-size": 2, scc: [1, 3] }, "w"),
    "there is a cycle among the 2 transactions with operations 1, 3",
  );
});

Deno.test("an append overwrites nothing, even where an update is lost", () => {
  const example = { key: 1, value: [1], txns: [] };
  const told = (writeF: string) => describe("lost-update", example, writeF);
  assertMatch(
    told("append"),
    /and then appended to it, so all but one have appended to what they never saw$/,
  );
  assertMatch(
    told("w"),
    /and then wrote to it, so all but one have overwritten what they never saw$/,
  );
});
