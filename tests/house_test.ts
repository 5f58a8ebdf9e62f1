/**
 * The plan of the house: which part may import from which, type imports
 * included. README's chapter "The house" shows it to people.
 *
 * @module
 */
import { assertEquals } from "@std/assert";

/**
 * The parts from the bottom up. A part is a folder, less the parts within it, or
 * a file. Each may import from those that it names, and from nothing else.
 */
const plan: { readonly [part: string]: readonly string[] } = {
  "lib": [],
  "lib/offline": [],
  "lib/workbench/sim": ["lib"],
  "lib/workbench/hosts": ["lib", "lib/workbench/sim"],
  "lib/workbench/load": ["lib", "lib/workbench/sim", "lib/workbench/hosts"],
  "lib/workbench/checkers": ["lib/workbench/sim", "lib/workbench/load"],
  "lib/workbench/options.ts": [
    "lib",
    "lib/workbench/sim",
    "lib/workbench/load",
    "lib/workbench/checkers",
  ],
  "lib/workbench/workloads": [
    "lib/workbench/sim",
    "lib/workbench/load",
    "lib/workbench/checkers",
    "lib/workbench/options.ts",
  ],
  "lib/workbench": ["lib", "lib/workbench/*"],
  "lib/report": ["lib", "lib/workbench", "lib/workbench/*"],
  "lib/report/page": ["lib/report", "lib/workbench", "lib/workbench/*"],
  "lib/report/web": ["lib/report", "lib/report/page", "lib/workbench/*"],
  "lib/maelstrom": ["lib/workbench", "lib/workbench/*"],
  "challenges": ["lib/mod.ts"],
  "challenges/runs.ts": ["challenges", "lib/mod.ts", "lib/report"],
  "lib/runner": [
    "lib",
    "lib/workbench",
    "lib/workbench/*",
    "lib/report",
    "lib/report/*",
    "lib/maelstrom",
    "challenges/runs.ts",
    "challenges/figures.ts",
  ],
};

const parts = Object.keys(plan);

const root = new URL("../", import.meta.url);

/**
 * All sources in a folder, by their paths from the root. Hidden files aren't of
 * the house: tests write some, and remove them, at any time.
 */
function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
    if (name.startsWith(".")) continue;
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (/\.(ts|mjs)$/.test(name)) yield `${folder}${name}`;
  }
}

const everywhere = new Set(
  ["challenges/", "lib/", "tests/"].flatMap((folder) => [...sources(folder)]),
);

/** The sources that a source imports, by their paths. */
function importsOf(path: string): string[] {
  const code = Deno.readTextFileSync(new URL(path, root))
    .replaceAll(/^\s*(\*|\/\/).*$/gm, ""); // the imports of examples aren't its own
  const specifiers = code.matchAll(
    /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.(?:ts|mjs))"/g,
  );
  return [...specifiers].map(([, target = ""]) =>
    new URL(target, new URL(path, root)).href.slice(root.href.length)
  ).filter((target) => everywhere.has(target)); // tests write programs, too
}

/** The part that a source belongs to. */
function partOf(path: string): string | undefined {
  for (let at = path; at !== "."; at = at.replace(/\/?[^/]*$/, "") || ".") {
    if (parts.includes(at)) return at;
  }
}

function mayImport(part: string, target: string): boolean {
  const other = partOf(target);
  return plan[part]!.some((allowed) =>
    allowed === target || allowed === other ||
    allowed.endsWith("/*") && other?.startsWith(allowed.slice(0, -1))
  );
}

Deno.test("imports run the way that the plan says", () => {
  const wrong = ["challenges/", "lib/"].flatMap((folder) =>
    [...sources(folder)].flatMap((path) => {
      const part = partOf(path)!;
      return importsOf(path)
        .filter((target) => partOf(target) !== part && !mayImport(part, target))
        .map((target) => `${path} imports ${target}`);
    })
  );
  assertEquals(wrong, []);
});

Deno.test("no sources import each other in a circle", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at !== -1) circles.push([...way.slice(at), path].join(" → "));
    if (at !== -1 || done.has(path)) return;
    for (const target of importsOf(path)) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of everywhere) visit(path, []);
  assertEquals(circles, []);
});

Deno.test("each part of the plan is there", () => {
  for (const part of parts) Deno.statSync(new URL(part, root));
});

Deno.test("doc comments open with a noun or a verb, and not with a clause", () => {
  const clause = /^(How|That|Wh(at|atever|ether|ich|o|oever|ose|y))\b.*/;
  const offences = [...everywhere, "run.ts"].flatMap((path) => {
    const code = Deno.readTextFileSync(new URL(path, root));
    return [...code.matchAll(/^ *\/\*\*[\s*]+(.*)/gm)]
      .map(([, opening = ""]) => clause.exec(opening)?.[0])
      .filter((opening) => opening !== undefined)
      .map((opening) => `${path}: ${opening}`);
  });
  assertEquals(offences, []);
});

Deno.test("tests make folders and files in one way, which removes them", () => {
  const offences = [...everywhere].filter((path) =>
    path.startsWith("tests/") && path !== "tests/temp.ts" &&
    /Deno\.makeTemp(Dir|File)/.test(Deno.readTextFileSync(new URL(path, root)))
  );
  assertEquals(offences, []);
});

Deno.test("each property test tries the same cases every time", async () => {
  const tests = [...everywhere].filter((path) => path.startsWith("tests/"));
  const unseeded = await Promise.all(tests.map(async (path) => {
    const code = await Deno.readTextFile(new URL(path, root));
    const count = (pattern: RegExp) => [...code.matchAll(pattern)].length;
    return count(/fc\.assert\(fc|fc\.assert\(\n/g) >
        count(/\bseed: |\bcases\(/g)
      ? [path]
      : [];
  }));
  assertEquals(unseeded.flat(), []);
});
