/**
 * Near and far: every strategy that the README calls right gets there at any
 * latency, within the time that its script states; whatever the network loses,
 * repeats, holds up and cuts; and then it falls silent.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { broadcast } from "../../challenges/broadcast.ts";
import { gCounter } from "../../challenges/g_counter.ts";
import { gSet } from "../../challenges/g_set.ts";
import { kafka } from "../../challenges/kafka.ts";
import { pnCounter } from "../../challenges/pn_counter.ts";
import { txn } from "../../challenges/txn.ts";
import { uniqueIds } from "../../challenges/unique_ids.ts";
import type {
  AnyMessages,
  App,
  OpenBody,
  OutgoingBody,
} from "../../lib/mod.ts";
import type { DiskFault } from "../../lib/workbench/mod.ts";
import { Cluster } from "../cluster.ts";
import { some } from "../some.ts";

/** A strategy, and what it promises. */
interface Subject {
  name: string;
  app: App<AnyMessages>;
  args?: string[];
  /** Returns the i-th client's request. */
  request(i: number): OutgoingBody;
  /**
   * Tells what's wrong with what the nodes show, given what was asked and
   * answered.
   */
  complaint(asked: Asked[], cluster: Cluster): Promise<string | undefined>;
  /**
   * Within how many ms it gets there, at a latency that is never greater, and
   * where nothing is lost.
   */
  withinMs(latencyMs: number): number;
  /** True if it takes a message that was overtaken for a lost one. */
  ordered?: boolean;
  /** A request that nodes refuse until they have heard from each other. */
  early?: OutgoingBody;
  /** Up to which mean latency; 10 s unless it's said. */
  maxLatencyMs?: number;
  /** True if it's right only where nothing is lost. */
  fragile?: boolean;
  /** The needs of one that survives the death of all nodes. */
  durable?: {
    args: string[];
    /**
     * Within how many ms after the last node's start, beyond `withinMs`, all is
     * as it should be, at such a latency.
     */
    withinMs(latencyMs: number): number;
  };
}

/** A request that was made, and its answer. */
interface Asked {
  i: number;
  body: OutgoingBody;
  answer?: OpenBody;
}

const beatMs = 390;

const subjects: Subject[] = [
  ...(["hub", "direct", "flood"] as const).map((strategy): Subject => ({
    name: `broadcast, ${strategy}`,
    app: broadcast,
    args: ["--strategy", strategy],
    request: (message) => ({ type: "broadcast", message }),
    complaint: setComplaint,
    withinMs: (latencyMs) =>
      ({
        hub: 2 * beatMs + 2 * latencyMs,
        direct: latencyMs,
        flood: 4 * latencyMs, // along a line of five
      })[strategy],
    fragile: strategy === "flood",
    durable: strategy === "flood" ? undefined : {
      args: ["--data-dir", "d"],
      withinMs: (latencyMs) =>
        5000 + (strategy === "hub" ? beatMs + 3 * latencyMs : 2 * latencyMs),
    },
  })),
  ...(["totals", "gossip"] as const).map((strategy): Subject => ({
    name: `counter, ${strategy}`,
    app: gCounter,
    args: ["--strategy", strategy],
    request: (i) => ({ type: "add", delta: i % 7 }),
    complaint: counterComplaint,
    withinMs: (latencyMs) =>
      strategy === "totals" ? 10_000 + 16 * latencyMs : 4000 + latencyMs,
    durable: {
      args: ["--data-dir", "d"],
      withinMs: (latencyMs) => strategy === "totals" ? 0 : 5000 + latencyMs,
    },
  })),
  {
    name: "set, in deltas",
    app: gSet,
    request: (element) => ({ type: "add", element }),
    complaint: setComplaint,
    withinMs: (latencyMs) => 4000 + latencyMs,
    durable: {
      args: ["--data-dir", "d"],
      withinMs: (latencyMs) => 9000 + 2 * latencyMs,
    },
  },
  {
    name: "counter that goes up and down, in deltas",
    app: pnCounter,
    request: (i) => ({ type: "add", delta: i % 7 - 3 }),
    complaint: counterComplaint,
    withinMs: (latencyMs) => 4000 + latencyMs,
    durable: {
      args: ["--data-dir", "d"],
      withinMs: (latencyMs) => 9000 + 2 * latencyMs,
    },
  },
  ...["1", "all"].map((acks): Subject => ({
    name: `log, acks ${acks}`,
    app: kafka,
    args: ["--acks", acks],
    request: logRequest,
    complaint: logComplaint,
    early: { type: "poll", offsets: { k0: 0 } },
    withinMs: (latencyMs) => 250 + 2 * latencyMs,
    ordered: true,
  })),
  {
    name: "log, in the store",
    app: kafka,
    args: ["--strategy", "store"],
    request: logRequest,
    complaint: logComplaint,
    withinMs: () => 5000,
    // A poll takes two latencies, a send four and more.
    maxLatencyMs: 400,
  },
  {
    name: "transactions",
    app: txn,
    request: (i) => ({
      type: "txn",
      txn: [["w", i % 3, i], ["w", "a", i], ["w", "b", i]],
    }),
    complaint: async (_asked, cluster) => {
      const reads = [0, 1, 2, "a", "b"].map((key) => ["r", key, null]);
      const shown = (await askAll(cluster, { type: "txn", txn: reads }))
        .map((answer) => JSON.stringify(answer.txn));
      if (new Set(shown).size > 1) return `nodes differ: ${shown}`;
      const [, , , [, , a], [, , b]] = JSON.parse(shown[0]!);
      if (a !== b) return `half of a transaction: ${shown[0]}`;
    },
    withinMs: (latencyMs) => 200 + latencyMs,
  },
  ...["composite", "random", "clock"].map((strategy): Subject => ({
    name: `unique ids, ${strategy}`,
    app: uniqueIds,
    args: ["--strategy", strategy],
    request: () => ({ type: "generate" }),
    complaint: (asked) => {
      const ids = asked.filter(({ answer }) => answer?.type === "generate_ok")
        .map(({ answer }) => answer!.id);
      const twice = ids.length - new Set(ids).size;
      const missing = strategy === "clock" ? 0 : asked.length - ids.length;
      return Promise.resolve(
        twice + missing > 0 ? `${twice} twice, ${missing} missing` : undefined,
      );
    },
    withinMs: (latencyMs) => latencyMs,
  })),
];

