import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Op } from "../../lib/workbench/load/history.ts";
import type { RunRecord } from "../../lib/report/record.ts";
import {
  inWords,
  latenciesMs,
  latencyBars,
  layoutOf,
  type Line,
  render,
  summary,
} from "../../lib/report/terminal.ts";
import { summaryOfSeeds, Tally } from "../../lib/report/tally.ts";

const record = {
  id: "3d",
  engine: "sim",
  options: { workload: "broadcast" },
  pass: true,
  limits: [
    { path: [], label: "msgs/op", below: 30, actual: 0.94, within: true },
    { path: [], label: "median", below: 400, actual: 302, within: true },
  ],
  "wall-ms": 1234,
  results: {
    "valid?": true,
    stats: { count: 1997 },
    net: { servers: { "msgs-per-op": 0.94 } },
    workload: { "stable-latencies": { "0.5": 302, "1": 567 } },
  },
} as unknown as RunRecord;

function lines(columns: number, overrides: Partial<RunRecord> = {}): string[] {
  const all = { ...record, ...overrides };
  const found = summary(all, {
    replay: "deno task run 3d --seed 1",
    folder: "store/3d/20261123T092403.847Z",
    layout: layoutOf(
      [all, { id: "1", options: { workload: "echo" } }],
      columns,
    ),
    latencies: "█▁▁▁▂▁  ",
  });
  return render(found, false).split("\n");
}

Deno.test("a run is one line where there is room", () => {
  assertEquals(lines(Infinity), [
    "✓  3d  broadcast  valid     1997 ops    0.94 msgs/op <30  █▁▁▁▂▁     1.2 s  median   302 ms <400  max   567 ms",
  ]);
});

Deno.test("a valid run says which nodes miss values at the end", () => {
  const told = (missing: { [node: string]: number }) =>
    lines(Infinity, {
      results: { ...record.results, workload: { missing } },
    } as unknown as Partial<RunRecord>)[1];
  assertEquals(
    told({ n0: 2, n3: 2 }),
    "    the last reads at n0 and n3 miss 2 values. Maelstrom's rule calls that valid, because reads that began later, at other nodes, show them.",
  );
  assertMatch(told({ n0: 1 })!, /at n0 miss a value\. /);
  assertMatch(told({ n0: 1, n1: 9 })!, /at n0 and n1 miss up to 9 values\. /);
});

Deno.test("a narrow terminal breaks the line between figures, and indents the rest", () => {
  assertEquals(lines(80), [
    "✓  3d  broadcast  valid     1997 ops    0.94 msgs/op <30  █▁▁▁▂▁     1.2 s",
    "    median   302 ms <400  max   567 ms",
  ]);
  assertEquals(lines(40), [
    "✓  3d  broadcast  valid     1997 ops",
    "      0.94 msgs/op <30  █▁▁▁▂▁     1.2 s",
    "    median   302 ms <400  max   567 ms",
  ]);
});

Deno.test("what went wrong breaks between words; what's to be copied doesn't break", () => {
  const reason = "n0 printed a line to stdout that isn't JSON.\nIt was: hello";
  const [first, ...others] = lines(40, { pass: false, reason }).slice(3);
  assertEquals(first, "    n0 printed a line to stdout that");
  assertEquals(others, [
    "    isn't JSON.",
    "    It was: hello",
    "    again: deno task run 3d --seed 1",
    "    more:  store/3d/20261123T092403.847Z",
  ]);
});

const late = (ms: number, spoiled = false) => ({
  lateness: {
    "max-message-ms": ms,
    "max-timer-ms": 12,
    "spoiled?": spoiled,
  },
});

Deno.test("a line that is too long breaks between words, and keeps its indentation and its styles", () => {
  const broken = (line: Line, columns: number) =>
    render(inWords(line, columns), false).split("\n");
  assertEquals(broken([["  one two three"]], 9), ["  one two", "  three"]);
  assertEquals(broken([["one two"], [" three", "red"]], 9), [
    "one two",
    "three",
  ]);
  // The text of a table's last column stays there, unless too little is left.
  const row: Line = [["  --rate NUMBER  operations a second, in all"]];
  assertEquals(broken(row, 38), [
    "  --rate NUMBER  operations a second,",
    "                 in all",
  ]);
  assertEquals(broken(row, 20), [
    "  --rate NUMBER",
    "  operations a",
    "  second, in all",
  ]);
  // A word that is longer than a line can be copied, if it's in one piece.
  assertEquals(broken([["in a/very/long/path it is"]], 10), [
    "in",
    "a/very/long/path",
    "it is",
  ]);
  assertEquals(broken([["as it is   "]], Infinity), ["as it is   "]);
  assertEquals(broken([[""]], 20), [""]);
  assertEquals(inWords([["a b ", "bold"], ["c d", "red"]], 5), [
    [["a b ", "bold"], ["c", "red"]],
    [[""], ["d", "red"]],
  ]);
});

