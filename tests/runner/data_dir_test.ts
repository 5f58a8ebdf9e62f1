/**
 * The folders of nodes that are processes: one for each run, and no more
 * permission than for that.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { commandForBin } from "../../lib/runner/build.ts";
import { namesDataDir, withFreshDataDir } from "../../lib/runner/data_dir.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { root } from "../cli.ts";
import { tempDir } from "../temp.ts";

Deno.test("each run gets a new folder in the one that is named", async () => {
  const folder = tempDir();
  for (
    const [args, named] of [
      [["--data-dir", folder, "--acks", "1"], 1],
      [["--acks", "1", `--data-dir=${folder}`], 2],
    ] as const
  ) {
    const command = { bin: "./node", args: [...args] };
    const [first, second] = [
      await withFreshDataDir(command),
      await withFreshDataDir(command),
    ];
    assertEquals(first.bin, command.bin);
    assertNotEquals(first.args, second.args);
    const path = first.args[named]!.replace("--data-dir=", "");
    assert(path.startsWith(`${folder}/`));
    assert((await Deno.stat(path)).isDirectory);
    assertEquals(
      first.args.map((arg) => arg.replace(path, folder)),
      command.args,
    );
  }
});

Deno.test("a source may read and write there, and nowhere else", async () => {
  const folder = tempDir();
  const source = commandForBin(`${root}tests/fixtures/adder.ts`, [
    "--data-dir",
    folder,
  ]);
  const { args } = await withFreshDataDir(source);
  const fresh = args.at(-1)!;
  assertEquals(
    args.filter((arg) => arg.startsWith("--allow")),
    [`--allow-read=${fresh}`, `--allow-write=${fresh}`],
  );
});

Deno.test("who names no folder is run as before", async () => {
  for (const args of [[], ["--acks", "1"], ["--data-dir"], ["--data-dir="]]) {
    const command = { bin: "./node", args };
    assertEquals(namesDataDir(args), false);
    assert(await withFreshDataDir(command) === command);
  }
});

Deno.test({
  name: "a process that is killed finds what it kept",
  ignore: Deno.build.os === "windows", // has no such signals
  async fn() {
    const folder = tempDir();
    const command = await withFreshDataDir(
      commandForBin(`${root}tests/fixtures/adder.ts`, ["--data-dir", folder]),
    );
    const add = (atMs: number) => ({ atMs, client: 0, f: "add", value: 1 });
    const { history, results, reason, logs } = await judge(command, {
      workload: "g-counter",
      "node-count": 1,
    }, {
      schedule: {
        ops: [add(0), add(100), add(2500)],
        faults: [{ kind: "kill", nodes: ["n0"], fromMs: 1000, toMs: 1500 }],
      },
    });
    assertEquals(results["valid?"], true, reason);
    const lives = logs.get("n0")!.map(({ text }) => text);
    assertEquals([lives.length, lives[0]], [2, "begins with 0"]);
    const killed = history.findIndex(({ f }) => f === "kill");
    const acknowledged = history.slice(0, killed)
      .filter(({ type, f }) => type === "ok" && f === "add").length;
    assert(Number(/\d+$/.exec(lives[1]!)) >= acknowledged);
  },
});
