/**
 * Makes the book: the README as a static site, whose figures are live.
 *
 * @module
 */
import { contentType } from "./book/types.ts";
import { namesOf } from "./book/names.ts";
import { serviceWorkerOf, siteOf } from "./book/site.ts";
import { filesIn, settings } from "../report/digest.ts";
import { BadOption } from "../workbench/mod.ts";
import { untilEnded } from "./ending.ts";
import { FileChanges } from "./file_changes.ts";
import { complain, print } from "./output.ts";
import { bundleEntry, flagsWith } from "./project.ts";
import { listen } from "./serve.ts";
import { withTempDir } from "./temp_dir.ts";

const here = import.meta.dirname!;
const root = `${here}/../..`;

/** The folder of the book. */
const bookFolder = "book";

/** The modules of Node's that the workbench uses, and that a browser hasn't. */
const nodeModules = ["timers", "util", "worker_threads"];

/**
 * Writes the book; or serves it, and writes it anew whenever what it's made of
 * changes.
 *
 * @returns an exit code.
 */
export async function book(
  { serve, host, port, folder = bookFolder, say = print }: {
    serve: boolean;
    host: string;
    port: number;
    folder?: string;
    /** Tells what is written. */
    say?: (text: string) => void;
  },
): Promise<number> {
  const tellWritten = async () => say(await write(folder));
  const changes = new FileChanges(await sources());
  await tellWritten();
  if (!serve) return 0;
  await untilEnded(async (signal) => {
    const server = listen(handlerOf(folder), {
      what: "the book",
      host,
      port,
      signal,
    });
    await Promise.all([
      server.finished,
      keepWriting(tellWritten, changes, signal),
    ]);
  });
  return 0;
}

/** Writes the book anew whenever what it's made of changes. */
async function keepWriting(
  write: () => Promise<void>,
  changes: FileChanges,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await changes.next(signal);
    // What changes while it's written is for the next time.
    changes = new FileChanges(await sources());
    // What doesn't compile now may do so after the next change.
    await write().catch((error) => complain((error as Error).message));
  }
}

/** The files that the book is made of. */
async function sources(): Promise<string[]> {
  return [
    `${root}/README.md`,
    ...await filesIn(`${root}/challenges`),
    ...await filesIn(`${here}/book/web`),
    ...await filesIn(`${here}/book/exercises`),
  ];
}

/** The paths of all files in a folder, from there. */
async function pathsIn(folder: string): Promise<string[]> {
  return (await filesIn(folder)).map((path) => path.slice(folder.length + 1));
}

/**
 * Writes all files, and removes those of an earlier book.
 *
 * @returns words.
 * @throws {BadOption} if the folder holds something else.
 */
async function write(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const before = await pathsIn(folder);
  if (before.length > 0 && !before.includes("sw.js")) {
    throw new BadOption(
      `${folder}/ holds something else than the book: remove it, or move it away.`,
    );
  }
  const site = new Map([...await siteOf(), ...await bundle(folder)]);
  const paths = [...site.keys()].sort();
  site.set("sw.js", await serviceWorkerOf(paths, site));
  for (const path of before) {
    if (!site.has(path)) await Deno.remove(`${folder}/${path}`);
  }
  for (const [path, text] of site) {
    const file = `${folder}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
  return `${folder}/index.html is written, with ${paths.length} other files.`;
}

/** Hands out the files of a folder, by their paths, and nothing else. */
export function handlerOf(folder: string): Deno.ServeHandler {
  return async (request) => {
    const { pathname } = new URL(request.url);
    const path = pathname === "/" ? "index.html" : pathname.slice(1);
    if (!(await pathsIn(folder)).includes(path)) {
      return new Response("There is no such page.", { status: 404 });
    }
    return new Response(await Deno.readFile(`${folder}/${path}`), {
      headers: { "content-type": contentType(path) },
    });
  };
}

/** The scripts that pages begin with, and those of threads. */
const scripts = ["book", "judge", "judge_program"];

/**
 * Bundles what runs in the browser.
 *
 * @param place a folder that may hold it for a while.
 * @returns texts, by their paths.
 */
async function bundle(place: string): Promise<Map<string, string>> {
  const shims = Object.fromEntries(
    nodeModules.map((name) => [
      `node:${name}`,
      new URL(`./book/web/node/${name}.ts`, import.meta.url).href,
    ]),
  );
  const flags = [
    ...["--quiet", "--platform", "browser", "--minify"],
    ...["--config", settings, ...flagsWith(shims)],
  ];
  const files = new Map<string, string>();
  await withTempDir(async (folder) => {
    await deno([
      ...["bundle", ...flags, "--code-splitting", "--outdir", folder],
      ...scripts.map((name) => bundleEntry(`${here}/book/web/${name}.ts`)),
    ]);
    for (const path of await pathsIn(folder)) {
      files.set(path, await Deno.readTextFile(`${folder}/${path}`));
    }
  }, place);
  // Text, which programs are given: no page loads it as a script.
  files.set(
    "library.js.txt",
    await deno([
      "bundle",
      ...flags,
      bundleEntry(`${here}/book/web/library.ts`),
    ]),
  );
  const names = namesOf(
    await deno(["doc", "--json", ...flagsWith({}), `${root}/lib/mod.ts`]),
  );
  return files.set("names.json", JSON.stringify(names));
}

/** Runs Deno; returns what it prints. */
async function deno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(
    `The book's scripts can't be made: ${decoder.decode(stderr)}`,
  );
}
