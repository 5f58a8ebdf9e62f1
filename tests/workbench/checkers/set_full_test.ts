/**
 * Sets that only grow, held against a second, slow telling of Jepsen's rules.
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
  setFull,
  type SetFullFindings,
} from "../../../lib/workbench/checkers/set_full.ts";
import type {
  History,
  Op,
  OpType,
} from "../../../lib/workbench/load/history.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { cases, type Entry, historyOf, op } from "../helpers.ts";

const check = (...entries: Entry[]) => setFull(historyOf(...entries), "add");

/** An add that takes a millisecond. */
const add = (ms: number, value: unknown, type: OpType = "ok", process = 0) => [
  op(ms, process, "invoke", "add", value),
  op(ms + 1, process, type, "add", value),
];

/** A read that takes a millisecond. */
const read = (ms: number, values: unknown[] | null, process = 1) => [
  op(ms, process, "invoke", "read"),
  op(ms + 1, process, "ok", "read", values),
];

const none: SetFullFindings = {
  "valid?": "unknown",
  "attempt-count": 0,
  "stable-count": 0,
  "lost-count": 0,
  lost: [],
  "never-read-count": 0,
  "never-read": [],
  "stale-count": 0,
  stale: [],
  "worst-stale": [],
  "duplicated-count": 0,
  duplicated: {},
};

const at = (ms: number) => ({
  "0": ms,
  "0.5": ms,
  "0.95": ms,
  "0.99": ms,
  "1": ms,
});

Deno.test("set: of an empty history nothing is known", () => {
  assertEquals(check(), none);
});

Deno.test("set: an element that the next read finds is stable, with no delay", () => {
  assertEquals(check(...add(0, 7), ...read(5, [7])), {
    ...none,
    "valid?": true,
    "attempt-count": 1,
    "stable-count": 1,
    "stable-latencies": at(0),
  });
});

Deno.test("set: an element that a later read misses is stale; the delay counts to that read", () => {
  assertEquals(
    check(...add(0, 7), ...read(5, []), ...read(30, []), ...read(40, [7])),
    {
      ...none,
      "valid?": true,
      "attempt-count": 1,
      "stable-count": 1,
      "stale-count": 1,
      stale: [7],
      "worst-stale": [{
        element: 7,
        outcome: "stable",
        "stable-latency": 29, // known at 1, missed at 30
        "known-index": 1,
        "last-absent-index": 4,
      }],
      "stable-latencies": at(29),
    },
  );
});

Deno.test("set: delays are cut to whole milliseconds; less than one isn't stale", () => {
  const { "stale-count": staleCount } = check(
    ...add(0, 7),
    ...read(1.9, []),
    ...read(5, [7]),
  );
  assertStrictEquals(staleCount, 0);
  // The nanosecond after the read began is what counts.
  const exactly = check(
    ...add(0, 7),
    ...read(2 - 1e-6, []),
    ...read(5, [7]),
  );
  assertEquals(exactly["stable-latencies"], at(1));
});

Deno.test("set: an element that no read found after it was known is lost", () => {
  assertEquals(check(...add(0, 7), ...read(5, [])), {
    ...none,
    "valid?": false,
    "attempt-count": 1,
    "lost-count": 1,
    lost: [7],
    "lost-latencies": at(0),
  });
});

Deno.test("set: an element that was found, and then no more, is lost; the delay counts to the last find", () => {
  const findings = check(
    ...add(0, 7),
    ...read(21, [7]),
    ...read(50, []),
  );
  assertStrictEquals(findings["valid?"], false);
  assertEquals(findings.lost, [7]);
  assertEquals(findings["lost-latencies"], at(20));
});

Deno.test("set: an element that was missed, found, missed and found again is stable", () => {
  const findings = check(
    ...add(0, 7),
    ...read(5, []),
    ...read(10, [7]),
    ...read(15, []),
    ...read(20, [7]),
  );
  assertStrictEquals(findings["valid?"], true);
  assertEquals(findings.stale, [7]);
});

