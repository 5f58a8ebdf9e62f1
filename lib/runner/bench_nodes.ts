/**
 * Measures how the time and the memory of a run grow with its nodes.
 *
 * @module
 */
import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { type Run, runs } from "../../challenges/runs.ts";
import { judge } from "../workbench/mod.ts";

/** The sizes that are measured. */
export const nodeCounts: readonly number[] = [25, 100, 250, 500, 1000];

/** A run over a tree: it takes a message for each value and node. */
const run = runs.find(({ id }) => id === "3d")!;
const args = ["--strategy", "flood"];
const topology = "tree4";

/** The cost of a run of so many nodes. */
export interface Grown {
  nodes: number;
  /** All messages, those of clients included. */
  messages: number;
  /** The time of a core; what else the machine does doesn't count. */
  ms: number;
  /** The memory that a judged run holds: its history and its journal. */
  bytes: number;
}

/** Judges a run of so many nodes. */
export async function measureNodes(
  nodes: number,
  options: Run["options"] = {},
): Promise<Grown> {
  const before = heldBytes();
  const start = process.cpuUsage();
  const { app, workload, options: official } = run;
  const judged = await judge(
    app,
    { workload, ...official, topology, "node-count": nodes, ...options },
    { args },
  );
  const { user, system } = process.cpuUsage(start);
  const bytes = heldBytes() - before;
  const messages = judged.journal.length;
  return { nodes, messages, ms: (user + system) / 1000, bytes };
}

/** The bytes that can't be freed. */
function heldBytes(): number {
  v8.setFlagsFromString("--expose-gc");
  vm.runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}

/** The first line of the table. */
export const nodesHead: string = line(
  ["nodes", "messages", "time", "a message", "memory", "a message"],
);

/** A line of the table. */
export function nodesLine({ nodes, messages, ms, bytes }: Grown): string {
  return line([
    nodes.toLocaleString("en"),
    messages.toLocaleString("en"),
    `${(ms / 1000).toFixed(1)} s`,
    `${(1000 * ms / messages).toFixed(0)} µs`,
    `${(bytes / 1e6).toFixed(0)} MB`,
    `${(bytes / messages).toFixed(0)} bytes`,
  ]);
}

function line(cells: readonly string[]): string {
  return `  ${cells.map((cell) => cell.padEnd(12)).join("")}`.trimEnd();
}
