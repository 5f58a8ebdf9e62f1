/** Transactions: what is promised, and what isn't. */
import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { runs } from "../../challenges/runs.ts";
import { txn } from "../../challenges/txn.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster, type ClusterOptions } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";
import { plansOf } from "./deaths.ts";

type Operation = ["r" | "w", number | string, unknown];

async function carryOut(cluster: Cluster, id: string, txn: Operation[]) {
  return (await cluster.ask(id, { type: "txn", txn }))?.txn;
}

for (const id of ["6b", "6c"]) {
  Deno.test(`${id} is valid under partitions, at less than 0.05 messages per operation`, async () => {
    const { options, workload } = runs.find((run) => run.id === id)!;
    for (const seed of seedsOf(1)) {
      const { results, reason } = await judge(txn, {
        workload,
        ...options,
        seed,
      });
      assertEquals(results["valid?"], true, reason);
      assertLess(results.net.servers["msgs-per-op"]!, 0.05);
    }
  });
}

Deno.test("loss, repetition and disorder break no promise", async () => {
  for (const seed of seedsOf(3)) {
    const { results, reason } = await judge(txn, {
      workload: "txn-rw-register",
      "node-count": 4,
      concurrency: "2n",
      "time-limit": 10,
      rate: 300,
      latency: 10,
      nemesis: "partition",
      "nemesis-interval": 3,
      "consistency-models": "read-committed",
      availability: "total",
      "p-loss": 0.05,
      "p-duplicate": 0.05,
      "p-reorder": 0.05,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
  }
});

Deno.test("a transaction sees what it wrote, and null where nothing was", async () => {
  const cluster = await Cluster.start(1, txn);
  assertEquals(
    await carryOut(cluster, "n0", [
      ["r", 1, null],
      ["w", 1, 6],
      ["r", 1, null],
      ["w", 1, 7],
      ["r", 1, null],
    ]),
    [["r", 1, null], ["w", 1, 6], ["r", 1, 6], ["w", 1, 7], ["r", 1, 7]],
  );
  assertEquals(await carryOut(cluster, "n0", [["r", 1, null]]), [["r", 1, 7]]);
});

Deno.test("a committed write is visible on every node within 300 ms", async () => {
  const cluster = await Cluster.start(3, txn);
  for (let i = 0; i < 20; i++) {
    await carryOut(cluster, `n${i % 3}`, [["w", "k", i]]);
    await cluster.wait(297);
    for (const id of cluster.nodes) {
      assertEquals(
        await carryOut(cluster, id, [["r", "k", null]]),
        [["r", "k", i]],
      );
    }
    await cluster.wait(13 * (i % 7));
  }
});

Deno.test("all nodes agree in the end, whatever was written where it was cut off", async () => {
  const cluster = await Cluster.start(3, txn);
  cluster.cut(["n0"], ["n1", "n2"]);
  cluster.cut(["n1"], ["n2"]);
  for (let i = 0; i < 30; i++) {
    await carryOut(cluster, `n${i % 3}`, [["w", i % 4, i], [
      "w",
      (i + 1) % 4,
      -i,
    ]]);
  }
  cluster.network.heal();
  await cluster.wait(5000);
  const reads: Operation[] = [0, 1, 2, 3].map((key) => ["r", key, null]);
  const [first, ...others] = [
    await carryOut(cluster, "n0", reads),
    await carryOut(cluster, "n1", reads),
    await carryOut(cluster, "n2", reads),
  ];
  for (const other of others) assertEquals(other, first);
});

Deno.test("once all is confirmed there is silence; a partition costs a message a second", async () => {
  const cluster = await Cluster.start(2, txn);
  await cluster.wait(3000);
  const { messages } = cluster;
  await carryOut(cluster, "n0", [["w", 1, 1]]);
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages + 2);
  cluster.cut(["n0"], ["n1"]);
  await carryOut(cluster, "n0", [["w", 1, 2]]);
  await cluster.wait(60_000);
  assertLess(cluster.messages - messages, 65);
});

Deno.test("what is no news changes nothing", async () => {
  const cluster = await Cluster.start(2, txn);
  const register = { value: "strange", timestamp: 8, life: 1 };
  const news = { writes: [], number: 1, have: 0, life: 1, to: null };
  for (
    const strange of [
      {},
      { writes: [[1, register]] },
      { ...news, writes: [[1, register]], have: 0.5 },
      { ...news, writes: [[1, register]], number: "1" },
      { ...news, writes: [[1, register]], life: null },
      { ...news, writes: [[1, register]], to: "n1" },
      { ...news, writes: 7 },
      { ...news, writes: [null] },
      { ...news, writes: [[1]] },
      { ...news, writes: [[null, register]] },
      { ...news, writes: [[1, register], [2, { value: 3 }]] },
      { ...news, writes: [[1, { ...register, timestamp: "9" }]] },
      { ...news, writes: [[1, { ...register, life: undefined }]] },
    ]
  ) {
    const body = { type: "news", ...strange };
    const line = JSON.stringify({ src: "n0", dest: "n1", body });
    cluster.network.send("n0", "n1", line);
  }
  await cluster.wait(100);
  assertEquals(await carryOut(cluster, "n1", [["r", 1, null]]), [
    ["r", 1, null],
  ]);
  assertEquals(cluster.errors, []);
});

Deno.test("reads alone cost no message", async () => {
  const cluster = await Cluster.start(2, txn);
  await cluster.wait(3000);
  const { messages } = cluster;
  await carryOut(cluster, "n0", [["r", 1, null]]);
  await cluster.wait(5000);
  assertEquals(cluster.messages, messages);
});

Deno.test("what isn't a transaction is answered with error 12", async () => {
  const cluster = await Cluster.start(1, txn);
  for (
    const txn of [
      ...[undefined, null, 7, {}, [["x", 1, 2]], [["r"]], ["r"], [[]]],
      ...[[["w", 1]], [["r", null, null]], [["r", 1.5, null]]],
      ...[[["r", 2 ** 53, null]], [["w", 1, 2, 3]], [["w", {}, 2]]],
    ]
  ) {
    assertEquals((await cluster.ask("n0", { type: "txn", txn }))?.code, 12);
  }
  // Not even what was right in it has happened.
  const half = { type: "txn", txn: [["w", 1, 7], ["w", 1]] };
  assertEquals((await cluster.ask("n0", half))?.code, 12);
  assertEquals(await carryOut(cluster, "n0", [["r", 1, null]]), [
    ["r", 1, null],
  ]);
});

Deno.test("a key may have any name, and a number isn't its text", async () => {
  const cluster = await Cluster.start(2, txn);
  const keys = ["__proto__", "constructor", "", "1", 1, -1];
  await carryOut(cluster, "n0", keys.map((key, i) => ["w", key, i]));
  await cluster.wait(1000);
  for (const id of cluster.nodes) {
    assertEquals(
      await carryOut(cluster, id, keys.map((key) => ["r", key, null])),
      keys.map((key, i) => ["r", key, i]),
    );
  }
});

// Deaths.

const plans = plansOf(
  ...["write", "write", "write", "kill", "kill-all", "start", "start"],
  ...["pause", "resume", "cut", "heal"],
);

type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never;

/**
 * Lets nodes die and come back. Each transaction writes a register of its own,
 * and two that all share: those must be the same everywhere.
 */
async function live(
  { steps, nodes, ...options }: Plan,
  place: Pick<ClusterOptions, "args" | "lazyfs">,
) {
  const cluster = await Cluster.start(nodes, txn, { ...options, ...place });
  const dead = new Set<string>();
  const numbers: number[] = [];
  const start = async (ids: string[]) => {
    const gone = ids.filter((id) => dead.delete(id));
    if (gone.length > 0) await cluster.start(...gone);
  };
  for (const [i, { node, what, waitMs }] of steps.entries()) {
    const id = cluster.nodes[node % nodes]!;
    if (what === "write") {
      const ops = [["w", "a", i], ["w", "b", i], ["w", `own${i}`, i]];
      numbers[i] = cluster.post(id, { type: "txn", txn: ops });
    } else if (what === "kill" || what === "kill-all") {
      const victims = (what === "kill" ? [id] : cluster.nodes)
        .filter((each) => !dead.has(each));
      victims.forEach((each) => dead.add(each));
      await cluster.kill(...victims);
    } else if (what === "start") await start([...dead].slice(0, 1));
    else if (what === "pause" && !dead.has(id)) cluster.pause(id);
    else if (what === "resume") {
      cluster.resume(...cluster.nodes.filter((each) => !dead.has(each)));
    } else if (what === "cut") {
      cluster.cut([id], cluster.nodes.filter((each) => each !== id));
    } else if (what === "heal") cluster.network.heal();
    await cluster.wait(waitMs);
  }
  cluster.network.heal();
  cluster.resume(...cluster.nodes.filter((each) => !dead.has(each)));
  await start(cluster.nodes);
  await cluster.wait(20_000);
  const keys = ["a", "b", ...numbers.keys().map((i) => `own${i}`)];
  const reads = keys.map((key): Operation => ["r", key, null]);
  const shown = new Set<string>();
  for (const id of cluster.nodes) {
    shown.add(JSON.stringify(await carryOut(cluster, id, reads)));
  }
  assertEquals(shown.size, 1, [...shown].join("\n"));
  const values: Operation[] = JSON.parse([...shown][0]!);
  const [a, b] = values.map(([, , value]) => value);
  const own = new Map(values.map(([, key, value]) => [key, value]));
  assertEquals(a, b, "half of a transaction");
  assertEquals(cluster.errors, []);
  const { messages } = cluster;
  await cluster.wait(20_000);
  assertEquals(cluster.messages, messages, "it goes on and on");
  const acknowledged = numbers.flatMap((number, i) =>
    cluster.answer(number)?.type === "txn_ok" ? [i] : []
  );
  return { acknowledged, own };
}

const numRuns = Number(Deno.env.get("RUNS") ?? 8);

for (const lazyfs of [[], ["clear-cache"], ["torn-op"]] as const) {
  Deno.test(`on a disk${lazyfs.map((each) => ` with ${each}`)}, what was committed stays, all of it or nothing, and nodes agree`, async () => {
    const args = ["--data-dir", "d"];
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { acknowledged, own } = await live(plan, { args, lazyfs });
        for (const i of acknowledged) {
          assertEquals(own.get(`own${i}`), i, `own${i} is lost`);
        }
      }),
      { seed: 1, numRuns },
    );
  });
}

