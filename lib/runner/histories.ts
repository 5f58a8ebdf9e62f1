/**
 * Valid histories of any length, for measuring the checkers. What is asked
 * comes from the workloads, just as in a run. What is answered comes from a
 * simple model of a correct node, which does everything at one moment between
 * an operation's beginning and its end. There is no network in between, so
 * it's fast.
 *
 * @module
 */
import { ErrorCode, RPCError } from "../error.ts";
import type { Client, RPC } from "../workbench/load/client.ts";
import { msInNs, VirtualClock } from "../workbench/sim/clock.ts";
import {
  clients,
  type Generator,
  nothing,
  phases,
  type PlannedOp,
} from "../workbench/load/generator.ts";
import type { Op, Process } from "../workbench/load/history.ts";
import { type Completion, interpret } from "../workbench/load/interpreter.ts";
import type { Test } from "../workbench/options.ts";
import { resolve } from "../workbench/test.ts";
import { Random } from "../workbench/sim/random.ts";
import { type WorkloadName, workloadOf } from "../workbench/workloads/mod.ts";

/** Fields of a request, and of its answer. */
// deno-lint-ignore no-explicit-any
type Fields = Record<string, any>;

/** A correct node, or any number of them that act as one. */
type Model = (type: string, request: Fields) => Fields;

/** The recipe for histories of a workload. */
interface Recipe {
  model(): Model;
  /** The number of operations that each client ends with, after all others. */
  finalOps?: number;
  /**
   * True if there are only a few reads. If each read shows everything, most of
   * a long history is reads, and grows with the square of its length.
   */
  fewReads?: boolean;
}

/**
 * The number of reads where they are few, about, and besides the final ones: as
 * many however long the history, so that all of it grows in step.
 */
const readCount = 50;

/** The longest time that an operation takes; half of that on average. */
const maxDurationMs = 10;

const recipes: { readonly [name in WorkloadName]: Recipe } = {
  echo: { model: () => (_, { echo }) => ({ type: "echo_ok", echo }) },
  "unique-ids": {
    model() {
      let count = 0;
      return () => ({ id: `n0-${count++}` });
    },
  },
  broadcast: { model: set, finalOps: 1, fewReads: true },
  "g-set": { model: set, finalOps: 1, fewReads: true },
  "g-counter": { model: counter, finalOps: 1 },
  "pn-counter": { model: counter, finalOps: 1 },
  "lin-kv": { model: registers },
  // A client crashes, starts from the beginning, and reads all in one poll.
  kafka: { model: logs, finalOps: 3 },
  "txn-list-append": {
    model: () =>
      transactions((list, element) => [...(list as unknown[] ?? []), element]),
  },
  membership: {
    model: () => () => ({ members: testOf("membership").nodes }),
    finalOps: 1,
  },
  "txn-rw-register": { model: () => transactions((_, value) => value) },
};

/** The test that these histories are judged by, with ten clients. */
export function testOf(workload: string): Test {
  return resolve({ workload, "node-count": 5, concurrency: "2n" });
}

/**
 * Makes a valid history.
 *
 * @param count how many operations there are: each is invoked, and completes.
 * @returns the same history each time.
 */
export async function validHistory(
  workload: string,
  count: number,
): Promise<Op[]> {
  const test = testOf(workload);
  const recipe = recipes[workload as WorkloadName];
  const random = (name: string) => new Random(`histories/${name}`);
  const clock = new VirtualClock();
  const durations = random("durations");
  const pause = () =>
    clock.sleepUntil(
      clock.nowNs + durations.float() * maxDurationMs / 2 * msInNs,
    );
  const ask = asking(test, recipe.model());
  return await clock.drive(
    interpret(generatorFor(test, recipe, count, random("reads")), {
      clock,
      startNs: 0,
      random: random("generator"),
      concurrency: test.concurrency,
      workers: {
        async invoke(op) {
          await pause();
          const completion = await ask(op);
          await pause();
          return completion;
        },
      },
    }),
  );
}

/**
 * Makes the generator of requests: a number of operations, the last of which
 * are the final ones.
 */
