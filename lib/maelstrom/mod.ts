/**
 * The real Maelstrom as a judge: options in, a {@linkcode Judgement} out, as
 * from the workbench.
 *
 * @module
 */
import type { Command } from "../workbench/hosts/process.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import type { Judgement, Results } from "../workbench/judge.ts";
import type { Op } from "../workbench/load/history.ts";
import { BadOption, type Options, type Test } from "../workbench/options.ts";
import { fillIn } from "../workbench/test.ts";
import { checkHistory } from "../workbench/verdict.ts";
import { install, type InstallSettings } from "./install.ts";
import { findJava, type Java, requireGit } from "./machine.ts";
import { type Ended, run, type RunSettings } from "./run.ts";

export { missingPictureTools } from "./machine.ts";
export { type InstallProgress, release } from "./install.ts";
export { Unavailable } from "./unavailable.ts";

/** A Maelstrom that is ready to run. */
export interface Maelstrom {
  launcher: string;
  java: Java;
}

/**
 * Finds Java, git and Maelstrom; downloads the latter if need be.
 *
 * @throws {Unavailable} if it can't be run here.
 */
export async function findMaelstrom(
  settings: InstallSettings,
): Promise<Maelstrom> {
  const java = await findJava(settings.env);
  requireGit(settings.env);
  return { java, launcher: await install(settings) };
}

/** Maelstrom ended without a verdict: it, or a node in its care, crashed. */
export class Crash extends Error {
  override name = "Crash";
}

/** Settings for judging, beside the options of the run. */
export interface JudgeSettings
  extends Pick<RunSettings, "env" | "onProgress" | "onLog" | "signal"> {
  /**
   * An existing folder. Maelstrom's own files go to `maelstrom/` in it, and
   * what it prints to `maelstrom.log`.
   */
  folder: string;
  /** Options that only Maelstrom knows: `--log-stderr`. */
  flags?: readonly string[];
  /** The time that it may take, in milliseconds. */
  timeoutMs?: number;
  /** The time that it may take to leave when asked to, in milliseconds. */
  graceMs?: number;
}

/**
 * The time that Maelstrom may take beyond the time limit: to start, to recover,
 * and to check. A hard search by Knossos or Elle takes minutes.
 */
const overheadMs = 15 * 60 * 1000;

/**
 * Judges a program on the real Maelstrom.
 *
 * @param options passed on as they are; Maelstrom fills in its own defaults. It
 * doesn't know the network's `p-loss` and the like.
 * @throws {Crash} if it ends without a verdict.
 * @throws {BadOption} if it doesn't take the options.
 */
export async function judgeOnMaelstrom(
  { launcher, java }: Maelstrom,
  command: Command,
  options: Options,
  settings: JudgeSettings,
): Promise<Judgement> {
  const { folder } = settings;
  const log = `${folder}/maelstrom.log`;
  let before: string | undefined;
  const ended = await run({
    ...settings,
    launcher,
    java,
    log,
    timeoutMs: settings.timeoutMs ??
      (options["time-limit"] ?? 60) * 1000 + overheadMs,
    args: argumentsOf(command, options, settings.flags),
  }).finally(async () => before = await takeOver(folder));
  if (ended.code === badArguments) {
    // Clojure's warnings come first, whatever else there is.
    const words = ended.lastLines.filter((line) => !/^warning: /i.test(line))
      .join("\n").trim();
    throw new BadOption(
      `Maelstrom refuses its arguments: ${words}${hintFor(words)}`,
    );
  }
  const crash = (what: string) => {
    const lines = whyOf(ended).map((line) =>
      before ? line.replace(before, `${folder}/maelstrom`) : line
    );
    const { logProblem } = ended;
    const source = logProblem === undefined
      ? `The end of ${log}:`
      : `${log} can't be written: ${logProblem}. What it printed last:`;
    return new Crash(
      lines.length === 0
        ? `${what}. Maelstrom printed nothing.`
        : [`${what}. ${source}`, ...lines].join("\n"),
    );
  };
  const results = await verdictOf(folder, ended, crash);
  const history = await historyOf(folder, crash);
  return await judgementOf(folder, results, history, options);
}

function argumentsOf(
  { bin, args }: Command,
  options: Options,
  flags: readonly string[] = [],
): string[] {
  return [
    "test",
    ...Object.entries(options).flatMap(([name, value]) => [
      `--${name}`,
      // Here it parts words at a comma with spaces on both sides, and else
      // takes them for one.
      name === "consistency-models"
        ? String(value).replaceAll(",", " , ")
        : String(value),
    ]),
    ...["--bin", bin],
    ...flags,
    ...(args.length > 0 ? ["--", ...args] : []),
  ];
}

