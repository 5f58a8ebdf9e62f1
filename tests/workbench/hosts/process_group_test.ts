/**
 * Real processes: whatever a node starts ends with it, and however the runner
 * ends, nothing is left of its nodes.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { judge } from "../../../lib/workbench/mod.ts";
import { root, runIn } from "../../cli.ts";
import { isAlive } from "../../maelstrom/machine.ts";
import { tempDir } from "../../temp.ts";

const ignore = Deno.build.os === "windows"; // no groups, and no sh

const echoRun = { workload: "echo", "node-count": 1, "time-limit": 1 };

/** A shell script in a folder of its own, where it can note numbers. */
async function script(lines: string): Promise<{ bin: string; folder: string }> {
  const folder = tempDir();
  const bin = `${folder}/node`;
  await Deno.writeTextFile(bin, `#!/bin/sh\ncd '${folder}'\n${lines}\n`);
  await Deno.chmod(bin, 0o755);
  return { bin, folder };
}

/** Waits for the number of a process that a script notes in its folder. */
async function noted(folder: string, name: string): Promise<number> {
  for (;;) {
    const text = await Deno.readTextFile(`${folder}/${name}`).catch(() => "");
    if (text.endsWith("\n")) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ended(pid: number): Promise<void> {
  while (await isAlive(pid)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const plainNode = `'${Deno.execPath()}' run --quiet --no-config --no-prompt '${
  decodeURIComponent(
    new URL("../../fixtures/plain_node.mjs", import.meta.url).pathname,
  )
}'`;

Deno.test({
  name: "a script that starts the node without exec is judged as the node is",
  ignore,
  async fn() {
    const { bin, folder } = await script(
      `echo $$ > pid\n${plainNode}\necho over`,
    );
    const { results, reason } = await judge({ bin, args: [] }, echoRun);
    assertEquals(results["valid?"], true, reason);
    assertEquals(await isAlive(await noted(folder, "pid")), false);
  },
});

Deno.test({
  name: "what a node leaves behind ends with it",
  ignore,
  async fn() {
    const { bin, folder } = await script(
      `sleep 1000 & echo $! > child\necho "panic: no more" >&2\nexit 3`,
    );
    const { reason } = await judge({ bin, args: [] }, echoRun);
    assertEquals(
      reason,
      "n0 exited with code 3 in the middle of the run. A node has to run until its input ends. It said: panic: no more",
    );
    await ended(await noted(folder, "child"));
  },
});

Deno.test({
  name: "what has left the node's group holds up nobody",
  ignore,
  async fn() {
    const { bin, folder } = await script(
      `'${Deno.execPath()}' eval --quiet '
        const { pid } = new Deno.Command("sleep", {
          args: ["1000"], detached: true, stdin: "inherit",
        }).spawn();
        Deno.writeTextFileSync("pid", pid + "\\n");
        Deno.exit(3);
      '`,
    );
    const { reason } = await judge({ bin, args: [] }, echoRun);
    assertStringIncludes(reason!, "n0 exited with code 3");
    Deno.kill(await noted(folder, "pid"), "SIGKILL");
  },
});

for (
  const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const
) {
  Deno.test({
    name: `nothing survives a runner that is ended by ${signal}`,
    ignore,
    async fn() {
      // It hears of nothing: neither of signals nor of the end of its input.
      const { bin, folder } = await script(
        `trap '' INT TERM HUP\nread -r init\nsleep 1000 & echo $! > child\necho $$ > pid\nsleep 1000`,
      );
      await runIn(
        {
          async onStart(runner) {
            await noted(folder, "pid");
            runner.kill(signal);
          },
        },
        "--engine=sim",
        "echo",
        "--node-count=1",
        "--bin",
        bin,
      );
      await ended(await noted(folder, "child"));
      await ended(await noted(folder, "pid"));
    },
  });
}

Deno.test({
  name: "nothing survives a runner that fails",
  ignore,
  async fn() {
    const { bin, folder } = await script(`echo $$ > pid\nsleep 1000`);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--quiet",
        "--no-config",
        `import { startGroup } from "${new URL(
          "../../../lib/workbench/hosts/process_group.ts",
          import.meta.url,
        )}";
        startGroup("${bin}", { stdin: "piped" });
        setTimeout(() => { throw new Error("a bug"); }, 100);`,
      ],
      cwd: root,
      stderr: "null",
    }).output();
    assertEquals(code, 1);
    await ended(await noted(folder, "pid"));
  },
});
