/**
 * Arguments of a node are tried before anything is run.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import type { App } from "../../lib/mod.ts";
import { tryArguments } from "../../lib/runner/arguments.ts";
import { BadOption } from "../../lib/workbench/mod.ts";

async function complaint(app: App, ...args: string[]): Promise<string> {
  const { message } = await assertRejects(
    () => tryArguments(app, args, "3d"),
    BadOption,
  );
  return message;
}

Deno.test("what an app throws is what is wrong, be it now or in a promise", async () => {
  const wrong = () => {
    throw new Error("no");
  };
  assertEquals(await complaint(wrong), "3d: no");
  // deno-lint-ignore require-await
  assertEquals(await complaint(async () => wrong()), "3d: no");
});

Deno.test("an app that looks at no arguments takes none", async () => {
  const takesNone: App = (node) => node.on("echo", () => {});
  await tryArguments(takesNone, [], "1");
  assertEquals(
    await complaint(takesNone, "--x"),
    '3d: "--x" is no argument of the node. It takes none at all.',
  );
});

Deno.test("an app that waits for ever isn't waited for", async () => {
  await tryArguments(
    async (node, [x]) => {
      await node.sleep(1000);
      throw new Error(x);
    },
    ["--x"],
    "1",
  );
});

for (const { id, app, args = [] } of runs) {
  Deno.test(`${id} takes its own arguments, and refuses others`, async () => {
    await tryArguments(app, args, id);
    await assertRejects(
      () => tryArguments(app, [...args, "--stategy", "x"], id),
      BadOption,
      "--stategy",
    );
  });
}

Deno.test("a strategy that was misspelt is understood", async () => {
  for (const id of ["2", "3d", "4", "5c"]) {
    const { app } = runs.find((run) => run.id === id)!;
    assertEquals(
      (await complaint(app, "--stategy", "x")).includes(
        "(did you mean --strategy?)",
      ),
      true,
      id,
    );
  }
});
