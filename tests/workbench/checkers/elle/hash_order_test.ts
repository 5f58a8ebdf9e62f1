/**
 * The order of operations in hash tables.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  inBifurcanOrder,
  operationHash,
  transactionsInClojureOrder,
} from "../../../../lib/workbench/checkers/elle/hash_order.ts";
import type { Op } from "../../../../lib/workbench/load/history.ts";

Deno.test("the order of maps is Bifurcan's", () => {
  // As a REPL with Elle's own libraries prints them.
  const indexes = Array.from({ length: 24 }, (_, i) => 2 * i);
  assertEquals(
    inBifurcanOrder(indexes, operationHash).join(" "),
    "6 46 20 30 18 16 42 24 36 4 0 38 10 34 32 26 40 44 8 28 12 22 14 2",
  );
});

Deno.test("transactions have their place whatever their errors are", () => {
  const errors = [["abort", "text"], "net-timeout", null, [null], [], {}, 7];
  const ops = errors.map((error, index) =>
    ({
      index,
      time: index,
      process: 0,
      type: "fail",
      f: "txn",
      value: [["append", 1, index]],
      error,
    }) as unknown as Op
  );
  assertEquals(
    transactionsInClojureOrder(ops).map(({ index }) => index).sort(),
    ops.map(({ index }) => index),
  );
});
