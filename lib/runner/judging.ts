/**
 * Judges what the command line asked for, shows how it goes, says what came of
 * it, and keeps it.
 *
 * @module
 */
import { pooledMap } from "@std/async/pool";
import {
  judge,
  type Options,
  type Progress,
  type Subject,
} from "../workbench/mod.ts";
import {
  type Limit,
  type RunRecord,
  toRecord,
} from "../workbench/report/record.ts";
import { writeStore } from "../workbench/report/store.ts";
import {
  labelOf,
  type Paint,
  painter,
  summary,
  summaryOfSeeds,
  total,
} from "../workbench/report/terminal.ts";
import type { Answer, Question } from "./worker.ts";

/** One thing to judge, with one seed or several. */
export interface Job {
  /** The official run, or else the workload. */
  id: string;
  /** The options, but for the seed. */
  options: Options;
  seeds: readonly number[];
  subject: Subject;
  /** The file in `challenges/`, if the subject is an app of ours. */
  script?: string;
  /** What the node is called with. */
  args: readonly string[];
  limits?: readonly Limit[];
  /** The command that judges it once more with a seed. */
  replay(seed: number): string;
}

/** How it's done, for all jobs. */
export interface Manner {
  /** The folder that keeps the results. */
  store: string;
  /** Whether to print nothing but an array of all results. */
  json: boolean;
  /** Whether to show what nodes write to stderr. */
  logStderr: boolean;
}

/** Of many seeds that failed, how many are shown and kept. */
const maxFailuresShown = 3;

/**
 * Judges all jobs.
 *
 * @returns an exit code: 0 all passed; 2 all but what is unknown; 1 otherwise.
 */
export async function judgeAll(
  jobs: readonly Job[],
  manner: Manner,
): Promise<number> {
  const paint = painter(!Deno.noColor && Deno.stdout.isTerminal());
  const labelWidth = Math.max(
    ...jobs.map(({ id, options }) => labelOf(id, options.workload).length),
  );
  const ending = new AbortController();
  const end = () => ending.abort(new Error("interrupted"));
  for (const signal of endingSignals) Deno.addSignalListener(signal, end);
  try {
    const records: RunRecord[] = [];
    const context = { ...manner, paint, labelWidth, signal: ending.signal };
    for (const job of jobs) {
      if (job.seeds.length > 1 && job.script !== undefined) {
        records.push(...await judgeAtOnce(job, context));
      } else {
        for (const seed of job.seeds) {
          records.push(await judgeOne(job, seed, context));
        }
      }
    }
    if (manner.json) console.log(JSON.stringify(records, null, 1));
    else if (records.length > 1) console.log(total(records, paint));
    return exitCodeOf(records);
  } finally {
    for (const signal of endingSignals) Deno.removeSignalListener(signal, end);
  }
}

// Windows knows only one of them.
const endingSignals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM"];

/** 0, 1 or 2, as Jepsen's. */
export function exitCodeOf(
  judged: readonly { pass: boolean; results: { "valid?": unknown } }[],
): number {
  const failed = judged.filter(({ pass }) => !pass);
  if (failed.length === 0) return 0;
  return failed.every(({ results }) => results["valid?"] === "unknown") ? 2 : 1;
}

interface Context extends Manner {
  paint: Paint;
  labelWidth: number;
  signal: AbortSignal;
}

/** Judges a job with one seed, keeps the run, and prints its line. */
async function judgeOne(
  job: Job,
  seed: number,
  { store, json, logStderr, paint, labelWidth, signal }: Context,
): Promise<RunRecord> {
  const { id, args, limits, options } = job;
  const line = progressLine();
  const limitSeconds = options["time-limit"] ?? 60;
  const start = performance.now();
  const judgement = await judge(job.subject, { ...options, seed }, {
    args: [...args],
    signal,
    onProgress: ({ phase, seconds, ops }: Progress) =>
      line.show(() =>
        `${id}  ${phase.padEnd(8)}  ${
          seconds.toFixed(1).padStart(5)
        } s of ${limitSeconds} s  ${ops} ops`
      ),
    ...(logStderr && {
      onLog: (node, text) => console.error(`${node}: ${text}`),
    }),
  }).finally(line.clear);
  const wallMs = performance.now() - start;
  const record = toRecord(judgement, { id, args, limits, wallMs });
  const now = new Date();
  const folder = await writeStore(store, id, judgement, { args, now });
  if (!json) {
    const replay = job.replay(seed);
    console.log(summary(record, { paint, replay, folder, labelWidth }));
  }
  return record;
}

/** Judges a job with all its seeds, on all cores. */
async function judgeAtOnce(job: Job, context: Context): Promise<RunRecord[]> {
  const { id, args, limits, options, seeds } = job;
  const script = job.script!;
  const line = progressLine();
  const idle = Array.from(
    { length: Math.min(navigator.hardwareConcurrency, seeds.length) },
    () =>
      new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  );
  const workers = [...idle];
  let done = 0;
  try {
    const records: RunRecord[] = [];
    const outcomes = pooledMap(workers.length, seeds, async (seed) => {
      context.signal.throwIfAborted();
      const worker = idle.pop()!;
      const answer = await ask(worker, {
        script,
        args: [...args],
        options: { ...options, seed },
      });
      idle.push(worker);
      done++;
      line.show(() => `${id}  ${done} of ${seeds.length} seeds`);
      return answer;
    });
    for await (const { verdict, wallMs } of outcomes) {
      records.push(toRecord(verdict, { id, args, limits, wallMs }));
    }
    line.clear();
    if (context.json) return records;
    const { paint, labelWidth } = context;
    console.log(summaryOfSeeds(records, { paint, labelWidth }));
    const failed = records.filter(({ pass }) => !pass);
    for (const { seed } of failed.slice(0, maxFailuresShown)) {
      await judgeOne(job, seed, context);
    }
    return records;
  } finally {
    line.clear();
    for (const worker of workers) worker.terminate();
  }
}

function ask(worker: Worker, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`A worker failed: ${event.message}`));
    };
    worker.postMessage(question);
  });
}

const progressIntervalMs = 100;

/** A line on stderr that shows how far it has come, at a terminal. */
function progressLine() {
  const shown = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  const write = (text: string) =>
    Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}`));
  let nextMs = performance.now() + progressIntervalMs;
  let dirty = false;
  return {
    show(text: () => string) {
      const now = performance.now();
      if (!shown || now < nextMs) return;
      nextMs = now + progressIntervalMs;
      dirty = true;
      write(`  ${text()}`);
    },
    clear() {
      if (dirty) write("");
      dirty = false;
    },
  };
}
