/**
 * Logs: for each thing that can go wrong the smallest history in which it does,
 * and how it is named.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { kafka } from "../../../lib/workbench/checkers/kafka.ts";
import { observe } from "../../../lib/workbench/checkers/kafka/observations.ts";
import { explainKafka } from "../../../lib/workbench/checkers/kafka/explain.ts";
import type { Op, OpType } from "../../../lib/workbench/load/history.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { cases, type Entry, op } from "../helpers.ts";

const indexed = (entries: Entry[]) =>
  entries.map((entry, index) => ({ index, ...entry }) as Op);

const check = (...entries: Entry[][]) => kafka(indexed(entries.flat()));

/**
 * Returns the verdict and the reason: the kinds of error, those that count, the
 * words.
 */
const verdict = (...entries: Entry[][]) => {
  const history = indexed(entries.flat());
  const findings = kafka(history);
  return {
    valid: findings["valid?"],
    types: findings["error-types"],
    bad: findings["bad-error-types"],
    text: explainKafka(findings, history),
  };
};

type Pairs = [offset: number | null, message: unknown][];

/** Operations last a millisecond. */
function whole(
  f: string,
  ms: number,
  process: number,
  invoked: unknown,
  completed: unknown,
  type: OpType = "ok",
): Entry[] {
  const error = type === "ok" ? {} : { error: "net-timeout" };
  return [
    op(ms, process, "invoke", f, invoked),
    op(ms + 1, process, type, f, completed, f === "crash" ? {} : error),
  ];
}

const send = (ms: number, offset: number, message: unknown, process = 0) =>
  whole("send", ms, process, [["send", "k", message]], [
    ["send", "k", [offset, message]],
  ]);

const sendEnds = (ms: number, message: unknown, type: OpType, process = 0) =>
  whole("send", ms, process, [["send", "k", message]], [
    ["send", "k", message],
  ], type);

const poll = (ms: number, pairs: Pairs, process = 1) =>
  whole("poll", ms, process, [["poll"]], [["poll", { k: pairs }]]);

const assign = (ms: number, keys: string[], process = 1) =>
  whole("assign", ms, process, keys, keys);

/** A transaction of several micro-operations. */
const txn = (ms: number, completed: unknown[], process = 1) =>
  whole("txn", ms, process, [], completed);

const valid: ReturnType<typeof verdict> = {
  valid: true,
  types: [],
  bad: [],
  text: undefined,
};

Deno.test("kafka: of an empty history nothing is wrong", () => {
  assertEquals(check() as unknown, {
    "valid?": true,
    "worst-realtime-lag": { time: 0, lag: 0 },
    "bad-error-types": [],
    "error-types": [],
    "info-txn-causes": [],
  });
});

Deno.test("kafka: what was sent and polled in order is right", () => {
  assertEquals(
    verdict(
      assign(0, ["k"]),
      send(2, 0, 1),
      poll(4, [[0, 1]]),
      send(6, 1, 2),
      send(8, 2, 3),
      poll(10, [[1, 2], [2, 3]]),
      poll(12, []),
    ),
    valid,
  );
});

Deno.test("kafka: offsets may have gaps", () => {
  assertEquals(
    verdict(
      send(0, 3, 1),
      send(2, 70, 2),
      poll(4, [[3, 1]]),
      poll(6, [[70, 2]]),
    ),
    valid,
  );
});

Deno.test("kafka: null is a key without messages", () => {
  const nothing = whole("poll", 8, 1, [["poll"]], [["poll", { k: null }]]);
  const history = [assign(0, ["k"]), send(2, 0, 1), poll(4, [[0, 1]]), nothing];
  assertEquals(verdict(...history), valid);
  assertEquals(observe(indexed(nothing)).polled, new Map([["k", new Set()]]));
});

