/**
 * Parts of long texts. A slice of a text keeps the whole text in memory;
 * keeping only the part takes a copy.
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
