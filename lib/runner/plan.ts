/**
 * Plans the judging: from the command line to runs, and from runs to jobs.
 *
 * @module
 */
import {
  limitsOf,
  officialRuns,
  type Run,
  runOf,
  runs,
} from "../../challenges/runs.ts";
import type { Maelstrom } from "../maelstrom/mod.ts";
import { nearest } from "../nearest.ts";
import {
  BadOption,
  type Command,
  type Options,
  type Schedule,
  type Test,
} from "../workbench/mod.ts";
import { resolveGiven } from "../workbench/search/draw.ts";
import { invariant } from "../workbench/sim/invariant.ts";
import { resolve } from "../workbench/test.ts";
import { maelstromHas, workloads } from "../workbench/workloads/mod.ts";
import { tryArguments } from "./arguments.ts";
import { Builder, commandFor, commandForBin, scriptPath } from "./build.ts";
import { namesDataDir } from "./data_dir.ts";
import {
  type CommandLine,
  commands,
  isForMaelstrom,
  isRunnersOption,
} from "./command_line.ts";
import type { Job } from "./job.ts";
import { checkExecutable } from "./executable.ts";
import { isSimulable, isWasm, judgeOfBin, judgeOfSource } from "./guest.ts";
import { complain } from "./output.ts";
import { loosely } from "./repeat.ts";
import type { Replay } from "./replay.ts";
import { quote } from "./shell.ts";
import type { Judge } from "./worker.ts";

/** One thing to judge, by any engine. */
export interface Plan {
  id: string;
  options: Options;
  args: string[];
  /** The node's arguments by the command line alone. */
  nodeArgs: string[];
  /** Our solution; absent if a program is judged. */
  solution?: Run;
  /** The program's name, as it was given. */
  bin?: string;
  limits?: Run["limits"];
  /** The surroundings, where chance doesn't decide what they do. */
  schedule?: Schedule;
}

/** Makes the list of what is to be judged. */
export async function plan(line: CommandLine): Promise<Plan[]> {
  const { command, given, bin, nodeArgs } = line;
  const chosen = eachComplains(
    () => choose(line),
    () => bin === undefined || checkExecutable(bin),
  );
  const plans = chosen.map((each): Plan => {
    const official = typeof each === "string" ? undefined : each;
    const workload = official?.workload ?? each as string;
    const known = official ?? runOf(line.caseOf ?? workload, workload);
    invariant(known, "each workload has a challenge");
    const solution = bin === undefined ? known : undefined;
    const options: Options = { workload, ...official?.options, ...given };
    // Complains before anything starts.
    refuseIdle(command === "fuzz" ? resolveGiven(options) : resolve(options));
    refuseUnknown(workload, line);
    return {
      id: official?.id ?? workload,
      options,
      args: [...solution && official?.args || [], ...nodeArgs],
      nodeArgs,
      solution,
      ...(solution === undefined && { bin }),
      limits: official && limitsOf(official, given),
      ...line.schedule && { schedule: line.schedule },
    };
  });
  for (const { id, solution, args } of plans) {
    if (solution) await tryArguments(solution.app, args, id, isRunnersOption);
  }
  return plans;
}

/** Refuses faults that nothing would set off: such a run would prove nothing. */
function refuseIdle({ options, faults }: Test): void {
  if (options.lazyfs && !faults.includes("kill")) {
    throw new BadOption(
      `--lazyfs harms a disk when its node is killed, and nothing kills one: add --nemesis ${
        [...faults, "kill"].join(",")
      }.`,
    );
  }
}

/** Refuses a workload of ours where the real Maelstrom is to judge it. */
function refuseUnknown(workload: string, { engine }: CommandLine): void {
  if (maelstromHas(workload) || !isForMaelstrom(engine)) return;
  throw new BadOption(
    `The real Maelstrom has no workload ${workload}: it's for the workbench, --engine sim or stdio.`,
  );
}

/**
 * Tries two things, so that a person with both to fix hears of both.
 *
 * @returns the first one's result.
 * @throws {BadOption} a line for each that fails.
 */
function eachComplains<T>(first: () => T, second: () => unknown): T {
  const complaints: string[] = [];
  const attempt = <R>(act: () => R): R | undefined => {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof BadOption)) throw error;
      complaints.push(error.message);
    }
  };
  const result = attempt(first);
  attempt(second);
  if (complaints.length > 0) throw new BadOption(complaints.join("\n"));
  return result as T;
}

/** The runs, or else the workloads, that are meant. */
function choose(
  { command, words, workload, bin, isAll, engine }: CommandLine,
): (Run | string)[] {
  if (command === "test") {
    const [word] = words;
    if (word !== undefined) {
      throw new BadOption(
        `The word "${word}" belongs to no option. Options begin with two hyphens; arguments for the node stand behind --, as in: test … -- ${
          quote(word)
        }`,
      );
    }
    if (bin === undefined) {
      throw new BadOption("test needs a --bin PATH: the program to judge.");
    }
    return [runOrWorkload(workload ?? "lin-kv")]; // Maelstrom's default
  }
  const named = [...words, ...(workload === undefined ? [] : [workload])];
  if (bin !== undefined && named.length === 0) {
    throw new BadOption(
      "A --bin needs a run or a workload to be judged by, such as: echo --bin PATH.",
    );
  }
  if (isAll && named.length > 0) {
    throw new BadOption(
      `--all judges every run there is: leave it out, or ${named.join(" ")}.`,
    );
  }
  if (named.length > 0) return named.map(runOrWorkload);
  if (!isAll) return [...officialRuns];
  return runs.filter(({ id, workload }) => {
    const isKnown = !isForMaelstrom(engine) || maelstromHas(workload);
    if (!isKnown) {
      complain(`${id} is left out: the real Maelstrom has no ${workload}.`);
    }
    return isKnown;
  });
}

