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
 * was lost or overtaken; so to confirm one message is to confirm all before it.
 * The confirmation rides on the next message in the other direction. A write is on
 * every node after a fifth of a second and one latency; each lost message costs
 * a second more; and once everything is confirmed there is silence.
 *
 * **If a node dies,** the others go on. With `--data-dir` a transaction takes
 * effect, here and elsewhere, when its writes are on the disk, in one record; the
 * log gives way to a snapshot of the registers when it's twice as long. Each life
 * of a node has a number, which messages name: when it's a new one, what an
 * earlier life has confirmed counts for nothing, and everything is told anew. So a
 * node that comes back without a disk gets all from the others, its own writes,
 * too, and passes on those. The number is also the last part of a timestamp, so
 * that no two are the same, whatever a node has forgotten.
 *
 * It answers at once, as it must, and may not know yet what it once knew: read
 * committed allows that. What it wrote just before it died is lost if it had
 * neither a disk nor the time to tell anybody, and so is all if all die at once.
 *
 * @module
 */
import {
  demand,
  type Disk,
  type Node,
  readArguments,
  type RWRegisterMessages,
  serve,
} from "../lib/mod.ts";

/** The time that writes gather before a node tells the others. */
const gatherMs = 200;

/** The time that it waits for a confirmation before it tells them again. */
const retryMs = 1000;

/** The least number of records for which a snapshot is worth its while. */
const minRecords = 1000;

/** A node, with the message that nodes send to each other. */
type TxnNode = Node<RWRegisterMessages & { news: News }>;

type Key = number | string;
type Operation = RWRegisterMessages["txn_ok"]["txn"][number];
type Write = [Key, Register];

/** A value, and the timestamp of the transaction that wrote it. */
interface Register {
  value: number;
  timestamp: number;
  /** The life of the node that carried it out. */
  life: number;
}

/** Registers, and transactions over them. */
export function txn(node: TxnNode, args: string[] = []) {
  const { "data-dir": folder } = readArguments(args, {
    "data-dir": { default: "" },
  });
  const registers = new Map<Key, Register>();
  const life = Math.floor(node.random() * Number.MAX_SAFE_INTEGER);
  /** The largest timestamp that this node knows of. */
  let latest = 0;
  let disk: Disk<Write[], Write[]>;
  /** Records on the disk, and those that are on their way. */
  let records = 0;
  let unwritten = 0;
  node.onInit(async () => {
    disk = await node.openDisk<Write[], Write[]>(folder);
    apply(disk.snapshot ?? []);
    disk.records.forEach(apply);
    records = disk.records.length;
  });
  const tellOthers = messenger(
    node,
    life,
    registers,
    // Where the disk is full: its own node has kept it.
    (writes) => keep(writes).catch(() => apply(writes)),
  );

  node.on("txn", async ({ body }) => {
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
    if (writes.size > 0) await commit([...writes]);
    return { type: "txn_ok", txn: done };
  });

  async function commit(values: [Key, number][]) {
    const timestamp = latest = nextTimestamp();
    const writes = values.map(([key, value]): Write => [
      key,
      { value, timestamp, life },
    ]);
    await keep(writes);
    tellOthers(writes);
  }

  /** Lets writes take effect when they are on the disk, all or none of them. */
  async function keep(writes: Write[]) {
    records++;
    unwritten++;
    disk.append(writes);
    await disk.sync().finally(() => unwritten--);
    apply(writes);
    if (unwritten === 0 && records > 2 * registers.size + minRecords) {
      records = 0;
      disk.replace([...registers]).catch(() => {}); // as the next sync will say
    }
  }

  /** Larger than all that are known here; node i of n has i + n, i + 2n, … */
  function nextTimestamp(): number {
    const { nodeIds, id } = node;
    const round = Math.floor(latest / nodeIds.length) + 1;
    return round * nodeIds.length + nodeIds.indexOf(id);
  }

  /** Lets the last writer win: the last in order, not the last to arrive. */
  function apply(writes: Write[]) {
    for (const [key, register] of writes) {
      latest = Math.max(latest, register.timestamp);
      const current = registers.get(key);
      if (current === undefined || isBefore(current, register)) {
        registers.set(key, register);
      }
    }
  }
}

