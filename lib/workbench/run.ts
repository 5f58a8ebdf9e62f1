/**
 * One run, from its first message to its last: what happened, unjudged.
 *
 * @module
 */
import { Cluster } from "./cluster.ts";
import {
  Clients,
  ClientTimeout,
  ErrorReply,
  MalformedReply,
} from "./load/client.ts";
import { type Clock, secondInNs, VirtualClock } from "./sim/clock.ts";
import * as gen from "./load/generator.ts";
import type { Op, Process } from "./load/history.ts";
import type { NodeError, StartHost, Watch } from "./hosts/host.ts";
import { type Completion, interpret } from "./load/interpreter.ts";
import { nemesisFor, nemesisOf, type Processes } from "./load/nemesis.ts";
import { entriesOf } from "./load/schedule.ts";
import { invariant } from "./sim/invariant.ts";
import { type DiskFault, SimulatedDisk } from "./sim/disk.ts";
import type { Lateness } from "./sim/lateness.ts";
import {
  type Envelope,
  type Fate,
  Network,
  type Tallies,
} from "./sim/network.ts";
import { splitFaults, type Test } from "./options.ts";
import { beginningOf } from "./sim/parts.ts";
import { Random } from "./sim/random.ts";
import { startServices } from "./sim/services.ts";
import { silenceHint } from "./verdict.ts";
import { workloadOf } from "./workloads/mod.ts";
import { recoverySeconds, type Workload } from "./workloads/workload.ts";

/** The time between two reports of progress: as short as one can see. */
const progressIntervalMs = 50;

/** Passes on no more progress than one can see, and each new phase. */
export function paced(
  tell: (progress: Progress) => void,
): (progress: Progress) => void {
  let nextMs = 0;
  let lastPhase = "";
  return (progress) => {
    const now = performance.now();
    if (now < nextMs && progress.phase === lastPhase) return;
    nextMs = now + progressIntervalMs;
    lastPhase = progress.phase;
    tell(progress);
  };
}

/**
 * Ways to watch a run, and to end it.
 *
 * @example
 * ```ts
 * import type { RunSettings } from "@call-me-maybe/maelstrom/workbench";
 *
 * const settings: RunSettings = {
 *   onProgress: ({ phase, ops }) => console.error(`${phase}: ${ops} operations`),
 *   signal: AbortSignal.timeout(60_000),
 * };
 * ```
 */
export interface RunSettings {
  /** Called as things happen, for an observer. */
  onProgress?(progress: Progress): void;
  /** Called for each line of a node's log. If it throws, `judge` rejects. */
  onLog?(node: string, line: string): void;
  /** Ends the run early: nodes are stopped, and `judge` rejects. */
  signal?: AbortSignal;
}

/** The settings of a run that may be a part of one. */
export interface PartSettings extends RunSettings {
  /**
   * The number of messages after which it's over, at the next operation, with no
   * history and no error; absent: it's whole.
   */
  maxMessages?: number;
  /** False if no messages are kept; absent: all are. */
  keepsMessages?: boolean;
}

/**
 * The progress of a run.
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
  /** The node's line, without its end. */
  text: string;
  /**
   * The time at which it came: nanoseconds on the journal's clock; absent if
   * unknown.
   */
  timeNs?: number;
}

/** The events of a run. */
export interface Happened {
  /** The operations of the clients and the nemesis. */
  history: Op[];
  /** The number of its entries when the final phase began. */
  workLength: number;
  /** Every message, if they were kept. */
  journal: Envelope[];
  /** The number of messages. */
  messages: Tallies;
  /** The fates of messages that chance dealt with. */
  fates: Fate[];
  /** The first errors of the nodes. */
  errors: NodeError[];
  /** The number of all. */
  errorCount: number;
  /** The time at which the test began: nanoseconds on the journal's clock. */
  startNs: number;
  /** The last lines of the nodes' logs. */
  logs: Map<string, LogLine[]>;
  /** A hint that may explain why a node is silent. */
  hint?: string | undefined;
  /** The number of times that nodes wrote to their disks. */
  syncCount: number;
  /** The lateness of the workbench; absent in virtual time. */
  lateness?: Lateness | undefined;
  /** The memory of the largest of the nodes, in bytes, if that is known. */
  memoryBytes?: number;
}

/** The world that nodes live in. */
export interface World {
  clock: Clock;
  start: StartHost;
  /** The run's sources of random numbers, by their names. */
  random(name: string): Random;
  watch?: Watch;
}

/** The sources of random numbers of a run. */
export function randomOf({ options }: Test): (name: string) => Random {
  return (name) => new Random(`${options.seed}/${name}`);
}

/** The most errors of nodes that are described. */
const maxErrors = 20;

/** The most lines of a node's log that are kept. */
const maxLogLines = 10_000;

/** And how many characters of each. */
const maxLogLineChars = 10_000;

