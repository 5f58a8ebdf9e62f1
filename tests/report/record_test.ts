/**
 * Judged runs as records: what they are held against.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import { fillIn } from "../../lib/workbench/test.ts";
import { type Limit, toRecord, type Verdict } from "../../lib/report/record.ts";
import { verdictOf } from "../../lib/report/terminal.ts";
import type { Lateness } from "../../lib/workbench/sim/lateness.ts";
import { msInNs } from "../../lib/workbench/sim/units.ts";

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

function recordOf(
  msgsPerOp: number,
  median: number,
  max: number,
  lateness?: Lateness,
) {
  const verdict = {
    engine: "sim",
    options: fillIn({ workload: "broadcast", latency: 100 }).options,
    results: {
      "valid?": true,
      net: { servers: { "msgs-per-op": msgsPerOp } },
      workload: { "stable-latencies": { "0.5": median, "1": max } },
    },
    lateness,
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

/** A machine that was late once, or again and again all the time. */
function lateBy(ms: number, isAlways = false): Lateness {
  return {
    maxMessageMs: ms,
    maxTimerMs: 3.4,
    spans: [[0, (isAlways ? 20_000 : ms) * msInNs]],
  };
}

/** The verdict, and which of the limits the run is within. */
function underLimits(...args: Parameters<typeof recordOf>) {
  const { pass, limits, lateness, ...record } = recordOf(...args);
  assert(!pass);
  const [, verdict] = verdictOf({ pass, limits, ...record });
  assertEquals(lateness?.["spoiled?"], verdict === "unknown");
  return [verdict, ...limits!.map(({ within }) => within)];
}

Deno.test("over a limit by no more than the machine was late, a run is unknown", () => {
  assertEquals(
    underLimits(1, 300, 649, lateBy(50)),
    ["unknown", true, true, "unknown"],
  );
  assertEquals(
    underLimits(1, 300, 650, lateBy(50)),
    ["over limit", true, true, false],
  );
  // Eight messages between nodes, and two with clients, each so much.
  assertEquals(
    underLimits(1, 300, 849, lateBy(25, true)),
    ["unknown", true, true, "unknown"],
  );
  assertEquals(
    underLimits(1, 300, 850, lateBy(25, true)),
    ["over limit", true, true, false],
  );
});

Deno.test("messages beyond the limit may be those sent again for want of an answer", () => {
  assertEquals(
    underLimits(31, 300, 500, lateBy(100)),
    ["unknown", "unknown", true, true],
  );
  assertEquals(
    underLimits(31, 300, 500, lateBy(99)),
    ["over limit", false, true, true],
  );
});

Deno.test("one limit that holds is enough, and is the one that is told", () => {
  const args = [31, 300, 3000, lateBy(300)] as const;
  assertEquals(
    underLimits(...args),
    ["over limit", "unknown", true, false],
  );
  assertEquals(
    recordOf(...args).reason,
    "max is 3000 ms, and has to be below 600 ms",
  );
  assertEquals(
    recordOf(31, 600, 700, lateBy(9012, true)).reason,
    "this machine couldn't keep up: messages were up to 9 s late. That may be why msgs/op is 31, and has to be below 30; median is 600 ms, and has to be below 400 ms; max is 700 ms, and has to be below 600 ms",
  );
});

Deno.test("a record says how late the machine was, and a machine in time spoils nothing", () => {
  const { lateness, pass } = recordOf(1, 1, 1, lateBy(49.6));
  assertEquals(pass, true);
  assertEquals(lateness, {
    "max-message-ms": 50,
    "max-timer-ms": 3,
    "spoiled?": false,
  });
  assertEquals("lateness" in recordOf(1, 1, 1), false);
  assertEquals(
    underLimits(30, 400, 600, { maxMessageMs: 9, maxTimerMs: 9, spans: [] }),
    ["over limit", false, false, false],
  );
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
