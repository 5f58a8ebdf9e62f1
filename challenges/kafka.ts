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
 * Three devices make this cheap and safe; the class `Feeds` below has them.
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
 * **If a node dies,** it's missed: polls stop short of what it may yet add. With
 * `--data-dir` it has a *write-ahead log* (Mohan et al.: *ARIES*, 1992). Nothing
 * is shown, answered or told to others before it's on the node's own disk; one
 * write takes all that came while the one before was under way (*group commit*).
 * Recovery reads the log, and the node goes on where it was. For promises that
 * would be too slow: so the log says how far they may go at most, and who comes
 * back goes on from there. That leaves a gap, as with the sequences of PostgreSQL.
 * There's no snapshot, as it would be the log once more; only commits that later
 * ones have outdated are dropped, when they are half of it.
 *
 * Without a disk the others are its memory. A node with no past, the first time,
 * too, asks all of them for what they have, its own messages included, and refuses
 * clients until it has it. A batch names its sender's life, and repeats a number
 * that the receiver drew for that life: so what an earlier life has sent or
 * confirmed, and is late, isn't taken for this one's. With `--acks all` a node
 * shows of its own only what every node has (as Kafka's *high watermark*), and
 * nothing acknowledged is lost as long as one node lives.
 *
 * What can't be survived: all die at once, and nothing was on a disk; or, with
 * `--acks 1`, the one node that had a message does. Where a disk is full, its node
 * refuses messages, and keeps what it has.
 *
 * @module
 */
import {
  type Disk,
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
  const { strategy, acks, "data-dir": folder } = readArguments(args, {
    strategy: strategies,
    acks: { 1: "1", all: "all" },
    "data-dir": { default: "" },
  });
  const logs = strategy(node, acks, folder);

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
type Events = [offset: number, event: Event][];
type Take = (event: Event, offset: number) => void;

/** The cheap answer: the nodes keep the logs, and tell each other of events. */
function replicated(node: KafkaNode, acks: Acks, folder: string): Logs {
  const logs = new Map<string, Entry[]>();
  const committed = new Map<string, number>();
  /** Messages that may yet get neighbours with smaller offsets. */
  let unsettled: { offset: number; key: string; message: Message }[] = [];

  const feeds = new Feeds(node, acks, folder, take);

  function take(event: Event, offset: number) {
    if (!("committed" in event)) unsettled.push({ offset, ...event });
    else if (isOffsets(event.committed)) raise(committed, event.committed);
  }

  /** Appends the messages that no other can come before any more. */
  function settle() {
    const { stable } = feeds;
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
    append: (key, message) => feeds.publish({ key, message }),
    read(key, from) {
      feeds.demandReady();
      settle();
      const log = logs.get(key) ?? [];
      const start = firstFrom(log, from);
      return log.slice(start, start + maxPolled);
    },
    async commit(offsets) {
      await feeds.publish({ committed: offsets });
    },
    committed(keys) {
      feeds.demandReady();
      return Object.fromEntries(keys.flatMap((key) => {
        const offset = committed.get(key);
        return offset === undefined ? [] : [[key, offset]];
      }));
    },
  };
}

/** Of two offsets of a key the greater wins. */
function raise(committed: Map<string, number>, offsets: Offsets) {
  for (const [key, offset] of Object.entries(offsets)) {
    committed.set(key, Math.max(offset, committed.get(key) ?? offset));
  }
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

/** A part of a node's events. */
interface Part {
  /** All of them from this offset on … */
  from: number;
  /** … and before this one; its next events won't be before it either. */
  upTo: number;
  events: Events;
}

/** A message from node to node: a part of its sender's events. */
interface Batch extends Part {
  /** The receiver's events before this offset have arrived. */
  have: number;
  /** True if the sender waits for an answer. */
  ask: boolean;
  /** Where the sender's own events are lost, from this offset on. */
  lost: number | null;
  /** Those that the receiver has lost. */
  yours: Part | null;
  /** A number for the sender's life, … */
  life: number;
  /** … one that it drew for this life of the receiver, … */
  nonce: number;
  /** … and the receiver's for it. Who repeats that is alive, and not late. */
  echo: number | null;
}

function isBatch({ have, life, nonce, lost, yours, ...own }: Batch): boolean {
  return isPart(own) && (yours === null || isPart(yours)) &&
    [have, life, nonce, lost ?? 0].every(Number.isSafeInteger);
}

function isPart({ from, upTo, events }: Partial<Part> = {}): boolean {
  return [from, upTo].every(Number.isSafeInteger) && Array.isArray(events) &&
    events.every((each) =>
      Array.isArray(each) && Number.isSafeInteger(each[0]) &&
      from! <= each[0] && each[0] < upTo! &&
      typeof each[1] === "object" && each[1] !== null
    );
}

/** The events of one node, as far as they are known here. */
interface Feed {
  events: Events;
  /** There are no others before this offset, and won't be. */
  upTo: number;
}

/** One node's view of another. */
interface Peer extends Feed {
  /** The peer has all of ours before this offset. */
  acknowledged: number;
  /** It has been sent all of ours before this offset, and this as a promise. */
  sent: number;
  /** It waits for an answer: it has sent events, or asked for one. */
  asked: boolean;
  /** Where its own events are lost. */
  lost: number | null;
  /** The numbers in its batches, and ours for it. */
  life: number | null;
  echo: number | null;
  nonce: number;
  /** It has repeated that number. */
  isKnown: boolean;
  /** It has given back what it had of ours; and it has told all of its own. */
  hasReturned: boolean;
  hasTold: boolean;
}

/** A record on the disk: a node's events, and `upTo` in its feed then. */
type Kept = [id: string, upTo: number, events: Events];

/** Of the commits only what they amount to, in the place of the last. */
function compacted(events: Events): Events {
  const sum = new Map<string, number>();
  for (const [, event] of events) {
    if ("committed" in event) raise(sum, event.committed);
  }
  const last = events.findLast(([, event]) => "committed" in event);
  return events.flatMap((each): Events => {
    if (!("committed" in each[1])) return [each];
    const committed = Object.fromEntries(sum);
    return each === last ? [[each[0], { committed }]] : [];
  });
}

/** The most events in a batch. */
const maxEvents = 1000;

/** The time that a node waits before it asks: at first, and at most. */
const minRetryMs = 500;
const maxRetryMs = 2000;

/**
 * The time until a node first speaks. Maelstrom hears no more of a node that has
 * sent a message to one that isn't there yet.
 */
const silenceMs = 100;

/** The longest time for which a node that asks for its past holds up `init`. */
const maxInitMs = 2000;

/** The offsets that promises may go on by, about, until the disk has to know. */
const reserved = 10_000;

/**
 * Assigns offsets, and tells all other nodes of each event: in order, once, and
 * in batches.
 *
 * It's a reliable FIFO broadcast (Cachin, Guerraoui, Rodrigues: *Introduction to
 * Reliable and Secure Distributed Programming*, 3.9), and its offsets are Lamport
 * timestamps: unique, and greater than those of all events that the node knew of.
 */
class Feeds {
  #node: KafkaNode;
  #acks: Acks;
  #take: Take;
  #disk!: Disk<Kept, Kept[]>;
  /** Our own events, and on which offset they may go, at most. */
  #own!: Feed;
  #peers = new Map<string, Peer>();
  #life = 0;
  /** Our next offset: our place among the n nodes, or n, 2n, 3n, … beyond. */
  #next = 0;
  /** The greatest offset of any event that we know of. */
  #latest = -1;
  /** Our offsets that are on their way to the disk. */
  #unwritten: number[] = [];
  /** Those that clients wait for, and that some node may not have. */
  #waiting: { offset: number; event: Event; resolve(): void }[] = [];
  /** We know all of our own events; and all that others may have shown. */
  #isWhole = false;
  #isReady = false;
  #ready = Promise.withResolvers<void>();
  #gathering = false;
  #retrying = false;
  #retryMs = minRetryMs;

  /** Hands each event to `take` when it may be shown. */
  constructor(node: KafkaNode, acks: Acks, folder: string, take: Take) {
    this.#node = node;
    this.#acks = acks;
    this.#take = take;
    node.onInit(() => this.#recover(folder));
    node.on("batch", async ({ src, body }) => {
      demand(isBatch(body), "a batch has events, each with its offset");
      const peer = this.#peers.get(src);
      if (peer) await this.#receive(src, peer, body);
    });
  }

  /** Assigns an offset to an event; returns it once as many have it as must. */
  async publish(event: Event): Promise<number> {
    this.demandReady();
    const { id, nodeIds } = this.#node;
    const offset = this.#next;
    this.#next += nodeIds.length;
    this.#unwritten.push(offset);
    try {
      await this.#keep(id, this.#next + reserved, [[offset, event]]);
    } finally {
      this.#unwritten.shift();
    }
    if (this.#peers.size > 0) this.#sendSoon();
    if (this.#acks === "all" && this.#peers.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ offset, event, resolve });
      await promise;
    } else this.#take(event, offset);
    return offset;
  }

  /** Throws unless we know all that an earlier life of ours may have shown. */
  demandReady() {
    if (this.#isReady) return;
    const text = `${this.#node.id} is asking the others for what it has lost`;
    throw new RPCError(ErrorCode.temporarilyUnavailable, text);
  }

  /** All events before this offset may be shown, and none will be added. */
  get stable(): number {
    const promised = [...this.#peers.values()].map(({ upTo }) => upTo);
    const [waiting] = this.#waiting;
    return Math.min(this.#promise, waiting?.offset ?? Infinity, ...promised);
  }

  /** Our next events won't be before it, not even after our death. */
  get #promise(): number {
    return Math.min(this.#unwritten[0] ?? this.#next, this.#own.upTo);
  }

  #draw(): number {
    return Math.floor(this.#node.random() * Number.MAX_SAFE_INTEGER);
  }

  /** Reads the disk; if it's empty, the others may know of an earlier life. */
  async #recover(folder: string) {
    const { id, nodeIds, peers } = this.#node;
    this.#life = this.#draw();
    this.#next = nodeIds.indexOf(id);
    this.#own = { events: [], upTo: this.#next };
    for (const each of peers) {
      const feed = { events: [], upTo: nodeIds.indexOf(each) };
      this.#peers.set(each, { ...feed, ...stranger(this.#draw()) });
    }
    const disk = this.#disk = await this.#node.openDisk<Kept, Kept[]>(folder);
    const past = (disk.snapshot ?? []).concat(disk.records);
    for (const kept of past) this.#apply(...kept);
    this.#compact();
    if (past.length > 0 || peers.length === 0) {
      this.#begin();
      this.#isReady = true;
    }
    const asked = this.#node.sleep(silenceMs).then(() => this.#askAll());
    if (this.#isReady) return;
    await asked;
    await Promise.race([this.#ready.promise, this.#node.sleep(maxInitMs)]);
  }

  /** Drops outdated commits, if they are most of what is on the disk. */
  #compact() {
    const feeds = [[this.#node.id, this.#own] as const, ...this.#peers];
    const count = () =>
      feeds.reduce((sum, [, { events }]) => sum + events.length, 0);
    const before = count();
    for (const [, feed] of feeds) feed.events = compacted(feed.events);
    if (2 * count() >= before) return;
    const kept = feeds.map((
      [id, { upTo, events }],
    ): Kept => [id, upTo, events]);
    this.#disk.replace(kept).catch(() => {}); // as in #reserve
  }

  /** Goes on from where an earlier life of ours may have come to. */
  #begin() {
    this.#isWhole = true;
    this.#passBy(this.#own.upTo);
    for (const [offset, event] of this.#own.events) this.#take(event, offset);
  }

  /** Takes in a node's events, and its promise, when they are on the disk. */
  async #keep(...kept: Kept) {
    this.#disk.append(kept);
    await this.#disk.sync();
    this.#apply(...kept);
  }

  #apply(...[id, upTo, events]: Kept) {
    const peer = this.#peers.get(id);
    const feed = peer ?? this.#own;
    for (const [offset, event] of events) {
      if (offset <= (feed.events.at(-1)?.[0] ?? -1)) continue; // came twice
      feed.events.push([offset, event]);
      this.#latest = Math.max(this.#latest, offset);
      if (peer) this.#take(event, offset);
    }
    feed.upTo = Math.max(feed.upTo, upTo);
    if (peer) this.#passBy(upTo);
  }

  async #receive(src: string, peer: Peer, batch: Batch) {
    const { from, upTo, events, ask, yours } = batch;
    if (batch.life !== peer.life) { // forget what an earlier one has confirmed
      const nonce = peer.life === null ? peer.nonce : this.#draw();
      Object.assign(peer, stranger(nonce), { life: batch.life });
      peer.sent = batch.have;
    }
    peer.echo = batch.nonce;
    peer.lost = batch.lost;
    peer.asked ||= ask || events.length > 0;
    if (batch.echo === peer.nonce) { // or else it doesn't know us, or is late
      peer.isKnown = true;
      this.#confirm(peer, batch.have);
      // A node that asks has waited long: what we sent meanwhile must be lost.
      if (ask) peer.sent = peer.acknowledged;
      if (yours && !this.#isWhole) {
        await this.#keep(this.#node.id, yours.upTo, yours.events);
      }
      if (from <= peer.upTo) { // or else something before it is missing
        if (upTo > peer.upTo) {
          await this.#keep(src, upTo, events)
            // The disk is full. So be it: its own node has kept it.
            .catch(() => this.#apply(src, upTo, events));
        }
        if (batch.life === peer.life) this.#collect(peer, batch);
      }
    } else peer.asked = true;
    if ([...this.#peers.values()].some((each) => this.#needsWord(each))) {
      this.#sendSoon();
    }
  }

  /** Takes in that a node has all of ours before an offset. */
  #confirm(peer: Peer, have: number) {
    if (have <= peer.acknowledged) return;
    peer.acknowledged = have;
    peer.sent = Math.max(peer.sent, have);
    this.#retryMs = minRetryMs;
    const all = Math.min(
      ...[...this.#peers.values()].map(({ acknowledged }) => acknowledged),
    );
    while (this.#waiting.length > 0 && this.#waiting[0]!.offset < all) {
      const { offset, event, resolve } = this.#waiting.shift()!;
      this.#take(event, offset);
      resolve();
    }
  }

  /** Begins when all others have told what they know. */
  #collect(peer: Peer, { yours, lost, events }: Batch) {
    if (this.#isReady) return;
    if (yours && yours.events.length < maxEvents) peer.hasReturned = true;
    else if (yours) peer.asked = true;
    if (lost === null && events.length < maxEvents) peer.hasTold = true;
    const peers = [...this.#peers.values()];
    if (!this.#isWhole && peers.every((each) => each.hasReturned)) {
      this.#begin();
    }
    if (!this.#isWhole || !peers.every((each) => each.hasTold)) return;
    this.#isReady = true;
    this.#ready.resolve();
  }

  /** Moves our next offset beyond everything that we know of. */
  #passBy(offset: number) {
    const step = this.#node.nodeIds.length;
    const behind = Math.max(0, offset - this.#next);
    this.#next += Math.ceil(behind / step) * step;
  }

  /** Tells whether a node has to hear from us: of events, or of our promise. */
  #needsWord({ sent, asked }: Peer): boolean {
    return asked || sent <= this.#latest && sent < this.#promise;
  }

  #sendSoon() {
    if (this.#gathering) return;
    this.#gathering = true;
    const ms = this.#isReady ? gatherMs[this.#acks] : gatherMs.all;
    this.#node.sleep(ms).then(async () => {
      await this.#reserve();
      this.#gathering = false;
      for (const [id, peer] of this.#peers) {
        if (!this.#needsWord(peer)) continue;
        do this.#send(id, peer); while (peer.sent < this.#promise);
      }
      this.#retryLater();
    });
  }

  /** Lets promises go on; and what came before this is taken in before. */
  async #reserve() {
    try {
      const limit = this.#next + reserved;
      if (this.#isWhole && limit > this.#own.upTo + reserved / 2) {
        await this.#keep(this.#node.id, limit, []);
      } else await this.#disk.sync();
    } catch {
      // The disk is full. Clients are told so; others can be told what we have.
    }
  }

  #send(id: string, peer: Peer, ask = false) {
    // To one that we haven't heard of we can only say hello.
    const from = peer.echo === null ? this.#promise : peer.sent;
    const part = this.#part(this.#own, this.#promise, from);
    const { upTo: have, lost, nonce, echo } = peer;
    this.#node.send(id, {
      type: "batch",
      ...part,
      have,
      ask: ask || !this.#isReady || !peer.isKnown,
      lost: this.#isWhole ? null : this.#own.upTo,
      yours: lost === null ? null : this.#part(peer, have, lost),
      life: this.#life,
      nonce,
      echo,
    });
    Object.assign(peer, { sent: part.upTo, asked: false, lost: null });
  }

  /** The first of a node's events from an offset on, and up to another. */
  #part({ events }: Feed, end: number, from: number): Part {
    const first = firstFrom(events, from);
    const [upTo] = events[first + maxEvents] ?? [end];
    return { from, upTo, events: events.slice(first, first + maxEvents) };
  }

  #askAll() {
    for (const [id, peer] of this.#peers) this.#send(id, peer, true);
    this.#retryLater();
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
        const isNew = peer.upTo > before && peer.acknowledged > before;
        if (isNew && this.#isReady && peer.isKnown) continue;
        peer.sent = peer.acknowledged;
        this.#send(id, peer, true);
      }
      this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
      this.#retryLater();
    });
  }

  /** Tells whether a node owes us a promise, a confirmation, or our past. */
  #awaits({ acknowledged, upTo, isKnown }: Peer): boolean {
    const [last] = this.#own.events.at(-1) ?? [-1];
    return upTo <= this.#latest || acknowledged <= last || !isKnown ||
      !this.#isReady;
  }
}

/** A peer of which we know nothing, but for its events. */
function stranger(nonce: number): Omit<Peer, keyof Feed> {
  return {
    ...{ acknowledged: 0, sent: 0, asked: false, lost: null },
    ...{ life: null, echo: null, nonce },
    ...{ isKnown: false, hasReturned: false, hasTold: false },
  };
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
