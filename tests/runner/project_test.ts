/**
 * The packages of a project of one's own, where JSR can't be reached: its import
 * map, with the stand-ins in it.
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { isSimulable, takesPermissions } from "../../lib/runner/guest.ts";
import { flagsWithStandIns, projectOf } from "../../lib/runner/project.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { tempDir } from "../temp.ts";

/** A folder with files, and its address. */
async function folderOf(files: { [name: string]: string }) {
  const folder = await Deno.realPath(tempDir());
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return { folder, url: new URL(`file://${folder}/`).href };
}

/** The import map of flags. */
function mapOf([flag = ""]: string[]) {
  const [, json = ""] = /^--import-map=data:application\/json,(.*)$/
    .exec(flag)!;
  return JSON.parse(decodeURIComponent(json));
}

Deno.test("a project's own imports stay, wherever they lead, and JSR's have stand-ins", async () => {
  const { folder, url } = await folderOf({
    "deno.jsonc": `{
      // what it imports
      "imports": {
        "@std/assert": "jsr:@std/assert@^1.0.19", /* by a stand-in */
        "#own": "./own.ts",
        "left": "npm:left-pad@1.3.0",
        "text": "https://example.com/a//b.ts",
      },
      "scopes": { "./old/": { "#own": "../older.ts" } },
    }`,
  });
  const flags = flagsWithStandIns(`${folder}/deno.jsonc`);
  assertEquals(flags.length, 1);
  const { imports, scopes } = mapOf(flags);
  assertMatch(imports["@std/assert"], /^file:.*\/lib\/offline\/assert\.ts$/);
  assertMatch(imports["@call-me-maybe/maelstrom"], /^file:.*\/lib\/mod\.ts$/);
  assertEquals(imports["#own"], `${url}own.ts`);
  assertEquals(imports.left, "npm:left-pad@1.3.0");
  assertEquals(imports["left/"], "npm:/left-pad@1.3.0/");
  assertEquals(imports.text, "https://example.com/a//b.ts");
  assertEquals(scopes, {
    [`${url}old/`]: { "#own": new URL("../older.ts", url).href },
  });
});

Deno.test("an import map in a file of its own is read there", async () => {
  const { folder, url } = await folderOf({
    "deno.json": `{ "importMap": "./map.json", "links": ["../x"] }`,
    "map.json": `{ "imports": { "@/": "./src/" } }`,
  });
  const flags = flagsWithStandIns(`${folder}/deno.json`);
  assertEquals(mapOf(flags).imports["@/"], `${url}src/`);
  // What is linked would ask JSR.
  assertEquals(flags.slice(1), ["--no-config"]);
});

Deno.test("where Deno would read a second project's settings, it reads none: it panics at a map then", async () => {
  const { folder, url } = await folderOf({
    "deno.json":
      `{ "workspace": ["./a"], "imports": { "#all": "./all.ts", "#a": "./b.ts" } }`,
  });
  const flagsOf = async (name: string, settings: string) => {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}/deno.json`, settings);
    return flagsWithStandIns(`${folder}/${name}/deno.json`);
  };
  assertEquals(flagsWithStandIns(`${folder}/deno.json`)[1], "--no-config");
  const member = await flagsOf("a", `{ "imports": { "#a": "./mod.ts" } }`);
  assertEquals(member[1], "--no-config");
  const { imports } = mapOf(member);
  assertEquals(imports["#all"], `${url}all.ts`);
  assertEquals(imports["#a"], `${url}a/mod.ts`);

  await Deno.writeTextFile(`${folder}/deno.json`, "{}");
  const others: [settings: string, reads: boolean][] = [
    [`{ "imports": { "a": "../a/mod.ts" } }`, false],
    [`{ "imports": { "a/": "../a/" } }`, false],
    [`{ "scopes": { "./": { "a": "../a/mod.ts" } } }`, false],
    [
      `{ "imports": { "b": "./mod.ts", "c": "npm:a@1", "d": "../../x.ts" } }`,
      true,
    ],
  ];
  for (const [settings, reads] of others) {
    const flags = await flagsOf("b", settings);
    assertEquals(flags.slice(1), reads ? [] : ["--no-config"], settings);
  }
});

Deno.test("a project that can't be read is refused, by its name", async () => {
  const { folder } = await folderOf({ "deno.json": `{ "imports": ` });
  const error = assertThrows(
    () => flagsWithStandIns(`${folder}/deno.json`),
    BadOption,
  );
  assertMatch(error.message, /deno\.json can't be read: /);
});

Deno.test("a source's project is the nearest above it", async () => {
  const { folder } = await folderOf({ "package.json": "{}" });
  await Deno.mkdir(`${folder}/a/b`, { recursive: true });
  assertEquals(projectOf(`${folder}/a/b/node.ts`), `${folder}/package.json`);
  await Deno.writeTextFile(`${folder}/a/deno.json`, "{}");
  assertEquals(projectOf(`${folder}/a/b/node.ts`), `${folder}/a/deno.json`);
  assertEquals(projectOf("/node.ts"), undefined);
});

Deno.test({
  name:
    "a script that Deno starts without permissions can be simulated, and one that takes some is known",
  ignore: Deno.build.os === "windows",
  async fn() {
    const starts: [firstLine: string, simulable: boolean, takes: boolean][] = [
      ["#!/usr/bin/env -S deno run", true, false],
      ["#!/usr/bin/env -S deno run --allow-read", false, true],
      ["#!/usr/bin/env -S deno run -A", false, true],
      ["#!/usr/bin/env node", false, false],
    ];
    for (const ending of ["ts", "mts", "cts", "js", "mjs", "cjs"]) {
      for (const [firstLine, simulable, takes] of starts) {
        const name = `node.${ending}`;
        const { folder } = await folderOf({ [name]: `${firstLine}\n` });
        await Deno.chmod(`${folder}/${name}`, 0o755);
        assertEquals(isSimulable(`${folder}/${name}`), simulable, firstLine);
        assertEquals(takesPermissions(`${folder}/${name}`), takes, firstLine);
      }
    }
  },
});
