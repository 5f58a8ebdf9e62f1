/**
 * Words that are pasted into a shell come out as they went in.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { quote } from "../../lib/runner/shell.ts";
import { visible } from "../../lib/report/visible.ts";

Deno.test("what needs no quotes has none", () => {
  assertEquals(
    ["3d", "--rate=5", "a/b.c:d,e@f%g+h", "-x"].map(quote),
    ["3d", "--rate=5", "a/b.c:d,e@f%g+h", "-x"],
  );
});

Deno.test("quotes are as simple as they can be", () => {
  assertEquals(
    ["two words", "it's", "", "$HOME", "a\nb", "\x1b[31m", "\u202ex"].map(
      quote,
    ),
    [
      "'two words'",
      `'it'\\''s'`,
      "''",
      "'$HOME'",
      "$'a\\nb'",
      "$'\\033[31m'",
      "$'\\342\\200\\256x'",
    ],
  );
});

/** Returns what a shell makes of words. */
async function through(shell: string, words: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command(shell, {
    args: ["-c", `printf '%s\\0' ${words.map(quote).join(" ")}`],
    // Shells read bytes; which of them make a character is nothing to them.
    env: { LC_ALL: "C" },
  }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

function has(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["-c", ":"] }).outputSync().success;
  } catch {
    return false;
  }
}

const word = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom("'", "\\", '"', "$", "\n", " ", "-", "7", "\x1b"),
  }),
).filter((text) => !text.includes("\0") && text.isWellFormed());

Deno.test({
  name: "bash gives back every word, and the terminal obeys none",
  ignore: !has("bash"),
  fn: () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 40 }),
        async (words) => {
          assertEquals(await through("bash", words), words);
          for (const each of words.map(quote)) {
            assertEquals(visible(each), each);
          }
        },
      ),
      { seed: 1, numRuns: 30 },
    ),
});

Deno.test({
  name: "any shell gives back words without control characters",
  ignore: !has("sh"),
  fn: async () => {
    const words = [
      "two words",
      "it's",
      "",
      "-x",
      '"',
      "$(ls)",
      "`ls`",
      "*",
      "!",
      "~",
      "\\",
      "日本",
    ];
    assertEquals(await through("sh", words), words);
  },
});
