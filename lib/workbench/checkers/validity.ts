/**
 * What a checker can say, and how several say it together.
 *
 * @module
 */

/** Right, wrong, or there is no telling. */
export type Validity = true | false | "unknown";

/** What every checker's findings hold. */
export interface Findings {
  "valid?": Validity;
  [key: string]: unknown;
}

/** Invalid if any part is; else unknown if any part is; else valid. */
export function mergeValid(parts: Iterable<Validity>): Validity {
  let result: Validity = true;
  for (const part of parts) {
    if (part === false) return false;
    if (part === "unknown") result = "unknown";
  }
  return result;
}
