/**
 * Makes one script of a node's source and all that it imports, for the workbench
 * to run it under virtual time.
 *
 * @module
 */
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BadOption } from "../workbench/mod.ts";
import type { Places } from "../workbench/hosts/places.ts";
import { NotSimulated, type Program } from "../workbench/hosts/program.ts";
import { asFunction, type Body } from "./as_function.ts";
import { bundleEntry, projectFlags, projectOf } from "./project.ts";

/**
 * Makes a program of a source.
 *
 * @throws {BadOption} if it can't be bundled, because of a syntax error, say.
 * @throws {NotSimulated} if it uses something that isn't simulated.
 */
export async function programFrom(
  path: string,
  args: readonly string[],
): Promise<Program> {
  if (path.endsWith(".cjs")) throw new NotSimulated("is CommonJS");
  const file = Deno.realPathSync(path);
  const { module, map } = await bundle(file, path);
  const body = asFunction(module);
  const { code, imports } = body;
  const places = placesOf(body, module, map);
  return { code, imports, url: pathToFileURL(file).href, args, places };
}

/** Finds the files' lines that the lines of a body were made of. */
function placesOf(
  { code, originOf }: Body,
  module: string,
  map: SourceMapPayload,
): Places {
  const sourceMap = new SourceMap(map);
  const files: string[] = [];
  const starts = startsOf(module);
  const lines = startsOf(code).flatMap((start) => {
    const origin = originOf(start + indentation(code, start));
    const line = starts.findLastIndex((each) => each <= origin);
    const found = sourceMap.findEntry(line, origin - starts[line]!);
    if (!("originalSource" in found)) return [0, 0];
    const { originalSource: file, originalLine } = found;
    if (!files.includes(file)) files.push(file);
    return [files.indexOf(file), originalLine + 1];
  });
  return { files, lines: Uint32Array.from(lines) };
}

/** The places at which the lines of a text begin. */
function startsOf(text: string): number[] {
  return [0, ...text.matchAll(/\n/g).map(({ index }) => index + 1)];
}

function indentation(text: string, start: number): number {
  const indented = /[ \t]*/y;
  indented.lastIndex = start;
  return indented.exec(text)![0].length;
}

/** A module, and the files that it was made of. */
interface Bundle {
  module: string;
  map: SourceMapPayload;
}

/**
 * Makes one module of a source and all that it imports.
 *
 * @param name for the words.
 */
async function bundle(path: string, name: string): Promise<Bundle> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--format", "esm", "--sourcemap=inline"],
      ...projectFlags(path),
      bundleEntry(path),
    ],
    // Deno looks for the source's project from here.
    cwd: dirname(path),
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (success) return withMap(decoder.decode(stdout), dirname(path));
  const [problem = ""] = decoder.decode(stderr).split(
    /^error: bundling failed/m,
  );
  throw new BadOption(
    `${name} can't be bundled: ${problem.replace(/^error: /, "").trim()}`,
  );
}

/** Takes the map at the end of a module off it; in it, paths are from a folder. */
function withMap(text: string, folder: string): Bundle {
  const at = text.lastIndexOf("\n//# sourceMappingURL=");
  const map: SourceMapPayload = JSON.parse(
    new TextDecoder().decode(
      Uint8Array.fromBase64(text.slice(text.indexOf(",", at) + 1).trim()),
    ),
  );
  const base = pathToFileURL(`${folder}/`);
  const sources = map.sources.map((source) => new URL(source, base).href);
  return { module: text.slice(0, at + 1), map: { ...map, sources } };
}

/** The files of a program. */
export interface ProgramFiles {
  files: string[];
  /** False if there may be more: one of them is absent, or can't be parsed. */
  isWhole: boolean;
}

/**
 * Finds the files that a source is made of: itself, what it imports, and what
 * describes its project.
 */
export async function filesOfSource(path: string): Promise<ProgramFiles> {
  const modules = await modulesOf(path);
  const imported = modules.map(({ specifier }) => specifier)
    .filter((url) => url.startsWith("file:") && !url.includes("/node_modules/"))
    .map((url) => fileURLToPath(url));
  return {
    files: [...new Set([path, ...imported, projectOf(path) ?? path])],
    isWhole: modules.length > 0 && !modules.some(({ error }) => error),
  };
}

/** Lists the modules of a source; none if not even its project can be read. */
async function modulesOf(
  path: string,
): Promise<{ specifier: string; error?: string }[]> {
  let flags: string[];
  try {
    flags = projectFlags(path);
  } catch (error) {
    if (error instanceof BadOption) return [];
    throw error;
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--quiet", ...flags, path],
    cwd: dirname(path),
    stderr: "null",
  }).output();
  const { modules } = JSON.parse(
    new TextDecoder().decode(stdout) || '{"modules":[]}',
  );
  return modules;
}

/** Says why a program can't be simulated. */
export function notSimulated(path: string, { message }: NotSimulated): string {
  return `${path} ${message}, and that isn't simulated`;
}

/** Says why a program is judged over pipes. */
export function judgedOverPipes(why: string): string {
  return `${why}: judged over pipes, in real time.`;
}
