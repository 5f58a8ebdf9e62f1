/**
 * The types of messages: what Maelstrom's clients and services send, what they
 * expect in return, and how a node declares messages of its own. Nothing here
 * is left at run time.
 *
 * A set of messages is an interface from a message's type to the keys of its
 * body: those beside `type`, `msg_id` and `in_reply_to`, or `object` where there
 * are none. The reply to `read` is `read_ok`, as everywhere in Maelstrom; a
 * reply that only confirms needn't be declared.
 *
 * The shapes are those that Maelstrom's clients send and accept
 * (https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md). Where its
 * schemas allow anything and its clients send numbers, they are numbers here.
 *
 * @module
 */
import type { Body, ErrorBody, OutgoingBody } from "./message.ts";

/**
 * A value that JSON can hold. A key of an object may be `undefined`: it's left out.
 *
 * @example
 * ```ts
 * import type { JSONValue } from "@call-me-maybe/maelstrom";
 *
 * const values: JSONValue[] = [null, 1, "a", [true], { key: [1, 2] }];
 * ```
 */
export type JSONValue =
  | null
  | boolean
  | number
  | string
  | readonly JSONValue[]
  | { readonly [key: string]: JSONValue | undefined };

/**
 * The type that stands where a value is that JSON can't hold, so that it is an
 * error there. No value has it.
 *
 * @example
 * ```ts
 * import type { NotJSON, Sendable } from "@call-me-maybe/maelstrom";
 *
 * const isError: Sendable<Set<number>> extends NotJSON ? true : false = true;
 * ```
 */
export interface NotJSON {
  /** Never there. */
  "JSON can't hold this": never;
}

/**
 * A type as JSON can hold it: itself, but for the parts that JSON can't hold.
 * Those are {@linkcode NotJSON}: sets, maps, dates, promises, errors, functions,
 * bigints, symbols, and `undefined` in an array.
 *
 * @example
 * ```ts
 * import type { Sendable } from "@call-me-maybe/maelstrom";
 *
 * interface Batch {
 *   values: number[];
 *   early?: { ms: number };
 * }
 * const batch: Sendable<Batch> = { values: [1, 2] };
 * ```
 */
export type Sendable<T> = unknown extends T ? (0 extends 1 & T ? T : JSONValue)
  : T extends JSONValue | undefined ? T
  : T extends
    | bigint
    | symbol
    | Error
    | Date
    | RegExp
    | ArrayBufferView
    | ReadonlySet<unknown>
    | ReadonlyMap<unknown, unknown>
    | PromiseLike<unknown>
    | ((...args: never[]) => unknown) ? NotJSON
  : T extends readonly unknown[] ? {
      readonly [I in keyof T]: unknown extends T[I] ? Sendable<T[I]>
        : number extends T["length"]
          ? undefined extends T[I] ? NotJSON : Sendable<T[I]>
        // A tuple may end without some.
        : T[I] extends undefined ? NotJSON
        : Sendable<T[I]>;
    }
  : { readonly [K in keyof T]: Sendable<T[K]> };

/**
 * The messages of the workload `echo`.
 *
 * @example
 * ```ts
 * import type { EchoMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function echo(node: Node<EchoMessages>) {
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * }
 * ```
 */
export interface EchoMessages {
  /** The text to send back. */
  echo: { echo: string };
  /** The same text. */
  echo_ok: { echo: string };
}

/**
 * The messages of the workload `unique-ids`.
 *
 * @example
 * ```ts
 * import type { Node, UniqueIdsMessages } from "@call-me-maybe/maelstrom";
 *
 * function ids(node: Node<UniqueIdsMessages>) {
 *   let count = 0;
 *   node.on("generate", () => ({ type: "generate_ok", id: `${node.id}-${count++}` }));
 * }
 * ```
 */
export interface UniqueIdsMessages {
  /** Asks for an id. */
  generate: object;
  /** An id that nobody else has: whatever JSON can hold. */
  generate_ok: { id: unknown };
}

