/** Transactions: what is promised, and what isn't. */
import { assertEquals, assertLess } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { txn } from "../../challenges/txn.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";

type Operation = ["r" | "w", number | string, unknown];

async function carryOut(cluster: Cluster, id: string, txn: Operation[]) {
  return (await cluster.ask(id, { type: "txn", txn }))?.txn;
}

for (const id of ["6b", "6c"]) {
  Deno.test(`${id} is valid under partitions, at less than 0.05 messages per operation`, async () => {
    const { options, workload } = runs.find((run) => run.id === id)!;
    for (let seed = 1; seed <= 3; seed++) {
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
  for (let seed = 1; seed <= 5; seed++) {
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
  await carryOut(cluster, "n0", [["w", 1, 1]]);
  await cluster.wait(60_000);
  assertEquals(cluster.messages, 2);
  cluster.cut(["n0"], ["n1"]);
  await carryOut(cluster, "n0", [["w", 1, 2]]);
  await cluster.wait(60_000);
  assertLess(cluster.messages, 65);
});

Deno.test("what is no news changes nothing", async () => {
  const cluster = await Cluster.start(2, txn);
  const register = { value: "strange", timestamp: 8 };
  for (
    const strange of [
      {},
      { writes: [[1, register]] },
      { writes: [[1, register]], have: 0.5 },
      { writes: 7, have: 0 },
      { writes: [null], have: 0 },
      { writes: [[1]], have: 0 },
      { writes: [[null, register]], have: 0 },
      { writes: [[1, register], [2, { value: 3 }]], have: 0 },
      { writes: [[1, { ...register, timestamp: "9" }]], have: 0 },
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
  await carryOut(cluster, "n0", [["r", 1, null]]);
  await cluster.wait(5000);
  assertEquals(cluster.messages, 0);
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
