/**
 * The output of a tool, such as a compiler.
 *
 * @module
 */
import { systemReason } from "../workbench/hosts/system_error.ts";

/** The time that it may take: to download and compile a library, say. */
const timeoutMs = 120_000;

/** Returns what a program prints, or the last that it says in complaint. */
export async function outputOf(
  program: string,
  args: readonly string[],
  { env = {}, cwd }: { env?: { [name: string]: string }; cwd?: string } = {},
): Promise<{ success: boolean; stdout: string; complaint: string }> {
  try {
    const { success, ...streams } = await new Deno.Command(program, {
      args: [...args],
      env,
      cwd,
      stdin: "null",
      signal: AbortSignal.timeout(timeoutMs),
    }).output();
    const textOf = (bytes: Uint8Array) =>
      new TextDecoder().decode(bytes).trim();
    const stdout = textOf(streams.stdout);
    const last = textOf(streams.stderr).split("\n").at(-1)?.trim();
    return {
      success,
      stdout,
      complaint: last || `${program} says nothing about it`,
    };
  } catch (error) {
    const complaint = systemReason(error);
    return { success: false, stdout: "", complaint };
  }
}
