/**
 * The files of the parts of a whole, and the runs that are kept beside them.
 *
 * @module
 */
import { SeedRanges } from "../report/seeds.ts";
import { pointToLatest } from "../report/store.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { BadOption } from "../workbench/mod.ts";
import { complain } from "./output.ts";
import type { Shard } from "./shards.ts";

/** The names of the files of parts, of `--seeds` and of `fuzz`. */
const fileName = /^(fuzz-)?shard-\d+-of-\d+\.jsonl?$/;

/**
 * Finds the files of parts in folders.
 *
 * @throws {BadOption} if a folder has none.
 */
export function partFilesIn(folders: readonly string[]): string[] {
  if (folders.length === 0) {
    throw new BadOption(
      "merge needs a FOLDER for each part: the --store of its run.",
    );
  }
  return [...new Set(folders.flatMap(filesIn))];
}

function filesIn(folder: string): string[] {
  const files = listed(folder).filter(({ isDirectory, name }) =>
    !isDirectory && fileName.test(name) // it may be a link
  );
  const path = folder.replace(/(?<=.)\/+$/, "");
  if (files.length > 0) {
    return files.map(({ name }) => `${path}/${name}`).sort();
  }
  const inside = listed(folder).find(({ isDirectory, name }) =>
    isDirectory &&
    listed(`${path}/${name}`).some(({ name }) => fileName.test(name))
  );
  const hint = inside === undefined
    ? ""
    : ` There are some in ${path}/${inside.name}: name each such folder, as in ${path}/*.`;
  throw new BadOption(
    `${folder} has no results of a part, such as shard-1-of-16.jsonl: --shard writes them to the folder of its --store.${hint}`,
  );
}

function listed(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw new BadOption(`${folder} can't be read: ${systemReason(error)}.`);
  }
}

/** A part, and the file with its results. */
export interface Part {
  path: string;
  /** The part, as `--shard` takes it. */
  shard: string;
  part: Shard;
}

/**
 * Brings the parts of a whole into their order.
 *
 * @param difference says what keeps two of them from being parts of one whole.
 * @throws {BadOption} if one is missing, or there twice, or of something else.
 */
export function wholeOf<P extends Part>(
  found: readonly P[],
  difference: (a: P, b: P) => string | undefined,
): [P, ...P[]] {
  const [first, ...others] = found.toSorted((a, b) =>
    a.part.index - b.part.index
  ) as [P, ...P[]];
  for (const other of others) {
    const what = difference(first, other);
    if (what === undefined) continue;
    throw new BadOption(
      `${first.path} and ${other.path} aren't parts of one whole: ${what}.`,
    );
  }
  let last = first;
  for (const each of others) {
    if (each.part.index === last.part.index) {
      throw new BadOption(
        `Part ${each.shard} is there twice: as ${last.path} and as ${each.path}. Leave out one of them.`,
      );
    }
    last = each;
  }
  const { count } = first.part;
  const there = new Set(found.map(({ part }) => part.index));
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

/** Says in which of several ways two things differ, if they do: the first. */
export function firstDifference<T>(
  a: T,
  b: T,
  tell: readonly ((each: T) => string)[],
): string | undefined {
  for (const each of tell) {
    if (each(a) !== each(b)) return `${each(a)} is not ${each(b)}`;
  }
}

/** Tells whether a path is the folder of a run in a store, or may be. */
export function isRunFolder(folder: string | undefined): boolean {
  return folder === undefined || /^[\w-]+\/[\w-][\w.-]*$/.test(folder);
}

/** Copies runs that are kept to one store. */
export class RunCopier {
  #store: string;
  #complaints = new Set<string>();

  constructor(store: string) {
    this.#store = store;
  }

  /**
   * Copies a run, if it's kept.
   *
   * @param store the store of its part.
   * @param folder its folder there.
   * @returns its folder in the one store.
   */
  async copy(
    store: string,
    folder: string | undefined,
  ): Promise<string | undefined> {
    if (folder === undefined) return undefined;
    try {
      return await copyRun(`${store}/${folder}`, `${this.#store}/${folder}`);
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
}

/** Copies a run, unless it's there already. */
async function copyRun(source: string, target: string): Promise<string> {
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

async function copyFolder(source: string, target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(source)) {
    const [from, to] = [`${source}/${name}`, `${target}/${name}`];
    if (isDirectory) await copyFolder(from, to);
    else await Deno.copyFile(from, to);
  }
}
