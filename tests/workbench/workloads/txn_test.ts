/**
 * The transactional workloads: what clients ask, and whole runs.
 *
 * @module
 */
import { workloadOf } from "../../../lib/workbench/workloads/mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { judge } from "../../../lib/workbench/judge.ts";
import { resolve } from "../../../lib/workbench/test.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import {
  type AnyMessages,
  type JSONValue,
  type Node,
  RPCError,
} from "../../../lib/mod.ts";
import { cases, contextOf, takeAll } from "../helpers.ts";

type Mop = [f: string, key: number, value: JSONValue];

const workloads = [["txn-list-append", "append"], [
  "txn-rw-register",
  "w",
]] as const;

function drawn(
  workload: string,
  count: number,
  options: Record<string, number> = {},
  seed = "draw",
): Mop[][] {
  const test = resolve({ workload, ...options });
  const context = contextOf({ random: new Random(seed) });
  return takeAll(workloadOf(test).generator(test), context, count)
    .map(({ value }) => value as Mop[]);
}

for (const [workload, writeF] of workloads) {
  Deno.test(`${workload} writes each value once per key, from 1 up`, () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 20 }),
        (seed, keyCount, maxTxnLength, maxWrites) => {
          const txns = drawn(workload, 200, {
            "key-count": keyCount,
            "max-txn-length": maxTxnLength,
            "max-writes-per-key": maxWrites,
          }, `${seed}`);
          const written = new Map<number, number>();
          for (const txn of txns) {
            assert(txn.length >= 1 && txn.length <= maxTxnLength);
            for (const [f, key, value] of txn) {
              if (f === "r") assertEquals(value, null);
              else {
                assertEquals(f, writeF);
                assertEquals(value, (written.get(key) ?? 0) + 1);
                assert((value as number) <= maxWrites);
                written.set(key, value as number);
              }
            }
          }
        },
      ),
      cases(50),
    );
  });
}

Deno.test("reads and writes are drawn equally often, and lengths as well", () => {
  const txns = drawn("txn-rw-register", 20_000);
  const mops = txns.flat();
  const reads = mops.filter(([f]) => f === "r").length / mops.length;
  assert(Math.abs(reads - 0.5) < 0.02, `${reads}`);
  for (const length of [1, 2, 3, 4]) {
    const share = txns.filter((txn) => txn.length === length).length /
      txns.length;
    assert(Math.abs(share - 0.25) < 0.02, `${share} of length ${length}`);
  }
});

Deno.test("each key of the pool is drawn twice as often as the one before", () => {
  const mops = drawn("txn-rw-register", 40_000, {
    "max-writes-per-key": 1_000_000,
  }).flat();
  const counts = Array.from(
    { length: 10 },
    (_, key) => mops.filter((mop) => mop[1] === key).length,
  );
  assertEquals(counts.reduce((a, b) => a + b), mops.length);
  for (let key = 4; key < 10; key++) {
    const ratio = counts[key]! / counts[key - 1]!;
    assert(Math.abs(ratio - 2) < 0.25, `${ratio} at key ${key}`);
  }
});

/** A store on one node, which executes a transaction at a time. */
function store(
  execute: (
    node: Node<AnyMessages>,
    db: Map<number, JSONValue>,
    mop: Mop,
  ) => Mop,
) {
  return (node: Node<AnyMessages>) => {
    const db = new Map<number, JSONValue>();
    node.on("txn", ({ body }) => ({
      type: "txn_ok",
      txn: (body.txn as Mop[]).map((mop) => execute(node, db, mop)),
    }));
  };
}

const correct = store((_, db, [f, key, value]) => {
  if (f === "r") return [f, key, db.get(key) ?? null];
  db.set(
    key,
    f === "append" ? [...(db.get(key) ?? []) as number[], value] : value,
  );
  return [f, key, value];
});

const run = { "node-count": 1, "time-limit": 5, rate: 100, concurrency: "4n" };

