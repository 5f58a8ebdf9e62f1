/** Unique ids, in each of the three ways. */
import { assertEquals, assertThrows } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { uniqueIds } from "../../challenges/unique_ids.ts";
import type { Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";

for (
  const [strategy, messagesPerOp] of [
    ["composite", 0],
    ["random", 0],
    ["clock", 2],
  ] as const
) {
  Deno.test(`${strategy}: all ids are different, at ${messagesPerOp} messages each`, async () => {
    const { options } = runs.find(({ id }) => id === "2")!;
    const { results, reason } = await judge(uniqueIds, {
      workload: "unique-ids",
      ...options,
      "time-limit": 10,
    }, { args: ["--strategy", strategy] });
    assertEquals(results["valid?"], true, reason);
    assertEquals(results.net.servers["msgs-per-op"], messagesPerOp);
  });
}

Deno.test("a node that is started again doesn't begin where it began before", async () => {
  const firstId = async (seed: number) => {
    const cluster = await Cluster.start(1, uniqueIds, { seed });
    return (await cluster.ask("n0", { type: "generate" }))?.id;
  };
  const ids = new Set<unknown>();
  for (let start = 0; start < 20; start++) ids.add(await firstId(start));
  assertEquals(ids.size, 20);
});

for (const strategy of ["composite", "random", "clock"]) {
  Deno.test(`${strategy}: no id comes twice, whoever dies, freezes and comes back`, async () => {
    const { options } = runs.find(({ id }) => id === "2")!;
    for (let seed = 1; seed <= 2; seed++) {
      const { results, reason } = await judge(uniqueIds, {
        workload: "unique-ids",
        ...options,
        concurrency: "10n",
        rate: 200,
        // Who is dead answers nobody.
        availability: 0,
        nemesis: "partition,kill,pause",
        "nemesis-interval": 3,
        seed,
      }, { args: ["--strategy", strategy] });
      assertEquals(results["valid?"], true, reason);
    }
  });
}

Deno.test("a strategy that isn't there is refused", () => {
  assertThrows(
    () => uniqueIds(undefined as unknown as Node, ["--strategy", "time"]),
    Error,
    "--strategy must be one of composite, random, clock",
  );
});
