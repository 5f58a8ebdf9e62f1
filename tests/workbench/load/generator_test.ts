/**
 * Generators, held against the rules of Jepsen's.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { msInNs, secondInNs } from "../../../lib/workbench/sim/clock.ts";
import {
  any,
  clients,
  eachThread,
  flipFlop,
  forever,
  type Generator,
  lazily,
  log,
  mix,
  nemesis,
  nothing,
  numbered,
  ofFree,
  on,
  once,
  phases,
  type Plan,
  type PlannedOp,
  planOfFree,
  sleep,
  stagger,
  timeLimit,
  until,
} from "../../../lib/workbench/load/generator.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import {
  cases,
  contextOf,
  mean,
  type Situation,
  take as takeIn,
  takeAll,
  tally,
} from "../helpers.ts";

const ask = (generator: Generator, situation: Situation = {}): Plan =>
  generator.plan(contextOf(situation));

const take = (generator: Generator, situation: Situation = {}): PlannedOp =>
  takeIn(generator, contextOf(situation));

const fs = (ops: readonly PlannedOp[]) => ops.map(({ f }) => f);

/** Operations of a name, without end. */
const always = (f: string) => forever(() => ({ f }));

/** So many operations of a name. */
function times(count: number, f: string): Generator {
  let left = count;
  return {
    plan: (context) => left === 0 ? null : planOfFree(context),
    take(context) {
      left--;
      return ofFree({ f }, context);
    },
  };
}

/** One that can't know what to do. */
const undecided: Generator = { ...nothing, plan: () => "pending" };

/** Operations of a name, each at a time of its own, however late it is. */
function timed(f: string, ...atMs: number[]): Generator {
  const left = atMs.map((ms) => ms * msInNs);
  return {
    plan(context) {
      const [timeNs] = left;
      if (timeNs === undefined) return null;
      return planOfFree(context) === "pending" ? "pending" : timeNs;
    },
    take: (context) => ({ ...ofFree({ f }, context), timeNs: left.shift()! }),
  };
}

/** One that writes down which updates it got, and from which threads. */
function witness(heard: string[], generator: Generator): Generator {
  return {
    plan: (context) => generator.plan(context),
    take: (context) => generator.take(context),
    update(context, { process, f }) {
      heard.push(`${f} of ${process} among ${context.threads.join(" ")}`);
    },
  };
}

const event = (process: number | "nemesis", f = "f"): PlannedOp => ({
  timeNs: 0,
  process,
  type: "invoke",
  f,
  value: null,
});

const allBusy: Situation = { busy: [0, 1, 2, "nemesis"] };

Deno.test("nothing: has nothing, whoever is free", () => {
  assertStrictEquals(ask(nothing), null);
  assertStrictEquals(ask(nothing, allBusy), null);
});

Deno.test("once: gives one operation with all that wasn't said filled in", () => {
  const generator = once({ f: "read", "final?": true });
  assertEquals(take(generator, { ms: 5, busy: [0] }), {
    timeNs: 5 * msInNs,
    process: 1,
    type: "invoke",
    f: "read",
    value: null,
    "final?": true,
  });
  assertStrictEquals(ask(generator), null);
});

Deno.test("once: gives the process that the free thread is", () => {
  const processes = new Map([[1 as const, 7]]);
  const op = take(once({ f: "read" }), { busy: [0], processes });
  assertStrictEquals(op.process, 7);
});

Deno.test("once, forever, numbered: pending as long as no thread is free", () => {
  for (
    const generator of [
      once({ f: "f" }),
      always("f"),
      numbered((value) => ({ f: "f", value })),
      sleep(1),
      log("text"),
    ]
  ) {
    assertStrictEquals(ask(generator, allBusy), "pending");
    assert(ask(generator) !== "pending");
  }
});

Deno.test("forever: asks the function anew each time, and only if a thread is free", () => {
  let calls = 0;
  const counting = forever(() => ({ f: "f", value: calls++ }));
  ask(counting, allBusy);
  assertStrictEquals(calls, 0);
  assertEquals(
    takeAll(counting, contextOf(), 3).map(({ value }) => value),
    [0, 1, 2],
  );
});

