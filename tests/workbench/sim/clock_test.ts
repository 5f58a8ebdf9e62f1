/**
 * Time: in which order events happen, and when.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import {
  type Clock,
  msInNs,
  secondInNs,
  VirtualClock,
  WallClock,
} from "../../../lib/workbench/sim/clock.ts";
import { some } from "../../some.ts";
import { cases } from "../helpers.ts";

const dayNs = 86_400 * secondInNs;

/** Drives a clock up to a time. */
function passUntil(clock: Clock, timeNs: number): Promise<void> {
  return clock.drive(clock.sleepUntil(timeNs));
}

Deno.test("virtual clock: begins at 0", () => {
  assertStrictEquals(new VirtualClock().nowNs, 0);
});

Deno.test("virtual clock: events happen in order of time, those of one time in order of scheduling", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 40 }), async (times) => {
      const clock = new VirtualClock();
      const happened: { timeNs: number; place: number; nowNs: number }[] = [];
      for (const [place, timeNs] of times.entries()) {
        clock.at(
          timeNs,
          () => happened.push({ timeNs, place, nowNs: clock.nowNs }),
        );
      }
      await passUntil(clock, 10);
      const expected = times
        .map((timeNs, place) => ({ timeNs, place, nowNs: timeNs }))
        .sort((a, b) => a.timeNs - b.timeNs || a.place - b.place);
      assertEquals(happened, expected);
    }),
    cases(50),
  );
});

Deno.test("virtual clock: an event's time is the clock's time while it happens", async () => {
  const clock = new VirtualClock();
  let seenNs = -1;
  clock.after(7, () => clock.after(5, () => seenNs = clock.nowNs));
  await passUntil(clock, 100);
  assertStrictEquals(seenNs, 12);
  assertStrictEquals(clock.nowNs, 100);
});

Deno.test("virtual clock: a time that has passed means now, after what is due now", async () => {
  const clock = new VirtualClock();
  const happened: string[] = [];
  clock.at(50, () => {
    clock.at(50, () => happened.push(`now@${clock.nowNs}`));
    clock.at(10, () => happened.push(`past@${clock.nowNs}`));
  });
  await passUntil(clock, 60);
  assertEquals(happened, ["now@50", "past@50"]);
});

Deno.test("virtual clock: times are rounded to whole nanoseconds", async () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  clock.at(1.4, () => seen.push(clock.nowNs));
  clock.at(1.6, () => seen.push(clock.nowNs));
  await passUntil(clock, 3);
  assertEquals(seen, [1, 2]);
});

Deno.test("virtual clock: an event that was taken back never happens", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(5), fc.boolean()), { maxLength: 30 }),
      async (events) => {
        const clock = new VirtualClock();
        const happened: number[] = [];
        for (const [place, [timeNs, takenBack]] of events.entries()) {
          const cancel = clock.at(timeNs, () => happened.push(place));
          if (takenBack) cancel();
        }
        await passUntil(clock, 10);
        const expected = [...events.entries()]
          .filter(([, [, takenBack]]) => !takenBack)
          .sort(([a, [s]], [b, [t]]) => s - t || a - b)
          .map(([place]) => place);
        assertEquals(happened, expected);
      },
    ),
    cases(50),
  );
});

Deno.test("virtual clock: an event can be taken back by another of the same time", async () => {
  const clock = new VirtualClock();
  const happened: string[] = [];
  clock.at(5, () => {
    happened.push("first");
    cancel();
  });
  const cancel = clock.at(5, () => happened.push("second"));
  await passUntil(clock, 10);
  assertEquals(happened, ["first"]);
});

Deno.test("virtual clock: taking back what has happened does nothing", async () => {
  const clock = new VirtualClock();
  let count = 0;
  const cancel = clock.at(5, () => count++);
  await passUntil(clock, 6);
  cancel();
  await passUntil(clock, 10);
  assertStrictEquals(count, 1);
});

Deno.test("virtual clock: a day takes no time", async () => {
  const clock = new VirtualClock();
  await passUntil(clock, dayNs);
  assertStrictEquals(clock.nowNs, dayNs);
});

Deno.test("virtual clock: events that nothing waits for don't happen", async () => {
  const clock = new VirtualClock();
  let happened = false;
  clock.at(20, () => happened = true);
  await passUntil(clock, 10);
  assertStrictEquals(clock.nowNs, 10);
  assert(!happened);
});

Deno.test("virtual clock: promises of any depth come to rest before time goes on", async () => {
  const clock = new VirtualClock();
  let seenNs = -1;
  clock.at(5, async () => {
    for (let depth = 0; depth < 1000; depth++) await Promise.resolve();
    seenNs = clock.nowNs;
  });
  clock.at(6, () => {});
  await passUntil(clock, 10);
  assertStrictEquals(seenNs, 5);
});

Deno.test("virtual clock: what promises schedule at once still comes in time", async () => {
  const clock = new VirtualClock();
  const happened: string[] = [];
  clock.at(5, async () => {
    await Promise.resolve().then(() => Promise.resolve());
    clock.after(1, () => happened.push(`late@${clock.nowNs}`));
  });
  clock.at(7, () => happened.push(`later@${clock.nowNs}`));
  await passUntil(clock, 10);
  assertEquals(happened, ["late@6", "later@7"]);
});

