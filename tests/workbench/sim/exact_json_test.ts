/**
 * JSON whose numbers stay what they are.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  compareExact,
  ExactNumber,
  identity,
  mayLoseNumbers,
  nestsTooDeep,
  parseExact,
} from "../../../lib/workbench/sim/exact_json.ts";
import { cases } from "../helpers.ts";

/** Numbers as JSON writes them; "-0" has a test of its own. */
const numberText = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9]\d{0,24})\.\d{1,4}$/),
  fc.stringMatching(/^-?(0|[1-9]\d{0,3})(\.\d{1,3})?[eE][+-]?\d{1,3}$/),
  fc.stringMatching(/^-?[1-9]\d{0,24}$/),
  fc.constant("0"),
);

/** A text of JSON, written without white space. */
const jsonText = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4 },
    numberText,
    fc.constantFrom("true", "false", "null"),
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie("text"), { maxLength: 4 }).map((each) => `[${each}]`),
    // Keys that are numbers would change places: they get a letter in front.
    fc.uniqueArray(fc.tuple(fc.string(), tie("text")), {
      maxLength: 4,
      selector: ([key]) => key,
    }).map((entries) =>
      `{${
        entries.map(([key, each]) => `${JSON.stringify(`k${key}`)}:${each}`)
      }}`
    ),
  ),
})).text;

const same = (a: string, b: string) =>
  identity(parseExact(a)) === identity(parseExact(b));

Deno.test("whatever is parsed is written as it was, every number to the letter", () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      assertStrictEquals(JSON.stringify(parseExact(text)), text);
    }),
    cases(500),
  );
});

Deno.test({
  name: "-0 is written as it was",
  // It comes out as "0". That is the same number to the JVM, so that no verdict
  // depends on it.
  fn() {
    assertStrictEquals(JSON.stringify(parseExact("-0")), "-0");
  },
});

Deno.test("without floats and large integers it is parsed as by JSON.parse", () => {
  const values = [
    fc.maxSafeInteger(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
  ];
  fc.assert(
    fc.property(fc.object({ values }), (value) => {
      const text = JSON.stringify(value);
      assertEquals(parseExact(text), JSON.parse(text));
    }),
    cases(300),
  );
});

Deno.test("safe integers are numbers; all others are kept as they are written", () => {
  for (
    const text of ["0", "7", "-7", "9007199254740991", "-9007199254740991"]
  ) {
    assertStrictEquals(parseExact(text), Number(text));
  }
  for (
    const text of [
      "3.0",
      "0.5",
      "1e3",
      "1E+3",
      "9007199254740992",
      "-9007199254740993",
      "123456789012345678901234567890",
      "1e999",
    ]
  ) {
    const value = parseExact(text);
    assertInstanceOf(value, ExactNumber);
    assertStrictEquals(value.source, text);
  }
});

Deno.test("numbers are kept wherever they are", () => {
  const text = '{"body":{"id":[3.0,{"a":9007199254740993}],"msg_id":1}}';
  assertStrictEquals(JSON.stringify(parseExact(text)), text);
});

Deno.test("what isn't JSON is refused", () => {
  for (const text of ["", "{", "01", "1.", "NaN", "{'a':1}"]) {
    assertThrows(() => parseExact(text), SyntaxError);
  }
});

Deno.test("identity: an integer isn't the float of the same value", () => {
  assert(!same("3", "3.0"));
  assert(!same("0", "0.0"));
  assert(!same("1000", "1e3"));
  assert(!same("9007199254740993", "9007199254740993.0"));
});

Deno.test("identity: however a float is written, it is the same", () => {
  assert(same("3.0", "3.00"));
  assert(same("3.0", "3e0"));
  assert(same("0.5", "5e-1"));
  assert(same("1e3", "1.0E+3"));
  assert(same("0.1", "0.1000000000000000055"));
  assert(same("-0.0", "0.0"));
});

Deno.test("identity: a float reads like one, for some see it", () => {
  const texts = ["1.0", "1.50", "1e21", "-2.0", "12"];
  assertEquals(
    texts.map((text) => identity(parseExact(text))),
    ["1.0", "1.5", "1e+21", "-2.0", "12"],
  );
});

Deno.test("identity: different floats differ", () => {
  assert(!same("0.1", "0.2"));
  assert(!same("0.5", "-0.5"));
  assert(!same("0.30000000000000004", "0.3"));
});

Deno.test("identity: neighbours above 2^53 differ", () => {
  assert(!same("9007199254740992", "9007199254740993"));
  assert(!same("-9007199254740992", "-9007199254740993"));
  assert(same("9007199254740993", "9007199254740993"));
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 30n), (n) => {
      assert(!same(`${n}`, `${n + 1n}`));
      assert(same(`${n}`, `${n}`));
      if (n > 0n) assert(!same(`${n}`, `-${n}`));
    }),
    cases(200),
  );
});

Deno.test("identity: minus nothing is nothing", () => {
  assert(same("-0", "0"));
});

Deno.test("identity: the order of keys doesn't matter, that of elements does", () => {
  assert(same('{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}'));
  assert(!same('{"a":1,"b":2}', '{"a":2,"b":1}'));
  assert(!same("[1,2]", "[2,1]"));
});

Deno.test("identity: what is nested is told apart like what isn't", () => {
  assert(!same("[3]", "[3.0]"));
  assert(!same('{"a":[3]}', '{"a":[3.0]}'));
  assert(same('{"a":[3.0]}', '{"a":[3.00]}'));
  assert(!same("[[1],2]", "[[1,2]]"));
  assert(!same("[]", "[[]]"));
});

