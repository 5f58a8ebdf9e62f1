/**
 * Topologies: who is whose neighbour, in the order that Maelstrom lists them.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStrictEquals,
} from "@std/assert";
import {
  topologies,
  type Topology,
} from "../../../lib/workbench/sim/topology.ts";
import { nodesOf } from "../helpers.ts";

/** Neighbours by number, as `"0: 1 2"`. */
function neighbours(name: string, count: number): string[] {
  return Object.entries(topologies[name]!(nodesOf(count)))
    .map(([node, others]) =>
      `${node}: ${others.join(" ")}`.replaceAll("n", "").trim()
    );
}

/** The nodes that can be reached from the first one. */
function reachable(topology: Topology): Set<string> {
  const seen = new Set(Object.keys(topology).slice(0, 1));

  for (const node of seen) {
    for (const other of topology[node] ?? []) seen.add(other);
  }
  return seen;
}

Deno.test("there are Maelstrom's topologies", () => {
  assertEquals(
    Object.keys(topologies).sort(),
    ["grid", "line", "total", "tree", "tree2", "tree3", "tree4"],
  );
});

Deno.test("names stay what they are", () => {
  assertEquals(topologies.line!(["b", "a"]), { b: ["a"], a: ["b"] });
});

Deno.test("line: each has one on either side", () => {
  assertEquals(neighbours("line", 4), ["0: 1", "1: 0 2", "2: 1 3", "3: 2"]);
  assertEquals(neighbours("line", 3), ["0: 1", "1: 0 2", "2: 1"]);
  assertEquals(neighbours("line", 2), ["0: 1", "1: 0"]);
});

Deno.test("line: of one node is empty", () => {
  assertEquals(topologies.line!(["n0"]), {});
});

Deno.test("grid: below, above, right, left", () => {
  assertEquals(neighbours("grid", 9), [
    "0: 3 1",
    "1: 4 2 0",
    "2: 5 1",
    "3: 6 0 4",
    "4: 7 1 5 3",
    "5: 8 2 4",
    "6: 3 7",
    "7: 4 8 6",
    "8: 5 7",
  ]);
});

Deno.test("grid: the last rows may be short or missing", () => {
  assertEquals(neighbours("grid", 1), ["0:"]);
  assertEquals(neighbours("grid", 2), ["0: 1", "1: 0"]);
  assertEquals(neighbours("grid", 3), ["0: 2 1", "1: 0", "2: 0"]);
  // Three to a row, the second one short: n4 has nobody on its right.
  assertEquals(neighbours("grid", 5), [
    "0: 3 1",
    "1: 4 2 0",
    "2: 1",
    "3: 0 4",
    "4: 1 3",
  ]);
  assertEquals(neighbours("grid", 7), [
    "0: 3 1",
    "1: 4 2 0",
    "2: 5 1",
    "3: 6 0 4",
    "4: 1 5 3",
    "5: 2 4",
    "6: 3",
  ]);
});

Deno.test("tree: the parent, then the children from left to right", () => {
  const binary = [
    "0: 1 2",
    "1: 0 3 4",
    "2: 0 5 6",
    "3: 1",
    "4: 1",
    "5: 2",
    "6: 2",
  ];
  assertEquals(neighbours("tree", 7), binary);
  assertEquals(neighbours("tree2", 7), binary);
  assertEquals(neighbours("tree", 1), ["0:"]);
  assertEquals(neighbours("tree", 4), ["0: 1 2", "1: 0 3", "2: 0", "3: 1"]);
});

Deno.test("tree3 and tree4: three and four children", () => {
  assertEquals(neighbours("tree3", 6), [
    "0: 1 2 3",
    "1: 0 4 5",
    "2: 0",
    "3: 0",
    "4: 1",
    "5: 1",
  ]);
  assertEquals(neighbours("tree4", 7), [
    "0: 1 2 3 4",
    "1: 0 5 6",
    "2: 0",
    "3: 0",
    "4: 0",
    "5: 1",
    "6: 1",
  ]);
});

Deno.test("total: everybody, in order, but oneself", () => {
  assertEquals(neighbours("total", 4), [
    "0: 1 2 3",
    "1: 0 2 3",
    "2: 0 1 3",
    "3: 0 1 2",
  ]);
  assertEquals(neighbours("total", 1), ["0:"]);
});

for (const name of Object.keys(topologies)) {
  Deno.test(`${name}: for any number of nodes all are there, linked both ways, and reachable`, () => {
    for (let count = name === "line" ? 2 : 1; count <= 30; count++) {
      const nodes = nodesOf(count);
      const topology = topologies[name]!(nodes);
      assertEquals(Object.keys(topology).sort(), nodes.toSorted());
      for (const [node, others] of Object.entries(topology)) {
        assert(!others.includes(node));
        assertStrictEquals(new Set(others).size, others.length);
        for (const other of others) assert(topology[other]!.includes(node));
      }
      assertStrictEquals(reachable(topology).size, count, `${count} nodes`);
    }
  });
}

Deno.test("nobody has more neighbours than the topology's shape allows", () => {
  const most = { line: 2, grid: 4, tree: 3, tree2: 3, tree3: 4, tree4: 5 };
  for (const [name, limit] of Object.entries(most)) {
    for (let count = 1; count <= 30; count++) {
      for (const others of Object.values(topologies[name]!(nodesOf(count)))) {
        assertLessOrEqual(others.length, limit);
      }
    }
  }
});

Deno.test("trees and lines have no link too many", () => {
  for (const name of ["line", "tree", "tree3", "tree4"]) {
    for (let count = 2; count <= 30; count++) {
      const links = Object.values(topologies[name]!(nodesOf(count))).flat();
      assertStrictEquals(links.length, 2 * (count - 1));
    }
  }
});
