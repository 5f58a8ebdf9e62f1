/**
 * Starts the real Maelstrom, watches it, and sees that nothing is left of it.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Progress } from "../workbench/judge.ts";
import { allRead, startGroup } from "../workbench/hosts/process_group.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { type Env, type Java, pathWith } from "./machine.ts";
import { writeAll } from "./write_all.ts";

/** A run of Maelstrom's. */
export interface RunSettings {
  /** The program `maelstrom`. */
  launcher: string;
  /** The Java that it is to run on. */
  java: Java;
  /** The arguments after the launcher on the command line. */
  args: readonly string[];
  /** The folder that it runs in: it makes a folder `store` there. */
  folder: string;
  /** The file that takes all that it prints. */
  log: string;
  env: Env;
  /** The time that all of it may take, in milliseconds. */
  timeoutMs: number;
  /** The time that it may take to leave when asked to, in milliseconds. */
  graceMs?: number;
  onProgress?(progress: Progress): void;
  /** Called for each line of a node's log, which takes `--log-stderr`. */
  onLog?(node: string, line: string): void;
  /** Ends the run early; `run` then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The end of a run. */
export interface Ended {
  /** The exit code, or that of a shell for the signal that ended it. */
  code: number;
  /** In words: `exited with code 255`. */
  how: string;
  /** The end of what it printed, without stack traces. */
  lastLines: string[];
  /** The reason why the log isn't complete; absent if it is. */
  logProblem?: string;
}

const tickMs = 200;

const maxLastLines = 20;

/** The real one takes a second or two, if it can at all. */
const defaultGraceMs = 5000;

/**
 * Runs Maelstrom to its end.
 *
 * @throws if it can't be started, takes too long, or is interrupted.
 */
export async function run(settings: RunSettings): Promise<Ended> {
  const { launcher, java, args, folder, env, timeoutMs, signal } = settings;
  const { graceMs = defaultGraceMs } = settings;
  signal?.throwIfAborted();
  using log = await Deno.open(settings.log, { write: true, create: true });
  // What ends it ends its nodes as well.
  const group = startGroup(launcher, {
    args: [...args],
    cwd: folder,
    env: { PATH: pathWith(java, env) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    group.signal("SIGTERM");
    killer ??= setTimeout(() => group.signal("SIGKILL"), graceMs);
  };
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    stop();
  }, timeoutMs);
  signal?.addEventListener("abort", stop);

  const watch = watcher(settings.onProgress);
  watch.tell();
  // It's silent for seconds: at its start, in recovery, while it checks.
  const ticker = setInterval(watch.tell, tickMs);
  const output = read(group.child, log, (line) => {
    const [, node, text = ""] = nodeLine.exec(line) ?? [];
    if (node !== undefined) settings.onLog?.(node, text);
    watch.read(line);
  });
  try {
    const { code, signal: endedBy } = await group.ended;
    // A node that outlives Maelstrom may hold its output open: once the process
    // has ended, nothing is left of its group.
    await allRead(output.done, output.cancel);
    signal?.throwIfAborted();
    if (late) {
      throw new Error(
        `Maelstrom had not ended after ${
          timeoutMs / 1000
        } seconds, and was stopped. Its log is ${settings.log}.`,
      );
    }
    const how = endedBy
      ? `was ended by ${endedBy}`
      : `exited with code ${code}`;
    const { lastLines, logProblem } = output;
    return { code, how, lastLines, ...logProblem && { logProblem } };
  } finally {
    clearInterval(ticker);
    clearTimeout(deadline);
    clearTimeout(killer);
    signal?.removeEventListener("abort", stop);
  }
}

/** Reads what a process prints, line by line, into a file. */
function read(
  { stdout, stderr }: Deno.ChildProcess,
  file: Deno.FsFile,
  onLine: (line: string) => void,
) {
  const lastLines: string[] = [];
  let logProblem: string | undefined;
  const encoder = new TextEncoder();
  const reading = new AbortController();
  const take = async (stream: ReadableStream<Uint8Array>) => {
    const lines = stream
      .pipeThrough(new TextDecoderStream() as TransformStream, reading)
      .pipeThrough(new TextLineStream()) as ReadableStream<string>;
    for await (const line of lines) {
      // Whose pipe nobody reads stops: what can't be kept is read all the same.
      if (logProblem === undefined) {
        await writeAll(file, encoder.encode(line + "\n"))
          .catch((error) => logProblem = systemReason(error));
      }
      onLine(line);
      if (stackFrame.test(line)) continue;
      lastLines.push(line);
      if (lastLines.length > maxLastLines) lastLines.shift();
    }
  };
  return {
    done: Promise.allSettled([take(stdout), take(stderr)]),
    cancel: () => reading.abort(),
    lastLines,
    get logProblem() {
      return logProblem;
    },
  };
}

/** The lines that follow the words of a Java exception, for pages. */
const stackFrame = /^\s+(at |\.\.\. \d+ common frames)/;

/** A line of a node's log, as Maelstrom shows it. */
const nodeLine = /\] (\S+) stderr - maelstrom\.process (.*)$/;

/** The same words are in the test that Jepsen prints at first. */
const recoveryLine = / jepsen\.generator\.interpreter Waiting for recovery/;

/** An operation as Jepsen logs it: process, type, function, value. */
const opLine = / jepsen\.util (\d+|:nemesis)\t:(invoke|ok|fail|info)\t/;

/** Tells from what Maelstrom prints how far it has come. */
function watcher(onProgress: RunSettings["onProgress"]) {
  let phase: Progress["phase"] = "setup";
  let ops = 0;
  let startMs = performance.now();
  const tell = () => {
    const seconds = (performance.now() - startMs) / 1000;
    onProgress?.({ phase, seconds, ops });
  };
  return {
    tell,
    read(line: string) {
      const [, process, type] = opLine.exec(line) ?? [];
      if (process !== undefined) {
        const isClient = process !== ":nemesis";
        if (phase === "setup") phase = "work";
        if (phase === "recovery" && isClient) phase = "final";
        if (type === "invoke" && isClient) ops++;
      } else if (line.endsWith(" jepsen.core Relative time begins now")) {
        startMs = performance.now();
      } else if (recoveryLine.test(line)) phase = "recovery";
      else if (line.endsWith(" jepsen.core Analyzing...")) phase = "check";
      else return;
      tell();
    },
  };
}
