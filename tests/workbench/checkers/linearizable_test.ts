import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  explainLinearizable,
  linearizable,
} from "../../../lib/workbench/checkers/linearizable.ts";
import { parseExact } from "../../../lib/workbench/sim/exact_json.ts";
import type {
  History,
  Op,
  OpType,
} from "../../../lib/workbench/load/history.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { cases, type Entry, historyOf, op } from "../helpers.ts";

/** An operation on key 0. */
function at0(process: number, type: OpType, f: string, value: unknown) {
  return op(0, process, type, f, [0, value]);
}

/** An operation on key 0 that nothing else overlaps. */
function whole(process: number, f: string, value: unknown): Entry[] {
  const asked = f === "read" ? null : value;
  return [at0(process, "invoke", f, asked), at0(process, "ok", f, value)];
}

/** Returns the findings for key 0. */
function check(...entries: Entry[]) {
  return linearizable(historyOf(...entries)).results["0"]!.linearizable;
}

Deno.test("operations one after the other do what they say", () => {
  assertEquals(
    check(
      ...whole(0, "write", 1),
      ...whole(1, "read", 1),
      ...whole(0, "cas", [1, 2]),
      ...whole(1, "read", 2),
    ),
    { "valid?": true },
  );
});

Deno.test("a read of an older value is found, and what the key held", () => {
  assertEquals(
    check(
      ...whole(0, "write", 1),
      ...whole(0, "write", 2),
      ...whole(1, "read", 1),
      ...whole(1, "read", 1),
    ),
    {
      "valid?": false,
      op: { index: 5, process: 1, f: "read", type: "ok", value: 1 },
      "previous-ok": {
        index: 3,
        process: 0,
        f: "write",
        type: "ok",
        value: 2,
      },
      "possible-values": [2],
    },
  );
});

Deno.test("concurrent operations may come in any order", () => {
  const concurrent = (first: number, second: number) =>
    check(
      at0(0, "invoke", "write", 1),
      at0(1, "invoke", "write", 2),
      at0(2, "invoke", "read", null),
      at0(2, "ok", "read", first),
      at0(2, "invoke", "read", null),
      at0(2, "ok", "read", second),
      at0(0, "ok", "write", 1),
      at0(1, "ok", "write", 2),
    )["valid?"];
  assertEquals(concurrent(1, 2), true);
  assertEquals(concurrent(2, 1), true);
  assertEquals(concurrent(2, 2), true);
  assertEquals(concurrent(1, 3), false);
});

Deno.test("a write may be overwritten unseen", () => {
  assertEquals(
    check(
      at0(0, "invoke", "write", 1),
      ...whole(1, "write", 2),
      ...whole(2, "read", 2),
      at0(0, "ok", "write", 1),
      ...whole(2, "read", 2),
    )["valid?"],
    true,
  );
});

Deno.test("what failed didn't happen", () => {
  const failed = [at0(0, "invoke", "write", 1), at0(0, "fail", "write", 1)];
  assertEquals(check(...failed, ...whole(1, "read", null))["valid?"], true);
  assertEquals(check(...failed, ...whole(1, "read", 1))["valid?"], false);
});

Deno.test("what has no known end may happen at any time after, once, or never", () => {
  for (const end of [[], [at0(0, "info", "write", 1)]]) {
    const begun = [at0(0, "invoke", "write", 1), ...end];
    const later = (...values: number[]) =>
      check(
        ...begun,
        ...whole(1, "write", 2),
        ...values.flatMap((value) => whole(2, "read", value)),
      )["valid?"];
    assertEquals(later(2, 2), true);
    assertEquals(later(2, 1), true);
    assertEquals(later(2, 1, 1), true);
    assertEquals(later(1, 2), false);
    assertEquals(later(2, 1, 2), false);
  }
});

