/**
 * The operations' requests and replies, as much of them as a page shows.
 *
 * @module
 */
import type { Op } from "../../workbench/load/history.ts";

/** The characters of a value's JSON that are shown; more are kept. */
const maxValueChars = 400;

/** The entries of a list or an object that are kept in any case. */
const minEntries = 8;

/** An operation whose value isn't longer than what a page shows of it. */
export function shortened(op: Op): Op {
  const { value } = op;
  const short = shorten(value);
  return short === value ? op : { ...op, value: short };
}

function shorten(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= maxValueChars
      ? value
      : value.slice(0, maxValueChars);
  }
  if (Array.isArray(value)) return [...firstOf(value, shorten)];
  if (typeof value !== "object" || value === null) return value;
  // Numbers that are kept exactly are objects, too.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    firstOf(
      Object.entries(value),
      ([key, each]) => [key, shorten(each)] as const,
    ),
  );
}

function* firstOf<T, U>(
  entries: readonly T[],
  change: (entry: T) => U,
): Generator<U> {
  let chars = 0;
  for (const [i, entry] of entries.entries()) {
    if (i >= minEntries && chars > maxValueChars) return;
    const changed = change(entry);
    chars += (JSON.stringify(changed) ?? "").length + 1;
    yield changed;
  }
}
