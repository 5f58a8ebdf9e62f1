/**
 * Files that each hold a case: a run that failed once, to be repeated.
 *
 * @module
 */
import { runOf } from "../../challenges/runs.ts";
import type { Options, Schedule } from "../workbench/mod.ts";
import { BadOption } from "../workbench/mod.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { scheduleProblem } from "../workbench/schedule_problem.ts";
import { isObject } from "../workbench/sim/exact_json.ts";
import { resolve } from "../workbench/test.ts";
import { workloadOf } from "../workbench/workloads/mod.ts";
import { commandOf, type Replay } from "./replay.ts";
import type { Found } from "./found.ts";

/** A case in a file. */
export interface CaseFile {
  /** The official run, or else the workload. */
  id: string;
  /** The program that was judged, as it was named; absent for our solutions. */
  bin?: string;
  /** The node's arguments. */
  args?: readonly string[];
  /** The name of what went wrong. */
  anomaly: string;
  /** The events of the run, and the mistake in words. */
  story: string[];
  /** The options, the seed among them. */
  options: Options;
  /** The surroundings, where options can't say what they do. */
  schedule?: Schedule;
}

/**
 * Writes a case as JSON in which each operation, fault and fate has a line, so that
 * two of them can be compared.
 */
export function caseText({ schedule, ...others }: CaseFile): string {
  const json = JSON.stringify(others, null, 2);
  if (schedule === undefined) return `${json}\n`;
  const lists = Object.entries(schedule).map(([name, items]) =>
    `    ${JSON.stringify(name)}: [${
      (items as unknown[]).map((item) => `\n      ${JSON.stringify(item)}`)
        .join(",")
    }${(items as unknown[]).length > 0 ? "\n    " : ""}]`
  );
  return `${json.slice(0, -2)},\n  "schedule": {\n${
    lists.join(",\n")
  }\n  }\n}\n`;
}

/** Makes a file of a run that failed, and of whose. */
export function caseFileOf(
  { id, bin, args }: { id: string; bin?: string; args: readonly string[] },
  { name, story, case: { options, schedule } }: NonNullable<Found["failure"]>,
): CaseFile {
  return {
    id,
    ...bin !== undefined && { bin },
    ...args.length > 0 && { args },
    anomaly: name,
    story: story.split("\n"),
    options,
    ...schedule && { schedule },
  };
}

/** The program, and its arguments, that a case is of. */
export type Judged = Pick<CaseFile, "bin" | "args">;

/**
 * Chooses the arguments with which a case is repeated: those that are given, or
 * else its own. Those of our solutions mean nothing to a program.
 */
export function argsOf(
  file: Judged,
  bin: string | undefined,
  given: readonly string[],
): readonly string[] {
  const isOthers = file.bin === undefined && bin !== undefined;
  return given.length > 0 || isOthers ? given : file.args ?? [];
}

/**
 * The command that repeats a case, to be pasted into a shell: by its options, or
 * else by the file that holds it.
 *
 * @param held the owner of the case in the file, where it may be another.
 */
export function commandOfCase(
  { id, bin, args = [], options, schedule }: CaseFile,
  path: string | undefined,
  held?: Judged,
): string {
  const common = { task: "run", engine: [] } as const;
  const { workload, ...given } = options;
  const script = runOf(id, workload)?.script;
  // The workload's name means the first challenge that it judges.
  const isFirst = script === runOf(workload, workload)?.script;
  const isAll = schedule === undefined && (bin !== undefined || isFirst);
  const own = isFirst ? undefined : `challenges/${script}.ts`;
  const program = bin ?? own;
  const replay: Replay = !isAll && path !== undefined
    ? {
      ...common,
      words: ["--replay", path],
      ...held && bin !== undefined && bin !== held.bin && { bin },
      given: {},
      nodeArgs: held && !isSame(args, argsOf(held, bin, [])) ? args : [],
    }
    : {
      ...common,
      words: [workload],
      ...program !== undefined && { bin: program },
      given,
      nodeArgs: args,
    };
  return commandOf(replay, { store: "store", seed: undefined });
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}

/** Tells whether there is such a command: a schedule has to be in a file. */
export function canRepeat(
  { schedule }: CaseFile,
  path: string | undefined,
): boolean {
  return schedule === undefined || path !== undefined;
}

/**
 * Reads a case.
 *
 * @throws {BadOption} if it can't be read, or is none.
 */
export async function readCase(path: string): Promise<CaseFile> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new BadOption(`${path} can't be read: ${systemReason(error)}.`);
  }
  const wrong = (why: string) =>
    new BadOption(
      `${path} isn't a case that fuzz or --corpus has written: ${why}.`,
    );
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (error) {
    throw wrong(`it isn't JSON (${(error as Error).message})`);
  }
  if (!isObject(file)) throw wrong("it isn't a JSON object");
  const { options, schedule, args = [], bin } = file;
  if (!isObject(options)) throw wrong("it has no options");
  if (typeof options.workload !== "string") throw wrong("it has no workload");
  if (bin !== undefined && typeof bin !== "string") {
    throw wrong("bin isn't a text");
  }
  if (!Array.isArray(args) || args.some((arg) => typeof arg !== "string")) {
    throw wrong("args aren't a list of texts");
  }
  const test = refusing(wrong, () => resolve(options as unknown as Options));
  const problem = schedule !== undefined &&
    scheduleProblem(schedule, test, workloadOf(test).operations);
  if (problem) throw wrong(problem);
  return {
    ...file,
    id: typeof file.id === "string" ? file.id : test.options.workload,
  } as unknown as CaseFile;
}

function refusing<T>(wrong: (why: string) => BadOption, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    throw wrong(error.message.replace(/\.$/, ""));
  }
}

/** Finds the cases of a folder, by their names; one that isn't there has none. */
export async function casesIn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory || !name.endsWith(".json")) continue; // it may be a link
      paths.push(`${folder}/${name}`);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new BadOption(
      `The corpus ${folder} can't be read: ${systemReason(error)}.`,
    );
  }
  return paths.sort();
}

/**
 * Writes a case into a folder, under a name that says what it is. One that has the
 * same name is another failure, and stays.
 *
 * @returns its path.
 */
export async function addCase(folder: string, file: CaseFile): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const name = [file.id, file.anomaly].join("-").replace(/[^\w.-]+/g, "-")
    .slice(0, 80);
  for (let number = 1;; number++) {
    const path = `${folder}/${name}${number > 1 ? `-${number}` : ""}.json`;
    try {
      await Deno.writeTextFile(path, caseText(file), { createNew: true });
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) {
        // A part of it would be no case, and keep others from being read.
        await Deno.remove(path).catch(() => {});
        throw error;
      }
      if (await Deno.readTextFile(path) === caseText(file)) return path;
    }
  }
}
