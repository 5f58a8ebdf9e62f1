/**
 * The lag of polls: for how long there had been, when a poll began, a message
 * behind the last one that its process has seen. A lower bound, after
 * `realtime-lag` in Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj).
 *
 * @module
 */
import { secondInNs } from "../../sim/clock.ts";
import type { Process } from "../../load/history.ts";
import { inMapOrder } from "../clojure_order.ts";
import { inner, newMap } from "../inner.ts";
import {
  assignedKeys,
  type Entry,
  type Observation,
  type Observations,
} from "./observations.ts";

/** The poll that lagged most: when it began, and by how much, in seconds. */
export interface Lag {
  time: number;
  process?: Process;
  key?: string;
  lag: number;
}

/** Finds the poll that lagged most; of several the first. */
export function worstRealtimeLag({ all, transactions }: Observations): Lag {
  const tails = new Map<string, Tail>();
  for (const observation of transactions) {
    const { time } = observation.op;
    forEachOffset(observation, (key, offset) => {
      if (offset >= 0) inner(tails, key, newTail).reach(offset, time);
    });
  }
  const at = (key: string, offset: number): Position => ({
    offset,
    passedAt: tails.get(key)?.passedAt(offset) ?? Infinity,
  });
  let worst: Lag | undefined;
  /** For each process its position in each key that it's assigned. */
  const positions = new Map<Process, Map<string, Position>>();
  for (const observation of all) {
    const { op, invocation } = observation;
    if (op.type !== "ok") continue;
    const before = inner(positions, op.process, newMap<string, Position>);
    if (op.f === "assign") {
      const keys = inMapOrder(assignedKeys(op));
      positions.set(
        op.process,
        new Map(keys.map((key) => [key, before.get(key) ?? at(key, -1)])),
      );
    } else if (op.f === "subscribe") {
      positions.delete(op.process);
    } else if (op.f === "poll" || op.f === "txn") {
      forEachOffset(observation, (key, offset) => {
        if (offset > (before.get(key)?.offset ?? -Infinity)) {
          before.set(key, at(key, offset));
        }
      });
      if (invocation === undefined) continue;
      for (const [key, { passedAt }] of before) {
        const lag = Math.max(0, invocation.time - passedAt);
        if (worst !== undefined && lag <= worst.lag) continue;
        worst = { time: invocation.time, process: op.process, key, lag };
      }
    }
  }
  if (worst === undefined) return { time: 0, lag: 0 };
  return {
    ...worst,
    time: worst.time / secondInNs,
    lag: worst.lag / secondInNs,
  };
}

/** The highest offset that a process has seen, and when one behind it was known. */
interface Position {
  offset: number;
  passedAt: number;
}

/**
 * The times at which each offset of a log was first known not to be the last
 * one.
 */
class Tail {
  /** Ever higher offsets that were known, and when. */
  #known: { offset: number; time: number }[] = [];

  reach(offset: number, time: number): void {
    const last = this.#known.at(-1);
    if (offset > (last?.offset ?? -1)) this.#known.push({ offset, time });
  }

  /** Returns the time at which an offset behind this one was known. */
  passedAt(offset: number): number {
    let low = 0;
    let high = this.#known.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#known[middle]!.offset > offset) high = middle;
      else low = middle + 1;
    }
    return this.#known[low]?.time ?? Infinity;
  }
}

function newTail() {
  return new Tail();
}

/**
 * Calls back with the highest offset of each key that an operation showed to exist.
 */
function forEachOffset(
  { op, sends, polls, polledKeys }: Observation,
  visit: (key: string, offset: number) => void,
): void {
  if (op.type === "fail") return;
  // An answer without messages shows that nothing was there.
  for (const key of polledKeys) visit(key, -1);
  for (const { key, entries } of polls) visit(key, highestOffset(entries, -1));
  for (const { key, entries } of sends) {
    const highest = highestOffset(entries, 0);
    if (highest >= 0) visit(key, highest);
  }
}

/** The highest offset, each of which is so high at least; -1 if there is none. */
function highestOffset(entries: readonly Entry[], least: number): number {
  let highest = -1;
  for (const { offset } of entries) {
    if (offset !== undefined) highest = Math.max(highest, offset, least);
  }
  return highest;
}
