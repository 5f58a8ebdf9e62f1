/**
 * Lateness: how late the workbench was, and what that spoils.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  blame,
  delayMs,
  type Lateness,
  LatenessMeter,
  maySpoil,
  tellLateness,
} from "../../../lib/workbench/sim/lateness.ts";
import { msInNs } from "../../../lib/workbench/sim/units.ts";
import { cases } from "../helpers.ts";

/** Waits, from when something was due until it happened, in milliseconds. */
type Waits = readonly (readonly [dueMs: number, nowMs: number])[];

function meterOf(waits: Waits): LatenessMeter {
  const meter = new LatenessMeter();
  for (const [dueMs, nowMs] of waits) {
    meter.message(dueMs * msInNs, nowMs * msInNs);
  }
  return meter;
}

/** The spans in milliseconds. */
function spansOf(...waits: Waits): number[][] {
  return meterOf(waits).lateness.spans
    .map((span) => span.map((ns) => ns / msInNs));
}

Deno.test("at first nothing is late", () => {
  assertEquals(new LatenessMeter().lateness, {
    maxTimerMs: 0,
    maxMessageMs: 0,
    spans: [],
  });
});

Deno.test("of timers and of messages, the latest counts; what comes early, or in time, doesn't", () => {
  const meter = new LatenessMeter();
  for (
    const [dueMs, nowMs] of [[5, 3], [7, 7], [8, 9.5], [20, 20.5]] as const
  ) {
    meter.timer(dueMs * msInNs, nowMs * msInNs);
  }
  meter.message(21 * msInNs, 24 * msInNs);
  const { maxTimerMs, maxMessageMs } = meter.lateness;
  assertEquals([maxTimerMs, maxMessageMs], [1.5, 3]);
});

Deno.test("what was before the test began is forgotten", () => {
  const meter = meterOf([[0, 5000]]);
  meter.restart();
  assertEquals(meter.lateness, new LatenessMeter().lateness);
});

Deno.test("waits that touch are one span; those below 10 ms are none", () => {
  assertEquals(spansOf([0, 20], [10, 30], [30, 45]), [[0, 45]]);
  assertEquals(spansOf([0, 20], [21, 40]), [[0, 20], [21, 40]]);
  assertEquals(spansOf([0, 20], [50, 60], [10, 70]), [[0, 70]]);
  assertEquals(spansOf([0, 9], [10, 19.9]), []);
});

/** Waits of a busy machine, in the order in which they end. */
const someWaits = fc.array(
  fc.record({ gap: fc.nat(200), late: fc.nat(300) }),
  { maxLength: 60 },
).map((all) => {
  let nowMs = 0;
  return all.map(({ gap, late }): [number, number] => {
    nowMs += gap;
    return [Math.max(0, nowMs - late), nowMs];
  });
});

Deno.test("spans are in order, apart, and cover all waits but the short ones", () => {
  fc.assert(
    fc.property(someWaits, (waits) => {
      const spans = spansOf(...waits);
      for (const [i, [from, to]] of spans.entries()) {
        assert(from! < to!);
        assert(i === 0 || spans[i - 1]![1]! < from!);
      }
      for (const [dueMs, nowMs] of waits) {
        if (nowMs - dueMs < 10) continue;
        assert(spans.some(([from, to]) => from! <= dueMs && nowMs <= to!));
      }
    }),
    cases(),
  );
});

Deno.test("a day of waits is kept in bounds, and none of them is lost", () => {
  const meter = new LatenessMeter();
  for (let ms = 0; ms < 86_400_000; ms += 1000) {
    meter.timer(ms * msInNs, (ms + 20) * msInNs);
  }
  const { spans } = meter.lateness;
  assert(spans.length <= 10_000, `${spans.length}`);
  assertEquals([spans[0]![0], spans.at(-1)![1]], [0, 86_399_020 * msInNs]);
});

Deno.test("a tenth of a wait spoils it; what no time would have helped stays as it is", () => {
  const late = (ms: number) => meterOf([[0, ms]]).lateness;
  assert(!maySpoil(late(999), 10_000));
  assert(maySpoil(late(1000), 10_000));
  assert(maySpoil(late(100), 1000));
  assert(!maySpoil(late(60_000), undefined));
  assert(!maySpoil(undefined, 10_000));
});

/** A latency of 800 ms, over links of 100 ms. */
const delay = (...waits: Waits) => delayMs(meterOf(waits).lateness, 800, 100);

Deno.test("a single stop adds to a latency no more than it lasted", () => {
  assertEquals(delay([1000, 1050]), 50);
  assertEquals(delay([0, 20], [5000, 5030]), 30);
  // Both may have been in the way of the same value.
  assertEquals(delay([5000, 5020], [5500, 5530]), 50);
});

Deno.test("many short waits add no more than one for each message on the way", () => {
  const waits = Array.from({ length: 500 }, (_, i) => [i * 8, i * 8 + 12]);
  // Something is always late, and a value passes ten places at most.
  assertEquals(delay(...waits as [number, number][]), 10 * 12);
  // Without a latency there is no telling how many they were.
  const { lateness } = meterOf(waits as [number, number][]);
  assertEquals(delayMs(lateness, 800, 0), 800);
});

Deno.test("a latency has never more than itself from lateness, and what covers it all takes it all", () => {
  const latencies = fc.nat(2000);
  fc.assert(
    fc.property(someWaits, latencies, fc.nat(200), (waits, ms, linkMs) => {
      const { lateness } = meterOf(waits);
      const delay = delayMs(lateness, ms, linkMs);
      assert(0 <= delay && delay <= ms, `${delay}`);
      assert(delayMs(lateness, ms + 1, 0) >= delayMs(lateness, ms, 0));
    }),
    cases(),
  );
  assertEquals(delayMs(meterOf([[0, 9000]]).lateness, 800, 100), 800);
});

Deno.test("no stretch of time holds more than is found", () => {
  const within = ({ spans }: Lateness, fromMs: number, toMs: number) =>
    spans.reduce((sum, [from, to]) =>
      sum + Math.max(
        0,
        Math.min(to / msInNs, toMs) - Math.max(from / msInNs, fromMs),
      ), 0);
  fc.assert(
    fc.property(
      someWaits,
      fc.nat(12_000),
      fc.integer({ min: 1, max: 3000 }),
      (waits, fromMs, lengthMs) => {
        const { lateness } = meterOf(waits);
        const covered = within(lateness, fromMs, fromMs + lengthMs);
        assert(covered <= delayMs(lateness, lengthMs, 0) + 1e-6);
      },
    ),
    cases(),
  );
});

Deno.test("it is told in words, in the unit that people would use", () => {
  const max = (maxMessageMs: number, maxTimerMs = 0) => ({
    maxMessageMs,
    maxTimerMs,
  });
  assertEquals(tellLateness(max(9012)), "messages were up to 9 s late");
  assertEquals(tellLateness(max(1240)), "messages were up to 1.2 s late");
  assertEquals(tellLateness(max(228.4)), "messages were up to 228 ms late");
  assertEquals(tellLateness(max(10, 120_000)), "timers were up to 120 s late");
  assertEquals(
    blame(max(9000), "3 of 9 values were lost"),
    "this machine couldn't keep up: messages were up to 9 s late. That may be why 3 of 9 values were lost",
  );
});