Deno.test("set: one element lost is enough, however many are stable", () => {
  const findings = check(
    ...[1, 2, 3, 4].flatMap((value, i) => add(i * 5, value)),
    ...read(50, [1, 2, 4]),
  );
  assertStrictEquals(findings["valid?"], false);
  assertStrictEquals(findings["stable-count"], 3);
  assertEquals(findings.lost, [3]);
});

Deno.test("set: with no read after it, nothing is known of an element", () => {
  const findings = check(...read(0, []), ...add(5, 7));
  assertStrictEquals(findings["valid?"], "unknown");
  assertEquals(findings["never-read"], [7]);
  assertStrictEquals(findings["never-read-count"], 1);
});

Deno.test("set: a read that began before the add had ended may miss it", () => {
  const findings = check(
    op(0, 0, "invoke", "add", 7),
    op(1, 1, "invoke", "read"),
    op(2, 0, "ok", "add", 7),
    op(3, 1, "ok", "read", []),
  );
  assertStrictEquals(findings["valid?"], "unknown");
  assertEquals(findings["never-read"], [7]);
});

Deno.test("set: a read that began in the very entry after the add had ended may not", () => {
  const findings = check(
    op(0, 0, "invoke", "add", 7),
    op(2, 0, "ok", "add", 7),
    op(2, 1, "invoke", "read"),
    op(3, 1, "ok", "read", []),
  );
  assertStrictEquals(findings["valid?"], false);
});

Deno.test("set: a read during the add that finds it makes it known", () => {
  // A second read begins after the first has ended: then it is known.
  const findings = check(
    op(0, 0, "invoke", "add", 7),
    ...read(1, [7]),
    ...read(5, []),
    op(9, 0, "ok", "add", 7),
  );
  assertStrictEquals(findings["valid?"], false);
  assertEquals(findings.lost, [7]);
});

Deno.test("set: of two reads at once one may find what the other misses", () => {
  const findings = check(
    op(0, 0, "invoke", "add", 7),
    op(1, 1, "invoke", "read"),
    op(2, 2, "invoke", "read"),
    op(3, 1, "ok", "read", [7]),
    op(4, 2, "ok", "read", []),
  );
  // The one that missed it began later, but before the element was known.
  assertStrictEquals(findings["valid?"], "unknown");
  assertEquals(findings["never-read"], [7]);
});

Deno.test("set: an add without an acknowledgement need not be found", () => {
  for (const type of ["info", "fail"] as const) {
    const findings = check(...add(0, 7, type), ...read(5, []));
    assertStrictEquals(findings["valid?"], "unknown");
    assertEquals(findings["never-read"], [7]);
  }
});

Deno.test("set: an add without an acknowledgement that was seen is known from then on", () => {
  for (const type of ["info", "fail"] as const) {
    const seen = check(...add(0, 7, type), ...read(5, [7]));
    assertStrictEquals(seen["valid?"], true);
    const gone = check(...add(0, 7, type), ...read(5, [7]), ...read(9, []));
    assertStrictEquals(gone["valid?"], false);
    assertEquals(gone.lost, [7]);
  }
});

Deno.test("set: only reads that ended in ok say anything", () => {
  for (const type of ["info", "fail"] as const) {
    const findings = check(
      ...add(0, 7),
      ...read(5, [7]),
      op(8, 1, "invoke", "read"),
      op(9, 1, type, "read", []),
    );
    assertStrictEquals(findings["valid?"], true);
    assertStrictEquals(findings["stale-count"], 0);
  }
});

Deno.test("set: an element that a read shows twice is reported, and as valid as in Jepsen", () => {
  const findings = check(...add(0, 7), ...add(2, 8), ...read(5, [7, 8, 7, 7]));
  assertStrictEquals(findings["valid?"], true);
  assertEquals(findings.repeated, [[7, 3]]);
  assertStrictEquals(findings["duplicated-count"], 0);
});

Deno.test("set: an element that nobody added is reported, and as valid as in Jepsen", () => {
  const findings = check(
    ...add(0, 7),
    ...read(5, [7, 99]),
    ...read(9, [99, 7]),
  );
  assertStrictEquals(findings["valid?"], true);
  assertEquals(findings.unexpected, [99]);
  assertStrictEquals(findings["attempt-count"], 1);
});

