/** Raft: what is promised whoever dies, and how soon there's a leader. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
} from "@std/assert";
import { linKV } from "../../challenges/lin_kv.ts";
import { runs } from "../../challenges/runs.ts";
import type {
  App,
  LinKVMessages,
  OpenBody,
  OutgoingBody,
} from "../../lib/mod.ts";
import {
  type Effect,
  judge,
  type Options,
  type Schedule,
} from "../../lib/workbench/mod.ts";
import { Random } from "../../lib/workbench/sim/random.ts";
import { Cluster, type ClusterOptions } from "../cluster.ts";
import { seedsOf } from "../seeds.ts";
import { longestOutage } from "./outages.ts";
import { violation } from "./raft.ts";

const { options, workload } = runs.find(({ id }) => id === "9")!;
const { nemesis: _, ...calm } = options;

const disk = ["--data-dir", "d"];

/** The longest that a node waits for a leader until it stands, in ms. */
const electionMs = 600;

async function judged(seed: number, asked: Partial<Options>, args?: string[]) {
  return await judge(linKV, { workload, ...calm, ...asked, seed }, { args });
}

async function isLinearizable(...asked: Parameters<typeof judged>) {
  const { results, reason } = await judged(...asked);
  assertEquals(results["valid?"], true, reason);
  return results;
}

Deno.test("9 is linearizable under partitions, at less than 4 messages per operation", async () => {
  for (const seed of seedsOf(1)) {
    const { net } = await isLinearizable(seed, options);
    assertLess(net.servers["msgs-per-op"]!, 4);
  }
});

const short = { "time-limit": 6, "nemesis-interval": 1 };
const all = { ...short, nemesis: "partition,kill,pause" };
const weather = { "p-loss": 0.05, "p-duplicate": 0.1, "p-reorder": 0.1 };

for (const nodes of [1, 2, 3, 5, 7]) {
  Deno.test(`${nodes} nodes: linearizable whoever is cut off, dies and freezes, with a disk and without`, async () => {
    for (const seed of seedsOf(1)) {
      await isLinearizable(seed, { ...all, "node-count": nodes }, disk);
      const mild = { ...short, nemesis: "pause", "node-count": nodes };
      await isLinearizable(seed, mild);
    }
  });
}

for (
  const [what, asked, args] of [
    ["loss, repetition and disorder", { ...all, ...weather }, disk],
    ["slow links, cuts one way, and clocks that jump", {
      ...short,
      nemesis: "asymmetric-partition,packet,clock",
    }, disk],
    ["disks that lose what isn't synced", {
      ...{ ...short, nemesis: "kill", lazyfs: "clear-cache,torn-op" },
    }, disk],
    ["messages that overtake each other", {
      ...{ latency: 50, "latency-dist": "exponential", "time-limit": 10 },
    }, []],
    ["a second to each node", { latency: 1000, "time-limit": 30 }, []],
    ["a third of all messages lost", { ...short, "p-loss": 0.3 }, []],
  ] as [string, Partial<Options>, string[]][]
) {
  Deno.test(`${what}: linearizable, and it goes on`, async () => {
    for (const seed of seedsOf(1)) {
      const { stats } = await isLinearizable(seed, asked, args);
      assert(stats["ok-count"] > 20);
    }
  });
}

for (const nodes of [3, 5, 7]) {
  for (const args of [disk, []]) {
    const place = args.length > 0 ? "with" : "without";
    Deno.test(`${nodes} nodes ${place} a disk: whatever happens, a connected majority makes a change within three elections`, async () => {
      for (const seed of seedsOf(2)) {
        const asked = { ...all, "node-count": nodes, "time-limit": 10 };
        const judgement = await judged(seed, asked, args);
        assert(judgement.anomaly !== "nonlinearizable", judgement.reason);
        const outage = longestOutage(judgement, args.length === 0);
        assertLess(outage?.ms ?? 0, 3 * electionMs, JSON.stringify(outage));
      }
    });
  }
}

/** Ten seconds of requests to three nodes. */
const writes = Array.from({ length: 50 }, (_, i) => (
  { atMs: 200 * i, client: i % 6, f: "write", value: [0, i] }
));