Deno.test("kafka: messages of a key that wasn't asked for are told of, and judged like others", () => {
  const polled = (ms: number, process = 1) => poll(ms, [[0, 1]], process);
  const again = assign(30, ["l"]);
  const unasked = (...entries: Entry[][]) => {
    const { unasked } = check(send(0, 0, 1), ...entries);
    return unasked?.errs.map(({ op, key }) => [op.index, key]);
  };
  assertEquals(unasked(assign(2, ["k"]), polled(4)), undefined);
  assertEquals(unasked(assign(2, ["l"]), polled(4)), [[5, "k"]]);
  assertEquals(verdict(send(0, 0, 1), assign(2, ["l"]), polled(4)), valid);
  assertEquals(unasked(polled(4)), [[3, "k"]], "nothing was assigned");
  assertEquals(unasked(poll(4, [])), undefined, "an empty key is none");
  // From then on the client asks for the key itself, until the next assign.
  assertEquals(
    unasked(polled(4), poll(6, []), again, assign(32, ["k"]), polled(34)),
    [[3, "k"]],
  );
  assertEquals(unasked(polled(4), again, polled(34)), [[3, "k"], [7, "k"]]);
  // An assign that failed has changed nothing; another client knows nothing.
  const failed = whole("assign", 2, 1, ["k"], ["k"], "fail");
  assertEquals(unasked(failed, polled(4)), [[5, "k"]]);
  assertEquals(unasked(assign(2, ["k"], 2), polled(4)), [[5, "k"]]);
});

Deno.test("kafka: a message that nobody polled, before one that was, is lost", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    send(2, 1, 2),
    poll(4, [[1, 2]]),
  );
  assertEquals(found, {
    valid: false,
    types: ["lost-write", "unseen"],
    bad: ["lost-write", "unseen"],
  });
  assertMatch(text!, /message 1 was sent to key "k" .* no poll ever found it/);
});

Deno.test("kafka: a lost write says who sent it, and who saw a later one", () => {
  const findings = check(send(0, 0, 1), send(2, 1, 2), poll(4, [[1, 2]]));
  const [error] = findings["lost-write"]!.errs as unknown as {
    writer: { index: number };
    "max-read": { index: number };
  }[];
  assertEquals(error!.writer.index, 1);
  assertEquals(error!["max-read"].index, 5);
});

Deno.test("kafka: of messages that nobody polled, it's told if the last polls got no answer", () => {
  const late = { error: "net-timeout" };
  const history = indexed([
    ...send(0, 0, 1),
    op(2, 1, "invoke", "assign", ["k"], { "seek-to-beginning?": true }),
    op(3, 1, "ok", "assign", ["k"], { "seek-to-beginning?": true }),
    op(4, 1, "invoke", "poll", [["poll"]]),
    op(5, 1, "info", "poll", [["poll"]], late),
    op(6, 5, "invoke", "poll", [["poll"]]),
    op(7, 5, "ok", "poll", [["poll", {}]]),
  ]);
  assertEquals(
    explainKafka(kafka(history), history),
    `1 acknowledged message was never found by any poll; one is message 1 of key "k", which process 0's send (operation 1) put at offset 0
Of the last polls, 1 got no answer in time; the first is process 1's poll (operation 5). Its client begins anew then, without a key, and its polls find nothing.`,
  );
});

Deno.test("kafka: the last message need not have been polled to be kept, but is unseen", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    poll(2, [[0, 1]]),
    send(4, 1, 2),
  );
  assertEquals(found, { valid: false, types: ["unseen"], bad: ["unseen"] });
  assertMatch(text!, /1 acknowledged message was never found by any poll/);
  assertEquals(check(send(0, 0, 1), poll(2, [])).unseen, {
    time: 3e6,
    unseen: { k: 1 },
    messages: { k: [1] },
  });
});

Deno.test("kafka: of an unseen message is told where it was put, and whether that is where polls look", () => {
  assertMatch(
    verdict(send(0, 0, 1)).text!,
    /one is message 1 of key "k", which process 0's send \(operation 1\) put at offset 0$/,
  );
  assertMatch(verdict(send(0, -1, 1)).text!, /-1, and polls begin at 0$/);
});

