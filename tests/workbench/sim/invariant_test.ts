/**
 * The beliefs that the workbench relies on.
 *
 * @module
 */
import { assertThrows } from "@std/assert";
import { invariant } from "../../../lib/workbench/sim/invariant.ts";

Deno.test("what holds passes, and narrows the type", () => {
  const length: number | undefined = [1].length;
  invariant(length !== undefined, "a list has a length");
  length.toFixed();
});

Deno.test("what doesn't hold is a bug of the workbench, in words", () => {
  assertThrows(
    () => invariant(false, "time never goes back"),
    Error,
    "Broken invariant: time never goes back. This is a bug in Call Me Maybe, not in your node; please report it.",
  );
});
