/**
 * One run, from its options to its result: the face of the workbench.
 *
 * @module
 */
import { RPCError } from "../error.ts";
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
import {
  type Client,
  Clients,
  ClientTimeout,
  MalformedReply,
  type RPC,
} from "./load/client.ts";
import {
  type Clock,
  secondInNs,
  VirtualClock,
  WallClock,
} from "./sim/clock.ts";
import * as gen from "./load/generator.ts";
import type { Op } from "./load/history.ts";
import { inProcess, watchRejections } from "./hosts/app.ts";
import type { Host, NodeError, StartHost } from "./hosts/host.ts";
import { childProcess, type Command } from "./hosts/process.ts";
import { type Completion, interpret } from "./load/interpreter.ts";
import { nemesisFor } from "./load/nemesis.ts";
import { type Envelope, Network } from "./sim/network.ts";
import type { FullOptions, Options, Test } from "./options.ts";
import { resolve } from "./test.ts";
import { beginningOf } from "./sim/parts.ts";
import { Random } from "./sim/random.ts";
import { startServices } from "./sim/services.ts";
import { checkHistory, type HistoryFindings, silenceHint } from "./verdict.ts";
import { workloadOf } from "./workloads/mod.ts";
import type { Workload } from "./workloads/workload.ts";

/**
 * What is judged: an app, or a program that speaks the protocol.
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
export type Subject = App | Command;

/**
 * How to judge, beside the options of the run.
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
export interface JudgeSettings {
  /** What the app is called with. A command has arguments of its own. */
  args?: string[];
  /** Called as things happen, for whoever watches. */
  onProgress?(progress: Progress): void;
  /** Called for each line of a node's log. */
  onLog?(node: string, line: string): void;
  /** Ends the run early: nodes are stopped, and `judge` rejects. */
  signal?: AbortSignal;
}

/**
 * How far a run has come.
 *
 * @example
 * ```ts
 * import type { Progress } from "@call-me-maybe/maelstrom/workbench";
 *
 * const describe = ({ phase, seconds, ops }: Progress) =>
 *   `${phase}: ${ops} operations in ${seconds.toFixed(1)} s`;
 * ```
 */
export interface Progress {
  /**
   * Nodes are initialised, clients work, the network is left alone, clients
   * read for the last time, and all of it is judged.
   */
  phase: "setup" | "work" | "recovery" | "final" | "check";
  /** Seconds since the test began. */
  seconds: number;
  /** Operations that were begun. */
  ops: number;
}

/**
 * What nodes did that they must not.
 *
 * @example
 * ```ts
 * import { judge, type NodeFindings } from "@call-me-maybe/maelstrom/workbench";
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const misspelt = (node: Node) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_okay", echo: body.echo }));
 * const { results } = await judge(misspelt, { workload: "echo", "time-limit": 2 });
 *
 * const { errors }: NodeFindings = results.nodes;
 * assertEquals(errors[0].kind, "malformed-rpc-response");
 * ```
 */
export interface NodeFindings extends Findings {
  /** How many such things there were. */
  "error-count": number;
  /** The first of them, with when: nanoseconds since the test began. */
  errors: (Omit<NodeError, "timeNs"> & { time: number })[];
}

/**
 * A line of a node's log.
 *
 * @example
 * ```ts
 * import type { LogLine } from "@call-me-maybe/maelstrom/workbench";
 *
 * const line: LogLine = { text: "n1 is the leader now", timeNs: 1_500_000 };
 * ```
 */
export interface LogLine {
  /** What the node wrote, without the line's end. */
  text: string;
  /** When it came: nanoseconds on the journal's clock; absent if unknown. */
  timeNs?: number;
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
  /** Whether operations succeeded, and how many. */
  stats: Stats;
  /** The fraction that did, against what was asked for. */
  availability: AvailabilityFindings;
  /** How many messages it took. */
  net: NetFindings;
  /** Whether the nodes kept to the protocol. Ours: Maelstrom has no such key. */
  nodes: NodeFindings;
  /** What the workload's own checker says. */
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
 * assertEquals(judgement.history[0].f, "echo");
 * assertEquals(judgement.journal[0].src, "c0");
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
  /** What they come to. */
  test: Test;
  /** What the checkers found. */
  results: Results;
  /** In words, the first thing that went wrong; absent if nothing did. */
  reason?: string;
  /** What the clients and the nemesis did. */
  history: Op[];
  /** Every message. */
  journal: Envelope[];
  /** When the test began: nanoseconds on the journal's clock. */
  startNs: number;
  /** The last lines of the nodes' logs. */
  logs: Map<string, LogLine[]>;
}

/** How long nodes may take to answer `init`, as in Maelstrom. */
const initTimeoutMs = 10_000;

/** How long the network is left alone before the final reads. */
const recoverySeconds = 10;

/** How many errors of nodes are described. */
const maxErrors = 20;

/** How many lines of a node's log are kept. */
const maxLogLines = 10_000;

/** And how many characters of each. */
const maxLogLineChars = 10_000;

/** In a simulation, what handing over a message costs: see `NetworkOptions`. */
const handoverMs = [0.05, 0.25] as const;

