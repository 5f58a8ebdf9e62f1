#!/usr/bin/env -S deno run
/**
 * # 5. Kafka-style log
 *
 * https://fly.io/dist-sys/5a/ to https://fly.io/dist-sys/5c/
 *
 * Each key has a log: `send` appends a message and returns its offset, `poll`
 * reads from an offset on. Nothing that was acknowledged may be missing, and
 * what is read must have no hole that is filled later: a reader that has gone
 * past never comes back to look.
 *
 * That is the difficulty with two nodes. If both assign offsets, one may assign 7
 * when the other has already shown 8.
 *
 * The straightforward answer, `--strategy store`, keeps each log as one value in
 * `lin-kv` and appends by compare-and-set. It's correct and slow: four messages
 * per send, more whenever the nodes get in each other's way, and two for each key
 * that is polled. Where messages may arrive twice, a compare-and-set that was
 * refused may have happened; so each entry has a tag, by which its node
 * recognises it on the next attempt.
 *
 * It can be cheap because the task doesn't ask for offsets without gaps. So the
 * two nodes need not agree who gets the next one: node 0 assigns 0, 2, 4, …, node
 * 1 assigns 1, 3, 5, …, each always beyond everything that it has heard of. A
 * node answers a `send` at once, without a word to anybody. A tenth of a second
 * later it sends the other node all new messages in one batch, with a promise:
 * *my next offset will be at least this*. And a `poll` shows the part of a log
 * that all nodes have promised not to add to. That part is the same on every
 * node, and never changes.
 *
 * Three devices make this cheap and safe; the class `Feed` below has them.
 *
 * - **Promises.** Each batch says from which offset on its sender's next
 *   messages will be. Once all nodes have promised to be past an offset, the log
 *   before it is complete for good: the *stable prefix*. This is the idea of
 *   Mencius (Mao, Junqueira, Marzullo, 2008) and of Lamport's total order (1978).
 * - **Acknowledgements ride along.** A batch also says what has arrived from the
 *   other side. So only a node that has nothing else to say sends a message just
 *   to acknowledge; and where nothing happens nothing is sent.
 * - **Repair.** A batch says which part of its sender's events it holds. A node
 *   that lacks an earlier part skips it. A node that has waited too long for
 *   what it needs asks for it, and sends again all that wasn't acknowledged.
 *
 * A message is in the polls of every node when it has gathered (120 ms) and
 * travelled, and the promises of the others have come back: after a quarter of a
 * second and two latencies. Each time that messages are lost or overtake each
 * other costs two seconds and a round trip more. (With the store, a poll takes
 * one round trip and a send two or more. Where that doesn't fit into four
 * seconds, a client gets an error, and its message may be in the log or not.)
 *
 * You choose what an acknowledgement means, as in Kafka: with `--acks 1`, the
 * default, the node that answers has the message; with `--acks all`, every node
 * has it. Under a partition the first goes on, and polls show what came before;
 * the second waits (and while somebody waits, messages gather for a shorter
 * time).
 *
 * Committed offsets travel like messages. Of two, the greater wins, in whatever
 * order they arrive; so they never go back, and all nodes agree.
 *
 * @module
 */
import {
  ErrorCode,
  type KafkaMessages,
  KV,
  type Node,
  readArguments,
  RPCError,
  serve,
} from "../lib/mod.ts";

/** The time that messages gather before a node tells the others. */
const gatherMs = { "1": 120, all: 10 };

/** The most messages of a key that a poll shows. */
const maxPolled = 1000;

/** A node, with the message that nodes send to each other. */
type KafkaNode = Node<KafkaMessages & { batch: Batch }>;

type Message = number;
type Entry = [offset: number, message: Message];
type Offsets = { [key: string]: number };

/** The requests to a log, whatever it's kept in. */
interface Logs {
  append(key: string, message: Message): Promise<number> | number;
  read(key: string, from: number): Promise<Entry[]> | Entry[];
  commit(offsets: Offsets): Promise<void> | void;
  committed(keys: string[]): Promise<Offsets> | Offsets;
}

