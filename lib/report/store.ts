/**
 * A judged run on disk: `store/<run>/<time>/`, with `store/latest` pointing at
 * the newest.
 *
 * - `run.json`: the workload and its options.
 * - `progress.json`: how far it is, while it goes on.
 * - `record.json`: the verdict, and all that `--json` prints beside the results.
 * - `results.json`: the findings of all checkers, under Maelstrom's names.
 * - `history.jsonl`: one operation per line.
 * - `node-logs/`: what each node wrote to stderr.
 *
 * But for the wall time in `record.json`, nothing in these files depends on when
 * or how fast it ran: under virtual time the same seed writes the same bytes.
 *
 * @module
 */
import type { Judgement, Progress } from "../workbench/judge.ts";
import type { Test } from "../workbench/options.ts";
import { invariant } from "../workbench/sim/invariant.ts";
import type { FoundResults, RunRecord } from "./record.ts";

/** The parts of a judged run that are kept. */
export type Kept =
  & Pick<Judgement, "history" | "logs">
  & { results: FoundResults };

/**
 * Makes the folder of a run that begins.
 *
 * @param store the folder that holds all runs.
 * @param run the run's name, which becomes a folder in it.
 * @returns the path of the new folder.
 */
export async function newRunFolder(
  store: string,
  run: string,
  now: Date,
): Promise<string> {
  const parent = `${store}/${run}`;
  await Deno.mkdir(parent, { recursive: true });
  const name = now.toISOString().replaceAll(/[-:]/g, "");
  // Two runs may begin in the same millisecond: then one gets another name.
  for (let attempt = 1;; attempt++) {
    const folder = `${parent}/${name}${attempt === 1 ? "" : `-${attempt}`}`;
    try {
      await Deno.mkdir(folder);
      return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** Notes in the folder of a run what it is. */
export async function writeStart(
  folder: string,
  run: string,
  engine: string,
  { options, nodes, concurrency }: Test,
  { bin, args }: { bin?: string; args: readonly string[] },
): Promise<void> {
  const { workload, ...others } = options;
  await Deno.writeTextFile(
    `${folder}/run.json`,
    json({
      run,
      engine,
      workload,
      options: others,
      "node-count": nodes.length,
      concurrency,
      ...(bin !== undefined && { bin }),
      args,
    }),
  );
}

/**
 * The interval at which those who watch a run from outside hear how far it is.
 */
const progressIntervalMs = 500;

/**
 * Keeps `progress.json` in the folder of a run that goes on: by it others see
 * that it does, and how far it is.
 */
export function progressWriter(folder: string) {
  const path = `${folder}/progress.json`;
  let nextMs = 0;
  let written = Promise.resolve();
  return {
    write(progress: Progress): void {
      const now = performance.now();
      if (now < nextMs) return;
      nextMs = now + progressIntervalMs;
      // A verdict doesn't depend on who watches.
      written = written.then(() => Deno.writeTextFile(path, json(progress)))
        .catch(() => {});
    },
    /** The run is over. */
    async end(): Promise<void> {
      await written;
      await Deno.remove(path).catch(() => {});
    },
  };
}

/**
 * Writes a judged run to its folder, its results last: a folder with results is
 * complete.
 */
export async function writeRun(
  folder: string,
  record: RunRecord,
  { results, history, logs }: Kept,
): Promise<void> {
  await Deno.mkdir(`${folder}/node-logs`);
  for (const [node, lines] of logs) {
    await writeLines(
      `${folder}/node-logs/${node}.log`,
      lines.values().map(({ text }) => text),
    );
  }
  await writeLines(
    `${folder}/history.jsonl`,
    history.values().map((op) => JSON.stringify(op)),
  );
  await writeRecord(folder, record);
  await Deno.writeTextFile(`${folder}/results.json`, json(results));
}

/** Writes the record of a run, without its results, to its folder. */
export async function writeRecord(
  folder: string,
  { results: _, ...others }: RunRecord,
): Promise<void> {
  await Deno.writeTextFile(`${folder}/record.json`, json(others));
}

/** About how many characters are written at once. */
const chunkChars = 64 * 1024;

/** Writes lines as they are made: all at once they may be too long for a text. */
async function writeLines(
  path: string,
  lines: Iterable<string>,
): Promise<void> {
  await Deno.writeTextFile(path, ReadableStream.from(chunksOf(lines)));
}

function* chunksOf(lines: Iterable<string>): Generator<string> {
  let chunk = "";
  for (const line of lines) {
    chunk += line + "\n";
    if (chunk.length < chunkChars) continue;
    yield chunk;
    chunk = "";
  }
  yield chunk;
}

/** Points `latest`, of the store and of the run, to a folder. */
export async function pointToLatest(folder: string): Promise<void> {
  const [time, run, ...store] = folder.split("/").reverse();
  invariant(time && run, "a run's folder is store/run/time");
  const path = store.reverse().join("/");
  await pointTo(`${path}/${run}/latest`, time);
  await pointTo(`${path}/latest`, `${run}/${time}`);
}

async function pointTo(link: string, target: string): Promise<void> {
  // Made under another name and moved into place: at no time is there none.
  const temporary = `${link}.${crypto.randomUUID()}`;
  try {
    await Deno.symlink(target, temporary, { type: "dir" });
    await Deno.rename(temporary, link);
  } catch {
    // Not every system lets everybody make links; the run itself is there.
    await Deno.remove(temporary).catch(() => {});
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 1) + "\n";
}