function generatorFor(
  test: Test,
  { finalOps = 0, fewReads = false }: Recipe,
  count: number,
  random: Random,
): Generator {
  const { concurrency } = test;
  const workload = workloadOf(test);
  const all = workload.generator(test);
  const kept = ({ f }: PlannedOp) =>
    !fewReads || f !== "read" || random.float() < readCount / count;
  return clients(phases(
    first(count - finalOps * concurrency, kept, all),
    workload.finalGenerator?.(test) ?? nothing,
  ));
}

/**
 * So many operations of a generator, of those that are kept. What it plans is taken
 * at once: others are passed over.
 */
function first(
  count: number,
  isKept: (op: PlannedOp) => boolean,
  generator: Generator,
): Generator {
  let next: PlannedOp | undefined;
  let taken = 0;
  return {
    plan(context) {
      if (taken === count) return null;
      while (next === undefined) {
        const plan = generator.plan(context);
        if (plan === null || plan === "pending") return plan;
        const op = generator.take(context);
        if (isKept(op)) next = op;
      }
      return next.timeNs;
    },
    take() {
      const op = next!;
      next = undefined;
      taken++;
      return op;
    },
    update: (context, event) => generator.update?.(context, event),
  };
}

/** Asks as the workload's clients do; the model answers at once. */
function asking(
  test: Test,
  model: Model,
): (op: PlannedOp) => Promise<Completion> {
  const rpc = (_: string, { type }: RPC, fields: Fields | string) => {
    const request = typeof fields === "string"
      ? JSON.parse(`{${fields}}`)
      : fields;
    return new Promise((resolve) => resolve(model(type, request)));
  };
  // Asking is all that workloads do with a client. There's one for each process,
  // because kafka's remember how far they have read.
  const [node = "n0"] = test.nodes;
  const open = () =>
    workloadOf(test).open({ rpc } as unknown as Client, node, test);
  const clients = new Map<Process, ReturnType<typeof open>>();
  return async (op) => {
    const invoke = clients.get(op.process) ?? open();
    clients.set(op.process, invoke);
    try {
      return await invoke(op);
    } catch (error) {
      if (!(error instanceof RPCError)) throw error;
      return { type: "fail", error: [error.kind, error.message] };
    }
  };
}

// ---- The models ----

function set(): Model {
  const elements: unknown[] = [];
  return (type, { message, element = message }) => {
    if (type !== "read") return { length: elements.push(element) };
    // Both workloads find the key that they look for.
    const shown = [...elements];
    return { messages: shown, value: shown };
  };
}

function counter(): Model {
  let value = 0;
  return (_, { delta = 0 }) => ({ value: value += delta });
}

function registers(): Model {
  const values = new Map<unknown, unknown>();
  return (type, { key, value, from, to }) => {
    if (type === "write") values.set(key, value);
    else if (!values.has(key)) throw new RPCError(ErrorCode.keyDoesNotExist);
    else if (type === "read") return { value: values.get(key) };
    else if (values.get(key) === from) values.set(key, to);
    else throw new RPCError(ErrorCode.preconditionFailed);
    return {};
  };
}

function logs(): Model {
  const logs = new Map<string, [offset: number, message: unknown][]>();
  const committed = new Map<string, number>();
  return (type, { key, msg, offsets, keys }) => {
    switch (type) {
      case "send": {
        const log = logs.get(key) ?? [];
        logs.set(key, log);
        return { offset: log.push([log.length, msg]) - 1 };
      }
      case "poll": {
        const msgs: Fields = {};
        for (const [key, offset] of Object.entries<number>(offsets)) {
          msgs[key] = logs.get(key)?.slice(offset) ?? [];
        }
        return { msgs };
      }
      case "commit_offsets":
        for (const [key, offset] of Object.entries<number>(offsets)) {
          committed.set(key, Math.max(offset, committed.get(key) ?? 0));
        }
        return {};
      default: {
        const known = [...keys].filter((key) => committed.has(key))
          .map((key) => [key, committed.get(key)]);
        return { offsets: Object.fromEntries(known) };
      }
    }
  };
}

/** @param write what a key holds after a write, which may be its first. */
function transactions(
  write: (held: unknown, argument: unknown) => unknown,
): Model {
  const values = new Map<unknown, unknown>();
  const apply = ([f, key, argument]: [string, unknown, unknown]) => {
    if (f === "r") return [f, key, values.get(key) ?? null];
    values.set(key, write(values.get(key), argument));
    return [f, key, argument];
  };
  return (_, { txn }) => ({ txn: txn.map(apply) });
}
