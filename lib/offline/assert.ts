/**
 * Stand-in for what this project uses of `@std/assert`, for machines that
 * can't reach JSR: the assertions, `equal` and `AssertionError`.
 *
 * Every assertion takes a last argument `msg`, for the message of the
 * {@linkcode AssertionError} that it throws.
 *
 * @module
 */

import { stripVTControlCharacters } from "node:util";

/** The error that every assertion here throws. */
export class AssertionError extends Error {
  override name = "AssertionError";

  /** Makes one with a message, and the cause if there is one. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

// deno-lint-ignore no-explicit-any
type Class<T> = abstract new (...args: any[]) => T;
type Properties = Record<PropertyKey, unknown>;

function failWith(what: string, msg?: string, details = ""): never {
  throw new AssertionError(what + (msg ? `: ${msg}` : ".") + details);
}

/** Fails, always. */
export function fail(msg?: string): never {
  failWith("Failed assertion", msg);
}

/** Fails: for code that nothing should reach. */
export function unreachable(msg?: string): never {
  failWith("Unreachable", msg);
}

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** The values that {@linkcode assertFalse} lets pass. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails unless the two are equal in depth, as {@linkcode equal} tells. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  failWith("Values are not equal", msg, difference(actual, expected));
}

/** Fails if the two are equal in depth, as {@linkcode equal} tells. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  failWith(
    `Expected actual: ${show(actual)} not to be: ${show(expected)}`,
    msg,
  );
}

/** Fails unless the two are the same, as `Object.is` tells. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const what = show(actual) === show(expected)
    ? "Values have the same structure but are not reference-equal"
    : "Values are not strictly equal";
  failWith(what, msg, difference(actual, expected));
}

/** Fails unless the two numbers differ by at most `tolerance`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  if (delta <= tolerance) return;
  failWith(
    `Expected actual: "${actual}" to be close to "${expected}": ` +
      `delta "${delta}" is greater than "${tolerance}"`,
    msg,
  );
}

function failOrder(a: unknown, sign: string, b: unknown, msg?: string): never {
  throw new AssertionError(msg ?? `Expect ${show(a)} ${sign} ${show(b)}`);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) failOrder(actual, ">", expected, msg);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) failOrder(actual, ">=", expected, msg);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) failOrder(actual, "<", expected, msg);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) failOrder(actual, "<=", expected, msg);
}

/** Fails if `actual` is `null` or `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  failWith(`Expected actual: "${actual}" to not be null or undefined`, msg);
}

/** Fails unless `actual` is an instance of `expectedType`. */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const was = isObject(actual)
    ? actual.constructor?.name ?? "Object"
    : actual === null
    ? "null"
    : typeof actual;
  failWith(
    `Expected object to be an instance of "${expectedType.name}" but was "${was}"`,
    msg,
  );
}

/** Fails unless the pattern matches `actual`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  failWith(`Expected actual: "${actual}" to match: "${expected}"`, msg);
}

/** Fails if the pattern matches `actual`. */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) return;
  failWith(`Expected actual: "${actual}" to not match: "${expected}"`, msg);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  failWith(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

/** An array, typed array or the like, but not a string. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Fails unless `actual` has an equal of every element of `expected`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected)
    .filter((item) => !present.some((other) => equal(item, other)));
  if (missing.length === 0) return;
  failWith(
    `Expected actual: "${show(actual)}" to include: "${show(expected)}"`,
    msg,
    `\nmissing: ${show(missing)}`,
  );
}

/** Fails unless `actual` has all that `expected` has, in depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  // Both sides go through the same filter, so that a class instance equals a
  // plain object with the same properties.
  assertEquals(
    commonProperties(actual, expected, new WeakMap()),
    commonProperties(expected, expected, new WeakMap()),
    msg,
  );
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws such an error; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: Class<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  if (typeof classOrMsg === "string") msg = classOrMsg;
  try {
    fn();
  } catch (error) {
    checkError(error, "thrown", classOrMsg, msgIncludes, msg);
    return error;
  }
  failWith("Expected function to throw", msg);
}

/** Fails unless the promise of `fn` rejects; resolves to the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Fails unless the promise of `fn` rejects with such an error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Class<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: Class<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  if (typeof classOrMsg === "string") msg = classOrMsg;
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch { /* Reported below: it is no promise either. */ }
  if (!isObject(promise) || typeof promise.then !== "function") {
    failWith("Function throws when expected to reject", msg);
  }
  try {
    await promise;
  } catch (error) {
    checkError(error, "rejected", classOrMsg, msgIncludes, msg);
    return error;
  }
  failWith("Expected function to reject", msg);
}

