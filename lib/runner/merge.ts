/**
 * Joins the results of parts, of `--shard`, to what the whole would have printed.
 *
 * @module
 */
import { seedAt } from "../report/seeds.ts";
import { Tally } from "../report/tally.ts";
import { layoutOf, summary } from "../report/terminal.ts";
import { BadOption } from "../workbench/mod.ts";
import {
  explains,
  jsonOf,
  linesOf,
  summaryOfSearch,
  type ToldFailure,
} from "./failing.ts";
import { type FuzzShardFile, readFuzzShard } from "./fuzz_shard_file.ts";
import { liveLines } from "./live.ts";
import { columns, print, printJson } from "./output.ts";
import {
  firstDifference,
  isRunFolder,
  partFilesIn,
  RunCopier,
  wholeOf,
} from "./parts.ts";
import { Printer } from "./printer.ts";
import { commandOf } from "./replay.ts";
import {
  notResults,
  readShardFile,
  rowsOf,
  type ShardedJob,
  type ShardFile,
} from "./shard_file.ts";
import { seedsOfShard, shardOf } from "./shards.ts";

/** The manner of merging. */
export interface Merging {
  /** The folder that runs are copied to. */
  store: string;
  json: boolean;
  /** True if many seeds get a page. */
  page: boolean;
}

/**
 * Merges parts, and prints them. Runs that are kept are copied to one store.
 *
 * @param folders the stores of the parts.
 * @returns an exit code, as for runs.
 * @throws {BadOption} if they aren't the parts of a whole.
 */
export async function merge(
  folders: readonly string[],
  merging: Merging,
): Promise<number> {
  const paths = partFilesIn(folders);
  const { seeds: [ofSeeds] = [], fuzz: [ofFuzz] = [] } = Object.groupBy(
    paths,
    (path) => path.endsWith(".jsonl") ? "seeds" : "fuzz",
  );
  if (ofSeeds !== undefined && ofFuzz !== undefined) {
    throw new BadOption(
      `${ofSeeds} has runs, and ${ofFuzz} what fuzz has found: merge one or the other.`,
    );
  }
  return ofFuzz === undefined
    ? await mergeRuns(await Promise.all(paths.map(readShardFile)), merging)
    : await mergeFuzz(await Promise.all(paths.map(readFuzzShard)), merging);
}

async function mergeRuns(
  found: readonly ShardFile[],
  { store, json, page }: Merging,
): Promise<number> {
  found.forEach(checkJobs);
  const parts = wholeOf(found, difference);
  for (const part of parts) await checkRows(part);
  const [{ jobs }] = parts;
  const layout = layoutOf(jobs, columns());
  const live = liveLines();
  const printer = new Printer({
    ...{ json, store, page, compare: false, layout, live },
  });
  const copier = new RunCopier(store);
  const rows = parts.map(rowsOf);
  let place = 0;
  for (const job of jobs) {
    const { seeds, isSummedUp, replay } = job;
    for (let i = 0; i < seeds.length; i++, place++) {
      const part = shardOf(place, parts.length) - 1;
      const { value: row } = await rows[part]!.next();
      printer.add({
        ...row!,
        folder: await copier.copy(parts[part]!.store, row!.folder),
        replay: commandOf(replay, { store, seed: seedAt(seeds, i) }),
      }, { isOfMany: isSummedUp });
    }
    if (isSummedUp) printer.endSeeds(job, seeds.length);
  }
  for (const each of rows) await each.return(undefined);
  await printer.end();
  printer.total();
  return printer.counts.exitCode;
}

/**
 * Sees whether what a file has results of can be told.
 *
 * @throws {BadOption} if it can't.
 */
function checkJobs(file: ShardFile): void {
  const isWhole = canBeTold(() => {
    layoutOf(file.jobs);
    difference(file, file);
  });
  if (!isWhole || file.jobs.length === 0) throw notResults(file.path);
}

/** Says what keeps two results from being parts of one whole. */
function difference(a: ShardFile, b: ShardFile): string | undefined {
  const list = (jobs: readonly ShardedJob[]) =>
    jobs.map(({ id }) => id).join(", ");
  const seedsOf = ({ id, seeds }: ShardedJob) =>
    `${id} with seeds ${seedAt(seeds, 0)}..${seedAt(seeds, seeds.length - 1)}`;
  const settingsOf = ({ replay }: ShardedJob) =>
    commandOf(replay, { store: "store", seed: undefined });
  const told = firstDifference(a, b, [
    ({ version }) => `version ${version}`,
    ({ part }) => `a part of ${part.count}`,
    ({ jobs }) => `the list of runs ${list(jobs)}`,
    ...a.jobs.flatMap((_, i) => [
      ({ jobs }: ShardFile) => settingsOf(jobs[i]!),
      ({ jobs }: ShardFile) => seedsOf(jobs[i]!),
    ]),
  ]);
  if (told !== undefined) return told;
  const isSame = JSON.stringify(a.jobs) === JSON.stringify(b.jobs);
  return isSame ? undefined : "their options differ";
}

