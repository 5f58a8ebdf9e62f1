/**
 * Randomness that replays, and is random enough.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { cases, mean, tally } from "../helpers.ts";

function floats(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.float());
}

/** Measures how far counts are from all the same: the chi-squared statistic. */
function unevenness(counts: readonly number[]): number {
  const expected = mean(counts);
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

Deno.test("random: the same seed gives the same numbers", () => {
  fc.assert(
    fc.property(fc.string(), (seed) => {
      assertEquals(
        floats(new Random(seed), 20),
        floats(new Random(seed), 20),
      );
    }),
    cases(100),
  );
});

Deno.test("random: the numbers of a seed never change", () => {
  // Recorded: changing them changes the meaning of every recorded seed.
  const random = new Random("1/generator");
  assertEquals(
    Array.from({ length: 8 }, () => random.integer(1000)),
    [787, 979, 155, 290, 477, 548, 942, 178],
  );
});

Deno.test("random: different seeds give different numbers", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      fc.pre(a !== b);
      assertNotEquals(floats(new Random(a), 4), floats(new Random(b), 4));
    }),
    cases(200),
  );
});

Deno.test("random: what names that differ in one letter draw isn't alike", () => {
  const count = 2000;
  for (const draw of [0, 1, 2]) {
    const values = Array.from(
      { length: count },
      (_, i) => floats(new Random(`1/node/n${i}`), draw + 1)[draw]!,
    );
    const cells = new Array(20).fill(0);
    for (const value of values) cells[Math.floor(value * 20)]++;
    assertLess(unevenness(cells), 50, `draw ${draw}: ${cells}`); // p < 0.0002
    // Neighbours aren't correlated: three standard deviations and a bit.
    const products = values.slice(1)
      .map((value, i) => (value - 0.5) * (values[i]! - 0.5) * 12);
    assertLess(Math.abs(mean(products)), 3.5 / Math.sqrt(count));
  }
});

Deno.test("random: floats are from 0 up to 1, and as likely everywhere", () => {
  const values = floats(new Random("even"), 20_000);
  assert(values.every((value) => value >= 0 && value < 1));
  const cells = new Array(50).fill(0);
  for (const value of values) cells[Math.floor(value * 50)]++;
  assertLess(unevenness(cells), 95); // p < 0.0001
  assertStrictEquals(new Set(values).size, values.length);
});

Deno.test("random: floats use all their bits", () => {
  const values = floats(new Random("bits"), 4000);
  for (let bit = 1; bit <= 53; bit++) {
    const ones = values
      .filter((value) => Math.floor(value * 2 ** bit) % 2 === 1).length;
    assertLess(Math.abs(ones - 2000), 130, `bit ${bit}`); // four deviations
  }
});

Deno.test("random: integers are from 0 up to the limit, each as likely", () => {
  const random = new Random("integers");
  const counts = tally(
    Array.from({ length: 7000 }, () => random.integer(7)),
  );
  assertEquals([...counts.keys()].sort(), [0, 1, 2, 3, 4, 5, 6]);
  assertLess(unevenness([...counts.values()]), 28); // p < 0.0001
});

Deno.test("random: an integer below 1 is 0", () => {
  assertStrictEquals(new Random("one").integer(1), 0);
});

Deno.test("random: a choice is one of the items, each as likely", () => {
  const random = new Random("choice");
  const counts = tally(
    Array.from({ length: 4000 }, () => random.choice(["a", "b", "c", "d"])),
  );
  assertEquals([...counts.keys()].sort(), ["a", "b", "c", "d"]);
  assertLess(unevenness([...counts.values()]), 22);
});

Deno.test("random: a shuffle has the same items, in a new array", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.string(), (items, seed) => {
      const before = [...items];
      const shuffled = new Random(seed).shuffle(items);
      assert(shuffled !== items);
      assertEquals(items, before);
      assertEquals(shuffled.sort(), before.sort());
    }),
    cases(200),
  );
});

Deno.test("random: every order is as likely", () => {
  const random = new Random("orders");
  const counts = tally(
    Array.from(
      { length: 6000 },
      () => random.shuffle("abc".split("")).join(""),
    ),
  );
  assertStrictEquals(counts.size, 6);
  assertLess(unevenness([...counts.values()]), 26); // p < 0.0001
});
