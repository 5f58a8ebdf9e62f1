import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  acceptableSums,
  counter,
  explainCounter,
} from "../../../lib/workbench/checkers/counter.ts";
import { ExactNumber } from "../../../lib/workbench/sim/exact_json.ts";
import type { Op, OpType } from "../../../lib/workbench/load/history.ts";
import { cases, type Entry, historyOf, op } from "../helpers.ts";

/** An add by a process of its own. */
function add(process: number, type: OpType, delta: unknown): Entry[] {
  const begun = op(process, process, "invoke", "add", delta);
  return type === "invoke"
    ? [begun]
    : [begun, op(process, process, type, "add", delta)];
}

/** A final read by a process of its own. */
function finalRead(value: unknown, type: OpType = "ok"): Entry[] {
  const others = { "final?": true };
  return [
    op(9000, 9000, "invoke", "read", null, others),
    op(9001, 9000, type, "read", value, others),
  ];
}

function check(...entries: Entry[][]) {
  return counter(historyOf(...entries.flat()));
}

Deno.test("final reads show the sum of all acknowledged adds", () => {
  assertEquals(
    check(add(0, "ok", 3), add(1, "ok", -5), finalRead(-2), finalRead(-2)),
    {
      "valid?": true,
      errors: [],
      "final-reads": [-2, -2],
      acceptable: [[-2, -2]],
    },
  );
});

Deno.test("an add that failed doesn't count", () => {
  const found = check(add(0, "ok", 3), add(1, "fail", 2), finalRead(5));
  assertEquals(found["valid?"], false);
  assertEquals(found.acceptable, [[3, 3]]);
  assertEquals(found.errors, [
    { index: 5, process: 9000, f: "read", type: "ok", value: 5 },
  ]);
});

Deno.test("an add whose end isn't known may count, and ranges that touch are one", () => {
  for (const type of ["info", "invoke"] as const) {
    const found = check(
      add(0, "ok", 10),
      add(1, type, 2),
      add(2, type, -1),
      add(3, type, 8),
      finalRead(19),
    );
    assertEquals(found.acceptable, [[9, 12], [17, 20]]);
    assertEquals(found["valid?"], true);
  }
});

Deno.test("a value in a gap is wrong", () => {
  const found = check(add(0, "info", 4), add(1, "info", -2), finalRead(1));
  assertEquals(found.acceptable, [[-2, -2], [0, 0], [2, 2], [4, 4]]);
  assertEquals(found["valid?"], false);
});

Deno.test("reads before the end may show anything, and so may those that fail", () => {
  const found = check(
    add(0, "ok", 1),
    [op(5, 5, "invoke", "read"), op(5, 5, "ok", "read", 77)],
    finalRead(null, "info"),
    finalRead(1),
  );
  assertEquals(found["valid?"], true);
  assertEquals(found["final-reads"], [1]);
});

Deno.test("without final reads nothing is wrong, as in Maelstrom", () => {
  assertEquals(check(add(0, "ok", 1))["valid?"], true);
  assertEquals(check()["valid?"], true);
});

Deno.test("sums are all that any choice of deltas makes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -20, max: 20 }),
      fc.array(fc.integer({ min: -30, max: 30 }), { maxLength: 10 }),
      (definite, deltas) => {
        let sums = new Set([definite]);
        for (const delta of deltas) {
          sums = new Set([...sums].flatMap((sum) => [sum, sum + delta]));
        }
        const ranges = acceptableSums(definite, deltas)!;
        const listed = ranges.flatMap(([least, greatest]) =>
          Array.from({ length: greatest - least + 1 }, (_, i) => least + i)
        );
        assertEquals(listed, [...sums].sort((a, b) => a - b));
        for (const [i, [least]] of ranges.entries()) {
          assert(i === 0 || least > ranges[i - 1]![1] + 1);
        }
      },
    ),
    cases(),
  );
});

Deno.test("a hundred thousand adds of unknown end are two bounds", () => {
  const entries = Array.from(
    { length: 100_000 },
    (_, i) => add(i, "info", i % 10 - 5),
  );
  const history = [...entries, finalRead(7)].flat()
    .map((entry, index) => ({ index, ...entry }) as Op);
  const found = counter(history);
  assertEquals(found.acceptable, [[-150_000, 100_000]]);
  assertEquals(found["valid?"], true);
});

Deno.test("where there are too many sums to list, only what is out of bounds is wrong", () => {
  const entries = Array.from({ length: 40 }, (_, i) => add(i, "info", 3 ** i));
  const inside = counter(
    historyOf(...entries.flat().slice(0, 60), ...finalRead(2)),
  );
  assertEquals(inside["valid?"], "unknown");
  const outside = counter(
    historyOf(...entries.flat().slice(0, 60), ...finalRead(-1)),
  );
  assertEquals(outside["valid?"], false);
});

Deno.test("a final read that isn't an integer is wrong", () => {
  for (const value of [null, "3", 3.5, [3], { value: 3 }, undefined, NaN]) {
    const found = check(add(0, "ok", 3), finalRead(value));
    assertEquals(found["valid?"], false, String(value));
    assert(explainCounter(found)!.includes("all adds together make 3"));
  }
  const big = new ExactNumber("9007199254740993");
  assertEquals(check(add(0, "ok", 3), finalRead(big))["valid?"], false);
});

Deno.test("with an add that isn't an integer there is no telling", () => {
  for (const delta of [null, "3", 1.5, [3], undefined]) {
    const found = check(add(0, "ok", delta), finalRead(3));
    assertEquals(found["valid?"], "unknown");
    assert(explainCounter(found)!.includes("which isn't an integer"));
  }
});

Deno.test("it says by how much the first wrong read is wrong", () => {
  assertEquals(
    explainCounter(check(add(0, "ok", 5), finalRead(5), finalRead(3))),
    "1 of 2 final reads are wrong: process 9000 read 3 (operation 5), but all adds together make 5: 2 too little",
  );
  assertEquals(
    explainCounter(check(add(0, "ok", 5), add(1, "info", 3), finalRead(6))),
    "1 of 1 final reads are wrong: process 9000 read 6 (operation 5), but the adds that were acknowledged, and any of those that may have happened, make 5, 8",
  );
  assertEquals(explainCounter(check(finalRead(0))), undefined);
});