/**
 * The messages of the workload `broadcast`.
 *
 * @example
 * ```ts
 * import type { BroadcastMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function single(node: Node<BroadcastMessages>) {
 *   const messages: number[] = [];
 *   node.on("topology", () => ({ type: "topology_ok" }));
 *   node.on("broadcast", ({ body }) => {
 *     messages.push(body.message);
 *     return { type: "broadcast_ok" };
 *   });
 *   node.on("read", () => ({ type: "read_ok", messages }));
 * }
 * ```
 */
export interface BroadcastMessages {
  /** The neighbours that Maelstrom suggests to each node. */
  topology: { topology: { [id: string]: string[] } };
  /** A value that every node is to show. */
  broadcast: { message: number };
  /** Asks for all values. */
  read: object;
  /** All values that the node knows. */
  read_ok: { messages: readonly number[] };
}

/**
 * The messages of the workload `g-set`.
 *
 * @example
 * ```ts
 * import type { GSetMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function single(node: Node<GSetMessages>) {
 *   const elements = new Set<number>();
 *   node.on("add", ({ body }) => {
 *     elements.add(body.element);
 *     return { type: "add_ok" };
 *   });
 *   node.on("read", () => ({ type: "read_ok", value: [...elements] }));
 * }
 * ```
 */
export interface GSetMessages {
  /** An element for the set. */
  add: { element: number };
  /** Asks for the set. */
  read: object;
  /** All elements that the node knows. */
  read_ok: { value: readonly number[] };
}

/**
 * The messages of the workload `membership`, which Maelstrom doesn't have: each
 * node says which nodes it takes to be up.
 *
 * @example
 * ```ts
 * import type { MembershipMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function optimist(node: Node<MembershipMessages>) {
 *   node.on("read", () => ({ type: "read_ok", members: node.nodeIds }));
 * }
 * ```
 */
export interface MembershipMessages {
  /** Asks for the members. */
  read: object;
  /** The ids of the nodes that are up, as far as the node knows; its own, too. */
  read_ok: { members: readonly string[] };
}

/**
 * The messages of the workloads `g-counter` and `pn-counter`.
 *
 * @example
 * ```ts
 * import type { CounterMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function single(node: Node<CounterMessages>) {
 *   let value = 0;
 *   node.on("add", ({ body }) => {
 *     value += body.delta;
 *     return { type: "add_ok" };
 *   });
 *   node.on("read", () => ({ type: "read_ok", value }));
 * }
 * ```
 */
export interface CounterMessages {
  /** The amount to add: in a `g-counter` never negative. */
  add: { delta: number };
  /** Asks for the sum. */
  read: object;
  /** The sum, as far as the node knows. */
  read_ok: { value: number };
}

/**
 * The messages of the workload `lin-kv`. What a node says to the *service* of
 * that name is {@linkcode KVMessages}.
 *
 * @example
 * ```ts
 * import { KV, type LinKVMessages, type Node } from "@call-me-maybe/maelstrom";
 *
 * function proxy(node: Node<LinKVMessages>) {
 *   const kv = new KV<number>(node, "lin-kv");
 *   node.on("read", async ({ body: { key } }) => ({
 *     type: "read_ok",
 *     value: await kv.read(key),
 *   }));
 *   node.on("write", async ({ body: { key, value } }) => {
 *     await kv.write(key, value);
 *     return { type: "write_ok" };
 *   });
 *   node.on("cas", async ({ body: { key, from, to } }) => {
 *     await kv.cas(key, from, to);
 *     return { type: "cas_ok" };
 *   });
 * }
 * ```
 */
export interface LinKVMessages {
  /** Asks for the value of a key. */
  read: { key: number };
  /** The value. Where there is no such key, the answer is error 20. */
  read_ok: { value: number | null };
  /** Sets a key. */
  write: { key: number; value: number };
  /** Changes a key from one value to another. */
  cas: { key: number; from: number; to: number };
}

/**
 * The messages of the workload `kafka`.
 *
 * @example
 * ```ts
 * import type { KafkaMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function forgetful(node: Node<KafkaMessages>) {
 *   let offset = 0;
 *   node.on("send", () => ({ type: "send_ok", offset: offset++ }));
 *   node.on("poll", () => ({ type: "poll_ok", msgs: {} }));
 *   node.on("commit_offsets", () => ({ type: "commit_offsets_ok" }));
 *   node.on("list_committed_offsets", () => ({
 *     type: "list_committed_offsets_ok",
 *     offsets: {},
 *   }));
 * }
 * ```
 */
