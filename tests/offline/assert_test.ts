/**
 * The promises of the stand-in for `@std/assert`. Failures are observed without
 * its own `assertThrows`, which is one of the things tested.
 *
 * @module
 */

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "../../lib/offline/assert.ts";

/** The message of the assertion that fails in `fn`. */
function messageOf(fn: () => void): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error(`no assertion failed in ${fn}`);
}

/** Throws unless the message of what fails in `fn` has all these parts. */
function failsWith(fn: () => void, ...parts: string[]) {
  const message = messageOf(fn);
  for (const part of parts) {
    if (!message.includes(part)) throw new Error(`no "${part}" in: ${message}`);
  }
}

/** Throws unless `equal` says so of the two, both ways round. */
function isEqual(expected: boolean, a: unknown, b: unknown) {
  if (equal(a, b) !== expected || equal(b, a) !== expected) {
    throw new Error(`${Deno.inspect(a)}, ${Deno.inspect(b)}: not ${expected}`);
  }
}

Deno.test("AssertionError is an Error of that name, with a cause", () => {
  const error = new AssertionError("no", { cause: 1 });
  assert(error instanceof Error);
  assertEquals(`${error}`, "AssertionError: no");
  assertEquals(error.cause, 1);
});

Deno.test("assert fails on what is falsy, with msg as the message", () => {
  const value: string | undefined = "a" as string | undefined;
  assert(value);
  assertEquals(value.length, 1); // compiles: it is a string by now
  for (const falsy of [0, "", null, undefined, false, NaN]) {
    assertEquals(messageOf(() => assert(falsy, "why")), "why");
  }
});

Deno.test("assertFalse fails on what is truthy", () => {
  assertFalse(0);
  assertEquals(messageOf(() => assertFalse([], "why")), "why");
});

Deno.test("fail and unreachable always fail", () => {
  assertEquals(messageOf(() => fail()), "Failed assertion.");
  assertEquals(messageOf(() => fail("why")), "Failed assertion: why");
  assertEquals(messageOf(() => unreachable()), "Unreachable.");
  assertEquals(messageOf(() => unreachable("why")), "Unreachable: why");
});

Deno.test("equal compares primitives as Object.is, but 0 equals -0", () => {
  isEqual(true, NaN, NaN);
  isEqual(true, 0, -0);
  isEqual(true, Symbol.iterator, Symbol.iterator);
  isEqual(false, Symbol("a"), Symbol("a"));
  isEqual(false, 1, "1");
  isEqual(false, 1, 1n);
  isEqual(false, null, undefined);
  isEqual(false, {}, null);
});

Deno.test("equal compares objects and arrays in depth", () => {
  isEqual(true, { a: [1, { b: NaN }] }, { a: [1, { b: NaN }] });
  isEqual(false, { a: [1, { b: 2 }] }, { a: [1, { b: 3 }] });
  isEqual(true, { a: 1, b: 2 }, { b: 2, a: 1 });
  isEqual(false, [1, 2], [2, 1]);
  isEqual(false, [1], { 0: 1 });
  isEqual(true, Object.create(null), {});
});

Deno.test("equal tells an undefined property from a missing one", () => {
  isEqual(true, { a: undefined }, { a: undefined });
  isEqual(false, { a: undefined }, {});
  isEqual(false, { a: undefined }, { b: undefined });
});

Deno.test("equal compares properties under symbols", () => {
  const key = Symbol();
  isEqual(true, { [key]: 1 }, { [key]: 1 });
  isEqual(false, { [key]: 1 }, { [key]: 2 });
});

Deno.test("equal compares functions by identity", () => {
  isEqual(true, isEqual, isEqual);
  isEqual(false, () => 1, () => 1);
});

Deno.test("equal compares maps in depth, keys too, in any order", () => {
  isEqual(true, new Map([[1, {}], [2, {}]]), new Map([[2, {}], [1, {}]]));
  isEqual(true, new Map([[{ a: 1 }, 2]]), new Map([[{ a: 1 }, 2]]));
  isEqual(false, new Map([[{ a: 1 }, 2]]), new Map([[{ a: 1 }, 3]]));
  isEqual(false, new Map([[1, 2]]), new Map([[1, 3]]));
  isEqual(false, new Map([[1, undefined]]), new Map([[2, undefined]]));
  isEqual(false, new Map(), new Set());
});

Deno.test("equal compares sets in depth, in any order", () => {
  isEqual(true, new Set([1, 2, NaN]), new Set([NaN, 2, 1]));
  isEqual(true, new Set([{ a: 1 }, [2]]), new Set([[2], { a: 1 }]));
  isEqual(false, new Set([{ a: 1 }]), new Set([{ a: 2 }]));
  isEqual(false, new Set([1]), new Set([1, 2]));
});