Deno.test("virtual clock: drive gives what the promise came to", async () => {
  const clock = new VirtualClock();
  const value = clock.sleepUntil(5).then(() => "done");
  assertStrictEquals(await clock.drive(value), "done");
});

Deno.test("virtual clock: drive rejects as the promise does", async () => {
  const clock = new VirtualClock();
  const failing = clock.sleepUntil(5).then(() => {
    throw new TypeError("on purpose");
  });
  await assertRejects(() => clock.drive(failing), TypeError, "on purpose");
  assertStrictEquals(clock.nowNs, 5);
});

Deno.test("virtual clock: a settled promise lets nothing happen", async () => {
  const clock = new VirtualClock();
  let happened = false;
  clock.at(0, () => happened = true);
  await clock.drive(Promise.resolve());
  assert(!happened);
});

Deno.test("virtual clock: a run that waits for what can't happen says that it is stuck", async () => {
  const clock = new VirtualClock();
  clock.at(5, () => {});
  clock.at(6, () => {})(); // was taken back
  await assertRejects(
    () => clock.drive(new Promise(() => {})),
    Error,
    "The run is stuck",
  );
  assertStrictEquals(clock.nowNs, 5);
});

Deno.test("wall clock: goes on by itself, in nanoseconds", async () => {
  const clock = new WallClock();
  const startMs = performance.now();
  const { nowNs } = clock;
  assert(Number.isInteger(nowNs));
  await passUntil(clock, nowNs + 20 * msInNs);
  const passedNs = clock.nowNs - nowNs;
  assertGreaterOrEqual(passedNs, 20 * msInNs);
  assertLess(passedNs / msInNs, performance.now() - startMs + 1);
});

Deno.test("wall clock: events happen in order, and not early", async () => {
  const clock = new WallClock();
  const delaysMs = [30, 0, 5, 12, 5, 12.5, 1];
  const happened: number[] = [];
  const earlyNs: number[] = [];
  const startNs = clock.nowNs;
  for (const delayMs of delaysMs) {
    const dueNs = startNs + delayMs * msInNs;
    clock.at(dueNs, () => {
      happened.push(delayMs);
      if (clock.nowNs < dueNs) earlyNs.push(dueNs - clock.nowNs);
    });
  }
  await passUntil(clock, startNs + 31 * msInNs);
  assertEquals(happened, delaysMs.toSorted((a, b) => a - b));
  assertEquals(earlyNs, []);
});

Deno.test("wall clock: an event that was taken back never happens", async () => {
  const clock = new WallClock();
  let happened = false;
  clock.after(5 * msInNs, () => happened = true)();
  await passUntil(clock, clock.nowNs + 15 * msInNs);
  assert(!happened);
});

Deno.test("wall clock: an event scheduled from outside wakes it", async () => {
  const clock = new WallClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  // Not woken, it would come to it only after that.
  const cancel = clock.after(3600 * secondInNs, () => {});
  setTimeout(() => clock.after(0, resolve), 10);
  await clock.drive(promise);
  cancel();
});

Deno.test("wall clock: waits for what comes from outside even with nothing scheduled", async () => {
  const clock = new WallClock();
  const { promise, resolve } = Promise.withResolvers<string>();
  setTimeout(() => resolve("came"), 10);
  assertStrictEquals(await clock.drive(promise), "came");
});

Deno.test("wall clock: drive rejects as the promise does", async () => {
  const clock = new WallClock();
  const failing = clock.sleepUntil(clock.nowNs + msInNs).then(() => {
    throw new TypeError("on purpose");
  });
  await assertRejects(() => clock.drive(failing), TypeError, "on purpose");
});

/** A machine's time, and a way to lose some of it. */
function losingTime() {
  let lostMs = 0;
  return {
    look: () => performance.now() + lostMs,
    lose: (ms: number) => lostMs += ms,
  };
}

Deno.test("wall clock: knows how late it was, when something kept it from its events", async () => {
  const time = losingTime();
  const clock = new WallClock(time.look);
  clock.at(10 * msInNs, () => time.lose(5000));
  await passUntil(clock, 1000 * msInNs);
  const { maxTimerMs, spans } = clock.meter.lateness;
  // It looked at nothing for all that time, not just from the second event on.
  assertGreaterOrEqual(maxTimerMs, 5000);
  const [[fromNs, toNs]] = some(spans.slice(-1));
  assertLess(fromNs, 1000 * msInNs);
  assertGreaterOrEqual(toNs, 5010 * msInNs);
});

Deno.test("wall clock: events that wait for each other are late, too", async () => {
  const time = losingTime();
  const clock = new WallClock(time.look);
  for (let i = 0; i < 100; i++) clock.at(5 * msInNs, () => time.lose(3));
  await passUntil(clock, 200 * msInNs);
  assertGreaterOrEqual(clock.meter.lateness.maxTimerMs, 99 * 3);
});

Deno.test("wall clock: knows that it was kept from looking, though nothing was due", async () => {
  const time = losingTime();
  const clock = new WallClock(time.look);
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(() => {
    time.lose(700);
    resolve();
  }, 5);
  await clock.drive(promise.then(() => clock.sleepUntil(clock.nowNs + 1)));
  assertGreaterOrEqual(clock.meter.lateness.maxTimerMs, 600);
});

Deno.test("virtual clock: has nothing to measure", () => {
  assertStrictEquals(new VirtualClock().meter, undefined);
});
