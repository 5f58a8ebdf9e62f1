/**
 * The drawings of mistakes on a run's page.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { type App, type Node, RPCError } from "../../lib/mod.ts";
import { judge, type Judgement } from "../../lib/workbench/judge.ts";
import type { History, Op } from "../../lib/workbench/load/history.ts";
import { resolve } from "../../lib/workbench/test.ts";
import { type Anomaly, anomalyOf } from "../../lib/report/page/anomaly.ts";
import { faultsOf, pageData } from "../../lib/report/page/data.ts";
import { isDeaf } from "../../lib/report/page/faults.ts";
import { type Body, knowledgeOf } from "../../lib/report/page/knowledge.ts";
import type { RunRecord } from "../../lib/report/record.ts";
import { checkHistory } from "../../lib/workbench/verdict.ts";
import { some } from "../some.ts";
import { historyOf, op } from "../workbench/helpers.ts";

/** The anomaly, which must be of that kind. */
function found<K extends Anomaly["kind"]>(
  judgement: Judgement,
  kind: K,
): Extract<Anomaly, { kind: K }> {
  const anomaly = anomalyOf(judgement, {
    knowledge: knowledgeIn(judgement),
    faults: faultsOf(judgement.history, 60_000),
  });
  assertEquals(anomaly?.kind, kind, judgement.reason);
  assert(anomaly!.story.length > 0);
  assertEquals(JSON.parse(JSON.stringify(anomaly)), anomaly);
  return anomaly as Extract<Anomaly, { kind: K }>;
}

function knowledgeIn({ options, journal, startNs, test }: Judgement) {
  return knowledgeOf({
    record: { options } as RunRecord,
    nodes: test.nodes,
    journal,
    bodies: journal.map(({ line }) => JSON.parse(line).body as Body),
    msOf: (ns) => (ns - startNs) / 1e6,
  });
}

/** A judgement of a history alone. */
function judged(workload: string, history: History): Judgement {
  const test = resolve({
    workload,
    "node-count": 2,
    concurrency: "4n",
    ...(workload.startsWith("txn") &&
      { "consistency-models": "strict-serializable" }),
  });
  const { reason, ...findings } = checkHistory(history, test);
  return {
    engine: "sim",
    options: test.options,
    test,
    results: {
      ...findings,
      nodes: { "valid?": true, "error-count": 0, errors: [] },
    } as unknown as Judgement["results"],
    ...(reason !== undefined && { reason }),
    history: history as Op[],
    journal: [],
    startNs: 0,
    logs: new Map(),
  };
}

// ---- Values ----

/** Tells its neighbours a value once, and hopes. */
function flood(node: Node<{ tell: { value: number } }>) {
  const seen = new Set<number>();
  let neighbours: string[] = [];
  node.on("topology", ({ body }) => {
    neighbours = body.topology[node.id] ?? [];
    return { type: "topology_ok" };
  });
  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));
  const take = (value: number) => {
    if (seen.has(value)) return;
    seen.add(value);
    for (const each of neighbours) node.send(each, { type: "tell", value });
  };
  node.on("broadcast", ({ body }) => {
    take(body.message);
    return { type: "broadcast_ok" };
  });
  node.on("tell", ({ body }) => {
    take(body.value);
  });
}

