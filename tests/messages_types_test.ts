/**
 * Tests of the types of messages. The type checker passes them, not the run: a
 * line under `@ts-expect-error` has to be an error, all others none. What is
 * here is never called.
 *
 * @module
 */
import {
  type AnyMessages,
  type App,
  type Body,
  type BroadcastMessages,
  type CounterMessages,
  type GSetMessages,
  type Handler,
  KV,
  type LinKVMessages,
  type ListAppendMessages,
  type Message,
  type Node,
  RPCError,
  type RWRegisterMessages,
  serve,
  TSO,
} from "../lib/mod.ts";
import { judge } from "../lib/workbench/mod.ts";

/** True if two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Holds the type of a value to another. */
function is<T>() {
  return <V>(_: V, same: Same<V, T>) => same;
}

Deno.test("types of messages are the type checker's to test", () => {});

export function requestsAreKnown(node: Node) {
  node.on("echo", ({ body }) => {
    is<string>()(body.echo, true);
    is<"echo">()(body.type, true);
    is<number | undefined>()(body.msg_id, true);
  });
  node.on("broadcast", ({ body }) => void is<number>()(body.message, true));
  node.on("topology", ({ body, src, dest }) => {
    is<{ [id: string]: string[] }>()(body.topology, true);
    is<[string, string]>()([src, dest] as [typeof src, typeof dest], true);
  });
  node.on("add", ({ body }) => {
    is<number>()(body.delta, true);
    is<number>()(body.element, true);
  });
  node.on("read", ({ body }) => void is<number>()(body.key, true));
  node.on("write", ({ body }) => void is<number>()(body.value, true));
  node.on("cas", ({ body }) => void is<number>()(body.from, true));
  node.on("send", ({ body }) => {
    is<string>()(body.key, true);
    is<number>()(body.msg, true);
  });
  node.on(
    "poll",
    ({ body }) => void is<{ [key: string]: number }>()(body.offsets, true),
  );
  node.on(
    "list_committed_offsets",
    ({ body }) => void is<string[]>()(body.keys, true),
  );
  node.on("txn", ({ body }) => {
    for (const [f, key] of body.txn) {
      is<"r" | "w" | "append">()(f, true);
      is<number>()(key, true);
    }
  });
  // @ts-expect-error: there is no such key
  node.on("broadcast", ({ body }) => void body.mesage);
}

export function repliesAreKnown(node: Node) {
  node.on("echo", ({ body: { echo } }) => ({ type: "echo_ok", echo }));
  node.on("generate", async () => {
    await node.sleep(1);
    return { type: "generate_ok", id: [node.id, 7, { at: null }] };
  });
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("broadcast", ({ body }) => {
    if (body.message < 0) return; // no reply
    return { type: "broadcast_ok" };
  });
  node.on("read", () => ({ type: "read_ok", messages: [1, 2] }));
  node.on("read", async () => ({ type: "read_ok", value: await 3 }));
  node.on("read", () => ({ type: "read_ok", value: [1] as readonly number[] }));
  node.on("write", () => {
    throw new RPCError(11);
  });
  node.on("write", () => new RPCError(11).toBody());
  node.on("write", ({ body }) => {
    return body.key < 0
      ? { type: "error", code: 12, text: "a key is positive" }
      : { type: "write_ok" };
  });
  node.on("cas", () => Promise.reject(new Error()));
  node.on("poll", () => ({ type: "poll_ok", msgs: { k: [[0, 1], [1, 5]] } }));
  node.on("txn", ({ body }) => ({ type: "txn_ok", txn: body.txn }));
}

