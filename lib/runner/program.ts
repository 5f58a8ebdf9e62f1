/**
 * Makes one script of a node's source and all that it imports, for the workbench
 * to run it under virtual time.
 *
 * @module
 */
import { decode } from "@jridgewell/sourcemap-codec";
import { parse, type Token } from "acorn";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BadOption } from "../workbench/mod.ts";
import { lastBefore, type Places } from "../workbench/hosts/places.ts";
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

/** Finds the places in files that the places in a body were made of. */
function placesOf(
  { code, moved }: Body,
  module: string,
  { sources, sourcesContent, mappings }: SourceMap,
): Places {
  const lineIn = sources.map((source, i) =>
    linesFrom(source, sourcesContent?.[i])
  );
  const starts = startsOf(module);
  const marks = marksIn(mappings);
  const places = moved(
    marks.map(({ at: [line, column] }) => starts[line]! + column),
  );
  return {
    files: sources,
    starts: Uint32Array.from(startsOf(code)),
    marks: Uint32Array.from(
      marks.flatMap(({ file, from }, i) => [
        ...[places[i]!, file ?? sources.length],
        file === undefined ? 0 : lineIn[file]!(from),
      ]),
    ),
  };
}

/** The places at which the lines of a text begin. */
function startsOf(text: string): number[] {
  return [0, ...text.matchAll(/\n/g).map(({ index }) => index + 1)];
}

/**
 * Finds the lines of a file that places in its text were made of, from 1 on; 0:
 * it can't be told. Deno prints what isn't the first file and is JavaScript anew,
 * with the same words in other lines.
 */
function linesFrom(
  source: string,
  text: string | null | undefined,
): (place: Place) => number {
  const file = isOwn(source) ? readOrNothing(source) : undefined;
  if (file === undefined || typeof text !== "string") return () => 0;
  if (file === text) return ([line]) => line + 1;
  // Deno knows that it isn't the main module.
  const known = file.replaceAll("import.meta.main", "false".padEnd(16));
  const [words, printed] = [wordsOf(known), wordsOf(text)];
  if (words.length !== printed.length) return () => 0;
  const starts = startsOf(text);
  return ([line, column]) => {
    const place = starts[line]! + column;
    const word = lastBefore(printed.length, (i) => printed[i]!.start > place);
    return words[Math.max(0, word)]?.line ?? 0;
  };
}

/** Tells whether a file may be the author's, and not of a package. */
function isOwn(source: string): boolean {
  return source.startsWith("file:") &&
    !/\/node_modules\/|\/npm\/registry\./.test(source);
}

function readOrNothing(source: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(source)).replace(/^\ufeff/, "");
  } catch {
    return undefined; // it has just been removed, say
  }
}

/** A part of a module that is the same however it's printed. */
interface Word {
  /** Its place. */
  start: number;
  /** Its line, from 1 on. */
  line: number;
}

/** Lists the words of a module; none if it's more than JavaScript, such as JSX. */
function wordsOf(module: string): Word[] {
  const tokens: (Token & { value?: unknown })[] = [];
  try {
    parse(module, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowHashBang: true,
      locations: true,
      onToken: tokens,
    });
  } catch {
    return [];
  }
  // Brackets, commas and semicolons have no value, and come and go.
  return tokens.filter(({ value }) => value !== undefined)
    .map(({ start, loc }) => ({ start, line: loc!.start.line }));
}

/** A place in a text: line and column, both from 0 on. */
type Place = readonly [line: number, column: number];

/** A place of a module, and what it was made of, if it's from a file. */
interface Mark {
  at: Place;
  file?: number;
  from: Place;
}

/** Reads the mappings of a source map. */
function marksIn(mappings: string): Mark[] {
  return decode(mappings).flatMap((segments, line) =>
    segments.map((segment: readonly number[]) => {
      const [column = 0, file, fromLine = 0, fromColumn = 0] = segment;
      return {
        at: [line, column] as const,
        ...file !== undefined && { file },
        from: [fromLine, fromColumn] as const,
      };
    })
  );
}

/** The files that a module was made of, and which part of it each place was. */
interface SourceMap {
  sources: string[];
  /** Their texts, as the bundler saw them. */
  sourcesContent?: (string | null)[];
  mappings: string;
}

/** A module, and the files that it was made of. */
interface Bundle {
  module: string;
  map: SourceMap;
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
  const map: SourceMap = JSON.parse(
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
    args: [
      ...["info", "--json", "--quiet", ...flags],
      // Of an absolute path it takes `#`, `?` and `%` for parts of a URL.
      pathToFileURL(path).href,
    ],
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