Deno.test("of a lost value: who had it, from whom, and what was lost", async () => {
  const judgement = await judge(flood, {
    workload: "broadcast",
    "node-count": 5,
    "time-limit": 10,
    rate: 20,
    latency: 20,
    nemesis: "partition",
  });
  const anomaly = found(judgement, "value");
  const { value, fate, add, learned, messages, parties, reads } = anomaly;
  const { title, story, faults } = anomaly;
  assertEquals(fate, "lost");
  assertEquals(title, `Value ${value} was lost`);
  assertEquals(parties, judgement.test.nodes);
  assertEquals(learned[0]!.party, add.node);
  assertEquals(learned[0]!.from, null);
  // Each but the first got it by a message that arrived just then.
  for (const { party, from, ms } of learned.slice(1)) {
    assert(
      messages.some(({ src, dest, receivedMs }) =>
        src === from && dest === party && receivedMs === ms
      ),
    );
  }
  const lost = messages.filter(({ receivedMs }) => receivedMs === null);
  assert(lost.length > 0);
  const had = new Set(learned.map(({ party }) => party));
  assert(had.size < 5);
  for (const node of parties) {
    const last = reads.findLast((read) => read.node === node)!;
    assertEquals(last.shows, had.has(node));
  }
  // The partition that swallowed them is named, and shaded.
  const text = story.join("\n");
  for (const { src, dest, lost: cause, sentMs } of lost) {
    assertEquals(cause, "partition");
    assert(
      faults.some((fault) => isDeaf(fault, dest, src) && sentMs <= fault.endMs),
    );
    assertMatch(
      text,
      new RegExp(
        `Messages with ${value} from .*${src} to ${dest}.* swallowed by the partition .*\\| .* \\(from \\d+\\.\\d\\d to \\d+\\.\\d\\d s\\)\\.`,
      ),
    );
  }
});

Deno.test("a value that chance lost isn't said to be lost to a partition", async () => {
  const judgement = await judge(flood, {
    workload: "broadcast",
    "node-count": 5,
    "time-limit": 10,
    rate: 20,
    latency: 20,
    "p-loss": 0.2,
  });
  const { value, story, faults } = found(judgement, "value");
  const text = story.join("\n");
  assertMatch(
    text,
    new RegExp(
      `Messages with ${value} from .* were lost by chance \\(--p-loss 0\\.2\\)\\.`,
    ),
  );
  assertNotMatch(text, /partition/);
  assertEquals(faults, []);
  // Where the fates of single messages are given, there's no probability.
  const { "p-loss": _, ...options } = judgement.options;
  const told = found({ ...judgement, options }, "value").story.join("\n");
  assertStringIncludes(told, "were lost by chance.");
});

Deno.test("where every message was lost, the fault that swallowed them is told", async () => {
  const judgement = await judge(flood, {
    workload: "broadcast",
    "node-count": 2,
    "time-limit": 1,
  }, {
    schedule: {
      ops: [{ atMs: 10, client: 0, f: "broadcast", value: 7 }],
      faults: [{
        kind: "partition",
        cuts: { n0: ["n1"], n1: ["n0"] },
        fromMs: 0,
        toMs: 100,
      }],
    },
  });
  const { messages, faults, story } = found(judgement, "value");
  assertEquals(messages.map(({ lost }) => lost), ["partition"]);
  assertEquals(faults.map(({ kind }) => kind), ["partition"]);
  assertMatch(
    story.join("\n"),
    /Messages with 7 from n0 to n1 were swallowed by the partition n0 \| n1/,
  );
});

Deno.test("a read of null is a read that misses a lost value", () => {
  const { reads } = found(
    judged(
      "broadcast",
      historyOf(
        op(0, 0, "invoke", "broadcast", 7),
        op(1, 0, "ok", "broadcast", 7),
        op(2, 0, "invoke", "read"),
        op(3, 0, "ok", "read", [7]),
        op(4, 0, "invoke", "read"),
        op(5, 0, "ok", "read", null),
      ),
    ),
    "value",
  );
  assertEquals(reads.map(({ shows }) => shows), [true, false]);
});

Deno.test("a value that a node forgot was lost to no fault, though there was one", async () => {
  const judgement = await judge((node: Node<{ tell: { value: number } }>) => {
    const seen = new Set<number>();
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: [...seen] }));
    node.on("broadcast", ({ body }) => {
      // Of each two values one is told the others.
      for (const each of node.peers) {
        if (body.message % 2 === 0 || each === "n1") {
          node.send(each, { type: "tell", value: body.message });
        }
      }
      seen.add(body.message);
      return { type: "broadcast_ok" };
    });
    node.on("tell", ({ body }) => {
      seen.add(body.value);
    });
  }, { workload: "broadcast", "node-count": 3, "time-limit": 5, rate: 20 });
  const { value, story } = found(judgement, "value");
  assertStringIncludes(
    story.join("\n"),
    `None of the messages that carried ${value} was lost.`,
  );
});