/** Tells what to do about a fault that this version doesn't have. */
function hintFor(refusal: string): string {
  return /--nemesis .*(kill|pause)/.test(refusal)
    ? "\nThis version of Maelstrom can't kill or pause nodes; those after 0.2.4 can. Name the folder of one in MAELSTROM_HOME, or let the workbench judge: --engine sim, or stdio."
    : "";
}

/** The lines that say why it ended, from all that it printed. */
function whyOf({ lastLines }: Ended): string[] {
  const why = lastLines.findLastIndex((line) => line.endsWith("Here's why:"));
  return lastLines.slice(why + 1).filter((line) => line.trim() !== "")
    .map((line) => `  ${line}`);
}

/**
 * Reads the verdict, which must match Maelstrom's exit.
 *
 * @param crash makes the error for a run that has none, of what happened.
 */
async function verdictOf(
  folder: string,
  { code, how }: Ended,
  crash: (what: string) => Crash,
): Promise<Results> {
  const { readResults } = await readers();
  const results = await readFile(`${folder}/maelstrom/results.edn`)
    .then((edn) => edn === undefined ? undefined : readResults(edn))
    .catch(unreadable("results.edn", crash));
  if (results === undefined) {
    throw crash(`Maelstrom ${how} and left no verdict`);
  }
  const verdict = results["valid?"];
  if (code !== exitCodes.get(verdict)) {
    throw crash(`Maelstrom ${how}, although its verdict is ${verdict}`);
  }
  return results;
}

/**
 * Reads the history; there is none if Maelstrom wrote none.
 *
 * @param crash as for {@linkcode verdictOf}.
 */
async function historyOf(
  folder: string,
  crash: (what: string) => Crash,
): Promise<Op[]> {
  const { readHistory } = await readers();
  return await readFile(`${folder}/maelstrom/history.edn`)
    .then((edn) => readHistory(edn ?? ""))
    .catch(unreadable("history.edn", crash));
}

/** Makes a crash of what keeps one of Maelstrom's files from being read. */
function unreadable(name: string, crash: (what: string) => Crash) {
  return (error: unknown): never => {
    throw crash(
      `Maelstrom's ${name} can't be read: ${systemReason(error).trim()}`,
    );
  };
}

/** Puts together what Maelstrom left. */
async function judgementOf(
  folder: string,
  results: Results,
  history: Op[],
  options: Options,
): Promise<Judgement> {
  const { objection, withoutFailed } = await readers();
  const test = testOf(options);
  // Ours sees what Maelstrom's sees, and has the words for it.
  const reason = objection(results);
  const words = reason && checkHistory(history, test).reason;
  return {
    engine: "maelstrom",
    options: test.options,
    test,
    results: withoutFailed(results),
    ...(reason !== undefined && {
      reason: words === undefined ? reason : `${words}\n(${reason}.)`,
    }),
    history,
    journal: [],
    startNs: 0,
    logs: await readLogs(`${folder}/maelstrom/node-logs`),
  };
}

/** No literal: Deno would download what reads EDN before it runs anything. */
async function readers(): Promise<typeof import("./results.ts")> {
  const results: string = "./results.ts";
  return await import(results);
}

/** A run with all options; Maelstrom has no seed. */
export function testOf(options: Options): Test {
  const { options: { seed: _, ...others }, ...test } = fillIn(options);
  return { ...test, options: others };
}

/** Jepsen's exit code for arguments that can't be. */
const badArguments = 254;

/** Jepsen's exit codes for its verdicts. */
const exitCodes = new Map<unknown, number>([
  [true, 0],
  [false, 1],
  ["unknown", 2],
]);

/**
 * Moves the files that Maelstrom wrote to `store/<workload>/<time>/` to a path
 * without the time.
 *
 * @returns where it was.
 */
async function takeOver(folder: string): Promise<string | undefined> {
  const store = `${folder}/store`;
  try {
    const before = await Deno.realPath(`${store}/current`);
    await Deno.rename(before, `${folder}/maelstrom`);
    await Deno.remove(store, { recursive: true });
    return before;
  } catch (error) {
    // It ended before it wrote anything.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function readFile(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function readLogs(folder: string): Promise<Judgement["logs"]> {
  const logs: Judgement["logs"] = new Map();
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const text = await Deno.readTextFile(`${folder}/${name}`);
      logs.set(
        name.replace(/\.log$/, ""),
        text.split("\n").slice(0, -1).map((text) => ({ text })),
      );
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return logs;
}
