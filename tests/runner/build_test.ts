import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { pageCode } from "../../lib/report/page/bundle.ts";
import { commandForBin, firstLineWith } from "../../lib/runner/build.ts";
import { filesOfSource } from "../../lib/runner/program.ts";
import { root } from "../cli.ts";
import { tempDir, tempFile } from "../temp.ts";

/** A copy of the repository that may be changed, and its `build.ts`. */
async function copyOfTheHouse() {
  const house = `${tempDir()}/a*b`; // a pattern, to deno bundle
  await Deno.mkdir(house);
  await copy(`${root}deno.json`, `${house}/deno.json`);
  await copy(`${root}lib`, `${house}/lib`);
  await copy(`${root}challenges`, `${house}/challenges`);
  const { Builder } = await import(
    `file://${house}/lib/runner/build.ts`
  ) as typeof import("../../lib/runner/build.ts");
  const builder = new Builder();
  return { house, programOf: quietly(builder.programOf.bind(builder)) };
}

/** Runs quietly: where nothing can be downloaded it says so, once. */
function quietly<Args extends unknown[], Result>(
  call: (...args: Args) => Promise<Result>,
): typeof call {
  return async (...args) => {
    const { error } = console;
    console.error = () => {};
    try {
      return await call(...args);
    } finally {
      console.error = error;
    }
  };
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) {
    return await Deno.copyFile(from, to);
  }
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    await copy(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test("a program is made once, and anew only after a change that concerns it", async () => {
  const { house, programOf } = await copyOfTheHouse();
  let made = 0;
  const get = async () => await programOf("echo", () => made++);
  const edit = async (path: string) =>
    await Deno.writeTextFile(`${house}/${path}`, "\nexport {};\n", {
      append: true,
    });

  const program = await get();
  assertEquals(program, await Deno.realPath(`${house}/bin/echo`));
  assertEquals((await Deno.stat(program)).mode! & 0o111, 0o111);
  assertEquals(made, 1);

  await get();
  await edit("challenges/kafka.ts");
  await edit("lib/runner/build.ts");
  await get();
  assertEquals(made, 1, "nothing that it's made from has changed");

  const before = await Deno.readTextFile(program);
  await edit("lib/node.ts");
  await Deno.writeTextFile(
    `${house}/challenges/echo.ts`,
    `\nconsole.error("edited");\n`,
    { append: true },
  );
  await get();
  assertEquals(made, 2);
  assertNotEquals(await Deno.readTextFile(program), before);

  const settings = await Deno.readTextFile(`${house}/deno.json`);
  await Deno.writeTextFile(`${house}/deno.json`, settings + "\n");
  await get();
  assertEquals(made, 3, "a package may be of another version");

  await Deno.remove(program);
  await get();
  assertEquals(made, 4);

  const names = (await Array.fromAsync(Deno.readDir(`${house}/bin`)))
    .map(({ name }) => name).sort();
  assertEquals(names, [".echo.sha256", "echo"], "nothing half done is left");
});

Deno.test({
  name: "Deno may be in a folder of any name",
  ignore: Deno.build.os === "windows", // which doesn't read the first line
  async fn() {
    const folder = `${tempDir()}/its $HOME 'of' \\ "deno"`;
    await Deno.mkdir(folder);
    await Deno.symlink(Deno.execPath(), `${folder}/deno`);
    const path = `${tempDir()}/program`;
    const code = `${firstLineWith(`${folder}/deno`)}\nconsole.log(7);\n`;
    await Deno.writeTextFile(path, code, { mode: 0o755 });
    const { stdout } = await new Deno.Command(path).output();
    assertEquals(new TextDecoder().decode(stdout), "7\n");
  },
});

Deno.test("where programs can't be written, that is said in words", async () => {
  const { house, programOf } = await copyOfTheHouse();
  await Deno.writeTextFile(`${house}/bin`, "");
  const { message } = await assertRejects(
    () => programOf("echo", () => {}),
    Error,
  );
  assertEquals(
    message,
    `${house}/bin can't be written, as something else is in its place.`,
  );
});

Deno.test("a program whose place is taken is named, and nothing half done is left", async () => {
  const { house, programOf } = await copyOfTheHouse();
  await Deno.mkdir(`${house}/bin/echo`, { recursive: true });
  const { message } = await assertRejects(
    () => programOf("echo", () => {}),
    Error,
  );
  assertEquals(
    message,
    `${house}/bin/echo can't be written, as it's a folder.`,
  );
  const names = (await Array.fromAsync(Deno.readDir(`${house}/bin`)))
    .map(({ name }) => name);
  assertEquals(names, ["echo"]);
});

Deno.test("where the page's code can't be kept, there is a page all the same", async () => {
  const file = tempFile();
  const { script } = await pageCode(`${file}/bin`);
  assert(script.length > 10_000);
});

Deno.test("the page's code is bundled anew after a change that concerns it", async () => {
  const { house } = await copyOfTheHouse();
  const { pageCode } = await import(
    `file://${house}/lib/report/page/bundle.ts`
  ) as typeof import("../../lib/report/page/bundle.ts");
  const folder = `${house}/bin`;
  const digest = async () => (await pageCode(folder)).script.split("\n")[0];
  const isMade = async () => {
    const before = await Deno.readTextFile(`${folder}/page.js`);
    // A new build doesn't find this.
    await Deno.writeTextFile(`${folder}/page.js`, `${before}// kept`);
    await digest();
    return !(await Deno.readTextFile(`${folder}/page.js`)).endsWith("// kept");
  };
  await digest();
  assertEquals(await isMade(), false);
  const edits: [path: string, edit: (text: string) => string][] = [
    // A D3 of another version.
    ["deno.json", (text) => text.replace(/("@types\/d3-axis": ".*?)"/, '$1 "')],
    ["lib/report/web/main.ts", (text) => text + "\n"],
    ["lib/workbench/sim/clock.ts", (text) => text + "\n"],
  ];
  for (const [path, edit] of edits) {
    const text = await Deno.readTextFile(`${house}/${path}`);
    assertNotEquals(edit(text), text);
    await Deno.writeTextFile(`${house}/${path}`, edit(text));
    assertEquals(await isMade(), true, path);
    assertEquals(await isMade(), false);
  }
});

Deno.test("a source that can't be built says where", async () => {
  const { house, programOf } = await copyOfTheHouse();
  await Deno.writeTextFile(`${house}/challenges/echo.ts`, "const = 1;");
  let message = "";
  await programOf("echo", () => {}).catch((error) => message = error.message);
  assert(message.includes("challenges/echo.ts:1"), message);
  assertEquals(await Array.fromAsync(Deno.readDir(`${house}/bin`)), []);
});

Deno.test({
  name: "a source that may be executed is Deno's, unless it says what runs it",
  ignore: Deno.build.os === "windows",
  fn() {
    const folder = tempDir();
    const isDenos = (text: string, mode: number) => {
      const path = `${folder}/node.ts`;
      Deno.writeTextFileSync(path, text);
      Deno.chmodSync(path, mode);
      return commandForBin(path, []).bin === Deno.execPath();
    };
    assert(isDenos("await 1;", 0o644));
    assert(isDenos("await 1;", 0o755)); // all are so on a disk of Windows'
    assert(isDenos("", 0o755));
    assert(isDenos("#!/usr/bin/env node\n", 0o644));
    assert(!isDenos("#!/usr/bin/env node\n", 0o755));
  },
});

Deno.test("a source of no project runs in this one, any other in its own", async () => {
  const folder = await Deno.realPath(tempDir());
  const source = `${folder}/node.ts`;
  await Deno.writeTextFile(source, "");
  const flags = () =>
    commandForBin(source, []).args.filter((arg) => arg.startsWith("--config="));
  assertEquals(flags().length, 1);
  const [, config = ""] = flags()[0]!.split("=");
  assertEquals(
    await Deno.realPath(config),
    await Deno.realPath(`${root}deno.json`),
  );
  await Deno.writeTextFile(`${folder}/deno.json`, "{}");
  assertEquals(flags(), []);
});

Deno.test("a source may leave out the extensions of what it imports, in a folder of any name", async () => {
  const folder = `${await Deno.realPath(tempDir())}/#1 is 100%20`;
  await Deno.mkdir(folder);
  const [source, other] = [`${folder}/node.ts`, `${folder}/other.ts`];
  await Deno.writeTextFile(
    source,
    'import { text } from "./other"; console.log(text);',
  );
  await Deno.writeTextFile(other, 'export const text: string = "found";');
  const { bin, args } = commandForBin(source, []);
  const { stdout } = await new Deno.Command(bin, { args }).output();
  assertEquals(new TextDecoder().decode(stdout), "found\n");
  const { files, isWhole } = await filesOfSource(source);
  assertEquals([files.includes(other), isWhole], [true, true]);
});
