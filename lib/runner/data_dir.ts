/**
 * The folders that nodes keep their disks in, where they are processes: one for
 * each run. A node that is started anew finds what it kept; one of another run
 * must not.
 *
 * @module
 */
import { resolve } from "node:path";
import type { Command } from "../workbench/mod.ts";

const name = "--data-dir";

/** Tells whether a node's arguments name a folder for its disk. */
export function namesDataDir(args: readonly string[]): boolean {
  return placeIn(args) !== undefined;
}

/**
 * Makes a folder for a run in the one that a node's arguments name, and names it
 * instead. A source that Deno runs may read and write there, and nowhere else.
 *
 * @returns the command as it's to be run; the same where there's no such argument.
 */
export async function withFreshDataDir(command: Command): Promise<Command> {
  const place = placeIn(command.args);
  if (place === undefined) return command;
  const { folder, at, glued } = place;
  const when = new Date().toISOString().replaceAll(/[-:]/g, "");
  const fresh = resolve(folder, `${when}-${crypto.randomUUID().slice(0, 8)}`);
  await Deno.mkdir(fresh, { recursive: true });
  const args = command.args.with(at, glued ? `${name}=${fresh}` : fresh);
  const isRun = command.bin === Deno.execPath() && args[0] === "run";
  if (!isRun) return { ...command, args };
  const permissions = [`--allow-read=${fresh}`, `--allow-write=${fresh}`];
  return { ...command, args: args.toSpliced(1, 0, ...permissions) };
}

/** Finds the folder's name among arguments. */
function placeIn(
  args: readonly string[],
): { folder: string; at: number; glued: boolean } | undefined {
  const i = args.findLastIndex((arg) =>
    arg === name || arg.startsWith(`${name}=`)
  );
  const arg = args[i];
  if (arg === undefined) return undefined;
  const glued = arg !== name;
  const folder = glued ? arg.slice(name.length + 1) : args[i + 1];
  return folder ? { folder, at: glued ? i : i + 1, glued } : undefined;
}
