/**
 * Lists: the smallest histories that show each anomaly, and correct stores
 * that show none.
 *
 * @module
 */
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { listAppend } from "../../../../lib/workbench/checkers/elle/list_append.ts";
import type { CycleExample } from "../../../../lib/workbench/checkers/elle/findings.ts";
import { explain } from "../../../../lib/workbench/checkers/elle/explain.ts";
import { Random } from "../../../../lib/workbench/sim/random.ts";
import type { History } from "../../../../lib/workbench/load/history.ts";
import { some } from "../../../some.ts";
import { cases, type Entry, historyOf, op } from "../../helpers.ts";
import {
  allAtOnce,
  concurrent,
  failed,
  indexed,
  inOneProcess,
  type Mop,
  sequential,
  unknown,
} from "./helpers.ts";

const append = (key: unknown, value: unknown): Mop => ["append", key, value];
const read = (key: unknown, value: unknown): Mop => ["r", key, value];

/** A pair of transactions that depend on each other, so that there's a graph. */
const dependent: Mop[][] = [[append(9, 1)], [read(9, [1])]];

/** Each anomaly, with the smallest history that shows it. */
const smallest: { [type: string]: History } = {
  "internal": concurrent([append(1, 1), read(1, [])], ...dependent),
  "future-read": concurrent([read(1, [1]), append(1, 1)], ...dependent),
  "G1a": concurrent(
    failed(append(1, 1)),
    [append(2, 1), read(1, [1])],
    [read(2, [1])],
  ),
  "G1b": concurrent([append(1, 1), append(1, 2)], [read(1, [1])], [
    read(1, [1, 2]),
  ]),
  "dirty-update": concurrent(failed(append(1, 1)), [append(1, 2)], [
    read(1, [1, 2]),
  ]),
  "duplicate-elements": concurrent([append(1, 1)], [read(1, [1, 1])]),
  "incompatible-order": concurrent(
    [append(1, 1)],
    [append(1, 2)],
    [read(1, [1])],
    [read(1, [2])],
  ),
  "lost-update": concurrent(
    [read(1, null), append(1, 1)],
    [read(1, null), append(1, 2)],
  ),
  "G0": concurrent(
    [append(1, 1), append(2, 2)],
    [append(1, 2), append(2, 1)],
    [read(1, [1, 2])],
    [read(2, [1, 2])],
  ),
  "G0-realtime": sequential(
    [append(1, 2)],
    [append(1, 1)],
    unknown(),
    [read(1, [1, 2])],
  ),
  "G0-process": inOneProcess([append(1, 2)], [append(1, 1)], [
    read(1, [1, 2]),
  ]),
  "G1c": concurrent(
    [append(1, 1), read(2, [1])],
    [append(2, 1), read(1, [1])],
  ),
  "G-single-item": concurrent(
    [append(1, 1), append(2, 1)],
    [read(1, [1]), read(2, null)],
  ),
  "G-single-item-realtime": sequential([append(1, 1)], [read(1, null)], [
    read(1, [1]),
  ]),
  "G-single-item-process": inOneProcess([append(1, 1)], [read(1, null)], [
    read(1, [1]),
  ]),
  "G-nonadjacent-item": concurrent(
    [append(1, 1)],
    [append(2, 1)],
    [read(1, [1]), read(2, null)],
    [read(2, [1]), read(1, null)],
  ),
  "G2-item": concurrent(
    [read(1, null), append(2, 1)],
    [read(2, null), append(1, 1)],
  ),
};

/** Further anomalies that are found, as they can't be avoided. */
const besides: { [type: string]: string[] } = {
  "G1b": ["G-single-item"],
  "dirty-update": ["G1a"],
  "lost-update": ["G2-item"],
};

for (const [type, history] of Object.entries(smallest)) {
  Deno.test(`a list-append history shows ${type}`, () => {
    const models = [
      type.endsWith("-process")
        ? "strong-session-serializable"
        : type.endsWith("-realtime")
        ? "strict-serializable"
        : "serializable",
    ];
    const findings = listAppend(history, models);
    assertEquals(
      findings["anomaly-types"],
      [type, ...besides[type] ?? []].sort(),
    );
    assertEquals(findings["valid?"], false);
    assertEquals(findings["anomaly-counts"]![type], 1);
  });
}

