/**
 * Recorded runs: reads a folder that holds `run.json` (workload and options)
 * and `history.jsonl` or `history.jsonl.gz`, as `report/store.ts` writes it, and
 * judges the history once more.
 *
 * @module
 */
import { parseExact } from "./exact_json.ts";
import type { Op } from "./history.ts";
import { BadOption, fillIn, type Options, type Test } from "./options.ts";
import { checkHistory, type HistoryFindings } from "./verdict.ts";

/** What can be said of a recorded run. */
export interface RecordedFindings extends HistoryFindings {
  folder: string;
}

/**
 * Judges a recorded run.
 *
 * @throws {BadOption} if the folder doesn't hold one.
 */
export async function checkRecorded(folder: string): Promise<RecordedFindings> {
  const test = await readTest(`${folder}/run.json`);
  return { folder, ...checkHistory(await readHistory(folder), test) };
}

async function readTest(path: string): Promise<Test> {
  const text = await read(path);
  let run: { workload?: unknown; options?: Partial<Options> };
  try {
    run = JSON.parse(text);
  } catch {
    throw new BadOption(`${path} isn't JSON.`);
  }
  if (typeof run?.workload !== "string") {
    throw new BadOption(`${path} names no workload.`);
  }
  return fillIn({ ...run.options, workload: run.workload });
}

async function readHistory(folder: string): Promise<Op[]> {
  const path = `${folder}/history.jsonl`;
  const packed = await exists(`${path}.gz`) && !await exists(path);
  const text = await read(packed ? `${path}.gz` : path, packed);
  return text.split("\n").filter((line) => line !== "").map((line, i) => {
    try {
      return parseExact(line) as Op;
    } catch {
      throw new BadOption(`Line ${i + 1} of ${path} isn't JSON.`);
    }
  });
}

async function read(path: string, packed = false): Promise<string> {
  try {
    const file = await Deno.open(path);
    const stream = packed
      ? file.readable.pipeThrough(new DecompressionStream("gzip"))
      : file.readable;
    return await new Response(stream).text();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BadOption(
      `${path} doesn't exist: a recorded run is a folder with run.json and history.jsonl.`,
    );
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