for (const [workload] of workloads) {
  Deno.test(`${workload}: a correct store is valid`, async () => {
    const { results, history } = await judge(correct, { workload, ...run });
    assertEquals(results["valid?"], true);
    assert(history.length > 500);
  });

  Deno.test(`${workload}: a store that forgets is invalid, and it says why`, async () => {
    const forgetful = store((_, db, [f, key, value]) => {
      if (f === "r") return [f, key, null];
      db.set(key, value);
      return [f, key, value];
    });
    const { results, reason } = await judge(forgetful, {
      workload,
      ...run,
    });
    assertEquals(results.workload["valid?"], false);
    assertStringIncludes(reason!, "contradicts itself");
  });

  Deno.test(`${workload}: replies with another transaction are invalid, and it says which`, async () => {
    const kinds: { [what: string]: (txn: Mop[], writeF: string) => JSONValue } =
      {
        "writes where it was to read": (txn, writeF) =>
          txn.map(([f, key, value]) => [writeF, key, f === "r" ? [] : value]),
        "nothing": () => null,
        "half of it": (txn) => txn.slice(0, -1),
        "one that is older": (txn) => txn.map(([f, key]) => [f, key, null]),
      };
    const writeF = workload === "txn-list-append" ? "append" : "w";
    for (const [what, reply] of Object.entries(kinds)) {
      const { results, reason } = await judge(
        (node: Node<AnyMessages>) =>
          node.on("txn", ({ body }) => ({
            type: "txn_ok",
            txn: reply(body.txn as Mop[], writeF),
          })),
        { workload, ...run },
      );
      assertEquals(results.workload["valid?"], false, what);
      assertEquals(results.nodes["valid?"], true, what);
      assertMatch(
        reason!,
        /^\d+ transactions were answered with another one; the first is \[\[.* \(operation \d+, process \d+\), which came back as \[.*\] \(operation \d+\)(\n|$)/,
        what,
      );
    }
  });

  Deno.test(`${workload}: definite errors fail, others may have happened`, async () => {
    const failing = (code: number) => (node: Node<AnyMessages>) =>
      node.on("txn", () => {
        throw new RPCError(code, "no");
      });
    const types = async (code: number) => {
      const { history } = await judge(failing(code), { workload, ...run });
      return new Set(history.map(({ type }) => type));
    };
    assertEquals(await types(30), new Set(["invoke", "fail"]));
    assertEquals(await types(13), new Set(["invoke", "info"]));
  });

  Deno.test(`${workload}: a reply that isn't transactions is the node's fault`, async () => {
    const { results, reason } = await judge(
      (node: Node<AnyMessages>) =>
        node.on("txn", () => ({ type: "txn_ok", txn: [["r"]] })),
      { workload, ...run },
    );
    assertEquals(results.nodes["valid?"], false);
    assertStringIncludes(reason!, `isn't a list of ["r", key,`);
  });
}

Deno.test("a cycle is told transaction by transaction", async () => {
  // Read-only transactions see the state of some time ago.
  const stale = (node: Node<AnyMessages>) => {
    const db = new Map<number, JSONValue>();
    let old = new Map<number, JSONValue>();
    node.every(300, () => {
      old = new Map(db);
    });
    node.on("txn", ({ body }) => {
      const txn = body.txn as Mop[];
      const readOnly = txn.every(([f]) => f === "r");
      return {
        type: "txn_ok",
        txn: txn.map(([f, key, value]) => {
          if (f === "r") {
            return [f, key, (readOnly ? old : db).get(key) ?? null];
          }
          db.set(key, [...(db.get(key) ?? []) as number[], value]);
          return [f, key, value];
        }),
      };
    });
  };
  const options = { workload: "txn-list-append", ...run, rate: 20 };
  const { results, reason } = await judge(stale, options);
  assertEquals(results.workload["anomaly-types"], ["G-single-item-realtime"]);
  assertStringIncludes(reason!, "transactions go in a circle");
  assertStringIncludes(reason!, "had completed (operation");
  const serializable = await judge(stale, {
    ...options,
    "consistency-models": "serializable",
  });
  assertEquals(serializable.results.workload["valid?"], true);
});
