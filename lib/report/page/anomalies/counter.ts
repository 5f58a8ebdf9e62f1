/**
 * A counter whose final reads show what the adds can't make.
 *
 * @module
 */
import type {
  CounterFindings,
  Range,
} from "../../../workbench/checkers/counter.ts";
import { msInNs } from "../../../workbench/sim/clock.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import type { Told } from "./told.ts";
import { nodeOf, storyOf } from "./spans.ts";

/** Final reads, and what they may show. */
export interface CounterAnomaly {
  kind: "counter";
  acceptable: Range[];
  reads: {
    node: string;
    process: number;
    index: number;
    /** `null` if it isn't a number. */
    value: number | null;
    text: string;
    right: boolean;
  }[];
}

/** The most ranges that are drawn. */
const maxRanges = 1000;

/** Finds what a counter's final reads should have been, and were. */
export function counterAnomaly(
  judgement: Judgement,
): Told & CounterAnomaly | undefined {
  const { history, results } = judgement;
  const { acceptable, errors } = results.workload as CounterFindings;
  if (errors.length === 0) return undefined;
  const wrong = new Set(errors.map(({ index }) => index));
  const reads = history.filter((op) =>
    op["final?"] === true && op.type === "ok"
  );
  return {
    kind: "counter",
    title: wrong.size === 1
      ? "A final read shows what the adds can't make"
      : `${wrong.size} final reads show what the adds can't make`,
    story: storyOf(judgement),
    momentMs: reads.find(({ index }) => wrong.has(index))!.time / msInNs,
    acceptable: acceptable.slice(0, maxRanges),
    reads: reads.map((op) => ({
      node: nodeOf(op, judgement),
      process: op.process as number,
      index: op.index,
      value: typeof op.value === "number" ? op.value : null,
      text: JSON.stringify(op.value) ?? "nothing",
      right: !wrong.has(op.index),
    })),
  };
}