Deno.test("an outage is found where a majority is connected and nobody answers, and nowhere else", async () => {
  const deaf: App<LinKVMessages> = (node) => {
    for (const type of ["read", "write", "cas"] as const) {
      node.on(type, () => {});
    }
  };
  const fault = { fromMs: 2000, toMs: 5000 };
  const cut = { kind: "partition", cuts: { n0: ["n1", "n2"], n1: ["n2"] } };
  const kill = { kind: "kill", nodes: ["n0", "n1"] };
  const pause = { kind: "pause", nodes: ["n2"] };
  for (
    const [effect, forgets, fromMs, ms] of [
      [cut, false, 5000, 5000],
      [kill, false, 5000, 5000],
      [kill, true, 0, 2000],
      [pause, false, 0, 10_000],
    ] as [Effect, boolean, number, number][]
  ) {
    const judgement = await judge(deaf, {
      ...{ workload, concurrency: "2n", "node-count": 3, "time-limit": 10 },
      nemesis: effect.kind,
    }, { schedule: { ops: writes, faults: [{ ...fault, ...effect }] } });
    const outage = longestOutage(judgement, forgets)!;
    assertAlmostEquals(outage.fromMs, fromMs, 400);
    assertAlmostEquals(outage.ms, ms, 1000);
  }
});

for (const nodes of [3, 5]) {
  for (const args of [disk, []]) {
    const place = args.length > 0 ? "with" : "without";
    Deno.test(`${nodes} nodes ${place} a disk: one leader a term, one log that is committed, and nothing acknowledged is lost`, async () => {
      for (const seed of seedsOf(1)) {
        assertEquals(await violation(linKV, { seed, nodes, args }), undefined);
      }
    });
  }
}

Deno.test("local reads, the naive answer, are stale", async () => {
  const { results, reason } = await judged(1, {}, ["--reads", "local"]);
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /isn't linearizable/);
});

/** Cuts off the leader; the clocks of the others may jump, so that they vote. */
function deposition(jumpMs?: number): Schedule {
  const [first, ...rest] = ["n0", "n1", "n2"] as const;
  const cuts = { [first]: [...rest], n1: [first], n2: [first] };
  const change = { jumpMs: jumpMs ?? 0, rate: 1 };
  const write = (atMs: number, client: number) => ({
    ...{ atMs, client, f: "write", value: [0, client] },
  });
  const writes = [1, 2, 4, 5].map((client) =>
    write(1030 + 10 * client, client)
  );
  const reads = Array.from({ length: 20 }, (_, i) => (
    { atMs: 1040 + 10 * i, client: 0, f: "read", value: [0, null] }
  ));
  const ops = [write(500, 3), ...writes, ...reads];
  return {
    ops: ops.toSorted((a, b) => a.atMs - b.atMs),
    faults: [
      { kind: "partition", cuts, fromMs: 1000, toMs: 1500 },
      {
        ...{ kind: "clock", nodes: [...rest], fromMs: 1020 },
        changes: { n1: change, n2: change },
      },
    ],
  };
}

for (
  const [reads, jumpMs, anomaly] of [
    ["lease", undefined, undefined],
    ["lease", 1000, "nonlinearizable"],
    ["index", 1000, undefined],
  ] as const
) {
  const clocks = jumpMs === undefined ? "go on" : "jump";
  Deno.test(`reads by ${reads} are ${anomaly ?? "linearizable"} when clocks ${clocks}`, async () => {
    const found = new Set<string | undefined>();
    for (let seed = 1; seed <= 5; seed++) {
      const judgement = await judge(linKV, {
        ...{ workload, concurrency: "2n", "node-count": 3, "time-limit": 2 },
        ...{ nemesis: "partition,clock", seed },
      }, { args: ["--reads", reads], schedule: deposition(jumpMs) });
      found.add(judgement.anomaly);
    }
    assert(found.has(anomaly));
    assert(anomaly !== undefined || found.size === 1);
  });
}

/** A cluster of Raft, and what clients do. */
class Store {
  #lastMs = 0;

  private constructor(readonly cluster: Cluster) {}

  static async start(count: number, settings: ClusterOptions = {}) {
    const store = new Store(await Cluster.start(count, linKV, settings));
    await store.cluster.wait(2 * electionMs);
    return store;
  }

  get nodes() {
    return this.cluster.nodes;
  }

  /** The node that led last. */
  get leader(): string {
    const { journal } = this.cluster.network;
    return journal.findLast(({ line }) => line.includes('"AppendEntries"'))!
      .src;
  }

  others(...ids: string[]): string[] {
    return this.nodes.filter((id) => !ids.includes(id));
  }

  isolate(...ids: string[]) {
    this.cluster.cut(ids, this.others(...ids));
  }

  ask(id: string, type: string, body: object): Promise<OpenBody | undefined> {
    return this.cluster.ask(id, { type, ...body } as OutgoingBody, 2000);
  }

