/**
 * The network: how long messages take, who waits behind whom, what is lost.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { msInNs } from "../../../lib/workbench/sim/clock.ts";
import {
  involvesClient,
  isClient,
  type NetworkOptions,
} from "../../../lib/workbench/sim/network.ts";
import { some } from "../../some.ts";
import { cases, mean, tally, TestNetwork } from "../helpers.ts";
import { type Busy, LateClock } from "../late.ts";

/**
 * Measures how long messages take that are sent one after the other, far apart.
 */
async function latencies(
  latencyDist: "constant" | "uniform" | "exponential",
  latencyMs: number,
  count: number,
): Promise<number[]> {
  const test = new TestNetwork(["n0", "n1"], { latencyDist, latencyMs });
  for (let i = 0; i < count; i++) {
    test.at(i * 20_000, () => test.network.send("n0", "n1", `${i}`));
  }
  await test.settle();
  return test.latencies;
}

Deno.test("clients are those whose ids begin with a c", () => {
  assertEquals(
    ["c0", "c12", "client", "n1", "lin-kv", "nc", "C1"].map(isClient),
    [true, true, true, false, false, false, false],
  );
});

Deno.test("a message involves a client if either end is one", () => {
  const involves = (src: string, dest: string) => involvesClient({ src, dest });
  assert(involves("c1", "n1"));
  assert(involves("n1", "c1"));
  assert(!involves("n1", "n2"));
  assert(!involves("n1", "lin-kv"));
});

Deno.test("messages are counted: those sent, those received, their length", async () => {
  for (const keepsMessages of [true, false]) {
    const { network, ...test } = new TestNetwork(["c0", "n0", "n1"], {
      pDuplicate: 0.5,
      keepsMessages,
    });
    for (let i = 0; i < 10; i++) network.send("n0", "n1", "abc");
    network.send("c0", "n0", "to");
    network.drop("n0", "c0");
    network.send("n0", "c0", "back");
    await test.clock.drive(test.clock.sleepUntil(1));
    assertEquals(network.tallies, {
      clients: { sent: 2, received: 1, chars: 6 },
      servers: { sent: 10, received: 10, chars: 30 },
    });
    assertEquals(network.journal.length, keepsMessages ? 12 : 0);
  }
});

Deno.test("constant latency: every message between nodes takes just that long", async () => {
  assertEquals(
    new Set(await latencies("constant", 25, 100)),
    new Set([25]),
  );
});

Deno.test("uniform latency: whole milliseconds from 0 up to twice the mean, each as likely", async () => {
  const values = await latencies("uniform", 10, 4000);
  assertEquals(
    [...new Set(values)].sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i),
  );
  // Whole milliseconds from 0 to 19: their mean is 9.5, their deviation 5.77.
  assertAlmostEquals(mean(values), 9.5, 4 * 5.77 / Math.sqrt(4000));
});

Deno.test("exponential latency: whole milliseconds, with a mean, a median and a tail to match", async () => {
  const values = await latencies("exponential", 100, 4000);
  assert(values.every((value) => Number.isInteger(value) && value >= 0));
  // Cut to whole milliseconds, it loses half a one on average.
  assertAlmostEquals(mean(values), 99.5, 4 * 100 / Math.sqrt(4000));
  const under = (ms: number) =>
    values.filter((value) => value < ms).length / values.length;
  assertAlmostEquals(under(100 * Math.log(2)), 0.5, 0.035);
  assertAlmostEquals(under(300), 1 - Math.exp(-3), 0.015);
  assertGreater(Math.max(...values), 500);
});

Deno.test("latency 0 takes no time, however it is distributed", async () => {
  for (const dist of ["constant", "uniform", "exponential"] as const) {
    assertEquals(await latencies(dist, 0, 5), [0, 0, 0, 0, 0], dist);
  }
});

Deno.test("messages to and from clients take no time; those with services do", async () => {
  const test = new TestNetwork(["n0", "c0", "lin-kv"], { latencyMs: 30 });
  test.at(0, () => test.network.send("c0", "n0", "request"));
  test.at(100, () => test.network.send("n0", "c0", "answer"));
  test.at(200, () => test.network.send("n0", "lin-kv", "write"));
  await test.settle();
  assertEquals(test.arrivals, ["request@0", "answer@100", "write@230"]);
});

