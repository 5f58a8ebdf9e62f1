/**
 * The feed: what each node appends, every other node gets, in order, once.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { Feed, type Node } from "../lib/mod.ts";
import { Cluster, type ClusterOptions } from "./cluster.ts";

/** What a node of the tests knows. */
interface Known {
  feed: Feed<string>;
  /** What it appended. */
  own: [position: number, event: string][];
  /** What came from others, in the order in which it came. */
  received: [position: number, event: string, from: string][];
  /** The events that were before `stable`, each time that it was looked at. */
  settled: string[];
  everywhere: number[];
}

const intervalMs = 100;

async function start(count: number, options?: ClusterOptions) {
  const known = new Map<string, Known>();
  const cluster = await Cluster.start(count, (node: Node) => {
    const received: Known["received"] = [];
    const feed = new Feed<string>(node, {
      intervalMs,
      onEvent: (event, position, from) =>
        received.push([position, event, from]),
    });
    node.onInit(() => {
      known.set(node.id, {
        feed,
        own: [],
        received,
        settled: [],
        everywhere: [],
      });
    });
  }, options);
  const append = (id: string, event: string) => {
    const { feed, own, everywhere } = known.get(id)!;
    const position = feed.append(event);
    own.push([position, event]);
    feed.everywhere(position).then(() => everywhere.push(position));
    return position;
  };
  return { cluster, known, append };
}

/** All events that a node has before a position, in order. */
function before(position: number, { own, received }: Known): string[] {
  return [...own, ...received]
    .filter(([each]) => each < position)
    .sort(([a], [b]) => a - b)
    .map(([, event]) => event);
}

Deno.test("an event reaches all other nodes within the interval, and none twice", async () => {
  const { cluster, known, append } = await start(3);
  const position = append("n1", "hello");
  await cluster.wait(intervalMs + 5);
  assertEquals(known.get("n0")!.received, [[position, "hello", "n1"]]);
  assertEquals(known.get("n2")!.received, [[position, "hello", "n1"]]);
  assertEquals(known.get("n1")!.received, []);
});

Deno.test("what is appended within an interval goes out as one message", async () => {
  const { cluster, known, append } = await start(2);
  for (let i = 0; i < 500; i++) append("n0", `${i}`);
  await cluster.wait(intervalMs + 5);
  assertEquals(known.get("n1")!.received.length, 500);
  assertEquals(cluster.messages, 1);
});

Deno.test("the other side answers with its promise, and then there is silence", async () => {
  const { cluster, known, append } = await start(2);
  const position = append("n0", "a");
  await cluster.wait(2 * intervalMs + 10);
  assertEquals(cluster.messages, 2);
  for (const { feed } of known.values()) assert(feed.stable > position);
  await cluster.wait(60_000);
  assertEquals(cluster.messages, 2);
});

Deno.test("an event is stable everywhere after two intervals", async () => {
  const { cluster, known, append } = await start(5);
  const position = append("n3", "a");
  assertEquals(known.get("n3")!.feed.stable <= position, true);
  await cluster.wait(2 * intervalMs + 10);
  for (const [id, { feed }] of known) {
    assert(feed.stable > position, `${id}: ${feed.stable}`);
  }
});

Deno.test("alone, everything is stable and everywhere at once", async () => {
  const { cluster, known, append } = await start(1);
  const positions = [append("n0", "a"), append("n0", "b")];
  assertLess(positions[0], positions[1]);
  assert(known.get("n0")!.feed.stable > positions[1]);
  await cluster.wait(1);
  assertEquals(known.get("n0")!.everywhere, positions);
  await cluster.wait(10_000);
  assertEquals(cluster.messages, 0);
});

Deno.test("positions are unique, and greater than all that the node knew of", async () => {
  const { cluster, known, append } = await start(3);
  const first = append("n2", "a");
  await cluster.wait(intervalMs + 5);
  const second = append("n0", "b");
  const third = append("n1", "c");
  assertLess(first, second);
  assertLess(first, third);
  assertEquals(new Set([first, second, third]).size, 3);
  void known;
});

Deno.test("everywhere waits for the last node", async () => {
  const { cluster, known, append } = await start(3);
  cluster.cut(["n2"], ["n0", "n1"]);
  const position = append("n0", "a");
  await cluster.wait(5000);
  assertEquals(known.get("n0")!.everywhere, []);
  cluster.network.heal();
  await cluster.wait(3000);
  assertEquals(known.get("n0")!.everywhere, [position]);
});

