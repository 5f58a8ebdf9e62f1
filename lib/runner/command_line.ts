/**
 * Reads the command line: commands, words, options, and the node's arguments.
 *
 * Options are Maelstrom's, and are read as it reads them, with one exception:
 * Maelstrom hands stray words after the options to the node, and this refuses
 * them. They are always slips, and a run without the intended option wouldn't
 * show it.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runs } from "../../challenges/runs.ts";
import { nearest } from "../nearest.ts";
import type { Seeds } from "../report/seeds.ts";
import { quote } from "./shell.ts";
import { takersOf } from "./arguments.ts";
import { maxJobs } from "./jobs.ts";
import { parseShard, type Shard } from "./shards.ts";
import { BadOption, type Options, type Schedule } from "../workbench/mod.ts";
import { optionSpecs, parseOption, splitFaults } from "../workbench/options.ts";

/** The engines that can judge. */
export const engines = ["auto", "sim", "stdio", "maelstrom", "both"] as const;

/** Tells whether the real Maelstrom has to judge. */
export function isForMaelstrom(engine: CommandLine["engine"]): boolean {
  return engine === "maelstrom" || engine === "both";
}

/** The commands of the runner; without a command it judges. */
export const commands = [
  "test",
  "fuzz",
  "list",
  "check",
  "merge",
  "build",
  "bench",
  "serve",
  "figures",
  "pictures",
  "book",
  "help",
] as const;

/** One of {@linkcode commands}. */
export type Command = (typeof commands)[number];

/** The command line as it was understood. */
export interface CommandLine {
  /** `undefined`: judges what the words name. */
  command?: Command;
  /** The words behind the command. */
  words: string[];
  /** The arguments after `--`. */
  nodeArgs: string[];
  engine: (typeof engines)[number];
  /** The options of the run that were given, but for the seed. */
  given: Partial<Options>;
  workload?: string;
  bin?: string;
  store: string;
  host: string;
  port: number;
  /** True if each run gets a page. */
  page: boolean;
  json: boolean;
  /** True if figures or pictures are checked, and not written. */
  check: boolean;
  /** True if what was made is to be served, too. */
  serve: boolean;
  logStderr: boolean;
  /** True if all runs are meant, and not only the official ones. */
  isAll: boolean;
  /** True if it judges again whenever what is judged changes. */
  watch: boolean;
  seeds: Seeds;
  /** True if a seed, or many, were given. */
  isSeedGiven: boolean;
  /** The number of runs side by side; `undefined`: as many as there's room for. */
  jobs: number | undefined;
  /** The part of all runs to judge; `undefined`: all of them. */
  shard: Shard | undefined;
  /** The file of a case to repeat. */
  replay: string | undefined;
  /** The run of which the case is. */
  caseOf?: string;
  /** The surroundings, where a case says what they do. */
  schedule?: Schedule;
  /** The folder of cases that are tried first, and that new ones are added to. */
  corpus: string | undefined;
  /** The time for which failures are looked for, in milliseconds. */
  forMs: number;
  /** The most runs in which they are looked for. */
  maxRuns: number;
  /** True to end at the first failure. */
  bail: boolean;
  /** Options that the real Maelstrom takes as they are. */
  flags: string[];
  /** Options that were given, and that the real Maelstrom doesn't know. */
  oursGiven: string[];
  help: boolean;
  version: boolean;
  /** Notes about options that are taken and have no meaning. */
  notes: string[];
}

/** An option of the command line, but for those of a run. */
export interface Flag {
  name: string;
  short?: string;
  /** The word for its value in the usage; without it the option has none. */
  argument?: string;
  /** Lines of the usage. */
  text: string;
  /** The commands that know it, if it isn't for judging. */
  of?: readonly Command[];
}