Deno.test("kafka: what only Jepsen calls unseen isn't said to be acknowledged and never found", () => {
  const asked = [["send", "x", 1]];
  const open = whole("send", 2, 3, asked, asked, "info");
  const found = whole("poll", 4, 1, [["poll"]], [["poll", { x: [[0, 1]] }]]);
  const textOf = (...entries: Entry[][]) => verdict(...entries).text;
  assertEquals(
    textOf(open, found),
    '1 message was found by the last poll, in keys to which no send had succeeded, which Jepsen\'s checker counts as unseen; one is message 1 of key "x"',
  );
  assertEquals(
    textOf(send(0, 0, 1), open, found),
    '1 acknowledged message was never found by any poll; one is message 1 of key "k", which process 0\'s send (operation 1) put at offset 0',
  );
});

Deno.test("kafka: a send without a known end that a poll found did take effect", () => {
  const lostWithIt: Entry[] = whole("send", 0, 0, [], [
    ["send", "k", [0, 1]],
    ["send", "k", [1, 2]],
  ], "info");
  assertEquals(
    verdict(lostWithIt, poll(2, [[1, 2]])).types,
    ["lost-write", "unseen"],
  );
});

Deno.test("kafka: a send without a known end that no poll found is no loss", () => {
  assertEquals(
    verdict(sendEnds(0, 1, "info"), send(2, 1, 2, 5), poll(4, [[1, 2]])).types,
    [],
  );
});

Deno.test("kafka: a message whose send failed must not be polled", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    sendEnds(2, 2, "fail"),
    poll(4, [[0, 1], [1, 2]]),
  );
  assertEquals(found, { valid: false, types: ["G1a"], bad: ["G1a"] });
  assertMatch(
    text!,
    /found message 2 in key "k", although the node had answered/,
  );
});

Deno.test("kafka: two messages at one offset", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    send(2, 0, 2, 2),
    poll(4, [[0, 1]]),
    poll(6, [[0, 2]], 3),
  );
  assertEquals(found.types, ["inconsistent-offsets"]);
  assertEquals(found.valid, false);
  assertEquals(
    text,
    "key \"k\" has different messages at offset 0: 1 for process 0's send (operation 1), 2 for process 2's send (operation 3) (inconsistent-offsets)",
  );
});

Deno.test("kafka: one message at two offsets", () => {
  const { text, ...found } = verdict(send(0, 0, 1), poll(2, [[0, 1], [1, 1]]));
  assertEquals(found.types, ["duplicate", "int-nonmonotonic-poll"]);
  assertMatch(text!, /more than once: at the offsets 0, 1/);
});

Deno.test("kafka: a poll that starts before the end of the previous one", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    send(2, 1, 2),
    poll(4, [[0, 1], [1, 2]]),
    poll(6, [[0, 1]]),
  );
  assertEquals(found.types, ["nonmonotonic-poll"]);
  assertMatch(
    text!,
    /process 1's poll \(operation 7\) polled message 1 after the same process had polled message 2 \(operation 5\), which stands behind it/,
  );
});

Deno.test("kafka: a poll that gives the last message once more", () => {
  assertEquals(
    verdict(send(0, 0, 1), poll(2, [[0, 1]]), poll(4, [[0, 1]])).types,
    ["nonmonotonic-poll"],
  );
});

Deno.test("kafka: a poll that doesn't start where the previous one ended", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    send(2, 1, 2),
    send(4, 2, 3),
    poll(6, [[0, 1], [1, 2], [2, 3]], 2),
    poll(8, [[0, 1]]),
    poll(10, [[2, 3]]),
  );
  assertEquals(found.types, ["poll-skip"]);
  assertMatch(
    text!,
    /process 1 polled key "k" up to message 1 \(operation 9\) and then from message 3 on \(operation 11\), and missed message 2 between them/,
  );
});

Deno.test("kafka: a poll without messages makes nobody forget more than Jepsen does", () => {
  // Jepsen compares with the last poll that had the key, be it empty.
  assertEquals(
    verdict(
      send(0, 0, 1),
      send(2, 1, 2),
      poll(4, [[0, 1], [1, 2]]),
      poll(6, []),
      poll(8, [[0, 1]]),
    ).types,
    [],
  );
});