/** Tells unless all nodes show the same set, with all that was acknowledged. */
async function setComplaint(asked: Asked[], cluster: Cluster) {
  const all = (await askAll(cluster, { type: "read" }))
    .map(({ messages, value }) => new Set((messages ?? value) as number[]));
  for (const shown of all) {
    const lost = asked.find(({ i, answer }) => answer && !shown.has(i));
    if (lost) return `${lost.i} is lost: ${[...shown]}`;
    if (shown.size !== all[0]!.size) return `${[...shown]} on one node`;
  }
}

/**
 * Tells unless all nodes show the same sum: of all that was acknowledged, and
 * perhaps some of the rest.
 */
async function counterComplaint(asked: Asked[], cluster: Cluster) {
  const [shown = NaN, ...others] = (await askAll(cluster, { type: "read" }))
    .map(({ value }) => value as number);
  if (others.some((other) => other !== shown)) {
    return `nodes differ: ${[shown, ...others]}`;
  }
  const sum = (some: Asked[]) =>
    some.reduce((sum, { body }) => sum + body.delta, 0);
  const definite = sum(asked.filter(({ answer }) => answer));
  const open = asked.filter(({ answer }) => !answer);
  const least = definite + sum(open.filter(({ body }) => body.delta < 0));
  const most = definite + sum(open.filter(({ body }) => body.delta > 0));
  if (shown < least) return `${shown}, and not at least ${least}`;
  if (shown > most) return `${shown}, and not at most ${most}`;
}

function logRequest(i: number): OutgoingBody {
  return i % 4 === 3
    ? { type: "commit_offsets", offsets: { k0: i, k1: 100 - i } }
    : { type: "send", key: `k${i % 2}`, msg: i };
}

/**
 * Tells unless what was sent is there, once, in order, and at the offset that
 * was told.
 */
async function logComplaint(asked: Asked[], cluster: Cluster) {
  const polls = await askAll(cluster, {
    type: "poll",
    offsets: { k0: 0, k1: 0 },
  });
  const [first] = some(polls.map((answer) => JSON.stringify(answer.msgs)));
  for (const answer of polls) {
    if (JSON.stringify(answer.msgs) !== first) {
      return `nodes differ: ${JSON.stringify(polls)}`;
    }
  }
  const logs = JSON.parse(first) as { [key: string]: [number, number][] };
  for (const log of Object.values(logs)) {
    const offsets = log.map(([offset]) => offset);
    const messages = log.map(([, message]) => message);
    if (new Set(messages).size < messages.length) return `twice: ${messages}`;
    if (offsets.some((each, i) => each <= offsets[i - 1]!)) return `${offsets}`;
  }
  let committed = { k0: -1, k1: -1 };
  for (const { i, body, answer } of asked) {
    if (body.type === "commit_offsets") {
      if (answer?.type !== "commit_offsets_ok") continue;
      committed = {
        k0: Math.max(committed.k0, body.offsets.k0),
        k1: Math.max(committed.k1, body.offsets.k1),
      };
    } else if (answer?.type === "send_ok") {
      const found = logs[body.key]!.some(([offset, message]) =>
        offset === answer.offset && message === i
      );
      if (!found) return `${i} isn't at ${answer.offset}: ${first}`;
    }
  }
  const keys = ["k0", "k1"];
  for (
    const answer of await askAll(cluster, {
      type: "list_committed_offsets",
      keys,
    })
  ) {
    const { k0 = -1, k1 = -1 } = answer.offsets as Partial<typeof committed>;
    if (k0 < committed.k0 || k1 < committed.k1) {
      return `${JSON.stringify(answer)} instead of ${
        JSON.stringify(committed)
      }`;
    }
  }
}

