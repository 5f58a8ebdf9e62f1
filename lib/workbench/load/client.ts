/**
 * A client of the network: one request at a time, as Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/client.clj).
 * As there, the first message that names the request in its `in_reply_to` is
 * the answer, whatever its source.
 *
 * @module
 */
import { RPCError } from "../../error.ts";
import type { Body, Message, OpenBody } from "../../message.ts";
import { type Clock, msInNs } from "../sim/clock.ts";
import { beginningOf } from "../sim/parts.ts";
import { parseExact } from "../sim/exact_json.ts";
import type { NodeError } from "../hosts/host.ts";
import type { Network } from "../sim/network.ts";
import { type Shape, shapeProblem, shapeText } from "./shape.ts";

/** The time that a client waits for an answer. */
export const clientTimeoutMs = 5000;

/** No answer came in time: the operation may have happened or not. */
export class ClientTimeout extends Error {
  override name = "ClientTimeout";

  /** The time that it had. */
  readonly timeoutMs: number;

  constructor(message: string, timeoutMs: number) {
    super(message);
    this.timeoutMs = timeoutMs;
  }
}

/** An answer came that isn't what the workload's protocol says. */
export class MalformedReply extends Error {
  override name = "MalformedReply";
}

/** A request of a workload's protocol, and the answer that it expects. */
export interface RPC {
  /** The type of the request. */
  type: string;
  /**
   * The keys of the answer, besides `in_reply_to` and `msg_id`. Others are not
   * allowed, as in Maelstrom.
   */
  reply: Shape & { type: Shape[string] };
  /** True if only the answer's type is looked at, as in the one to `init`. */
  onlyType?: boolean;
}

/** The shapes of whole answers, by their requests: each is asked for all the time. */
const answerShapes = new WeakMap<RPC, Shape>();

function answerShape(rpc: RPC): Shape {
  let shape = answerShapes.get(rpc);
  if (shape === undefined) {
    shape = { ...rpc.reply, in_reply_to: "integer", "msg_id?": "integer" };
    answerShapes.set(rpc, shape);
  }
  return shape;
}

/** The keys of a request beside `type` and `msg_id`, or their JSON: `"key":3`. */
export type Fields = Record<string, unknown> | string;

/** The line of a request. */
function requestOf(
  [src, dest]: readonly [src: string, dest: string],
  type: string,
  fields: Fields,
  msg_id: number,
): string {
  if (typeof fields !== "string") {
    return JSON.stringify({ src, dest, body: { type, ...fields, msg_id } });
  }
  const [from, to, what] = [src, dest, type].map((each) =>
    JSON.stringify(each)
  );
  return `{"src":${from},"dest":${to},"body":{"type":${what},${fields},"msg_id":${msg_id}}}`;
}

/** An error that a node answered with. */
export class ErrorReply extends RPCError {
  /** The problem with its code; absent if it's one of Maelstrom's. */
  readonly problem?: string;

  constructor({ code, text }: Body & Partial<OpenBody>) {
    super(
      typeof code === "number" ? code : NaN,
      typeof text === "string" ? text : undefined,
    );
    // To Maelstrom as well, any other is an unknown one.
    if (this.kind !== "unknown") return;
    this.problem = code === undefined
      ? "the error has no code"
      : `the error's code is ${
        beginningOf(JSON.stringify(code), maxValueChars)
      }, which isn't one of Maelstrom's`;
  }

  /** Its text, and what is wrong with its code. */
  get details(): string {
    return [this.message, this.problem].filter(Boolean).join(": ");
  }
}

/** Of what is no code, or names no request, so much is told. */
const maxValueChars = 80;

/** Hands out clients. */
export class Clients {
  #clock: Clock;
  #network: Network;
  #onError: (error: NodeError) => void;
  #count = 0;
  #strays = new Map<string, string>();

  constructor(
    clock: Clock,
    network: Network,
    onError: (error: NodeError) => void,
  ) {
    this.#clock = clock;
    this.#network = network;
    this.#onError = onError;
  }

  /** A new client, with an id that nobody had before: `c0`, `c1`, … */
  open(): Client {
    const id = `c${this.#count++}`;
    return new Client(
      id,
      this.#clock,
      this.#network,
      this.#onError,
      (node, text) => this.#strays.has(node) || this.#strays.set(node, text),
    );
  }

