/**
 * The network between nodes, services and clients, with Maelstrom's habits
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/net.clj):
 *
 * - Messages between nodes take some time; messages to and from clients don't.
 * - Each receiver works in a loop: it takes the queued message that is due
 *   first, sleeps until it is due, and hands it over. What arrives meanwhile
 *   waits, even if it is due earlier. So a client's request can be held up by a
 *   message that is still on its way, and that shows in the latencies.
 * - Whether a partition swallows a message is decided when the receiver takes
 *   it from the queue, before that sleep.
 *
 * It's kinder than Maelstrom's to a node that answers late. A client that has
 * given up on an answer often leaves. Once a node has sent a message to one who
 * has left, Maelstrom reads nothing more of what the node prints, and all that is
 * asked of it from then on times out. Here only that message is lost.
 *
 * @module
 */
import TinyQueue from "tinyqueue";
import { type Clock, msInNs } from "./clock.ts";
import { invariant } from "./invariant.ts";
import { copyOf } from "./parts.ts";
import type { Random } from "./random.ts";

/**
 * The distribution of message latencies around their mean.
 *
 * @example
 * ```ts
 * import type { LatencyDist } from "@call-me-maybe/maelstrom/workbench";
 *
 * const dists: LatencyDist[] = ["constant", "uniform", "exponential"];
 * ```
 */
export type LatencyDist = "constant" | "uniform" | "exponential";

/** The names of {@linkcode LatencyDist}. */
export const latencyDists: readonly LatencyDist[] = [
  "constant",
  "uniform",
  "exponential",
];

/**
 * A message under way. Times are nanoseconds on the journal's clock.
 *
 * @example
 * ```ts
 * import type { Envelope } from "@call-me-maybe/maelstrom/workbench";
 *
 * const millis = ({ sentNs, receivedNs }: Envelope) =>
 *   receivedNs === undefined ? Infinity : (receivedNs - sentNs) / 1e6;
 * ```
 */
export interface Envelope {
  /** Its number in the journal. */
  id: number;
  /** The id of the node, client or service that sent it. */
  src: string;
  /** The id of the one that it goes to. */
  dest: string;
  /** The whole message as one line of JSON: nobody shares an object. */
  line: string;
  /**
   * True if of the line there's only its beginning and its end: the journal
   * doesn't keep long lines for ever.
   */
  cut?: true;
  /** The time at which it was sent. */
  sentNs: number;
  /** The time at which it was handed over; `undefined` if it wasn't (yet). */
  receivedNs?: number;
  /**
   * The reason why it was lost, or a copy of it was: a partition lay between
   * the two, chance would have it (`p-loss`), or the receiver was killed before
   * it took it.
   */
  lost?: "partition" | "chance" | "kill";
}

/**
 * The fate of a message between nodes that chance dealt with (`p-loss`,
 * `p-duplicate`, `p-reorder`).
 *
 * @example
 * ```ts
 * import type { Fate } from "@call-me-maybe/maelstrom/workbench";
 *
 * // From 250 ms on, the first message from n1 to n2 is lost, the third arrives twice.
 * const fates: Fate[] = [
 *   { src: "n1", dest: "n2", sinceMs: 250, number: 1, holdUpsMs: [] },
 *   { src: "n1", dest: "n2", sinceMs: 250, number: 3, holdUpsMs: [0, 0] },
 * ];
 * ```
 */
export interface Fate {
  /** The node that sent it. */
  src: string;
  /** The node that it goes to. */
  dest: string;
  /**
   * The time from which on messages are counted: milliseconds since the test began.
   * Absent: those before that are counted, while nodes are initialised.
   */
  sinceMs?: number;
  /** Its place among the messages from one to the other, from 1 on. */
  number: number;
  /** For each copy of it that arrives, the milliseconds that it's held up. */
  holdUpsMs: number[];
}

/** The number of messages of a kind. */
export interface Tally {
  sent: number;
  received: number;
  /** The length of their lines; `undefined` if there are parts of some only. */
  chars: number | undefined;
}

/** The number of messages to and from clients, and of all others. */
export interface Tallies {
  clients: Tally;
  servers: Tally;
}

function noTally(): Tally {
  return { sent: 0, received: 0, chars: 0 };
}

