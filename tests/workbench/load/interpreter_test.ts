/**
 * The interpreter: who carries out what, when, and what the history says of it.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import {
  msInNs,
  secondInNs,
  VirtualClock,
} from "../../../lib/workbench/sim/clock.ts";
import {
  any,
  clients,
  eachThread,
  forever,
  type Generator,
  log,
  nemesis,
  nothing,
  ofFree,
  once,
  phases,
  type PlannedOp,
  planOfFree,
  sleep,
  type Thread,
  timeLimit,
} from "../../../lib/workbench/load/generator.ts";
import { type Op, pairs } from "../../../lib/workbench/load/history.ts";
import {
  type Completion,
  interpret,
} from "../../../lib/workbench/load/interpreter.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { cases, historyOf, op } from "../helpers.ts";

/** An operation of a script: when it begins, and how it goes. */
interface Step extends Partial<Completion> {
  atMs: number;
  f: string;
  takesMs?: number;
  given?: unknown;
}

/** The steps one after the other, each at its time or later. */
function script(...steps: Step[]): Generator {
  const rest = [...steps];
  return {
    plan(context) {
      const [step] = rest;
      if (step === undefined) return null;
      const plan = planOfFree(context);
      return plan === "pending" ? plan : Math.max(plan, step.atMs * msInNs);
    },
    take(context) {
      const { f, given: value } = rest.shift()!;
      return ofFree({ f, value }, context);
    },
  };
}

/** So many operations, one after the other. */
function times(count: number, f: string): Generator {
  return script(...Array.from({ length: count }, () => ({ atMs: 0, f })));
}

/** So many operations, each begun when the one before has ended. */
function spaced(count: number, f: string): Generator {
  return script(...Array.from({ length: count }, (_, i) => ({
    atMs: i * 100,
    f,
  })));
}

interface Run {
  history: Op[];
  clock: VirtualClock;
  /** The calls: who was asked to do what. */
  calls: { thread: Thread; op: PlannedOp; atMs: number }[];
  logs: string[];
  onOp: Op[];
}

/** Runs a generator; `carryOut` says how operations end, and after how long. */
async function run(
  generator: Generator,
  { concurrency = 2, startMs = 0, carryOut = () => ({}) }: {
    concurrency?: number;
    startMs?: number;
    carryOut?: (
      op: PlannedOp,
      thread: Thread,
    ) => Partial<Completion> & { takesMs?: number };
  } = {},
): Promise<Run> {
  const clock = new VirtualClock();
  await clock.drive(clock.sleepUntil(startMs * msInNs));
  const [calls, logs, onOp]: [Run["calls"], string[], Op[]] = [[], [], []];
  const history = await clock.drive(interpret(generator, {
    clock,
    startNs: startMs * msInNs,
    random: new Random("interpreter"),
    concurrency,
    workers: {
      async invoke(op, thread) {
        calls.push({ thread, op, atMs: clock.nowNs / msInNs });
        const { takesMs = 0, ...completion } = carryOut(op, thread);
        if (takesMs > 0) {
          await clock.sleepUntil(clock.nowNs + takesMs * msInNs);
        }
        return { type: "ok", ...completion };
      },
      onLog: (text) => logs.push(`${text}@${clock.nowNs / msInNs}`),
      onOp: (entry) => onOp.push(entry),
    },
  }));
  return { history, clock, calls, logs, onOp };
}

/** Runs a script of clients. */
function runScript(steps: Step[], options: { startMs?: number } = {}) {
  return run(clients(script(...steps)), {
    ...options,
    carryOut(op) {
      const { atMs: _, f: __, given: ___, ...rest } = steps
        .find(({ f }) => f === op.f)!;
      return rest;
    },
  });
}

Deno.test("the history of a small case, to the letter", async () => {
  const { history } = await runScript([
    { atMs: 0, f: "a", takesMs: 15, type: "info", error: "net-timeout" },
    { atMs: 10, f: "b", takesMs: 30, given: "b", value: "B", more: true },
    { atMs: 20, f: "c", given: [1], type: "fail", error: ["abort", "no"] },
  ]);
  assertEquals(
    history,
    historyOf(
      op(0, 0, "invoke", "a"),
      op(10, 1, "invoke", "b", "b"),
      op(15, 0, "info", "a", null, { error: "net-timeout" }),
      op(20, 2, "invoke", "c", [1]),
      op(20, 2, "fail", "c", [1], { error: ["abort", "no"] }),
      op(40, 1, "ok", "b", "B", { more: true }),
    ),
  );
});

Deno.test("entries have their keys in one order: JSON lines can be compared", async () => {
  const { history } = await runScript([{ atMs: 0, f: "a", error: "x" }]);
  assertEquals(history.map((entry) => Object.keys(entry).join()), [
    "index,time,process,type,f,value",
    "index,time,process,type,f,value,error",
  ]);
});

