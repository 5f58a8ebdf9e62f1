/**
 * Carries out what a generator says, with one worker per thread, and writes
 * the history. After Jepsen's interpreter
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/generator/interpreter.clj).
 *
 * @module
 */
import type { Clock } from "../sim/clock.ts";
import { invariant } from "../sim/invariant.ts";
import {
  Context,
  type Generator,
  type PlannedOp,
  type RunState,
  type Thread,
} from "./generator.ts";
import type { Op, OpError, Process } from "./history.ts";
import type { Random } from "../sim/random.ts";
import { SharedLists } from "./shared_lists.ts";

/** The end of an operation. What isn't given stays as it was invoked. */
export type Completion = {
  type: "ok" | "fail" | "info";
  value?: unknown;
  error?: OpError;
  [key: string]: unknown;
};

/** Does what a generator wants done. */
export interface Workers {
  /** Carries out an operation. It must not reject. */
  invoke(op: PlannedOp, thread: Thread): Promise<Completion>;
  /** Called for each `log` of the generator. */
  onLog?(text: string): void;
  /** Called for each entry of the history as it is written. */
  onOp?(op: Op): void;
}

/** The settings of a run. */
interface Settings {
  clock: Clock;
  /**
   * The time at which the test began: what the history's times are counted
   * from.
   */
  startNs: number;
  random: Random;
  /** The number of client threads. */
  concurrency: number;
  workers: Workers;
}

/**
 * Runs a generator to its end, and returns the history. What it holds of long
 * lists is made when it's asked for: each time another, and the same.
 */
export async function interpret(
  generator: Generator,
  settings: Settings,
): Promise<Op[]> {
  const interpreter = new Interpreter(generator, settings);
  await interpreter.run();
  return interpreter.history;
}

/** An operation that has ended. */
interface Ended {
  thread: Thread;
  op: PlannedOp;
  completion: Completion;
}

class Interpreter implements RunState {
  readonly history: Op[] = [];
  readonly random: Random;

  #generator: Generator;
  #context: Context;
  #settings: Settings;
  #threads: readonly Thread[];
  #processes: Map<Thread, Process>;
  #busy = new Set<Thread>();
  /** The error of a client that isn't an operation's outcome, but a bug. */
  #failure: { error: unknown } | undefined;
  /** The operations that have ended, and that nobody has taken note of yet. */
  #ended: Ended[] = [];
  #lists = new SharedLists();
  /** The place of the thread whose turn it is. */
  #turn = 0;
  /** Ends a wait. */
  #wake = () => {};

  constructor(generator: Generator, settings: Settings) {
    this.#generator = generator;
    this.#settings = settings;
    this.random = settings.random;
    this.#threads = [
      ...Array.from({ length: settings.concurrency }, (_, i) => i),
      "nemesis",
    ];
    this.#processes = new Map(this.#threads.map((thread) => [thread, thread]));
    this.#context = new Context(this, this.#threads);
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      const ended = this.#ended.shift();
      if (ended !== undefined) {
        this.#complete(ended);
        continue;
      }
      const plan = this.#generator.plan(this.#context);
      if (plan === null || plan === "pending") {
        if (plan === null && this.#busy.size === 0) return;
        await this.#somethingHappens();
        continue;
      }
      if (plan > this.timeNs) {
        await this.#somethingHappens(plan);
        continue;
      }
      const op = this.#generator.take(this.#context);
      this.#begin(op);
      this.#update(op);
    }
  }

  get timeNs(): number {
    return this.#settings.clock.nowNs - this.#settings.startNs;
  }

  isFree(thread: Thread): boolean {
    return !this.#busy.has(thread);
  }

  processOf(thread: Thread): Process {
    const process = this.#processes.get(thread);
    invariant(process !== undefined, "every thread has a process");
    return process;
  }

  threadOf(process: Process): Thread | undefined {
    const thread = process === "nemesis"
      ? process
      : process % this.#settings.concurrency;
    return this.processOf(thread) === process ? thread : undefined;
  }

  // In turns, so that no thread gets all the work.
  freeThread(allowed: readonly Thread[]): Thread | undefined {
    let next: Thread | undefined;
    for (const thread of allowed) {
      if (this.#busy.has(thread)) continue;
      const place = thread === "nemesis" ? this.#settings.concurrency : thread;
      if (place >= this.#turn) return thread;
      next ??= thread;
    }
    return next;
  }

  #update(event: Op | PlannedOp): void {
    this.#generator.update?.(this.#context, event);
  }

  #begin(op: PlannedOp): void {
    const { clock, workers } = this.#settings;
    const thread = this.threadOf(op.process);
    invariant(thread !== undefined, "an operation's process is a thread's");
    this.#busy.add(thread);
    this.#turn = (this.#turn + 1) % this.#threads.length;
    const finish = (completion: Completion) => {
      this.#ended.push({ thread, op, completion });
      this.#wake();
    };
    if (op.type === "sleep") {
      clock.after(op.value as number, () => finish({ type: "ok" }));
    } else if (op.type === "log") {
      workers.onLog?.(String(op.value));
      finish({ type: "ok" });
    } else {
      this.#record(op, thread);
      workers.invoke(op, thread).then(finish, (error) => {
        this.#failure ??= { error };
        this.#wake();
      });
    }
  }

  #complete({ thread, op, completion }: Ended): void {
    this.#busy.delete(thread);
    if (op.type === "sleep" || op.type === "log") return;
    this.#update(this.#record({ ...op, ...completion }, thread));
    // Nobody knows what a process whose operation has no known end will do
    // next: it never comes back.
    if (completion.type === "info" && thread !== "nemesis") {
      const process = op.process as number;
      this.#processes.set(thread, process + this.#settings.concurrency);
    }
  }

  #record(op: PlannedOp, thread: Thread): Op {
    const { process, type, f, value } = op;
    const entry = {
      index: this.history.length,
      time: this.timeNs,
      process,
      type,
      f,
      value,
    } as Op;
    for (const key of Object.keys(op)) {
      if (key !== "timeNs" && !(key in entry)) entry[key] = op[key];
    }
    const make = Array.isArray(value)
      ? this.#lists.keep(thread, value)
      : undefined;
    if (make !== undefined) {
      Object.defineProperty(entry, "value", { enumerable: true, get: make });
    }
    this.history.push(entry);
    this.#settings.workers.onOp?.(entry);
    return entry;
  }

  /** Waits until an operation has ended, or it's time for the next. */
  #somethingHappens(untilNs?: number): Promise<void> {
    const { clock, startNs } = this.#settings;
    return new Promise((resolve) => {
      const cancel = untilNs === undefined
        ? () => {}
        : clock.at(startNs + untilNs, resolve);
      this.#wake = () => (cancel(), resolve());
    });
  }
}
