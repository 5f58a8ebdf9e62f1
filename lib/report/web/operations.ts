/**
 * The operations of a history, each once, and what plots show of them: how many
 * there were, and how long they took. Nothing here draws.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { quantiles } from "../../workbench/checkers/quantiles.ts";
import {
  type History,
  isClientOp,
  type Op,
  type OpType,
  pairs,
} from "../../workbench/load/history.ts";

// Not taken from clock.ts, which has imports that a browser doesn't know.
const msInNs = 1e6;

/**
 * The outcomes of operations, in the order in which they are drawn and listed.
 */
export const outcomes = ["ok", "info", "fail"] as const;

/** The outcomes of operations, in words. */
export const outcomeWords: { readonly [type in OpType]: string } = {
  ok: "ok",
  info: "unknown",
  fail: "failed",
  invoke: "never ended",
};

/** An operation of a client. */
export interface Operation {
  begin: Op;
  /** Absent if it never ended. */
  end?: Op;
  type: OpType;
  startMs: number;
  /** NaN if it never ended. */
  endMs: number;
}

/** All operations of clients, in the order in which they began. */
export function operationsOf(history: History): Operation[] {
  const counterpart = pairs(history);
  return history
    .filter((op) => op.type === "invoke" && isClientOp(op))
    .map((begin) => {
      const end = counterpart[begin.index];
      return {
        begin,
        ...(end && { end }),
        type: end?.type ?? "invoke",
        startMs: begin.time / msInNs,
        endMs: end ? end.time / msInNs : NaN,
      };
    });
}

/** The functions that ask for values and change none. */
const reading: ReadonlySet<unknown> = new Set([
  "read",
  "poll",
  "assign",
  "r",
]);

/** Tells whether an operation can't have changed anything. */
export function readsOnly({ begin: { f, value } }: Operation): boolean {
  if (f !== "txn") return reading.has(f);
  return Array.isArray(value) && value.length > 0 &&
    value.every((mop) => Array.isArray(mop) && reading.has(mop[0]));
}

/**
 * Tells whether an operation is no request but the end of a client, after which
 * it begins anew: kafka's clients do that.
 */
export function isCrash({ begin: { f } }: Operation): boolean {
  return f === "crash";
}

/** The kinds of operations, the most frequent first. */
export function kindsOf(operations: readonly Operation[]): string[] {
  const counts = new Map<string, number>();
  for (const { begin: { f } } of operations) {
    counts.set(f, (counts.get(f) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([f]) => f);
}

/** Counts each outcome. */
export function countsOf(
  operations: readonly Operation[],
): { [type in OpType]: number } {
  const counts = { ok: 0, info: 0, fail: 0, invoke: 0 };
  for (const { type } of operations) counts[type]++;
  return counts;
}

/** About how many windows a run is divided into. */
const windowCount = 48;

/**
 * Returns the length of a window: 1, 2 or 5 times a power of ten, but 10 ms at
 * least.
 */
export function windowMs(endMs: number): number {
  const leastMs = Math.max(10, endMs / windowCount);
  const powerMs = 10 ** Math.floor(Math.log10(leastMs));
  return powerMs * [1, 2, 5, 10].find((times) => times * powerMs >= leastMs)!;
}

/** So many operations of a kind per second ended in some way. */
export interface Rate {
  f: string;
  type: OpType;
  startMs: number;
  endMs: number;
  hz: number;
}

/** The rates at which operations ended, window by window. */
export function ratesOf(
  operations: readonly Operation[],
  stepMs: number,
): Rate[] {
  const counts = new Map<string, Rate>();
  for (const { end, type, begin: { f }, endMs } of operations) {
    if (end === undefined) continue;
    const window = Math.floor(endMs / stepMs);
    const key = JSON.stringify([window, f, type]);
    let rate = counts.get(key);
    if (rate === undefined) {
      const startMs = window * stepMs;
      rate = { f, type, startMs, endMs: startMs + stepMs, hz: 0 };
      counts.set(key, rate);
    }
    rate.hz += 1000 / stepMs;
  }
  return [...counts.values()];
}

/** The quantiles that are shown. */
export const shownQuantiles = ["0.5", "0.95", "0.99", "1"] as const;

/** A quantile of the latencies of a kind of operation in a window. */
export interface LatencyQuantile {
  f: string;
  quantile: typeof shownQuantiles[number];
  /** The middle of the window. */
  atMs: number;
  latencyMs: number;
}

/**
 * The quantiles of how long operations took that began in each window. As in
 * Jepsen, all that ended count, however they did. In a window without any, they
 * are NaN.
 */
export function latencyQuantilesOf(
  operations: readonly Operation[],
  stepMs: number,
): LatencyQuantile[] {
  const ended = operations.filter(({ end }) => end !== undefined);
  const byKind = Map.groupBy(ended, ({ begin }) => begin.f);
  return [...byKind].flatMap(([f, ofKind]) => {
    const windows = Map.groupBy(
      ofKind,
      ({ startMs }) => Math.floor(startMs / stepMs),
    );
    const last = Math.max(...windows.keys());
    return Array.from({ length: last + 1 }, (_, window) => {
      const found = quantiles(
        (windows.get(window) ?? []).map(({ startMs, endMs }) =>
          endMs - startMs
        ),
      );
      return shownQuantiles.map((quantile) => ({
        f,
        quantile,
        atMs: (window + 0.5) * stepMs,
        latencyMs: found?.[quantile] ?? NaN,
      }));
    }).flat();
  });
}

/** The powers of ten from below one number to above another. */
export function decadesOf(least: number, greatest: number): number[] {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(greatest)));
  return Array.from(
    { length: to - from + 1 },
    (_, i) => Number(`1e${from + i}`),
  );
}

/**
 * Makes ticks from 0 to a number of things, about as many as requested. Things
 * are counted: if there is room for whole numbers, there are no others.
 */
export function wholeTicks(greatest: number, count: number): number[] {
  const all = scaleLinear([0, greatest || 1], [0, 1]).ticks(count);
  return greatest < 1 ? all : all.filter(Number.isInteger);
}

/** A text that isn't longer than that, with its end left out if need be. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Returns an operation's request or reply, as JSON text. */
export function valueText({ begin, end }: Operation, length = 300): string {
  const value = end?.value ?? begin.value;
  return value === undefined || value === null
    ? ""
    : shorten(JSON.stringify(value), length);
}

/** Tells why an operation didn't succeed. */
export function errorText({ end }: Operation): string | undefined {
  const error = end?.error;
  return error === undefined || typeof error === "string"
    ? error
    : error.filter((part) => part !== null).join(": ");
}