/**
 * Runs a workload against nodes, and judges them.
 *
 * An app is run in this process, under virtual time: the run takes a fraction
 * of a second, and the same options and seed always give the same result. A
 * command is run as one child process per node, in real time; that takes the
 * permission to run it.
 *
 * What a node does wrong is part of the result, whatever it is: it's never
 * thrown.
 *
 * @param subject what to judge. It's called, or started, once for each node.
 * @throws {BadOption} if the options can't be.
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
export async function judge(
  subject: Subject,
  options: Options,
  settings: JudgeSettings = {},
): Promise<Judgement> {
  const test = resolve(options);
  const random = (name: string) => new Random(`${test.options.seed}/${name}`);
  if (typeof subject !== "function") {
    return await run(
      test,
      childProcess(subject),
      new WallClock(),
      random,
      settings,
    );
  }
  const start = inProcess(
    subject,
    settings.args ?? [],
    (id) => random(`node/${id}`),
  );
  const unwatch = watchRejections();
  try {
    return await run(test, start, new VirtualClock(), random, settings);
  } finally {
    unwatch();
  }
}

async function run(
  test: Test,
  start: StartHost,
  clock: Clock,
  random: (name: string) => Random,
  settings: JudgeSettings,
): Promise<Judgement> {
  const { nodes, options } = test;
  const workload = workloadOf(test);
  const simulated = clock instanceof VirtualClock;
  const network = new Network(clock, random("network"), {
    latencyMs: options.latency,
    latencyDist: options["latency-dist"],
    handoverMs: simulated ? handoverMs : [0, 0],
    pLoss: options["p-loss"],
    pDuplicate: options["p-duplicate"],
    pReorder: options["p-reorder"],
  });
  startServices(network, (id) => random(`service/${id}`));

  const errors: NodeError[] = [];
  let errorCount = 0;
  const crash = Promise.withResolvers<void>();
  const onError = (error: NodeError) => {
    if (errorCount++ < maxErrors) errors.push(error);
    if (error.kind === "node-crashed") crash.resolve();
  };
  const logs = new Map<string, LogLine[]>(nodes.map((id) => [id, []]));
  const onLog = (node: string, line: string) => {
    settings.onLog?.(node, line);
    const lines = logs.get(node)!;
    const text = beginningOf(line, maxLogLineChars);
    lines.push({ text, timeNs: clock.nowNs });
    if (lines.length > maxLogLines) lines.shift();
  };

  const clients = new Clients(clock, network, onError);
  const hosts = new Map<string, Host>();
  const hintOf = (node: string) => hosts.get(node)?.hint?.() ?? silenceHint;
  let startNs = 0;
  let history: Op[] = [];
  let ops = 0;
  let phase: Progress["phase"] = "setup";
  const report = () =>
    settings.onProgress?.({
      phase,
      seconds: (clock.nowNs - startNs) / secondInNs,
      ops,
    });

  const wholeRun = async () => {
    report();
    for (const id of nodes) {
      hosts.set(id, start(id, { clock, network, onError, onLog }));
    }
    const setUp = async (
      kind: NodeError["kind"],
      ask: (client: Client, node: string) => Promise<unknown>,
    ) => {
      if (errorCount > 0) return;
      // Nobody need wait for the answer of a node that has crashed.
      await Promise.race([
        askAll(nodes, clients, onError, clock, kind, ask, hintOf),
        crash.promise,
      ]);
    };
    await setUp(
      "init-failed",
      (client, node) =>
        client.rpc(node, initRPC, { node_id: node, node_ids: nodes }, {
          timeoutMs: initTimeoutMs,
        }),
    );
    startNs = clock.nowNs;
    await setUp(
      "setup-failed",
      async (client, node) => await workload.setup?.(client, node, test),
    );
    if (errorCount > 0) return;

    const nemesis = nemesisFor(test.faults, {
      nodes,
      network,
      random: random("nemesis"),
      intervalSeconds: options["nemesis-interval"],
    });
    const work = workersFor(test, clients);
    phase = "work";
    history = await interpret(generatorFor(test, nemesis), {
      clock,
      startNs,
      random: random("generator"),
      concurrency: test.concurrency,
      workers: {
        invoke: (op, thread) =>
          thread === "nemesis"
            ? Promise.resolve(nemesis.invoke(op))
            : work(op, thread),
        onLog(text) {
          phase = text as Progress["phase"];
          report();
        },
        onOp({ type }) {
          if (type === "invoke") ops++;
          report();
        },
      },
    });
  };

  const aborted = new Promise<never>((_, reject) => {
    const { signal } = settings;
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
  let hint: string | undefined;
  try {
    await clock.drive(Promise.race([wholeRun(), aborted]));
  } finally {
    hint = nodes.map(hintOf).find((each) => each !== silenceHint);
    await Promise.all([...hosts.values()].map((host) => host.stop()));
  }
  phase = "check";
  report();

  const found = checkHistory(history, test, {
    journal: network.journal,
    startNs,
  });
  const timed = errors.map(({ timeNs, ...error }) => ({
    ...error,
    time: timeNs - startNs,
  }));
  const results = check(found, history, network.journal, timed, errorCount);
  const reason = explainNodes(results.nodes) ??
    found.reason?.replace(silenceHint, hint ?? silenceHint);
  return {
    engine: simulated ? "sim" : "stdio",
    options,
    test,
    results,
    ...(reason !== undefined && { reason }),
    history,
    journal: network.journal,
    startNs,
    logs,
  };
}

const initRPC: RPC = {
  type: "init",
  reply: { type: { is: "init_ok" } },
  onlyType: true,
};

/**
 * Asks each node something, all at once; what goes wrong is an error.
 *
 * @param hintOf what may explain that a node is silent.
 */
