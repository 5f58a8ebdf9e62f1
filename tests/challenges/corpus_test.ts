/**
 * Cases that have failed once, made small: no challenge fails so again.
 */
import { assert, assertEquals } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { casesIn, readCase } from "../../lib/runner/cases.ts";
import { judge } from "../../lib/workbench/mod.ts";

const paths = await casesIn(
  decodeURIComponent(new URL("corpus", import.meta.url).pathname),
);

Deno.test("there is something that has failed once", () => {
  assert(paths.length > 0);
});

for (const path of paths) {
  const { id, args = [], anomaly, options, schedule } = await readCase(path);
  const name = path.split("/").at(-1)!;
  Deno.test(`${id} is valid where it was ${anomaly}: ${name}`, async () => {
    const { app } = runs.find((run) => run.id === id)!;
    const { results, reason } = await judge(app, options, {
      args: [...args],
      ...schedule && { schedule },
    });
    assertEquals(results["valid?"], true, reason);
  });
}
