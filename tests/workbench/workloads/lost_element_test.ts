/**
 * The way of a lost element, in words that are true.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import {
  explainSet,
  lastReads,
} from "../../../lib/workbench/workloads/lost_element.ts";
import { setFull } from "../../../lib/workbench/checkers/set_full.ts";
import { ExactNumber } from "../../../lib/workbench/sim/exact_json.ts";
import { msInNs } from "../../../lib/workbench/sim/clock.ts";
import { judge } from "../../../lib/workbench/mod.ts";
import type { Envelope } from "../../../lib/workbench/sim/network.ts";
import { fillIn } from "../../../lib/workbench/test.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { broadcast } from "../../../challenges/broadcast.ts";
import { some } from "../../some.ts";
import { cases, type Entry, historyOf, op } from "../helpers.ts";

const test = fillIn({ workload: "g-set", "node-count": 3 });

const add = (ms: number, value: unknown, process = 0) => [
  op(ms, process, "invoke", "add", value),
  op(ms + 1, process, "ok", "add", value),
];

/** A read at the node of that number. */
const read = (ms: number, node: number, values: unknown[] | null) => [
  op(ms, node, "invoke", "read"),
  op(ms + 1, node, "ok", "read", values),
];

const partition = (ms: number, cuts: Record<string, string[]>) => [
  op(ms, "nemesis", "info", "start-partition", "majority"),
  op(ms, "nemesis", "info", "start-partition", ["isolated", cuts]),
];

const heal = (ms: number) => [
  op(ms, "nemesis", "info", "stop-partition"),
  op(ms, "nemesis", "info", "stop-partition", "network-healed"),
];

function told(entries: Entry[], journal?: Partial<Envelope>[], given = test) {
  const history = historyOf(...entries);
  return explainSet(setFull(history, "add"), history, {
    addF: "add",
    many: "elements",
    acknowledged: ({ index }) => `acknowledged (operation ${index})`,
  }, {
    test: given,
    ...(journal && {
      messages: {
        journal: journal.map((each, id) => ({ id, ...each })) as Envelope[],
        startNs: 0,
      },
    }),
  });
}

/** A message between nodes. */
const message = (
  src: string,
  dest: string,
  fields: object,
  fate: Partial<Envelope> = { receivedNs: 6 * msInNs },
): Partial<Envelope> => ({
  src,
  dest,
  sentNs: 5 * msInNs,
  line: JSON.stringify({ src, dest, body: { type: "tell", ...fields } }),
  ...fate,
});

const one = [...add(0, 7), ...read(20, 0, [7]), ...read(22, 1, [7])];

Deno.test("what only looks like a lost element is named", () => {
  for (
    const [added, shown, words] of [
      [7, "7", '"7" instead, which is another value than 7'],
      ["7", 7, '7 instead, which is another value than "7"'],
      [7, new ExactNumber("7.0"), "7.0 instead, which is another value than 7"],
    ]
  ) {
    assertMatch(
      told([...add(0, added), ...read(20, 0, [shown])])!,
      new RegExp(`nor did any read before\nReads show ${words}\\.$`),
    );
  }
  const others = [70, "", "7.5", null, [7], { 7: 7 }];
  const text = told([...add(0, 7), ...read(20, 0, others)])!;
  assertEquals(text.includes("instead"), false);
});

Deno.test("reads that show an element aren't passed over: who shows it, and who doesn't", () => {
  assertMatch(
    told([...one, ...read(24, 2, [])])!,
    /^1 of 1 elements were lost; the first is 7, acknowledged \(operation 1\), and which the last read at n2 \(operation 7\) doesn't show, while n0 \(operation 3\) and n1 \(operation 5\) do\n/,
  );
});