Deno.test("a cas succeeds only if the key holds what it expects", () => {
  assertEquals(check(...whole(0, "cas", [1, 2]))["valid?"], false);
  assertEquals(check(...whole(0, "cas", [null, 2]))["valid?"], true);
  assertEquals(
    check(...whole(0, "write", 1), ...whole(0, "cas", [1, 1]))["valid?"],
    true,
  );
});

Deno.test("a read of nothing says nothing, as in Knossos", () => {
  assertEquals(
    check(...whole(0, "write", 1), ...whole(0, "read", null))["valid?"],
    true,
  );
});

Deno.test("each key is judged by itself", () => {
  const found = linearizable(historyOf(
    op(0, 0, "invoke", "write", [1, 5]),
    op(0, 1, "invoke", "write", [0, 4]),
    op(0, 0, "ok", "write", [1, 5]),
    op(0, 1, "ok", "write", [0, 4]),
    op(0, 0, "invoke", "read", [1, null]),
    op(0, 0, "ok", "read", [1, 4]),
    op(0, 0, "invoke", "read", [10, null]),
    op(0, 0, "ok", "read", [10, null]),
  ));
  assertEquals(found["valid?"], false);
  assertEquals(Object.keys(found.results), ["0", "1", "10"]);
  assertEquals(found.failures, [1]);
  assertEquals(found.results["0"], {
    "valid?": true,
    linearizable: { "valid?": true },
  });
  assertEquals(
    explainLinearizable(found),
    "key 1 isn't linearizable: process 0 read 4 (operation 5), but by then the key held 5, in whatever order the operations before took effect",
  );
});

Deno.test("what the nemesis does is none of its business", () => {
  const found = linearizable(historyOf(
    op(0, "nemesis", "info", "start-partition", "majority"),
    op(0, "nemesis", "info", "start-partition", ["majority", {}]),
  ));
  assertEquals(found, { "valid?": true, results: {}, failures: [] });
});

Deno.test("keys and values are any JSON, compared by content", () => {
  const read = (key: string, value: string) => {
    const entries = [
      `{"process":0,"type":"invoke","f":"write","value":[{"a":1,"b":2},[3]]}`,
      `{"process":0,"type":"ok","f":"write","value":[{"a":1,"b":2},[3]]}`,
      `{"process":0,"type":"invoke","f":"read","value":[${key},null]}`,
      `{"process":0,"type":"ok","f":"read","value":[${key},${value}]}`,
    ].map((line, index) => ({ ...parseExact(line) as Op, index, time: 0 }));
    return linearizable(entries)["valid?"];
  };
  assertEquals(read('{"b":2,"a":1}', "[3]"), true);
  assertEquals(read('{"b":2,"a":1}', "[3.0]"), false);
  assertEquals(read('{"b":2,"a":1}', '["3"]'), false);
});

Deno.test("the number 0 and the text 0 are two keys, in either order", () => {
  const keys = ["0", "__proto__", 0, null];
  for (const order of [keys, keys.toReversed()]) {
    const found = linearizable(historyOf(
      ...order.flatMap((key) => [
        op(0, 0, "invoke", "read", [key, null]),
        op(0, 0, "ok", "read", [key, key === "0" ? 1 : null]),
      ]),
    ));
    assertEquals(found.failures, ["0"]);
    assertEquals(Object.keys(found.results), [
      "0",
      "null",
      '"0"',
      "__proto__",
    ]);
  }
});

Deno.test("with what it can't understand there is no telling, and it says why", () => {
  const strange: [string, Entry[]][] = [
    ["names no key: its value is null", [op(0, 0, "invoke", "read", null)]],
    ["names no key: its value is 7", [op(0, 0, "invoke", "write", 7)]],
    ["which isn't [from, to]", whole(0, "cas", 7)],
    ["which isn't [from, to]", whole(0, "cas", null)],
    ["which isn't [from, to]", whole(0, "cas", [1])],
    ["registers know only read, write and cas", whole(0, "append", 7)],
    ["ended on another key than it began on", [
      at0(0, "invoke", "read", null),
      op(0, 0, "ok", "read", 7),
    ]],
    ["ended on another key than it began on", [
      at0(0, "invoke", "read", null),
      op(0, 0, "ok", "read", [1, 7]),
    ]],
    ["ended and had never begun", [at0(0, "ok", "read", 7)]],
  ];
  for (const [text, entries] of strange) {
    const found = linearizable(historyOf(...entries));
    assertEquals(found["valid?"], "unknown", text);
    assertStringIncludes(explainLinearizable(found)!, text);
  }
});