Deno.test("identity: values of different kinds differ", () => {
  const texts = [
    "null",
    "true",
    "false",
    "0",
    "0.0",
    '"0"',
    '""',
    '"null"',
    '"0f"',
    "[]",
    "{}",
    "[0]",
    "[null]",
    '{"0":0}',
    '["0"]',
    '"[0]"',
  ];
  const identities = texts.map((text) => identity(parseExact(text)));
  assertStrictEquals(new Set(identities).size, texts.length);
});

Deno.test("identity: keys and texts can't be mistaken for structure", () => {
  assert(!same('{"a":"b\\",\\"c"}', '{"a":"b","c":""}'));
  assert(!same('["a,b"]', '["a","b"]'));
});

Deno.test("identity: the same text is the same value", () => {
  fc.assert(
    fc.property(jsonText, (text) => assert(same(text, text))),
    cases(200),
  );
});

/** Values to be put in order; texts are letters only: see the ignored test. */
const comparable = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 2 },
    numberText,
    fc.constantFrom("true", "false", "null", '"a"', '"ab"', '"b"', "{}"),
    fc.array(tie("text"), { maxLength: 3 }).map((each) => `[${each}]`),
  ),
})).text.map(parseExact);

Deno.test("compareExact: is an order", () => {
  fc.assert(
    fc.property(comparable, comparable, comparable, (a, b, c) => {
      assertStrictEquals(
        Math.sign(compareExact(a, b)) + Math.sign(compareExact(b, a)),
        0,
      );
      if (compareExact(a, b) <= 0 && compareExact(b, c) <= 0) {
        assert(compareExact(a, c) <= 0);
      }
      if (identity(a) === identity(b)) assertEquals(compareExact(a, b), 0);
    }),
    cases(1000),
  );
});

Deno.test("compareExact: by kind, then by value", () => {
  const inOrder = [
    "null",
    "false",
    "true",
    "-9007199254740994",
    "-9007199254740993",
    "-1.5",
    "-1",
    "0",
    "0.5",
    "2",
    "10",
    "9007199254740992",
    "9007199254740993",
    "1e20",
    "100000000000000000001",
    '""',
    '"10"',
    '"2"',
    '"a"',
    '"ab"',
    '"b"',
    "[]",
    "[9]",
    "[1,1]",
    "[1,2]",
    "{}",
  ];
  for (const [i, a] of inOrder.entries()) {
    for (const [j, b] of inOrder.entries()) {
      assertEquals(
        Math.sign(compareExact(parseExact(a), parseExact(b))),
        Math.sign(i - j),
        `${a} and ${b}`,
      );
    }
  }
});

Deno.test("compareExact: an integer and the float of the same value are level", () => {
  assertEquals(compareExact(parseExact("3"), parseExact("3.0")), 0);
  assertNotEquals(compareExact(parseExact("3"), parseExact("3.5")), 0);
});

Deno.test({
  name: "compareExact: texts are in order of their characters",
  // They are compared as JSON writes them, with quotes: "a" comes after "a b"
  // and "a!", as the closing quote is greater than a space, and what has to be
  // escaped is out of place. It shows in the range that unique-ids reports.
  fn() {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        assertEquals(
          Math.sign(compareExact(a, b)),
          a < b ? -1 : a > b ? 1 : 0,
        );
      }),
      { ...cases(1000), examples: [["a", "a b"], ["\n", "A"]] },
    );
  },
});

Deno.test("a thousand values may lie in each other, and no more", () => {
  for (
    const [open, close] of [["[", "]"], ["[[", "]]"], ['{"a":', "}"]] as const
  ) {
    const levels = 1000 / open.replace(/[^[{]/g, "").length;
    const text = (count: number) =>
      `${open.repeat(count)}${open.endsWith(":") ? "1" : ""}${
        close.repeat(count)
      }`;
    assertEquals(nestsTooDeep(text(levels)), false);
    parseExact(text(levels));
    assertEquals(nestsTooDeep(text(levels + 1)), true);
    assertThrows(() => parseExact(text(levels + 1)), SyntaxError, "1000 deep");
  }
});

Deno.test("brackets in texts, and those that close again, aren't deep", () => {
  for (
    const value of ["[".repeat(9000), '\\"['.repeat(9000), [
      ..."[".repeat(9000),
    ]]
  ) {
    assertEquals(nestsTooDeep(JSON.stringify(value)), false);
  }
  assertEquals(nestsTooDeep(`[${"[],".repeat(9000)}[]]`), false);
  // Not JSON, and no matter: what parses it says so.
  assertEquals(nestsTooDeep('"'.repeat(9001)), false);
});

Deno.test("texts whose numbers may not stay what they are are those with a sign of it", () => {
  const sign = /\d[.eE]|\d{16}|-0/;
  const digits = fc.stringMatching(/^-?\d{1,18}([.eE]-?\d{1,2})?$/);
  const words = fc.constantFrom("-", "[", ",", "e", ".", "E5", "- 0", " ", "x");
  fc.assert(
    fc.property(fc.array(fc.oneof(digits, words)), (parts) => {
      const text = parts.join("");
      assertEquals(mayLoseNumbers(text), sign.test(text), text);
    }),
    { seed: 1, numRuns: 2000 },
  );
});
