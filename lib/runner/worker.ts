/**
 * Judges runs in a thread of its own, so that the thread that asks can be told
 * to stop meanwhile.
 *
 * @module
 */
import { runs } from "../../challenges/runs.ts";
import type { AnyMessages, App } from "../mod.ts";
import {
  Crash,
  judgeOnMaelstrom,
  type JudgeSettings,
  type Maelstrom,
  testOf,
} from "../maelstrom/mod.ts";
import { type Quantiles, quantiles } from "../workbench/checkers/quantiles.ts";
import {
  BadOption,
  type Command,
  judge,
  type Judgement,
  type Options,
  type Progress,
} from "../workbench/mod.ts";
import type { Schedule } from "../workbench/mod.ts";
import { failureIn, type Size } from "../workbench/search/case.ts";
import { shrink, sizeOf } from "../workbench/search/shrink.ts";
import { errorText } from "../workbench/hosts/system_error.ts";
import { type Envelope, involvesClient } from "../workbench/sim/network.ts";
import { fillIn } from "../workbench/test.ts";
import {
  type Judged,
  type Limit,
  type RunRecord,
  toRecord,
  type Verdict,
} from "../report/record.ts";
import { latenciesMs, latencyBars } from "../report/terminal.ts";
import { caseFileOf, caseText, commandOfCase } from "./cases.ts";
import { withFreshDataDir } from "./data_dir.ts";
import { NotSimulated } from "../workbench/hosts/program.ts";
import { fullText, stuckText } from "../workbench/hosts/simulated.ts";
import {
  type Brief,
  judgeBriefly,
  judgeGuest,
  runGuest,
} from "../workbench/judge.ts";
import { paced } from "../workbench/run.ts";
import { type Found, tellFound } from "./found.ts";
import { type Guest, Sandbox } from "../workbench/sandbox.ts";
import { divergenceOf, maxCompared } from "./divergence.ts";
import { notSimulated } from "./program.ts";
import { keeper, type Keeping } from "./keeping.ts";
import { type Failure, type Wish, WishedThreads } from "./threads.ts";

/** The judge, and what it judges. */
export type Judge =
  | {
    engine: "sim";
    /** The app's file in `challenges/`. */
    script: string;
  }
  | {
    engine: "sim";
    /** A module, or a program of one's own. */
    guest: Guest;
    /** The command that judges it over pipes, if it uses what isn't simulated. */
    instead?: Command;
  }
  | { engine: "stdio"; command: Command }
  | {
    engine: "maelstrom";
    command: Command;
    maelstrom: Maelstrom;
    /** Options that only Maelstrom knows: `--log-stderr`. */
    flags: readonly string[];
  };

/** A run to be judged. */
export interface Question {
  by: Judge;
  /** The official run, or else the workload. */
  id: string;
  options: Options;
  /** The surroundings, where chance doesn't decide what they do. */
  schedule?: Schedule;
  /** The program that is judged, as it was named; absent for our solutions. */
  bin?: string;
  /** The node's arguments. */
  args: readonly string[];
  limits?: readonly Limit[];
  /**
   * The moment when a guest is run a second time, to see whether both runs are
   * one: before its verdict is told, or after that. Absent: it isn't.
   */
  twice?: "before" | "after";
  /** The place to keep the run; absent: nowhere. */
  keep?: {
    store: string;
    /** True if it gets a page. */
    page: boolean;
    /** The command that repeats it, for its page. */
    replay: string;
    /** True if it's kept, and its logs told, only if it fails. */
    ifFailing?: boolean;
  };
  /** True to tell what nodes write to stderr. */
  logs?: boolean;
  /**
   * Set to look for failures: then the answer says more, and one that fails can be
   * made small first.
   */
  search?: {
    /** The bounds of making it small; absent: it isn't. */
    shrink?: { maxMs: number };
  };
}

