/**
 * Shrinks a run that fails: as few nodes, clients, operations and faults as it
 * takes to fail in the same way. After Zeller and Hildebrandt: *Simplifying and
 * Isolating Failure-Inducing Input*, 2002.
 *
 * First the options become simpler, each time with a few seeds, as all else
 * changes with them. Then what happened in the run is spelt out, and of that more
 * and more is left out.
 *
 * @module
 */
import type { Judgement } from "../judge.ts";
import {
  isInvocation,
  type Schedule,
  type ScheduledOp,
  scheduleOf,
} from "../load/schedule.ts";
import { faultsIn, type ScheduledFault } from "../load/nemesis.ts";
import { BadOption, type Options, splitFaults } from "../options.ts";
import { type Case, failureIn, type Size } from "./case.ts";

/** A judge of cases: an app's, or whoever's. */
export type JudgeCase = (candidate: Case) => Promise<Judgement>;

/** The settings of {@linkcode shrink}. */
export interface ShrinkSettings {
  /** The most runs that it may take. */
  maxRuns?: number;
  /** Tells whether to end it early, with what it has. */
  isOver?(): boolean;
  /** Called after each run, with what is the smallest so far. */
  onProgress?(runs: number, smallest: Judged): void;
}

/** A case, and what came of it. */
export interface Judged {
  case: Case;
  judgement: Judgement;
}

/** A failure that has become small. */
export interface Shrunk extends Judged {
  /** The number of runs that it took. */
  runs: number;
  /** True if nothing was left to be tried. */
  isDone: boolean;
}

/** The runs that shrinking takes at most, if nothing else is said. */
export const defaultMaxRuns = 2000;

/** Shrinks a case that fails. */
export async function shrink(
  failed: Judged,
  judge: JudgeCase,
  settings: ShrinkSettings = {},
): Promise<Shrunk> {
  const shrinking = new Shrinking(failed, judge, settings);
  try {
    await shrinking.options();
    await shrinking.schedule();
  } catch (error) {
    if (error !== outOfRuns) throw error;
    return { ...shrinking.smallest, runs: shrinking.runs, isDone: false };
  }
  return { ...shrinking.smallest, runs: shrinking.runs, isDone: true };
}

/** Ends shrinking, from wherever it is. */
const outOfRuns = new Error("There are no more runs.");

/**
 * Seeds that are tried with options that have become simpler, and with what is
 * spelt out: not all is, and the order of the last reads may decide.
 */
const seedsTried = { options: 4, schedule: 10, small: 4, large: 16 };

/** A case with more operations is still large. */
export const smallOps = 10;

class Shrinking {
  smallest: Judged;
  runs = 0;
  #failure: string;
  #judge: JudgeCase;
  #settings: ShrinkSettings;
  #tried = new Set<string>();

  constructor(failed: Judged, judge: JudgeCase, settings: ShrinkSettings) {
    this.smallest = failed;
    this.#failure = failureIn(failed.judgement)!;
    this.#judge = judge;
    this.#settings = settings;
  }

