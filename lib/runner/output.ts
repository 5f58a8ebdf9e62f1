/**
 * The one door to the terminal: all that the runner prints goes through here, and
 * nothing that a terminal would obey does, but for the colours of our own.
 *
 * @module
 */
import { type Line, render } from "../report/terminal.ts";
import { visible, visibleJson } from "../report/visible.ts";

/** Prints to stdout: a text, or lines with their styles. */
export function print(text: string | readonly Line[] = ""): void {
  console.log(shown(text, Deno.stdout));
}

/** Prints a value to stdout, for programs. */
export function printJson(value: unknown): void {
  console.log(visibleJson(JSON.stringify(value, null, 1)));
}

/** Prints to stderr, likewise. */
export function complain(text: string | readonly Line[]): void {
  console.error(shown(text, Deno.stderr));
}

function shown(
  text: string | readonly Line[],
  stream: { isTerminal(): boolean },
): string {
  return typeof text === "string"
    ? visible(text)
    : render(text, hasColours(stream));
}

/** Whether a stream shows colours, and its reader wants them. */
export function hasColours(stream: { isTerminal(): boolean }): boolean {
  return stream.isTerminal() && !Deno.noColor && !isDumb();
}

/** Whether the terminal is one that knows no commands at all. */
export function isDumb(): boolean {
  // Not every command may read it; those that may not have no colours to show.
  const name = { name: "env", variable: "TERM" } as const;
  return Deno.permissions.querySync(name).state === "granted" &&
    Deno.env.get("TERM") === "dumb";
}

/** How many characters go in a line of stdout; without a terminal, any number. */
export function columns(): number {
  if (!Deno.stdout.isTerminal()) return Infinity;
  return Deno.consoleSize().columns;
}
