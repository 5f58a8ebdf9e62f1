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
import { inner } from "../inner.ts";
import {
  assignedKeys,
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
    forEachOffset(
      observation,
      (key, offset) => inner(tails, key, () => new Tail()).reach(offset, time),
    );
  }
  let worst: Lag | undefined;
  /** For each process and assigned key the highest offset that it has seen. */
  const positions = new Map<Process, Map<string, number>>();
  for (const observation of all) {
    const { op, invocation } = observation;
    if (op.type !== "ok") continue;
    const before = positions.get(op.process) ?? new Map<string, number>();
    if (op.f === "assign") {
      positions.set(
        op.process,
        new Map(
          inMapOrder(assignedKeys(op)).map((
            key,
          ) => [key, before.get(key) ?? -1]),
        ),
      );
    } else if (op.f === "subscribe") {
      positions.set(op.process, new Map());
    } else if (op.f === "poll" || op.f === "txn") {
      forEachOffset(observation, (key, offset) => raise(before, key, offset));
      positions.set(op.process, before);
      if (invocation === undefined) continue;
      for (const [key, offset] of before) {
        const passedAt = tails.get(key)?.passedAt(offset) ?? Infinity;
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

/** Calls back with each offset that an operation showed to exist. */
function forEachOffset(
  { op, sends, polls }: Observation,
  visit: (key: string, offset: number) => void,
): void {
  if (op.type === "fail") return;
  for (const [key, entries] of polls) {
    for (const { offset } of entries) {
      if (offset !== undefined) visit(key, Math.max(-1, offset));
    }
    // An answer without messages shows that nothing was there.
    visit(key, -1);
  }
  for (const [key, entries] of sends) {
    for (const { offset } of entries) {
      if (offset !== undefined) visit(key, Math.max(0, offset));
    }
  }
}

function raise(offsets: Map<string, number>, key: string, offset: number) {
  offsets.set(key, Math.max(offsets.get(key) ?? -1, offset));
}
