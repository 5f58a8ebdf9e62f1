/**
 * The nodes of `tests/fixtures` that are written in other languages, each built
 * as a WebAssembly module and for this machine: the tests hold the two against
 * each other, and the benchmark measures them.
 *
 * @module
 */
import { type Env, findProgram } from "../maelstrom/machine.ts";
import { outputOf } from "./output_of.ts";

/** A node in its two forms. */
export interface Built {
  /** The language and its version. */
  description: string;
  /** The module's file. */
  wasm: string;
  /** The program's file. */
  native: string;
}

/** The folder of their sources. */
export const fixtures = `${import.meta.dirname}/../../tests/fixtures`;

/** The oldest Go that builds for `wasip1`. */
const oldestGo = { major: 1, minor: 21 };

/**
 * Builds the node with Maelstrom's official Go library.
 *
 * @param folder where it is put.
 * @param source where it is made from.
 * @returns the node, or in a line why it can't be had.
 */
export async function buildGo(
  env: Env,
  folder: string,
  source = `${fixtures}/go`,
): Promise<Built | string> {
  const go = findProgram("go", env);
  if (go === undefined) return "Go is left out: no go on the PATH.";
  const { stdout: version } = await outputOf(go, ["env", "GOVERSION"]);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  if (
    Number(major) !== oldestGo.major || !(Number(minor) >= oldestGo.minor)
  ) {
    return `Go is left out: it is ${version}, and wasip1 needs ${oldestGo.major}.${oldestGo.minor}.`;
  }
  const built = {
    description: version,
    wasm: `${folder}/go.wasm`,
    native: `${folder}/go`,
  };
  for (
    const [output, target] of [
      [built.wasm, { GOOS: "wasip1", GOARCH: "wasm" }],
      [built.native, {}],
    ] as const
  ) {
    const made = await outputOf(
      go,
      // Which commit it was made of, nobody asks.
      ["build", "-buildvcs=false", "-o", output, "."],
      { env: target, cwd: source },
    );
    if (!made.success) return `Go is left out: ${made.complaint}`;
  }
  return built;
}

/** Builds the node in Rust. See {@linkcode buildGo}. */
export async function buildRust(
  env: Env,
  folder: string,
): Promise<Built | string> {
  const rustc = findProgram("rustc", env);
  if (rustc === undefined) return "Rust is left out: no rustc on the PATH.";
  const target = "wasm32-wasip1";
  const found = await outputOf(
    rustc,
    ["--print", "target-libdir", "--target", target],
  );
  if (!found.success || !await isThere(found.stdout)) {
    return `Rust is left out: it has no target ${target}. rustup target add ${target} gets it.`;
  }
  const { stdout: version } = await outputOf(rustc, ["--version"]);
  const built = {
    description: version,
    wasm: `${folder}/rust.wasm`,
    native: `${folder}/rust`,
  };
  for (
    const [output, forTarget] of [
      [built.wasm, ["--target", target]],
      [built.native, []],
    ] as const
  ) {
    const made = await outputOf(
      rustc,
      [
        ...["-O", "--edition", "2021", ...forTarget],
        ...["-o", output, `${fixtures}/rust/main.rs`],
      ],
    );
    if (!made.success) return `Rust is left out: ${made.complaint}`;
  }
  return built;
}

/**
 * Builds the node in C; the module is there as it is. See {@linkcode buildGo}.
 */
export async function buildC(
  env: Env,
  folder: string,
): Promise<Built | string> {
  const cc = findProgram("cc", env);
  if (cc === undefined) return "C is left out: no cc on the PATH.";
  const native = `${folder}/c`;
  const source = `${fixtures}/wasm/simple.c`;
  const made = await outputOf(cc, ["-O2", "-o", native, source]);
  if (!made.success) return `C is left out: ${made.complaint}`;
  const { stdout } = await outputOf(cc, ["--version"]);
  return {
    description: stdout.split("\n")[0]!,
    wasm: `${fixtures}/wasm/simple.wasm`,
    native,
  };
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
