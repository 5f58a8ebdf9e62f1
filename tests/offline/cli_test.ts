/**
 * What the stand-in for `@std/cli` promises.
 *
 * @module
 */

import {
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../../lib/offline/assert.ts";
import { parseArgs } from "../../lib/offline/cli.ts";

Deno.test("parseArgs puts what is no option into _, numbers as numbers", () => {
  assertEquals(parseArgs(["a", "1", "-", "", "1e3", "0x10", "1.5x", "NaN"]), {
    _: ["a", 1, "-", "", 1000, 16, "1.5x", "NaN"],
  });
  assertEquals<unknown>(parseArgs(["1"], { string: "_" }), { _: ["1"] });
});

Deno.test("parseArgs takes values after = and after a space", () => {
  assertEquals(parseArgs(["--a=b", "--c", "d", "--e=", "--f=g=h", "--i=1"]), {
    a: "b",
    c: "d",
    e: "",
    f: "g=h",
    i: 1,
    _: [],
  });
});

Deno.test("parseArgs makes an option true if no value follows", () => {
  assertEquals(parseArgs(["--a", "--b", "-5"]), {
    a: true,
    b: true,
    5: true,
    _: [],
  });
  assertEquals(parseArgs(["--a"]), { a: true, _: [] });
});

Deno.test("parseArgs reads --no-x as false only if x is negatable", () => {
  assertEquals(parseArgs(["--no-x"]), { "no-x": true, _: [] });
  assertEquals(parseArgs(["--no-x", "y"], { negatable: ["x"] }), {
    x: false,
    _: ["y"],
  });
});

Deno.test("parseArgs reads -abc as three options, the last with a value", () => {
  assertEquals(parseArgs(["-abc"]), { a: true, b: true, c: true, _: [] });
  assertEquals(parseArgs(["-ab", "x"]), { a: true, b: "x", _: [] });
});

Deno.test("parseArgs reads -n5, -n=5 and -n 5 alike", () => {
  for (const args of [["-n5"], ["-n=5"], ["-n", "5"]]) {
    assertEquals(parseArgs(args), { n: 5, _: [] });
    assertEquals(parseArgs(args, { string: "n" }), { n: "5", _: [] });
  }
  assertEquals(parseArgs(["-n-5"]), { n: -5, _: [] });
  assertEquals(parseArgs(["-p/usr"]), { p: "/usr", _: [] });
  assertEquals(parseArgs(["-n="]), { n: "", _: [] });
  assertEquals(parseArgs(["-n-"]), { n: "-", _: [] });
});

Deno.test("parseArgs reads nothing after --", () => {
  const args = ["--a", "b", "--", "-c", "1", "--"];
  assertEquals(parseArgs(args), { a: "b", _: ["-c", "1", "--"] });
  assertEquals(parseArgs(args, { "--": true }), {
    a: "b",
    _: [],
    "--": ["-c", "1", "--"],
  });
  assertEquals(parseArgs([], { "--": true })["--"], []);
});

Deno.test("parseArgs keeps strings as they are, without a value empty", () => {
  assertEquals(
    parseArgs(["--a", "01", "--b", "--c=0x1"], { string: ["a", "b", "c"] }),
    {
      a: "01",
      b: "",
      c: "0x1",
      _: [],
    },
  );
  assertEquals(parseArgs([], { string: ["a"] }), { _: [] });
});

Deno.test("parseArgs gives booleans no value but true and false", () => {
  const options = { boolean: ["a", "b"] } as const;
  assertEquals(parseArgs(["--a", "x"], options), {
    a: true,
    b: false,
    _: ["x"],
  });
  assertEquals(parseArgs(["--a", "false", "-b", "true"], options), {
    a: false,
    b: true,
    _: [],
  });
  assertEquals(parseArgs(["--a=false", "--b=x"], options), {
    a: false,
    b: true,
    _: [],
  });
});

Deno.test("parseArgs makes all --names booleans if boolean is true", () => {
  assertEquals(parseArgs(["--a", "x", "-b", "y", "--c=z"], { boolean: true }), {
    a: true,
    b: "y",
    c: "z",
    _: ["x"],
  });
});

Deno.test("parseArgs keeps the last of repeated options", () => {
  assertEquals(parseArgs(["--a=1", "--a=2"]), { a: 2, _: [] });
});

Deno.test("parseArgs collects repeated options where told to", () => {
  const options = {
    string: ["s"],
    boolean: ["b"],
    collect: ["s", "b", "u"],
  } as const;
  assertEquals(
    parseArgs(["--s", "1", "--s=2", "-b", "-b", "--u", "3"], options),
    { s: ["1", "2"], b: [true, true], u: [3], _: [] },
  );
  assertEquals<unknown>(parseArgs([], options), { s: [], b: [], _: [] });
});

Deno.test("parseArgs uses defaults for what is not given", () => {
  assertEquals(
    parseArgs(["--a", "1"], {
      boolean: ["c"],
      default: { a: 5, b: "x", c: true },
    }),
    { a: 1, b: "x", c: true, _: [] },
  );
});

Deno.test("parseArgs sets all names of an option", () => {
  const alias = { help: "h", port: ["p", "P"] } as const;
  assertEquals(parseArgs(["-h", "-p", "1"], { alias, boolean: ["help"] }), {
    help: true,
    h: true,
    port: 1,
    p: 1,
    P: 1,
    _: [],
  });
  assertEquals(parseArgs([], { alias, default: { port: 2 } }), {
    port: 2,
    p: 2,
    P: 2,
    _: [],
  });
  assertThrows(
    () => parseArgs([], { alias: { a: undefined as unknown as string } }),
    TypeError,
  );
});

Deno.test("parseArgs stops at the first that is no option if stopEarly", () => {
  assertEquals(
    parseArgs(["-a", "--b=1", "c", "--d", "2"], {
      stopEarly: true,
      boolean: "a",
    }),
    {
      a: true,
      b: 1,
      _: ["c", "--d", "2"],
    },
  );
});

Deno.test("parseArgs asks `unknown` about what is not named", () => {
  const asked: unknown[][] = [];
  const args = parseArgs(["--a=1", "--b", "2", "-c", "d"], {
    string: ["a"],
    boolean: ["c"],
    unknown: (...each) => {
      asked.push(each);
      return false;
    },
  });
  assertEquals(args, { a: "1", c: true, _: [] });
  assertEquals(asked, [["--b", "b", "2"], ["d"]]);
  assertEquals(parseArgs(["--a", "b"], { unknown: () => undefined }), {
    a: "b",
    _: [],
  });
});

Deno.test("parseArgs makes objects of dotted names", () => {
  assertEquals(
    parseArgs(["--a.b=1", "--a.c.d", "x"], { default: { "a.e": 2 } }),
    { a: { b: 1, c: { d: "x" }, e: 2 }, _: [] },
  );
});

Deno.test("parseArgs changes no prototype", () => {
  const args = parseArgs([
    "--__proto__.x=1",
    "--a.__proto__.x=1",
    "--constructor.prototype.x=1",
    "--constructor=1",
    "--toString.x=1",
  ], { default: { "__proto__.y": 1 } });
  assertEquals(Reflect.get({}, "x"), undefined);
  assertEquals(Reflect.get(Object, "x"), undefined);
  assertEquals(Reflect.get(Object.prototype.toString, "x"), undefined);
  assertStrictEquals(Object.getPrototypeOf(args), Object.prototype);
  assertEquals(Object.keys(args), ["_", "a", "toString"]);
});

Deno.test("parseArgs types its result", () => {
  const args = parseArgs([], {
    "--": true,
    string: ["name", "list", "host"],
    boolean: ["flag"],
    collect: ["list", "other"],
    negatable: ["name"],
    alias: { flag: ["f", "g"], host: "H" },
    default: { host: "localhost", port: 80 },
  });
  // All of this is only to compile.
  const name: string | false | undefined = args.name;
  const host: string = args.host;
  const alias: string = args.H;
  const list: string[] = args.list;
  const flags: boolean[] = [args.flag, args.f, args.g];
  const other: unknown[] = args.other;
  const port: unknown = args.port;
  const rest: Array<string | number> = args._;
  const after: string[] = args["--"];
  // @ts-expect-error: it may be missing
  const missing: string | false = args.name;
  // @ts-expect-error: nothing is known about it
  const unnamed: string = args.unnamed;
  const untyped: string = parseArgs(["--a=b"]).a;
  assertEquals(
    [name, host, alias, list, flags, other, port, rest, after, missing],
    [
      undefined,
      "localhost",
      "localhost",
      [],
      [false, false, false],
      undefined,
      80,
      [],
      [],
      undefined,
    ] as unknown[],
  );
  assertEquals([unnamed, untyped], [undefined, "b"] as unknown[]);
});