Deno.test("nodes that left their last read open are named: they may have what is missing", () => {
  const silent = (ms: number, node: number) => [
    op(ms, node, "invoke", "read"),
    op(ms + 5000, node, "fail", "read", null, { error: "net-timeout" }),
  ];
  assertMatch(
    told([...one, ...silent(24, 0), ...read(6000, 2, [])])!,
    /\n.*When last asked to read, n0 \(operation 7\) gave no answer in time\.$/,
  );
  assertEquals(
    told([...add(0, 7), ...silent(10, 0), ...silent(6000, 1)]),
    "no element was ever found by a read\nWhen last asked to read, n0 (operation 3) and n1 (operation 5) gave no answer in time.",
  );
  // It has answered since.
  const text = told([...one, ...silent(24, 2), ...read(6000, 2, [])])!;
  assertEquals(text.includes("When last asked"), false);
});

Deno.test("what was shown, and is no more, isn't said to have never been found", () => {
  assertMatch(
    told([
      ...one,
      ...read(30, 0, []),
      ...read(32, 1, [1, 2]),
      ...read(34, 2, null),
    ])!,
    /which the last reads at n0 \(operation 7\), n1 \(operation 9\) and n2 \(operation 11\) don't show, although reads had shown it before\n/,
  );
  assertStringIncludes(
    told([...add(0, 7), ...read(30, 0, [])])!,
    "the last read at n0 (operation 3) doesn't show, nor did any read before",
  );
});

Deno.test("what a read found isn't said to have been found by none", () => {
  const open = op(0, 0, "invoke", "add", 7);
  const both = (found: number[]) =>
    told([
      open,
      op(1, 1, "invoke", "read"),
      op(2, 2, "invoke", "read"),
      op(3, 2, "ok", "read", []),
      op(4, 1, "ok", "read", found),
    ]);
  assertEquals(
    both([7]),
    "of no element it's known whether reads go on to find it: none came late enough",
  );
  assertEquals(both([8]), "no element was ever found by a read");
});

Deno.test("an element that only a read has shown to be there", () => {
  assertMatch(
    told([
      op(0, 0, "invoke", "add", { a: [1] }),
      op(9, 0, "info", "add", { a: [1] }),
      ...read(20, 1, [{ a: [1] }]),
      ...read(30, 1, []),
    ])!,
    /the first is \{"a":\[1\]\}, which a read had shown, and which the last read at n1 \(operation 5\) doesn't/,
  );
});

Deno.test("an element that was refused, and shown, is told with the refusal", () => {
  const [asked, answered] = add(0, 7) as [Entry, Entry];
  const refused = {
    ...answered,
    ...{ type: "info" as const, error: ["crash", "peers is not defined"] },
  };
  assertMatch(
    told([asked, refused, ...read(20, 0, [7]), ...read(30, 1, [])])!,
    /the first is 7, which a read had shown, though its add ended in info: crash: peers is not defined \(operation 1\), and which the last read at n1 /,
  );
});

Deno.test("without the messages, the nemesis says what may have been", () => {
  const missing = read(40, 2, []);
  const lineOf = (...entries: Entry[]) => told(entries)!.split("\n")[1];
  assertEquals(
    lineOf(...one, ...missing),
    "There was no partition when n0 was told it.",
  );
  const cut = { n2: ["n0", "n1"], n0: ["n2"], n1: ["n2"] };
  assertEquals(
    lineOf(...partition(0, cut), ...one, ...heal(25), ...missing),
    "n0 was told it during a partition (from 0.0 s on, operation 1), in which n2 didn't hear n0.",
  );
  // Even if it began while the node was being told.
  const [asked, answered, ...rest] = one;
  assertEquals(
    lineOf(asked!, ...partition(0, cut), answered!, ...rest, ...missing),
    "n0 was told it during a partition (from 0.0 s on, operation 2), in which n2 didn't hear n0.",
  );
  assertEquals(
    lineOf(...one, ...partition(5, cut), ...missing),
    "There was no partition when n0 was told it.",
  );
  assertEquals(
    lineOf(...partition(0, { n1: ["n2"] }), ...one, ...missing),
    "n0 was told it during a partition (from 0.0 s on, operation 1), which let n2 hear n0.",
  );
  const oneWay = ["requested", ["asymmetric", { n1: ["n2"] }]].map((value) =>
    op(0, "nemesis", "info", "start-asymmetric-partition", value)
  );
  assertEquals(
    lineOf(...partition(0, cut), ...oneWay, ...one, ...missing),
    "n0 was told it during a partition (from 0.0 s on, operation 1), in which n2 didn't hear n0.",
    "of two at once, the one that explains it",
  );
  assertEquals(
    lineOf(...partition(0, cut), ...heal(0), ...one, ...missing),
    "There was no partition when n0 was told it.",
  );
  assertEquals(
    lineOf(...add(0, 7), ...read(20, 1, [7]), ...read(22, 0, [])),
    "n0 was told it by the client itself.",
  );
  const lossy = fillIn({ workload: "g-set", "node-count": 3, "p-loss": 0.1 });
  assertStringIncludes(
    told([...one, ...missing], undefined, lossy)!,
    "Messages were lost by chance, too (--p-loss 0.1).",
  );
  // Whatever stands there.
  for (
    const value of [
      ["isolated"],
      ["isolated", 5],
      [null, { n2: null }],
      [null, { n2: 5 }],
    ]
  ) {
    const strange = op(0, "nemesis", "info", "start-partition", value);
    assert(lineOf(strange, ...one, ...missing)!.length > 0);
  }
});

