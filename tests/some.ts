/**
 * Lists of which a test needs the first entry.
 *
 * @module
 */
import { assert } from "@std/assert";

/**
 * Asserts that a list isn't empty.
 *
 * @example
 * ```ts
 * const [first] = some([1, 2]);
 * first.toFixed(); // it's a number, and not perhaps undefined
 * ```
 */
export function some<T>(list: readonly T[]): readonly [T, ...T[]] {
  assert(list.length > 0, "There is nothing in the list.");
  return list as readonly [T, ...T[]];
}
