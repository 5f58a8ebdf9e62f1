/**
 * Carries out what a generator says, with one worker per thread, and writes
 * the history. After Jepsen's interpreter
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/generator/interpreter.clj).
 *
 * @module
 */
import type { Clock } from "../sim/clock.ts";
import type {
  Answer,
  Context,
  Generator,
  PlannedOp,
  Thread,
} from "./generator.ts";
import type { Op, OpError, Process } from "./history.ts";
import type { Random } from "../sim/random.ts";
import { SharedLists } from "./shared_lists.ts";

/** How an operation ended. What isn't given stays as it was invoked. */
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

/**
 * Runs a generator to its end, and returns the history. What it holds of long
 * lists is made when it's asked for: each time another, and the same.
 */
export async function interpret(
  generator: Generator,
  { clock, startNs, random, concurrency, workers }: {
    clock: Clock;
    /** When the test began: what the history's times are counted from. */
    startNs: number;
    random: Random;
    /** How many client threads there are. */
    concurrency: number;
    workers: Workers;
  },
): Promise<Op[]> {
  const history: Op[] = [];
  const threads: Thread[] = [
    ...Array.from({ length: concurrency }, (_, i) => i),
    "nemesis",
  ];
  const processes = new Map<Thread, Process>(threads.map((t) => [t, t]));
  const busy = new Set<Thread>();
  const completed: { thread: Thread; op: PlannedOp; completion: Completion }[] =
    [];
  let turn = 0;
  let wake = () => {};

  const now = () => clock.nowNs - startNs;
  const context = (): Context => ({
    timeNs: now(),
    random,
    threads,
    isFree: (thread) => !busy.has(thread),
    processOf: (thread) => processes.get(thread)!,
    // In turns, so that no thread gets all the work.
    freeThread(allowed) {
      let next: Thread | undefined;
      for (const thread of allowed) {
        if (busy.has(thread)) continue;
        if (place(thread) >= turn) return thread;
        next ??= thread;
      }
      return next;
    },
  });
  const place = (thread: Thread) => thread === "nemesis" ? concurrency : thread;

  const lists = new SharedLists();
  const record = (op: Omit<Op, "index">, thread: Thread) => {
    const { time, process, type, f, value, ...others } = op;
    const entry = {
      index: history.length,
      time,
      process,
      type,
      f,
      value,
      ...others,
    } as Op;
    const make = Array.isArray(value) ? lists.keep(thread, value) : undefined;
    if (make !== undefined) {
      Object.defineProperty(entry, "value", { enumerable: true, get: make });
    }
    history.push(entry);
    workers.onOp?.(entry);
    return entry;
  };

  const complete = () => {
    const { thread, op, completion } = completed.shift()!;
    busy.delete(thread);
    if (op.type === "sleep" || op.type === "log") return;
    const { timeNs: _, ...invoked } = op;
    const event = record({ ...invoked, ...completion, time: now() }, thread);
    generator = generator.update?.(context(), event) ?? generator;
    // Nobody knows what a process whose operation has no known end will do
    // next: it never comes back.
    if (completion.type === "info" && thread !== "nemesis") {
      processes.set(thread, (op.process as number) + concurrency);
    }
  };

  const begin = (op: PlannedOp) => {
    const thread = threads.find((each) => processes.get(each) === op.process)!;
    busy.add(thread);
    turn = (turn + 1) % threads.length;
    const finish = (completion: Completion) => {
      completed.push({ thread, op, completion });
      wake();
    };
    if (op.type === "sleep") {
      clock.after(op.value as number, () => finish({ type: "ok" }));
      return;
    }
    if (op.type === "log") {
      workers.onLog?.(String(op.value));
      finish({ type: "ok" });
      return;
    }
    const { timeNs: _, type, ...invoked } = op;
    record({ ...invoked, type, time: now() }, thread);
    workers.invoke(op, thread).then(finish);
  };

  const somethingHappens = (untilNs?: number) =>
    new Promise<void>((resolve) => {
      const cancel = untilNs === undefined
        ? () => {}
        : clock.at(startNs + untilNs, resolve);
      wake = () => (cancel(), resolve());
    });

  for (;;) {
    if (completed.length > 0) {
      complete();
      continue;
    }
    const answer: Answer = generator.op(context());
    if (answer === null) {
      if (busy.size === 0) return history;
      await somethingHappens();
    } else if (answer === "pending") {
      await somethingHappens();
    } else {
      const [op, after] = answer;
      if (op.timeNs > now()) {
        await somethingHappens(op.timeNs);
      } else {
        generator = after;
        begin(op);
        generator = generator.update?.(context(), op) ?? generator;
      }
    }
  }
}
