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
 * that is polled.
 *
 * It can be cheap because the task doesn't ask for offsets without gaps. So node 0
 * assigns 0, 2, 4, …, node 1 assigns 1, 3, 5, …, each always beyond everything that
 * it has heard of, and answers a `send` at once. A tenth of a second later it sends
 * the other node all new messages in one batch. The class `Feeds` has what makes this
 * cheap and safe:
 *
 * - **Promises.** Each batch says from which offset on its sender's next messages
 *   will be. Once all nodes have promised to be past an offset, the log before it is
 *   complete for good, and the same on every node: the *stable prefix*, which polls
 *   show. This is the idea of Mencius (Mao, Junqueira, Marzullo, 2008) and of
 *   Lamport's total order (1978).
 * - **Acknowledgements ride along.** A batch also says what has arrived from the
 *   other side. So only a node that has nothing else to say sends a message just
 *   to acknowledge; and where nothing happens nothing is sent.
 * - **Repair.** A batch says which part of its sender's events it holds. A node
 *   that lacks an earlier part skips it. A node that has waited too long for
 *   what it needs asks for it, and sends again all that wasn't acknowledged.
 *
 * Polls show a message when it has gathered (120 ms) and travelled, and the others'
 * promises have come back: after a quarter of a second and two latencies. Each time
 * that messages are lost or overtake each other costs two seconds and a round trip.
 *
 * You choose what an acknowledgement means, as in Kafka: with `--acks 1`, the
 * default, the node that answers has the message; with `--acks all`, every node
 * has it. Under a partition the first goes on, and polls show what came before;
 * the second waits (and messages gather for a shorter time).
 *
 * Committed offsets travel like messages. Of two, the greater wins, in whatever
 * order they arrive; so they never go back, and all nodes agree.
 *
 * **If a node dies,** it's missed: polls stop short of what it may yet add. With
 * `--data-dir` it has a *write-ahead log* (Mohan et al.: *ARIES*, 1992). Nothing
 * is shown, answered or told to others before it's on the node's own disk, and who
 * comes back goes on from there. For promises that would be too slow: so the log says
 * how far they may go at most. That leaves a gap, as with the sequences of PostgreSQL.
 * A snapshot would be the log once more; only outdated commits are dropped, when they
 * are half of it.
 *
 * Without a disk the others are its memory. A node with no past, the first time,
 * too, asks all of them for what they have of its own messages, and then for theirs;
 * it refuses clients until it has all that. (With a disk that is empty it asks for a
 * second at most: what was never written was never told.) Each life has a number for
 * each other node, which batches repeat: so what is late, and was sent to or by an
 * earlier life, is recognised. With `--acks all` a node shows of its own only what
 * every node has (as Kafka's *high watermark*), and nothing acknowledged is lost as
 * long as one node lives. (Of more than two, others may show a message that not all
 * have yet. It's lost if just those die that have it.)
 *
 * What can't be survived: all die at once, and nothing was on a disk; or, with
 * `--acks 1`, the one node that had a message does. Where a disk is full, its node
 * refuses messages and commits, and shows what it has.
 *
 * @module
 */
import {
  demand,
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

/** The most events that one message carries from node to node. */
const maxEvents = 1000;

/** The time that a node waits before it asks: at first, and at most. */
const minRetryMs = 500;
const maxRetryMs = 2000;

/** A request that has to be answered, some day. */
const insist = { resendMs: minRetryMs / 2, timeoutMs: Infinity };

/** The time until a node first speaks: Maelstrom has to have started the others. */
const silenceMs = 100;

/** The longest that a node's past holds up `init`; with an empty disk, it asks. */
const maxInitMs = 2000;
const maxAskMs = 1000;

/** The offsets that promises may go on by, about, until the disk has to know. */
const reserved = 10_000;

/** A node, with the messages that nodes send to each other. */
type KafkaNode = Node<
  KafkaMessages & {
    batch: Batch;
    fetch: Speaker & { of: string; from: number };
    fetch_ok: Speaker & Part;
  }
>;

type Message = number;
type Entry = [offset: number, message: Message];
type Offsets = { [key: string]: number };
type Found = { [key: string]: Entry[] };

/** The requests to a log, whatever it's kept in. */
interface Logs {
  append(key: string, message: Message): Promise<number>;
  read(offsets: Offsets): Promise<Found> | Found;
  commit(offsets: Offsets): Promise<unknown>;
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
    return { type: "poll_ok", msgs: await logs.read(offsets) };
  });

  node.on("commit_offsets", async ({ body: { offsets } }) => {
    demand(isOffsets(offsets), "offsets to commit are whole numbers");
    await logs.commit(offsets);
    return { type: "commit_offsets_ok" };
  });

  node.on("list_committed_offsets", async ({ body: { keys } }) => {
    const isKey = (key: unknown) => typeof key === "string";
    demand(Array.isArray(keys) && keys.every(isKey), "keys are strings");
    const offsets = await logs.committed(keys);
    return { type: "list_committed_offsets_ok", offsets };
  });
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

  const feeds = new Feeds(node, acks, folder, (event, offset) => {
    if (!("committed" in event)) unsettled.push({ offset, ...event });
    else if (isOffsets(event.committed)) raise(committed, event.committed);
  });

  /** Appends the messages that no other can come before any more. */
  function settle() {
    const { stable } = feeds;
    const settled = unsettled.filter(({ offset }) => offset < stable);
    if (settled.length === 0) return;
    unsettled = unsettled.filter(({ offset }) => offset >= stable);
    settled.sort((a, b) => a.offset - b.offset);
    for (const { key, offset, message } of settled) {
      const log = logs.get(key) ?? [];
      log.push([offset, message]);
      logs.set(key, log);
    }
  }

  return {
    append: (key, message) => feeds.publish({ key, message }),
    read(offsets) {
      const found: Found = {};
      const asked = Object.entries(offsets);
      if (asked.length === 0) return found;
      feeds.demandReady();
      settle();
      for (const [key, from] of asked) {
        const log = logs.get(key) ?? [];
        const start = firstFrom(log, from);
        found[key] = log.slice(start, start + maxPolled);
      }
      return found;
    },
    commit: (offsets) => feeds.publish({ committed: offsets }),
    committed(keys) {
      feeds.demandReady();
      const known = keys.filter((key) => committed.has(key));
      return Object.fromEntries(known.map((key) => [key, committed.get(key)!]));
    },
  };
}

/** Of two offsets of a key the greater wins. Tells whether one does. */
function raise(committed: Map<string, number>, offsets: Offsets): boolean {
  const greater = Object.entries(offsets)
    .filter(([key, offset]) => offset > (committed.get(key) ?? -Infinity));
  for (const [key, offset] of greater) committed.set(key, offset);
  return greater.length > 0;
}

/** The place of the first entry at an offset or beyond: most are near the end. */
function firstFrom(entries: [number, unknown][], offset: number): number {
  return entries.findLastIndex(([each]) => each < offset) + 1;
}

/** The events of one node, as far as they are known. */
interface Feed {
  events: Events;
  /** There are no others before this offset, and won't be. */
  upTo: number;
}

/** A part of a feed: all from this offset on. */
interface Part extends Feed {
  from: number;
}

/** The node that asks or answers. */
interface Speaker {
  /** The number of this life of its. */
  life: number;
  /** The number that the other's batches have to repeat. */
  nonce: number;
}

/** A message from node to node: a part of its sender's events. */
interface Batch extends Part {
  /** The receiver's events before this offset have arrived. */
  have: number;
  /** True if the sender waits for an answer. */
  ask: boolean;
  /** The receiver's number for this life of the sender's. */
  echo: number;
}

function isPart({ from, upTo, events }: Part): boolean {
  return areOffsets(from, upTo) && Array.isArray(events) &&
    events.every((each) =>
      Array.isArray(each) && Number.isSafeInteger(each[0]) &&
      from <= each[0] && each[0] < upTo &&
      typeof each[1] === "object" && each[1] !== null
    );
}

function areOffsets(...numbers: unknown[]): boolean {
  return numbers.every(Number.isSafeInteger);
}

/** One node's view of another. */
interface Peer extends Feed {
  /** The peer has all of ours before this offset. */
  acknowledged: number;
  /** It has been sent all of ours before this offset, and this as a promise. */
  sent: number;
  /** It waits for an answer: it has sent events, or asked for one. */
  asked: boolean;
  /** The life in which it has spoken last. */
  life: number | null;
  /** The number that its batches have to repeat, and that ours have to. */
  nonce: number;
  echo: number | null;
}

/** A record on the disk: a node's events, and `upTo` in its feed then. */
type Kept = [id: string, upTo: number, events: Events];

/** The events without commits that later ones have outdated. */
function compacted(events: Events): Events {
  const later = new Map<string, number>();
  return events.toReversed().filter(([, event]) =>
    !("committed" in event) || raise(later, event.committed)
  ).reverse();
}

/**
 * Assigns offsets, and tells all other nodes of each event: in order, once, and
 * in batches.
 *
 * It's a reliable FIFO broadcast (Cachin, Guerraoui, Rodrigues: *Introduction to
 * Reliable and Secure Distributed Programming*, 3.9), and its offsets are Lamport
 * timestamps: unique, and greater than those of all events that the node knew of.
 */
class Feeds {
  #disk!: Disk<Kept, Kept[]>;
  /** Our own events, and on which offset they may go, at most. */
  #own!: Feed;
  #peers = new Map<string, Peer>();
  #life = 0; // drawn anew in each
  /** Our next offset: our place among the n nodes, or n, 2n, 3n, … beyond. */
  #next = 0;
  /** The greatest offset of any event that we know of. */
  #latest = -1;
  /** Our offsets that are on their way to the disk. */
  #unwritten: number[] = [];
  /** Those that clients wait for, and that some node may not have. */
  #waiting: { offset: number; event: Event; resolve(): void }[] = [];
  /** The disk has been read; and a peer has spoken. */
  #opened = Promise.withResolvers<void>();
  #up = Promise.withResolvers<void>();
  /** We know all of our own events; and all that others may have shown. */
  #isWhole = false;
  #whole = Promise.withResolvers<void>();
  #isReady = false;
  #ready = Promise.withResolvers<void>();
  #gathering = false;
  #retrying = false;
  #retryMs = minRetryMs;

  /** Hands each event to `take` when it may be shown. */
  constructor(
    private node: KafkaNode,
    private acks: Acks,
    folder: string,
    private take: Take,
  ) {
    node.onInit(() => this.#open(folder));
    node.on("fetch", async ({ src, body: { of, from, life, nonce } }) => {
      const peer = this.#peers.get(src);
      const fits = peer !== undefined && areOffsets(from, life, nonce);
      demand(fits, "a fetch has numbers, and comes from a node");
      await this.#opened.promise;
      this.#meet(peer, { life, nonce });
      if (of !== src) await this.#whole.promise;
      const found = of === src
        ? part(peer, from, peer.upTo)
        : part(this.#own, from, this.#promise);
      const who = { life: this.#life, nonce: peer.nonce };
      return { type: "fetch_ok", ...who, ...found };
    }, { early: true });
    node.on("batch", async ({ src, body }) => {
      const fits = isPart(body) && areOffsets(body.have);
      demand(fits, "a batch has events, each with its offset");
      const peer = this.#peers.get(src);
      if (peer) await this.#receive(src, peer, body);
    });
  }

  /** Assigns an offset to an event; returns it once as many have it as must. */
  async publish(event: Event): Promise<number> {
    this.demandReady();
    const { id, nodeIds } = this.node;
    const offset = this.#next;
    this.#next += nodeIds.length;
    this.#unwritten.push(offset);
    try {
      await this.#keep(id, this.#next + reserved, [[offset, event]]);
    } finally {
      this.#unwritten.shift();
    }
    if (this.#peers.size > 0) this.#sendSoon();
    if (this.acks === "all" && this.#peers.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push({ offset, event, resolve });
      await promise;
    } else this.take(event, offset);
    return offset;
  }

  /** Throws unless we know all that an earlier life of ours may have shown. */
  demandReady() {
    if (this.#isReady) return;
    const text = `${this.node.id} is asking the others for what it has lost`;
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
    return Math.floor(this.node.random() * Number.MAX_SAFE_INTEGER);
  }

  /** Reads the disk; if it's empty, the others may know of an earlier life. */
  async #open(folder: string) {
    const { id, nodeIds, peers } = this.node;
    this.#life = this.#draw();
    this.#next = nodeIds.indexOf(id);
    this.#own = { events: [], upTo: this.#next };
    for (const each of peers) {
      this.#peers.set(each, {
        ...{ events: [], upTo: nodeIds.indexOf(each) },
        ...{ acknowledged: 0, sent: 0, asked: false },
        ...{ life: null, nonce: this.#draw(), echo: null },
      });
    }
    this.#disk = await this.node.openDisk<Kept, Kept[]>(folder);
    const past = (this.#disk.snapshot ?? []).concat(this.#disk.records);
    for (const kept of past) this.#apply(...kept);
    this.#compact(past);
    if (past.length > 0 || peers.length === 0) this.#begin(true);
    this.#opened.resolve();
    this.#recover(folder !== "");
    if (this.#isReady) return;
    await Promise.race([this.#ready.promise, this.node.sleep(maxInitMs)]);
  }

  /** Drops outdated commits, if they are most of what is on the disk. */
  #compact(past: Kept[]) {
    const feeds: [string, Feed][] = [[this.node.id, this.#own], ...this.#peers];
    const kept = feeds.map(([id, { upTo, events }]) =>
      [id, upTo, compacted(events)] as Kept
    );
    const count = (all: Kept[]) => all.flatMap(([, , events]) => events).length;
    if (2 * count(kept) >= count(past)) return;
    this.#disk.replace(kept).catch(() => {}); // as in #reserve
  }

  /** Asks all others for what they have of ours, and then for theirs. */
  async #recover(isKept: boolean) {
    const { id, peers } = this.node;
    await Promise.race([this.#up.promise, this.node.sleep(silenceMs)]);
    const ours = Promise.all(peers.map((peer) => this.#fetch(peer, id)));
    // Whose disk is empty has promised nothing, unless somebody has emptied it.
    const inVain = isKept ? this.node.sleep(maxAskMs) : ours;
    await Promise.race([ours, inVain]);
    this.#begin(isKept);
    await Promise.all(peers.map((peer) => this.#fetch(peer, peer)));
    this.#begin(true);
  }

  /** Goes on from where an earlier life of ours may have come to. */
  #begin(isReady: boolean) {
    if (!this.#isWhole) {
      this.#passBy(this.#own.upTo);
      for (const [offset, event] of this.#own.events) this.take(event, offset);
    }
    this.#isWhole = true;
    this.#whole.resolve();
    if (!isReady) return;
    this.#isReady = true;
    this.#ready.resolve();
  }

  /** Asks a peer for the rest of a feed, until it has answered. */
  async #fetch(id: string, of: string) {
    const peer = this.#peers.get(id)!;
    const feed = of === id ? peer : this.#own;
    for (let isDone = false; !isDone;) {
      const { nonce } = peer;
      const who = { life: this.#life, nonce };
      const request = { type: "fetch", of, from: feed.upTo, ...who } as const;
      const reply = await this.node.rpc(id, request, insist);
      if (nonce === peer.nonce) this.#meet(peer, reply);
      if (nonce !== peer.nonce || !isPart(reply)) continue; // it has died since
      const { upTo, events } = reply;
      if (upTo > feed.upTo) await this.#keepAnyway(of, upTo, events);
      if (feed === this.#own) this.#confirm(peer, upTo);
      else peer.asked ||= peer.events.length > 0;
      isDone = events.length < maxEvents;
    }
    this.#sendWhereDue();
    if (this.#awaits(peer)) this.#retryLater();
  }

  /**
   * Takes in who has spoken. If it's another life of the peer's, what an earlier one
   * has confirmed is void, and what that has sent, and is late, has an old number.
   * (Were it told by its number, which is drawn anew here, two that restart at the
   * same time would take each other for new again and again.)
   */
  #meet(peer: Peer, { life, nonce }: Speaker) {
    this.#up.resolve();
    peer.echo = nonce;
    if (life === peer.life) return;
    if (peer.life !== null) peer.nonce = this.#draw();
    // It asks for what came before.
    const sent = this.#promise;
    Object.assign(peer, { life, sent, acknowledged: 0, asked: false });
  }

  /** Takes in a node's events, and its promise, when they are on the disk. */
  async #keep(...kept: Kept) {
    this.#disk.append(kept);
    await this.#disk.sync();
    this.#apply(...kept);
  }

  /** Takes in what another node has kept: our disk may be full. */
  async #keepAnyway(...kept: Kept) {
    await this.#keep(...kept).catch(() => this.#apply(...kept));
  }

  #apply(...[id, upTo, events]: Kept) {
    const peer = this.#peers.get(id);
    const feed = peer ?? this.#own;
    for (const [offset, event] of events) {
      if (offset <= (feed.events.at(-1)?.[0] ?? -1)) continue; // came twice
      feed.events.push([offset, event]);
      this.#latest = Math.max(this.#latest, offset);
      if (peer) this.take(event, offset);
    }
    feed.upTo = Math.max(feed.upTo, upTo);
    if (peer) this.#passBy(upTo);
  }

  async #receive(src: string, peer: Peer, batch: Batch) {
    const { from, upTo, events, have, ask, echo } = batch;
    if (echo !== peer.nonce) { // it doesn't know of this life, or is late
      this.#up.resolve();
      if (this.#isReady) await this.#fetch(src, src);
      return;
    }
    this.#confirm(peer, have);
    peer.asked ||= ask || events.length > 0;
    // A node that asks has waited long: what we sent meanwhile must be lost.
    if (ask) peer.sent = peer.acknowledged;
    // Or else something before it is missing.
    if (from <= peer.upTo && upTo > peer.upTo) {
      await this.#keepAnyway(src, upTo, events);
    }
    this.#sendWhereDue();
  }

  /** Takes in that a node has all of ours before an offset. */
  #confirm(peer: Peer, have: number) {
    if (have <= peer.acknowledged) return;
    peer.acknowledged = have;
    peer.sent = Math.max(peer.sent, have);
    this.#retryMs = minRetryMs;
    const acknowledged = [...this.#peers.values()].map((each) =>
      each.acknowledged
    );
    const all = Math.min(...acknowledged);
    while (this.#waiting.length > 0 && this.#waiting[0]!.offset < all) {
      const { offset, event, resolve } = this.#waiting.shift()!;
      this.take(event, offset);
      resolve();
    }
  }

  /** Moves our next offset beyond everything that we know of. */
  #passBy(offset: number) {
    const step = this.node.nodeIds.length;
    const behind = Math.max(0, offset - this.#next);
    this.#next += Math.ceil(behind / step) * step;
  }

  /** Tells whether a node has to hear from us: of events, or of our promise. */
  #needsWord({ sent, asked, echo }: Peer): boolean {
    return echo !== null && this.#isWhole &&
      (asked || sent <= this.#latest && sent < this.#promise);
  }

  #sendWhereDue() {
    if ([...this.#peers.values()].some((each) => this.#needsWord(each))) {
      this.#sendSoon();
    }
  }

  async #sendSoon() {
    if (this.#gathering) return;
    this.#gathering = true;
    await this.node.sleep(gatherMs[this.acks]);
    await this.#reserve();
    this.#gathering = false;
    for (const [id, peer] of this.#peers) {
      if (!this.#needsWord(peer)) continue;
      do this.#send(id, peer); while (peer.sent < this.#promise);
    }
    this.#retryLater();
  }

  /** Lets promises go on; and what came before this is taken in before. */
  async #reserve() {
    try {
      const limit = this.#next + reserved;
      if (this.#isWhole && limit > this.#own.upTo + reserved / 2) {
        await this.#keep(this.node.id, limit, []);
      } else await this.#disk.sync();
    } catch {
      // The disk is full. Clients are told so; others can be told what we have.
    }
  }

  #send(id: string, peer: Peer, ask = false) {
    const ours = part(this.#own, peer.sent, this.#promise);
    const { upTo: have, echo } = peer;
    if (echo === null || !this.#isWhole) return; // not yet
    this.node.send(id, { type: "batch", ...ours, have, ask, echo });
    Object.assign(peer, { sent: ours.upTo, asked: false });
  }

  /** Asks the nodes that owe us something, again until none does. */
  async #retryLater() {
    if (this.#retrying) return;
    this.#retrying = true;
    const before = this.#latest;
    await this.node.sleep(this.#retryMs);
    this.#retrying = false;
    const awaited = [...this.#peers].filter(([, each]) => this.#awaits(each));
    if (awaited.length === 0) return;
    for (const [id, peer] of awaited) {
      // What is newer than this wait may well be on its way.
      if (peer.upTo > before && peer.acknowledged > before) continue;
      peer.sent = peer.acknowledged;
      this.#send(id, peer, true);
    }
    this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
    this.#retryLater();
  }

  /** Tells whether a node owes us a promise, or a confirmation. */
  #awaits({ upTo, acknowledged }: Peer): boolean {
    const [last] = this.#own.events.at(-1) ?? [-1];
    return upTo <= this.#latest || acknowledged <= last;
  }
}

/** The first events of a feed from an offset on, and up to another. */
function part({ events }: Feed, from: number, end: number): Part {
  const first = firstFrom(events, from);
  const [upTo] = events[first + maxEvents] ?? [end];
  return { from, upTo, events: events.slice(first, first + maxEvents) };
}

/** The store is asked again: each change knows its own work. */
const again = { resendMs: 500 };

/** The straightforward answer: each log is one value in `lin-kv`. */
function stored(node: KafkaNode): Logs {
  const store = new KV<[tag: number, message: Message][]>(node, "lin-kv");
  const offsets = new KV<number>(node, "lin-kv");
  return {
    async append(key, message) {
      // A compare-and-set that was refused may have happened: then the tag is there.
      const tag = node.random();
      const place = (log: [number, Message][]) =>
        log.findIndex(([each]) => each === tag);
      const log = await store.update(
        `log/${key}`,
        (log = []) => place(log) >= 0 ? log : [...log, [tag, message]],
        again,
      ).catch(() => {
        // Even if the store refused it: that may have been a copy.
        throw new RPCError(ErrorCode.timeout, "it may be in the log");
      });
      return place(log);
    },
    async read(offsets) {
      const read = async ([key, offset]: [string, number]) => {
        const from = Math.max(0, offset);
        const log = await store.readOr(`log/${key}`, [], again);
        const found = log.slice(from, from + maxPolled)
          .map(([, message], i): Entry => [from + i, message]);
        return [key, found] as const;
      };
      const found = await Promise.all(Object.entries(offsets).map(read));
      return Object.fromEntries(found);
    },
    async commit(committed) {
      const raise = ([key, offset]: [string, number]) =>
        offsets.update(
          `committed/${key}`,
          (before = offset) => Math.max(before, offset),
          again,
        );
      await Promise.all(Object.entries(committed).map(raise));
    },
    async committed(keys) {
      const read = async (key: string) => {
        const place = `committed/${key}`;
        const offset = await offsets.readOr(place, undefined, again);
        return offset === undefined ? [] : [[key, offset] as const];
      };
      return Object.fromEntries((await Promise.all(keys.map(read))).flat());
    },
  };
}

const strategies = { replicated, store: stored };
type Acks = "1" | "all";

if (import.meta.main) await serve(kafka);