Deno.test("a client's message waits behind one that is still under way", async () => {
  const test = new TestNetwork(["n0", "n1", "c0"], { latencyMs: 100 });
  test.network.send("n0", "n1", "slow");
  test.at(10, () => test.network.send("c0", "n1", "request"));
  await test.settle();
  assertEquals(test.arrivals, ["slow@100", "request@100"]);
});

Deno.test("a client's message overtakes those that are queued but not yet taken", async () => {
  const test = new TestNetwork(["n0", "n1", "c0"], { latencyMs: 100 });
  test.network.send("n0", "n1", "first");
  test.at(10, () => test.network.send("n0", "n1", "second"));
  test.at(20, () => test.network.send("c0", "n1", "request"));
  await test.settle();
  assertEquals(test.arrivals, ["first@100", "request@100", "second@110"]);
});

Deno.test("receivers don't wait for each other", async () => {
  const test = new TestNetwork(["n0", "n1", "n2", "c0"], { latencyMs: 100 });
  test.network.send("n0", "n1", "slow");
  test.at(10, () => test.network.send("c0", "n2", "request"));
  await test.settle();
  assertEquals(test.arrivals, ["request@10", "slow@100"]);
});

Deno.test("of two messages that are due at once the one sent first arrives first", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("n0", "n2", "c0"), { maxLength: 20 }),
      async (sources) => {
        const test = new TestNetwork(["n0", "n1", "n2", "c0"]);
        const lines = sources.map((_, i) => `${i}`);
        for (const [i, src] of sources.entries()) {
          test.network.send(src, "n1", lines[i]!);
        }
        await test.settle();
        assertEquals(test.deliveries.map(({ line }) => line), lines);
      },
    ),
    cases(50),
  );
});

Deno.test("every message arrives once, not before it is due, in the order the receiver took it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.nat(50), fc.constantFrom("n0", "c0")),
        { maxLength: 25 },
      ),
      async (sends) => {
        const test = new TestNetwork(["n0", "n1", "c0"], { latencyMs: 20 });
        for (const [i, [ms, src]] of sends.entries()) {
          test.at(ms, () => test.network.send(src, "n1", `${i}`));
        }
        await test.settle();
        // A model of the receiver: it takes what is due first, sleeps until it
        // is due, and hands it over; if its queue is empty, it takes what comes.
        const pending = sends
          .map(([ms, src], i) => ({ ms, i, due: ms + (src === "n0" ? 20 : 0) }))
          .sort((a, b) => a.ms - b.ms || a.i - b.i)
          .map((each, order) => ({ ...each, order }));
        const queue: typeof pending = [];
        const expected: string[] = [];
        let now = 0;
        while (pending.length + queue.length > 0) {
          queue.sort((a, b) => a.due - b.due || a.order - b.order);
          const next = (queue.shift() ?? pending.shift())!;
          now = Math.max(now, next.due);
          expected.push(`${next.i}@${now}`);
          while (pending.length > 0 && pending[0]!.ms <= now) {
            queue.push(pending.shift()!);
          }
        }
        assertEquals(test.arrivals, expected);
      },
    ),
    cases(100),
  );
});

Deno.test("handing over costs the receiver time, one message after the other", async () => {
  const test = new TestNetwork(["n1", "c0"], { handoverMs: [2, 3] });
  for (let i = 0; i < 50; i++) test.network.send("c0", "n1", `${i}`);
  await test.settle();
  const times = test.deliveries.map(({ ms }) => ms);
  const gaps = times.map((ms, i) => ms - (times[i - 1] ?? 0));
  assert(gaps.every((gap) => gap >= 2 - 1e-6 && gap <= 3 + 1e-6));
  assertGreater(new Set(gaps).size, 40);
});

Deno.test("a cut swallows what the receiver takes from its queue after it was made", async () => {
  const test = new TestNetwork(["n0", "n1"]);
  test.at(10, () => test.network.drop("n0", "n1"));
  test.at(20, () => test.network.send("n0", "n1", "lost"));
  await test.settle();
  assertEquals(test.arrivals, []);
  assertEquals(test.network.journal[0]!.lost, "partition");
});

Deno.test("a cut doesn't swallow what has been taken already, though it isn't due yet", async () => {
  const test = new TestNetwork(["n0", "n1"], { latencyMs: 100 });
  test.network.send("n0", "n1", "taken");
  test.at(50, () => test.network.drop("n0", "n1"));
  await test.settle();
  assertEquals(test.arrivals, ["taken@100"]);
});

