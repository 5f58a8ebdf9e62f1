/**
 * The promises of the stand-in for `@std/async`.
 *
 * @module
 */

import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../../lib/offline/assert.ts";
import { debounce, pooledMap } from "../../lib/offline/async.ts";

/** Calls that end when the test says so. */
function calls() {
  const open = new Map<number, PromiseWithResolvers<number>>();
  const begun: number[] = [];
  return {
    begun,
    call(i: number): Promise<number> {
      begun.push(i);
      const end = Promise.withResolvers<number>();
      open.set(i, end);
      return end.promise;
    },
    /** Lets calls end, one after the other, and what follows from it happen. */
    async end(...ended: number[]) {
      for (const i of ended) {
        open.get(i)!.resolve(i);
        await settled();
      }
    },
    async fail(i: number) {
      open.get(i)!.reject(new Error(`no ${i}`));
      await settled();
    },
  };
}

/** Resolves once no promise has anything more to do. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("pooledMap gives results in the items' order", async () => {
  const { call, end } = calls();
  const results = Array.fromAsync(pooledMap(3, [1, 2, 3], call));
  await settled();
  await end(2, 3, 1);
  assertEquals(await results, [1, 2, 3]);
});

Deno.test("pooledMap runs as many calls at a time as allowed, no more", async () => {
  const { begun, call, end } = calls();
  async function* items() {
    for (let i = 0; i < 5; i++) yield i;
  }
  const results = Array.fromAsync(pooledMap(3, items(), call));
  await settled();
  assertEquals(begun, [0, 1, 2]);
  await end(1);
  assertEquals(begun, [0, 1, 2, 3]);
  await end(0, 2);
  assertEquals(begun, [0, 1, 2, 3, 4]);
  await end(3, 4);
  assertEquals(await results, [0, 1, 2, 3, 4]);
});

Deno.test("pooledMap begins before its results are asked for", async () => {
  let begun = 0;
  const results = pooledMap(2, [1, 2, 3], (i) => Promise.resolve(begun = i));
  await settled();
  assertEquals(begun, 3);
  assertEquals(await Array.fromAsync(results), [1, 2, 3]);
});

Deno.test("pooledMap ends with all failures after the last result", async () => {
  const { begun, call, end, fail } = calls();
  const seen: number[] = [];
  const ended = assertRejects(async () => {
    for await (const result of pooledMap(3, [1, 2, 3, 4, 5], call)) {
      seen.push(result);
    }
  }, AggregateError);
  await settled();
  await fail(1);
  await fail(2);
  await end(3);
  const error = await ended;
  assertEquals(error.errors.map((each) => each.message), ["no 1", "no 2"]);
  assertEquals(begun, [1, 2, 3]);
  assertEquals(seen, [3]);
});

Deno.test("pooledMap refuses a limit that is no positive integer", () => {
  for (const limit of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => pooledMap(limit, [1], () => Promise.resolve()),
      RangeError,
    );
  }
});

Deno.test("debounce calls once, with the last arguments, when it's quiet", async () => {
  const calls: number[] = [];
  const debounced = debounce((n: number) => void calls.push(n), 0);
  debounced(1);
  debounced(2);
  assertEquals([calls, debounced.pending], [[], true]);
  await settled();
  assertEquals([calls, debounced.pending], [[2], false]);
});

Deno.test("debounce can be cleared, and flushed", async () => {
  const calls: number[] = [];
  const debounced = debounce((n: number) => void calls.push(n), 0);
  debounced(1);
  debounced.clear();
  debounced.flush();
  await settled();
  assertEquals([calls, debounced.pending], [[], false]);
  debounced(2);
  debounced.flush();
  assertEquals([calls, debounced.pending], [[2], false]);
  await settled();
  assertEquals(calls, [2]);
});

Deno.test("debounce refuses a time that is no positive integer", () => {
  for (const wait of [-1, 1.5, NaN]) {
    assertThrows(() => debounce(() => {}, wait), RangeError);
  }
});
