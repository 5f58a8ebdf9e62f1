/**
 * The validity that several checkers have together.
 *
 * @module
 */
import { assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  mergeValid,
  type Validity,
} from "../../../lib/workbench/checkers/validity.ts";
import { cases } from "../helpers.ts";

Deno.test("mergeValid: nothing is valid", () => {
  assertStrictEquals(mergeValid([]), true);
});

Deno.test("mergeValid: every pair", () => {
  const expected: [Validity, Validity, Validity][] = [
    [true, true, true],
    [true, "unknown", "unknown"],
    [true, false, false],
    ["unknown", "unknown", "unknown"],
    ["unknown", false, false],
    [false, false, false],
  ];
  for (const [a, b, merged] of expected) {
    assertStrictEquals(mergeValid([a, b]), merged);
    assertStrictEquals(mergeValid([b, a]), merged);
  }
});

Deno.test("mergeValid: false wins over unknown, unknown over true, wherever they are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom<Validity>(true, false, "unknown")),
      (parts) => {
        assertStrictEquals(
          mergeValid(parts),
          parts.includes(false)
            ? false
            : parts.includes("unknown")
            ? "unknown"
            : true,
        );
      },
    ),
    cases(),
  );
});

Deno.test("mergeValid: takes whatever can be gone through", () => {
  assertStrictEquals(mergeValid(new Set<Validity>([true, false])), false);
});
