/**
 * The echo nodes that ours is compared with: those that this machine can run.
 *
 * @module
 */
import { type Env, findProgram } from "../maelstrom/machine.ts";
import type { Command } from "../workbench/mod.ts";
import { commandFor } from "./build.ts";
import { outputOf } from "./output_of.ts";

/** A node that takes part in a measurement. */
export interface Contestant {
  /** Its name in the table. */
  name: string;
  /** A description for readers of the table. */
  description: string;
  /** The command that starts it. */
  command: Command;
}

/**
 * The echo node that comes with Maelstrom's official Go library, at a fixed
 * version, so that today's figures compare with yesterday's.
 */
const goEcho =
  "github.com/jepsen-io/maelstrom/demo/go/cmd/maelstrom-echo@v0.0.0-20251128144731-cb7f07239012";

/** Ours, as `bench.ts` runs it. */
export const ours: Contestant = {
  name: "ours",
  description: `challenges/echo.ts on Deno ${Deno.version.deno}`,
  command: commandFor("echo", []),
};

const plainNode = `${import.meta.dirname}/echo_node.mjs`;

/** The same Deno without our library: the difference is the library's cost. */
const plainDeno: Contestant = {
  name: "Deno alone",
  description: `a node without a library on Deno ${Deno.version.deno}`,
  command: {
    bin: Deno.execPath(),
    args: ["run", "--quiet", "--no-config", "--no-prompt", plainNode],
  },
};

/**
 * Finds the nodes to measure ours against.
 *
 * @param folder where programs may be made.
 * @returns them, and in a line each why others are left out.
 */
export async function findRivals(
  env: Env,
  folder: string,
): Promise<{ rivals: Contestant[]; leftOut: string[] }> {
  const found = await Promise.all([findNode(env), findGo(env, folder)]);
  return {
    rivals: [plainDeno, ...found.filter((each) => typeof each !== "string")],
    leftOut: found.filter((each) => typeof each === "string"),
  };
}

async function findNode(env: Env): Promise<Contestant | string> {
  const node = findProgram("node", env);
  if (node === undefined) return "Node.js is left out: no node on the PATH.";
  const { success, stdout, complaint } = await outputOf(node, ["--version"]);
  if (!success) return `Node.js is left out: ${complaint}`;
  return {
    name: "Node.js",
    description: `the same node on Node.js ${stdout}`,
    command: { bin: node, args: [plainNode] },
  };
}

async function findGo(env: Env, folder: string): Promise<Contestant | string> {
  const go = findProgram("go", env);
  if (go === undefined) return "Go is left out: no go on the PATH.";
  const made = await outputOf(go, ["install", goEcho], {
    env: { GOBIN: folder },
  });
  if (!made.success) {
    return `Go is left out: its official library can't be had: ${made.complaint}`;
  }
  const { stdout } = await outputOf(go, ["env", "GOVERSION"]);
  return {
    name: "Go",
    description: `the official library's own echo node, ${stdout}`,
    command: { bin: `${folder}/maelstrom-echo`, args: [] },
  };
}
