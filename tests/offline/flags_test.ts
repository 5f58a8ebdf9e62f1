/**
 * The use of the stand-ins, and that they can be used wherever the real
 * packages are.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import map from "../../lib/offline/import_map.json" with { type: "json" };
import { assertEquals, assertMatch } from "../../lib/offline/assert.ts";
import { tempDir } from "../temp.ts";

/**
 * The specifiers that deno.json maps: its scope has what `deno task` is not to
 * fetch.
 */
const specifiers: { [name: string]: string } = {
  ...config.imports,
  ...config.scopes["./"],
};

/** The package of a bare module name: `@std/async` of `@std/async/delay`. */
const packageOf = (name: string) => name.match(/^(@[^/]+\/)?[^/]+/)![0];

/** Those of this package itself: for projects that use it from its folder. */
const own = Object.entries(config.exports).map(([subpath, file]) => [
  config.name + subpath.slice(1),
  file.replace("./lib/", "../"),
]);

Deno.test("the import map has the packages of deno.json, itself, and no others", () => {
  assertEquals(
    new Set(Object.keys(map.imports).map(packageOf)),
    new Set([config.name, ...Object.keys(specifiers)].map(packageOf)),
  );
  const imports: { [name: string]: string } = map.imports;
  assertEquals(own, own.map(([name = ""]) => [name, imports[name]]));
});

Deno.test("the import map replaces the packages from JSR, and no others", () => {
  for (const [name, target] of Object.entries(map.imports)) {
    if (packageOf(name) === config.name) continue;
    const specifier = specifiers[packageOf(name)] ?? "";
    if (specifier.startsWith("jsr:")) assertMatch(target, /^\.\//);
    else assertEquals(target, name.replace(packageOf(name), specifier));
  }
});

Deno.test("what the import map maps to exists", async () => {
  for (const target of new Set(Object.values(map.imports))) {
    if (target.startsWith(".")) await import(`../../lib/offline/${target}`);
  }
});

/** Runs flags.ts with a JSR that answers each request so. */
async function flags(
  answer: (
    path: string,
    ended: Promise<Response>,
  ) => Response | Promise<Response>,
  ...args: string[]
) {
  const ended = Promise.withResolvers<Response>();
  const cache = tempDir();
  const asked = new Set<string>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { pathname } = new URL(request.url);
      asked.add(pathname.split("/").slice(1, 3).join("/"));
      return answer(pathname, ended.promise);
    },
  );
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "lib/offline/flags.ts", ...args],
    cwd: new URL("../..", import.meta.url),
    env: {
      DENO_DIR: cache,
      JSR_URL: `http://127.0.0.1:${server.addr.port}/`,
    },
  }).output();
  ended.resolve(new Response());
  await server.shutdown();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  const output = { code, stdout: text(stdout), stderr: text(stderr) };
  return { output, asked: [...asked].sort() };
}

const found = { code: 0, stdout: "", stderr: "" };

const standIns = {
  code: 0,
  stdout: `--import-map=${
    import.meta.resolve("../../lib/offline/import_map.json")
  }`,
  stderr:
    "JSR can't be reached: using the stand-ins in lib/offline for @std packages",
};

const packages = Object.entries(specifiers)
  .filter(([, specifier]) => specifier.startsWith("jsr:"))
  .map(([name]) => name).sort();

/** A JSR in which every package is there, in every version, and empty. */
function emptyPackages(path: string): Response {
  const versions = Object.values(specifiers)
    .filter((specifier) => specifier.startsWith("jsr:"))
    .map((specifier) => specifier.match(/@\^([^@]*)$/)![1]);
  if (path.endsWith("/meta.json")) {
    return Response.json({
      versions: Object.fromEntries(versions.map((each) => [each, {}])),
    });
  }
  if (path.endsWith("_meta.json")) {
    const hashOfNothing =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const name = path.split("/").slice(1, 3).join("/");
    return Response.json({
      manifest: {
        "/mod.ts": { size: 0, checksum: `sha256-${hashOfNothing}` },
      },
      exports: Object.fromEntries(
        Object.keys(map.imports).filter((each) => packageOf(each) === name)
          .map((each) => [each.replace(name, "."), "./mod.ts"]),
      ),
    });
  }
  return new Response("", {
    headers: { "content-type": "application/typescript" },
  });
}

/** So long that only a JSR that never answers takes it. */
const patient = "600000";

Deno.test("flags.ts prints nothing if JSR has what the program imports", async () => {
  const { output, asked } = await flags(emptyPackages, patient);
  assertEquals(output, found);
  assertEquals(asked, packages.filter((name) => name !== "@std/assert"));
});

Deno.test("flags.ts tries what the tests import as well if it's told", async () => {
  const { output, asked } = await flags(emptyPackages, patient, "--tests");
  assertEquals(output, found);
  assertEquals(asked, packages);
});

for (const name of packages) {
  Deno.test(`flags.ts prints the flag if JSR lacks ${name}`, async () => {
    const { output } = await flags(
      (path) =>
        path.startsWith(`/${name}/`)
          ? new Response("", { status: 404 })
          : emptyPackages(path),
      patient,
      "--tests",
    );
    assertEquals(output, standIns);
  });
}

Deno.test("flags.ts gives up on a JSR that never answers", async () => {
  const { output } = await flags((_, ended) => ended, "200");
  assertEquals(output, standIns);
});
