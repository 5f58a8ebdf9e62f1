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
import { tables } from "./challenges/figures.ts";
import { limitsOf, type Run, runs } from "./challenges/runs.ts";
import { bench } from "./lib/runner/bench.ts";
import { type Maelstrom, Unavailable } from "./lib/maelstrom/mod.ts";
import {
  build,
  commandFor,
  commandForBin,
  isSource,
  programOf,
  programOfBin,
} from "./lib/runner/build.ts";
import { check } from "./lib/runner/check.ts";
import { figures } from "./lib/runner/figures.ts";
import { type Job, type Judge, judgeAll } from "./lib/runner/judging.ts";
import { nearest } from "./lib/nearest.ts";
import { getReady } from "./lib/runner/real.ts";
import { serve } from "./lib/runner/serve.ts";
import { BadOption, type Options } from "./lib/workbench/mod.ts";
import { optionSpecs, parseOption, resolve } from "./lib/workbench/options.ts";
import { workloads } from "./lib/workbench/workloads/mod.ts";

const engines = ["auto", "sim", "stdio", "maelstrom", "both"] as const;

/** Options that the real Maelstrom doesn't know. */
const ours = ["p-loss", "p-duplicate", "p-reorder", "seed", "seeds"] as const;

/** The command line as it was understood. */
interface Arguments {
  engine: (typeof engines)[number];
  words: string[];
  nodeArgs: string[];
  given: Partial<Options>;
  workload?: string;
  bin?: string;
  store: string;
  host: string;
  port: number;
  json: boolean;
  /** Whether figures or pictures are checked, and not written. */
  check: boolean;
  logStderr: boolean;
  seeds: number[];
  /** Options that only the real Maelstrom takes, or that it takes as well. */
  flags: string[];
  /** Those of {@linkcode ours} that were given. */
  oursGiven: string[];
}

const commands = [
  "test",
  "list",
  "check",
  "build",
  "bench",
  "serve",
  "figures",
  "pictures",
];

async function main(args: string[]): Promise<number> {
  const { help, ...parsed } = parse(args);
  const [command] = parsed.words;
  if (help) {
    console.log(usage);
    return 0;
  }
  if (parsed.check && command !== "pictures" && command !== "figures") {
    throw new BadOption("--check is for figures and pictures.");
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
    case "serve":
      return await serve(parsed);
    case "pictures": {
      // Only now: nothing else needs D3.
      const { draw, keep } = await import("./lib/runner/pictures.ts");
      return await keep(await draw(), parsed);
    }
    case "figures":
      return await figures(tables, { check: parsed.check });
  }
  // Complains before anything is downloaded.
  const plans = plan(parsed);
  const maelstrom = await judgeFor(parsed);
  const jobs: Job[] = [];
  for (const each of plans) {
    if (maelstrom === undefined || parsed.engine === "both") {
      jobs.push(ourJob(each, parsed));
    }
    if (maelstrom !== undefined) {
      jobs.push(await realJob(each, parsed, maelstrom));
    }
  }
  return await judgeAll(jobs, { ...parsed, compare: parsed.engine === "both" });
}

/** The real Maelstrom if it's to judge; `undefined` if the workbench is. */
async function judgeFor(
  { engine, oursGiven }: Arguments,
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
    console.error(`Judged by the embedded workbench: ${error.problem}`);
    return undefined;
  }
}

