/**
 * Unique ids: which ones are the same, and what is counted.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { uniqueIds } from "../../../lib/workbench/checkers/unique_ids.ts";
import { identity, parseExact } from "../../../lib/workbench/sim/exact_json.ts";
import { cases, type Entry, historyOf, op, tally } from "../helpers.ts";

const check = (...entries: Entry[]) => uniqueIds(historyOf(...entries));

/** Returns the findings when these ids were handed out, as JSON. */
function handedOut(...texts: string[]) {
  return check(
    ...texts.flatMap((text, i) => [
      op(i, 0, "invoke", "generate"),
      op(i, 0, "ok", "generate", parseExact(text)),
    ]),
  );
}

Deno.test("unique ids: nothing was asked", () => {
  assertEquals(check(), {
    "valid?": true,
    "attempted-count": 0,
    "acknowledged-count": 0,
    "duplicated-count": 0,
    duplicated: {},
    range: [null, null],
  });
});

Deno.test("unique ids: all different", () => {
  assertEquals(handedOut("3", "1", "2"), {
    "valid?": true,
    "attempted-count": 3,
    "acknowledged-count": 3,
    "duplicated-count": 0,
    duplicated: {},
    range: [1, 3],
  });
});

Deno.test("unique ids: one twice, another three times", () => {
  const findings = handedOut('"b"', '"a"', '"b"', '"c"', '"a"', '"a"');
  assertStrictEquals(findings["valid?"], false);
  assertStrictEquals(findings["acknowledged-count"], 6);
  assertStrictEquals(findings["duplicated-count"], 2);
  assertEquals(findings.duplicated, { a: 3, b: 2 });
  assertEquals(findings.range, ["a", "c"]);
});

Deno.test("unique ids: those that aren't texts are listed in pairs, in order", () => {
  const findings = handedOut("7", "10", "7", "10", "10", "1");
  assertEquals(findings.duplicated, [[7, 2], [10, 3]]);
});

Deno.test("unique ids: what failed, or has no known end, was attempted and not acknowledged", () => {
  const findings = check(
    op(0, 0, "invoke", "generate"),
    op(0, 1, "invoke", "generate"),
    op(0, 2, "invoke", "generate"),
    op(0, 3, "invoke", "generate"),
    op(1, 0, "ok", "generate", 1),
    op(1, 1, "fail", "generate"),
    op(1, 2, "info", "generate"),
  );
  assertStrictEquals(findings["valid?"], true);
  assertStrictEquals(findings["attempted-count"], 4);
  assertStrictEquals(findings["acknowledged-count"], 1);
});

Deno.test("unique ids: other operations and the nemesis's don't count", () => {
  const findings = check(
    op(0, 0, "ok", "generate", 1),
    op(0, 0, "invoke", "read"),
    op(0, 0, "ok", "read", 1),
    op(0, "nemesis", "info", "start-partition", 1),
  );
  assertStrictEquals(findings["attempted-count"], 0);
  assertStrictEquals(findings["acknowledged-count"], 1);
  assertStrictEquals(findings["valid?"], true);
});

Deno.test("unique ids: 3 and 3.0 are different, 3.0 and 3.00 aren't", () => {
  assertStrictEquals(handedOut("3", "3.0")["valid?"], true);
  assertStrictEquals(handedOut("3.0", "3.00")["valid?"], false);
});

Deno.test("unique ids: neighbours beyond 2^53 are different", () => {
  const findings = handedOut("9007199254740992", "9007199254740993");
  assertStrictEquals(findings["valid?"], true);
  assertStrictEquals(
    JSON.stringify(findings.range),
    "[9007199254740992,9007199254740993]",
  );
  const twice = handedOut("9007199254740993", "9007199254740993");
  assertStrictEquals(twice["valid?"], false);
  assertStrictEquals(
    JSON.stringify(twice.duplicated),
    "[[9007199254740993,2]]",
  );
});

Deno.test('unique ids: 1 and "1" are different', () => {
  assertStrictEquals(handedOut("1", '"1"')["valid?"], true);
});

Deno.test("unique ids: whole values are compared, whatever the order of their keys", () => {
  assertStrictEquals(handedOut("[1,2]", "[2,1]", "[1,2,3]")["valid?"], true);
  assertStrictEquals(handedOut("[1,2]", "[1,2]")["valid?"], false);
  assertStrictEquals(
    handedOut('{"n":1,"c":2}', '{"c":2,"n":1}')["valid?"],
    false,
  );
});

Deno.test("unique ids: null can be handed out twice as well, and has no part in the range", () => {
  const findings = handedOut("null", "5", "null");
  assertStrictEquals(findings["valid?"], false);
  assertEquals(findings.duplicated, [[null, 2]]);
  assertEquals(findings.range, [5, 5]);
});

Deno.test("unique ids: false is an id like any other", () => {
  assertEquals(handedOut("false", "true").range, [false, true]);
  assertEquals(handedOut("0", "false", "0").duplicated, [[0, 2]]);
});

Deno.test("unique ids: numbers range by their size, not their text", () => {
  assertEquals(handedOut("10", "9", "100").range, [9, 100]);
});

Deno.test("unique ids: of many duplicates the 48 most frequent are listed, all are counted", () => {
  const texts = Array.from(
    { length: 60 },
    (_, i) => new Array(i < 10 ? 3 : 2).fill(`${i}`),
  ).flat();
  const findings = handedOut(...texts);
  assertStrictEquals(findings["duplicated-count"], 60);
  // As in Jepsen, the greatest among those that came equally often.
  const expected = Array.from(
    { length: 60 },
    (_, i) => [i, i < 10 ? 3 : 2] as const,
  )
    .filter(([i]) => i < 10 || i >= 22);
  assertEquals(findings.duplicated as unknown, expected);
});

Deno.test("unique ids: whatever is handed out is counted as it is", () => {
  const id = fc.oneof(
    fc.constantFrom("1", "1.0", "1.00", '"1"', "[1]", "[1.0]", "null"),
    fc.nat(20).map(String),
  );
  fc.assert(
    fc.property(fc.array(id, { maxLength: 60 }), (texts) => {
      const findings = handedOut(...texts);
      const counts = tally(texts.map((text) => identity(parseExact(text))));
      const repeated = [...counts.values()].filter((count) => count > 1);
      assertStrictEquals(findings["valid?"], repeated.length === 0);
      assertStrictEquals(findings["duplicated-count"], repeated.length);
      assertStrictEquals(findings["acknowledged-count"], texts.length);
      const listed = Object.values(
        Array.isArray(findings.duplicated)
          ? findings.duplicated.map(([, count]) => count)
          : findings.duplicated,
      );
      assertEquals(listed.sort(), repeated.sort());
      assert(findings["acknowledged-count"] <= findings["attempted-count"]);
    }),
    cases(),
  );
});
