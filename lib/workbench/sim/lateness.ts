/**
 * The measurement of how late the workbench itself was, in a run in real time,
 * and what that does to a verdict.
 *
 * Measured is what the workbench owes its nodes and clients: its timers go off
 * when they are due, it looks at its pipes without a pause, and a message that
 * has come is handed over as soon as its latency has passed. A machine that is
 * too busy, asleep, or too slow for so many messages shows in all three. Not
 * measured is the time that a node takes, for whatever reason: a slow node isn't
 * excused, nor is one that alone gets no processor while the workbench has its
 * own. The set-up isn't part of it either, unless it fails; and in virtual time
 * nothing is ever late.
 *
 * A run that is valid stays so, and an invalid one is unknown if more time might
 * have helped. Each check says itself how long it waits for what it misses:
 *
 * | invalid, because                          | it waited for                        | said in                          |
 * | ----------------------------------------- | ------------------------------------ | -------------------------------- |
 * | a value, element or log entry is missing  | the recovery, or the final polls     | the workload: `waitsMs`          |
 * | the same, and a last read had no answer   | the client's time-out                | the workload: `waitsMs`          |
 * | a final read isn't yet the sum            | the recovery                         | the workload: `waitsMs`          |
 * | a final read is what no adds ever make    | nothing: it stays invalid            | the workload: `waitsMs`          |
 * | an id came twice, an echo is another      | nothing                              | no `waitsMs`                     |
 * | no order explains it; an anomaly          | nothing: late operations only overlap more | no `waitsMs`               |
 * | too few operations succeeded, or none     | the client's time-out                | the workload: `timeoutMs`        |
 * | a node didn't answer `init`, or the set-up | that time-out                       | the node's error: `waitedMs`     |
 * | a node crashed, or broke the protocol     | nothing                              | no `waitedMs`                    |
 * | a latency is over its limit               | the limit: see {@linkcode delayMs}   | the limit: its unit is `ms`      |
 * | the messages per operation are over it    | nodes that send again: a second      | `report/record.ts`               |
 *
 * @module
 */
import { msInNs } from "./units.ts";

/**
 * The lateness of the workbench.
 *
 * @example
 * ```ts
 * import type { Lateness } from "@call-me-maybe/maelstrom/workbench";
 *
 * const wasBusy = ({ maxTimerMs, maxMessageMs }: Lateness) =>
 *   Math.max(maxTimerMs, maxMessageMs) > 100;
 * ```
 */
export interface Lateness extends MaxLateness {
  /**
   * The times in which something waited for the workbench for longer than
   * timers are coarse: nanoseconds on the journal's clock, in order, apart.
   */
  spans: readonly (readonly [fromNs: number, toNs: number])[];
}

/**
 * The most that anything was late.
 *
 * @example
 * ```ts
 * import type { MaxLateness } from "@call-me-maybe/maelstrom/workbench";
 *
 * const inTime: MaxLateness = { maxTimerMs: 2.3, maxMessageMs: 4.1 };
 * ```
 */
export interface MaxLateness {
  /** The most that a timer was late, in milliseconds. */
  maxTimerMs: number;
  /** The most that a message waited beyond its latency, in milliseconds. */
  maxMessageMs: number;
}

/** Shorter waits are in no span: every machine has them. */
const grainMs = 10;

/** The most spans that are kept; of more, neighbours become one. */
const maxSpans = 10_000;

/** Measures it. All times are nanoseconds on the clock that it belongs to. */
export class LatenessMeter {
  #lateness = { maxTimerMs: 0, maxMessageMs: 0 };
  #spans: [fromNs: number, toNs: number][] = [];