  write(id: string, key: number, value: number) {
    return this.ask(id, "write", { key, value });
  }

  /** The value of a key at a node; an error's code where there's none. */
  async read(id: string, key: number): Promise<unknown> {
    const answer = await this.ask(id, "read", { key });
    return answer?.value ?? `error ${answer?.code}`;
  }

  /** Writes at nodes in turn until one succeeds; returns how long it took. */
  async untilWritten(ids: string[], mostMs = 20_000): Promise<number> {
    const open: number[] = [];
    const { cluster } = this;
    for (let ms = 0; ms < mostMs; ms += 10) {
      const id = ids[ms / 10 % ids.length]!;
      const value = ++this.#lastMs;
      open.push(cluster.post(id, { type: "write", key: -1, value }));
      await cluster.wait(10);
      if (open.some((each) => cluster.answer(each)?.type === "write_ok")) {
        return ms;
      }
    }
    throw new Error(`nothing was written in ${mostMs} ms`);
  }

  /** Kills nodes, and starts them again. */
  async restart(...ids: string[]) {
    await this.cluster.kill(...ids);
    await this.cluster.start(...ids);
  }
}

Deno.test("write, read and cas, at any node, and their errors", async () => {
  for (const count of [1, 2, 5]) {
    const store = await Store.start(count);
    const [first, last] = [store.nodes[0]!, store.nodes.at(-1)!];
    assertEquals(await store.read(last, 1), "error 20");
    const cas = (from: number, to: number) =>
      store.ask(last, "cas", { key: 1, from, to });
    assertEquals((await cas(1, 2))?.code, 20);
    assertEquals((await store.write(first, 1, 5))?.type, "write_ok");
    assertEquals((await cas(4, 6))?.code, 22);
    assertEquals((await cas(5, 6))?.type, "cas_ok");
    for (const id of store.nodes) assertEquals(await store.read(id, 1), 6);
    assertEquals(store.cluster.errors, []);
  }
});

Deno.test("what isn't a key or a value is refused, and changes nothing", async () => {
  const store = await Store.start(3);
  await store.write("n0", 1, 5);
  for (const strange of [undefined, null, {}, [1], true]) {
    for (
      const [type, body] of [
        ["read", { key: strange }],
        ["write", { key: 1, value: strange }],
        ["write", { key: strange, value: 1 }],
        ["cas", { key: 1, from: 5, to: strange }],
        ["cas", { key: 1, from: strange, to: 6 }],
      ] as const
    ) {
      assertEquals((await store.ask("n1", type, body))?.code, 12);
    }
  }
  assertEquals(await store.read("n2", 1), 5);
});

for (const count of [3, 5, 7]) {
  Deno.test(`${count} nodes: when the leader dies or is cut off, another one writes within two elections`, async () => {
    for (const seed of seedsOf(4)) {
      const store = await Store.start(count, { seed, args: disk });
      const { leader } = store;
      if (seed % 2) await store.cluster.kill(leader);
      else store.isolate(leader);
      const ms = await store.untilWritten(store.others(leader));
      assertLess(ms, 2 * electionMs, `seed ${seed}`);
    }
  });
}

Deno.test("who hasn't heard from its leader for a moment doesn't give up what the leader has been asked", async () => {
  const refusals = ["key-does-not-exist", "precondition-failed"];
  let [asked, unanswered] = [0, 0];
  for (const seed of seedsOf(3)) {
    const late: Partial<Options> = { latency: 200, rate: 10, seed };
    const { history } = await judged(seed, {
      ...late,
      "latency-dist": "exponential",
    });
    for (const { type, error } of history) {
      if (type === "invoke") asked++;
      else if (type !== "ok" && !refusals.includes(error![0]!)) unanswered++;
    }
  }
  assertLess(unanswered / asked, 0.05);
});

Deno.test("while a majority is connected, there's never more than a few elections without a write", async () => {
  for (const seed of seedsOf(3)) {
    const random = new Random(`${seed}`);
    const store = await Store.start(5, { seed, args: disk, latencyMs: 1 });
    const { cluster, nodes } = store;
    for (let i = 0; i < 12; i++) {
      // Also from one minority to another: who was cut off is behind.
      const gone = random.shuffle(nodes).slice(0, 1 + random.integer(2));
      const what = random.integer(3);
      if (what === 0) store.isolate(...gone);
      else if (what === 1) cluster.pause(...gone);
      else await cluster.kill(...gone);
      const ms = await store.untilWritten(store.others(...gone));
      assertLess(ms, 3 * electionMs, `seed ${seed}: ${what}, ${gone}`);
      await cluster.wait(random.integer(2000));
      cluster.network.heal();
      cluster.resume(...gone);
      if (what === 2) await cluster.start(...gone);
      // Neither does their return cost an election.
      const backMs = await store.untilWritten(nodes);
      assertLess(backMs, 3 * electionMs, `seed ${seed}: ${gone} back`);
    }
  }
});

