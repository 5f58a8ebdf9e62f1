/**
 * What the clients and the nemesis did, as Jepsen writes it down: every
 * operation twice, when it was invoked and when it completed
 * (https://github.com/jepsen-io/history).
 *
 * @module
 */

/**
 * What is known of an operation at some moment.
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
 * Why an operation did not end in `ok`: as Maelstrom's clients write it. It's
 * `"net-timeout"`, or the name of the error that came and its text.
 *
 * @example
 * ```ts
 * import type { OpError } from "@call-me-maybe/maelstrom/workbench";
 *
 * const error: OpError = ["precondition-failed", "current value 3 is not 2"];
 * ```
 */
export type OpError = string | [name: string, text: string | null];

/**
 * An entry of the history. Values are whatever the workload puts there.
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
  /** Who did it. */
  process: Process;
  /** Whether it begins, or how it ended. */
  type: OpType;
  /** What was done: `read`, `broadcast`, `start-partition`, … */
  f: string;
  /** What was written, or what came back. */
  value: unknown;
  /** Why it did not end in `ok`. */
  error?: OpError;
  /** Set on the reads that end a test. */
  "final?"?: boolean;
  /** Whatever else a workload notes. */
  [key: string]: unknown;
}

/** A history, in order. */
export type History = readonly Op[];

/** Whether the operation is a client's, and not the nemesis's. */
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
  const open = new Map<Process, Op>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") open.set(op.process, op);
    else {
      const invocation = open.get(op.process);
      if (invocation === undefined) continue;
      open.delete(op.process);
      result[op.index] = invocation;
      result[invocation.index] = op;
    }
  }
  return result;
}
