/** The word that is taken to be meant. */
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
    fc.property(fc.stringMatching(/^[a-z]{3,9}$/), (word) => {
      assertStrictEquals(
        nearest(word, ["something-else", word]),
        ` (did you mean ${word}?)`,
      );
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("nearest: nothing is near a number, or a word of one or two letters", () => {
  assertStrictEquals(nearest("2", ["1", "all"]), "");
  assertStrictEquals(nearest("1350", ["1250", "1351"]), "");
  assertStrictEquals(nearest("3f", ["3a", "3b"]), "");
  assertStrictEquals(nearest("al", ["all"]), "");
  assertStrictEquals(nearest("all1", ["1", "all"]), " (did you mean all?)");
});

Deno.test("nearest: what is too long to be a word is none", () => {
  assertStrictEquals(nearest("a".repeat(1e6), ["a".repeat(99)]), "");
});