Deno.test("it agrees with trying every order, down to the operation where it ends", () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 3, max: 9 }),
      fc.constantFrom(0, 0.15, 0.5),
      (seed, clients, ops, crash) => {
        const history = randomHistory(`${seed}`, {
          clients,
          ops,
          values: 3,
          crash,
          lies: 0.15,
        });
        const { results } = linearizable(history);
        const found = results["0"]!.linearizable;
        const end = firstUnexplained(history);
        assertEquals(found["valid?"], end === undefined);
        assertEquals(found.op?.index, end);
      },
    ),
    cases(3000),
  );
});

Deno.test("a hundred thousand operations take a moment", () => {
  const histories = [
    { clients: 5, ops: 100_000 },
    { clients: 20, ops: 20_000 },
  ].map((size) =>
    randomHistory("long", { values: 5, crash: 0, lies: 0, ...size })
  );
  const many = Array.from(
    { length: 500 },
    (_, key) =>
      randomHistory(`key ${key}`, {
        clients: 8,
        ops: 200,
        values: 5,
        crash: 0.02,
        lies: 0,
      }).map((op) => ({
        ...op,
        process: 1e6 * key + Number(op.process),
        value: [key, (op.value as unknown[])[1]],
      })),
  );
  histories.push(many.flat().map((op, index) => ({ ...op, index })));
  for (const history of histories) {
    // One that takes too many configurations is "unknown".
    assertEquals(linearizable(history)["valid?"], true);
  }
});

Deno.test("many operations without a known end don't stop it", () => {
  const history = randomHistory("crashes", {
    clients: 5,
    ops: 2000,
    values: 5,
    crash: 0.03,
    lies: 0,
  });
  assertEquals(linearizable(history)["valid?"], true);
});

Deno.test("it gives up after so many configurations, and says where", () => {
  // Forty cas chains that all could go on, and a read that nothing explains.
  const values = Array.from({ length: 40 }, (_, i) => i);
  const entries = [
    ...whole(99, "write", 0),
    ...values.map((i) => at0(i, "invoke", "cas", [i % 7, (3 * i + 1) % 7])),
    ...values.map((i) => at0(100 + i, "invoke", "write", i % 7)),
    ...whole(99, "read", 8),
    ...values.map((i) => at0(i, "ok", "cas", [i % 7, (3 * i + 1) % 7])),
  ];
  const found = linearizable(historyOf(...entries), {
    perOp: 100,
    reserve: 100_000,
  });
  assertEquals(found["valid?"], "unknown");
  assertStringIncludes(
    explainLinearizable(found)!,
    "key 0: too many orders to try them all: gave up at operation",
  );
});

/**
 * A history that clients of a real register might write down, with lies in it.
 *
 * @param crash how often an operation ends in `info`.
 * @param lies how often a result isn't true.
 */