  /** Makes the options simpler, one after the other, until none can be. */
  async options(): Promise<void> {
    for (;;) {
      const { case: { options }, judgement: { test } } = this.smallest;
      const spelt = {
        "node-count": test.nodes.length,
        "time-limit": test.options["time-limit"],
        ...options,
      };
      const isSimpler = await this.#firstOf(
        simpler(spelt),
        (candidate) =>
          this.#failsSomehow({ options: candidate }, seedsTried.options),
      );
      if (!isSimpler) return;
    }
  }

  /** Takes a case that fails with one of some seeds. */
  async #failsSomehow(
    { options, schedule }: Case,
    seeds: number,
  ): Promise<boolean> {
    const { seed = 1 } = options;
    // The same with other dice would never end.
    const withoutSeed = (each: Case) =>
      JSON.stringify({ ...each, options: { ...each.options, seed: 0 } });
    const isSame = withoutSeed({ options, ...schedule && { schedule } }) ===
      withoutSeed(this.smallest.case);
    for (let more = 0; more < (isSame ? 1 : seeds); more++) {
      const candidate: Case = {
        options: { ...options, seed: seed + more },
        ...schedule && { schedule },
      };
      if (await this.#fails(candidate)) return true;
    }
    return false;
  }

  /** Spells out what happened, and leaves out what can be. */
  async schedule(): Promise<void> {
    const { case: { options }, judgement } = this.smallest;
    const schedule = spellOut(judgement);
    if (!await this.#failsSomehow({ options, schedule }, seedsTried.schedule)) {
      return;
    }
    // First with the same dice; when they allow no more, with others.
    for (let seeds = 1; seeds <= this.#mostSeeds;) {
      seeds = await this.#isSmaller(seeds) ? 1 : seeds * 4;
    }
    const { case: { options: last, schedule: found } } = this.smallest;
    await this.#firstOf(
      found ? rounder(found) : [],
      (schedule) => this.#fails({ options: last, schedule }),
    );
  }

  /** Leaves out whatever can be; tells whether something could. */
  async #isSmaller(seeds: number): Promise<boolean> {
    const before = JSON.stringify(this.smallest.case);
    await this.#leaveOut("faults", seeds);
    await this.#leaveOut("ops", seeds);
    await this.#leaveOut("fates", seeds);
    while (
      await this.#firstOf(
        smaller(this.smallest),
        (each) => this.#failsSomehow(each, seeds),
      )
    );
    return JSON.stringify(this.smallest.case) !== before;
  }

  /** Leaves out parts of a list, ever smaller ones (Zeller's ddmin). */
  async #leaveOut(
    key: "faults" | "ops" | "fates",
    seeds: number,
  ): Promise<void> {
    for (let size = this.#list(key).length; size >= 1; size = size >> 1) {
      for (let end = this.#list(key).length; end > 0; end -= size) {
        const list = this.#list(key);
        const start = Math.max(0, end - size);
        const { options, schedule } = this.smallest.case;
        await this.#failsSomehow({
          options,
          schedule: { ...schedule!, [key]: list.toSpliced(start, end - start) },
        }, seeds);
      }
    }
  }

  get #mostSeeds(): number {
    const { small, large } = seedsTried;
    return this.#list("ops").length > smallOps ? large : small;
  }

  #list(key: "faults" | "ops" | "fates"): readonly unknown[] {
    return this.smallest.case.schedule?.[key] ?? [];
  }

  /** Tries candidates until one is taken. */
  async #firstOf<T>(
    candidates: Iterable<T>,
    take: (candidate: T) => Promise<boolean>,
  ): Promise<boolean> {
    for (const candidate of candidates) {
      if (await take(candidate)) return true;
    }
    return false;
  }

  /** Takes a case if it fails as the first one did. */
  async #fails(candidate: Case): Promise<boolean> {
    const { maxRuns = defaultMaxRuns, isOver, onProgress } = this.#settings;
    const text = JSON.stringify(candidate);
    if (this.#tried.has(text)) return false;
    if (this.runs >= maxRuns || isOver?.()) throw outOfRuns;
    this.#tried.add(text);
    this.runs++;
    const fails = await this.#judgeOne(candidate);
    onProgress?.(this.runs, this.smallest);
    return fails;
  }

  async #judgeOne(candidate: Case): Promise<boolean> {
    try {
      const judgement = await this.#judge(candidate);
      if (failureIn(judgement) !== this.#failure) return false;
      this.smallest = { case: candidate, judgement };
      return true;
    } catch (error) {
      if (this.#settings.isOver?.()) throw outOfRuns;
      if (error instanceof BadOption) return false; // there's no such run
      throw error;
    }
  }
}

/** The schedule by which a run goes as it went. */
function spellOut({ history, workLength, fates, test }: Judgement): Schedule {
  return scheduleOf(
    { history, workLength: workLength ?? history.length, fates: fates ?? [] },
    test.concurrency,
  );
}

/** The values of options that are as simple as they get, where leaving out isn't. */
const simplest: { [name in keyof Options]?: readonly (string | number)[] } = {
  "node-count": [1, 2, 3, 4, 5, 7, 10, 15],
  "time-limit": [1, 2, 3, 5, 8, 12],
  rate: [1, 2, 5, 10, 20, 50, 100, 200],
  "key-count": [1, 2],
  "max-txn-length": [1, 2],
};

