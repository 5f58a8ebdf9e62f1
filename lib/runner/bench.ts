/**
 * Measures the library as a node that runs over pipes: messages per second,
 * start-up, and memory; and how the time that checking takes grows with the
 * history. Machines differ and are noisy, so whatever is compared is measured
 * side by side in one go, and what counts is the ratio.
 *
 * @module
 */
import type { Command } from "../workbench/mod.ts";
import { checkHistory } from "../workbench/verdict.ts";
import { workloads } from "../workbench/workloads/mod.ts";
import { commandFor } from "./build.ts";
import { testOf, validHistory } from "./histories.ts";

const messages = 500_000;
const throughputRounds = 3;
const startRounds = 10;
const historySizes = [25_000, 50_000, 100_000];
const minCheckRounds = 2;
const minCheckMs = 300;

/**
 * Runs the benchmarks and prints what they measured.
 *
 * @param rival another echo node to measure beside ours.
 * @returns an exit code.
 */
export async function bench(rival?: string): Promise<number> {
  const ours = commandFor("echo", []);
  const contestants: [name: string, command: Command][] = [["ours", ours]];
  if (rival !== undefined) {
    contestants.push([rival.split("/").at(-1)!, { bin: rival, args: [] }]);
  }

  console.log(`Echo, ${messages} messages through a pipe:`);
  const input = echoInput(messages);
  const times = contestants.map((): number[] => []);
  for (let round = 0; round < throughputRounds; round++) {
    for (const [i, [, command]] of contestants.entries()) {
      times[i].push(await answerAll(command, input, messages + 1));
    }
  }
  const medians = times.map(median);
  for (const [i, [name]] of contestants.entries()) {
    const perSecond = Math.round(messages / (medians[i] / 1000));
    print(
      name,
      `${perSecond.toLocaleString("en")} messages/s`,
      i === 0 ? "" : `ours is ${ratio(medians[i], medians[0])} as fast`,
    );
  }

  console.log(
    "\nStart-up, from nothing to the end of a node that was initialised:",
  );
  const empty: Command = {
    bin: ours.bin,
    args: ["run", "--quiet", "--no-config", emptyScript],
  };
  const init = echoInput(0);
  const starts: [number[], number[]] = [[], []];
  for (let round = 0; round < startRounds; round++) {
    starts[0].push(await answerAll(ours, init, 1));
    starts[1].push(await answerAll(empty, new Uint8Array(), 0));
  }
  const [node, nothing] = starts.map(median);
  print(
    "a node",
    `${node.toFixed(0)} ms`,
    `${ratio(node, nothing)} an empty script`,
  );
  print("an empty script", `${nothing.toFixed(0)} ms`);

  console.log("\nMemory, resident, after 1,000 messages:");
  for (const [name, command] of contestants) {
    const kibibytes = await residentKiB(command);
    print(
      name,
      kibibytes === undefined
        ? "can't be told here: there is no ps"
        : `${(kibibytes / 1024).toFixed(0)} MiB`,
    );
  }

  const shown = historySizes.map((size) => size.toLocaleString("en"));
  console.log(
    `\nChecking, histories of ${shown.slice(0, -1).join(", ")} and ${
      shown.at(-1)
    } operations (n log n grows ${growth(historySizes.map(nLogN))}):`,
  );
  for (const workload of Object.keys(workloads)) {
    const times: number[] = [];
    for (const size of historySizes) times.push(await checkMs(workload, size));
    const columns = times.map((ms) => `${ms.toFixed(0)} ms`.padStart(9));
    print(workload, columns.join(""), growth(times));
  }
  return 0;
}

const emptyScript = `data:text/javascript,`;

function print(name: string, figure: string, remark = ""): void {
  console.log(
    `  ${name.padEnd(20)}${figure.padStart(22)}  ${remark}`.trimEnd(),
  );
}

function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(1)} times`;
}

/** From the first to the last. */
function growth(figures: number[]): string {
  return ratio(figures.at(-1)!, figures[0]);
}

function nLogN(n: number): number {
  return n * Math.log(n);
}

/**
 * How long it takes to check a valid history, at best: the first times, code is
 * still being compiled.
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

/** One init, and then so many echoes. */
function echoInput(count: number): Uint8Array<ArrayBuffer> {
  const lines = [
    `{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`,
  ];
  for (let i = 0; i < count; i++) {
    lines.push(
      `{"id":${i},"src":"c1","dest":"n0","body":{"type":"echo","msg_id":${
        i + 2
      },"echo":"Please echo ${i % 128}"}}`,
    );
  }
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

/** How long it takes to answer all that comes in, and to end, in ms. */
async function answerAll(
  command: Command,
  input: Uint8Array<ArrayBuffer>,
  answers: number,
): Promise<number> {
  const start = performance.now();
  const child = spawn(command);
  const fed = feed(child, input);
  let lines = 0;
  for await (const chunk of child.stdout) {
    for (
      let at = chunk.indexOf(10);
      at !== -1;
      at = chunk.indexOf(10, at + 1)
    ) {
      lines++;
    }
  }
  await fed;
  const { code } = await child.status;
  const elapsedMs = performance.now() - start;
  if (lines !== answers) {
    throw new Error(
      `${command.bin} gave ${lines} answers, and should have given ${answers}; it exited with code ${code}`,
    );
  }
  return elapsedMs;
}

function spawn({ bin, args }: Command): Deno.ChildProcess {
  return new Deno.Command(bin, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

async function feed(
  { stdin }: Deno.ChildProcess,
  input: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(input);
    await writer.close();
  } catch {
    // It ended early: the number of its answers tells.
  }
}

/** How much memory a node holds that has answered some messages. */
async function residentKiB(
  command: Command,
): Promise<number | undefined> {
  const child = spawn(command);
  try {
    const writer = child.stdin.getWriter();
    await writer.write(echoInput(1000));
    let lines = 0;
    for await (const chunk of child.stdout) {
      lines += chunk.filter((byte) => byte === 10).length;
      if (lines > 1000) break;
    }
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "rss=", "-p", String(child.pid)],
    }).output();
    return Number(new TextDecoder().decode(stdout)) || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
