/**
 * One run, from its options to its result: the face of the workbench.
 *
 * @module
 */
import type { App } from "../node.ts";
import {
  type AvailabilityFindings,
  net,
  type NetFindings,
  type Stats,
} from "./checkers/stats.ts";
import {
  type Findings,
  mergeValid,
  type Validity,
} from "./checkers/validity.ts";
import { VirtualClock, WallClock } from "./sim/clock.ts";
import { excerpt, type Op } from "./load/history.ts";
import type { Schedule } from "./load/schedule.ts";
import { inProcess, startApp, watchUncaught } from "./hosts/app.ts";
import type { NodeError } from "./hosts/host.ts";
import { advisedOnPermission } from "./hosts/permission.ts";
import { withPlace } from "./hosts/places.ts";
import { childProcess, type Command } from "./hosts/process.ts";
import { blame, type Lateness, maySpoil } from "./sim/lateness.ts";
import type { Envelope, Fate, Tallies } from "./sim/network.ts";
import {
  BadOption,
  type FullOptions,
  type Options,
  type Test,
} from "./options.ts";
import {
  type Happened,
  type LogLine,
  type PartSettings,
  randomOf,
  run,
  type RunSettings,
} from "./run.ts";
import { type Guest, Sandbox, type WasmNode } from "./sandbox.ts";
import { scheduleProblem } from "./schedule_problem.ts";
import { resolve } from "./test.ts";
import { workloadOf } from "./workloads/mod.ts";
import { checkHistory, type HistoryFindings, silenceHint } from "./verdict.ts";

export type { LogLine, Progress, RunSettings } from "./run.ts";

/**
 * The subject of a judgement: an app, a WebAssembly module, or a program that
 * speaks the protocol over pipes.
 *
 * @typeParam M the app's own messages.
 *
 * @example
 * ```ts
 * import type { Subject } from "@call-me-maybe/maelstrom/workbench";
 *
 * const app: Subject = (node) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * const program: Subject = { bin: "./my-node", args: [] };
 * ```
 */
export type Subject<M = object> = App<M> | Command | WasmNode;

/**
 * Settings for judging, beside the options of the run.
 *
 * @example
 * ```ts
 * import type { JudgeSettings } from "@call-me-maybe/maelstrom/workbench";
 *
 * const settings: JudgeSettings = {
 *   args: ["--strategy", "flood"],
 *   onLog: (node, line) => console.error(`${node}: ${line}`),
 *   signal: AbortSignal.timeout(60_000),
 * };
 * ```
 */
export interface JudgeSettings extends RunSettings {
  /** The app's arguments. Other subjects have arguments of their own. */
  args?: string[];
  /** The surroundings; by default chance decides what they do, by the options. */
  schedule?: Schedule;
  /** The place where modules run; by default, each run starts a thread of its own. */
  sandbox?: Sandbox;
}

/**
 * The nodes' violations of the protocol.
 *
 * @example
 * ```ts
 * import { judge, type NodeFindings } from "@call-me-maybe/maelstrom/workbench";
 * import type { AnyMessages, Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const misspelt = (node: Node<AnyMessages>) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_okay", echo: body.echo }));
 * const { results } = await judge(misspelt, { workload: "echo", "time-limit": 2 });
 *
 * const { errors }: NodeFindings = results.nodes;
 * assertEquals(errors[0]?.kind, "malformed-rpc-response");
 * ```
 */
export interface NodeFindings extends Findings {
  /** The number of these. */
  "error-count": number;
  /**
   * The memory of the largest node, in bytes; known only of WebAssembly
   * modules.
   */
  "max-memory-bytes"?: number;
  /**
   * The number of times that nodes wrote to their disks, and waited for it;
   * absent if they didn't.
   */
  "sync-count"?: number;
  /** The first of them, with the time in nanoseconds since the test began. */
  errors: (Omit<NodeError, "timeNs" | "waitedMs"> & { time: number })[];
}