export function wrongRepliesAreErrors(node: Node) {
  // @ts-expect-error: misspelt
  node.on("ehco", () => {});
  // @ts-expect-error: the node answers init itself
  node.on("init", () => {});
  // @ts-expect-error: a reply never gets to a handler
  node.on("echo_ok", () => {});
  // @ts-expect-error: misspelt
  node.on("echo", ({ body: { echo } }) => ({ type: "echo_okay", echo }));
  // @ts-expect-error: the reply to something else
  node.on("echo", ({ body }) => ({ type: "read_ok", value: body.echo }));
  // @ts-expect-error: a key too few
  node.on("echo", () => ({ type: "echo_ok" }));
  // @ts-expect-error: a key too few, later
  node.on("echo", () => Promise.resolve({ type: "echo_ok" }));
  // @ts-expect-error: another type
  node.on("echo", () => ({ type: "echo_ok", echo: 7 }));
  // @ts-expect-error: a key too many, for which Maelstrom calls it malformed
  node.on("topology", () => ({ type: "topology_ok", extra: 1 }));
  // @ts-expect-error: a key too many, later
  node.on("topology", async () => ({ type: "topology_ok", extra: await 1 }));
  // @ts-expect-error: the type is missing
  node.on("topology", () => ({}));
  // @ts-expect-error: no message
  node.on("topology", () => "topology_ok");
  // @ts-expect-error: offsets without messages
  node.on("poll", () => ({ type: "poll_ok", msgs: { k: [0, 1] } }));
}

export function whatJSONCannotHoldIsAnError(node: Node) {
  interface Id {
    name: string;
    count?: number;
  }
  const type = "generate_ok";
  const id: Id = { name: "n1", count: 7 };
  const readonlyId: readonly string[] = ["n1"];
  node.on("generate", () => ({ type, id }));
  node.on("generate", () => ({ type, id: [id] }));
  node.on("generate", () => ({ type, id: readonlyId }));
  node.on("generate", () => ({ type, id: { count: undefined } })); // left out

  const ids = new Set(["a"]);
  // @ts-expect-error: a set, which would be {}
  node.on("read", () => ({ type: "read_ok", messages: new Set([1]) }));
  // @ts-expect-error: a set
  node.on("generate", () => ({ type, id: ids }));
  // @ts-expect-error: a set within
  node.on("generate", () => ({ type, id: { all: [ids] } }));
  // @ts-expect-error: a map
  node.on("generate", () => ({ type, id: new Map() }));
  // @ts-expect-error: a bigint, at which JSON.stringify throws
  node.on("generate", () => ({ type, id: 1n }));
  // @ts-expect-error: a bigint, later
  node.on("generate", async () => ({ type, id: await 1n }));
  // @ts-expect-error: a function
  node.on("generate", () => ({ type, id: () => 1 }));
  // @ts-expect-error: an object with methods
  node.on("generate", () => ({ type, id: { toString: () => "1" } }));
  // @ts-expect-error: a symbol
  node.on("generate", () => ({ type, id: Symbol() }));
  // @ts-expect-error: a date, which would be a text
  node.on("generate", () => ({ type, id: new Date(0) }));
  // @ts-expect-error: an error, which would be {}
  node.on("generate", () => ({ type, id: new Error() }));
  // @ts-expect-error: bytes, which would be an object
  node.on("generate", () => ({ type, id: new Uint8Array(1) }));
  // @ts-expect-error: a promise that nobody awaits
  node.on("generate", () => ({ type, id: Promise.resolve(1) }));
  // @ts-expect-error: undefined in a list, which would be null
  node.on("generate", () => ({ type, id: [undefined] }));
  // @ts-expect-error: a list where some may be undefined
  node.on("generate", () => ({ type, id: ["a"].map((_, i) => [1].at(i)) }));
  const short: [number, string?] = [1];
  node.on("generate", () => ({ type, id: short }));
  // @ts-expect-error: something that may be undefined
  node.on("read", () => ({ type: "read_ok", value: [1].at(-1) }));
}

