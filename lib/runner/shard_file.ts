/**
 * The results of a part, as a file in its store: `shard-3-of-16.jsonl`. The first
 * line tells what is judged, each other line is a run, in their order.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { TextLineStream } from "@std/streams/text-line-stream";
import { BadOption } from "../workbench/mod.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { isSummedUp, type Job } from "./job.ts";
import { complain } from "./output.ts";
import type { Outcome } from "./printer.ts";
import { parseShard, type Shard, shardText } from "./shards.ts";

/** A job, as all parts have it. */
export interface ShardedJob
  extends Pick<Job, "id" | "options" | "bin" | "args" | "limits" | "replay"> {
  engine: string;
  /** All seeds, of all parts. */
  seeds: Job["seeds"];
  isSummedUp: boolean;
}

/** The first line of a file. */
export interface ShardHeader {
  /** The version of this software. */
  version: string;
  /** The part, as `--shard` takes it. */
  shard: string;
  jobs: readonly ShardedJob[];
}

/** The line of a run. Its folder, if it has one, is that in the store. */
export interface ShardRow extends Omit<Outcome, "replay"> {
  /** The run's place in the list of all, from 0. */
  place: number;
}

/** Tells what is judged, of all parts. */
export function headerOf(shard: Shard, jobs: readonly Job[]): ShardHeader {
  return {
    version: config.version,
    shard: shardText(shard),
    jobs: jobs.map((job) => {
      const { id, by, options, bin, args, limits, seeds, replay } = job;
      return {
        ...{ id, engine: by.engine, options, bin, args, limits, seeds, replay },
        isSummedUp: isSummedUp(job),
      };
    }),
  };
}

/** Writes the results of a part, run by run. */
export class ShardWriter implements Disposable {
  #path: string;
  #store: string;
  #file: Deno.FsFile;
  #shard: Shard;
  #written = 0;
  /** The job of the last run, and the place of the next one in it. */
  #at = { job: 0, next: 0 };

  /**
   * @param jobs with all their seeds.
   * @throws {Error} if the file can't be written.
   */
  constructor(store: string, shard: Shard, jobs: readonly Job[]) {
    const { index, count } = shard;
    this.#path = `${store}/shard-${index}-of-${count}.jsonl`;
    this.#store = store;
    this.#shard = shard;
    try {
      Deno.mkdirSync(store, { recursive: true });
      this.#file = Deno.openSync(this.#path, {
        ...{ write: true, create: true, truncate: true },
      });
      this.#writeLine(headerOf(shard, jobs));
    } catch (error) {
      throw new Error(this.#complaint(error));
    }
  }

  /**
   * Writes a run.
   *
   * @param job the place of its job.
   * @param place its own in that job, in this part: they come in order, but for
   * those behind a run that was ended. These aren't written: the part is judged
   * once more.
   */
  add(job: number, place: number, outcome: Outcome): void {
    if (job !== this.#at.job) this.#at = { job, next: 0 };
    if (place !== this.#at.next) return;
    this.#at.next++;
    const { record, latencyBars, folder } = outcome;
    const { index, count } = this.#shard;
    const row: ShardRow = {
      place: index - 1 + this.#written++ * count,
      latencyBars,
      ...(folder !== undefined && {
        folder: folder.slice(this.#store.length + 1),
      }),
      record,
    };
    try {
      this.#writeLine(row);
    } catch (error) {
      // As with a full stdout, there is nothing left to run for.
      complain(this.#complaint(error));
      Deno.exit(255);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #writeLine(value: unknown): void {
    const line = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    for (let done = 0; done < line.length;) {
      done += this.#file.writeSync(line.subarray(done));
    }
  }

  #complaint(error: unknown): string {
    return `The results of part ${
      shardText(this.#shard)
    } can't be written to ${this.#path}: ${
      systemReason(error)
    }. --store FOLDER puts them elsewhere.`;
  }
}

/** A file of results, as it's read. */
export interface ShardFile extends ShardHeader {
  path: string;
  /** The store that it's in. */
  store: string;
  part: Shard;
}

/**
 * Reads what a file has results of.
 *
 * @throws {BadOption} if it has none.
 */
export async function readShardFile(path: string): Promise<ShardFile> {
  for await (const header of valuesIn(path)) {
    const { version, shard, jobs } = (header ?? {}) as Partial<ShardHeader>;
    if (
      typeof version !== "string" || typeof shard !== "string" ||
      !Array.isArray(jobs)
    ) break;
    const store = path.slice(0, path.lastIndexOf("/"));
    return { path, store, part: parseShard(shard), version, shard, jobs };
  }
  throw notResults(path);
}

/** Says that a file has no results. */
export function notResults(path: string): BadOption {
  return new BadOption(
    `${path} doesn't begin as the results of a part do. Judge that part once more.`,
  );
}

/** Reads the runs of a file, in their order. */
export async function* rowsOf({ path }: ShardFile): AsyncGenerator<ShardRow> {
  let isHeader = true;
  for await (const row of valuesIn(path)) {
    if (!isHeader) yield row as ShardRow;
    isHeader = false;
  }
}

/** Reads a file that has JSON in each line. */
async function* valuesIn(path: string): AsyncGenerator<unknown> {
  const file = await open(path);
  const lines = file.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  let number = 0;
  for await (const line of lines) {
    number++;
    try {
      yield JSON.parse(line);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new BadOption(
        `${path} can't be read: line ${number} isn't JSON. Judge that part once more.`,
      );
    }
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    throw new BadOption(`${path} can't be read: ${systemReason(error)}.`);
  }
}
