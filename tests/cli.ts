/**
 * Starts the runner as a process of its own, and makes programs for it to judge.
 *
 * @module
 */

import { importFlags } from "../lib/runner/project.ts";
import { tempDir } from "./temp.ts";

/**
 * The time that a test waits for what should happen: so long that nothing but a
 * hang takes it, on however busy a machine.
 */
export const patienceMs = 600_000;

/** The folder of the repository. */
export const root = decodeURIComponent(
  new URL("../", import.meta.url).pathname,
);

/**
 * Starts the runner, with a store of its own unless the test has one, and as the
 * task does: with the workbench.
 */
export async function run(...args: string[]) {
  return await runIn({}, "--engine=sim", ...args);
}

/** Starts the runner in another environment, or with more permissions. */
export async function runIn(
  { env, flags = [], onStart, onOutput }: {
    env?: { [name: string]: string };
    flags?: string[];
    onStart?(process: Deno.ChildProcess): void;
    /** Called with all that it has printed so far, whenever there's more. */
    onOutput?(
      text: string,
      process: Deno.ChildProcess,
      stream: "out" | "err",
    ): void;
  },
  ...args: string[]
) {
  const store = args.includes("--store") ? [] : ["--store", tempDir()];
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end);
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      ...importFlags(),
      "--allow-read",
      "--allow-write",
      "--allow-run",
      "--allow-env",
      ...flags,
      "run.ts",
      ...store,
      ...options,
      ...rest,
    ],
    cwd: root,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  onStart?.(process);
  const read = async (
    stream: ReadableStream<Uint8Array>,
    name: "out" | "err",
  ) => {
    let text = "";
    for await (const part of stream.pipeThrough(decoder())) {
      text += part;
      onOutput?.(text, process, name);
    }
    return text;
  };
  const [{ code }, stdout, stderr] = await Promise.all([
    process.status,
    read(process.stdout, "out"),
    read(process.stderr, "err"),
  ]);
  return { code, stdout, stderr };
}

/** Returns what was printed without what only a busy machine adds to it. */
export function inTime(text: string): string {
  return text.replaceAll(/^ *this machine was busy: .*\n/gm, "")
    .replaceAll(
      /this machine couldn't keep up: .* late\. That may be why /g,
      "",
    );
}

function decoder() {
  return new TextDecoderStream() as TransformStream<Uint8Array, string>;
}

/**
 * A program that isn't ours: reads `lines`, and can `print` JSON.
 *
 * @param flags what it's allowed to do.
 */
export async function program(
  source: string,
  ...flags: string[]
): Promise<string> {
  const folder = tempDir();
  const script = `${folder}/node.mjs`;
  await Deno.writeTextFile(
    script,
    `import { createInterface } from "node:readline";
     import process from "node:process";
     const print = (message) => console.log(JSON.stringify(message));
     const queue = [];
     let wake = () => {};
     createInterface({ input: process.stdin })
       .on("line", (line) => (queue.push(line), wake()));
     const lines = { async *[Symbol.asyncIterator]() {
       for (;;) {
         while (queue.length > 0) yield queue.shift();
         await new Promise((resolve) => wake = resolve);
       }
     } };
     ${source.replaceAll("for (const line of", "for await (const line of")}`,
  );
  const bin = `${folder}/node`;
  await Deno.writeTextFile(
    bin,
    `#!/bin/sh\nexec '${Deno.execPath()}' run --quiet --no-config --no-prompt ${
      flags.join(" ")
    } '${script}' "$@"\n`,
  );
  await Deno.chmod(bin, 0o755);
  return bin;
}