Deno.test("forever: lets the function draw from the context's randomness", () => {
  const draws = forever((random) => ({ f: "f", value: random.integer(1000) }));
  const values = (seed: string) =>
    takeAll(draws, contextOf({ random: new Random(seed) }), 5)
      .map(({ value }) => value);
  assertEquals(values("a"), values("a"));
  assert(values("a").join() !== values("b").join());
});

Deno.test("lazily: makes its generator once, when it's asked for the first time", () => {
  const heard: string[] = [];
  let made = 0;
  const generator = lazily(({ timeNs }) => {
    made++;
    return witness(heard, numbered((i) => ({ f: `${timeNs / msInNs}/${i}` })));
  });
  generator.update?.(contextOf(), event(0, "early"));
  assertStrictEquals(made, 0);
  ask(generator, { ms: 7 });
  generator.update?.(contextOf(), event(1, "late"));
  assertEquals(heard, ["late of 1 among 0 1 2 nemesis"]);
  assertEquals(
    takeAll(generator, contextOf({ ms: 9 }), 3).map(({ f }) => f),
    ["7/0", "7/1", "7/2"],
  );
  assertStrictEquals(made, 1);
});

Deno.test("numbered: counts from 0, and only what was taken", () => {
  const generator = numbered((value) => ({ f: "add", value }));
  for (let i = 0; i < 3; i++) ask(generator);
  assertEquals(
    takeAll(generator, contextOf(), 4).map(({ value }) => value),
    [0, 1, 2, 3],
  );
});

Deno.test("asking again without taking changes nothing", () => {
  const arbitrary = fc.letrec<{ make: () => Generator }>((tie) => {
    const made = tie("make");
    const some = fc.array(made, { maxLength: 3 })
      .map((makes) => () => makes.map((make) => make()));
    return {
      make: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom("a", "b", "c").map((f) => () => once({ f })),
        fc.constantFrom(
          () => numbered((value) => ({ f: "n", value })),
          () => nothing,
          () => undecided,
          () => sleep(1),
          () => log("text"),
        ),
        some.map((makes) => () => mix(makes())),
        some.map((makes) => () => any(...makes())),
        some.map((makes) => () => phases(...makes())),
        fc.tuple(made, made).map(([a, b]) => () => flipFlop(a(), b())),
        made.map((make) => () => eachThread(make)),
        made.map((make) => () => clients(make())),
        made.map((make) => () => stagger(secondInNs, make())),
        made.map((make) => () => timeLimit(secondInNs, make())),
      ),
    };
  });
  fc.assert(
    fc.property(
      arbitrary.make,
      fc.subarray([0, 1, 2, "nemesis"] as const),
      (make, busy) => {
        const [once, often] = [make(), make()];
        for (let i = 0; i < 3; i++) {
          ask(often, { busy, random: new Random(`dice ${i}`) });
        }
        const all = (generator: Generator) =>
          [{ busy }, {}].map((situation) => {
            const random = new Random("the same");
            return takeAll(generator, contextOf({ ...situation, random }), 5);
          });
        assertEquals(all(often), all(once));
      },
    ),
    cases(300),
  );
});

Deno.test("mix: takes from each as often, in no order", () => {
  const ops = fs(
    takeAll(mix(["a", "b", "c"].map(always)), contextOf(), 3001),
  ).slice(1);
  const counts = tally(ops);
  assertStrictEquals(counts.size, 3);
  for (const count of counts.values()) {
    assertAlmostEquals(count, 1000, 4 * Math.sqrt(3000 * 2 / 9));
  }
  // What comes next doesn't depend on what came.
  const repeats = ops.slice(1).filter((f, i) => f === ops[i]).length;
  assertAlmostEquals(repeats, 1000, 4 * Math.sqrt(3000 * 2 / 9));
});