Deno.test("each step of a cycle says why it came before the next", () => {
  const { anomalies } = listAppend(smallest["G2-item"]!, ["serializable"]);
  const [{ cycle, steps }] = some(anomalies!["G2-item"] as CycleExample[]);
  assertEquals(cycle.map(({ index }) => index), [3, 2, 3]);
  assertEquals(steps, [
    {
      type: "rw",
      key: 2,
      value: null,
      "value'": 1,
      unseen: true,
      "a-mop-index": 0,
      "b-mop-index": 1,
    },
    {
      type: "rw",
      key: 1,
      value: null,
      "value'": 1,
      unseen: true,
      "a-mop-index": 0,
      "b-mop-index": 1,
    },
  ]);
});

Deno.test("write skew is allowed under snapshot isolation, and not under serializability", () => {
  const history = smallest["G2-item"]!;
  assertEquals(listAppend(history, ["snapshot-isolation"]), { "valid?": true });
  assertEquals(listAppend(history, ["serializable"]).not, ["repeatable-read"]);
});

Deno.test("a stale read is allowed under serializability, and not under strict", () => {
  const history = smallest["G-single-item-realtime"]!;
  assertEquals(listAppend(history, ["serializable"])["valid?"], true);
  assertEquals(listAppend(history)["valid?"], false);
});

Deno.test("what may have been appended may be read, or never be", () => {
  assertEquals(
    listAppend(sequential(unknown(append(1, 1)), [read(1, [1])]))["valid?"],
    true,
  );
  assertEquals(
    listAppend(sequential(unknown(append(1, 1)), [read(1, null)], [
      read(1, null),
    ]))["valid?"],
    true,
  );
});

Deno.test("an empty list isn't null to a transaction that saw null", () => {
  const one = (...mops: Mop[]) =>
    listAppend(sequential(mops, [read(9, null)]))["valid?"];
  assertEquals(one(read(1, null), read(1, [])), true);
  assertEquals(one(read(1, []), read(1, null)), false);
});

Deno.test("where no transaction depends on another, nothing can be said", () => {
  const findings = listAppend(concurrent([append(1, 1)]));
  assertEquals(findings["valid?"], "unknown");
  assertEquals(findings["anomaly-types"], ["empty-transaction-graph"]);
  assertEquals(listAppend([])["valid?"], "unknown");
});

Deno.test("an element that nobody appended is an anomaly of its own", () => {
  const findings = listAppend(sequential([append(1, 1)], [read(1, [1, 7])]));
  assertEquals(findings["anomaly-types"], ["unwritten-read"]);
});

Deno.test("appending an element twice is reported, and doesn't end the check", () => {
  const findings = listAppend(sequential([append(1, 1)], [append(1, 1)]));
  assertEquals(findings["anomaly-types"], ["duplicate-writes"]);
});

Deno.test("a reply with another transaction is invalid, whatever Elle makes of it", () => {
  const asked = [append(1, 1), read(2, null)];
  const replies: [what: string, reply: unknown[]][] = [
    ["one less", [append(1, 1)]],
    ["none", []],
    ["one more", [append(1, 1), read(2, null), read(2, null)]],
    ["another order", [read(2, null), append(1, 1)]],
    ["another key", [append(1, 1), read(3, null)]],
    ["another key's type", [append(1, 1), read("2", null)]],
    ["another value", [append(1, 2), read(2, null)]],
    ["a value read in its place", [append(1, [1]), read(2, null)]],
    ["a read for an append", [read(1, [1]), read(2, null)]],
    ["an append for a read", [append(1, 1), append(2, 1)]],
  ];
  const checked = (reply: unknown[]) =>
    listAppend(historyOf(
      op(0, 0, "invoke", "txn", asked),
      op(1, 0, "ok", "txn", reply),
      op(2, 0, "invoke", "txn", [read(1, null)]),
      op(3, 0, "ok", "txn", [read(1, [1])]),
    ));
  for (const [what, reply] of replies) {
    const findings = checked(reply);
    assertEquals(findings["valid?"], false, what);
    assertEquals(findings.altered?.count, 1, what);
    assertEquals(
      explain(findings, "append")!.split("\n")[0],
      `1 transaction was answered with another one; the first is [["append",1,1],["r",2,null]] (operation 0, process 0), which came back as ${
        JSON.stringify(reply)
      } (operation 1)`,
    );
  }
  assertEquals(checked([append(1, 1), read(2, [])]), { "valid?": true });
});

