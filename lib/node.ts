/**
 * A node: handlers by message type, and remote procedure calls.
 *
 * The shape is that of Maelstrom's official Go library
 * (https://pkg.go.dev/github.com/jepsen-io/maelstrom/demo/go), made idiomatic:
 * a handler returns the reply, and an RPC (Birrell, Nelson: *Implementing
 * Remote Procedure Calls*, 1984) is a promise.
 *
 * @module
 */
import { Disk } from "./disk.ts";
import { ErrorCode, RPCError } from "./error.ts";
import type { Body, Message, OpenBody, OutgoingBody } from "./message.ts";
import { isMessage } from "./message.ts";
import type {
  Checked,
  JSONValue,
  Known,
  MessagesTo,
  Received,
  Reply,
  Requests,
  Sent,
} from "./messages.ts";
import type { Runtime } from "./runtime.ts";
import { isA, messageOf, traceOf } from "./thrown.ts";

/**
 * A program for a node: it registers its handlers, and returns. Its arguments
 * are those after the program's name on the command line; it throws an error if
 * they are wrong.
 *
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import type { App } from "@call-me-maybe/maelstrom";
 *
 * interface Greetings {
 *   greet: object;
 *   greet_ok: { greeting: string };
 * }
 * const greeter: App<Greetings> = (node, [greeting = "hello"]) => {
 *   node.on("greet", () => ({ type: "greet_ok", greeting }));
 * };
 * ```
 */
export type App<M = object> = (
  node: Node<M>,
  args: string[],
) => void | Promise<void>;

/**
 * Answers a request. A returned body is sent as the reply; a thrown {@linkcode
 * RPCError} becomes an error reply, anything else thrown becomes error 13
 * (`crash`) with its text. A message without a `msg_id` asks for no reply, so
 * none is sent; an error is logged instead.
 *
 * @typeParam T the request's type.
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import { ErrorCode, type Handler, RPCError } from "@call-me-maybe/maelstrom";
 *
 * interface Arithmetic {
 *   divide: { a: number; b: number };
 *   divide_ok: { quotient: number };
 * }
 * const divide: Handler<"divide", Arithmetic> = ({ body: { a, b } }) => {
 *   if (b === 0) throw new RPCError(ErrorCode.malformedRequest, "b is 0");
 *   return { type: "divide_ok", quotient: a / b };
 * };
 * ```
 */
export type Handler<T extends string, M = object> = (
  message: Message<Received<T, M>>,
) => Reply<T, M> | void | Promise<Reply<T, M> | void>;

/**
 * Options of an RPC.
 *
 * @example
 * ```ts
 * import type { RPCOptions } from "@call-me-maybe/maelstrom";
 *
 * const end = new AbortController();
 * const options: RPCOptions = { timeoutMs: 1000, signal: end.signal };
 * ```
 */
export interface RPCOptions {
  /**
   * Milliseconds until it fails with error 0 (`timeout`). `Infinity` waits for
   * ever.
   *
   * @default {4000} a second less than Maelstrom's clients wait, so that a node
   * that asks on behalf of a client can still tell it that no answer came
   */
  timeoutMs?: number;
  /** Ends the wait early; the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds until the request is sent again, if no answer has come; then
   * twice as many each time, up to eight times as many. The first answer counts, to
   * whichever of them; error 11 (`temporarily-unavailable`) is none. The other side
   * may get the request more than once, and late: it must do no harm.
   *
   * @default {Infinity} it's sent once
   */
  resendMs?: number;
}

/**
 * The longest time until a request is sent again, in multiples of that until it's
 * first sent again.
 */
const maxResendFactor = 8;

/**
 * The longest time until {@linkcode Node.allUp}: by then whoever starts a cluster
 * has started all of it.
 */
const maxStartMs = 5000;

/** A registered handler: what its messages hold is its own affair by now. */
type AnyHandler = (
  message: Message,
) => OutgoingBody | void | Promise<OutgoingBody | void>;

interface PendingCall {
  dest: string;
  /** True if it's asked again. */
  insists: boolean;
  /** The last error 11 of who is asked again. */
  refusal?: RPCError;
  resolve(body: OpenBody): void;
  reject(reason: unknown): void;
}

