/**
 * Operations as a page draws them: from when they were invoked to when they
 * completed, with their values as short texts.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { invariant } from "../../../workbench/sim/invariant.ts";
import { nodeOf as nodeAsked } from "../../../workbench/workloads/lost_element.ts";
import { msInNs } from "../../../workbench/sim/clock.ts";
import {
  isClientOp,
  type Op,
  type OpType,
  pairs,
} from "../../../workbench/load/history.ts";
import type { Judgement } from "../../../workbench/judge.ts";

/** An operation from its beginning to its end. */
export interface OpSpan {
  /** Its place in the history: of its completion, if there is one. */
  index: number;
  process: number;
  /** The node that it was asked of. */
  node: string;
  f: string;
  /** The way it ended; `invoke` if it never did. */
  type: OpType;
  /** Its value, as JSON text; long ones are cut. */
  text: string;
  /** The error that it ended with, if any. */
  error?: string;
  invokedMs: number;
  /** `null` if it never completed. */
  completedMs: number | null;
}

/** Makes spans of a run's operations. */
export class Spans {
  #counterpart: (Op | undefined)[];
  #judgement: Judgement;

  constructor(judgement: Judgement) {
    this.#judgement = judgement;
    this.#counterpart = pairs(judgement.history);
  }

  /** The span that an invocation or completion belongs to. */
  of(op: Op): OpSpan {
    const other = this.#counterpart[op.index];
    const [begin, end] = op.type === "invoke" ? [op, other] : [other, op];
    const last = end ?? op;
    const value = last.value ?? begin?.value;
    return {
      index: last.index,
      process: last.process as number,
      node: nodeOf(last, this.#judgement),
      f: last.f,
      type: last.type,
      text: value === undefined || value === null ? "" : textOf(value),
      ...(last.error !== undefined && { error: errorText(last.error) }),
      invokedMs: (begin ?? last).time / msInNs,
      completedMs: end ? end.time / msInNs : null,
    };
  }

  /** The same for an operation that is known by its place in the history. */
  at(index: number): OpSpan {
    const op = this.#judgement.history[index];
    invariant(op, "an operation's index is its place in the history");
    return this.of(op);
  }

  /** All operations of clients that are chosen, by when they began. */
  where(chosen: (begin: Op, end: Op | undefined) => boolean): OpSpan[] {
    return this.#judgement.history
      .filter((op) =>
        op.type === "invoke" && isClientOp(op) &&
        chosen(op, this.#counterpart[op.index])
      )
      .map((op) => this.of(op));
  }

  /** The other half of an operation. */
  counterpart(op: Op): Op | undefined {
    return this.#counterpart[op.index];
  }
}

/**
 * The node that a process works with. A process that never came back is
 * followed by the one whose number is greater by the number of clients.
 */
export function nodeOf(
  op: Pick<Op, "process">,
  { test }: Judgement,
): string {
  return nodeAsked(op, test);
}

const maxText = 240;

/** A value as JSON text: of a long one the beginning and the end. */
export function textOf(value: unknown): string {
  const whole = JSON.stringify(value) ?? "nothing";
  return whole.length <= maxText
    ? whole
    : `${whole.slice(0, maxText / 2)} … ${whole.slice(-maxText / 2)}`;
}

function errorText(error: NonNullable<Op["error"]>): string {
  return typeof error === "string"
    ? error
    : error.filter((part) => part !== null).join(": ");
}

/** The words of a verdict, line by line. */
export function storyOf({ reason = "" }: Judgement): string[] {
  return linesOf(reason);
}

/** The lines of a text, without those that are empty, and without colours. */
export function linesOf(text: string): string[] {
  return stripVTControlCharacters(text).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
}
