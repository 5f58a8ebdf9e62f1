/**
 * Registers: the smallest histories that show each anomaly, and correct stores
 * that show none.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { rwRegister } from "../../../../lib/workbench/checkers/elle/rw_register.ts";
import { Random } from "../../../../lib/workbench/sim/random.ts";
import type { History } from "../../../../lib/workbench/load/history.ts";
import { cases, type Entry, op } from "../../helpers.ts";
import {
  concurrent,
  failed,
  indexed,
  inOneProcess,
  type Mop,
  sequential,
  unknown,
} from "./helpers.ts";

const write = (key: unknown, value: unknown): Mop => ["w", key, value];
const read = (key: unknown, value: unknown): Mop => ["r", key, value];

/** A pair of transactions that depend on each other, so that there's a graph. */
const dependent: Mop[][] = [[write(9, 1)], [read(9, 1)]];

/** Each anomaly, with the smallest history that shows it. */
const smallest: { [type: string]: History } = {
  "internal": concurrent([write(1, 1), read(1, 2)], ...dependent),
  "G1a": concurrent(failed(write(1, 1)), [read(1, 1)], ...dependent),
  "G1b": concurrent([write(1, 1), write(1, 2)], [read(1, 1)], ...dependent),
  "lost-update": concurrent(
    [read(1, null), write(1, 1)],
    [read(1, null), write(1, 2)],
  ),
  "cyclic-versions": concurrent(
    [read(1, 1), write(1, 2)],
    [read(1, 2), write(1, 1)],
  ),
  "G0": concurrent(
    [read(1, 1), write(1, 2), write(2, 1)],
    [write(1, 1), read(2, 1), write(2, 2)],
    [read(1, 1)],
  ),
  "G1c": concurrent([write(1, 1), read(2, 1)], [write(2, 1), read(1, 1)]),
  "G-single-item": concurrent(
    [write(1, 1), write(2, 1)],
    [read(1, 1), read(2, null)],
  ),
  "G-single-item-process": inOneProcess([write(1, 1)], [read(1, null)]),
  "G-single-item-realtime": sequential([write(1, 1)], [read(1, null)]),
  "G-nonadjacent-item": concurrent(
    [write(1, 1)],
    [write(2, 1)],
    [read(1, 1), read(2, null)],
    [read(2, 1), read(1, null)],
  ),
  "G2-item": concurrent(
    [read(1, null), write(2, 1)],
    [read(2, null), write(1, 1)],
  ),
};

/** The anomalies that Elle names instead, or as well. */
const named: { [type: string]: string[] } = {
  // The cycle that is found is explained by reads rather than writes, so that
  // it's only known that one of writes exists.
  "G0": ["G-single-item", "G1c", "PL-1-cycle-exists"],
  "cyclic-versions": ["G1c", "cyclic-versions"],
  // Both overwrote what the other had read.
  "lost-update": ["G2-item", "lost-update"],
};

for (const [type, history] of Object.entries(smallest)) {
  Deno.test(`an rw-register history shows ${type}`, () => {
    const models = [
      type.endsWith("-process")
        ? "strong-session-serializable"
        : type.endsWith("-realtime")
        ? "strict-serializable"
        : "serializable",
    ];
    const findings = rwRegister(history, models);
    assertEquals(findings["anomaly-types"], named[type] ?? [type]);
    assertEquals(findings["valid?"], false);
  });
}

Deno.test("a value that nobody wrote is reported, and the verdict stays", () => {
  const findings = rwRegister(sequential([write(1, 1)], [read(1, 7)]));
  assertEquals(findings["valid?"], true);
  assertEquals(findings.unwritten?.count, 1);
});

Deno.test("a write that may have happened is no one's fault", () => {
  assertEquals(
    rwRegister(
      sequential(unknown(write(1, 1)), [read(1, 1)], [read(1, 1)]),
    )["valid?"],
    true,
  );
});