/** All options, but for those of a run. */
export const flags: readonly Flag[] = [
  {
    name: "workload",
    short: "w",
    argument: "NAME",
    text: "Workload to run",
  },
  {
    name: "bin",
    argument: "PATH",
    text:
      "Judge this program, .ts or .js file, or\n.wasm module, instead of ours",
  },
  { name: "engine", argument: "NAME", text: engines.join(", ") },
  { name: "all", text: "Judge every run, not only the official ones" },
  {
    name: "seeds",
    argument: "FROM..TO",
    text: "Judge many seeds, side by side",
  },
  {
    name: "shard",
    argument: "INDEX/COUNT",
    text: "Judge one of several equal parts, as 3/16",
  },
  {
    name: "jobs",
    argument: "NUMBER",
    text:
      "Seeds to judge at the same time\n[as many as this machine has room for]",
  },
  {
    name: "replay",
    argument: "FILE",
    text: "Repeat a case that fuzz has found",
  },
  {
    name: "for",
    argument: "TIME",
    text: "Time to look for failures, as 5m [60s]",
    of: ["fuzz"],
  },
  {
    name: "runs",
    argument: "NUMBER",
    text: "Most runs to look for failures in",
    of: ["fuzz"],
  },
  { name: "bail", text: "End at the first failure", of: ["fuzz"] },
  {
    name: "corpus",
    argument: "FOLDER",
    text: "Keep failures here, and try them first",
    of: ["fuzz"],
  },
  {
    name: "test-count",
    argument: "NUMBER",
    text: "Number of runs, each with the next seed [1]",
  },
  {
    name: "store",
    argument: "FOLDER",
    text: "Folder for results [store]",
  },
  { name: "no-page", text: "Write no page, only the record" },
  {
    name: "json",
    text: "Print an array of results, and nothing else",
  },
  {
    name: "log-stderr",
    text:
      "Show what nodes write to stderr; of many\nseeds in virtual time, if they fail",
  },
  { name: "watch", text: "Judge again whenever the program changes" },
  { name: "log-net-send", text: "Have Maelstrom log each message sent" },
  { name: "log-net-recv", text: "… and received; our pages show both" },
  {
    name: "host",
    short: "b",
    argument: "ADDRESS",
    text: "Address to listen on [127.0.0.1]",
    of: ["serve", "book"],
  },
  {
    name: "port",
    short: "p",
    argument: "NUMBER",
    text: "Port to listen on; 0: any free one [8080]",
    of: ["serve", "book"],
  },
  {
    name: "serve",
    text: "Show the book, and keep it up to date",
    of: ["book"],
  },
  {
    name: "check",
    text: "Only check whether all is up to date",
    of: ["figures", "pictures"],
  },
  { name: "help", short: "h", text: "Print this help" },
  { name: "version", text: "Print the version" },
];

/** The options for judging that other commands know, too. */
const shared: { [command in Command]?: readonly string[] } = {
  check: ["json"],
  merge: ["json", "no-page"],
  bench: ["bin"],
};

/**
 * The options that every command is given by the tasks and tests that start it.
 */
const everywhere = ["engine", "store", "help", "version"];

/** The commands that judge nodes. */
const judging: readonly (Command | undefined)[] = [undefined, "test", "fuzz"];

/** The options for judging that mean nothing where runs are drawn. */
const notForFuzz = [
  ...["seeds", "test-count", "watch", "replay", "engine"],
  ...["log-stderr", "log-net-send", "log-net-recv"],
];

/** Tells whether an option is for a command. */
export function isFor(name: string, command: Command | undefined): boolean {
  if (everywhere.includes(name)) return true;
  const of = flags.find((flag) => flag.name === name)?.of;
  if (of !== undefined) return command !== undefined && of.includes(command);
  if (command === "fuzz" && notForFuzz.includes(name)) return false;
  return judging.includes(command) || command === "help" ||
    (command !== undefined && shared[command]?.includes(name) || false);
}

/** Maelstrom's options that have no meaning here, and why. */
const meaningless: ReadonlyMap<
  string,
  { argument: boolean; why: string }
> = new Map(Object.entries({
  ...Object.fromEntries(
    ["username", "password", "ssh-private-key"].map((name) => [
      name,
      {
        argument: true,
        why: "nobody logs in to nodes: they run on this machine",
      },
    ]),
  ),
  ...Object.fromEntries(
    ["strict-host-key-checking", "no-ssh"].map((name) => [
      name,
      {
        argument: false,
        why: "nobody logs in to nodes: they run on this machine",
      },
    ]),
  ),
  "leave-db-running": { argument: false, why: "nodes end with their run" },
  "logging-json": { argument: false, why: "there is no log of Jepsen's" },
}));

/** Their names, for the usage. */
export const meaninglessNames = [...meaningless.keys()];

/** Maelstrom's options that would name the nodes. */
const nodeNames = ["node", "nodes", "nodes-file"];

/** Options that the real Maelstrom doesn't know. */
const ours = [
  ...["p-loss", "p-duplicate", "p-reorder", "lazyfs", "disk-size"] as const,
  ...["seed", "seeds", "jobs", "watch"] as const,
] as const;

