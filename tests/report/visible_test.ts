/** The text that a terminal is shown instead of what it would obey. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { visible, visibleJson } from "../../lib/report/visible.ts";

Deno.test("what a terminal would obey is written out", () => {
  const written = [
    ["\x1b[2J", "\\x1b[2J"], // wipes the screen
    ["\x1b]0;PWNED\x07", "\\x1b]0;PWNED\\x07"], // changes the title
    ["safe\roverwritten", "safe\\roverwritten"],
    ["\x9b31m", "\\x9b31m"], // the escape in one character
    ["\x00\b\v\f\x7f", "\\x00\\x08\\x0b\\x0c\\x7f"],
    ["\u202efdp.exe", "\\u202efdp.exe"], // right to left
    ["\u2066\u2069\u200f\u061c", "\\u2066\\u2069\\u200f\\u061c"],
    ["\u2028\u2029", "\\u2028\\u2029"],
    ["\ufeff{}\u200b", "\\ufeff{}\\u200b"], // seen by nobody
  ] as const;
  for (const [text, expected] of written) {
    assertEquals(visible(text), expected);
  }
});

Deno.test("all else stays, line feeds and tabs as well", () => {
  const text = "a\tb\nc – ✓ █ 日本 👩‍👩‍👧 é \\x1b $'x'";
  assertEquals(visible(text), text);
});

Deno.test("JSON stays what it means, and says nothing to a terminal", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const shown = visibleJson(JSON.stringify(value, null, 1));
      assertEquals(JSON.parse(shown), JSON.parse(JSON.stringify(value)));
      assertEquals(visible(shown), shown);
    }),
    { seed: 1 },
  );
  assertEquals(visibleJson('"\x7f\x9b\u202e"'), '"\\u007f\\u009b\\u202e"');
});