Deno.test("one run of several seeds says which it is, in a column", () => {
  const layout = layoutOf(
    [{ ...record, seeds: { first: 9, length: 2 } }],
    Infinity,
  );
  const linesOf = (seed: number) =>
    render(summary({ ...record, seed }, { replay: "", layout }), false);
  assertMatch(linesOf(9), /^✓ {2}3d {2}broadcast {2}seed 9 {3}valid /);
  assertMatch(linesOf(10), /^✓ {2}3d {2}broadcast {2}seed 10 {2}valid /);
  // The real Maelstrom has none.
  const seeds = { first: undefined, length: 2 };
  assertEquals(layoutOf([{ ...record, seeds }]).seed, 0);
});

Deno.test("a run on a busy machine says so, and what that means for it", () => {
  const noteOf = (overrides: Partial<RunRecord>) =>
    lines(Infinity, overrides).find((line) => line.includes("busy"));
  assertEquals(
    noteOf(late(228)),
    "    this machine was busy: messages were up to 228 ms late. The figures suffer from it.",
  );
  const over = { path: [], label: "max", below: 600, actual: 900 };
  const others: [verdict: string, overrides: Partial<RunRecord>][] = [
    ["invalid", { results: { "valid?": false } as RunRecord["results"] }],
    ["over limit", { limits: [{ ...over, within: false }] }],
  ];
  for (const [verdict, overrides] of others) {
    assertEquals(
      noteOf({ pass: false, reason: "it is", ...late(9012), ...overrides }),
      `    this machine was busy: messages were up to 9 s late. That alone doesn't make it ${verdict}.`,
    );
  }
});

Deno.test("where lateness is small, or the reason tells of it, there is no note", () => {
  assertEquals(lines(Infinity, late(99)).length, 1);
  const [first, second] = lines(Infinity, {
    pass: false,
    limits: [{ ...record.limits![1]!, actual: 450, within: "unknown" }],
    reason: "this machine couldn't keep up: …",
    ...late(228, true),
  });
  assertMatch(first!, /^\? {2}3d {2}broadcast {2}unknown /);
  assertEquals(second, "    this machine couldn't keep up: …");
});

Deno.test("nothing is lost at any width, and no line of figures is wider", () => {
  const all = lines(Infinity).join(" ").split(/\s+/).join(" ");
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), (columns) => {
      const broken = lines(columns);
      assertEquals(broken.join(" ").split(/\s+/).join(" "), all);
      if (columns < 30) return; // one figure alone may be wider
      for (const line of broken.filter((line) => line.startsWith(" "))) {
        assert(line.length <= columns, `${columns}: ${line}`);
      }
    }),
    { seed: 1 },
  );
});

/** A history of operations that took so long, one after the other. */
function history(...latenciesMs: number[]): Op[] {
  let timeMs = 0;
  const ops: Omit<Op, "index">[] = latenciesMs.flatMap((ms, process) => {
    const common = { process, f: "read", value: null };
    const invoke = { ...common, type: "invoke" as const, time: timeMs * 1e6 };
    timeMs += ms;
    return [invoke, { ...common, type: "ok" as const, time: timeMs * 1e6 }];
  });
  return ops.map((op, index) => ({ ...op, index } as Op));
}

Deno.test("the bars count latencies below 1, 3, 10, 30, 100, 300, 1000 ms, and the rest", () => {
  assertEquals(latencyBars([0]), "█       ");
  assertEquals(
    latencyBars([0.99, 1, 3, 10, 30, 100, 300, 1000]),
    "████████",
  );
  assertEquals(latencyBars([2, 2, 2, 2, 5000]), " █     ▂");
  assertEquals(latencyBars([...new Array(1000).fill(1), 50]), " █  ▁   ");
  assertEquals(latencyBars([]).trim(), "");
});

Deno.test("latencies are those of what succeeded, and of nothing else", () => {
  const ops = history(5, 7);
  assertEquals(latenciesMs(ops), [5, 7]);
  const failed = ops.map((op) =>
    op.type === "ok" && op.process === 0 ? { ...op, type: "fail" as const } : op
  );
  assertEquals(latenciesMs(failed), [7]);
  assertEquals(latenciesMs([]), []);
});

/** The characters that a terminal obeys, or shows in an order of its own. */
const obeyed = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

