/**
 * Measures the library, as a node that runs over pipes, against other nodes; how
 * much sooner there's a verdict in virtual time; how many seeds a core judges in a
 * second; how a run grows with its nodes; and how the time for checking grows with
 * the history. Machines differ and are noisy, so the nodes take turns in one run,
 * and the result is each node's time as a multiple of ours.
 *
 * @module
 */
import {
  type BothWays,
  findJudgeables,
  headOf,
  judgeBothWays,
  judgedRuns,
  lineOf,
} from "./bench_judging.ts";
import {
  measureSeeds,
  seededRuns,
  seedsHead,
  seedsLine,
} from "./bench_seeds.ts";
import {
  measureNodes,
  nodeCounts,
  nodesHead,
  nodesLine,
} from "./bench_nodes.ts";
import { print } from "./output.ts";
import { startGroup } from "../workbench/hosts/process_group.ts";
import type { Command } from "../workbench/mod.ts";
import { checkHistory } from "../workbench/verdict.ts";
import { workloads } from "../workbench/workloads/mod.ts";
import { testOf, validHistory } from "./histories.ts";
import { type Contestant, findRivals, ours } from "./rivals.ts";
import { withTempDir } from "./temp_dir.ts";

const messages = 200_000;
const rounds = 5;
const historySizes = [25_000, 50_000, 100_000];
const minCheckRounds = 2;
const minCheckMs = 300;
const minSeedsMs = 5000;

/** The time that a node may take for one measurement. */
const patienceMs = 5 * 60_000;

/**
 * Runs the benchmarks and prints the results.
 *
 * @param bin another echo node to compare with ours.
 * @returns an exit code.
 */
export async function bench(bin?: string): Promise<number> {
  await withTempDir(async (folder) => {
    const { rivals, leftOut } = await findRivals(Deno.env.toObject(), folder);
    if (bin !== undefined) {
      rivals.push({
        name: bin.split("/").at(-1)!,
        description: bin,
        command: { bin, args: [] },
      });
    }
    print(`${await machine()}.`);
    for (const line of leftOut) print(line);
    print();
    for (const { name, description } of [ours, ...rivals]) {
      print(`  ${name.padEnd(nameWidth)}${description}`);
    }
    const count = messages.toLocaleString("en");
    print(`
Echo: how many times ours a node takes, the median of ${rounds} rounds in which all
take turns, and the least and the most of them. Start-up is until init is
answered, time is for ${count} messages from then on, and memory is what it
holds at the end. Above 1, ours is better.
`);
    print(table(await compare(rivals, { messages, rounds })));
    await judging(folder);
  });
  await seeding();
  await growing();
  await checking();
  return 0;
}

/** Measures how runs grow with their nodes, and prints it. */
async function growing(): Promise<void> {
  print(`
Nodes: the time of a core, and the memory, of 20 seconds in which more and more
nodes flood a tree.
`);
  print(nodesHead);
  await measureNodes(nodeCounts[0]!); // code is still being compiled
  for (const count of nodeCounts) print(nodesLine(await measureNodes(count)));
}

/** Measures how many seeds a core judges in a second, and prints it. */
async function seeding(): Promise<void> {
  print(`
Seeds: the runs that a core judges in a second, and what each takes.
`);
  print(seedsHead);
  for (const run of seededRuns) {
    print(seedsLine(run, await measureSeeds(run, minSeedsMs)));
  }
}

/** Measures how long it takes to judge nodes, and prints it. */
async function judging(folder: string): Promise<void> {
  const { nodes, leftOut } = await findJudgeables(
    Deno.env.toObject(),
    folder,
  );
  print(`
Judging: the seconds that it takes as processes over pipes, and in virtual time,
and how many times less that is. A node is the same program in both, and floods
a tree.
`);
  for (const { name, description } of nodes) {
    print(`  ${name.padEnd(nameWidth)}${description}`);
  }
  for (const each of leftOut) print(each);
  print();
  print(headOf(judgedRuns));
  for (const node of nodes) {
    const judged: BothWays[] = [];
    for (const { options } of judgedRuns) {
      judged.push(await judgeBothWays(node, options));
    }
    print(lineOf(node.name, judged));
  }
}

/** Describes this machine in a line. */
async function machine(): Promise<string> {
  const { stdout } = await new Deno.Command("uname", { args: ["-srm"] })
    .output();
  const system = new TextDecoder().decode(stdout).trim();
  return `${system}, ${navigator.hardwareConcurrency} cores`;
}

/** Measures how checking grows, and prints it. */
async function checking(): Promise<void> {
  const shown = historySizes.map((size) => size.toLocaleString("en"));
  print(
    `\nChecking, histories of ${shown.slice(0, -1).join(", ")} and ${
      shown.at(-1)
    } operations (n log n grows ${growth(historySizes.map(nLogN))}):`,
  );
  for (const workload of Object.keys(workloads)) {
    const times: number[] = [];
    for (const size of historySizes) times.push(await checkMs(workload, size));
    print(`  ${workload.padEnd(nameWidth)}${growth(times)}`);
  }
}

/** From the first to the last. */
function growth([first = NaN, ...others]: number[]): string {
  return `${((others.at(-1) ?? first) / first).toFixed(1)} times`;
}

function nLogN(n: number): number {
  return n * Math.log(n);
}

/**
 * Measures how long it takes to check a valid history, at best: the first
 * times, code is still being compiled.
 */
