/**
 * The order of operations in hash tables.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  inBifurcanOrder,
  operationHash,
} from "../../../../lib/workbench/checkers/elle/hash_order.ts";

Deno.test("the order of maps is Bifurcan's", () => {
  // As a REPL with Elle's own libraries prints them.
  const indexes = Array.from({ length: 24 }, (_, i) => 2 * i);
  assertEquals(
    inBifurcanOrder(indexes, operationHash).join(" "),
    "6 46 20 30 18 16 42 24 36 4 0 38 10 34 32 26 40 44 8 28 12 22 14 2",
  );
});
