/**
 * Verdicts on histories: what was never judged is never valid, and whatever a
 * history holds, there is a verdict.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import type { History, Op } from "../../lib/workbench/load/history.ts";
import { fillIn } from "../../lib/workbench/test.ts";
import { checkHistory } from "../../lib/workbench/verdict.ts";
import { workloads } from "../../lib/workbench/workloads/mod.ts";
import { testOf, validHistory } from "../../lib/runner/histories.ts";
import { some } from "../some.ts";
import { cases, type Entry, historyOf, op } from "./helpers.ts";

const names = Object.keys(workloads);

const verdictOn = (workload: string, history: History) =>
  checkHistory(history, testOf(workload));

/** Short histories in which nothing is wrong. */
const valid = new Map(
  await Promise.all(
    names.map(async (name) => [name, await validHistory(name, 120)] as const),
  ),
);

Deno.test("short histories in which nothing is wrong are valid", () => {
  for (const [workload, history] of valid) {
    assertEquals(verdictOn(workload, history)["valid?"], true, workload);
  }
});

Deno.test("an error in place of an echo is told", () => {
  const { reason } = verdictOn(
    "echo",
    historyOf(
      op(0, 0, "invoke", "echo", "hi"),
      op(1, 0, "fail", "echo", "hi", {
        error: ["not-supported", "no handler"],
      }),
    ),
  );
  assertEquals(
    reason,
    '1 of the echoes went wrong; the first was "hi", and an error came back: not-supported: no handler',
  );
  // It's the error of that echo, whichever came first.
  const failed = (ms: number, process: number, text: string) =>
    op(ms, process, "fail", "echo", text, { error: ["abort", text] });
  assertEquals(
    verdictOn(
      "echo",
      historyOf(
        op(0, 0, "invoke", "echo", "slow"),
        op(1, 1, "invoke", "echo", "fast"),
        failed(2, 1, "fast"),
        failed(3, 0, "slow"),
      ),
    ).reason,
    '2 of the echoes went wrong; the first was "slow", and an error came back: abort: slow',
  );
});

/**
 * The workloads that Maelstrom itself calls invalid though nothing was judged:
 * its wrapper around Elle knows no "unknown" (workload/txn_rw_register.clj),
 * and so there ours says the same.
 */
const invalidIfEmpty = new Set(["txn-rw-register"]);

Deno.test("of nothing, nothing is valid, and it says what is missing", () => {
  const nemesis = historyOf(
    op(0, "nemesis", "info", "start-partition", "one"),
    op(1, "nemesis", "info", "start-partition", ["isolated", {}]),
  );
  for (const [workload, history] of valid) {
    const begun = new Set<unknown>();
    const invocations = history.filter(({ type, process }) =>
      type === "invoke" && begun.size < begun.add(process).size
    ).map((each, index) => ({ ...each, index }));
    for (const nothing of [[], nemesis, invocations]) {
      const found = verdictOn(workload, nothing);
      const expected = invalidIfEmpty.has(workload) ? false : "unknown";
      assertEquals(found["valid?"], expected, workload);
      assertMatch(found.reason!, /nothing|no (value|element)|never/);
    }
  }
});

