/** Broadcast on large clusters: epidemics, trees out of gossip, partial views. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertLessOrEqual,
} from "@std/assert";
import { gossip } from "../../challenges/gossip.ts";
import {
  judge,
  type Judgement,
  type Options,
  type Schedule,
} from "../../lib/workbench/mod.ts";
import type { SetFullFindings } from "../../lib/workbench/checkers/set_full.ts";
import { msInNs, secondInNs } from "../../lib/workbench/sim/clock.ts";
import { seedsOf } from "../seeds.ts";

type Strategy = "plumtree" | "push-pull";

const strategies: Strategy[] = ["plumtree", "push-pull"];

function judged(
  strategy: Strategy,
  options: Partial<Options> = {},
  schedule?: Schedule,
): Promise<Judgement> {
  return judge(gossip, {
    workload: "broadcast",
    "node-count": 25,
    "time-limit": 10,
    rate: 20,
    latency: 100,
    ...options,
  }, { args: ["--strategy", strategy], ...schedule && { schedule } });
}

/** The messages between nodes in some seconds of a run. */
function messagesIn({ journal, startNs }: Judgement, [from, to]: number[]) {
  const secondsOf = (ns: number) => (ns - startNs) / secondInNs;
  return journal
    .filter(({ src, dest }) => src.startsWith("n") && dest.startsWith("n"))
    .filter(({ sentNs }) =>
      from! <= secondsOf(sentNs) && secondsOf(sentNs) < to!
    )
    .map(({ src, dest, line }) => ({ src, dest, body: JSON.parse(line).body }));
}

for (const strategy of strategies) {
  for (
    const [what, faults] of Object.entries({
      "partitions and lost messages": { nemesis: "partition", "p-loss": 0.05 },
      "messages that come twice, and late": {
        "p-duplicate": 0.1,
        "p-reorder": 0.1,
      },
      "pauses": { nemesis: "pause", "nemesis-interval": 3 },
    })
  ) {
    Deno.test(`${strategy}: no value is lost, for all ${what}`, async () => {
      for (const seed of seedsOf(1)) {
        const { results, reason } = await judged(strategy, { ...faults, seed });
        assertEquals(results["valid?"], true, reason);
      }
    });
  }

  Deno.test(`${strategy}: with a disk, nothing is lost when all die`, async () => {
    const kill = { "node-count": 7, nemesis: "kill", "nemesis-interval": 2 };
    const { results, reason } = await judge(gossip, {
      workload: "broadcast",
      ...{ ...kill, "time-limit": 10, rate: 20, latency: 100 },
    }, { args: ["--strategy", strategy, "--data-dir", "d"] });
    assertEquals(results["valid?"], true, reason);
  });

  Deno.test(`${strategy}: one node is a cluster, too, and so are two`, async () => {
    for (const count of [1, 2]) {
      const options = { "node-count": count, "time-limit": 3 };
      const { results, reason } = await judged(strategy, options);
      assertEquals(results["valid?"], true, reason);
    }
  });

  Deno.test(`${strategy}: a node's work doesn't grow with the number of nodes`, async () => {
    const each: number[] = [];
    for (const count of [20, 80]) {
      const run = await judged(strategy, { "node-count": count });
      each.push(messagesIn(run, [5, 10]).length / count);
    }
    assertAlmostEquals(each[1]! / each[0]!, 1, 0.25);
  });
}

Deno.test("what is left of the eager links is a tree: hardly any value comes twice", async () => {
  const run = await judged("plumtree", { "node-count": 50 });
  const toldMs = new Map(
    run.history.filter(({ f, type }) => f === "broadcast" && type === "invoke")
      .map(({ value, time }) => [value, time / msInNs]),
  );
  const copies = messagesIn(run, [6, 15])
    .filter(({ body }) => body.type === "gossip")
    .flatMap(({ body }) => body.values as number[])
    .filter((value) => toldMs.get(value)! > 6000);
  const values = new Set(copies);
  assertLess(20, values.size);
  assertLess(copies.length / values.size, 1.1 * 49);
});