/** Asks all nodes at the same time, again where the answer is an error. */
async function askAll(
  cluster: Cluster,
  body: OutgoingBody,
): Promise<OpenBody[]> {
  const open = new Map(cluster.nodes.map((id) => [id, cluster.post(id, body)]));
  const answers: OpenBody[] = [];
  for (let waits = 0; waits < 1000; waits++) {
    await cluster.wait(waits < 100 ? 10 : 1000);
    for (const [id, number] of open) {
      const answer = cluster.answer(number);
      if (answer === undefined) continue;
      if (answer.type === "error") open.set(id, cluster.post(id, body));
      else {
        answers.push(answer);
        open.delete(id);
      }
    }
    if (open.size === 0) return answers;
  }
  throw new Error(`no answer to ${body.type}`);
}

/** The clients' steps: one request after the other, at nodes as they come. */
const steps = fc.array(
  fc.record({ node: fc.nat(9), waitMs: fc.nat(700) }),
  { minLength: 3, maxLength: 20 },
);

const latencyMs = fc.oneof(
  fc.constantFrom(0, 1, 100, 250, 300, 500, 1000, 3000, 10_000),
  fc.nat(10_000),
);

/** A run of a cluster, from the first request on. */
interface Run {
  seed: number;
  nodes: number;
  latencyMs: number;
  latencyDist: string;
  steps: { node: number; waitMs: number }[];
  /** The nodes that die, or freeze, and for how many steps. */
  strikes?: { kind: "kill" | "pause"; node: number; at: number; for: number }[];
  cuts?: boolean;
  pLoss?: number;
  pDuplicate?: number;
  pReorder?: number;
  lazyfs?: DiskFault[];
}

async function play(subject: Subject, run: Run) {
  const { seed, nodes, latencyDist, steps, cuts, strikes, ...faults } = run;
  const latencyMs = Math.min(run.latencyMs, subject.maxLatencyMs ?? Infinity);
  const cluster = await Cluster.start(nodes, subject.app, {
    ...faults,
    seed,
    args: [
      ...subject.args ?? [],
      ...strikes ? subject.durable?.args ?? [] : [],
    ],
    latencyMs,
    latencyDist: latencyDist as "constant",
  });
  const topology = Object.fromEntries(
    cluster.nodes.map((id, i) => [
      id,
      [cluster.nodes[i - 1], cluster.nodes[i + 1]].filter(Boolean),
    ]),
  );
  for (const id of cluster.nodes) {
    cluster.post(id, { type: "topology", topology });
  }
  await cluster.wait(1);
  if (subject.early) await askAll(cluster, subject.early);
  const asked: Asked[] = [];
  const numbers: number[] = [];
  for (const [i, { node, waitMs }] of steps.entries()) {
    if (cuts && i === 2) cluster.cut(["n0"], cluster.nodes.slice(1));
    if (cuts && i === 12) cluster.network.heal();
    for (const strike of strikes ?? []) await strikeAt(i, strike, cluster);
    const body = subject.request(i);
    asked.push({ i, body });
    numbers.push(cluster.post(cluster.nodes[node % nodes]!, body));
    await cluster.wait(waitMs);
  }
  cluster.network.heal();
  cluster.resume(...cluster.nodes);
  await cluster.start(...cluster.dead);
  const complaint = () => {
    for (const [i, number] of numbers.entries()) {
      asked[i]!.answer = cluster.answer(number);
    }
    return subject.complaint(asked, cluster);
  };
  return { cluster, complaint, latencyMs };
}

async function strikeAt(
  step: number,
  strike: NonNullable<Run["strikes"]>[number],
  cluster: Cluster,
): Promise<void> {
  const id = cluster.nodes[strike.node % cluster.nodes.length]!;
  if (step === strike.at) {
    if (strike.kind === "kill") await cluster.kill(id);
    else cluster.pause(id);
  } else if (step === strike.at + strike.for) {
    if (cluster.dead.includes(id)) await cluster.start(id);
    else cluster.resume(id);
  }
}

