/**
 * The Deno that this takes.
 *
 * @module
 */

/** The oldest version that can do all that is asked of it. */
export const oldestDeno = "2.9.0";

/** Tells what to do about a Deno that is too old; `undefined` if it isn't. */
export function tooOld(version: string): string | undefined {
  return version.localeCompare(oldestDeno, "en", { numeric: true }) >= 0
    ? undefined
    : `This takes Deno ${oldestDeno} or newer, and here is ${version}. "deno upgrade" gets the newest; so does "npx -y deno@latest" in the place of "deno".`;
}