/** Settings of a {@linkcode Network}. */
export interface NetworkOptions {
  /** The mean latency between nodes, in milliseconds. */
  latencyMs: number;
  /** The distribution of latencies. */
  latencyDist: LatencyDist;
  /**
   * The time that handing over a message costs the receiver, in milliseconds:
   * drawn uniformly between the two. Real pipes and processes take their own
   * time, so then it's 0; in a simulation it stands for them. Without it
   * everything at latency 0 would happen in the same instant, and no two
   * operations would ever be concurrent.
   */
  handoverMs: readonly [number, number];
  /** The probability that a message is lost. None of these touch clients. */
  pLoss?: number | undefined;
  /** The probability that a message arrives twice. */
  pDuplicate?: number | undefined;
  /** The probability that a message is held up, so that others overtake it. */
  pReorder?: number | undefined;
  /**
   * The fates of messages, instead of what chance would have: dice are thrown, so
   * that all else stays as it was, but don't count.
   */
  fates?: readonly Fate[];
  /** False if messages are only counted: those that nobody will look at. */
  keepsMessages?: boolean | undefined;
}

/** The longest time that a message is held up that is to be overtaken. */
const maxHoldUpMs = 200;

/** Longer lines are long: more characters than this. */
const longLineChars = 1000;

/** So many characters of long lines the journal keeps, and of later ones a part. */
const maxLongChars = 50_000_000;

/** The number of characters kept of a line's beginning, and of its end. */
const cutChars = [600, 200] as const;

/** The fate of most messages: they aren't held up. */
const usualMs: readonly number[] = [0];

/** A fate that no message has met yet. */
interface Awaited extends Fate {
  /** The number of messages since its time. */
  seen: number;
}

function linkOf({ src, dest }: Pick<Fate, "src" | "dest">): string {
  return `${src} ${dest}`;
}

interface Due {
  dueNs: number;
  envelope: Envelope;
  /** The whole line. */
  line: string;
}

interface Receiver {
  queue: TinyQueue<Due>;
  deliver: (envelope: Envelope) => void;
  busy: boolean;
  /** True if it's dead: it takes nothing any more. */
  isDown: boolean;
  /** The time at which the last message would have come, had none been late. */
  punctualNs: number;
}

/**
 * Tells whether an id is a client's: all that begin with a "c" are, in
 * Maelstrom.
 */
export function isClient(id: string): boolean {
  return id.startsWith("c");
}

/** Tells whether a message goes to or comes from a client. */
export function involvesClient(
  { src, dest }: Pick<Envelope, "src" | "dest">,
): boolean {
  return isClient(src) || isClient(dest);
}

/** A network that delays, cuts, and keeps a journal. */
export class Network {
  /** All messages that were ever sent, in order, if they are kept. */
  readonly journal: Envelope[] = [];
  /** The number of all. */
  readonly tallies: Tallies = { clients: noTally(), servers: noTally() };

  #clock: Clock;
  #random: Random;
  #options: NetworkOptions;
  #receivers = new Map<string, Receiver>();
  #gone = new Set<string>();
  /** For each fault that cuts, for each node, those that it doesn't hear. */
  #drops = new Map<string, Map<string, Set<string>>>();
  /** The time that each message from or to a node takes in addition, in ms. */
  #delaysMs = new Map<string, number>();
  #longChars = 0;
  /** The fates of messages so far. */
  readonly fates: Fate[] = [];
  /** For each link, the fates that its messages are still to meet. */
  #given: Map<string, Awaited[]> | undefined;
  /** For each link, the number of messages sent at the same time. */
  #counts = new Map<string, { sinceMs: number | undefined; number: number }>();
  /** The time at which the test began, once it has. */
  #startNs: number | undefined;