/**
 * One node of the cluster. `serve` and the workbench make it, and hand it to
 * the app.
 *
 * It knows the messages of Maelstrom's workloads and services, and those of its
 * own that it declares: each type with what the body holds, or `object` where
 * that is nothing. The reply to `ask` is `ask_ok`; where it only confirms, it
 * needn't be declared.
 *
 * @typeParam M the node's own messages.
 *
 * @example A broadcast: each node tells all others, again until they answer
 * ```ts
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertEquals } from "@std/assert";
 *
 * function broadcast(node: Node<{ tell: { value: number } }>) {
 *   const values = new Set<number>();
 *   node.on("topology", () => ({ type: "topology_ok" }));
 *   node.on("read", () => ({ type: "read_ok", messages: [...values] }));
 *   node.on("tell", ({ body }) => {
 *     values.add(body.value);
 *     return { type: "tell_ok" };
 *   });
 *   node.on("broadcast", ({ body }) => {
 *     values.add(body.message);
 *     for (const peer of node.peers) tell(peer, body.message);
 *     return { type: "broadcast_ok" };
 *   });
 *   async function tell(peer: string, value: number) {
 *     await node.rpc(peer, { type: "tell", value }, { timeoutMs: 500 })
 *       .catch(() => tell(peer, value));
 *   }
 * }
 *
 * const { results } = await judge(broadcast, {
 *   workload: "broadcast",
 *   "time-limit": 10,
 *   nemesis: "partition",
 * });
 * assertEquals(results["valid?"], true);
 * ```
 */
export class Node<M = object> {
  #runtime: Runtime;
  #id = "";
  #nodeIds: readonly string[] = [];
  #peers: readonly string[] = [];
  #handlers = new Map<string, AnyHandler>();
  #initHandlers: (() => void | Promise<void>)[] = [];
  /** The answer to init. */
  #started: Promise<OutgoingBody> | undefined;
  /** While handlers of init run: what others have asked meanwhile. */
  #held: Message[] | undefined;
  /** The types of messages that don't wait for those handlers. */
  #early = new Set<string>();
  /** Resolved by the first who asks for something, and then gone. */
  #unspoken: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  #calls = new Map<number, PendingCall>();
  #lastMsgId: number;
  #intervals = new Set<() => void>();
  /** True once its disk is open. */
  #hasDisk = false;
  /** The number of handlers that are still running, and who waits for them. */
  #running = 0;
  #idle = Promise.withResolvers<void>();
  #closed = false;

