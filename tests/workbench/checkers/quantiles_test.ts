/**
 * Quantiles by Jepsen's rule: of n sorted numbers the one at n times the
 * quantile, rounded down, and at most the last.
 *
 * @module
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { quantiles } from "../../../lib/workbench/checkers/quantiles.ts";
import { cases } from "../helpers.ts";

/** The quantiles from the least to the greatest. */
const inOrder = (numbers: number[]) => {
  const found = quantiles(numbers)!;
  const points = ["0", "0.5", "0.95", "0.99", "1"] as const;
  return points.map((point) => found[point]);
};

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("quantiles: there are none of nothing", () => {
  assertStrictEquals(quantiles([]), undefined);
});

Deno.test("quantiles: of one number are that number", () => {
  assertEquals(quantiles([7]), {
    "0": 7,
    "0.5": 7,
    "0.95": 7,
    "0.99": 7,
    "1": 7,
  });
});

Deno.test("quantiles: of two numbers the median is the greater", () => {
  assertEquals(quantiles([20, 10]), {
    "0": 10,
    "0.5": 20,
    "0.95": 20,
    "0.99": 20,
    "1": 20,
  });
});

Deno.test("quantiles: of a hundred numbers", () => {
  assertEquals(quantiles(upTo(100)), {
    "0": 0,
    "0.5": 50,
    "0.95": 95,
    "0.99": 99,
    "1": 99,
  });
});

Deno.test("quantiles: of nineteen, twenty and twenty-one numbers", () => {
  const at = (n: number) => inOrder(upTo(n));
  assertEquals(at(19), [0, 9, 18, 18, 18]);
  assertEquals(at(20), [0, 10, 19, 19, 19]);
  assertEquals(at(21), [0, 10, 19, 20, 20]);
});

Deno.test("quantiles: numbers are in order of their size, not of their text", () => {
  assertEquals(inOrder([10, 9, 1000, -5]), [
    -5,
    10,
    1000,
    1000,
    1000,
  ]);
});

Deno.test("quantiles: the order of the numbers doesn't matter, and they stay as they are", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (numbers) => {
      const before = [...numbers];
      const sorted = numbers.toSorted((a, b) => a - b);
      assertEquals(quantiles(numbers), quantiles(sorted));
      assertEquals(numbers, before);
    }),
    cases(),
  );
});

Deno.test("quantiles: so many of the numbers are smaller", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 300 }),
      (numbers) => {
        for (const [point, value] of Object.entries(quantiles(numbers)!)) {
          const smaller = numbers.filter((each) => each < value).length;
          assertStrictEquals(
            smaller,
            Math.min(
              numbers.length - 1,
              // In hundredths, without rounding on the way.
              Math.floor(
                numbers.length * Math.round(Number(point) * 100) / 100,
              ),
            ),
          );
        }
      },
    ),
    cases(300),
  );
});
