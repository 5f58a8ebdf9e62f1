/**
 * The beliefs that the workbench relies on, said where it does.
 *
 * @module
 */

/**
 * Checks something that cannot be otherwise unless the workbench itself is
 * wrong. For what a person or a node gets wrong there are better words.
 *
 * @param words the belief, as a sentence without its full stop.
 * @throws an error that says whose bug it is, where the condition doesn't hold.
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