/** In a simulation, what handing over a message costs: see `NetworkOptions`. */
const handoverMs = [0.05, 0.25] as const;

/**
 * Runs a workload against nodes.
 *
 * @throws the signal's reason, when `settings.signal` aborts.
 */
export async function run(
  test: Test,
  world: World,
  settings: PartSettings = {},
): Promise<Happened> {
  const { clock } = world;
  const running = new Running(test, world, settings);
  const aborted = new Promise<never>((_, reject) => {
    const { signal } = settings;
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
  try {
    await clock.drive(
      Promise.race([running.whole(), running.enough, aborted]),
    );
  } finally {
    await running.stop();
  }
  return running.happened;
}

/** A run in progress. */
class Running {
  readonly happened: Happened;
  #test: Test;
  #world: World;
  #settings: PartSettings;
  #network: Network;
  #clients: Clients;
  #cluster: Cluster | undefined;
  #crash = Promise.withResolvers<void>();
  #enough = Promise.withResolvers<void>();
  #phase: Progress["phase"] = "setup";
  #ops = 0;

  constructor(
    test: Test,
    world: World,
    settings: PartSettings,
  ) {
    const { nodes, options } = test;
    const { clock, random } = world;
    this.#test = test;
    this.#world = world;
    this.#settings = settings;
    this.#network = new Network(clock, random("network"), {
      latencyMs: options.latency,
      latencyDist: options["latency-dist"],
      handoverMs: clock instanceof VirtualClock ? handoverMs : [0, 0],
      pLoss: options["p-loss"],
      pDuplicate: options["p-duplicate"],
      pReorder: options["p-reorder"],
      ...test.schedule?.fates && { fates: test.schedule.fates },
      keepsMessages: settings.keepsMessages,
    });
    startServices(this.#network, (id) => random(`service/${id}`));
    this.#clients = new Clients(clock, this.#network, this.#onError);
    this.happened = {
      history: [],
      workLength: 0,
      journal: this.#network.journal,
      messages: this.#network.tallies,
      fates: this.#network.fates,
      errors: [],
      errorCount: 0,
      syncCount: 0,
      startNs: 0,
      logs: new Map(nodes.map((id) => [id, []])),
    };
  }

  /**
   * Resolves when there are as many messages as are wanted; rejects when the
   * observer of logs has failed.
   */
  get enough(): Promise<void> {
    return this.#enough.promise;
  }

  /** Sets the nodes up, and lets clients and nemesis work. */
  async whole(): Promise<void> {
    const { nodes, concurrency } = this.#test;
    const { clock, random } = this.#world;
    const workload = workloadOf(this.#test);
    this.#tell();
    const cluster = this.#cluster = new Cluster(nodes, {
      ...this.#world,
      network: this.#network,
      clients: this.#clients,
      onError: this.#onError,
      onLog: this.#onLog,
      ...clock instanceof VirtualClock && { diskOf: this.#diskOf },
    });
    await this.#unlessCrashed(() => cluster.init());
    const startNs = this.happened.startNs = clock.nowNs;
    this.#network.begin();
    if (this.happened.errorCount === 0) clock.meter?.restart();
    await this.#unlessCrashed(() =>
      cluster.setUp(
        "setup-failed",
        async (client, node) =>
          await workload.setup?.(client, node, this.#test),
      )
    );
    if (this.happened.errorCount > 0) return;

    const nemesis = this.#nemesis(cluster);
    const work = workersFor(this.#test, this.#clients);
    this.#phase = "work";
    this.happened.history = await interpret(generatorFor(this.#test, nemesis), {
      clock,
      startNs,
      random: random("generator"),
      concurrency,
      workers: {
        invoke: (op, thread) =>
          thread === "nemesis" ? nemesis.invoke(op) : work(op, thread),
        onLog: (text) => {
          this.#phase = text as Progress["phase"];
          this.#tell();
        },
        onOp: ({ type }) => {
          if (this.#phase === "work") this.happened.workLength++;
          if (type === "invoke") this.#ops++;
          const { maxMessages = Infinity } = this.#settings;
          if (this.#network.sentCount >= maxMessages) {
            this.#enough.resolve();
          }
          this.#tell();
        },
      },
    });
  }

  /** Ends the nodes. */
  async stop(): Promise<void> {
    this.happened.lateness = this.#world.clock.meter?.lateness;
    const cluster = this.#cluster;
    this.happened.hint = this.#test.nodes.map((node) => cluster?.hintOf(node))
      .find((hint) => hint !== silenceHint);
    await cluster?.stop();
    this.happened.syncCount = cluster?.syncCount ?? 0;
    this.#phase = "check";
    this.#tell();
  }

  /** Does something that nobody need wait for once a node has crashed. */
  async #unlessCrashed(action: () => Promise<void>): Promise<void> {
    if (this.happened.errorCount > 0) return;
    await Promise.race([action(), this.#crash.promise]);
  }

  #nemesis(processes: Processes) {
    const { nodes, options, faults, schedule } = this.#test;
    const victims = {
      nodes,
      processes,
      network: this.#network,
      random: this.#world.random("nemesis"),
    };
    if (schedule) return nemesisOf(schedule.faults, victims);
    const intervalSeconds = options["nemesis-interval"];
    return nemesisFor(faults, { ...victims, intervalSeconds });
  }

  #diskOf = (id: string): SimulatedDisk => {
    const { clock, random } = this.#world;
    const { lazyfs = "", "disk-size": maxBytes = Infinity } =
      this.#test.options;
    return new SimulatedDisk(`${id}'s disk`, clock, random(`disk/${id}`), {
      faults: splitFaults(lazyfs) as DiskFault[],
      maxBytes,
    });
  };

  #onError = (error: NodeError): void => {
    if (this.happened.errorCount++ < maxErrors) {
      this.happened.errors.push(error);
    }
    if (error.kind === "node-crashed") this.#crash.resolve();
  };

  #onLog = (node: string, line: string): void => {
    try {
      this.#settings.onLog?.(node, line);
    } catch (error) {
      // Who listens has failed, and not the node that speaks.
      this.#enough.reject(error);
    }
    const lines = this.happened.logs.get(node)!;
    const text = beginningOf(line, maxLogLineChars);
    lines.push({ text, timeNs: this.#world.clock.nowNs });
    if (lines.length > maxLogLines) lines.shift();
  };

  #tell(): void {
    this.#settings.onProgress?.({
      phase: this.#phase,
      seconds: (this.#world.clock.nowNs - this.happened.startNs) / secondInNs,
      ops: this.#ops,
    });
  }
}