Deno.test({
  name: "mix: the first operation is as likely from each",
  // Jepsen draws the first generator at random, too; ours is always the first
  // one, so that every broadcast run begins with a broadcast.
  fn() {
    const firsts = tally(
      Array.from({ length: 200 }, (_, i) => {
        const random = new Random(`first/${i}`);
        return take(mix(["a", "b"].map(always)), { random }).f;
      }),
    );
    assertStrictEquals(firsts.size, 2);
  },
});

Deno.test("mix: goes on with the others when one is exhausted, to the last operation", () => {
  const generator = mix([times(3, "a"), times(5, "b"), nothing]);
  const counts = tally(fs(takeAll(generator, contextOf())));
  assertEquals(counts.get("a"), 3);
  assertEquals(counts.get("b"), 5);
});

Deno.test("mix: which one takes the place of an exhausted one is a matter of chance", () => {
  const random = new Random("replaced");
  const counts = tally(
    Array.from({ length: 2000 }, () => {
      const generator = mix([nothing, always("a"), always("b")]);
      return take(generator, { random }).f;
    }),
  );
  for (const f of ["a", "b"]) {
    assertAlmostEquals(counts.get(f)!, 1000, 4 * Math.sqrt(2000 / 4));
  }
});

Deno.test("mix: of nothing is nothing", () => {
  assertStrictEquals(ask(mix([])), null);
  assertStrictEquals(ask(mix([nothing, nothing])), null);
});

Deno.test("mix: waits for the one whose turn it is, though another could go on", () => {
  assertStrictEquals(ask(mix([undecided, always("a")])), "pending");
});

Deno.test("flipFlop: one after the other, each going on where it was", () => {
  const count = (f: string) => numbered((value) => ({ f, value }));
  assertEquals(
    takeAll(flipFlop(count("a"), count("b")), contextOf(), 5)
      .map(({ f, value }) => `${f}${value}`),
    ["a0", "b0", "a1", "b1", "a2"],
  );
});

Deno.test("flipFlop: ends as soon as the one whose turn it is has ended", () => {
  const ops = (a: number, b: number) =>
    fs(takeAll(flipFlop(times(a, "a"), times(b, "b")), contextOf())).join("");
  assertStrictEquals(ops(2, 9), "abab");
  assertStrictEquals(ops(9, 2), "ababa");
  assertStrictEquals(ops(0, 2), "");
});

Deno.test("flipFlop: waits for the one whose turn it is", () => {
  const generator = flipFlop(undecided, always("b"));
  assertStrictEquals(ask(generator), "pending");
  assertStrictEquals(ask(generator), "pending");
});

/** Takes operations as an interpreter does: time passes until each is due. */
function play(
  generator: Generator,
  count: number,
  delayMs: (i: number) => number = () => 0,
  seed = "play",
): number[] {
  const random = new Random(seed);
  const timesMs: number[] = [];
  let ms = 0;
  while (timesMs.length < count) {
    const opMs = take(generator, { ms, random }).timeNs / msInNs;
    ms = opMs + delayMs(timesMs.length);
    timesMs.push(opMs);
  }
  return timesMs;
}

Deno.test("stagger: the first operation comes at once", () => {
  const op = take(stagger(secondInNs, always("f")), { ms: 123 });
  assertStrictEquals(op.timeNs, 123 * msInNs);
});

Deno.test("stagger: intervals are spread evenly between 0 and twice the mean", () => {
  const timesMs = play(stagger(10 * msInNs, always("f")), 4001);
  const intervals = timesMs.slice(1).map((ms, i) => ms - timesMs[i]!);
  assert(intervals.every((ms) => ms >= 0 && ms < 20));
  assertAlmostEquals(mean(intervals), 10, 4 * 5.78 / Math.sqrt(4000));
  for (const below of [5, 10, 15]) {
    const part = intervals.filter((ms) => ms < below).length / 4000;
    assertAlmostEquals(part, below / 20, 0.035);
  }
});

