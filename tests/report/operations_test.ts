/**
 * The operations that plots and the timeline are drawn from.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  concurrencyOf,
  firstEndingAt,
  lanesOf,
  nearestTo,
} from "../../lib/report/web/lanes.ts";
import {
  countsOf,
  decadesOf,
  errorText,
  kindsOf,
  latencyQuantilesOf,
  operationsOf,
  ratesOf,
  readsOnly,
  valueText,
  wholeTicks,
  windowMs,
} from "../../lib/report/web/operations.ts";
import { some } from "../some.ts";
import { historyOf, op } from "../workbench/helpers.ts";

const operations = operationsOf(historyOf(
  op(0, 0, "invoke", "read"),
  op(5, 1, "invoke", "write", 1),
  op(7, "nemesis", "info", "start-partition"),
  op(10, 0, "ok", "read", [1, 2]),
  op(15, 1, "info", "write", 1, { error: ["timeout", null] }),
  op(120, 3, "invoke", "read"),
  op(150, 3, "fail", "read", null, { error: "net-timeout" }),
  op(160, 0, "invoke", "read"),
));

Deno.test("each operation is there once, from its beginning to its end", () => {
  assertEquals(
    operations.map(({ begin, type, startMs, endMs }) => [
      begin.f,
      type,
      startMs,
      endMs,
    ]),
    [
      ["read", "ok", 0, 10],
      ["write", "info", 5, 15],
      ["read", "fail", 120, 150],
      ["read", "invoke", 160, NaN],
    ],
  );
  assertEquals(kindsOf(operations), ["read", "write"]);
  assertEquals(countsOf(operations), { ok: 1, info: 1, fail: 1, invoke: 1 });
});

Deno.test("what only reads is told from what may change something", () => {
  const of = (f: string, value: unknown = null) =>
    readsOnly(operationsOf(historyOf(op(0, 0, "invoke", f, value)))[0]!);
  for (const f of ["read", "poll", "assign"]) assertEquals(of(f), true, f);
  for (const f of ["write", "cas", "add", "broadcast", "send", "crash"]) {
    assertEquals(of(f), false, f);
  }
  assertEquals(of("txn", [["r", 1, null], ["r", 2, null]]), true);
  assertEquals(of("txn", [["poll"]]), true);
  assertEquals(of("txn", [["r", 1, null], ["append", 2, 1]]), false);
  for (const value of [null, [], "r", [1]]) {
    assertEquals(of("txn", value), false);
  }
});

Deno.test("things are counted in whole numbers", () => {
  assertEquals(wholeTicks(3, 4), [0, 1, 2, 3]);
  assertEquals(wholeTicks(1, 4), [0, 1]);
  assertEquals(wholeTicks(100, 4), [0, 20, 40, 60, 80, 100]);
  // There's no whole number to be had.
  assertEquals(wholeTicks(0.4, 2), [0, 0.2, 0.4]);
});

Deno.test("values and errors are texts", () => {
  assertEquals(operations.map((each) => valueText(each)), [
    "[1,2]",
    "1",
    "",
    "",
  ]);
  assertEquals(valueText(operations[0]!, 3), "[1…");
  assertEquals(operations.map(errorText), [
    undefined,
    "timeout",
    "net-timeout",
    undefined,
  ]);
});

Deno.test("rates are per second, by kind and outcome, when operations ended", () => {
  assertEquals(
    ratesOf(operations, 100)
      .map(({ f, type, startMs, hz }) => [f, type, startMs, hz]),
    [
      ["read", "ok", 0, 10],
      ["write", "info", 0, 10],
      ["read", "fail", 100, 10],
    ],
  );
});

Deno.test("quantiles are of the operations that began in a window", () => {
  const many = operationsOf(historyOf(
    ...Array.from({ length: 100 }, (_, i) => [
      op(i, i, "invoke", "read"),
      op(i + (i + 1) / 10, i, "ok", "read"),
    ]).flat(),
    op(250, 0, "invoke", "read"),
    op(253, 0, "ok", "read"),
  ));
  const found = latencyQuantilesOf(many, 100);
  const at = (ms: number) =>
    found.filter(({ atMs }) => atMs === ms).map(({ latencyMs }) => latencyMs);
  [5.1, 9.6, 10, 10].forEach((expected, i) =>
    assertAlmostEquals(at(50)[i]!, expected, 1e-6)
  );
  // In between nothing began, so the line is broken there.
  assertEquals(at(150), [NaN, NaN, NaN, NaN]);
  assertEquals(at(250), [3, 3, 3, 3]);
});

Deno.test("windows are round, and there are fewer than fifty", () => {
  assertEquals([100, 2000, 20_000, 30_000, 70_000].map(windowMs), [
    10,
    50,
    500,
    1000,
    2000,
  ]);
});

Deno.test("a logarithmic axis runs from one power of ten to another", () => {
  assertEquals(decadesOf(0.12, 35), [0.1, 1, 10, 100]);
  assertEquals(decadesOf(1, 1), [1, 10]);
});

Deno.test("a process that didn't come back is followed by another in its lane", () => {
  assertEquals(concurrencyOf("2n", 5), 10);
  assertEquals(concurrencyOf("3", 5), 3);
  const lanes = lanesOf(operations, { nodes: ["n0"], concurrency: 3 });
  assertEquals(
    lanes.map(({ process, node, operations }) => [
      process,
      node,
      operations.map(({ begin }) => begin.process),
    ]),
    [[0, "n0", [0, 3, 0]], [1, "n0", [1]]],
  );
});

Deno.test("one finds what is there at a moment, and what is nearest to it", () => {
  const [{ operations: lane }] = some(lanesOf(operations, {
    nodes: ["n0"],
    concurrency: 3,
  }));
  assertEquals([0, 10, 11, 151].map((ms) => firstEndingAt(lane, ms)), [
    0,
    0,
    1,
    2,
  ]);
  assertEquals(nearestTo(lane, 5), lane[0]);
  assertEquals(nearestTo(lane, 20), lane[0]);
  assertEquals(nearestTo(lane, 100), lane[1]);
  assertEquals(nearestTo(lane, 9999), lane[2]);
});
