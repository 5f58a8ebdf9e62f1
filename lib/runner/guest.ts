/**
 * The judge of a `--bin`: the workbench under virtual time if possible,
 * otherwise over pipes.
 *
 * @module
 */
import { resolve } from "node:path";
import { BadOption, type Command } from "../workbench/mod.ts";
import { NotSimulated } from "../workbench/hosts/program.ts";
import { wasmProblem } from "../workbench/hosts/wasm_module.ts";
import { commandForBin, isScript, isSource } from "./build.ts";
import { complain } from "./output.ts";
import {
  filesOfSource,
  judgedOverPipes,
  notSimulated,
  type ProgramFiles,
  programFrom,
} from "./program.ts";
import type { CommandLine } from "./command_line.ts";
import type { Judge } from "./worker.ts";
import type { JudgingWorker } from "./workers.ts";

/** Tells whether a `--bin` is a WebAssembly module, by its name. */
export function isWasm(path: string): boolean {
  return path.endsWith(".wasm");
}

/** Tells whether a `--bin` may be run by the workbench itself. */
export function isSimulable(path: string): boolean {
  return isWasm(path) || isSource(path) || isDenoScript(path);
}

/**
 * Starts what will judge a guest, so that this happens while the guest is still
 * compiled or bundled. Of several seeds, each has a worker of its own.
 */
export function prepareFor(
  { bin, engine, seeds, watch }: CommandLine,
  worker: JudgingWorker,
): void {
  if (engine === "stdio" || engine === "maelstrom" || seeds.length > 1) return;
  if (bin === undefined ? watch : isSimulable(bin)) {
    worker.prepare(bin === undefined || !isWasm(bin));
  }
}

/** Tells whether a script starts itself on Deno, with no permission. */
function isDenoScript(path: string): boolean {
  const start = denoStart(path);
  return start !== undefined && !asks.test(start);
}

/** Tells whether a script starts itself on Deno, with permissions. */
export function takesPermissions(path: string): boolean {
  return !isSource(path) && asks.test(denoStart(path) ?? "");
}

const asks = / (-A|--allow)/;

/** A script's first line, if that starts it on Deno. */
function denoStart(path: string): string | undefined {
  if (!isScript(path)) return undefined;
  return /^#!.*\bdeno run\b.*/.exec(Deno.readTextFileSync(path))?.[0];
}

/**
 * Decides who judges a `--bin`.
 *
 * @param overPipes true if pipes were requested.
 * @throws {BadOption} if it can't be run at all.
 */
export async function judgeOfBin(
  path: string,
  args: string[],
  overPipes: boolean,
): Promise<Judge> {
  if (isWasm(path)) {
    if (overPipes) {
      throw new BadOption(
        `--bin ${path} is a WebAssembly module, which runs in the workbench: leave --engine out, or give a program.`,
      );
    }
    const wasm = await moduleFrom(path);
    return { engine: "sim", guest: { wasm, args } };
  }
  const command = commandForBin(path, args);
  if (overPipes) return { engine: "stdio", command };
  if (!isSimulable(path)) {
    if (takesPermissions(path)) {
      const why = `${path} takes permissions by its first line`;
      complain(judgedOverPipes(`${why}, and that isn't simulated`));
    }
    return { engine: "stdio", command };
  }
  return await judgeOfSource(path, args, command);
}

/**
 * Decides who judges a source: the workbench under virtual time if possible.
 *
 * @param instead the command that judges it over pipes.
 * @throws {BadOption} if it can't be bundled.
 */
export async function judgeOfSource(
  path: string,
  args: string[],
  instead: Command,
): Promise<Judge> {
  try {
    const guest = await programFrom(path, args);
    return { engine: "sim", guest, instead };
  } catch (error) {
    if (!(error instanceof NotSimulated)) throw error;
    complain(judgedOverPipes(notSimulated(path, error)));
    return { engine: "stdio", command: instead };
  }
}

/** Finds the files that a `--bin` is made of. */
export async function filesOfBin(path: string): Promise<ProgramFiles> {
  const own = resolve(path);
  let real: string;
  try {
    real = Deno.realPathSync(path);
  } catch {
    return { files: [own], isWhole: false }; // It's gone, for the moment.
  }
  const { files, isWhole } = isScript(real)
    ? await filesOfSource(real)
    : { files: [real], isWhole: true };
  return { files: [...new Set([own, ...files])], isWhole };
}

/**
 * Reads a module.
 *
 * @throws {BadOption} if it isn't one that can be run here.
 */
async function moduleFrom(path: string): Promise<WebAssembly.Module> {
  const bytes = await Deno.readFile(path);
  const object = (what: string) => new BadOption(`--bin ${path} ${what}`);
  if (new TextDecoder().decode(bytes.subarray(0, 4)) !== "\0asm") {
    throw object("isn't a WebAssembly module.");
  }
  if (bytes[6] === 1) {
    throw object(
      "is a component (WASI preview 2): build for preview 1, wasm32-wasip1.",
    );
  }
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(bytes);
  } catch (error) {
    throw object(`can't be compiled: ${(error as Error).message}.`);
  }
  const problem = wasmProblem(module);
  if (problem !== undefined) throw object(`can't be run. ${problem}`);
  return module;
}