Deno.test("stagger: times are whole nanoseconds", () => {
  const ops = takeAll(stagger(secondInNs / 7, always("f")), contextOf(), 50);
  assert(ops.every(({ timeNs }) => Number.isInteger(timeNs)));
  assertGreater(ops.at(-1)!.timeNs, secondInNs);
});

Deno.test("stagger: it's the mean over all threads together", () => {
  // With three threads, three operations still take three intervals.
  const timesMs = play(
    stagger(10 * msInNs, eachThread(() => always("f"))),
    1001,
  );
  assertAlmostEquals(timesMs.at(-1)! / 1000, 10, 0.8);
});

Deno.test("stagger: lost time isn't made up", () => {
  // After the tenth operation everybody is busy for ten seconds.
  const timesMs = play(
    stagger(10 * msInNs, always("f")),
    100,
    (i) => i === 9 ? 10_000 : 0,
  );
  const resumed = timesMs[10];
  assertGreater(resumed, 10_000 - 1);
  const intervals = timesMs.slice(11).map((ms, i) => ms - timesMs[i + 10]!);
  assertGreater(mean(intervals), 7);
  assertLess(mean(intervals), 13);
});

Deno.test("stagger: an operation that is late already goes at once", () => {
  const generator = stagger(10 * msInNs, always("f"));
  take(generator);
  assertStrictEquals(take(generator, { ms: 5000 }).timeNs, 5000 * msInNs);
});

Deno.test("stagger: pending and the end pass through", () => {
  assertStrictEquals(ask(stagger(1, undecided)), "pending");
  assertStrictEquals(ask(stagger(1, nothing)), null);
});

Deno.test("timeLimit: counts from the first operation, not from when it was made", () => {
  const generator = timeLimit(10 * msInNs, timed("f", 100, 109, 110, 111));
  assertEquals(
    takeAll(generator, contextOf()).map(({ timeNs }) => timeNs / msInNs),
    [100, 109],
  );
});

Deno.test("timeLimit: asking without taking doesn't start the count", () => {
  const generator = timeLimit(10 * msInNs, always("f"));
  ask(generator, { ms: 0 });
  take(generator, { ms: 50 });
  assert(ask(generator, { ms: 59 }) !== null);
  assertStrictEquals(ask(generator, { ms: 60 }), null);
});

Deno.test("timeLimit: pending passes through, and leaves the count alone", () => {
  const generator = timeLimit(10 * msInNs, always("f"));
  take(generator, { ms: 0 });
  assertStrictEquals(ask(generator, { ...allBusy, ms: 5 }), "pending");
  assertStrictEquals(ask(generator, { ...allBusy, ms: 50 }), "pending");
  assertStrictEquals(ask(generator, { ms: 50 }), null);
});

Deno.test("any: takes the earliest operation, wherever it is", () => {
  const generator = any(timed("a", 5, 30), timed("b", 10, 20), nothing);
  assertEquals(
    takeAll(generator, contextOf())
      .map(({ f, timeNs }) => `${f}@${timeNs / msInNs}`),
    ["a@5", "b@10", "b@20", "a@30"],
  );
});

Deno.test("any: among equals each is as likely", () => {
  const random = new Random("ties");
  const counts = tally(
    Array.from({ length: 4000 }, () => {
      const generator = any(
        timed("late", 9),
        ...["a", "b", "c", "d"].map((f) => timed(f, 5)),
      );
      return take(generator, { random }).f;
    }),
  );
  assertEquals([...counts.keys()].sort(), ["a", "b", "c", "d"]);
  for (const count of counts.values()) {
    assertAlmostEquals(count, 1000, 4 * Math.sqrt(4000 * 3 / 16));
  }
});

Deno.test("any: an operation comes before pending, and pending before the end", () => {
  assertStrictEquals(take(any(undecided, always("a"))).f, "a");
  assertStrictEquals(ask(any(nothing, undecided)), "pending");
  assertStrictEquals(ask(any(nothing, nothing)), null);
  assertStrictEquals(ask(any()), null);
});

