/**
 * Judges what the command line asked for, shows how it goes, says what came of
 * it, and keeps it.
 *
 * @module
 */
import {
  Crash,
  judgeOnMaelstrom,
  type Maelstrom,
  testOf,
} from "../maelstrom/mod.ts";
import type { App } from "../node.ts";
import { fillIn } from "../workbench/options.ts";
import {
  type Command,
  judge,
  type Options,
  type Progress,
} from "../workbench/mod.ts";
import {
  type Limit,
  type RunRecord,
  toRecord,
  type Verdict,
} from "../workbench/report/record.ts";
import {
  comparison,
  labelOf,
  latencyBars,
  type Layout,
  layoutOf,
  summary,
  summaryOfSeeds,
  total,
} from "../workbench/report/terminal.ts";
import type { Judged } from "../workbench/report/page/data.ts";
import { keeper } from "./keeping.ts";
import { untilEnded } from "./ending.ts";
import { columns, complain, print, printJson } from "./output.ts";
import { bar, type Live, liveLines } from "./live.ts";
import { judgeOnAllCores } from "./workers.ts";

/** One thing to judge, with one seed or several. */
export interface Job {
  /** The official run, or else the workload. */
  id: string;
  /** The options, but for the seed. */
  options: Options;
  /** `undefined`: once without a seed. */
  seeds: readonly (number | undefined)[];
  by: Judge;
  /** The program that is judged, as it was named; absent for our solutions. */
  bin?: string;
  /** What the node is called with. */
  args: readonly string[];
  limits?: readonly Limit[];
  /** The command that judges it once more with a seed. */
  replay(seed: number | undefined): string;
}

/** Who judges, and what. */
export type Judge =
  | {
    engine: "sim";
    app: App;
    /** The app's file in `challenges/`. */
    script: string;
  }
  | { engine: "stdio"; command: Command }
  | {
    engine: "maelstrom";
    command: Command;
    maelstrom: Maelstrom;
    /** Options that only Maelstrom knows: `--log-stderr`. */
    flags: readonly string[];
  };

/** How it's done, for all jobs. */
export interface Manner {
  /** The folder that keeps the results. */
  store: string;
  /** Whether each run that is kept gets a page. */
  page: boolean;
  /** Whether to print nothing but an array of all results. */
  json: boolean;
  /** Whether to show what nodes write to stderr. */
  logStderr: boolean;
  /** Whether each two jobs are to be compared with each other. */
  compare: boolean;
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
  const layout = layoutOf(jobs, columns());
  const live = liveLines();
  const records = await untilEnded((signal) =>
    judgeEach(jobs, {
      ...manner,
      layout,
      live,
      keep: keeper(manner),
      signal,
    })
  );
  if (manner.json) printJson(records);
  else if (records.length > 1) print([total(records)]);
  return exitCodeOf(records);
}

/** Judges one job after the other. */
async function judgeEach(
  jobs: readonly Job[],
  common: Omit<Context, "waiting">,
): Promise<RunRecord[]> {
  const { compare, json, layout } = common;
  const records: RunRecord[] = [];
  for (const [i, job] of jobs.entries()) {
    const waiting = jobs.slice(i + 1).map((each) =>
      `${title(each, layout)}  waiting`
    );
    const context: Context = { ...common, waiting };
    const { by, seeds } = job;
    if (seeds.length > 1 && by.engine === "sim" && !compare) {
      records.push(...await judgeAtOnce(job, by.script, context));
    } else {
      for (const seed of seeds) {
        records.push(await judgeOne(job, seed, context));
      }
    }
    if (compare && !json && i % 2 === 1) {
      const [ours, real] = records.slice(-2);
      print(comparison(ours, real));
    }
  }
  return records;
}

/** 0, 1, 2 or 255, as Jepsen's. */
export function exitCodeOf(
  judged: readonly {
    pass: boolean;
    crashed?: boolean;
    results: { "valid?": unknown };
  }[],
): number {
  if (judged.some(({ crashed }) => crashed)) return 255;
  const failed = judged.filter(({ pass }) => !pass);
  if (failed.length === 0) return 0;
  return failed.every(({ results }) => results["valid?"] === "unknown") ? 2 : 1;
}

interface Context extends Manner {
  layout: Layout;
  live: Live;
  keep: ReturnType<typeof keeper>;
  /** What comes next, a line each. */
  waiting: readonly string[];
  signal: AbortSignal;
}

