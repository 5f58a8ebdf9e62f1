/**
 * The runner: judges the challenges, or any program that speaks Maelstrom's
 * protocol. This file is its command line, and nothing else.
 *
 * Exit codes are Jepsen's: 0 all passed, 1 something is invalid or over its
 * limit, 2 something is unknown, 254 bad arguments, 255 all else.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Run, runs } from "./challenges/runs.ts";
import { bench } from "./lib/runner/bench.ts";
import { build, commandFor } from "./lib/runner/build.ts";
import { check } from "./lib/runner/check.ts";
import { type Job, judgeAll } from "./lib/runner/judging.ts";
import { BadOption, type Options } from "./lib/workbench/mod.ts";
import {
  nearest,
  optionSpecs,
  parseOption,
  resolve,
} from "./lib/workbench/options.ts";
import { workloads } from "./lib/workbench/workloads/mod.ts";

const engines = ["auto", "sim", "stdio", "maelstrom"] as const;

/** The command line as it was understood. */
interface Arguments {
  engine: (typeof engines)[number];
  words: string[];
  nodeArgs: string[];
  given: Partial<Options>;
  workload?: string;
  bin?: string;
  store: string;
  json: boolean;
  logStderr: boolean;
  seeds: number[];
}

const commands = ["test", "list", "check", "build", "bench"];

async function main(args: string[]): Promise<number> {
  const { help, ...parsed } = parse(args);
  const [command] = parsed.words;
  if (help) {
    console.log(usage);
    return 0;
  }
  switch (command) {
    case "list":
      return list();
    case "check": {
      const folders = parsed.words.slice(1);
      if (folders.length > 0) return await check(folders, parsed.json);
      throw new BadOption("check needs a FOLDER that holds a recorded run.");
    }
    case "build":
      return await build([...new Set(runs.map(({ script }) => script))]);
    case "bench":
      if (parsed.bin !== undefined) checkExecutable(parsed.bin);
      return await bench(parsed.bin && Deno.realPathSync(parsed.bin));
  }
  const jobs = jobsOf(parsed);
  if (parsed.engine === "auto" && parsed.bin === undefined && !parsed.json) {
    console.error(
      "Judged by the embedded workbench (sim): the real Maelstrom can't be run from here yet.",
    );
  }
  return await judgeAll(jobs, parsed);
}

const usage = `Judges solutions of the Gossip Glomers challenges.

  run.ts [ID | WORKLOAD …] [options] [-- node arguments]
  run.ts test -w WORKLOAD --bin PATH [options] [-- node arguments]
  run.ts list      the official runs
  run.ts check FOLDER …
                   judges recorded runs once more
  run.ts build     makes each challenge a program, in bin/
  run.ts bench     measures the library [against the echo node --bin PATH]

Without an ID or WORKLOAD: every official run.

  IDs        ${runs.map(({ id }) => id).join(", ")}
  WORKLOADs  ${Object.keys(workloads).slice(0, 7).join(", ")},
             ${Object.keys(workloads).slice(7).join(", ")}

  -w, --workload NAME               What the nodes are asked to be
      --bin PATH                    Judge this program instead of ours
      --engine NAME                 ${engines.join(", ")}
${
  optionSpecs.map(({ name, argument, description, default: value }) =>
    `      --${`${name} ${argument}`.padEnd(28)}${description}${
      value === undefined ? "" : ` [${value}]`
    }`
  ).join("\n")
}
      --seeds FROM..TO              Many seeds at once, on all cores
      --test-count NUMBER           How often, each time with the next seed [1]
      --store FOLDER                Where results are kept [store]
      --json                        Print an array of results, and nothing else
      --log-stderr                  Show what nodes write to stderr
  -h, --help                        This

Exit codes: 0 all passed, 1 invalid or over a limit, 2 unknown, 254 bad
arguments, 255 all else.`;

/** Reads the command line. */
function parse(args: string[]): Arguments & { help: boolean } {
  const known = {
    string: [
      "workload",
      "bin",
      "engine",
      "store",
      "test-count",
      "seeds",
      ...optionSpecs.map(({ name }) => name),
    ],
    boolean: [
      "json",
      "help",
      "log-stderr",
      // Maelstrom takes these two; here the journal has it all anyway.
      "log-net-send",
      "log-net-recv",
    ],
  };
  const names = [...known.string, ...known.boolean];
  const parsed = parseArgs(args, {
    ...known,
    alias: { workload: "w", help: "h" },
    "--": true,
    unknown(arg, key) {
      if (key === undefined) return true; // a word
      throw new BadOption(
        `There is no option ${arg.split("=")[0]}${
          nearest(key, names).replace("mean ", "mean --")
        }.`,
      );
    },
  });
  const text = (name: string) =>
    (parsed as { [name: string]: unknown })[name] as string | undefined;

  const engine = text("engine") ?? "auto";
  if (!isEngine(engine)) {
    throw new BadOption(
      `--engine must be one of ${engines.join(", ")}, not "${engine}"${
        nearest(engine, engines)
      }.`,
    );
  }
  for (const name of ["workload", "bin", "store"]) {
    if (text(name) === "") throw new BadOption(`--${name} needs a value.`);
  }
  const given: { [name: string]: string | number } = {};
  for (const spec of optionSpecs) {
    const value = text(spec.name);
    if (value !== undefined) given[spec.name] = parseOption(spec, value);
  }
  const { seed = 1, ...others } = given as Partial<Options>;
  const seeds = seedsOf(seed, text("seeds"), text("test-count"));
  return {
    help: parsed.help,
    engine,
    words: parsed._.map(String),
    nodeArgs: parsed["--"],
    given: others,
    workload: text("workload"),
    bin: text("bin"),
    store: text("store") ?? "store",
    json: parsed.json,
    logStderr: parsed["log-stderr"],
    seeds,
  };
}