Deno.test("a cut swallows what was sent before it, if it was still queued", async () => {
  const test = new TestNetwork(["n0", "n1"], { latencyMs: 100 });
  test.network.send("n0", "n1", "taken");
  test.network.send("n0", "n1", "queued");
  test.at(50, () => test.network.drop("n0", "n1"));
  await test.settle();
  assertEquals(test.arrivals, ["taken@100"]);
});

Deno.test("what was sent during a cut arrives if the receiver takes it after the healing", async () => {
  const test = new TestNetwork(["n0", "n1", "n2"], { latencyMs: 100 });
  test.network.drop("n0", "n1");
  test.network.send("n2", "n1", "other");
  test.at(10, () => test.network.send("n0", "n1", "saved"));
  test.at(50, () => test.network.heal());
  await test.settle();
  assertEquals(test.arrivals, ["other@100", "saved@110"]);
});

Deno.test("what was swallowed doesn't come back with the healing", async () => {
  const test = new TestNetwork(["n0", "n1"]);
  test.network.drop("n0", "n1");
  test.network.send("n0", "n1", "lost");
  test.at(10, () => test.network.heal());
  test.at(20, () => test.network.send("n0", "n1", "new"));
  await test.settle();
  assertEquals(test.arrivals, ["new@20"]);
});

Deno.test("a swallowed message doesn't keep its receiver busy", async () => {
  const test = new TestNetwork(["n0", "n1", "c0"], { latencyMs: 100 });
  test.network.drop("n0", "n1");
  test.network.send("n0", "n1", "lost");
  test.at(10, () => test.network.send("c0", "n1", "request"));
  await test.settle();
  assertEquals(test.arrivals, ["request@10"]);
});

Deno.test("a cut goes one way, and concerns these two only", async () => {
  const test = new TestNetwork(["n0", "n1", "n2"]);
  test.network.drop("n0", "n1");
  for (const src of ["n0", "n1", "n2"]) {
    for (const dest of ["n0", "n1", "n2"]) {
      if (src !== dest) test.network.send(src, dest, `${src}-${dest}`);
    }
  }
  await test.settle();
  assertEquals(
    test.deliveries.map(({ line }) => line).sort(),
    ["n0-n2", "n1-n0", "n1-n2", "n2-n0", "n2-n1"],
  );
});

Deno.test("healing ends all cuts", async () => {
  const test = new TestNetwork(["n0", "n1", "n2"]);
  test.network.drop("n0", "n1");
  test.network.drop("n2", "n1");
  test.network.drop("n1", "n0");
  test.network.heal();
  test.network.send("n0", "n1", "a");
  test.network.send("n2", "n1", "b");
  test.network.send("n1", "n0", "c");
  await test.settle();
  assertEquals(test.deliveries.map(({ line }) => line).sort(), ["a", "b", "c"]);
});

Deno.test("the journal has every message, in order of sending, with both times", async () => {
  const test = new TestNetwork(["n0", "n1", "c0"], { latencyMs: 30 });
  test.at(5, () => test.network.send("n0", "n1", "a"));
  test.at(7, () => test.network.send("c0", "n0", "b"));
  await test.settle();
  assertEquals(test.network.journal, [
    {
      id: 0,
      src: "n0",
      dest: "n1",
      line: "a",
      sentNs: 5 * msInNs,
      receivedNs: 35 * msInNs,
    },
    {
      id: 1,
      src: "c0",
      dest: "n0",
      line: "b",
      sentNs: 7 * msInNs,
      receivedNs: 7 * msInNs,
    },
  ]);
});

Deno.test("a swallowed message is in the journal as sent, not as received", async () => {
  const test = new TestNetwork(["n0", "n1"]);
  test.network.drop("n0", "n1");
  test.network.send("n0", "n1", "lost");
  await test.settle();
  const [envelope] = some(test.network.journal);
  assertStrictEquals(envelope.line, "lost");
  assertStrictEquals(envelope.receivedNs, undefined);
});

Deno.test("a message to one who has left, or never was, isn't even in the journal", async () => {
  const test = new TestNetwork(["n0", "c0"]);
  test.network.remove("c0");
  test.network.send("n0", "c0", "too late");
  test.network.send("n0", "n99", "nobody");
  test.network.send("c0", "n0", "counted");
  await test.settle();
  assertEquals(test.arrivals, ["counted@0"]);
  assertEquals(test.network.journal.map(({ id, line }) => [id, line]), [
    [0, "counted"],
  ]);
});