Deno.test("answers of which none can be wrong are no verdict", () => {
  const unknown: [string, string, Entry[]][] = [
    [
      "echo",
      "no echo ever came back",
      [
        op(0, 0, "invoke", "echo", "a"),
        op(1, 0, "invoke", "echo", "b"),
      ].slice(0, 1),
    ],
    ["g-counter", "no final read was ever answered", [
      op(0, 0, "invoke", "add", 3),
      op(1, 0, "ok", "add", 3),
      op(2, 0, "invoke", "read"),
      op(3, 0, "ok", "read", 0),
    ]],
    ["kafka", "no message was ever polled", [
      op(0, 0, "invoke", "poll", [["poll"]]),
      op(1, 0, "ok", "poll", [["poll", {}]]),
      op(2, 0, "invoke", "poll", [["poll"]]),
      op(3, 0, "ok", "poll", [["poll", { a: [], b: null }]]),
    ]],
    ["broadcast", "no value was ever found by a read", [
      op(0, 0, "invoke", "read"),
      op(1, 0, "ok", "read", []),
    ]],
    ["txn-list-append", "nothing can be said", [
      op(0, 0, "invoke", "txn", [["r", 1, null]]),
      op(1, 0, "ok", "txn", [["r", 1, []]]),
    ]],
  ];
  for (const [workload, words, entries] of unknown) {
    const found = verdictOn(workload, historyOf(...entries));
    assertEquals(found["valid?"], "unknown", workload);
    assert(found.reason?.includes(words), found.reason);
  }
});

Deno.test("values that aren't the workload's make it unknown, and are named", () => {
  const read = (value: unknown) => [
    op(0, 0, "invoke", "read"),
    op(1, 0, "ok", "read", value),
  ];
  const txn = (value: unknown) => [
    op(0, 0, "invoke", "txn", [["r", 1, null]]),
    op(1, 0, "ok", "txn", value),
  ];
  const poll = (value: unknown) => [
    op(0, 0, "invoke", "poll", [["poll"]]),
    op(1, 0, "ok", "poll", value),
  ];
  const strange: [string, Entry[]][] = [
    ["echo", [op(0, 0, "invoke", "echo")]],
    [
      "unique-ids",
      [
        op(0, 0, "invoke", "generate"),
        op(1, 0, "ok", "generate", undefined),
      ].map(({ value, ...others }, i) =>
        i === 0 ? { value, ...others } : others
      ) as Entry[],
    ],
    ...["broadcast", "g-set"].flatMap((workload) =>
      [5, "text", {}, true].map((value): [string, Entry[]] => [
        workload,
        read(value),
      ])
    ),
    ["g-set", [
      op(0, 0, "invoke", "add", 5),
      op(1, 0, "ok", "add", 6),
    ]],
    ...[null, 1.5, "5", [5]].map((value): [string, Entry[]] => [
      "pn-counter",
      read(value),
    ]),
    ["pn-counter", [op(0, 0, "invoke", "add", "5")]],
    ["lin-kv", read(5)],
    ["lin-kv", [op(0, 0, "invoke", "cas", [0, 5])]],
    ...[null, [5], [["push", "a", 1]], [["poll", []]], [["poll", { a: 5 }]], [[
      "poll",
      { a: [[1]] },
    ]]].map((value): [string, Entry[]] => ["kafka", poll(value)]),
    ...["txn-list-append", "txn-rw-register"].flatMap((workload) =>
      [null, 5, {}, [5], [[]], [["r", 1]], [["cas", 1, 2]]].map((
        value,
      ): [string, Entry[]] => [workload, txn(value)])
    ),
    ["txn-list-append", txn([["r", 1, 5]])],
    ...names.map((workload): [string, Entry[]] => [workload, [
      op(0, 0, "invoke", "frobnicate"),
      op(1, 0, "ok", "frobnicate"),
    ]]),
  ];
  for (const [workload, entries] of strange) {
    const found = verdictOn(workload, historyOf(...entries));
    const told = `${workload} ${JSON.stringify(entries.at(-1))}`;
    assertEquals(found["valid?"], "unknown", told);
    assertMatch(found.reason!, /operation [01]\b|frobnicate/, told);
  }
});

Deno.test("null is an empty list where Maelstrom's clients take it for one", () => {
  const entries = [
    op(0, 0, "invoke", "broadcast", 1),
    op(1, 0, "ok", "broadcast", 1),
    op(2, 0, "invoke", "read"),
    op(3, 0, "ok", "read", null),
  ];
  const missing = verdictOn("broadcast", historyOf(...entries));
  assertEquals(missing.workload.lost, [1]);
  const found = verdictOn(
    "broadcast",
    historyOf(
      ...entries,
      op(4, 0, "invoke", "read"),
      op(5, 0, "ok", "read", [1]),
    ),
  );
  assertEquals(found["valid?"], true);
});