/**
 * Makes the generator of all that clients and nemesis do, from beginning to
 * end.
 */
function generatorFor(
  test: Test,
  nemesis: { generator: gen.Generator; finalGenerator: gen.Generator },
): gen.Generator {
  const workload = workloadOf(test);
  const main = test.schedule
    ? gen.any(
      gen.nemesis(nemesis.generator),
      gen.clients(gen.scheduled(entriesOf(test.schedule, test.concurrency))),
    )
    : drawnWork(test, nemesis.generator);
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

/** Draws all that clients and nemesis do until time is up. */
function drawnWork(test: Test, nemesis: gen.Generator): gen.Generator {
  const { rate, "time-limit": seconds } = test.options;
  return gen.timeLimit(
    seconds * secondInNs,
    gen.any(
      gen.nemesis(nemesis),
      gen.clients(
        rate > 0
          ? gen.stagger(secondInNs / rate, workloadOf(test).generator(test))
          : gen.sleep(seconds),
      ),
    ),
  );
}

/** The clients: one for each thread, a new one for each new process. */
function workersFor(
  test: Test,
  clients: Clients,
): (op: gen.PlannedOp, thread: number) => Promise<Completion> {
  const { nodes } = test;
  const workload = workloadOf(test);
  const open = (thread: number, process: Process) => {
    const node = nodes[thread % nodes.length];
    invariant(node !== undefined, "each client works with one of the nodes");
    const client = clients.open();
    const invoke = workload.open(client, node, test);
    return { client, process, invoke };
  };
  const current = new Map<number, ReturnType<typeof open>>();
  return async (op, thread) => {
    let own = current.get(thread);
    if (own && own.process !== op.process && !workload.reusableClients) {
      own.client.close();
      own = undefined;
    }
    if (own === undefined) current.set(thread, own = open(thread, op.process));
    try {
      return await own.invoke(op);
    } catch (error) {
      return completionOf(error, op, workload);
    }
  };
}

/**
 * Returns the completion of an operation that didn't succeed, as in Maelstrom's
 * clients.
 */
function completionOf(
  error: unknown,
  op: gen.PlannedOp,
  { idempotent, indefiniteErrors }: Workload,
): Completion {
  if (
    indefiniteErrors &&
    (error instanceof ClientTimeout || error instanceof ErrorReply)
  ) {
    const why = error instanceof ErrorReply ? error.details : error.message;
    return { type: "info", error: `indeterminate: ${why}` };
  }
  const unless = (definite: boolean) =>
    definite || idempotent.has(op.f) ? "fail" : "info";
  if (error instanceof ClientTimeout) {
    return { type: unless(false), error: "net-timeout" };
  }
  if (error instanceof ErrorReply) {
    const { kind, message, problem } = error;
    // The words for an error without a text are its name.
    const text = message === kind ? null : message;
    return {
      type: unless(error.definite),
      error: problem === undefined ? [kind, text] : [kind, text, problem],
    };
  }
  if (error instanceof MalformedReply) {
    return { type: "info", error: `indeterminate: ${error.message}` };
  }
  throw error;
}