/** The options that say how a run is, and don't make it any larger. */
const kept = ["workload", "seed", "consistency-models", "availability"];

/** Each of the simpler options, the simplest first. */
function* simpler(options: Options): Generator<Options> {
  for (const [name, value] of Object.entries(options)) {
    if (kept.includes(name)) continue;
    const { [name as keyof Options]: _, ...others } = options;
    const values = simplest[name as keyof Options];
    if (values === undefined) yield others as Options;
    if (name === "nemesis" || name === "lazyfs") {
      const faults = splitFaults(String(value));
      for (const fault of faults.length > 1 ? faults : []) {
        const rest = faults.filter((each) => each !== fault);
        yield { ...options, [name]: rest.join(",") };
      }
    }
    for (const each of values ?? []) {
      if (Number(each) < Number(value)) yield { ...options, [name]: each };
    }
  }
}

/** Options that mean nothing to a run whose schedule is given. */
const idle = [
  ...["nemesis", "nemesis-interval", "rate", "time-limit"],
  ...["p-loss", "p-duplicate", "p-reorder"],
];

/** Each of the cases that are smaller in another way than by a part of a list. */
function* smaller(
  { case: { options, schedule }, judgement }: Judged,
): Generator<Case> {
  if (schedule === undefined) return;
  const withoutIdle = Object.fromEntries(
    Object.entries(options).filter(([name]) => !idle.includes(name)),
  ) as unknown as Options;
  if (idle.some((name) => name in options)) {
    yield { options: withoutIdle, schedule };
  }
  for (const each of simpler(options)) {
    // Nodes and clients become fewer with those that are named.
    const isSame = (["node-count", "concurrency"] as const)
      .every((name) => each[name] === options[name]);
    if (isSame) {
      yield { options: each, schedule };
    }
  }
  const { nodes, concurrency } = judgement.test;
  yield* fewerNodes(nodes, options, schedule);
  yield* fewerClients(nodes.length, concurrency, options, schedule);
  for (const [i, fault] of schedule.faults.entries()) {
    for (const less of lesser(fault)) {
      yield {
        options,
        schedule: { ...schedule, faults: schedule.faults.with(i, less) },
      };
    }
  }
  for (const each of shorter(schedule)) yield { options, schedule: each };
}

/** Without one of the nodes: the last takes its name. */
function* fewerNodes(
  nodes: readonly string[],
  options: Options,
  schedule: Schedule,
): Generator<Case> {
  const count = options["node-count"];
  if (count === undefined || count < 2) return;
  const last = count - 1;
  for (let gone = last; gone >= 0; gone--) {
    const rename = (node: string) => node === nodes[last] ? nodes[gone]! : node;
    const stays = (node: string) => node !== nodes[gone];
    const place = (client: number) =>
      client % count === last ? gone : client % count;
    yield {
      options: { ...options, "node-count": last },
      schedule: {
        ops: schedule.ops.filter(({ client }) => client % count !== gone)
          .map((op): ScheduledOp => ({
            ...op,
            client: place(op.client) + Math.floor(op.client / count) * last,
          })),
        faults: schedule.faults
          .map((fault) => withNodes(fault, stays, rename)),
        ...schedule.fates && {
          fates: schedule.fates
            .filter(({ src, dest }) => stays(src) && stays(dest))
            .map((fate) => ({
              ...fate,
              src: rename(fate.src),
              dest: rename(fate.dest),
            })),
        },
      },
    };
  }
}

/** A fault that concerns but some of the nodes, under other names. */
function withNodes(
  fault: ScheduledFault,
  stays: (node: string) => boolean,
  rename: (node: string) => string = (node) => node,
): ScheduledFault {
  const left = (nodes: readonly string[]) => nodes.filter(stays).map(rename);
  const leftIn = <T>(each: { [node: string]: T }, change: (value: T) => T) =>
    Object.fromEntries(
      Object.entries(each).filter(([node]) => stays(node))
        .map(([node, value]) => [rename(node), change(value)]),
    );
  if ("cuts" in fault) return { ...fault, cuts: leftIn(fault.cuts, left) };
  return {
    ...fault,
    nodes: left(fault.nodes),
    ...fault.kind === "clock" &&
      { changes: leftIn(fault.changes, (same) => same) },
  } as ScheduledFault;
}

