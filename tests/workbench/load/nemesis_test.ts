/**
 * The nemesis: what partitions look like, and when they come and go.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { msInNs, secondInNs } from "../../../lib/workbench/sim/clock.ts";
import {
  faults,
  type Grudge,
  grudge,
  nemesisFor,
  type PartitionKind,
} from "../../../lib/workbench/load/nemesis.ts";
import type { PlannedOp } from "../../../lib/workbench/load/generator.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import {
  cases,
  contextOf,
  mean,
  takeAll,
  tally,
  TestNetwork,
} from "../helpers.ts";

const kinds: readonly PartitionKind[] = [
  "one",
  "minority-third",
  "majority",
  "majorities-ring",
];

function nodesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`);
}

function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Checks something for partitions of 1 to 25 nodes. */
function forAllGrudges(
  kind: PartitionKind,
  check: (cuts: Grudge, nodes: string[]) => void,
  { min = 1, max = 25 } = {},
): void {
  fc.assert(
    fc.property(fc.integer({ min, max }), fc.nat(), (count, seed) => {
      const nodes = nodesOf(count);
      check(grudge(kind, nodes, new Random(`grudge/${seed}`)), nodes);
    }),
    cases(300),
  );
}

/** Whom a node still hears, itself among them. */
function heard(cuts: Grudge, nodes: string[], node: string): string[] {
  return nodes.filter((other) => !cuts[node].includes(other));
}

/** The groups of nodes that hear each other and nobody else, small ones first. */
function components(cuts: Grudge, nodes: string[]): string[][] {
  const groups = new Map(
    nodes.map((node) => {
      const group = heard(cuts, nodes, node);
      return [group.join(), group];
    }),
  );
  return [...groups.values()].sort((a, b) => a.length - b.length);
}

function isSymmetric(cuts: Grudge): boolean {
  return Object.entries(cuts)
    .every(([node, others]) => others.every((n) => cuts[n].includes(node)));
}

for (const kind of kinds) {
  Deno.test(`${kind}: names every node, cuts nobody off from themselves, and no pair twice`, () => {
    forAllGrudges(kind, (cuts, nodes) => {
      assertEquals(Object.keys(cuts).sort(), nodes.toSorted());
      for (const [node, others] of Object.entries(cuts)) {
        assert(!others.includes(node));
        assertStrictEquals(new Set(others).size, others.length);
        assert(others.every((other) => nodes.includes(other)));
      }
    });
  });

  Deno.test(`${kind}: doesn't change the list of nodes`, () => {
    forAllGrudges(kind, (_, nodes) => {
      assertEquals(nodes, nodesOf(nodes.length));
    });
  });

  Deno.test(`${kind}: is drawn anew each time`, () => {
    const random = new Random("anew");
    const drawn = Array.from(
      { length: 50 },
      () => JSON.stringify(grudge(kind, nodesOf(7), random)),
    );
    assertGreaterOrEqual(new Set(drawn).size, 6);
  });
}

for (const kind of ["one", "minority-third", "majority"] as const) {
  Deno.test(`${kind}: two sides at most, each whole, none hearing the other`, () => {
    forAllGrudges(kind, (cuts, nodes) => {
      assert(isSymmetric(cuts));
      const sides = components(cuts, nodes);
      assertLessOrEqual(sides.length, 2);
      assertEquals(sides.flat().sort(), nodes.toSorted());
    });
  });
}

Deno.test("one: one node is alone", () => {
  forAllGrudges("one", (cuts, nodes) => {
    assertStrictEquals(components(cuts, nodes)[0].length, 1);
  }, { min: 2 });
  assertEquals(grudge("one", ["n0"], new Random("")), { n0: [] });
});

Deno.test("one: every node is as likely to be the one", () => {
  const random = new Random("lonely");
  const counts = tally(
    Array.from(
      { length: 2000 },
      () => components(grudge("one", nodesOf(5), random), nodesOf(5))[0][0],
    ),
  );
  assertStrictEquals(counts.size, 5);
  for (const count of counts.values()) {
    assertAlmostEquals(count, 400, 4 * Math.sqrt(2000 * 4 / 25));
  }
});

Deno.test("minority-third: as many as are less than a third are cut off", () => {
  forAllGrudges("minority-third", (cuts, nodes) => {
    const sides = components(cuts, nodes);
    const few = sides.length === 1 ? 0 : sides[0].length;
    assertLess(few, nodes.length / 3);
    assertGreaterOrEqual(few + 1, nodes.length / 3);
  });
});

Deno.test("minority-third: with three nodes or fewer nobody is cut off", () => {
  forAllGrudges("minority-third", (cuts) => {
    assert(Object.values(cuts).every((others) => others.length === 0));
  }, { max: 3 });
});

