/**
 * Equal parts of a list of runs, for several machines: `--shard 3/16` in the
 * convention of Playwright, Vitest and Jest, where the first part is 1.
 *
 * Parts are dealt out in turns: the third of sixteen has the runs 3, 19, 35 and
 * so on of the whole list. So each part has as many seeds of each run, and takes
 * about as long, though one run takes a hundred times as long as another; and
 * the list may be one that has no end.
 *
 * @module
 */
import { BadOption } from "../workbench/mod.ts";
import type { Seeds } from "../report/seeds.ts";
import type { Job } from "./job.ts";

/** One of several equal parts. */
export interface Shard {
  /** Its number, from 1. */
  index: number;
  /** The number of parts. */
  count: number;
}

/** Each part has a file that is open while they are merged. */
const maxShards = 10_000;

/**
 * Reads the value of `--shard`.
 *
 * @throws {BadOption} if it's no part.
 */
export function parseShard(text: string): Shard {
  const [, index = NaN, count = NaN] = /^(\d+)\/(\d+)$/.exec(text)
    ?.map(Number) ?? [];
  if (index >= 1 && index <= count && count <= maxShards) {
    return { index, count };
  }
  const problem = index === 0
    ? "parts are counted from 1; to an index that begins at 0, such as JOB_COMPLETION_INDEX, add 1"
    : index > count
    ? `there is no part ${index} of ${count}`
    : count > maxShards
    ? `there can be ${maxShards} parts at most`
    : "it's the part's number and how many there are";
  throw new BadOption(
    `--shard must be such as 3/16, and not "${text}": ${problem}.`,
  );
}

/** Writes a part as `--shard` takes it. */
export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** Returns the part, from 1, that has a run, by the run's place from 0. */
export function shardOf(place: number, count: number): number {
  return place % count + 1;
}

/** Chooses of a list, which may have no end, what belongs to a part. */
export function* ofShard<T>(
  list: Iterable<T>,
  { index, count }: Shard,
): Generator<T> {
  let place = 0;
  for (const each of list) {
    if (shardOf(place++, count) === index) yield each;
  }
}

/**
 * Returns the seeds of a run that belong to a part.
 *
 * @param before the number of runs that come before these seeds in the list.
 */
export function seedsOfShard(
  { first, length }: Seeds,
  { index, count }: Shard,
  before: number,
): Seeds {
  const skipped = (count + index - 1 - before % count) % count;
  return {
    first: first === undefined ? undefined : first + skipped,
    length: Math.max(0, Math.ceil((length - skipped) / count)),
    step: count,
  };
}

/** Narrows jobs to those seeds, of all of theirs, that belong to a part. */
export function jobsOfShard(jobs: readonly Job[], shard: Shard): Job[] {
  let before = 0;
  return jobs.map((job) => {
    const seeds = seedsOfShard(job.seeds, shard, before);
    before += job.seeds.length;
    return { ...job, seeds, whole: job.seeds };
  });
}
