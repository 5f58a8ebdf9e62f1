/** The log: offsets, polls, committed offsets, acknowledgements. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { kafka } from "../../challenges/kafka.ts";
import { runs } from "../../challenges/runs.ts";
import type {
  AnyMessages,
  Node,
  OpenBody,
  OutgoingBody,
} from "../../lib/mod.ts";
import { clientTimeoutMs } from "../../lib/workbench/load/client.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Cluster, type ClusterOptions } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";
import { plansOf } from "./deaths.ts";

type Messages = { [key: string]: [offset: number, message: unknown][] };

/** Starts nodes, and waits until each has heard from all others. */
async function start(count: number, options: ClusterOptions = {}) {
  const cluster = await Cluster.start(count, kafka, options);
  if (!options.args?.includes("store")) await ready(cluster);
  return cluster;
}

async function ready(cluster: Cluster, ids = cluster.nodes) {
  for (const id of ids) {
    for (let asks = 0;; asks++) {
      const body = { type: "poll", offsets: { k: 0 } };
      if ((await cluster.ask(id, body))?.type === "poll_ok") break;
      assert(asks < 100, `${id} doesn't get ready`);
      await cluster.wait(100);
    }
  }
}

async function send(cluster: Cluster, id: string, key: string, msg: unknown) {
  const answer = await cluster.ask(id, { type: "send", key, msg });
  return answer?.offset as number | undefined;
}

async function poll(cluster: Cluster, id: string, key: string, from = 0) {
  const answer = await cluster.ask(id, {
    type: "poll",
    offsets: { [key]: from },
  });
  return (answer?.msgs as { [key: string]: [number, unknown][] })[key] ?? [];
}

const official = runs.find(({ id }) => id === "5c")!;
const run = (strategy: string, options: { [name: string]: number }) =>
  judge(kafka, { workload: "kafka", ...official.options, ...options }, {
    args: ["--strategy", strategy],
  });

Deno.test("the official run is valid, at less than 0.03 messages per operation", async () => {
  for (const seed of seedsOf(1)) {
    const { results, reason } = await run("replicated", { seed });
    assertEquals(results["valid?"], true, reason);
    assertLess(results.net.servers["msgs-per-op"]!, 0.03);
  }
});

Deno.test("the straightforward answer is valid, and takes 200 times the messages", async () => {
  const { results, reason } = await run("store", { "time-limit": 5 });
  assertEquals(results["valid?"], true, reason);
  assert(results.net.servers["msgs-per-op"]! > 200 * 0.03);
});