/**
 * Reads the runs of a part.
 *
 * @throws {BadOption} if they aren't all there.
 */
async function checkRows(file: ShardFile): Promise<void> {
  const { path, shard, part, jobs } = file;
  const layout = layoutOf(jobs);
  let before = 0;
  let expected = 0;
  for (const { seeds } of jobs) {
    expected += seedsOfShard(seeds, part, before).length;
    before += seeds.length;
  }
  let found = 0;
  for await (const row of rowsOf(file)) {
    const place = part.index - 1 + found * part.count;
    const isRun = canBeTold(() => {
      new Tally([row.record]);
      const { record, latencyBars: latencies } = row;
      summary(record, { replay: "", layout, latencies });
    });
    if (!isRun || row.place !== place || !isRunFolder(row.folder)) {
      throw new BadOption(
        `${path} can't be read: line ${
          found + 2
        } isn't its next run. Judge that part once more.`,
      );
    }
    found++;
  }
  if (found !== expected) {
    throw new BadOption(
      `Part ${shard} is incomplete: ${path} has ${found} of its ${expected} runs. Judge that part once more.`,
    );
  }
}

/** Tells whether something has what is told of it. */
function canBeTold(tell: () => unknown): boolean {
  try {
    tell();
    return true;
  } catch {
    return false;
  }
}

/** Merges what the parts of a search have found. */
async function mergeFuzz(
  found: readonly FuzzShardFile[],
  { store, json }: Merging,
): Promise<number> {
  const parts = wholeOf(found, (a, b) =>
    firstDifference(a, b, [
      ({ version }) => `version ${version}`,
      ({ part }) => `a part of ${part.count}`,
      ({ search }) => search,
    ]));
  for (const { path, failures, extent } of parts) {
    const isWhole = canBeTold(() => {
      for (const each of failures) {
        linesOf(each, 80) && jsonOf(each) && explains(each, each);
      }
      summaryOfSearch(extent, failures.length, 80);
    }) && [...Object.values(extent.known), extent.runs, extent.faults]
      .every(Number.isFinite);
    if (!isWhole) {
      throw new BadOption(
        `${path} isn't the results of a part. Search that part once more.`,
      );
    }
  }
  const copier = new RunCopier(store);
  const failures: ToldFailure[] = [];
  for (const { failure, part } of inOrder(parts)) {
    const known = failures.find((each) => isSame(each, failure));
    if (known === undefined) {
      failures.push(await copied(failure, part, copier));
    } else if (failure.foundIn === undefined) {
      // Each part has tried it once.
      known.count += failure.count - 1;
    } else known.count += failure.count;
  }
  if (json) printJson(failures.map(jsonOf));
  else {
    for (const each of failures) print(linesOf(each, columns()));
    print(summaryOfSearch(extentOf(parts), failures.length, columns()));
  }
  return failures.length > 0 ? 1 : 0;
}

/** Returns the failures of all parts: first those that were known before. */
function inOrder(parts: readonly FuzzShardFile[]) {
  return parts.flatMap((part) =>
    part.failures.map((failure) => ({ part, failure }))
  ).sort((a, b) => (a.failure.foundIn ?? 0) - (b.failure.foundIn ?? 0));
}

/** Tells whether two parts have found the same. */
function isSame(known: ToldFailure, found: ToldFailure): boolean {
  return found.foundIn === undefined
    ? known.foundIn === undefined &&
      JSON.stringify(known.case) === JSON.stringify(found.case)
    : explains(known, found);
}

/** Copies the run of a failure, and its case. */
async function copied(
  failure: ToldFailure,
  { store }: FuzzShardFile,
  copier: RunCopier,
): Promise<ToldFailure> {
  const { folder: former, path } = failure;
  if (!isRunFolder(former)) return { ...failure, folder: undefined };
  const folder = await copier.copy(store, former);
  const isInside = former !== undefined && path?.startsWith(`${former}/`);
  return {
    ...failure,
    folder,
    ...isInside && folder !== undefined &&
      { path: folder + path!.slice(former.length) },
  };
}

/** Sums up what all parts have tried. Each has tried what was known before. */
function extentOf([first, ...others]: readonly [
  FuzzShardFile,
  ...FuzzShardFile[],
]) {
  const { known } = first.extent;
  return others.reduce((sum, { extent }) => ({
    known,
    runs: sum.runs + extent.runs - known.count,
    faults: sum.faults + extent.faults - known.faults,
    seconds: Math.max(sum.seconds, extent.seconds),
  }), first.extent);
}