Deno.test("what is under way to one who leaves goes nowhere, even if they come back", async () => {
  const test = new TestNetwork(["n0", "n1"], { latencyMs: 100 });
  test.network.send("n0", "n1", "taken");
  test.network.send("n0", "n1", "queued");
  test.at(50, () => test.network.remove("n1"));
  test.at(60, () => test.join("n1"));
  test.at(70, () => test.network.send("n0", "n1", "new"));
  await test.settle();
  assertEquals(test.arrivals, ["new@170"]);
  assertEquals(
    test.network.journal.map(({ receivedNs }) => receivedNs),
    [undefined, undefined, 170 * msInNs],
  );
});

Deno.test("it is known who is here, who has left, and who never was", () => {
  const { network } = new TestNetwork(["n0", "n1"]);
  network.remove("n1");
  assertStrictEquals(network.presence("n0"), "here");
  assertStrictEquals(network.presence("n1"), "gone");
  assertStrictEquals(network.presence("n2"), undefined);
  network.add("n1", () => {});
  assertStrictEquals(network.presence("n1"), "here");
});

Deno.test("a receiver can send while it is handed a message", async () => {
  const test = new TestNetwork(["n0"], { latencyMs: 10 });
  test.network.add("n1", ({ line }) => {
    if (line.length < 4) test.network.send("n1", "n1", line + "!");
    test.network.send("n1", "n0", line);
  });
  test.network.send("n0", "n1", "x");
  await test.settle();
  assertEquals(test.arrivals, ["x@20", "x!@30", "x!!@40", "x!!!@50"]);
  assertLess(test.network.journal.length, 9);
});

/** Sends so many messages between nodes, far apart, and from a client as many. */
async function sendMany(
  count: number,
  faults: { pLoss?: number; pDuplicate?: number; pReorder?: number },
): Promise<TestNetwork> {
  const test = new TestNetwork(["n0", "n1", "c0"], { latencyMs: 5, ...faults });
  for (let i = 0; i < count; i++) {
    test.at(i * 1000, () => test.network.send("n0", "n1", `node ${i}`));
    test.at(i * 1000 + 500, () => test.network.send("c0", "n1", `client ${i}`));
  }
  await test.settle();
  return test;
}

Deno.test("loss: so many messages between nodes are sent and not received", async () => {
  const { deliveries, network } = await sendMany(2000, { pLoss: 0.3 });
  const arrived = (who: string) =>
    deliveries.filter(({ line }) => line.startsWith(who)).length;
  assertStrictEquals(arrived("client"), 2000);
  assertAlmostEquals(arrived("node"), 1400, 4 * Math.sqrt(2000 * 0.21));
  assertStrictEquals(network.journal.length, 4000);
  const lost = network.journal
    .filter(({ receivedNs }) => receivedNs === undefined);
  assertStrictEquals(lost.length, 2000 - arrived("node"));
  assertStrictEquals(
    network.journal.filter(({ lost }) => lost === "chance").length,
    lost.length,
  );
});

Deno.test("loss: of everything between nodes leaves what clients send", async () => {
  const { deliveries } = await sendMany(20, { pLoss: 1 });
  assertStrictEquals(deliveries.length, 20);
  assert(deliveries.every(({ line }) => line.startsWith("client")));
});

Deno.test("duplication: so many messages between nodes arrive twice, and are one in the journal", async () => {
  const { deliveries, network } = await sendMany(2000, { pDuplicate: 0.2 });
  const counts = tally(deliveries.map(({ line }) => line));
  assertStrictEquals(counts.size, 4000);
  const twice = [...counts].filter(([, count]) => count === 2);
  assert(twice.every(([line]) => line.startsWith("node")));
  assertStrictEquals(deliveries.length, 4000 + twice.length);
  assertAlmostEquals(twice.length, 400, 4 * Math.sqrt(2000 * 0.16));
  assertStrictEquals(network.journal.length, 4000);
});

