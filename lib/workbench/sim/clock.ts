/**
 * Time. One event queue orders everything that happens in a run; two clocks
 * drive it. The virtual clock jumps from event to event, so that a run of
 * twenty seconds takes a fraction of one, and always goes the same way. The
 * wall clock waits, so that real processes can take part.
 *
 * Times are integer nanoseconds since the clock was made, as in Jepsen's
 * histories.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import TinyQueue from "tinyqueue";
import { invariant } from "./invariant.ts";
import { LatenessMeter } from "./lateness.ts";
import { msInNs, secondInNs } from "./units.ts";

export { msInNs, secondInNs } from "./units.ts";

interface Event {
  timeNs: number;
  /** Breaks ties: what was scheduled first happens first. */
  order: number;
  action: (() => void) | undefined;
}

/**
 * The time that the queue reaches ahead. What comes later waits beside it: most of
 * that are timeouts, and nearly all of them are taken back before their time.
 */
const reachNs = secondInNs;

/** An event queue, and the time that it has reached. */
export abstract class Clock {
  /** The events up to the horizon, the next one first. */
  #events = new TinyQueue<Event>(
    [],
    (a, b) => a.timeNs - b.timeNs || a.order - b.order,
  );
  #horizonNs = reachNs;
  /** Those beyond, in any order. */
  #later: Event[] = [];
  #order = 0;

  /** Measures how late things happen; absent where nothing is ever late. */
  readonly meter?: LatenessMeter;

  /** Nanoseconds since the clock was made. */
  abstract get nowNs(): number;

  /**
   * Schedules an action; a time that has passed means as soon as possible.
   *
   * @returns a function that takes the action back.
   */
  at(timeNs: number, action: () => void): () => void {
    invariant(!Number.isNaN(timeNs), "the time of a timer is a number");
    const event: Event = {
      timeNs: Math.max(Math.round(timeNs), this.nowNs),
      order: this.#order++,
      action,
    };
    this.#put(event);
    this.scheduled();
    return () => event.action = undefined;
  }

  /** Schedules an action some time from now. See {@linkcode at}. */
  after(delayNs: number, action: () => void): () => void {
    return this.at(this.nowNs + delayNs, action);
  }

  /** Waits; only for code that {@linkcode drive} runs. */
  sleepUntil(timeNs: number): Promise<void> {
    return new Promise((resolve) => this.at(timeNs, resolve));
  }

  /**
   * Lets events happen until a promise is settled.
   *
   * @returns the promise's value.
   */
  abstract drive<T>(promise: Promise<T>): Promise<T>;

  /** Called when an event has been scheduled. */
  protected scheduled(): void {}

  /** The time of the next event; `undefined` where there is none. */
  protected nextNs(): number | undefined {
    for (;;) {
      const event = this.#events.peek();
      if (event?.action) return event.timeNs;
      if (event !== undefined) this.#events.pop(); // it was taken back
      else if (!this.#reachOut()) return undefined;
    }
  }

  /**
   * Moves the horizon, once the queue is empty.
   *
   * @returns whether there is anything beyond the old one.
   */
  #reachOut(): boolean {
    const waiting = this.#later.filter(({ action }) => action);
    this.#later = [];
    if (waiting.length === 0) return false;
    const nextNs = waiting.reduce(
      (least, { timeNs }) => Math.min(least, timeNs),
      Infinity,
    );
    this.#horizonNs = nextNs + reachNs;
    for (const event of waiting) this.#put(event);
    return true;
  }

  #put(event: Event): void {
    if (event.timeNs <= this.#horizonNs) this.#events.push(event);
    else this.#later.push(event);
  }

  /** Lets the event happen that {@linkcode nextNs} gave the time of. */
  protected happen(): void {
    const event = this.#events.pop();
    const action = event?.action;
    invariant(event && action, "the event that is to happen is the next");
    event.action = undefined; // so that it can't be taken back any more
    action();
  }
}

/** The number of events in virtual time that share a round of the event loop. */
const eventsPerRound = 64;

/** A clock that jumps from event to event. */
export class VirtualClock extends Clock {
  #nowNs = 0;

  override get nowNs(): number {
    return this.#nowNs;
  }

  override async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => settled = true;
    promise.then(settle, settle);
    while (!settled) {
      // Whatever an event sets in motion comes to rest before the next:
      // promises, promises of promises, however deep.
      await turns(eventsPerRound, () => {
        if (!settled) this.#jump();
      });
    }
    return promise;
  }

  /** Goes on to the next event. */
  #jump(): void {
    const timeNs = this.nextNs();
    if (timeNs === undefined) {
      throw new Error("The run is stuck: nothing is left that could happen");
    }
    invariant(timeNs >= this.#nowNs, "time never goes back");
    this.#nowNs = timeNs;
    this.happen();
  }
}

/** A clock that waits for the time to come. */
export class WallClock extends Clock {
  override readonly meter: LatenessMeter = new LatenessMeter();
  #time: () => number;
  #start: number;
  #wake = () => {};

  /** @param time returns milliseconds that go on by themselves. */
  constructor(time: () => number = () => performance.now()) {
    super();
    this.#time = time;
    this.#start = time();
  }

  override get nowNs(): number {
    return Math.round((this.#time() - this.#start) * msInNs);
  }

  override async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
      this.#wake();
    };
    promise.then(settle, settle);
    await turn();
    let expectedNs = this.nowNs;
    while (!settled) {
      const { nowNs } = this;
      // While it looked elsewhere, nothing could be taken from pipes, either.
      this.meter.timer(expectedNs, nowNs);
      expectedNs = nowNs;
      const nextNs = this.nextNs() ?? Infinity;
      const waitMs = (nextNs - nowNs) / msInNs;
      if (waitMs <= 0) {
        this.meter.timer(nextNs, nowNs);
        this.happen();
      } else if (waitMs > timerGrainMs) {
        const restMs = Math.min(waitMs - timerGrainMs, maxRestMs);
        expectedNs += restMs * msInNs;
        await this.#rest(restMs);
      }
      // Input and output get their turn between any two events, and the last
      // moments before an event are spent here rather than in a timer.
      await turn();
    }
    return promise;
  }

  protected override scheduled(): void {
    this.#wake();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
    });
  }
}

/** Timers are that coarse: trusting them more would delay a run's messages. */
const timerGrainMs = 2;

/** So often it looks up, to see how late it is; shorter stops may go unseen. */
const maxRestMs = 20;

/** Lets everything run that is ready to: all promises, then input and output. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Acts so many times, and before each lets all promises run that are ready to.
 *
 * @throws what an act throws, which is the last then.
 */
function turns(count: number, act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let failed = false;
    const turn = () => {
      if (failed) return;
      try {
        act();
      } catch (error) {
        failed = true;
        reject(error);
      }
    };
    for (let i = 0; i < count; i++) setImmediate(turn);
    setImmediate(resolve);
  });
}
