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
} from "../../../lib/workbench/checkers/graph.ts";
import { some } from "../../some.ts";
import { cases } from "../helpers.ts";

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
            reaches[a]!.has(b) && reaches[b]!.has(a),
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
  const [group] = some(groups(components(builder.build())));
  assertEquals(group.length, count);
});
