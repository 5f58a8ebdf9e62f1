/**
 * Judges again whenever a program, or a file that it's made of, changes.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { changes } from "../report/changes.ts";
import type { RunRecord } from "../report/record.ts";
import { Counts, total } from "../report/tally.ts";
import { inWords, type Layout, layoutOf, words } from "../report/terminal.ts";
import { errorText } from "../workbench/hosts/system_error.ts";
import { libraryFolder, scriptPath } from "./build.ts";
import type { CommandLine } from "./command_line.ts";
import { Ended, untilEnded } from "./ending.ts";
import { checkExecutable } from "./executable.ts";
import { FileChanges } from "./file_changes.ts";
import { filesOfBin, prepareFor } from "./guest.ts";
import type { Job } from "./job.ts";
import { judgeJobs, Room } from "./judging.ts";
import { liveLines } from "./live.ts";
import { columns, complain, print } from "./output.ts";
import { jobsOf, type Plan } from "./plan.ts";
import { Printer } from "./printer.ts";
import type { ProgramFiles } from "./program.ts";
import { JudgingWorker } from "./workers.ts";

/**
 * Judges all plans, and those again whose files change, until somebody ends it.
 *
 * @returns the exit code of what has ended it.
 */
export async function judgeWatching(
  plans: readonly Plan[],
  line: CommandLine,
): Promise<number> {
  try {
    using worker = new JudgingWorker();
    prepareFor(line, worker);
    return await untilEnded((signal) =>
      new Watch(plans, line, worker).run(signal)
    );
  } catch (error) {
    if (error instanceof Ended) return error.exitCode;
    throw error;
  }
}

/** The reason of a run's end: its program has changed meanwhile. */
class Changed extends Error {
  override name = "Changed";
}

class Watch {
  #plans: readonly Plan[];
  #layout: Layout;
  #line: CommandLine;
  #worker: JudgingWorker;
  /** The files of each program, as far as they are known. */
  #files = new Map<Plan, readonly string[]>();
  /** The records of each run, of the last time that it was judged. */
  #records = new Map<Plan, readonly RunRecord[]>();
  /** The last sentence about the files. */
  #told = "";

