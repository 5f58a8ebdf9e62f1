/**
 * Broadcast, in each of its strategies: who knows what, and when.
 */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { broadcast } from "../../challenges/broadcast.ts";
import type { Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster, type ClusterOptions } from "../cluster.ts";

const start = (count: number, options: ClusterOptions = {}) =>
  Cluster.start(count, broadcast, { latencyMs: 100, ...options });

/** Tells a node a value. */
async function tell(cluster: Cluster, id: string, message: number) {
  const answer = await cluster.ask(id, { type: "broadcast", message });
  assertEquals(answer?.type, "broadcast_ok");
}

/** What nodes show, by node. */
async function shown(cluster: Cluster, ids: readonly string[] = cluster.nodes) {
  const shown: number[][] = [];
  for (const id of ids) {
    const answer = await cluster.ask(id, { type: "read" });
    shown.push((answer?.messages as number[]).toSorted((a, b) => a - b));
  }
  return shown;
}

const all = (ids: readonly string[], values: number[]) => ids.map(() => values);

for (const strategy of ["hub", "direct", "flood"]) {
  Deno.test(`${strategy}: a value reaches every node`, async () => {
    const cluster = await start(9, { args: ["--strategy", strategy] });
    const topology = Object.fromEntries(
      cluster.nodes.map((id, i) => [
        id,
        [cluster.nodes[i - 1], cluster.nodes[i + 1]].filter(Boolean),
      ]),
    );
    for (const id of cluster.nodes) {
      await cluster.ask(id, { type: "topology", topology });
    }
    await tell(cluster, "n4", 7);
    await tell(cluster, "n0", 8);
    await cluster.wait(2000);
    assertEquals(await shown(cluster), all(cluster.nodes, [7, 8]));
  });
}

Deno.test("one node alone has nobody to tell", async () => {
  const cluster = await start(1);
  await tell(cluster, "n0", 1);
  await cluster.wait(60_000);
  assertEquals([await shown(cluster), cluster.messages], [[[1]], 0]);
});

Deno.test("hub: many values in a beat take as many messages as one", async () => {
  const count = async (values: number) => {
    const cluster = await start(25);
    await tell(cluster, "n3", 1000);
    await cluster.wait(10_000);
    const { messages } = cluster;
    for (let value = 0; value < values; value++) {
      cluster.post("n3", { type: "broadcast", message: value });
    }
    await cluster.wait(20_000);
    return cluster.messages - messages;
  };
  assertEquals(await count(50), await count(1));
});

Deno.test("where nothing happens nothing is sent", async () => {
  const cluster = await start(25);
  await tell(cluster, "n3", 1);
  await cluster.wait(10_000);
  const { messages } = cluster;
  await cluster.wait(300_000);
  assertEquals(cluster.messages, messages);
});

Deno.test("hub: once in step, a batch arrives just before the beat", async () => {
  const cluster = await start(3, { args: ["--beat-ms", "1000"] });
  for (let value = 0; value < 40; value++) {
    cluster.post("n1", { type: "broadcast", message: value });
    await cluster.wait(450);
  }
  const batches = cluster.network.journal
    .map(({ line, ...envelope }) => ({ ...envelope, ...JSON.parse(line).body }))
    .filter(({ type }) => type === "batch");
  const sent = batches.filter(({ src }) => src === "n0");
  const waited = batches
    .filter(({ src, values }) => src === "n1" && values.length > 0)
    .slice(3, -1)
    .map(({ receivedNs }) => {
      const next = sent.find(({ sentNs }) => sentNs > receivedNs!);
      return (next!.sentNs - receivedNs!) / 1e6;
    });
  assert(waited.length > 10);
  for (const ms of waited) assert(ms > 55 && ms < 65, `${ms} ms`);
});

