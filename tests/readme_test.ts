/**
 * The README's promise that it shows what one sees: its examples are run, and
 * its output is compared with what the commands print today.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { importFlags } from "../lib/runner/project.ts";
import { inTime, program, root, run, runIn } from "./cli.ts";
import { fakeHome, javaHome } from "./maelstrom/machine.ts";
import { blockAfter, readme } from "./readme.ts";

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
  for (const [, command = "", claimed] of claims) {
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
    // The test keeps its runs elsewhere.
    countless(
      inTime(stdout).replaceAll(bin, "./my-node").replace(/ --store \S+/, ""),
    ),
    countless(shown),
  );
});

Deno.test({
  name: "the Python node is valid",
  ignore: !await hasPython(),
  async fn() {
    const bin = `${await Deno.makeTempDir()}/my-node`;
    await Deno.writeTextFile(bin, blockAfter("in Python. Save it as"));
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
  const source = [
    blockAfter("<!-- the library: a node -->"),
    blockAfter("<!-- the library: judged -->"),
  ].join("\n").replaceAll(`"./lib/`, `"file://${root}lib/`);
  await Deno.writeTextFile(
    `${folder}/echo.ts`,
    source.replace("import.meta.main", "false"),
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--check", `--config=${root}deno.json`],
      ...[...importFlags(), `${folder}/echo.ts`],
    ],
    cwd: root,
  }).output();
  const text = new TextDecoder();
  assertEquals(
    [text.decode(stdout), text.decode(stderr)],
    ["true undefined\n", ""],
  );
});

Deno.test("the node with messages of its own is checked as the README says", async () => {
  const folder = await Deno.makeTempDir();
  const source = blockAfter("<!-- the library: messages -->")
    .replaceAll(`"./lib/`, `"file://${root}lib/`);
  const complaint = async (source: string) => {
    await Deno.writeTextFile(`${folder}/node.ts`, source);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["check", "--quiet", `--config=${root}deno.json`],
        ...[...importFlags(), `${folder}/node.ts`],
      ],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stderr);
  };
  assertEquals(await complaint(source), "");
  assertStringIncludes(
    await complaint(source.replace('node.on("tell"', 'node.on("tel"')),
    `Argument of type '"tel"' is not assignable to parameter of type`,
  );
  assertStringIncludes(
    await complaint(source.replace("[body.from]", "new Set([body.from])")),
    "Type 'Set<number>' is missing the following properties from type 'number[]'",
  );
});

for (const [, path, code = ""] of snippets()) {
  const [firstLine] = code.trim().split("\n");
  Deno.test(`${path} has the code that the README quotes: ${firstLine}`, async () => {
    const source = await Deno.readTextFile(`${root}${path}`);
    assertStringIncludes(flat(source), flat(code));
  });
}

Deno.test("the node of five minutes gets the verdicts that the README shows", async () => {
  const folder = await Deno.makeTempDir({ dir: root, prefix: ".readme-" });
  const verdict = async (run: string, name: string, source: string) => {
    const bin = `${folder}/${name}.ts`;
    await Deno.writeTextFile(
      bin,
      source.replaceAll(`"./lib/`, `"${import.meta.resolve("../lib")}/`),
    );
    const { stdout } = await runFor(run, "--bin", bin);
    return countless(stdout.split("    again:")[0]!.trimEnd());
  };
  const runFor = (...args: string[]) => run(...args, "--time-limit", "3");
  const handlers = blockAfter("<!-- my_node.ts: 3a -->");
  const bare = blockAfter("The library does that:");
  const told = (text: string) => [
    text.split(/ ops/)[0],
    text.replaceAll(/\d+ of \d+/g, "some").split("\n")[1]!.split(";")[0],
  ];
  try {
    const [empty, none, three, alone, final] = await Promise.all([
      verdict("3a", "empty", ""),
      verdict("3a", "none", bare),
      verdict("3a", "three", handlers),
      verdict("3b", "alone", handlers),
      verdict("3c", "final", blockAfter("<!-- my_node.ts: 3c -->")),
    ]);
    const shown = (what: string) =>
      countless(blockAfter(`<!-- my_node.ts: ${what} -->`).trimEnd());
    assertEquals(empty, shown("empty"));
    assertEquals(none, shown("without a handler"));
    assertEquals(three, shown("3a is valid"));
    // Which values are seen at all depends on who is asked when.
    assertEquals(told(alone), told(shown("3a in 3b")));
    assertMatch(final, /^✓ {2}3c {2}broadcast {2}valid/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("links into the repository lead somewhere", async () => {
  const anchors = new Set(
    [...readme.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      `#${title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")}`
    ),
  );
  const links = [...readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)];
  assert(links.length > 0);
  for (const [, link = ""] of links) {
    if (link.startsWith("#")) assert(anchors.has(link), link);
    else await Deno.stat(`${root}${link}`);
  }
});

/** All code that is quoted from a file: the file, and the code. */
function snippets() {
  return readme.matchAll(
    /<!-- (\S+\/\S+\.ts) -->\n\n```ts\n(.*?)```/gs,
  );
}

/** Without indentation, which is another in the middle of a file or comment. */
function flat(code: string): string {
  return code.trim().split("\n")
    .map((line) => line.trim().replace(/^\* ?/, "").trim()).join("\n");
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
