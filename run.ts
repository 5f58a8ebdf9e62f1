/**
 * The runner: judges the challenges, or any program that speaks Maelstrom's
 * protocol. This file is its command line, and nothing else.
 *
 * Exit codes are Jepsen's: 0 all passed, 1 something is invalid or over its
 * limit, 2 something is unknown, 254 bad arguments, 255 all else; 130 for Ctrl-C.
 *
 * @module
 */
import config from "./deno.json" with { type: "json" };
import { tables } from "./challenges/figures.ts";
import { limitsOf, type Run, runs } from "./challenges/runs.ts";
import { type Maelstrom, release, Unavailable } from "./lib/maelstrom/mod.ts";
import { nearest } from "./lib/nearest.ts";
import { tryArguments } from "./lib/runner/arguments.ts";
import { bench } from "./lib/runner/bench.ts";
import {
  build,
  commandFor,
  commandForBin,
  isSource,
  programOf,
  programOfBin,
} from "./lib/runner/build.ts";
import { check } from "./lib/runner/check.ts";
import {
  type CommandLine,
  commands,
  readCommandLine,
} from "./lib/runner/command_line.ts";
import { figures } from "./lib/runner/figures.ts";
import { Ended } from "./lib/runner/ending.ts";
import { type Job, judgeAll } from "./lib/runner/judging.ts";
import { complain, print } from "./lib/runner/output.ts";
import { getReady } from "./lib/runner/real.ts";
import { serve } from "./lib/runner/serve.ts";
import { quote } from "./lib/runner/shell.ts";
import type { Judge } from "./lib/runner/worker.ts";
import { filled, usage } from "./lib/runner/usage.ts";
import { BadOption, type Options } from "./lib/workbench/mod.ts";
import { resolve } from "./lib/workbench/test.ts";
import { workloads } from "./lib/workbench/workloads/mod.ts";

async function main(args: string[]): Promise<number> {
  const line = readCommandLine(args);
  const { command, words } = line;
  if (line.version) {
    print(
      `Call Me Maybe ${config.version}, as Maelstrom ${release.version}, on Deno ${Deno.version.deno}`,
    );
    return 0;
  }
  if (line.help) {
    const about = command === "help" ? words[0]?.toLowerCase() : command;
    print(usage(commands.find((each) => each === about)));
    return 0;
  }
  for (const note of line.notes) complain(note);
  if (command !== undefined && command !== "test") return await act(line);
  // Complains before anything is downloaded.
  const plans = await plan(line);
  const maelstrom = await judgeFor(line);
  const jobs: Job[] = [];
  for (const each of plans) {
    if (maelstrom === undefined || line.engine === "both") {
      jobs.push(ourJob(each, line));
    }
    if (maelstrom !== undefined) {
      jobs.push(await realJob(each, line, maelstrom));
    }
  }
  return await judgeAll(jobs, { ...line, compare: line.engine === "both" });
}

/** Does what doesn't judge nodes. */
async function act(line: CommandLine): Promise<number> {
  const { command, words, bin } = line;
  if (words.length > 0 && command !== "check") {
    throw new BadOption(
      `${command} takes no words, and so not "${
        words[0]
      }". See run.ts ${command} --help.`,
    );
  }
  if (line.nodeArgs.length > 0) {
    throw new BadOption(
      `${command} starts no node, so there is nobody to take what stands behind --.`,
    );
  }
  switch (command) {
    case "list":
      return list();
    case "check":
      if (words.length > 0) return await check(words, line.json);
      throw new BadOption("check needs a FOLDER that holds a recorded run.");
    case "build":
      return await build([...new Set(runs.map(({ script }) => script))]);
    case "bench":
      if (bin !== undefined) checkExecutable(bin);
      return await bench(bin && Deno.realPathSync(bin));
    case "serve":
      return await serve(line);
    case "pictures": {
      // No literal: Deno would download D3 before it runs anything at all.
      const pictures: string = "./lib/runner/pictures.ts";
      const { draw, keep }: typeof import("./lib/runner/pictures.ts") =
        await import(pictures);
      return await keep(await draw(), line);
    }
    default:
      return await figures(tables, { check: line.check });
  }
}

/** The real Maelstrom if it's to judge; `undefined` if the workbench is. */
async function judgeFor(
  { engine, oursGiven }: CommandLine,
): Promise<Maelstrom | undefined> {
  if (engine === "sim" || engine === "stdio") return undefined;
  if (engine !== "auto") return await getReady({ demanding: false });
  try {
    if (oursGiven.length > 0) {
      throw new Unavailable(`Maelstrom has no --${oursGiven[0]}`, "");
    }
    return await getReady({ demanding: true });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    complain(`Judged by the embedded workbench: ${error.problem}`);
    return undefined;
  }
}

/** One thing to judge, whoever does it. */
interface Plan {
  id: string;
  options: Options;
  args: string[];
  /** What the node is called with by the command line alone. */
  nodeArgs: string[];
  /** Our solution; absent if a program is judged. */
  solution?: Run;
  /** That program, as it was named. */
  bin?: string;
  limits?: Run["limits"];
}