/**
 * The findings of all checkers, under Maelstrom's names.
 *
 * @example
 * ```ts
 * import { judge, type Results } from "@call-me-maybe/maelstrom/workbench";
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = (node: Node) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * const { results } = await judge(echo, { workload: "echo", "time-limit": 2 });
 *
 * const { availability, net }: Results = results;
 * assertEquals(availability["ok-fraction"], 1);
 * assertEquals(net.servers["msg-count"], 0);
 * ```
 */
export interface Results {
  /** The verdict: `true` if all checkers say so. */
  "valid?": Validity;
  /** The counts of operations that succeeded, and that didn't. */
  stats: Stats;
  /** The fraction that succeeded, against the one that was required. */
  availability: AvailabilityFindings;
  /** The number of messages that it took. */
  net: NetFindings;
  /**
   * The findings about the nodes' protocol. Ours: Maelstrom has no such key.
   */
  nodes: NodeFindings;
  /** The findings of the workload's own checker. */
  workload: Findings;
}

/**
 * A run that is over.
 *
 * @example
 * ```ts
 * import { judge, type Judgement } from "@call-me-maybe/maelstrom/workbench";
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const silent = (node: Node) => node.on("echo", () => {});
 * const judgement: Judgement = await judge(silent, {
 *   workload: "echo",
 *   "time-limit": 10,
 * });
 *
 * assertEquals(judgement.results["valid?"], false);
 * assert(judgement.reason?.startsWith("not one of "));
 * assertEquals(judgement.history[0]?.f, "echo");
 * assertEquals(judgement.journal[0]?.src, "c0");
 * ```
 */
export interface Judgement {
  /**
   * `sim` for an app under virtual time, `stdio` for processes. The real
   * Maelstrom's judgements have the same shape.
   */
  engine: "sim" | "stdio" | "maelstrom";
  /** The options, their defaults filled in. */
  options: FullOptions;
  /** The test that the options come to. */
  test: Test;
  /** The checkers' findings. */
  results: Results;
  /**
   * The name of the first mistake, such as `"lost"` or `"G1a"`; absent if there
   * was none.
   */
  anomaly?: string;
  /** The same in words. */
  reason?: string;
  /** The operations of the clients and the nemesis. */
  history: Op[];
  /**
   * The number of the history's entries when the final phase began; absent where
   * that isn't known.
   */
  workLength?: number;
  /** Every message. */
  journal: Envelope[];
  /** The fates of messages that chance dealt with; absent where unknown. */
  fates?: Fate[];
  /** The time at which the test began: nanoseconds on the journal's clock. */
  startNs: number;
  /** The last lines of the nodes' logs. */
  logs: Map<string, LogLine[]>;
  /** The lateness of the workbench; absent in virtual time, where it never is. */
  lateness?: Lateness;
  /** True if the verdict is unknown because of that. */
  spoiled?: true;
}

/**
 * Runs a workload against nodes, and judges them.
 *
 * An app is run in this process, under virtual time: the run takes a fraction
 * of a second, and the same options and seed always give the same result. A
 * command is run as one child process per node, in real time; that takes the
 * permission to run it.
 *
 * A node's mistakes are part of the result, and never thrown.
 *
 * @typeParam M an app's own messages.
 * @param subject the subject to judge. It's called, or started, once for each
 * node.
 * @throws {BadOption} if the options are invalid.
 * @throws the signal's reason, when `settings.signal` aborts.
 *
 * @example
 * ```ts
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = (node: Node) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 *
 * const { results, reason } = await judge(echo, {
 *   workload: "echo",
 *   "node-count": 1,
 *   "time-limit": 5,
 * });
 * assertEquals(results["valid?"], true, reason);
 * ```
 */