/** The outcome of a run. */
export interface Answer {
  record: RunRecord;
  /** The latencies of operations that succeeded, in milliseconds. */
  latencies?: Quantiles;
  /** The same as a histogram. */
  latencyBars: string;
  /**
   * The length of all messages between servers; absent where the journal has but
   * parts of some.
   */
  serverBytes?: number;
  /** The folder that keeps the run. */
  folder?: string;
  /** The outcome of a search. */
  search?: Found;
}

/** News of a worker, nearly all about the question that it has been asked. */
export type News =
  | Wish
  | { type: "progress"; progress: Progress }
  | { type: "shrinking"; runs: number; size: Size }
  | { type: "log"; node: string; text: string }
  /** Something about the judging that one should know. */
  | { type: "note"; text: string }
  | { type: "not simulated"; why: string }
  | { type: "answer"; answer: Answer }
  /** The second run of a guest that has an answer. */
  | { type: "comparing"; progress: Progress }
  /** The place where that parts from the first. */
  | { type: "divergence"; text: string }
  /** The run is kept: the next question may come. */
  | { type: "done" }
  | { type: "failed"; message: string; isBadOption: boolean };

/** An order to a worker. */
export type Order =
  | { ask: Question }
  | { end: true }
  /** A guest will have to be judged: a program, or else a module. */
  | { prepare: { isProgram: boolean } }
  | { threadFailed: Failure };

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(news: News, transfer?: MessagePort[]): void;
};

/** Ends the run in progress. */
let ending = new AbortController();

const threads = new WishedThreads((wish, transfer) =>
  worker.postMessage(wish, transfer)
);
const sandbox = new Sandbox(threads.start);

worker.onmessage = async ({ data }) => {
  if ("prepare" in data) return void sandbox.prepare(data.prepare.isProgram);
  if ("threadFailed" in data) return threads.failed(data.threadFailed);
  if ("end" in data) return ending.abort(new Error("interrupted"));
  ending = new AbortController();
  try {
    await answer(data.ask);
    worker.postMessage({ type: "done" });
  } catch (error) {
    worker.postMessage({
      type: "failed",
      message: errorText(error),
      isBadOption: error instanceof BadOption,
    });
  }
};

/** Judges a run, tells what came of it, and keeps it if it's to be kept. */
async function answer(question: Question): Promise<void> {
  const { by, options, keep } = question;
  const test = by.engine === "maelstrom" ? testOf(options) : fillIn(options);
  const begin = () => keeperFor(keep!)(question, by.engine, test);
  let keeping = keep && !keep.ifFailing ? await begin() : undefined;
  const tell = teller(by.engine === "sim" ? undefined : keeping);
  const start = performance.now();
  const brief = await judgeByCount(question, tell);
  const first = brief?.judgement ??
    await judgeBy(question, keeping?.folder, tell)
      .finally(() => keeping?.ended());
  const wallMs = performance.now() - start;
  const divergence = question.twice === "before"
    ? await divergenceFrom(question, first)
    : undefined;
  ending.signal.throwIfAborted();
  const found = question.search && await search(question, first);
  const judged = { ...found?.judged ?? first, ...divergence && { divergence } };
  const record = toRecord(judged, { ...question, wallMs });
  passedInRow = record.pass ? passedInRow + 1 : 0;
  if (keep?.ifFailing && !record.pass) {
    keeping = await keeperFor(keep)(question, by.engine, judged.test);
    if (question.logs) tellLogs(judged);
  }
  const latencies = latenciesMs(judged.history);
  const answer: Answer = {
    // Numbers that are kept exactly are objects, which can't be posted.
    record: JSON.parse(JSON.stringify(record)),
    latencies: quantiles(latencies),
    latencyBars: latencyBars(latencies),
    serverBytes: brief
      ? brief.messages.servers.chars
      : serverBytes(judged.journal),
    folder: keeping?.folder,
    ...found && { search: found.told },
  };
  worker.postMessage({ type: "answer", answer });
  const comparing = question.twice === "after"
    ? divergenceFrom(question, first)
    : undefined;
  const replay = found?.told.shrunk && await keepCase(question, answer) ||
    keep?.replay;
  await keeping?.write(record, judged, replay!);
  const late = await comparing;
  if (late === undefined) return;
  worker.postMessage({ type: "divergence", text: late });
  await keeping?.amend({ ...record, divergence: late }, judged, replay!);
}

