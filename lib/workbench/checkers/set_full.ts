/**
 * A set that only grows: was every element that is known to be in it found by
 * every read from some moment on?
 *
 * The rules, and the names of what is found, are those of Jepsen's `set-full`
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/checker.clj),
 * down to its indulgence: an element that a read shows twice, or that nobody
 * added, doesn't make it invalid there, so it doesn't here. They are reported
 * under keys of our own, `repeated` and `unexpected`. Nor does an element that
 * some nodes miss to the last, as long as a read that began later shows it: see
 * `missing`.
 *
 * @module
 */
import { msInNs } from "../sim/clock.ts";
import { identity } from "../sim/exact_json.ts";
import {
  type History,
  isClientOp,
  type Op,
  pairs,
  type Process,
} from "../load/history.ts";
import { invariant } from "../sim/invariant.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";
import type { Findings, Validity } from "./validity.ts";

/** The findings of {@linkcode setFull}. Latencies are in milliseconds. */
export interface SetFullFindings extends Findings {
  "valid?": Validity;
  /** The number of elements that were added, or that somebody tried to add. */
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
    /**
     * The place at which it was known: the index of the operation's completion.
     */
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
  /** Of nodes whose last reads miss acknowledged elements: how many. */
  missing?: { [node: string]: number };
}

interface Element {
  value: unknown;
  /** The completion that first showed it was there: of the add, or a read. */
  known?: Op | undefined;
  /** Invocations of reads. */
  lastPresent?: Op | undefined;
  lastAbsent?: Op | undefined;
}

/** The number of the worst that are described. */
const maxWorstStale = 8;

/** The most oddities that are listed. */
const maxListed = 48;

/** The nodes, and which of them processes read. */
export interface Readers {
  nodes: readonly string[];
  nodeOf(op: Pick<Op, "process">): string;
}

/**
 * Checks a history of adds and reads.
 *
 * @param addF the `f` of the operation that adds: `"broadcast"`, `"add"`.
 * @param readers tells what only some nodes miss in a valid history.
 */
export function setFull(
  history: History,
  addF: string,
  readers?: Readers,
): SetFullFindings {
  const digested = digest(history, addF);
  const { elements, repeated, unexpected } = digested;
  const outcomes = elements
    .sort((a, b) => compare(a.value, b.value)).map(judgeElement);
  const of = <Name extends Outcome["outcome"]>(outcome: Name) =>
    outcomes.filter((each) => each.outcome === outcome) as Extract<
      Outcome,
      { outcome: Name }
    >[];
  const values = (some: Outcome[]) => some.map(({ element }) => element.value);
  const stable = of("stable");
  const lost = of("lost");
  const neverRead = of("never-read");
  const stale = stable.filter(({ latencyMs }) => latencyMs > 0);
  const stableLatencies = quantiles(stable.map(({ latencyMs }) => latencyMs));
  const lostLatencies = quantiles(lost.map(({ latencyMs }) => latencyMs));
  const valid = lost.length > 0
    ? false
    : stable.length === 0
    ? "unknown"
    : true;
  const missing = valid === true && readers
    ? missingAt(readers, digested)
    : undefined;

  return {
    "valid?": valid,
    "attempt-count": outcomes.length,
    "stable-count": stable.length,
    "lost-count": lost.length,
    lost: values(lost),
    "never-read-count": neverRead.length,
    "never-read": values(neverRead),
    "stale-count": stale.length,
    stale: values(stale),
    "worst-stale": stale
      .toSorted((a, b) => a.latencyMs - b.latencyMs).reverse()
      .slice(0, maxWorstStale)
      .map(({ element: { value, known, lastAbsent }, outcome, latencyMs }) => {
        invariant(known && lastAbsent, "what is stale was known, and absent");
        return {
          element: value,
          outcome,
          "stable-latency": latencyMs,
          "known-index": known.index,
          "last-absent-index": lastAbsent.index,
        };
      }),
    ...(stableLatencies && { "stable-latencies": stableLatencies }),
    ...(lostLatencies && { "lost-latencies": lostLatencies }),
    "duplicated-count": 0,
    duplicated: {},
    ...(repeated.size > 0 &&
      { repeated: [...repeated.values()] }),
    ...(unexpected.size > 0 &&
      { unexpected: [...unexpected.values()].slice(0, maxListed) }),
    ...(missing && { missing }),
  };
}

/**
 * Counts the acknowledged elements that each node's last read misses. Only reads
 * count that began after all adds had ended.
 */
function missingAt(
  { nodes, nodeOf }: Readers,
  { views, acknowledged, lastAdd }: Digest,
): SetFullFindings["missing"] {
  const last = new Map<string, View>();
  for (const [process, view] of views) {
    const node = nodeOf({ process });
    const before = last.get(node)?.invocation ?? lastAdd;
    if (view.invocation > before) last.set(node, view);
  }
  const missing = nodes.flatMap((node): [string, number][] => {
    const missed = last.get(node)?.missed ?? [];
    const count = missed.filter((place) => acknowledged.has(place)).length;
    return count === 0 ? [] : [[node, count]];
  });
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}

/** All that the reads of a process have shown: each what the last did, and more. */
interface View {
  shown: readonly unknown[];
  /** The number of places when it was shown, and those that it missed. */
  size: number;
  missed: number[];
  /** The index of the last read's invocation. */
  invocation: number;
  /** True if it showed what nobody had added yet. */
  isOdd: boolean;
}

