/**
 * A node over stdin and stdout, as Maelstrom runs it.
 *
 * Lines come in through a `TextLineStream`; a line that isn't a JSON message is
 * reported on stderr and skipped. Output is written in batches: while one write
 * is under way the next messages gather, so a busy node makes one system call
 * for many messages, and an idle one never waits.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Message, OutgoingBody } from "./message.ts";
import type { AnyMessages } from "./messages.ts";
import { FileStorage } from "./file_storage.ts";
import { type App, Node } from "./node.ts";
import { type Hosting, hostingKey } from "./hosting.ts";
import type { Runtime } from "./runtime.ts";
import { isA, messageOf } from "./thrown.ts";

/** The time for which handlers may go on once the input has ended. */
const graceMs = 1000;

/** The longest timer of the system: beyond it, it would go off at once. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * With more characters than this waiting to be written, reading pauses: a
 * judge that doesn't listen must not make the node run out of memory.
 */
const maxQueuedChars = 64 * 1024 * 1024;

/**
 * Runs an app as a Maelstrom node, until the input ends; then ends the process:
 * with 0, or with 254 if the app rejected its arguments, by any error but those
 * of JavaScript's own for slips, `TypeError` and `ReferenceError`. In the
 * workbench, which runs whole programs too, the node lives there.
 *
 * It needs no permission.
 *
 * @typeParam M the app's own messages.
 *
 * @example
 * ```ts
 * import { type Node, serve } from "@call-me-maybe/maelstrom";
 *
 * if (import.meta.main) {
 *   await serve((node: Node) => {
 *     node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 *   });
 * }
 * ```
 */
export async function serve<M = object>(app: App<M>): Promise<never> {
  const start = async (runtime: Runtime) => {
    const node = new Node<M>(runtime);
    try {
      await app(node, Deno.args);
    } catch (error) {
      // A slip of the program's is none of its arguments: Deno says where it is.
      if (isA(error, TypeError) || isA(error, ReferenceError)) {
        throw error;
      }
      console.error(messageOf(error));
      Deno.exit(254);
    }
    return node;
  };
  const hosting = (globalThis as { [hostingKey]?: Hosting })[hostingKey];
  if (hosting) {
    return await hosting(async (runtime) => {
      const node = await start(runtime);
      return (message) => node.receive(message);
    });
  }
  const output = new Output();
  const node = await start(stdioRuntime(output));
  if (Deno.stdin.isTerminal()) console.error(greeting);

  const lines = Deno.stdin.readable
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .pipeThrough(new TextLineStream())
    .getReader();
  for (;;) {
    const { done, value: line } = await lines.read();
    if (done) break;
    takeLine(node, line);
    if (output.queuedChars > maxQueuedChars) await output.flushed();
  }
  // Anything cut off from here on is no failure.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
  });
  await node.close(graceMs);
  await output.flushed();
  Deno.exit(0);
}

const greeting =
  `This is a Maelstrom node. It waits for messages on stdin, one JSON object per line, such as
{"src":"c1","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}
and answers on stdout. Ctrl-D ends it.`;

function takeLine(node: Node<AnyMessages>, line: string): void {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    if (line.trim() === "") return;
    // A string is no message either: the node reports it, and skips it.
    message = line;
  }
  node.receive(message);
}

function stdioRuntime(output: Output): Runtime {
  return {
    send: (message: Message<OutgoingBody>) =>
      output.writeLine(JSON.stringify(message)),
    now: () => performance.now(),
    setTimer(callback, delayMs) {
      let timer: ReturnType<typeof setTimeout>;
      const arm = (restMs: number) => {
        const partMs = Math.min(restMs, maxTimerMs);
        timer = setTimeout(
          () => restMs > partMs ? arm(restMs - partMs) : callback(),
          partMs,
        );
      };
      arm(delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    log: (text) => console.error(text),
    // Room for a life's requests; and all stay safe integers.
    msgIdBase: Math.floor(Math.random() * 2 ** 20) * 2 ** 32,
    storage: (folder, id) => new FileStorage(folder, id),
  };
}

/** Stdout, with one write at a time. */
class Output {
  #lines: string[] = [];
  #writing: Promise<void> | undefined;
  #encoder = new TextEncoder();

  /**
   * The number of characters that wait for the write that is under way to end.
   */
  queuedChars = 0;

  writeLine(line: string): void {
    this.#lines.push(line);
    this.queuedChars += line.length;
    this.#writing ??= this.#writeAll();
  }

  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    await undefined; // what else is sent in this turn joins the first write
    while (this.#lines.length > 0) {
      let bytes = this.#encoder.encode(this.#lines.join("\n") + "\n");
      this.#lines = [];
      this.queuedChars = 0;
      try {
        while (bytes.length > 0) {
          bytes = bytes.subarray(await Deno.stdout.write(bytes));
        }
      } catch (error) {
        // Nobody reads any more: the judge has left, and so may the node.
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        console.error(`stdout: ${error}`);
        Deno.exit(1);
      }
    }
    this.#writing = undefined;
  }
}
