/** The grow-only set: merging, deltas, and who was away. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { gSet } from "../../challenges/g_set.ts";
import { runs } from "../../challenges/runs.ts";
import type { AnyMessages, Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";

const add = (cluster: Cluster, id: string, element: unknown) =>
  cluster.ask(id, { type: "add", element });

/** Returns what nodes show, by node. */
async function shown(cluster: Cluster, ids: readonly string[] = cluster.nodes) {
  const shown: number[][] = [];
  for (const id of ids) {
    const answer = await cluster.ask(id, { type: "read" });
    shown.push((answer?.value as number[]).toSorted((a, b) => a - b));
  }
  return shown;
}

/** Has one node tell another something, as it comes. */
function tell(cluster: Cluster, elements: unknown, more: object = {}) {
  const body = { type: "merge", life: 1, elements, ...more };
  const line = JSON.stringify({ src: "n1", dest: "n0", body });
  cluster.network.send("n1", "n0", line);
}

/** All that nodes told each other, in order. */
const told = (cluster: Cluster, src: string, dest: string) =>
  cluster.network.journal
    .filter((each) => each.src === src && each.dest === dest)
    .map(({ line }) => JSON.parse(line).body)
    .filter(({ type }) => type === "merge")
    .map(({ elements }) => elements as number[]);

const official = runs.find(({ id }) => id === "8a")!;

for (const strategy of ["delta", "state"]) {
  Deno.test(`${strategy}: every node shows all elements in the end, at less than 0.15 messages per operation`, async () => {
    for (const seed of seedsOf(2)) {
      const { results, reason } = await judge(gSet, {
        ...{ workload: "g-set", ...official.options, seed },
        ...{ "p-loss": 0.05, "p-duplicate": 0.05, "p-reorder": 0.05 },
      }, { args: ["--strategy", strategy] });
      assertEquals(results["valid?"], true, reason);
      assertLess(results.net.servers["msgs-per-op"]!, 0.15);
    }
  });
}

Deno.test("merging is a union: in any order, any number of times, in any parts", async () => {
  const deltas = fc.array(fc.array(fc.integer(), { maxLength: 4 }), {
    maxLength: 6,
  });
  const ways = deltas.chain((deltas) =>
    fc.record({
      deltas: fc.constant(deltas),
      // Each at least once, some more often.
      order: fc.array(fc.nat(Math.max(0, deltas.length - 1)), { maxLength: 9 })
        .chain((again) =>
          fc.shuffledSubarray([...deltas.keys(), ...again], {
            minLength: deltas.length + again.length,
          })
        ),
      joined: fc.boolean(),
    })
  );
  await fc.assert(
    fc.asyncProperty(ways, async ({ deltas, order, joined }) => {
      const cluster = await Cluster.start(2, gSet);
      const parts = order.map((i) => deltas[i] ?? []);
      if (joined) tell(cluster, parts.flat());
      else for (const part of parts) tell(cluster, part);
      await cluster.wait(10);
      const union = [...new Set(deltas.flat())].sort((a, b) => a - b);
      assertEquals(await shown(cluster, ["n0"]), [union]);
    }),
    { seed: 1, numRuns: 30 },
  );
});

Deno.test("a delta has what the other hasn't said that it has, and then there is silence", async () => {
  const cluster = await Cluster.start(2, gSet);
  await add(cluster, "n0", 1);
  await cluster.wait(3000);
  await add(cluster, "n0", 2);
  await add(cluster, "n1", 3);
  await cluster.wait(3000);
  cluster.cut(["n0"], ["n1"]);
  await add(cluster, "n0", 4);
  await cluster.wait(1500);
  await add(cluster, "n0", 5);
  cluster.network.heal();
  await cluster.wait(3000);
  assertEquals(await shown(cluster), [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]);
  const all = [...told(cluster, "n0", "n1"), ...told(cluster, "n1", "n0")];
  assertEquals(all.flat().toSorted(), [1, 2, 3, 4, 4, 5]);
  const { messages } = cluster;
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages);
});

Deno.test("who comes back knowing nothing is told everything, and tells what it's told later", async () => {
  const cluster = await Cluster.start(3, gSet);
  for (let i = 0; i < 6; i++) await add(cluster, `n${i % 3}`, i);
  await cluster.wait(10_000);
  await add(cluster, "n1", 6);
  await cluster.kill("n1");
  await cluster.start("n1");
  await add(cluster, "n1", 7);
  await cluster.wait(10_000);
  // What n1 alone had is lost.
  const all = [0, 1, 2, 3, 4, 5, 7];
  assertEquals(await shown(cluster), [all, all, all]);
});

Deno.test("what an earlier life has acknowledged, a new one doesn't have", async () => {
  const cluster = await Cluster.start(2, gSet, { latencyMs: 10 });
  await cluster.wait(8000);
  const send = cluster.network.send.bind(cluster.network);
  const held: string[] = [];
  cluster.network.send = (src, dest, line) => {
    if (src === "n1" && dest === "n0") held.push(line);
    else send(src, dest, line);
  };
  await add(cluster, "n0", 1);
  await cluster.wait(1500);
  await cluster.kill("n1");
  cluster.network.send = send;
  await cluster.start("n1");
  for (const line of held) send("n1", "n0", line);
  await cluster.wait(15_000);
  for (const line of held) send("n1", "n0", line);
  assert(held.length > 0);
  await cluster.wait(10_000);
  assertEquals(await shown(cluster), [[1], [1]]);
});

Deno.test("with a disk, all die at once, and everything is there", async () => {
  const cluster = await Cluster.start(3, gSet, {
    args: ["--data-dir", "d"],
    lazyfs: ["clear-cache", "torn-op"],
  });
  for (let i = 0; i < 15; i++) {
    await add(cluster, `n${i % 3}`, i);
    if (i % 5 < 4) continue;
    await cluster.kill(...cluster.nodes);
    await cluster.start(...cluster.nodes);
  }
  await cluster.wait(20_000);
  const all = Array.from({ length: 15 }, (_, i) => i);
  assertEquals(await shown(cluster), [all, all, all]);
});

Deno.test("what is no element is refused, and changes nothing", async () => {
  const cluster = await Cluster.start(2, gSet);
  for (const element of [undefined, null, "7", 1.5, 2 ** 53, [], {}]) {
    const answer = await add(cluster, "n0", element);
    assertEquals(answer?.code, 12, `${element}`);
    tell(cluster, element);
    tell(cluster, [element]);
    tell(cluster, [7], { life: element });
  }
  await cluster.wait(10_000);
  assertEquals(await shown(cluster), [[], []]);
  assertEquals(cluster.errors, []);
});

Deno.test("a strategy that isn't there is refused", () => {
  const nobody = undefined as unknown as Node<AnyMessages>;
  assertThrows(
    () => gSet(nobody, ["--strategy", "flood"]),
    Error,
    "--strategy must be one of delta, state",
  );
});
