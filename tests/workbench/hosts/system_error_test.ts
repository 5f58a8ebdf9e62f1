/**
 * The system's refusals, told in words, with no number of an error and no flag
 * of Deno's that wouldn't help.
 */
import { assert, assertEquals } from "@std/assert";
import {
  errorText,
  systemReason,
} from "../../../lib/workbench/hosts/system_error.ts";
import { tempDir } from "../../temp.ts";

function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("It works.");
}

const folder = tempDir();
await Deno.writeTextFile(`${folder}/file`, "");
await Deno.mkdir(`${folder}/folder`);
await Deno.symlink("loop", `${folder}/loop`);

for (
  const [what, path, act, reason] of [
    ["a file that isn't there", "none", Deno.readTextFileSync, "doesn't exist"],
    ["a folder to be read", "folder", Deno.readTextFileSync, "it's a folder"],
    ["a path through a file", "file/x", Deno.statSync, "stands on the way"],
    ["a folder in a file's place", "file", Deno.mkdirSync, "something else is"],
    ["a link to itself", "loop", Deno.statSync, "round in circles"],
    ["a long name", "x".repeat(300), Deno.statSync, "name is too long"],
    [
      "a program that isn't there",
      "none",
      (path: string) => new Deno.Command(path).spawn(),
      "doesn't exist",
    ],
  ] as const
) {
  Deno.test(`${what} is told in words`, () => {
    const error = errorOf(() => act(`${folder}/${path}`));
    const words = systemReason(error);
    assert(words.includes(reason), words);
    assertEquals(errorText(error), `${folder}/${path}: ${words}`);
  });
}

Deno.test({
  name: "where Deno lets nobody in, no flag is advised",
  ignore: Deno.build.os !== "linux",
  permissions: { read: true },
  fn() {
    const error = errorOf(() => Deno.statSync("/proc/self/environ"));
    assertEquals(
      errorText(error),
      "/proc/self/environ: Deno keeps programs out of there",
    );
  },
});

Deno.test({
  name: "a permission that Deno wasn't given is named",
  permissions: { read: true },
  fn() {
    const error = errorOf(() => Deno.writeTextFileSync(`${folder}/y`, ""));
    assertEquals(
      errorText(error),
      `${folder}/y: Deno wasn't told to permit it (--allow-write)`,
    );
  },
});

Deno.test("other errors say what they say", () => {
  assertEquals(errorText(new Error("no such luck: 'x'")), "no such luck: 'x'");
  assertEquals(errorText("thrown"), "thrown");
  const coded = Object.assign(new Error("strange"), { code: "constructor" });
  assertEquals(systemReason(coded), "strange");
});