export interface KafkaMessages {
  /** A message to append to the log of a key. */
  send: { key: string; msg: number };
  /** Where it is in the log. */
  send_ok: { offset: number };
  /** Asks for messages: of each key, from an offset on. */
  poll: { offsets: { [key: string]: number } };
  /** The messages of each key, in order, each with its offset. */
  poll_ok: {
    msgs: {
      readonly [key: string]: readonly (readonly [
        offset: number,
        msg: number,
      ])[];
    };
  };
  /** The last offset of each key that has been read. */
  commit_offsets: { offsets: { [key: string]: number } };
  /** Asks for the committed offsets of keys. */
  list_committed_offsets: { keys: string[] };
  /** The committed offsets; a key that has none is left out. */
  list_committed_offsets_ok: { offsets: { readonly [key: string]: number } };
}

/**
 * The messages of the workload `txn-list-append`.
 *
 * @example
 * ```ts
 * import type { ListAppendMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function single(node: Node<ListAppendMessages>) {
 *   const lists = new Map<number, number[]>();
 *   node.on("txn", ({ body }) => ({
 *     type: "txn_ok",
 *     txn: body.txn.map(([f, key, value]) => {
 *       if (f === "r") return [f, key, lists.get(key) ?? null];
 *       lists.set(key, [...lists.get(key) ?? [], value]);
 *       return [f, key, value];
 *     }),
 *   }));
 * }
 * ```
 */
export interface ListAppendMessages {
  /** Reads, and elements to append to lists, in order. */
  txn: {
    txn: (
      | [f: "r", key: number, value: null]
      | [f: "append", key: number, value: number]
    )[];
  };
  /** The same, with what was read. */
  txn_ok: {
    txn: readonly (
      | readonly [f: "r", key: number, value: readonly number[] | null]
      | readonly [f: "append", key: number, value: number]
    )[];
  };
}

/**
 * The messages of the workload `txn-rw-register`.
 *
 * @example
 * ```ts
 * import type { Node, RWRegisterMessages } from "@call-me-maybe/maelstrom";
 *
 * function single(node: Node<RWRegisterMessages>) {
 *   const registers = new Map<number, number>();
 *   node.on("txn", ({ body }) => ({
 *     type: "txn_ok",
 *     txn: body.txn.map(([f, key, value]) => {
 *       if (f === "r") return [f, key, registers.get(key) ?? null];
 *       registers.set(key, value);
 *       return [f, key, value];
 *     }),
 *   }));
 * }
 * ```
 */
export interface RWRegisterMessages {
  /** Reads and writes of registers, in order. */
  txn: {
    txn: (
      | [f: "r", key: number, value: null]
      | [f: "w", key: number, value: number]
    )[];
  };
  /** The same, with what was read. */
  txn_ok: {
    txn: readonly (
      | readonly [f: "r", key: number, value: number | null]
      | readonly [f: "w", key: number, value: number]
    )[];
  };
}

/**
 * The messages of all workloads, which every node knows. Three types mean
 * something else from workload to workload: `add`, `read` and `txn`. Here a
 * request has the keys of all of them, and a reply may be that of any; a node
 * that names its workload, such as `Node<CounterMessages>`, is held to that.
 *
 * @example
 * ```ts
 * import type { Messages } from "@call-me-maybe/maelstrom";
 *
 * const { message }: Messages["broadcast"] = { message: 7 };
 * ```
 */
