/**
 * Judges what the command line asks for, shows the progress, and prints the
 * results. Workers do the judging, so that this thread can always be
 * interrupted.
 *
 * @module
 */
import type { Progress } from "../workbench/mod.ts";
import type { RunRecord } from "../report/record.ts";
import { seedAt } from "../report/seeds.ts";
import {
  divergenceNote,
  labelOf,
  type Layout,
  layoutOf,
  type Line,
} from "../report/terminal.ts";
import { Ended, untilEnded } from "./ending.ts";
import { InOrder } from "./in_order.ts";
import { bar, type Live, liveLines } from "./live.ts";
import { columns, complain } from "./output.ts";
import { judgedOverPipes } from "./program.ts";
import { type Outcome, Printer } from "./printer.ts";
import { roomFor } from "./jobs.ts";
import { isSummedUp, type Job } from "./job.ts";
import { commandOf } from "./replay.ts";
import { jobsOfShard, type Shard, shardText } from "./shards.ts";
import { ShardWriter } from "./shard_file.ts";
import type { Answer, Question } from "./worker.ts";
import { judgeSideBySide, type JudgingWorker } from "./workers.ts";

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
  /** The part of all runs to judge; absent: all of them. */
  shard?: Shard | undefined;
}

/**
 * Judges all jobs, or a part of them, whose results become a file in the store.
 *
 * @param worker judges one job after the other, unless many are judged side by side.
 * @returns an exit code: 0 if all passed; 2 if all but unknown ones did; 1
 * otherwise; after a signal, the signal's.
 */
export async function judgeAll(
  all: readonly Job[],
  manner: Manner,
  worker: JudgingWorker,
): Promise<number> {
  const { shard, store } = manner;
  const jobs = shard ? jobsOfShard(all, shard) : all;
  using results = shard && new ShardWriter(store, shard, all);
  if (shard && runsIn(jobs) === 0) complain(tellEmpty(shard, all));
  const layout = layoutOf(jobs, columns());
  const live = liveLines();
  const printer = new Printer({ ...manner, layout, live });
  const room = new Room();
  let ended: Ended | undefined;
  try {
    await untilEnded((signal) =>
      judgeJobs(jobs, {
        ...manner,
        ...{ layout, live, worker, printer, room, signal },
        onOutcome: (job, place, outcome) =>
          results?.add(jobs.indexOf(job), place, outcome),
      })
    );
  } catch (error) {
    if (!(error instanceof Ended)) {
      printer.fail();
      throw error;
    }
    ended = error;
  }
  await printer.end();
  if (room.lacking > 0) complain(tellLacking(room, manner));
  const { judged, exitCode } = printer.counts;
  if (ended) {
    complain(tellInterrupted(judged, runsIn(jobs)));
    return ended.exitCode;
  }
  printer.total();
  return exitCode;
}

/**
 * Tells how far it came. A single run may have its verdict, and still be compared
 * with another, or be written.
 */
export function tellInterrupted(judged: number, count: number): string {
  return count > 1
    ? `Interrupted: ${judged} of ${count} runs were judged.`
    : judged === 0
    ? "Interrupted before there was a verdict."
    : "Interrupted after the verdict.";
}

function runsIn(jobs: readonly Job[]): number {
  return jobs.reduce((sum, { seeds }) => sum + seeds.length, 0);
}

function tellEmpty(shard: Shard, all: readonly Job[]): string {
  return `Part ${
    shardText(shard)
  } has nothing to judge, which is valid: there are fewer runs, ${
    runsIn(all)
  }, than parts.`;
}

/** Of many seeds, how many that fail are kept at most. */
const maxFailuresKept = 100;

/** The room for failing runs in the store. */
export class Room {
  #left = maxFailuresKept;
  /** The number of failing runs for which there was no room. */
  lacking = 0;