Deno.test("any: tells all of what happens", () => {
  const heard: string[] = [];
  any(witness(heard, nothing), witness(heard, nothing))
    .update!(contextOf(), event(1));
  assertEquals(heard, [
    "f of 1 among 0 1 2 nemesis",
    "f of 1 among 0 1 2 nemesis",
  ]);
});

Deno.test("any: an operation taken from one doesn't change the others", () => {
  const count = (f: string) => numbered((value) => ({ f, value }));
  const ops = takeAll(any(count("a"), count("b")), contextOf(), 40);
  for (const f of ["a", "b"]) {
    const values = ops.filter((op) => op.f === f).map(({ value }) => value);
    assertEquals(values, values.map((_, i) => i));
    assertGreater(values.length, 5);
  }
});

Deno.test("on: only the threads that are allowed take operations", () => {
  const generator = on((thread) => thread === 1 || thread === 2, always("f"));
  assertStrictEquals(take(generator).process, 1);
  assertStrictEquals(take(generator, { busy: [1] }).process, 2);
  assertStrictEquals(ask(generator, { busy: [1, 2] }), "pending");
});

Deno.test("clients and nemesis: each to their own", () => {
  const both = any(clients(always("client")), nemesis(always("nemesis")));
  assertEquals(take(both, { busy: [0, 1, 2] }).process, "nemesis");
  const op = take(both, { busy: ["nemesis", 0] });
  assertEquals([op.f, op.process], ["client", 1]);
});

Deno.test("on: only what concerns the threads that are allowed is told", () => {
  const heard: string[] = [];
  const generator = clients(witness(heard, nothing));
  const processes = new Map([[0 as const, 3]]);
  const context = contextOf({ processes });
  generator.update!(context, event(1));
  generator.update!(context, event("nemesis"));
  generator.update!(context, event(3));
  generator.update!(context, event(0)); // nobody is process 0 any more
  assertEquals(heard, ["f of 1 among 0 1 2", "f of 3 among 0 1 2"]);
});

Deno.test("until: goes on until an operation was such a one", () => {
  const heard: string[] = [];
  const generator = until(
    ({ type }) => type === "ok",
    witness(heard, times(3, "f")),
  );
  assertEquals(take(generator).f, "f");
  generator.update!(contextOf(), event(0));
  assertEquals(heard, ["f of 0 among 0 1 2 nemesis"]);
  take(generator);
  generator.update!(contextOf(), { ...event(0), type: "ok" });
  assertStrictEquals(ask(generator), null);
  const last = until(() => false, times(1, "f"));
  take(last);
  assertStrictEquals(ask(last), null); // it has no more
  assertStrictEquals(ask(until(() => true, undecided)), "pending");
});

Deno.test("eachThread: each thread has its own", () => {
  const generator = eachThread(() => numbered((value) => ({ f: "f", value })));
  const seen: string[] = [];
  const random = new Random("each");
  for (let i = 0; i < 40; i++) {
    const op = take(generator, { random });
    seen.push(`${op.process}:${op.value}`);
  }
  for (const thread of [0, 1, 2, "nemesis"]) {
    const own = seen.filter((each) => each.startsWith(`${thread}:`));
    assertEquals(own, own.map((_, i) => `${thread}:${i}`));
    assertGreater(own.length, 3);
  }
});

Deno.test("eachThread: which free thread is next is a matter of chance", () => {
  const random = new Random("fair");
  const counts = tally(
    Array.from(
      { length: 4000 },
      () => take(eachThread(() => always("f")), { random }).process,
    ),
  );
  assertStrictEquals(counts.size, 4);
  for (const count of counts.values()) {
    assertAlmostEquals(count, 1000, 4 * Math.sqrt(4000 * 3 / 16));
  }
});

