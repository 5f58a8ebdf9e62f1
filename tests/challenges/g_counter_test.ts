/** The grow-only counter, in the store and without one. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { gCounter } from "../../challenges/g_counter.ts";
import { runs } from "../../challenges/runs.ts";
import type { Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";

const add = (cluster: Cluster, id: string, delta: number) =>
  cluster.ask(id, { type: "add", delta });

async function values(cluster: Cluster) {
  const values: unknown[] = [];
  for (const id of cluster.nodes) {
    values.push((await cluster.ask(id, { type: "read" }))?.value);
  }
  return values;
}

const official = runs.find(({ id }) => id === "4")!;
const run = (strategy: string, seed: number) =>
  judge(gCounter, { workload: "g-counter", ...official.options, seed }, {
    args: ["--strategy", strategy],
  });

for (
  const [strategy, most] of [["totals", 0.3], ["gossip", 0.15]] as const
) {
  Deno.test(`${strategy}: every node shows the sum in the end, at less than ${most} messages per operation`, async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { results, reason } = await run(strategy, seed);
      assertEquals(results["valid?"], true, reason);
      assertLess(results.net.servers["msgs-per-op"]!, most);
    }
  });

  Deno.test(`${strategy}: an addition is answered at once, and known to all soon`, async () => {
    const cluster = await Cluster.start(3, gCounter, {
      args: ["--strategy", strategy],
    });
    await add(cluster, "n0", 5);
    assertEquals((await values(cluster))[0], 5);
    await add(cluster, "n1", 2);
    await cluster.wait(15_000);
    assertEquals(await values(cluster), [7, 7, 7]);
  });

  Deno.test(`${strategy}: 25 nodes, partitions, and messages that go astray`, async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { results, reason } = await judge(gCounter, {
        workload: "g-counter",
        ...official.options,
        "node-count": 25,
        latency: 20,
        "p-loss": 0.05,
        "p-duplicate": 0.05,
        "p-reorder": 0.05,
        seed,
      }, { args: ["--strategy", strategy] });
      assertEquals(results["valid?"], true, reason);
    }
  });

  Deno.test(`${strategy}: nothing is counted twice or lost when messages are`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const cluster = await Cluster.start(5, gCounter, {
        args: ["--strategy", strategy],
        seed,
        latencyMs: 20,
        pLoss: 0.2,
        pDuplicate: 0.2,
        pReorder: 0.2,
      });
      let sum = 0;
      for (let i = 1; i <= 30; i++) {
        await add(cluster, `n${i % 5}`, i);
        sum += i;
        await cluster.wait(200);
      }
      await cluster.wait(60_000);
      assertEquals(await values(cluster), Array(5).fill(sum));
    }
  });
}

Deno.test("cas, the naive answer: a stale read at the end is caught", async () => {
  const verdicts: unknown[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const { results } = await run("cas", seed);
    verdicts.push(results["valid?"]);
    assert(results.net.servers["msgs-per-op"]! > 1);
  }
  assert(verdicts.includes(false));
});

Deno.test("totals: a node that is started again goes on from its total", async () => {
  const before = await Cluster.start(2, gCounter);
  await add(before, "n0", 5);
  await before.wait(5000);
  // The store survives; the nodes don't.
  await before.restart(gCounter);
  await add(before, "n0", 2);
  await before.wait(15_000);
  assertEquals(await values(before), [7, 7]);
});

Deno.test("gossip: where nothing happens nothing is sent", async () => {
  const cluster = await Cluster.start(5, gCounter, {
    args: ["--strategy", "gossip"],
  });
  await add(cluster, "n0", 5);
  await cluster.wait(30_000);
  const { messages } = cluster;
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages);
});

Deno.test("a strategy that isn't there is refused", () => {
  assertThrows(
    () => gCounter(undefined as unknown as Node, ["--strategy", "sum"]),
    Error,
    "--strategy must be one of totals, cas, gossip",
  );
});
