/** The grow-only counter, in the store and without one. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { gCounter } from "../../challenges/g_counter.ts";
import { runs } from "../../challenges/runs.ts";
import type { AnyMessages, Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";

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
    for (const seed of seedsOf(4)) {
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
    for (const seed of seedsOf(2)) {
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
  for (let seed = 1; seed <= 20; seed++) {
    const { results } = await run("cas", seed);
    assert(results.net.servers["msgs-per-op"]! > 1);
    if (results["valid?"] === false) return;
  }
  throw new Error("not caught within 20 seeds");
});

Deno.test("totals: a node that is started again goes on from its total", async () => {
  const before = await Cluster.start(2, gCounter);
  await add(before, "n0", 5);
  await before.wait(5000);
  // The store survives; the nodes don't.
  await before.kill(...before.nodes);
  await before.start(...before.nodes);
  await add(before, "n0", 2);
  await before.wait(15_000);
  assertEquals(await values(before), [7, 7]);
});

Deno.test("totals: a store that is far away isn't asked the same again and again", async () => {
  const { results, reason } = await judge(gCounter, {
    workload: "g-counter",
    ...official.options,
    latency: 250,
  });
  assertEquals(results["valid?"], true, reason);
  assertLess(results.net.servers["msgs-per-op"]!, 0.25);
});

Deno.test("totals: a node that comes late, and is told to look before it has begun, does", async () => {
  for (let phaseMs = 0; phaseMs < 2000; phaseMs += 100) {
    const cluster = await Cluster.start(2, gCounter);
    await cluster.kill("n1");
    await add(cluster, "n0", 5);
    await cluster.wait(20_000 + phaseMs);
    await cluster.start("n1");
    // It's told every two seconds, and takes one.
    await cluster.wait(3100);
    assertEquals(await values(cluster), [5, 5], `after ${phaseMs} ms`);
  }
});

/** Has a node die just after it acknowledged, and returns what all show later. */
async function dieInAHurry(args: string[]) {
  const cluster = await Cluster.start(3, gCounter, { args });
  for (let i = 0; i < 30; i++) await ask(cluster, `n${i % 3}`);
  await cluster.wait(20_000);
  for (let i = 0; i < 10; i++) await ask(cluster, "n1");
  await cluster.kill("n1");
  await cluster.start("n1");
  for (let i = 0; i < 5; i++) await ask(cluster, "n1");
  await cluster.wait(60_000);
  return await values(cluster);
}

async function ask(cluster: Cluster, id: string) {
  const answer = await cluster.ask(id, { type: "add", delta: 1 }, 5000);
  assertEquals(answer?.type, "add_ok");
}

for (const strategy of ["totals", "gossip"]) {
  for (const args of [["--data-dir", "d"], ["--acks", "2"]]) {
    Deno.test(`${strategy} ${args.join(" ")}: what was acknowledged survives its node, and what that adds later counts`, async () => {
      assertEquals(
        await dieInAHurry(["--strategy", strategy, ...args]),
        [45, 45, 45],
      );
    });
  }

  Deno.test(`${strategy} --acks 1: what its node alone had is lost, and what that adds later counts`, async () => {
    assertEquals(await dieInAHurry(["--strategy", strategy]), [35, 35, 35]);
  });

  Deno.test(`${strategy}: with a disk, all die at once, again and again, and the sum is there`, async () => {
    const cluster = await Cluster.start(3, gCounter, {
      args: ["--strategy", strategy, "--data-dir", "d"],
      lazyfs: ["clear-cache", "torn-op"],
    });
    for (let i = 0; i < 30; i++) {
      await add(cluster, `n${i % 3}`, i);
      if (i % 5 < 4) continue;
      await cluster.kill(...cluster.nodes);
      await cluster.start(...cluster.nodes);
    }
    await cluster.wait(30_000);
    assertEquals(await values(cluster), [435, 435, 435]);
  });

  Deno.test(`${strategy}: a disk doesn't grow with the number of additions`, async () => {
    const args = ["--strategy", strategy, "--data-dir", "d"];
    const { results, reason } = await judge(gCounter, {
      workload: "g-counter",
      "node-count": 1,
      "time-limit": 5,
      rate: 1000,
      concurrency: "10n",
      "disk-size": 60_000,
    }, { args });
    assertEquals(results["valid?"], true, reason);
    assertEquals(results.stats["by-f"].add!["fail-count"], 0);
    assertEquals(results.stats["by-f"].add!["info-count"], 0);
    assert(results.stats["by-f"].add!["ok-count"] > 1400);
  });
}

Deno.test("gossip --acks 2: one node alone says that it can't", async () => {
  const cluster = await Cluster.start(1, gCounter, {
    args: ["--strategy", "gossip", "--acks", "2"],
  });
  const answer = await add(cluster, "n0", 1);
  assertEquals(answer?.code, 11);
});

for (const strategy of ["totals", "gossip"]) {
  Deno.test(`${strategy}: where nothing happens nothing is sent`, async () => {
    const cluster = await Cluster.start(5, gCounter, {
      args: ["--strategy", strategy],
    });
    await add(cluster, "n0", 5);
    await cluster.wait(30_000);
    const { messages } = cluster;
    await cluster.wait(60_000);
    assertEquals(cluster.messages, messages);
  });
}

