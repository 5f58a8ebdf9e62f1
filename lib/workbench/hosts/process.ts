/**
 * Nodes as child processes, over stdin and stdout.
 *
 * @module
 */
import type { Clock } from "../sim/clock.ts";
import { CrashReader, endingOf, untimely } from "./crash.ts";
import { behind, firstValue } from "./first_value.ts";
import type { StartHost } from "./host.ts";
import { LineSplitter, unended } from "./lines.ts";
import { allRead, type ProcessGroup, startGroup } from "./process_group.ts";
import { otherProcessor } from "./processor.ts";
import { forward } from "./sending.ts";
import { isBusy, systemReason } from "./system_error.ts";

/**
 * A program to run as a node.
 *
 * @example
 * ```ts
 * import type { Command } from "@call-me-maybe/maelstrom/workbench";
 *
 * const command: Command = { bin: "./my-node", args: ["--verbose"] };
 * ```
 */
export interface Command {
  /** The path of the executable. */
  bin: string;
  /** The program's arguments. */
  args: string[];
  /** The working directory; by default, that of this process. */
  cwd?: string;
}

/**
 * The time for which lines are taken at a stretch, in milliseconds. A node that
 * floods its log keeps nobody waiting, itself included.
 */
const sliceMs = 2;

/** The most characters of a line of a node's. */
const maxLineChars = 64 * 1024 * 1024;

/** Nodes as child processes. The command is started once for each. */
export function childProcess(command: Command): StartHost {
  return (id, { clock, network, onError, onLog }) => {
    const group = start(command);
    const { stdin, stdout, stderr } = group.child;
    let stopped = false;
    let hasSpoken = false;
    const crash = new CrashReader();
    const input = lineWriter(stdin);

    /** The rest that came behind the JSON of a line, and that nobody heard. */
    let passedOver: string | undefined;
    const output = new LineReader(stdout, clock, (line, isWhole, cameNs) => {
      if (stopped) return;
      clock.meter?.message(cameNs, clock.nowNs);
      const { value, text, rest } = firstValue(line);
      if (value === undefined) crash.read(line);
      else hasSpoken = true;
      // Half a line is no violation: the node's end is.
      if (value === undefined && !isWhole) return;
      if (rest !== "") passedOver ??= rest;
      forward(id, value, text, network, clock, onError);
    });
    const log = new LineReader(stderr, clock, (line) => {
      crash.read(line);
      onLog(id, line);
    });
    output.done.then(() => {
      if (stopped || output.openChars <= maxLineChars) return;
      onError({
        node: id,
        kind: "line-too-long",
        text:
          `${id} printed more than ${maxLineChars} characters without ending the line. Each message is one line.`,
        timeNs: clock.nowNs,
      });
    });

    const ended = group.ended.then(async (status) => {
      await allRead(Promise.all([output.done, log.done]), () => {
        output.cancel();
        log.cancel();
      });
      await input.end();
      if (stopped) return;
      onError({
        node: id,
        kind: "node-crashed",
        text: untimely(
          `${id} ${endingOf(status)}`,
          hasSpoken ? undefined : otherProcessor(command.bin),
          unended(id, output.openChars),
          crash.lastWords(),
        ),
        timeNs: clock.nowNs,
      });
    });

    return {
      deliver: (line) => input.write(line),
      pause: () => group.signal("SIGSTOP"),
      resume: () => group.signal("SIGCONT"),
      hint: () =>
        output.isOver
          ? `${id} has closed its stdout, on which it should answer.`
          : threadHint(id, crash.threadReason) ??
            unended(id, output.openChars) ?? behind(id, passedOver),
      async stop() {
        if (stopped) return await ended;
        stopped = true;
        // As Maelstrom does: nodes are not asked to leave.
        group.signal("SIGKILL");
        await ended;
      },
    };
  };
}

/** A hint for a program that a mistake hasn't ended. */
function threadHint(
  id: string,
  reason: string | undefined,
): string | undefined {
  return reason &&
    `${id} goes on without one of its threads or tasks, which said: ${reason}`;
}

function start({ bin, args, cwd }: Command): ProcessGroup {
  try {
    return startGroup(bin, {
      args,
      ...cwd !== undefined && { cwd },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
  } catch (error) {
    if (cwd !== undefined && isMissing(cwd)) {
      throw new Error(
        `${bin} can't be started in ${cwd}, which doesn't exist.`,
      );
    }
    const isKept = error instanceof Deno.errors.NotCapable;
    const advice = isKept || isBusy(error)
      ? ""
      : " Is it a program for this machine, or a script whose first line (#!) names an interpreter that is installed?";
    throw new Error(
      `${bin} can't be started: ${systemReason(error)}.${advice}`,
    );
  }
}

/** Tells whether there is no such file or folder, as far as one may look. */
function isMissing(path: string): boolean {
  try {
    Deno.statSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** Writes lines to a process, many at once where they come fast. */
function lineWriter(stream: WritableStream<Uint8Array>) {
  const writer = stream.getWriter();
  const encoder = new TextEncoder();
  let waiting: string[] = [];
  let writing = false;
  const ignore = () => {}; // its end is noticed by its exit status
  writer.closed.catch(ignore);
  async function drain() {
    writing = true;
    while (waiting.length > 0) {
      const text = waiting.join("\n") + "\n";
      waiting = [];
      await writer.write(encoder.encode(text)).catch(ignore);
    }
    writing = false;
  }
  return {
    write(line: string) {
      waiting.push(line);
      if (!writing) drain();
    },
    /** Nobody reads any more. */
    async end() {
      await writer.abort().catch(ignore);
    },
  };
}

/**
 * Calls back for each line, and for the rest after the last newline; gives up
 * on a line that doesn't end.
 */
class LineReader {
  /** The number of characters that have come of a line that hasn't ended. */
  openChars = 0;
  /** True if there's no more to read. */
  isOver = false;
  /** Resolves when it's so. */
  readonly done: Promise<void>;
  #reader: ReadableStreamDefaultReader<string>;
  #clock: Clock;
  #take: (line: string, isWhole: boolean, cameNs: number) => void;

  /** @param take is told when the line came, too. */
  constructor(
    stream: ReadableStream<Uint8Array>,
    clock: Clock,
    take: (line: string, isWhole: boolean, cameNs: number) => void,
  ) {
    this.#clock = clock;
    this.#take = take;
    this.#reader = stream
      .pipeThrough(
        // To Maelstrom, too, a byte order mark is no part of JSON.
        new TextDecoderStream("utf-8", {
          ignoreBOM: true,
        }) as TransformStream<Uint8Array, string>,
      )
      .getReader();
    this.done = this.#readAll().finally(() => this.isOver = true);
  }

  /** Ends the reading. */
  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }

  async #readAll(): Promise<void> {
    const splitter = new LineSplitter();
    for (;;) {
      // When the process has gone, its exit status tells.
      const { value } = await this.#reader.read().catch(() => ({
        value: undefined,
      }));
      const cameNs = this.#clock.nowNs;
      if (value === undefined) {
        const { open } = splitter;
        if (open !== "" && open.length <= maxLineChars) {
          this.#take(open, false, cameNs);
        }
        return;
      }
      const lines = splitter.push(value);
      this.openChars = splitter.open.length;
      if (this.openChars > maxLineChars) this.cancel();
      let pauseMs = performance.now() + sliceMs;
      for (const line of lines) {
        this.#take(line, true, cameNs);
        if (performance.now() < pauseMs) continue;
        await new Promise((resolve) => setTimeout(resolve));
        pauseMs = performance.now() + sliceMs;
      }
    }
  }
}
