/**
 * Runs that should be one: the same seed, judged twice.
 *
 * @module
 */
import type { Judgement } from "../workbench/mod.ts";
import { secondInNs } from "../workbench/sim/clock.ts";
import type { Envelope } from "../workbench/sim/network.ts";

/** Tells where two runs part; `undefined` where they don't. */
export function divergenceOf(
  one: Pick<Judgement, "journal" | "history" | "startNs">,
  other: Pick<Judgement, "journal" | "history">,
): string | undefined {
  const length = Math.max(one.journal.length, other.journal.length);
  for (let i = 0; i < length; i++) {
    const [first, second] = [one.journal[i], other.journal[i]];
    if (first && second && areOne(first, second)) continue;
    const { src, dest, sentNs } = [first, second]
      .filter((each) => each !== undefined)
      .reduce((a, b) => a.sentNs <= b.sentNs ? a : b);
    const seconds = (sentNs - one.startNs) / secondInNs;
    return `at ${seconds.toFixed(3)} s, with a message from ${src} to ${dest}`;
  }
  return JSON.stringify(one.history) === JSON.stringify(other.history)
    ? undefined
    : "in what clients made of the same messages";
}

function areOne(one: Envelope, other: Envelope): boolean {
  return one.line === other.line && one.src === other.src &&
    one.dest === other.dest && one.sentNs === other.sentNs &&
    one.receivedNs === other.receivedNs && one.lost === other.lost;
}
