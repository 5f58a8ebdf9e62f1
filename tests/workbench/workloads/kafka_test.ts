/**
 * Whole runs of `kafka` in virtual time: what clients ask for, and when; a right
 * node passes, and wrong ones are caught under the right name.
 *
 * @module
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import {
  type AnyMessages,
  type App,
  type Body,
  ErrorCode,
  type Message,
  type OutgoingBody,
  RPCError,
} from "../../../lib/mod.ts";
import type { KafkaFindings } from "../../../lib/workbench/checkers/kafka.ts";
import type { Op } from "../../../lib/workbench/load/history.ts";
import { judge, type Options } from "../../../lib/workbench/mod.ts";
import { some } from "../../some.ts";

type Pair = [offset: number, message: unknown];

interface SendBody extends Body {
  key: string;
  msg: number;
}

interface OffsetsBody extends Body {
  offsets: Record<string, number>;
}

interface KeysBody extends Body {
  keys: string[];
}

/** A node's deviation from what it should do. */
interface Fault {
  /** Stores a message; returns its offset. */
  store?(log: Pair[], message: number): number;
  /** Returns what a poll finds. */
  find?(log: readonly Pair[], from: number): Pair[];
  /** Answers to some types of request that have nothing to do with logs. */
  answers?: { [type: string]: () => Promise<OutgoingBody> };
}

/** Tells whether a fault shows now, once in so many messages. */
const now = (message: number, every = 7) => message % every === 3;

const append = (log: Pair[], message: unknown) => {
  const offset = (log.at(-1)?.[0] ?? -1) + 1;
  log.push([offset, message]);
  return offset;
};

/** A single node that keeps logs; right, if it has no fault. */
function logs(
  { store = append, find, answers = {} }: Fault = {},
): App<AnyMessages> {
  return (node) => {
    const on = <B extends Body>(
      type: string,
      handler: (message: Message<B>) => OutgoingBody,
    ) => node.on(type, (message) => (answers[type] ?? handler)(message));
    const byKey = new Map<string, Pair[]>();
    const committed = new Map<string, number>();
    on<SendBody>("send", ({ body }) => {
      const log = byKey.get(body.key) ?? [];
      byKey.set(body.key, log);
      return { type: "send_ok", offset: store(log, body.msg) };
    });
    on<OffsetsBody>("poll", ({ body }) => {
      const msgs: Record<string, Pair[]> = {};
      for (const [key, from] of Object.entries(body.offsets)) {
        const log = byKey.get(key) ?? [];
        const found = find?.(log, from) ??
          log.filter(([offset]) => offset >= from);
        if (found.length > 0) msgs[key] = found;
      }
      return { type: "poll_ok", msgs };
    });
    on<OffsetsBody>(
      "commit_offsets",
      ({ body }) => {
        for (const [key, offset] of Object.entries(body.offsets)) {
          committed.set(key, Math.max(committed.get(key) ?? 0, offset));
        }
        return { type: "commit_offsets_ok" };
      },
    );
    on<KeysBody>("list_committed_offsets", ({ body }) => ({
      type: "list_committed_offsets_ok",
      offsets: Object.fromEntries(
        body.keys.flatMap((key) =>
          committed.has(key) ? [[key, committed.get(key)!]] : []
        ),
      ),
    }));
  };
}

const small: Options = {
  workload: "kafka",
  "node-count": 1,
  concurrency: "4n",
  rate: 100,
  "time-limit": 5,
};

async function run(app: App<AnyMessages>, options: Partial<Options> = {}) {
  const judgement = await judge(app, { ...small, ...options });
  const findings = judgement.results.workload as KafkaFindings;
  return { ...judgement, findings, types: findings["error-types"] };
}

/** All that clients asked of nodes and the answers, in the order of sending. */
function bodies({ journal }: { journal: readonly { line: string }[] }) {
  return journal.map(({ line }) => JSON.parse(line));
}

const invocations = (history: readonly Op[], f: string) =>
  history.filter((op) => op.f === f && op.type === "invoke");

Deno.test("kafka: a right node is valid, in a second or so", async () => {
  const { results, reason, types } = await run(logs(), {
    concurrency: "2n",
    rate: 1000,
    "time-limit": 20,
  });
  assertStrictEquals(results["valid?"], true, reason);
  assertEquals(types, []);
  assertStrictEquals(reason, undefined);
});

Deno.test("kafka: a right node is valid with any seed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1e6), async (seed) => {
      const { results, reason } = await run(logs(), { seed });
      assertStrictEquals(results["valid?"], true, reason);
    }),
    { seed: 1, numRuns: 15 },
  );
});