Deno.test("partitions, loss, repetition and disorder leave the log what it was", async () => {
  for (const seed of seedsOf(2)) {
    const { results, reason } = await judge(kafka, {
      workload: "kafka",
      "node-count": 4,
      concurrency: "2n",
      "time-limit": 20,
      rate: 200,
      latency: 10,
      nemesis: "partition",
      "nemesis-interval": 3,
      "p-loss": 0.05,
      "p-duplicate": 0.05,
      "p-reorder": 0.05,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
  }
});

Deno.test("offsets of a key ascend at a node, and no two nodes give out the same", async () => {
  const cluster = await start(2);
  const offsets: number[][] = [[], []];
  for (let i = 0; i < 20; i++) {
    offsets[0]!.push((await send(cluster, "n0", "k", i))!);
    offsets[1]!.push((await send(cluster, "n1", "k", i))!);
  }
  for (const each of offsets) {
    assertEquals(each, each.toSorted((a, b) => a - b));
  }
  assertEquals(new Set(offsets.flat()).size, 40);
});

Deno.test("an acknowledged message is readable on every node within 300 ms", async () => {
  const cluster = await start(2);
  for (let i = 0; i < 30; i++) {
    const offset = (await send(cluster, `n${i % 2}`, "k", i))!;
    await cluster.wait(298);
    for (const id of cluster.nodes) {
      assertEquals(await poll(cluster, id, "k", offset), [[offset, i]]);
    }
    await cluster.wait(17 * (i % 9));
  }
});

Deno.test("what a poll has shown never changes, whatever the network does meanwhile", async () => {
  const runs = fc.record({
    seed: fc.nat(1e6),
    nodes: fc.integer({ min: 2, max: 5 }),
    latencyMs: fc.nat(150),
    latencyDist: fc.constantFrom(
      "constant" as const,
      "uniform" as const,
      "exponential" as const,
    ),
    pLoss: fc.constantFrom(0, 0.1, 0.3),
    pDuplicate: fc.constantFrom(0, 0.2),
    pReorder: fc.constantFrom(0, 0.3),
    cuts: fc.boolean(),
    steps: fc.array(
      fc.record({ node: fc.nat(4), sends: fc.nat(3), waitMs: fc.nat(400) }),
      { minLength: 5, maxLength: 30 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(runs, async ({ nodes, cuts, steps, ...options }) => {
      const cluster = await start(nodes, options);
      const shown = new Map<string, [number, unknown][]>();
      const pollAll = async () => {
        for (const id of cluster.nodes) {
          const before = shown.get(id) ?? [];
          const now = await poll(cluster, id, "k");
          assertEquals(now.slice(0, before.length), before);
          shown.set(id, now);
        }
      };
      const sent: [number, unknown][] = [];
      for (const [i, { node, sends, waitMs }] of steps.entries()) {
        if (cuts && i === 2) cluster.cut(["n0"], cluster.nodes.slice(1));
        if (cuts && i === 12) cluster.network.heal();
        const id = cluster.nodes[node % nodes]!;
        for (let k = 0; k < sends; k++) {
          sent.push([
            (await send(cluster, id, "k", `${i}/${k}`))!,
            `${i}/${k}`,
          ]);
        }
        await cluster.wait(waitMs);
        await pollAll();
      }
      cluster.network.heal();
      await cluster.wait(60_000);
      await pollAll();
      sent.sort(([a], [b]) => a - b);
      for (const now of shown.values()) assertEquals(now, sent);
      const { messages } = cluster;
      await cluster.wait(60_000);
      assertEquals(cluster.messages, messages);
    }),
    { seed: 1, numRuns: 25 },
  );
});

Deno.test("acks 1 goes on in a partition; acks all waits for its end", async () => {
  for (const [acks, answered] of [["1", true], ["all", false]] as const) {
    const cluster = await start(2, { args: ["--acks", acks] });
    cluster.cut(["n0"], ["n1"]);
    const number = cluster.post("n0", { type: "send", key: "k", msg: "a" });
    await cluster.wait(3000);
    assertEquals(cluster.answer(number) !== undefined, answered);
    cluster.network.heal();
    await cluster.wait(3000);
    assertEquals(cluster.answer(number)?.type, "send_ok");
    assertEquals((await poll(cluster, "n1", "k")).length, 1);
  }
});

Deno.test("acks all: what was acknowledged survives the node that acknowledged it", async () => {
  const cluster = await start(2, { args: ["--acks", "all"] });
  const offset = await send(cluster, "n0", "k", "a");
  cluster.cut(["n0"], ["n1"]);
  await cluster.wait(10_000);
  assertEquals(await poll(cluster, "n1", "k"), [[offset!, "a"]]);
});

Deno.test("committed offsets never go back, and all nodes agree on them", async () => {
  const cluster = await start(3);
  const commit = (id: string, offsets: { [key: string]: number }) =>
    cluster.ask(id, { type: "commit_offsets", offsets });
  const committed = async (id: string) =>
    (await cluster.ask(id, {
      type: "list_committed_offsets",
      keys: ["a", "b", "never"],
    }) as OpenBody).offsets;
  await commit("n0", { a: 10, b: 3 });
  await commit("n1", { a: 7 });
  assertEquals(await committed("n0"), { a: 10, b: 3 });
  await cluster.wait(500);
  cluster.cut(["n2"], ["n0", "n1"]);
  await commit("n2", { a: 8, b: 5 });
  await commit("n0", { a: 12 });
  assertEquals(await committed("n2"), { a: 10, b: 5 });
  cluster.network.heal();
  await cluster.wait(5000);
  for (const id of cluster.nodes) {
    assertEquals(await committed(id), { a: 12, b: 5 });
  }
});

Deno.test("where nothing happens nothing is sent", async () => {
  const cluster = await start(2);
  await send(cluster, "n0", "k", 1);
  await cluster.wait(5000);
  const { messages } = cluster;
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages);
});

Deno.test("what is sent while messages gather goes out as one batch, and its acknowledgement as another", async () => {
  const cluster = await start(2);
  await cluster.wait(1000);
  const { messages } = cluster;
  for (let i = 0; i < 500; i++) {
    cluster.post("n0", { type: "send", key: "k", msg: i });
  }
  await cluster.wait(130);
  assertEquals(cluster.messages, messages + 1);
  await cluster.wait(130);
  assertEquals(cluster.messages, messages + 2);
  await cluster.wait(60_000);
  assertEquals(cluster.messages, messages + 2);
  assertEquals((await poll(cluster, "n1", "k")).length, 500);
});

Deno.test("alone, a message is in the next poll, and nobody is told", async () => {
  for (const acks of ["1", "all"]) {
    const cluster = await start(1, { args: ["--acks", acks] });
    const offset = (await send(cluster, "n0", "k", "a"))!;
    assertEquals(await poll(cluster, "n0", "k"), [[offset, "a"]]);
    await cluster.wait(10_000);
    assertEquals(cluster.messages, 0);
  }
});

Deno.test("an offset is greater than all that its node had heard of", async () => {
  const cluster = await start(3);
  const first = (await send(cluster, "n2", "k", "a"))!;
  await cluster.wait(130);
  const second = (await send(cluster, "n0", "k", "b"))!;
  const third = (await send(cluster, "n1", "k", "c"))!;
  assertLess(first, second);
  assertLess(first, third);
  assert(second !== third);
});

Deno.test("a large backlog goes in pieces, one after the other", async () => {
  const cluster = await start(2);
  cluster.cut(["n0"], ["n1"]);
  for (let i = 0; i < 3500; i++) {
    cluster.post("n0", { type: "send", key: "k", msg: i });
  }
  await cluster.wait(10_000);
  cluster.network.heal();
  await cluster.wait(6000);
  const read: [number, unknown][] = [];
  for (let from = 0;;) {
    const entries = await poll(cluster, "n1", "k", from);
    if (entries.length === 0) break;
    read.push(...entries);
    from = entries.at(-1)![0] + 1;
  }
  assertEquals(read.length, 3500);
  const longest = Math.max(
    ...cluster.network.journal.map(({ line }) =>
      (line.match(/"(?:key|committed)":/g) ?? []).length
    ),
  );
  assertEquals(longest <= 1000, true, `${longest} events in one batch`);
});

Deno.test("a partition costs some messages a second, not more", async () => {
  const cluster = await start(2);
  cluster.cut(["n0"], ["n1"]);
  await send(cluster, "n0", "k", "a");
  await cluster.wait(60_000);
  assertLess(cluster.messages, 70);
});

Deno.test("what is no batch changes nothing", async () => {
  const cluster = await start(2);
  const batch = { from: 0, upTo: 9, events: [], have: 0, ask: false };
  for (
    const strange of [
      {},
      { ...batch, from: "0" },
      { ...batch, upTo: null },
      { ...batch, upTo: 1.5 },
      { ...batch, have: "x" },
      { ...batch, have: 1e300 },
      { ...batch, events: 7 },
      { ...batch, events: [7] },
      { ...batch, events: [["0", { key: "k", message: "a" }]] },
      { ...batch, events: [[0, null]] },
      { ...batch, events: [[0]] },
      { ...batch, events: [[10, { key: "k", message: "a" }]] },
      { ...batch, from: 2, events: [[0, { key: "k", message: "a" }]] },
    ]
  ) {
    const body = { type: "batch", ...strange };
    const line = JSON.stringify({ src: "n0", dest: "n1", body });
    cluster.network.send("n0", "n1", line);
  }
  await cluster.wait(100);
  const offset = (await send(cluster, "n0", "k", "a"))!;
  await cluster.wait(1000);
  assertEquals(await poll(cluster, "n1", "k"), [[offset, "a"]]);
  assertEquals(cluster.errors, []);
});

Deno.test("a request without what it needs is answered with error 12", async () => {
  const cluster = await start(1);
  for (
    const type of ["send", "poll", "commit_offsets", "list_committed_offsets"]
  ) {
    assertEquals((await cluster.ask("n0", { type }))?.code, 12, type);
  }
});

for (const strategy of ["replicated", "store"]) {
  const begin = (count: number, options: ClusterOptions = {}) =>
    start(count, { args: ["--strategy", strategy], ...options });

  Deno.test(`${strategy}: a request that can't be is answered with error 12, and poisons nothing`, async () => {
    const cluster = await begin(2);
    const bad: [string, OutgoingBody][] = [];
    for (const key of [undefined, null, 7, {}, []]) {
      bad.push(["a key", { type: "send", key, msg: 1 }]);
      bad.push(["a key", { type: "list_committed_offsets", keys: [key] }]);
    }
    bad.push(["no message", { type: "send", key: "k" }]);
    for (const offset of [undefined, null, "7", 1.5, 1e300, {}, true]) {
      const offsets = { good: 3, k: offset ?? null };
      bad.push(["an offset", { type: "poll", offsets }]);
      bad.push(["an offset", { type: "commit_offsets", offsets }]);
    }
    for (const offsets of [null, 7, "k", [1]]) {
      bad.push(["offsets", { type: "poll", offsets }]);
      bad.push(["offsets", { type: "commit_offsets", offsets }]);
    }
    for (const keys of [null, "k", { 0: "k" }]) {
      bad.push(["keys", { type: "list_committed_offsets", keys }]);
    }
    for (const [what, body] of bad) {
      const answer = await cluster.ask("n0", body);
      assertEquals(answer?.code, 12, `${what}: ${JSON.stringify(body)}`);
    }
    await cluster.wait(1000);
    for (const id of cluster.nodes) {
      const keys = ["good", "k"];
      const answer = await cluster.ask(id, {
        type: "list_committed_offsets",
        keys,
      });
      assertEquals(answer?.offsets, {});
      assertEquals(await poll(cluster, id, "k"), []);
    }
    assertEquals(cluster.errors, []);
  });

  Deno.test(`${strategy}: a key may have any name`, async () => {
    const cluster = await begin(2);
    const keys = ["__proto__", "constructor", "toString", "", "/"];
    for (const key of keys) {
      const offset = await send(cluster, "n0", key, `in ${key}`);
      await cluster.ask("n0", {
        type: "commit_offsets",
        offsets: Object.fromEntries([[key, offset]]),
      });
    }
    await cluster.wait(1000);
    for (const id of cluster.nodes) {
      const { msgs } = (await cluster.ask(id, {
        type: "poll",
        offsets: Object.fromEntries(keys.map((key) => [key, 0])),
      }))!;
      const { offsets } = (await cluster.ask(id, {
        type: "list_committed_offsets",
        keys,
      }))!;
      assertEquals(Object.keys(msgs as OpenBody).sort(), keys.toSorted());
      assertEquals(Object.keys(offsets as OpenBody).sort(), keys.toSorted());
      for (const [key, [first]] of Object.entries(msgs as Messages)) {
        assertEquals(first?.[1], `in ${key}`);
      }
    }
  });

  Deno.test(`${strategy}: a poll shows a thousand messages at most, and goes on from any offset`, async () => {
    const cluster = await begin(1);
    const count = 2300;
    if (strategy === "store") {
      const value = Array.from({ length: count }, (_, i) => [i, i]);
      const body = { type: "write", key: "log/k", value };
      cluster.network.send(
        "n0",
        "lin-kv",
        JSON.stringify({ src: "n0", dest: "lin-kv", body }),
      );
    } else {
      for (let msg = 0; msg < count; msg++) {
        cluster.post("n0", { type: "send", key: "k", msg });
      }
    }
    await cluster.wait(1000);
    const sizes: number[] = [];
    const read: unknown[] = [];
    for (let from = -1;;) {
      const entries = await poll(cluster, "n0", "k", from);
      if (entries.length === 0) break;
      sizes.push(entries.length);
      read.push(...entries.map(([, message]) => message));
      from = entries.at(-1)![0] + 1;
    }
    assertEquals(sizes, [1000, 1000, 300]);
    assertEquals(new Set(read).size, count);
  });
}

Deno.test("store: a message is in the log once, whatever is repeated and overtaken", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const cluster = await start(3, {
      args: ["--strategy", "store"],
      seed,
      latencyMs: 10,
      pDuplicate: 0.5,
      pReorder: 0.5,
    });
    const numbers: number[] = [];
    for (let i = 0; i < 30; i++) {
      const body = { type: "send", key: "k", msg: i };
      numbers.push(cluster.post(`n${i % 3}`, body));
      await cluster.wait(40);
    }
    await cluster.wait(10_000);
    const log = await poll(cluster, "n0", "k");
    const messages = log.map(([, message]) => message);
    assertEquals(new Set(messages).size, messages.length, `${messages}`);
    for (const [i, number] of numbers.entries()) {
      const answer = cluster.answer(number);
      if (answer?.type === "send_ok") {
        assertEquals(log[answer.offset as number]![1], i);
      }
    }
  }
});

Deno.test("store: keys are asked for at the same time", async () => {
  const cluster = await start(1, {
    args: ["--strategy", "store"],
    latencyMs: 300,
  });
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  const offsets = Object.fromEntries(keys.map((key) => [key, 0]));
  for (
    const [body, withinMs] of [
      [{ type: "poll", offsets }, 700],
      [{ type: "list_committed_offsets", keys }, 700],
      [{ type: "commit_offsets", offsets }, 1300],
    ] as const
  ) {
    const answer = await cluster.ask("n0", body, withinMs);
    assertEquals(answer?.type, `${body.type}_ok`);
  }
});

Deno.test("store: a client that waits for the store hears of it before it gives up", async () => {
  const cluster = await start(1, {
    args: ["--strategy", "store"],
    latencyMs: 10_000,
  });
  const keys = ["a", "b"];
  const offsets = { a: 0, b: 0 };
  for (
    const body of [
      { type: "send", key: "a", msg: 1 },
      { type: "poll", offsets },
      { type: "commit_offsets", offsets },
      { type: "list_committed_offsets", keys },
    ]
  ) {
    const answer = await cluster.ask("n0", body, clientTimeoutMs - 500);
    assertEquals([answer?.type, answer?.code], ["error", 0], body.type);
    await cluster.wait(60_000);
  }
});

Deno.test("arguments that can't be are refused", () => {
  const node = undefined as unknown as Node<AnyMessages>;
  assertThrows(() => kafka(node, ["--acks", "2"]), Error, "1, all");
  assertThrows(
    () => kafka(node, ["--strategy", "x"]),
    Error,
    "replicated, store",
  );
});

// Deaths.

const lives = plansOf(
  ...["send", "send", "send", "commit", "poll", "kill", "kill-all"],
  ...["start", "start", "pause", "resume", "cut", "heal", "wait"],
);

type Lives = typeof lives extends fc.Arbitrary<infer T> ? T : never;

/** A life of nodes; what is told in it must be true for ever. */
class Chronicle {
  cluster: Cluster;
  dead = new Set<string>();
  paused = new Map<string, boolean>();
  sends = new Map<number, string>();
  commits: [number, number][] = [];
  polls = new Set<number>();

  /** True if it's kept on disks. */
  isKept: boolean;

  constructor(cluster: Cluster, isKept: boolean) {
    this.cluster = cluster;
    this.isKept = isKept;
  }

  send(id: string, i: number) {
    const msg = `m${i}`;
    this.sends.set(this.cluster.post(id, { type: "send", key: "k", msg }), msg);
  }

  commit(id: string, offset: number) {
    const body = { type: "commit_offsets", offsets: { k: offset } };
    this.commits.push([this.cluster.post(id, body), offset]);
  }

  poll(id: string) {
    const body = { type: "poll", offsets: { k: 0 } };
    this.polls.add(this.cluster.post(id, body));
  }

  /** Tells whether a node knows what all knew before it died. */
  async knows(id: string) {
    if (this.paused.has(id)) return this.paused.get(id)!;
    const answer = await this.cluster.ask(id, {
      type: "list_committed_offsets",
      keys: [],
    });
    return answer?.type === "list_committed_offsets_ok";
  }

  async pause(id: string) {
    if (this.dead.has(id)) return;
    this.paused.set(id, await this.knows(id));
    this.cluster.pause(id);
  }

  resume() {
    for (const id of this.paused.keys()) this.cluster.resume(id);
    this.paused.clear();
  }

  async kill(ids: string[]) {
    for (const id of ids) {
      this.dead.add(id);
      this.paused.delete(id);
    }
    await this.cluster.kill(...ids);
  }

  async start(ids: string[]) {
    const dead = ids.filter((id) => this.dead.delete(id));
    if (dead.length > 0) await this.cluster.start(...dead);
  }

  /** Brings all back, and holds what they show against what was told. */
  async check() {
    const { cluster } = this;
    cluster.network.heal();
    this.resume();
    await this.start(cluster.nodes);
    await ready(cluster);
    await cluster.wait(20_000);
    const logs = [];
    for (const id of cluster.nodes) logs.push(await poll(cluster, id, "k"));
    const log = logs[0]!;
    for (const other of logs) assertEquals(other, log);
    const offsets = log.map(([offset]) => offset);
    assertEquals(offsets, [...new Set(offsets)].sort((a, b) => a - b));
    for (const [number, msg] of this.sends) {
      const answer = cluster.answer(number);
      if (answer?.type !== "send_ok") continue;
      const found = log.find(([offset]) => offset === answer.offset);
      assertEquals(found, [answer.offset as number, msg], `${msg} is lost`);
    }
    for (const number of this.polls) {
      const answer = cluster.answer(number);
      if (answer?.type !== "poll_ok") continue;
      const { k = [] } = answer.msgs as Messages;
      assertEquals(
        k,
        log.slice(0, k.length),
        "a poll has shown something else",
      );
    }
    const told = this.commits.filter(([number]) =>
      cluster.answer(number)?.type === "commit_offsets_ok"
    ).map(([, offset]) => offset);
    for (const id of cluster.nodes) {
      const body = { type: "list_committed_offsets", keys: ["k"] };
      const answer = await cluster.ask(id, body);
      const { k = -1 } = answer!.offsets as { k?: number };
      assert(k >= Math.max(-1, ...told), `${k} at ${id} after ${told}`);
    }
    assertEquals(cluster.errors, []);
    const { messages } = cluster;
    await cluster.wait(20_000);
    assertEquals(cluster.messages, messages, "it goes on and on");
  }
}

/** Lets nodes live and die. */
async function live({ steps, nodes, ...options }: Lives, {
  args,
  lazyfs = [],
  mayKill = () => Promise.resolve(true),
}: {
  args: string[];
  lazyfs?: ClusterOptions["lazyfs"];
  mayKill?(chronicle: Chronicle, ids: string[]): Promise<boolean>;
}) {
  const cluster = await start(nodes, { ...options, args, lazyfs });
  const chronicle = new Chronicle(cluster, args.includes("--data-dir"));
  for (const [i, { node, what, waitMs }] of steps.entries()) {
    const id = cluster.nodes[node % nodes]!;
    const victims = what === "kill-all" ? cluster.nodes : [id];
    const living = victims.filter((each) => !chronicle.dead.has(each));
    switch (what) {
      case "send":
        for (let k = 0; k < 5; k++) chronicle.send(id, 10 * i + k);
        break;
      case "commit":
        chronicle.commit(id, 60 - i);
        break;
      case "poll":
        chronicle.poll(id);
        break;
      case "kill":
      case "kill-all":
        if (await mayKill(chronicle, living)) await chronicle.kill(living);
        break;
      case "start":
        await chronicle.start([...chronicle.dead].slice(0, 1));
        break;
      case "pause":
        await chronicle.pause(id);
        break;
      case "resume":
        chronicle.resume();
        break;
      case "cut":
        cluster.cut([id], cluster.nodes.filter((each) => each !== id));
        break;
      case "heal":
        cluster.network.heal();
    }
    await cluster.wait(waitMs);
  }
  await chronicle.check();
}

const numRuns = Number(Deno.env.get("RUNS") ?? 8);

/** The word that n1 owes n0 once it's back is lost, and nothing else is said. */
const lostWord: Lives = {
  ...{ seed: 427520, nodes: 2, latencyMs: 0, latencyDist: "constant" },
  ...{ pLoss: 0.1, pDuplicate: 0, pReorder: 0.3 },
  steps: [
    ...[["send", 200], ["kill", 0], ["send", 0], ["kill", 0, 1], [
      "start",
      200,
    ]],
    ...[["cut", 0], ["wait", 1500], ["poll", 0], ["poll", 0], ["start", 1500]],
    ...[["kill-all", 0], ["send", 0], ["send", 0], ["send", 0], ["send", 0]],
    ...[["start", 0], ["kill", 0], ["send", 0], ["send", 0], ["send", 0]],
  ].map(([what, waitMs, node = 0]) =>
    ({ what, waitMs, node }) as Lives["steps"][number]
  ),
};

for (const acks of ["1", "all"]) {
  for (const lazyfs of [[], ["clear-cache"], ["torn-op"]] as const) {
    Deno.test(`acks ${acks}, on a disk${lazyfs.map((each) => ` with ${each}`)}: what was told holds, whoever dies and comes back`, async () => {
      const args = ["--acks", acks, "--data-dir", "d"];
      await fc.assert(
        fc.asyncProperty(lives, (plan) => live(plan, { args, lazyfs })),
        { seed: 1, numRuns, examples: [[lostWord]] },
      );
    });
  }
}

Deno.test("acks all, without a disk: what was told holds as long as one node lives that knows it", async () => {
  const mayKill = async (chronicle: Chronicle, ids: string[]) => {
    const { cluster, dead } = chronicle;
    for (const id of cluster.nodes) {
      if (dead.has(id) || ids.includes(id)) continue;
      if (await chronicle.knows(id)) return true;
    }
    return false;
  };
  await fc.assert(
    fc.asyncProperty(
      lives,
      (plan) => live(plan, { args: ["--acks", "all"], mayKill }),
    ),
    { seed: 1, numRuns },
  );
});

for (const acks of ["1", "all"]) {
  Deno.test(`acks ${acks}, without a disk: a node that has forgotten all gets its own messages back, and gives out no offset twice`, async () => {
    const cluster = await start(2, { args: ["--acks", acks] });
    const offsets: number[] = [];
    const sendTo = async (id: string, msg: string) => {
      offsets.push((await send(cluster, id, "k", msg))!);
    };
    for (let i = 0; i < 20; i++) await sendTo(`n${i % 2}`, `old${i}`);
    await cluster.wait(3000);
    await cluster.kill("n1");
    await cluster.start("n1");
    for (let i = 0; i < 5; i++) await sendTo("n1", `new${i}`);
    await sendTo("n0", "after");
    const { messages } = cluster;
    await cluster.wait(60_000);
    assertLess(cluster.messages - messages, 10);
    assertEquals(new Set(offsets).size, 26);
    const log = await poll(cluster, "n0", "k");
    assertEquals(log.length, 26);
    assertEquals(await poll(cluster, "n1", "k"), log);
  });
}

Deno.test("without a disk what was acknowledged is gone once all die at once; on a disk it isn't", async () => {
  for (const [args, left] of [[[], 0], [["--data-dir", "d"], 1]] as const) {
    const cluster = await start(2, { args: ["--acks", "all", ...args] });
    await send(cluster, "n0", "k", "a");
    await cluster.kill("n0", "n1");
    await cluster.start("n0", "n1");
    await cluster.wait(5000);
    assertEquals((await poll(cluster, "n1", "k")).length, left);
    assertEquals(typeof await send(cluster, "n1", "k", "b"), "number");
  }
});

Deno.test("who has forgotten all refuses clients until all others have told what they know", async () => {
  const cluster = await start(3, { args: ["--acks", "all"] });
  const offset = (await send(cluster, "n0", "k", "a"))!;
  await cluster.ask("n0", { type: "commit_offsets", offsets: { k: offset } });
  await cluster.kill("n0");
  cluster.cut(["n0"], ["n1"]);
  await cluster.start("n0");
  for (
    const body of [
      { type: "send", key: "k", msg: "b" },
      { type: "poll", offsets: { k: 0 } },
      { type: "commit_offsets", offsets: { k: 0 } },
      { type: "list_committed_offsets", keys: ["k"] },
    ]
  ) {
    assertEquals((await cluster.ask("n0", body, 2500))?.code, 11, body.type);
  }
  cluster.network.heal();
  await ready(cluster);
  assertEquals(await poll(cluster, "n0", "k"), [[offset, "a"]]);
});

Deno.test("on a disk a node goes on by itself, and after all that it has promised", async () => {
  const cluster = await start(2, { args: ["--data-dir", "d"] });
  const first = (await send(cluster, "n0", "k", "a"))!;
  const other = (await send(cluster, "n1", "k", "b"))!;
  await cluster.wait(1000);
  await cluster.kill("n0");
  cluster.cut(["n0"], ["n1"]);
  await cluster.start("n0");
  const second = (await send(cluster, "n0", "k", "c"))!;
  assertLess(Math.max(first, other), second);
  assertEquals((await poll(cluster, "n0", "k")).length, 2);
  cluster.network.heal();
  await cluster.wait(5000);
  assertEquals(await poll(cluster, "n1", "k"), [
    ...[[first, "a"], [other, "b"]].sort(([a], [b]) => Number(a) - Number(b)),
    [second, "c"],
  ] as [number, unknown][]);
});

Deno.test("one write to the disk takes what many clients have sent", async () => {
  const kept = await start(1, { args: ["--data-dir", "d"] });
  const numbers = Array.from(
    { length: 300 },
    (_, msg) => kept.post("n0", { type: "send", key: "k", msg }),
  );
  await kept.wait(100);
  assert(numbers.every((each) => kept.answer(each)?.type === "send_ok"));
  assertLess(kept.syncCount("n0"), 150);
});

Deno.test("outdated commits don't stay on the disk for ever", async () => {
  const cluster = await start(2, { args: ["--data-dir", "d"] });
  const offset = await send(cluster, "n0", "k", "a");
  for (let at = 0; at < 200; at++) {
    cluster.post(`n${at % 2}`, { type: "commit_offsets", offsets: { k: at } });
    await cluster.wait(10);
  }
  await cluster.wait(1000);
  const before = await cluster.sizeBytes("n0");
  for (const id of cluster.nodes) {
    await cluster.kill(id);
    await cluster.start(id);
  }
  assertLess(await cluster.sizeBytes("n0"), before / 10);
  await cluster.kill("n0", "n1");
  await cluster.start("n0", "n1");
  await cluster.wait(5000);
  for (const id of cluster.nodes) {
    assertEquals(await poll(cluster, id, "k"), [[offset!, "a"]]);
    const body = { type: "list_committed_offsets", keys: ["k"] };
    assertEquals((await cluster.ask(id, body))?.offsets, { k: 199 });
  }
});

Deno.test("a full disk: what isn't kept is refused, and what was acknowledged stays", async () => {
  const cluster = await start(2, {
    args: ["--data-dir", "d"],
    diskBytes: 3000,
  });
  const sent: [number, unknown][] = [];
  const refused: number[] = [0, 0];
  for (let i = 0; i < 60; i++) {
    const body = { type: "send", key: "k", msg: `m${i}` };
    const answer = await cluster.ask(`n${i % 2}`, body);
    if (answer?.type === "send_ok") {
      sent.push([answer.offset as number, `m${i}`]);
    } else {
      assertEquals(answer?.code, 13);
      refused[i % 2]!++;
    }
    await cluster.wait(50);
  }
  for (const count of refused) assert(count > 0);
  sent.sort(([a], [b]) => a - b);
  await cluster.wait(5000);
  for (let lives = 0; lives < 2; lives++) {
    for (const id of cluster.nodes) {
      assertEquals(await poll(cluster, id, "k"), sent);
    }
    await cluster.kill("n0", "n1");
    await cluster.start("n0", "n1");
    await cluster.wait(5000);
  }
});

Deno.test("the official runs are valid whoever is killed and paused, on disks that lose what wasn't synced", async () => {
  for (const { id, options, args = [] } of runs) {
    if (!id.startsWith("5")) continue;
    const { results, reason } = await judge(kafka, {
      workload: "kafka",
      ...options,
      // Enough: where each log is one value, it takes most of the time.
      rate: 250,
      "time-limit": 12,
      nemesis: "partition,kill,pause",
      "nemesis-interval": 2,
      lazyfs: id === "5a" ? "clear-cache" : "torn-op",
    }, { args: [...args, "--data-dir", "d"] });
    assertEquals(results["valid?"], true, `${id}: ${reason}`);
  }
});
