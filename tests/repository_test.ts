import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { runs } from "../challenges/runs.ts";
import { importFlags } from "../lib/runner/project.ts";
import { workloads } from "../lib/workbench/workloads/mod.ts";
import { root } from "./cli.ts";
import { some } from "./some.ts";
import { tempDir } from "./temp.ts";

const scripts = [...new Set(runs.map(({ script }) => script))];

Deno.test("each challenge is a program as it lies there", async (t) => {
  // A shell finds `deno` by the path. This one knows the stand-ins for `@std`.
  const path = tempDir();
  await Deno.writeTextFile(
    `${path}/deno`,
    `#!/bin/sh\nshift\nexec '${Deno.execPath()}' run --quiet ${
      importFlags().map((flag) => `'${flag}'`).join(" ")
    } "$@"\n`,
  );
  await Deno.chmod(`${path}/deno`, 0o755);
  const env = { PATH: `${path}:${Deno.env.get("PATH")}` };
  for (const script of scripts) {
    await t.step(script, async () => {
      const file = `${root}challenges/${script}.ts`;
      const process = new Deno.Command(file, {
        env,
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const input = process.stdin.getWriter();
      const body = {
        type: "init",
        msg_id: 1,
        node_id: "n1",
        node_ids: ["n1"],
      };
      const message = JSON.stringify({ src: "c1", dest: "n1", body });
      await input.write(new TextEncoder().encode(`${message}\n`));
      await input.close();
      const { success, stdout } = await process.output();
      assert(success);
      const [first] = some(new TextDecoder().decode(stdout).split("\n"));
      assertEquals(JSON.parse(first), {
        src: "n1",
        dest: "c1",
        body: { type: "init_ok", in_reply_to: 1 },
      });
    });
  }
});

Deno.test("each workload has a challenge", () => {
  const solved = new Set(runs.map(({ workload }) => workload));
  assertEquals(Object.keys(workloads).filter((name) => !solved.has(name)), []);
});

Deno.test("npm packages are named in exact versions", () => {
  const all = { ...config.imports, ...config.scopes["./"] };
  for (const specifier of Object.values(all)) {
    if (specifier.startsWith("npm:")) {
      assertMatch(
        specifier,
        /^npm:(@[a-z0-9-]+\/)?[a-z0-9._-]+@\d+\.\d+\.\d+$/,
      );
    }
  }
});

Deno.test("the newest version in the changelog is the package's", async () => {
  const [, version] = (await read("CHANGELOG.md")).match(/^## (\S+?),? /m)!;
  assertEquals(version, config.version);
});

Deno.test("everything that brings Deno brings the same", async () => {
  const versions = new Set<string>();
  for (
    const path of [
      "README.md",
      ".ci/run",
      ".github/workflows/checks.yml",
      ".github/workflows/maelstrom.yml",
    ]
  ) {
    const found = (await read(path)).matchAll(/npx -y deno@([\d.]+\d)/g);
    for (const [, version = ""] of found) versions.add(version);
  }
  assertEquals([...versions], ["2.9.6"]);
});

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(root + path);
}
