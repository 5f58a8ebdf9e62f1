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
import { runs } from "../challenges/runs.ts";
import { changes } from "../lib/report/changes.ts";
import type { RunRecord } from "../lib/report/record.ts";
import { buildGo } from "../lib/runner/languages.ts";
import { programFrom } from "../lib/runner/program.ts";
import { importFlags } from "../lib/runner/project.ts";
import { stuckText } from "../lib/workbench/hosts/simulated.ts";
import { judgeGuest } from "../lib/workbench/judge.ts";
import { Sandbox } from "../lib/workbench/mod.ts";
import { inTime, program, root, run, runIn } from "./cli.ts";
import { fakeHome, javaHome } from "./maelstrom/machine.ts";
import { blockAfter, readme } from "./readme.ts";
import { tempDir } from "./temp.ts";

Deno.test("the first command prints what the README shows", async () => {
  const { stdout } = await run("--engine", "sim", "--no-page");
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
    const { stdout } = await run("--json", "--no-page", ...command.split(" "));
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
    const bin = `${tempDir()}/my-node`;
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
  const folder = tempDir();
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
  const folder = tempDir();
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

Deno.test("fuzz makes of the flood's failure the story that the README tells", async () => {
  const [command = "", ...lines] = blockAfter("<!-- fuzz: the flood -->")
    .trimEnd().split("\n");
  const [, words = "", nodeArgs = ""] = /^\$ deno task (.*) -- (.*)$/
    .exec(command)!;
  const { stdout, code } = await run(
    ...words.split(" "),
    // Runs are counted, and one comes after the other: no clock decides.
    ...["--jobs", "1", "--runs", "50"],
    ...["--", ...nodeArgs.split(" ")],
  );
  assertEquals(code, 1);
  const shown = stdout.trimEnd().replaceAll(/ +$/gm, "")
    .replaceAll(/\S*\/3c\/[^/]*/g, "store/3c/…")
    .replace(/in \d+ s:/, "in 2 s:");
  assertEquals(shown.split("\n"), lines);
});

for (const [, path, code = ""] of snippets()) {
  const [firstLine] = code.trim().split("\n");
  Deno.test(`${path} has the code that the README quotes: ${firstLine}`, async () => {
    const source = await Deno.readTextFile(`${root}${path}`);
    assertStringIncludes(flat(source), flat(code));
  });
}

const handlers = blockAfter("<!-- my_node.ts: 3a -->");
const final = blockAfter("<!-- my_node.ts: 3c -->");
const bare = blockAfter("The library does that:");

/** Writes a version of `my_node.ts`, and gives its path. */
async function myNode(source: string): Promise<string> {
  const bin = `${tempDir()}/my_node.ts`;
  const library = `"${import.meta.resolve("../lib")}/`;
  await Deno.writeTextFile(bin, source.replaceAll(`"./lib/`, library));
  return bin;
}

/** The output of a run, as far as it's the same each time. */
async function verdict(run: Ran): Promise<string> {
  const { stdout } = await run;
  return timeless(stdout.split("    again:")[0]!.trimEnd());
}

type Ran = ReturnType<typeof run>;

function shown(what: string): string {
  return timeless(blockAfter(`<!-- ${what} -->`).trimEnd());
}

Deno.test("the node of five minutes gets the verdicts that the README shows", async () => {
  const versions: [what: string, run: string, source: string][] = [
    ["empty", "3a", ""],
    ["without a handler", "3a", bare],
    ["3a is valid", "3a", handlers],
    ["3a in 3b", "3b", handlers],
    ["3c is valid", "3c", final],
  ];
  for (const [what, id, source] of versions) {
    const ran = run(id, "--bin", await myNode(source));
    assertEquals(await verdict(ran), shown(`my_node.ts: ${what}`));
  }
});

Deno.test("--watch says what the README shows of the way from 3a to 3c", async () => {
  const records = async (source: string): Promise<RunRecord[]> => {
    const bin = await myNode(source);
    const { stdout } = await run("3b", "--bin", bin, "--json");
    return JSON.parse(stdout);
  };
  const [before, after] = [await records(handlers), await records(final)];
  const [named, line, change] = shown("my_node.ts: 3a becomes 3c").split("\n");
  assertEquals(named, "my_node.ts changed.");
  assertEquals(
    line,
    await verdict(run("3b", "--bin", await myNode(final))),
  );
  assertEquals(change, `    change: ${changes(before, after)}`);
});

Deno.test("the usual mistakes are told as the README says", async () => {
  const take = "seen.add(body.message);";
  const answer = `return { type: "broadcast_ok" };`;
  const mistakes: [part: string, mistake: string][] = [
    [take, `console.log("here I am");`],
    [answer, ""],
    [`node.on("broadcast"`, `node.on("brodcast"`],
    [`{ type: "broadcast_ok" }`, `{ type: "brodcast_ok" }`],
    ["messages: [...seen]", "messages: seen"],
    [take, "seen.add((body as any).mesage.id);"],
    [take, "while (true);"],
    [take, `node.send("n99", { type: "broadcast", message: 1 });`],
    [
      "({ body }) => {",
      `({ src, body: { message } }) => {
        const body = { type: "broadcast_ok", message };
        console.log(JSON.stringify({ src: node.id, dest: src, body }));
        return;`,
    ],
    // What answers nothing looks as if it never flushed.
    [handlers, bare.replace("=> {}", "=> new Promise(() => {})")],
  ];
  const rows = Array.from(
    readme.slice(readme.indexOf("**The usual first mistakes**"))
      .matchAll(/^\| (.*?) +\| `(.*)` +\|$/gm),
    ([, , text = ""]) => text,
  );
  assertEquals(rows.length, mistakes.length);
  const { workload, options } = runs.find(({ id }) => id === "3a")!;
  using sandbox = new Sandbox();
  for (const [i, [part, mistake]] of mistakes.entries()) {
    assert(handlers.includes(part), part);
    if (mistake.startsWith("while")) {
      assertEquals(rows[i], `n0 ${stuckText}`); // which takes ten seconds
      continue;
    }
    const source = handlers.replace(part, mistake);
    const program = await programFrom(await myNode(source), []);
    const { reason } = await judgeGuest(program, { workload, ...options }, {
      sandbox,
    });
    assertEquals(reason?.split("\n")[0], rows[i], source);
  }
});

Deno.test("the Go node gets the verdicts that the README shows", async () => {
  const empty = blockAfter("<!-- main.go: without a handler -->");
  const whole = blockAfter("<!-- main.go: 3c -->");
  const versions: [what: string, run: string, source: string][] = [
    ["no handler", "3a", empty],
    ["3c is valid", "3c", whole],
    ["without go, in 3b", "3b", whole.replace("go tell(", "tell(")],
  ];
  for (const [what, id, source] of versions) {
    const folder = tempDir();
    for (const name of ["go.mod", "go.sum"]) {
      await Deno.copyFile(
        `${root}tests/fixtures/go/${name}`,
        `${folder}/${name}`,
      );
    }
    await Deno.writeTextFile(`${folder}/main.go`, source);
    const built = await buildGo(Deno.env.toObject(), folder, folder);
    if (typeof built === "string") return console.log(built);
    const ran = run(id, "--bin", built.wasm);
    // Another Go may schedule its goroutines in another order.
    const numberless = (text: string) =>
      countless(text).replaceAll(/ *\d+(\.\d+)?/g, " N");
    assertEquals(
      numberless(await verdict(ran)),
      numberless(shown(`main.go: ${what}`)),
    );
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