Deno.test("kafka: clients do what they do in the real Maelstrom, as often", async () => {
  const { history, results } = await run(logs(), {
    concurrency: "2n",
    rate: 1000,
    "time-limit": 20,
  });
  // Of a run of the real one: 17354 operations, of them 8768 polls, 8324 sends
  // and 259 assigns, to 525 keys, with 37884 messages.
  const count = results.stats.count;
  const share = (f: string) => results.stats["by-f"][f]!.count / count;
  assertAlmostEquals(share("poll"), 8768 / 17354, 0.015);
  assertAlmostEquals(share("send"), 8324 / 17354, 0.015);
  assertAlmostEquals(share("assign"), 259 / 17354, 0.005);
  assertAlmostEquals(results.net.all["msgs-per-op"]!, 37884 / 17354, 0.03);
  const keys = new Set(
    invocations(history, "send").map(({ value }) =>
      (value as [[string, string]])[0][1]
    ),
  );
  assertAlmostEquals(
    results.stats["by-f"].send!.count / keys.size,
    8324 / 525,
    0.3,
  );
});

Deno.test("kafka: keys get --max-writes-per-key messages, --key-count at a time", async () => {
  const { history } = await run(logs(), {
    "key-count": 3,
    "max-writes-per-key": 4,
  });
  const sends = invocations(history, "send").map(({ value }) =>
    (value as [["send", string, number]])[0]
  );
  const byKey = Map.groupBy(sends, ([, key]) => key);
  for (const list of byKey.values()) {
    assertEquals(
      list.map(([, , message]) => message),
      [1, 2, 3, 4].slice(0, list.length),
    );
  }
  const unfinished = [...byKey.values()].filter(({ length }) => length < 4);
  assertLess(unfinished.length, 4);
  assertGreater(byKey.size, 20);
});