Deno.test("that a kind never succeeded is told beside what went wrong as well", () => {
  const { anomaly, reason } = verdictOn(
    "broadcast",
    historyOf(
      op(0, 0, "invoke", "broadcast", 1),
      op(1, 1, "invoke", "read"),
      op(2, 1, "ok", "read", [1]),
      op(3, 1, "invoke", "read"),
      op(4, 1, "ok", "read", []),
      op(5, 0, "info", "broadcast", 1, { error: "net-timeout" }),
    ),
  );
  assertEquals(anomaly, "lost");
  assertMatch(
    reason!,
    /^1 of 1 values were lost; .*\n(.*\n)?Besides, not one of 1 broadcast operations succeeded; the first ended in info: no answer came in time\. Does the handler return/,
  );
});

Deno.test("of the operations that never succeeded all kinds are named, and none that need not", () => {
  const kafka = verdictOn(
    "kafka",
    historyOf(
      op(0, 0, "invoke", "crash"),
      op(1, 0, "info", "crash"),
      op(2, 10, "invoke", "send", [["send", "k", 1]]),
      op(3, 10, "fail", "send", [["send", "k", 1]], { error: "no room" }),
    ),
  );
  assertMatch(
    kafka.reason!,
    /^not one of 1 send operations succeeded; the first ended in fail: no room/,
  );
  const broadcast = verdictOn(
    "broadcast",
    historyOf(
      op(0, 0, "invoke", "read"),
      op(1, 0, "fail", "read", null, { error: "net-timeout" }),
      op(2, 0, "invoke", "broadcast", 1),
      op(3, 0, "info", "broadcast", 1, { error: ["crash", null] }),
    ),
  );
  assertMatch(
    broadcast.reason!,
    /^not one of 1 broadcast and 1 read operations succeeded; the first ended in fail: no answer came in time\./,
  );
  // An error may be anything, where others wrote the history.
  const strange = verdictOn(
    "broadcast",
    historyOf(
      op(0, 0, "invoke", "read"),
      op(1, 0, "fail", "read", null, { error: { type: "odd" } }),
    ),
  );
  assertMatch(strange.reason!, /the first ended in fail: \{"type":"odd"\}/);
});

// ---- Whatever is done to a history ----

/** Values that stand where something else should. */
const garbage = fc.oneof(
  fc.constantFrom<unknown>(
    ...[undefined, null, true, 0, -1, 1.5, 2 ** 53, NaN, "", "x", "__proto__"],
    ...[[], {}, [[]], [null], [[null, null]], { a: {} }, "nemesis", "r", "ok"],
  ),
  fc.anything({ maxDepth: 3 }),
);

/** Something that is done at a place of a history. */
type Corruption = (history: unknown[], place: number) => void;

const fields = ["index", "time", "process", "type", "f", "value", "error"];

const corruption: fc.Arbitrary<Corruption> = fc.oneof(
  fc.constant<Corruption>((history, at) => history.splice(at, 1)),
  fc.constant<Corruption>((history, at) => history.splice(at, 0, history[at])),
  fc.constant<Corruption>((history, at) => history.splice(at)),
  fc.nat(200).map((to): Corruption => (history, at) => {
    const other = to % history.length;
    [history[at], history[other]] = [history[other], history[at]];
  }),
  fc.tuple(fc.constantFrom(...fields), garbage).map(
    ([key, value]): Corruption => (history, at) => {
      const entry = { ...history[at] as Op };
      if (value === undefined) delete entry[key];
      else entry[key] = value;
      history[at] = entry;
    },
  ),
  // Somewhere within the value.
  fc.tuple(fc.array(fc.nat(5), { maxLength: 4 }), garbage).map(
    ([path, value]): Corruption => (history, at) => {
      const entry = { ...history[at] as Op };
      history[at] = { ...entry, value: replaced(entry.value, path, value) };
    },
  ),
  garbage.map((value): Corruption => (history, at) => {
    history[at] = value;
  }),
);