for (
  const [what, size] of [
    ["the hub is alone", 1],
    ["the hub is in the minority", 3],
    ["the hub is in the majority", 6],
  ] as const
) {
  Deno.test(`hub: in a partition a value reaches its side within seconds: ${what}`, async () => {
    const cluster = await start(9);
    await tell(cluster, "n8", 1);
    await cluster.wait(2000);
    const side = cluster.nodes.slice(0, size);
    const other = cluster.nodes.slice(size);
    cluster.cut(side, other);
    await tell(cluster, side[0], 2);
    await tell(cluster, "n8", 3);
    await cluster.wait(3000);
    assertEquals(await shown(cluster, side), all(side, [1, 2]));
    assertEquals(await shown(cluster, other), all(other, [1, 3]));
    // Later ones are faster: that the hub is gone is known by now.
    await tell(cluster, "n8", 4);
    await cluster.wait(1000);
    assertEquals(await shown(cluster, other), all(other, [1, 3, 4]));
    cluster.network.heal();
    await cluster.wait(4000);
    assertEquals(await shown(cluster), all(cluster.nodes, [1, 2, 3, 4]));
  });
}

Deno.test("hub: a value takes the way round where there is no direct one", async () => {
  const cluster = await start(5);
  // n1 reaches n4 only, and n4 everybody.
  cluster.cut(["n1"], ["n0", "n2", "n3"]);
  await tell(cluster, "n1", 1);
  await cluster.wait(4000);
  assertEquals(await shown(cluster), all(cluster.nodes, [1]));
});

Deno.test("hub: a cut in one direction only is survived as well", async () => {
  for (const [src, dest] of [["n1", "n0"], ["n0", "n1"]]) {
    const cluster = await start(5);
    cluster.network.drop(src, dest);
    await tell(cluster, "n1", 1);
    await tell(cluster, "n0", 2);
    await tell(cluster, "n3", 3);
    await cluster.wait(5000);
    const others = cluster.nodes.filter((id) => id !== "n1");
    assertEquals(await shown(cluster, others), all(others, [1, 2, 3]));
    cluster.network.heal();
    await cluster.wait(4000);
    assertEquals(await shown(cluster), all(cluster.nodes, [1, 2, 3]));
  }
});

Deno.test("hub: a long partition costs a bounded number of messages", async () => {
  const cluster = await start(25);
  cluster.cut(["n0"], cluster.nodes.slice(1));
  for (let value = 0; value < 60; value++) {
    await tell(cluster, `n${1 + value % 24}`, value);
    await cluster.wait(1000);
  }
  // A value goes from each node to each other one, once, and is acknowledged.
  assertLess(cluster.messages, 60 * 25 * 24 * 2);
});

Deno.test("hub: nothing is lost when messages are lost, repeated and overtaken", async () => {
  const faults = { "p-loss": 0.05, "p-duplicate": 0.05, "p-reorder": 0.05 };
  for (let seed = 1; seed <= 5; seed++) {
    for (const beatMs of ["440", "1500"]) {
      const { results, reason } = await judge(broadcast, {
        workload: "broadcast",
        "node-count": 25,
        "time-limit": 20,
        rate: 100,
        latency: 100,
        nemesis: "partition",
        ...faults,
        seed,
      }, { args: ["--beat-ms", beatMs] });
      assertEquals(results["valid?"], true, reason);
    }
  }
});

Deno.test("strange batches do no harm", async () => {
  const cluster = await start(3);
  await tell(cluster, "n1", 1);
  for (const body of [{}, { values: 7 }, { values: [2], acks: "x" }]) {
    cluster.network.send(
      "n2",
      "n0",
      JSON.stringify({
        src: "n2",
        dest: "n0",
        body: { type: "batch", ...body },
      }),
    );
  }
  await cluster.wait(3000);
  for (const values of await shown(cluster)) assert(values.includes(1));
  assertEquals(cluster.errors, []);
});

Deno.test("arguments that can't be are refused", () => {
  const node = undefined as unknown as Node;
  assertThrows(
    () => broadcast(node, ["--strategy", "hope"]),
    Error,
    "--strategy must be one of hub, direct, flood",
  );
  assertThrows(
    () => broadcast(node, ["--beat-ms", "0"]),
    Error,
    "--beat-ms must be a number from 1 to 60000",
  );
});
