/**
 * Where nodes live: in this process, or in a child process over stdin and
 * stdout. A host brings one node to the network, and reports what a node must
 * not do.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { type App, Node } from "../node.ts";
import { type Clock, msInNs } from "./clock.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

/**
 * Something that a node did, and that no node may do.
 *
 * @example
 * ```ts
 * import type { NodeError } from "@call-me-maybe/maelstrom/workbench";
 *
 * const error: NodeError = {
 *   node: "n1",
 *   kind: "line-not-valid-json",
 *   text: "n1 printed a line to stdout that isn't JSON.",
 *   line: "got a message",
 *   timeNs: 1_500_000,
 * };
 * ```
 */
export interface NodeError {
  /** The node's id. */
  node: string;
  /** What it was, for programs. */
  kind:
    | "line-not-valid-json"
    | "malformed-message"
    | "malformed-rpc-response"
    | "no-such-destination"
    | "node-crashed"
    | "init-failed"
    | "setup-failed"
    | "line-too-long";
  /** What it was, what was expected, and what to do: for people. */
  text: string;
  /** The line that it printed, if it was about one. Long ones are cut. */
  line?: string;
  /** When, in nanoseconds since the clock was made. */
  timeNs: number;
}

/** What a host needs of its surroundings. */
export interface Surroundings {
  clock: Clock;
  network: Network;
  /** Called for each error of a node. */
  onError(error: NodeError): void;
  /** Called for each line of a node's log. */
  onLog(node: string, line: string): void;
}