type Digest = ReturnType<typeof digest>;

/**
 * Digests a history: the times at which each element was seen, and oddities. All
 * reads together show some n² elements; but most of a read is what the last one of
 * its process showed, so only the rest is looked at.
 */
function digest(history: History, addF: string) {
  const counterpart = pairs(history);
  const isAdd = (op: Op) => isClientOp(op) && op.f === addF;
  const most = history.filter((op) => isAdd(op) && op.type === "invoke").length;
  const places = new Map<unknown, number>();
  const values: unknown[] = [];
  // Indexes of operations; -1 where there's none.
  const column = () => new Int32Array(most).fill(-1);
  const [known, missedBy] = [column(), column()];
  const [lastPresent, lastAbsent] = [column(), column()];
  const repeated = new Map<unknown, [element: unknown, times: number]>();
  const unexpected = new Map<unknown, unknown>();
  const views = new Map<Process, View>();
  const acknowledged = new Set<number>();
  let lastAdd = -1;

  function close({ size, missed, invocation }: View) {
    const absent = new Set(missed);
    for (let place = 0; place < size; place++) {
      if (absent.has(place)) continue;
      lastPresent[place] = Math.max(lastPresent[place]!, invocation);
    }
  }

  function add({ type, index, value }: Op) {
    const key = keyOf(value);
    const place = places.get(key);
    lastAdd = index;
    if (type === "ok" && place !== undefined) {
      acknowledged.add(place);
      if (known[place] === -1) known[place] = index;
    }
    if (type !== "invoke") return;
    if (place !== undefined) {
      // It begins anew, and with it what reads have shown of it.
      views.forEach(close);
      views.clear();
    }
    const own = place ?? places.size;
    places.set(key, own);
    values[own] = value;
    for (const each of [known, lastPresent, lastAbsent]) each[own] = -1;
  }

  function read(view: View, index: number, shown: readonly unknown[]) {
    for (; view.size < values.length; view.size++) view.missed.push(view.size);
    for (const place of view.missed) missedBy[place] = index;
    for (let i = view.shown.length; i < shown.length; i++) {
      const key = keyOf(shown[i]);
      const place = places.get(key);
      if (place === undefined) {
        unexpected.set(key, shown[i]);
        view.isOdd = true;
      } else if (missedBy[place] !== index) {
        if (repeated.size < maxListed && !repeated.has(key)) {
          repeated.set(key, [shown[i], occurrences(shown, key)]);
        }
      } else {
        missedBy[place] = -1;
        if (known[place] === -1) known[place] = index;
      }
    }
    view.shown = shown;
    view.missed = view.missed.filter((place) => missedBy[place] === index);
    for (const place of view.missed) {
      lastAbsent[place] = Math.max(lastAbsent[place]!, view.invocation);
    }
  }

  for (const op of history) {
    if (isAdd(op)) add(op);
    else if (isClientOp(op) && op.f === "read" && op.type === "ok") {
      const invocation = counterpart[op.index]?.index;
      // Null is an empty list, as in Clojure.
      const shown = op.value ?? [];
      if (invocation === undefined || !Array.isArray(shown)) continue;
      let view = views.get(op.process);
      if (view === undefined || view.isOdd || !beginsWith(shown, view.shown)) {
        if (view) close(view);
        view = { shown: [], size: 0, missed: [], invocation, isOdd: false };
        views.set(op.process, view);
      }
      view.invocation = invocation;
      read(view, op.index, shown);
    }
  }
  views.forEach(close);
  // A part of a history has the indexes of the whole.
  const at = new Map(history.map((op) => [op.index, op]));
  const elements = values.map((value, place): Element => ({
    value,
    known: at.get(known[place]!),
    lastPresent: at.get(lastPresent[place]!),
    lastAbsent: at.get(lastAbsent[place]!),
  }));
  return { elements, repeated, unexpected, views, acknowledged, lastAdd };
}

function beginsWith(
  list: readonly unknown[],
  beginning: readonly unknown[],
): boolean {
  for (let i = 0; i < beginning.length; i++) {
    if (list[i] !== beginning[i]) return false;
  }
  return beginning.length <= list.length;
}

type Outcome =
  | { element: Element; outcome: "stable"; latencyMs: number }
  | { element: Element; outcome: "lost"; latencyMs: number }
  | { element: Element; outcome: "never-read" };

function judgeElement(element: Element): Outcome {
  const { known, lastPresent, lastAbsent } = element;
  const present = lastPresent?.index ?? -1;
  const absent = lastAbsent?.index ?? -1;
  if (lastPresent && absent < present) {
    invariant(known, "what a read shows is known");
    return {
      element,
      outcome: "stable",
      latencyMs: latencyMs(known, lastAbsent),
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

/**
 * Returns a key by which elements are the same: JSON values are compared by
 * content. The text of an object can't be mistaken for a string's, which is
 * itself.
 */
export function keyOf(value: unknown): unknown {
  return typeof value === "object" && value !== null
    ? `\0${identity(value)}`
    : value;
}

function occurrences(values: readonly unknown[], key: unknown): number {
  return values.filter((value) => keyOf(value) === key).length;
}

function compare(a: unknown, b: unknown): number {
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a) < String(b)
    ? -1
    : 1;
}
