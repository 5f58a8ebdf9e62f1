/**
 * Recorded runs: reads a folder that holds `run.json` (workload and options)
 * and `history.jsonl` or `history.jsonl.gz`, as `report/store.ts` writes it,
 * and judges the history again. What a history doesn't show is in two more files,
 * if they are there: `record.json` tells how late the workbench was, what it
 * found, and which limits the run is over, `results.json` what nodes did wrong.
 *
 * The folder may be anybody's: whatever it holds, memory is bounded, and
 * unreadable input is an error that names the file.
 *
 * @module
 */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import {
  isObject,
  maxNesting,
  nestsTooDeep,
  parseExact,
} from "../workbench/sim/exact_json.ts";
import { entryProblem, excerpt, type Op } from "../workbench/load/history.ts";
import { nearest } from "../nearest.ts";
import {
  BadOption,
  type Options,
  optionSpecs,
  type Test,
} from "../workbench/options.ts";
import { fillIn } from "../workbench/test.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import type { Measured } from "./record.ts";
import { blame, type MaxLateness } from "../workbench/sim/lateness.ts";
import { mergeValid, type Validity } from "../workbench/checkers/validity.ts";
import {
  checkHistory,
  type HistoryFindings,
  silenceHint,
} from "../workbench/verdict.ts";

/** The findings about a recorded run. */
export interface RecordedFindings extends HistoryFindings {
  folder: string;
  /** The mistakes of nodes, by the record; absent if there are none. */
  nodes?: { "valid?": Validity; errors: unknown[] };
  /** The limits that the run is over, by the record; absent if there are none. */
  limits?: Pick<Measured, "label" | "within">[];
}

const million = 1_000_000;

/** The most characters of a file, unpacked, and of a line of it. */
const maxRunChars = million;
const maxResultsChars = 64 * million;
const maxHistoryChars = 512 * million;
const maxLineChars = 64 * million;

/** The most lines of a history. */
const maxLines = 5 * million;

/**
 * Judges a recorded run.
 *
 * @throws {BadOption} if the folder doesn't hold one.
 */
export async function checkRecorded(folder: string): Promise<RecordedFindings> {
  if (folder === "") throw new BadOption("An empty name is no folder.");
  const path = folder.replace(/(?<=.)\/+$/, "");
  if (!await exists(`${path}/run.json`)) throw await noRun(path);
  const test = await readTest(`${path}/run.json`);
  const history = await readHistory(path);
  const record = await readRecord(`${path}/record.json`);
  const nodes = await readNodes(`${path}/results.json`);
  const lateness = latenessIn(record);
  const limits = limitsIn(record);
  const found = checkHistory(history, test, undefined, lateness);
  if (nodes) {
    const text = (nodes.errors[0] as { text?: unknown } | undefined)?.text;
    return {
      folder,
      ...found,
      "valid?": mergeValid([found["valid?"], nodes["valid?"]]),
      nodes,
      reason: String(record.reason ?? text ?? found.reason),
    };
  }
  const { spoiled } = found;
  const reason = hinted(
    found["valid?"] === true && limits.length > 0
      ? String(record.reason ?? "its record says that it's over a limit")
      : found.reason,
    record.reason,
  );
  return {
    folder,
    ...found,
    ...limits.length > 0 && { limits },
    ...(reason !== undefined && {
      reason: spoiled && lateness ? blame(lateness, reason) : reason,
    }),
  };
}

/** The most folders around a path, and in it, that may be meant. */
const maxLevels = 3;

