/**
 * The number of runs that this machine has room for, side by side.
 *
 * @module
 */
import { fillIn } from "../workbench/test.ts";
import type { Question } from "./worker.ts";

/** The most runs that can be judged side by side: each has a thread. */
export const maxJobs = 256;

/** The means of a machine. */
export interface Machine {
  cores: number;
  /** The memory that programs may still take; `undefined` if that isn't known. */
  availableBytes: number | undefined;
}

/** The nodes that a core can carry: they mostly wait, but all start at once. */
const nodesPerCore = 16;

/**
 * The messages that a core can carry in a second, with the work that nodes have
 * with them. The workbench hands over several times as many.
 */
const messagesPerSecond = 5000;

/** The memory of a node: more than that of most, but for a Java machine's. */
const nodeBytes = 100e6;

/** The memory of a run beside its nodes': a thread, and its history. */
const runBytes = 200e6;

/**
 * Returns the number of runs that a machine has room for.
 *
 * A run under virtual time computes all the time, so there is one for each
 * core. One over pipes waits most of the time, for nodes that wait, too. There
 * are as many of them as keep within all of three bounds: their nodes, and the
 * messages of their operations (a request, a reply, and one for each other
 * node), spread over the cores; and half of the memory that is left.
 */
export function roomFor(
  { by, options }: Pick<Question, "by" | "options">,
  { cores, availableBytes = Infinity }: Machine = thisMachine(),
): number {
  if (by.engine === "sim") return cores;
  const { nodes, options: { rate } } = fillIn(options);
  const messages = Math.max(rate * (nodes.length + 1), 1);
  return Math.min(
    maxJobs,
    Math.max(
      1,
      Math.floor(Math.min(
        cores * nodesPerCore / nodes.length,
        cores * messagesPerSecond / messages,
        availableBytes / 2 / (runBytes + nodes.length * nodeBytes),
      )),
    ),
  );
}

function thisMachine(): Machine {
  const name = { name: "sys", kind: "systemMemoryInfo" } as const;
  // Not every command may ask.
  const mayAsk = Deno.permissions.querySync(name).state === "granted";
  return {
    cores: navigator.hardwareConcurrency,
    availableBytes: mayAsk ? Deno.systemMemoryInfo().available : undefined,
  };
}
