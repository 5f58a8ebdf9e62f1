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

/**
 * Writes a run to disk.
 *
 * @param store the folder that holds all runs.
 * @param run the run's name, which becomes a folder in it.
 * @returns the path of the folder that was written.
 */
export async function writeStore(
  store: string,
  run: string,
  judgement: Judgement,
  { args, now }: { args: readonly string[]; now: Date },
): Promise<string> {
  const time = await newFolder(
    `${store}/${run}`,
    now.toISOString().replaceAll(/[-:]/g, ""),
  );
  const folder = `${store}/${run}/${time}`;
  const { engine, options, test, results, history, logs } = judgement;
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
  await pointTo(`${store}/${run}/latest`, time);
  await pointTo(`${store}/latest`, `${run}/${time}`);
  return folder;
}

/** Two runs may end in the same millisecond: then one gets another name. */
async function newFolder(parent: string, name: string): Promise<string> {
  await Deno.mkdir(parent, { recursive: true });
  for (let attempt = 1;; attempt++) {
    const unique = attempt === 1 ? name : `${name}-${attempt}`;
    try {
      await Deno.mkdir(`${parent}/${unique}`);
      return unique;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
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
