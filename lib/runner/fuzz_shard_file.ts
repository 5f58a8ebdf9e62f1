/**
 * The failures that a part of a search has found, as a file in its store:
 * `fuzz-shard-3-of-16.json`.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { BadOption } from "../workbench/mod.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import type { CommandLine } from "./command_line.ts";
import type { Extent, ToldFailure } from "./failing.ts";
import type { Job } from "./job.ts";
import { parseShard, type Shard, shardText } from "./shards.ts";

/** The results of a part. */
export interface FuzzShard {
  /** The version of this software. */
  version: string;
  /** The part, as `--shard` takes it. */
  shard: string;
  /** The search in words, but for its part: that of all parts is the same. */
  search: string;
  extent: Extent;
  /** The failures; their folders are those in the store. */
  failures: ToldFailure[];
}

/** A file of results, as it's read. */
export interface FuzzShardFile extends FuzzShard {
  path: string;
  /** The store that it's in. */
  store: string;
  part: Shard;
}

/** Says what is searched. */
function searchText(
  jobs: readonly Job[],
  { bin, given, seeds, forMs, maxRuns, bail, nodeArgs }: CommandLine,
): string {
  return [
    "fuzz",
    ...jobs.map(({ id }) => id),
    ...bin === undefined ? [] : [`--bin ${bin}`],
    ...Object.entries(given).map(([name, value]) => `--${name} ${value}`),
    ...seeds.first === 1 ? [] : [`--seed ${seeds.first}`],
    ...Number.isFinite(forMs) ? [`--for ${forMs / 1000}s`] : [],
    ...Number.isFinite(maxRuns) ? [`--runs ${maxRuns}`] : [],
    ...bail ? ["--bail"] : [],
    ...nodeArgs.length > 0 ? ["--", ...nodeArgs] : [],
  ].join(" ");
}

/**
 * Writes the results of a part.
 *
 * @throws {Error} if they can't be written.
 */
export async function writeFuzzShard(
  store: string,
  shard: Shard,
  line: CommandLine,
  jobs: readonly Job[],
  { extent, failures }: Pick<FuzzShard, "extent" | "failures">,
): Promise<void> {
  const path = `${store}/fuzz-shard-${shard.index}-of-${shard.count}.json`;
  const inStore = (path: string | undefined) =>
    path?.startsWith(`${store}/`) ? path.slice(store.length + 1) : path;
  const results: FuzzShard = {
    version: config.version,
    shard: shardText(shard),
    search: searchText(jobs, line),
    extent,
    failures: failures.map((each) => ({
      ...each,
      folder: inStore(each.folder),
      path: inStore(each.path),
    })),
  };
  try {
    await Deno.mkdir(store, { recursive: true });
    await Deno.writeTextFile(path, JSON.stringify(results, null, 1) + "\n");
  } catch (error) {
    throw new Error(
      `The results of part ${shardText(shard)} can't be written to ${path}: ${
        systemReason(error)
      }. --store FOLDER puts them elsewhere.`,
    );
  }
}

/**
 * Reads the results of a part.
 *
 * @throws {BadOption} if a file has none.
 */
export async function readFuzzShard(path: string): Promise<FuzzShardFile> {
  let results: Partial<FuzzShard>;
  try {
    results = JSON.parse(await Deno.readTextFile(path)) ?? {};
  } catch (error) {
    throw new BadOption(
      `${path} can't be read: ${
        error instanceof SyntaxError ? "it isn't JSON" : systemReason(error)
      }. Search that part once more.`,
    );
  }
  const { version, shard, search, extent, failures } = results;
  if (
    typeof version !== "string" || typeof shard !== "string" ||
    typeof search !== "string" || extent === undefined ||
    !Array.isArray(failures)
  ) {
    throw new BadOption(
      `${path} isn't the results of a part. Search that part once more.`,
    );
  }
  const store = path.slice(0, path.lastIndexOf("/"));
  const part = parseShard(shard);
  return { path, store, part, version, shard, search, extent, failures };
}