const withValue = new Set([
  ...optionSpecs.map(({ name }): string => name),
  ...flags.filter(({ argument }) => argument).map(({ name }) => name),
  ...meaninglessNames.filter((name) => meaningless.get(name)?.argument),
  ...nodeNames,
]);

const withoutValue = new Set([
  ...flags.filter(({ argument }) => !argument).map(({ name }) => name),
  ...meaninglessNames.filter((name) => !meaningless.get(name)?.argument),
]);

const names = [...withValue, ...withoutValue];

const shortNames = [
  { name: "node", short: "n" },
  ...flags.filter(({ short }) => short !== undefined),
];

/**
 * Reads the command line.
 *
 * @throws {BadOption} if it can't be understood.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { words: all, options, nodeArgs } = split(args);
  const first = all[0]?.toLowerCase();
  const command = commands.find((each) => each === first);
  const words = command === undefined ? all : all.slice(1);
  for (const name of options.keys()) checkOption(name, options, command);
  const text = (name: string) => options.get(name);
  const has = (name: string) => options.has(name);
  const engine = engineOf(text("engine") ?? "auto");
  const faults = splitFaults(text("nemesis") ?? "");
  const oursGiven = [
    ...ours.filter(has),
    ...faults.filter((fault) => isOurs(fault, engine))
      .map((fault) => `nemesis ${fault}`),
  ];
  if (command === "fuzz" && isForMaelstrom(engine)) {
    throw new BadOption(
      "fuzz needs virtual time, which the real Maelstrom hasn't: leave --engine out.",
    );
  }
  checkForMaelstrom(engine, oursGiven);
  if (has("watch") && has("json")) {
    throw new BadOption(
      "--json prints one array at the end, and --watch has no end: leave one of them out.",
    );
  }
  const shard = has("shard") ? parseShard(text("shard")!) : undefined;
  checkShard(shard, { engine, isWatching: has("watch") });
  const { seed = 1, ...given } = Object.fromEntries(
    optionSpecs.filter(({ name }) => has(name))
      .map((spec) => [spec.name, parseOption(spec, text(spec.name)!)]),
  ) as Partial<Options>;
  return {
    command,
    words,
    nodeArgs,
    engine,
    given,
    workload: text("workload"),
    bin: text("bin"),
    store: text("store") ?? "store",
    host: text("host") ?? "127.0.0.1",
    port: portOf(text("port") ?? "8080"),
    page: !has("no-page"),
    json: has("json"),
    check: has("check"),
    serve: has("serve"),
    logStderr: has("log-stderr"),
    isAll: has("all"),
    watch: has("watch"),
    seeds: seedsOf(
      seed,
      text("seeds"),
      text("test-count"),
      ["seed", "test-count"].find(has),
      has("watch") ? maxSeedsWatched : maxSeeds,
    ),
    isSeedGiven: ["seed", "seeds", "test-count"].some(has),
    jobs: jobsOf(text("jobs")),
    shard,
    replay: text("replay"),
    corpus: text("corpus"),
    forMs: millisecondsOf(text("for"), has("runs")),
    maxRuns: maxRunsOf(text("runs")),
    bail: has("bail"),
    flags: ["log-stderr", "log-net-send", "log-net-recv"].filter(has)
      .map((name) => `--${name}`),
    oursGiven,
    help: has("help") || command === "help",
    version: has("version"),
    notes: [...options.keys()].flatMap((name) => {
      const why = meaningless.get(name)?.why;
      return why ? [`--${name} has no effect here: ${why}.`] : [];
    }),
  };
}

/** Tells whether the runner has an option of that name, for runs. */
export function isRunnersOption(name: string): boolean {
  return names.includes(name);
}