Deno.test("a value that came after the last read isn't said to be had and not shown", async () => {
  const { story, learned } = found(
    await judge(flood, {
      workload: "broadcast",
      ...{ "node-count": 2, "time-limit": 20, latency: 30_000 },
    }),
    "value",
  );
  assertEquals(learned.length, 2);
  assertMatch(
    story.join("\n"),
    /When the last read began at n\d, it hadn't arrived there\.$/,
  );
});

Deno.test("a value that only one node ever had has no way", async () => {
  const judgement = await judge((node) => {
    const seen: number[] = [];
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("broadcast", ({ body }) => {
      seen.push(body.message);
      return { type: "broadcast_ok" };
    });
    node.on("read", () => ({ type: "read_ok", messages: seen }));
  }, { workload: "broadcast", "node-count": 3, "time-limit": 5, rate: 20 });
  const { add, learned, messages, story } = found(judgement, "value");
  assertEquals(learned.map(({ party }) => party), [add.node]);
  assertEquals(messages, []);
  assertStringIncludes(
    story.join("\n"),
    "None of the messages that got to other nodes had it in it.",
  );
});

Deno.test("a value that came in messages, and was never shown, isn't said to have come in none", async () => {
  const deaf = (node: Node<{ tell: { value: number } }>) => {
    const seen: number[] = [];
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: seen }));
    node.on("tell", () => {});
    node.on("broadcast", ({ body: { message } }) => {
      seen.push(message);
      for (const peer of node.peers) {
        node.send(peer, { type: "tell", value: message });
      }
      return { type: "broadcast_ok" };
    });
  };
  const judgement = await judge(deaf, {
    workload: "broadcast",
    "node-count": 3,
    "time-limit": 5,
    rate: 10,
  });
  const story = found(judgement, "value").story.join("\n");
  assertNotMatch(story, /None of/);
  assertMatch(story, /The messages that had it in them \(tell\) got to n\d/);
});

Deno.test("what else went wrong is told beside a value's way", () => {
  const judgement = judged(
    "broadcast",
    historyOf(
      op(0, 0, "invoke", "broadcast", 7),
      op(1, 1, "invoke", "read"),
      op(2, 1, "ok", "read", [7]),
      op(3, 1, "invoke", "read"),
      op(4, 1, "ok", "read", []),
      op(5, 0, "info", "broadcast", 7, { error: "net-timeout" }),
    ),
  );
  const knowledge = { values: [7], knownMs: [[0, null]], carriers: [[]] };
  const { story, retold } = anomalyOf(judgement, { knowledge })!;
  assert(retold);
  assertMatch(story.at(-1)!, /^Besides, not one of 1 broadcast /);
});

Deno.test("a run that is only too slow shows the value that took longest", async () => {
  const judgement = await judge(flood, {
    workload: "broadcast",
    "node-count": 9,
    "time-limit": 5,
    rate: 50,
    latency: 50,
  });
  assertEquals(judgement.results["valid?"], true);
  assertEquals(anomalyOf(judgement), undefined);
  const knowledge = knowledgeIn(judgement);
  const anomaly = anomalyOf(judgement, { knowledge, late: true });
  assert(anomaly?.kind === "value");
  assertEquals(anomaly.fate, "late");
  assertEquals(anomaly.learned.length, 9);
  assertStringIncludes(anomaly.story[0]!, "until every read showed it");
});

// ---- Registers ----

/** An operation on key 0, from one moment to another. */
function on0(
  process: number,
  f: string,
  value: unknown,
  from: number,
  to: number,
) {
  const asked = f === "read" ? null : value;
  return [
    op(from, process, "invoke", f, [0, asked]),
    op(to, process, "ok", f, [0, value]),
  ];
}

