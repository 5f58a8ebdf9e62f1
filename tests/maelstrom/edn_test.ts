import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { toEDNStringFromSimpleObject } from "edn-data";
import { readEDN } from "../../lib/maelstrom/edn.ts";
import { ExactNumber } from "../../lib/workbench/sim/exact_json.ts";

const cases: [edn: string, json: unknown][] = [
  ["nil", null],
  ["true", true],
  [":valid?", "valid?"],
  ["symbol", "symbol"],
  ["\\a", "a"],
  ['[\\( \\" \\; \\\\]', ["(", '"', ";", "\\"]],
  ['"a \\"quoted\\" text\\n"', 'a "quoted" text\n'],
  ["-7", -7],
  ["0.5", 0.5],
  ["1.0E-5", 1e-5],
  ["[1 (2 #{3})]", [1, [2, [3]]]],
  ["()", []],
  ['{:a 1, "b" 2}', { a: 1, b: 2 }],
  ["{0 0, 0.5 12, 1 99}", { "0": 0, "0.5": 12, "1": 99 }],
  ["{[1 2] 3}", [[[1, 2], 3]]],
  ["#jepsen.history.Op{:index 3, :f :read}", { index: 3, f: "read" }],
  ["; a comment\n {:a #_ignored 1}", { a: 1 }],
  [":a/b", "a/b"],
  ['"1234567890123456789 \\\\" ', "1234567890123456789 \\"],
];

for (const [edn, json] of cases) {
  Deno.test(`${edn} is ${JSON.stringify(json)}`, () => {
    assertEquals(readEDN(edn), json);
  });
}

Deno.test("integers beyond 2^53 stay what they are", () => {
  assertEquals(
    readEDN("[9007199254740993 -9007199254740993N 9007199254740991 7N]"),
    [
      new ExactNumber("9007199254740993"),
      new ExactNumber("-9007199254740993"),
      9007199254740991,
      new ExactNumber("7"),
    ],
  );
});

Deno.test("3.0 isn't 3, where that matters", () => {
  const exactFloats = true;
  assertEquals(readEDN("[3 3.0 1.0E-5]", { exactFloats }), [
    3,
    new ExactNumber("3.0"),
    new ExactNumber("1.0E-5"),
  ]);
  assertEquals(readEDN('["3.0" :v3.0 n3.0]', { exactFloats }), [
    "3.0",
    "v3.0",
    "n3.0",
  ]);
});

for (const edn of ["", "{:a", "[1 2", '{:a "x', "1 2", "}", "{:a [}"]) {
  Deno.test(`${JSON.stringify(edn)} isn't a whole EDN value`, () => {
    assertThrows(() => readEDN(edn), SyntaxError, "not a whole EDN value");
  });
}

Deno.test("what is written as EDN is read as it was", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string(),
      fc.array(tie("value")),
      fc.dictionary(fc.stringMatching(/^[a-z][a-z-]*$/), tie("value")),
    ),
  })).value;
  fc.assert(
    fc.property(value, (json) => {
      const edn = toEDNStringFromSimpleObject(json as never);
      assertEquals(readEDN(edn), JSON.parse(JSON.stringify(json)));
    }),
    { seed: 1 },
  );
});