function replaced(whole: unknown, path: number[], value: unknown): unknown {
  if (path.length === 0 || typeof whole !== "object" || whole === null) {
    return value;
  }
  const [step, ...rest] = some(path);
  const keys = Object.keys(whole);
  if (keys.length === 0) return value;
  const key = keys[step % keys.length]!;
  const copy = Array.isArray(whole) ? [...whole] : { ...whole };
  (copy as Record<string, unknown>)[key] = replaced(
    (whole as Record<string, unknown>)[key],
    rest,
    value,
  );
  return copy;
}

/**
 * Tells whether indexes are put right afterwards, as who filters a history
 * would.
 */
function corrupted(
  history: History,
  changes: readonly [Corruption, number][],
  renumbered: boolean,
): unknown[] {
  const entries: unknown[] = [...history];
  for (const [change, place] of changes) {
    if (entries.length > 0) change(entries, place % entries.length);
  }
  return renumbered
    ? entries.map((entry, index) =>
      typeof entry === "object" && entry !== null ? { ...entry, index } : entry
    )
    : entries;
}

Deno.test("where only the dead were asked, nobody's handler is suspected", () => {
  const test = fillIn({ workload: "echo" });
  const unanswered = [
    op(0, 0, "invoke", "echo", "a"),
    op(5000, 0, "info", "echo", "a", { error: "net-timeout" }),
  ];
  const kill = (node: string) =>
    op(1, "nemesis", "info", "kill", { [node]: "killed" });
  const reasonOf = (...entries: Entry[]) =>
    checkHistory(historyOf(...entries), test).reason!;
  const handler = /no answer came in time\. Does the handler return/;
  assertMatch(
    reasonOf(kill("n1"), ...unanswered),
    /no answer came in time\. Their nodes were killed or paused, and no node answers then: let the run outlast the faults, by a greater --time-limit or a smaller --nemesis-interval$/,
  );
  assertMatch(reasonOf(...unanswered), handler);
  assertMatch(
    reasonOf(kill("n2"), ...unanswered),
    /no answer came in time\. Perhaps it waited for another node, which was killed or paused\. Does the handler return/,
  );
  const healed = op(2, "nemesis", "info", "start", { n1: "started" });
  const [asked, late] = unanswered as [Entry, Entry];
  assertMatch(
    reasonOf(
      kill("n1"),
      healed,
      op(3, 0, "invoke", "echo", "a"),
      late,
    ),
    handler,
  );
  assertMatch(reasonOf(asked, kill("n1"), healed, late), /Their nodes/);
  // The counter's clients leave open what any error means, and say it otherwise.
  const error = "indeterminate: n1 did not answer echo within 5000 ms";
  assertMatch(reasonOf(kill("n1"), asked, { ...late, error }), /Their nodes/);
  // A node that refuses others does answer.
  const refused = [
    op(6000, 1, "invoke", "echo", "b"),
    op(6001, 1, "fail", "echo", "b", { error: ["abort", "no"] }),
  ];
  assertMatch(
    reasonOf(asked, kill("n1"), healed, late, ...refused),
    /no answer came in time\. Its node was killed or paused, and no node answers then; the first that got an answer ended in fail: abort: no \(operation 5\)$/,
  );
  assertMatch(reasonOf(...unanswered, ...refused), handler);
});