/** What stands for a job at the beginning of a line. */
function title({ id, options }: Job, layout: Layout): string {
  return labelOf(id, options.workload).padEnd(layout.label);
}

/** Judges a job with one seed, prints its line, and keeps the run. */
async function judgeOne(
  job: Job,
  seed: number | undefined,
  context: Context,
): Promise<RunRecord> {
  const { id, bin, args, limits, options } = job;
  const { json, layout, live, keep, waiting, compare } = context;
  const { engine } = job.by;
  const test = engine === "maelstrom"
    ? testOf(options)
    : fillIn({ ...options, seed });
  const keeping = await keep(job, engine, test);
  const limitSeconds = options["time-limit"] ?? 60;
  const onProgress = (progress: Progress) => {
    const { phase, seconds, ops } = progress;
    live.show(() => [
      [
        title(job, layout),
        phase.padEnd("recovery".length),
        bar(phase === "setup" ? 0 : seconds / limitSeconds, barWidth),
        `${seconds.toFixed(1)} of ${limitSeconds} s`.padStart(14),
        `${ops} ops`.padStart(9),
      ].join("  "),
      ...waiting,
    ]);
    if (engine !== "sim") keeping.tell(progress);
  };
  const start = performance.now();
  const { folder } = keeping;
  const judged = await judgeBy(job, seed, folder, onProgress, context)
    .finally(() => {
      live.clear();
      return keeping.ended();
    });
  const wallMs = performance.now() - start;
  const record = toRecord(judged, { id, bin, args, limits, wallMs });
  const replay = job.replay(seed);
  // What took seconds to keep would have kept people waiting for the verdict.
  if (!json && !(compare && record.pass)) {
    const latencies = latencyBars(judged.history);
    print(summary(record, { replay, folder, layout, latencies }));
  }
  await keeping.write(record, judged, replay);
  return record;
}

const barWidth = 12;

/** Judges a job by whom it names; a crash of Maelstrom's is a verdict, too. */
async function judgeBy(
  { by, args, options }: Job,
  seed: number | undefined,
  folder: string | undefined,
  onProgress: (progress: Progress) => void,
  { logStderr, signal }: Context,
): Promise<Verdict & Judged> {
  const watching = {
    signal,
    onProgress,
    ...(logStderr && {
      onLog: (node: string, text: string) => complain(`${node}: ${text}`),
    }),
  };
  if (by.engine !== "maelstrom") {
    return await judge(
      by.engine === "sim" ? by.app : by.command,
      { ...options, seed },
      { args: [...args], ...watching },
    );
  }
  try {
    return await judgeOnMaelstrom(by.maelstrom, by.command, options, {
      // It writes in any case, though nobody may keep it.
      folder: folder ?? await Deno.makeTempDir(),
      flags: by.flags,
      env: Deno.env.toObject(),
      ...watching,
    });
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    const test = testOf(options);
    return {
      engine: by.engine,
      options: test.options,
      test,
      journal: [],
      startNs: 0,
      results: { "valid?": "unknown" },
      crashed: true,
      reason: error.message,
      history: [],
      logs: new Map(),
    };
  }
}

/** Judges a job with all its seeds, on all cores. */
async function judgeAtOnce(
  job: Job,
  script: string,
  context: Context,
): Promise<RunRecord[]> {
  const { id, bin, args, limits, options, seeds } = job;
  const { live, signal, waiting } = context;
  let done = 0;
  const answers = judgeOnAllCores(
    seeds.map((seed) => ({
      script,
      args: [...args],
      options: { ...options, seed },
    })),
    {
      signal,
      onAnswer() {
        done++;
        live.show(() => [
          [
            title(job, context.layout),
            bar(done / seeds.length, barWidth),
            `${done} of ${seeds.length} seeds`,
          ].join("  "),
          ...waiting,
        ]);
      },
    },
  );
  try {
    const records: RunRecord[] = [];
    for await (const { verdict, wallMs } of answers) {
      records.push(toRecord(verdict, { id, bin, args, limits, wallMs }));
    }
    live.clear();
    if (context.json) return records;
    print(summaryOfSeeds(records, context.layout));
    const failed = records.filter(({ pass }) => !pass);
    for (const { seed } of failed.slice(0, maxFailuresShown)) {
      await judgeOne(job, seed, context);
    }
    return records;
  } finally {
    live.clear();
  }
}
