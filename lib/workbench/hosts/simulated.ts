/**
 * Nodes under virtual time: what apps, programs and modules share.
 *
 * @module
 */
import { type Clock, msInNs } from "../sim/clock.ts";
import type { Random } from "../sim/random.ts";
import type { Surroundings } from "./host.ts";
import { forward, send } from "./sending.ts";

/**
 * The time that a simulated node takes to start: drawn uniformly between the
 * two. Real processes start one after the other, too. Were all to start at
 * once, their timers would go off at the same moments for ever, and figures
 * would show that instead of the algorithm.
 */
const startUpMs = [50, 500] as const;

/**
 * The number of times that a node may read its clock, or ask in vain for input,
 * before that takes time. Computing takes none in a simulation, so a loop that
 * waits for the clock would never end.
 */
const freeLooks = 1000;

/** The time that each further look takes. */
const lookNs = 1000;

/** A node that went on computing, as it's reported. */
export const stuckText =
  "computed for ten seconds without reading, writing or waiting, and was ended: is there a loop that never ends?";

/** One node under virtual time. */
export class SimulatedNode {
  /** The time at which its program starts, on the run's clock. */
  readonly startNs: number;
  /** True if it's over. */
  stopped = false;
  #id: string;
  #surroundings: Surroundings;
  #clock: Clock;
  #looks = 0;
  /** Until when it's busy with looking at its clock. */
  #busyNs = 0;

  constructor(id: string, surroundings: Surroundings, random: Random) {
    this.#id = id;
    this.#surroundings = surroundings;
    this.#clock = surroundings.clock;
    const [least, most] = startUpMs;
    this.startNs = this.#clock.nowNs +
      Math.round((least + (most - least) * random.float()) * msInNs);
  }

  /** Nanoseconds since it started; each look at it may take some. */
  look(): number {
    if (++this.#looks > freeLooks) {
      this.#busyNs = this.#nowNs + lookNs;
    }
    return this.#nowNs - this.startNs;
  }

  /** True if it has asked in vain so often that time has to go on. */
  get isSpinning(): boolean {
    return this.#looks > freeLooks;
  }

  /** Lets the node go on: now, or when it isn't busy any more. */
  act(action: () => void): void {
    if (this.stopped) return;
    if (this.#busyNs > this.#clock.nowNs) {
      this.#clock.at(this.#busyNs, () => this.act(action));
      return;
    }
    this.#looks = 0;
    const { watch } = this.#surroundings;
    if (watch?.enter(this.#id) === false) return this.crashed(stuckText);
    action();
  }

  /** Calls the node back; see `Clock.at`. */
  after(delayNs: number, callback: () => void): () => void {
    return this.#clock.at(this.#nowNs + delayNs, () => this.act(callback));
  }

  /** Sends a message that is an object. */
  send(message: unknown): void {
    const { network, clock, onError } = this.#surroundings;
    const line = JSON.stringify(message);
    this.#whenFree(() =>
      send(this.#id, message, line, network, clock, onError)
    );
  }

  /** Takes a line that the node printed for a message. */
  print(line: string): void {
    const { network, clock, onError } = this.#surroundings;
    this.#whenFree(() =>
      forward(this.#id, parse(line), line, network, clock, onError)
    );
  }

  /** Writes a line to the node's log. */
  log(line: string): void {
    if (!this.stopped) this.#surroundings.onLog(this.#id, line);
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

  #whenFree(action: () => void): void {
    if (this.stopped) return;
    if (this.#busyNs <= this.#clock.nowNs) return action();
    this.#clock.at(this.#busyNs, () => {
      if (!this.stopped) action();
    });
  }
}

/** A value from its JSON; `undefined` if it isn't JSON. */
export function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
