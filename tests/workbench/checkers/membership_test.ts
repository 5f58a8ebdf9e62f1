/** Lists of the members: what can't be, how soon, and how often wrongly. */
import { assert, assertEquals } from "@std/assert";
import {
  explainMembership,
  membership,
  membershipAnomaly,
} from "../../../lib/workbench/checkers/membership.ts";
import { type Entry, historyOf, op } from "../helpers.ts";

const nodes = ["n0", "n1", "n2", "n3"];
const isFinal = { "final?": true };

/** A read of a node, whose number is the process's; it takes a millisecond. */
function read(ms: number, node: number, listed: string, others = {}): Entry[] {
  const value = [...listed].map((each) => `n${each}`);
  return [
    op(ms, node, "invoke", "read", null, others),
    op(ms + 1, node, "ok", "read", value, others),
  ];
}

/** A fault, which takes the nemesis some time to end. */
function fault(f: string, ms: number, targets: string): Entry[] {
  const value = Object.fromEntries([...targets].map((each) => [`n${each}`, f]));
  return [
    op(ms, "nemesis", "info", f, "one"),
    op(ms, "nemesis", "info", f, value),
  ];
}

const kill = (ms: number, targets: string) => fault("kill", ms, targets);
const pause = (ms: number, targets: string) => fault("pause", ms, targets);

/** The nemesis starts all; that takes it 400 ms. */
const start = (ms: number): Entry[] => [
  op(ms, "nemesis", "info", "start", "all"),
  op(ms + 400, "nemesis", "info", "start", { n0: "started" }),
];

const resume = (ms: number): Entry[] => [
  op(ms, "nemesis", "info", "resume", "all"),
  op(ms, "nemesis", "info", "resume", { n0: "resumed" }),
];

function check(...entries: Entry[][]) {
  const history = entries.flat().toSorted((a, b) => a.time - b.time);
  return membership(historyOf(...history), {
    nodes,
    concurrency: nodes.length,
    nodeOf: ({ process }) => `n${process}`,
  });
}

Deno.test("in the end all list just those who are up", () => {
  const found = check(
    read(1, 0, "0123"),
    read(50_000, 0, "0123", isFinal),
    read(50_000, 1, "3210", isFinal),
  );
  assertEquals(found["valid?"], true);
  assertEquals(found.errors, []);
  assertEquals(explainMembership(found), undefined);
});

for (
  const [listed, missing, extra, words] of [
    ["012", ["n3"], [], "n1 doesn't list n3, which is up (operation 1)"],
    ["12", ["n0", "n3"], [], "n1 doesn't list n0, n3, which are up"],
    ["01237", [], ["n7"], "n1 lists n7, which is no node that is up"],
    ["0127", ["n3"], ["n7"], "which is up, and lists n7, which is no node"],
  ] as const
) {
  Deno.test(`a final read that lists ${listed} is wrong`, () => {
    const found = check(read(50_000, 1, listed, isFinal));
    assertEquals(found["valid?"], false);
    assertEquals(found.errors, [
      { index: 1, node: "n1", missing: [...missing], extra: [...extra] },
    ]);
    assert(explainMembership(found)?.includes(words), explainMembership(found));
    const name = missing.length > 0 ? "false-alarm" : "unnoticed-death";
    assertEquals(membershipAnomaly(found), name);
  });
}

Deno.test("what is listed may be anything; what is no node is wrong in the end", () => {
  const value = ["n0", "n1", "n2", "n3", 7, null];
  const found = check([
    op(1, 0, "invoke", "read", null, isFinal),
    op(2, 0, "ok", "read", value, isFinal),
    op(3, 1, "invoke", "read", null, isFinal),
    op(4, 1, "ok", "read", null, isFinal),
  ]);
  assertEquals(found.errors.map(({ extra }) => extra), [["7", "null"], []]);
  assertEquals(found.errors[1]?.missing, nodes);
});

Deno.test("a client that reads several times in the end has to see the right list once", () => {
  const found = check(
    read(50_000, 0, "123", isFinal),
    read(50_000, 1, "0123", isFinal),
    read(51_000, 0, "0123", isFinal),
    read(51_000, 1, "123", isFinal),
    read(51_000, 2, "023", isFinal),
    read(52_000, 2, "02", isFinal),
  );
  assertEquals(found.errors, [
    { index: 11, node: "n2", missing: ["n1", "n3"], extra: [] },
  ]);
});

