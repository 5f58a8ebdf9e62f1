/**
 * Can a history be judged at all? A checker that is handed something else than
 * its workload's operations, or none of those that it looks at, finds nothing
 * wrong. That isn't the same as right.
 *
 * Jepsen's checkers throw on most values of another shape, which makes the run
 * unknown there, too. Where nothing that could be wrong was ever answered, most
 * of them call a run valid; here it's unknown, because nobody looked.
 *
 * @module
 */
import { ExactNumber, identity } from "../sim/exact_json.ts";
import { excerpt, type History, isClientOp, type Op } from "../load/history.ts";
import { invariant } from "../sim/invariant.ts";

/** The shape of a value: `undefined` if it fits, else what it should be. */
export type ValueShape = (value: unknown) => string | undefined;

/** The values of a kind of operation. */
export interface Kind {
  /** The value when it begins, and when it ended without success. */
  invoke?: ValueShape;
  /** The value that a client can be asked for, if that isn't `invoke`. */
  asked?: ValueShape;
  /** The value when it has succeeded. */
  ok?: ValueShape;
  /** True if it ends with the value that it began with. */
  same?: true;
}

/** Operations without which nothing was judged; and that in words. */
export interface Needs {
  op(op: Op): boolean;
  missing: string;
}

/** Anything, if it's there. */
export const present: ValueShape = (value) =>
  value === undefined ? "there" : undefined;

/** Anything but null. */
export const something: ValueShape = (value) =>
  value === undefined || value === null ? "something to send back" : undefined;

/** An integer of any size. */
export const integer: ValueShape = (value) =>
  Number.isSafeInteger(value) ||
    value instanceof ExactNumber && value.isInteger
    ? undefined
    : "an integer";

/** A list of anything. */
export const list: ValueShape = (value) =>
  Array.isArray(value) ? undefined : "a list";

/**
 * A list, or null: Go's empty slices go out as null, which Clojure reads as an
 * empty list.
 */
export const listOrNull: ValueShape = (value) =>
  value === null ? undefined : list(value);

/** A key, and what is to be done with it. */
export function keyed(
  text: string,
  fits: (argument: unknown) => boolean,
): ValueShape {
  return (value) =>
    Array.isArray(value) && value.length === 2 && fits(value[1])
      ? undefined
      : `[key, ${text}]`;
}

/** A list of micro-operations. */
export function mops(
  text: string,
  fits: (mop: readonly unknown[]) => boolean,
): ValueShape {
  return (value) =>
    Array.isArray(value) &&
      value.every((mop) => Array.isArray(mop) && fits(mop))
      ? undefined
      : `a list of ${text}`;
}

/**
 * The first operation that isn't one of the workload's, in words; `undefined`
 * if all are.
 *
 * @param history one without a {@linkcode historyProblem}.
 * @param workload its name.
 * @param kinds its operations.
 */
export function valueProblem(
  history: History,
  workload: string,
  kinds: { readonly [f: string]: Kind },
): string | undefined {
  const begun = new Map<unknown, Op>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    const { index, process, type, f, value } = op;
    const kind = Object.hasOwn(kinds, f) ? kinds[f] : undefined;
    if (kind === undefined) {
      return `operation ${index} is a ${
        excerpt(f)
      }, which ${workload} doesn't have`;
    }
    if (type === "invoke") begun.set(process, op);
    const wanted = kind[type === "ok" ? "ok" : "invoke"]?.(value);
    if (wanted !== undefined) {
      const which = `operation ${index}, a ${f} of type ${type},`;
      return value === undefined
        ? `${which} has no value`
        : `${which} has the value ${excerpt(value)}, which isn't ${wanted}`;
    }
    if (type !== "ok" || !kind.same) continue;
    const before = begun.get(process);
    invariant(before, "in a history without problems, what ends has begun");
    if (identity(before.value) !== identity(value)) {
      return `operation ${index}, a ${f}, ended with the value ${
        excerpt(value)
      }, and had begun with ${
        excerpt(before.value)
      } (operation ${before.index})`;
    }
  }
  return undefined;
}

/**
 * Tells what is missing in a history in which nothing is wrong, if nothing of
 * it was judged.
 */
export function nothingJudged(
  history: History,
  needs: Needs | undefined,
): string | undefined {
  if (needs === undefined) return;
  const some = history.some((op) => isClientOp(op) && needs.op(op));
  if (some) return;
  return history.length === 0
    ? "nothing was judged: the history is empty"
    : `nothing was judged: ${needs.missing}`;
}
