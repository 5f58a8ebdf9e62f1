/**
 * The history: whose entries these are, and which belong together.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import {
  describeError,
  historyProblem,
  isClientOp,
  type Op,
  pairs,
} from "../../../lib/workbench/load/history.ts";
import { cases, type Entry, historyOf, op } from "../helpers.ts";

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
  assert(isClientOp(client!));
  assert(!isClientOp(other!));
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

/** A read that takes a millisecond, and what is changed of its entries. */
function readWith(...changes: Record<string, unknown>[]): unknown[] {
  return historyOf(op(0, 0, "invoke", "read"), op(1, 0, "ok", "read", [1]))
    .map((entry, i) => ({ ...entry, ...changes[i] }));
}

Deno.test("a history is one whatever happened, and when", () => {
  for (
    const entries of [
      [],
      readWith(),
      readWith({ time: 5_000_000 }), // it ended before it began: never mind
      readWith({ value: undefined }, { value: { any: "thing" } }),
      historyOf(
        op(0, 0, "invoke", "read"),
        op(0, "nemesis", "info", "start-partition"),
        op(0, 0, "info", "read"),
        op(0, 3, "invoke", "read"),
      ),
    ]
  ) {
    assertEquals(historyProblem(entries), undefined);
  }
});

Deno.test("what isn't an operation, or can't stand where it stands, is named", () => {
  const undone = undefined;
  for (
    const [entries, words] of [
      [[null], "entry 0 of the history isn't an operation: null"],
      [[...readWith(), []], "entry 2 of the history isn't an operation: []"],
      [readWith({}, { index: undone }), "entry 1 of the history has no index"],
      [readWith({ index: 1 }), "entry 0 of the history has the index 1"],
      [readWith({}, { index: "1" }), 'has the index "1"'],
      [readWith({}, { index: 0 }), "or there twice"],
      [readWith({ time: undone }), "entry 0 of the history has no time"],
      [readWith({ time: "5" }), 'has the time "5"'],
      [readWith({ time: NaN }), "has the time null"],
      [readWith({ process: undone }), "has no process"],
      [readWith({ process: null }), "has no process"],
      [readWith({ process: -1 }), "has the process -1"],
      [readWith({ process: 0.5 }), "has the process 0.5"],
      [readWith({ process: "client" }), 'has the process "client"'],
      [readWith({ type: undone }), "has no type"],
      [readWith({ type: "okay" }), "which isn't invoke, ok, fail or info"],
      [readWith({ f: undone }), "has no f"],
      [readWith({ f: "" }), 'has the f ""'],
      [readWith({ f: ["read"] }), 'has the f ["read"]'],
      [readWith({}, { f: "write" }), 'ended as a "write" and had begun as a'],
      [readWith({}, { process: 1 }), "operation 1 ended and had never begun"],
      [readWith({}, { type: "invoke" }), "before its last operation, 0, has"],
      [readWith({ type: "ok" }), "operation 0 ended and had never begun"],
    ] as [unknown[], string][]
  ) {
    assertStringIncludes(historyProblem(entries) ?? "nothing", words);
  }
});

Deno.test("only the first problem is told, and shortly", () => {
  const deep = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));
  const circle: unknown[] = [];
  circle.push(circle);
  for (const value of ["x".repeat(100_000), deep, circle]) {
    const problem = historyProblem([...readWith({ type: value }), null]);
    assertMatch(problem!, /^entry 0 .{20,160}$/);
  }
});

Deno.test("an error is told in words, whatever it is", () => {
  const texts: [error: unknown, text: string][] = [
    [undefined, "no reason is known"],
    ["net-timeout", "no answer came in time"],
    [["abort", null], "abort"],
    [["abort", "as told"], "abort: as told"],
    [["abort", { a: [1] }, 7], 'abort: {"a":[1]}: 7'],
    [{ code: 14 }, '{"code":14}'],
  ];
  for (const [error, text] of texts) {
    assertEquals(describeError({ error } as unknown as Op), text);
  }
});