Deno.test("the messages say whether it was on its way", () => {
  const lineOf = (...journal: Partial<Envelope>[]) =>
    told([...one, ...read(40, 2, [])], journal)!.split("\n")[1];
  assertEquals(lineOf(), "No message to n2 had it in it.");
  assertEquals(
    lineOf(
      message("n0", "n1", { value: 7 }),
      message("n0", "n2", { value: 8, msg_id: 7 }),
      message("n0", "n2", { value: "7" }, { sentNs: -1 }),
      message("n0", "n2", { id: "n0-7", ids: "17 7.5" }),
      message("c1", "n2", { element: 7 }),
    ),
    "No message to n2 had it in it.",
  );
  for (
    const fields of [
      { value: 7 },
      { all: [[1], [6, 7]] },
      { at: { 7: 1 } },
      { state: '{"all":[6,7]}' },
    ]
  ) {
    assertEquals(
      lineOf(message("n0", "n2", fields)),
      "The message that had it in it (tell) got to n2 in time.",
    );
    assertEquals(
      lineOf(
        message("n0", "n2", fields, { lost: "partition" }),
        message("n0", "n2", fields, { lost: "partition" }),
        message("n1", "n2", fields, { lost: "chance" }),
      ),
      "The messages that had it in them were lost to a partition and by chance (--p-loss): n0 to n2 (2 times) and n1 to n2.",
    );
    const late = { receivedNs: 41 * msInNs };
    for (const fate of [{}, late, { ...late, lost: "chance" as const }]) {
      assertEquals(
        lineOf(message("n0", "n2", fields, fate)),
        "The message that had it in it hadn't arrived when the last read began: n0 to n2.",
      );
    }
    assertEquals(
      lineOf(
        message("n0", "n2", fields, late),
        message("n1", "n2", fields, {}),
        message("n0", "n2", fields, { lost: "kill" }),
      ),
      "The message that had it in it was lost because the receiver was killed: n0 to n2. The messages that had it in them hadn't arrived when the last read began: n0 to n2 and n1 to n2.",
    );
    assertEquals(
      lineOf(message("n0", "n2", fields, late), message("n0", "n2", fields)),
      "The message that had it in it (tell) got to n2 in time.",
    );
    assertEquals(
      lineOf(
        message("n0", "n2", { type: "announce", ...fields }),
        message("n0", "n2", fields),
        message("n1", "n2", fields),
      ),
      "The messages that had it in them (announce and tell) got to n2 in time.",
      "whether it was told the value, or of it, their author knows",
    );
  }
});

