/**
 * Clients of the services that Maelstrom offers to nodes: three key-value
 * stores and a clock.
 *
 * - `lin-kv` is linearizable (Herlihy, Wing: *Linearizability*, 1990): an
 *   operation sees every operation that ended before it began.
 * - `seq-kv` is sequentially consistent (Lamport: *How to Make a Multiprocessor
 *   Computer*, 1979): all nodes see one order, but a read may return an old
 *   value.
 * - `lww-kv` is meant to be eventually consistent: the last writer wins once
 *   its two replicas have met. In Maelstrom 0.2.4 they never do, so every
 *   second read misses a write, however old it is.
 * - `lin-tso` hands out integers, each greater than all before: the timestamp
 *   oracle of Percolator (Peng, Dabek, 2010).
 *
 * See https://github.com/jepsen-io/maelstrom/blob/main/doc/services.md.
 *
 * @module
 */
import { ErrorCode, RPCError } from "./error.ts";
import type { AnyMessages, JSONValue, Sendable } from "./messages.ts";
import type { Node, RPCOptions } from "./node.ts";

/**
 * The names of Maelstrom's key-value stores.
 *
 * @example
 * ```ts
 * import type { KVService } from "@call-me-maybe/maelstrom";
 *
 * const stores: KVService[] = ["lin-kv", "seq-kv", "lww-kv"];
 * ```
 */
export type KVService = "lin-kv" | "seq-kv" | "lww-kv";

/**
 * A key: Maelstrom accepts any JSON, but only these two work everywhere.
 *
 * @example
 * ```ts
 * import type { Key } from "@call-me-maybe/maelstrom";
 *
 * const keys: Key[] = ["total", 7];
 * ```
 */
export type Key = string | number;

/**
 * Options of {@linkcode KV.cas} beyond comparing.
 *
 * @example
 * ```ts
 * import type { CasOptions } from "@call-me-maybe/maelstrom";
 *
 * const options: CasOptions = { createIfMissing: true, timeoutMs: 1000 };
 * ```
 */
export interface CasOptions extends Omit<RPCOptions, "resendMs"> {
  /**
   * Creates the key with the new value if it doesn't exist.
   *
   * @default {false}
   */
  createIfMissing?: boolean;
}

/**
 * Options of {@linkcode KV.update} for a key that others change as well.
 *
 * @example
 * ```ts
 * import type { UpdateOptions } from "@call-me-maybe/maelstrom";
 *
 * const options: UpdateOptions = { maxAttempts: 10, timeoutMs: 1000 };
 * ```
 */
export interface UpdateOptions extends RPCOptions {
  /**
   * Milliseconds for all attempts together. Then it fails: with error 0 if an
   * answer was missing, with the last attempt's error if others were faster.
   *
   * @default {4000} as for any RPC
   */
  timeoutMs?: number;
  /**
   * Milliseconds without an answer, or twice as many as reading took, after which
   * it reads again, and changes what it finds. Only for a change that recognises its
   * own work: what wasn't answered may have happened.
   *
   * @default {Infinity} it leaves that open
   */
  resendMs?: number;
  /**
   * The number of attempts before it gives up with error 22; or with 20 if it's
   * `lww-kv`, and the replica that it asked last has no such key.
   *
   * @default {100}
   */
  maxAttempts?: number;
}

/**
 * A client of a key-value store.
 *
 * Every method rejects with an {@linkcode RPCError}: the store's own, or error
 * 0 (`timeout`, indefinite) if no answer came.
 *
 * If the network repeats messages, a refused compare-and-set may have happened
 * nevertheless: the store carries out the first copy and refuses the second,
 * and the refusal may arrive first, or alone. Nothing in it tells the two cases
 * apart. (Maelstrom's network repeats nothing; the workbench's does with
 * `--p-duplicate`.)
 *
 * @typeParam V the type of the values, as the caller declares it.
 *
 * @example
 * ```ts
 * import { KV, type Node } from "@call-me-maybe/maelstrom";
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertEquals } from "@std/assert";
 *
 * function counter(node: Node) {
 *   const kv = new KV<number>(node, "lin-kv");
 *   node.on("add", async ({ body }) => {
 *     await kv.update("total", (total = 0) => total + Number(body.delta));
 *     return { type: "add_ok" };
 *   });
 *   node.on("read", async () => ({
 *     type: "read_ok",
 *     value: await kv.readOr("total", 0),
 *   }));
 * }
 *
 * const { results } = await judge(counter, {
 *   workload: "g-counter",
 *   "time-limit": 10,
 * });
 * assertEquals(results["valid?"], true);
 * ```
 */
export class KV<V = JSONValue> {
  #node: Node<AnyMessages>;
  #service: KVService;

  /**
   * Makes a client. Its methods need an initialised node.
   *
   * @param node the node that asks.
   * @param service the store to ask.
   */
  constructor(node: Node<AnyMessages>, service: KVService) {
    this.#node = node;
    this.#service = service;
  }

