/**
 * Unavailability of a replicated store that it can't be excused for: a majority was
 * connected, clients asked it for changes, and nobody was answered.
 *
 * @module
 */
import { isClientOp, type Op } from "../../lib/workbench/load/history.ts";
import { faultsIn, type PastFault } from "../../lib/workbench/load/nemesis.ts";
import type { Judgement } from "../../lib/workbench/mod.ts";
import { msInNs } from "../../lib/workbench/sim/clock.ts";

/** Faults are looked at in steps of so long: one that strikes in it strikes in all of it. */
const stepMs = 20;

/**
 * The time after which one that has forgotten everything counts again, if a majority
 * that hasn't is connected with it all the while: it's told the log, and let in.
 */
const learningMs = 3000;

/** A time in which a majority could have answered, and nobody did. */
export interface Outage {
  fromMs: number;
  ms: number;
  majority: readonly string[];
}

/**
 * Returns the longest outage of a run of lin-kv.
 *
 * @param forgets true if nodes that are killed forget what they have promised.
 */
export function longestOutage(
  judgement: Judgement,
  forgets: boolean,
): Outage | undefined {
  const answered = answerTimes(judgement);
  const asked = requestTimes(judgement);
  let longest: Outage | undefined;
  for (const { majority, fromMs, toMs } of calmIn(judgement, forgets)) {
    const ends = answered.filter((ms) => ms > fromMs && ms < toMs);
    for (const [i, endMs] of [...ends, toMs].entries()) {
      const sinceMs = ends[i - 1] ?? fromMs;
      const askedMs = asked.find(({ ms, node }) =>
        ms >= sinceMs && majority.includes(node)
      )?.ms ?? Infinity;
      const ms = endMs - askedMs;
      if (ms <= (longest?.ms ?? 0)) continue;
      longest = { fromMs: askedMs, ms, majority };
    }
  }
  return longest;
}

/** The answers to changes, made or refused, that only the log can have given. */
function answerTimes({ history, workLength }: Judgement): number[] {
  return history.slice(0, workLength).filter(isChange)
    .filter(({ type, error }) =>
      type === "ok" || type === "fail" && Array.isArray(error) &&
        ["precondition-failed", "key-does-not-exist"].includes(error[0])
    ).map(({ time }) => time / msInNs);
}

/** The requests for changes: when, and at which node. */
function requestTimes({ history, workLength, test }: Judgement) {
  return history.slice(0, workLength).filter(isChange)
    .filter(({ type }) => type === "invoke")
    .map(({ time, process }) => {
      const client = process as number % test.concurrency;
      return {
        ms: time / msInNs,
        node: test.nodes[client % test.nodes.length]!,
      };
    });
}

function isChange(op: Op): boolean {
  return isClientOp(op) && op.f !== "read";
}

/** A time in which a majority was alive, connected, and knew what it had promised. */
interface Calm {
  majority: readonly string[];
  fromMs: number;
  toMs: number;
}

function calmIn(judgement: Judgement, forgets: boolean): Calm[] {
  const { history, workLength = 0, test: { nodes } } = judgement;
  const faults = faultsIn(history);
  const endMs = (history[workLength - 1]?.time ?? 0) / msInNs;
  const majorities: readonly (readonly string[])[] = subsets(
    nodes,
    (nodes.length >> 1) + 1,
  );
  const since = new Map<readonly string[], number>();
  /** Since when those that have forgotten have been among those who haven't. */
  const learning = new Map<string, number>();
  const calms: Calm[] = [];
  for (let ms = 0; ms <= endMs; ms += stepMs) {
    const now = faults.filter((fault) => strikes(fault, ms));
    for (const fault of now) {
      if (forgets && fault.kind === "kill") {
        for (const id of fault.nodes) learning.set(id, Infinity);
      }
    }
    const calm = ms + stepMs > endMs
      ? []
      : majorities.filter((some) =>
        !some.some((id) => learning.has(id)) && isConnected(some, now)
      );
    for (const [majority, fromMs] of since) {
      if (calm.includes(majority)) continue;
      calms.push({ majority, fromMs, toMs: ms });
      since.delete(majority);
    }
    for (const majority of calm) {
      if (!since.has(majority)) since.set(majority, ms);
    }
    for (const [id, fromMs] of learning) {
      const learns = calm.some((some) => isConnected([...some, id], now));
      if (learns && ms - fromMs >= learningMs) learning.delete(id);
      else learning.set(id, learns ? Math.min(fromMs, ms) : Infinity);
    }
  }
  return calms;
}

function strikes({ start, end }: PastFault, ms: number): boolean {
  const [fromMs, toMs] = [
    start.time / msInNs,
    (end?.time ?? Infinity) / msInNs,
  ];
  return fromMs < ms + stepMs && toMs > ms;
}

/** Tells whether nothing is wrong with some nodes, nor between any two of them. */
function isConnected(ids: readonly string[], faults: readonly PastFault[]) {
  return faults.every((fault) =>
    "cuts" in fault
      ? !ids.some((id) => fault.cuts[id]?.some((other) => ids.includes(other)))
      : !fault.nodes.some((id) => ids.includes(id))
  );
}

/** All choices of so many. */
function subsets<T>(all: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return all.flatMap((each, i) =>
    subsets(all.slice(i + 1), size - 1).map((others) => [each, ...others])
  );
}