/** Each workload's own `read` and `add`. */
export function aWorkloadIsHeldToItsOwn(
  broadcast: Node<BroadcastMessages>,
  set: Node<GSetMessages>,
  counter: Node<CounterMessages>,
  kv: Node<LinKVMessages>,
  lists: Node<ListAppendMessages>,
  registers: Node<RWRegisterMessages>,
) {
  broadcast.on("read", () => ({ type: "read_ok", messages: [1] }));
  // @ts-expect-error: a counter's
  broadcast.on("read", () => ({ type: "read_ok", value: 1 }));
  set.on("read", () => ({ type: "read_ok", value: [1] }));
  // @ts-expect-error: a counter's
  set.on("read", () => ({ type: "read_ok", value: 1 }));
  // @ts-expect-error: a counter's
  set.on("add", ({ body }) => void body.delta);
  counter.on("read", () => ({ type: "read_ok", value: 1 }));
  // @ts-expect-error: a set's
  counter.on("read", () => ({ type: "read_ok", value: [1] }));
  // @ts-expect-error: a set's
  counter.on("add", ({ body }) => void body.element);
  kv.on("read", ({ body }) => ({ type: "read_ok", value: body.key }));
  // @ts-expect-error: a map gives undefined where there is nothing
  kv.on("read", ({ body }) => ({ type: "read_ok", value: map.get(body.key) }));
  lists.on("txn", ({ body }) => ({
    type: "txn_ok",
    txn: body.txn.map(([f, key, value]) =>
      f === "r" ? [f, key, [1, 2]] : [f, key, value]
    ),
  }));
  registers.on("txn", ({ body }) => {
    return {
      type: "txn_ok",
      txn: body.txn.map(([f, key, value]) => {
        if (f === "r") return [f, key, 1];
        return [f, key, value];
      }),
    };
  });
  // @ts-expect-error: a register holds no list
  registers.on("txn", () => ({ type: "txn_ok", txn: [["r", 1, [1]]] }));
}

declare const map: Map<number, number>;

interface Batch {
  values: number[];
  early?: { ms: number };
}

interface Own {
  gossip: Batch;
  look: object;
  tell: { value: number };
  ask: { key: string };
  ask_ok: { total: number };
}

export async function ownMessagesAreKnown(node: Node<Own>) {
  const take = (batch: Batch) => batch.values;
  node.on("gossip", ({ body }) => void take(body));
  node.on("tell", ({ body }) => {
    is<number>()(body.value, true);
    return { type: "tell_ok" }; // it only confirms: it needn't be declared
  });
  node.on("ask", ({ body: { key } }) => ({
    type: "ask_ok",
    total: key.length,
  }));
  node.on("broadcast", ({ body }) => void is<number>()(body.message, true));
  const batch: Batch = { values: [1] };
  node.send("n2", { type: "gossip", ...batch });
  node.send("n2", { type: "look" });
  node.send("n2", { type: "broadcast", message: 7 });
  const { total } = await node.rpc("n2", { type: "ask", key: "k" });
  is<number>()(total, true);
  const { type } = await node.rpc("n2", { type: "tell", value: 1 });
  is<"tell_ok">()(type, true);

  // @ts-expect-error: misspelt
  node.on("gosip", () => {});
  // @ts-expect-error: misspelt
  node.send("n2", { type: "gosip", values: [1] });
  // @ts-expect-error: misspelt
  node.send("n2", { type: "gossip", value: [1] });
  // @ts-expect-error: a key too few
  node.send("n2", { type: "gossip" });
  // @ts-expect-error: another type
  node.send("n2", { type: "gossip", values: "1" });
  // @ts-expect-error: a set
  node.send("n2", { type: "gossip", values: new Set([1]) });
  // @ts-expect-error: misspelt
  await node.rpc("n2", { type: "aks", key: "k" });
  // @ts-expect-error: a key too few
  await node.rpc("n2", { type: "ask" });
  // @ts-expect-error: another type
  await node.rpc("n2", { type: "ask", key: 7 });
  // @ts-expect-error: a key too many
  await node.rpc("n2", { type: "ask", key: "k", value: 7 });
  // @ts-expect-error: the reply has no such key
  (await node.rpc("n2", { type: "ask", key: "k" })).sum;
  // @ts-expect-error: a key too few
  node.on("ask", () => ({ type: "ask_ok" }));
}