/** From `--seed 7`, `--seeds 1..200`, or `--test-count 5`. */
function seedsOf(seed: number, range?: string, testCount = "1"): number[] {
  const count = /^[1-9]\d{0,6}$/.test(testCount) ? Number(testCount) : 0;
  if (count === 0) {
    throw new BadOption("--test-count must be a positive integer.");
  }
  const [, from, to] = range === undefined
    ? ["", seed, seed + count - 1]
    : /^(\d{1,9})\.\.(\d{1,9})$/.exec(range) ?? [];
  if (!(Number(from) <= Number(to))) {
    throw new BadOption(
      `--seeds must be a range such as 1..200, not "${range}".`,
    );
  }
  return Array.from(
    { length: Number(to) - Number(from) + 1 },
    (_, i) => Number(from) + i,
  );
}

function isEngine(word: string): word is Arguments["engine"] {
  return (engines as readonly string[]).includes(word);
}

/** What is to be judged. */
function jobsOf(parsed: Arguments): Job[] {
  const { given, engine, workload, bin } = parsed;
  if (engine === "maelstrom") {
    throw new BadOption(
      "--engine maelstrom isn't there yet. Use sim, or stdio for a --bin.",
    );
  }
  const isTest = parsed.words[0] === "test";
  // Maelstrom takes what stands behind the options for the node's arguments.
  const words = isTest ? [] : parsed.words;
  const nodeArgs = [
    ...(isTest ? parsed.words.slice(1) : []),
    ...parsed.nodeArgs,
  ];
  if (bin !== undefined) checkExecutable(bin);
  if (isTest && bin === undefined) {
    throw new BadOption("test needs a --bin PATH: the program to judge.");
  }

  const named = [...words, ...(workload === undefined ? [] : [workload])];
  const chosen: (Run | string)[] = named.length > 0
    ? named.map((word) => {
      const run = runs.find(({ id }) => id === word);
      if (run) return run;
      if (Object.hasOwn(workloads, word)) return word;
      throw new BadOption(
        `There is no run, workload or command "${word}"${
          nearest(word, [
            ...runs.map(({ id }) => id),
            ...Object.keys(workloads),
            ...commands,
          ])
        }. See run.ts --help.`,
      );
    })
    : isTest
    ? ["lin-kv"] // Maelstrom's default
    : [...runs];
  if (bin !== undefined && !isTest && named.length === 0) {
    throw new BadOption(
      "A --bin needs a run or a workload to be judged by, such as: echo --bin PATH.",
    );
  }

  return chosen.map((each): Job => {
    const official = typeof each === "string" ? undefined : each;
    const workload = official?.workload ?? each as string;
    const id = official?.id ?? workload;
    const solution = official ?? runs.find((run) => run.workload === workload);
    if (solution === undefined && bin === undefined) {
      throw new BadOption(
        `There is no solution for ${workload} here: give a --bin to judge.`,
      );
    }
    const ours = bin === undefined ? solution : undefined;
    const args = [...ours && official?.args || [], ...nodeArgs];
    const simulated = ours !== undefined && engine !== "stdio";
    const options: Options = { workload, ...official?.options, ...given };
    resolve(options); // complains before anything starts
    return {
      id,
      options,
      seeds: parsed.seeds,
      subject: ours === undefined
        ? { bin: Deno.realPathSync(bin!), args }
        : simulated
        ? ours.app
        : commandFor(ours.script, args),
      script: simulated ? ours.script : undefined,
      args,
      limits: official?.limits,
      replay: (seed) =>
        replayOf([
          ...(isTest ? ["test", "-w", id] : [id]),
          ...(bin === undefined ? [] : ["--bin", bin]),
          ...(ours && !simulated ? ["--engine", engine] : []),
          ...Object.entries({ ...given, seed })
            .flatMap(([name, value]) => [`--${name}`, String(value)]),
        ], nodeArgs),
    };
  });
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
  if (info.mode !== null && (info.mode & 0o111) === 0) {
    throw new BadOption(
      `--bin ${path} isn't executable: chmod +x ${path}, and see that its first line names its interpreter.`,
    );
  }
}

/** The command that does a job once more. */
function replayOf(words: string[], args: readonly string[]): string {
  return [
    "deno task run",
    ...words,
    ...(args.length > 0 ? ["--", ...args] : []),
  ].map((word) => /^[\w@%+=:,./ -]+$/.test(word) ? word : `'${word}'`)
    .join(" ");
}

function list(): number {
  for (const { id, title, script, workload, options, limits = [] } of runs) {
    const flags = Object.entries(options)
      .map(([name, value]) => `--${name} ${value}`).join(" ");
    console.log(
      `${id.padEnd(3)}  ${title.padEnd(28)}  challenges/${script}.ts\n` +
        `     -w ${workload} ${flags}`,
    );
    if (limits.length > 0) {
      console.log(
        `     ${
          limits.map(({ label, below, unit = "" }) =>
            `${label} < ${below} ${unit}`.trimEnd()
          ).join(", ")
        }`,
      );
    }
  }
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(error instanceof BadOption ? 254 : 255);
  }
}