/** A history of operations, by their times. */
function inTime(...operations: ReturnType<typeof on0>[]): History {
  return historyOf(...operations.flat().sort((a, b) => a.time - b.time));
}

Deno.test("of a key that isn't linearizable, no more is shown than it takes", () => {
  const judgement = judged(
    "lin-kv",
    inTime(
      on0(0, "write", 1, 0, 1),
      on0(1, "read", 1, 2, 3),
      on0(0, "cas", [1, 2], 4, 5),
      on0(1, "write", 3, 6, 7),
      on0(2, "read", 3, 8, 9),
      on0(3, "write", 4, 10, 14),
      on0(0, "read", 1, 11, 12), // It's 3 or 4.
      on0(1, "read", 4, 15, 16),
    ),
  );
  const { operations, anyBefore, possible, key, story } = found(
    judgement,
    "register",
  );
  // The last read comes after what is shown.
  assertStringIncludes(
    story.at(-1)!,
    "The other operations on the key had ended before, came later, failed, only read it, or set it",
  );
  assertEquals(key, "0");
  assertEquals(anyBefore, true);
  assertEquals(operations.map(({ label, culprit }) => [label, culprit]), [
    ["read 3", false],
    ["read 1", true],
  ]);
  assertEquals(possible.toSorted(), ["3", "4"]);
});

// ---- Transactions ----

type Mop = [f: string, key: number, value: unknown];

/** Transactions that all begin before any ends. */
function atOnce(...transactions: Mop[][]): History {
  const asked = (mops: Mop[]) =>
    mops.map(([f, key, value]) => [f, key, f === "r" ? null : value]);
  return historyOf(
    ...transactions.map((mops, i) => op(i, i, "invoke", "txn", asked(mops))),
    ...transactions.map((mops, i) => op(10 + i, i, "ok", "txn", mops)),
  );
}

Deno.test("a cycle is its transactions, and why each came before the next", () => {
  const { type, transactions, dependencies, title } = found(
    judged(
      "txn-rw-register",
      atOnce(
        [["w", 1, 1], ["r", 2, 2]],
        [["w", 2, 2], ["r", 1, 1]],
        [["w", 3, 3]],
      ),
    ),
    "transactions",
  );
  assertEquals(type, "G1c");
  assertEquals(title, "G1c: transactions that go in a circle");
  assertEquals(transactions.map(({ name }) => name), ["T1", "T2"]);
  assertEquals(
    dependencies.map(({ from, to, type }) => [from, to, type]),
    [[0, 1, "wr"], [1, 0, "wr"]],
  );
  for (const { from, to, fromMop, toMop } of dependencies) {
    const [write, read] = [
      transactions[from]!.mops[fromMop!],
      transactions[to]!.mops[toMop!],
    ];
    assert(write && read);
    assertEquals([write.f, read.f], ["w", "r"]);
    assertEquals([write.key, write.value], [read.key, read.value]);
    assert(write.marked && read.marked);
  }
});

Deno.test("a read of what failed is shown with who wrote it", () => {
  const history = historyOf(
    op(0, 0, "invoke", "txn", [["append", 1, 1], ["append", 2, 1]]),
    op(1, 1, "invoke", "txn", [["r", 1, null], ["append", 3, 1]]),
    op(2, 0, "fail", "txn", [["append", 1, 1], ["append", 2, 1]]),
    op(3, 1, "ok", "txn", [["r", 1, [1]], ["append", 3, 1]]),
    // Where nothing depends on anything, that is what is told.
    op(4, 0, "invoke", "txn", [["r", 3, null]]),
    op(5, 0, "ok", "txn", [["r", 3, [1]]]),
  );
  const { type, transactions, dependencies } = found(
    judged("txn-list-append", history),
    "transactions",
  );
  assertEquals(type, "G1a");
  assertEquals(
    transactions.map(({ type, mops }) => [
      type,
      mops.map(({ marked }) => marked),
    ]),
    [["fail", [true, false]], ["ok", [true, false]]],
  );
  assertEquals(dependencies.length, 1);
});

