/**
 * The one door to the terminal: all that the runner prints goes through here, and
 * nothing that a terminal would obey does, but for the colours of our own.
 *
 * @module
 */
import { inWords, type Line, render } from "../report/terminal.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { visible, visibleJson } from "../report/visible.ts";

/** Prints to stdout: a text, or lines with their styles. */
export function print(text: string | readonly Line[] = ""): void {
  say(shown(text, Deno.stdout));
}

/** Prints a value to stdout, for programs. */
export function printJson(value: unknown): void {
  say(visibleJson(JSON.stringify(value, null, 1)));
}

/**
 * Prints an array to stdout, for programs, an element at a time: the bytes are
 * those of {@linkcode printJson}.
 */
export class JsonArrayPrinter {
  /** The last element: what follows it isn't known yet. */
  #last: string | undefined;

  get hasBegun(): boolean {
    return this.#last !== undefined;
  }

  add(value: unknown): void {
    say(this.#last === undefined ? "[" : `${this.#last},`);
    const json = visibleJson(JSON.stringify(value, null, 1));
    this.#last = ` ${json.replaceAll("\n", "\n ")}`;
  }

  end(): void {
    say(this.#last === undefined ? "[]" : `${this.#last}\n]`);
  }
}

/** Prints to stderr, likewise. */
export function complain(text: string | readonly Line[]): void {
  try {
    console.error(shown(text, Deno.stderr));
  } catch {
    // It can't be written, and there is nobody else to tell.
  }
}

/**
 * Writes to stdout. If that fails, as on a full disk, there is nothing left to
 * run for; a pipe that nobody reads any more is no failure.
 */
function say(text: string): void {
  try {
    console.log(text);
  } catch (error) {
    complain(`stdout can't be written: ${systemReason(error)}.`);
    Deno.exit(255);
  }
}

/** Text breaks between its words; lines are laid out already. */
function shown(
  text: string | readonly Line[],
  stream: { isTerminal(): boolean },
): string {
  if (typeof text !== "string") return render(text, hasColours(stream));
  const lines = visible(text).split("\n").map((line): Line => [[line]]);
  return render(lines.flatMap((line) => inWords(line, columns(stream))), false);
}

/** Tells whether a stream shows colours, and its reader wants them. */
export function hasColours(stream: { isTerminal(): boolean }): boolean {
  return stream.isTerminal() && !Deno.noColor && !isDumb();
}

/** Tells whether the terminal is one that knows no commands at all. */
export function isDumb(): boolean {
  // Not every command may read it; those that may not have no colours to show.
  const name = { name: "env", variable: "TERM" } as const;
  return Deno.permissions.querySync(name).state === "granted" &&
    Deno.env.get("TERM") === "dumb";
}

/** In a terminal that is narrower, lines are left to it. */
const minColumns = 20;

/**
 * Returns the number of characters in a line; without a terminal, or if that is
 * too narrow, any number.
 */
export function columns(
  stream: { isTerminal(): boolean } = Deno.stdout,
): number {
  if (!stream.isTerminal()) return Infinity;
  // Those that don't know tell 0.
  const { columns } = Deno.consoleSize();
  return columns < minColumns ? Infinity : columns;
}