Deno.test("set: an element that is read before anybody adds it is unexpected", () => {
  const findings = check(...read(0, [7]), ...add(5, 7), ...read(9, [7]));
  assertEquals(findings.unexpected, [7]);
  assertStrictEquals(findings["stable-count"], 1);
});

Deno.test("set: an element that is added twice is judged from the second time on", () => {
  const findings = check(
    ...add(0, 7),
    ...read(5, []),
    ...add(10, 7),
    ...read(15, [7]),
  );
  assertStrictEquals(findings["attempt-count"], 1);
  assertStrictEquals(findings["stale-count"], 0);
  assertStrictEquals(findings["valid?"], true);
});

Deno.test("set: of a valid history it's known which nodes' last reads miss elements", () => {
  const missing = (...entries: Entry[]) => {
    const findings = setFull(historyOf(...entries), "add", {
      nodes: ["n0", "n1", "n2"],
      nodeOf: ({ process }) => `n${process as number % 3}`,
    });
    assertStrictEquals(findings["valid?"], true);
    return findings.missing;
  };
  const adds = [...add(0, 1), ...add(2, 2)];
  // The read that began last shows all.
  assertEquals(
    missing(
      ...adds,
      ...read(4, [1], 0),
      ...read(6, null, 1),
      ...read(8, [1, 2], 2),
    ),
    { n0: 1, n1: 2 },
  );
  // Of the processes that read a node, the one whose read began last counts.
  assertEquals(
    missing(...adds, ...read(4, [], 3), ...read(6, [2, 1], 0)),
    undefined,
  );
  assertEquals(
    missing(
      ...adds,
      ...read(4, [1, 2], 2),
      ...read(6, [2], 5),
      ...read(8, [2, 1], 1),
    ),
    { n2: 1 },
  );
  // It began too early to show the second.
  assertEquals(
    missing(
      ...add(0, 1),
      ...read(2, [1], 0),
      ...add(4, 2),
      ...read(6, [1, 2], 1),
    ),
    undefined,
  );
  // Nobody was told that the third was taken in.
  assertEquals(
    missing(
      ...adds,
      ...add(4, 3, "info"),
      ...read(6, [1, 2], 1),
      ...read(8, [1, 2, 3], 2),
    ),
    undefined,
  );
});

Deno.test("set: the nemesis's operations don't count", () => {
  const findings = check(
    ...add(0, 7),
    op(3, "nemesis", "info", "add", 8),
    op(3, "nemesis", "ok", "read", []),
    ...read(5, [7]),
  );
  assertStrictEquals(findings["attempt-count"], 1);
  assertStrictEquals(findings["stale-count"], 0);
});

Deno.test("set: adding goes by the name that the workload gives it", () => {
  const history = historyOf(
    op(0, 0, "invoke", "broadcast", 7),
    op(1, 0, "ok", "broadcast", 7),
    ...read(5, [7]),
  );
  assertStrictEquals(setFull(history, "broadcast")["valid?"], true);
  assertStrictEquals(setFull(history, "add")["attempt-count"], 0);
});

Deno.test('set: 7 isn\'t "7", and what is nested is compared by content', () => {
  assertEquals(check(...add(0, 7), ...read(5, ["7"])).lost, [7]);
  assertStrictEquals(
    check(...add(0, [1, { a: 2 }]), ...read(5, [[1, { a: 2 }]]))["valid?"],
    true,
  );
});

Deno.test("set: elements are listed in order, whatever order they were added in", () => {
  const findings = check(
    ...[10, 9, 100, 1].flatMap((value, i) => add(i * 5, value)),
    ...read(50, []),
  );
  assertEquals(findings.lost, [1, 9, 10, 100]);
});

