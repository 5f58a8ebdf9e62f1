import { assert, assertEquals } from "@std/assert";
import type { Options } from "../../../lib/workbench/mod.ts";
import { drawn } from "../../../lib/workbench/search/explore.ts";
import { resolve } from "../../../lib/workbench/test.ts";
import { workloads } from "../../../lib/workbench/workloads/mod.ts";

const many = 200;

function values(given: Options, name: keyof Options): unknown[] {
  return [
    ...new Set([...drawn({ given }, many)].map((options) => options[name])),
  ];
}

for (const workload of Object.keys(workloads)) {
  Deno.test(`what is drawn for ${workload} can be run`, () => {
    for (const options of drawn({ given: { workload } }, many)) {
      const { nodes } = resolve(options);
      assert(nodes.length <= 5);
    }
  });
}

Deno.test("the same seed draws the same", () => {
  const given = { workload: "broadcast", nemesis: "kill", seed: 7 };
  assertEquals([...drawn({ given }, 9)], [...drawn({ given }, 9)]);
});

Deno.test("what is given is kept", () => {
  const given = { workload: "broadcast", "node-count": 7, rate: 3 };
  assertEquals(values(given, "node-count"), [7]);
  assertEquals(values(given, "rate"), [3]);
  assert(values(given, "topology").length > 1);
});

Deno.test("of faults, what is given is the most", () => {
  const given = {
    workload: "broadcast",
    nemesis: "partition,kill",
    lazyfs: "torn-op",
    "p-loss": 0.1,
  };
  assertEquals(values(given, "nemesis").toSorted(), [
    "kill",
    "partition",
    "partition,kill",
    undefined,
  ]);
  for (const options of drawn({ given }, many)) {
    const { nemesis = "", lazyfs, "p-loss": pLoss = 0 } = options;
    assert(pLoss <= 0.1);
    if (lazyfs) assert(nemesis.includes("kill"));
  }
  assert(values(given, "p-loss").length > 5);
  assertEquals(values(given, "p-reorder"), [undefined]);
});

Deno.test("faults come every five seconds, up to ten times a second", () => {
  const given = { workload: "broadcast", nemesis: "partition" };
  const seconds = values(given, "nemesis-interval").map(Number)
    .filter((each) => !Number.isNaN(each));
  assert(seconds.every((each) => each >= 0.1 && each <= 5));
  assert(seconds.some((each) => each < 0.2));
  assert(seconds.some((each) => each > 2.5));
});

Deno.test("who may be dead or frozen need not always answer", () => {
  const given = {
    workload: "unique-ids",
    availability: "total",
    nemesis: "partition,pause",
  } as const;
  for (const { nemesis = "", availability } of drawn({ given }, many)) {
    assertEquals(availability, nemesis.includes("pause") ? undefined : "total");
  }
});
