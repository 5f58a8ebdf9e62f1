/**
 * Makes programs of the challenges: what Maelstrom's `--bin` takes.
 *
 * @module
 */
import type { Command } from "../workbench/mod.ts";

/** The folder of the repository. */
const root = `${import.meta.dirname}/../../`;

/**
 * The flags that make a program see the same `@std` packages as this one: the
 * stand-ins of `lib/offline/` where this one runs on them, else none.
 */
export function importFlags(): string[] {
  const importMap = new URL("../offline/import_map.json", import.meta.url);
  return import.meta.resolve("@std/streams").startsWith("file:")
    ? [`--import-map=${importMap.href}`]
    : [];
}

function scriptPath(script: string): string {
  return `${root}challenges/${script}.ts`;
}

/** The command that runs a challenge from its source, with no permission. */
export function commandFor(script: string, args: string[]): Command {
  return {
    bin: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      ...importFlags(),
      scriptPath(script),
      ...args,
    ],
  };
}

/**
 * Compiles each challenge into a standalone program, `bin/NAME`, that has no
 * permission. Where the runtime that `deno compile` needs can't be downloaded,
 * it writes an executable bundle instead, which needs the Deno that wrote it.
 *
 * @returns an exit code.
 */
export async function build(scripts: readonly string[]): Promise<number> {
  const folder = `${root}bin/`;
  await Deno.mkdir(folder, { recursive: true });
  let compiles = true;
  for (const script of scripts) {
    // Into place only when it's whole; and compile overwrites no bundle.
    const output = `${folder}${script}.new`;
    const make = (...subcommand: string[]) =>
      deno([
        ...subcommand,
        "--quiet",
        ...importFlags(),
        "--output",
        output,
        scriptPath(script),
      ]);
    if (compiles) {
      const error = await make("compile", "--no-prompt");
      if (error !== undefined && !/denort|dl\.deno\.land/.test(error)) {
        throw new Error(error);
      }
      compiles = error === undefined;
      if (!compiles) {
        console.error(
          "deno compile can't download its runtime: writing executable bundles instead",
        );
      }
    }
    if (!compiles) {
      const error = await make("bundle");
      if (error !== undefined) throw new Error(error);
      await makeExecutable(output);
    }
    await Deno.rename(output, folder + script);
    console.log(`bin/${script}  (${compiles ? "standalone" : "bundle"})`);
  }
  return 0;
}

/** Gives a bundle a first line that names its interpreter. */
async function makeExecutable(bundle: string): Promise<void> {
  const interpreter =
    `#!/usr/bin/env -S ${Deno.execPath()} run --quiet --no-config --no-prompt --ext=js`;
  const code = await Deno.readTextFile(bundle);
  await Deno.writeTextFile(bundle, `${interpreter}\n${code}`);
  await Deno.chmod(bundle, 0o755);
}

/** Runs a subcommand of Deno; gives back what it complained about. */
async function deno(args: string[]): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  return success ? undefined : new TextDecoder().decode(stderr);
}
