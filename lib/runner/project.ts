/**
 * The project that a source belongs to, and the flags that make Deno find the
 * packages that it imports, and those that the library does.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { settings } from "../report/digest.ts";
import { BadOption } from "../workbench/mod.ts";

/** The stand-ins for packages of JSR. */
const standIns = new URL("../offline/import_map.json", import.meta.url);

/**
 * The flags that make a program see the same `@std` packages as this one: the
 * stand-ins of `lib/offline/` if this one runs on them, otherwise none.
 */
export function importFlags(): string[] {
  return import.meta.resolve("@std/streams/text-line-stream").startsWith(
      "file:",
    )
    ? [`--import-map=${standIns.href}`]
    : [];
}

/** The file that describes the project of a source, if it has one. */
export function projectOf(path: string): string | undefined {
  const names = ["deno.json", "deno.jsonc", "package.json"];
  for (let folder = path; folder !== dirname(folder);) {
    folder = dirname(folder);
    const found = names.map((name) => join(folder, name)).find(isFile);
    if (found !== undefined) return found;
  }
}

/**
 * The flags that make a source, from wherever it is run, find what it imports:
 * also without an extension, as sources for Node.js do. The bundler finds that
 * anyway.
 *
 * @throws {BadOption} if its project can't be read.
 */
export function projectFlags(path: string): string[] {
  return ["--sloppy-imports", ...packageFlags(path)];
}

/**
 * The flags for the packages that a source imports. If it has no project, this
 * one is it: without, Deno wouldn't know those that the library imports.
 */
function packageFlags(path: string): string[] {
  const project = projectOf(path);
  if (project === undefined) return [...importFlags(), `--config=${settings}`];
  const isOfDeno = basename(project) !== "package.json";
  const isOurs = project === resolve(settings);
  if (importFlags().length === 0 || !isOfDeno || isOurs) return importFlags();
  return flagsWithStandIns(project);
}

/** An import map, and the other settings of a project that matter here. */
interface Settings {
  imports?: { [name: string]: string };
  scopes?: { [scope: string]: { [name: string]: string } };
  importMap?: string;
  links?: string[];
  workspace?: unknown;
}

/**
 * The flags that make Deno find what a project imports, and the stand-ins for
 * what comes from JSR.
 *
 * @param project its `deno.json`.
 * @throws {BadOption} if it can't be read.
 */
export function flagsWithStandIns(project: string): string[] {
  const workspace = workspaceOf(project);
  const shared = workspace && mapOf(workspace).imports;
  const { imports, scopes } = mapOf(project);
  const map = { imports: { ...shared, ...imports, ...standInMap() }, scopes };
  const { links, workspace: members } = read(project);
  // The packages of a folder that is linked would still come from JSR. And where it
  // reads the settings of a second project, Deno 2.9 panics at such a map.
  const isAlone = links === undefined && members === undefined &&
    workspace === undefined &&
    isWithin(project, [imports, ...Object.values(scopes)]);
  return [flagOf(map), ...(isAlone ? [] : ["--no-config"])];
}

/** The imports of a project, wherever they are seen from. */
function mapOf(project: string) {
  const { imports, scopes, importMap } = read(project);
  const file = importMap && resolve(dirname(project), importMap);
  return imports ?? scopes ?? file === undefined
    ? resolved({ imports: imports && withSubpaths(imports), scopes }, project)
    : resolved(read(file!), file!);
}

/** The settings of the workspace that a project is in: its imports go for all. */
function workspaceOf(project: string): string | undefined {
  for (
    let above = projectOf(dirname(project));
    above !== undefined;
    above = projectOf(dirname(above))
  ) {
    const isOfDeno = basename(above) !== "package.json";
    if (isOfDeno && read(above).workspace !== undefined) return above;
  }
}

/** Tells whether no file that a project imports is another project's. */
function isWithin(project: string, maps: Imports[]): boolean {
  return maps.flatMap((map) => Object.values(map))
    .filter((target) => target.startsWith("file:"))
    .map((target) => projectOf(fileURLToPath(new URL("x", target))))
    .every((other = project) =>
      other === project || basename(other) === "package.json"
    );
}

/** The stand-ins, wherever they are seen from. */
function standInMap(): Imports {
  const file = fileURLToPath(standIns);
  return resolved(read(file), file).imports;
}

/**
 * The flags that make Deno find what our own sources import, with others in the
 * place of some.
 */
export function flagsWith(others: Imports): string[] {
  const { imports = {}, scopes = {} } = read(settings);
  const own = [imports, ...Object.values(scopes)].map(withSubpaths);
  const ours = importFlags().length > 0 ? standInMap() : {};
  return [flagOf({ imports: Object.assign({}, ...own, ours, others) })];
}

/** Modules by the names that they are imported by. */
interface Imports {
  [name: string]: string;
}

function flagOf(map: unknown): string {
  return `--import-map=data:application/json,${
    encodeURIComponent(JSON.stringify(map))
  }`;
}

/** Reads JSON, in which there may be comments, and commas at ends. */
function read(path: string): Settings {
  const parts = /("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[^]*?\*\//g;
  const commas = /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g;
  try {
    return JSON.parse(
      Deno.readTextFileSync(path)
        .replaceAll(parts, (_, text) => text ?? "")
        .replaceAll(commas, (_, text) => text ?? ""),
    );
  } catch (error) {
    throw new BadOption(`${path} can't be read: ${(error as Error).message}`);
  }
}

/** Adds what Deno adds to the packages of its own settings. */
function withSubpaths(
  imports: { [name: string]: string },
): { [name: string]: string } {
  const subpaths = Object.entries(imports)
    .filter(([name, target]) => /^(npm|jsr):/.test(target) && !/\/$/.test(name))
    .map(([name, target]) => [
      `${name}/`,
      `${target.replace(/^(npm|jsr):\/?/, "$1:/")}/`,
    ]);
  return { ...Object.fromEntries(subpaths), ...imports };
}

/** The same import map, wherever it is. */
function resolved(
  { imports = {}, scopes = {} }: Settings,
  file: string,
): Required<Pick<Settings, "imports" | "scopes">> {
  const absolute = (target: string) =>
    /^\.{0,2}\//.test(target)
      ? new URL(target, pathToFileURL(file)).href
      : target;
  const each = (imports: { [name: string]: string }) =>
    Object.fromEntries(
      Object.entries(imports).map((pair) => pair.map(absolute)),
    );
  return {
    imports: each(imports),
    scopes: Object.fromEntries(
      Object.entries(scopes).map(([scope, imports]) => [
        absolute(scope),
        each(imports),
      ]),
    ),
  };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * The name of a source for `deno bundle`, which takes each `*` in a path for a
 * pattern.
 */
export function bundleEntry(path: string): string {
  return pathToFileURL(path).href.replaceAll("*", "%2A");
}
