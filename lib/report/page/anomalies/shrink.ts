/**
 * Shrinks the history of a key that isn't a linearizable register, to the few
 * operations that show it.
 *
 * Operations can't be left out of a history at will: without a write, a read of
 * its value is wrong where it was right. These steps are sound: if the whole
 * has an order that explains all results, so has what is left.
 *
 * - **Leave out what comes after** the completion at which the checker finds
 *   that it can't go on. An operation that is open there stays open.
 * - **Leave out what comes before** a moment. The key may hold anything then,
 *   so what is left must be wrong for each value that the key can hold. A write
 *   or cas that is open at that moment may have had its effect before, so it
 *   may happen or not; a read that is open may have been before, so it says
 *   nothing.
 * - **Leave out a read**, which changes nothing.
 * - **Leave out a write or cas whose value nothing else that is left observes**,
 *   be it by a read or by a cas from that value. From its moment to the next one
 *   that sets another value nothing looks, so nothing misses it.
 *
 * @module
 */
import { linearizable } from "../../../workbench/checkers/linearizable.ts";
import { identity } from "../../../workbench/sim/exact_json.ts";
import { type Op, pairs } from "../../../workbench/load/history.ts";

/** An operation that is left, as the checker sees it. */
export interface Part {
  begin: Op;
  /** Absent if it may happen at any time, or never. */
  end?: Op;
  /** True if it was open when what is left begins. */
  openBefore: boolean;
}

/**
 * The effort that a check may take: so many that the page doesn't keep one
 * waiting.
 */
const limits = { perOp: 1000, reserve: 1_000_000 };

/** The most values of a key that are all tried. */
const maxValues = 32;

/**
 * Shrinks the history of a key that isn't linearizable.
 *
 * @param ofKey all entries of the key, in order; their indexes ascend.
 * @param culprit the index of the completion at which the checker can't go on.
 */
export function smallestPart(
  ofKey: readonly Op[],
  culprit: number,
): { parts: Part[]; anyBefore: boolean } {
  const whole = partsUntil(ofKey, culprit);
  const values = new Map<string, unknown>(
    whole.flatMap((part) => [...valuesOf(part)])
      .map((value) => [identity(value), value]),
  );
  values.delete(identity(null));
  const initial = values.size <= maxValues ? [...values.values()] : undefined;
  const isWrong = (parts: readonly Part[], anyBefore: boolean) =>
    isImpossible(parts) &&
    (!anyBefore ||
      initial!.every((value) => isImpossible(parts, value)));

  let parts = whole;
  let anyBefore = false;
  if (initial) {
    // The later the moment, the less is known: so the last one that will do
    // can be searched for by halves.
    const moments = whole.map(({ begin }) => begin.index)
      .sort((a, b) => a - b);
    let [low, high] = [-1, moments.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const later = partsFrom(whole, moments[middle]!);
      if (isWrong(later, true)) {
        [low, parts, anyBefore] = [middle, later, true];
      } else high = middle - 1;
    }
  }
  for (let before = -1; before !== parts.length;) {
    before = parts.length;
    // The latest are the nearest to what went wrong: they stay if they can.
    for (const part of [...parts]) {
      const others = parts.filter((other) => other !== part);
      if (canBeLeftOut(part, others) && isWrong(others, anyBefore)) {
        parts = others;
      }
    }
  }
  return { parts, anyBefore };
}

/**
 * Returns what was begun up to an operation's end, and what had ended by then.
 */
export function partsUntil(ofKey: readonly Op[], last: number): Part[] {
  // `pairs` wants a whole history, in which indexes are places.
  const counterpart = pairs(ofKey.map((op, index) => ({ ...op, index })));
  return ofKey.flatMap((begin, place): Part[] => {
    if (begin.type !== "invoke" || begin.index > last) return [];
    const other = counterpart[place];
    const end = other && ofKey[other.index];
    if (end?.type === "fail") return [];
    const ended = end?.type === "ok" && end.index <= last;
    if (!ended && begin.f === "read") return [];
    return [{ begin, ...(ended && { end }), openBefore: false }];
  });
}

/** Returns what there is from a moment on. */
export function partsFrom(parts: readonly Part[], moment: number): Part[] {
  return parts.flatMap((part): Part[] => {
    const { begin, end } = part;
    if (begin.index >= moment) return [part];
    if (end && (end.index < moment || begin.f === "read")) return [];
    return [{ begin, openBefore: true }];
  });
}

/** Tells whether a part can be left out if the others stay. */
export function canBeLeftOut(part: Part, others: readonly Part[]): boolean {
  if (part.begin.f === "read") return true;
  const value = identity(setBy(part));
  return !others.some((other) => observed(other) === value);
}

/** Returns the value to which an operation sets the key. */
function setBy({ begin, end }: Part): unknown {
  const argument = argumentOf(end ?? begin);
  return begin.f === "cas" ? (argument as unknown[])[1] : argument;
}

/** The identity of what an operation saw, or has to see. */
function observed({ begin, end }: Part): string | undefined {
  const argument = argumentOf(end ?? begin);
  if (begin.f === "write") return undefined;
  return identity(begin.f === "cas" ? (argument as unknown[])[0] : argument);
}

/** Returns the argument of an operation, beside the key. */
export function argumentOf({ value }: Op): unknown {
  return (value as unknown[])[1];
}

/** The values that a part saw, or set. */
function valuesOf({ begin, end }: Part): unknown[] {
  const argument = argumentOf(end ?? begin);
  return begin.f === "cas" ? argument as unknown[] : [argument];
}

/**
 * Tells whether the checker says so, if the key holds a value before it all.
 */
export function isImpossible(
  parts: readonly Part[],
  initial?: unknown,
): boolean {
  const entries = parts.flatMap(({ begin, end }) => end ? [begin, end] : begin)
    .sort((a, b) => a.index - b.index);
  const [key] = (parts[0]?.begin.value ?? [null]) as unknown[];
  const first = {
    time: 0,
    process: -1,
    f: "write",
    value: [key, initial],
  } as const;
  const history = [
    ...(initial === undefined
      ? []
      : [{ ...first, type: "invoke" }, { ...first, type: "ok" }] as const),
    ...entries,
  ].map((op, index): Op => ({ ...op, index }));
  return linearizable(history, limits)["valid?"] === false;
}