/** A declaration may hold a set; it can't be sent. */
export function declarationsAreHeldToJSON(
  node: Node<{ tell: { values: Set<number> }; tell_ok: { at: Date } }>,
) {
  // @ts-expect-error: a set
  node.send("n2", { type: "tell", values: new Set([1]) });
  // @ts-expect-error: a set
  node.rpc("n2", { type: "tell", values: new Set([1]) });
  // @ts-expect-error: a date
  node.on("tell", () => ({ type: "tell_ok", at: new Date(0) }));
}

export function repliesByHandAreKnown(node: Node<Own>) {
  const held: Message<Body>[] = [];
  node.on("ask", (request) => {
    node.reply(request, { type: "ask_ok", total: 1 });
    node.reply(request, { type: "error", code: 11 });
    // @ts-expect-error: another type
    node.reply(request, { type: "ask_ok", total: "1" });
    // @ts-expect-error: the reply to something else
    node.reply(request, { type: "tell_ok" });
    held.push(request);
  });
  for (const request of held) {
    node.reply(request, { type: "ask_ok", total: 1 });
    // @ts-expect-error: a set
    node.reply(request, { type: "ask_ok", total: new Set() });
  }
}

export async function servicesAreKnown(node: Node<Own>) {
  const { value } = await node.rpc("lin-kv", { type: "read", key: "k" });
  if (typeof value === "number") is<number>()(value, true);
  await node.rpc("seq-kv", { type: "write", key: 1, value: { a: [1] } });
  const cas = { type: "cas", key: 1, from: null, to: 1 } as const;
  await node.rpc("lww-kv", { ...cas, create_if_not_exists: true });
  is<number>()((await node.rpc("lin-tso", { type: "ts" })).ts, true);
  // @ts-expect-error: the clock's
  await node.rpc("lin-kv", { type: "ts" });
  // @ts-expect-error: a node's
  await node.rpc("lin-kv", { type: "ask", key: "k" });
  // @ts-expect-error: a service's
  await node.rpc("n2", { type: "ts" });
  // @ts-expect-error: a set
  await node.rpc("lin-kv", { type: "write", key: 1, value: new Set() });

  is<number>()(await new TSO(node).next(), true);
  const batches = new KV<Batch>(node, "seq-kv");
  await batches.write("k", { values: [1] });
  await batches.update("k", (batch = { values: [] }) => batch);
  const sets = new KV<Set<number>>(node, "seq-kv");
  // @ts-expect-error: a set
  await sets.write("k", new Set());
  // @ts-expect-error: a set
  await sets.update("k", () => new Set());
}

export async function appsAreOfTheirMessages() {
  const app: App = (node) => {
    // @ts-expect-error: misspelt
    node.on("ehco", () => {});
  };
  const own: App<Own> = (node) => node.on("tell", () => {});
  const any: App<AnyMessages>[] = [app, own];
  const handler: Handler<"ask", Own> = ({ body }) => ({
    type: "ask_ok",
    total: body.key.length,
  });
  own satisfies (node: Node<Own>, args: string[]) => unknown;
  await judge(own, { workload: "echo" });
  for (const app of any) await judge(app, { workload: "echo" });
  await judge((node: Node<Own>) => node.on("ask", handler), {
    workload: "echo",
  });
  await judge((node) => {
    // @ts-expect-error: misspelt
    node.on("ehco", () => {});
  }, { workload: "echo" });
  await serve((node) => {
    // @ts-expect-error: misspelt
    node.on("ehco", () => {});
    node.on("echo", ({ body: { echo } }) => ({ type: "echo_ok", echo }));
  });
}

export async function undeclaredMessagesAreOpen(node: Node<AnyMessages>) {
  node.on("anything", ({ body }) => ({ type: "else", value: body.whatever }));
  node.send("n2", { type: "anything", value: 1 });
  (await node.rpc("n2", { type: "anything" })).whatever;
  // @ts-expect-error: a set
  node.on("anything", () => ({ type: "else", value: new Set() }));
}