Deno.test("who got it, and was killed after that, is told with the time", () => {
  const kill = (ms: number, ...nodes: string[]) =>
    op(
      ms,
      "nemesis",
      "info",
      "kill",
      Object.fromEntries(nodes.map((node) => [node, "killed"])),
    );
  const lineOf = (
    kills: ReturnType<typeof kill>[],
    messages = [message("n0", "n2", { value: 7 })],
    after: ReturnType<typeof kill>[] = [],
  ) => {
    const entries = [...one, ...kills, ...read(90, 2, []), ...after];
    return told(entries, messages)!.split("\n")[1];
  };
  const reached = "The message that had it in it (tell) got to n2 in time.";
  assertEquals(lineOf([kill(0, "n2")]), reached, "it was dead before");
  assertEquals(lineOf([kill(60, "n1")]), reached, "another one died");
  assertEquals(
    lineOf([kill(60, "n1", "n2")]),
    `${reached} n2 (at 0.1 s) was killed after that: what a node doesn't keep on a disk is gone then.`,
  );
  assertEquals(
    lineOf([kill(60, "n2")], []),
    "No message to n2 had it in it.",
    "it had nothing to lose",
  );
  const late = message("n0", "n2", { value: 7 }, {
    receivedNs: 70 * msInNs,
  });
  assertEquals(lineOf([kill(60, "n2")], [late]), reached, "it got it later");
  assertEquals(
    lineOf([], undefined, [kill(95, "n2")]),
    reached,
    "it was asked before",
  );
});

Deno.test("where the journal keeps only parts of messages, the nemesis says it", () => {
  const shortened = message("n0", "n2", { value: 7 }, {
    receivedNs: 6 * msInNs,
    line: '{"src":"n0","dest":"n2","body":{"type":"tell","all":[7…]}}',
    cut: true,
  });
  assertEquals(
    told([...one, ...read(40, 2, [])], [shortened])!.split("\n")[1],
    "There was no partition when n0 was told it.",
  );
  assertEquals(
    told([...one, ...read(40, 2, [])], [
      { ...shortened, src: "c1" }, // no message between nodes
      message("n0", "n2", { value: 7 }),
    ])!.split("\n")[1],
    "The message that had it in it (tell) got to n2 in time.",
  );
});

Deno.test("in a run, a partition that swallowed the messages is named", async () => {
  const { reason } = await judge(broadcast, {
    workload: "broadcast",
    "node-count": 5,
    "time-limit": 20,
    rate: 10,
    nemesis: "partition",
  }, { args: ["--strategy", "flood"] });
  assertMatch(
    reason!,
    /^\d+ of \d+ values were lost; .* don't show, while .* do\nThe messages that had it in them were lost to a partition: n\d to n\d/,
  );
});

Deno.test("any history: every node that is named shows or misses it, as is said", () => {
  let lost = 0;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = new Random(`lost/${seed}`);
      const entries: Entry[] = [];
      for (let ms = 0; ms < 40; ms += 2) {
        const process = random.integer(6);
        const values = [1, 2, 3, 4].filter(() => random.integer(3) > 0);
        entries.push(
          ...(random.integer(4) === 0
            ? add(ms, 1 + random.integer(4), process)
            : read(ms, process, values)),
        );
      }
      const history = historyOf(...entries);
      const findings = setFull(history, "add");
      const reason = told(entries);
      if (findings.lost.length === 0) return;
      lost++;
      const [element] = findings.lost;
      const known = history.find((op) =>
        op.type === "ok" && op.f === "add" && op.value === element
      )!;
      const reads = lastReads(element, known, history, test);
      // Of each node the last one, and one of all misses it.
      for (const { node, op } of reads) {
        const after = history.slice(op.index + 1).filter((other) =>
          other.type === "ok" && other.f === "read" &&
          `n${other.process as number % 3}` === node
        );
        assertEquals(after, []);
      }
      const named = [
        ...reason!.split("\n")[0]!.matchAll(/(n\d) \(operation (\d+)\)/g),
      ];
      assertGreater(named.length, 0);
      const [missing] = some(reason!.split(", while "));
      for (const [text, node, index] of named) {
        const { value, process } = history[Number(index)]!;
        assertEquals(node, `n${process as number % 3}`);
        assertEquals(
          !(value as unknown[]).includes(element),
          missing.includes(text),
        );
      }
    }),
    cases(300),
  );
  assertGreater(lost, 50);
});
