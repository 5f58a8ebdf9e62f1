/**
 * Tests of lib/error.ts: Maelstrom's error codes, what each of them says about
 * the operation, and how an error travels.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
} from "@std/assert";
import fc from "fast-check";
import { ErrorCode, errorName, isDefinite, RPCError } from "../lib/error.ts";

/** The table of Maelstrom's doc/protocol.md: code, name, definite. */
const table: [number, string, boolean][] = [
  [0, "timeout", false],
  [1, "node-not-found", true],
  [10, "not-supported", true],
  [11, "temporarily-unavailable", true],
  [12, "malformed-request", true],
  [13, "crash", false],
  [14, "abort", true],
  [20, "key-does-not-exist", true],
  [21, "key-already-exists", true],
  [22, "precondition-failed", true],
  [30, "txn-conflict", true],
];

Deno.test("the error codes are those of Maelstrom's protocol, and no others", () => {
  assertEquals(
    Object.values(ErrorCode).sort((a, b) => a - b) as number[],
    table.map(([code]) => code),
  );
});

Deno.test("every code has the name that Maelstrom gives it", () => {
  for (const [code, name] of table) {
    assertEquals(errorName(code), name);
    assertEquals(new RPCError(code).kind, name);
  }
});

Deno.test("all of Maelstrom's errors are definite but timeout and crash", () => {
  for (const [code, name, definite] of table) {
    assertEquals(isDefinite(code), definite, name);
    assertEquals(new RPCError(code).definite, definite, name);
  }
});

Deno.test("a code that Maelstrom doesn't know is unknown and indefinite", () => {
  const known = new Set(table.map(([code]) => code));
  const codes = fc.oneof(fc.integer(), fc.constantFrom(1000, 2, 15, -1, 0.5))
    .filter((code) => !known.has(code));
  fc.assert(
    fc.property(codes, (code) => {
      assertEquals(errorName(code), "unknown");
      assertFalse(isDefinite(code));
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("an RPCError is an Error that keeps its code and its text", () => {
  const error = new RPCError(ErrorCode.abort, "no quorum");
  assertInstanceOf(error, Error);
  assertEquals(error.name, "RPCError");
  assertEquals(error.code, 14);
  assertEquals(error.message, "no quorum");
  assertEquals(String(error), "RPCError: no quorum");
  assert(error.stack?.includes("error_test.ts"));
});

Deno.test("an RPCError without a text has the name of its code for one", () => {
  assertEquals(new RPCError(20).message, "key-does-not-exist");
  assertEquals(new RPCError(1234).message, "unknown");
});

Deno.test("an RPCError whose text is empty keeps it", () => {
  assertEquals(new RPCError(20, "").message, "");
});

Deno.test("the body of an error message has a type, a code and a text", () => {
  assertEquals(new RPCError(22, "was 3, not 4").toBody(), {
    type: "error",
    code: 22,
    text: "was 3, not 4",
  });
});

Deno.test("an error that has travelled is the same error", () => {
  const codes = fc.oneof(
    fc.integer(),
    fc.constantFrom(...table.map(([code]) => code)),
  );
  fc.assert(
    fc.property(codes, fc.string({ unit: "grapheme" }), (code, text) => {
      const wire = JSON.stringify(new RPCError(code, text).toBody());
      const error = RPCError.fromBody(JSON.parse(wire));
      assertInstanceOf(error, RPCError);
      assertEquals([error.code, error.message], [code, text]);
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("an error message without a usable code is a crash: it leaves all open", () => {
  for (const code of [undefined, null, "20", [20], {}]) {
    const error = RPCError.fromBody({ type: "error", code, text: "oh" });
    assertEquals([error.code, error.message], [13, "oh"]);
    assertFalse(error.definite);
  }
});

Deno.test("an error message without a usable text has the name of its code for one", () => {
  for (const text of [undefined, null, 7, ["no"]]) {
    const error = RPCError.fromBody({ type: "error", code: 20, text });
    assertEquals([error.code, error.message], [20, "key-does-not-exist"]);
  }
});
