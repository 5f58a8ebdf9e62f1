/**
 * Joins the results of parts, of `--shard`, to what the whole would have printed.
 *
 * @module
 */
import { pointToLatest } from "../report/store.ts";
import { layoutOf } from "../report/terminal.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { BadOption } from "../workbench/mod.ts";
import { liveLines } from "./live.ts";
import { columns, complain } from "./output.ts";
import { Printer } from "./printer.ts";
import { commandOf } from "./replay.ts";
import { seedAt, SeedRanges } from "../report/seeds.ts";
import {
  readShardFile,
  rowsOf,
  type ShardedJob,
  type ShardFile,
  shardFilesIn,
  type ShardRow,
} from "./shard_file.ts";
import { seedsOfShard, shardOf } from "./shards.ts";

/**
 * Merges parts, and prints them. Runs that are kept are copied to one store.
 *
 * @param folders the stores of the parts.
 * @returns an exit code, as for runs.
 * @throws {BadOption} if they aren't the parts of a whole.
 */
export async function merge(
  folders: readonly string[],
  { store, json, page }: { store: string; json: boolean; page: boolean },
): Promise<number> {
  const parts = await partsIn(folders);
  const [first] = parts;
  for (const part of parts) await checkRows(part);
  const { jobs } = first;
  const layout = layoutOf(jobs, columns());
  const printer = new Printer({
    ...{ json, store, page, compare: false, layout, live: liveLines() },
  });
  const keeper = new Keeper(store);
  const rows = parts.map(rowsOf);
  let place = 0;
  for (const job of jobs) {
    const { seeds, isSummedUp, replay } = job;
    for (let i = 0; i < seeds.length; i++, place++) {
      const part = shardOf(place, parts.length) - 1;
      const { value: row } = await rows[part]!.next();
      printer.add({
        ...row!,
        folder: await keeper.keep(parts[part]!, row!),
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
 * Finds all parts of a whole, in their order.
 *
 * @throws {BadOption} if one is missing, or there twice, or of something else.
 */
async function partsIn(
  folders: readonly string[],
): Promise<[ShardFile, ...ShardFile[]]> {
  const parts: ShardFile[] = [];
  for (const path of new Set(folders.flatMap(filesIn))) {
    parts.push(await readShardFile(path));
  }
  parts.sort((a, b) => a.part.index - b.part.index);
  const [first, ...others] = parts;
  if (first === undefined) {
    throw new BadOption(
      "merge needs a FOLDER for each part: the --store of its run.",
    );
  }
  const { count } = first.part;
  for (const other of others) {
    const what = difference(first, other);
    if (what !== undefined) {
      throw new BadOption(
        `${first.path} and ${other.path} aren't parts of one whole: ${what}.`,
      );
    }
  }
  for (const [i, { path, shard, part }] of parts.entries()) {
    const other = parts[i - 1];
    if (other?.part.index === part.index) {
      throw new BadOption(
        `Part ${shard} is there twice: as ${other.path} and as ${path}. Leave out one of them.`,
      );
    }
  }
  const there = new Set(parts.map(({ part }) => part.index));
  const missing = Array.from({ length: count }, (_, i) => i + 1)
    .filter((index) => !there.has(index));
  if (missing.length > 0) {
    throw new BadOption(
      missing.length === 1
        ? `Part ${missing[0]} of ${count} is missing.`
        : `Parts ${new SeedRanges(missing)} of ${count} are missing.`,
    );
  }
  return [first, ...others];
}

/** Returns the paths of the results in a folder. */
function filesIn(folder: string): string[] {
  try {
    const files = shardFilesIn(folder);
    if (files.length > 0) return files;
  } catch (error) {
    throw new BadOption(`${folder} can't be read: ${systemReason(error)}.`);
  }
  const inside = foldersIn(folder).find((each) =>
    shardFilesIn(each).length > 0
  );
  throw new BadOption(
    `${folder} has no results of a part, such as shard-1-of-16.jsonl: --shard writes them to the folder of its --store.${
      inside === undefined
        ? ""
        : ` There are some in ${inside}: name each such folder, as in ${folder}/*.`
    }`,
  );
}

function foldersIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder))
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${folder.replace(/\/+$/, "")}/${name}`);
}

/** Says what keeps two results from being parts of one whole. */
function difference(a: ShardFile, b: ShardFile): string | undefined {
  const [ours, theirs] = [a, b].map(({ jobs }) => jobs);
  const list = (jobs: readonly ShardedJob[]) =>
    jobs.map(({ id }) => id).join(", ");
  const seedsOf = ({ seeds }: ShardedJob) =>
    `seeds ${seedAt(seeds, 0)}..${seedAt(seeds, seeds.length - 1)}`;
  const settingsOf = ({ replay }: ShardedJob) =>
    commandOf(replay, { store: "store", seed: undefined });
  const told = (
    what: (file: ShardFile) => string,
  ) => what(a) === what(b) ? undefined : `${what(a)} is not ${what(b)}`;
  return told(({ version }) => `version ${version}`) ??
    told(({ part }) => `a part of ${part.count}`) ??
    told(({ jobs }) => `the list of runs ${list(jobs)}`) ??
    ours!.map((_, i) =>
      told(({ jobs }) => settingsOf(jobs[i]!)) ??
        told(({ jobs }) => `${jobs[i]!.id} with ${seedsOf(jobs[i]!)}`)
    ).find((each) => each !== undefined) ??
    (JSON.stringify(ours) === JSON.stringify(theirs)
      ? undefined
      : "their options differ");
}

/**
 * Reads the runs of a part.
 *
 * @throws {BadOption} if they aren't all there.
 */
async function checkRows(file: ShardFile): Promise<void> {
  const { path, shard, part, jobs } = file;
  let before = 0;
  let expected = 0;
  for (const { seeds } of jobs) {
    expected += seedsOfShard(seeds, part, before).length;
    before += seeds.length;
  }
  let found = 0;
  for await (const { place, record, folder } of rowsOf(file)) {
    const isNext = place === part.index - 1 + found * part.count;
    // A folder is run/time, and nothing else.
    const isInside = folder === undefined ||
      /^[\w-]+\/[\w-][\w.-]*$/.test(folder);
    if (!isNext || !isInside || !record?.results) {
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

/** Copies runs that are kept to one store. */
class Keeper {
  #store: string;
  #complaints = new Set<string>();

  constructor(store: string) {
    this.#store = store;
  }

  /** Returns the folder of a run in the store, if it has one. */
  async keep(
    { store }: ShardFile,
    { folder }: ShardRow,
  ): Promise<string | undefined> {
    if (folder === undefined) return undefined;
    const source = `${store}/${folder}`;
    try {
      return await this.#copy(source, `${this.#store}/${folder}`);
    } catch (error) {
      if (!this.#complaints.has(store)) {
        complain(
          `Runs that failed aren't copied from ${store} to ${this.#store}: ${
            systemReason(error)
          }.`,
        );
      }
      this.#complaints.add(store);
    }
  }

  /** Copies a run, unless it's there already. */
  async #copy(source: string, target: string): Promise<string> {
    const record = await Deno.readTextFile(`${source}/record.json`);
    for (let attempt = 1;; attempt++) {
      // On two machines, two runs may begin in the same millisecond.
      const folder = attempt === 1 ? target : `${target}-${attempt}`;
      const there = await Deno.readTextFile(`${folder}/record.json`)
        .catch(() => undefined);
      if (there === record) return folder;
      if (there !== undefined) continue;
      await copyFolder(source, folder);
      await pointToLatest(folder);
      return folder;
    }
  }
}

async function copyFolder(source: string, target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(source)) {
    const [from, to] = [`${source}/${name}`, `${target}/${name}`];
    if (isDirectory) await copyFolder(from, to);
    else await Deno.copyFile(from, to);
  }
}