Deno.test("without a disk nodes agree whoever has died, and show no half of a transaction", async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      await live(plan, {});
    }),
    { seed: 1, numRuns },
  );
});

Deno.test("who has forgotten all gets it back, its own writes, too, and what it writes then comes after", async () => {
  const cluster = await Cluster.start(3, txn);
  for (let i = 0; i < 20; i++) {
    await carryOut(cluster, `n${i % 3}`, [["w", "x", i], ["w", i, i]]);
  }
  await cluster.wait(2000);
  await cluster.kill("n1");
  await cluster.start("n1");
  await carryOut(cluster, "n1", [["w", "x", 100]]);
  await cluster.wait(5000);
  for (const id of cluster.nodes) {
    const keys = ["x", ...Array.from({ length: 20 }, (_, i) => i)];
    assertEquals(
      await carryOut(cluster, id, keys.map((key) => ["r", key, null])),
      keys.map((key) => ["r", key, key === "x" ? 100 : Number(key)]),
    );
  }
});

Deno.test("what only the dead had told one of two others comes to the third when they are back", async () => {
  const cluster = await Cluster.start(3, txn);
  cluster.cut(["n0"], ["n2"]);
  await carryOut(cluster, "n0", [["w", "x", 1]]);
  await cluster.wait(1000);
  await cluster.kill("n0");
  cluster.network.heal();
  await cluster.start("n0");
  await cluster.wait(5000);
  assertEquals(await carryOut(cluster, "n2", [["r", "x", null]]), [
    ["r", "x", 1],
  ]);
});