Deno.test("a large backlog goes in pieces, one after the other", async () => {
  const { cluster, known, append } = await start(2);
  cluster.cut(["n0"], ["n1"]);
  for (let i = 0; i < 3500; i++) append("n0", `${i}`);
  await cluster.wait(10_000);
  cluster.network.heal();
  await cluster.wait(6000);
  assertEquals(
    known.get("n1")!.received.map(([, event]) => event),
    Array.from({ length: 3500 }, (_, i) => `${i}`),
  );
  const longest = Math.max(
    ...cluster.network.journal.map(({ line }) =>
      JSON.parse(line).body.events?.length ?? 0
    ),
  );
  assertEquals(longest, 1000);
});

Deno.test("a partition costs some messages a second, not more", async () => {
  const { cluster, append } = await start(2);
  cluster.cut(["n0"], ["n1"]);
  append("n0", "a");
  await cluster.wait(60_000);
  assertLess(cluster.messages, 70);
});

Deno.test("what is no part of a feed changes nothing", async () => {
  const { cluster, known, append } = await start(2);
  const part = { from: 0, upTo: 9, events: [], have: 0, ask: false };
  for (
    const strange of [
      {},
      { ...part, from: "0" },
      { ...part, upTo: null },
      { ...part, upTo: 1.5 },
      { ...part, have: "x" },
      { ...part, have: 1e300 },
      { ...part, events: 7 },
      { ...part, events: [7] },
      { ...part, events: [["0", "a"]] },
    ]
  ) {
    const body = { type: "feed", ...strange };
    const line = JSON.stringify({ src: "n0", dest: "n1", body });
    cluster.network.send("n0", "n1", line);
  }
  await cluster.wait(100);
  const position = append("n0", "a");
  await cluster.wait(1000);
  assertEquals(known.get("n1")!.received, [[position, "a", "n0"]]);
  assertEquals(cluster.errors, []);
});

Deno.test("whatever the network does: in order, once, and stable is stable", async () => {
  const faults = fc.record({
    seed: fc.nat(1e6),
    nodes: fc.integer({ min: 2, max: 5 }),
    latencyMs: fc.nat(150),
    latencyDist: fc.constantFrom("constant", "uniform", "exponential" as const),
    pLoss: fc.constantFrom(0, 0.1, 0.3),
    pDuplicate: fc.constantFrom(0, 0.2),
    pReorder: fc.constantFrom(0, 0.3),
    cuts: fc.boolean(),
    steps: fc.array(
      fc.record({ node: fc.nat(4), events: fc.nat(3), waitMs: fc.nat(400) }),
      { minLength: 5, maxLength: 30 },
    ),
  });
  await fc.assert(
    fc.asyncProperty(faults, async ({ nodes, steps, cuts, ...options }) => {
      const { cluster, known, append } = await start(nodes, {
        ...options,
        latencyDist: options.latencyDist as "constant",
      });
      let count = 0;
      for (const [i, { node, events, waitMs }] of steps.entries()) {
        if (cuts && i === 2) cluster.cut(["n0"], cluster.nodes.slice(1));
        if (cuts && i === 12) cluster.network.heal();
        const id = cluster.nodes[node % nodes];
        for (let k = 0; k < events; k++) append(id, `${count++}`);
        await cluster.wait(waitMs);
        for (const each of known.values()) {
          // What was before stable stays as it was, and only grows.
          const now = before(each.feed.stable, each);
          assertEquals(now.slice(0, each.settled.length), each.settled);
          each.settled = now;
        }
      }
      cluster.network.heal();
      await cluster.wait(60_000);
      const all = [...known.values()].flatMap(({ own }) => own)
        .sort(([a], [b]) => a - b).map(([, event]) => event);
      assertEquals(new Set(all).size, count);
      for (const [id, each] of known) {
        assertEquals(before(each.feed.stable, each), all);
        for (const [other, { own }] of known) {
          if (other === id) continue;
          assertEquals(
            each.received.filter(([, , from]) => from === other)
              .map(([position, event]) => [position, event]),
            own,
          );
        }
      }
      const quiet = cluster.messages;
      await cluster.wait(60_000);
      assertEquals(cluster.messages, quiet);
    }),
    { seed: 1, numRuns: 60 },
  );
});
