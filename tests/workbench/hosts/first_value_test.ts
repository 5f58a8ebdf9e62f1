/**
 * Lines are read as Maelstrom's parser reads them: Cheshire 5.12, which was asked
 * for each of these.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { firstValue } from "../../../lib/workbench/hosts/first_value.ts";

for (
  const [line, value] of [
    ['{"a":1}', { a: 1 }],
    ['{"a":1} {"b":2}', { a: 1 }],
    ['{"a":1} garbage', { a: 1 }],
    ['{"a":1}}', { a: 1 }],
    ['{"a":1},', { a: 1 }],
    ['{"a":1}//x', { a: 1 }],
    ['{"a":1}\0', { a: 1 }],
    [' \t{"a":{"b":["}",{"\\"]":1}]}} x', { a: { b: ["}", { '"]': 1 }] } }],
    ['{"a":"x\ty"}', { a: "x\ty" }],
    ['{"a":"x\0y"}', { a: "x\0y" }],
    ['{"a\u0001":1}', { "a\u0001": 1 }],
    ['{"a":1,"a":2}', { a: 2 }],
    ['{"__proto__":1} x', JSON.parse('{"__proto__":1}')],
    ["", undefined],
    ["   ", undefined],
    ["{", undefined],
    ['{"a":1', undefined],
    ['{"a":"', undefined],
    ['{"a":01}', undefined],
    ['{"a":NaN}', undefined],
    ['{"a":.5}', undefined],
    ['{"a":1.}', undefined],
    ['{"a":+1}', undefined],
    ['{"a":1,}', undefined],
    [`{"a":'x'}`, undefined],
    ["{a:1}", undefined],
    ['{"a":1/*c*/}', undefined],
    ['{"a":"\\x"}', undefined],
    ['{"a":tru}', undefined],
    ['{"a":true1}', undefined],
    ['{"a":1x}', undefined],
    ['{"a":[1}]', undefined],
    ['\0{"a":1}', undefined],
    ['\u00a0{"a":1}', undefined],
    ['log: {"a":1}', undefined],
  ] as const
) {
  Deno.test(`of ${JSON.stringify(line)} ${value ? "the first value counts" : "nothing counts"}`, () => {
    const reading = firstValue(line);
    assertEquals(reading.value, value);
    if (value !== undefined) assertEquals(JSON.parse(reading.text), value);
  });
}

Deno.test("what stands behind a message is told, and changes nothing", () => {
  assertEquals(firstValue('{"a":1} {"b":2} ').rest, '{"b":2}');
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string({ minLength: 1 }),
      (value, behind) => {
        const text = JSON.stringify(value);
        const reading = firstValue(text + behind);
        assertEquals(
          [reading.value, reading.rest],
          [JSON.parse(text), behind.trim()],
        );
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("any line is read in time that follows its length", () => {
  for (const piece of ['{"', "{", "[", '"', '\\"', '{"a":1}x']) {
    firstValue('{"a":' + piece.repeat(1_000_000));
  }
});
