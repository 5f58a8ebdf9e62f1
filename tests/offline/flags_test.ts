/**
 * When the stand-ins are used, and that they can be wherever the real packages
 * are.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import map from "../../lib/offline/import_map.json" with { type: "json" };
import {
  assertEquals,
  assertLess,
  assertMatch,
} from "../../lib/offline/assert.ts";

/** The package of a bare module name: `@std/async` of `@std/async/delay`. */
const packageOf = (name: string) => name.match(/^(@[^/]+\/)?[^/]+/)![0];

Deno.test("the import map has the packages of deno.json, and no others", () => {
  assertEquals(
    new Set(Object.keys(map.imports).map(packageOf)),
    new Set(Object.keys(config.imports).map(packageOf)),
  );
});

Deno.test("the import map replaces the packages from JSR, and no others", () => {
  const mapped: Record<string, string> = map.imports;
  for (const [name, specifier] of Object.entries(config.imports)) {
    if (specifier.startsWith("jsr:")) assertMatch(mapped[name], /^\.\//);
    else assertEquals(mapped[name], specifier);
  }
});

Deno.test("what the import map maps to exists", async () => {
  for (const target of new Set(Object.values(map.imports))) {
    if (target.startsWith("./")) await import(`../../lib/offline/${target}`);
  }
});

/** Runs flags.ts with a JSR that answers each request so. */
async function flags(
  answer: (
    path: string,
    ended: Promise<Response>,
  ) => Response | Promise<Response>,
) {
  const ended = Promise.withResolvers<Response>();
  const cache = await Deno.makeTempDir();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answer(new URL(request.url).pathname, ended.promise),
  );
  const begin = performance.now();
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-config", "lib/offline/flags.ts"],
    cwd: new URL("../..", import.meta.url),
    env: {
      DENO_DIR: cache,
      JSR_URL: `http://127.0.0.1:${server.addr.port}/`,
    },
  }).output();
  const seconds = (performance.now() - begin) / 1000;
  ended.resolve(new Response());
  await server.shutdown();
  await Deno.remove(cache, { recursive: true });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, seconds, stdout: text(stdout), stderr: text(stderr) };
}

const standIns = {
  code: 0,
  stdout: `--import-map=${
    import.meta.resolve("../../lib/offline/import_map.json")
  }`,
  stderr:
    "JSR can't be reached: using the stand-ins in lib/offline for @std packages",
};

/** A JSR in which every package is there, in every version, and empty. */
function emptyPackages(path: string): Response {
  const versions = Object.values(config.imports)
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
    return Response.json({
      manifest: {
        "/mod.ts": { size: 0, checksum: `sha256-${hashOfNothing}` },
      },
      exports: { ".": "./mod.ts" },
    });
  }
  return new Response("", {
    headers: { "content-type": "application/typescript" },
  });
}

Deno.test("flags.ts prints nothing if JSR has the packages", async () => {
  const { seconds: _, ...output } = await flags(emptyPackages);
  assertEquals(output, { code: 0, stdout: "", stderr: "" });
});

Deno.test("flags.ts prints the flag if JSR has one package less", async () => {
  const { seconds: _, ...output } = await flags((path) =>
    path.startsWith("/@std/text/")
      ? new Response("", { status: 404 })
      : emptyPackages(path)
  );
  assertEquals(output, standIns);
});

Deno.test("flags.ts gives up on a JSR that never answers", async () => {
  const { seconds, ...output } = await flags((_, ended) => ended);
  assertEquals(output, standIns);
  assertLess(seconds, 11);
});
