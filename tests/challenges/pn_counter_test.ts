/** The counter that goes up and down: merging, deltas, and who was away. */
import {
  assertEquals,
  assertLess,
  assertMatch,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { pnCounter } from "../../challenges/pn_counter.ts";
import { runs } from "../../challenges/runs.ts";
import type { AnyMessages, Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";

const add = (cluster: Cluster, id: string, delta: unknown) =>
  cluster.ask(id, { type: "add", delta });

async function values(
  cluster: Cluster,
  ids: readonly string[] = cluster.nodes,
) {
  const values: unknown[] = [];
  for (const id of ids) {
    values.push((await cluster.ask(id, { type: "read" }))?.value);
  }
  return values;
}

/** Has one node tell another something, as it comes. */
function tell(cluster: Cluster, delta: unknown, more: object = {}) {
  const body = { type: "merge", life: "n1/a", delta, ...more };
  const line = JSON.stringify({ src: "n1", dest: "n0", body });
  cluster.network.send("n1", "n0", line);
}

const official = runs.find(({ id }) => id === "8b")!;
const faults = { "p-loss": 0.05, "p-duplicate": 0.05, "p-reorder": 0.05 };
const run = (strategy: string, seed: number) =>
  judge(pnCounter, {
    ...{ workload: "pn-counter", ...official.options, ...faults, seed },
  }, { args: ["--strategy", strategy] });

Deno.test("every node shows the sum in the end, at less than 0.15 messages per operation", async () => {
  for (const seed of seedsOf(4)) {
    const { results, reason } = await run("delta", seed);
    assertEquals(results["valid?"], true, reason);
    assertLess(results.net.servers["msgs-per-op"]!, 0.15);
  }
});

Deno.test("single, the naive answer: what is taken away is never seen", async () => {
  const { results, reason } = await run("single", 1);
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /final reads are wrong/);
});

Deno.test("merging takes the greater: in any order, any number of times, in any parts", async () => {
  const total = fc.nat(100);
  const entry = fc.tuple(
    fc.constantFrom("n0/a", "n0/b", "n1/a"),
    fc.tuple(total, total),
  );
  const ways = fc.array(entry, { maxLength: 6 }).chain((entries) =>
    fc.record({
      entries: fc.constant(entries),
      // Each at least once, some more often.
      order: fc.subarray(entries).chain((again) =>
        fc.shuffledSubarray([...entries, ...again], {
          minLength: entries.length + again.length,
        })
      ),
      joined: fc.boolean(),
    })
  );
  await fc.assert(
    fc.asyncProperty(ways, async ({ entries, order, joined }) => {
      const cluster = await Cluster.start(2, pnCounter);
      if (joined) tell(cluster, order);
      else for (const entry of order) tell(cluster, [entry]);
      await cluster.wait(10);
      const most = (life: string, i: 0 | 1) =>
        Math.max(
          0,
          ...entries.filter(([each]) => each === life)
            .map(([, totals]) => totals[i]),
        );
      const sum = ["n0/a", "n0/b", "n1/a"]
        .reduce((sum, life) => sum + most(life, 0) - most(life, 1), 0);
      assertEquals(await values(cluster, ["n0"]), [sum]);
    }),
    { seed: 1, numRuns: 30 },
  );
});

Deno.test("what cancels out in one place counts in every other, and then there is silence", async () => {
  const cluster = await Cluster.start(3, pnCounter);
  await add(cluster, "n0", 5);
  await add(cluster, "n0", -5);
  await add(cluster, "n1", -3);
  await add(cluster, "n2", 0);
  await cluster.wait(5000);
  assertEquals(await values(cluster), [-3, -3, -3]);
  const { messages } = cluster;
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages);
});

/** Has a node die just after it acknowledged, and returns what all show later. */
async function dieInAHurry(args: string[]) {
  const cluster = await Cluster.start(3, pnCounter, { args });
  await add(cluster, "n0", 10);
  await add(cluster, "n1", -4);
  await cluster.wait(10_000);
  await add(cluster, "n1", -2);
  await cluster.kill("n1");
  await cluster.start("n1");
  await add(cluster, "n1", -1);
  await cluster.wait(15_000);
  return await values(cluster);
}

Deno.test("what its node alone had is lost, and what that adds later counts", async () => {
  assertEquals(await dieInAHurry([]), [5, 5, 5]);
});

Deno.test("with a disk, what was acknowledged survives its node", async () => {
  assertEquals(await dieInAHurry(["--data-dir", "d"]), [3, 3, 3]);
});

Deno.test("with a disk, all die at once, and the sum is there; and the disk doesn't grow", async () => {
  const cluster = await Cluster.start(2, pnCounter, {
    args: ["--data-dir", "d"],
    lazyfs: ["clear-cache", "torn-op"],
  });
  let sum = 0;
  for (let i = 0; i < 300; i++) {
    const delta = i % 7 - 2;
    sum += delta;
    cluster.post("n0", { type: "add", delta });
    await cluster.wait(1);
    if (i % 100 < 99) continue;
    await cluster.wait(100);
    await cluster.kill(...cluster.nodes);
    await cluster.start(...cluster.nodes);
  }
  await cluster.wait(20_000);
  assertEquals(await values(cluster), [sum, sum]);
  assertLess(await cluster.sizeBytes("n0"), 1000);
});

Deno.test("what can't be added is refused, and changes nothing", async () => {
  const cluster = await Cluster.start(2, pnCounter);
  for (const delta of [undefined, null, "7", 1.5, 2 ** 53, [], {}]) {
    const answer = await add(cluster, "n0", delta);
    assertEquals(answer?.code, 12, `${delta}`);
    tell(cluster, delta);
    tell(cluster, [delta]);
    tell(cluster, [["n1/a", [delta, 0]]]);
  }
  for (const life of [null, 7, [], {}]) {
    tell(cluster, [["n1/a", [7, 0]]], { life });
    tell(cluster, [[life, [7, 0]]]);
  }
  tell(cluster, [["n1/a", [7]]]);
  await cluster.wait(10_000);
  assertEquals(await values(cluster), [0, 0]);
  assertEquals(cluster.errors, []);
});

Deno.test("a strategy that isn't there is refused", () => {
  const nobody = undefined as unknown as Node<AnyMessages>;
  assertThrows(
    () => pnCounter(nobody, ["--strategy", "cas"]),
    Error,
    "--strategy must be one of delta, single",
  );
});