/** The error about a path that is no recorded run, with the one that is meant. */
async function noRun(path: string): Promise<BadOption> {
  const isRun = (folder: string) => exists(`${folder}/run.json`);
  const parts = path.split("/");
  for (let up = 1; up <= Math.min(maxLevels, parts.length); up++) {
    const around = parts.slice(0, -up).join("/") ||
      (path[0] === "/" ? "/" : ".");
    if (!await isRun(around)) continue;
    return new BadOption(
      `${path} is a part of a recorded run, which is judged as a whole: check ${around}.`,
    );
  }
  if (await exists(`${path}/test.jepsen`)) {
    return new BadOption(
      `${path} is a folder of Maelstrom's own, without run.json and history.jsonl. A run by deno task maelstrom leaves a folder that can be checked.`,
    );
  }
  const newest = `${path}/latest`;
  const hint = await isRun(newest) ? ` The newest there is ${newest}.` : "";
  return await isFile(path)
    ? new BadOption(`${path} is a file: ${whatARunIs}.`)
    : new BadOption(`${path}/run.json doesn't exist: ${whatARunIs}.${hint}`);
}

const whatARunIs = "a recorded run is a folder with run.json and history.jsonl";

/** Reads a file of JSON; what nests too deep is nothing. */
async function readJson(
  path: string,
  maxChars = maxRunChars,
): Promise<unknown> {
  const text = (await Array.fromAsync(linesOf(path, maxChars)))
    .flat().join("\n");
  try {
    return nestsTooDeep(text) ? undefined : JSON.parse(text);
  } catch {
    throw new BadOption(`${path} isn't JSON.`);
  }
}

async function readRecord(path: string): Promise<{ [key: string]: unknown }> {
  const record = await exists(path) ? await readJson(path) : undefined;
  return isObject(record) ? record : {};
}

function latenessIn(record: { lateness?: unknown }): MaxLateness | undefined {
  if (!isObject(record.lateness)) return undefined;
  const maxMessageMs = record.lateness["max-message-ms"];
  const maxTimerMs = record.lateness["max-timer-ms"];
  return typeof maxMessageMs === "number" && typeof maxTimerMs === "number"
    ? { maxMessageMs, maxTimerMs }
    : undefined;
}

/** Reads which limits it's over: some are about messages, which no history shows. */
function limitsIn(
  { limits }: { limits?: unknown },
): NonNullable<RecordedFindings["limits"]> {
  return (Array.isArray(limits) ? limits : []).filter(isObject)
    .flatMap(({ label, within }) =>
      within === false || within === "unknown"
        ? [{ label: String(label), within }]
        : []
    );
}

/** Reads what nodes did wrong: an exit, say, which no history shows. */
async function readNodes(path: string): Promise<RecordedFindings["nodes"]> {
  const results = await exists(path)
    ? await readJson(path, maxResultsChars)
    : undefined;
  if (!isObject(results) || !isObject(results.nodes)) return undefined;
  const { "valid?": valid, errors } = results.nodes;
  return (valid === false || valid === "unknown") && Array.isArray(errors)
    ? { "valid?": valid, errors }
    : undefined;
}

/** A reason with the hint of the record, which knew more of a silent node. */
function hinted(
  reason: string | undefined,
  recorded: unknown,
): string | undefined {
  const [before, hint] = reason?.split(silenceHint) ?? [];
  return hint !== undefined && typeof recorded === "string" &&
      recorded.startsWith(before!)
    ? recorded
    : reason;
}

async function readTest(path: string): Promise<Test> {
  const run = await readJson(path);
  if (!isObject(run) || typeof run.workload !== "string") {
    throw new BadOption(`${path} names no workload.`);
  }
  const { workload, options = {} } = run;
  if (!isObject(options)) {
    throw new BadOption(`${path} has options that aren't an object.`);
  }
  const known = optionSpecs.map(({ name }): string => name);
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      throw new BadOption(
        `${path}: There is no option "${name}"${nearest(name, known)}.`,
      );
    }
    if (typeof value === "object") {
      throw new BadOption(
        `${path}: The option "${name}" can't be ${excerpt(value)}.`,
      );
    }
  }
  try {
    return fillIn({ ...options, workload } as Options);
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    throw new BadOption(`${path}: ${error.message}`);
  }
}