  /**
   * Makes a node that waits for `init`.
   *
   * @param runtime the surroundings of the node; `serve` and the workbench give
   * one.
   */
  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#lastMsgId = runtime.msgIdBase ?? 0;
  }

  /** This node's id, such as `"n1"`; empty before `init`. */
  get id(): string {
    return this.#id;
  }

  /** All nodes of the cluster, this one included, in the same order on each. */
  get nodeIds(): readonly string[] {
    return this.#nodeIds;
  }

  /** All nodes of the cluster but this one. */
  get peers(): readonly string[] {
    return this.#peers;
  }

  /**
   * Registers the handler for a type of message. One type has one handler; a
   * request of a type without one is answered with error 10.
   *
   * A message is what was declared of it. Nothing checks what comes in against
   * that: it is up to the handler.
   *
   * @typeParam T the type.
   * @typeParam R the handler's result: a reply, nothing, or a promise of either.
   * @param options.early true if messages of this type don't wait until handlers of
   * {@linkcode onInit} are done.
   * @throws {TypeError} if the type has a handler already, or is `init`.
   *
   * @example
   * ```ts
   * import type { Node } from "@call-me-maybe/maelstrom";
   *
   * function adder(node: Node) {
   *   let value = 0;
   *   node.on("add", ({ body }) => {
   *     value += body.delta;
   *     return { type: "add_ok" };
   *   });
   *   node.on("read", () => ({ type: "read_ok", value }));
   * }
   * ```
   */
  on<
    T extends string & keyof Requests<Known<M>>,
    R extends ReturnType<Handler<T, M>>,
  >(
    type: T,
    handler: (message: Message<Received<T, M>>) => Checked<R, Reply<T, M>>,
    { early = false }: { early?: boolean } = {},
  ): void {
    if (type === "init") {
      throw new TypeError("The node answers init itself: use onInit");
    }
    if (this.#handlers.has(type)) {
      throw new TypeError(`There is a handler for "${type}" already`);
    }
    this.#handlers.set(type, handler as unknown as AnyHandler);
    if (early) this.#early.add(type);
  }

  /**
   * Runs once the node knows its id and its peers, before `init` is answered.
   * Several handlers run in the order of their registration. If one throws, the
   * answer to `init` is an error, and `init` may come again.
   *
   * What others ask meanwhile waits, unless it's registered as early: a node that
   * reads its disk knows too little to answer. So one that awaits an answer of a node
   * that is being started, too, may wait in vain.
   */
  onInit(handler: () => void | Promise<void>): void {
    this.#initHandlers.push(handler);
  }

  /**
   * Waits until the other nodes are sure to be up, and may be spoken to: until
   * somebody has asked this node for something, as clients begin when all nodes are
   * initialised, and nodes wait for that, too; at most 5 seconds. Who was asked already
   * doesn't wait. (Maelstrom hears no more of a node that has sent a message to one that
   * isn't there yet.)
   */
  allUp(): Promise<void> {
    return this.#unspoken === undefined
      ? Promise.resolve()
      : Promise.race([this.#unspoken.promise, this.sleep(maxStartMs)]);
  }

  /**
   * Sends a message, and expects no answer.
   *
   * @throws {TypeError} before the node is initialised: it has no address yet.
   */
  send(
    dest: string,
    body: {
      [T in string & keyof Requests<Known<M>>]: Sent<T, M>;
    }[string & keyof Requests<Known<M>>],
  ): void {
    this.#post(dest, body);
  }

  #post(dest: string, body: OutgoingBody): void {
    if (this.#id === "") {
      throw new TypeError(
        "The node has no id before init: send in onInit, or later",
      );
    }
    this.#runtime.send({ src: this.#id, dest, body });
  }

  /**
   * Answers a request by hand, for a reply that is due later. A message without
   * a `msg_id` gets none.
   */
  reply<T extends string, R extends Reply<T, M>>(
    request: Message<Body & { type: T }>,
    body: Checked<R, Reply<T, M>>,
  ): void {
    this.#answer(request, body as OutgoingBody);
  }

  /**
   * Sends a request and waits for its reply. A late reply is dropped.
   *
   * @typeParam D the name of a node, or of one of Maelstrom's services.
   * @typeParam T the request's type.
   * @returns the body of the reply.
   * @throws {RPCError} the other side's error, or error 0 when time is up.
   * @throws the signal's reason, when it aborts before that.
   *
   * @example
   * ```ts
   * import type { Node } from "@call-me-maybe/maelstrom";
   *
   * interface Polls {
   *   ask: object;
   *   ask_ok: { total: number };
   * }
   * function asker(node: Node<Polls>) {
   *   node.on("read", async () => {
   *     let value = 0;
   *     for (const peer of node.peers) {
   *       const reply = await node.rpc(peer, { type: "ask" }, { timeoutMs: 500 });
   *       value += reply.total;
   *     }
   *     return { type: "read_ok", value };
   *   });
   * }
   * ```
   */
  rpc<D extends string, T extends string & keyof Requests<MessagesTo<D, M>>>(
    dest: D,
    body: Sent<T, MessagesTo<D, M>>,
    options: RPCOptions = {},
  ): Promise<Received<`${T}_ok`, MessagesTo<D, M>>> {
    return this.#call(dest, body, options) as Promise<never>;
  }

  #call(
    dest: string,
    body: OutgoingBody,
    { timeoutMs = 4000, resendMs = Infinity, signal }: RPCOptions,
  ): Promise<OpenBody> {
    const msgId = ++this.#lastMsgId;
    const { promise, resolve, reject } = Promise.withResolvers<OpenBody>();
    if (signal?.aborted) reject(signal.reason);
    else if (!this.#closed) {
      const cancelTimer = this.#setTimer(() =>
        call.reject(
          new RPCError(
            ErrorCode.timeout,
            `${dest} did not answer ${body.type} within ${timeoutMs} ms${
              call.refusal ? `, but with: ${call.refusal.message}` : ""
            }`,
          ),
        ), timeoutMs);
      const post = () => {
        try {
          this.#post(dest, { ...body, msg_id: msgId });
        } catch (error) {
          call.reject(error);
        }
      };
      const insists = resendMs < Infinity;
      const cancelResend = insists ? this.#again(post, resendMs) : undefined;
      const onAbort = () => call.reject(signal!.reason);
      const settled = () => {
        this.#calls.delete(msgId);
        cancelTimer();
        cancelResend?.();
        signal?.removeEventListener("abort", onAbort);
      };
      const call: PendingCall = {
        dest,
        insists,
        resolve: (reply) => (settled(), resolve(reply)),
        reject: (reason) => (settled(), reject(reason)),
      };
      signal?.addEventListener("abort", onAbort);
      this.#calls.set(msgId, call);
      post();
    }
    return promise;
  }

  /** Does something again and again, each time after twice the time. */
  #again(task: () => void, firstMs: number): () => void {
    let cancel = () => {};
    const arm = (ms: number) => {
      cancel = this.#setTimer(() => {
        // First, as the task may end it.
        arm(Math.min(2 * ms, maxResendFactor * firstMs));
        task();
      }, ms);
    };
    arm(firstMs);
    return () => cancel();
  }

  /** Milliseconds since some moment in the past; never goes back. */
  now(): number {
    return this.#runtime.now();
  }

  /**
   * Waits so many milliseconds; `Infinity` is for ever.
   *
   * @throws the signal's reason, when it aborts before the time is up.
   */
  sleep(
    ms: number,
    { signal }: Pick<RPCOptions, "signal"> = {},
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    const cancel = this.#setTimer(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    const onAbort = () => (cancel(), reject(signal!.reason));
    signal?.addEventListener("abort", onAbort, { once: true });
    return promise;
  }

  /**
   * Calls a function again and again, the first time after one interval. Errors
   * are logged. While a call is still running, ticks are skipped.
   *
   * @returns a function that stops it.
   *
   * @example
   * ```ts
   * import type { Node } from "@call-me-maybe/maelstrom";
   *
   * function gossip(node: Node<{ gossip: { known: number[] } }>) {
   *   const known: number[] = [];
   *   node.every(500, () => {
   *     for (const peer of node.peers) node.send(peer, { type: "gossip", known });
   *   });
   * }
   * ```
   */
  every(intervalMs: number, task: () => void | Promise<void>): () => void {
    if (this.#closed) return () => {};
    let cancel = () => {};
    let busy = false;
    const tick = () => {
      cancel = this.#setTimer(tick, intervalMs);
      if (busy) return;
      try {
        const result = task();
        if (!(result instanceof Promise)) return;
        busy = true;
        result.catch((error) => this.log(`every: ${traceOf(error)}`))
          .finally(() => busy = false);
      } catch (error) {
        this.log(`every: ${traceOf(error)}`);
      }
    };
    cancel = this.#setTimer(tick, intervalMs);
    const end = () => {
      this.#intervals.delete(end);
      cancel();
    };
    this.#intervals.add(end);
    return end;
  }

  /** A number from 0 up to, not including, 1. */
  random(): number {
    return this.#runtime.random();
  }

  /** Writes a line to stderr, which Maelstrom keeps as the node's log. */
  log(text: string): void {
    this.#runtime.log(String(text)); // without types it may be anything
  }

  /**
   * Opens what this node has kept, in earlier lives of its, too. A node has one
   * disk, and opens it once.
   *
   * @typeParam R a record of it.
   * @typeParam S a snapshot of it.
   * @param folder the folder of this run: each node has a file of its own there.
   * Without one, nothing is kept.
   * @throws {TypeError} before the node is initialised: nobody knows whose it is; and
   * if it's open already.
   * @throws {DiskError} if it's damaged, or can't be read.
   */
  async openDisk<R = JSONValue, S = JSONValue>(
    folder?: string,
  ): Promise<Disk<R, S>> {
    if (folder === undefined || folder === "") return await Disk.open<R, S>();
    if (this.#id === "") {
      throw new TypeError(
        "The node has no id before init: open its disk in onInit, or later",
      );
    }
    const storage = this.#runtime.storage?.(folder, this.#id);
    if (storage === undefined) {
      throw new TypeError("This runtime gives nodes no disk");
    }
    if (this.#hasDisk) {
      throw new TypeError(
        "The node's disk is open already: two that write there would undo each other's work",
      );
    }
    this.#hasDisk = true;
    try {
      return await Disk.open<R, S>(storage);
    } catch (error) {
      this.#hasDisk = false;
      throw error;
    }
  }

  /**
   * Takes in a message; a host calls it for each line that arrives. It never
   * throws: anything that isn't a message is logged and skipped.
   */
  receive(message: unknown): void {
    try {
      this.#take(message);
    } catch (error) {
      // JSON can't get here: only a getter that throws, say.
      this.log(`skipped a message: ${traceOf(error)}`);
    }
  }

  #take(message: unknown): void {
    if (!isMessage(message)) {
      this.log(`skipped what is not a message: ${excerpt(message)}`);
      return;
    }
    const { body } = message;
    if (isGiven(body.in_reply_to)) return this.#settle(message);
    if (isGiven(body.msg_id) && !Number.isSafeInteger(body.msg_id)) {
      return this.#refuse(message, "a msg_id is a whole number below 2^53");
    }
    if (body.type === "init") return this.#init(message);
    if (this.#held && !this.#early.has(body.type)) {
      return void this.#held.push(message);
    }
    if (this.#unspoken !== undefined && this.#id !== "") {
      this.#unspoken.resolve();
      this.#unspoken = undefined;
    }
    const handler = this.#handlers.get(body.type);
    if (this.#id === "" || handler === undefined) {
      const error = this.#id === ""
        ? new RPCError(
          ErrorCode.temporarilyUnavailable,
          "this node has not been initialised",
        )
        : new RPCError(
          ErrorCode.notSupported,
          `this node has no handler for "${body.type}"`,
        );
      return this.#answer(message, error.toBody());
    }
    this.#handle(message, handler);
  }

  /**
   * Ends the node: intervals stop, calls that wait for an answer fail, and new
   * ones get none. Handlers that are still running may still reply.
   *
   * @param graceMs the time to wait for them, in milliseconds.
   */
  async close(graceMs = 0): Promise<void> {
    this.#closed = true;
    for (const end of [...this.#intervals]) end();
    for (const call of [...this.#calls.values()]) {
      call.reject(
        new RPCError(ErrorCode.crash, "the node's input has ended"),
      );
    }
    if (this.#running === 0) return;
    const cancel = this.#runtime.setTimer(this.#idle.resolve, graceMs);
    await this.#idle.promise;
    cancel();
  }

  #settle({ src, body }: Message): void {
    if (typeof body.in_reply_to !== "number") {
      this.log(`skipped a reply to what is no msg_id: ${excerpt(body)}`);
      return;
    }
    const call = this.#calls.get(body.in_reply_to);
    if (call === undefined || call.dest !== src) return;
    if (body.type !== "error") return call.resolve(body);
    const error = RPCError.fromBody(body);
    const isBusy = error.code === ErrorCode.temporarilyUnavailable;
    if (isBusy && call.insists) call.refusal = error;
    else call.reject(error);
  }

  #init(message: Message): void {
    const { node_id, node_ids } = message.body;
    const wellFormed = typeof node_id === "string" && node_id !== "" &&
      Array.isArray(node_ids) && node_ids.includes(node_id) &&
      node_ids.every((id) => typeof id === "string") &&
      new Set(node_ids).size === node_ids.length;
    const again = this.#id !== "";
    if (!wellFormed || (again && this.#id !== node_id)) {
      const text = again
        ? `this node is ${this.#id} already`
        : "init needs a node_id, and different node_ids, it among them";
      return this.#refuse(message, text);
    }
    if (!again) {
      this.#id = node_id;
      this.#nodeIds = Object.freeze([...node_ids]);
      this.#peers = Object.freeze(node_ids.filter((id) => id !== node_id));
      this.#started = this.#start();
    }
    // A second request while the first is under way gets the same outcome.
    const started = this.#started!;
    const answered = this.#handle(message, () => started);
    if (again) return;
    this.#held = [];
    answered?.then(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const each of held) this.receive(each);
    });
  }

  async #start(): Promise<OutgoingBody> {
    try {
      for (const handler of this.#initHandlers) await handler();
    } catch (error) {
      // So that init can be tried again.
      this.#id = "";
      this.#nodeIds = this.#peers = [];
      this.#hasDisk = false;
      throw error;
    }
    return { type: "init_ok" };
  }

  // A reply that a handler returns leaves in the same turn: most messages never
  // see a promise, which is where the speed comes from.
  #handle(message: Message, handler: AnyHandler): Promise<void> | undefined {
    try {
      const result = handler(message);
      if (!(result instanceof Promise)) {
        if (result) this.#answer(message, result);
        return undefined;
      }
      return this.#finish(message, result);
    } catch (error) {
      this.#fail(message, error);
      return undefined;
    }
  }

  async #finish(
    message: Message,
    result: Promise<OutgoingBody | void>,
  ): Promise<void> {
    this.#running++;
    try {
      const reply = await result;
      if (reply) this.#answer(message, reply);
    } catch (error) {
      this.#fail(message, error);
    }
    if (--this.#running === 0 && this.#closed) this.#idle.resolve();
  }

  #fail(message: Message, error: unknown): void {
    if (!isA(error, RPCError)) {
      this.log(`handler of "${message.body.type}" threw: ${traceOf(error)}`);
      if (!isGiven(message.body.msg_id)) return;
      error = new RPCError(ErrorCode.crash, messageOf(error));
    }
    try {
      this.#answer(message, (error as RPCError).toBody());
    } catch (cause) {
      // The error itself holds what JSON can't.
      const crash = new RPCError(ErrorCode.crash, messageOf(cause));
      this.#answer(message, crash.toBody());
    }
  }

  #refuse(message: Message, text: string): void {
    const error = new RPCError(ErrorCode.malformedRequest, text);
    this.#answer(message, error.toBody());
  }

  #answer(request: Message<Body>, body: OutgoingBody): void {
    const in_reply_to = request.body.msg_id;
    if (!isGiven(in_reply_to)) {
      // Nobody else is told, so at least the log says it.
      if (body.type === "error") {
        const { src, body: { type } } = request;
        this.log(`"${type}" from ${src}: ${body.text}`);
      }
      return;
    }
    this.#runtime.send({
      // Before init a node has no id: it answers by the name that it was called.
      src: this.#id || request.dest,
      dest: request.src,
      body: { ...body, in_reply_to },
    });
  }

  /** Sets a timer: 0 for NaN and negative numbers, none for Infinity. */
  #setTimer(callback: () => void, delayMs: number): () => void {
    if (delayMs === Infinity) return () => {};
    return this.#runtime.setTimer(callback, delayMs > 0 ? delayMs : 0);
  }
}

/**
 * Tells whether a key of a message says something: some languages send null for
 * none.
 */
function isGiven<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null;
}

const maxExcerptChars = 200;

/** The start of anything as JSON: for a log line that must not be a megabyte. */
function excerpt(value: unknown): string {
  const text = typeof value === "string"
    ? value.replaceAll("\n", "\\n")
    : jsonOf(value);
  return text.length <= maxExcerptChars
    ? text
    : `${text.slice(0, maxExcerptChars)}… (${text.length} characters)`;
}

/** JSON, or some text where that can't be: for a BigInt, or a cycle. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? messageOf(value);
  } catch {
    return messageOf(value);
  }
}