Deno.test("beside transactions that are wrong by themselves stands a cycle", () => {
  const { type, transactions, dependencies, cycle } = found(
    judged(
      "txn-list-append",
      atOnce(
        [["r", 1, []], ["append", 1, 1]],
        [["r", 1, []], ["append", 1, 2]],
        [["r", 1, [1, 2]]],
      ),
    ),
    "transactions",
  );
  assertEquals(type, "lost-update");
  // Each wrote what comes next after what the other had read.
  assertEquals(
    dependencies.map(({ from, to, type, label }) => [from, to, type, label]),
    [
      [0, 1, "rw", "key 1: [] → 2"],
      [1, 0, "rw", "key 1: [] → 1"],
    ],
  );
  for (const { from, to, fromMop, toMop } of dependencies) {
    assertEquals(transactions[from]!.mops[fromMop!]?.f, "r");
    assertEquals(transactions[to]!.mops[toMop!]?.f, "append");
  }
  assertEquals(cycle?.type, "G-single-item");
  assertEquals(cycle?.dependencies.length, 2);
  assertStringIncludes(cycle!.story[0]!, "go in a circle");
});

// ---- Logs ----

Deno.test("of a lost message, the log around it, and who passed over it", () => {
  const send = (ms: number, offset: number, message: number) => [
    op(ms, 0, "invoke", "send", [["send", "7", message]]),
    op(ms, 0, "ok", "send", [["send", "7", [offset, message]]]),
  ];
  const poll = (ms: number, process: number, entries: number[][]) => [
    op(ms, process, "invoke", "poll", [["poll"]]),
    op(ms, process, "ok", "poll", [["poll", { 7: entries }]]),
  ];
  const history = historyOf(
    ...send(1, 10, 1),
    ...send(2, 11, 2),
    ...send(3, 12, 3),
    ...poll(4, 1, [[10, 1], [12, 3]]),
  );
  const { type, key, columns, rows } = found(judged("kafka", history), "log");
  assertEquals([type, key], ["lost-write", "7"]);
  assertEquals(
    columns.map(({ offset, messages, marked }) => [offset, messages, marked]),
    [[10, ["1"], false], [11, ["2"], true], [12, ["3"], false]],
  );
  assertEquals(
    rows.map(({ verb, cells, passed, marked }) => [
      verb,
      cells,
      passed,
      marked,
    ]),
    [
      ["sent", [null, "2", null], [false, false, false], true],
      ["polled", ["1", null, "3"], [false, true, false], true],
    ],
  );
});

Deno.test("a poll in the wrong order says which message came first", () => {
  const history = historyOf(
    op(1, 0, "invoke", "poll", [["poll"]]),
    op(1, 0, "ok", "poll", [["poll", { 7: [[1, 5], [0, 4]] }]]),
    op(2, 1, "invoke", "send", [["send", "7", 4]]),
    op(2, 1, "ok", "send", [["send", "7", [0, 4]]]),
    op(3, 1, "invoke", "send", [["send", "7", 5]]),
    op(3, 1, "ok", "send", [["send", "7", [1, 5]]]),
  );
  const { type, rows } = found(judged("kafka", history), "log");
  assertEquals(type, "int-nonmonotonic-poll");
  const [poll] = some(rows.filter(({ verb }) => verb === "polled"));
  assertEquals(poll.places, [2, 1]);
});

