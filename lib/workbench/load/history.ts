/**
 * The operations of the clients and the nemesis, as Jepsen writes them down:
 * every operation twice, when it was invoked and when it completed
 * (https://github.com/jepsen-io/history).
 *
 * @module
 */

/**
 * The stage of an operation.
 *
 * @example
 * ```ts
 * import type { OpType } from "@call-me-maybe/maelstrom/workbench";
 *
 * const ends: OpType[] = ["ok", "fail", "info"];
 * ```
 */
export type OpType =
  /** It begins. */
  | "invoke"
  /** It happened. */
  | "ok"
  /** It did not happen, for certain. */
  | "fail"
  /** It may have happened, or may yet. Also all that the nemesis does. */
  | "info";

/**
 * A logical process: operations of one process never overlap. One whose
 * operation ended in `info` never comes back; its thread goes on as another.
 *
 * @example
 * ```ts
 * import type { Process } from "@call-me-maybe/maelstrom/workbench";
 *
 * const processes: Process[] = [0, 1, "nemesis"];
 * ```
 */
export type Process = number | "nemesis";

/**
 * The reason why an operation did not end in `ok`: as Maelstrom's clients write
 * it. It's `"net-timeout"`, or the name of the error that came and its text; of
 * one that isn't Maelstrom's also why.
 *
 * @example
 * ```ts
 * import type { OpError } from "@call-me-maybe/maelstrom/workbench";
 *
 * const error: OpError = ["precondition-failed", "current value 3 is not 2"];
 * ```
 */
export type OpError = string | [
  name: string,
  text: string | null,
  problem?: string,
];

/**
 * An entry of the history. Its values are the workload's.
 *
 * @example
 * ```ts
 * import type { Op } from "@call-me-maybe/maelstrom/workbench";
 *
 * const read: Op = {
 *   index: 1,
 *   time: 5_000_000,
 *   process: 0,
 *   type: "ok",
 *   f: "read",
 *   value: [1, 2, 3],
 * };
 * ```
 */
export interface Op {
  /** The position in the history, from 0. */
  index: number;
  /** Nanoseconds since the test began. */
  time: number;
  /** The process that did it. */
  process: Process;
  /** The stage of the operation: that it begins, or how it ended. */
  type: OpType;
  /** The function: `read`, `broadcast`, `start-partition`, … */
  f: string;
  /** The value that was written, or that came back. */
  value: unknown;
  /** The reason why it did not end in `ok`. */
  error?: OpError;
  /** Set on the reads that end a test. */
  "final?"?: boolean;
  /** Further notes of a workload. */
  [key: string]: unknown;
}

/** A history, in order. */
export type History = readonly Op[];

/** Tells whether the operation is a client's, and not the nemesis's. */
export function isClientOp(op: Op): boolean {
  return op.process !== "nemesis";
}

/**
 * Pairs each client completion with its invocation, and the other way round.
 *
 * @returns for each index the other operation, where there is one.
 */
export function pairs(history: History): (Op | undefined)[] {
  const result: (Op | undefined)[] = new Array(history.length);
  // What has ended is overwritten: a map from which something is deleted again and
  // again is made anew again and again.
  const open = new Map<Process, Op | undefined>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") open.set(op.process, op);
    else {
      const invocation = open.get(op.process);
      if (invocation === undefined) continue;
      open.set(op.process, undefined);
      result[op.index] = invocation;
      result[invocation.index] = op;
    }
  }
  return result;
}

const opTypes: ReadonlySet<unknown> = new Set(["invoke", "ok", "fail", "info"]);

/**
 * Tells what keeps entries from being a history: the first that isn't an
 * operation, or that can't stand where it stands. `undefined` if all is well.
 *
 * Jepsen's histories refuse the same
 * (https://github.com/jepsen-io/history/blob/main/src/jepsen/history.clj), so
 * there its checkers say "unknown", too. Times that go back are accepted: the
 * index gives the order.
 */
export function historyProblem(
  entries: readonly unknown[],
): string | undefined {
  const open = new Map<unknown, Op | undefined>();
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    const problem = entryProblem(entry, i) ?? orderProblem(entry as Op, open);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Tells what is wrong with an entry by itself, wherever it's the one at a
 * place.
 */
export function entryProblem(entry: unknown, i: number): string | undefined {
  const which = () => `entry ${i} of the history`;
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    return `${which()} isn't an operation: ${excerpt(entry)}`;
  }
  const { index, time, process, type, f } = entry as Partial<Op>;
  if (index !== i) {
    return index === undefined
      ? `${which()} has no index`
      : `${which()} has the index ${
        excerpt(index)
      }: something is missing, or there twice`;
  }
  const wrong = (key: string, value: unknown, expected: string) =>
    value === undefined || value === null
      ? `${which()} has no ${key}`
      : `${which()} has the ${key} ${excerpt(value)}, which isn't ${expected}`;
  if (!opTypes.has(type)) {
    return wrong("type", type, "invoke, ok, fail or info");
  }
  if (typeof f !== "string" || f === "") {
    return wrong("f", f, "the name of an operation");
  }
  if (process !== "nemesis" && !isCount(process)) {
    return wrong("process", process, "a number from 0 on, or nemesis");
  }
  if (!Number.isSafeInteger(time)) {
    return wrong("time", time, "a whole number of nanoseconds");
  }
  return undefined;
}

/**
 * Tells whether a client's operation begins while another goes on, or the like.
 */
function orderProblem(
  op: Op,
  open: Map<unknown, Op | undefined>,
): string | undefined {
  if (!isClientOp(op)) return;
  const { index, process, type, f } = op;
  const begun = open.get(process);
  if (type === "invoke") {
    open.set(process, op);
    return begun &&
      `process ${process} begins a ${
        excerpt(f)
      } (operation ${index}) before its last operation, ${begun.index}, has ended`;
  }
  open.set(process, undefined);
  return begun === undefined
    ? `operation ${index} ended and had never begun`
    : begun.f === f
    ? undefined
    : `operation ${index} ended as a ${excerpt(f)} and had begun as a ${
      excerpt(begun.f)
    } (operation ${begun.index})`;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Tells whether an operation ended because no answer came in time. */
export function hasTimedOut({ error }: Pick<Op, "error">): boolean {
  return error === "net-timeout" ||
    typeof error === "string" &&
      /^indeterminate: .* did not answer /.test(error);
}

const maxExcerpt = 80;

/** A value in a sentence: as JSON, and not too long. */
export function excerpt(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? "nothing";
  } catch {
    text = "something that goes too deep"; // or in circles
  }
  return text.length <= maxExcerpt ? text : `${text.slice(0, maxExcerpt)}…`;
}

/** Tells in words why an operation did not succeed. */
export function describeError(op: Op | undefined): string {
  if (op?.error === undefined) return "no reason is known";
  if (op.error === "net-timeout") return "no answer came in time";
  if (typeof op.error === "string") return op.error;
  return Array.isArray(op.error)
    ? op.error.filter((part) => part !== null)
      .map((part) => typeof part === "string" ? part : excerpt(part)).join(": ")
    : excerpt(op.error);
}
