/**
 * A JSR of our own, for tests: it has the stand-ins of `lib/offline/` under the
 * names of the `@std` packages, and whatever else a test publishes to it.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import map from "../lib/offline/import_map.json" with { type: "json" };
import { root } from "./cli.ts";
import { tempDir } from "./temp.ts";

/** A package in one version. */
export interface Package {
  version: string;
  /** By what is imported, such as `"./workbench"`, the path of a file. */
  exports: { [name: string]: string };
  /** The texts of its files by their paths, which begin with `./`. */
  files: { [path: string]: string };
}

/** Begins to serve packages, and gives what runs Deno with them. */
export async function serveJSR(packages: Map<string, Package>) {
  for (const [name, each] of await standIns()) packages.set(name, each);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => answer(packages, new URL(url).pathname),
  );
  // What comes from here must not be taken for what JSR itself has; the npm
  // packages may as well be those that are here already.
  const cache = tempDir();
  const { stdout } = await deno({}, "info", "--json");
  await Deno.symlink(JSON.parse(stdout).npmCache, `${cache}/npm`);
  return {
    deno: (cwd: string, ...args: string[]) =>
      deno({
        cwd,
        env: {
          DENO_DIR: cache,
          JSR_URL: `http://127.0.0.1:${server.addr.port}/`,
        },
      }, ...args),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
    },
  };
}

async function deno(
  { cwd = root, env = {} }: { cwd?: string; env?: { [name: string]: string } },
  ...args: string[]
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/**
 * Makes what `deno.json` imports from JSR, out of what the offline map maps to.
 */
async function standIns(): Promise<Map<string, Package>> {
  const packages = new Map<string, Package>();
  for (const [name, specifier] of Object.entries(config.imports)) {
    const version = /^jsr:.*@\^(.*)$/.exec(specifier)?.[1];
    if (version !== undefined) {
      packages.set(name, { version, exports: {}, files: {} });
    }
  }
  for (const [specifier, path] of Object.entries(map.imports)) {
    const [, name = "", subpath] = /^(@[^/]+\/[^/]+)(.*)$/.exec(specifier) ??
      [];
    const standIn = packages.get(name);
    if (standIn === undefined) continue;
    standIn.exports[`.${subpath}`] = path;
    standIn.files[path] = await Deno.readTextFile(`${root}lib/offline/${path}`);
  }
  return packages;
}

async function answer(
  packages: Map<string, Package>,
  path: string,
): Promise<Response> {
  const [, name = "", what = ""] = /^\/(@[^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
  const found = packages.get(name);
  if (found !== undefined) {
    const { version, exports, files } = found;
    if (what === "meta.json") {
      return Response.json({ versions: { [version]: {} } });
    }
    if (what === `${version}_meta.json`) {
      return Response.json({ exports, manifest: await manifestOf(files) });
    }
    const text = files[what.replace(version, ".")];
    if (text !== undefined) {
      return new Response(text, {
        headers: { "content-type": "application/typescript" },
      });
    }
  }
  return new Response("", { status: 404 });
}

async function manifestOf(files: Package["files"]) {
  const entries = Object.entries(files).map(async ([path, text]) => {
    const bytes = new TextEncoder().encode(text);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    const checksum = `sha256-${new Uint8Array(hash).toHex()}`;
    return [path.slice(1), { size: bytes.length, checksum }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
