/**
 * Judges what the command line asks for, shows the progress, and prints the
 * results. Workers do the judging, so that this thread can always be
 * interrupted.
 *
 * @module
 */
import type { Progress } from "../workbench/mod.ts";
import type { RunRecord } from "../report/record.ts";
import {
  comparison,
  labelOf,
  type Layout,
  layoutOf,
  summary,
  summaryOfSeeds,
  total,
  verdictOf,
} from "../report/terminal.ts";
import { Ended, untilEnded } from "./ending.ts";
import { bar, type Live, liveLines } from "./live.ts";
import { columns, complain, print, printJson } from "./output.ts";
import { roomFor } from "./jobs.ts";
import { quote } from "./shell.ts";
import type { Answer, Question } from "./worker.ts";
import { judgeSideBySide, JudgingWorker } from "./workers.ts";

/** One thing to judge, with one seed or several. Its options have none. */
export interface Job extends Omit<Question, "keep" | "logs"> {
  /** `undefined`: once without a seed. */
  seeds: readonly (number | undefined)[];
  /** The command that judges it once more with a seed. */
  replay(seed: number | undefined): string;
}

/** The manner of judging, for all jobs. */
export interface Manner {
  /** The folder that keeps the results. */
  store: string;
  /** True if each run that is kept gets a page. */
  page: boolean;
  /** True to print nothing but an array of all results. */
  json: boolean;
  /** True to show what nodes write to stderr. */
  logStderr: boolean;
  /** True if each two jobs are to be compared with each other. */
  compare: boolean;
  /**
   * The number of seeds that are judged side by side; `undefined`: as many as
   * there's room for.
   */
  jobs?: number | undefined;
}

/** Of many seeds that failed, how many are shown and kept. */
const maxFailuresShown = 3;

/**
 * Judges all jobs.
 *
 * @returns an exit code: 0 if all passed; 2 if all but unknown ones did; 1
 * otherwise; after a signal, the signal's.
 */
export async function judgeAll(
  jobs: readonly Job[],
  manner: Manner,
): Promise<number> {
  const records: RunRecord[] = [];
  let ended: Ended | undefined;
  try {
    using worker = new JudgingWorker();
    const layout = layoutOf(jobs, columns());
    await untilEnded((signal) =>
      judgeJobs(jobs, { ...manner, layout, worker, records, signal })
    );
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    ended = error;
  }
  if (manner.json) printJson(records);
  if (ended) {
    const count = jobs.reduce((sum, { seeds }) => sum + seeds.length, 0);
    complain(
      count === 1
        ? "Interrupted before there was a verdict."
        : `Interrupted: ${records.length} of ${count} runs were judged.`,
    );
    return ended.exitCode;
  }
  if (!manner.json && records.length > 1) print([total(records)]);
  return exitCodeOf(records);
}

/** 0, 1, 2 or 255, as Jepsen's. */
export function exitCodeOf(
  judged: readonly Parameters<typeof verdictOf>[0][],
): number {
  if (judged.some(({ crashed }) => crashed)) return 255;
  const failed = judged.filter(({ pass }) => !pass);
  if (failed.length === 0) return 0;
  return failed.every((each) => verdictOf(each)[1] === "unknown") ? 2 : 1;
}

/** The judge of jobs, its manner, and the place where the results go. */
export interface Judging extends Manner {
  layout: Layout;
  /** The worker that judges one job after the other. */
  worker: JudgingWorker;
  /** The records so far. */
  records: RunRecord[];
  /** Ends it early: {@linkcode judgeJobs} rejects. */
  signal: AbortSignal;
  /** Called when a job has been judged with all its seeds. */
  onJudged?(job: Job, records: readonly RunRecord[]): void;
}

interface Context extends Judging {
  live: Live;
  /** The jobs that come next, a line each. */
  waiting: readonly string[];
}

/** Judges one job after the other, and prints their lines. */
export async function judgeJobs(
  jobs: readonly Job[],
  judging: Judging,
): Promise<void> {
  const live = liveLines();
  try {
    await judgeEach(jobs, { ...judging, live });
  } finally {
    live.clear();
  }
}

