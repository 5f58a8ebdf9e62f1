/**
 * A judged run on disk: `store/<run>/<time>/`, with `store/latest` pointing at
 * the newest.
 *
 * - `run.json`: the workload and its options.
 * - `results.json`: the findings of all checkers, under Maelstrom's names.
 * - `history.jsonl`: one operation per line.
 * - `node-logs/`: what each node wrote to stderr.
 *
 * Nothing in these files depends on when or how fast it ran: under virtual
 * time the same seed writes the same bytes.
 *
 * @module
 */
import type { Judgement } from "../judge.ts";
import type { FoundResults } from "./record.ts";

/** What of a judged run is kept. */
export type Kept =
  & Pick<Judgement, "options" | "test" | "history" | "logs">
  & { engine: string; results: FoundResults };

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

/** Writes a judged run to its folder. */
export async function writeRun(
  folder: string,
  run: string,
  { engine, options, test, results, history, logs }: Kept,
  args: readonly string[],
): Promise<void> {
  const { workload, ...others } = options;
  await Promise.all([
    Deno.writeTextFile(
      `${folder}/run.json`,
      json({
        run,
        engine,
        workload,
        options: others,
        "node-count": test.nodes.length,
        concurrency: test.concurrency,
        args,
      }),
    ),
    Deno.writeTextFile(`${folder}/results.json`, json(results)),
    Deno.writeTextFile(
      `${folder}/history.jsonl`,
      history.map((op) => JSON.stringify(op) + "\n").join(""),
    ),
    Deno.mkdir(`${folder}/node-logs`),
  ]);
  await Promise.all(
    Array.from(logs, ([node, lines]) =>
      Deno.writeTextFile(
        `${folder}/node-logs/${node}.log`,
        lines.map((line) => line + "\n").join(""),
      )),
  );
}

/** Points `latest`, of the store and of the run, to a folder. */
export async function pointToLatest(folder: string): Promise<void> {
  const [time, run, ...store] = folder.split("/").reverse();
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
