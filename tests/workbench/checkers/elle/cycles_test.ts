/**
 * The names of cycles.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { typeOf } from "../../../../lib/workbench/checkers/elle/cycles.ts";

Deno.test("a cycle is named by its edges", () => {
  assertEquals(typeOf(["ww", "ww"]), "G0");
  assertEquals(typeOf(["ww", "wr"]), "G1c");
  assertEquals(typeOf(["rw", "wr"]), "G-single-item");
  assertEquals(typeOf(["rw", "wr", "rw", "ww"]), "G-nonadjacent-item");
  assertEquals(typeOf(["rw", "wr", "rw"]), "G2-item");
  assertEquals(typeOf(["rw", "rw"]), "G2-item");
  assertEquals(typeOf(["ww", "realtime"]), "G0-realtime");
  assertEquals(typeOf(["rw", "process"]), "G-single-item-process");
});
