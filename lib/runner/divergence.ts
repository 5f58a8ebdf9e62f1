/**
 * Runs that should be one: the same seed, run twice.
 *
 * @module
 */
import type { Judgement } from "../workbench/mod.ts";
import { secondInNs } from "../workbench/sim/clock.ts";
import type { Envelope } from "../workbench/sim/network.ts";

/**
 * The number of messages after which the second run ends. Most runs are no longer,
 * and one that is doesn't take twice the time.
 */
export const maxCompared = 5000;

/**
 * Tells where two runs part; `undefined` where they don't.
 *
 * @param again the second run; from {@linkcode maxCompared} messages on, its
 * beginning is enough.
 */
export function divergenceOf(
  one: Pick<Judgement, "journal" | "history" | "startNs">,
  again: Pick<Judgement, "journal" | "history">,
): string | undefined {
  const isPart = again.journal.length >= maxCompared;
  const length = isPart
    ? again.journal.length
    : Math.max(one.journal.length, again.journal.length);
  for (let i = 0; i < length; i++) {
    const [first, second] = [one.journal[i], again.journal[i]];
    if (first && second && areOne(first, second, isPart)) continue;
    const { src, dest, sentNs } = [first, second]
      .filter((each) => each !== undefined)
      .reduce((a, b) => a.sentNs <= b.sentNs ? a : b);
    const seconds = (sentNs - one.startNs) / secondInNs;
    return `at ${seconds.toFixed(3)} s, with a message from ${src} to ${dest}`;
  }
  return isPart || JSON.stringify(one.history) === JSON.stringify(again.history)
    ? undefined
    : "in what clients made of the same messages";
}

/** Compares two messages; the second may still have been under way. */
function areOne(one: Envelope, other: Envelope, isPart: boolean): boolean {
  const isUnderWay = isPart && other.receivedNs === undefined && !other.lost;
  return one.line === other.line && one.src === other.src &&
    one.dest === other.dest && one.sentNs === other.sentNs &&
    (isUnderWay ||
      one.receivedNs === other.receivedNs && one.lost === other.lost);
}
