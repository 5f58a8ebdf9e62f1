/**
 * The nemesis: when faults come and go, what they do, and what a history tells
 * of them.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStrictEquals,
} from "@std/assert";
import { msInNs, secondInNs } from "../../../lib/workbench/sim/clock.ts";
import {
  type Grudge,
  partitionKinds,
} from "../../../lib/workbench/load/grudge.ts";
import type { Op } from "../../../lib/workbench/load/history.ts";
import {
  type Fault,
  faults,
  faultsIn,
  nemesisFor,
} from "../../../lib/workbench/load/nemesis.ts";
import type { PlannedOp } from "../../../lib/workbench/load/generator.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import {
  contextOf,
  mean,
  nodesOf,
  takeAll,
  tally,
  TestNetwork,
} from "../helpers.ts";

/** The nemesis of some nodes, and the network that it works on. */
function nemesisOf(
  {
    count = 5,
    intervalSeconds = 10,
    seed = "nemesis",
    chosen = ["partition"] as readonly Fault[],
  } = {},
) {
  const nodes = nodesOf(count);
  const test = new TestNetwork(nodes);
  const done: string[] = [];
  const note = (what: string) => (id: string) => {
    done.push(`${what} ${id}`);
    return what;
  };
  const nemesis = nemesisFor(chosen, {
    nodes,
    processes: {
      kill: (id) => Promise.resolve(note("kill")(id)),
      start: (id) => Promise.resolve(note("start")(id)),
      pause: note("pause"),
      resume: note("resume"),
      setClock: (id, change) => note(change ? "bump" : "reset")(id),
    },
    network: test.network,
    random: new Random(seed),
    intervalSeconds,
  });
  return { nodes, test, nemesis, done };
}

const asNemesis = { threads: ["nemesis"] as const };

Deno.test("there is nothing for the nemesis to do if no fault is chosen", () => {
  const { nemesis: { generator, finalGenerator } } = nemesisOf({ chosen: [] });
  assertStrictEquals(generator.plan(contextOf(asNemesis)), null);
  assertStrictEquals(finalGenerator.plan(contextOf(asNemesis)), null);
});

Deno.test("starts and stops alternate, and never end", () => {
  const { nemesis } = nemesisOf();
  const ops = takeAll(nemesis.generator, contextOf(asNemesis), 100);
  assertEquals(
    ops.map(({ f, type }) => `${type} ${f}`),
    ops.map((_, i) => `info ${i % 2 === 0 ? "start" : "stop"}-partition`),
  );
  assertStrictEquals(ops.length, 100);
});

Deno.test("a start says which kind, each as likely; a stop says nothing", () => {
  const { nemesis } = nemesisOf();
  const ops = takeAll(nemesis.generator, contextOf(asNemesis), 4000);
  const values = tally(ops.map(({ value }) => value));
  assertEquals(new Set(values.keys()), new Set([...partitionKinds, null]));
  assertStrictEquals(values.get(null), 2000);
  for (const kind of partitionKinds) {
    assertAlmostEquals(
      values.get(kind)!,
      500,
      4 * Math.sqrt(2000 * 3 / 16),
    );
  }
});

Deno.test("the first partition comes at once, the others at intervals up to twice the mean", () => {
  const { nemesis } = nemesisOf({ intervalSeconds: 3 });
  const times = takeAll(
    nemesis.generator,
    contextOf({ ...asNemesis, ms: 50 }),
    2001,
  )
    .map(({ timeNs }) => timeNs);
  assertStrictEquals(times[0], 50 * msInNs);
  const intervals = times.slice(1)
    .map((time, i) => (time - times[i]!) / secondInNs);
  assert(intervals.every((seconds) => seconds >= 0 && seconds < 6));
  assertAlmostEquals(mean(intervals), 3, 4 * 1.74 / Math.sqrt(2000));
});

Deno.test("in the end there is one stop, whatever was before", () => {
  const { nemesis } = nemesisOf();
  const ops = takeAll(nemesis.finalGenerator, contextOf(asNemesis));
  assertEquals(
    ops.map(({ f, type, value }) => [f, type, value]),
    [["stop-partition", "info", null]],
  );
});

const planned = (f: string, value: unknown = null): PlannedOp => ({
  timeNs: 0,
  process: "nemesis",
  type: "info",
  f,
  value,
});

Deno.test("a start cuts the network as it says, a stop heals it", async () => {
  // Of three nodes, the ring cuts one way only: directions matter.
  for (
    const [kind, count] of partitionKinds.flatMap((k) =>
      [[k, 5], [k, 3]] as const
    )
  ) {
    const { nodes, test, nemesis } = nemesisOf({ seed: kind, count });
    const sendAll = () => {
      for (const src of nodes) {
        for (const dest of nodes) {
          if (src !== dest) test.network.send(src, dest, `${src}-${dest}`);
        }
      }
    };
    const begun = await nemesis.invoke(planned("start-partition", kind));
    assertStrictEquals(begun.type, "info");
    const [word, cuts] = begun.value as [string, Grudge];
    assertStrictEquals(word, "isolated");
    sendAll();
    await test.settle();
    const arrived = new Set(test.deliveries.map(({ line }) => line));
    for (const src of nodes) {
      for (const dest of nodes) {
        if (src === dest) continue;
        assertStrictEquals(
          arrived.has(`${src}-${dest}`),
          !cuts[dest]!.includes(src),
          `${kind}: ${src} to ${dest}`,
        );
      }
    }
    assertEquals(await nemesis.invoke(planned("stop-partition")), {
      type: "info",
      value: "network-healed",
    });
    test.deliveries.length = 0;
    sendAll();
    await test.clock.drive(test.clock.sleepUntil(test.clock.nowNs + 1));
    assertStrictEquals(test.deliveries.length, count * (count - 1));
  }
});