/** A log per key. */
export function kafka(node: KafkaNode, args: string[] = []) {
  const { strategy, acks } = readArguments(args, {
    strategy: strategies,
    acks: { 1: "1", all: "all" },
  });
  const logs = strategy(node, acks);

  node.on("send", async ({ body: { key, msg } }) => {
    demand(typeof key === "string", "a send has a key, which is a string");
    demand(msg !== undefined, "a send has a msg");
    return { type: "send_ok", offset: await logs.append(key, msg) };
  });

  node.on("poll", async ({ body: { offsets } }) => {
    demand(isOffsets(offsets), "a poll has offsets, which are whole numbers");
    const read = async ([key, from]: [string, number]) =>
      [key, await logs.read(key, Math.max(0, from))] as const;
    const msgs = await Promise.all(Object.entries(offsets).map(read));
    return { type: "poll_ok", msgs: Object.fromEntries(msgs) };
  });

  node.on("commit_offsets", async ({ body: { offsets } }) => {
    demand(isOffsets(offsets), "offsets to commit are whole numbers");
    await logs.commit(offsets);
    return { type: "commit_offsets_ok" };
  });

  node.on("list_committed_offsets", async ({ body: { keys } }) => {
    demand(Array.isArray(keys) && keys.every(isKey), "keys are strings");
    return {
      type: "list_committed_offsets_ok",
      offsets: await logs.committed(keys),
    };
  });
}

function demand(fits: boolean, what: string): void {
  if (!fits) throw new RPCError(ErrorCode.malformedRequest, what);
}

function isKey(value: unknown): value is string {
  return typeof value === "string";
}

function isOffsets(value: unknown): value is Offsets {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every(Number.isSafeInteger);
}

/** News that nodes tell each other. Each kind takes an offset. */
type Event =
  | { key: string; message: Message }
  | { committed: Offsets };
type Take = (event: Event, offset: number) => void;

/** The cheap answer: the nodes keep the logs, and tell each other of events. */
function replicated(node: KafkaNode, acks: Acks): Logs {
  const logs = new Map<string, Entry[]>();
  const committed = new Map<string, number>();
  /** Messages that may yet get neighbours with smaller offsets. */
  let unsettled: { offset: number; key: string; message: Message }[] = [];

  const feed = new Feed(node, gatherMs[acks], take);

  async function publish(event: Event): Promise<number> {
    const offset = feed.append(event);
    take(event, offset);
    if (acks === "all") await feed.everywhere(offset);
    return offset;
  }

  function take(event: Event, offset: number) {
    if (!("committed" in event)) unsettled.push({ offset, ...event });
    else if (isOffsets(event.committed)) {
      for (const [key, offset] of Object.entries(event.committed)) {
        committed.set(key, Math.max(offset, committed.get(key) ?? offset));
      }
    }
  }

  /** Appends the messages that no other can come before any more. */
  function settle() {
    const { stable } = feed;
    const settled = unsettled.filter(({ offset }) => offset < stable);
    if (settled.length === 0) return;
    unsettled = unsettled.filter(({ offset }) => offset >= stable);
    for (const { key, offset, message } of settled.sort(byOffset)) {
      const log = logs.get(key);
      if (log) log.push([offset, message]);
      else logs.set(key, [[offset, message]]);
    }
  }

  return {
    append: (key, message) => publish({ key, message }),
    read(key, from) {
      settle();
      const log = logs.get(key) ?? [];
      const start = firstFrom(log, from);
      return log.slice(start, start + maxPolled);
    },
    async commit(offsets) {
      await publish({ committed: offsets });
    },
    committed: (keys) =>
      Object.fromEntries(keys.flatMap((key) => {
        const offset = committed.get(key);
        return offset === undefined ? [] : [[key, offset]];
      })),
  };
}

function byOffset(a: { offset: number }, b: { offset: number }): number {
  return a.offset - b.offset;
}

/** The place of the first entry at an offset or beyond (binary search). */
function firstFrom(entries: [number, unknown][], offset: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]![0] < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A message from node to node: a part of its sender's events. */
interface Batch {
  /** All events of the sender from this offset on … */
  from: number;
  /** … and before this one; its next events won't be before it either. */
  upTo: number;
  events: [offset: number, event: Event][];
  /** The receiver's events before this offset have arrived. */
  have: number;
  /** True if the sender waits for an answer. */
  ask: boolean;
}