/** Maelstrom's commands that aren't ours, and what to do instead. */
const elsewhere: { [command: string]: string } = {
  analyze: "check FOLDER judges a recorded run once more",
  demo: "without a word, the challenges' official runs are judged",
  doc: "its documents are at https://github.com/jepsen-io/maelstrom",
};

function runOrWorkload(word: string): Run | string {
  const name = word.toLowerCase();
  const run = runs.find(({ id }) => id === name);
  if (run) return run;
  if (Object.hasOwn(workloads, name)) return name;
  if (Object.hasOwn(elsewhere, name)) {
    throw new BadOption(
      `${name} is a command of Maelstrom's that isn't here: ${
        elsewhere[name]
      }.`,
    );
  }
  if (commands.some((command) => command === name)) {
    throw new BadOption(
      `${name} is a command, and stands first: see deno task run ${name} --help.`,
    );
  }
  throw new BadOption(
    `There is no run, workload or command "${word}"${
      nearest(name, [
        ...runs.map(({ id }) => id),
        ...Object.keys(workloads),
        ...commands,
      ])
    }. See deno task run --help.`,
  );
}

/**
 * Makes a job of each plan, for any judge: the workbench, the real Maelstrom,
 * or both in turns.
 *
 * @param maelstrom the real one; without it the workbench judges.
 * @param judges those of nodes, which several plans may have in common.
 */
export async function jobsOf(
  plans: readonly Plan[],
  line: CommandLine,
  maelstrom: Maelstrom | undefined,
  judges: Map<string, Promise<Judge>> = new Map(),
): Promise<Job[]> {
  const jobs: Job[] = [];
  const builder = new Builder();
  for (const each of plans) {
    const isReal = maelstrom !== undefined &&
      maelstromHas(each.options.workload);
    if (!isReal || line.engine === "both") {
      jobs.push(await ourJob(each, line, judges));
    }
    if (isReal) {
      jobs.push(await realJob(each, line, maelstrom, builder));
    }
  }
  return jobs;
}

/** The workbench's job. */
async function ourJob(
  plan: Plan,
  line: CommandLine,
  judges: Map<string, Promise<Judge>>,
): Promise<Job> {
  const { solution, args } = plan;
  const overPipes = line.engine === "stdio";
  const node = JSON.stringify([solution?.script ?? line.bin, args]);
  const judge = judges.get(node) ??
    (solution === undefined
      ? judgeOfBin(line.bin!, args, overPipes)
      : judgeOfSolution(solution, args, line));
  judges.set(node, judge);
  const by = await judge;
  const note = loosely(line.replay, by.engine);
  if (note !== undefined) complain(note);
  const engine = overPipes && (solution || isSimulable(line.bin!))
    ? ["--engine", "stdio"]
    : [];
  return {
    ...plan,
    by,
    seeds: line.seeds,
    replay: replayOf("run", plan, line, engine),
  };
}

/** Decides who judges a solution of ours. */
async function judgeOfSolution(
  { script }: Run,
  args: string[],
  { engine, watch }: CommandLine,
): Promise<Judge> {
  const command = commandFor(script, args);
  if (engine === "stdio") return { engine, command };
  // As the file is now: what has been imported is as it was.
  if (watch) return await judgeOfSource(scriptPath(script), args, command);
  return { engine: "sim", script };
}

/** The real Maelstrom's job. */
async function realJob(
  plan: Plan,
  line: CommandLine,
  maelstrom: Maelstrom,
  builder: Builder,
): Promise<Job> {
  const { solution } = plan;
  if (solution === undefined && isWasm(line.bin!)) {
    throw new BadOption(
      `--bin ${line.bin} is a WebAssembly module, and Maelstrom runs programs: leave --engine out, or build one for this machine.`,
    );
  }
  return {
    ...plan,
    by: {
      engine: "maelstrom",
      command: await commandOnMaelstrom(plan, line, builder),
      maelstrom,
      flags: line.flags,
    },
    seeds: { first: undefined, length: line.seeds.length },
    replay: replayOf("maelstrom", plan, line, []),
  };
}

/** The program for Maelstrom, and its arguments. */
async function commandOnMaelstrom(
  { solution, args }: Plan,
  { bin }: CommandLine,
  builder: Builder,
): Promise<Command> {
  if (solution === undefined) return commandForBin(bin!, args);
  const { script } = solution;
  // One that keeps something needs a permission: what is built has none.
  if (namesDataDir(args)) return commandFor(script, args);
  const program = await builder.programOf(
    script,
    () => complain(`Building bin/${script}`),
  );
  return { bin: program, args };
}

/** The command that does a job once more. */
function replayOf(
  task: Replay["task"],
  { id, nodeArgs }: Plan,
  { command, bin, replay, given }: CommandLine,
  engine: string[],
): Replay {
  const words = command === "test" ? ["test", "-w", id] : [id];
  return {
    task,
    ...(bin !== undefined && { bin }),
    engine,
    ...replay === undefined
      ? { words, given }
      : { words: ["--replay", replay], given: {} },
    nodeArgs,
  };
}
