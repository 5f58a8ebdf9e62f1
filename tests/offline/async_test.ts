/**
 * What the stand-in for `@std/async` promises.
 *
 * @module
 */

import {
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
  assertThrows,
} from "../../lib/offline/assert.ts";
import {
  abortable,
  deadline,
  delay,
  pooledMap,
} from "../../lib/offline/async.ts";

/** A promise that never settles. */
const never = () => new Promise<never>(() => {});

Deno.test("delay resolves after the time, not before", async () => {
  const begin = performance.now();
  await delay(20);
  assertGreaterOrEqual(performance.now() - begin, 19);
});

Deno.test({
  name: "delay rejects with the signal's reason, at once if it has one",
  sanitizeOps: true, // it leaves no timer behind
  async fn() {
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = delay(60_000, { signal });
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    await assertRejects(() => delay(0, { signal }), Error, "enough");
  },
});

Deno.test("delay of more than 2^31 ms does not end at once", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = delay(2 ** 31, { signal }).catch(() => "aborted");
  assertEquals(await Promise.race([waiting, delay(20)]), undefined);
  controller.abort();
  assertEquals(await waiting, "aborted");
});

Deno.test({
  name: "delay that is not persistent does not keep the process alive",
  permissions: { run: true, read: true },
  async fn() {
    const module = new URL("../../lib/offline/async.ts", import.meta.url);
    const code = `import { delay } from ${JSON.stringify(module)};
      console.log("begin");
      delay(10_000, { persistent: false });`;
    const begin = performance.now();
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", "--quiet", code],
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "begin\n");
    assertGreaterOrEqual(8_000, performance.now() - begin);
  },
});

Deno.test("deadline passes on what the promise settles to in time", async () => {
  assertEquals(await deadline(Promise.resolve(1), 1000), 1);
  await assertRejects(
    () => deadline(Promise.reject(new Error("no")), 1000),
    Error,
    "no",
  );
});

Deno.test("deadline rejects with a TimeoutError after the time", async () => {
  // The timer of a deadline keeps no process alive; this one does.
  const alive = setTimeout(() => {}, 60_000);
  const error = await assertRejects(() => deadline(never(), 10), DOMException);
  clearTimeout(alive);
  assertEquals(error.name, "TimeoutError");
});

Deno.test("deadline rejects with the signal's reason", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = deadline(never(), Infinity, { signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
});

Deno.test("abortable passes on a promise until the signal is aborted", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  const waiting = abortable(never(), signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => abortable(never(), signal), Error, "enough");
});

Deno.test("abortable passes on an iterable until the signal is aborted", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const seen: number[] = [];
  let closed = false;
  async function* source() {
    try {
      yield 1;
      yield 2;
      yield 3;
    } finally {
      closed = true;
    }
  }
  assertEquals(await Array.fromAsync(abortable(source(), signal)), [1, 2, 3]);
  closed = false;
  await assertRejects(
    async () => {
      for await (const item of abortable(source(), signal)) {
        seen.push(item);
        if (item === 2) controller.abort(new Error("enough"));
      }
    },
    Error,
    "enough",
  );
  assertEquals(seen, [1, 2]);
  assertEquals(closed, true);
});

Deno.test("pooledMap gives results in the items' order", async () => {
  const results = pooledMap(3, [30, 1, 10], async (ms) => {
    await delay(ms);
    return ms;
  });
  assertEquals(await Array.fromAsync(results), [30, 1, 10]);
});

Deno.test("pooledMap runs as many calls at a time as allowed, no more", async () => {
  let running = 0;
  let most = 0;
  async function* items() {
    for (let i = 0; i < 10; i++) yield i;
  }
  const results = pooledMap(3, items(), async (i) => {
    most = Math.max(most, ++running);
    await delay(2);
    running--;
    return i;
  });
  assertEquals((await Array.fromAsync(results)).length, 10);
  assertEquals(most, 3);
});

Deno.test("pooledMap begins before its results are asked for", async () => {
  let begun = 0;
  const results = pooledMap(2, [1, 2, 3], (i) => Promise.resolve(begun = i));
  await delay(5);
  assertEquals(begun, 3);
  assertEquals(await Array.fromAsync(results), [1, 2, 3]);
});

Deno.test("pooledMap ends with all failures after the last result", async () => {
  const begun: number[] = [];
  const seen: number[] = [];
  const results = pooledMap(3, [1, 2, 3, 4, 5], async (i) => {
    begun.push(i);
    await delay(i * 5);
    if (i === 1 || i === 2) throw new Error(`no ${i}`);
    return i;
  });
  const error = await assertRejects(async () => {
    for await (const result of results) seen.push(result);
  }, AggregateError);
  assertEquals(error.errors.map((each) => each.message), ["no 1", "no 2"]);
  assertEquals(begun, [1, 2, 3]);
  assertEquals(seen, [3]);
});

Deno.test("pooledMap refuses a limit that is no positive integer", () => {
  for (const limit of [0, -1, 1.5, NaN]) {
    assertThrows(() => pooledMap(limit, [], never), RangeError);
  }
});