Deno.test("a poll in the right order says nothing of the order", () => {
  const send = (ms: number, offset: number, message: number) => [
    op(ms, 0, "invoke", "send", [["send", "7", message]]),
    op(ms, 0, "ok", "send", [["send", "7", [offset, message]]]),
  ];
  const history = historyOf(
    ...send(1, 0, 4),
    ...send(2, 0, 5),
    ...[1, 2, 3, 4].flatMap((offset) => send(2, offset, 5 + offset)),
    // Beyond what is shown it goes back to where it began.
    op(3, 2, "invoke", "poll", [["poll"], ["poll"]]),
    op(3, 2, "ok", "poll", [
      ["poll", { 7: [[0, 4], [1, 6], [2, 7], [3, 8], [4, 9]] }],
      ["poll", { 7: [[3, 8], [4, 9]] }],
    ]),
  );
  const { type, rows } = found(judged("kafka", history), "log");
  assertEquals(type, "inconsistent-offsets");
  const [poll] = some(rows.filter(({ verb }) => verb === "polled"));
  assertEquals(poll.places, undefined);
});

Deno.test("sends and polls can go in a circle, too", () => {
  const history = historyOf(
    op(0, 0, "invoke", "txn", [["send", "1", 1], ["poll"]]),
    op(1, 1, "invoke", "txn", [["send", "2", 2], ["poll"]]),
    op(2, 0, "ok", "txn", [["send", "1", [0, 1]], ["poll", { 2: [[0, 2]] }]]),
    op(3, 1, "ok", "txn", [["send", "2", [0, 2]], ["poll", { 1: [[0, 1]] }]]),
  );
  const { type, transactions, dependencies } = found(
    judged("kafka", history),
    "transactions",
  );
  assertEquals(type, "G1c");
  assertEquals(transactions.length, 2);
  assertEquals(dependencies.map(({ type }) => type), ["wr", "wr"]);
});

// ---- The others ----

Deno.test("a counter's final reads are held against what they may show", () => {
  const final = { "final?": true };
  const history = historyOf(
    op(0, 0, "invoke", "add", 5),
    op(1, 0, "ok", "add", 5),
    op(2, 1, "invoke", "add", 2),
    op(3, 1, "info", "add", 2),
    op(4, 0, "invoke", "read", null, final),
    op(5, 0, "ok", "read", 7, final),
    op(6, 2, "invoke", "read", null, final),
    op(7, 2, "ok", "read", 9, final),
  );
  const { acceptable, reads, momentMs } = found(
    judged("pn-counter", history),
    "counter",
  );
  assertEquals(acceptable, [[5, 5], [7, 7]]);
  assertEquals(
    reads.map(({ node, value, right }) => [node, value, right]),
    [["n0", 7, true], ["n0", 9, false]],
  );
  assertEquals(momentMs, 7);
});

Deno.test("what was lost on the way to a wrong sum is counted by its cause", async () => {
  const judgement = await judge((node: Node<{ tell: { delta: number } }>) => {
    let sum = 0;
    node.on("add", ({ body }) => {
      const { delta } = body;
      sum += delta;
      for (const peer of node.peers) node.send(peer, { type: "tell", delta });
      return { type: "add_ok" };
    });
    node.on("tell", ({ body }) => {
      sum += body.delta;
    });
    node.on("read", () => ({ type: "read_ok", value: sum }));
  }, {
    workload: "pn-counter",
    "node-count": 2,
    rate: 20,
    "time-limit": 5,
    nemesis: "partition",
    "nemesis-interval": 1,
    "p-loss": 0.3,
  });
  assertMatch(
    found(judgement, "counter").story.join("\n"),
    / \d+ were lost: \d+ [^0-9]+ (\(--p-loss 0\.3\) )?and \d+ [^0-9]+/,
  );
});

Deno.test("an id that was handed out twice is shown with who got it", () => {
  const generate = (ms: number, process: number, id: string) => [
    op(ms, process, "invoke", "generate"),
    op(ms + 1, process, "ok", "generate", id),
  ];
  const history = historyOf(
    ...generate(0, 0, "a"),
    ...generate(2, 1, "b"),
    ...generate(4, 9, "a"),
  );
  const { operations, title, momentMs } = found(
    judged("unique-ids", history),
    "operations",
  );
  assertEquals(title, 'The id "a" was handed out 2 times');
  assertEquals(
    operations.map(({ process, node }) => [process, node]),
    [[0, "n0"], [9, "n1"]],
  );
  assertEquals(momentMs, 5);
});

