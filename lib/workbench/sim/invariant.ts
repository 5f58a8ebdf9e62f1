/**
 * The beliefs that the workbench relies on, said where it does.
 *
 * @module
 */

/**
 * Checks a condition that holds unless the workbench itself is wrong. Mistakes
 * of a person or a node get better words.
 *
 * @param words the belief, as a sentence without its full stop.
 * @throws an error that says whose bug it is, if the condition doesn't hold.
 */
export function invariant(
  condition: unknown,
  words: string,
): asserts condition {
  if (!condition) {
    throw new Error(
      `Broken invariant: ${words}. This is a bug in Call Me Maybe, not in your node; please report it.`,
    );
  }
}
