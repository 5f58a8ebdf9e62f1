/**
 * Nodes under virtual time: what apps, programs and modules share.
 *
 * @module
 */
import { type Clock, msInNs } from "../sim/clock.ts";
import type { Random } from "../sim/random.ts";
import { behind, firstValue } from "./first_value.ts";
import type { ClockChange, Surroundings } from "./host.ts";
import { unended } from "./lines.ts";
import { forward, send } from "./sending.ts";

/**
 * The time that a simulated node takes to start: drawn uniformly between the
 * two. Real processes start one after the other, too. Were all to start at
 * once, their timers would go off at the same moments for ever, and figures
 * would show that instead of the algorithm.
 */
const startUpMs = [50, 500] as const;

/**
 * The number of times that a node may look at its clock before that takes time.
 * Computing takes none in a simulation, so a loop that waits for the clock would
 * never end.
 */
const freeLooks = 100_000;

/** The number of times that a node may ask in vain for input, likewise. */
const freeAsks = 1000;

/** The time that each further look takes. */
const lookNs = 1000;

/** The lines that a node may print at once before that takes time, too. */
const freeLines = 100_000;

/** The time that each further line takes. */
const lineNs = 20_000;

/** The most that a node's own time may be ahead of the run's. */
const maxAheadNs = 100 * msInNs;

/**
 * The number of times that a node may be called back in the same instant. After
 * that no timer of its takes less than a millisecond, as in a process.
 */
const freeTurns = 10_000;

/** The real time when a run begins: the first moment of 2024. */
export const epochMs: number = Date.UTC(2024);

/** A node that went on computing, as it's reported. */
export const stuckText =
  "computed for ten seconds without reading, writing or waiting, and was ended: is there a loop that never ends?";

/** A node that has, or has sent, too much, as it's reported. */
export const fullText =
  "was ended, as the nodes and their messages take up all the memory that there is: does it keep, or send, more and more?";

/** One node under virtual time. */
export class SimulatedNode {
  /** The time at which its program starts, on the run's clock. */
  readonly startNs: number;
  /** True if it's over. */
  stopped = false;
  #id: string;
  #surroundings: Surroundings;
  #clock: Clock;
  #placed: (text: string) => string;
  #looks = 0;
  #asks = 0;
  #goesOn = false;
  #lines = 0;
  #turnNs = -1;
  #turns = 0;
  #leastDelayNs = 0;
  #passedOver: string | undefined;
  /** Until when it's busy with looking at its clock. */
  #busyNs = 0;
  /** While it's paused: what it will do then, in order. */
  #held: (() => void)[] | undefined;
  /** The time that its own clock showed at some time, and its rate since. */
  #shown = { ownNs: 0, atNs: 0, rate: 1 };
  /** The time that its date is ahead of that. */
  #stepNs = 0;

  /** @param placed names the files of its program in a text that holds a trace. */
  constructor(
    id: string,
    surroundings: Surroundings,
    random: Random,
    placed: (text: string) => string = (text) => text,
  ) {
    this.#id = id;
    this.#placed = placed;
    this.#surroundings = surroundings;
    this.#clock = surroundings.clock;
    const [least, most] = startUpMs;
    this.startNs = this.#clock.nowNs +
      Math.round((least + (most - least) * random.float()) * msInNs);
    this.#shown.atNs = this.startNs;
  }

  /**
   * Nanoseconds since it started, on its own clock; each look at it may take some.
   */
  look(): number {
    this.#surroundings.watch?.beat();
    if (++this.#looks > freeLooks) {
      this.#busyNs = this.#nowNs + lookNs;
    }
    return this.#ownNs;
  }

  /** Nanoseconds since then by its date, which may go back. */
  lookAtDate(): number {
    return this.look() + this.#stepNs;
  }

  /** Changes its clock; without a change it's right again, from now on. */
  setClock({ jumpMs, rate }: ClockChange = { jumpMs: 0, rate: 1 }): void {
    const ownNs = this.#ownNs + Math.max(0, jumpMs) * msInNs;
    this.#shown = { ownNs, atNs: this.#nowNs, rate };
    this.#stepNs = Math.min(0, jumpMs) * msInNs;
  }

