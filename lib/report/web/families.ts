/**
 * Message types in families: a request and its reply, `read` and `read_ok`, are
 * of one colour.
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
  return Array.from(counts, ([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count);
}

/** The colours of families: on the whole page each has one, in both runs. */
export class Colours {
  #numbers: ReadonlyMap<string, number>;

  constructor(runs: readonly { messages: Messages }[]) {
    const names = runs.flatMap(({ messages }) =>
      familiesOf(messages).map(({ name }) => name)
    );
    this.#numbers = new Map([...new Set(names)].map((name, i) => [name, i]));
  }

  /** The colour of a family; the last one is for all that have none of their own. */
  of(family: string, { palette, text }: Theme): string {
    if (family === "error") return text;
    const number = this.#numbers.get(family) ?? palette.length;
    return palette[number] ?? palette.at(-1) ?? text;
  }
}
