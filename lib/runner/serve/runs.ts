/**
 * The runs of a store as rows of a table.
 *
 * The store is written by other processes while this reads it, and may hold
 * anything: a half-written or broken file only makes its run's row say so.
 *
 * @module
 */
import { pooledMap } from "@std/async/pool";
import { systemReason } from "../../workbench/hosts/system_error.ts";
import { optionSpecs } from "../../workbench/options.ts";
import { verdictOf } from "../../report/terminal.ts";
import { ordered, type Row } from "./client/row.ts";

/** A run without a verdict that wrote nothing for so long has ended. */
const quietMs = 15_000;

/** The number of runs that are read at once. */
const maxReads = 32;

/** The folder of a run is named after the time at which it began. */
const folderName =
  /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z(?:-\d{1,6})?$/;

/** Reads all runs of a store, newest first. */
export type ReadRuns = () => Promise<Row[]>;

/**
 * Makes a reader of a store. It remembers runs that have ended, and reads them
 * again only when their folder has changed.
 */
export function runsOf(store: string): ReadRuns {
  let known = new Map<string, Remembered>();
  let reading: Promise<Row[]> | undefined;
  const read = async () => {
    const now = new Map<string, Remembered>();
    const folders = await Array.fromAsync(runFolders(store));
    const rows = pooledMap(maxReads, folders, async (path) => {
      const changedMs = await changedAtMs(`${store}/${path}`);
      const before = known.get(path);
      const row = before?.changedMs === changedMs
        ? before.row
        : await readRow(store, path);
      const isSettled = row.verdict !== "in progress" &&
        Date.now() - changedMs > quietMs;
      if (isSettled) now.set(path, { changedMs, row });
      return row;
    });
    const all = await Array.fromAsync(rows);
    known = now;
    return ordered(all, { key: "when", descending: true });
  };
  // A request while it's being read gets the same outcome.
  return () => reading ??= read().finally(() => reading = undefined);
}

interface Remembered {
  /** The time at which the folder was changed. */
  changedMs: number;
  row: Row;
}

/** The paths of all runs, from the store: `3c/20261123T092403.847Z`. */
async function* runFolders(store: string): AsyncGenerator<string> {
  // Links, such as latest, name what is there anyway.
  for await (const run of foldersIn(store)) {
    for (
      const time of await Array.fromAsync(foldersIn(`${store}/${run}`)).catch(
        none,
      )
    ) {
      if (folderName.test(time)) yield `${run}/${time}`;
    }
  }
}

/** Of a folder that can't be read, nothing is known. */
const none = () => [] as string[];

