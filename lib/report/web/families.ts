/**
 * Message types in families: a request and its reply, `read` and `read_ok`, are
 * of one colour. On the whole page a family has one colour, in both runs.
 *
 * @module
 */
import type { Messages } from "../page/data.ts";
import type { Theme } from "./theme.ts";

/** The types that share a colour. */
export interface Family {
  /** The request's type. */
  name: string;
  /** The number of messages. */
  count: number;
}

/** The families by their names, in the order in which they were met. */
const numbers = new Map<string, number>();

/** Of each type, the family. */
export function familyOf(type: string): string {
  return type.replace(/_ok$/, "");
}

/** The families of some messages, or of all, the most frequent first. */
export function familiesOf(
  { types, type }: Messages,
  among: (row: number) => boolean = () => true,
): Family[] {
  const counts = new Map<string, number>();
  const names = types.map(familyOf);
  for (let row = 0; row < type.length; row++) {
    if (!among(row)) continue;
    const name = names[type[row]!]!;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const families = Array.from(counts, ([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count);
  for (const { name } of families) {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
  }
  return families;
}

/** The colour of a family; the last one is that of all for which there's none. */
export function colourOf(family: string, { palette, text }: Theme): string {
  if (family === "error") return text;
  const number = numbers.get(family) ?? palette.length;
  return palette[number] ?? palette.at(-1) ?? text;
}