/** What is to be judged. */
async function plan(line: CommandLine): Promise<Plan[]> {
  const { given, bin, nodeArgs } = line;
  if (bin !== undefined) checkExecutable(bin);
  const plans = choose(line).map((each): Plan => {
    const official = typeof each === "string" ? undefined : each;
    const workload = official?.workload ?? each as string;
    const known = official ?? runs.find((run) => run.workload === workload);
    if (known === undefined && bin === undefined) {
      throw new BadOption(
        `There is no solution for ${workload} here: give a --bin to judge.`,
      );
    }
    const solution = bin === undefined ? known : undefined;
    const options: Options = { workload, ...official?.options, ...given };
    resolve(options); // complains before anything starts
    return {
      id: official?.id ?? workload,
      options,
      args: [...solution && official?.args || [], ...nodeArgs],
      nodeArgs,
      solution,
      ...(solution === undefined && { bin }),
      limits: official && limitsOf(official, given),
    };
  });
  for (const { id, solution, args } of plans) {
    if (solution) await tryArguments(solution.app, args, id);
  }
  return plans;
}

/** The official runs, or else the workloads, that are meant. */
function choose(
  { command, words, workload, bin }: CommandLine,
): (Run | string)[] {
  if (command === "test") {
    if (words.length > 0) {
      throw new BadOption(
        `The word "${
          words[0]
        }" belongs to no option. Options begin with two hyphens; arguments for the node stand behind --, as in: test … -- ${
          quote(words[0])
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
  return named.length > 0 ? named.map(runOrWorkload) : [...runs];
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
  throw new BadOption(
    `There is no run, workload or command "${word}"${
      nearest(name, [
        ...runs.map(({ id }) => id),
        ...Object.keys(workloads),
        ...commands,
      ])
    }. See run.ts --help.`,
  );
}

/** The workbench's job. */
function ourJob(plan: Plan, line: CommandLine): Job {
  const { solution, args } = plan;
  const by: Judge = solution === undefined
    ? {
      engine: "stdio",
      command: commandForBin(line.bin!, args),
    }
    : line.engine === "stdio"
    ? { engine: "stdio", command: commandFor(solution.script, args) }
    : { engine: "sim", script: solution.script };
  const engine = solution && by.engine === "stdio" ? ["--engine", "stdio"] : [];
  return {
    ...plan,
    by,
    seeds: line.seeds,
    replay: (seed) => replayOf("run", plan, line, engine, { seed }),
  };
}

/** The real Maelstrom's job. */
async function realJob(
  plan: Plan,
  line: CommandLine,
  maelstrom: Maelstrom,
): Promise<Job> {
  const { solution, args } = plan;
  const bin = solution === undefined
    ? await programOfBin(line.bin!)
    : await programOf(
      solution.script,
      () => complain(`Building bin/${solution.script}`),
    );
  return {
    ...plan,
    by: {
      engine: "maelstrom",
      command: { bin, args },
      maelstrom,
      flags: line.flags,
    },
    seeds: line.seeds.map(() => undefined),
    replay: () => replayOf("maelstrom", plan, line, [], {}),
  };
}

function checkExecutable(path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BadOption(`--bin ${path} doesn't exist.`);
  }
  if (!info.isFile) throw new BadOption(`--bin ${path} isn't a file.`);
  if (isSource(path)) return;
  if (info.mode !== null && (info.mode & 0o111) === 0) {
    throw new BadOption(
      `--bin ${path} isn't executable: chmod +x ${path}, and see that its first line names its interpreter.`,
    );
  }
}

/** The command that does a job once more, to be pasted into a shell. */
function replayOf(
  task: string,
  { id, nodeArgs }: Plan,
  { command, bin, store, given }: CommandLine,
  engine: string[],
  more: Partial<Options>,
): string {
  const options = {
    ...(bin !== undefined && { bin }),
    ...(store !== "store" && { store }),
  };
  return [
    "deno",
    "task",
    task,
    ...(command === "test" ? ["test", "-w", id] : [id]),
    ...Object.entries(options).flatMap(([name, value]) =>
      value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value]
    ),
    ...engine,
    ...Object.entries({ ...given, ...more })
      .flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(nodeArgs.length > 0 ? ["--", ...nodeArgs] : []),
  ].map(quote).join(" ");
}

function list(): number {
  const width = Math.max(...runs.map(({ title }) => title.length));
  for (const { id, title, script, workload, options, limits = [] } of runs) {
    const flags = Object.entries({ workload, ...options })
      .map(([name, value]) =>
        name === "workload" ? `-w ${value}` : `--${name} ${value}`
      );
    const below = limits.map(({ label, below, unit = "" }) =>
      `${label} < ${below} ${unit}`.trimEnd()
    );
    print([
      `${id.padEnd(3)}  ${title.padEnd(width)}  challenges/${script}.ts`,
      ...filled(flags, "     "),
      ...(below.length > 0 ? [`     ${below.join(", ")}`] : []),
    ].join("\n"));
  }
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    Deno.exit(
      error instanceof BadOption
        ? 254
        : error instanceof Ended
        ? error.exitCode
        : 255,
    );
  }
}