function isBatch({ from, upTo, have, events }: Batch): boolean {
  return [from, upTo, have].every(Number.isSafeInteger) &&
    Array.isArray(events) &&
    events.every((each) =>
      Array.isArray(each) && Number.isSafeInteger(each[0]) &&
      from <= each[0] && each[0] < upTo &&
      typeof each[1] === "object" && each[1] !== null
    );
}

/** One node's view of another. */
interface Peer {
  /** The peer has all of ours before this offset. */
  acknowledged: number;
  /** It has been sent all of ours before this offset, and this as a promise. */
  sent: number;
  /** We have all of its events before this offset, and its promise. */
  have: number;
  /** It waits for an answer: it has sent events, or asked for one. */
  asked: boolean;
}

/** The most events in a batch. */
const maxEvents = 1000;

/** The time that a node waits before it asks: at first, and at most. */
const minRetryMs = 500;
const maxRetryMs = 2000;

/**
 * Assigns offsets, and tells all other nodes of each event: in order, once, and
 * in batches.
 *
 * It's a reliable FIFO broadcast (Cachin, Guerraoui, Rodrigues: *Introduction to
 * Reliable and Secure Distributed Programming*, 3.9), and its offsets are Lamport
 * timestamps: unique, and greater than those of all events that the node knew of.
 */
class Feed {
  #node: KafkaNode;
  #gatherMs: number;
  #take: Take;
  #peers = new Map<string, Peer>();
  /** Our events that some node may not have, in order. */
  #own: Batch["events"] = [];
  /** Our next offset: our place among the n nodes, or n, 2n, 3n, … beyond. */
  #next = 0;
  /** The greatest offset of any event that we know of. */
  #latest = -1;
  #gathering = false;
  #retrying = false;
  #retryMs = minRetryMs;
  #waiting: { offset: number; resolve(): void }[] = [];

  /** Hands each event of another node to `take`. */
  constructor(node: KafkaNode, gatherMs: number, take: Take) {
    this.#node = node;
    this.#gatherMs = gatherMs;
    this.#take = take;
    node.onInit(() => {
      const next = this.#next = node.nodeIds.indexOf(node.id);
      for (const id of node.peers) {
        const have = node.nodeIds.indexOf(id);
        const peer = { acknowledged: next, sent: next, have, asked: false };
        this.#peers.set(id, peer);
      }
    });
    node.on("batch", ({ src, body }) => {
      demand(isBatch(body), "a batch has events, each with its offset");
      this.#receive(src, body);
    });
  }

  /** Assigns an offset to an event of this node, and returns it. */
  append(event: Event): number {
    const offset = this.#next;
    this.#next += this.#node.nodeIds.length;
    this.#latest = offset;
    if (this.#peers.size > 0) {
      this.#own.push([offset, event]);
      this.#sendSoon();
    }
    return offset;
  }

  /** All events before this offset are known here; none will be added. */
  get stable(): number {
    const promised = [...this.#peers.values()].map(({ have }) => have);
    return Math.min(this.#next, ...promised);
  }

  /** Resolves once all nodes have the event at an offset of ours. */
  everywhere(offset: number): Promise<void> {
    if (offset < this.#acknowledgedByAll) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ offset, resolve }));
  }

  get #acknowledgedByAll(): number {
    const all = [...this.#peers.values()].map((peer) => peer.acknowledged);
    return Math.min(...all);
  }

  #receive(src: string, { from, upTo, events, have, ask }: Batch) {
    const peer = this.#peers.get(src);
    if (peer === undefined) return;
    if (have > peer.acknowledged) {
      peer.acknowledged = have;
      peer.sent = Math.max(peer.sent, have);
      this.#retryMs = minRetryMs;
      this.#forget();
    }
    if (from <= peer.have) { // or else something before it is missing
      for (const [offset, event] of events) {
        if (offset < peer.have) continue; // came twice
        this.#latest = Math.max(this.#latest, offset);
        this.#take(event, offset);
      }
      peer.have = Math.max(peer.have, upTo);
      this.#passBy(upTo);
    }
    // A node that asks has waited long: what we sent meanwhile must be lost.
    if (ask) peer.sent = peer.acknowledged;
    if (ask || events.length > 0) peer.asked = true;
    if ([...this.#peers.values()].some((each) => this.#needsWord(each))) {
      this.#sendSoon();
    }
  }

  /** Drops what every node has, and tells those who waited for that. */
  #forget() {
    const all = this.#acknowledgedByAll;
    this.#own.splice(0, firstFrom(this.#own, all));
    this.#waiting = this.#waiting.filter(({ offset, resolve }) => {
      if (offset < all) resolve();
      return offset >= all;
    });
  }