export interface Messages
  extends
    EchoMessages,
    UniqueIdsMessages,
    Omit<BroadcastMessages, "read" | "read_ok">,
    Omit<LinKVMessages, "read" | "read_ok">,
    KafkaMessages {
  /** An element of a set, or an amount to add to a counter. */
  add: GSetMessages["add"] & CounterMessages["add"];
  /** Asks for what the node has; in `lin-kv`, under a key. */
  read: LinKVMessages["read"];
  /**
   * The answer: in `broadcast` it's `messages`, in `membership` `members`, else a
   * `value`.
   */
  read_ok:
    | BroadcastMessages["read_ok"]
    | MembershipMessages["read_ok"]
    | { value: number | readonly number[] | null };
  /** Reads, writes of registers, elements to append to lists. */
  txn: {
    txn: (
      | ListAppendMessages["txn"]["txn"][number]
      | RWRegisterMessages["txn"]["txn"][number]
    )[];
  };
  /** The same, with what was read. */
  txn_ok: {
    txn: readonly (
      | ListAppendMessages["txn_ok"]["txn"][number]
      | RWRegisterMessages["txn_ok"]["txn"][number]
    )[];
  };
}

/**
 * The messages of Maelstrom's key-value stores. `KV` sends them for you.
 *
 * @example
 * ```ts
 * import type { Node } from "@call-me-maybe/maelstrom";
 *
 * async function total(node: Node) {
 *   const { value } = await node.rpc("seq-kv", { type: "read", key: "total" });
 *   return typeof value === "number" ? value : 0;
 * }
 * ```
 */
export interface KVMessages {
  /** Asks for the value of a key. */
  read: { key: JSONValue };
  /** The value. Where there is no such key, the answer is error 20. */
  read_ok: { value: JSONValue };
  /** Sets a key. */
  write: { key: JSONValue; value: JSONValue };
  /** Changes a key from one value to another. */
  cas: {
    key: JSONValue;
    from: JSONValue;
    to: JSONValue;
    create_if_not_exists?: boolean;
  };
}

/**
 * The messages of `lin-tso`. `TSO` sends them for you.
 *
 * @example
 * ```ts
 * import type { Node } from "@call-me-maybe/maelstrom";
 *
 * async function timestamp(node: Node) {
 *   const { ts } = await node.rpc("lin-tso", { type: "ts" });
 *   return ts;
 * }
 * ```
 */
export interface TSOMessages {
  /** Asks for a timestamp. */
  ts: object;
  /** One that is greater than all before it. */
  ts_ok: { ts: number };
}

/**
 * The messages of each of Maelstrom's services.
 *
 * @example
 * ```ts
 * import type { Services } from "@call-me-maybe/maelstrom";
 *
 * const names: (keyof Services)[] = ["lin-kv", "seq-kv", "lww-kv", "lin-tso"];
 * ```
 */
export interface Services {
  /** The linearizable store. */
  "lin-kv": KVMessages;
  /** The sequentially consistent store. */
  "seq-kv": KVMessages;
  /** The store in which the last writer wins. */
  "lww-kv": KVMessages;
  /** The clock. */
  "lin-tso": TSOMessages;
}

/**
 * Messages of any type that hold anything: for helpers that take every node, and
 * for a node whose messages nobody declares.
 *
 * @example
 * ```ts
 * import type { AnyMessages, Node } from "@call-me-maybe/maelstrom";
 *
 * function untyped(node: Node<AnyMessages>) {
 *   node.on("greet", ({ body }) => ({ type: "welcome", name: body.name }));
 * }
 * ```
 */
// deno-lint-ignore no-explicit-any -- only `any` takes nodes of all messages
export type AnyMessages = any;

/**
 * The messages that a node knows: its own, and Maelstrom's where it has none of
 * that type.
 *
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import type { Known } from "@call-me-maybe/maelstrom";
 *
 * type Mine = Known<{ gossip: { values: number[] } }>;
 * const types: (keyof Mine)[] = ["gossip", "broadcast", "read", "read_ok"];
 * ```
 */
export type Known<M> = Omit<Messages, keyof M> & M;

/**
 * Those of a set of messages that aren't replies to others: what a node may
 * handle, send, and ask.
 *
 * @typeParam M the messages.
 *
 * @example
 * ```ts
 * import type { Requests } from "@call-me-maybe/maelstrom";
 *
 * interface Mine {
 *   ask: object;
 *   ask_ok: { total: number };
 * }
 * const type: keyof Requests<Mine> = "ask";
 * ```
 */