Deno.test("kafka: one poll that goes back, and one that leaves something out", () => {
  const sends = [send(0, 0, 1), send(2, 1, 2), send(4, 2, 3)];
  assertEquals(
    verdict(...sends, poll(6, [[1, 2], [0, 1]]), poll(8, [[2, 3]], 2)).types,
    ["int-nonmonotonic-poll"],
  );
  const { text, types } = verdict(
    ...sends,
    poll(6, [[0, 1], [2, 3]]),
    poll(8, [[1, 2]], 2),
  );
  assertEquals(types, ["int-poll-skip"]);
  assertMatch(
    text!,
    /found messages 1 and 3 of key "k" next to each other, but not message 2/,
  );
});

Deno.test("kafka: a process whose sends go backwards", () => {
  const { text, types } = verdict(
    send(0, 1, 1),
    send(2, 0, 2),
    poll(4, [[0, 2], [1, 1]]),
  );
  assertEquals(types, ["nonmonotonic-send"]);
  assertMatch(
    text!,
    /sent message 2 after the same process had sent message 1/,
  );
});

Deno.test("kafka: sends of different processes may come in any order", () => {
  assertEquals(
    verdict(send(0, 1, 1), send(2, 0, 2, 2), poll(4, [[0, 2], [1, 1]])).types,
    [],
  );
});

Deno.test("kafka: an assign of other keys makes a process start anew", () => {
  const all: Pairs = [[0, 1], [1, 2], [2, 3]];
  const sends = [send(0, 0, 1), send(2, 1, 2), send(4, 2, 3), poll(6, all, 2)];
  const twice = (...between: Entry[][]) =>
    verdict(...sends, poll(8, all), ...between, poll(20, [[0, 1]])).types;
  assertEquals(twice(), ["nonmonotonic-poll"]);
  assertEquals(twice(assign(10, ["k"])), ["nonmonotonic-poll"]);
  assertEquals(twice(assign(10, ["k", "l"])), ["nonmonotonic-poll"]);
  assertEquals(twice(assign(10, ["l"])), []);
  assertEquals(twice(assign(10, ["l"]), assign(12, ["k"])), []);
  assertEquals(
    twice(whole("assign", 10, 1, ["l"], ["l"], "fail")),
    ["nonmonotonic-poll"],
  );
});

Deno.test("kafka: one that has crashed comes back as another, and starts anew", () => {
  const all: Pairs = [[0, 1], [1, 2]];
  assertEquals(
    verdict(
      send(0, 0, 1),
      send(2, 1, 2),
      poll(4, all),
      whole("crash", 6, 1, null, null, "info"),
      poll(8, all, 11),
    ).types,
    [],
  );
});

Deno.test("kafka: a transaction must not poll what it sends itself", () => {
  assertEquals(
    verdict(txn(0, [["send", "k", [0, 1]], ["poll", { k: [[0, 1]] }]])).types,
    ["empty-transaction-graph", "precommitted-read"],
  );
});

Deno.test("kafka: others may send amid a transaction, and that is tolerated", () => {
  const found = verdict(
    txn(0, [["send", "k", [0, 1]], ["send", "k", [2, 3]]], 0),
    send(2, 1, 2, 2),
    poll(4, [[0, 1], [1, 2], [2, 3]]),
  );
  assertEquals(found, { ...valid, types: ["int-send-skip"] });
});

Deno.test("kafka: a transaction whose sends go backwards", () => {
  assertEquals(
    verdict(
      txn(0, [["send", "k", [1, 1]], ["send", "k", [0, 2]]], 0),
      poll(4, [[0, 2], [1, 1]]),
    ).types,
    ["int-nonmonotonic-send"],
  );
});

Deno.test("kafka: a message polled before it was sent", () => {
  const { text, types } = verdict(
    poll(0, [[0, 1]]),
    send(2, 0, 1),
    poll(4, [[0, 1]], 2),
  );
  assertEquals(types, ["G1c-realtime", "strong-PL-2-cycle-exists"]);
  assertMatch(text!, /contradict each other: .* had ended before .* began/);
});

