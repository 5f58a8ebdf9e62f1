/**
 * The arguments of a node: what is read from them, and what is refused, in
 * which words.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { readArguments } from "../lib/mod.ts";

const read = (...args: string[]) =>
  readArguments(args, {
    strategy: { hub: 1, direct: 2, flood: 3 },
    "beat-ms": { default: 440, least: 1, most: 60_000 },
  });

Deno.test("without arguments the first word is chosen, and the default number", () => {
  assertEquals(read(), { strategy: 1, "beat-ms": 440 });
});

Deno.test("a value stands behind its name, or behind an equals sign", () => {
  assertEquals(read("--strategy", "flood", "--beat-ms", "1.5"), {
    strategy: 3,
    "beat-ms": 1.5,
  });
  assertEquals(read("--beat-ms=60000", "--strategy=direct"), {
    strategy: 2,
    "beat-ms": 60_000,
  });
});

Deno.test("a number behind its name may have a minus", () => {
  const read = (...args: string[]) =>
    readArguments(args, {
      "skew-ms": { default: 0, least: -9, most: 9 },
      folder: { default: "" },
    });
  assertEquals(read("--skew-ms", "-5")["skew-ms"], -5);
  assertEquals(read("--skew-ms", "-.5", "--folder", "d"), {
    "skew-ms": -0.5,
    folder: "d",
  });
  assertThrows(
    () => read("--skew-ms", "-10"),
    Error,
    '--skew-ms must be a number from -9 to 9, not "-10".',
  );
  for (const args of [["-5"], ["--skew-ms=1", "-5"], ["--folder", "-5"]]) {
    assertThrows(() => read(...args), Error, '"-5" is no argument of the node');
  }
});

Deno.test("of the same argument twice the last counts", () => {
  assertEquals(read("--strategy=flood", "--strategy", "direct").strategy, 2);
});

for (
  const [args, message] of [
    [
      ["--stategy", "flood"],
      '"--stategy" is no argument of the node (did you mean --strategy?). It takes --strategy, --beat-ms.',
    ],
    [
      ["–strategy", "flood"],
      '"–strategy" is no argument of the node (did you mean --strategy?). It takes --strategy, --beat-ms.',
    ],
    [
      ["-beat-ms=3"],
      '"-beat-ms" is no argument of the node (did you mean --beat-ms?). It takes --strategy, --beat-ms.',
    ],
    [
      ["flood"],
      '"flood" is no argument of the node. It takes --strategy, --beat-ms.',
    ],
    [
      ["--strategy", "hub", ""],
      '"" is no argument of the node. It takes --strategy, --beat-ms.',
    ],
    [
      ["--__proto__", "x"],
      '"--__proto__" is no argument of the node. It takes --strategy, --beat-ms.',
    ],
    [
      ["--strategy", "flod"],
      '--strategy must be one of hub, direct, flood, not "flod" (did you mean flood?).',
    ],
    [
      ["--strategy"],
      '--strategy must be one of hub, direct, flood, not "".',
    ],
    [
      ["--strategy", "constructor"],
      '--strategy must be one of hub, direct, flood, not "constructor".',
    ],
    [
      ["--beat-ms=-5"],
      '--beat-ms must be a number from 1 to 60000, not "-5".',
    ],
    [
      ["--beat-ms", "-5"],
      '--beat-ms must be a number from 1 to 60000, not "-5".',
    ],
    [
      ["--beat-ms", "3", "--", "4"],
      '"--" is no argument of the node. It takes --strategy, --beat-ms.',
    ],
    [
      ["--beat-ms", "60001"],
      '--beat-ms must be a number from 1 to 60000, not "60001".',
    ],
    [["--beat-ms="], '--beat-ms must be a number from 1 to 60000, not "".'],
    [
      ["--beat-ms", "Infinity"],
      '--beat-ms must be a number from 1 to 60000, not "Infinity".',
    ],
  ] as const
) {
  Deno.test(`what can't be is refused in words: ${JSON.stringify(args)}`, () => {
    const { message: words } = assertThrows(() => read(...args), Error);
    assertEquals(words, message);
  });
}

Deno.test("a text that is named has one, whatever a shell made of it", () => {
  const folderOf = (...args: string[]) =>
    readArguments(args, { "data-dir": { default: "" } })["data-dir"];
  assertEquals(folderOf(), "");
  assertEquals(folderOf("--data-dir", "d"), "d");
  for (const args of [["--data-dir", ""], ["--data-dir="], ["--data-dir"]]) {
    const { message } = assertThrows(() => folderOf(...args), Error);
    assertEquals(
      message,
      "--data-dir needs a value behind it, or has to be left out.",
    );
  }
});

Deno.test("a node that takes no arguments says so", () => {
  const { message } = assertThrows(() => readArguments(["--x"], {}), Error);
  assertEquals(
    message,
    '"--x" is no argument of the node. It takes none at all.',
  );
});