/** The number of runs that have passed since one failed. */
let passedInRow = Infinity;

/** As long as fewer have, it's likely that the next one fails, too. */
const minPassedInRow = 12;

/**
 * Judges one of many runs of our own, of which nobody looks at the messages if it
 * passes. To keep them takes time: what stays takes more than what comes and goes.
 *
 * @returns nothing if it has to be judged with its messages.
 */
async function judgeByCount(
  question: Question,
  onProgress: (progress: Progress) => void,
): Promise<Brief | undefined> {
  const { by, args, options, schedule, keep } = question;
  if (!("script" in by) || keep && !keep.ifFailing) return undefined;
  if (passedInRow < minPassedInRow) return undefined;
  const brief = await judgeBriefly(appOf(by.script), options, {
    args: [...args],
    signal: ending.signal,
    onProgress,
    ...schedule && { schedule },
  });
  const { pass } = toRecord(brief.judgement, { ...question, wallMs: 0 });
  return pass ? brief : undefined;
}

/** The length of all messages between servers. Nodes send little but ASCII. */
function serverBytes(journal: readonly Envelope[]): number | undefined {
  const between = journal.filter((envelope) => !involvesClient(envelope));
  if (between.some(({ cut }) => cut)) return undefined;
  return between.reduce((sum, { line }) => sum + line.length, 0);
}

/**
 * Keeps a case beside its run.
 *
 * @returns the command that repeats it.
 */
async function keepCase(question: Question, answer: Answer): Promise<string> {
  const file = caseFileOf(question, answer.search!.failure!);
  const { folder } = answer;
  if (folder === undefined) return commandOfCase(file, undefined);
  const path = `${folder}/case.json`;
  try {
    await Deno.writeTextFile(path, caseText(file));
  } catch {
    // That the store can't be written is said when the run is kept.
  }
  return commandOfCase(file, path);
}

/** Tells more of a run, which may have been made small. */
async function search(
  question: Question,
  judged: Verdict & Judged,
): Promise<{ judged: Verdict & Judged; told: Found }> {
  const { options, schedule } = question;
  const first = { case: { options, schedule }, judgement: judged as Judgement };
  const bounds = question.search?.shrink;
  if (bounds === undefined || failureIn(judged) === undefined) {
    return { judged, told: tellFound(first) };
  }
  const endMs = performance.now() + bounds.maxMs;
  const shrunk = await shrink(
    first,
    async ({ options, schedule }) =>
      await judgeBy(
        { ...question, options, schedule, logs: false },
        undefined,
        () => {},
      ) as Judgement,
    {
      isOver: () => ending.signal.aborted || performance.now() > endMs,
      onProgress(runs, smallest) {
        const size = sizeOf(smallest);
        worker.postMessage({ type: "shrinking", runs, size });
      },
    },
  );
  ending.signal.throwIfAborted();
  return {
    judged: shrunk.judgement,
    told: {
      ...tellFound(shrunk),
      shrunk: { from: sizeOf(first), runs: shrunk.runs, isDone: shrunk.isDone },
    },
  };
}

function tellLogs({ logs }: Judged): void {
  for (const [node, lines] of logs) {
    for (const { text } of lines) {
      worker.postMessage({ type: "log", node, text });
    }
  }
}

let kept: { settings: string; keep: ReturnType<typeof keeper> } | undefined;

/** The same one for all runs: it says once what is wrong with a store. */
function keeperFor({ store, page }: { store: string; page: boolean }) {
  const settings = JSON.stringify([store, page]);
  if (kept?.settings !== settings) {
    const say = (text: string) => worker.postMessage({ type: "note", text });
    kept = { settings, keep: keeper({ store, page }, say) };
  }
  return kept.keep;
}