Deno.test("who comes back after a partition disturbs nobody: its term is the others'", async () => {
  const store = await Store.start(5);
  const { leader, cluster } = store;
  const [lonely] = store.others(leader);
  store.isolate(lonely!);
  await cluster.wait(20_000);
  cluster.network.heal();
  for (let i = 0; i < 50; i++) await store.untilWritten(store.nodes, 100);
  assertEquals(store.leader, leader);
});

Deno.test("a leader that is heard, and hears nobody, makes room", async () => {
  const store = await Store.start(3);
  const { leader } = store;
  const others = store.others(leader);
  for (const id of others) store.cluster.network.drop(id, leader);
  const ms = await store.untilWritten(others);
  assertLess(ms, 4 * electionMs);
});

Deno.test("a minority neither writes nor reads: it says so, for certain", async () => {
  const store = await Store.start(5);
  await store.write("n0", 1, 5);
  const few = store.others(store.leader).slice(0, 2);
  store.isolate(...few);
  await store.cluster.wait(2 * electionMs);
  for (const id of few) {
    assertEquals((await store.write(id, 1, 6))?.code, 11);
    assertEquals(await store.read(id, 1), "error 11");
  }
  store.cluster.network.heal();
  await store.cluster.wait(2 * electionMs);
  for (const id of store.nodes) assertEquals(await store.read(id, 1), 5);
});

Deno.test("a change whose leader is lost is left open, and not said to have failed", async () => {
  const store = await Store.start(5);
  const { leader, cluster } = store;
  const [asked] = store.others(leader);
  store.isolate(leader);
  const number = cluster.post(asked!, { type: "write", key: 1, value: 6 });
  await cluster.wait(20_000);
  const { type, code } = cluster.answer(number)!;
  assertEquals([type, code], ["error", 13]);
});

Deno.test("messages that come twice and late change nothing twice", async () => {
  for (const seed of seedsOf(1)) {
    const store = await Store.start(5, {
      ...{ seed, latencyMs: 10, latencyDist: "exponential" },
      ...{ pDuplicate: 0.5, pReorder: 0.3 },
    });
    await store.write("n0", 1, 0);
    for (let i = 0; i < 40; i++) {
      const id = store.nodes[i % 5]!;
      const done = await store.ask(id, "cas", { key: 1, from: i, to: i + 1 });
      assertEquals(done?.type, "cas_ok");
      // A copy of an earlier one must not find its value again.
      await store.write(id, 1, i);
      await store.write(id, 1, i + 1);
    }
    assertEquals(await store.read("n3", 1), 40);
  }
});

Deno.test("with a disk, all die at once, again and again, and everything is there", async () => {
  const store = await Store.start(3, {
    args: disk,
    lazyfs: ["clear-cache", "torn-op"],
  });
  for (let i = 0; i < 12; i++) {
    await store.untilWritten(store.nodes);
    assertEquals((await store.write("n0", i, i))?.type, "write_ok");
    await store.restart(...store.nodes);
    await store.untilWritten(store.nodes);
    for (let k = 0; k <= i; k++) assertEquals(await store.read("n1", k), k);
  }
});

Deno.test("with a disk, who has just begun and dies knows that it may vote", async () => {
  const { results, reason } = await judge(linKV, {
    ...{ workload, concurrency: "2n", "node-count": 3, "time-limit": 10 },
    nemesis: "partition,kill",
  }, {
    args: disk,
    schedule: {
      ops: writes,
      faults: [
        { kind: "kill", nodes: ["n0", "n1", "n2"], fromMs: 0, toMs: 1000 },
        { kind: "partition", cuts: { n0: ["n1", "n2"] }, fromMs: 0 },
      ],
    },
  });
  assertEquals(results["valid?"], true, reason);
});

/** Writes in bulk, without waiting for each. */
async function writeMany(store: Store, count: number, id: string) {
  for (let i = 0; i < count; i++) {
    store.cluster.post(id, { type: "write", key: i % 10, value: i });
    if (i % 50 === 0) await store.cluster.wait(30);
  }
  await store.cluster.wait(500);
}