  /** Reserves a place for a run, if there is one. */
  reserve(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** The place that was reserved wasn't needed. */
  giveBack(): void {
    this.#left++;
  }
}

function tellLacking({ lacking }: Room, { store }: Manner): string {
  return `Of the runs that failed, ${maxFailuresKept} are kept in ${store}, and ${lacking} more aren't: with its --seed, each is judged once more, and kept.`;
}

/** The judge of jobs, its manner, and the place where the results go. */
export interface Judging extends Manner {
  layout: Layout;
  live: Live;
  /** The worker that judges one job after the other. */
  worker: JudgingWorker;
  printer: Printer;
  room: Room;
  /** Ends it early: {@linkcode judgeJobs} rejects. */
  signal: AbortSignal;
  /** Called with each run that was judged, in the order of the seeds. */
  onOutcome?(job: Job, place: number, outcome: Outcome): void;
  /** Called when a job has been judged with all its seeds. */
  onJudged?(job: Job): void;
}

interface Context extends Judging {
  /** The jobs that come next, a line each. */
  waiting: readonly string[];
}

/** Judges one job after the other, and prints their lines. */
export async function judgeJobs(
  jobs: readonly Job[],
  judging: Judging,
): Promise<void> {
  try {
    await judgeEach(jobs, judging);
  } finally {
    judging.live.clear();
  }
}

async function judgeEach(
  jobs: readonly Job[],
  judging: Judging,
): Promise<void> {
  const { compare, layout, printer, onJudged } = judging;
  const last: RunRecord[] = [];
  for (const [i, job] of jobs.entries()) {
    const waiting = jobs.slice(i + 1).map((each) =>
      `${title(each, layout)}  waiting`
    );
    const context: Context = {
      ...judging,
      waiting,
      onOutcome(job, place, outcome) {
        last[i] = outcome.record;
        judging.onOutcome?.(job, place, outcome);
      },
    };
    if (isOfMany(job, context)) await judgeSeeds(job, context);
    else {
      for (let place = 0; place < job.seeds.length; place++) {
        await judgeOne(job, place, context);
      }
    }
    onJudged?.(job);
    const [ours, real] = [last[i - 1], last[i]];
    if (compare && i % 2 === 1 && ours && real) printer.compare(ours, real);
  }
}

/** Tells whether many seeds are judged side by side, and summed up. */
function isOfMany(job: Job, { compare }: Context): boolean {
  return isSummedUp(job) && !compare;
}

/** Returns the label of a job at the beginning of a line. */
function title({ id, options }: Job, layout: Layout): string {
  return labelOf(id, options.workload).padEnd(layout.label);
}

/** Makes the question to a worker for one seed of a job. */
function questionOf(
  { by, id, options, schedule, bin, args, limits, seeds, whole = seeds }: Job,
  seed: number | undefined,
): Question {
  return {
    by,
    id,
    options: seed === undefined ? options : { ...options, seed },
    ...schedule && { schedule },
    bin,
    args,
    limits,
    // The others would be no better.
    ...seed === whole.first && { twice: "before" as const },
  };
}

/** Judges a job with one seed, prints its line, and keeps the run. */
async function judgeOne(
  job: Job,
  place: number,
  context: Context,
): Promise<void> {
  const { store, page, live, worker, signal, printer } = context;
  const seed = seedAt(job.seeds, place);
  const replay = commandOf(job.replay, { store, seed });
  const asked = questionOf(job, seed);
  // People needn't wait for it. What is read by programs, or compared, is whole.
  const isForPeople = !context.json && !context.shard && !context.compare;
  const question: Question = {
    ...asked,
    ...asked.twice && isForPeople && { twice: "after" },
    keep: { store, page, replay },
    logs: context.logStderr,
  };
  const note = noter(context);
  let answeredMs = 0;
  await worker.ask(question, {
    signal,
    onProgress: (progress) => showProgress(job, progress, context),
    onLog: (node, text) => note(logOf(node, text)),
    onNote: note,
    onAnswer(answer) {
      live.clear();
      answeredMs = performance.now();
      take(job, place, answer, context);
    },
    onComparing({ seconds }) {
      if (performance.now() < answeredMs + quietMs) return;
      live.show(() => [
        `${
          title(job, context.layout)
        }  once more, to see whether it goes the same way: ${
          seconds.toFixed(1)
        } s`,
        ...context.waiting,
      ]);
    },
    onDivergence: (divergence) =>
      printer.addNote(divergenceNote({ seed, divergence })!),
  });
}

/** For so long, nobody hears that a run with a verdict is compared with another. */
const quietMs = 1000;

/** Takes a run that was judged, in the order of the seeds. */
function take(
  job: Job,
  place: number,
  answer: Answer,
  context: Context,
): void {
  const { store, printer, onOutcome } = context;
  const seed = seedAt(job.seeds, place);
  const outcome = { ...answer, replay: commandOf(job.replay, { store, seed }) };
  onOutcome?.(job, place, outcome);
  printer.add(outcome, { isOfMany: isOfMany(job, context) });
}

/** Makes what tells people something beside the verdicts. */
function noter({ live }: Context): (text: string | readonly Line[]) => void {
  return (text) => {
    live.clear();
    complain(text);
  };
}

/** A line of a node's log, which stays one: it may be searched, or copied. */
function logOf(whose: string, text: string): Line[] {
  return [[[`${whose}: ${text}`]]];
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
 * Judges a job with all its seeds, several side by side, and sums it up. What
 * turns out to use something that isn't simulated goes on over pipes.
 */
async function judgeSeeds(job: Job, context: Context): Promise<void> {
  const { printer, signal, live } = context;
  const answers = new InOrder<Answer>((answer, place) =>
    take(job, place, answer, context)
  );
  try {
    const onPipes = job.by.engine === "sim"
      ? await judgeSimulated(job, answers, context)
      : job;
    if (onPipes) await judgeOverPipes(onPipes, answers, context);
  } finally {
    live.clear();
    answers.end();
    // Unless nobody wants to know any more.
    const isWanted = !signal.aborted || signal.reason instanceof Ended;
    if (isWanted) printer.endSeeds(job, job.seeds.length);
    else printer.forgetSeeds();
  }
}

/**
 * Judges a job under virtual time, on all cores. Runs that fail are kept, as far
 * as there's room.
 *
 * @returns the job over pipes, if it has to go on so.
 */
async function judgeSimulated(
  job: Job,
  answers: InOrder<Answer>,
  context: Context,
): Promise<Job | undefined> {
  const { layout, live, signal, waiting, room, store, page } = context;
  const { seeds } = job;
  const instead = "guest" in job.by ? job.by.instead : undefined;
  const leaving = new AbortController();
  const note = noter(context);
  function* questions(): Generator<Question> {
    for (let place = 0; place < seeds.length; place++) {
      const seed = seedAt(seeds, place);
      yield {
        ...questionOf(job, seed),
        ...room.reserve() && {
          keep: {
            ...{ store, page, ifFailing: true },
            replay: commandOf(job.replay, { store, seed }),
          },
          logs: context.logStderr,
        },
      };
    }
  }
  let told = false;
  try {
    await judgeSideBySide(questions(), context.jobs ?? roomFor(job), {
      signal: AbortSignal.any([signal, leaving.signal]),
      onNote: note,
      onNotSimulated(why) {
        if (!told) note(judgedOverPipes(why));
        told = true;
        if (instead) leaving.abort();
      },
      onLog: (node, text, place) =>
        note(logOf(`seed ${seedAt(seeds, place)}, ${node}`, text)),
      onAnswer(answer, place, { keep }) {
        if (!keep && !answer.record.pass) room.lacking++;
        if (keep && !answer.folder) room.giveBack();
        answers.add(answer, place);
        live.show(() => [seedsLine(job, layout, answers.count), ...waiting]);
      },
    });
  } catch (error) {
    if (instead === undefined || !leaving.signal.aborted || signal.aborted) {
      throw error;
    }
    answers.forgetEarly();
    return { ...job, by: { engine: "stdio", command: instead } };
  }
}

/**
 * Judges a job over pipes, from the first seed that hasn't an answer. Each run
 * takes its time and goes its own way: so it has its line, in the order of the
 * seeds, and is kept.
 */
async function judgeOverPipes(
  job: Job,
  answers: InOrder<Answer>,
  context: Context,
): Promise<void> {
  const { layout, live, signal, store, page, waiting } = context;
  const { seeds } = job;
  const first = answers.next;
  const seedOf = (place: number) => seedAt(seeds, first + place);
  const jobs = context.jobs ?? roomFor(job);
  const running = new Map<number, string>();
  const note = noter(context);
  function* questions(): Generator<Question> {
    for (let place = first; place < seeds.length; place++) {
      const seed = seedAt(seeds, place);
      yield {
        ...questionOf(job, seed),
        keep: { store, page, replay: commandOf(job.replay, { store, seed }) },
        logs: context.logStderr,
      };
    }
  }
  let isTooBusy = false;
  await judgeSideBySide(questions(), jobs, {
    signal,
    onNote: note,
    onLog: (node, text, place) =>
      note(logOf(`seed ${seedOf(place)}, ${node}`, text)),
    onProgress(progress, place) {
      const width = String(seedAt(seeds, seeds.length - 1)).length;
      const seed = String(seedOf(place)).padEnd(width);
      running.set(place, `seed ${seed}  ${progressLine(job, progress)}`);
      live.show(() => [
        seedsLine(job, layout, answers.count),
        ...[...running].sort(([a], [b]) => a - b).map(([, line]) => line),
        ...waiting,
      ]);
    },
    onAnswer(answer, place) {
      running.delete(place);
      isTooBusy ||= answer.record.lateness?.["spoiled?"] === true;
      answers.add(answer, first + place);
    },
  });
  if (isTooBusy && jobs > 1) note(tooManyJobs(jobs));
}

function tooManyJobs(jobs: number): string {
  return `This machine was too busy for ${jobs} runs side by side: --jobs ${
    jobs >> 1
  } makes it less so.`;
}