  constructor(clock: Clock, random: Random, options: NetworkOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#given = options.fates && Map.groupBy(
      options.fates.map((fate) => ({ ...fate, seen: 0 })),
      linkOf,
    );
  }

  /** Begins the test: fates are counted from now on. */
  begin(): void {
    this.#startNs = this.#clock.nowNs;
  }

  /** Joins the network; from now on messages to `id` are handed to `deliver`. */
  add(id: string, deliver: (envelope: Envelope) => void): void {
    this.#gone.delete(id);
    this.#receivers.set(id, {
      queue: new TinyQueue<Due>(
        [],
        (a, b) => a.dueNs - b.dueNs || a.envelope.id - b.envelope.id,
      ),
      deliver,
      busy: false,
      isDown: false,
      punctualNs: 0,
    });
  }

  /**
   * Loses all that is under way to a node, and all that is sent to it until it's
   * added again: it has been killed, and has not left.
   */
  down(id: string): void {
    const receiver = this.#receivers.get(id);
    if (receiver === undefined) return;
    receiver.isDown = true;
    for (;;) {
      const next = receiver.queue.pop();
      if (next === undefined) break;
      next.envelope.lost = "kill";
    }
  }

  /** Leaves the network. What is under way to `id` goes nowhere. */
  remove(id: string): void {
    this.#receivers.delete(id);
    this.#gone.add(id);
  }

  /**
   * Tells what is known of an id: `"here"`; `"gone"`, for one that has left; or
   * `undefined` for one that never was.
   */
  presence(id: string): "here" | "gone" | undefined {
    if (this.#receivers.has(id)) return "here";
    return this.#gone.has(id) ? "gone" : undefined;
  }

  /**
   * Sends a message. A message to somebody who has left is dropped without a
   * trace, and isn't even counted, as in Maelstrom.
   */
  send(src: string, dest: string, line: string): void {
    const receiver = this.#receivers.get(dest);
    if (receiver === undefined) return;
    const sentNs = this.#clock.nowNs;
    const id = this.sentCount;
    const envelope: Envelope = line.length <= longLineChars
      ? { id, src, dest, line, sentNs }
      : { id, src, dest, ...this.#kept(line), sentNs };
    if (this.#options.keepsMessages !== false) this.journal.push(envelope);
    const tally = this.#tallyOf(envelope);
    tally.sent++;
    if (envelope.cut) tally.chars = undefined;
    else if (tally.chars !== undefined) tally.chars += line.length;
    if (tally === this.tallies.clients) {
      this.#enqueue(envelope, line, receiver, 0);
      return;
    }
    for (const holdUpNs of this.#holdUpsNs(envelope)) {
      const latencyNs = this.#latencyNs();
      // Held up before the queue: in it, the receiver would wait for it, and
      // nothing could overtake.
      const enqueue = () => this.#enqueue(envelope, line, receiver, latencyNs);
      if (holdUpNs === 0) enqueue();
      else this.#clock.after(holdUpNs, enqueue);
    }
  }

  /** The number of messages that were ever sent. */
  get sentCount(): number {
    return this.tallies.clients.sent + this.tallies.servers.sent;
  }

  #tallyOf(envelope: Envelope): Tally {
    const { clients, servers } = this.tallies;
    return involvesClient(envelope) ? clients : servers;
  }

  #enqueue(
    envelope: Envelope,
    line: string,
    receiver: Receiver,
    latencyNs: number,
  ): void {
    if (receiver.isDown) {
      envelope.lost = "kill";
      return;
    }
    receiver.queue.push({
      dueNs: this.#clock.nowNs + latencyNs,
      envelope,
      line,
    });
    if (!receiver.busy) this.#receive(envelope.dest, receiver);
  }

  /** From now on, `dest` drops what comes from `src`, because of a fault. */
  drop(src: string, dest: string, fault = "partition"): void {
    const cuts = this.#drops.get(fault) ?? new Map<string, Set<string>>();
    const sources = cuts.get(dest) ?? new Set();
    this.#drops.set(fault, cuts.set(dest, sources.add(src)));
  }

  /** Ends all cuts of a fault. */
  heal(fault = "partition"): void {
    this.#drops.delete(fault);
  }

  #isCut(src: string, dest: string): boolean {
    for (const cuts of this.#drops.values()) {
      if (cuts.get(dest)?.has(src)) return true;
    }
    return false;
  }

  /**
   * From now on, each message between a node and another takes longer: so many
   * milliseconds, half as many, or half as many again.
   */
  slow(id: string, delayMs: number): void {
    this.#delaysMs.set(id, delayMs);
  }

  /** Ends all delays. */
  hasten(): void {
    this.#delaysMs.clear();
  }

  #receive(id: string, receiver: Receiver): void {
    receiver.busy = true;
    for (;;) {
      const next = receiver.queue.pop();
      if (next === undefined) break;
      if (this.#isCut(next.envelope.src, id)) {
        next.envelope.lost = "partition";
        continue;
      }
      const [min, max] = this.#options.handoverMs;
      const handoverNs = max === 0
        ? 0
        : (min + (max - min) * this.#random.float()) * msInNs;
      const startNs = Math.max(next.dueNs, this.#clock.nowNs);
      this.#clock.at(startNs + handoverNs, () => {
        const { envelope, line } = next;
        if (receiver.isDown) {
          envelope.lost = "kill";
          return;
        }
        if (this.#receivers.get(id) !== receiver) return;
        if (envelope.receivedNs === undefined) {
          envelope.receivedNs = this.#clock.nowNs;
          this.#tallyOf(envelope).received++;
        }
        receiver.punctualNs = Math.max(next.dueNs, receiver.punctualNs) +
          handoverNs;
        this.#clock.meter?.message(receiver.punctualNs, this.#clock.nowNs);
        invariant(
          envelope.sentNs <= envelope.receivedNs,
          "a message is received after it was sent",
        );
        receiver.deliver(envelope.cut ? { ...envelope, line } : envelope);
        this.#receive(id, receiver);
      });
      return;
    }
    receiver.busy = false;
  }

  /** Returns what the journal keeps of a long line. */
  #kept(line: string): Pick<Envelope, "line" | "cut"> {
    this.#longChars += line.length;
    if (this.#longChars <= maxLongChars) return { line };
    const [first, last] = cutChars;
    const part = copyOf(`${line.slice(0, first)}…${line.slice(-last)}`);
    return { line: part, cut: true };
  }

  /** For each copy of a message that arrives, how long it's held up. */
  #holdUpsNs(envelope: Envelope): number[] {
    const { pLoss = 0, pDuplicate = 0, pReorder = 0 } = this.#options;
    const isGiven = this.#given !== undefined;
    if (!isGiven && pLoss + pDuplicate + pReorder === 0) {
      return [this.#delayNs(envelope)];
    }
    // No dice are thrown for faults that can't be: a run without them is the
    // same as before there were any.
    const happens = (p: number) => p > 0 && this.#random.float() < p;
    const draw = () => ({
      delayNs: this.#delayNs(envelope),
      holdUpMs: happens(pReorder) ? this.#random.float() * maxHoldUpMs : 0,
    });
    const drawn = happens(pLoss)
      ? []
      : happens(pDuplicate)
      ? [draw(), draw()]
      : [draw()];
    const holdUpsMs = this.#fateOf(
      envelope,
      drawn.map(({ holdUpMs }) => holdUpMs),
    );
    if (holdUpsMs.length === 0) envelope.lost = "chance";
    return holdUpsMs.map((ms, copy) =>
      (drawn[copy]?.delayNs ?? this.#delayNs(envelope)) + ms * msInNs
    );
  }

  /** Returns the hold-ups of a message, as given or as drawn, and notes them. */
  #fateOf(message: Envelope, drawnMs: number[]): readonly number[] {
    const holdUpsMs = this.#given === undefined
      ? drawnMs
      : this.#meet(this.#given.get(linkOf(message)) ?? []);
    const place = this.#placeOf(message);
    if (holdUpsMs.length !== 1 || holdUpsMs[0] !== 0) {
      const { src, dest } = message;
      this.fates.push({ src, dest, ...place, holdUpsMs: [...holdUpsMs] });
    }
    return holdUpsMs;
  }

  /** The time since the test began; `undefined` before. */
  get #sinceMs(): number | undefined {
    return this.#startNs === undefined
      ? undefined
      : (this.#clock.nowNs - this.#startNs) / msInNs;
  }

  /** Counts a message of a link. */
  #placeOf(message: Envelope): Pick<Fate, "sinceMs" | "number"> {
    const sinceMs = this.#sinceMs;
    const link = linkOf(message);
    const last = this.#counts.get(link);
    const number = last?.sinceMs === sinceMs ? (last?.number ?? 0) + 1 : 1;
    this.#counts.set(link, { sinceMs, number });
    return { ...sinceMs !== undefined && { sinceMs }, number };
  }

  /** Finds which of the fates of its link a message meets. */
  #meet(awaited: Awaited[]): readonly number[] {
    const nowMs = this.#sinceMs;
    let met: Awaited | undefined;
    for (const fate of awaited) {
      const { sinceMs } = fate;
      const counts = nowMs === undefined
        ? sinceMs === undefined
        : sinceMs !== undefined && sinceMs <= nowMs;
      if (!counts) continue;
      fate.seen++;
      if (fate.seen === fate.number) met ??= fate;
    }
    if (met === undefined) return usualMs;
    awaited.splice(awaited.indexOf(met), 1);
    return met.holdUpsMs;
  }

  #latencyNs(): number {
    const { latencyMs, latencyDist } = this.#options;
    // Whole milliseconds, as Maelstrom draws them.
    return Math.floor(drawLatency(latencyDist, latencyMs, this.#random)) *
      msInNs;
  }

  #delayNs({ src, dest }: Envelope): number {
    if (this.#delaysMs.size === 0) return 0;
    const delayMs = Math.max(
      this.#delaysMs.get(src) ?? 0,
      this.#delaysMs.get(dest) ?? 0,
    );
    return delayMs === 0
      ? 0
      : Math.round(delayMs * (0.5 + this.#random.float()) * msInNs);
  }
}

function drawLatency(dist: LatencyDist, meanMs: number, random: Random) {
  switch (dist) {
    case "constant":
      return meanMs;
    case "uniform":
      return random.float() * 2 * meanMs;
    case "exponential":
      return -meanMs * Math.log(1 - random.float());
  }
}