Deno.test("values that were written twice, and keys of several types, are named", () => {
  assertEquals(
    rwRegister(sequential([write(1, 1)], [write(1, 1)], [read(1, 1)]))[
      "anomaly-types"
    ],
    ["duplicate-writes"],
  );
  assertEquals(
    rwRegister(sequential([write(1, 1)], [read("1", 1)]))["anomaly-types"],
    ["mixed-key-types"],
  );
});

Deno.test("where no transaction depends on another, Maelstrom says invalid", () => {
  const findings = rwRegister([]);
  assertEquals(findings["valid?"], false);
  assertEquals(findings["anomaly-types"], ["empty-transaction-graph"]);
});

Deno.test("a transaction that reads a version and writes the next is graph enough, as in Elle", () => {
  // Weak enough that neither real time nor processes make an order.
  const judged = (...mops: Mop[]) =>
    rwRegister(concurrent(mops), ["serializable"])["anomaly-types"];
  assertEquals(judged(read(1, null), write(1, 2)), []);
  assertEquals(judged(read(1, 7), write(1, 2)), []);
  for (
    const mops of [[write(1, 2)], [read(1, null)], [read(2, 7), write(1, 2)]]
  ) {
    assertEquals(judged(...mops), ["empty-transaction-graph"]);
  }
});

Deno.test("a valid history has empty lists, as in Maelstrom", () => {
  assertEquals(rwRegister(concurrent(...dependent)), {
    "valid?": true,
    "anomaly-types": [],
    "anomaly-counts": {},
    anomalies: {},
  });
});

Deno.test("a store that executes one transaction at a time is never wrong", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const history = serialHistory(new Random(`${seed}`), 60, 3);
      assertEquals(rwRegister(history)["anomaly-types"], []);
    }),
    cases(),
  );
});

Deno.test("garbage of any kind is judged without an error", () => {
  const mop = fc.oneof(
    fc.tuple(
      fc.constantFrom("r", "w", "x"),
      fc.oneof(fc.integer({ min: 0, max: 2 }), fc.jsonValue()),
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.jsonValue()),
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
      rwRegister(
        indexed(
          found.map(({ process, type, value }) =>
            op(0, process, type as "ok", "txn", value)
          ),
        ),
      );
    }),
    cases(500),
  );
});

Deno.test("100,000 valid transactions are judged", () => {
  const history = serialHistory(new Random("many"), 100_000, 10);
  assertEquals(rwRegister(history)["valid?"], true);
});

Deno.test("a store that always shows nothing is judged", () => {
  const history = serialHistory(new Random("nothing"), 4_000, 10, true);
  const findings = rwRegister(history);
  assert(findings["anomaly-types"]!.includes("internal"));
});

/**
 * The history of clients of a store that is correct, or shows nothing of one
 * key.
 */
function serialHistory(
  random: Random,
  count: number,
  clients: number,
  nothing = false,
): History {
  const values = new Map<number, number>();
  const entries: Entry[] = [];
  const open: (Mop[] | undefined)[] = new Array(clients);
  for (let begun = 0, time = 0; begun < count; time++) {
    const process = random.integer(clients);
    const txn = open[process];
    if (txn === undefined) {
      const fresh = Array.from(
        { length: 1 + random.integer(4) },
        (_, i): Mop => {
          const key = nothing ? 0 : Math.floor(begun / 20) + random.integer(5);
          return random.integer(2) === 0
            ? read(key, null)
            : write(key, begun * 10 + i);
        },
      );
      begun++;
      open[process] = fresh;
      entries.push(op(time, process, "invoke", "txn", fresh));
    } else {
      const done = txn.map(([f, key, value]): Mop => {
        if (f === "r") {
          return read(key, nothing ? null : values.get(key as number) ?? null);
        }
        values.set(key as number, value as number);
        return [f, key, value];
      });
      open[process] = undefined;
      entries.push(op(time, process, "ok", "txn", done));
    }
  }
  return indexed(entries);
}