async function askAll(
  nodes: readonly string[],
  clients: Clients,
  onError: (error: NodeError) => void,
  clock: Clock,
  kind: NodeError["kind"],
  ask: (client: Client, node: string) => Promise<unknown>,
  hintOf: (node: string) => string,
): Promise<void> {
  await Promise.all(nodes.map(async (node) => {
    const client = clients.open();
    try {
      await ask(client, node);
    } catch (error) {
      if (error instanceof MalformedReply) return; // has been reported
      const text = error instanceof RPCError
        ? `${node} answered with error ${error.code} (${error.kind}): ${error.message}`
        : error instanceof ClientTimeout
        ? `${error.message}. ${hintOf(node)}`
        : (error as Error).message;
      onError({ node, kind, text, timeNs: clock.nowNs });
    } finally {
      client.close();
    }
  }));
}

/** What clients and nemesis do, from beginning to end. */
function generatorFor(
  test: Test,
  nemesis: { generator: gen.Generator; finalGenerator: gen.Generator },
): gen.Generator {
  const { options } = test;
  const workload = workloadOf(test);
  const limitNs = options["time-limit"] * secondInNs;
  const main = gen.timeLimit(
    limitNs,
    gen.any(
      gen.nemesis(nemesis.generator),
      gen.clients(
        options.rate > 0
          ? gen.stagger(secondInNs / options.rate, workload.generator(test))
          : gen.sleep(options["time-limit"]),
      ),
    ),
  );
  const final = workload.finalGenerator?.(test);
  if (final === undefined) return main;
  return gen.phases(
    main,
    gen.nemesis(nemesis.finalGenerator),
    gen.log("recovery"),
    gen.sleep(recoverySeconds),
    gen.log("final"),
    gen.clients(final),
  );
}

/** The clients: one for each thread, a new one for each new process. */
function workersFor(
  test: Test,
  clients: Clients,
): (op: gen.PlannedOp, thread: number) => Promise<Completion> {
  const { nodes } = test;
  const workload = workloadOf(test);
  const current = new Map<number, { client: Client; process: unknown }>();
  return async (op, thread) => {
    const node = nodes[thread % nodes.length];
    let own = current.get(thread);
    if (own === undefined) {
      current.set(
        thread,
        own = { client: clients.open(), process: op.process },
      );
    } else if (own.process !== op.process && !workload.reusableClients) {
      own.client.close();
      current.set(
        thread,
        own = { client: clients.open(), process: op.process },
      );
    }
    try {
      return await workload.invoke(op, own.client, node, test);
    } catch (error) {
      return completionOf(error, op, workload);
    }
  };
}

/** How an operation ended that didn't succeed, as in Maelstrom's clients. */
function completionOf(
  error: unknown,
  op: gen.PlannedOp,
  { idempotent, indefiniteErrors }: Workload,
): Completion {
  if (
    indefiniteErrors &&
    (error instanceof ClientTimeout || error instanceof RPCError)
  ) {
    return { type: "info", error: `indeterminate: ${error.message}` };
  }
  const unless = (definite: boolean) =>
    definite || idempotent.has(op.f) ? "fail" : "info";
  if (error instanceof ClientTimeout) {
    return { type: unless(false), error: "net-timeout" };
  }
  if (error instanceof RPCError) {
    return {
      type: unless(error.definite),
      // An error without a text goes by its name: then there's no text to tell.
      error: [error.kind, error.message === error.kind ? null : error.message],
    };
  }
  if (error instanceof MalformedReply) {
    return { type: "info", error: `indeterminate: ${error.message}` };
  }
  throw error;
}

/** Adds to what the history shows what messages and nodes show. */
function check(
  { "valid?": ofHistory, stats, availability, workload }: HistoryFindings,
  history: Op[],
  journal: Envelope[],
  errors: NodeFindings["errors"],
  errorCount: number,
): Results {
  const nodes: NodeFindings = {
    "valid?": errorCount === 0,
    "error-count": errorCount,
    errors,
  };
  const messages = net(journal, history);
  return {
    "valid?": mergeValid([ofHistory, messages["valid?"], nodes["valid?"]]),
    stats,
    availability,
    net: messages,
    nodes,
    workload,
  };
}

/** The first thing that a node did wrong, in words. */
function explainNodes({ errors }: NodeFindings): string | undefined {
  if (errors.length === 0) return undefined;
  const [{ text, line }] = errors;
  return line === undefined ? text : `${text}\nIt was: ${line}`;
}