/** A node in its place. */
export interface Host {
  /** Ends the node, and resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** Makes the host of one node. */
export type StartHost = (id: string, surroundings: Surroundings) => Host;

/**
 * How long a simulated node takes to start: drawn uniformly between the two.
 * Real processes start one after the other, too. Were all to start at once,
 * their timers would go off at the same moments for ever, and figures would
 * show that instead of the algorithm.
 */
const startUpMs = [50, 500] as const;

/** Nodes in this process: the app is called once for each. */
export function inProcess(
  app: App,
  args: string[],
  randomFor: (id: string) => Random,
): StartHost {
  return (id, { clock, network, onError, onLog }) => {
    const random = randomFor(id);
    const [least, most] = startUpMs;
    const startNs = clock.nowNs +
      Math.round((least + (most - least) * random.float()) * msInNs);
    let stopped = false;
    const crashed = (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      onError({
        node: id,
        kind: "node-crashed",
        text: `${id} threw what nobody caught: ${text}`,
        timeNs: clock.nowNs,
      });
    };
    const act = (action: () => void) => {
      if (stopped) return;
      lastToAct = crashed;
      action();
    };
    const node = new Node({
      send(message) {
        if (stopped) return;
        send(id, message, JSON.stringify(message), network, clock, onError);
      },
      now: () => (clock.nowNs - startNs) / msInNs,
      setTimer: (callback, delayMs) =>
        clock.after(Math.max(0, delayMs) * msInNs, () => act(callback)),
      random: () => random.float(),
      log: (text) => onLog(id, text),
    });
    // What comes before the node reads it waits, as it would in a pipe.
    let waiting: string[] | undefined = [];
    const receive = (line: string) => act(() => node.receive(JSON.parse(line)));
    network.add(id, ({ line }) => {
      if (waiting) waiting.push(line);
      else receive(line);
    });
    clock.at(startNs, () =>
      act(() => {
        new Promise((resolve) => resolve(app(node, args))).then(() => {
          const lines = waiting ?? [];
          waiting = undefined;
          lines.forEach(receive);
        }, crashed);
      }));
    return {
      stop() {
        stopped = true;
        network.remove(id);
        return Promise.resolve();
      },
    };
  };
}

/**
 * A promise that is rejected and that nobody handles would end the node, were
 * it a process of its own. Here it would end the workbench; so while nodes live
 * in this process, it is held against the node that acted last.
 *
 * @returns a function that ends the watch.
 */
export function watchRejections(): () => void {
  const onRejection = (event: PromiseRejectionEvent) => {
    if (lastToAct === undefined || event.defaultPrevented) return;
    event.preventDefault();
    lastToAct(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  return () =>
    globalThis.removeEventListener("unhandledrejection", onRejection);
}

let lastToAct: ((error: unknown) => void) | undefined;

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
  /** What it's called with. */
  args: string[];
  /** The working directory; by default, that of this process. */
  cwd?: string;
}

/** How many characters a line of a node's may have. */
const maxLineChars = 64 * 1024 * 1024;

/** How many lines of a node's stdout and stderr are kept for error messages. */
const maxLastLines = 8;

/** Nodes as child processes. The command is started once for each. */
export function childProcess(command: Command): StartHost {
  return (id, { clock, network, onError, onLog }) => {
    const child = spawn(command);
    let stopped = false;
    const lastLines: string[] = [];
    const keep = (line: string) => {
      if (lastLines.push(line.slice(0, 400)) > maxLastLines) lastLines.shift();
    };

    const input = lineWriter(child.stdin);
    network.add(id, ({ line }) => input.write(line));

    const output = eachLine(child.stdout, (line) => {
      if (stopped) return;
      keep(line);
      forward(id, line, network, clock, onError);
    }, () =>
      stopped || onError({
        node: id,
        kind: "line-too-long",
        text:
          `${id} printed more than ${maxLineChars} characters without ending the line. Each message is one line.`,
        timeNs: clock.nowNs,
      }));
    const log = eachLine(child.stderr, (line) => {
      keep(line);
      onLog(id, line);
    });

    const ended = child.status.then(async (status) => {
      await Promise.allSettled([output, log]);
      if (stopped) return;
      const how = status.signal
        ? `was ended by ${status.signal}`
        : `exited with code ${status.code}`;
      const last = lastLines.length === 0
        ? "It had printed nothing."
        : `Its last lines were:\n${lastLines.join("\n")}`;
      onError({
        node: id,
        kind: "node-crashed",
        text:
          `${id} ${how} in the middle of the run. A node has to run until its input ends. ${last}`,
        timeNs: clock.nowNs,
      });
    });

    return {
      async stop() {
        if (stopped) return await ended;
        stopped = true;
        network.remove(id);
        input.close();
        try {
          // As Maelstrom does: nodes are not asked to leave.
          child.kill("SIGKILL");
        } catch {
          // It has ended by itself.
        }
        await ended;
      },
    };
  };
}

function spawn({ bin, args, cwd }: Command): Deno.ChildProcess {
  try {
    return new Deno.Command(bin, {
      args,
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new Error(
      `${bin} can't be started: ${
        (error as Error).message
      }. Is it a program for this machine, or a script whose first line (#!) names an interpreter that is installed?`,
    );
  }
}

/** Takes what a node printed for a message. */
function forward(
  node: string,
  line: string,
  network: Network,
  clock: Clock,
  onError: (error: NodeError) => void,
): void {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return onError({
      node,
      kind: "line-not-valid-json",
      text:
        `${node} printed a line to stdout that isn't JSON. Stdout is for messages only, one JSON object per line; write logs to stderr.`,
      line: excerpt(line),
      timeNs: clock.nowNs,
    });
  }
  send(node, message, line, network, clock, onError);
}

/** Checks what a node wants to send, and sends it. */
function send(
  node: string,
  message: unknown,
  line: string,
  network: Network,
  clock: Clock,
  onError: (error: NodeError) => void,
): void {
  const report = (kind: NodeError["kind"], text: string) =>
    onError({ node, kind, text, line: excerpt(line), timeNs: clock.nowNs });
  const expected =
    `A message is {"src": "${node}", "dest": <node or client>, "body": {…}}.`;
  if (!isObject(message)) {
    return report(
      "malformed-message",
      `${node} printed JSON that isn't an object. ${expected}`,
    );
  }
  const { src, dest, body } = message;
  const problem = typeof src !== "string"
    ? `whose "src" isn't a string`
    : typeof dest !== "string"
    ? `whose "dest" isn't a string`
    : !isObject(body)
    ? `whose "body" isn't an object`
    : Object.keys(message).some((key) => !messageKeys.has(key))
    ? `with keys that no message has`
    : network.presence(src) === undefined
    ? `in the name of "${src}", who doesn't exist`
    : undefined;
  if (problem) {
    return report(
      "malformed-message",
      `${node} sent a message ${problem}. ${expected}`,
    );
  }
  if (network.presence(dest as string) === undefined) {
    return report(
      "no-such-destination",
      `${node} sent a message to "${dest}", who doesn't exist. Nodes are those in init's node_ids; clients are to be answered at the "src" of their request.`,
    );
  }
  network.send(src as string, dest as string, line);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function excerpt(line: string): string {
  return line.length <= 1000 ? line : `${line.slice(0, 1000)}…`;
}

const messageKeys = new Set(["id", "src", "dest", "body"]);

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
    close() {
      writer.close().catch(ignore);
    },
  };
}

/** Calls back for each line; gives up on a line that doesn't end. */
async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
  tooLong: () => void = () => {},
): Promise<void> {
  let open = 0;
  const bounded = new TransformStream<string, string>({
    transform(chunk, controller) {
      const newline = chunk.lastIndexOf("\n");
      open = newline === -1 ? open + chunk.length : chunk.length - newline - 1;
      if (open > maxLineChars) {
        tooLong();
        controller.terminate();
      } else controller.enqueue(chunk);
    },
  });
  const lines = stream
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .pipeThrough(bounded)
    .pipeThrough(new TextLineStream());
  try {
    for await (const line of lines) take(line);
  } catch {
    // The process has gone: its exit status tells.
  }
}
