/**
 * Judged runs as records: what they are held against.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { fillIn } from "../../lib/workbench/test.ts";
import { type Limit, toRecord, type Verdict } from "../../lib/report/record.ts";

const limits: Limit[] = [
  { path: ["net", "servers", "msgs-per-op"], label: "msgs/op", below: 30 },
  {
    path: ["workload", "stable-latencies", "0.5"],
    label: "median",
    below: 400,
    unit: "ms",
  },
  {
    path: ["workload", "stable-latencies", "1"],
    label: "max",
    below: 600,
    unit: "ms",
  },
];

function recordOf(msgsPerOp: number, median: number, max: number) {
  const verdict = {
    engine: "sim",
    options: fillIn({ workload: "broadcast" }).options,
    results: {
      "valid?": true,
      net: { servers: { "msgs-per-op": msgsPerOp } },
      workload: { "stable-latencies": { "0.5": median, "1": max } },
    },
  } as unknown as Verdict;
  return toRecord(verdict, { id: "3d", args: [], limits, wallMs: 1 });
}

Deno.test("within all limits a valid run passes", () => {
  const { pass, reason } = recordOf(29.9, 399, 599);
  assertEquals([pass, reason], [true, undefined]);
});

Deno.test("all limits that a run is over are named", () => {
  for (
    const [record, reason] of [
      [recordOf(1, 400, 500), "median is 400 ms, and has to be below 400 ms"],
      [
        recordOf(1, 450, 720),
        "median is 450 ms, and has to be below 400 ms; max is 720 ms, and has to be below 600 ms",
      ],
      [
        recordOf(30.25, 450, NaN),
        "msgs/op is 30.25, and has to be below 30; median is 450 ms, and has to be below 400 ms; max is NaN ms, and has to be below 600 ms",
      ],
      [
        recordOf(1, 1, "x" as unknown as number),
        "there is no max to hold against the limit",
      ],
    ] as const
  ) {
    assertEquals(record.pass, false);
    assertEquals(record.reason, reason);
  }
});

Deno.test("only what the challenges state is a limit", () => {
  // https://fly.io/dist-sys/3d/ and 3e; the others name no figure.
  assertEquals(
    runs.filter((run) => run.limits).map(({ id, limits }) => [
      id,
      ...limits!.map(({ label, below }) => `${label} < ${below}`),
    ]),
    [
      ["3d", "msgs/op < 30", "median < 400", "max < 600"],
      ["3e", "msgs/op < 20", "median < 1000", "max < 2000"],
    ],
  );
});
