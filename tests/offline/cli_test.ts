/**
 * The promises of the stand-in for `@std/cli`.
 *
 * @module
 */

import { assertEquals, assertThrows } from "../../lib/offline/assert.ts";
import { parseArgs } from "../../lib/offline/cli.ts";

Deno.test("parseArgs puts what is no option into _, numbers as numbers", () => {
  assertEquals<unknown>(parseArgs(["a", "1", "-", "", "1e3", "1.5x", "NaN"]), {
    _: ["a", 1, "-", "", 1000, "1.5x", "NaN"],
  });
});

Deno.test("parseArgs takes values after = and after a space", () => {
  assertEquals<unknown>(
    parseArgs(["--a=b", "--c", "d", "--e=", "--f=g=h", "--i=1"]),
    { a: "b", c: "d", e: "", f: "g=h", i: 1, _: [] },
  );
});

Deno.test("parseArgs makes no numbers of options that are named as texts", () => {
  const string = ["a", "b", "c", "d"];
  assertEquals<unknown>(
    parseArgs(["--a", "1", "--b=2", "--c", "--a=3", "--d"], { string }),
    { a: "3", b: "2", c: "", d: "", _: [] },
  );
});

Deno.test("parseArgs leaves alone what comes after --", () => {
  assertEquals<unknown>(parseArgs(["--a=b", "--", "--c", "1"]), {
    a: "b",
    _: ["--c", "1"],
  });
});

Deno.test("parseArgs tells unknown what isn't named, which can drop it or throw", () => {
  const heard: unknown[] = [];
  const unknown = (...said: unknown[]) => {
    heard.push(said);
    return said[1] !== "b";
  };
  const args = ["--a=1", "word", "--b", "2", "--__proto__=x", "--c"];
  assertEquals<unknown>(parseArgs(args, { string: "a", unknown }), {
    a: "1",
    c: true,
    _: ["word"],
  });
  assertEquals(heard, [
    ["word"],
    ["--b", "b", "2"],
    ["--__proto__=x", "__proto__", "x"],
    ["--c", "c", true],
  ]);
  assertThrows(() =>
    parseArgs(["-x"], {
      unknown() {
        throw new TypeError("no");
      },
    }), TypeError);
});