Deno.test("kafka: later keys are used more than earlier ones", async () => {
  const { history } = await run(logs(), { "max-writes-per-key": 100_000 });
  const counts = new Map<string, number>();
  for (const { value } of invocations(history, "send")) {
    const [[, key]] = value as [["send", string]];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assertAlmostEquals(counts.get("9")! / (counts.get("8") ?? 0), 2, 0.7);
});

Deno.test("kafka: a client polls what it was assigned, from where it is", async () => {
  const judgement = await run(logs(), { rate: 200, "time-limit": 20 });
  const sequence = bodies(judgement);
  const answerTo = new Map(
    sequence.map(({ dest, body }) => [`${dest} ${body.in_reply_to}`, body]),
  );
  const positions = new Map<string, Map<string, number>>();
  let moved = 0;
  for (const { src, body } of sequence) {
    const answer = answerTo.get(`${src} ${body.msg_id}`);
    const before = positions.get(src) ?? new Map<string, number>();
    if (body.type === "list_committed_offsets") {
      const now = new Map<string, number>();
      for (const key of body.keys) {
        // Not from where the answer says that somebody has come.
        now.set(key, before.get(key) ?? 0);
      }
      positions.set(src, now);
    }
    // The last clients start without asking.
    if (body.type !== "poll" || !positions.has(src)) continue;
    assertEquals(body.offsets, Object.fromEntries(before));
    for (const [key, pairs] of Object.entries<Pair[]>(answer.msgs)) {
      before.set(key, pairs.at(-1)![0] + 1);
      moved++;
    }
  }
  assertGreater(moved, 100);
});

Deno.test("kafka: what a poll found is committed before it is a success", async () => {
  const judgement = await run(logs(), { concurrency: "1" });
  const sequence = bodies(judgement);
  let commits = 0;
  for (const [i, { body }] of sequence.entries()) {
    if (body.type !== "poll_ok" || Object.keys(body.msgs).length === 0) {
      continue;
    }
    const next = sequence[i + 1].body;
    assertStrictEquals(next.type, "commit_offsets");
    for (const [key, pairs] of Object.entries<Pair[]>(body.msgs)) {
      assertStrictEquals(next.offsets[key], pairs.at(-1)![0]);
    }
    commits++;
  }
  assertGreater(commits, 0);
  assertStrictEquals(
    sequence.filter(({ body }) => body.type === "commit_offsets").length,
    commits,
  );
});

Deno.test("kafka: a client that has crashed is replaced by one that knows of no keys", async () => {
  const { history, journal } = await run(logs(), {
    concurrency: "1",
    "time-limit": 120,
  });
  const crashes = history.filter(({ f }) => f === "crash");
  assertGreater(crashes.length, 2 * 2);
  for (const crash of crashes) {
    if (crash.type === "invoke") continue;
    assertStrictEquals(crash.type, "info");
    assertStrictEquals(crash.error, undefined);
  }
  const firstPolls = new Map<string, unknown>();
  for (const { src, body } of bodies({ journal })) {
    if (firstPolls.has(src)) continue;
    if (body.type === "list_committed_offsets") firstPolls.set(src, null);
    if (body.type === "poll") firstPolls.set(src, body.offsets);
  }
  const unassigned = [...firstPolls.values()].filter((each) => each !== null);
  // All but the last, which polls everything.
  assert(unassigned.length > 1);
  assertEquals(unassigned.slice(0, -1), unassigned.slice(1).map(() => ({})));
});

Deno.test("kafka: at the end each client starts afresh and polls all keys from the beginning", async () => {
  const { history } = await run(logs(), { concurrency: "2n" });
  const sent = new Set(
    history.filter(({ f, type }) => f === "send" && type === "ok")
      .map(({ value }) => (value as [[string, string]])[0][1]),
  );
  const last = history.filter(({ time }) => time >= 14e9);
  const asked = last.filter(({ type }) => type === "invoke");
  for (const parity of [0, 1]) {
    const own = asked.filter(({ process }) => Number(process) % 2 === parity);
    assertEquals(own.map(({ f }) => f), ["crash", "assign", "poll"]);
    const [, assign, poll] = own;
    assert(assign && poll);
    assertEquals(
      assign.value,
      [...sent].sort((a, b) => Number(a) - Number(b)),
    );
    assertStrictEquals(assign["seek-to-beginning?"], true);
    assertEquals(poll.value, [["poll"]]);
    assertStrictEquals(poll["poll-ms"], 1000);
  }
});

Deno.test("kafka: the last polls go on until all was seen, and for ten seconds at most", async () => {
  const oneByOne = logs({
    find: (log, from) => log.filter(([offset]) => offset >= from).slice(0, 1),
  });
  const slow = await run(oneByOne);
  assertStrictEquals(slow.results["valid?"], true, slow.reason);
  const polls = (history: readonly Op[]) =>
    invocations(history, "poll").filter(({ time }) => time > 14e9);
  assertGreater(polls(slow.history).length, 16);

  const nothing = await run(logs({ find: () => [] }));
  const times = polls(nothing.history).map(({ time }) => time);
  assertGreater(times.at(-1)!, 24e9);
  assertLess(times.at(-1)!, 25.1e9);
  // Each of four clients polls five times a second.
  assertAlmostEquals(times.length, 200, 60);
});

Deno.test("kafka: where messages are lost to the end, who crashes in the last polls starts afresh once more", async () => {
  for (const loss of [0, 0.001]) {
    let crashes = 0;
    const app: App<AnyMessages> = (node, args) =>
      logs({
        find(log, from) {
          if (node.now() < 12_000) return [];
          if (crashes++ === 0) throw new RPCError(ErrorCode.crash, "lost");
          return log.filter(([offset]) => offset >= from);
        },
      })(node, args);
    const { types } = await run(app, { concurrency: "1n", "p-loss": loss });
    assertEquals(types, loss > 0 ? [] : ["unseen"]);
  }
});

Deno.test("kafka: a poll can be for keys whose messages nobody has seen yet", async () => {
  const { history } = await run(logs(), { rate: 500 });
  const [first] = some(
    invocations(history, "assign").filter((op) => op.unseen),
  );
  const unseen = first.unseen as [number, { polled: number; sent: number }][];
  const keys = first.value as string[];
  assertGreater(unseen.length, 0);
  for (const [key, { polled, sent }] of unseen) {
    assert(keys.includes(String(key)));
    assertLess(polled, sent);
  }
});

const faults: { [name: string]: Fault & { types: string[]; says: RegExp } } = {
  "acknowledges messages that it doesn't store": {
    store: (log, message) =>
      now(message) ? append(log, null) : append(log, message),
    find: (log, from) =>
      log.filter(([offset, message]) => offset >= from && message !== null),
    types: ["lost-write", "unseen"],
    says: /message \d+ was sent to key "\d+" .* no poll ever found it/,
  },
  "never finds anything": {
    find: () => [],
    types: ["unseen"],
    says: /acknowledged messages were never found by any poll/,
  },
  "lets polls begin too late": {
    find: (log, from) => {
      const rest = log.filter(([offset]) => offset >= from);
      return rest.length > 1 && from > 0 ? rest.slice(1) : rest;
    },
    types: ["poll-skip"],
    says:
      /process \d+ polled key "\d+" up to message \d+ .* and missed message/,
  },
  "lets polls begin too early": {
    find: (log, from) => log.filter(([offset]) => offset >= from - 2),
    types: ["nonmonotonic-poll"],
    says: /polled message \d+ after the same process had polled message \d+/,
  },
  "leaves out a message in the middle of a poll": {
    find: (log, from) => {
      const rest = log.filter(([offset]) => offset >= from);
      // Not from the beginning, so that nothing is lost.
      return from > 0 && rest.length > 2 ? rest.toSpliced(1, 1) : rest;
    },
    types: ["int-poll-skip"],
    says: /next to each other, but not message \d+ between them/,
  },
  "answers polls in the wrong order": {
    find: (log, from) => log.filter(([offset]) => offset >= from).reverse(),
    types: ["int-nonmonotonic-poll"],
    says: /and then message \d+, which stands before it/,
  },
  "stores messages twice": {
    store: (log, message) => {
      const offset = append(log, message);
      if (now(message)) append(log, message);
      return offset;
    },
    types: ["duplicate"],
    says: /stands in key "\d+" more than once: at the offsets \d+, \d+/,
  },
  "gives two messages one offset": {
    store: (log, message) => {
      if (!now(message) || log.length === 0) return append(log, message);
      log[log.length - 1]![1] = message;
      return log.length - 1;
    },
    types: ["inconsistent-offsets", "lost-write"],
    says:
      /key "\d+" has different messages at offset \d+: \d+ for process \d+'s (send|poll) /,
  },
  "fills gaps that it left before": {
    store: (log, message) => {
      const next = (log.at(-1)?.[0] ?? -1) + 1;
      const gap = next - log.length;
      if (gap > 0) {
        log.splice(log.length - 1, 0, [next - 2, message]);
        return next - 2;
      }
      log.push([next + (now(message) ? 1 : 0), message]);
      return log.at(-1)![0];
    },
    types: ["nonmonotonic-send"],
    says: /sent message \d+ after the same process had sent message \d+/,
  },
  "stores a message and says that it didn't": {
    store: (log, message) => {
      const offset = append(log, message);
      if (now(message)) throw new RPCError(ErrorCode.abort, "no");
      return offset;
    },
    types: ["G1a"],
    says: /found message \d+ in key "\d+", although the node had answered/,
  },
  "knows messages before they are sent": {
    store: (log, message) => log.findIndex(([, each]) => each === message),
    find: (log, from) => {
      const all = log as Pair[];
      while (all.length < 16) append(all, all.length + 1);
      return all.filter(([offset]) => offset >= from);
    },
    types: ["G1c-realtime", "strong-PL-2-cycle-exists"],
    says: /found message \d+ in key "\d+", which nobody has sent/,
  },
};

for (const [name, { types, says, ...fault }] of Object.entries(faults)) {
  Deno.test(`kafka: a node that ${name} is invalid: ${types.join(", ")}`, async () => {
    const found = await run(logs(fault));
    for (const type of types) {
      assert(found.types.includes(type), `${type} isn't in ${found.types}`);
      assert(found.findings["bad-error-types"].includes(type));
    }
    assertStrictEquals(found.results["valid?"], false);
    assertMatch(found.reason!, says);
  });
}

Deno.test("kafka: a node that answers with null where there is nothing is valid", async () => {
  const { results, reason, history } = await run((node) => {
    const byKey: Record<string, number[]> = {};
    node.on("send", ({ body }) => ({
      type: "send_ok",
      offset: (byKey[body.key] ??= []).push(body.msg) - 1,
    }));
    node.on("poll", ({ body }) => ({
      type: "poll_ok",
      msgs: Object.fromEntries(
        Object.entries((body as OffsetsBody).offsets).map(([key, from]) => {
          const found = (byKey[key] ?? []).slice(from)
            .map((message, i) => [from + i, message]);
          return [key, found.length > 0 ? found : null];
        }),
      ),
    }));
    node.on("commit_offsets", () => ({ type: "commit_offsets_ok" }));
    node.on("list_committed_offsets", () => ({
      type: "list_committed_offsets_ok",
      offsets: {},
    }));
  });
  assertStrictEquals(results["valid?"], true, reason);
  const polls = history.filter(({ f, type }) => f === "poll" && type === "ok");
  const nulls = polls.filter(({ value }) =>
    Object.values((value as [["poll", object]])[0][1]).includes(null)
  );
  assertGreater(nulls.length, 10);
});

Deno.test("kafka: no client begins at what was committed", async () => {
  const { results, reason, journal } = await run(logs({
    // Were one to, it would poll from -1, and get the last message at -1.
    find: (log, from) =>
      from < 0
        ? log.slice(from).map(([, message]) => [from, message])
        : log.filter(([offset]) => offset >= from),
    answers: {
      list_committed_offsets: () =>
        Promise.resolve({
          type: "list_committed_offsets_ok",
          offsets: Object.fromEntries(
            Array.from({ length: 1000 }, (_, key) => [key, -1]),
          ),
        }),
    },
  }));
  assertStrictEquals(results["valid?"], true, reason);
  const asked = bodies({ journal })
    .filter(({ body }) => body.type === "list_committed_offsets");
  assertGreater(asked.length, 3);
});

Deno.test("kafka: at the end clients also poll a key that polls have brought, and that is none", async () => {
  // Jepsen's generator takes keys for numbers: one that isn't is the empty text.
  const { history } = await run((node) => {
    node.on("send", () => ({ type: "send_ok", offset: 0 }));
    node.on("poll", () => ({ type: "poll_ok", msgs: { "x": [[0, 1]] } }));
    node.on("commit_offsets", () => ({ type: "commit_offsets_ok" }));
  });
  const last = history.findLast(({ f }) => f === "assign")!;
  assertEquals((last.value as string[]).slice(0, 2), ["", "0"]);
});

Deno.test("kafka: two nodes with logs of their own are invalid: inconsistent-offsets", async () => {
  const { results, types, reason } = await run(logs(), {
    "node-count": 2,
    concurrency: "2n",
  });
  assertStrictEquals(results["valid?"], false);
  assert(types.includes("inconsistent-offsets"));
  assertMatch(reason!, /different messages at offset \d+/);
});

Deno.test("kafka: a node that makes messages up isn't called valid", async () => {
  const { results, reason } = await run(logs({
    store: (log, message) => append(log, now(message) ? "made up" : message),
  }));
  assert(results["valid?"] !== true);
  assertMatch(
    reason!,
    /found message "made up" in key "\d+", which nobody has sent/,
  );
});

Deno.test("kafka: sends that are answered with an error are no fault", async () => {
  const { results, findings, reason } = await run(logs({
    store(log, message) {
      if (message % 8 === 1) throw new RPCError(ErrorCode.abort, "not now");
      const offset = append(log, message);
      if (message % 8 === 2) throw new RPCError(ErrorCode.crash, "who knows");
      return offset;
    },
  }));
  assertStrictEquals(results["valid?"], true, reason);
  assertEquals(findings["info-txn-causes"], [["crash", "who knows"]]);
  assertGreater(results.stats["by-f"].send!["fail-count"], 0);
  assertGreater(results.stats["by-f"].send!["info-count"], 0);
});

Deno.test("kafka: an assign that gets no answer did not happen; a poll may have", async () => {
  const silence = () => new Promise<never>(() => {});
  const { history } = await run(
    logs({ answers: { list_committed_offsets: silence, poll: silence } }),
    { rate: 1000, concurrency: "40", "time-limit": 60 },
  );
  const ends = (f: string) => [
    ...new Set(
      history.filter((op) => op.f === f && op.type !== "invoke")
        .filter((op) => op.time < 70e9)
        .map(({ type, error }) => `${type} ${error}`),
    ),
  ];
  assertEquals(ends("assign"), ["fail net-timeout"]);
  assertEquals(ends("poll"), ["info net-timeout"]);
});

const malformed: { [type: string]: [answer: OutgoingBody, problem: RegExp] } = {
  send: [
    { type: "send_ok", offset: 2 ** 60 },
    /for "offset", which isn't an integer below 2\^53/,
  ],
  poll: [
    { type: "poll_ok", msgs: { "9": [[0]] } },
    /"msgs", which isn't a map of keys to arrays of \[offset, message\] pairs/,
  ],
  list_committed_offsets: [
    { type: "list_committed_offsets_ok", offsets: { "9": "0" } },
    /"offsets", which isn't a map of keys to offsets/,
  ],
};

for (const [type, [answer, problem]] of Object.entries(malformed)) {
  Deno.test(`kafka: an answer to ${type} of the wrong shape is told`, async () => {
    const { results, reason } = await run(
      logs({ answers: { [type]: () => Promise.resolve(answer) } }),
      { rate: 500 },
    );
    assertStrictEquals(results["valid?"], false);
    assertMatch(reason!, problem);
  });
}
