/**
 * A counter: does every final read show a sum that the adds can have?
 *
 * Adds that were acknowledged count, those that failed don't, and each whose
 * end isn't known may count or not. The rules, and the names of what is found,
 * are those of Maelstrom's pn-counter
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/pn_counter.clj).
 *
 * @module
 */
import { ExactNumber } from "../sim/exact_json.ts";
import { type History, isClientOp, type Op, pairs } from "../load/history.ts";
import { invariant } from "../sim/invariant.ts";
import type { Findings, Validity } from "./validity.ts";

/** All integers from one to the other, both included. */
export type Range = readonly [least: number, greatest: number];

/** The findings of {@linkcode counter}. */
export interface CounterFindings extends Findings {
  "valid?": Validity;
  /** Final reads that show what can't be. */
  errors: Pick<Op, "index" | "process" | "f" | "type" | "value">[];
  "final-reads": unknown[];
  /** The values that final reads may show. */
  acceptable: Range[];
  /** The reason why there is no telling. Ours: Maelstrom has no such key. */
  error?: string;
}

/**
 * The most ranges that are told apart. The deltas of the workloads make a
 * handful; only deltas of very different sizes could make two to the power of
 * their number.
 */
const maxRanges = 100_000;

/** Checks a history of `add` and `read` operations. */
export function counter(history: History): CounterFindings {
  const finalReads = history.filter((op) =>
    op["final?"] === true && op.type === "ok"
  );
  const { definite, indefinite, strange } = deltasOf(history);
  const every = acceptableSums(sum(definite), indefinite);
  const acceptable = every ?? [boundsOf(sum(definite), indefinite)];
  const errors = finalReads.filter(({ value }) => !contains(acceptable, value));

  const findings: CounterFindings = {
    "valid?": errors.length === 0,
    errors: errors.map(({ index, process, f, type, value }) => ({
      index,
      process,
      f,
      type,
      value,
    })),
    "final-reads": finalReads.map(({ value }) => value),
    acceptable,
  };
  if (strange !== undefined) {
    return {
      ...findings,
      "valid?": "unknown",
      error: `operation ${strange.index} adds ${
        JSON.stringify(strange.value)
      }, which isn't an integer`,
    };
  }
  if (every === undefined && errors.length === 0) {
    return {
      ...findings,
      "valid?": "unknown",
      error:
        `${indefinite.length} adds whose end isn't known have too many possible sums`,
    };
  }
  return findings;
}

/**
 * Tells whether time may make all wrong reads right: each shows what some of the
 * adds make.
 */
export function mayBecomeRight(
  { errors }: CounterFindings,
  history: History,
): boolean {
  const { definite, indefinite } = deltasOf(history);
  const all = [...definite, ...indefinite];
  const sums = acceptableSums(0, all) ?? [boundsOf(0, all)];
  return errors.every(({ value }) => contains(sums, value));
}

function deltasOf(history: History) {
  const counterpart = pairs(history);
  const definite: number[] = [];
  const indefinite: number[] = [];
  let strange: Op | undefined;
  for (const op of history) {
    if (op.f !== "add" || !isClientOp(op)) continue;
    // One that nobody saw the end of is as open as one that ended in info.
    const open = op.type === "invoke" && counterpart[op.index] === undefined;
    if (op.type !== "ok" && op.type !== "info" && !open) continue;
    const delta = integerOf(op.value);
    if (delta === undefined) strange ??= op;
    else (op.type === "ok" ? definite : indefinite).push(delta);
  }
  return { definite, indefinite, strange };
}

/**
 * All sums of a number and any of the deltas, as ranges in order.
 *
 * @returns `undefined` if there are too many ranges.
 */
export function acceptableSums(
  definite: number,
  deltas: readonly number[],
): Range[] | undefined {
  const counts = new Map<number, number>();
  for (const delta of deltas) {
    if (delta !== 0) counts.set(delta, (counts.get(delta) ?? 0) + 1);
  }
  let ranges: Range[] = [[definite, definite]];
  for (const [delta, count] of counts) {
    // Any of 1, 2, 4, … and the rest make every number from 0 to the count, in
    // far fewer steps than one for each.
    for (let left = count, step = 1; left > 0; left -= step, step *= 2) {
      const times = Math.min(step, left);
      ranges = union(
        ranges,
        ranges.map((range) => shift(range, times * delta)),
      );
      if (ranges.length > maxRanges) return undefined;
    }
  }
  return ranges;
}

function shift([least, greatest]: Range, by: number): Range {
  return [least + by, greatest + by];
}

/** Returns the union of two lists of ranges; ranges that touch become one. */
function union(a: readonly Range[], b: readonly Range[]): Range[] {
  const result: [number, number][] = [];
  const inOrder = [...a, ...b].sort(([one], [other]) => one - other);
  for (const [least, greatest] of inOrder) {
    const last = result.at(-1);
    if (last && least <= last[1] + 1) last[1] = Math.max(last[1], greatest);
    else result.push([least, greatest]);
  }
  return result;
}

function boundsOf(definite: number, deltas: readonly number[]): Range {
  return [
    definite + sum(deltas.filter((delta) => delta < 0)),
    definite + sum(deltas.filter((delta) => delta > 0)),
  ];
}

function contains(ranges: readonly Range[], value: unknown): boolean {
  const integer = integerOf(value);
  return integer !== undefined &&
    ranges.some(([least, greatest]) => least <= integer && integer <= greatest);
}

/** Returns a value as an integer that can be reckoned with, if it's one. */
function integerOf(value: unknown): number | undefined {
  const number = value instanceof ExactNumber && value.isInteger
    ? Number(value.source)
    : value;
  return Number.isSafeInteger(number) ? number as number : undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** The name of what is wrong with the first read that is. */
export function counterAnomaly(
  { errors: [first], acceptable }: CounterFindings,
): string {
  const value = integerOf(first?.value);
  const least = acceptable[0]?.[0] ?? 0;
  return value !== undefined && value < least ? "too-little" : "too-much";
}

/** In words, what is wrong with the first read that is. */
export function explainCounter(
  findings: CounterFindings,
): string | undefined {
  const { errors, acceptable, error } = findings;
  if (error !== undefined) return error;
  const [first] = errors;
  if (first === undefined) return;
  const { index, process, value } = first;
  const text = `${errors.length} of ${
    findings["final-reads"].length
  } final reads are wrong: process ${process} read ${
    JSON.stringify(value)
  } (operation ${index})`;
  return `${text}, but ${expected(acceptable, value)}`;
}

function expected(acceptable: readonly Range[], value: unknown): string {
  const [first, last] = [acceptable.at(0), acceptable.at(-1)];
  invariant(first && last, "some sum is always acceptable");
  const [[least], [, greatest]] = [first, last];
  if (least === greatest) {
    const difference = (integerOf(value) ?? NaN) - least;
    const comparison = isNaN(difference)
      ? ""
      : `: ${Math.abs(difference)} too ${difference > 0 ? "much" : "little"}`;
    return `all adds together make ${least}${comparison}`;
  }
  const listed = acceptable.slice(0, 4)
    .map(([from, to]) => from === to ? `${from}` : `${from} to ${to}`);
  const others = acceptable.length > 4 ? ", or …" : "";
  return `the adds that were acknowledged, and any of those that may have happened, make ${
    listed.join(", ")
  }${others}`;
}