Deno.test("all die at once: without a disk all is gone, with one nothing is", async () => {
  for (const [args, left] of [[[], null], [["--data-dir", "d"], 1]] as const) {
    const cluster = await Cluster.start(2, txn, { args: [...args] });
    await carryOut(cluster, "n0", [["w", "x", 1]]);
    await cluster.wait(1000);
    await cluster.kill("n0", "n1");
    await cluster.start("n0", "n1");
    await cluster.wait(5000);
    for (const id of cluster.nodes) {
      assertEquals(await carryOut(cluster, id, [["r", "x", null]]), [
        ["r", "x", left],
      ]);
    }
  }
});

Deno.test("the log on the disk gives way to a snapshot, and loses nothing", async () => {
  const cluster = await Cluster.start(1, txn, { args: ["--data-dir", "d"] });
  for (let i = 0; i < 5000; i++) {
    cluster.post("n0", { type: "txn", txn: [["w", i % 10, i]] });
    if (i % 10 === 0) await cluster.wait(3);
  }
  await cluster.wait(1000);
  assertLess(await cluster.sizeBytes("n0"), 200_000);
  await cluster.kill("n0");
  await cluster.start("n0");
  const reads = Array.from({ length: 10 }, (_, i): Operation => ["r", i, null]);
  assertEquals(
    await carryOut(cluster, "n0", reads),
    reads.map(([f, key]) => [f, key, 4990 + Number(key)]),
  );
});

Deno.test("a full disk: writes are refused, reads aren't, and what was committed stays", async () => {
  const options = { args: ["--data-dir", "d"], diskBytes: 1000 };
  const cluster = await Cluster.start(1, txn, options);
  let last: number | null = null;
  let refused = 0;
  for (let i = 0; i < 30; i++) {
    const answer = await cluster.ask("n0", {
      type: "txn",
      txn: [["w", "x", i]],
    });
    if (answer?.type === "txn_ok") last = i;
    else {
      assertEquals(answer?.code, 13);
      refused++;
    }
  }
  assert(refused > 0 && last !== null);
  for (let lives = 0; lives < 2; lives++) {
    assertEquals(await carryOut(cluster, "n0", [["r", "x", null]]), [
      ["r", "x", last],
    ]);
    await cluster.kill("n0");
    await cluster.start("n0");
  }
});

Deno.test("the official runs are valid whoever is killed and paused, with a disk and without", async () => {
  for (const id of ["6b", "6c"]) {
    for (const args of [[], ["--data-dir", "d"]]) {
      const { options, workload } = runs.find((run) => run.id === id)!;
      const { results, reason } = await judge(txn, {
        workload,
        ...options,
        "time-limit": 10,
        nemesis: "partition,kill,pause",
        "nemesis-interval": 2,
        lazyfs: "torn-op",
        availability: 0,
      }, { args });
      assertEquals(results["valid?"], true, reason);
    }
  }
});
