/**
 * The command that judges a run once more.
 *
 * @module
 */
import type { Options } from "../workbench/mod.ts";
import { quote } from "./shell.ts";

/** A command, but for its store and its seed. It can be written as JSON. */
export interface Replay {
  /** The task of Deno's. */
  task: "run" | "maelstrom";
  /** The words before the options: the run, or Maelstrom's `test -w`. */
  words: readonly string[];
  bin?: string;
  engine: readonly string[];
  given: Partial<Options>;
  nodeArgs: readonly string[];
}

/** Returns a command, to be pasted into a shell. */
export function commandOf(
  { task, words, bin, engine, given, nodeArgs }: Replay,
  { store, seed }: { store: string; seed: number | undefined },
): string {
  const options = {
    ...(bin !== undefined && { bin }),
    ...(store !== "store" && { store }),
  };
  return [
    "deno",
    "task",
    task,
    ...words,
    ...Object.entries(options).flatMap(([name, value]) =>
      value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value]
    ),
    ...engine,
    ...Object.entries({ ...given, ...(seed !== undefined && { seed }) })
      .flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(nodeArgs.length > 0 ? ["--", ...nodeArgs] : []),
  ].map(quote).join(" ");
}