Deno.test("equal compares dates, patterns and URLs by what they say", () => {
  isEqual(true, new Date(1), new Date(1));
  isEqual(false, new Date(1), new Date(2));
  isEqual(true, new Date(NaN), new Date(NaN));
  isEqual(true, /a/g, /a/g);
  isEqual(false, /a/g, /a/i);
  isEqual(false, new URL("http://a"), new URL("http://b"));
});

Deno.test("equal compares bytes, and tells apart their kinds", () => {
  isEqual(true, new Uint8Array([1, 2]), new Uint8Array([1, 2]));
  isEqual(false, new Uint8Array([1, 2]), new Uint8Array([1, 3]));
  isEqual(false, new Uint8Array([1]), new Uint8Array([1, 0]));
  isEqual(false, new Uint8Array([1]), new Int8Array([1]));
  isEqual(true, new Float64Array([NaN]), new Float64Array([NaN]));
  isEqual(false, new ArrayBuffer(1), new ArrayBuffer(2));
  isEqual(false, new Uint8Array([1]).buffer, new Uint8Array([2]).buffer);
});

Deno.test("equal tells apart instances of different classes", () => {
  class A {
    constructor(readonly a: number) {}
  }
  class B extends A {}
  isEqual(true, new A(1), new A(1));
  isEqual(false, new A(1), new A(2));
  isEqual(false, new A(1), new B(1));
  isEqual(false, new A(1), { a: 1 });
});

Deno.test("equal compares cyclic objects", () => {
  const cycle = (last: number) => {
    const object: Record<string, unknown> = { list: [last] };
    object.self = object;
    return object;
  };
  isEqual(true, cycle(1), cycle(1));
  isEqual(false, cycle(1), cycle(2));
});

Deno.test("equal refuses what can't be looked into", () => {
  assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError);
  assertThrows(() => equal(new WeakSet(), new WeakSet()), TypeError);
});

Deno.test("assertEquals shows the lines that differ, and msg", () => {
  assertEquals({ a: 1 }, { a: 1 });
  failsWith(
    () => assertEquals({ a: 1, b: 2 }, { a: 1, b: 3 }, "why"),
    "Values are not equal: why",
    "    a: 1,",
    "-     b: 2,",
    "+     b: 3,",
  );
  failsWith(() => assertEquals("x\ny", "x\nz"), "Values are not equal.", "z");
});

Deno.test("assertNotEquals fails on what is equal", () => {
  assertNotEquals<unknown>(1, "1");
  failsWith(() => assertNotEquals([1], [1], "why"), "not to be", ": why");
});

Deno.test("assertStrictEquals compares by identity", () => {
  const list = [1] as unknown;
  assertStrictEquals(list, list as number[]);
  assertEquals(list.length, 1); // compiles: it is an array by now
  assertStrictEquals(NaN, NaN);
  failsWith(() => assertStrictEquals([1], [1]), "not reference-equal.");
  failsWith(() => assertStrictEquals(0, -0, "why"), "not strictly equal: why");
});

Deno.test("assertAlmostEquals allows a tolerance, a ten-millionth by default", () => {
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(1, 1.05, 0.1);
  assertAlmostEquals(Infinity, Infinity);
  failsWith(() => assertAlmostEquals(1, 1.000001), "1.000001");
  failsWith(() => assertAlmostEquals(1, 1.2, 0.1, "why"), ": why");
  messageOf(() => assertAlmostEquals(1, NaN));
});

Deno.test("assertGreater, -OrEqual, assertLess, -OrEqual compare", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual("b", "b");
  assertLess(1n, 2n);
  assertLessOrEqual(1, 1);
  assertEquals(messageOf(() => assertGreater(1, 1)), "Expect 1 > 1");
  assertEquals(messageOf(() => assertGreaterOrEqual(1, 2)), "Expect 1 >= 2");
  assertEquals(messageOf(() => assertLess(1, 1)), "Expect 1 < 1");
  assertEquals(messageOf(() => assertLessOrEqual(2, 1)), "Expect 2 <= 1");
  assertEquals(messageOf(() => assertLess(NaN, 1, "why")), "why");
});

Deno.test("assertExists fails on null and undefined only", () => {
  const value = 0 as number | undefined;
  assertExists(value);
  assertEquals(value + 1, 1); // compiles: it is a number by now
  failsWith(() => assertExists(null), "null");
  failsWith(() => assertExists(undefined, "why"), "undefined", ": why");
});

Deno.test("assertInstanceOf fails on instances of other classes", () => {
  const value: unknown = new TypeError("a");
  assertInstanceOf(value, Error);
  assertEquals(value.message, "a"); // compiles: it is an Error by now
  failsWith(() => assertInstanceOf(new Map(), Set), '"Set"', '"Map"');
  failsWith(() => assertInstanceOf(null, Set, "why"), '"null"', ": why");
});