/** Fails unless the error is what `assertThrows` was told to expect. */
function checkError(
  error: unknown,
  how: string,
  expected: Class<Error> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
) {
  if (expected === undefined || typeof expected === "string") return;
  if (!(error instanceof Error)) {
    failWith(`A non-Error object was ${how}`, msg);
  }
  if (!(error instanceof expected)) {
    failWith(
      `Expected error to be instance of "${expected.name}", ` +
        `but was "${(error as Error).constructor?.name}"`,
      msg,
    );
  }
  const plain = stripVTControlCharacters;
  if (msgIncludes && !plain(error.message).includes(plain(msgIncludes))) {
    failWith(
      `Expected error message to include ${JSON.stringify(msgIncludes)}, ` +
        `but got ${JSON.stringify(error.message)}`,
      msg,
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The prototypes of what is equal if it reads the same as text. */
const TEXTUAL = new Set<unknown>(
  [
    RegExp,
    URL,
    URLSearchParams,
    Intl.Locale,
    // All of its classes, which are not enumerable.
    ...Object.values(
      Object.getOwnPropertyDescriptors(globalThis.Temporal ?? {}),
    )
      .map(({ value }) => value),
  ].map((each) => each.prototype),
);

/**
 * Tells whether two values are equal in depth: of the same class, with equal
 * contents. `NaN` equals itself, `0` equals `-0`, and a property that is
 * `undefined` differs from one that is not there.
 */
export function equal(a: unknown, b: unknown): boolean {
  return equalInDepth(a, b, new Map());
}

/** `compared` holds the pairs met on the way here, for cyclic objects. */
function equalInDepth(
  a: unknown,
  b: unknown,
  compared: Map<unknown, unknown>,
): boolean {
  const same = (a: unknown, b: unknown) => equalInDepth(a, b, compared);

  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  const prototype = Object.getPrototypeOf(a);
  if (
    (prototype ?? Object.prototype) !==
      (Object.getPrototypeOf(b) ?? Object.prototype)
  ) return false;

  if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
    const [x, y] = [a, b] as unknown as [unknown[], unknown[]];
    return x.length === y.length && x.every((each, i) => same(each, y[i]));
  }
  if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
    return same(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  }
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef) {
    return same(a.deref(), (b as WeakRef<WeakKey>).deref());
  }
  if (compared.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  compared.set(a, b);

  if (a instanceof Map || a instanceof Set) {
    return equalEntries(a, b as typeof a, same);
  }
  if (TEXTUAL.has(prototype)) return String(a) === String(b);
  const keys = [null, Object.prototype, Array.prototype].includes(prototype)
    ? Reflect.ownKeys({ ...a, ...b })
    : [...allKeys(a), ...allKeys(b)];
  return keys.every((key) =>
    key in a === key in b && same(Reflect.get(a, key), Reflect.get(b, key))
  );
}

/** Tells whether each entry of one map or set has its equal in the other. */
function equalEntries(
  a: Map<unknown, unknown> | Set<unknown>,
  b: Map<unknown, unknown> | Set<unknown>,
  same: (a: unknown, b: unknown) => boolean,
): boolean {
  return a.size === b.size &&
    [...a.entries()].every(([key, value]) =>
      isObject(key)
        ? [...b.entries()].some(([k, v]) => same(key, k) && same(value, v))
        : b.has(key) && (b instanceof Set || same(value, b.get(key)))
    );
}

/** An object's property names, hidden ones and those of its class too. */
function allKeys(object: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>();
  while (
    object && object !== Object.prototype && object !== Array.prototype
  ) {
    for (const key of Reflect.ownKeys(object)) keys.add(key);
    object = Object.getPrototypeOf(object);
  }
  return keys;
}

/** The properties of `a` that `b` has too, cut down likewise, in depth. */
function commonProperties(
  a: object,
  b: object,
  seen: WeakMap<object, object>,
): Properties {
  if (!isObject(a)) {
    throw new TypeError(`Cannot assertObjectMatch ${show(a)}`);
  }
  if (seen.get(a) === b) return a as Properties;
  seen.set(a, b);
  const keys = Reflect.ownKeys(a);
  const common = keys.filter((key) => Object.hasOwn(b, key));
  // With nothing in common all of it is kept, to be shown in the message.
  const nothing = common.length === 0 && Reflect.ownKeys(b).length > 0;
  return Object.fromEntries(
    (nothing ? keys : common).map((key) => [
      key,
      nothing
        ? Reflect.get(a, key)
        : commonPart(Reflect.get(a, key), Reflect.get(b, key), seen),
    ]),
  );
}

/** {@linkcode commonProperties} of values of any kind. */
function commonPart(
  a: unknown,
  b: unknown,
  seen: WeakMap<object, object>,
): unknown {
  if (!isObject(a) || !isObject(b)) return a;
  if (a instanceof RegExp || a instanceof Date) return a;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (seen.get(a) === b) return a;
    seen.set(a, b);
    return Array.from(
      a.slice(0, b.length),
      (each, i) => commonPart(each, b[i], seen),
    );
  }
  if (a instanceof Set && b instanceof Set) return a.intersection(b);
  if (a instanceof Map && b instanceof Map) {
    return new Map(
      [...a].filter(([key]) => b.has(key)).map(([key, value]) => {
        const other = b.get(key);
        return isObject(value) && isObject(other)
          ? [key, commonProperties(value, other, seen)]
          : [key, value];
      }),
    );
  }
  return commonProperties(a, b, seen);
}

function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    getters: true,
    strAbbreviateSize: Infinity,
  });
}

/** The lines of two values, marked `-` if only in actual, `+` in expected. */
function difference(actual: unknown, expected: unknown): string {
  const isText = typeof actual === "string" && typeof expected === "string";
  const lines = (value: unknown) =>
    isText
      // Each line as a literal, so that white space and line ends are seen.
      ? String(value).split(/(?<=\n)/).map((line) => JSON.stringify(line))
      : show(value).split("\n");
  const marked = diffLines(lines(actual), lines(expected));
  return `\n\n    - Actual   + Expected\n\n${marked.join("\n")}\n`;
}

function diffLines(a: string[], b: string[]): string[] {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (
    end < Math.min(a.length, b.length) - start &&
    a.at(-1 - end) === b.at(-1 - end)
  ) end++;
  const mark = (sign: string) => (line: string) => `${sign}   ${line}`;
  return [
    ...a.slice(0, start).map(mark(" ")),
    ...a.slice(start, a.length - end).map(mark("-")),
    ...b.slice(start, b.length - end).map(mark("+")),
    ...a.slice(a.length - end).map(mark(" ")),
  ];
}
