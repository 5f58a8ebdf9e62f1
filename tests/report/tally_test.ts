/** Sums of many runs. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { format } from "../../lib/report/format.ts";
import { SeedRanges } from "../../lib/report/seeds.ts";
import { Spread } from "../../lib/report/tally.ts";

/** Figures, and those just beside the edges of what is shown alike. */
const figures = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 5, noNaN: true }),
    fc.nat(40000),
    fc.nat(400).map((n) => n / 200),
    fc.constantFrom(0.0996, 0.1, 0.1004, 1.996, 2, 2.004, 1e-9),
  ),
  { maxLength: 60 },
);

Deno.test("a spread shows the least, the median and the most, as the figures themselves would", () => {
  fc.assert(
    fc.property(figures, (figures) => {
      const spread = new Spread();
      for (const figure of figures) spread.add(figure);
      const all = figures.toSorted((a, b) => a - b);
      const shown = [all.at(0), all[all.length >> 1], all.at(-1)]
        .flatMap((each) => each === undefined ? [] : format(each));
      assertEquals(`${spread}`, shown.join(" – "));
    }),
    { seed: 1, numRuns: 500 },
  );
});

Deno.test("ranges of seeds name each, and nothing else", () => {
  assertEquals(`${new SeedRanges([3, 5, 6, 8, 9, 10])}`, "3, 5, 6, 8..10");
  assertEquals(`${new SeedRanges([])}`, "");
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(50)), (seeds) => {
      const sorted = seeds.toSorted((a, b) => a - b);
      const named = `${new SeedRanges(sorted)}`.split(", ").filter(Boolean)
        .flatMap((range) => {
          const [from, to = from] = range.split("..").map(Number);
          return Array.from({ length: to! - from! + 1 }, (_, i) => from! + i);
        });
      assertEquals(named, sorted);
    }),
    { seed: 1 },
  );
});
