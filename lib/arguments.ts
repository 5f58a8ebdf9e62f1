/**
 * The arguments of a node: options with a value, each by its name.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "./nearest.ts";

/**
 * A number that an argument can be.
 *
 * @example
 * ```ts
 * import type { NumberRange } from "@call-me-maybe/maelstrom";
 *
 * const beatMs: NumberRange = { default: 440, least: 1, most: 60_000 };
 * ```
 */
export interface NumberRange {
  /** The value unless one is given. */
  default: number;
  /** The least that it can be. */
  least: number;
  /** The most that it can be. */
  most: number;
}

/**
 * A text that an argument can be; if it's given, it isn't empty.
 *
 * @example
 * ```ts
 * import type { AnyText } from "@call-me-maybe/maelstrom";
 *
 * const folder: AnyText = { default: "" };
 * ```
 */
export interface AnyText {
  /** The value unless one is given. */
  default: string;
}

/**
 * The arguments that a node takes, by their names: a range of numbers, any text,
 * or words with their values. The first word is the default; of words that are
 * whole numbers that's the smallest, as JavaScript puts them in order.
 *
 * @example
 * ```ts
 * import type { Choices } from "@call-me-maybe/maelstrom";
 *
 * const choices: Choices = {
 *   order: { ascending: 1, descending: -1 },
 *   "beat-ms": { default: 440, least: 1, most: 60_000 },
 *   "data-dir": { default: "" },
 * };
 * ```
 */
export interface Choices {
  /** By an argument's name without dashes. */
  readonly [name: string]:
    | NumberRange
    | AnyText
    | { readonly [word: string]: unknown };
}

/**
 * The chosen values.
 *
 * @typeParam C the choices.
 *
 * @example
 * ```ts
 * import type { Chosen } from "@call-me-maybe/maelstrom";
 *
 * const { order }: Chosen<{ order: { ascending: 1; descending: -1 } }> = {
 *   order: 1,
 * };
 * ```
 */
export type Chosen<C extends Choices> = {
  [name in keyof C]: C[name] extends NumberRange ? number
    : C[name] extends AnyText ? string
    : C[name][keyof C[name]];
};

/**
 * Reads the arguments of a node: `--name word`, or `--name=word`.
 *
 * @throws {Error} if there is no such argument, or it can't have that value;
 * the message is for the person who gave it.
 *
 * @example
 * ```ts
 * import { readArguments } from "@call-me-maybe/maelstrom";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const read = (...args: string[]) =>
 *   readArguments(args, {
 *     order: { ascending: 1, descending: -1 },
 *     "beat-ms": { default: 440, least: 1, most: 60_000 },
 *   });
 *
 * assertEquals(read(), { order: 1, "beat-ms": 440 });
 * assertEquals(read("--order", "descending"), { order: -1, "beat-ms": 440 });
 * assertThrows(() => read("--odrer", "descending"), Error, "did you mean --order?");
 * ```
 */
export function readArguments<const C extends Choices>(
  args: readonly string[],
  choices: C,
): Chosen<C> {
  const names = Object.keys(choices);
  const refuse = (arg: string) => {
    const error = new Error(unknown(arg, names));
    error.name = "UnknownArgument";
    throw error;
  };
  // An empty one may be the value of the one before, which then says so.
  const isEmpty = (arg: string) => arg === "" || refuse(arg);
  const given: { _: unknown[]; [name: string]: unknown } = parseArgs(
    joined(args, choices),
    { string: names, unknown: isEmpty },
  );
  const chosen = Object.entries(choices).map(([name, choice]) =>
    [name, valueOf(name, choice, given[name] as string | undefined)] as const
  );
  if (given._.length > 0) refuse(given._[0] === "" ? "" : "--");
  return Object.fromEntries(chosen) as Chosen<C>;
}

/** Joins numbers to their names: a minus would be taken for a dash. */
function joined(args: readonly string[], choices: Choices): string[] {
  const result: string[] = [];
  for (const arg of args) {
    const name = result.at(-1)?.match(/^--([^=]+)$/s)?.[1] ?? "";
    const choice = Object.hasOwn(choices, name) ? choices[name] : undefined;
    const isValue = choice && isRange(choice) && /^-[\d.]/.test(arg);
    if (isValue) result.push(`${result.pop()}=${arg}`);
    else result.push(arg);
  }
  return result;
}

function unknown(arg: string, names: string[]): string {
  // Any dashes: some programs turn two into one.
  const [, dashes, word] = /^(\p{Pd}*)([^=]*)/u.exec(arg)!;
  const flags = names.map((name) => `--${name}`);
  const hint = dashes === "" ? "" : nearest(`--${word}`, flags);
  const known = flags.length > 0 ? flags.join(", ") : "none at all";
  return `${
    JSON.stringify(arg.split("=")[0])
  } is no argument of the node${hint}. It takes ${known}.`;
}

function valueOf(
  name: string,
  choice: Choices[string],
  text: string | undefined,
): unknown {
  if (isRange(choice)) {
    const { default: usual, least, most } = choice;
    if (text === undefined) return usual;
    const number = text.trim() === "" ? NaN : Number(text);
    if (number >= least && number <= most) return number;
    throw new Error(
      `--${name} must be a number from ${least} to ${most}, not ${
        JSON.stringify(text)
      }.`,
    );
  }
  if (isText(choice)) {
    if (text !== "") return text ?? choice.default;
    throw new Error(
      `--${name} needs a value behind it, or has to be left out.`,
    );
  }
  const words = Object.keys(choice);
  const [word = ""] = text === undefined ? words : [text];
  if (Object.hasOwn(choice, word)) return choice[word];
  throw new Error(
    `--${name} must be one of ${words.join(", ")}, not ${JSON.stringify(word)}${
      nearest(word, words)
    }.`,
  );
}

function isText(choice: Choices[string]): choice is AnyText {
  return typeof choice.default === "string";
}

function isRange(choice: Choices[string]): choice is NumberRange {
  return typeof choice.default === "number";
}
