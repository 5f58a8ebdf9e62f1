import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Op } from "../../../lib/workbench/history.ts";
import type { RunRecord } from "../../../lib/workbench/report/record.ts";
import {
  latencyBars,
  layoutOf,
  painter,
  summary,
} from "../../../lib/workbench/report/terminal.ts";

const plain = painter(false);

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
  return summary(all, {
    paint: plain,
    replay: "deno task run 3d --seed 1",
    folder: "store/3d/20261123T092403.847Z",
    layout: layoutOf(
      [all, { id: "1", options: { workload: "echo" } }],
      columns,
    ),
    latencies: "█▁▁▁▂▁  ",
  }).split("\n");
}

Deno.test("a run is one line where there is room", () => {
  assertEquals(lines(Infinity), [
    "✓  3d  broadcast  valid     1997 ops    0.94 msgs/op <30  █▁▁▁▂▁     1.2 s  median   302 ms <400  max   567 ms",
  ]);
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

Deno.test("nothing is lost at any width, and no line of figures is wider", () => {
  const all = lines(Infinity).join(" ").split(/\s+/).join(" ");
  fc.assert(fc.property(fc.integer({ min: 25, max: 200 }), (columns) => {
    const broken = lines(columns);
    assertEquals(broken.join(" ").split(/\s+/).join(" "), all);
    for (const line of broken.filter((line) => line.startsWith(" "))) {
      assert(line.length <= columns, `${columns}: ${line}`);
    }
  }));
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
  assertEquals(latencyBars(history(0)), "█       ");
  assertEquals(
    latencyBars(history(0.99, 1, 3, 10, 30, 100, 300, 1000)),
    "████████",
  );
  assertEquals(latencyBars(history(2, 2, 2, 2, 5000)), " █     ▂");
  assertEquals(
    latencyBars(history(...new Array(1000).fill(1), 50)),
    " █  ▁   ",
  );
});

Deno.test("the bars count what succeeded, and nothing else", () => {
  const failed = history(5).map((op) =>
    op.type === "ok" ? { ...op, type: "fail" as const } : op
  );
  assertEquals(latencyBars(failed).trim(), "");
  assertEquals(latencyBars([]).trim(), "");
});
