/**
 * The nodes that a fault is done to, against Jepsen's `db-nodes`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  type TargetKind,
  targetKinds,
  targetsOf,
} from "../../../lib/workbench/load/targets.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { nodesOf } from "../helpers.ts";

const draw = (kind: TargetKind, count: number, random = new Random("t")) =>
  targetsOf(kind, { nodes: nodesOf(count), random });

Deno.test("of n nodes each kind strikes as many as Jepsen's does", () => {
  const sizes = (count: number) =>
    targetKinds.slice(1).map((kind) => draw(kind, count).length);
  // One, a minority third, a minority, a majority, all.
  assertEquals(sizes(1), [1, 0, 0, 1, 1]);
  assertEquals(sizes(2), [1, 0, 1, 2, 2]);
  assertEquals(sizes(3), [1, 0, 1, 2, 3]);
  assertEquals(sizes(4), [1, 1, 2, 3, 4]);
  assertEquals(sizes(5), [1, 1, 2, 3, 5]);
  assertEquals(sizes(25), [1, 8, 12, 13, 25]);
});

Deno.test("without a kind it's any number of nodes, at least one", () => {
  const random = new Random("some");
  const sizes = new Set(
    Array.from({ length: 200 }, () => draw(null, 5, random).length),
  );
  assertEquals([...sizes].sort(), [1, 2, 3, 4, 5]);
});

Deno.test("nodes are drawn, each once", () => {
  const random = new Random("each");
  const drawn = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const nodes = draw("minority", 5, random);
    assertEquals(new Set(nodes).size, nodes.length);
    for (const node of nodes) drawn.add(node);
  }
  assert(nodesOf(5).every((node) => drawn.has(node)));
});