Deno.test("times are counted from when the test began", async () => {
  const { history, clock } = await runScript(
    [{ atMs: 10, f: "a", takesMs: 5 }],
    { startMs: 1000 },
  );
  assertEquals(history.map(({ time }) => time / msInNs), [10, 15]);
  assertStrictEquals(clock.nowNs, 1015 * msInNs);
});

Deno.test("nothing to do: an empty history, at once", async () => {
  const { history, clock } = await run(nothing);
  assertEquals(history, []);
  assertStrictEquals(clock.nowNs, 0);
});

Deno.test("what a planned operation has besides is in the history, twice", async () => {
  const { history } = await run(once({ f: "read", "final?": true }));
  assertEquals(history.map((entry) => entry["final?"]), [true, true]);
});

Deno.test("the end waits for what is under way", async () => {
  const { history } = await runScript([{ atMs: 0, f: "a", takesMs: 99 }]);
  assertStrictEquals(history.at(-1)!.time, 99 * msInNs);
});

Deno.test("free threads take turns, the nemesis among them", async () => {
  const { calls } = await run(spaced(9, "f"), { concurrency: 3 });
  assertEquals(
    calls.map(({ thread }) => thread),
    [0, 1, 2, "nemesis", 0, 1, 2, "nemesis", 0],
  );
});

Deno.test("the nemesis's turn falls to the first client where it has no part", async () => {
  // That is Jepsen's rule; it makes the first client a little busier.
  const { calls } = await run(clients(spaced(9, "f")), { concurrency: 3 });
  assertEquals(
    calls.map(({ thread }) => thread),
    [0, 1, 2, 0, 0, 1, 2, 0, 0],
  );
});

Deno.test("a busy thread is passed over", async () => {
  const { calls } = await run(clients(spaced(6, "f")), {
    concurrency: 3,
    carryOut: (_, thread) => ({ takesMs: thread === 1 ? 350 : 0 }),
  });
  assertEquals(calls.map(({ thread }) => thread), [0, 1, 2, 0, 0, 1]);
});

Deno.test("with all threads busy an operation waits, and begins when one is free", async () => {
  const { history } = await run(clients(times(3, "f")), {
    carryOut: (_, thread) => ({ takesMs: thread === 0 ? 30 : 20 }),
  });
  assertEquals(
    history.map(({ type, process, time }) =>
      `${type} ${process} ${time / msInNs}`
    ),
    [
      "invoke 0 0",
      "invoke 1 0",
      "ok 1 20",
      "invoke 1 20",
      "ok 0 30",
      "ok 1 40",
    ],
  );
});

Deno.test("a process whose operation ended in info never comes back: its thread goes on as another", async () => {
  const { history, calls } = await run(clients(times(4, "f")), {
    concurrency: 1,
    carryOut: () => ({ type: "info" }),
  });
  assertEquals(calls.map(({ thread }) => thread), [0, 0, 0, 0]);
  assertEquals(
    history.map(({ process }) => process),
    [0, 0, 1, 1, 2, 2, 3, 3],
  );
});

Deno.test("a process goes on after ok and after fail", async () => {
  const { history } = await run(clients(times(4, "f")), {
    concurrency: 1,
    carryOut: ({ timeNs }) => ({ type: timeNs % 2 ? "fail" : "ok" }),
  });
  assertEquals(new Set(history.map(({ process }) => process)), new Set([0]));
  const failing = await run(clients(times(4, "f")), {
    concurrency: 1,
    carryOut: () => ({ type: "fail" }),
  });
  assertEquals(
    new Set(failing.history.map(({ process }) => process)),
    new Set([0]),
  );
});

Deno.test("the nemesis stays the nemesis, though all it does ends in info", async () => {
  const { history, calls } = await run(
    nemesis(script({ atMs: 0, f: "start" }, { atMs: 5, f: "stop" })),
    { carryOut: ({ f }) => ({ type: "info", value: `${f}ed` }) },
  );
  assertEquals(
    history.map(({ process, value }) => `${process}: ${value}`),
    ["nemesis: null", "nemesis: started", "nemesis: null", "nemesis: stoped"],
  );
  assert(calls.every(({ thread }) => thread === "nemesis"));
});

Deno.test("the nemesis's operations are invoked with the type that they have", async () => {
  const { history } = await run(nemesis(once({ f: "start", type: "info" })));
  assertStrictEquals(history[0]!.type, "info");
});

Deno.test("sleep and log aren't in the history", async () => {
  const { history, logs, clock } = await run(
    phases(log("before"), sleep(10), log("after"), once({ f: "read" })),
  );
  assertEquals(
    history.map(({ type, f, time }) => `${type} ${f} ${time / secondInNs}`),
    ["invoke read 10", "ok read 10"],
  );
  assertEquals(logs, ["before@0", "after@10000"]);
  assertStrictEquals(clock.nowNs, 10 * secondInNs);
});

