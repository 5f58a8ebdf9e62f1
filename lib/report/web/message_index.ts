/**
 * Finds messages by time, fast enough to be asked on every frame.
 *
 * @module
 */
import type { Messages, PageData } from "../page/data.ts";
import { endsOf } from "./crosses.ts";
import { familyOf } from "./families.ts";

/** Some messages: those between two moments. */
export interface Selection {
  rows: number[];
  /** The number of all. */
  count: number;
  /** Every how-manieth of them is in `rows`; the lost ones are all there. */
  every: number;
}

/** The messages of a run that are to be seen, by time. */
export class MessageIndex {
  /** The typical time between sending and receiving, among servers if any. */
  readonly typicalMs: number;
  #messages: Messages;
  /** Of each type, the family. */
  #families: readonly string[];
  /** For each party: whether it's a client. */
  #isClient: readonly boolean[];
  #sentMs: ArrayLike<number>;
  #endMs: Float64Array;
  /** Of each, the part of its way after which its arrow ends. */
  #reach: Float32Array;
  #rows: Uint32Array;
  #longestMs = 0;

  constructor({ messages, nodes, services }: PageData) {
    const { parties, sentMs, receivedMs, src, dest } = messages;
    const servers = [...nodes, ...services];
    // Clients have one lane together, before the first.
    const lanes = parties.map((name) => servers.indexOf(name));
    this.#isClient = lanes.map((lane) => lane < 0);
    this.#messages = messages;
    this.#families = messages.types.map(familyOf);
    this.#sentMs = sentMs;
    const count = sentMs.length;
    this.typicalMs = this.#typicalOf(receivedMs);
    this.#reach = new Float32Array(count).fill(1);
    const lost = Uint32Array.from({ length: count }, (_, row) => row)
      .filter((row) => isNaN(receivedMs[row]!));
    const ends = endsOf(
      Array.from(lost, (row) => ({
        sentMs: this.sentMs(row),
        from: lanes[src[row]!]!,
        to: lanes[dest[row]!]!,
      })),
      this.typicalMs * together,
    );
    lost.forEach((row, i) => this.#reach[row] = ends[i]!);
    this.#endMs = Float64Array.from(
      receivedMs,
      (ms, row) =>
        isNaN(ms) ? this.sentMs(row) + this.typicalMs * this.reach(row) : ms,
    );
    for (let row = 0; row < count; row++) {
      const length = this.endMs(row) - this.sentMs(row);
      this.#longestMs = Math.max(this.#longestMs, length);
    }
    this.#rows = Uint32Array.from({ length: count }, (_, row) => row);
  }

  #typicalOf(receivedMs: ArrayLike<number>): number {
    const latencies = { all: [] as number[], servers: [] as number[] };
    for (let row = 0; row < receivedMs.length; row++) {
      const latency = receivedMs[row]! - this.sentMs(row);
      if (isNaN(latency)) continue;
      latencies.all.push(latency);
      if (!this.isClients(row)) latencies.servers.push(latency);
    }
    return median(latencies.servers) ?? median(latencies.all) ?? 1;
  }

  /** From now on only finds messages for which this holds. */
  filter(keep: (row: number) => boolean): void {
    this.#rows = Uint32Array.from({ length: this.#sentMs.length }, (_, i) => i)
      .filter(keep);
  }

  /** The number of those that can be found. */
  get count(): number {
    return this.#rows.length;
  }

  /** The typical time from one to the next, once the run has begun. */
  get typicalGapMs(): number {
    const sentMs = Array.from(this.#rows, (row) => this.sentMs(row))
      .filter((ms) => ms >= 0);
    return median(sentMs.slice(1).map((ms, i) => ms - sentMs[i]!)) ?? 0;
  }

  // Every row that is given to these is that of a message.

  /** The one who sent it. */
  src(row: number): string {
    return this.#messages.parties[this.#messages.src[row]!]!;
  }

  /** The one to whom it was sent. */
  dest(row: number): string {
    return this.#messages.parties[this.#messages.dest[row]!]!;
  }

  /** The family of its type. */
  family(row: number): string {
    return this.#families[this.#messages.type[row]!]!;
  }

  sentMs(row: number): number {
    return this.#sentMs[row]!;
  }

  /**
   * Returns the time at which it was received; of a lost one, when its arrow
   * ends.
   */
  endMs(row: number): number {
    return this.#endMs[row]!;
  }

  /** The part of its way after which a message's arrow ends: 1 unless lost. */
  reach(row: number): number {
    return this.#reach[row]!;
  }

  isLost(row: number): boolean {
    return this.reach(row) < 1;
  }

  /** Tells whether a client sent it. */
  isFromClient(row: number): boolean {
    return this.#isClient[this.#messages.src[row]!]!;
  }

  /** Tells whether a client received it. */
  isToClient(row: number): boolean {
    return this.#isClient[this.#messages.dest[row]!]!;
  }

  /** Tells whether a client sent or received it. */
  isClients(row: number): boolean {
    return this.isFromClient(row) || this.isToClient(row);
  }

  /**
   * The messages that are on their way at some time between two moments.
   *
   * @param most the most messages to return; of more, it returns only every
   * second, or every fourth, … The choice doesn't change with the moments, so
   * nothing flickers as they move.
   */
  between(fromMs: number, toMs: number, most = Infinity): Selection {
    const rows = this.#rows;
    const high = this.#firstSentAfter(toMs);
    const found: number[] = [];
    for (
      let i = this.#firstSentAfter(fromMs - this.#longestMs);
      i < high;
      i++
    ) {
      const row = rows[i]!;
      if (this.endMs(row) >= fromMs) found.push(row);
    }
    let every = 1;
    while (found.length / every > most) every *= 2;
    return {
      rows: every === 1
        ? found
        : found.filter((row) => this.isDrawn(row, every)),
      count: found.length,
      every,
    };
  }

  /** Tells whether a message is among those that stand for all. */
  isDrawn(row: number, every: number): boolean {
    return scattered(row) % every === 0 || this.isLost(row);
  }

  /** The next message that is sent after a moment, or the last one before. */
  step(ms: number, direction: 1 | -1): number | undefined {
    const after = this.#firstSentAfter(ms);
    if (direction === 1) return this.#rows[after];
    return this.#rows.subarray(0, after)
      .findLast((row) => this.sentMs(row) < ms);
  }

  /** The message before or after another. */
  neighbour(row: number, direction: 1 | -1): number | undefined {
    const i = this.#rows.indexOf(row);
    return i < 0 ? undefined : this.#rows[i + direction];
  }

  /** The position of the first that is sent later. */
  #firstSentAfter(ms: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sentMs(this.#rows[middle]!) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Lost messages end in different places if they were sent within this part of a
 * typical message's time.
 */
const together = 0.1;

/**
 * Gives rows numbers without a pattern: of requests and replies in turns, every
 * second would be requests only.
 */
function scattered(row: number): number {
  return Math.imul(row, 0x9e3779b1) >>> 15;
}

function median(numbers: number[]): number | undefined {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}
