/**
 * Measures how long it takes to judge a node: as processes over pipes, in real
 * time, and in the workbench, in virtual time. Each node is the same program in
 * both.
 *
 * @module
 */
import type { Env } from "../maelstrom/machine.ts";
import { judgeGuest } from "../workbench/judge.ts";
import {
  type Command,
  judge,
  type Judgement,
  type Options,
} from "../workbench/mod.ts";
import { type Guest, Sandbox } from "../workbench/sandbox.ts";
import { commandForBin } from "./build.ts";
import { buildC, buildGo, type Built, fixtures } from "./languages.ts";
import { programFrom } from "./program.ts";

/** A node that is judged in both ways. */
export interface Judgeable {
  /** The language. */
  name: string;
  /** A description for readers of the table. */
  description: string;
  /** Its process. */
  command: Command;
  /** True if what runs in the workbench is a program, and no module. */
  isProgram: boolean;
  /** Makes what runs in the workbench of it; that counts, too. */
  prepare(): Promise<Guest>;
}

/** Runs by which nodes are judged, with short names. */
export const judgedRuns: readonly { name: string; options: Options }[] = [
  {
    name: "echo",
    options: { workload: "echo", "node-count": 1, "time-limit": 10 },
  },
  {
    name: "3b",
    options: {
      workload: "broadcast",
      "node-count": 5,
      "time-limit": 20,
      rate: 10,
    },
  },
  {
    name: "3d, flood",
    options: {
      workload: "broadcast",
      "node-count": 25,
      "time-limit": 20,
      rate: 100,
      latency: 100,
      topology: "tree4",
    },
  },
  {
    name: "5a",
    options: {
      workload: "kafka",
      "node-count": 1,
      concurrency: "2n",
      "time-limit": 20,
      rate: 1000,
    },
  },
];

/**
 * Finds the nodes that can be judged in both ways here.
 *
 * @param folder where programs may be made.
 * @returns them, and in a line each why others are left out.
 */
export async function findJudgeables(
  env: Env,
  folder: string,
): Promise<{ nodes: Judgeable[]; leftOut: string[] }> {
  const source = `${fixtures}/simple.ts`;
  const nodes: Judgeable[] = [{
    name: "TypeScript",
    description: `with our library, on Deno ${Deno.version.deno}`,
    command: commandForBin(source, []),
    isProgram: true,
    prepare: () => programFrom(source, []),
  }];
  const leftOut: string[] = [];
  const languages = {
    Go: ["with Maelstrom's library", await buildGo(env, folder)],
    C: ["without a library", await buildC(env, folder)],
  } as const;
  for (const [name, [library, built]] of Object.entries(languages)) {
    if (typeof built === "string") leftOut.push(built);
    else nodes.push(judgeableOf(name, library, built));
  }
  return { nodes, leftOut };
}

function judgeableOf(
  name: string,
  library: string,
  { description, wasm, native }: Built,
): Judgeable {
  return {
    name,
    description: `${library}, ${description}`,
    command: { bin: native, args: [] },
    isProgram: false,
    prepare: async () => ({
      wasm: await WebAssembly.compile(await Deno.readFile(wasm)),
      args: [],
    }),
  };
}

/** A judgement's wall time, and its verdict. */
interface Timed {
  ms: number;
  isValid: boolean;
}

/** The two ways to judge a node. */
export interface BothWays {
  pipes: Timed;
  virtual: Timed;
}

/** Judges a node in both ways. */
export async function judgeBothWays(
  { command, isProgram, prepare }: Omit<Judgeable, "name" | "description">,
  options: Options,
): Promise<BothWays> {
  return {
    virtual: await timed(async () => {
      using sandbox = new Sandbox();
      sandbox.prepare(isProgram); // meanwhile, as `deno task run` does
      return await judgeGuest(await prepare(), options, { sandbox });
    }),
    pipes: await timed(() => judge(command, options)),
  };
}

async function timed(act: () => Promise<Judgement>): Promise<Timed> {
  const start = performance.now();
  const { results } = await act();
  const ms = performance.now() - start;
  return { ms, isValid: results["valid?"] === true };
}

const nameWidth = 20;
const cellWidth = 24;

/** The first line of the table: the names of runs. */
export function headOf(runs: typeof judgedRuns): string {
  return line("", runs.map(({ name }) => name));
}

/** A line of the table: for each run both times, and how many times less. */
export function lineOf(name: string, judged: readonly BothWays[]): string {
  return line(
    name,
    judged.map(({ pipes, virtual }) =>
      `${secondsOf(pipes)} / ${secondsOf(virtual)} = ${
        (pipes.ms / virtual.ms).toPrecision(2)
      }`
    ),
  );
}

function secondsOf({ ms, isValid }: Timed): string {
  const digits = ms < 1000 ? 2 : ms < 10_000 ? 1 : 0;
  return `${(ms / 1000).toFixed(digits)} s${isValid ? "" : " (not valid)"}`;
}

function line(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(nameWidth)}${
    cells.map((cell) => cell.padEnd(cellWidth)).join("")
  }`.trimEnd();
}