async function judgeEach(
  jobs: readonly Job[],
  common: Omit<Context, "waiting">,
): Promise<void> {
  const { compare, json, layout, records, onJudged } = common;
  for (const [i, job] of jobs.entries()) {
    const waiting = jobs.slice(i + 1).map((each) =>
      `${title(each, layout)}  waiting`
    );
    const context: Context = { ...common, waiting };
    const { by, seeds } = job;
    const before = records.length;
    const isMany = seeds.length > 1 && !compare;
    if (isMany && by.engine === "sim") await judgeSeeds(job, context);
    else if (isMany && by.engine === "stdio") {
      await judgeOverPipes(job, context);
    } else {
      for (const seed of seeds) {
        await judgeOne(job, seed, context, (record) => records.push(record));
      }
      onJudged?.(job, records.slice(before));
    }
    if (compare && !json && i % 2 === 1) {
      const [ours, real] = records.slice(-2);
      if (ours && real) print(comparison(ours, real));
    }
  }
}

/** Returns the label of a job at the beginning of a line. */
function title({ id, options }: Job, layout: Layout): string {
  return labelOf(id, options.workload).padEnd(layout.label);
}

/** Makes the question to a worker for one seed of a job. */
function questionOf(
  { by, id, options, bin, args, limits, seeds }: Job,
  seed: number | undefined,
): Question {
  return {
    by,
    id,
    options: seed === undefined ? options : { ...options, seed },
    bin,
    args,
    limits,
    twice: seed === seeds[0], // the others would be no better
  };
}

/** Judges a job with one seed, prints its line, and keeps the run. */
async function judgeOne(
  job: Job,
  seed: number | undefined,
  context: Context,
  onRecord: (record: RunRecord) => void = () => {},
): Promise<void> {
  const { store, page, json, layout, live, compare, worker, signal } = context;
  const replay = job.replay(seed);
  const question: Question = {
    ...questionOf(job, seed),
    keep: { store, page, replay },
    logs: context.logStderr,
  };
  await worker.ask(question, {
    signal,
    onProgress: (progress) => showProgress(job, progress, context),
    onLog(node, text) {
      live.clear();
      complain(`${node}: ${text}`);
    },
    onNote(text) {
      live.clear();
      complain(text);
    },
    onAnswer(answer) {
      live.clear();
      onRecord(answer.record);
      if (json || compare && answer.record.pass) return;
      printAnswer(answer, replay, layout);
    },
  });
}

function printAnswer(
  { record, latencyBars: latencies, folder }: Answer,
  replay: string,
  layout: Layout,
): void {
  print(summary(record, {
    replay,
    folder: folder && quote(folder),
    layout,
    latencies,
  }));
}

const barWidth = 12;

function showProgress(
  job: Job,
  progress: Progress,
  { layout, live, waiting }: Context,
): void {
  live.show(() => [
    `${title(job, layout)}  ${progressLine(job, progress)}`,
    ...waiting,
  ]);
}

function progressLine(
  { options }: Job,
  { phase, seconds, ops }: Progress,
): string {
  const limitSeconds = options["time-limit"] ?? 60;
  return [
    phase.padEnd("recovery".length),
    bar(phase === "setup" ? 0 : seconds / limitSeconds, barWidth),
    `${seconds.toFixed(1)} of ${limitSeconds} s`.padStart(14),
    `${ops} ops`.padStart(9),
  ].join("  ");
}

/** Tells how many of a job's seeds are judged. */
function seedsLine(job: Job, layout: Layout, count: number): string {
  const { length } = job.seeds;
  return [
    title(job, layout),
    bar(count / length, barWidth),
    `${count} of ${length} seeds`,
  ].join("  ");
}

/**
 * Judges a job over pipes with all its seeds, several side by side. Each run
 * takes its time and goes its own way: so it has its line, in the order of the
 * seeds, and is kept.
 */