export async function judge<M = object>(
  subject: Subject<M>,
  options: Options,
  settings: JudgeSettings = {},
): Promise<Judgement> {
  refuseOthers(subject);
  const test = testOf(options, settings);
  if ("wasm" in subject) return await judgeGuest(subject, options, settings);
  if (typeof subject !== "function") {
    refuseSimulated(test);
    const world = {
      clock: new WallClock(),
      start: childProcess(subject),
      random: randomOf(test),
    };
    return judgementOf("stdio", test, await run(test, world, settings));
  }
  return judgementOf("sim", test, await runApp(subject, test, settings));
}

/** A judgement without messages: good enough where nobody will look at them. */
export interface Brief {
  judgement: Judgement;
  /** The number of messages. */
  messages: Tallies;
}

/**
 * Judges an app, and keeps none of its messages. What it says of a mistake is
 * wanting, as only messages tell what became of a value. See {@linkcode judge}.
 */
export async function judgeBriefly<M = object>(
  app: App<M>,
  options: Options,
  settings: JudgeSettings,
): Promise<Brief> {
  const test = testOf(options, settings);
  const happened = await runApp(app, test, {
    ...settings,
    keepsMessages: false,
  });
  const { messages } = happened;
  return { judgement: judgementOf("sim", test, happened), messages };
}

async function runApp<M>(
  app: App<M>,
  test: Test,
  settings: JudgeSettings & PartSettings,
): Promise<Happened> {
  const random = randomOf(test);
  const start = inProcess(
    startApp(app, settings.args ?? []),
    (id) => random(`node/${id}`),
  );
  const unwatch = watchUncaught();
  try {
    const world = { clock: new VirtualClock(), start, random };
    const happened = await run(test, world, settings);
    return { ...happened, hint: happened.hint ?? appHint };
  } finally {
    unwatch();
  }
}

/** A question to the author of an app that answers nobody. */
const appHint =
  `${silenceHint} Does it wait for something that isn't the node's? Time is virtual: node.sleep is part of the run, and setTimeout isn't.`;

/**
 * Checks the options of a run. With a schedule, they're those by which it was
 * drawn; what they say of faults doesn't count then.
 */
function testOf(options: Options, { schedule }: JudgeSettings): Test {
  const test = resolve(options);
  if (schedule === undefined) return test;
  const problem = scheduleProblem(schedule, test, workloadOf(test).operations);
  if (problem !== undefined) {
    throw new BadOption(`There can be no such run: ${problem}.`);
  }
  return { ...test, schedule };
}

/** Refuses what is no subject: what an app returned, say. */
function refuseOthers(subject: unknown): void {
  if (typeof subject === "function") return;
  const { bin, wasm } = (subject ?? {}) as { [name: string]: unknown };
  if (typeof bin === "string" || wasm !== undefined) return;
  throw new BadOption(
    `What is judged must be an app, which is a function of a node, or such as { bin: "./my-node", args: [] }, not ${
      excerpt(subject)
    }.`,
  );
}

/** Refuses what can't be done to processes: their disk and clock are the machine's. */
function refuseSimulated({ options, faults, schedule }: Test): void {
  const made = schedule?.faults.map(({ kind }) => kind) ?? faults;
  if (made.includes("clock")) {
    throw new BadOption(
      `${
        schedule ? "A schedule with a fault of kind" : "--nemesis"
      } clock is for nodes under virtual time: the clock of a process is this machine's.`,
    );
  }
  for (const name of ["lazyfs", "disk-size"] as const) {
    if (options[name] === undefined) continue;
    throw new BadOption(
      `--${name} is for nodes under virtual time: the disk of a process is this machine's.`,
    );
  }
}

/** Judges what runs in a sandbox. See {@linkcode judge}. */
export async function judgeGuest(
  guest: Guest,
  options: Options,
  settings: JudgeSettings,
): Promise<Judgement> {
  const { test, happened } = await runGuest(guest, options, settings);
  return judgementOf("sim", test, happened);
}