function randomHistory(
  seed: string,
  { clients, ops, values, crash, lies }: {
    clients: number;
    ops: number;
    values: number;
    crash: number;
    lies: number;
  },
): History {
  const random = new Random(seed);
  const chance = (probability: number) => random.float() < probability;
  const entries: Entry[] = [];
  const workers = Array.from({ length: clients }, (_, process) => ({
    process,
    pending: undefined as { f: string; value: unknown } | undefined,
    outcome: undefined as [OpType, unknown] | undefined,
  }));
  let state: unknown = null;
  let begun = 0;
  while (begun < ops || workers.some(({ pending }) => pending)) {
    const worker = random.choice(workers);
    const { process, pending, outcome } = worker;
    if (pending === undefined) {
      if (begun++ >= ops) continue;
      const f = random.choice(["read", "write", "cas", "cas"]);
      const draw = () => random.integer(values);
      const value = f === "read" ? null : f === "write" ? draw() : [
        draw(),
        draw(),
      ];
      worker.pending = { f, value };
      entries.push(at0(process, "invoke", f, value));
    } else if (outcome === undefined) {
      const { f, value } = pending;
      worker.outcome = ["ok", value];
      if (f === "read") worker.outcome = ["ok", state];
      else if (f === "write") state = value;
      else if (state === (value as number[])[0]) state = (value as number[])[1];
      else worker.outcome = ["fail", value];
    } else {
      const { f, value } = pending;
      let [type, result] = outcome;
      if (chance(crash)) [type, result] = ["info", value];
      else if (chance(lies)) {
        if (f === "read") result = random.integer(values);
        else type = type === "ok" ? "fail" : "ok";
      }
      entries.push(at0(process, type, f, result));
      worker.pending = worker.outcome = undefined;
      if (type === "info") worker.process += clients;
    }
  }
  return entries.map((entry, index) => ({ index, ...entry }) as Op);
}

interface Call {
  f: string;
  value: unknown;
  begun: number;
  ended: number;
}

/** The completion up to which no order explains the history. */
function firstUnexplained(history: History): number | undefined {
  const failed = new Set<Op>();
  const open = new Map<unknown, Op>();
  for (const op of history) {
    if (op.type === "invoke") open.set(op.process, op);
    else if (op.type === "fail") failed.add(open.get(op.process)!).add(op);
  }
  const rest = history.filter((op) => !failed.has(op));
  for (let length = 1; length <= rest.length; length++) {
    if (!hasOrder(callsOf(rest.slice(0, length)))) {
      return rest[length - 1]!.index;
    }
  }
}

function callsOf(history: readonly Op[]): Call[] {
  const open = new Map<unknown, Call>();
  const calls: Call[] = [];
  for (const { index, process, type, f, value } of history) {
    const [, argument] = value as [unknown, unknown];
    if (type === "invoke") {
      const call = { f, value: argument, begun: index, ended: Infinity };
      open.set(process, call);
      calls.push(call);
    } else if (type === "ok") {
      Object.assign(open.get(process)!, { value: argument, ended: index });
    }
  }
  return calls;
}

/** Tries every order. */
function hasOrder(calls: readonly Call[], state: unknown = null): boolean {
  const nextEnd = Math.min(...calls.map(({ ended }) => ended));
  if (nextEnd === Infinity) return true;
  return calls.some((call, i) => {
    if (call.begun > nextEnd) return false;
    const { f, value } = call;
    let next = state;
    if (f === "write") next = value;
    else if (f === "cas") {
      const [from, to] = value as unknown[];
      if (from !== state) return false;
      next = to;
    } else if (value !== null && value !== state) return false;
    return hasOrder(calls.toSpliced(i, 1), next);
  });
}

Deno.test("a value that only a refused write can have written is told as that", () => {
  const told = (...more: Entry[]) => {
    const history = historyOf(
      op(0, 0, "invoke", "write", [0, 3]),
      op(1, 0, "fail", "write", [0, 3], { error: ["abort", "no"] }),
      ...more,
      op(4, 1, "invoke", "read", [0, null]),
      op(5, 1, "ok", "read", [0, 3]),
    );
    return explainLinearizable(linearizable(history), history);
  };
  assertStringIncludes(
    told()!,
    "\nOnly what was refused wrote that, such as process 0's write (operation 1): abort: no. Who answers with such an error promises that nothing was done.",
  );
  // Another may have written it, and was overwritten.
  assertEquals(
    told(
      op(2, 0, "invoke", "write", [0, 3]),
      op(2, 0, "ok", "write", [0, 3]),
      op(3, 0, "invoke", "write", [0, 4]),
      op(3, 0, "ok", "write", [0, 4]),
    )!.includes("refused"),
    false,
  );
});