/** Lets time go by until nothing is sent for as long as something could be. */
async function silence(cluster: Cluster, latencyMs: number) {
  for (let times = 0; times < 100; times++) {
    const { messages } = cluster;
    await cluster.wait(30_000 + 20 * latencyMs);
    if (cluster.messages === messages) return;
  }
  throw new Error(`it goes on and on: ${cluster.messages} messages`);
}

/** Plays a run; once all is silent, everything must be there. */
async function endsRight(...played: Parameters<typeof play>): Promise<void> {
  const { cluster, complaint, latencyMs } = await play(...played);
  await silence(cluster, latencyMs);
  assertEquals(await complaint(), undefined);
  assertEquals(cluster.errors, []);
}

/** All that a network may do. */
const weather = {
  pLoss: fc.constantFrom(0, 0.1, 0.3),
  pDuplicate: fc.constantFrom(0, 0.2),
  pReorder: fc.constantFrom(0, 0.3),
  cuts: fc.boolean(),
};

const numRuns = Number(Deno.env.get("RUNS") ?? 7);

for (const subject of subjects) {
  Deno.test(`${subject.name}: gets there at any latency in the time that it states, and falls silent`, async () => {
    const runs = fc.record({
      seed: fc.nat(1e6),
      nodes: fc.integer({ min: 1, max: 5 }),
      latencyMs,
      latencyDist: fc.constantFrom("constant", "uniform"),
      steps,
    });
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const { cluster, complaint, latencyMs } = await play(subject, run);
        const varies = run.latencyDist === "uniform";
        const maxMs = (varies ? 2 : 1) * latencyMs;
        const repairMs = varies && subject.ordered ? 2000 + 2 * maxMs : 0;
        // A request waits as well until its node takes it in, behind a message
        // that is on its way.
        await cluster.wait(maxMs + subject.withinMs(maxMs) + repairMs + 50);
        assertEquals(await complaint(), undefined);
        await silence(cluster, maxMs);
        assertEquals(await complaint(), undefined);
        assertEquals(cluster.errors, []);
      }),
      { seed: 1, numRuns },
    );
  });

  if (subject.fragile) continue;

  Deno.test(`${subject.name}: gets there whatever the network does, and falls silent`, async () => {
    const runs = fc.record({
      seed: fc.nat(1e6),
      nodes: fc.integer({ min: 2, max: 5 }),
      latencyMs,
      latencyDist: fc.constantFrom("constant", "uniform", "exponential"),
      ...weather,
      steps,
    });
    await fc.assert(
      fc.asyncProperty(runs, (run) => endsRight(subject, run)),
      { seed: 1, numRuns },
    );
  });

  const { durable } = subject;
  if (durable === undefined) continue;

  const strikes = fc.array(
    fc.record({
      kind: fc.constantFrom("kill" as const, "pause" as const),
      node: fc.nat(4),
      at: fc.nat(15),
      for: fc.integer({ min: 1, max: 10 }),
    }),
    { minLength: 1, maxLength: 8 },
  );

  Deno.test(`${subject.name}: whoever dies or freezes, what was acknowledged is there in the time that it states`, async () => {
    const runs = fc.record({
      seed: fc.nat(1e6),
      nodes: fc.integer({ min: 1, max: 5 }),
      latencyMs: fc.constantFrom(0, 10, 100, 1000),
      latencyDist: fc.constant("constant"),
      lazyfs: fc.subarray(["clear-cache", "torn-op"] as const),
      strikes,
      steps,
    });
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const { cluster, complaint, latencyMs } = await play(subject, run);
        await cluster.wait(
          latencyMs + subject.withinMs(latencyMs) + durable.withinMs(latencyMs),
        );
        assertEquals(await complaint(), undefined);
        await silence(cluster, latencyMs);
        assertEquals(await complaint(), undefined);
        assertEquals(cluster.errors, []);
      }),
      { seed: 1, numRuns },
    );
  });

  Deno.test(`${subject.name}: whoever dies or freezes, whatever the network does, what was acknowledged is there`, async () => {
    const runs = fc.record({
      seed: fc.nat(1e6),
      nodes: fc.integer({ min: 2, max: 5 }),
      latencyMs,
      latencyDist: fc.constantFrom("constant", "uniform", "exponential"),
      lazyfs: fc.subarray(["clear-cache", "torn-op"] as const),
      ...weather,
      strikes,
      steps,
    });
    await fc.assert(
      fc.asyncProperty(runs, (run) => endsRight(subject, run)),
      { seed: 1, numRuns },
    );
  });
}