Deno.test("clients aren't cut off", async () => {
  const { test, nemesis } = nemesisOf();
  test.join("c0");
  await nemesis.invoke(planned("start-partition", "one"));
  for (const node of nodesOf(5)) {
    test.network.send("c0", node, node);
    test.network.send(node, "c0", node);
  }
  await test.settle();
  assertStrictEquals(test.deliveries.length, 10);
});

/** A nemesis's entry in a history. */
const entry = (index: number, f: string, value: unknown = null): Op => ({
  index,
  time: index * secondInNs,
  process: "nemesis",
  type: "info",
  f,
  value,
});

const isolated = (cuts: unknown) => ["isolated", cuts];

/** A history's faults, by the indexes of start and end, and their cuts. */
const told = (...entries: Op[]) =>
  faultsIn(entries).map(({ start, end, ...effect }) => [
    start.index,
    end?.index,
    "cuts" in effect ? effect.cuts : effect.nodes,
  ]);

Deno.test("a history tells each fault that the nemesis begins and ends", async () => {
  for (const fault of faults) {
    const { nemesis } = nemesisOf({ chosen: [fault] });
    const history: Op[] = [];
    for (const op of takeAll(nemesis.generator, contextOf(asNemesis), 40)) {
      for (const value of [op.value, (await nemesis.invoke(op)).value]) {
        history.push(entry(history.length, op.f, value));
      }
    }
    assertEquals(
      faultsIn(history).map(({ kind, start, end }) => [
        kind,
        start.index,
        end?.index,
      ]),
      Array.from({ length: 20 }, (_, i) => [fault, 4 * i + 1, 4 * i + 3]),
    );
  }
});

Deno.test("a fault is in force from what says so to what says that it's over", () => {
  const cuts = { n1: ["n2"], n2: ["n1"] };
  assertEquals(told(), []);
  assertEquals(
    told(
      entry(0, "start-partition", "one"),
      entry(1, "start-partition", isolated(cuts)),
      entry(2, "stop-partition"),
      entry(3, "stop-partition", "network-healed"),
      entry(4, "stop-partition"),
      entry(5, "stop-partition", "network-healed"),
      entry(6, "start-partition", "one"),
      entry(7, "start-partition", isolated({})),
    ),
    [[1, 3, cuts], [7, undefined, {}]],
  );
});

Deno.test("a fault that begins again ends the one before", () => {
  assertEquals(
    told(
      entry(0, "start-partition", isolated({})),
      entry(1, "start-partition", isolated({ n1: [] })),
      entry(2, "stop-partition", "network-healed"),
    ),
    [[0, 1, {}], [1, 2, { n1: [] }]],
  );
});

Deno.test("what isn't the nemesis's is no fault, and what isn't a list cuts nothing", () => {
  assertEquals(
    told({ ...entry(0, "start-partition", isolated({})), process: 0 }),
    [],
  );
  assertEquals(told(entry(0, "start", isolated({}))), []);
  for (const cuts of [null, 7, "n1", { n1: "n2", n2: null }]) {
    assertEquals(
      told(entry(0, "start-partition", isolated(cuts))),
      [[0, undefined, {}]],
    );
  }
});

Deno.test("each of kill and pause strikes the nodes that it draws, and ends for all", async () => {
  for (
    const [fault, end] of [["kill", "start"], ["pause", "resume"]] as const
  ) {
    const { nemesis, nodes, done } = nemesisOf({ chosen: [fault] });
    const [begin, over] = takeAll(nemesis.generator, contextOf(asNemesis), 2);
    assertEquals([begin!.f, over!.f, over!.value], [fault, end, "all"]);
    for (const [target, count] of [["one", 1], ["majority", 3]] as const) {
      done.length = 0;
      const { value } = await nemesis.invoke(planned(fault, target));
      const struck = Object.keys(value as object);
      assertEquals(struck.length, count);
      assertEquals(done, struck.map((id) => `${fault} ${id}`));
      assertEquals(value, Object.fromEntries(struck.map((id) => [id, fault])));
    }
    done.length = 0;
    await nemesis.invoke(planned(end, "all"));
    assertEquals(done, nodes.map((id) => `${end} ${id}`));
  }
});