Deno.test("kafka: a message polled while it was being sent is fine", () => {
  assertEquals(
    check([
      op(0, 0, "invoke", "send", [["send", "k", 1]]),
      op(1, 1, "invoke", "poll", [["poll"]]),
      op(2, 1, "ok", "poll", [["poll", { k: [[0, 1]] }]]),
      op(3, 0, "ok", "send", [["send", "k", [0, 1]]]),
    ])["error-types"],
    [],
  );
});

Deno.test("kafka: two transactions that saw each other's messages", () => {
  const both = [
    op(0, 0, "invoke", "txn", []),
    op(0, 1, "invoke", "txn", []),
    op(1, 0, "ok", "txn", [["send", "k", [0, 1]], ["poll", { l: [[0, 2]] }]]),
    op(1, 1, "ok", "txn", [["send", "l", [0, 2]], ["poll", { k: [[0, 1]] }]]),
  ];
  assertEquals(check(both)["error-types"], ["G1c", "PL-2-cycle-exists"]);
});

Deno.test("kafka: where no two operations have to do with each other, nothing was tested", () => {
  const findings = check(sendEnds(0, 1, "info"), sendEnds(2, 2, "info", 1));
  assertEquals(findings["error-types"], ["empty-transaction-graph"]);
  assertEquals(findings["valid?"], false);
  assertEquals(findings["info-txn-causes"], ["net-timeout"]);
});

Deno.test("kafka: a message that nobody sent leaves the verdict open, and is told", () => {
  const { text, ...found } = verdict(
    send(0, 0, 1),
    poll(2, [[0, 1], [1, 99]]),
  );
  assertEquals(found, { valid: "unknown", types: [], bad: [] });
  assertMatch(text!, /found message 99 in key "k", which nobody has sent/);
});

Deno.test("kafka: a key of which nothing was ever sent may be in answers", () => {
  assertEquals(
    verdict(
      send(0, 0, 1),
      poll(2, [[0, 1]]),
      whole("poll", 4, 1, [["poll"]], [["poll", { other: [] }]]),
    ),
    valid,
  );
});

Deno.test("kafka: the lag of a poll is how long ago what it missed was known", () => {
  const findings = check(
    assign(0, ["k"]),
    send(2, 0, 1),
    poll(4, [[0, 1]]),
    send(1000, 1, 2),
    poll(4001, []),
    poll(5000, [[1, 2]]),
  );
  assertEquals(findings["worst-realtime-lag"], {
    time: 4.001,
    process: 1,
    key: "k",
    lag: 3,
  });
});

Deno.test("kafka: a log that was kept right is valid, whatever clients do", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { history } = simulate(new Random(`${seed}`), 150);
      const findings = kafka(indexed(history));
      assertEquals(findings["bad-error-types"], []);
      assertStrictEquals(findings["valid?"], true);
    }),
    cases(100),
  );
});

Deno.test("kafka: a message that vanishes is always found out", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (seed, which) => {
      const { history, messages } = simulate(new Random(`${seed}`), 100);
      // All but the last of a key, of which nobody can tell.
      const candidates = [...messages].flatMap(([key, list]) =>
        list.slice(0, -1).map((message) => [key, message] as const)
      );
      if (candidates.length === 0) return;
      const [key, lost] = candidates[which % candidates.length]!;
      for (const { value } of history) {
        if (!Array.isArray(value) || value[0]?.[0] !== "poll") continue;
        const polled = value[0][1]?.[key] as Pairs | undefined;
        if (polled === undefined) continue;
        value[0][1][key] = polled.filter(([, message]) => message !== lost);
      }
      const findings = kafka(indexed(history));
      assert(findings["bad-error-types"].includes("lost-write"));
      assert(findings["bad-error-types"].includes("unseen"));
    }),
    cases(100),
  );
});

