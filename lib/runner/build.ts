/**
 * Makes programs of the challenges: what Maelstrom's `--bin` takes.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { complain, print } from "./output.ts";
import { headOf, isProgram } from "../maelstrom/machine.ts";
import type { Command } from "../workbench/mod.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { digestOf, settings } from "../report/digest.ts";
import { bundleEntry, importFlags, projectFlags } from "./project.ts";

/** The folder of the repository. */
const root = join(import.meta.dirname!, "../../");

/** The folder of the library. */
export const libraryFolder = `${root}lib/`;

/** The file of a challenge. */
export function scriptPath(script: string): string {
  return `${root}challenges/${script}.ts`;
}

/** The command that runs a challenge from its source, with no permission. */
export function commandFor(script: string, args: string[]): Command {
  return runFromSource(scriptPath(script), args);
}

/** The command for a `--bin`: a program, or a source that Deno runs. */
export function commandForBin(path: string, args: string[]): Command {
  const bin = Deno.realPathSync(path);
  return isSource(bin) ? runFromSource(bin, args) : { bin, args };
}

/** Tells whether a program's name is that of a script that Deno can run. */
export function isScript(path: string): boolean {
  return /\.[cm]?[jt]s$/.test(path);
}

/** Tells whether a `--bin` is to be run by Deno. */
export function isSource(path: string): boolean {
  return isScript(path) && !startsItself(path);
}

/**
 * Tells whether a script says what runs it, and the system asks it. Windows
 * doesn't; and on its disks, to a Linux beside it, all files are executable.
 */
function startsItself(path: string): boolean {
  if (Deno.build.os === "windows" || !isProgram(path)) return false;
  const head = headOf(path);
  // A file may be executable and unreadable.
  return head === undefined || head.startsWith("#!");
}

function runFromSource(path: string, args: string[]): Command {
  return {
    bin: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--no-prompt"],
      ...projectFlags(path),
      ...[path, ...args],
    ],
  };
}

/** The folder that programs are made in. */
export const binFolder = `${root}bin`;

/**
 * Makes a program of each challenge, and says so.
 *
 * @returns an exit code.
 */
export async function build(scripts: readonly string[]): Promise<number> {
  const builder = new Builder();
  for (const script of scripts) {
    const kind = await builder.make(script);
    print(`bin/${script}  (${kind})`);
  }
  return 0;
}

/** Makes programs of challenges. */
export class Builder {
  /** Turns false once the runtime of `deno compile` could not be downloaded. */
  #compiles = true;

  /**
   * Gives the program of a challenge, which is made anew only if its sources, or
   * Deno, have changed.
   *
   * @param onMake called when it has to be made.
   */
  async programOf(script: string, onMake: () => void): Promise<string> {
    const program = `${binFolder}/${script}`;
    const digest = await digestOfSources(script);
    const made = await Deno.readTextFile(digestPath(script)).catch(() => "");
    if (made !== digest || !isProgram(program)) {
      onMake();
      await this.make(script, digest);
    }
    return await Deno.realPath(program);
  }

  /**
   * Compiles a challenge into a standalone program, `bin/NAME`, that has no
   * permission. If the runtime that `deno compile` needs can't be downloaded,
   * it writes an executable bundle instead, which needs the Deno that wrote it.
   *
   * @param digest of what it's made from, before that is read.
   */
  async make(
    script: string,
    digest?: string,
  ): Promise<"standalone" | "bundle"> {
    digest ??= await digestOfSources(script);
    await makeFolder(binFolder);
    // Into place only when it's whole, and of a name that nobody else uses; and
    // compile overwrites no bundle.
    const output = `${binFolder}/.${script}.${crypto.randomUUID()}`;
    try {
      if (this.#compiles) await this.#compile(script, output);
      if (!this.#compiles) {
        const error = await deno(["bundle"], script, output);
        if (error !== undefined) throw new Error(error);
        await makeExecutable(output);
      }
      const program = join(binFolder, script);
      await Deno.rename(output, program).catch((error) => {
        throw notWritable(program, error);
      });
      await Deno.writeTextFile(digestPath(script), digest);
    } finally {
      await Deno.remove(output).catch(() => {});
    }
    return this.#compiles ? "standalone" : "bundle";
  }

  async #compile(script: string, output: string): Promise<void> {
    const error = await deno(["compile", "--no-prompt"], script, output);
    if (error === undefined) return;
    if (!/denort|dl\.deno\.land/.test(error)) throw new Error(error);
    this.#compiles = false;
    complain(
      "deno compile can't download its runtime: writing executable bundles instead",
    );
  }
}

function digestPath(script: string): string {
  return `${binFolder}/.${script}.sha256`;
}

/** A digest of all that a challenge's program is made from. */
async function digestOfSources(script: string): Promise<string> {
  const sources = [scriptPath(script)];
  for (const folder of [libraryFolder, `${libraryFolder}offline/`]) {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile) sources.push(folder + name);
    }
  }
  return await digestOf(sources, importFlags());
}

/** Makes a folder into which something is to be written. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: "." }));
  } catch (error) {
    throw notWritable(resolve(folder), error);
  }
}

function notWritable(path: string, error: unknown): Error {
  return new Error(`${path} can't be written, as ${systemReason(error)}.`);
}

/**
 * The first line of a bundle, which names its interpreter.
 *
 * @param deno the path of Deno, in which there may be anything.
 */
export function firstLineWith(deno: string): string {
  const word = deno.replace(/[\\']/g, "\\$&");
  return `#!/usr/bin/env -S '${word}' run --quiet --no-config --no-prompt --ext=js`;
}

/** Gives a bundle its first line. */
async function makeExecutable(bundle: string): Promise<void> {
  const code = await Deno.readTextFile(bundle);
  // The challenge's own first line is for running it from its source.
  await Deno.writeTextFile(
    bundle,
    `${firstLineWith(Deno.execPath())}\n${code.replace(/^#!.*\n/, "")}`,
  );
  await Deno.chmod(bundle, 0o755);
}

/** Makes something of a challenge; gives back what Deno complained about. */
async function deno(
  subcommand: readonly string[],
  script: string,
  output: string,
): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...subcommand,
      "--quiet",
      // Else Deno takes those of the folder that it's called in.
      ...["--config", settings],
      ...importFlags(),
      ...["--output", output],
      bundleEntry(scriptPath(script)),
    ],
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  return success ? undefined : new TextDecoder().decode(stderr);
}
