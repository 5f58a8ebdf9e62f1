/**
 * A store for tests: runs that were judged, and folders that look like runs.
 */
import { runs } from "../../challenges/runs.ts";
import { judge } from "../../lib/workbench/mod.ts";
import type { PageCode } from "../../lib/report/page/bundle.ts";
import { pageData } from "../../lib/report/page/data.ts";
import { page } from "../../lib/report/page/page.ts";
import { toRecord } from "../../lib/report/record.ts";
import { newRunFolder, writeRun, writeStart } from "../../lib/report/store.ts";

/**
 * Judges an official run and keeps it, page and all.
 *
 * @returns its path in the store.
 */
export async function keep(
  store: string,
  id: string,
  { args = [], seed = 1, when = new Date(), code }: {
    args?: string[];
    seed?: number;
    when?: Date;
    /** The code that the page runs; nothing if no browser opens it. */
    code?: PageCode;
  } = {},
): Promise<string> {
  const { app, workload, options, limits } = runs.find((run) => run.id === id)!;
  const judgement = await judge(app, { workload, ...options, seed }, { args });
  const record = toRecord(judgement, { id, args, limits, wallMs: 1234 });
  const data = pageData(record, judgement, { replay: `again ${id}`, when });
  const folder = await newRunFolder(store, id, when);
  await writeStart(folder, id, "sim", judgement.test, { args });
  await writeRun(folder, record, judgement);
  await Deno.writeTextFile(
    `${folder}/index.html`,
    await page(data, code ?? { script: "0;", style: "p {}" }),
  );
  return folder.slice(store.length + 1);
}

/** Writes the files of a run: text as it is, and all else as JSON. */
export async function keepFiles(
  store: string,
  path: string,
  files: { [name: string]: unknown },
): Promise<void> {
  const folder = `${store}/${path}`;
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await write(folder, name, content);
  }
}

async function write(folder: string, name: string, content: unknown) {
  await Deno.writeTextFile(
    `${folder}/${name}`,
    typeof content === "string" ? content : JSON.stringify(content),
  );
}

/** Makes a run look as if nothing had been written to it for so long. */
export async function age(
  store: string,
  path: string,
  seconds: number,
): Promise<void> {
  const folder = `${store}/${path}`;
  const then = Date.now() / 1000 - seconds;
  for (const { name } of Deno.readDirSync(folder)) {
    await Deno.utime(`${folder}/${name}`, then, then);
  }
  await Deno.utime(folder, then, then);
}