Deno.test("sleep keeps its own thread busy, and no other", async () => {
  const { calls } = await run(
    any(
      clients(sleep(1)),
      clients(script(
        { atMs: 10, f: "a" },
        { atMs: 20, f: "b" },
        { atMs: 1500, f: "c" },
        { atMs: 1500, f: "d" },
      )),
    ),
  );
  const early = calls.filter(({ atMs }) => atMs < 1000);
  assertStrictEquals(early.length, 2);
  assertStrictEquals(new Set(early.map(({ thread }) => thread)).size, 1);
  assertStrictEquals(new Set(calls.map(({ thread }) => thread)).size, 2);
});

Deno.test("onOp is called with each entry, as it is written", async () => {
  const { history, onOp } = await run(times(5, "f"));
  assertEquals(onOp, history);
});

Deno.test("the generator is told of every beginning and end, of an end with the process as it was", async () => {
  const told: string[] = [];
  const listening = (generator: Generator): Generator => ({
    plan: (context) => generator.plan(context),
    take: (context) => generator.take(context),
    update(context, { type, process }) {
      const thread = context.threads
        .find((each) => context.processOf(each) === process)!;
      told.push(
        `${type} ${process} ${context.isFree(thread) ? "free" : "busy"}`,
      );
    },
  });
  await run(listening(clients(times(2, "f"))), {
    concurrency: 1,
    carryOut: () => ({ type: "info", takesMs: 5 }),
  });
  assertEquals(told, [
    "invoke 0 busy",
    "info 0 free",
    "invoke 1 busy",
    "info 1 free",
  ]);
});

Deno.test("a plan for later is made anew when something happens before", async () => {
  // As soon as the first operation has ended, there is something to do at once.
  let [hasEnded, begun] = [false, 0];
  const generator: Generator = {
    plan(context) {
      if (begun === 2) return null;
      const plan = planOfFree(context);
      return plan === "pending" || begun === 0 || hasEnded
        ? plan
        : 500 * msInNs;
    },
    take(context) {
      begun++;
      return ofFree({ f: "f" }, context);
    },
    update(_, { type }) {
      hasEnded ||= type === "ok";
    },
  };
  const { calls } = await run(clients(generator), {
    carryOut: () => ({ takesMs: 50 }),
  });
  assertEquals(calls.map(({ atMs }) => atMs), [0, 50]);
});

Deno.test("what has ended is written down before anything begins", async () => {
  const { history } = await run(
    clients(script({ atMs: 0, f: "a" }, { atMs: 10, f: "b" })),
    { carryOut: () => ({ takesMs: 10 }) },
  );
  assertEquals(history.map(({ type, f }) => `${type} ${f}`), [
    "invoke a",
    "ok a",
    "invoke b",
    "ok b",
  ]);
});

Deno.test("each thread reads once at the end, whoever crashed before", async () => {
  const { history } = await run(
    phases(
      clients(times(3, "add")),
      clients(eachThread(() => once({ f: "read", "final?": true }))),
    ),
    {
      concurrency: 3,
      carryOut: ({ f }) => f === "add" ? { type: "info", takesMs: 7 } : {},
    },
  );
  const reads = history
    .filter((entry) => entry["final?"] && entry.type === "ok");
  assertEquals(reads.map(({ process }) => process).sort(), [3, 4, 5]);
});

Deno.test("any run: indexes and times ascend, processes and threads are bound for good", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.nat(1000),
      async (concurrency, seed) => {
        const random = new Random(`run/${seed}`);
        const { history, calls } = await run(
          timeLimit(
            100 * msInNs,
            any(
              clients(forever(() => ({ f: "f", value: random.integer(99) }))),
              nemesis(forever(() => ({ f: "cut", type: "info" }))),
            ),
          ),
          {
            concurrency,
            carryOut: (_, thread) => ({
              type: thread === "nemesis"
                ? "info"
                : random.choice(["ok", "ok", "fail", "info"] as const),
              takesMs: 1 + random.integer(20),
            }),
          },
        );
        assertGreater(history.length, 10);
        for (const [i, { index, time }] of history.entries()) {
          assertStrictEquals(index, i);
          assert(i === 0 || time >= history[i - 1]!.time);
        }
        // One worker per thread, one operation at a time.
        for (const { thread, op } of calls) {
          assertStrictEquals(
            op.process === "nemesis" ? "nemesis" : op.process % concurrency,
            thread,
          );
        }
        // Whatever began has ended, and a process does one thing at a time.
        const counterpart = pairs(history);
        const open = new Set<unknown>();
        const gone = new Set<unknown>();
        const seen = new Map<number, number>();
        for (const { index, process, type } of history) {
          if (process === "nemesis") continue;
          assert(counterpart[index] !== undefined);
          if (type === "invoke") {
            assert(!open.has(process) && !gone.has(process));
            open.add(process);
            const thread = process % concurrency;
            const before = seen.get(thread) ?? thread;
            assert(
              process === before ||
                process === before + concurrency && gone.has(before),
            );
            seen.set(thread, process);
          } else {
            assert(open.delete(process));
            if (type === "info") gone.add(process);
          }
        }
        assertStrictEquals(open.size, 0);
      },
    ),
    cases(40),
  );
});