/** Makes what tells how far a run is, also in the store if it's kept. */
function teller(keeping?: Keeping): (progress: Progress) => void {
  return paced((progress) => {
    worker.postMessage({ type: "progress", progress });
    keeping?.tell(progress);
  });
}

/**
 * Runs a guest that has been judged once more, after it and in its thread, where
 * all code is compiled by now, and tells where the two runs part.
 *
 * @returns that; `undefined` if they don't, or if it has been interrupted.
 */
async function divergenceFrom(
  { by, options, schedule, twice }: Question,
  judged: Verdict & Judged,
): Promise<string | undefined> {
  // What turned out to use what isn't simulated has been judged over pipes.
  if (!("guest" in by) || judged.engine !== "sim") return undefined;
  // It would do so again, for as long, or not at quite the same moment.
  const { errors } = (judged as Judgement).results.nodes;
  const isEnded = errors.some(({ text }) =>
    text.endsWith(stuckText) || text.endsWith(fullText)
  );
  if (isEnded) return undefined;
  try {
    const { happened } = await runGuest(by.guest, options, {
      ...schedule && { schedule },
      ...{ signal: ending.signal, sandbox, maxMessages: maxCompared },
      ...twice === "after" && {
        onProgress: paced((progress) =>
          worker.postMessage({ type: "comparing", progress })
        ),
      },
    });
    return divergenceOf(judged, happened);
  } catch (error) {
    if (ending.signal.aborted) return undefined;
    return `and ended: ${errorText(error)}`;
  }
}

/** The app of a file in `challenges/`. */
function appOf(script: string): App<AnyMessages> {
  return runs.find((run) => run.script === script)!.app;
}

/** Judges by whom it's said; a crash of Maelstrom's is a verdict, too. */
async function judgeBy(
  { by, bin, args, options, schedule, keep, logs }: Question,
  folder: string | undefined,
  onProgress: (progress: Progress) => void,
): Promise<Verdict & Judged> {
  const watching = {
    signal: ending.signal,
    onProgress,
    ...schedule && { schedule },
    ...(logs && !keep?.ifFailing && {
      onLog: (node: string, text: string) =>
        worker.postMessage({ type: "log", node, text }),
    }),
  };
  if ("guest" in by) {
    try {
      return await judgeGuest(by.guest, options, { ...watching, sandbox });
    } catch (error) {
      if (!(error instanceof NotSimulated && by.instead)) throw error;
      const why = notSimulated(bin ?? "It", error);
      worker.postMessage({ type: "not simulated", why });
      const instead = await withFreshDataDir(by.instead);
      return await judge(instead, options, watching);
    }
  }
  if (by.engine === "sim") {
    return await judge(appOf(by.script), options, {
      args: [...args],
      ...watching,
    });
  }
  const command = await withFreshDataDir(by.command);
  if (by.engine === "stdio") return await judge(command, options, watching);
  // It writes in any case, though nobody may keep it.
  if (folder !== undefined) {
    return await judgeReal({ ...by, command }, options, folder, watching);
  }
  const own = await Deno.makeTempDir();
  try {
    return await judgeReal({ ...by, command }, options, own, watching);
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

/** Judges on the real Maelstrom. */
async function judgeReal(
  { command, maelstrom, flags, engine }: Judge & { engine: "maelstrom" },
  options: Options,
  folder: string,
  watching: Omit<JudgeSettings, "folder" | "env">,
): Promise<Verdict & Judged> {
  try {
    return await judgeOnMaelstrom(maelstrom, command, options, {
      ...{ folder, flags, env: Deno.env.toObject() },
      ...watching,
    });
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    const test = testOf(options);
    return {
      engine,
      options: test.options,
      test,
      journal: [],
      startNs: 0,
      results: { "valid?": "unknown" },
      crashed: true,
      reason: error.message,
      history: [],
      logs: new Map(),
    };
  }
}
