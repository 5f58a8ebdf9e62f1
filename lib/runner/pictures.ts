/**
 * The README's pictures: drawn by code, from judged runs, and so the same each
 * time.
 *
 * @module
 */
import { print } from "./output.ts";
import { transactions } from "./pictures/anomalies.ts";
import { gCounter } from "./pictures/g_counter.ts";
import { judgeOnce, type JudgeRun } from "./pictures/judged.ts";
import { kafka } from "./pictures/kafka.ts";
import { largeClusters } from "./pictures/large_clusters.ts";
import { partition } from "./pictures/partition.ts";
import { survival } from "./pictures/survival.ts";
import { strategies } from "./pictures/strategies.ts";
import { type Drawing, fileOf } from "./pictures/svg.ts";
import { tradeOff } from "./pictures/trade_off.ts";
import { tree } from "./pictures/tree.ts";
import { uniqueIds } from "./pictures/unique_ids.ts";
import { workbench } from "./pictures/workbench.ts";

/** The pictures by the names of their files, without the ending. */
const drawings: {
  readonly [name: string]: (judged: JudgeRun) => Drawing | Promise<Drawing>;
} = {
  "workbench": workbench,
  "unique-ids": uniqueIds,
  "broadcast-strategies": strategies,
  "broadcast-partition": partition,
  "broadcast-trade-off": tradeOff,
  "g-counter": gCounter,
  "kafka": kafka,
  "transactions": transactions,
  "survival": survival,
  "tree": tree,
  "large-clusters": largeClusters,
};

/** The folder of the pictures. */
const picturesFolder = `${import.meta.dirname}/../../challenges/pictures`;

/** Draws all pictures: what is to be in the files, by their names. */
export async function draw(
  judged: JudgeRun = judgeOnce(),
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, drawing] of Object.entries(drawings)) {
    files.set(`${name}.svg`, fileOf(await drawing(judged)));
  }
  return files;
}

/**
 * Writes files where they differ, or only says which do.
 *
 * @returns an exit code: 1 if a file was to be checked and differs.
 */
export async function keep(
  files: ReadonlyMap<string, string>,
  { check, folder = picturesFolder }: { check: boolean; folder?: string },
): Promise<number> {
  if (!check) await Deno.mkdir(folder, { recursive: true });
  let differing = 0;
  for (const [name, text] of files) {
    const path = `${folder}/${name}`;
    const isSame = await Deno.readTextFile(path).catch(() => "") === text;
    if (!isSame) {
      differing++;
      if (!check) await Deno.writeTextFile(path, text);
    }
    const state = isSame ? "up to date" : check ? "out of date" : "written";
    print(`${name.padEnd(24)} ${state}`);
  }
  return check && differing > 0 ? 1 : 0;
}