Deno.test("kafka: values of any shape neither crash nor hang the checker", () => {
  const value = fc.oneof(
    fc.anything({ maxDepth: 4 }),
    fc.array(fc.tuple(
      fc.constantFrom("send", "poll"),
      fc.oneof(fc.string(), fc.anything()),
      fc.oneof(fc.tuple(fc.anything(), fc.anything()), fc.anything()),
    )),
    fc.array(fc.tuple(
      fc.constant("poll"),
      fc.dictionary(
        fc.string(),
        fc.oneof(
          fc.array(fc.oneof(
            fc.tuple(fc.oneof(fc.integer(), fc.double()), fc.anything()),
            fc.anything(),
          )),
          fc.anything(),
        ),
      ),
    )),
  );
  const entry = fc.record({
    time: fc.nat(),
    process: fc.nat(3),
    type: fc.constantFrom("invoke", "ok", "fail", "info"),
    f: fc.constantFrom("send", "poll", "txn", "assign", "crash", "other"),
    value,
  });
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const history = indexed(entries as Entry[]);
      explainKafka(kafka(history), history);
    }),
    cases(300),
  );
});

Deno.test("kafka: huge offsets cost nothing", () => {
  const far = Number.MAX_SAFE_INTEGER;
  assertEquals(
    verdict(send(0, 0, 1), send(2, far, 2), poll(4, [[0, 1], [far, 2]])),
    valid,
  );
});

Deno.test("kafka: a hundred thousand operations are judged", () => {
  const { history } = simulate(new Random("large"), 100_000);
  assertStrictEquals(kafka(indexed(history))["valid?"], true);
});

/**
 * The history of two clients of logs that are right, and the messages of each
 * key.
 */
function simulate(random: Random, count: number) {
  const logs = new Map<string, Pairs>();
  const messages = new Map<string, number[]>();
  const positions = new Map<number, Map<string, number>>();
  const history: Entry[] = [];
  const processes = [0, 1];
  let ms = 0;
  let sent = 0;
  const perform = (
    process: number,
    f: string,
    invoked: unknown,
    completed: unknown,
    type: OpType = "ok",
  ) => history.push(...whole(f, ms += 2, process, invoked, completed, type));
  const pollBy = (process: number, most: number) => {
    const position = positions.get(process) ?? new Map<string, number>();
    const found: { [key: string]: Pairs } = {};
    for (const [key, from] of position) {
      const rest = (logs.get(key) ?? []).filter(([offset]) => offset! >= from);
      const pairs = rest.slice(0, most);
      if (pairs.length === 0) continue;
      found[key] = pairs;
      position.set(key, pairs.at(-1)![0]! + 1);
    }
    perform(process, "poll", [["poll"]], [["poll", found]]);
  };
  for (let i = 0; i < count; i++) {
    const thread = random.integer(2);
    const process = processes[thread]!;
    const dice = random.integer(100);
    // Keys come and go, so that logs don't grow without end.
    const key = String(Math.floor(i / 50) + random.integer(3));
    if (dice < 2) {
      perform(process, "crash", null, null, "info");
      processes[thread]! += 2;
    } else if (dice < 12) {
      positions.set(process, new Map([[key, 0]]));
      perform(process, "assign", [key], [key]);
      // Only an assign of something else makes Jepsen forget where it was.
      perform(process, "assign", [], []);
      perform(process, "assign", [key], [key]);
    } else if (dice < 50) {
      pollBy(process, 1 + random.integer(5));
    } else {
      const log = logs.get(key) ?? [];
      logs.set(key, log);
      const message = ++sent;
      const invoked = [["send", key, message]];
      if (dice < 53) {
        perform(process, "send", invoked, invoked, "fail");
        continue;
      }
      const offset = (log.at(-1)?.[0] ?? -1) + 1 + random.integer(2);
      log.push([offset, message]);
      perform(process, "send", invoked, [["send", key, [offset, message]]]);
      messages.set(key, [...messages.get(key) ?? [], message]);
    }
  }
  const last = Math.max(...processes) + 2;
  positions.set(last, new Map([...logs.keys()].map((key) => [key, 0])));
  perform(last, "assign", [...logs.keys()], [...logs.keys()]);
  pollBy(last, Infinity);
  pollBy(last, Infinity);
  return { history, messages };
}