export type Requests<M> = {
  [T in keyof M as T extends `${keyof M & string}_ok` ? never : T]: M[T];
};

/**
 * The body of a message that comes in. It's what was declared, not what was
 * checked: that is the handler's to do.
 *
 * @typeParam T the message's type.
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import type { Received } from "@call-me-maybe/maelstrom";
 *
 * const body: Received<"broadcast"> = { type: "broadcast", msg_id: 1, message: 7 };
 * ```
 */
export type Received<T extends string, M = object> =
  & Body
  & { type: T }
  & (T extends keyof Known<M> ? Known<M>[T] : object);

/**
 * The body of a message that goes out.
 *
 * @typeParam T the message's type.
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import type { Sent } from "@call-me-maybe/maelstrom";
 *
 * const body: Sent<"broadcast"> = { type: "broadcast", message: 7 };
 * ```
 */
export type Sent<T extends string, M = object> =
  & Body
  & { type: T }
  & (T extends keyof Known<M> ? Sendable<Known<M>[T]> : object);

/**
 * The messages that a destination knows: a service's are its own, a node's are
 * the sender's.
 *
 * @typeParam D the destination's name.
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import type { MessagesTo, TSOMessages } from "@call-me-maybe/maelstrom";
 *
 * const { ts }: MessagesTo<"lin-tso">["ts_ok"] = { ts: 7 };
 * ```
 */
export type MessagesTo<D extends string, M = object> = D extends keyof Services
  ? Services[D]
  : 0 extends 1 & M ? { [type: string]: M }
  : Known<M>;

/**
 * The body of a reply to a type of message: that of `read` is `read_ok`, or an
 * error. Where the type is any `string`, so may be the reply.
 *
 * @typeParam T the request's type.
 * @typeParam M the node's own messages.
 *
 * @example
 * ```ts
 * import type { Reply } from "@call-me-maybe/maelstrom";
 *
 * const reply: Reply<"echo"> = { type: "echo_ok", echo: "Please echo 7" };
 * ```
 */
export type Reply<T extends string, M = object> = 0 extends 1 & M ? M
  : string extends T ? OutgoingBody
  : Received<`${T}_ok`, M> | ErrorBody;

/**
 * The type that stands where a reply has a key that it mustn't have, so that it
 * is an error there. No value has it.
 *
 * @example
 * ```ts
 * import type { Marked, NoSuchKey, Reply } from "@call-me-maybe/maelstrom";
 *
 * type Result = Marked<{ type: "read_ok"; sum: number }, Reply<"read">>;
 * const isError: Result["sum"] extends NoSuchKey ? true : false = true;
 * ```
 */
export interface NoSuchKey {
  /** Never there. */
  "the reply has no such key": never;
}

/**
 * A handler's result with errors where they belong: {@linkcode NotJSON} where
 * JSON can't hold a value, {@linkcode NoSuchKey} where the reply has no such key.
 *
 * @typeParam R the result: a body, nothing, or a promise of either.
 * @typeParam E the reply that is expected.
 *
 * @example
 * ```ts
 * import type { Marked, NoSuchKey, Reply } from "@call-me-maybe/maelstrom";
 *
 * type Result = Marked<{ type: "add_ok"; sum: number }, Reply<"add">>;
 * const isError: Result extends { sum: NoSuchKey } ? true : false = true;
 * ```
 */
export type Marked<R, E> = R extends Promise<infer B> ? Promise<Marked<B, E>>
  : R extends object ? {
      readonly [K in keyof R]: K extends (E extends unknown ? keyof E : never)
        ? Sendable<R[K]>
        : NoSuchKey;
    }
  : R;

/**
 * A handler's result where it is as it should be, else the one with the errors
 * {@linkcode Marked}.
 *
 * @typeParam R the result: a body, nothing, or a promise of either.
 * @typeParam E the reply that is expected.
 *
 * @example
 * ```ts
 * import type { Checked, Reply } from "@call-me-maybe/maelstrom";
 *
 * const reply: Checked<{ type: "add_ok" }, Reply<"add">> = { type: "add_ok" };
 * ```
 */
export type Checked<R, E> = R extends Marked<R, E> ? R : Marked<R, E>;