  /** The result until now. */
  get lateness(): Lateness {
    return { ...this.#lateness, spans: this.#spans };
  }

  /** A timer goes off, or something else of the workbench's own happens. */
  timer(dueNs: number, nowNs: number): void {
    this.#note("maxTimerMs", dueNs, nowNs);
  }

  /** A message is handed over, or taken from a pipe. */
  message(dueNs: number, nowNs: number): void {
    this.#note("maxMessageMs", dueNs, nowNs);
  }

  /** Forgets what has been: the test begins. */
  restart(): void {
    this.#lateness = { maxTimerMs: 0, maxMessageMs: 0 };
    this.#spans = [];
  }

  #note(what: "maxTimerMs" | "maxMessageMs", dueNs: number, nowNs: number) {
    const lateMs = (nowNs - dueNs) / msInNs;
    if (lateMs > this.#lateness[what]) this.#lateness[what] = lateMs;
    if (lateMs < grainMs) return;
    const spans = this.#spans;
    let fromNs = dueNs;
    while (spans.length > 0 && spans.at(-1)![1] >= fromNs) {
      fromNs = Math.min(fromNs, spans.pop()![0]);
    }
    spans.push([fromNs, nowNs]);
    if (spans.length > maxSpans) {
      this.#spans = spans.filter((_, i) => i % 2 === 0)
        .map(([from], i) => [from, (spans[2 * i + 1] ?? spans[2 * i])![1]]);
    }
  }
}

/** The most that anything was late, in milliseconds. */
export function maxLateMs({ maxTimerMs, maxMessageMs }: MaxLateness): number {
  return Math.max(maxTimerMs, maxMessageMs);
}

/** The part of a wait that may be lost before it counts. */
const tolerance = 1 / 10;

/**
 * Tells whether a wait that was in vain may have been so because of the
 * workbench: a late message may be one of many that nodes exchange, and one that
 * comes after their own time-outs costs them more than it's late. So a tenth of
 * the wait is enough.
 *
 * @param waitMs `undefined` if no time would have helped.
 */
export function maySpoil(
  lateness: MaxLateness | undefined,
  waitMs: number | undefined,
): boolean {
  return lateness !== undefined && waitMs !== undefined &&
    maxLateMs(lateness) >= waitMs * tolerance;
}

/**
 * The most that lateness can have added to a latency, in milliseconds. What is
 * passed on from node to node waits at one place at a time: altogether no longer
 * than anything waited meanwhile, and at each place no longer than the longest
 * wait.
 *
 * @param latencyMs the latency that was measured.
 * @param linkMs the latency of a message between nodes.
 */
export function delayMs(
  lateness: Lateness,
  latencyMs: number,
  linkMs: number,
): number {
  const withinMs = mostWithinMs(lateness.spans, latencyMs);
  // Without a latency, there's no telling how many messages there were.
  if (linkMs === 0) return withinMs;
  // Beside those between nodes, there's the request and the answer of a read.
  const messages = Math.floor(latencyMs / linkMs) + 2;
  return Math.min(withinMs, messages * maxLateMs(lateness));
}

/** The most that spans cover of any stretch of time of a length. */
function mostWithinMs(spans: Lateness["spans"], lengthMs: number): number {
  let mostNs = 0;
  let first = 0;
  let coveredNs = 0;
  // One of the stretches that hold the most ends with a span.
  for (const [fromNs, toNs] of spans) {
    const startNs = toNs - lengthMs * msInNs;
    coveredNs += toNs - fromNs;
    while (spans[first]![1] < startNs) {
      coveredNs -= spans[first]![1] - spans[first]![0];
      first++;
    }
    const cutNs = Math.max(0, startNs - spans[first]![0]);
    mostNs = Math.max(mostNs, coveredNs - cutNs);
  }
  return mostNs / msInNs;
}

/** The least lateness that people are told of: figures are off by that much. */
export const noticeableMs = 100;

/**
 * Blames it in words for what went wrong: others may have kept the machine busy,
 * or the nodes themselves.
 */
export function blame(lateness: MaxLateness, reason: string): string {
  return `this machine couldn't keep up: ${
    tellLateness(lateness)
  }. That may be why ${reason}`;
}

/** Tells in words how late it was. */
export function tellLateness(lateness: MaxLateness): string {
  const { maxTimerMs, maxMessageMs } = lateness;
  const ms = maxLateMs(lateness);
  const what = maxMessageMs >= maxTimerMs ? "messages" : "timers";
  return `${what} were up to ${
    ms < 1000
      ? `${Math.round(ms)} ms`
      : `${Number((ms / 1000).toPrecision(2))} s`
  } late`;
}
