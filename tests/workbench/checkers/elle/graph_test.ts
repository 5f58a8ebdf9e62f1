/**
 * Graphs, against slow and simple tellings of the same.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  components,
  GraphBuilder,
  groups,
  rel,
  relsBetween,
  select,
} from "../../../../lib/workbench/checkers/elle/graph.ts";
import { typeOf } from "../../../../lib/workbench/checkers/elle/cycles.ts";
import {
  inBifurcanOrder,
  inClojureOrder,
  operationHash,
} from "../../../../lib/workbench/checkers/elle/hash_order.ts";
import { cases } from "../../helpers.ts";

const size = 8;
const vertex = fc.integer({ min: 0, max: size - 1 });
const edges = fc.array(
  fc.tuple(vertex, vertex, fc.constantFrom(rel.ww, rel.wr, rel.rw)),
);

function graphOf(found: readonly [number, number, number][], vertices = size) {
  const builder = new GraphBuilder(vertices);
  for (const [from, to, why] of found) builder.link(from, to, why);
  return builder.build();
}

Deno.test("two vertices are in the same component if each reaches the other", () => {
  fc.assert(
    fc.property(edges, fc.constantFrom(1, 3, 7), (found, allowed) => {
      const reaches = Array.from({ length: size }, (_, v) => new Set([v]));
      for (let round = 0; round < size; round++) {
        for (const [from, to, why] of found) {
          if ((why & allowed) === 0) continue;
          for (const set of reaches) if (set.has(from)) set.add(to);
        }
      }
      const { of } = components(graphOf(found), allowed);
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < size; b++) {
          assertEquals(
            of[a] === of[b],
            reaches[a].has(b) && reaches[b].has(a),
          );
        }
      }
    }),
    cases(),
  );
});

Deno.test("several reasons make one edge", () => {
  fc.assert(
    fc.property(edges, (found) => {
      const graph = graphOf(found);
      for (const [from, to] of found) {
        const reasons = found
          .filter(([a, b]) => a === from && b === to)
          .reduce((bits, [, , why]) => bits | why, 0);
        assertEquals(relsBetween(graph, from, to), reasons);
      }
      const pairs = new Set(found.map(([from, to]) => `${from},${to}`));
      assertEquals(graph.targets.length, pairs.size);
    }),
    cases(),
  );
});

Deno.test("a selection keeps the edges between its vertices", () => {
  const graph = graphOf([[0, 1, 1], [1, 2, 2], [2, 0, 4], [2, 3, 1]]);
  const part = select(graph, [1, 2]);
  assertEquals([...part.targets], [1]);
  assertEquals([...part.rels], [2]);
});

Deno.test("a path of a million vertices doesn't overflow the stack", () => {
  const count = 1_000_000;
  const builder = new GraphBuilder(count);
  for (let v = 0; v < count; v++) builder.link(v, (v + 1) % count, rel.ww);
  const [group] = groups(components(builder.build()));
  assertEquals(group.length, count);
});

Deno.test("a cycle is named by its edges", () => {
  assertEquals(typeOf(["ww", "ww"]), "G0");
  assertEquals(typeOf(["ww", "wr"]), "G1c");
  assertEquals(typeOf(["rw", "wr"]), "G-single-item");
  assertEquals(typeOf(["rw", "wr", "rw", "ww"]), "G-nonadjacent-item");
  assertEquals(typeOf(["rw", "wr", "rw"]), "G2-item");
  assertEquals(typeOf(["rw", "rw"]), "G2-item");
  assertEquals(typeOf(["ww", "realtime"]), "G0-realtime");
  assertEquals(typeOf(["rw", "process"]), "G-single-item-process");
});

Deno.test("the order of hash tables is the JVM's", () => {
  // As a REPL with Elle's own libraries prints them.
  const indexes = Array.from({ length: 24 }, (_, i) => 2 * i);
  assertEquals(
    inBifurcanOrder(indexes, operationHash).join(" "),
    "6 46 20 30 18 16 42 24 36 4 0 38 10 34 32 26 40 44 8 28 12 22 14 2",
  );
  assertEquals(inClojureOrder([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), [
    7,
    1,
    4,
    6,
    3,
    2,
    9,
    5,
    10,
    8,
  ]);
  assertEquals(
    inClojureOrder([[1, 2], [1, 3], [2, 1], [4, 4], [5], ["a", null], [true]]),
    [[true], [1, 3], [5], ["a", null], [2, 1], [4, 4], [1, 2]],
  );
});
