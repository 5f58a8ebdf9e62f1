/**
 * The promises of the stand-in for `@std/text`.
 *
 * @module
 */
import fc from "fast-check";
import { assertEquals } from "../../lib/offline/assert.ts";
import { levenshteinDistance as distance } from "../../lib/offline/text.ts";

Deno.test("levenshteinDistance counts insertions, deletions and replacements", () => {
  assertEquals(distance("kitten", "sitting"), 3);
  assertEquals(distance("", "abc"), 3);
  assertEquals(distance("abc", ""), 3);
  assertEquals(distance("stategy", "strategy"), 1);
  assertEquals(distance("ab", "ba"), 2);
  assertEquals(distance("👋", "x"), 1);
});

Deno.test("levenshteinDistance is a metric", () => {
  const word = fc.string({
    unit: fc.constantFrom("a", "b", "c"),
    maxLength: 8,
  });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      assertEquals(distance(a, b), distance(b, a));
      assertEquals(distance(a, b) === 0, a === b);
      assertEquals(distance(a, c) <= distance(a, b) + distance(b, c), true);
    }),
    { seed: 1 },
  );
});
