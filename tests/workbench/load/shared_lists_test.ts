/** Long lists that are kept once come back as they were, and take little. */
import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import {
  type Make,
  minLength,
  SharedLists,
} from "../../../lib/workbench/load/shared_lists.ts";

/** The lists that a node shows that takes values in one after the other. */
function growing(count: number, step = 7): number[][] {
  return Array.from(
    { length: count },
    (_, i) => Array.from({ length: minLength + i * step }, (_, j) => j),
  );
}

Deno.test("lists come back as they were, in whatever order they are asked for", () => {
  const lists = new SharedLists();
  const all = growing(100);
  const kept = all.map((list) => lists.keep("n1", list.slice()));
  for (const [i, list] of [...all.entries()].reverse()) {
    assertEquals(kept[i]?.() ?? list, list);
  }
  assert(kept.filter(Boolean).length > 95);
});

Deno.test("each call makes a list of its own", () => {
  const lists = new SharedLists();
  const [first = [], second = []] = growing(2);
  lists.keep("n1", first);
  const make = lists.keep("n1", second)!;
  make().reverse();
  assertEquals(make(), second);
});

Deno.test("short lists, and those of other things than numbers, are left alone", () => {
  const lists = new SharedLists();
  const filled = (value: unknown, length = minLength) =>
    Array(length).fill(value);
  for (const list of [filled(1, minLength - 1), filled("a"), filled({})]) {
    assertEquals(lists.keep("n1", list), undefined);
    assertEquals(lists.keep("n1", list), undefined);
  }
});

Deno.test("minus zero isn't zero", () => {
  const lists = new SharedLists();
  const zeros = () => Array<number>(minLength).fill(0);
  lists.keep("n1", zeros());
  lists.keep("n1", zeros());
  const list = [...zeros(), -0];
  const make = lists.keep("n1", list);
  assert(Object.is((make?.() ?? list).at(-1), -0));
});

Deno.test("any lists come back as they were: appended to, inserted into, shuffled", () => {
  const edit = fc.record({
    source: fc.constantFrom("n1", "n2"),
    at: fc.nat(100),
    what: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
    how: fc.constantFrom("append", "insert", "remove", "replace"),
  });
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
      const lists = new SharedLists();
      const begun = Array.from({ length: minLength }, (_, i) => i % 10);
      const now = new Map([["n1", begun], ["n2", begun]]);
      const kept: [number[], Make | undefined][] = [];
      for (const { source, at, what, how } of edits) {
        const list = now.get(source)!.slice();
        if (how === "append") list.push(...what);
        else if (how === "insert") list.splice(list.length - at, 0, ...what);
        else if (how === "remove") list.splice(-at - 1, what.length);
        else list.splice(-at - 1, what.length, ...what);
        now.set(source, list);
        kept.push([list.slice(), lists.keep(source, list)]);
      }
      for (const [list, make] of kept) {
        if (make !== undefined) assertEquals(make(), list);
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});

for (
  const [order, arrange] of [
    ["in which they came", (list: number[]) => list],
    // Whatever came late stands among those before it.
    [
      "of the numbers",
      (list: number[]) =>
        list.map((value) => value % 5 === 0 ? value - 9 : value)
          .sort((a, b) => a - b),
    ],
  ] as const
) {
  Deno.test(`lists in the order ${order} take what is new in each`, () => {
    const lists = new SharedLists();
    const kept = growing(1000).map((list) => lists.keep("n1", arrange(list)));
    const asTheyAre = kept.filter((make) => make === undefined).length;
    // Each of those is kept as a whole.
    assertLess(asTheyAre, 50);
  });
}
