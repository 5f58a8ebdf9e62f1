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

/** The keys of a planned operation that an entry of the history has of its own. */
const keysMade: ReadonlySet<string> = new Set([
  "index",
  "time",
  "timeNs",
  "process",
  "type",
  "f",
  "value",
]);

/** An operation that has ended. */
interface Ended {
  thread: Thread;
  op: PlannedOp;
  completion: Completion;
}

class Interpreter implements RunState {
  readonly history: Op[] = [];
  readonly random: Random;
  /** The time at which the generator was last asked, or told something. */
  timeNs = 0;

  #generator: Generator;
  #context: Context;
  #settings: Settings;
  #threads: readonly Thread[];
  /** By the threads' places: the processes that they are, and whether they are busy. */
  #processes: Process[];
  #isBusy: boolean[];
  /** The error of a client that isn't an operation's outcome, but a bug. */
  #failure: { error: unknown } | undefined;
  /** The operations that have ended, and that nobody has taken note of yet. */
  #ended: Ended[] = [];
  #lists = new SharedLists();
  /** The place of the thread whose turn it is. */
  #turn = 0;
  #isWaiting = false;
  #cancelWait = () => {};
  #end = Promise.withResolvers<void>();

  constructor(generator: Generator, settings: Settings) {
    this.#generator = generator;
    this.#settings = settings;
    this.random = settings.random;
    this.#threads = [
      ...Array.from({ length: settings.concurrency }, (_, i) => i),
      "nemesis",
    ];
    this.#processes = [...this.#threads];
    this.#isBusy = this.#threads.map(() => false);
    this.#context = new Context(this, this.#threads);
  }

  run(): Promise<void> {
    this.#goOn();
    return this.#end.promise;
  }

  /** Does all that can be done by now. */
  #goOn = (): void => {
    try {
      while (this.#step());
    } catch (error) {
      this.#end.reject(error);
    }
  };

  /**
   * Does what is next.
   *
   * @returns whether there may be more to do; if not, it waits, or it's over.
   */
  #step(): boolean {
    if (this.#failure) throw this.#failure.error;
    const ended = this.#ended.shift();
    if (ended !== undefined) {
      this.#complete(ended);
      return true;
    }
    this.timeNs = this.#nowNs;
    const plan = this.#generator.plan(this.#context);
    if (plan === null || plan === "pending") {
      if (plan === null && !this.#isBusy.includes(true)) this.#end.resolve();
      else this.#isWaiting = true;
      return false;
    }
    if (plan > this.#nowNs) {
      this.#wait(plan);
      return false;
    }
    const op = this.#generator.take(this.#context);
    this.#begin(op);
    this.#update(op);
    return true;
  }

  /** Waits until it's time, unless an operation ends before. */
  #wait(untilNs: number): void {
    const { clock, startNs } = this.#settings;
    this.#isWaiting = true;
    this.#cancelWait = clock.at(startNs + untilNs, this.#goOnAfterWait);
  }

  #goOnAfterWait = (): void => {
    this.#isWaiting = false;
    this.#goOn();
  };

  /** Ends a wait, once all that ends at the same time has ended. */
  #wake(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#cancelWait();
    queueMicrotask(this.#goOn);
  }

  get #nowNs(): number {
    return this.#settings.clock.nowNs - this.#settings.startNs;
  }

  isFree(thread: Thread): boolean {
    return !this.#isBusy[this.#placeOf(thread)];
  }

  processOf(thread: Thread): Process {
    const process = this.#processes[this.#placeOf(thread)];
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
      const place = this.#placeOf(thread);
      if (this.#isBusy[place]) continue;
      if (place >= this.#turn) return thread;
      next ??= thread;
    }
    return next;
  }

  /** A thread's place among all: the nemesis is the last. */
  #placeOf(thread: Thread): number {
    return thread === "nemesis" ? this.#settings.concurrency : thread;
  }

  #update(event: Op | PlannedOp): void {
    this.timeNs = this.#nowNs;
    this.#generator.update?.(this.#context, event);
  }

  #begin(op: PlannedOp): void {
    const { clock, workers } = this.#settings;
    const thread = this.threadOf(op.process);
    invariant(thread !== undefined, "an operation's process is a thread's");
    this.#isBusy[this.#placeOf(thread)] = true;
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
    this.#isBusy[this.#placeOf(thread)] = false;
    if (op.type === "sleep" || op.type === "log") return;
    this.#update(this.#record(op, thread, completion));
    // Nobody knows what a process whose operation has no known end will do
    // next: it never comes back.
    if (completion.type === "info" && thread !== "nemesis") {
      const process = op.process as number;
      this.#processes[thread] = process + this.#settings.concurrency;
    }
  }

  #record(
    op: PlannedOp,
    thread: Thread,
    completion: Partial<Completion> = {},
  ): Op {
    const { type = op.type } = completion;
    const value = "value" in completion ? completion.value : op.value;
    const entry = {
      index: this.history.length,
      time: this.#nowNs,
      process: op.process,
      type,
      f: op.f,
      value,
    } as Op;
    for (const key in op) {
      if (!keysMade.has(key)) entry[key] = op[key];
    }
    for (const key in completion) {
      if (key !== "type" && key !== "value") entry[key] = completion[key];
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
}