Deno.test("eachThread: pending while a busy thread may have something left, then ends", () => {
  const generator = clients(eachThread(() => once({ f: "read" })));
  const processes = new Set();
  for (let i = 0; i < 3; i++) {
    const busy = [...processes] as number[];
    processes.add(take(generator, { busy }).process);
  }
  assertEquals([...processes].sort(), [0, 1, 2]);
  assertStrictEquals(ask(generator, { busy: [1] }), "pending");
  assertStrictEquals(ask(generator, { busy: ["nemesis"] }), null);
  assertStrictEquals(ask(generator), null);
});

Deno.test("eachThread: each is told what its own thread did, and sees that thread only", () => {
  const heard: string[] = [];
  const generator = eachThread(() => witness(heard, always("f")));
  generator.update!(contextOf({ processes: new Map([[2, 5]]) }), event(5));
  assertEquals(heard, ["f of 5 among 2"]);
});

Deno.test({
  name: "eachThread: pending as long as one is",
  // Jepsen's answers :pending here. Ours says that all is over, if no thread is
  // busy. No workload runs into it: one on a free thread always knows.
  fn() {
    assertStrictEquals(ask(eachThread(() => undecided)), "pending");
  },
});

Deno.test("phases: one after the other, each only when all threads are free", () => {
  const generator = phases(times(1, "a"), nothing, times(2, "b"));
  assertStrictEquals(take(generator).f, "a");
  assertStrictEquals(ask(generator, { busy: [0] }), "pending");
  assertStrictEquals(ask(generator, { busy: ["nemesis"] }), "pending");
  assertStrictEquals(take(generator).f, "b");
  // Having begun, a phase doesn't wait any more.
  assertStrictEquals(take(generator, { busy: [0] }).f, "b");
  assertStrictEquals(ask(generator, { busy: [0] }), null);
});

Deno.test("phases: the first one waits as well", () => {
  assertStrictEquals(
    ask(phases(always("a")), { busy: [2] }),
    "pending",
  );
});

Deno.test("phases: what happens is told to the phase that is on", () => {
  const [first, second] = [[] as string[], [] as string[]];
  const generator = phases(
    witness(first, always("a")),
    witness(second, always("b")),
  );
  generator.update!(contextOf(), event(0));
  assertStrictEquals(first.length, 1);
  assertStrictEquals(second.length, 0);
});

Deno.test("phases: of nothing is nothing", () => {
  assertStrictEquals(ask(phases()), null);
  assertStrictEquals(ask(phases(nothing, nothing)), null);
});

Deno.test("sleep: keeps one thread busy for so long, in nanoseconds", () => {
  const generator = sleep(1.5);
  const op = take(generator);
  assertEquals([op.type, op.value], ["sleep", 1.5 * secondInNs]);
  assertStrictEquals(ask(generator), null);
});

Deno.test("log: says its text once", () => {
  const generator = log("what comes now");
  const op = take(generator);
  assertEquals([op.type, op.value], ["log", "what comes now"]);
  assertStrictEquals(ask(generator), null);
});

Deno.test("updates go through every combinator to the one that wants to know", () => {
  const wrappers: [string, (generator: Generator) => Generator][] = [
    ["stagger", (each) => stagger(1, each)],
    ["timeLimit", (each) => timeLimit(1, each)],
    ["any", (each) => any(nothing, each)],
    ["on", (each) => clients(each)],
    ["eachThread", (each) => eachThread(() => each)],
    ["phases", (each) => phases(each)],
  ];
  for (const [name, wrap] of wrappers) {
    const heard: string[] = [];
    const generator = wrap(witness(heard, always("f")));
    generator.update!(contextOf(), event(1));
    assertStrictEquals(heard.length, 1, name);
    take(generator);
    generator.update!(contextOf(), event(1));
    assertStrictEquals(heard.length, 2, name);
  }
});

Deno.test("mix and flipFlop don't pass on what happens", () => {
  const heard: string[] = [];
  const each = witness(heard, always("f"));
  for (const generator of [mix([each]), flipFlop(each, each)]) {
    generator.update?.(contextOf(), event(1));
    take(generator);
  }
  assertEquals(heard, []);
});
