/**
 * Where nodes live: in this process, or in a child process over stdin and
 * stdout. A host brings one node to the network, and reports what a node must
 * not do.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type App, Node } from "../node.ts";
import { type Clock, msInNs } from "./clock.ts";
import { CrashReader, endingOf } from "./crash.ts";
import { maxNesting, nestsTooDeep } from "./exact_json.ts";
import type { Network } from "./network.ts";
import { allRead, type ProcessGroup, startGroup } from "./process_group.ts";
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
  /** What may explain that the node is silent. */
  hint?(): string | undefined;
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
      if (stopped) return;
      const text = error instanceof Error ? error.message : String(error);
      onError({
        node: id,
        kind: "node-crashed",
        text: `${id} threw what nobody caught: ${text}`,
        timeNs: clock.nowNs,
      });
    };
    const act = (action: () => void) => {
      if (!stopped) acting.run(crashed, action);
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
 * in this process, it is held against the node that rejected it. There may be
 * nodes of several runs.
 *
 * @returns a function that ends the watch.
 */
export function watchRejections(): () => void {
  if (watchers++ === 0) {
    globalThis.addEventListener("unhandledrejection", blame);
  }
  return () => {
    if (--watchers > 0) return;
    globalThis.removeEventListener("unhandledrejection", blame);
  };
}

let watchers = 0;

/** Follows a node through all that it awaits: how its crash is reported. */
const acting = new AsyncLocalStorage<(error: unknown) => void>();

function blame(event: PromiseRejectionEvent): void {
  const crashed = acting.getStore();
  if (crashed === undefined || event.defaultPrevented) return;
  event.preventDefault();
  crashed(event.reason);
}

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

/** Nodes as child processes. The command is started once for each. */
export function childProcess(command: Command): StartHost {
  return (id, { clock, network, onError, onLog }) => {
    const group = start(command);
    const { stdin, stdout, stderr } = group.child;
    let stopped = false;
    const crash = new CrashReader();
    const input = lineWriter(stdin);
    network.add(id, ({ line }) => input.write(line));

    const output = new LineReader(stdout, (line, isWhole) => {
      if (stopped) return;
      const message = parse(line);
      if (message === undefined) crash.read(line);
      // Half a line is no violation: the node's end is.
      if (message === undefined && !isWhole) return;
      forward(id, message, line, network, clock, onError);
    });
    const log = new LineReader(stderr, (line) => {
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
        text: [
          `${id} ${endingOf(status)} in the middle of the run.`,
          "A node has to run until its input ends.",
          unended(id, output),
          crash.lastWords(),
        ].filter(Boolean).join(" "),
        timeNs: clock.nowNs,
      });
    });

    return {
      hint: () => unended(id, output),
      async stop() {
        if (stopped) return await ended;
        stopped = true;
        network.remove(id);
        // As Maelstrom does: nodes are not asked to leave.
        group.signal("SIGKILL");
        await ended;
      },
    };
  };
}

function start({ bin, args, cwd }: Command): ProcessGroup {
  try {
    return startGroup(bin, {
      args,
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
  } catch (error) {
    throw new Error(
      `${bin} can't be started: ${
        (error as Error).message
      }. Is it a program for this machine, or a script whose first line (#!) names an interpreter that is installed?`,
    );
  }
}

/** What there is to say of a line that hasn't ended. */
function unended(id: string, { openChars }: LineReader): string | undefined {
  return openChars === 0
    ? undefined
    : `${id} has printed ${openChars} characters without a newline at their end: each message is one line.`;
}

/** A value from its JSON; `undefined` if it isn't JSON. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Takes what a node printed for a message. */
function forward(
  node: string,
  message: unknown,
  line: string,
  network: Network,
  clock: Clock,
  onError: (error: NodeError) => void,
): void {
  if (message !== undefined) {
    return send(node, message, line, network, clock, onError);
  }
  onError({
    node,
    kind: "line-not-valid-json",
    text:
      `${node} printed a line to stdout that isn't JSON. Stdout is for messages only, one JSON object per line; write logs to stderr.`,
    line: excerpt(line),
    timeNs: clock.nowNs,
  });
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
  const strange = Object.keys(message).filter((key) => !messageKeys.has(key));
  const problem = typeof src !== "string"
    ? `whose "src" isn't a string`
    : typeof dest !== "string"
    ? `whose "dest" isn't a string`
    : !isObject(body)
    ? `whose "body" isn't an object`
    : strange.length > 0
    ? `with ${listed(strange)}, which no message has`
    : nestsTooDeep(line)
    ? `that nests values more than ${maxNesting} deep`
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

/** How many keys that shouldn't be there are named. */
const maxKeysNamed = 3;

function listed(keys: readonly string[]): string {
  const names = keys.slice(0, maxKeysNamed)
    .map((key) => JSON.stringify(key.slice(0, 40)));
  const more = keys.length > maxKeysNamed ? ", …" : "";
  return `the key${keys.length > 1 ? "s" : ""} ${names.join(", ")}${more}`;
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
 * Calls back for each line, and for what comes after the last newline; gives up
 * on a line that doesn't end.
 */
class LineReader {
  /** How many characters have come of a line that hasn't ended. */
  openChars = 0;
  /** Resolves when there's no more to read. */
  readonly done: Promise<void>;
  #reader: ReadableStreamDefaultReader<string>;
  #take: (line: string, isWhole: boolean) => void;

  constructor(
    stream: ReadableStream<Uint8Array>,
    take: (line: string, isWhole: boolean) => void,
  ) {
    this.#take = take;
    this.#reader = stream
      .pipeThrough(
        new TextDecoderStream() as TransformStream<Uint8Array, string>,
      )
      .getReader();
    this.done = this.#readAll();
  }

  /** Ends the reading. */
  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }

  async #readAll(): Promise<void> {
    let open = "";
    for (;;) {
      // When the process has gone, its exit status tells.
      const { value } = await this.#reader.read().catch(() => ({
        value: undefined,
      }));
      if (value === undefined) {
        if (open !== "" && open.length <= maxLineChars) this.#take(open, false);
        return;
      }
      const lines = value.split("\n");
      lines[0] = open + lines[0];
      open = lines.pop()!;
      this.openChars = open.length;
      if (open.length > maxLineChars) this.cancel();
      for (const line of lines) this.#take(line.replace(/\r$/, ""), true);
    }
  }
}
