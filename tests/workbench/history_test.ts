/**
 * The history: whose entries these are, and which belong together.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { isClientOp, type Op, pairs } from "../../lib/workbench/history.ts";
import { cases, type Entry, historyOf, op } from "./helpers.ts";

/** For each entry the index of the other one. */
function partners(...entries: Entry[]): (number | undefined)[] {
  const result = pairs(historyOf(...entries));
  return entries.map((_, i) => result[i]?.index);
}

Deno.test("all but the nemesis's are clients' operations", () => {
  const [client, other] = historyOf(
    op(0, 7, "info", "read"),
    op(0, "nemesis", "info", "start-partition"),
  );
  assert(isClientOp(client));
  assert(!isClientOp(other));
});

Deno.test("each completion is paired with its process's invocation, and the other way round", () => {
  assertEquals(
    partners(
      op(0, 0, "invoke", "a"),
      op(1, 1, "invoke", "b"),
      op(2, 0, "ok", "a"),
      op(3, 0, "invoke", "c"),
      op(4, 1, "fail", "b"),
      op(5, 0, "info", "c"),
    ),
    [2, 4, 0, 5, 1, 3],
  );
});

Deno.test("what never ended has no partner", () => {
  assertEquals(
    partners(op(0, 0, "invoke", "a"), op(1, 1, "invoke", "b")),
    [undefined, undefined],
  );
});

Deno.test("a completion without an invocation has no partner", () => {
  assertEquals(
    partners(
      op(0, 0, "ok", "a"),
      op(1, 0, "invoke", "b"),
      op(2, 0, "ok", "b"),
      op(3, 0, "ok", "b"),
    ),
    [undefined, 2, 1, undefined],
  );
});

Deno.test("the nemesis's operations aren't paired", () => {
  assertEquals(
    partners(
      op(0, "nemesis", "info", "start-partition"),
      op(1, 0, "invoke", "a"),
      op(2, "nemesis", "info", "start-partition"),
      op(3, 0, "ok", "a"),
    ),
    [undefined, 3, undefined, 1],
  );
});

Deno.test("an empty history has no pairs", () => {
  assertEquals(pairs([]), []);
});

Deno.test("any history: pairs are mutual, of one process, and nothing of it lies between", () => {
  const entry = fc.record({
    time: fc.constant(0),
    process: fc.oneof(fc.nat(3), fc.constant("nemesis" as const)),
    type: fc.constantFrom("invoke", "ok", "fail", "info"),
    f: fc.constant("f"),
    value: fc.constant(null),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      const history = historyOf(...entries as Entry[]);
      const partnerOf = pairs(history);
      for (const each of history) {
        const other: Op | undefined = partnerOf[each.index];
        // The last invocation before a completion, if nothing completed since.
        const before = history.slice(0, each.index)
          .findLast(({ process }) => process === each.process);
        if (each.type !== "invoke" && each.process !== "nemesis") {
          assertStrictEquals(
            other,
            before?.type === "invoke" ? before : undefined,
          );
        }
        if (other !== undefined) {
          assertStrictEquals(partnerOf[other.index], each);
          assert(each.process !== "nemesis");
        }
      }
    }),
    cases(300),
  );
});