Deno.test("majority: two halves, which differ by a node if there is one too many", () => {
  forAllGrudges("majority", (cuts, nodes) => {
    assertEquals(
      components(cuts, nodes).map((side) => side.length),
      [Math.floor(nodes.length / 2), Math.ceil(nodes.length / 2)],
    );
  }, { min: 2 });
});

Deno.test("majorities-ring: every node hears a majority", () => {
  forAllGrudges("majorities-ring", (cuts, nodes) => {
    for (const node of nodes) {
      assertGreaterOrEqual(
        heard(cuts, nodes, node).length,
        majorityOf(nodes.length),
      );
    }
  });
});

Deno.test("majorities-ring: up to five nodes hear no more than a majority", () => {
  forAllGrudges("majorities-ring", (cuts, nodes) => {
    for (const node of nodes) {
      assertStrictEquals(
        heard(cuts, nodes, node).length,
        majorityOf(nodes.length),
      );
    }
  }, { max: 5 });
});

Deno.test("majorities-ring: up to five nodes all see different majorities", () => {
  forAllGrudges("majorities-ring", (cuts, nodes) => {
    const majorities = nodes.map((node) => heard(cuts, nodes, node).join());
    assertStrictEquals(new Set(majorities).size, nodes.length);
  }, { min: 3, max: 5 });
});

Deno.test("majorities-ring: from six nodes on they hear hardly more than a majority", () => {
  forAllGrudges("majorities-ring", (cuts, nodes) => {
    const surplus = nodes.map((node) =>
      heard(cuts, nodes, node).length - majorityOf(nodes.length)
    );
    assert(surplus.includes(0));
    assertLessOrEqual(surplus.reduce((a, b) => a + b), 4);
  }, { min: 6 });
});

Deno.test("majorities-ring: cuts go both ways, but for three nodes", () => {
  forAllGrudges("majorities-ring", (cuts, nodes) => {
    if (nodes.length !== 3) return assert(isSymmetric(cuts));
    // Jepsen's ring of three: each hears one other, in a circle.
    assert(!isSymmetric(cuts));
    const next = Object.fromEntries(
      Object.entries(cuts).map(([node, [other]]) => [node, other]),
    );
    assertStrictEquals(new Set(Object.values(next)).size, 3);
  });
});

Deno.test("majorities-ring: two nodes hear each other", () => {
  assertEquals(
    grudge("majorities-ring", ["n0", "n1"], new Random("")),
    { n0: [], n1: [] },
  );
});

/** The nemesis of some nodes, and the network that it works on. */
function nemesisOf(
  { count = 5, intervalSeconds = 10, seed = "nemesis" } = {},
) {
  const nodes = nodesOf(count);
  const test = new TestNetwork(nodes);
  const nemesis = nemesisFor(faults, {
    nodes,
    network: test.network,
    random: new Random(seed),
    intervalSeconds,
  });
  return { nodes, test, nemesis };
}

const asNemesis = { threads: ["nemesis"] as const };

Deno.test("there is nothing for the nemesis to do if no fault is chosen", () => {
  const { test } = nemesisOf();
  const { generator, finalGenerator } = nemesisFor([], {
    nodes: nodesOf(5),
    network: test.network,
    random: new Random(""),
    intervalSeconds: 10,
  });
  assertStrictEquals(generator.op(contextOf(asNemesis)), null);
  assertStrictEquals(finalGenerator.op(contextOf(asNemesis)), null);
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
  assertEquals(new Set(values.keys()), new Set([...kinds, null]));
  assertStrictEquals(values.get(null), 2000);
  for (const kind of kinds) {
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
    .map((time, i) => (time - times[i]) / secondInNs);
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
  for (const [kind, count] of kinds.flatMap((k) => [[k, 5], [k, 3]] as const)) {
    const { nodes, test, nemesis } = nemesisOf({ seed: kind, count });
    const sendAll = () => {
      for (const src of nodes) {
        for (const dest of nodes) {
          if (src !== dest) test.network.send(src, dest, `${src}-${dest}`);
        }
      }
    };
    const begun = nemesis.invoke(planned("start-partition", kind));
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
          !cuts[dest].includes(src),
          `${kind}: ${src} to ${dest}`,
        );
      }
    }
    assertEquals(nemesis.invoke(planned("stop-partition")), {
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
  nemesis.invoke(planned("start-partition", "one"));
  for (const node of nodesOf(5)) {
    test.network.send("c0", node, node);
    test.network.send(node, "c0", node);
  }
  await test.settle();
  assertStrictEquals(test.deliveries.length, 10);
});
