/** Plans: what is judged, and by whom it can be. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { readCommandLine } from "../../lib/runner/command_line.ts";
import { jobsOf, plan } from "../../lib/runner/plan.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import type { Maelstrom } from "../../lib/maelstrom/mod.ts";

const lineOf = (...words: string[]) => readCommandLine(words);
const planned = async (...words: string[]) =>
  (await plan(lineOf(...words))).map(({ id }) => id);

Deno.test("--all is every run that its judge knows", async () => {
  const all = runs.map(({ id }) => id);
  assertEquals(await planned("--all", "--engine", "sim"), all);
  assertEquals(await planned("--all"), all);
});

Deno.test("a workload of ours is left out where the real Maelstrom judges all, and refused by name", async () => {
  const said: unknown[] = [];
  const { error } = console;
  console.error = (text: unknown) => said.push(text);
  try {
    for (const engine of ["maelstrom", "both"]) {
      const ids = await planned("--all", "--engine", engine);
      assert(ids.includes("8a") && !ids.includes("12"));
    }
  } finally {
    console.error = error;
  }
  assert(`${said[0]}`.includes("12 is left out"), `${said[0]}`);
  await assertRejects(
    () => planned("membership", "--engine", "maelstrom"),
    BadOption,
    "The real Maelstrom has no workload membership",
  );
});

Deno.test("where nobody says who judges, the workbench does if only it can", async () => {
  const line = lineOf("12");
  const maelstrom = { launcher: "maelstrom" } as Maelstrom;
  const [job] = await jobsOf(await plan(line), line, maelstrom);
  assertEquals(job?.by.engine, "sim");
});

Deno.test("a command that doesn't stand first is told where it stands", async () => {
  for (const words of [["3c", "check"], ["fuzz", "Check"]]) {
    await assertRejects(
      () => planned(...words),
      BadOption,
      "check is a command, and stands first: see deno task run check --help.",
    );
  }
});