Deno.test("views are small, in both directions, and join all nodes", async () => {
  const run = await judged("plumtree", { "node-count": 50, rate: 1 });
  const links = new Map<string, Set<string>>();
  for (const { src, dest, body } of messagesIn(run, [18, 19])) {
    if (body.type !== "ihave") continue;
    links.set(src, (links.get(src) ?? new Set()).add(dest));
  }
  assertEquals(links.size, 50);
  for (const [node, neighbours] of links) {
    assertLessOrEqual(neighbours.size, 5);
    for (const each of neighbours) assert(links.get(each)!.has(node));
  }
  const reached = new Set(["n0"]);
  for (const node of reached) links.get(node)!.forEach((id) => reached.add(id));
  assertEquals(reached.size, 50);
});

Deno.test("rounds cost the same for any number of values", async () => {
  const messages: number[] = [];
  for (const rate of [50, 200]) {
    const run = await judged("push-pull", { rate });
    messages.push(messagesIn(run, [3, 9]).length);
  }
  assertAlmostEquals(messages[1]! / messages[0]!, 1, 0.05);
});

for (const strategy of strategies) {
  Deno.test(`${strategy}: a tenth of all nodes die at once, and what is told after that reaches the others as before`, async () => {
    const count = 50;
    const dead = Array.from({ length: count / 10 }, (_, i) => `n${10 * i}`);
    const deathMs = 4000;
    const ops = Array.from({ length: 200 }, (_, i) => ({
      atMs: 1000 + 50 * i,
      client: (7 * i) % count,
      ...i % 2 === 0
        ? { f: "broadcast", value: i }
        : { f: "read", value: null },
    })).filter(({ client }) => client % 10 !== 0);
    const { results, history, reason } = await judged(strategy, {
      "node-count": count,
      concurrency: "1n",
    }, {
      ops,
      faults: [{ kind: "kill", nodes: dead, fromMs: deathMs }],
    });
    assertEquals(results["valid?"], true, reason);
    const { "worst-stale": worst } = results.workload as SetFullFindings;
    const late = worst.filter(({ "known-index": known }) =>
      history[known]!.time > (deathMs + 4000) * msInNs
    );
    for (const each of late) assertLess(each["stable-latency"], 3000);
  });
}

for (const strategy of strategies) {
  Deno.test(`${strategy}: who is started again takes part as soon as it's spoken to`, async () => {
    const run = await judged(strategy, {}, {
      ops: [{ atMs: 1000, client: 0, f: "broadcast", value: 1 }],
      faults: [{ kind: "kill", nodes: ["n7"], fromMs: 8000, toMs: 9000 }],
    });
    const types = messagesIn(run, [9, 13])
      .filter(({ src }) => src === "n7")
      .map(({ body }) => body.type);
    assert(types.includes("compare"));
    assertEquals(types.includes("join"), strategy === "plumtree");
  });
}

Deno.test("plumtree: who is cut off for a moment, and not given up, soon has what it missed, and the others have what it was told", async () => {
  const cut = { fromMs: 13_300, toMs: 15_000 };
  const others = Array.from({ length: 12 }, (_, i) => `n${i}`)
    .filter((id) => id !== "n5");
  const ops = [
    { atMs: 14_200, client: 5, f: "broadcast", value: 1 },
    { atMs: 14_800, client: 6, f: "broadcast", value: 2 },
    ...Array.from({ length: 12 }, (_, client) => ({
      ...{ atMs: cut.toMs + 2500, client },
      ...{ f: "read", value: null },
    })),
  ];
  const cuts = Object.fromEntries([
    ["n5", others],
    ...others.map((id) => [id, ["n5"]]),
  ]);
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { history } = await judged("plumtree", {
      ...{ "node-count": 12, "time-limit": 19, latency: 0, seed },
    }, { ops, faults: [{ kind: "partition", ...cut, cuts }] });
    const reads = history.filter(({ f, type }) => f === "read" && type === "ok")
      .slice(0, 12);
    for (const { value } of reads) {
      assertEquals((value as number[]).toSorted(), [1, 2], `seed ${seed}`);
    }
  }
});
