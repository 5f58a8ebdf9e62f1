/**
 * The order of values in hash tables.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { inClojureOrder } from "../../../lib/workbench/checkers/clojure_order.ts";

Deno.test("the order of sets is Clojure's", () => {
  // As a REPL with Elle's own libraries prints them.
  assertEquals(inClojureOrder([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), [
    7,
    1,
    4,
    6,
    3,
    2,
    9,
    5,
    10,
    8,
  ]);
  assertEquals(
    inClojureOrder([[1, 2], [1, 3], [2, 1], [4, 4], [5], ["a", null], [true]]),
    [[true], [1, 3], [5], ["a", null], [2, 1], [4, 4], [1, 2]],
  );
});
