/**
 * What the README shows is what one sees: its examples are run, and its output
 * is compared with what the commands print today.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { importFlags } from "../lib/runner/build.ts";
import { program, root, run, runIn } from "./cli.ts";
import { fakeHome, javaHome } from "./maelstrom/machine.ts";

const readme = await Deno.readTextFile(`${root}README.md`);

Deno.test("the first command prints what the README shows", async () => {
  const { stdout } = await run("--engine", "sim");
  assertEquals(
    timeless(stdout),
    timeless(blockAfter("<!-- deno task run -->")),
  );
});

Deno.test("side by side, the workbench's row is what the README shows", async () => {
  const { stdout } = await runIn({
    env: { MAELSTROM_HOME: fakeHome, JAVA_HOME: await javaHome() },
  }, ...["--engine", "both", "3d"]);
  const shown = blockAfter("<!-- deno task run --engine both 3d -->");
  const rows = (text: string) =>
    text.split("\n").map((line) => line.trim().split(/ {2,}/).slice(0, -1));
  assertEquals(rows(stdout).slice(0, 2), rows(shown).slice(0, 2));
});

Deno.test("commands take as many messages as the README says", async () => {
  const claims = [
    ...readme.matchAll(
      /^deno task run (.*?) +# (\d+) messages per operation/gm,
    ),
  ];
  assertEquals(claims.length, 2);
  for (const [, command, claimed] of claims) {
    const { stdout } = await run("--json", ...command.split(" "));
    const [{ results }] = JSON.parse(stdout);
    assertEquals(
      Math.round(results.net.servers["msgs-per-op"]),
      Number(claimed),
      command,
    );
  }
});

Deno.test("a node that prints to stdout is told what the README shows", async () => {
  const bin = await program(`
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      if (body.type === "init") {
        print({ src: body.node_id, dest: src, body: { type: "init_ok", in_reply_to: body.msg_id } });
        globalThis.id = body.node_id;
      } else {
        console.log("got a message");
        print({ src: id, dest: src, body: { type: "echo_ok", echo: body.echo, in_reply_to: body.msg_id } });
      }
    }`);
  const { stdout } = await run(
    ...["echo", "--bin", bin, "--node-count", "1", "--time-limit", "1"],
  );
  const shown = blockAfter("<!-- a node that prints to stdout -->");
  assertEquals(
    countless(stdout.replaceAll(bin, "./my-node")),
    countless(shown),
  );
});

Deno.test({
  name: "the Python node is valid",
  ignore: !await hasPython(),
  async fn() {
    const bin = `${await Deno.makeTempDir()}/my-node`;
    await Deno.writeTextFile(bin, codeOf("python"));
    await Deno.chmod(bin, 0o755);
    const { stdout, code } = await run(
      ..."test -w echo --node-count 1 --time-limit 1 --bin".split(" "),
      bin,
    );
    assertMatch(stdout, /^✓/);
    assertEquals(code, 0);
  },
});

Deno.test("the TypeScript node answers, and is judged as shown", async () => {
  const folder = await Deno.makeTempDir();
  const source = codeOf("ts").replaceAll(`"./lib/`, `"file://${root}lib/`);
  await Deno.writeTextFile(
    `${folder}/echo.ts`,
    source.replace("import.meta.main", "false"),
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--check", ...importFlags(), `${folder}/echo.ts`],
    cwd: root,
  }).output();
  const text = new TextDecoder();
  assertEquals(
    [text.decode(stdout), text.decode(stderr)],
    ["true undefined\n", ""],
  );
});

/** The code block that follows a text. */
function blockAfter(text: string): string {
  const start = readme.indexOf("```\n", readme.indexOf(text)) + 4;
  return readme.slice(start, readme.indexOf("```", start));
}

/** All code of a language, in order. */
function codeOf(language: string): string {
  const blocks = readme.matchAll(
    new RegExp("^```" + language + "\\n(.*?)^```", "gms"),
  );
  return Array.from(blocks, ([, code]) => code).join("\n");
}

/** Without the real time that a run took. */
function timeless(output: string): string {
  return output.replaceAll(/ +\d+\.\d s\b/g, "");
}

/** Without what differs from run to run in real time. */
function countless(output: string): string {
  return timeless(output)
    .replaceAll(/ +\d+ ops/g, " ops")
    .replaceAll(/ *[▁-█]+/g, "")
    .replaceAll(/more: .*/g, "more:");
}

async function hasPython(): Promise<boolean> {
  try {
    return (await new Deno.Command("python3", { args: ["-V"] }).output())
      .success;
  } catch {
    return false;
  }
}
