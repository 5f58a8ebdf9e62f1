/**
 * The requirements of a `--bin`: whatever keeps it from being started is told
 * before anything is run, with what to do.
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { checkExecutable } from "../../lib/runner/executable.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { tempDir } from "../temp.ts";

const folder = tempDir();

/** The complaint about a program, without its path. */
function complaint(name: string): string {
  const path = name.startsWith("/") ? name : `${folder}/${name}`;
  const { message } = assertThrows(() => checkExecutable(path), BadOption);
  return message.replaceAll(path, "IT");
}

function make(name: string, content: string | Uint8Array): string {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  Deno.writeFileSync(`${folder}/${name}`, bytes);
  Deno.chmodSync(`${folder}/${name}`, 0o755);
  return name;
}

const ignore = Deno.build.os === "windows";

for (
  const [what, content, words] of [
    ["nothing in it", "", /^--bin IT is empty\.$/],
    [
      "an interpreter that isn't there",
      "#!/usr/bin/nopython\n",
      /names \/usr\/bin\/nopython in its first line, which isn't there/,
    ],
    ["a folder for an interpreter", "#!/tmp\n", /isn't there, or isn't a/],
    ["no interpreter behind #!", "#!  \necho\n", /names no interpreter in its/],
    [
      "Windows' line ends",
      "#!/bin/sh\r\necho\r\n",
      /names \/bin\/sh in its first line, with a carriage return at its end, .*: sed -i 's\/\\r\$\/\/' IT takes them away\.$/,
    ],
    [
      "Windows' line ends behind env",
      "#!/usr/bin/env sh\r\necho\r\n",
      /looks for "sh" by its first line, with a carriage return at its end/,
    ],
    [
      "an interpreter that env doesn't find",
      "#!/usr/bin/env nopython\n",
      /looks for "nopython" by its first line, and there is no such program on the PATH\.$/,
    ],
    [
      "an interpreter that env -S doesn't find",
      "#!/usr/bin/env -S nopython -u\n",
      /looks for "nopython" by its first line/,
    ],
    [
      "a byte order mark",
      "\uFEFF#!/bin/sh\necho\n",
      /begins with a byte order mark.*: save it as UTF-8 without one\.$/,
    ],
    [
      "Python's code without a first line for Python",
      "import sys\nfor line in sys.stdin:\n    print(line)\n",
      /has no first line that names its interpreter, such as #!\/usr\/bin\/env python3/,
    ],
  ] as const
) {
  Deno.test({
    name: `a program with ${what} is refused in words`,
    ignore,
    fn: () => assertMatch(complaint(make("node", content)), words),
  });
}

Deno.test({
  name: "another system's program isn't given to a shell",
  ignore: Deno.build.os !== "linux",
  fn() {
    assertEquals(
      complaint(make("mac", new Uint8Array([0xcf, 0xfa, 0xed, 0xfe, 0, 0]))),
      "--bin IT is a program for macOS, and this is linux: build it for this machine.",
    );
  },
});

Deno.test("a WebAssembly module of another name is refused in words", () => {
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  assertEquals(
    complaint(make("module", bytes)),
    "--bin IT is a WebAssembly module, and only run as one by a name that ends in .wasm: call it IT.wasm.",
  );
});

Deno.test({
  name: "on Linux env gets the rest of the line as one name",
  ignore: Deno.build.os !== "linux",
  fn() {
    assertMatch(
      complaint(make("one-name", "#!/usr/bin/env sh -e\n")),
      /looks for "sh -e" by its first line, all of it as one name: write #!\/usr\/bin\/env -S sh -e$/,
    );
  },
});

for (
  const [what, content] of [
    ["an interpreter by its path", "#!/bin/sh\n"],
    ["a space before it", "#! /bin/sh\n"],
    ["an option behind it", "#!/bin/sh -e\n"],
    ["env", "#!/usr/bin/env sh\n"],
    ["env -S", "#!/usr/bin/env -S sh -e\n"],
    ["a variable for env", "#!/usr/bin/env -S A=1 sh\n"],
    ["no newline", "#!/bin/sh"],
    ["a shell's script without a first line", "exec cat\n"],
    ["the machine's own code", "\x7fELF\0\0\0"],
  ] as const
) {
  Deno.test({
    name: `a program can be started with ${what}`,
    ignore,
    fn: () => checkExecutable(`${folder}/${make("right", content)}`),
  });
}

Deno.test({
  name: "what isn't a file is called by its name",
  ignore,
  fn() {
    Deno.mkdirSync(`${folder}/folder`);
    Deno.symlinkSync("loop", `${folder}/loop`);
    Deno.symlinkSync("nowhere", `${folder}/dangling`);
    make("file", "#!/bin/sh\n");
    assertEquals(
      new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).outputSync()
        .code,
      0,
    );
    assertEquals(complaint("folder"), "--bin IT isn't a file, but a folder.");
    assertEquals(complaint("pipe"), "--bin IT isn't a file, but a named pipe.");
    assertEquals(
      complaint("/dev/null"),
      "--bin IT isn't a file, but a device.",
    );
    assertMatch(
      complaint("loop"),
      /: its symbolic links lead round in circles/,
    );
    assertMatch(complaint("file/x"), /: a file stands on the way/);
    assertMatch(complaint("x".repeat(300)), /: its name is too long\.$/);
    assertEquals(complaint("dangling"), "--bin IT doesn't exist.");
  },
});

Deno.test({
  name: "a path says where it leads, a bare word that the PATH isn't searched",
  ignore,
  fn() {
    const words = (path: string) =>
      assertThrows(() => checkExecutable(path), BadOption).message;
    assertEquals(
      words("./none"),
      `--bin ./none doesn't exist: there is no ${Deno.cwd()}/none.`,
    );
    assertEquals(
      words("none"),
      `--bin none doesn't exist: there is no ${Deno.cwd()}/none.`,
    );
    assertMatch(
      words("sh"),
      /in the PATH: write \/\S+\/sh for that program\.$/,
    );
    assertMatch(
      words("sh  ./node.sh -v"),
      /It's a path, and no command line: write --bin \/\S+\/sh, and behind all options -- \.\/node\.sh -v\.$/,
    );
    // A task is begun in any folder, and run in that of its deno.json.
    const folder = tempDir();
    Deno.writeTextFileSync(`${folder}/node.py`, "");
    Deno.env.set("INIT_CWD", folder);
    try {
      assertEquals(
        words("node.py"),
        `--bin node.py doesn't exist: there is no ${Deno.cwd()}/node.py. A task runs in the folder of its deno.json, wherever it was begun: write ${folder}/node.py.`,
      );
    } finally {
      Deno.env.delete("INIT_CWD");
    }
  },
});