Deno.test("reordering: messages that are queued overtake each other, and none is lost", async () => {
  const test = new TestNetwork(["n0", "n1"], { latencyMs: 5, pReorder: 0.5 });
  for (let i = 0; i < 100; i++) test.network.send("n0", "n1", `${i}`);
  await test.settle();
  const order = test.deliveries.map(({ line }) => Number(line));
  assertEquals(
    order.toSorted((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  const overtaken = order.filter((n, i) =>
    order.slice(0, i).some((m) => m > n)
  );
  assertGreater(overtaken.length, 20);
  assertLess(Math.max(...test.deliveries.map(({ ms }) => ms)), 205 + 1e-6);
});

Deno.test({
  name:
    "reordering: a message that is held up is overtaken by those sent soon after",
  // A receiver that has nothing else to do takes the message that is held up,
  // sleeps until it is due, and all others wait behind it: not one overtakes.
  async fn() {
    const test = new TestNetwork(["n0", "n1", "n2"], { pReorder: 0.5 });
    for (let i = 0; i < 200; i++) {
      // Two messages, a millisecond apart, to a receiver with an empty queue.
      test.at(i * 1000, () => test.network.send("n0", "n1", `${2 * i}`));
      test.at(
        i * 1000 + 1,
        () => test.network.send("n2", "n1", `${2 * i + 1}`),
      );
    }
    await test.settle();
    const order = test.deliveries.map(({ line }) => Number(line));
    const overtaken = order.filter((n, i) => i > 0 && order[i - 1]! > n).length;
    assertGreater(overtaken, 20);
  },
});

Deno.test("without loss, duplication and reordering a run is the same as if there were none", async () => {
  const arrivals = async (faults: Partial<NetworkOptions>) => {
    const test = new TestNetwork(["n0", "n1"], {
      latencyMs: 50,
      latencyDist: "exponential",
      ...faults,
    });
    for (let i = 0; i < 50; i++) test.network.send("n0", "n1", `${i}`);
    await test.settle();
    return test.arrivals;
  };
  assertEquals(
    await arrivals({ pLoss: 0, pDuplicate: 0, pReorder: 0 }),
    await arrivals({}),
  );
});

Deno.test("of many long lines the journal keeps a part, and the receiver gets all of each", async () => {
  const delivered: number[] = [];
  const test = new TestNetwork(["n0", "n1"]);
  test.network.add("c1", ({ line }) => delivered.push(line.length));
  const line = (values: string) =>
    `{"src":"n0","dest":"c1","body":{"type":"read_ok","messages":[${values}],"in_reply_to":7}}`;
  const long = line("1,".repeat(500_000) + "1");
  const count = 60;
  test.at(0, () => {
    for (let i = 0; i < count; i++) test.network.send("n0", "c1", long);
    test.network.send("n0", "c1", line("2"));
  });
  await test.settle();
  assertEquals(delivered, [
    ...Array(count).fill(long.length),
    line("2").length,
  ]);
  const { journal } = test.network;
  const chars = journal.reduce((sum, { line }) => sum + line.length, 0);
  assertLess(chars, 51e6);
  const cut = journal.filter((envelope) => envelope.cut);
  assertEquals(cut.length, 11);
  for (const { line } of cut) {
    assertEquals([line.slice(0, 9), line.slice(-9)], [
      long.slice(0, 9),
      long.slice(-9),
    ]);
  }
  assertEquals(journal.at(-1)!.line, line("2"));
});

Deno.test("a message's lateness is what it waits beyond its latency, and beyond who was before it", async () => {
  const late = async (busy: Busy, ...sends: [ms: number, src: string][]) => {
    const clock = new LateClock(busy);
    const test = new TestNetwork(["n0", "n1"], { latencyMs: 50 }, clock);
    for (const [ms, src] of sends) {
      clock.at(ms * msInNs, () => test.network.send(src, "n1", `${ms}`));
    }
    await test.settle();
    return clock.meter.lateness.maxMessageMs;
  };
  const inTime = { fromMs: 900, toMs: 999, lateMs: 20 };
  const at50 = { fromMs: 50, toMs: 51, lateMs: 20 };
  assertEquals(await late(inTime, [0, "n0"]), 0);
  assertEquals(await late(at50, [0, "n0"]), 20);
  // The node is busy until 50, as it would be in Maelstrom: that isn't late.
  assertEquals(await late(inTime, [0, "n0"], [10, "c1"]), 0);
  // One that came late holds up those behind it, each from when it was due.
  assertEquals(await late(at50, [0, "n0"], [10, "c1"]), 20);
  assertEquals(await late(at50, [0, "n0"], [15, "n0"]), 20);
  const from50 = { fromMs: 50, toMs: 99, lateMs: 20 };
  assertEquals(await late(from50, [0, "n0"], [0, "n0"], [0, "n0"]), 60);
});