/** Runs what runs in a sandbox, or a part of that, without judging it. */
export async function runGuest(
  guest: Guest,
  options: Options,
  settings: JudgeSettings & PartSettings,
): Promise<{ test: Test; happened: Happened }> {
  const test = testOf(options, settings);
  using own = settings.sandbox ? undefined : new Sandbox();
  const sandbox = settings.sandbox ?? own!;
  return { test, happened: await sandbox.run(guest, test, settings) };
}

/** Judges what happened. */
export function judgementOf(
  engine: Judgement["engine"],
  test: Test,
  happened: Happened,
): Judgement {
  const { history, workLength, journal, fates, startNs } = happened;
  const { logs, hint, lateness } = happened;
  const found = checkHistory(history, test, { journal, startNs }, lateness);
  const results = check(found, happened);
  const ofNodes = explainNodes(happened);
  const anomaly = ofNodes?.anomaly ?? found.anomaly;
  const mistake = (ofNodes?.reason ?? found.reason)
    ?.replace(silenceHint, hint ?? silenceHint);
  const spoiled = results["valid?"] === "unknown" &&
    (found.spoiled === true || results.nodes["valid?"] === "unknown");
  // A process has no permissions; what else there is has those of the caller.
  const advised = engine === "stdio" && mistake
    ? advisedOnPermission(mistake)
    : mistake;
  const placed = advised && withPlace(advised, textOf(logs, engine));
  const reason = lateness && placed && spoiled
    ? blame(lateness, placed)
    : placed;
  return {
    engine,
    options: test.options,
    test,
    results,
    ...(anomaly !== undefined && { anomaly }),
    ...(reason !== undefined && { reason }),
    history,
    workLength,
    journal,
    fates,
    startNs,
    logs,
    ...(lateness && { lateness }),
    ...(spoiled && { spoiled }),
  };
}

/** All that the nodes' logs have; in order, if each entry is whole. */
function textOf(logs: Happened["logs"], engine: Judgement["engine"]): string {
  const entries = [...logs.values()].flat();
  if (engine === "sim") {
    entries.sort((a, b) => (a.timeNs ?? 0) - (b.timeNs ?? 0));
  }
  return entries.map(({ text }) => text).join("\n");
}

/** Adds the findings from messages and nodes to those from the history. */
function check(
  { "valid?": ofHistory, stats, availability, workload }: HistoryFindings,
  happened: Happened,
): Results {
  const { history, messages, errors, errorCount, startNs } = happened;
  const { memoryBytes, syncCount } = happened;
  const isSound = errorCount === 0;
  // Of many, the first speak for all.
  const isUnknown = lasting(happened).length === 0;
  const nodes: NodeFindings = {
    "valid?": isSound || isUnknown && "unknown",
    "error-count": errorCount,
    ...memoryBytes !== undefined && { "max-memory-bytes": memoryBytes },
    ...syncCount > 0 && { "sync-count": syncCount },
    errors: errors.map(({ timeNs, waitedMs: _, ...error }) => ({
      ...error,
      time: timeNs - startNs,
    })),
  };
  const ofMessages = net(messages, history);
  return {
    "valid?": mergeValid([ofHistory, ofMessages["valid?"], nodes["valid?"]]),
    stats,
    availability,
    net: ofMessages,
    nodes,
    workload,
  };
}

/** The errors of nodes that can't be because the workbench was late. */
function lasting({ errors, lateness }: Happened): NodeError[] {
  return errors.filter(({ waitedMs }) => !maySpoil(lateness, waitedMs));
}

/** The first mistake of a node: its name, and in words. */
function explainNodes(
  happened: Happened,
): { anomaly: string; reason: string } | undefined {
  const first = lasting(happened)[0] ?? happened.errors[0];
  if (first === undefined) return undefined;
  const { kind, text, line } = first;
  return {
    anomaly: kind,
    reason: line === undefined ? text : `${text}\nIt was: ${line}`,
  };
}