Deno.test("kills and pauses share their turns, each in its own order; a partition has its own", () => {
  const { nemesis } = nemesisOf({ chosen: faults, intervalSeconds: 1 });
  const ops = takeAll(nemesis.generator, contextOf(asNemesis), 1000);
  const own = (...fs: string[]) => ops.filter(({ f }) => fs.includes(f));
  for (
    const [begin, end] of [
      ["kill", "start"],
      ["pause", "resume"],
      ["start-partition", "stop-partition"],
    ] as const
  ) {
    const turns = own(begin, end).map(({ f }) => f);
    assert(turns.length > 60, `${begin}: ${turns.length}`);
    assertEquals(turns, turns.map((_, i) => i % 2 === 0 ? begin : end));
  }
  const seconds = (some: readonly PlannedOp[]) =>
    (some.at(-1)!.timeNs - some[0]!.timeNs) / secondInNs / (some.length - 1);
  const processes = own("kill", "start", "pause", "resume");
  assertAlmostEquals(seconds(processes), 1, 0.15);
  assertAlmostEquals(
    seconds(own("start-partition", "stop-partition")),
    1,
    0.15,
  );
});

Deno.test("in the end all cuts are healed, all nodes go on, and all run", () => {
  const { nemesis } = nemesisOf({ chosen: faults });
  const ops = takeAll(nemesis.finalGenerator, contextOf(asNemesis));
  assertEquals(
    ops.map(({ f, value }) => [f, value]),
    [
      ["stop-partition", null],
      ["resume", "all"],
      ["start", "all"],
      ["stop-asymmetric-partition", null],
      ["stop-packet", null],
      ["reset-clock", "all"],
    ],
  );
});

Deno.test("an asymmetric partition cuts one way: of two nodes, one hears the other", async () => {
  const { test, nemesis, nodes } = nemesisOf({
    chosen: ["asymmetric-partition"],
  });
  const { value } = await nemesis.invoke(
    planned("start-asymmetric-partition", "minority"),
  );
  const [, cuts] = value as [string, Grudge];
  const deaf = Object.keys(cuts);
  assert(deaf.length === 2 || deaf.length === 3);
  for (const src of nodes) {
    for (const dest of nodes) {
      if (src !== dest) test.network.send(src, dest, `${src}-${dest}`);
    }
  }
  await test.settle();
  const arrived = new Set(test.deliveries.map(({ line }) => line));
  for (const node of deaf) {
    for (const other of cuts[node]!) {
      assert(!arrived.has(`${other}-${node}`));
      assert(arrived.has(`${node}-${other}`));
    }
  }
});

Deno.test("two faults that cut don't heal each other", async () => {
  const { test, nemesis } = nemesisOf({
    count: 2,
    chosen: ["partition", "asymmetric-partition"],
  });
  await nemesis.invoke(planned("start-partition", "one"));
  await nemesis.invoke(planned("start-asymmetric-partition", "one"));
  await nemesis.invoke(planned("stop-partition"));
  test.network.send("n0", "n1", "there");
  test.network.send("n1", "n0", "back");
  await test.settle();
  assertEquals(test.deliveries.length, 1);
});

Deno.test("messages from and to a slow node take longer, and no others", async () => {
  const { test, nemesis, nodes } = nemesisOf({ chosen: ["packet"] });
  const { value } = await nemesis.invoke(planned("start-packet", "one"));
  const [, { nodes: [slow], "delay-ms": delayMs }] = value as [
    string,
    { nodes: string[]; "delay-ms": number },
  ];
  const sendAll = () => {
    for (const src of nodes) {
      for (const dest of nodes) {
        if (src !== dest) test.network.send(src, dest, `${src} ${dest}`);
      }
    }
  };
  sendAll();
  const lastNs = (delayMs * 1.5 + 1) * msInNs;
  await test.clock.drive(test.clock.sleepUntil(lastNs));
  for (const { line, ms } of test.deliveries) {
    const isSlow = line.split(" ").includes(slow!);
    assert(isSlow ? ms >= delayMs / 2 : ms === 0, `${line} at ${ms} ms`);
  }
  assertStrictEquals(test.deliveries.length, 20);
  test.deliveries.length = 0;
  assertEquals(
    (await nemesis.invoke(planned("stop-packet"))).value,
    "reliable",
  );
  sendAll();
  await test.clock.drive(test.clock.sleepUntil(test.clock.nowNs + 1));
  assertStrictEquals(test.deliveries.length, 20);
});

Deno.test("a clock jumps by what Jepsen's does, drifts, and is put right", async () => {
  const { nemesis, done } = nemesisOf({ chosen: ["clock"] });
  for (let i = 0; i < 50; i++) {
    const { value } = await nemesis.invoke(planned("bump-clock", "all"));
    for (const each of Object.values(value as object)) {
      const { "jump-ms": jumpMs, rate } = each as {
        "jump-ms": number;
        rate: number;
      };
      assert(Math.abs(jumpMs) >= 4 && Math.abs(jumpMs) <= 2 ** 18);
      assert(rate >= 0.9 && rate <= 1.1);
    }
  }
  done.length = 0;
  await nemesis.invoke(planned("reset-clock", "all"));
  assertEquals(done, nodesOf(5).map((id) => `reset ${id}`));
});
