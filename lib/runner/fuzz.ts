/**
 * Looks for runs that fail, on all cores: with options that are drawn from the seed,
 * until time is up. What fails is made small, and told.
 *
 * @module
 */
import { runOf, runs } from "../../challenges/runs.ts";
import { plural } from "../report/terminal.ts";
import type { Options } from "../workbench/mod.ts";
import { BadOption } from "../workbench/mod.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { smallOps } from "../workbench/search/shrink.ts";
import { type Case, faultsOf, type Size } from "../workbench/search/case.ts";
import type { Bounds } from "../workbench/search/draw.ts";
import { drawnFor } from "../workbench/search/explore.ts";
import {
  addCase,
  argsOf,
  caseFileOf,
  casesIn,
  type Judged,
  readCase,
} from "./cases.ts";
import { isScript, isSource } from "./build.ts";
import type { CommandLine } from "./command_line.ts";
import { Ended, untilEnded } from "./ending.ts";
import { roomFor } from "./jobs.ts";
import {
  type Explained,
  explains,
  type Extent,
  jsonOf,
  linesOf,
  sizeText,
  summaryOfSearch,
  type ToldFailure,
} from "./failing.ts";
import { isSimulable, takesPermissions } from "./guest.ts";
import { writeFuzzShard } from "./fuzz_shard_file.ts";
import type { Job } from "./job.ts";
import { bar, type Live, liveLines } from "./live.ts";
import { columns, complain, print, printJson } from "./output.ts";
import type { Answer, Question } from "./worker.ts";
import { judgeSideBySide } from "./workers.ts";
import { shardOf } from "./shards.ts";

/** The longest time for which one failure is made small. */
const maxShrinkMs = 20_000;

/** The most runs with the same failure that are made small. */
const maxTries = 3;

/** The most failures that are told apart, besides those that were known. */
const maxFailures = 20;

/** A run whose options are drawn. */
interface Target {
  job: Job;
  bounds: Bounds;
}

/** A failure, and how often it was found. */
interface Failing extends Explained {
  target: Target;
  answer: Answer;
  /** The run that found it, from 1 on; `undefined` if it was known before. */
  foundIn: number | undefined;
  count: number;
  /** The number of runs that were made small, for the smallest of them. */
  tries: number;
  /** The file that holds it. */
  path?: string;
  /** The owner of the case in it, if that was known before. */
  held?: Judged;
}

/** Says what makes a job one in virtual time. */
function adviceFor(bin: string | undefined, { engine }: CommandLine): string {
  if (bin === undefined || engine === "stdio" && isSimulable(bin)) {
    return "leave --engine out";
  }
  if (takesPermissions(bin)) {
    return "leave the permissions out of its first line";
  }
  if (isScript(bin)) {
    return isSource(bin)
      ? "leave out what isn't simulated, or try --seeds"
      : "after chmod -x the workbench runs it, and not its first line";
  }
  return "build it for WASI (see the README), or try --seeds";
}

/**
 * Looks for failures.
 *
 * @returns an exit code: 0 if there are none, otherwise 1; after a signal, the
 * signal's.
 */
export async function fuzz(
  jobs: readonly Job[],
  line: CommandLine,
): Promise<number> {
  for (const { by, bin, id } of jobs) {
    if (by.engine === "sim") continue;
    throw new BadOption(
      `fuzz needs virtual time, and ${bin ?? id} can only be run over pipes: ${
        adviceFor(bin, line)
      }.`,
    );
  }
  const search = new Search(
    jobs.map((job) => ({ job, bounds: boundsOf(job, line) })),
    line,
  );
  await search.readCorpus();
  let ended: Ended | undefined;
  try {
    await untilEnded((signal) => search.run(signal));
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    ended = error;
  }
  await search.tell();
  return ended?.exitCode ?? (search.failing.length > 0 ? 1 : 0);
}

/** Returns what is drawn for a run: less than the official one, but for faults. */
function boundsOf(
  { id, options }: Job,
  { given, seeds }: CommandLine,
): Bounds {
  const official = runs.find((run) => run.id === id)?.options;
  const { nemesis = official ? official.nemesis : "partition" } = given;
  const asked = ["availability", "consistency-models"] as const;
  return {
    given: {
      workload: options.workload,
      ...Object.fromEntries(
        asked.filter((name) => options[name] !== undefined)
          .map((name) => [name, options[name]]),
      ),
      ...given,
      ...nemesis !== undefined && { nemesis: String(nemesis) },
      seed: seeds.first ?? 1,
    },
    ...official && { most: official as Partial<Options> },
  };
}

type Ask =
  | { kind: "corpus"; target: Target; path: string; held: Judged }
  | { kind: "run"; target: Target; number: number }
  | { kind: "shrink"; failing: Failing };

class Search {
  readonly failing: Failing[] = [];
  #targets: readonly Target[];
  #line: CommandLine;
  #asked = new Map<Question, Ask>();
  /** Questions that come before new runs. */
  #first: { question: Question; ask: Ask }[] = [];
  #drawn = 0;
  #judged = 0;
  #faults = 0;
  /** Those of the corpus's runs. */
  #knownFaults = 0;
  #fixed: string[] = [];
  #corpusSize = 0;
  #startMs = performance.now();
  #shrinking = new Map<number, { runs: number; size: Size }>();
  #live: Live = liveLines();