  /**
   * Returns what a node sent to a client that waited, and was no answer: it may
   * explain why there was none.
   */
  strayOf(node: string): string | undefined {
    return this.#strays.get(node);
  }
}

/** A client that can wait for one answer at a time. */
export class Client {
  /** The client's address. */
  readonly id: string;

  #clock: Clock;
  #network: Network;
  #onError: (error: NodeError) => void;
  #lastMsgId = 0;
  #waiting:
    | { msgId: number; answered(message: Message, line: string): void }
    | undefined;

  constructor(
    id: string,
    clock: Clock,
    network: Network,
    onError: (error: NodeError) => void,
    onStray: (node: string, text: string) => void = () => {},
  ) {
    this.id = id;
    this.#clock = clock;
    this.#network = network;
    this.#onError = onError;
    network.add(id, ({ line }) => {
      // Exactly: a checker has to tell 3 from 3.0, and 2^53 from its neighbour.
      const message = parseExact(line) as Message;
      // An answer to a request that was given up on is passed over.
      if (this.#waiting === undefined) return;
      const { in_reply_to } = message.body;
      if (in_reply_to === this.#waiting.msgId) {
        return this.#waiting.answered(message, line);
      }
      const problem = this.#problemOf(in_reply_to);
      if (problem !== undefined) {
        onStray(
          message.src,
          `${message.src} has sent ${id} a message that answers nothing: ${problem}, and the request's msg_id is ${this.#waiting.msgId}.`,
        );
      }
    });
  }

  /** Tells what is wrong with what names a request; nothing if there was one. */
  #problemOf(inReplyTo: unknown): string | undefined {
    if (inReplyTo === undefined) return "it has no in_reply_to";
    const wasSent = typeof inReplyTo === "number" && inReplyTo >= 1 &&
      inReplyTo <= this.#lastMsgId;
    return wasSent
      ? undefined
      : `its in_reply_to is ${
        beginningOf(JSON.stringify(inReplyTo), maxValueChars)
      }`;
  }

  /** Leaves the network. */
  close(): void {
    this.#network.remove(this.id);
  }

  /**
   * Sends a request to a node and waits for the answer.
   *
   * @throws {ClientTimeout} if no answer came in time.
   * @throws {ErrorReply} if the answer is an error.
   * @throws {MalformedReply} if the answer has the wrong shape; that counts
   * against the node.
   */
  rpc<R extends Body = OpenBody>(
    node: string,
    rpc: RPC,
    fields: Fields,
    { timeoutMs = clientTimeoutMs }: { timeoutMs?: number } = {},
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#waiting) throw new Error(`${this.id} is waiting for an answer`);
      const msgId = ++this.#lastMsgId;
      const cancel = this.#clock.after(timeoutMs * msInNs, () => {
        this.#waiting = undefined;
        reject(
          new ClientTimeout(
            `${node} did not answer ${rpc.type} within ${timeoutMs} ms`,
            timeoutMs,
          ),
        );
      });
      this.#waiting = {
        msgId,
        answered: ({ body }, line) => {
          this.#waiting = undefined;
          cancel();
          try {
            this.#check(body, node, rpc, line);
            resolve(body as unknown as R);
          } catch (error) {
            reject(error);
          }
        },
      };
      const line = requestOf([this.id, node], rpc.type, fields, msgId);
      this.#network.send(this.id, node, line);
    });
  }

  /** Throws an error unless an answer is what was expected. */
  #check(body: OpenBody, node: string, rpc: RPC, line: string): void {
    if (body.type === "error") throw new ErrorReply(body);
    const problem = rpc.onlyType
      ? shapeProblem({ type: body.type }, { type: rpc.reply.type })
      : shapeProblem(body, answerShape(rpc));
    if (problem) {
      const text =
        `${node} answered ${rpc.type} with a body that ${problem}. Expected ${
          shapeText({ ...rpc.reply, in_reply_to: "integer" })
        }.${problem.startsWith("has {} ") ? emptyHint : ""}`;
      this.#onError({
        node,
        kind: "malformed-rpc-response",
        text,
        line: line.slice(0, 1000),
        timeNs: this.#clock.nowNs,
      });
      throw new MalformedReply(text);
    }
  }
}

/** A hint for who has sent what JSON can't hold. */
const emptyHint =
  " In JavaScript, a promise that nobody awaits is {} in JSON, and so are a map and a set.";