Deno.test("who asks for total availability is told of the one that failed, or never ended", () => {
  const test = fillIn({ workload: "echo", availability: "total" });
  const answered = Array.from({ length: 30_000 }, (_, i) => [
    op(i, 0, "invoke", "echo", "a"),
    op(i, 0, "ok", "echo", { echo: "a" }),
  ]).flat();
  for (
    const [last, why] of [
      [[], "(operation 60000): it never ended"],
      [
        [op(9, 1, "info", "echo", "b", { error: "net-timeout" })],
        "(operation 60001): no answer came in time",
      ],
    ] as const
  ) {
    const history = historyOf(
      ...answered,
      op(9, 1, "invoke", "echo", "b"),
      ...last,
    );
    assertEquals(
      checkHistory(history, test).reason,
      `only 99.99 % of the operations succeeded, where total was asked for; the first that didn't was echo ${why}`,
    );
  }
});

Deno.test("who asks for total availability is told that the dead don't answer", () => {
  const test = fillIn({ workload: "echo", availability: "total" });
  const answered = [
    op(0, 0, "invoke", "echo", "a"),
    op(1, 0, "ok", "echo", { echo: "a" }),
  ];
  const unanswered = [
    op(2, 1, "invoke", "echo", "b"),
    op(5000, 1, "info", "echo", "b", { error: "net-timeout" }),
  ];
  const kill = op(1, "nemesis", "info", "kill", { n2: "killed" });
  const reasonOf = (...entries: Entry[]) =>
    checkHistory(historyOf(...entries), test).reason!;
  const plain = reasonOf(...answered, ...unanswered);
  assertStringIncludes(plain, "only 50.00 % of the operations succeeded");
  assertStringIncludes(plain, "no answer came in time");
  assertEquals(
    reasonOf(...answered, kill, ...unanswered).replace(
      ". Nodes were killed or paused, and no node answers then: ask for less, by --availability 0.5, say",
      "",
    ).replace("(operation 3)", "(operation 2)").replace(
      "(operation 4)",
      "(operation 3)",
    ),
    plain,
  );
});

Deno.test("whatever is done to a history, there is a verdict, and words where it isn't valid", () => {
  const verdicts = new Set<unknown>();
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.array(fc.tuple(corruption, fc.nat(300)), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.boolean(),
      (workload, changes, renumbered) => {
        const history = corrupted(valid.get(workload)!, changes, renumbered);
        const found = verdictOn(workload, history as Op[]);
        verdicts.add(found["valid?"]);
        JSON.stringify(found);
        if (found["valid?"] === true) assertEquals(found.reason, undefined);
        else {
          assertNotEquals(found.reason ?? "", "");
          assert(found.reason!.length < 5000);
        }
      },
    ),
    cases(2000),
  );
  assertEquals(verdicts.size, 3);
});

Deno.test("where every entry was changed in the same way, nothing is valid", () => {
  // Times that go back, errors, and a value where none is looked at, are no harm.
  const harmless = new Set(["error"]);
  for (const [workload, history] of valid) {
    for (const key of fields.filter((key) => !harmless.has(key))) {
      for (const value of [undefined, null, "x", {}, [], -1, 1.5, true]) {
        const entries = history.map((entry) => {
          const changed: Record<string, unknown> = { ...entry, [key]: value };
          if (value === undefined) delete changed[key];
          return changed as Op;
        });
        const { "valid?": verdict, reason } = verdictOn(workload, entries);
        const told = `${workload} with ${key} ${JSON.stringify(value)}`;
        if (key === "time" && value === -1) assertEquals(verdict, true, told);
        else {
          assertNotEquals(verdict, true, told);
          assertNotEquals(reason ?? "", "", told);
        }
      }
    }
  }
});

Deno.test("with options that a run can have, histories of all lengths are judged", () => {
  for (const workload of names) {
    for (const availability of ["total", 0.5] as const) {
      const test = fillIn({ workload, availability });
      for (let length = 0; length < 40; length++) {
        const history = valid.get(workload)!.slice(0, length);
        const found = checkHistory(history, test);
        assert(found["valid?"] !== true || length > 1, workload);
      }
    }
  }
});