Deno.test("a store that executes one transaction at a time is never wrong", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const history = serialHistory(new Random(`${seed}`), 60, 3);
      assertEquals(listAppend(history), { "valid?": true });
    }),
    cases(),
  );
});

Deno.test("garbage of any kind is judged without an error", () => {
  const mop = fc.oneof(
    fc.tuple(
      fc.constantFrom("r", "append", "x"),
      fc.integer({ min: 0, max: 2 }),
      fc.jsonValue(),
    ),
    fc.jsonValue(),
  );
  const entry = fc.record({
    process: fc.integer({ min: 0, max: 3 }),
    type: fc.constantFrom("invoke", "ok", "fail", "info"),
    value: fc.oneof(fc.array(mop), fc.jsonValue()),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (found) => {
      const history = historyOf(
        ...found.map(({ process, type, value }) =>
          op(0, process, type as "ok", "txn", value)
        ),
      );
      listAppend(history);
    }),
    cases(500),
  );
});

Deno.test("100,000 valid transactions are judged", () => {
  const history = serialHistory(new Random("many"), 100_000, 10);
  assertEquals(listAppend(history), { "valid?": true });
});

Deno.test("a cycle of 100,000 transactions is found", () => {
  const count = 100_000;
  const history = allAtOnce(
    Array.from({ length: count }, (_, i): Mop[] => [
      append(i, 1),
      read((i + 1) % count, [1]),
    ]),
  );
  const findings = listAppend(history, ["read-committed"]);
  assertEquals(findings["anomaly-types"], ["G1c"]);
  assertEquals(
    (findings.anomalies!.G1c![0] as CycleExample).cycle.length,
    count + 1,
  );
  const text = explain(findings, "append")!;
  assertStringIncludes(text, "100000 transactions go in a circle");
  assertLess(text.split("\n").length, 40);
});

/** The history of clients of a store that is correct. */
function serialHistory(
  random: Random,
  count: number,
  clients: number,
): History {
  const lists = new Map<number, number[]>();
  const entries: Entry[] = [];
  const open: (Mop[] | undefined)[] = new Array(clients);
  for (let begun = 0, time = 0; begun < count; time++) {
    const process = random.integer(clients);
    const txn = open[process];
    if (txn === undefined) {
      const fresh = Array.from(
        { length: 1 + random.integer(4) },
        (_, i): Mop => {
          const key = Math.floor(begun / 20) + random.integer(5);
          return random.integer(2) === 0
            ? read(key, null)
            : append(key, begun * 10 + i);
        },
      );
      begun++;
      open[process] = fresh;
      entries.push(op(time, process, "invoke", "txn", fresh));
    } else {
      const done = txn.map(([f, key, value]): Mop => {
        const list = lists.get(key as number) ?? [];
        if (f === "r") return read(key, list.length > 0 ? [...list] : null);
        lists.set(key as number, [...list, value as number]);
        return [f, key, value];
      });
      open[process] = undefined;
      entries.push(op(time, process, "ok", "txn", done));
    }
  }
  return indexed(entries);
}

Deno.test("an append that no read shows is said to be taken to come last", () => {
  const told = explain(
    listAppend(
      concurrent(
        [read(9, []), append(8, 5)],
        [append(9, 6)],
        [append(8, 8), read(8, [8]), read(9, [6])],
      ),
      ["serializable"],
    ),
    "append",
  )!;
  assertStringIncludes(
    told,
    "appended 8 to key 8, and T1 appended 5, which no read shows, so after it",
  );
  assertStringIncludes(
    told,
    "read key 9 before anything was in it, and T2 appended 6\n",
  );
  // Of one append alone it's guessed that it's the list.
  assertStringIncludes(
    explain(
      listAppend(
        concurrent(
          [append(9, 2), read(7, null)],
          [append(7, 1), read(9, null)],
        ),
        ["serializable"],
      ),
      "append",
    )!,
    "read key 9 before anything was in it, and T2 appended 2, which no read shows\n",
  );
});

Deno.test("of an append that only a shorter list shows, it isn't said that no read does", () => {
  const told = explain(
    listAppend(concurrent(
      [append(8, 1), append(9, 1), read(9, [1]), read(8, [1])],
      [append(8, 2), append(8, 3), read(8, [2, 3]), append(9, 2)],
    )),
    "append",
  )!;
  assertStringIncludes(told, "appended 2, which no read shows, so after it");
  assertStringIncludes(
    told,
    "appended 1, which the longest list that was read doesn't show, so after it",
  );
});