  get #ownNs(): number {
    const { ownNs, atNs, rate } = this.#shown;
    return ownNs + Math.round((this.#nowNs - atNs) * rate);
  }

  /**
   * Tells whether it has printed so much at once that it has to wait for the run;
   * if so, it goes on with the same when it's called back.
   */
  isAhead(): boolean {
    this.#goesOn = this.#busyNs > this.#clock.nowNs + maxAheadNs;
    return this.#goesOn;
  }

  /**
   * Counts that it has asked in vain.
   *
   * @returns whether it has done so too often, so that time has to go on.
   */
  askInVain(): boolean {
    return ++this.#asks > freeAsks;
  }

  /** Keeps it from doing anything. */
  pause(): void {
    this.#held ??= [];
  }

  /** Lets it do all that it would have done meanwhile, and go on. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    // One after the other: what one sets in motion comes to rest first.
    for (const action of held) this.#clock.at(this.#clock.nowNs, action);
  }

  /** Lets the node go on: now, or when it's neither busy nor paused any more. */
  act(action: () => void): void {
    if (this.stopped) return;
    if (this.#held) {
      this.#held.push(() => this.act(action));
      return;
    }
    if (this.#busyNs > this.#clock.nowNs) {
      this.#clock.at(this.#busyNs, () => this.act(action));
      return;
    }
    this.#looks = 0;
    this.#asks = 0;
    if (!this.#goesOn) this.#lines = 0;
    this.#goesOn = false;
    this.#turns = this.#turnNs === this.#clock.nowNs ? this.#turns + 1 : 0;
    this.#turnNs = this.#clock.nowNs;
    if (this.#turns > freeTurns) this.#leastDelayNs = msInNs;
    const { watch } = this.#surroundings;
    const end = (why = stuckText) => this.crashed(why);
    if (watch?.enter(end) === false) return end();
    action();
  }

  /** Calls the node back; see `Clock.at`. */
  after(delayNs: number, callback: () => void): () => void {
    this.#surroundings.watch?.beat();
    const { rate } = this.#shown;
    const dueNs = this.#nowNs + Math.max(delayNs / rate, this.#leastDelayNs);
    let isOff = false;
    const cancel = this.#clock.at(dueNs, () =>
      this.act(() => {
        if (!isOff) callback();
      }));
    // It may be due, and wait for the node to be free.
    return () => (isOff = true, cancel());
  }

  /** Sends a message that is an object. */
  send(message: unknown): void {
    const { network, clock, onError } = this.#surroundings;
    const line = this.#placed(JSON.stringify(message));
    this.#write();
    this.#whenFree(() =>
      send(this.#id, message, line, network, clock, onError)
    );
  }

  /**
   * Takes a line that the node printed for a message.
   *
   * @returns whether it is JSON.
   */
  print(line: string): boolean {
    const { network, clock, onError } = this.#surroundings;
    const { value, text, rest } = firstValue(this.#placed(line));
    if (rest !== "") this.#passedOver ??= rest;
    this.#write();
    this.#whenFree(() =>
      forward(this.#id, value, text, network, clock, onError)
    );
    return value !== undefined;
  }

  /** A hint that may explain its silence: something that nobody heard. */
  hint(openChars: number): string | undefined {
    return unended(this.#id, openChars) ?? behind(this.#id, this.#passedOver);
  }

  /** Writes a line to the node's log. */
  log(line: string): void {
    this.#write();
    if (this.stopped) return;
    this.#surroundings.onLog(this.#id, this.#placed(line));
  }

  /** Reports the node's end, which is no end that a node may have. */
  crashed(text: string): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#surroundings.onError({
      node: this.#id,
      kind: "node-crashed",
      text: `${this.#id} ${text}`,
      timeNs: this.#clock.nowNs,
    });
  }

  get #nowNs(): number {
    return Math.max(this.#clock.nowNs, this.#busyNs);
  }

  #write(): void {
    this.#surroundings.watch?.beat();
    if (++this.#lines > freeLines) this.#busyNs = this.#nowNs + lineNs;
  }

  #whenFree(action: () => void): void {
    if (this.#busyNs <= this.#clock.nowNs) this.#unlessPaused(action);
    else this.#clock.at(this.#busyNs, () => this.#unlessPaused(action));
  }

  #unlessPaused(action: () => void): void {
    if (this.stopped) return;
    if (this.#held) this.#held.push(() => this.#unlessPaused(action));
    else action();
  }
}
