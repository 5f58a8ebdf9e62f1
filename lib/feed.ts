/**
 * A feed: what each node appends, every other node gets, in order, once, and
 * some of it at a time.
 *
 * It's a reliable FIFO broadcast (Cachin, Guerraoui, Rodrigues: *Introduction
 * to Reliable and Secure Distributed Programming*, 3.9) whose events carry
 * Lamport timestamps (Lamport: *Time, Clocks, and the Ordering of Events in a
 * Distributed System*). What it adds is thrift: events gather for an interval
 * and leave as one message, which also says what has arrived from the other
 * side. So there are no acknowledgements of their own, and where nothing
 * happens nothing is sent.
 *
 * **Positions.** Node i of n has the positions i, i + n, i + 2n, … to give out,
 * each once, and always one that is greater than all it has seen. So positions
 * are unique, and an event's position is greater than those of all events that
 * its node knew of.
 *
 * **Promises.** Each message says from which position on its sender's next
 * events will be. When all nodes have promised to be past a position, everything
 * before it is known, for ever: see {@linkcode Feed.stable}. It's the idea of
 * Mencius (Mao, Junqueira, Marzullo, 2008) and of Lamport's total order.
 *
 * **Repair.** A message says which part of its sender's feed it is. Whoever
 * misses what was before it passes it over; whoever waits too long for what it
 * needs asks, and sends from where the other side said that it was.
 *
 * **How long it takes.** Where nothing is lost, an event is with all nodes after
 * the interval and one latency, and stable everywhere after two of each, however
 * long a latency is. Each time that messages are lost, or overtake each other,
 * costs two seconds and a round trip more. Then there's silence.
 *
 * @module
 */
import { ErrorCode, RPCError } from "./error.ts";
import type { Body } from "./message.ts";
import type { Node } from "./node.ts";

/**
 * How a {@linkcode Feed} behaves.
 *
 * @typeParam E what the events are.
 *
 * @example
 * ```ts
 * import type { FeedOptions } from "@call-me-maybe/maelstrom";
 *
 * const log: string[] = [];
 * const options: FeedOptions<string> = {
 *   intervalMs: 100,
 *   onEvent: (event, position, from) => log[position] = `${from}: ${event}`,
 * };
 * ```
 */
export interface FeedOptions<E> {
  /**
   * The type of its messages, if a node has more than one feed.
   *
   * @default {"feed"}
   */
  type?: string;
  /** How long events gather before they are sent, in milliseconds. */
  intervalMs: number;
  /** Takes in an event of another node. It must not throw. */
  onEvent(event: E, position: number, from: string): void;
}

/** A part of a feed, as it's sent. */
interface Part<E> extends Body {
  /** All events of the sender from this position on … */
  from: number;
  /** … and before this one; its next events won't be before it either. */
  upTo: number;
  events: [position: number, event: E][];
  /** The receiver's events before this position have arrived. */
  have: number;
  /** Whether the sender waits for an answer. */
  ask: boolean;
}

function isPart({ from, upTo, have, events }: Part<unknown>): boolean {
  return [from, upTo, have].every(Number.isSafeInteger) &&
    Array.isArray(events) &&
    events.every((each) =>
      Array.isArray(each) && Number.isSafeInteger(each[0])
    );
}

/** What is known of another node. */
interface Peer {
  /** It has all of ours before this position. */
  acknowledged: number;
  /** It has been sent all of ours before this position. */
  sent: number;
  /** It has been told that we're past this position. */
  promised: number;
  /** We have all of its events before this position. */
  have: number;
  /** It waits for an answer: it has sent events, or asked for one. */
  asked: boolean;
}

/** How many events a message holds at most. */
const maxEvents = 1000;

/** How long it takes until something is sent again: at first, and at most. */
const minRetryMs = 500;
const maxRetryMs = 2000;

/**
 * A node's end of the feed.
 *
 * @typeParam E what the events are, as JSON can hold them.
 *
 * @example A set that all nodes come to share, in spite of partitions
 * ```ts
 * import { type Body, Feed, type Node } from "@call-me-maybe/maelstrom";
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertEquals } from "@std/assert";
 *
 * function set(node: Node) {
 *   const elements = new Set<number>();
 *   const feed = new Feed<number>(node, {
 *     intervalMs: 100,
 *     onEvent: (element) => elements.add(element),
 *   });
 *   node.on<Body & { element: number }>("add", ({ body: { element } }) => {
 *     elements.add(element);
 *     feed.append(element);
 *     return { type: "add_ok" };
 *   });
 *   node.on("read", () => ({ type: "read_ok", value: [...elements] }));
 * }
 *
 * const { results } = await judge(set, {
 *   workload: "g-set",
 *   "time-limit": 10,
 *   nemesis: "partition",
 * });
 * assertEquals(results["valid?"], true);
 * ```
 */
export class Feed<E> {
  #node: Node;
  #options: FeedOptions<E>;
  #type: string;
  #peers = new Map<string, Peer>();
  /** Our events that some node may not have, in order. */
  #own: [position: number, event: E][] = [];
  /** Our next position. */
  #next = 0;
  /** The greatest position of any event that we know of. */
  #latest = -1;
  #flushing = false;
  #retryMs = minRetryMs;
  #retrying = false;
  #waiting: { position: number; resolve(): void }[] = [];

