/**
 * Words as a shell takes them.
 *
 * @module
 */
import { isHidden } from "../report/visible.ts";

/**
 * Quotes a word if necessary, so that it can be pasted into a shell. Characters
 * that a terminal would obey are written in `$'…'`, which bash, zsh and ksh
 * know; the rest works in every shell.
 */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (
    ![...word].some((each) => each === "\n" || each === "\t" || isHidden(each))
  ) {
    return `'${word.replaceAll("'", `'\\''`)}'`;
  }
  const escaped = [...word].map((each) => {
    if (each === "\n") return "\\n";
    if (each === "\t") return "\\t";
    if (each === "'" || each === "\\") return `\\${each}`;
    return isHidden(each) ? bytes(each) : each;
  });
  return `$'${escaped.join("")}'`;
}

/** A character in UTF-8, as all of those shells understand it. */
function bytes(character: string): string {
  return Array.from(
    new TextEncoder().encode(character),
    // In octal, where no digit that follows can be taken for one of its own.
    (byte) => `\\${byte.toString(8).padStart(3, "0")}`,
  ).join("");
}