  constructor(targets: readonly Target[], line: CommandLine) {
    this.#targets = targets;
    this.#line = line;
  }

  /** Reads what failed before: it's tried first. */
  async readCorpus(): Promise<void> {
    const { corpus } = this.#line;
    if (corpus === undefined) return;
    for (const path of await casesIn(corpus)) {
      const file = await readCase(path);
      const { workload } = file.options;
      const script = runOf(file.id, workload)?.script;
      // A program's cases are none of our solutions'.
      const targets = this.#targets.filter(({ job: { bin } }) =>
        bin !== undefined || file.bin === undefined
      );
      const found = targets.find(({ job }) => job.id === file.id) ??
        targets.find(({ job: { id, bin, options } }) =>
          options.workload === workload &&
          (bin !== undefined || runOf(id, workload)?.script === script)
        );
      if (found === undefined) continue;
      this.#corpusSize++;
      const { options, schedule } = file;
      const { bin, args: given } = found.job;
      const args = bin === undefined && file.args || argsOf(file, bin, given);
      const target = { ...found, job: withArgs(found.job, args) };
      this.#first.push({
        question: this.#question(target, {
          options,
          ...schedule && { schedule },
        }),
        ask: { kind: "corpus", target, path, held: file },
      });
    }
  }

  /** Judges until time is up, and makes small what failed. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#judge(() => this.#questions(), signal);
      // What failed last is still to be made small.
      await this.#judge(() => this.#waiting(), signal);
    } finally {
      this.#live.clear();
    }
  }

  async #judge(
    questions: () => Iterable<Question>,
    signal: AbortSignal,
  ): Promise<void> {
    const [{ job }] = this.#targets as [Target];
    const note = (text: string) => {
      this.#live.clear();
      complain(text);
    };
    await judgeSideBySide(questions(), this.#line.jobs ?? roomFor(job), {
      signal,
      onNote: note,
      onNotSimulated(why) {
        throw new BadOption(
          `fuzz needs virtual time, and ${why}: leave that out, or try --seeds.`,
        );
      },
      onShrinking: (runs, size, place) => {
        this.#shrinking.set(place, { runs, size });
        this.#show();
      },
      onAnswer: (answer, place, question) => {
        this.#shrinking.delete(place);
        const ask = this.#asked.get(question)!; // it was asked
        this.#asked.delete(question);
        this.#take(answer, ask);
        this.#show();
      },
    });
  }

  *#questions(): Generator<Question> {
    const { shard } = this.#line;
    while (!this.#isOver()) {
      yield* this.#waiting();
      if (this.#isOver()) return;
      const number = ++this.#drawn;
      if (shard && shardOf(number - 1, shard.count) !== shard.index) continue;
      const target = this.#targets[(number - 1) % this.#targets.length]!;
      const place = Math.floor((number - 1) / this.#targets.length);
      const options = drawnFor(target.bounds, place);
      const question = this.#question(target, { options });
      this.#asked.set(question, { kind: "run", target, number });
      yield question;
    }
  }

  *#waiting(): Generator<Question> {
    for (let next = this.#first.shift(); next; next = this.#first.shift()) {
      this.#asked.set(next.question, next.ask);
      yield next.question;
    }
  }

  #isOver(): boolean {
    const { forMs, maxRuns, bail } = this.#line;
    const found = this.failing.filter(({ foundIn }) => foundIn !== undefined);
    return bail && this.failing.length > 0 ||
      found.length >= maxFailures ||
      this.#drawn >= maxRuns ||
      performance.now() - this.#startMs >= forMs;
  }

  #question({ job }: Target, { options, schedule }: Case): Question {
    const { by, id, bin, args } = job;
    return {
      ...{ by, id, options, args },
      ...schedule && { schedule },
      ...bin !== undefined && { bin },
      search: {},
    };
  }

  #take(answer: Answer, ask: Ask): void {
    const { failure, size } = answer.search!;
    if (ask.kind === "shrink") return this.#becomeSmall(ask.failing, answer);
    this.#judged++;
    this.#faults += size.faults;
    if (ask.kind === "corpus") this.#knownFaults += size.faults;
    const { target } = ask;
    if (failure === undefined) {
      if (ask.kind === "corpus") this.#fixed.push(ask.path);
      return;
    }
    const found: Failing = {
      target,
      workload: target.job.options.workload,
      name: failure.name,
      faults: faultsOf(failure.case),
      answer,
      foundIn: ask.kind === "run" ? ask.number : undefined,
      count: 1,
      tries: 0,
      ...ask.kind === "corpus" && { path: ask.path, held: ask.held },
    };
    const known = this.failing.find((each) => explains(each, found));
    if (ask.kind === "corpus") {
      this.failing.push(found);
      // Another job may have found it sooner.
      const again = this.failing.filter((each) =>
        each.foundIn !== undefined && explains(found, each)
      );
      for (const each of again) this.#replace(each, found);
    } else if (known === undefined) {
      this.failing.push(found);
      this.#shrink(found, answer);
    } else {
      known.count++;
      // Another run may become smaller than the first did.
      if (isLarge(known) && known.tries < maxTries) this.#shrink(known, answer);
    }
  }

  /** Has a failure made small, and kept. */
  #shrink(failing: Failing, answer: Answer): void {
    failing.tries++;
    const { store, page } = this.#line;
    const { case: found } = answer.search!.failure!;
    this.#first.push({
      question: {
        ...this.#question(failing.target, found),
        keep: { store, page, replay: "", ifFailing: true },
        search: {
          shrink: {
            // Where runs are counted, time doesn't matter.
            maxMs: Number.isFinite(this.#line.forMs) ? maxShrinkMs : Infinity,
          },
        },
      },
      ask: { kind: "shrink", failing },
    });
  }

  /** Takes a failure that was made small: it may turn out to be a known one. */
  #becomeSmall(failing: Failing, answer: Answer): void {
    const { failure } = answer.search!;
    if (failure === undefined || !this.failing.includes(failing)) return;
    const before = failing.answer.search!;
    if (before.shrunk && before.size.ops <= answer.search!.size.ops) return;
    failing.answer = answer;
    failing.faults = faultsOf(failure.case);
    const known = this.failing.find((each) =>
      each !== failing && (each.held || each.answer.search?.shrunk) &&
      explains(each, failing)
    );
    if (known) this.#replace(failing, known);
  }

  /** Takes a failure for a known one. */
  #replace(failing: Failing, known: Failing): void {
    known.count += failing.count;
    this.failing.splice(this.failing.indexOf(failing), 1);
  }

  #show(): void {
    const { forMs, maxRuns } = this.#line;
    const seconds = (performance.now() - this.#startMs) / 1000;
    const done = Math.max(seconds * 1000 / forMs, this.#drawn / maxRuns);
    this.#live.show(() => [
      [
        bar(done, 12),
        `${this.#judged} runs`,
        `${(this.#judged / seconds).toFixed(1)} per second`,
        `${this.#faults} faults`,
        plural(this.failing.length, "failure"),
      ].join("  "),
      ...this.failing.map(({ name, faults, target, count }) =>
        `${target.job.id}  ${name} (${faults.join(", ")})  ${
          plural(count, "run")
        }`
      ),
      ...[...this.#shrinking.values()].map(({ runs, size }) =>
        `shrinking: ${sizeText(size)} after ${runs} runs`
      ),
    ]);
  }

  /** Keeps the failures, and prints them. */
  async tell(): Promise<void> {
    const { json, shard, store } = this.#line;
    for (const failing of this.failing) await this.#keep(failing);
    const told = this.failing.map(toldOf);
    const extent = this.#extent();
    if (shard !== undefined) {
      const jobs = this.#targets.map(({ job }) => job);
      await writeFuzzShard(store, shard, this.#line, jobs, {
        extent,
        failures: told,
      });
    }
    if (json) return printJson(told.map(jsonOf));
    for (const each of told) print(linesOf(each, columns()));
    print(summaryOfSearch(extent, told.length, columns()));
  }

  #extent(): Extent {
    return {
      runs: this.#judged,
      faults: this.#faults,
      seconds: (performance.now() - this.#startMs) / 1000,
      known: {
        count: this.#corpusSize,
        fixed: this.#fixed.length,
        faults: this.#knownFaults,
      },
    };
  }

  async #keep(failing: Failing): Promise<void> {
    const { corpus } = this.#line;
    const { answer, foundIn } = failing;
    if (foundIn === undefined) return;
    if (answer.folder !== undefined) {
      failing.path = `${answer.folder}/case.json`;
    }
    if (corpus === undefined) return;
    try {
      failing.path = await addCase(
        corpus,
        caseFileOf(failing.target.job, answer.search!.failure!),
      );
    } catch (error) {
      complain(
        `The failure isn't kept: ${corpus} can't be written, as ${
          systemReason(error)
        }.`,
      );
    }
  }
}

/** A job with other arguments, which a program or a module has of its own. */
function withArgs(job: Job, args: readonly string[]): Job {
  const { by } = job;
  return {
    ...job,
    args: [...args],
    ...args.length > 0 && "guest" in by &&
      { by: { ...by, guest: { ...by.guest, args } } },
  };
}

/** Returns all that is told of a failure. */
function toldOf(
  { target, workload, name, faults, foundIn, count, answer, path, held }:
    Failing,
): ToldFailure {
  const { size, shrunk, failure } = answer.search!;
  return {
    ...{ workload, name, faults, count, size },
    ...foundIn !== undefined && { foundIn },
    ...shrunk && { shrunk },
    case: caseFileOf(target.job, failure!),
    record: answer.record,
    ...answer.folder !== undefined && { folder: answer.folder },
    ...path !== undefined && { path },
    ...held && { held: { bin: held.bin, args: held.args } },
  };
}

/** Tells whether a failure was made small, and is still large. */
function isLarge({ answer: { search } }: Failing): boolean {
  return search?.shrunk !== undefined && search.size.ops > smallOps;
}