/** Tells words from options, and from what is the node's. */
function split(args: readonly string[]) {
  const end = args.findIndex((arg) => /^(--|[–—―−])$/.test(arg));
  const before = (end === -1 ? args : args.slice(0, end))
    .map((arg, _, all) => withHyphens(arg, all));
  const { tokens } = parseArgs({
    args: before,
    strict: false,
    tokens: true,
    options: Object.fromEntries([
      ...names.map((name) => [name, {
        type: withValue.has(name) ? "string" : "boolean",
        ...(shortOf(name) && { short: shortOf(name) }),
      }]),
    ]),
  });
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, value, index } = token;
    if (!names.includes(name)) {
      throw unknownOption(before[index] ?? name, before);
    }
    if (withoutValue.has(name)) {
      if (value !== undefined && value !== "true" && value !== "false") {
        throw new BadOption(`--${name} takes no value, and so not "${value}".`);
      }
      if (value === "false") options.delete(name);
      else options.set(name, "");
      continue;
    }
    // An empty list would mean no faults, which nobody asks for.
    if (!/[^\s,]/.test(value ?? "") || looksLikeOption(value!)) {
      throw new BadOption(`--${name} needs a value.`);
    }
    options.set(name, value!);
  }
  return { words, options, nodeArgs: end === -1 ? [] : args.slice(end + 1) };
}

function shortOf(name: string): string | undefined {
  return shortNames.find((each) => each.name === name)?.short;
}

/** Any dashes and hyphens, as programs make them of two of the latter. */
const dashes = /^[\p{Pd}−]+/u;

/**
 * Writes an option as it's meant to be: text programs, and web pages, make other
 * dashes of two hyphens, and the page of a challenge has such a line.
 */
function withHyphens(arg: string, args: readonly string[]): string {
  const [dash] = dashes.exec(arg) ?? [""];
  const rest = arg.slice(dash.length);
  const [name = ""] = rest.split("=");
  if (dash === "-" && names.includes(name)) throw unknownOption(arg, args);
  if (!/[^-]/.test(dash)) return arg;
  if (names.includes(name)) return `--${rest}`;
  if (shortNames.some(({ short }) => short === name)) return `-${rest}`;
  // Numbers below zero are values.
  if (/^[\d.]/.test(rest)) return arg;
  throw unknownOption(arg, args);
}

function unknownOption(
  arg: string,
  args: readonly string[],
): BadOption {
  const misplaced = nodeArgumentIn(arg, args);
  if (misplaced !== undefined) return misplaced;
  const [option = ""] = arg.split("=");
  const hint = nearest(option.replace(dashes, ""), names)
    .replace("mean ", "mean --");
  return new BadOption(`There is no option ${option}${hint}.`);
}

/** Says where an argument of nodes belongs, if it is one of our solutions'. */
function nodeArgumentIn(
  arg: string,
  args: readonly string[],
): BadOption | undefined {
  const text = arg.replace(dashes, "--");
  const [option = ""] = text.split("=");
  const takers = takersOf(option.slice(2), runs);
  const [first] = takers;
  if (first === undefined) return undefined;
  const run = args.find((each) => takers.includes(each.toLowerCase())) ?? first;
  const next = args[args.indexOf(arg) + 1] ?? "";
  const value = text !== option || next === "" || dashes.test(next)
    ? ""
    : ` ${quote(next)}`;
  return new BadOption(
    `${option} is an argument of the node, and stands behind --, after all of the runner's options: ${run} -- ${text}${value}`,
  );
}

function looksLikeOption(text: string): boolean {
  return text === "--" ||
    names.includes(text.replace(/^--/, "")) && text.startsWith("--");
}

/** Complains of an option that has no meaning for a command. */
function checkOption(
  name: string,
  options: Map<string, string>,
  command: Command | undefined,
): void {
  if (nodeNames.includes(name)) {
    const count = name === "nodes" ? options.get(name)!.split(",").length : 3;
    throw new BadOption(
      `--${name} names machines, and here nodes are processes, n0, n1 and so on: say how many, as in --node-count ${count}.`,
    );
  }
  if (meaningless.has(name) || isFor(name, command)) return;
  const known = [...withValue, ...withoutValue]
    .filter((each) => !meaningless.has(each) && !everywhere.includes(each))
    .filter((each) => !nodeNames.includes(each))
    .filter((each) => isFor(each, command)).map((each) => `--${each}`);
  const of = flags.find((flag) => flag.name === name)?.of?.join(" and ");
  throw new BadOption(
    of !== undefined
      ? `--${name} is for ${of}.`
      : `--${name} is for runs, and means nothing to ${command}${
        known.length > 0 ? `, which takes ${known.join(", ")}` : ""
      }.`,
  );
}

function engineOf(word: string): CommandLine["engine"] {
  const engine = engines.find((each) => each === word);
  if (engine !== undefined) return engine;
  throw new BadOption(
    `--engine must be one of ${engines.join(", ")}, not "${word}"${
      nearest(word, engines)
    }.`,
  );
}