Deno.test("a death is noticed by the first, and later by all", () => {
  const found = check(
    [0, 1, 2, 3].flatMap((node) => read(900, node, "0123")),
    kill(1000, "3"),
    read(1500, 0, "0123"),
    read(1999, 0, "012"),
    read(2999, 1, "012"),
    read(3499, 1, "0123"), // flaps
    read(3999, 2, "012"),
    start(9000),
  );
  assertEquals(found["death-count"], 1);
  assertEquals(found["noticed-count"], 1);
  assertEquals(found["detection-latencies"]?.["0.5"], 1000);
  assertEquals(found["dissemination-latencies"]?.["0.5"], 3000);
});

Deno.test("who is back before anybody has noticed wasn't noticed", () => {
  const found = check(
    kill(1000, "3"),
    read(1500, 0, "0123"),
    start(2000),
    read(2100, 0, "012"),
  );
  assertEquals(found["death-count"], 1);
  assertEquals(found["noticed-count"], 0);
  assertEquals(found["detection-latencies"], undefined);
});

Deno.test("who hadn't listed it before can't notice a death", () => {
  const found = check(
    read(900, 0, "012"),
    read(900, 1, "0123"),
    kill(1000, "3"),
    read(1500, 0, "012"),
    read(2999, 1, "012"),
    read(2999, 2, "012"),
    start(9000),
  );
  assertEquals(found["detection-latencies"]?.["0.5"], 2000);
  assertEquals(found["dissemination-latencies"]?.["0.5"], 2000);
});

Deno.test("where all are dead nobody can notice", () => {
  assertEquals(check(kill(1000, "0123"), start(9000))["death-count"], 0);
});

Deno.test("who lists somebody dead for more than ten seconds is wrong", () => {
  const found = check(
    kill(1000, "3"),
    read(10_900, 1, "0123"),
    read(11_100, 0, "0123"),
    read(50_000, 0, "0123", isFinal),
    start(30_000),
  );
  assertEquals(found["valid?"], false);
  assertEquals(found.unnoticed.map(({ node, extra }) => [node, extra]), [
    ["n0", ["n3"]],
  ]);
  assertEquals(membershipAnomaly(found), "unnoticed-death");
  assert(
    explainMembership(found)?.includes("n0 lists n3, which has been dead"),
  );
});

for (
  const [why, others] of [
    ["it was killed itself", [...kill(1000, "03"), ...start(5000)]],
    ["it was paused", [...pause(4000, "0"), ...resume(5000)]],
    ["half of the others are dead", kill(1000, "123")],
    ["the dead is being started", start(11_000)],
  ] as const
) {
  Deno.test(`that may take longer if ${why}`, () => {
    const found = check(
      ...(why.startsWith("half") ? [] : [kill(1000, "3")]),
      others as Entry[],
      read(11_150, 0, "0123"),
    );
    assertEquals(found.unnoticed, []);
  });
}

Deno.test("an alarm is one, from the first that believes it to the last", () => {
  const found = check(
    [0, 1, 2].flatMap((node) => read(1000, node, "0123")),
    read(2000, 0, "012"),
    read(2500, 1, "012"),
    read(3000, 0, "0123"),
    read(3500, 2, "012"),
    read(4000, 1, "0123"),
    read(4500, 2, "0123"),
    read(5000, 2, "013"), // another one
    read(3_599_999, 2, "0123"),
  );
  assertEquals(found["false-alarm-count"], 2);
  assertEquals(found["false-alarms-per-hour"], 2);
});

Deno.test("it's no false alarm if somebody was dead a short while ago", () => {
  const found = check(
    read(900, 0, "0123"),
    kill(1000, "3"),
    start(2000),
    read(5000, 0, "012"), // late news
    read(6000, 0, "0123"),
    read(12_300, 0, "012"),
    read(13_000, 0, "0123"),
    read(14_000, 0, "012"),
  );
  assertEquals(found["false-alarm-count"], 1);
});

Deno.test("it's no false alarm if somebody who has just come back doesn't know all", () => {
  const found = check(
    read(900, 0, "0123"),
    kill(1000, "0"),
    start(2000),
    read(2500, 0, "0"),
    read(3000, 0, "0123"),
  );
  assertEquals(found["false-alarm-count"], 0);
});

Deno.test("who is only frozen, or slow, is up: to take it for dead is a false alarm", () => {
  const found = check(
    read(900, 0, "0123"),
    pause(1000, "3"),
    read(3000, 0, "012"),
    resume(4000),
    read(5000, 0, "0123"),
  );
  assertEquals(found["false-alarm-count"], 1);
  assertEquals(found["death-count"], 0);
});
