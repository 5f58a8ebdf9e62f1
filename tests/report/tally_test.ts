/** Sums of many runs. */
import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { format } from "../../lib/report/format.ts";
import { SeedRanges } from "../../lib/report/seeds.ts";
import type { RunRecord } from "../../lib/report/record.ts";
import { Failures, Spread, Tally } from "../../lib/report/tally.ts";
import { resolve } from "../../lib/workbench/test.ts";

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

Deno.test("of many seeds, valid ones that leave out values are told", () => {
  const record = (seed: number, missing?: { [node: string]: number }) =>
    ({
      seed,
      pass: true,
      results: { "valid?": true, workload: { ...missing && { missing } } },
    }) as unknown as RunRecord;
  assertEquals(new Tally([record(1), record(2)]).note, undefined);
  assertMatch(
    new Tally([record(1), record(2, { n0: 3 })]).note!,
    /^seed 2: the last reads at n0 miss 3 values\./,
  );
  assertMatch(
    new Tally([record(1, { n0: 3 }), record(2, { n1: 1 })]).note!,
    /^2 valid seeds leave out values, such as seed 1: the last reads at n0 /,
  );
});

Deno.test("crashes are told together if it's the same mistake, wherever it shows", () => {
  const { options } = resolve({ workload: "echo" });
  const failures = new Failures();
  const mistakes = [
    (seed: number) =>
      `n${seed % 3} threw what nobody caught: no ${seed} (at a.ts:5)`,
    () => "n0 threw what nobody caught: no 7 (at a.ts:6)",
    () => "n0 exited with code 2 in the middle of the run. It said: panic: x",
    () => "n1 exited with code 2 in the middle of the run. It said: panic: y",
  ];
  for (let seed = 0; seed < 20; seed++) {
    const reason = mistakes[seed % mistakes.length]!(seed);
    failures.add({
      ...{ id: "1", engine: "sim", seed, options, pass: false, "wall-ms": 0 },
      ...{ anomaly: "node-crashed", reason, results: { "valid?": false } },
    });
  }
  assertEquals(failures.groups().map(({ seeds }) => `${seeds}`), [
    "0, 4, 8, 12, 16",
    "1, 5, 9, 13, 17",
    "2, 6, 10, 14, 18",
    "3, 7, 11, 15, 19",
  ]);
});