function isBefore(a: Register, b: Register): boolean {
  return a.timestamp < b.timestamp ||
    a.timestamp === b.timestamp && a.life < b.life;
}

/** All that a node wrote and the receiver hasn't confirmed. */
interface News {
  writes: Write[];
  /** The number of this message, from 1 on. */
  number: number;
  /** Confirms the receiver's messages up to this number. */
  have: number;
  /** The life of the sender, and the receiver's, if it's known. */
  life: number;
  to: number | null;
}

/** One node's view of another. */
interface Peer {
  /** Its life; null before it was heard of. */
  life: number | null;
  /** The number of messages that it was sent. */
  sent: number;
  /** Writes that it hasn't confirmed, and how many messages came before each. */
  unconfirmed: Map<Key, { register: Register; after: number }>;
  /** The time to tell it of them, or of ourselves. */
  dueMs: number;
  /** Its messages up to this number have arrived here. */
  have: number;
  /** True if it waits for a confirmation. */
  asked: boolean;
}

/** Makes a function that tells all other nodes of writes until they confirm. */
function messenger(
  node: TxnNode,
  life: number,
  registers: ReadonlyMap<Key, Register>,
  take: (writes: Write[]) => Promise<void>,
) {
  const peers = new Map<string, Peer>();
  node.onInit(() => {
    for (const id of node.peers) {
      const dueMs = node.now() + gatherMs;
      const peer = { life: null, sent: 0, dueMs, have: 0, asked: false };
      peers.set(id, { ...peer, unconfirmed: new Map() });
    }
  });

  node.on("news", async ({ src, body }) => {
    demand(isNews(body), "news are writes with their timestamps");
    const peer = peers.get(src);
    if (peer === undefined) return;
    if (body.life !== peer.life) { // it may know nothing any more
      Object.assign(peer, { life: body.life, have: 0, asked: true });
      tell(peer, [...registers]);
    }
    if (body.to !== life) peer.asked = true; // it doesn't know of this life
    else {
      for (const [key, { after }] of peer.unconfirmed) {
        // Or else it was written again after that message.
        if (after < body.have) peer.unconfirmed.delete(key);
      }
    }
    if (body.writes.length === 0) return;
    const mine = body.writes.filter(isForgotten);
    await take(body.writes);
    if (mine.length > 0) tellOthers(mine);
    if (body.life !== peer.life) return;
    peer.have = Math.max(peer.have, body.number);
    peer.asked = true;
  });

  /** Tells whether an earlier life of ours wrote it, and this one can't know. */
  function isForgotten([key, register]: Write): boolean {
    const place = register.timestamp % node.nodeIds.length;
    const isOurs = node.nodeIds[place] === node.id;
    const current = registers.get(key);
    return isOurs && (current === undefined || isBefore(current, register));
  }

  node.every(gatherMs, () => {
    for (const [id, peer] of peers) {
      const { unconfirmed, have } = peer;
      const owes = unconfirmed.size > 0 || peer.life === null;
      if (!(owes && peer.dueMs <= node.now()) && !peer.asked) continue;
      const writes = [...unconfirmed].map(([key, { register }]): Write => [
        key,
        register,
      ]);
      const number = ++peer.sent;
      const to = peer.life;
      node.send(id, { type: "news", writes, number, have, life, to });
      peer.dueMs = node.now() + retryMs;
      peer.asked = false;
    }
  });

  function tell(peer: Peer, writes: Iterable<Write>) {
    for (const [key, register] of writes) {
      peer.unconfirmed.set(key, { register, after: peer.sent });
      peer.dueMs = node.now();
    }
  }

  function tellOthers(writes: Write[]) {
    for (const peer of peers.values()) tell(peer, writes);
  }
  return tellOthers;
}

function isKey(value: unknown): value is Key {
  return Number.isSafeInteger(value) || typeof value === "string";
}

function isNews({ writes, number, have, life, to }: News): boolean {
  return [number, have, life, to ?? 0].every(Number.isSafeInteger) &&
    Array.isArray(writes) &&
    writes.every((each) =>
      isKey(each?.[0]) && Number.isSafeInteger(each[1]?.timestamp) &&
      Number.isSafeInteger(each[1]?.life)
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
