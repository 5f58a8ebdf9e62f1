/**
 * A set that only grows: was every element that is known to be in it found by
 * every read from some moment on?
 *
 * The rules, and the names of what is found, are those of Jepsen's `set-full`
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/checker.clj),
 * down to its indulgence: an element that a read shows twice, or that nobody
 * added, doesn't make it invalid there, so it doesn't here. They are reported
 * under keys of our own, `repeated` and `unexpected`.
 *
 * @module
 */
import { msInNs } from "../clock.ts";
import { identity } from "../exact_json.ts";
import { type History, isClientOp, type Op, pairs } from "../history.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";
import type { Findings, Validity } from "./validity.ts";

/** What {@linkcode setFull} finds. Latencies are in milliseconds. */
export interface SetFullFindings extends Findings {
  "valid?": Validity;
  /** How many elements were added, or tried to. */
  "attempt-count": number;
  /** Elements that every read found from some moment on. */
  "stable-count": number;
  /** Elements that were known to be there, and that no read found any more. */
  "lost-count": number;
  lost: unknown[];
  /** Elements of which nothing is known, as no read came late enough. */
  "never-read-count": number;
  "never-read": unknown[];
  /** Stable elements that some read missed although they were known. */
  "stale-count": number;
  stale: unknown[];
  "worst-stale": {
    element: unknown;
    outcome: string;
    "stable-latency": number;
    /** When it was known: the index of the operation's completion. */
    "known-index": number;
    /** The invocation of the last read that missed it. */
    "last-absent-index": number;
  }[];
  /** From when it was known until all reads found it. */
  "stable-latencies"?: Quantiles;
  /** From when it was known until no read found it. */
  "lost-latencies"?: Quantiles;
  "duplicated-count": number;
  duplicated: { [element: string]: number };
  /** Elements that one read showed more than once, and how often. */
  repeated?: [element: unknown, times: number][];
  /** Elements that reads showed and nobody had added. */
  unexpected?: unknown[];
}

interface Element {
  value: unknown;
  /** The completion that first showed it was there: of the add, or a read. */
  known?: Op;
  /** Invocations of reads. */
  lastPresent?: Op;
  lastAbsent?: Op;
  /** The last read that showed it, to find those that didn't. */
  seenBy?: Op;
}

/** How many of the worst are described. */
const maxWorstStale = 8;

/** How many oddities are listed. */
const maxListed = 48;

/**
 * Checks a history of adds and reads.
 *
 * @param addF the `f` of the operation that adds: `"broadcast"`, `"add"`.
 */
export function setFull(history: History, addF: string): SetFullFindings {
  const counterpart = pairs(history);
  const elements = new Map<unknown, Element>();
  const repeated = new Map<unknown, [element: unknown, times: number]>();
  const unexpected = new Map<unknown, unknown>();

  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.f === addF) {
      const key = keyOf(op.value);
      if (op.type === "invoke") elements.set(key, { value: op.value });
      else if (op.type === "ok") {
        const element = elements.get(key);
        if (element) element.known ??= op;
      }
    } else if (op.f === "read" && op.type === "ok") {
      const invocation = counterpart[op.index];
      // Null is an empty list, as in Clojure.
      const values = op.value ?? [];
      if (invocation === undefined || !Array.isArray(values)) continue;
      for (const value of values) {
        const key = keyOf(value);
        const element = elements.get(key);
        if (element === undefined) unexpected.set(key, value);
        else if (element.seenBy === op) {
          if (repeated.size < maxListed && !repeated.has(key)) {
            repeated.set(key, [value, occurrences(values, key)]);
          }
        } else {
          element.seenBy = op;
          element.known ??= op;
          element.lastPresent = later(element.lastPresent, invocation);
        }
      }
      for (const element of elements.values()) {
        if (element.seenBy !== op) {
          element.lastAbsent = later(element.lastAbsent, invocation);
        }
      }
    }
  }

  const outcomes = [...elements.values()]
    .sort((a, b) => compare(a.value, b.value)).map(judgeElement);
  const of = (outcome: Outcome["outcome"]) =>
    outcomes.filter((each) => each.outcome === outcome);
  const values = (some: Outcome[]) => some.map(({ element }) => element.value);
  const stable = of("stable");
  const lost = of("lost");
  const neverRead = of("never-read");
  const stale = stable.filter(({ latencyMs }) => latencyMs! > 0);
  const stableLatencies = quantiles(stable.map(({ latencyMs }) => latencyMs!));
  const lostLatencies = quantiles(lost.map(({ latencyMs }) => latencyMs!));

  return {
    "valid?": lost.length > 0 ? false : stable.length === 0 ? "unknown" : true,
    "attempt-count": outcomes.length,
    "stable-count": stable.length,
    "lost-count": lost.length,
    lost: values(lost),
    "never-read-count": neverRead.length,
    "never-read": values(neverRead),
    "stale-count": stale.length,
    stale: values(stale),
    "worst-stale": stale
      .toSorted((a, b) => a.latencyMs! - b.latencyMs!).reverse()
      .slice(0, maxWorstStale)
      .map(({ element, outcome, latencyMs }) => ({
        element: element.value,
        outcome,
        "stable-latency": latencyMs!,
        "known-index": element.known!.index,
        "last-absent-index": element.lastAbsent!.index,
      })),
    ...(stableLatencies && { "stable-latencies": stableLatencies }),
    ...(lostLatencies && { "lost-latencies": lostLatencies }),
    "duplicated-count": 0,
    duplicated: {},
    ...(repeated.size > 0 &&
      { repeated: [...repeated.values()] }),
    ...(unexpected.size > 0 &&
      { unexpected: [...unexpected.values()].slice(0, maxListed) }),
  };
}

interface Outcome {
  element: Element;
  outcome: "stable" | "lost" | "never-read";
  latencyMs?: number;
}

function judgeElement(element: Element): Outcome {
  const { known, lastPresent, lastAbsent } = element;
  const present = lastPresent?.index ?? -1;
  const absent = lastAbsent?.index ?? -1;
  if (lastPresent && absent < present) {
    return {
      element,
      outcome: "stable",
      latencyMs: latencyMs(known!, lastAbsent),
    };
  }
  // A read that began before the element was known may have come before it.
  if (known && lastAbsent && present < absent && known.index < absent) {
    return {
      element,
      outcome: "lost",
      latencyMs: latencyMs(known, lastPresent),
    };
  }
  return { element, outcome: "never-read" };
}

/** From when it was known until just after a read began, in whole ms. */
function latencyMs(known: Op, read: Op | undefined): number {
  const endNs = read === undefined ? 0 : read.time + 1;
  return Math.floor(Math.max(0, endNs - known.time) / msInNs);
}

function later(a: Op | undefined, b: Op): Op {
  return a === undefined || a.index < b.index ? b : a;
}

/**
 * What makes two elements the same: JSON values are compared by content. The
 * text of an object can't be mistaken for a string's, which is itself.
 */
function keyOf(value: unknown): unknown {
  return typeof value === "object" && value !== null
    ? `\0${identity(value)}`
    : value;
}

function occurrences(values: unknown[], key: unknown): number {
  return values.filter((value) => keyOf(value) === key).length;
}

function compare(a: unknown, b: unknown): number {
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a) < String(b)
    ? -1
    : 1;
}