Deno.test("assertMatch and assertNotMatch search for a pattern", () => {
  assertMatch("abc", /b/);
  assertNotMatch("abc", /d/);
  failsWith(() => assertMatch("abc", /d/, "why"), "abc", "/d/", ": why");
  failsWith(() => assertNotMatch("abc", /b/, "why"), "abc", "/b/", ": why");
});

Deno.test("assertStringIncludes searches for a text", () => {
  assertStringIncludes("abc", "bc");
  failsWith(() => assertStringIncludes("abc", "d", "why"), "abc", "d", ": why");
});

Deno.test("assertArrayIncludes searches for equal elements, in any order", () => {
  assertArrayIncludes([1, NaN, { a: 1 }], [{ a: 1 }, NaN]);
  assertArrayIncludes(new Uint8Array([1, 2]), new Uint8Array([2]));
  failsWith(
    () => assertArrayIncludes([1, 2], [2, 3], "why"),
    ": why",
    "missing: [\n  3,\n]",
  );
});

Deno.test("assertObjectMatch compares only what is expected, in depth", () => {
  class Point {
    constructor(readonly x: number, readonly y: number) {}
  }
  const actual = {
    a: 1,
    list: [{ b: 2, c: 3 }, 4],
    when: new Date(1),
    map: new Map([["k", 1], ["l", 2]]),
    set: new Set([1, 2]),
    point: new Point(1, 2),
  };
  assertObjectMatch(actual, { a: 1 });
  assertObjectMatch(actual, { list: [{ b: 2 }] });
  assertObjectMatch(actual, { map: new Map([["k", 1]]), set: new Set([2]) });
  assertObjectMatch(actual, { point: { x: 1 } });
  failsWith(() => assertObjectMatch(actual, { a: 2 }, "why"), ": why", "2");
  messageOf(() => assertObjectMatch(actual, { z: 1 }));
  messageOf(() => assertObjectMatch(actual, { list: [{ b: 3 }] }));
  messageOf(() => assertObjectMatch(actual, { when: new Date(2) }));
  messageOf(() => assertObjectMatch(actual, { map: new Map([["m", 1]]) }));
  messageOf(() => assertObjectMatch(actual, { set: new Set([3]) }));
  messageOf(() => assertObjectMatch(actual, { point: { x: 2 } }));
});

Deno.test("assertObjectMatch copes with cyclic objects", () => {
  const cycle = (a: number) => {
    const object: Record<string, unknown> = { a };
    object.self = object;
    return object;
  };
  assertObjectMatch(cycle(1), cycle(1));
  messageOf(() => assertObjectMatch(cycle(1), cycle(2)));
});

Deno.test("assertThrows returns what was thrown, if it is as expected", () => {
  const thrower = () => {
    throw new TypeError("the reason");
  };
  const error = assertThrows(thrower, TypeError, "reason");
  assertEquals(error.message, "the reason"); // compiles: it is a TypeError
  assertEquals(
    assertThrows(() => {
      throw 1;
    }),
    1,
  );
  failsWith(() => assertThrows(() => 1, "why"), "to throw: why");
  failsWith(() => assertThrows(thrower, RangeError), "RangeError", "TypeError");
  failsWith(
    () => assertThrows(thrower, Error, "other", "why"),
    '"other"',
    '"the reason"',
    ": why",
  );
  failsWith(() =>
    assertThrows(() => {
      throw "text";
    }, Error), "A non-Error object was thrown.");
});

Deno.test("assertThrows ignores colours in messages", () => {
  assertThrows(
    () => {
      throw new Error("\x1b[31mred\x1b[0m text");
    },
    Error,
    "red text",
  );
});

Deno.test("assertRejects resolves to the reason, if it is as expected", async () => {
  const rejecter = () => Promise.reject(new TypeError("the reason"));
  const error = await assertRejects(rejecter, TypeError, "reason");
  assertEquals(error.message, "the reason"); // compiles: it is a TypeError
  assertEquals(await assertRejects(() => Promise.reject(1)), 1);

  const message = async (promise: Promise<unknown>) =>
    (await assertRejects(() => promise, AssertionError)).message;
  assertEquals(
    await message(assertRejects(() => Promise.resolve(), "why")),
    "Expected function to reject: why",
  );
  assertStringIncludes(
    await message(assertRejects(rejecter, RangeError)),
    "RangeError",
  );
  assertStringIncludes(
    await message(assertRejects(rejecter, Error, "other")),
    '"other"',
  );
  assertEquals(
    await message(assertRejects(() => Promise.reject("text"), Error)),
    "A non-Error object was rejected.",
  );
});

Deno.test("assertRejects fails if the function throws at once", async () => {
  const error = await assertRejects(
    () =>
      assertRejects(() => {
        throw new Error("sync");
      }),
    AssertionError,
  );
  assertEquals(error.message, "Function throws when expected to reject.");
});
