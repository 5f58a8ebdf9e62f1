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
import {
  BadOption,
  judge,
  type JudgeSettings,
  type Options,
  type Subject,
} from "./lib/workbench/mod.ts";
import {
  nearest,
  optionSpecs,
  parseOption,
  resolve,
} from "./lib/workbench/options.ts";
import {
  type Limit,
  type RunRecord,
  toRecord,
} from "./lib/workbench/report/record.ts";
import { writeStore } from "./lib/workbench/report/store.ts";
import {
  labelOf,
  painter,
  summary,
  total,
} from "./lib/workbench/report/terminal.ts";
import { workloads } from "./lib/workbench/workloads/mod.ts";

const engines = ["auto", "sim", "stdio", "maelstrom"] as const;

/** One thing to judge. */
interface Job {
  id: string;
  /** What stands for it on the command line. */
  words: string[];
  options: Options;
  subject: Subject;
  /** What the node is called with. */
  args: string[];
  limits?: readonly Limit[];
}

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
  testCount: number;
}

const commands = ["test", "list", "build", "bench"];

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
    case "build":
      return await build([...new Set(runs.map(({ script }) => script))]);
    case "bench":
      return await bench(parsed.bin);
  }
  return await judgeAll(jobsOf(parsed), parsed);
}

const usage = `Judges solutions of the Gossip Glomers challenges.

  run.ts [ID | WORKLOAD …] [options] [-- node arguments]
  run.ts test -w WORKLOAD --bin PATH [options] [-- node arguments]
  run.ts list      the official runs
  run.ts build     makes each challenge a program, in bin/
  run.ts bench     measures the library [against the echo node --bin PATH]

Without an ID or WORKLOAD: every official run. IDs are ${
  runs.map(({ id }) => id).join(", ")
};
workloads are ${Object.keys(workloads).join(", ")}.

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
  const testCount = Number(text("test-count") ?? 1);
  if (!Number.isSafeInteger(testCount) || testCount < 1) {
    throw new BadOption("--test-count must be a positive integer.");
  }
  for (const name of ["workload", "bin", "store"]) {
    if (text(name) === "") throw new BadOption(`--${name} needs a value.`);
  }
  const given: { [name: string]: string | number } = {};
  for (const spec of optionSpecs) {
    const value = text(spec.name);
    if (value !== undefined) given[spec.name] = parseOption(spec, value);
  }
  return {
    help: parsed.help,
    engine,
    words: parsed._.map(String),
    nodeArgs: parsed["--"],
    given,
    workload: text("workload"),
    bin: text("bin"),
    store: text("store") ?? "store",
    json: parsed.json,
    logStderr: parsed["log-stderr"],
    testCount,
  };
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
    ? [] // Maelstrom's default, lin-kv, isn't here yet
    : [...runs];
  if (chosen.length === 0) {
    throw new BadOption("test needs a workload: -w NAME.");
  }
  if (bin !== undefined && named.length === 0) {
    throw new BadOption(
      "A --bin needs a run or a workload to be judged by, such as: echo --bin PATH.",
    );
  }

  return chosen.flatMap((each) => {
    const run = typeof each === "string"
      ? runs.find((run) => run.workload === each)
      : each;
    if (run === undefined) {
      throw new BadOption(
        `There is no solution for ${each} here: give a --bin to judge.`,
      );
    }
    const official = typeof each !== "string";
    const args = [...(bin === undefined ? run.args ?? [] : []), ...nodeArgs];
    const subject: Subject = bin !== undefined
      ? { bin: absolute(bin), args }
      : engine === "stdio"
      ? commandFor(run.script, args)
      : run.app;
    const options: Options = {
      workload: run.workload,
      ...(official ? run.options : {}),
      ...given,
    };
    resolve(options); // complains before anything starts
    return Array.from({ length: parsed.testCount }, (_, i) => ({
      id: official ? run.id : run.workload,
      words: official || !isTest
        ? [official ? run.id : run.workload]
        : ["test", "-w", run.workload],
      options: { ...options, seed: (options.seed ?? 1) + i },
      subject,
      args,
      limits: official ? run.limits : undefined,
    }));
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

function absolute(path: string): string {
  return Deno.realPathSync(path);
}

/** Judges one job after the other, and says what came of it. */
async function judgeAll(jobs: Job[], parsed: Arguments): Promise<number> {
  const { json, store, bin } = parsed;
  const paint = painter(!Deno.noColor && Deno.stdout.isTerminal());
  if (parsed.engine === "auto" && bin === undefined && !json) {
    console.error(
      "Judged by the embedded workbench (sim): the real Maelstrom can't be run from here yet.",
    );
  }
  const labelWidth = Math.max(
    ...jobs.map(({ id, options }) => labelOf(id, options.workload).length),
  );
  const ending = new AbortController();
  const end = () => ending.abort(new Error("interrupted"));
  for (const signal of endingSignals) Deno.addSignalListener(signal, end);
  try {
    const records: RunRecord[] = [];
    for (const job of jobs) {
      const progress = progressLine(job);
      const start = performance.now();
      const settings: JudgeSettings = {
        args: job.args,
        signal: ending.signal,
        onProgress: progress.show,
        ...(parsed.logStderr && {
          onLog: (node, line) => console.error(`${node}: ${line}`),
        }),
      };
      const judgement = await judge(job.subject, job.options, settings)
        .finally(progress.clear);
      const record = toRecord(judgement, {
        id: job.id,
        args: job.args,
        limits: job.limits,
        wallMs: performance.now() - start,
      });
      records.push(record);
      const folder = await writeStore(store, job.id, judgement, {
        args: job.args,
        now: new Date(),
      });
      if (json) continue;
      console.log(
        summary(record, {
          paint,
          replay: replayOf(job, parsed),
          folder,
          labelWidth,
        }),
      );
    }
    if (json) console.log(JSON.stringify(records, null, 1));
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

function exitCodeOf(records: readonly RunRecord[]): number {
  const failed = records.filter(({ pass }) => !pass);
  if (failed.length === 0) return 0;
  return failed.every(({ results }) => results["valid?"] === "unknown") ? 2 : 1;
}

/** The command that does a job once more. */
function replayOf(job: Job, { given, bin, engine }: Arguments): string {
  const { seed = 1 } = job.options;
  const options = Object.entries({ ...given, seed })
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  return [
    "deno task run",
    ...job.words,
    ...(bin === undefined ? [] : ["--bin", bin]),
    ...(bin === undefined && engine === "stdio" ? ["--engine", engine] : []),
    ...options,
    ...(job.args.length > 0 ? ["--", ...job.args] : []),
  ].map((word) => /^[\w@%+=:,./ -]+$/.test(word) ? word : `'${word}'`)
    .join(" ");
}

/** A line on stderr that shows how far a run has come, at a terminal. */
function progressLine({ id, options }: Job) {
  const shown = Deno.stderr.isTerminal();
  const encoder = new TextEncoder();
  const write = (text: string) =>
    shown && Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${text}`));
  let nextMs = performance.now() + 100;
  const limit = options["time-limit"] ?? 60;
  return {
    show({ phase, seconds, ops }: Parameters<
      NonNullable<JudgeSettings["onProgress"]>
    >[0]) {
      const now = performance.now();
      if (now < nextMs) return;
      nextMs = now + 100;
      write(
        `  ${id}  ${phase.padEnd(8)}  ${
          seconds.toFixed(1).padStart(5)
        } s of ${limit} s  ${ops} ops`,
      );
    },
    clear() {
      write("");
    },
  };
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