Deno.test("what nodes and histories say reaches no terminal as a command", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }),
      fc.integer({ min: 0, max: 100 }),
      (reason, folder, columns) => {
        const found = summary({ ...record, pass: false, reason }, {
          replay: reason,
          folder,
          layout: layoutOf([record], columns),
        });
        assert(!obeyed.test(render(found, false)));
        // Colours are ours, and exactly what they are without what was said.
        const coloured = render(found, true);
        // deno-lint-ignore no-control-regex
        assert(!obeyed.test(coloured.replaceAll(/\x1b\[\d+m/g, "")));
      },
    ),
    { seed: 1 },
  );
});

Deno.test("a node can't colour what it says, nor end our colours", () => {
  const line = [["a\x1b[31mred\x1b[39m", "dim"]] as const;
  assertEquals(
    render([line], true),
    "\x1b[2ma\\x1b[31mred\\x1b[39m\x1b[22m",
  );
});

function ofSeeds(
  columns: number,
  failed: { [seed: number]: Partial<RunRecord> },
) {
  const records = Array.from({ length: 12 }, (_, i) => ({
    ...record,
    seed: i + 1,
    ...failed[i + 1],
  }));
  const layout = layoutOf([record], columns);
  return render(summaryOfSeeds(record, new Tally(records), layout), false)
    .split("\n");
}

Deno.test("many seeds that pass are one line, with units", () => {
  assertEquals(ofSeeds(Infinity, {}), [
    "✓  3d  broadcast  12 of 12 seeds  msgs/op 0.94 – 0.94 – 0.94  median 302 – 302 – 302 ms  max 567 – 567 – 567 ms",
  ]);
});

Deno.test("every seed that fails is listed with its verdict and its reason", () => {
  const invalid = (reason: string): Partial<RunRecord> => ({
    pass: false,
    reason,
    results: { "valid?": false },
  });
  assertEquals(
    ofSeeds(Infinity, {
      2: invalid("3 of 9 values were lost; the first is 1\nIt was cut off."),
      4: {
        pass: false,
        reason: "median is 467 ms, and has to be below 400 ms",
      },
      8: invalid("n0 crashed"),
      9: { pass: false },
    }).slice(1),
    [
      "    invalid: seed 2: 3 of 9 values were lost; the first is 1",
      "    over limit: seed 4: median is 467 ms, and has to be below 400 ms",
      "    invalid: seed 8: n0 crashed",
      "    over limit: seed 9: no reason is known",
    ],
  );
});

Deno.test("more than three seeds that fail alike are one line: each is named, neighbours together", () => {
  const failing = (reason: string): Partial<RunRecord> => ({
    pass: false,
    reason,
    results: { "valid?": false },
  });
  const lost = (count: number, where: string) =>
    failing(`${count} of 12 values were lost; the first is ${count}, ${where}`);
  const late = failing("n1, n3 and n12 didn't answer");
  assertEquals(
    ofSeeds(Infinity, {
      1: failing("n2 didn't answer"),
      2: lost(5, "which n1 doesn't show"),
      3: late,
      4: late,
      5: late,
      7: lost(1, "which n1 and n2 don't show"),
      8: lost(2, "which n1 doesn't show"),
      9: lost(3, "which n1 doesn't show"),
      // Another verdict is another kind.
      11: { ...lost(4, "which n1 doesn't show"), crashed: true },
    }).slice(1),
    [
      "    invalid: seeds 1, 3..5, such as 1: n2 didn't answer",
      "    invalid: seeds 2, 7..9, such as 2: 5 of 12 values were lost; the first is 5, which n1 doesn't show",
      "    crashed: seed 11: 4 of 12 values were lost; the first is 4, which n1 doesn't show",
    ],
  );
});

Deno.test("seeds of which some are unknown, and none is wrong, are unknown together", () => {
  const unknown = {
    pass: false,
    results: { "valid?": "unknown" },
  } as Partial<RunRecord>;
  const [first, ...others] = ofSeeds(Infinity, { 3: unknown });
  assertMatch(first!, /^\? {2}3d {2}broadcast {2}11 of 12 seeds /);
  assertEquals(others, ["    unknown: seed 3: no reason is known"]);
  const [both] = ofSeeds(Infinity, { 3: unknown, 4: { pass: false } });
  assertMatch(both!, /^✗ /);
});

Deno.test("no number of many seeds is broken, nor wider than the terminal", () => {
  const lines = ofSeeds(80, {});
  assertEquals(lines, [
    "✓  3d  broadcast  12 of 12 seeds  msgs/op 0.94 – 0.94 – 0.94",
    "    median 302 – 302 – 302 ms  max 567 – 567 – 567 ms",
  ]);
  const seeds = Object.fromEntries(
    [1, 3, 5, 7, 9, 11].map((seed) => [seed, { pass: false }]),
  );
  for (const columns of [20, 30, 40, 80]) {
    for (const line of ofSeeds(columns, seeds).slice(3)) {
      assert(line.length <= Math.max(columns, 32), line);
    }
  }
});