async function* foldersIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) yield name;
    }
  } catch (error) {
    // There may be no store yet, and runs may be removed at any time.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Returns the time at which a file or a folder was changed; long ago if it
 * isn't there.
 */
async function changedAtMs(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}

/** Reads a run. */
async function readRow(store: string, path: string): Promise<Row> {
  const [run = "", time = ""] = path.split("/");
  const [, year, month, day, hour, minute, second] = folderName.exec(time)!;
  const start: Row = {
    path,
    run,
    verdict: "unreadable",
    when: `${year}-${month}-${day}T${hour}:${minute}:${second}Z`,
    hasPage: false,
  };
  const folder = `${store}/${path}`;
  try {
    const [about, results, record] = await Promise.all(
      ["run", "results", "record"].map((name) => readJson(folder, name)),
    );
    if (!about && !record && await changedAtMs(`${folder}/test.jepsen`) > 0) {
      return { ...start, reason: "a folder of Maelstrom's own" };
    }
    const known = { ...start, ...ofRun(record ?? about) };
    return results === undefined
      ? { ...known, ...await ofRunWithoutVerdict(folder, known) }
      : {
        ...known,
        ...ofResults(record, results),
        hasPage: await changedAtMs(`${folder}/index.html`) > 0,
      };
  } catch (error) {
    return { ...start, reason: systemReason(error) };
  }
}

type Fields = { [name: string]: unknown };

/**
 * Reads a JSON object; `undefined` if there is no such file.
 *
 * @throws if it's anything else.
 */
async function readJson(
  folder: string,
  name: string,
): Promise<Fields | undefined> {
  const path = `${folder}/${name}.json`;
  let text: string;
  try {
    // A link could lead out of the store, and a pipe has no end.
    if (!(await Deno.lstat(path)).isFile) {
      throw new Error(`${name}.json isn't a file.`);
    }
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${name}.json isn't JSON.`);
  }
  if (isFields(value)) return value;
  throw new Error(`${name}.json isn't a JSON object.`);
}

/**
 * Reads the part that is known from a run's start on, from `record.json` or
 * `run.json`.
 */
function ofRun(about: Fields = {}): Partial<Row> {
  const options = isFields(about.options) ? about.options : {};
  return {
    workload: string(about.workload ?? options.workload),
    engine: string(about.engine),
    seed: number(about.seed ?? options.seed),
    node: nodeOf(about),
    options: optionsOf(options),
    durationMs: number(about["wall-ms"]),
  };
}

/** The program and its arguments. */
function nodeOf({ bin, args }: Fields): string | undefined {
  const words = [bin, ...Array.isArray(args) ? args : []]
    .filter((word) => typeof word === "string");
  return words.length > 0 ? words.join(" ") : undefined;
}

/** The options that stand elsewhere in a row. */
const ownColumns = new Set(["workload", "seed"]);

const defaults = new Map<string, unknown>(
  optionSpecs.map((spec) => [spec.name, spec.default]),
);

/** The options that aren't the defaults, as the command line has them. */
function optionsOf(options: Fields): string | undefined {
  const words = Object.entries(options)
    .filter(([name, value]) =>
      (typeof value === "string" || typeof value === "number") &&
      !ownColumns.has(name) && value !== defaults.get(name)
    )
    .map(([name, value]) => `--${name} ${value}`);
  return words.length > 0 ? words.join(" ") : undefined;
}

/**
 * Reads the outcome of a run. Older ones have no record, and thus no limits.
 */
function ofResults(record: Fields | undefined, results: Fields): Partial<Row> {
  const limits = Array.isArray(record?.limits)
    ? record.limits.filter(isFields)
    : [];
  const [, verdict] = verdictOf({
    pass: record === undefined
      ? results["valid?"] === true
      : record.pass === true,
    crashed: record?.crashed === true,
    results,
    limits,
  });
  const at = (...path: string[]) =>
    number(path.reduce<unknown>(
      (value, name) => isFields(value) ? value[name] : undefined,
      results,
    ));
  return {
    verdict,
    reason: string(record?.reason),
    ops: at("stats", "count"),
    msgsPerOp: at("net", "servers", "msgs-per-op"),
    medianMs: at("workload", "stable-latencies", "0.5"),
    maxMs: at("workload", "stable-latencies", "1"),
    over: limits.filter(({ within }) => within === false)
      .map(({ label }) => String(label)),
  };
}

/** Tells how far a run is, or that it ended before its end. */
async function ofRunWithoutVerdict(
  folder: string,
  { when }: Row,
): Promise<Partial<Row>> {
  const files = [folder, `${folder}/run.json`, `${folder}/progress.json`];
  const touchedMs = Math.max(...await Promise.all(files.map(changedAtMs)));
  if (Date.now() - touchedMs > quietMs) {
    return {
      verdict: "interrupted",
      reason: "it ended without a verdict",
      durationMs: undefined,
    };
  }
  // Rewritten all the time, so it may be half written now.
  const progress = await readJson(folder, "progress").catch(() => undefined);
  const phase = string(progress?.phase);
  const seconds = number(progress?.seconds);
  return {
    verdict: "in progress",
    reason: [phase, seconds === undefined ? "" : `${seconds.toFixed(1)} s`]
      .filter(Boolean).join(", ") || undefined,
    ops: number(progress?.ops),
    durationMs: Math.max(0, Date.now() - Date.parse(when)),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return Number.isFinite(value) ? value as number : undefined;
}
