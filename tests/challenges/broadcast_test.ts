/**
 * Broadcast, in each of its strategies: who knows what, and when.
 */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { broadcast } from "../../challenges/broadcast.ts";
import { runs } from "../../challenges/runs.ts";
import type { AnyMessages, App, Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Random } from "../../lib/workbench/sim/random.ts";
import { Cluster, type ClusterOptions } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";

/** Starts nodes; clients speak to them, and they have greeted each other. */
async function start(count: number, options: ClusterOptions = {}) {
  const cluster = await Cluster.start(count, broadcast, {
    latencyMs: 100,
    ...options,
  });
  for (const id of cluster.nodes) cluster.post(id, { type: "topology" });
  await cluster.wait(5000);
  return cluster;
}

/** Tells a node a value. */
async function tell(cluster: Cluster, id: string, message: number) {
  const answer = await cluster.ask(id, { type: "broadcast", message });
  assertEquals(answer?.type, "broadcast_ok");
}

/** Returns what nodes show, by node. */
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

for (
  const [strategy, victim] of [
    ["hub", "n0"],
    ["hub", "n2"],
    ["direct", "n2"],
  ] as const
) {
  Deno.test(`${strategy}: ${victim} dies, and is told what it missed when it's back`, async () => {
    const cluster = await start(4, { args: ["--strategy", strategy] });
    const values = Array.from({ length: 20 }, (_, value) => value);
    for (const value of values) await tell(cluster, `n${value % 4}`, value);
    await cluster.wait(5000);
    await cluster.kill(victim);
    await cluster.wait(1000);
    await cluster.start(victim);
    const { messages } = cluster;
    await cluster.wait(8000);
    assertEquals(await shown(cluster), all(cluster.nodes, values));
    // A greeting, what is missing, and an acknowledgement, for each link.
    const links = victim === "n0" || strategy === "direct" ? 3 : 1;
    assertLess(cluster.messages - messages, 3 * links + 1);
    const later = values.map((value) => 100 + value);
    for (const value of later) await tell(cluster, `n${value % 4}`, value);
    await cluster.wait(5000);
    assertEquals(
      await shown(cluster),
      all(cluster.nodes, [...values, ...later]),
    );
  });

  Deno.test(`${strategy}: whoever misses ${victim} tells the others, and it's told when it's back`, async () => {
    const cluster = await start(4, { args: ["--strategy", strategy] });
    await cluster.kill(victim);
    const living = cluster.nodes.filter((id) => id !== victim);
    for (const [i, id] of living.entries()) await tell(cluster, id, i);
    await cluster.wait(4000);
    assertEquals(await shown(cluster, living), all(living, [0, 1, 2]));
    await cluster.start(victim);
    await cluster.wait(6000);
    assertEquals(await shown(cluster), all(cluster.nodes, [0, 1, 2]));
  });
}

Deno.test("hub: a node that comes back while the hub is dead asks the others", async () => {
  const cluster = await start(4);
  await tell(cluster, "n1", 1);
  await cluster.wait(2000);
  await cluster.kill("n0", "n2");
  await cluster.start("n2");
  await cluster.wait(8000);
  assertEquals(await shown(cluster, ["n2"]), [[1]]);
});

for (const strategy of ["hub", "direct"]) {
  const values = Array.from({ length: 20 }, (_, value) => value);
  const allDie = async (args: string[]) => {
    const cluster = await start(4, { args: ["--strategy", strategy, ...args] });
    for (const value of values) await tell(cluster, `n${value % 4}`, value);
    await cluster.kill(...cluster.nodes);
    await cluster.start(...cluster.nodes);
    await cluster.wait(6000);
    return await shown(cluster);
  };

  Deno.test(`${strategy}: with a disk, all die at once, and nothing that was acknowledged is lost`, async () => {
    assertEquals(await allDie(["--data-dir", "d"]), Array(4).fill(values));
  });

  Deno.test(`${strategy}: without one, all die at once, and all is gone`, async () => {
    assertEquals(await allDie([]), Array(4).fill([]));
  });
}

for (const nemesis of ["kill", "pause", "partition,kill,pause"]) {
  Deno.test(`with a disk, nothing is lost under the nemesis ${nemesis}`, async () => {
    const { workload, options } = runs.find(({ id }) => id === "3c")!;
    // Among them are those in which a hub hears of values as it starts.
    for (const seed of [1, 10, 32, 115]) {
      const { results, reason } = await judge(broadcast, {
        workload,
        ...options,
        nemesis,
        "nemesis-interval": 5,
        lazyfs: "clear-cache,torn-op",
        seed,
      }, { args: ["--data-dir", "d"] });
      assertEquals(results["valid?"], true, reason);
    }
  });
}

