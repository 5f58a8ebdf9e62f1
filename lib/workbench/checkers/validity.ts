/**
 * The findings that a checker can have, and how several have them together.
 *
 * @module
 */

/**
 * Right, wrong, or there is no telling.
 *
 * @example
 * ```ts
 * import type { Validity } from "@call-me-maybe/maelstrom/workbench";
 *
 * const verdicts: Validity[] = [true, false, "unknown"];
 * ```
 */
export type Validity = true | false | "unknown";

/**
 * The common part of every checker's findings: a verdict, and details under
 * Maelstrom's names.
 *
 * @example
 * ```ts
 * import type { Findings } from "@call-me-maybe/maelstrom/workbench";
 *
 * const findings: Findings = { "valid?": false, "lost-count": 3 };
 * ```
 */
export interface Findings {
  /** The verdict. */
  "valid?": Validity;
  /** The facts that it rests on. */
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
