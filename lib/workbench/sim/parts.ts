/**
 * Parts of long texts. What is sliced off a text holds on to the whole of it; to
 * keep a part alone takes a copy.
 *
 * @module
 */

/** A copy of a text that holds on to nothing else. */
export function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/** A text that isn't longer than that, with a sign of what was left out. */
export function beginningOf(text: string, chars: number): string {
  return text.length <= chars ? text : copyOf(`${text.slice(0, chars)}…`);
}
