/**
 * The README, for tests of what it shows.
 *
 * @module
 */
import { root } from "./cli.ts";

/** All of it. */
export const readme: string = await Deno.readTextFile(`${root}README.md`);

/** The code block that follows a text. */
export function blockAfter(text: string): string {
  const at = readme.indexOf(text);
  if (at === -1) throw new Error(`the README has no ${text}`);
  const start = readme.indexOf("\n", readme.indexOf("```", at)) + 1;
  return readme.slice(start, readme.indexOf("```", start));
}
