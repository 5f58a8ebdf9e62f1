/**
 * The README's project of one's own, as it stands there, in a folder outside the
 * repository: its types are checked, it's tested, and the runner judges it.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { root, run } from "./cli.ts";
import { blockAfter, readme } from "./readme.ts";
import { tempDir } from "./temp.ts";

const names = ["deno.json", "my_node.ts", "my_node_test.ts"];

/** Writes the README's project. */
async function project(
  change: (name: string, text: string) => string = (_, text) => text,
): Promise<string> {
  const folder = tempDir();
  for (const name of names) {
    const text = blockAfter(`<!-- own project: ${name} -->`);
    await Deno.writeTextFile(`${folder}/${name}`, change(name, text));
  }
  return folder;
}

/** The README's flag, where the folder of the repository is this one. */
const [, flag = ""] = /^deno test (--import-map=.*)$/m.exec(
  readme.replaceAll("../call-me-maybe/", root),
) ?? [];

async function deno(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, output: text.decode(stdout) + text.decode(stderr) };
}

Deno.test("with a path and a flag, it's checked, and its tests pass", async () => {
  const folder = await project();
  const checked = await deno(folder, "check", flag, ".");
  assertEquals(checked.code, 0, checked.output);
  const tested = await deno(folder, "test", "--no-check", flag);
  assertEquals(tested.code, 0, tested.output);
  assertMatch(tested.output, /ok \| 3 passed \| 0 failed/);
});

Deno.test("a project may be stricter than this one, and have the DOM's types", async () => {
  const folder = await project((_, text) =>
    text.replace(/(function app\(.*\)) \{/, "$1: void {")
  );
  const path = `${folder}/deno.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  const lib = ["dom", "dom.iterable", "dom.asynciterable", "deno.ns"];
  const stricter = Object.fromEntries(
    [
      "erasableSyntaxOnly",
      "exactOptionalPropertyTypes",
      "isolatedDeclarations",
      "noFallthroughCasesInSwitch",
      "noImplicitOverride",
      "noImplicitReturns",
      "noUncheckedIndexedAccess",
      "noUnusedLocals",
      "noUnusedParameters",
      "verbatimModuleSyntax",
    ].map((name) => [name, true]),
  );
  config.compilerOptions = { ...stricter, allowUnreachableCode: false, lib };
  await Deno.writeTextFile(path, JSON.stringify(config));
  const { code, output } = await deno(folder, "check", flag, ".");
  assertEquals(code, 0, output);
});

Deno.test("its tests fail when the node loses values", async () => {
  const folder = await project((_, text) =>
    text.replace("node.every", "void ")
  );
  const { code, output } = await deno(folder, "test", "--no-check", flag);
  assertEquals(code, 1);
  assertMatch(output, /of \d+ values were lost/);
});

Deno.test("the editor knows its messages: mistakes are errors", async () => {
  const mistakes: [from: string, to: string, error: RegExp][] = [
    ['on("read"', 'on("raed"', /Argument of type '"raed"' is not assignable/],
    ["body.message", "body.massage", /Property 'massage' does not exist/],
    [
      "add(body.message)",
      "add(body.message.length)",
      /Property 'length' does not exist on type 'number'/,
    ],
    [
      '"broadcast_ok"',
      '"brodcast_ok"',
      /Type '"brodcast_ok"' is not assignable to type .*"broadcast_ok"/,
    ],
    [
      "messages: [...seen]",
      "massages: [...seen]",
      /Type '\{ type: "read_ok"; massages: number\[\]; \}' is not assignable/,
    ],
    [
      "messages: [...seen]",
      "messages: seen",
      /Type 'Set<number>' is missing the following properties/,
    ],
    [
      "messages: [...seen]",
      "messages: new Map([[1, 2]])",
      /Type 'Map<number, number>' is missing the following properties/,
    ],
    [
      "messages: [...seen]",
      "messages: [1n]",
      /Type 'bigint' is not assignable to type 'number'/,
    ],
    [
      "messages: [...seen]",
      "messages: () => [...seen]",
      /'\(\) => number\[\]' is (not assignable|missing)/,
    ],
    ['on("tell"', 'on("tel"', /Argument of type '"tel"' is not assignable/],
    ["of body.values", "of body.value", /Property 'value' does not exist/],
    ['type: "tell"', 'type: "tale"', /Type '"tale"' is not assignable/],
    [
      "values: [...seen] }",
      "values: seen }",
      /Type 'Set<number>' is missing the following properties/,
    ],
  ];
  const folder = await project();
  const source = blockAfter("<!-- own project: my_node.ts -->");
  await Promise.all(mistakes.map(([from, to], i) => {
    assert(source.includes(from), from);
    return Deno.writeTextFile(
      `${folder}/wrong_${i}.ts`,
      source.replace(from, to),
    );
  }));
  const { code, output } = await deno(folder, "check", "--quiet", flag, ".");
  assertEquals(code, 1);
  // Each error ends with its place.
  const errors = output.split(/(?<=at file:.*)\n/);
  for (const [i, [, to, error]] of mistakes.entries()) {
    const found = errors.filter((each) => each.includes(`/wrong_${i}.ts:`));
    assert(found.some((each) => error.test(each)), `${to}\n${found}`);
  }
});

Deno.test("the runner judges it where it is, by what it imports itself", async () => {
  const folder = await project((_, text) =>
    text.replace(
      '"imports": {',
      `"imports": { // one's own
        "#greeting": "./greeting.ts", "@/": "./said/",`,
    )
  );
  await Deno.mkdir(`${folder}/said`);
  await Deno.writeTextFile(`${folder}/greeting.ts`, "console.error('hello');");
  await Deno.writeTextFile(`${folder}/said/said.ts`, "console.error('again');");
  await Deno.writeTextFile(
    `${folder}/echo.ts`,
    `import "#greeting";\nimport "@/said.ts";\n${
      blockAfter("<!-- the library: a node -->")
    }`.replace("./lib/mod.ts", "@call-me-maybe/maelstrom"),
  );
  for (const engine of ["sim", "stdio"]) {
    const { code, stdout, stderr } = await run(
      ...["echo", "--bin", `${folder}/echo.ts`, "--engine", engine],
      ...["--node-count=1", "--time-limit=1", "--log-stderr"],
    );
    assertEquals(code, 0, stdout + stderr);
    assertMatch(stderr, /^n0: hello\nn0: again$/m);
  }
});