for (const strategy of ["totals", "gossip", "cas"]) {
  Deno.test(`${strategy}: what can't be added is refused, and changes nothing`, async () => {
    const cluster = await Cluster.start(2, gCounter, {
      args: ["--strategy", strategy],
    });
    await add(cluster, "n0", 3);
    const deltas = [undefined, null, "7", -1, 1.5, 2 ** 53, 1e300, [], {}];
    for (const delta of deltas) {
      const answer = await cluster.ask("n0", { type: "add", delta });
      assertEquals(answer?.code, 12, `${delta}`);
    }
    await cluster.wait(30_000);
    assertEquals((await values(cluster))[0], 3);
    assertEquals(cluster.errors, []);
  });
}

Deno.test("gossip: totals that can't be are no totals", async () => {
  const cluster = await Cluster.start(2, gCounter, {
    args: ["--strategy", "gossip"],
  });
  await add(cluster, "n0", 3);
  const strange = [
    ...[undefined, null, 7, { "n0/a": "9" }, { "n0/a": null }, { "n1/a": -1 }],
    ...[{ "n0/a": 1e300 }, { "n9/a": 5 }, { n0: 5 }, { "/a": 5 }],
    JSON.parse(`{"__proto__":5}`),
  ];
  for (const totals of strange) {
    for (const type of ["merge", "merged"]) {
      const body = { type, totals, life: "n1/a" };
      const line = JSON.stringify({ src: "n1", dest: "n0", body });
      cluster.network.send("n1", "n0", line);
    }
  }
  const lifeless = { type: "merge", totals: { "n1/a": 1 } };
  cluster.network.send(
    "n1",
    "n0",
    JSON.stringify({ src: "n1", dest: "n0", body: lifeless }),
  );
  await cluster.wait(30_000);
  assertEquals(await values(cluster), [3, 3]);
  assertEquals(cluster.errors, []);
});

/**
 * A store that is as far in the past as sequential consistency allows: a node
 * sees the state that it has seen last, until it changes something itself.
 */
function stubbornStore(cluster: Cluster): void {
  const states: Map<string, string>[] = [new Map()];
  const seen = new Map<string, number>();
  cluster.network.add("seq-kv", ({ src, line }) => {
    const { type, key, msg_id, ...body } = JSON.parse(line).body;
    const reply = (body: Record<string, unknown>) =>
      cluster.network.send(
        "seq-kv",
        src,
        JSON.stringify({
          src: "seq-kv",
          dest: src,
          body: { ...body, in_reply_to: msg_id },
        }),
      );
    const past = states[seen.get(src) ?? 0]!;
    if (type === "cas") {
      const isAsAsked = body.create_if_not_exists && !past.has(key) ||
        past.get(key) === JSON.stringify(body.from);
      if (!isAsAsked) return reply({ type: "error", code: 22 });
      const to = JSON.stringify(body.to);
      seen.set(src, states.push(new Map(states.at(-1)).set(key, to)) - 1);
      reply({ type: "cas_ok" });
    } else if (past.has(key)) {
      reply({ type: "read_ok", value: JSON.parse(past.get(key)!) });
    } else reply({ type: "error", code: 20 });
  });
}

Deno.test("totals: a store that shows the past for as long as it may is no obstacle", async () => {
  const cluster = await Cluster.start(3, gCounter);
  stubbornStore(cluster);
  let sum = 0;
  for (let i = 1; i <= 10; i++) {
    await add(cluster, `n${i % 3}`, i);
    sum += i;
    await cluster.wait(700);
  }
  await cluster.wait(10_000);
  assertEquals(await values(cluster), [sum, sum, sum]);
  const { messages } = cluster;
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages);
});

for (
  const options of [
    {
      ...{ "time-limit": 15, rate: 5, "p-loss": 0.04, "p-reorder": 0.04 },
      nemesis: "asymmetric-partition,kill,pause,packet",
      ...{ "nemesis-interval": 0.15, seed: 108254959 },
    },
    {
      ...{ "node-count": 3, "time-limit": 12, concurrency: "2n", rate: 8 },
      nemesis: "partition,asymmetric-partition,kill,pause,packet,clock",
      ...{ "nemesis-interval": 1.56, "p-duplicate": 0.06, seed: 173181123 },
    },
  ]
) {
  const isRepeated = "p-duplicate" in options;
  Deno.test(`totals: what was written ${isRepeated ? "twice" : "late"} doesn't undo what was written since, and is safe whoever dies`, async () => {
    const { results, reason } = await judge(gCounter, {
      ...{ workload: "g-counter", "node-count": 2, ...options },
    }, { args: ["--acks", "2"] });
    assertEquals(results["valid?"], true, reason);
  });
}

Deno.test("totals: whoever has stopped is woken by whoever has something new", async () => {
  const cluster = await Cluster.start(3, gCounter);
  for (let i = 1; i <= 5; i++) {
    await add(cluster, `n${i % 3}`, 1);
    await cluster.wait(60_000);
    assertEquals(await values(cluster), [i, i, i]);
  }
});

Deno.test("a strategy that isn't there is refused", () => {
  assertThrows(
    () =>
      gCounter(undefined as unknown as Node<AnyMessages>, [
        "--strategy",
        "sum",
      ]),
    Error,
    "--strategy must be one of totals, cas, gossip",
  );
});
