/**
 * The common parts of the workbench's tests: short ways to write a history, a
 * context, and a network whose deliveries can be looked at.
 *
 * @module
 */
import { assertStrictEquals } from "@std/assert";
import type { Parameters as CheckParameters } from "fast-check";
import type { AnyMessages, App } from "../../lib/mod.ts";
import { msInNs, VirtualClock } from "../../lib/workbench/sim/clock.ts";
import {
  Context,
  type Generator,
  type PlannedOp,
  type Thread,
} from "../../lib/workbench/load/generator.ts";
import type {
  History,
  Op,
  OpType,
  Process,
} from "../../lib/workbench/load/history.ts";
import {
  type Envelope,
  Network,
  type NetworkOptions,
} from "../../lib/workbench/sim/network.ts";
import { Random } from "../../lib/workbench/sim/random.ts";

/** Settings of a property test: always the same cases. */
export function cases<T = unknown>(numRuns = 200): CheckParameters<T> {
  return { seed: 20240229, numRuns };
}

/** An entry of a history, without the index. */
export interface Entry {
  time: number;
  process: Process;
  type: OpType;
  f: string;
  value: unknown;
  [key: string]: unknown;
}

/** An entry of a history; its time is in milliseconds. */
export function op(
  ms: number,
  process: Process,
  type: OpType,
  f: string,
  value: unknown = null,
  others: Record<string, unknown> = {},
): Entry {
  return { time: ms * msInNs, process, type, f, value, ...others };
}

/** A history: the entries with their indexes. */
export function historyOf(...entries: Entry[]): History {
  return entries.map((entry, index) => ({ index, ...entry }) as Op);
}

/** The parts of a {@linkcode Context} in a test. */
export interface Situation {
  ms?: number;
  threads?: readonly Thread[];
  busy?: readonly Thread[];
  /** Processes of threads that aren't their own. */
  processes?: ReadonlyMap<Thread, Process>;
  random?: Random;
  history?: History;
}

/** A context in which the first of the free threads has its turn. */
export function contextOf({
  ms = 0,
  threads = [0, 1, 2, "nemesis"],
  busy = [],
  processes = new Map(),
  random = new Random("context"),
  history = [],
}: Situation = {}): Context {
  return new Context({
    timeNs: ms * msInNs,
    random,
    history,
    isFree: (thread) => !busy.includes(thread),
    processOf: (thread) => processes.get(thread) ?? thread,
    threadOf: (process) =>
      threads.find((each) => (processes.get(each) ?? each) === process),
    freeThread: (allowed) => allowed.find((thread) => !busy.includes(thread)),
  }, threads);
}

/** Takes the next operation; fails if there is none. */
export function take(generator: Generator, context: Context): PlannedOp {
  const plan = generator.plan(context);
  if (plan === null || plan === "pending") {
    throw new Error(`an operation was expected, not ${plan}`);
  }
  const op = generator.take(context);
  assertStrictEquals(op.timeNs, plan);
  return op;
}

/** Takes operations, as many as there are, and at most so many. */
export function takeAll(
  generator: Generator,
  context: Context,
  most = Infinity,
): PlannedOp[] {
  const ops: PlannedOp[] = [];
  while (ops.length < most) {
    const plan = generator.plan(context);
    if (plan === null || plan === "pending") break;
    ops.push(generator.take(context));
  }
  return ops;
}

/** A network under virtual time, and what it has handed over. */
export class TestNetwork {
  readonly clock: VirtualClock;
  readonly network: Network;
  /** The messages handed over: to whom, what, and when in milliseconds. */
  readonly deliveries: { dest: string; line: string; ms: number }[] = [];

  constructor(
    ids: readonly string[],
    options: Partial<NetworkOptions> = {},
    clock = new VirtualClock(),
  ) {
    this.clock = clock;
    this.network = new Network(this.clock, new Random("network"), {
      latencyMs: 0,
      latencyDist: "constant",
      handoverMs: [0, 0],
      ...options,
    });
    for (const id of ids) this.join(id);
  }

  join(id: string): void {
    this.network.add(id, ({ dest, line }) => {
      this.deliveries.push({ dest, line, ms: this.clock.nowNs / msInNs });
    });
  }

  /** Does something at a time. */
  at(ms: number, action: () => void): void {
    this.clock.at(ms * msInNs, action);
  }

  /** Lets time pass until nothing more can happen, for a day at most. */
  async settle(): Promise<void> {
    await this.clock.drive(this.clock.sleepUntil(86_400 * 1000 * msInNs));
  }

  /** The messages handed over, as `"line@milliseconds"`. */
  get arrivals(): string[] {
    return this.deliveries.map(({ line, ms }) => `${line}@${ms}`);
  }

  /** The time that each message took, in milliseconds. */
  get latencies(): number[] {
    return this.network.journal.map(({ sentNs, receivedNs }: Envelope) =>
      (receivedNs! - sentNs) / msInNs
    );
  }
}

/** The mean of some numbers. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

/** Counts how often each of the values occurs. */
export function tally<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The ids of some nodes. */
export function nodesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`);
}

/** A broadcast that tells everybody everything, once, and keeps nothing. */
export const flood: App<AnyMessages> = (node) => {
  const values = new Set<number>();
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("read", () => ({ type: "read_ok", messages: [...values] }));
  node.on("broadcast", ({ src, body: { message } }) => {
    if (!values.has(message)) {
      values.add(message);
      for (const peer of node.peers) {
        if (peer !== src) node.send(peer, { type: "broadcast", message });
      }
    }
    if (src.startsWith("c")) return { type: "broadcast_ok" };
  });
};