async function readHistory(folder: string): Promise<Op[]> {
  const plain = `${folder}/history.jsonl`;
  const packed = await exists(`${plain}.gz`) && !await exists(plain);
  const path = packed ? `${plain}.gz` : plain;
  const history: Op[] = [];
  let count = 0;
  for await (const lines of linesOf(path, maxHistoryChars)) {
    for (const line of lines) {
      if (++count > maxLines) {
        throw new BadOption(
          `${path} has more than ${
            maxLines / million
          } million lines, which is more than can be judged.`,
        );
      }
      if (line.trim() === "") continue;
      const op = readOp(line, `Line ${count} of ${path}`);
      history.push(op);
      // Then there is no judging it, and no need for the rest.
      if (entryProblem(op, history.length - 1) !== undefined) return history;
    }
  }
  return history;
}

function readOp(line: string, where: string): Op {
  if (nestsTooDeep(line)) {
    throw new BadOption(`${where} nests values more than ${maxNesting} deep.`);
  }
  let entry: unknown;
  try {
    entry = parseExact(line);
  } catch {
    throw new BadOption(`${where} isn't JSON.`);
  }
  if (isObject(entry)) {
    const { error, ...op } = entry;
    // Null is how JSON says that there was none.
    return (error === null ? op : entry) as Op;
  }
  throw new BadOption(`${where} isn't an operation: ${excerpt(entry)}.`);
}

/**
 * Reads a file line by line, many at a time; one whose name ends in `.gz` is
 * unpacked.
 *
 * @throws {BadOption} if it can't be read, or is longer than `maxChars`.
 */
async function* linesOf(
  path: string,
  maxChars: number,
): AsyncGenerator<string[]> {
  const packed = path.endsWith(".gz");
  const file = await open(path);
  const chunks = textsOf(packed ? unpacked(file.readable) : file.readable);
  let chars = 0;
  // The line that hasn't ended: put together once, however many pieces it has.
  let pieces: string[] = [];
  let openChars = 0;
  try {
    for await (const text of chunks) {
      const lines = text.split("\n");
      const last = lines.pop()!;
      chars += text.length;
      openChars = last.length + (lines.length === 0 ? openChars : 0);
      const problem = lengthProblem(chars, maxChars, openChars, packed);
      if (problem !== undefined) throw new BadOption(`${path} ${problem}`);
      if (lines.length > 0) {
        lines[0] = [...pieces, lines[0]].join("");
        pieces = [];
        yield lines;
      }
      pieces.push(last);
    }
  } catch (error) {
    if (error instanceof BadOption) throw error;
    throw new BadOption(
      packed
        ? `${path} can't be unpacked: it's no gzip file, or broken.`
        : `${path} can't be read: ${systemReason(error)}.`,
    );
  }
  yield [pieces.join("")];
}

/** Unpacks a file of any number of members; `DecompressionStream` takes only one. */
function unpacked(
  packed: ReadableStream<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const source = Readable.fromWeb(
    packed as Parameters<typeof Readable.fromWeb>[0],
  );
  // Who reads is told of errors.
  return pipeline(source, createGunzip(), () => {});
}

/**
 * The number of bytes decoded at a time: what is unpacked comes in any size.
 */
const chunkBytes = 65_536;

async function* textsOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += chunkBytes) {
      const part = chunk.subarray(start, start + chunkBytes);
      yield decoder.decode(part, { stream: true });
    }
  }
  yield decoder.decode();
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    if ((await Deno.stat(path)).isFile) return await Deno.open(path);
  } catch (error) {
    throw new BadOption(
      error instanceof Deno.errors.NotFound
        ? `${path} doesn't exist: ${whatARunIs}.`
        : `${path} can't be read: ${systemReason(error)}.`,
    );
  }
  throw new BadOption(`${path} isn't a file.`);
}

function lengthProblem(
  chars: number,
  maxChars: number,
  openChars: number,
  packed: boolean,
): string | undefined {
  if (chars > maxChars) {
    return `has more than ${maxChars / million} million characters${
      packed ? " when it's unpacked" : ""
    }, which is more than can be judged.`;
  }
  if (openChars > maxLineChars) {
    return `has a line of more than ${
      maxLineChars / million
    } million characters. Each operation is one line.`;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
