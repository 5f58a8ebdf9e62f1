/**
 * Which word is taken to be meant.
 */
import { assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { nearest } from "../lib/nearest.ts";

Deno.test("nearest: a word within a third of its letters, the nearest of all", () => {
  assertStrictEquals(nearest("abc", []), "");
  assertStrictEquals(nearest("abcdef", ["abcdxy"]), " (did you mean abcdxy?)");
  assertStrictEquals(nearest("abcdef", ["abcxyz"]), "");
  assertStrictEquals(
    nearest("abcdef", ["abcdxy", "abcdex", "zzz"]),
    " (did you mean abcdex?)",
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,9}$/), (word) => {
      assertStrictEquals(
        nearest(word, ["something-else", word]),
        ` (did you mean ${word}?)`,
      );
    }),
    { numRuns: 50 },
  );
});

Deno.test("nearest: what is too long to be a word is none", () => {
  assertStrictEquals(nearest("a".repeat(1e6), ["a".repeat(99)]), "");
});