Deno.test("neither log nor disk grow with the number of changes; who was away gets a snapshot", async () => {
  for (const args of [disk, []]) {
    const store = await Store.start(3, { args });
    const { leader, cluster } = store;
    const [away, here] = store.others(leader);
    await cluster.kill(away!);
    await writeMany(store, 2500, here!);
    const sizes = await Promise.all(
      store.nodes.map((id) => cluster.sizeBytes(id)),
    );
    assertLess(Math.max(...sizes), 150_000);
    await cluster.start(away!);
    await cluster.wait(2000);
    const got = cluster.network.journal.filter(({ line, dest }) =>
      dest === away && line.includes('"snapshot":')
    );
    assert(got.length > 0);
    // It leads, if need be: with the snapshot.
    await store.restart(here!);
    await cluster.wait(2000);
    await cluster.kill(leader);
    await store.untilWritten([away!, here!]);
    for (let key = 1; key < 10; key++) {
      assertEquals(await store.read(away!, key), 2490 + key);
    }
    assertEquals(cluster.errors, []);
  }
});

Deno.test("without a disk, all die one after the other, and nothing is lost: each new life is let in", async () => {
  for (const seed of seedsOf(2)) {
    const store = await Store.start(5, { seed });
    await store.write("n0", 1, 5);
    for (let round = 0; round < 2; round++) {
      for (const id of store.nodes) {
        await store.restart(id);
        await store.untilWritten(store.nodes);
        await store.cluster.wait(1000);
      }
    }
    for (const id of store.nodes) assertEquals(await store.read(id, 1), 5);
    // They count: two of them may be missing.
    store.isolate("n0", "n1");
    await store.untilWritten(["n2", "n3", "n4"]);
  }
});

Deno.test("without a disk, who has forgotten doesn't vote: no majority without one who knows", async () => {
  for (const seed of seedsOf(2)) {
    const store = await Store.start(3, { seed });
    const { leader, cluster } = store;
    const [behind, forgetful] = store.others(leader) as [string, string];
    store.isolate(behind);
    assertEquals((await store.write(leader, 1, 5))?.type, "write_ok");
    // The leader and this one have it. One forgets, the other is cut off.
    await cluster.kill(forgetful);
    cluster.network.heal();
    store.isolate(leader);
    await cluster.start(forgetful);
    await cluster.wait(20_000);
    for (const id of [behind, forgetful]) {
      assertEquals(await store.read(id, 1), "error 11");
    }
    cluster.network.heal();
    await cluster.wait(5000);
    for (const id of store.nodes) assertEquals(await store.read(id, 1), 5);
  }
});

Deno.test("without a disk, what a majority has forgotten is lost, and nobody answers", async () => {
  const store = await Store.start(5);
  await store.write("n0", 1, 5);
  await store.restart("n0", "n1", "n2");
  await store.cluster.wait(20_000);
  for (const id of store.nodes) {
    assertEquals(await store.read(id, 1), "error 11");
  }
});

Deno.test("who cuts off each leader when it's elected keeps all from agreeing, and no longer", async () => {
  const store = await Store.start(5, { latencyMs: 20 });
  const { cluster } = store;
  assertEquals((await store.write("n0", 1, 1))?.type, "write_ok");
  const asked: number[] = [];
  let victim = store.leader;
  store.isolate(victim);
  for (let i = 0; i < 6000; i++) { // half a minute
    if (i % 20 === 0) {
      const id = store.nodes[i / 20 % 5]!;
      asked.push(cluster.post(id, { type: "write", key: 2, value: i }));
    }
    await cluster.wait(5);
    if (store.leader === victim) continue;
    victim = store.leader;
    cluster.network.heal();
    store.isolate(victim);
  }
  const terms = cluster.network.journal
    .filter(({ line }) => line.includes('"AppendEntries"'))
    .map(({ line }) => JSON.parse(line).body.term as number);
  assert(new Set(terms).size > 10);
  assert(asked.every((each) => cluster.answer(each)?.type !== "write_ok"));
  cluster.network.heal();
  assertLess(await store.untilWritten(store.nodes), 2 * electionMs);
  assertEquals(await store.read("n3", 1), 1);
});

Deno.test("where nobody asks, only heartbeats are sent", async () => {
  const store = await Store.start(5);
  const { messages } = store.cluster;
  await store.cluster.wait(10_000);
  const perSecond = (store.cluster.messages - messages) / 10;
  assertLess(perSecond, 4 * 2 * 10 + 1);
});
