/**
 * A runtime for the unit tests of nodes: a clock that goes on when told to, a
 * network that writes down what is sent, and no stream.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { Node } from "../lib/node.ts";
import type { AnyMessages } from "../lib/messages.ts";
import type { Message, OpenBody, OutgoingBody } from "../lib/message.ts";
import type { Runtime } from "../lib/runtime.ts";

interface Timer {
  time: number;
  callback: () => void;
}

/** A node's runtime, in the hands of a test. */
export class FakeRuntime implements Runtime {
  /** The messages that were sent, in order, as they came out of the wire. */
  sent: Message[] = [];
  /** The lines that were logged, in order. */
  logs: string[] = [];
  /** The number that {@linkcode random} gives. */
  dice = 0.5;
  /** Called for each message that is sent. */
  onSend: (message: Message) => void = () => {};

  // It doesn't start at 0, so that a time isn't taken for a duration.
  #now = 1_000_000;
  #timers = new Set<Timer>();

  /** The number of timers that have neither rung nor been prevented. */
  get timerCount(): number {
    return this.#timers.size;
  }

  send(message: Message<OutgoingBody>): void {
    const copy = JSON.parse(JSON.stringify(message));
    this.sent.push(copy);
    this.onSend(copy);
  }

  now(): number {
    return this.#now;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { time: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  random(): number {
    return this.dice;
  }

  log(text: string): void {
    this.logs.push(text);
  }

  /** Lets time pass; everything that it brings about happens in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(({ time }) => time <= end);
      if (due.length === 0) break;
      const next = due.reduce((a, b) => b.time < a.time ? b : a);
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.time);
      next.callback();
      await settled();
    }
    this.#now = end;
  }

  /** Returns what was sent since the last call. */
  takeSent(): Message[] {
    return this.sent.splice(0);
  }
}

/** Lets every promise that can settle without time passing do so. */
export async function settled(): Promise<void> {
  await setImmediate();
}

/** A node that nobody has spoken to yet, and the runtime under it. */
export function newNode(): { node: Node<AnyMessages>; runtime: FakeRuntime } {
  const runtime = new FakeRuntime();
  return { node: new Node<AnyMessages>(runtime), runtime };
}

/** A node that knows that it is n1 of n1, n2 and n3, with nothing else sent. */
export async function startedNode(
  app: (node: Node<AnyMessages>) => void = () => {},
): Promise<{ node: Node<AnyMessages>; runtime: FakeRuntime }> {
  const { node, runtime } = newNode();
  app(node);
  node.receive(initMessage());
  await settled();
  runtime.takeSent();
  return { node, runtime };
}

/** The first message that a node gets. */
export function initMessage(body: Record<string, unknown> = {}): Message {
  return message({
    type: "init",
    msg_id: 1,
    node_id: "n1",
    node_ids: ["n1", "n2", "n3"],
    ...body,
  });
}

/** A message to n1, from a client if nothing else is said. */
export function message(body: OpenBody, src = "c1"): Message {
  return { src, dest: "n1", body };
}

/** Hands a node a request, and gives back the bodies that it sends for it. */
export async function ask(
  { node, runtime }: { node: Node<AnyMessages>; runtime: FakeRuntime },
  body: OpenBody,
): Promise<OpenBody[]> {
  runtime.takeSent();
  node.receive(message(body));
  await settled();
  return runtime.takeSent().map(({ body }) => body);
}
