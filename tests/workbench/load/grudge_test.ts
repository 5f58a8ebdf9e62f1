/**
 * The shapes of partitions.
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
import {
  type Grudge,
  grudge,
  type PartitionKind,
  partitionKinds,
} from "../../../lib/workbench/load/grudge.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { cases, nodesOf, tally } from "../helpers.ts";

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
  return nodes.filter((other) => !cuts[node]!.includes(other));
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
    .every(([node, others]) => others.every((n) => cuts[n]!.includes(node)));
}

for (const kind of partitionKinds) {
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
    assertStrictEquals(components(cuts, nodes)[0]!.length, 1);
  }, { min: 2 });
  assertEquals(grudge("one", ["n0"], new Random("")), { n0: [] });
});

Deno.test("one: every node is as likely to be the one", () => {
  const random = new Random("lonely");
  const counts = tally(
    Array.from(
      { length: 2000 },
      () => components(grudge("one", nodesOf(5), random), nodesOf(5))[0]?.[0],
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
    const few = sides.length === 1 ? 0 : sides[0]!.length;
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