Deno.test("an echo that went wrong is shown with what was expected", () => {
  const history = historyOf(
    op(0, 0, "invoke", "echo", "hello"),
    op(1, 0, "ok", "echo", { type: "echo_ok", echo: "bye" }),
  );
  const { exchange } = found(judged("echo", history), "operations");
  assertEquals(exchange, {
    sent: '{"type":"echo","echo":"hello"}',
    expected: '{"type":"echo_ok","echo":"hello"}',
    received: '{"type":"echo_ok","echo":"bye"}',
  });
});

Deno.test("a node that misbehaves is shown with the end of its log", async () => {
  const app: App<{ hello: object }> = (node) => {
    node.on("echo", ({ body }) => {
      node.log("\x1b[31msays hello\x1b[0m");
      node.send("n9", { type: "hello" });
      return { type: "echo_ok", echo: body.echo };
    });
  };
  const judgement = await judge(app, {
    workload: "echo",
    "node-count": 1,
    "time-limit": 1,
  });
  const { node, log, story } = found(judgement, "node");
  assertEquals(node, "n0");
  assertEquals(log.at(-1), "says hello");
  assertStringIncludes(story[0]!, "who doesn't exist");
});

Deno.test("where it isn't known what a fault did, it's told as what was there", () => {
  const nemesis = (ms: number, f: string, value: unknown) => [
    op(ms, "nemesis", "info", f),
    op(ms, "nemesis", "info", f, value),
  ];
  const cuts = { n0: ["n1"], n1: ["n0"] };
  const wrong = (ms: number) => [
    op(ms, 0, "invoke", "echo", "hello"),
    op(ms + 1, 0, "ok", "echo", { type: "echo_ok", echo: "bye" }),
  ];
  const storyAt = (ms: number) => {
    const history = historyOf(
      ...[
        ...nemesis(1000, "start-partition", ["isolated", cuts]),
        ...nemesis(2000, "stop-partition", "network-healed"),
        ...wrong(ms),
      ].sort((a, b) => a.time - b.time),
    );
    return found(judged("echo", history), "operations").story.join("\n");
  };
  assertStringIncludes(
    storyAt(1500),
    "In force meanwhile: the partition n0 | n1 (from 1.00 to 2.00 s).",
  );
  assertNotMatch(storyAt(3000), /partition/);
});

Deno.test("a run that is valid has no anomaly", async () => {
  const judgement = await judge(
    (node) =>
      node.on("echo", ({ body }) => ({
        type: "echo_ok",
        echo: body.echo,
      })),
    { workload: "echo", "node-count": 1, "time-limit": 2 },
  );
  assertEquals(anomalyOf(judgement), undefined);
});

Deno.test("a run in which every operation failed is none that can be drawn", async () => {
  const judgement = await judge((node) => {
    for (const type of ["read", "write", "cas"] as const) {
      node.on(type, () => {
        throw new RPCError(11, "never");
      });
    }
  }, {
    workload: "lin-kv",
    "node-count": 1,
    concurrency: "2n",
    "time-limit": 2,
  });
  assertEquals(judgement.results["valid?"], false);
  assertEquals(anomalyOf(judgement), undefined);
});

Deno.test("the page gets the anomaly with its data", () => {
  const history = historyOf(
    op(0, 0, "invoke", "echo", "hello"),
    op(1, 0, "ok", "echo", { type: "echo_ok", echo: "bye" }),
  );
  const judgement = judged("echo", history);
  const record = {
    id: "1",
    pass: false,
    options: judgement.options,
    results: judgement.results,
  } as RunRecord;
  const data = pageData(record, judgement, { replay: "", when: new Date(0) });
  assertEquals(data.anomaly?.kind, "operations");
});