  constructor(
    plans: readonly Plan[],
    line: CommandLine,
    worker: JudgingWorker,
  ) {
    this.#plans = plans;
    const { seeds } = line;
    this.#layout = layoutOf(
      plans.map((plan) => ({ ...plan, seeds })),
      columns(),
    );
    this.#line = line;
    this.#worker = worker;
  }

  async run(signal: AbortSignal): Promise<never> {
    const due = new Set(this.#plans);
    for (;;) {
      await this.#findFiles(due);
      const files = [...new Set([...this.#files.values()].flat())];
      this.#tell(files);
      const turn = new AbortController();
      const ending = AbortSignal.any([signal, turn.signal]);
      const change = new FileChanges(files).next(ending);
      change.then(() => turn.abort(new Changed()), () => {});
      await this.#judge(due, ending);
      const changed = new Set(await change);
      this.#tellChanged(changed);
      for (const [plan, files] of this.#files) {
        if (files.some((path) => changed.has(path))) due.add(plan);
      }
    }
  }

  /** Finds the files of programs that have changed. */
  async #findFiles(due: ReadonlySet<Plan>): Promise<void> {
    const found = new Map<string, Promise<ProgramFiles>>();
    for (const plan of due) {
      const { solution, bin } = plan;
      const path = solution ? scriptPath(solution.script) : bin!;
      if (!found.has(path)) found.set(path, filesOfBin(path));
      const { files, isWhole } = await found.get(path)!;
      // While it can't be told what it imports, that's what it was before.
      const former = isWhole ? [] : this.#files.get(plan) ?? [];
      this.#files.set(plan, [...files, ...former]);
    }
  }

  /** Says what is watched, if that is news. */
  #tell(files: readonly string[]): void {
    const own = files.filter((path) => !path.startsWith(libraryFolder));
    const rest = own.length < files.length ? ["the library"] : [];
    const text = `Watching ${
      listed([...own.map(nameOf), ...rest])
    }. Ctrl-C ends it.`;
    if (text !== this.#told) complain(text);
    this.#told = text;
  }

  /** Says which files have changed. */
  #tellChanged(files: ReadonlySet<string>): void {
    const { gone = [], changed = [] } = Object.groupBy(
      files,
      (path) => existsSync(path) ? "changed" : "gone",
    );
    const parts = [
      ...(changed.length > 0 ? [`${listed(changed.map(nameOf))} changed`] : []),
      ...(gone.length > 0 ? [`${listed(gone.map(nameOf))} went away`] : []),
    ];
    complain(`\n${parts.join(", and ")}.`);
  }

  /**
   * Judges what is due, and says what has changed about it. What has been judged,
   * or can't be, isn't due any more.
   *
   * @throws {Ended} if somebody has ended the program.
   */
  async #judge(due: Set<Plan>, signal: AbortSignal): Promise<void> {
    const plans = new Map<Job, Plan>();
    const found = new Map<Job, RunRecord[]>();
    const live = liveLines();
    const settings = { ...this.#line, compare: false, layout: this.#layout };
    try {
      for (const [job, plan] of await this.#jobs(due)) plans.set(job, plan);
      await judgeJobs([...plans.keys()], {
        ...settings,
        live,
        worker: this.#worker,
        printer: new Printer({ ...settings, live }),
        room: new Room(),
        signal,
        onOutcome(job, _, { record }) {
          const records = found.get(job) ?? [];
          found.set(job, records);
          records.push(record);
        },
        onJudged: (job) => {
          const plan = plans.get(job)!;
          due.delete(plan);
          this.#compare(plan, found.get(job)!);
        },
      });
      const records = [...this.#records.values()].flat();
      if (plans.size > 0 && records.length > 1) {
        print(inWords(total(new Counts(records)), this.#layout.columns));
      }
    } catch (error) {
      if (error instanceof Ended) throw error;
      if (error instanceof Changed) return;
      complain(errorText(error));
      due.clear();
    }
  }

  /** Makes the jobs of what is due, and says what keeps it from being judged. */
  async #jobs(due: Set<Plan>): Promise<[Job, Plan][]> {
    const jobs: [Job, Plan][] = [];
    const complaints = new Set<string>();
    const judges = new Map();
    for (const plan of this.#plans) {
      if (!due.has(plan)) continue;
      try {
        if (plan.bin !== undefined) {
          if (!existsSync(plan.bin)) throw new Error("Waiting for it.");
          checkExecutable(plan.bin);
        }
        const made = await jobsOf([plan], this.#line, undefined, judges);
        jobs.push(...made.map((job): [Job, Plan] => [job, plan]));
      } catch (error) {
        complaints.add(errorText(error));
        due.delete(plan);
      }
    }
    for (const text of complaints) complain(text);
    return jobs;
  }

  /** Says what has changed about a run since the last time. */
  #compare(plan: Plan, records: readonly RunRecord[]): void {
    const text = changes(this.#records.get(plan) ?? [], records);
    if (text !== undefined) {
      print(words(`change: ${text}`, this.#layout.columns));
    }
    this.#records.set(plan, records);
  }
}

/** Names a file as one would type it here. */
function nameOf(path: string): string {
  const short = relative(Deno.cwd(), path);
  return short.length < path.length ? short : path;
}

/** The most names that are listed. */
const maxListed = 6;

/** Lists names in a sentence. */
function listed(names: readonly string[]): string {
  const rest = names.length - maxListed;
  const shown = rest > 1
    ? [...names.slice(0, maxListed), `${rest} other files`]
    : [...names];
  const last = shown.pop();
  return shown.length === 0 ? `${last}` : `${shown.join(", ")} and ${last}`;
}
