#!/usr/bin/env -S deno run
/**
 * # 6. Totally-available transactions
 *
 * https://fly.io/dist-sys/6a/ to https://fly.io/dist-sys/6c/
 *
 * A transaction is a list of reads and writes of registers. Every node has to
 * answer every transaction, even when it's cut off from all others. So it
 * answers from what it has, and tells the others later. The question is what it
 * can promise then.
 *
 * - **Read uncommitted** forbids dirty writes (G0): of two transactions that
 *   write the same two keys, one has to win on both.
 * - **Read committed** also forbids reading what was never committed (G1a) or
 *   what its own transaction overwrote (G1b), and transactions that depend on
 *   each other in a circle (G1c).
 *
 * Two rules give both. A transaction takes effect **all at once**, here and on
 * the other nodes: nobody sees half of one, or a value that it later overwrote
 * itself. And all nodes order transactions **in the same way**, by Lamport
 * timestamps: a transaction's timestamp is larger than any that its node knew
 * of, and of two writes to a key the larger timestamp wins, in whatever order
 * they arrive. So a transaction that reads from or overwrites another has the
 * larger timestamp; and "larger than" never forms a circle.
 *
 * It costs everything beyond that. Two nodes may both read 1 and both write 2 (a
 * lost update), and a read may be out of date. To forbid that, a node has to
 * wait for others, and then a node that is cut off can't answer. (Bailis et al.:
 * *Highly Available Transactions*, 2013.)
 *
 * Registers in which the last writer wins need only that every write arrives
 * some day, in any order, and any number of times. So a node keeps, for each
 * other node, what it wrote and the other hasn't confirmed, and sends **all of
 * it in one message** every fifth of a second. That is the state which whole
 * transactions have left behind, never half of one, even if an earlier message
 * was lost or overtaken; so one timestamp confirms all that is older. The
 * confirmation rides on the next message in the other direction. A write is on
 * every node after a fifth of a second and one latency; each lost message costs
 * a second more; and once everything is confirmed there is silence.
 *
 * @module
 */
import {
  ErrorCode,
  type Node,
  readArguments,
  RPCError,
  type RWRegisterMessages,
  serve,
} from "../lib/mod.ts";

/** The time that writes gather before a node tells the others. */
const gatherMs = 200;

/** The time that it waits for a confirmation before it tells them again. */
const retryMs = 1000;

/** A node, with the message that nodes send to each other. */
type TxnNode = Node<RWRegisterMessages & { news: News }>;

type Key = number | string;
type Operation = RWRegisterMessages["txn_ok"]["txn"][number];
type Write = [Key, Register];

/** A value, and the timestamp of the transaction that wrote it. */
interface Register {
  value: number;
  timestamp: number;
}

/** Registers, and transactions over them. */
export function txn(node: TxnNode, args: string[] = []) {
  readArguments(args, {}); // it takes none
  const registers = new Map<Key, Register>();
  /** The largest timestamp that this node knows of. */
  let latest = 0;
  const tellOthers = messenger(node, apply);

  node.on("txn", ({ body }) => {
    demand(
      isTransaction(body.txn),
      `a transaction is a list of ["r", key, null] and ["w", key, value]`,
    );
    const writes = new Map<Key, number>();
    const done = body.txn.map(([f, key, value]): Operation => {
      if (f === "w") {
        writes.set(key, value);
        return [f, key, value];
      }
      const known = writes.has(key)
        ? writes.get(key)
        : registers.get(key)?.value;
      return [f, key, known ?? null];
    });
    if (writes.size > 0) commit([...writes]);
    return { type: "txn_ok", txn: done };
  });

  function commit(values: [Key, number][]) {
    const timestamp = nextTimestamp();
    const writes = values.map(([key, value]): Write => [
      key,
      { value, timestamp },
    ]);
    apply(writes);
    tellOthers(writes);
  }

  /** Larger than all that are known here; node i of n has i + n, i + 2n, … */
  function nextTimestamp(): number {
    const { nodeIds, id } = node;
    const round = Math.floor(latest / nodeIds.length) + 1;
    return round * nodeIds.length + nodeIds.indexOf(id);
  }

  /** Lets the last writer win: the last in order, not the last to arrive. */
  function apply(writes: Write[]) {
    for (const [key, { value, timestamp }] of writes) {
      latest = Math.max(latest, timestamp);
      const current = registers.get(key);
      if (current === undefined || current.timestamp < timestamp) {
        registers.set(key, { value, timestamp });
      }
    }
  }
}

/** All that a node wrote and the receiver hasn't confirmed. */
interface News {
  writes: Write[];
  /** Confirms the receiver's own writes up to this timestamp. */
  have: number;
}

/** One node's view of another. */
interface Peer {
  /** Writes of this node that the peer hasn't confirmed. */
  unconfirmed: Map<Key, Register>;
  /** The time to tell the peer of them. */
  dueMs: number;
  /** The peer's writes up to this timestamp have arrived here. */
  have: number;
  /** True if the peer waits for a confirmation. */
  asked: boolean;
}

/** Makes a function that tells all other nodes of writes until they confirm. */
function messenger(node: TxnNode, apply: (writes: Write[]) => void) {
  const peers = new Map<string, Peer>();
  node.onInit(() => {
    for (const id of node.peers) {
      const unconfirmed = new Map<Key, Register>();
      peers.set(id, { unconfirmed, dueMs: 0, have: 0, asked: false });
    }
  });

  node.on("news", ({ src, body }) => {
    demand(isNews(body), "news are writes with their timestamps");
    const peer = peers.get(src);
    if (peer === undefined) return;
    apply(body.writes);
    for (const [, { timestamp }] of body.writes) {
      peer.have = Math.max(peer.have, timestamp);
      peer.asked = true;
    }
    for (const [key, { timestamp }] of peer.unconfirmed) {
      // A later timestamp: the key was written again meanwhile.
      if (timestamp <= body.have) peer.unconfirmed.delete(key);
    }
  });

  node.every(gatherMs, () => {
    for (const [id, peer] of peers) {
      const { unconfirmed, have } = peer;
      const due = unconfirmed.size > 0 && peer.dueMs <= node.now();
      if (!due && !peer.asked) continue;
      node.send(id, { type: "news", writes: [...unconfirmed], have });
      peer.dueMs = node.now() + retryMs;
      peer.asked = false;
    }
  });

  return (writes: Write[]) => {
    for (const peer of peers.values()) {
      for (const [key, register] of writes) peer.unconfirmed.set(key, register);
      peer.dueMs = node.now();
    }
  };
}

function demand(fits: boolean, what: string): void {
  if (!fits) throw new RPCError(ErrorCode.malformedRequest, what);
}

function isKey(value: unknown): value is Key {
  return Number.isSafeInteger(value) || typeof value === "string";
}

function isNews({ writes, have }: News): boolean {
  return Number.isSafeInteger(have) && Array.isArray(writes) &&
    writes.every((each) =>
      isKey(each?.[0]) && Number.isSafeInteger(each[1]?.timestamp)
    );
}

function isTransaction(operations: readonly Operation[]): boolean {
  return Array.isArray(operations) &&
    operations.every((each) =>
      Array.isArray(each) && each.length === 3 &&
      (each[0] === "r" || each[0] === "w") && isKey(each[1])
    );
}

if (import.meta.main) await serve(txn);