/** With one client for each node, or fewer. */
function* fewerClients(
  nodes: number,
  concurrency: number,
  options: Options,
  schedule: Schedule,
): Generator<Case> {
  for (const count of [...new Set([1, 2, nodes, concurrency - 1])]) {
    if (count >= concurrency || count < 1) continue;
    const used = Math.min(count, nodes);
    yield {
      options: { ...options, concurrency: String(count) },
      schedule: {
        ...schedule,
        ops: schedule.ops.map((op) => ({
          ...op,
          client: op.client % nodes < used
            ? op.client % nodes % count
            : op.client % count,
        })),
      },
    };
  }
}

/** Faults that strike fewer nodes, or for a shorter time. */
function* lesser(fault: ScheduledFault): Generator<ScheduledFault> {
  const struck = "cuts" in fault ? Object.keys(fault.cuts) : fault.nodes;
  for (const node of struck.length > 1 ? struck : []) {
    yield withNodes(fault, (each) => each !== node);
  }
  if ("cuts" in fault) {
    for (const [node, sources] of Object.entries(fault.cuts)) {
      for (const source of sources.length > 1 ? sources : []) {
        const rest = sources.filter((each) => each !== source);
        yield { ...fault, cuts: { ...fault.cuts, [node]: rest } };
      }
    }
  }
  const { fromMs, toMs } = fault;
  if (toMs === undefined) return;
  for (const part of [8, 2]) {
    const lastsMs = Math.round((toMs - fromMs) / part);
    if (lastsMs < 1 || lastsMs >= toMs - fromMs) continue;
    yield { ...fault, toMs: fromMs + lastsMs };
    yield { ...fault, fromMs: toMs - lastsMs };
  }
}

/** Schedules that take less time. */
function* shorter(schedule: Schedule): Generator<Schedule> {
  const times = timesOf(schedule);
  for (const [i, ms] of times.entries()) {
    const gapMs = Math.floor(ms - (times[i - 1] ?? 0));
    if (gapMs <= 100) continue;
    yield atTimes(schedule, (each) => each < ms ? each : each - gapMs + 100);
  }
}

/** Schedules whose times are easier to read. */
function* rounder(schedule: Schedule): Generator<Schedule> {
  for (const unit of [100, 10, 1]) {
    if (timesOf(schedule).every((ms) => ms % unit === 0)) return;
    // What begins earlier, and ends later, still meets what it met.
    yield atTimes(
      schedule,
      (ms) => Math.floor(ms / unit) * unit,
      (ms) => Math.ceil(ms / unit) * unit,
    );
  }
}

function timesOf({ ops, faults, fates = [] }: Schedule): number[] {
  return [
    ...ops.map(({ atMs }) => atMs),
    ...faults.flatMap(({ fromMs, toMs = fromMs }) => [fromMs, toMs]),
    ...fates.flatMap(({ sinceMs = 0 }) => [sinceMs]),
  ].sort((a, b) => a - b);
}

/** A schedule with other times. */
function atTimes(
  schedule: Schedule,
  change: (ms: number) => number,
  changeEnd = change,
): Schedule {
  return {
    ...schedule,
    ops: schedule.ops.map((op) => ({ ...op, atMs: change(op.atMs) })),
    faults: schedule.faults.map((fault) => ({
      ...fault,
      fromMs: change(fault.fromMs),
      ...fault.toMs !== undefined && { toMs: changeEnd(fault.toMs) },
    })),
    ...schedule.fates && {
      fates: schedule.fates.map((fate) => ({
        ...fate,
        ...fate.sinceMs !== undefined && { sinceMs: change(fate.sinceMs) },
      })),
    },
  };
}

/** Returns the size of what happened in a run: that of its schedule. */
export function sizeOf(
  { judgement }: Pick<Judged, "judgement">,
): Size {
  const { history, workLength, fates = [], test } = judgement;
  const work = history.slice(0, workLength);
  return {
    nodes: test.nodes.length,
    ops: work.filter(isInvocation).length,
    faults: faultsIn(work).length + fates.length,
  };
}