/**
 * Tells whether a fault isn't Maelstrom's. Some of its versions have more than the
 * one that is installed by itself; which, one finds out by asking for it.
 */
function isOurs(fault: string, engine: CommandLine["engine"]): boolean {
  return ["asymmetric-partition", "packet", "clock"].includes(fault) ||
    engine === "auto" && ["kill", "pause"].includes(fault);
}

/** Complains of options that the real Maelstrom would have to know. */
function checkForMaelstrom(
  engine: CommandLine["engine"],
  oursGiven: readonly string[],
): void {
  if (engine === "maelstrom" && oursGiven.length > 0) {
    throw new BadOption(
      `The real Maelstrom has no --${
        oursGiven[0]
      }: it's for the workbench, --engine sim or stdio.`,
    );
  }
  const unknown = oursGiven.find((name) => name !== "seed");
  if (engine === "both" && unknown !== undefined) {
    throw new BadOption(
      `--engine both needs options that both know, and the real Maelstrom has no --${unknown}.`,
    );
  }
}

/** Complains of a part that can't be judged by itself. */
function checkShard(
  shard: Shard | undefined,
  { engine, isWatching }: {
    engine: CommandLine["engine"];
    isWatching: boolean;
  },
): void {
  if (shard === undefined) return;
  if (engine === "both") {
    throw new BadOption(
      "--engine both compares a run's two judges, whom --shard would part: leave one of them out.",
    );
  }
  if (isWatching) {
    throw new BadOption(
      "--shard's results are merged when all is judged, and --watch has no end: leave one of them out.",
    );
  }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65535) return port;
  throw new BadOption(
    `--port must be an integer from 0 to 65535, not "${text}".`,
  );
}

function jobsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const jobs = /^\+?\d+$/.test(text) ? Number(text) : 0;
  if (jobs >= 1 && jobs <= maxJobs) return jobs;
  throw new BadOption(
    `--jobs must be an integer from 1 to ${maxJobs}, not "${text}".`,
  );
}

/** The milliseconds of each unit of time. */
const units: { [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** The time for which failures are looked for, unless runs are counted. */
const defaultForMs = 60_000;

function millisecondsOf(text: string | undefined, isCounted: boolean): number {
  if (text === undefined) return isCounted ? Infinity : defaultForMs;
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ??
    [];
  const ms = Number(number) * units[unit]!;
  if (ms > 0 && Number.isFinite(ms)) return ms;
  throw new BadOption(
    `--for must be a time such as 90s, 5m or 1h, not "${text}".`,
  );
}

function maxRunsOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const runs = /^\+?\d+$/.test(text) ? Number(text) : 0;
  if (runs >= 1 && Number.isSafeInteger(runs)) return runs;
  throw new BadOption(`--runs must be an integer from 1 on, not "${text}".`);
}

/** The most seeds that can be judged at once. */
const maxSeeds = 100_000_000;

/** The most of them with `--watch`: each is compared with the last time. */
const maxSeedsWatched = 100_000;

/** From `--seed 7`, `--seeds 1..200`, or `--test-count 5`. */
function seedsOf(
  seed: number,
  range?: string,
  testCount = "1",
  besideRange?: string,
  max = maxSeeds,
): Seeds {
  if (range !== undefined && besideRange !== undefined) {
    throw new BadOption(
      `--seeds ${range} already says which seeds: leave out --${besideRange}.`,
    );
  }
  const count = /^\+?\d+$/.test(testCount) ? Number(testCount) : 0;
  if (!(count >= 1 && count <= max)) {
    throw new BadOption(
      `--test-count must be an integer from 1 to ${max}, not "${testCount}".`,
    );
  }
  const [, from, to] = range === undefined
    ? ["", seed, seed + (count - 1)]
    : /^(\d+)\.\.(\d+)$/.exec(range)?.map(Number) ?? [];
  const length = Number(to) - Number(from) + 1;
  if (!(length >= 1) || !Number.isSafeInteger(to)) {
    throw new BadOption(
      `${
        range === undefined
          ? `--seed must leave room for --test-count ${count}`
          : `--seeds must be a range such as 1..200, not "${range}"`
      }; the greatest seed is ${Number.MAX_SAFE_INTEGER}.`,
    );
  }
  if (length > max) {
    throw new BadOption(
      `--seeds ${range} are ${length} seeds, and there can be ${max} at most${
        max === maxSeeds ? "" : " with --watch"
      }.`,
    );
  }
  return { first: Number(from), length };
}