async function checkMs(workload: string, size: number): Promise<number> {
  const history = await validHistory(workload, size);
  const test = testOf(workload);
  const times: number[] = [];
  const begin = performance.now();
  while (
    times.length < minCheckRounds || performance.now() - begin < minCheckMs
  ) {
    const start = performance.now();
    const { reason } = checkHistory(history, test);
    times.push(performance.now() - start);
    if (reason !== undefined) {
      throw new Error(`A history of ${workload} should be valid: ${reason}`);
    }
  }
  return Math.min(...times);
}

/** The measurement of one node. */
interface Measurement {
  startMs: number;
  timeMs: number;
  /** Absent where there is no `ps`. */
  memoryKiB?: number;
}

const columns = ["startMs", "timeMs", "memoryKiB"] as const;

/** A multiple of ours: the median of all rounds, the least, and the most. */
export interface Ratio {
  median: number;
  least: number;
  most: number;
}

/** The comparison of a node with ours. */
export interface Comparison extends Record<typeof columns[number], Ratio> {
  name: string;
}

/**
 * Measures ours and its rivals, taking turns.
 *
 * @returns how many times ours each of them takes, ours itself at first.
 */
export async function compare(
  rivals: readonly Contestant[],
  { messages, rounds }: { messages: number; rounds: number },
): Promise<Comparison[]> {
  const contestants = [ours, ...rivals]
    .map((each) => ({ ...each, measured: [] as Measurement[] }));
  const input = echoes(messages);
  for (let round = 0; round < rounds; round++) {
    for (const { command, measured } of contestants) {
      measured.push(await measure(command, input, messages));
    }
  }
  const base = contestants.slice(0, 1).flatMap(({ measured }) => measured);
  return contestants.map(({ name, measured }) => {
    // Round by round: what slows the machine for a while slows both.
    const ratios = columns.map((column) => {
      const all = base.map((own, round) =>
        (measured[round]?.[column] ?? NaN) / (own[column] ?? NaN)
      ).sort((a, b) => a - b);
      return [column, {
        median: all[Math.floor(all.length / 2)] ?? NaN,
        least: all.at(0) ?? NaN,
        most: all.at(-1) ?? NaN,
      }];
    });
    return { name, ...Object.fromEntries(ratios) };
  });
}

const nameWidth = 20;
const figureWidth = 26;

/** The comparisons, as people read them. */
export function table(comparisons: readonly Comparison[]): string {
  const heads = { startMs: "start-up", timeMs: "time", memoryKiB: "memory" };
  const line = (name: string, figures: string[]) =>
    `  ${name.padEnd(nameWidth)}${
      figures.map((figure) => figure.padEnd(figureWidth)).join("")
    }`.trimEnd();
  return [
    line("", columns.map((column) => heads[column])),
    ...comparisons.slice(0, 1).map(({ name }) =>
      line(name, columns.map(() => "1"))
    ),
    ...comparisons.slice(1).map((each) =>
      line(each.name, columns.map((column) => format(each[column])))
    ),
  ].join("\n");
}

function format({ median, least, most }: Ratio): string {
  return Number.isNaN(median)
    ? "unknown"
    : `${median.toFixed(2)} (${least.toFixed(2)} – ${most.toFixed(2)})`;
}

const encoder = new TextEncoder();

const init = encoder.encode(
  `{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n`,
);

/** So many requests. */
function echoes(count: number): Uint8Array<ArrayBuffer> {
  const lines = Array.from(
    { length: count },
    (_, i) =>
      `{"id":${i},"src":"c1","dest":"n0","body":{"type":"echo","msg_id":${
        i + 2
      },"echo":"Please echo ${i % 128}"}}\n`,
  );
  return encoder.encode(lines.join(""));
}

/** Starts a node, and has it answer a number of requests. */
async function measure(
  command: Command,
  input: Uint8Array<ArrayBuffer>,
  count: number,
): Promise<Measurement> {
  const begin = performance.now();
  const group = startGroup(command.bin, {
    args: command.args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
  const { child } = group;
  const patience = setTimeout(() => group.signal("SIGKILL"), patienceMs);
  const stdin = child.stdin.getWriter();
  // If it ends early, the number of its answers tells.
  const write = (bytes: Uint8Array<ArrayBuffer>) =>
    stdin.write(bytes).catch(() => {});
  let lines = 0;
  const stdout = child.stdout.getReader();
  const answered = async (answers: number) => {
    while (lines < answers) {
      const { done, value } = await stdout.read();
      if (done) {
        const { code } = await child.status;
        throw new Error(
          `${command.bin} gave ${lines} answers, and should have given ${
            count + 1
          }; it exited with code ${code}`,
        );
      }
      for (let at = value.indexOf(10); at !== -1; lines++) {
        at = value.indexOf(10, at + 1);
      }
    }
  };
  try {
    write(init);
    await answered(1);
    const ready = performance.now();
    write(input);
    await answered(1 + count);
    const end = performance.now();
    return {
      startMs: ready - begin,
      timeMs: end - ready,
      memoryKiB: await residentKiB(child.pid),
    };
  } finally {
    clearTimeout(patience);
    group.signal("SIGKILL");
    await stdout.cancel();
    await stdin.abort().catch(() => {});
    await group.ended;
  }
}

/** Returns the memory that a process holds. */
async function residentKiB(pid: number): Promise<number | undefined> {
  try {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "rss=", "-p", String(pid)],
    }).output();
    return Number(new TextDecoder().decode(stdout)) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