Deno.test("set: the eight worst are described, the worst first", () => {
  const entries = Array.from({ length: 12 }, (_, i) => add(i * 10, i)).flat();
  const findings = check(
    ...entries,
    ...read(500, []),
    ...read(600, [
      ...Array(12).keys(),
    ]),
  );
  assertStrictEquals(findings["stale-count"], 12);
  assertEquals(
    findings["worst-stale"].map((each) => each["stable-latency"]),
    [499, 489, 479, 469, 459, 449, 439, 429],
  );
  assertEquals(
    findings["worst-stale"].map(({ element }) => element),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});

/**
 * The rules told once more, with no regard for speed: for each element, all of
 * the history is gone through.
 */
function slowly(history: History): SetFullFindings {
  const clients = history.filter(({ process }) => process !== "nemesis");
  const invocationOf = (completion: Op) =>
    clients.findLast(({ index, process, type }) =>
      index < completion.index && process === completion.process &&
      type === "invoke"
    )!;
  const adds = clients.filter(({ f }) => f === "add");
  const reads = clients
    .filter(({ f, type }) => f === "read" && type === "ok")
    .map((end) => ({
      end,
      begin: invocationOf(end),
      values: end.value as number[],
    }));
  const elements = [
    ...new Set(
      adds.filter(({ type }) => type === "invoke")
        .map(({ value }) => value as number),
    ),
  ].sort((a, b) => a - b);

  const judged = elements.map((element) => {
    const added = adds.findLast(({ type, value }) =>
      type === "invoke" && value === element
    )!;
    const since = reads.filter(({ end }) => end.index > added.index);
    const having = since.filter(({ values }) => values.includes(element));
    const lacking = since.filter(({ values }) => !values.includes(element));
    const known = [
      ...adds.filter(({ type, value }) => type === "ok" && value === element),
      ...having.map(({ end }) => end),
    ].filter(({ index }) => index > added.index)
      .sort((a, b) => a.index - b.index)[0] as Op | undefined;
    const last = (some: typeof reads) =>
      some.map(({ begin }) => begin)
        .sort((a, b) => b.index - a.index)[0] as Op | undefined;
    const [present, absent] = [last(having), last(lacking)];
    const ms = (until?: Op) =>
      Math.trunc(
        Math.max((until ? until.time + 1 : 0) - known!.time, 0) / 1_000_000,
      );
    if (present && (!absent || absent.index < present.index)) {
      return { element, outcome: "stable", ms: ms(absent), known, absent };
    }
    if (
      known && absent && known.index < absent.index &&
      (!present || present.index < absent.index)
    ) {
      return { element, outcome: "lost", ms: ms(present), known, absent };
    }
    return { element, outcome: "never-read", ms: 0, known, absent };
  });

  const those = (outcome: string) =>
    judged.filter((each) => each.outcome === outcome);
  const names = (some: typeof judged) => some.map(({ element }) => element);
  const [stable, lost] = [those("stable"), those("lost")];
  const neverRead = those("never-read");
  const stale = stable.filter(({ ms }) => ms > 0);
  const latencies = (some: typeof judged) => {
    const sorted = some.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (percent: number) =>
      sorted[
        Math.min(
          sorted.length - 1,
          Math.floor(sorted.length * percent / 100),
        )
      ]!;
    return {
      "0": at(0),
      "0.5": at(50),
      "0.95": at(95),
      "0.99": at(99),
      "1": at(100),
    };
  };

  const addedBefore = (value: number, index: number) =>
    adds.some((each) =>
      each.type === "invoke" && each.value === value && each.index < index
    );
  const unexpected = new Set<number>();
  const repeated = new Map<number, number>();
  for (const { end, values } of reads) {
    for (const value of values) {
      const times = values.filter((each) => each === value).length;
      if (!addedBefore(value, end.index)) unexpected.add(value);
      else if (times > 1 && !repeated.has(value)) repeated.set(value, times);
    }
  }

  return {
    ...none,
    "valid?": lost.length > 0 ? false : stable.length > 0 ? true : "unknown",
    "attempt-count": elements.length,
    "stable-count": stable.length,
    "lost-count": lost.length,
    lost: names(lost),
    "never-read-count": neverRead.length,
    "never-read": names(neverRead),
    "stale-count": stale.length,
    stale: names(stale),
    // Among equals the greatest element comes first.
    "worst-stale": stale
      .toSorted((a, b) => b.ms - a.ms || b.element - a.element)
      .slice(0, 8)
      .map(({ element, outcome, ms, known, absent }) => ({
        element,
        outcome,
        "stable-latency": ms,
        "known-index": known!.index,
        "last-absent-index": absent!.index,
      })),
    ...(stable.length > 0 && { "stable-latencies": latencies(stable) }),
    ...(lost.length > 0 && { "lost-latencies": latencies(lost) }),
    ...(repeated.size > 0 && { repeated: [...repeated] }),
    ...(unexpected.size > 0 && { unexpected: [...unexpected] }),
  };
}

/** A history of clients that add and read at once, crash, and see wrong things. */
function randomHistory(
  seed: number,
  { steps, threads, missing }: {
    steps: number;
    threads: number;
    /** The probability that a read misses an element. */
    missing: number;
  },
): History {
  const random = new Random(`set/${seed}`);
  const entries: Entry[] = [];
  const attempted: number[] = [];
  const processes = Array.from({ length: threads }, (_, i) => i);
  const open = new Map<number, Entry>();
  let ms = 0;
  while (entries.length < steps) {
    // Often several entries of one time, and times between milliseconds.
    ms += random.choice([0, 0, 1e-6, 0.4, 1, 3]);
    if (random.integer(20) === 0) {
      entries.push(op(ms, "nemesis", "info", random.choice(["read", "add"])));
      continue;
    }
    const thread = random.integer(threads);
    const process = processes[thread]!;
    const begun = open.get(thread);
    if (begun === undefined) {
      const again = attempted.length > 0 && random.integer(15) === 0;
      const value = again
        ? random.choice(attempted)
        : random.integer(1000) * 100 + attempted.length;
      const entry = random.integer(2) === 0
        ? op(ms, process, "invoke", "add", value)
        : op(ms, process, "invoke", "read");
      if (entry.f === "add" && !again) attempted.push(value);
      entries.push(entry);
      open.set(thread, entry);
      continue;
    }
    open.delete(thread);
    const type = random.choice(
      ["ok", "ok", "ok", "ok", "fail", "info"] as const,
    );
    if (type === "info") processes[thread]! += threads;
    let value = begun.value;
    if (begun.f === "read" && type === "ok") {
      const seen = random.shuffle(attempted)
        .filter(() => random.float() >= missing);
      if (random.integer(8) === 0) seen.push(...seen.slice(0, 2));
      if (random.integer(12) === 0) seen.push(random.integer(20) - 25);
      value = seen;
    }
    entries.push(op(ms, process, type, begun.f, value));
  }
  return historyOf(...entries);
}

Deno.test("set: random histories are judged as by the slow telling of the rules", () => {
  let [valid, invalid, unknown, stale] = [0, 0, 0, 0];
  fc.assert(
    fc.property(
      fc.nat(),
      fc.record({
        steps: fc.integer({ min: 0, max: 120 }),
        threads: fc.integer({ min: 1, max: 6 }),
        missing: fc.constantFrom(0, 0.02, 0.1, 0.4, 1),
      }),
      (seed, shape) => {
        const history = randomHistory(seed, shape);
        const findings = setFull(history, "add");
        assertEquals(findings, slowly(history));
        if (findings["valid?"] === true) valid++;
        else if (findings["valid?"] === false) invalid++;
        else unknown++;
        if (findings["stale-count"] > 0) stale++;
      },
    ),
    cases(400),
  );
  // The histories are of all sorts, or the comparison would be worth little.
  for (const count of [valid, invalid, unknown, stale]) {
    assertGreater(count, 20);
  }
});

Deno.test("set: of many oddities 48 are listed", () => {
  const values = Array.from({ length: 60 }, (_, i) => i);
  const findings = check(
    ...values.flatMap((value) => add(value * 2, value)),
    ...read(500, [...values, ...values, ...values.map((value) => -1 - value)]),
  );
  assertStrictEquals(findings.repeated!.length, 48);
  assertStrictEquals(findings.unexpected!.length, 48);
  assert(findings.repeated!.every(([, times]) => times === 2));
});
