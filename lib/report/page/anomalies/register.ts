/**
 * A key that isn't a linearizable register, as the few operations that show it.
 *
 * @module
 */
import {
  firstFailure,
  type LinearizableFindings,
} from "../../../workbench/checkers/linearizable.ts";
import { msInNs } from "../../../workbench/sim/clock.ts";
import { identity } from "../../../workbench/sim/exact_json.ts";
import { isClientOp, type Op } from "../../../workbench/load/history.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import { invariant } from "../../../workbench/sim/invariant.ts";
import type { Told } from "./told.ts";
import { argumentOf, smallestPart } from "./shrink.ts";
import { type OpSpan, Spans, storyOf } from "./spans.ts";

/** Operations on a key that no order explains. */
export interface RegisterAnomaly {
  kind: "register";
  key: string;
  operations: RegisterSpan[];
  /** True if the key may hold anything before them: else it holds nothing. */
  anyBefore: boolean;
  /** The values that the key can hold where it can't go on. */
  possible: string[];
}

/** An operation of a {@linkcode RegisterAnomaly}. */
export interface RegisterSpan extends OpSpan {
  /** A label for people: `read 3`, `cas 1 → 2`. */
  label: string;
  /** True if it may have had its effect before all that is shown. */
  openBefore: boolean;
  /** True if it's the one that can't be. */
  culprit: boolean;
}

/** Finds the smallest wrong part of the key that goes wrong first. */
export function registerAnomaly(
  judgement: Judgement,
): Told & RegisterAnomaly | undefined {
  const findings = judgement.results.workload as LinearizableFindings;
  const failure = firstFailure(findings);
  if (failure?.op === undefined) return undefined;
  const culprit = failure.op.index;
  const op = judgement.history[culprit];
  invariant(op, "the operation of a finding is in the history");
  const [keyOf] = op.value as unknown[];
  const ofKey = judgement.history.filter((op) =>
    isClientOp(op) && Array.isArray(op.value) &&
    identity(op.value[0]) === identity(keyOf)
  );
  const { parts, anyBefore } = smallestPart(ofKey, culprit);
  const spans = new Spans(judgement);
  const operations = parts.map(({ begin, end, openBefore }): RegisterSpan => {
    const span = spans.of(begin);
    const open = end === undefined && !openBefore;
    return {
      ...span,
      ...(open && span.type === "ok" && { type: "invoke", completedMs: null }),
      label: labelOf(end ?? begin),
      openBefore,
      culprit: end?.index === culprit,
    };
  });
  const possible = (failure["possible-values"] ?? []).map((value) =>
    value === null ? "nothing" : JSON.stringify(value)
  );
  const key = JSON.stringify(keyOf);
  return {
    kind: "register",
    title: `Key ${key} isn't linearizable`,
    story: [
      ...storyOf(judgement),
      `${operations.length} of the ${
        ofKey.filter(({ type }) => type === "invoke").length
      } operations on key ${key} ${
        operations.length === 1 ? "is" : "are"
      } enough to see it${anyBefore ? ", whatever the key held before" : ""}:`,
      ...operations.map(tell),
      `${
        operations.length === 1
          ? "That can't be its result"
          : "No order of these explains all of their results"
      }. The other operations on the key had ended before, came later, failed, only read it, or set it to values that none of these sees.`,
    ],
    momentMs: op.time / msInNs,
    key,
    operations,
    anyBefore,
    possible,
  };
}

function labelOf(op: Op): string {
  const argument = argumentOf(op);
  if (op.f !== "cas") return `${op.f} ${JSON.stringify(argument)}`;
  const [from, to] = argument as unknown[];
  return `cas ${JSON.stringify(from)} → ${JSON.stringify(to)}`;
}

function tell(
  { process, node, label, index, invokedMs, completedMs, openBefore }:
    RegisterSpan,
): string {
  const when = completedMs === null
    ? `from ${invokedMs.toFixed(1)} ms on, with no known end`
    : `${invokedMs.toFixed(1)} to ${completedMs.toFixed(1)} ms`;
  return `Process ${process} at ${node}: ${label} (operation ${index}; ${when}${
    openBefore ? "; it may have taken effect before all this" : ""
  })`;
}