  /**
   * Returns the value of a key.
   *
   * @throws {RPCError} 20 if there is no such key.
   */
  async read(key: Key, options?: RPCOptions): Promise<V> {
    const reply = await this.#node.rpc(
      this.#service,
      { type: "read", key },
      options,
    );
    return reply.value as V;
  }

  /** Returns the value of a key, or another value if there is no such key. */
  async readOr<D>(
    key: Key,
    defaultValue: D,
    options?: RPCOptions,
  ): Promise<V | D> {
    try {
      return await this.read(key, options);
    } catch (error) {
      if (hasCode(error, ErrorCode.keyDoesNotExist)) return defaultValue;
      throw error;
    }
  }

  /** Sets a key, whether it exists or not. */
  async write(
    key: Key,
    value: Sendable<V>,
    options?: RPCOptions,
  ): Promise<void> {
    await this.#node.rpc(this.#service, {
      type: "write",
      key,
      value: value as JSONValue,
    }, options);
  }

  /**
   * Compare and set: changes a key from one value to another in one step.
   *
   * @param from the value that the key must have; JSON has no `undefined`, so
   * that becomes `null`.
   * @throws {RPCError} 22 if the value is another, 20 if there is no such key
   * and `createIfMissing` isn't set. `lww-kv` never creates. Both are definite
   * unless the network repeats messages.
   */
  async cas(
    key: Key,
    from: Sendable<V> | undefined,
    to: Sendable<V>,
    { createIfMissing = false, ...options }: CasOptions = {},
  ): Promise<void> {
    await this.#node.rpc(this.#service, {
      type: "cas",
      key,
      from: (from ?? null) as JSONValue,
      to: to as JSONValue,
      ...(createIfMissing && { create_if_not_exists: true }),
    }, options);
  }

  /**
   * Changes a key by a function of its value, and tries again if another node
   * was faster.
   *
   * Without `resendMs` it doesn't repeat a compare-and-set that timed out, because
   * that may have happened: it rejects with error 0, which leaves it open.
   *
   * If the network repeats messages, it may try again although it had
   * succeeded. That does no harm to a change that recognises its own work: one
   * that takes the greater of two numbers, or adds an entry with a unique name
   * unless it's there. Any other change, such as adding 1, may then be made
   * twice.
   *
   * @param change gets `undefined` if there is no such key. It may be called
   * several times, even with a value that it returned itself.
   * @returns the new value.
   * @throws {RPCError} 22 if others were faster each time; at `lww-kv` 20, too.
   */
  async update(
    key: Key,
    change: (value: V | undefined) => Sendable<V>,
    {
      maxAttempts = 100,
      timeoutMs = 4000,
      resendMs = Infinity,
      signal,
    }: UpdateOptions = {},
  ): Promise<V> {
    let open: unknown; // the error of a change that may have happened
    const endMs = this.#node.now() + timeoutMs;
    const restMs = () => Math.max(0, Math.round(endMs - this.#node.now()));
    for (let attempt = 1;; attempt++) {
      const beginMs = this.#node.now();
      const from = await this.readOr(key, undefined, {
        timeoutMs: restMs(),
        resendMs,
        signal,
      });
      // What took long to be read takes long to be changed.
      const patienceMs = Math.max(
        resendMs,
        2 * (this.#node.now() - beginMs),
      );
      // A copy, because a change in place would change `from` as well.
      const to = change(structuredClone(from));
      const options = { timeoutMs: Math.min(restMs(), patienceMs), signal };
      try {
        // lww-kv has no create: its first write is a write like any other.
        if (from === undefined && this.#service === "lww-kv") {
          await this.write(key, to, options);
        } else {
          await this.cas(key, from as Sendable<V> | undefined, to, {
            ...options,
            createIfMissing: from === undefined,
          });
        }
        return to as V;
      } catch (error) {
        const lostTheRace = hasCode(error, ErrorCode.preconditionFailed) ||
          hasCode(error, ErrorCode.keyDoesNotExist);
        const isSilent = resendMs < Infinity &&
          hasCode(error, ErrorCode.timeout);
        if (isSilent) open = error;
        const isLast = attempt >= maxAttempts || restMs() === 0;
        if (!lostTheRace && !isSilent || isLast) throw open ?? error;
      }
    }
  }
}

/**
 * A client of `lin-tso`, the central clock.
 *
 * @example Ids that are unique, and in the order in which they were asked for
 * ```ts
 * import { type Node, TSO } from "@call-me-maybe/maelstrom";
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertEquals } from "@std/assert";
 *
 * function ids(node: Node) {
 *   const clock = new TSO(node);
 *   node.on("generate", async () => ({
 *     type: "generate_ok",
 *     id: await clock.next(),
 *   }));
 * }
 *
 * const { results } = await judge(ids, {
 *   workload: "unique-ids",
 *   "time-limit": 10,
 * });
 * assertEquals(results["valid?"], true);
 * ```
 */
export class TSO {
  #node: Node<AnyMessages>;

  /**
   * Makes a client.
   *
   * @param node the node that asks.
   */
  constructor(node: Node<AnyMessages>) {
    this.#node = node;
  }

  /**
   * Returns the next timestamp: an integer greater than all before it.
   *
   * @throws {RPCError} 0 if no answer came in time.
   */
  async next(options?: RPCOptions): Promise<number> {
    const reply = await this.#node.rpc(
      "lin-tso",
      { type: "ts" },
      options,
    );
    return reply.ts;
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof RPCError && error.code === code;
}