  /**
   * Makes a node's end of the feed: in the app, before the node is initialised.
   *
   * @throws {TypeError} if the node has a handler for its messages already.
   */
  constructor(node: Node, options: FeedOptions<E>) {
    this.#node = node;
    this.#options = options;
    this.#type = options.type ?? "feed";
    node.onInit(() => {
      this.#next = node.nodeIds.indexOf(node.id);
      for (const [place, id] of node.nodeIds.entries()) {
        if (id === node.id) continue;
        this.#peers.set(id, {
          acknowledged: this.#next,
          sent: this.#next,
          promised: this.#next,
          have: place,
          asked: false,
        });
      }
    });
    node.on<Part<E>>(
      this.#type,
      ({ src, body }) => {
        if (isPart(body)) return this.#receive(src, body);
        throw new RPCError(ErrorCode.malformedRequest, "not a part of a feed");
      },
    );
  }

  /**
   * Appends an event, once the node is initialised. It leaves within
   * `intervalMs`.
   *
   * @returns its position: greater than that of every event known here.
   */
  append(event: E): number {
    const position = this.#next;
    this.#next += this.#node.nodeIds.length;
    this.#latest = position;
    if (this.#peers.size > 0) {
      this.#own.push([position, event]);
      this.#flushSoon();
    }
    return position;
  }

  /**
   * All events before this position are known here, whoever appended them; none
   * will be added.
   */
  get stable(): number {
    let stable = this.#next;
    for (const { have } of this.#peers.values()) {
      stable = Math.min(stable, have);
    }
    return stable;
  }

  /**
   * Resolves when all nodes have our events up to this position, itself
   * included. While a node can't be reached, it waits.
   *
   * @example A write that is answered when no node can read an older value
   * ```ts
   * import { Feed, type Node } from "@call-me-maybe/maelstrom";
   *
   * function register(node: Node) {
   *   let value: unknown;
   *   const feed = new Feed<unknown>(node, {
   *     intervalMs: 10,
   *     onEvent: (event) => value = event,
   *   });
   *   node.on("write", async ({ body }) => {
   *     value = body.value;
   *     await feed.everywhere(feed.append(body.value));
   *     return { type: "write_ok" };
   *   });
   * }
   * ```
   */
  everywhere(position: number): Promise<void> {
    if (position < this.#acknowledgedByAll()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ position, resolve }));
  }

  #receive(src: string, { from, upTo, events, have, ask }: Part<E>): void {
    const peer = this.#peers.get(src);
    if (peer === undefined) return;
    if (have > peer.acknowledged) {
      peer.acknowledged = have;
      peer.sent = Math.max(peer.sent, have);
      this.#retryMs = minRetryMs;
      this.#trim();
    }
    if (from <= peer.have) {
      for (const [position, event] of events) {
        if (position < peer.have) continue; // came twice
        this.#latest = Math.max(this.#latest, position);
        this.#options.onEvent(event, position, src);
      }
      peer.have = Math.max(peer.have, upTo);
      this.#passBy(upTo);
    }
    // Who asks has waited long: what was sent meanwhile must have been lost.
    if (ask) peer.sent = peer.acknowledged;
    if (ask || events.length > 0) peer.asked = true;
    if ([...this.#peers.values()].some((each) => this.#needsWord(each))) {
      this.#flushSoon();
    }
  }

  /** Our next position comes after everything that we know of. */
  #passBy(position: number): void {
    const step = this.#node.nodeIds.length;
    if (this.#next < position) {
      this.#next += Math.ceil((position - this.#next) / step) * step;
    }
  }

  #acknowledgedByAll(): number {
    let all = Infinity;
    for (const { acknowledged } of this.#peers.values()) {
      all = Math.min(all, acknowledged);
    }
    return all;
  }

  #trim(): void {
    const all = this.#acknowledgedByAll();
    const kept = this.#own.findIndex(([position]) => position >= all);
    this.#own.splice(0, kept === -1 ? this.#own.length : kept);
    this.#waiting = this.#waiting.filter(({ position, resolve }) => {
      if (position < all) resolve();
      return position >= all;
    });
  }

  /** Whether a node has to hear from us: of events, or of our promise. */
  #needsWord({ sent, promised, asked }: Peer): boolean {
    const last = this.#own.at(-1);
    return asked || promised <= this.#latest ||
      last !== undefined && last[0] >= sent;
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.#node.sleep(this.#options.intervalMs).then(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    for (const [id, peer] of this.#peers) {
      while (this.#needsWord(peer)) this.#send(id, peer);
    }
    this.#retryLater();
  }

  #send(id: string, peer: Peer, ask = false): void {
    const first = this.#own.findIndex(([position]) => position >= peer.sent);
    const rest = first === -1 ? [] : this.#own.slice(first);
    const events = rest.slice(0, maxEvents);
    const upTo = rest.length > maxEvents ? rest[maxEvents][0] : this.#next;
    const part: Part<E> = {
      type: this.#type,
      from: peer.sent,
      upTo,
      events,
      have: peer.have,
      ask,
    };
    this.#node.send(id, part);
    peer.sent = upTo;
    peer.promised = upTo;
    peer.asked = false;
  }

  /** Whether we wait for something from a node. */
  #waitsFor({ acknowledged, have }: Peer): boolean {
    const last = this.#own.at(-1);
    return have <= this.#latest ||
      last !== undefined && last[0] >= acknowledged;
  }

  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    const before = this.#latest;
    this.#node.sleep(this.#retryMs).then(() => {
      this.#retrying = false;
      let waiting = false;
      for (const [id, peer] of this.#peers) {
        if (!this.#waitsFor(peer)) continue;
        waiting = true;
        // What is newer than this wait may well be on its way.
        if (peer.have > before && peer.acknowledged > before) continue;
        peer.sent = peer.acknowledged;
        this.#send(id, peer, true);
      }
      if (!waiting) return;
      this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
      this.#retryLater();
    });
  }
}