const usage = `Judges solutions of the Gossip Glomers challenges.

  run.ts [ID | WORKLOAD …] [options] [-- node arguments]
  run.ts test -w WORKLOAD --bin PATH [options] [-- node arguments]
  run.ts list      the official runs
  run.ts check FOLDER …
                   judges recorded runs once more
  run.ts build     makes each challenge a program, in bin/
  run.ts bench     measures the library against other echo nodes [--bin PATH]
  run.ts serve     shows the store's runs in a browser
  run.ts pictures  draws the README's pictures [--check: are they up to date?]
  run.ts figures   computes the README's figures [--check: as above]

Without an ID or WORKLOAD: every official run.

  IDs        ${runs.map(({ id }) => id).join(", ")}
  WORKLOADs  ${Object.keys(workloads).slice(0, 7).join(", ")},
             ${Object.keys(workloads).slice(7).join(", ")}

  -w, --workload NAME               What the nodes are asked to be
      --bin PATH                    Judge this program, or this .ts or .js
                                    file, instead of ours
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
      --host ADDRESS                Where serve listens [127.0.0.1]
      --port NUMBER                 And on which port; 0: any free one [8080]
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
      "host",
      "port",
      "test-count",
      "seeds",
      ...optionSpecs.map(({ name }) => name),
    ],
    boolean: [
      "json",
      "help",
      "log-stderr",
      "check",
      // For Maelstrom; in the workbench the journal has it all anyway.
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
  for (const name of ["workload", "bin", "store", "host"]) {
    if (text(name) === "") throw new BadOption(`--${name} needs a value.`);
  }
  const given: { [name: string]: string | number } = {};
  for (const spec of optionSpecs) {
    const value = text(spec.name);
    if (value !== undefined) given[spec.name] = parseOption(spec, value);
  }
  const { seed = 1, ...others } = given as Partial<Options>;
  const seeds = seedsOf(seed, text("seeds"), text("test-count"));
  const oursGiven = ours.filter((name) => text(name) !== undefined);
  if (engine === "maelstrom" && oursGiven.length > 0) {
    throw new BadOption(
      `The real Maelstrom has no --${
        oursGiven[0]
      }: it's for the workbench, --engine sim or stdio.`,
    );
  }
  const network = oursGiven.find((name) => name.startsWith("p-"));
  if (engine === "both" && (network ?? text("seeds")) !== undefined) {
    throw new BadOption(
      `--engine both needs options that both know, and the real Maelstrom has no --${
        network ?? "seeds"
      }.`,
    );
  }
  return {
    help: parsed.help,
    engine,
    words: parsed._.map(String),
    nodeArgs: parsed["--"],
    given: others,
    workload: text("workload"),
    bin: text("bin"),
    store: text("store") ?? "store",
    host: text("host") ?? "127.0.0.1",
    port: portOf(text("port") ?? "8080"),
    json: parsed.json,
    check: parsed.check,
    logStderr: parsed["log-stderr"],
    seeds,
    flags: ["log-stderr", "log-net-send", "log-net-recv"]
      .filter((name) => (parsed as { [name: string]: unknown })[name])
      .map((name) => `--${name}`),
    oursGiven,
  };
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65535) return port;
  throw new BadOption(
    `--port must be an integer from 0 to 65535, not "${text}".`,
  );
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
function plan(parsed: Arguments): Plan[] {
  const { given, workload, bin } = parsed;
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

  return chosen.map((each): Plan => {
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
}

/** The workbench's job. */
function ourJob(plan: Plan, parsed: Arguments): Job {
  const { solution, args } = plan;
  const by: Judge = solution === undefined
    ? {
      engine: "stdio",
      command: commandForBin(parsed.bin!, args),
    }
    : parsed.engine === "stdio"
    ? { engine: "stdio", command: commandFor(solution.script, args) }
    : { engine: "sim", app: solution.app, script: solution.script };
  const engine = solution && by.engine === "stdio" ? ["--engine", "stdio"] : [];
  return {
    ...plan,
    by,
    seeds: parsed.seeds,
    replay: (seed) => replayOf("run", plan, parsed, engine, { seed }),
  };
}

/** The real Maelstrom's job. */
async function realJob(
  plan: Plan,
  parsed: Arguments,
  maelstrom: Maelstrom,
): Promise<Job> {
  const { solution, args } = plan;
  const bin = solution === undefined
    ? await programOfBin(parsed.bin!)
    : await programOf(
      solution.script,
      () => console.error(`Building bin/${solution.script}`),
    );
  return {
    ...plan,
    by: {
      engine: "maelstrom",
      command: { bin, args },
      maelstrom,
      flags: parsed.flags,
    },
    seeds: parsed.seeds.map(() => undefined),
    replay: () => replayOf("maelstrom", plan, parsed, [], {}),
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

/** The command that does a job once more. */
function replayOf(
  task: string,
  { id, nodeArgs }: Plan,
  { words, bin, given }: Arguments,
  engine: string[],
  more: Partial<Options>,
): string {
  return [
    "deno task",
    task,
    ...(words[0] === "test" ? ["test", "-w", id] : [id]),
    ...(bin === undefined ? [] : ["--bin", bin]),
    ...engine,
    ...Object.entries({ ...given, ...more })
      .flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(nodeArgs.length > 0 ? ["--", ...nodeArgs] : []),
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