async function judgeOverPipes(job: Job, context: Context): Promise<void> {
  const { json, layout, live, signal, store, page, waiting } = context;
  const { seeds } = job;
  const jobs = context.jobs ?? roomFor(job);
  const judged: RunRecord[] = [];
  const answers = inOrder<Answer>(seeds.length, (answer, place) => {
    judged.push(answer.record);
    if (!json) printAnswer(answer, job.replay(seeds[place]), layout);
  });
  const running = new Map<number, string>();
  const say = (text: string) => {
    live.clear();
    complain(text);
  };
  const questions = seeds.map((seed): Question => ({
    ...questionOf(job, seed),
    keep: { store, page, replay: job.replay(seed) },
    logs: context.logStderr,
  }));
  try {
    await judgeSideBySide(questions, jobs, {
      signal,
      onNote: say,
      onLog: (node, text, place) =>
        say(`seed ${seeds[place]}, ${node}: ${text}`),
      onProgress(progress, place) {
        const seed = String(seeds[place]).padEnd(String(seeds.at(-1)).length);
        running.set(place, `seed ${seed}  ${progressLine(job, progress)}`);
        live.show(() => [
          seedsLine(job, layout, answers.count),
          ...[...running].sort(([a], [b]) => a - b).map(([, line]) => line),
          ...waiting,
        ]);
      },
      onAnswer(answer, place) {
        live.clear();
        running.delete(place);
        answers.add(answer, place);
      },
    });
  } finally {
    live.clear();
    answers.end();
    finish(job, judged, context);
  }
  const isTooBusy = judged.some(({ lateness }) => lateness?.["spoiled?"]);
  if (isTooBusy && jobs > 1) complain(tooManyJobs(jobs));
  context.onJudged?.(job, judged);
}

function tooManyJobs(jobs: number): string {
  return `This machine was too busy for ${jobs} runs side by side: --jobs ${
    jobs >> 1
  } makes it less so.`;
}

/** Hands on answers in the order of their places, as soon as it can. */
export function inOrder<T>(
  length: number,
  take: (answer: T, place: number) => void,
) {
  const came = new Map<number, T>();
  let next = 0;
  return {
    /** The number of those that have come. */
    get count(): number {
      return came.size;
    },
    add(answer: T, place: number): void {
      came.set(place, answer);
      while (came.has(next)) take(came.get(next)!, next++);
    },
    /** No more will come: hands on those that others were to precede. */
    end(): void {
      for (; next < length; next++) {
        if (came.has(next)) take(came.get(next)!, next);
      }
    },
  };
}

/**
 * Keeps and prints what came of all seeds, unless nobody wants to know any more.
 */
function finish(
  { seeds }: Job,
  judged: readonly RunRecord[],
  { json, layout, signal, records }: Context,
): void {
  if (signal.aborted && !(signal.reason instanceof Ended)) return;
  records.push(...judged);
  if (json || judged.length === 0) return;
  print(summaryOfSeeds(judged, layout, seeds.length));
}

/**
 * Judges a job under virtual time with all its seeds, on all cores; over pipes,
 * if it turns out that it uses something that isn't simulated.
 */
async function judgeSeeds(job: Job, context: Context): Promise<void> {
  const { signal } = context;
  const instead = "guest" in job.by ? job.by.instead : undefined;
  const leaving = new AbortController();
  try {
    await judgeAtOnce(job, {
      ...context,
      signal: AbortSignal.any([signal, leaving.signal]),
    }, () => instead && leaving.abort());
  } catch (error) {
    if (instead === undefined || !leaving.signal.aborted || signal.aborted) {
      throw error;
    }
    const by = { engine: "stdio", command: instead } as const;
    await judgeOverPipes({ ...job, by }, context);
  }
}

/** @param onNote called when a note has been printed, once: all say the same. */
async function judgeAtOnce(
  job: Job,
  context: Context,
  onNote: () => void,
): Promise<void> {
  const { json, layout, live, signal, waiting } = context;
  const { seeds } = job;
  const judged: RunRecord[] = [];
  let noted = false;
  const jobs = context.jobs ?? roomFor(job);
  try {
    await judgeSideBySide(seeds.map((seed) => questionOf(job, seed)), jobs, {
      signal,
      onNote(text) {
        if (noted) return;
        noted = true;
        live.clear();
        complain(text);
        onNote();
      },
      onAnswer({ record }) {
        judged.push(record);
        live.show(() => [
          seedsLine(job, layout, judged.length),
          ...waiting,
        ]);
      },
    });
  } finally {
    live.clear();
    // Each was done when it was: here they stand in order.
    judged.sort((a, b) => a.seed! - b.seed!);
    finish(job, judged, context);
  }
  context.onJudged?.(job, judged);
  if (json) return;
  const failed = judged.filter(({ pass }) => !pass);
  for (const { seed } of failed.slice(0, maxFailuresShown)) {
    await judgeOne(job, seed, context);
  }
}
