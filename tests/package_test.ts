/**
 * The library as others get it: what is published, that all of it is explained,
 * and that a project of somebody else's can use it.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { importFlags } from "../lib/runner/project.ts";
import { root } from "./cli.ts";
import { blockAfter, readme } from "./readme.ts";
import { serveJSR } from "./registry.ts";
import { tempDir } from "./temp.ts";

/** The description of a module or a symbol by `deno doc --json`. */
interface Doc {
  doc?: string;
  tags?: { kind: string; doc?: string }[];
}

interface Docs {
  nodes: {
    [url: string]: {
      module_doc: Doc;
      symbols: { name: string; declarations: { jsDoc?: Doc }[] }[];
    };
  };
}

const entryPoints = Object.values(config.exports);

Deno.test("every public symbol is explained, with an example", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...importFlags(), ...entryPoints],
    cwd: root,
  }).output();
  const { nodes }: Docs = JSON.parse(new TextDecoder().decode(stdout));
  const docs = Object.values(nodes).flatMap(({ module_doc, symbols }) => [
    { name: "the module", docs: [module_doc] },
    ...symbols.map(({ name, declarations }) => ({
      name,
      docs: declarations.map(({ jsDoc }) => jsDoc ?? {}),
    })),
  ]);
  assert(docs.length > 50, `only ${docs.length} were found`);
  const without = docs.filter(({ docs }) =>
    !docs.some(({ doc, tags = [] }) =>
      doc &&
      tags.some(({ kind, doc }) =>
        kind === "example" && doc?.includes("```ts\n")
      )
    )
  );
  assertEquals(without.map(({ name }) => name), []);
});

Deno.test("what is published is the library, the workbench, the licence and the README", async () => {
  await using jsr = await serveJSR(new Map());
  const { files, output } = await published(jsr);
  assertEquals(
    files.filter((path) => !path.startsWith("lib/workbench/")).sort(),
    [
      "LICENSE",
      "README.md",
      "deno.json",
      "lib/arguments.ts",
      "lib/disk.ts",
      "lib/error.ts",
      "lib/file_storage.ts",
      "lib/hosting.ts",
      "lib/kv.ts",
      "lib/message.ts",
      "lib/messages.ts",
      "lib/mod.ts",
      "lib/nearest.ts",
      "lib/node.ts",
      "lib/runtime.ts",
      "lib/stdio.ts",
      "lib/thrown.ts",
    ],
  );
  assertEquals(
    files.filter((path) => path.startsWith("lib/report/")),
    [],
  );
  assert(!/slow-type|warning|unanalyzable/.test(output), output);
});

Deno.test("a project gets it from JSR, with types, and judges the README's project", async () => {
  const packages = new Map();
  await using jsr = await serveJSR(packages);
  const { name, version, exports } = config;
  const { files } = await published(jsr);
  const texts = files.map(async (path) =>
    [`./${path}`, unfurled(await Deno.readTextFile(root + path))] as const
  );
  packages.set(name, {
    version,
    exports,
    files: Object.fromEntries(await Promise.all(texts)),
  });

  const project = tempDir();
  await writeProject(project);
  const checked = await jsr.deno(project, "check", "--quiet", ".");
  assertEquals(checked, { code: 0, stdout: "", stderr: "" });
  const tested = await jsr.deno(project, "test", "--quiet", "--no-check");
  assertStringIncludes(tested.stdout, "ok | 3 passed | 0 failed");

  await Deno.writeTextFile(
    `${project}/wrong.ts`,
    `import { judge } from "${name}/workbench";
     await judge(() => {}, { workload: "echo", rate: "fast" });
     await judge((node) => node.on("ehco", () => {}), { workload: "echo" });`,
  );
  const { code, stderr } = await jsr.deno(project, "check", "wrong.ts");
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Type 'string' is not assignable to type 'number'",
  );
  assertStringIncludes(
    stderr,
    `Argument of type '"ehco"' is not assignable to parameter of type`,
  );
});

Deno.test("until it's published, a project links its folder", async () => {
  await using jsr = await serveJSR(new Map());
  const project = tempDir();
  await writeProject(
    project,
    (name, text) =>
      name === "deno.json"
        ? JSON.stringify({
          ...JSON.parse(text),
          // As the README says: the path of this folder.
          ...JSON.parse(`{${linking.replace("../call-me-maybe", root)}}`),
        })
        : text,
  );
  const { stdout } = await jsr.deno(project, "test", "--quiet", "--no-check");
  assertStringIncludes(stdout, "ok | 3 passed | 0 failed");
});

const [, linking = ""] = /`("links": \[.*\])`/.exec(readme) ?? [];

/** Writes the README's project. */
async function writeProject(
  folder: string,
  change: (name: string, text: string) => string = (_, text) => text,
): Promise<void> {
  for (const name of ["deno.json", "my_node.ts", "my_node_test.ts"]) {
    const text = blockAfter(`<!-- own project: ${name} -->`);
    await Deno.writeTextFile(`${folder}/${name}`, change(name, text));
  }
}

/** Returns what would be published today. */
async function published(
  jsr: Awaited<ReturnType<typeof serveJSR>>,
): Promise<{ files: string[]; output: string }> {
  const { code, stderr: output } = await jsr.deno(
    root,
    ...["publish", "--dry-run", "--allow-dirty"],
  );
  assertEquals(code, 0, output);
  const folder = new URL(`file://${root}`).href;
  const files = Array.from(
    output.matchAll(/^ +(file:.*) \([\d.]+\w+\)$/gm),
    ([, url = ""]) => url.replace(folder, ""),
  );
  return { files, output };
}

/** A source with the names of packages written out, as it is published. */
function unfurled(source: string): string {
  const imports: { [name: string]: string } = config.imports;
  return source.replaceAll(
    /^(import .*|\} )from "((?:@[^/"]+\/)?[^./"][^/"]*)(.*)";$/gm,
    (all, start, name, subpath) =>
      name in imports ? `${start}from "${imports[name]}${subpath}";` : all,
  );
}