Deno.test("values that come while one is being written share the next write", async () => {
  const { results } = await judge(broadcast, {
    workload: "broadcast",
    "node-count": 1,
    "time-limit": 1,
    rate: 4000,
    concurrency: "40n",
  }, { args: ["--data-dir", "d"] });
  const { "ok-count": broadcasts } = results.stats["by-f"].broadcast!;
  assertLess(results.nodes["sync-count"]!, broadcasts / 2);
});

Deno.test("a disk that is full: the client isn't told that its value has been taken in, and it's never shown", async () => {
  const { results, history } = await judge(broadcast, {
    workload: "broadcast",
    "node-count": 3,
    "time-limit": 20,
    rate: 50,
    "disk-size": 2000,
    nemesis: "kill",
  }, { args: ["--data-dir", "d"] });
  assertEquals(results.workload["valid?"], true);
  assert(history.some(({ f, type }) => f === "broadcast" && type === "info"));
});

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
  for (const ms of waited) assert(ms > 80 && ms < 88, `${ms} ms`);
});

Deno.test("hub: just in time, values gather at home; otherwise each goes to the hub at once", async () => {
  const toHub = async (justInTime: string) => {
    const cluster = await start(3, {
      args: ["--beat-ms", "1000", "--just-in-time", justInTime],
    });
    for (let value = 0; value < 40; value++) {
      cluster.post("n1", { type: "broadcast", message: value });
      await cluster.wait(100);
    }
    await cluster.wait(2200);
    const values = Array.from({ length: 40 }, (_, value) => value);
    assertEquals(await shown(cluster), all(cluster.nodes, values));
    return cluster.network.journal
      .filter(({ src, dest, line }) =>
        src === "n1" && dest === "n0" &&
        JSON.parse(line).body.values.length > 0
      ).length;
  };
  assertEquals(await toHub("off"), 40);
  // Until the hub's first answers, it doesn't know when the beat is.
  assertLess(await toHub("on"), 20);
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
    await tell(cluster, side[0]!, 2);
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
  for (const [src, dest] of [["n1", "n0"], ["n0", "n1"]] as const) {
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
  for (const seed of seedsOf(2)) {
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

/** A node all of whose timers and messages are up to so many ms late. */
function jittery<M>(node: Node<M>, maxMs: number, random: Random): Node<M> {
  const jitterMs = () => maxMs * random.float();
  return new Proxy(node, {
    get(_, key) {
      if (key === "sleep") return (ms: number) => node.sleep(ms + jitterMs());
      if (key === "send") {
        return (...[dest, body]: Parameters<Node<M>["send"]>) =>
          void node.sleep(jitterMs()).then(() => node.send(dest, body));
      }
      const value = node[key as keyof Node<M>];
      return typeof value === "function" ? value.bind(node) : value;
    },
  });
}

for (
  const [id, quietMs, mostMessages] of [
    ["3d", 530, 1.1],
    ["3e", 1600, 0.6],
  ] as const
) {
  const { workload, options, args, limits } = runs.find((run) =>
    run.id === id
  )!;
  const play = async (seed: number, maxJitterMs: number) => {
    const random = new Random(`${seed}/jitter`);
    const app: App<AnyMessages> = (node, args) =>
      broadcast(
        maxJitterMs > 0 ? jittery(node, maxJitterMs, random) : node,
        args,
      );
    const settings = { args: [...args ?? []] };
    const test = { workload, ...options, seed };
    const { results } = await judge(app, test, settings);
    assertEquals(results["valid?"], true);
    return results;
  };
  const latencies = ({ workload }: { workload: unknown }) =>
    (workload as { "stable-latencies": Record<string, number> })[
      "stable-latencies"
    ];

  Deno.test(`${id} keeps away from its limits, at little cost`, async () => {
    for (const seed of seedsOf(2)) {
      const results = await play(seed, 0);
      assertLess(latencies(results)["1"], quietMs);
      assertLess(results.net.servers["msgs-per-op"]!, mostMessages);
    }
  });

  Deno.test(`${id} is within its limits where all timers and messages are up to 20 ms late`, async () => {
    for (const seed of seedsOf(2)) {
      const results = await play(seed, 20);
      const [messages, median, maximum] = limits!;
      assertLess(results.net.servers["msgs-per-op"]!, messages!.below);
      assertLess(latencies(results)["0.5"], median!.below);
      assertLess(latencies(results)["1"], maximum!.below);
    }
  });
}

Deno.test("hub: what misses its beat doesn't wait for the next", async () => {
  const beatMs = 3000;
  const cluster = await start(3, { args: ["--beat-ms", `${beatMs}`] });
  const send = cluster.network.send.bind(cluster.network);
  let held = "";
  cluster.network.send = (src, dest, line) => {
    const { values = [] } = JSON.parse(line).body;
    // Once they are in step, one batch is held up: it comes after the beat.
    const holdUp = src === "n1" && dest === "n0" && values.includes(40);
    if (holdUp) held = line;
    else send(src, dest, line);
  };
  for (let value = 0; value < 60; value++) {
    cluster.post("n1", { type: "broadcast", message: value });
    await cluster.wait(450);
    if (held === "") continue;
    // By then it's later than the margin allows for.
    await cluster.wait(450);
    send("n1", "n0", held);
    held = "";
  }
  const { journal } = cluster.network;
  const batch = (src: string, value: number) =>
    journal.find(({ src: from, line }) =>
      from === src && JSON.parse(line).body.values?.includes(value)
    )!;
  const waitedMs = (batch("n0", 40).sentNs - batch("n1", 40).receivedNs!) / 1e6;
  assertLess(waitedMs, beatMs / 2);
});

Deno.test("direct: a long backlog goes batch by batch, each acknowledged at once", async () => {
  const count = 4500;
  const cluster = await start(2, { args: ["--strategy", "direct"] });
  cluster.cut(["n0"], ["n1"]);
  for (let value = 0; value < count; value++) {
    cluster.post("n0", { type: "broadcast", message: value });
  }
  await cluster.wait(10_000);
  cluster.network.heal();
  await cluster.wait(4000);
  assertEquals((await shown(cluster, ["n1"]))[0]?.length, count);
  const longest = Math.max(
    ...cluster.network.journal.map(({ line }) =>
      JSON.parse(line).body.values?.length ?? 0
    ),
  );
  assertEquals(longest, 1000);
});

Deno.test("what isn't a whole number is no message: it's refused, and never shown", async () => {
  for (const strategy of ["hub", "direct", "flood"]) {
    const cluster = await start(2, { args: ["--strategy", strategy] });
    for (const message of [undefined, null, "7", 1.5, 1e300, [], {}, true]) {
      const answer = await cluster.ask("n1", { type: "broadcast", message });
      assertEquals(answer?.code, 12, `${message}`);
    }
    await cluster.wait(3000);
    assertEquals(await shown(cluster), all(cluster.nodes, []));
  }
});

Deno.test("flood: a topology that can't be is refused, and who isn't there is told nothing", async () => {
  const cluster = await start(2, { args: ["--strategy", "flood"] });
  for (const topology of [undefined, null, 7, {}, { n0: 7 }, { n1: [] }]) {
    const answer = await cluster.ask("n0", { type: "topology", topology });
    assertEquals(answer?.code, 12, JSON.stringify(topology));
  }
  const topology = { n0: ["n1", "n9", 7] };
  await cluster.ask("n0", { type: "topology", topology });
  await tell(cluster, "n0", 1);
  await cluster.wait(1000);
  assertEquals(await shown(cluster), all(cluster.nodes, [1]));
  assertEquals(cluster.errors, []);
});

Deno.test("flood: a node that is alone needs no topology", async () => {
  const cluster = await start(1, { args: ["--strategy", "flood"] });
  const answer = await cluster.ask("n0", { type: "topology", topology: {} });
  assertEquals(answer?.type, "topology_ok");
});

Deno.test("strange batches do no harm", async () => {
  const cluster = await start(3);
  await tell(cluster, "n1", 1);
  const good = { number: 7, values: [], acks: [], waitedMs: 0 };
  for (
    const body of [
      {},
      { values: 7 },
      { values: [2], acks: "x" },
      { ...good, values: [null] },
      { ...good, values: ["x"] },
      { ...good, values: [1.5] },
      { ...good, acks: [{}] },
      { ...good, number: "x" },
      { ...good, waitedMs: "x" },
      { ...good, early: { number: 1, ms: "x" } },
      { ...good, early: null },
    ]
  ) {
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
  assertEquals(await shown(cluster), all(cluster.nodes, [1]));
  assertEquals(cluster.errors, []);
});

Deno.test("hub, direct: a life isn't told that batches of an earlier one have arrived", async () => {
  for (const strategy of ["hub", "direct"]) {
    const args = ["--strategy", strategy];
    const cluster = await start(2, { args, latencyMs: 0 });
    await cluster.kill("n0");
    const before = cluster.network.journal.length;
    for (const [life, number] of [[1, 2], [2, 1]] as const) {
      const batch = { type: "batch", life, number, values: [number] };
      const rest = { acks: [], urgent: false, greeting: life > 1, waitedMs: 0 };
      const body = { ...batch, ...rest };
      const line = JSON.stringify({ src: "n0", dest: "n1", body });
      cluster.network.send("n0", "n1", line);
    }
    await cluster.wait(5000);
    const acks = cluster.network.journal.slice(before)
      .map(({ src, line }) => ({ src, body: JSON.parse(line).body }))
      .filter(({ src, body }) => src === "n1" && body.to === 2)
      .flatMap(({ body }) => body.acks);
    assertEquals(acks, [1]);
  }
});

Deno.test("arguments that can't be are refused", () => {
  const node = undefined as unknown as Node<AnyMessages>;
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