  /** Moves our next offset beyond everything that we know of. */
  #passBy(offset: number) {
    const step = this.#node.nodeIds.length;
    const behind = Math.max(0, offset - this.#next);
    this.#next += Math.ceil(behind / step) * step;
  }

  /** Tells whether a node has to hear from us: of events, or of our promise. */
  #needsWord({ sent, asked }: Peer): boolean {
    return asked || sent <= this.#latest;
  }

  #sendSoon() {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#node.sleep(this.#gatherMs).then(() => {
      this.#gathering = false;
      for (const [id, peer] of this.#peers) {
        while (this.#needsWord(peer)) this.#send(id, peer);
      }
      this.#retryLater();
    });
  }

  #send(id: string, peer: Peer, ask = false) {
    const { sent: from, have } = peer;
    const first = firstFrom(this.#own, from);
    const events = this.#own.slice(first, first + maxEvents);
    const [upTo] = this.#own[first + maxEvents] ?? [this.#next];
    this.#node.send(id, { type: "batch", from, upTo, events, have, ask });
    peer.sent = upTo;
    peer.asked = false;
  }

  /** Asks the nodes that owe us something, again until none does. */
  #retryLater() {
    if (this.#retrying) return;
    this.#retrying = true;
    const before = this.#latest;
    this.#node.sleep(this.#retryMs).then(() => {
      this.#retrying = false;
      const awaited = [...this.#peers].filter(([, each]) => this.#awaits(each));
      if (awaited.length === 0) return;
      for (const [id, peer] of awaited) {
        // What is newer than this wait may well be on its way.
        if (peer.have > before && peer.acknowledged > before) continue;
        peer.sent = peer.acknowledged;
        this.#send(id, peer, true);
      }
      this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
      this.#retryLater();
    });
  }

  /** Tells whether a node owes us a promise, or an acknowledgement. */
  #awaits({ acknowledged, have }: Peer): boolean {
    const [last] = this.#own.at(-1) ?? [-1];
    return have <= this.#latest || acknowledged <= last;
  }
}

/** The straightforward answer: each log is one value in `lin-kv`. */
function stored(node: KafkaNode): Logs {
  const store = new KV<[tag: number, message: Message][]>(node, "lin-kv");
  const offsets = new KV<number>(node, "lin-kv");
  return {
    async append(key, message) {
      const tag = node.random();
      const place = (log: [number, Message][]) =>
        log.findIndex(([each]) => each === tag);
      const log = await store.update(
        `log/${key}`,
        (log = []) => place(log) >= 0 ? log : [...log, [tag, message]],
      );
      return place(log);
    },
    async read(key, from) {
      const log = await store.readOr(`log/${key}`, []);
      return log.slice(from, from + maxPolled)
        .map(([, message], i): Entry => [from + i, message]);
    },
    async commit(committed) {
      await Promise.all(
        Object.entries(committed).map(([key, offset]) =>
          offsets.update(
            `committed/${key}`,
            (before = offset) => Math.max(before, offset),
          )
        ),
      );
    },
    async committed(keys) {
      const found = await Promise.all(
        keys.map(async (key) =>
          [key, await offsets.readOr(`committed/${key}`, undefined)] as const
        ),
      );
      return Object.fromEntries(
        found.filter((each): each is [string, number] => each[1] !== undefined),
      );
    },
  };
}

const strategies = { replicated, store: stored };
type Acks = "1" | "all";

if (import.meta.main) await serve(kafka);
