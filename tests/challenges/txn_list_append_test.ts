/** Strict serializability: what is promised, and what it costs. */
import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { runs } from "../../challenges/runs.ts";
import { txnListAppend } from "../../challenges/txn_list_append.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";
import { plansOf } from "./deaths.ts";

type Operation = ["r" | "append", number | string, unknown];

const { options, workload } = runs.find(({ id }) => id === "10")!;

async function carryOut(cluster: Cluster, id: string, txn: Operation[]) {
  return (await cluster.ask(id, { type: "txn", txn }, 20_000))?.txn;
}

async function listOf(cluster: Cluster, id: string, key: number | string) {
  const done = await carryOut(cluster, id, [["r", key, null]]);
  return (done as Operation[])[0]![2] as number[] | null;
}

Deno.test("10 is valid under partitions, leaves nobody without an answer, and takes less than 4 messages per operation", async () => {
  for (const seed of seedsOf(1)) {
    const { results, reason, history } = await judge(txnListAppend, {
      workload,
      ...options,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
    assertEquals(results.stats["ok-count"], results.stats.count);
    assertLess(results.net.servers["msgs-per-op"]!, 4);
    // Nobody loses to the others all the time.
    const ok = history.filter(({ type }) => type === "ok");
    for (let node = 0; node < 3; node++) {
      const own = ok.filter(({ process }) => Number(process) % 3 === node);
      assertLess(ok.length / 6, own.length);
    }
  }
});

const short = { "time-limit": 5, rate: 60 };

Deno.test("loss, repetition, disorder, deaths and pauses break no promise", async () => {
  for (const seed of seedsOf(2)) {
    const { results, reason } = await judge(txnListAppend, {
      workload,
      ...{ ...options, ...short, "latency-dist": "exponential" },
      nemesis: "partition,kill,pause",
      "nemesis-interval": 1,
      "p-loss": 0.05,
      "p-duplicate": 0.05,
      "p-reorder": 0.05,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
  }
});

for (
  const args of [
    ["--strategy", "value"],
    ["--strategy", "tree"],
    ["--strategy", "tree", "--cache", "off"],
    ["--batch", "one"],
  ]
) {
  Deno.test(`${args.join(" ")} is right as well`, async () => {
    const asked = { workload, ...options, ...short };
    const { results, reason } = await judge(txnListAppend, asked, { args });
    assertEquals(results["valid?"], true, reason);
  });
}

Deno.test("stale reads are serializable, and not strictly", async () => {
  for (const model of ["serializable", "strict-serializable"]) {
    const { results, anomaly } = await judge(txnListAppend, {
      workload,
      ...{ ...options, ...short, "consistency-models": model },
    }, { args: ["--reads", "stale"] });
    assertEquals(results["valid?"], model === "serializable");
    if (model !== "serializable") assert(anomaly!.endsWith("realtime"));
  }
});

Deno.test("a transaction sees what it appended, and null where nothing was; so do all others when it's answered", async () => {
  const cluster = await Cluster.start(3, txnListAppend);
  assertEquals(
    await carryOut(cluster, "n0", [
      ["r", 1, null],
      ["append", 1, 6],
      ["r", 1, null],
      ["append", 1, 7],
      ["r", 1, null],
    ]),
    [
      ["r", 1, null],
      ["append", 1, 6],
      ["r", 1, [6]],
      ["append", 1, 7],
      ["r", 1, [6, 7]],
    ],
  );
  for (const id of cluster.nodes) {
    assertEquals(await listOf(cluster, id, 1), [6, 7]);
  }
});

Deno.test("whatever comes while a change is under way shares the next", async () => {
  const cluster = await Cluster.start(1, txnListAppend);
  const { messages } = cluster;
  for (let i = 0; i < 100; i++) {
    cluster.post("n0", { type: "txn", txn: [["append", 1, i]] });
    cluster.post("n0", { type: "txn", txn: [["r", 1, null]] });
  }
  await cluster.wait(1000);
  // The first and all others: a change reads and writes the root, a read reads.
  assertLess(cluster.messages - messages, 80);
  assertEquals((await listOf(cluster, "n0", 1))?.length, 100);
});

Deno.test("a node that knows nothing finds a list among thousands in a few messages, and messages stay small", async () => {
  const cluster = await Cluster.start(2, txnListAppend);
  const keys = Array.from({ length: 3000 }, (_, i) => i * 7919 % 3000);
  for (let i = 0; i < keys.length; i += 100) {
    const part = keys.slice(i, i + 100);
    await carryOut(cluster, "n0", part.map((key) => ["append", key, key]));
  }
  const { messages, network } = cluster;
  const before = network.journal.length;
  for (const key of [0, 1500, 2999]) {
    assertEquals(await listOf(cluster, "n1", key), [key]);
  }
  assertEquals(await listOf(cluster, "n1", -1), null);
  assertEquals(await listOf(cluster, "n1", 3000), null);
  // The store finds what it has every other time.
  assertLess(cluster.messages - messages, 80);
  for (const { line, cut } of network.journal.slice(before)) {
    assert(!cut && line.length < 1000, line);
  }
});

Deno.test("a key may have any name, and a number isn't its text", async () => {
  for (const args of [[], ["--strategy", "tree"]]) {
    const cluster = await Cluster.start(2, txnListAppend, { args });
    const keys = ["__proto__", "constructor", "", "1", 1, -1, "zebra", 10, 9];
    for (const [i, key] of keys.entries()) {
      await carryOut(cluster, "n0", [["append", key, i]]);
    }
    for (const [i, key] of keys.entries()) {
      assertEquals(await listOf(cluster, "n1", key), [i]);
    }
  }
});

Deno.test("what isn't a transaction is answered with error 12, and nothing of it happens", async () => {
  const cluster = await Cluster.start(1, txnListAppend);
  for (
    const txn of [
      ...[undefined, null, 7, {}, [["w", 1, 2]], [["r"]], ["r"], [[]]],
      ...[[["append", 1]], [["r", null, null]], [["r", 1.5, null]]],
      ...[[["r", 2 ** 53, null]], [["append", 1, 2, 3]], [["r", {}, null]]],
      [["append", 1, 7], ["append", 1]],
    ]
  ) {
    assertEquals((await cluster.ask("n0", { type: "txn", txn }))?.code, 12);
  }
  assertEquals(await listOf(cluster, "n0", 1), null);
  assertEquals(await carryOut(cluster, "n0", []), []);
});

// Deaths, and answers that are lost.

const plans = plansOf(
  ...["append", "append", "append", "kill", "start", "start"],
  ...["pause", "resume", "cut", "heal"],
);

Deno.test("what was acknowledged has happened once, and what wasn't at most once, whoever dies and whatever is lost", async () => {
  const plan = fc.record({
    plan: plans,
    strategy: fc.constantFrom("recent", "tree"),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ plan, strategy }) => {
      const { steps, nodes, ...options } = plan;
      const args = ["--strategy", strategy];
      const started = { ...options, args };
      const cluster = await Cluster.start(nodes, txnListAppend, started);
      const stores = ["lin-kv", "lww-kv"];
      const numbers: number[] = [];
      for (const [i, { node, what, waitMs }] of steps.entries()) {
        const id = cluster.nodes[node % nodes]!;
        const isDead = cluster.dead.includes(id);
        if (what === "append") {
          // One list is everybody's; one is in another leaf of the tree.
          const txn = [["append", "all", i], ["append", i, i]];
          numbers[i] = cluster.post(id, { type: "txn", txn });
        } else if (what === "kill") await cluster.kill(id);
        else if (what === "start" && isDead) await cluster.start(id);
        else if (what === "pause" && !isDead) cluster.pause(id);
        else if (what === "resume" && !isDead) cluster.resume(id);
        else if (what === "cut") cluster.cut([id], stores);
        else if (what === "heal") cluster.network.heal();
        await cluster.wait(waitMs);
      }
      cluster.network.heal();
      for (const id of cluster.nodes) {
        if (cluster.dead.includes(id)) await cluster.start(id);
        else cluster.resume(id);
      }
      await cluster.wait(30_000);
      const all = await listOf(cluster, "n0", "all") ?? [];
      assertEquals(new Set(all).size, all.length, `twice: ${all}`);
      for (const [i, number] of Object.entries(numbers)) {
        const own = await listOf(cluster, "n1", Number(i)) ?? [];
        assertEquals(own, all.includes(Number(i)) ? [Number(i)] : []);
        if (cluster.answer(number)?.type !== "txn_ok") continue;
        assert(own.length === 1, `${i} is lost`);
      }
      assertEquals(cluster.errors, []);
      await cluster.wait(1000);
      const { messages } = cluster;
      await cluster.wait(20_000);
      assertEquals(cluster.messages, messages, "it goes on and on");
    }),
    { seed: 1, numRuns: Number(Deno.env.get("RUNS") ?? 8) },
  );
});
