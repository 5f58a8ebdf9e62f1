/**
 * Words for what programs throw, which may be anything.
 *
 * @module
 */

/**
 * Tells of anything whether it's of a class; proxies may not want to be asked.
 */
export function isA<T>(
  value: unknown,
  // deno-lint-ignore no-explicit-any -- any class will do
  type: new (...args: any[]) => T,
): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** The message of an error; of anything else, what it says of itself. */
export function messageOf(error: unknown): string {
  try {
    const text = String(
      isA(error, Error) ? error.message || error.name : error,
    );
    // What an object says of itself is no more than that it's one.
    return text === "[object Object]" ? JSON.stringify(error) ?? text : text;
  } catch {
    return "something that has no text"; // an object without a prototype
  }
}

/** The trace of an error; of anything without one, its message. */
export function traceOf(error: unknown): string {
  try {
    if (isA(error, Error) && typeof error.stack === "string" && error.stack) {
      return error.stack;
    }
  } catch {
    // Its text may do.
  }
  return messageOf(error);
}
