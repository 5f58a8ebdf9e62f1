/**
 * Anomalies that a few operations show by themselves: an id that was handed out
 * twice, an echo that came back as something else.
 *
 * @module
 */
import type { EchoFindings } from "../../../workbench/checkers/echo.ts";
import type { MembershipFindings } from "../../../workbench/checkers/membership.ts";
import { nodeOf } from "../../../workbench/workloads/lost_element.ts";
import { identity } from "../../../workbench/sim/exact_json.ts";
import { pairs } from "../../../workbench/load/history.ts";
import { msInNs } from "../../../workbench/sim/clock.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import type { Told } from "./told.ts";
import { type OpSpan, Spans, storyOf, textOf } from "./spans.ts";

/** Operations that can't be as they are, side by side. */
export interface OperationsAnomaly {
  kind: "operations";
  operations: OpSpan[];
  /** The request and the reply, where these are the matter. */
  exchange?: { sent: string; expected: string; received: string };
}

/** The most operations that are shown. */
const maxShown = 12;

/** Finds the id that was handed out again first, and who handed it out. */
export function duplicateId(
  judgement: Judgement,
): Told & OperationsAnomaly | undefined {
  const { history } = judgement;
  const seen = new Set<string>();
  const again = history.find(({ f, type, value }) => {
    if (f !== "generate" || type !== "ok") return false;
    const id = identity(value);
    return seen.size === seen.add(id).size;
  });
  if (again === undefined) return undefined;
  const id = identity(again.value);
  const spans = new Spans(judgement);
  const operations = history
    .filter(({ f, type, value }) =>
      f === "generate" && type === "ok" && identity(value) === id
    )
    .map((op) => spans.of(op));
  const text = textOf(again.value);
  return {
    kind: "operations",
    title: `The id ${text} was handed out ${operations.length} times`,
    story: [
      ...storyOf(judgement),
      ...operations.slice(0, maxShown).map((
        { node, process, index, ...each },
      ) =>
        `At ${
          at(each.completedMs)
        } ${node} gave ${text} to process ${process} (operation ${index}).`
      ),
    ],
    momentMs: again.time / msInNs,
    operations: operations.slice(0, maxShown),
  };
}

/** Finds the first echo that wasn't what it should have been. */
export function wrongEcho(
  judgement: Judgement,
): Told & OperationsAnomaly | undefined {
  const { history, results } = judgement;
  const { errors } = results.workload as EchoFindings;
  const [first] = errors;
  if (first === undefined) return undefined;
  const counterpart = pairs(history);
  const [, expected, , received] = first;
  const invocation = history.find((op) =>
    op.type === "invoke" && op.f === "echo" && op.value === expected &&
    counterpart[op.index]?.value === received
  );
  if (invocation === undefined) return undefined;
  const span = new Spans(judgement).of(invocation);
  const sent = { type: "echo", echo: expected };
  return {
    kind: "operations",
    title: "An echo came back as something else",
    story: [
      ...storyOf(judgement),
      `It was asked by process ${span.process} of ${span.node} at ${
        at(span.invokedMs)
      } (operation ${span.index}).`,
    ],
    momentMs: span.completedMs ?? span.invokedMs,
    operations: [span],
    exchange: {
      sent: textOf(sent),
      expected: textOf({ type: "echo_ok", echo: expected }),
      received: span.type === "ok"
        ? textOf(received)
        : span.error ?? "an error",
    },
  };
}

/** Finds the first read of the members that is wrong, and the one before it. */
export function wrongMembers(
  judgement: Judgement,
): Told & OperationsAnomaly | undefined {
  const { history, results, test } = judgement;
  const { errors, unnoticed } = results.workload as MembershipFindings;
  const [first] = [...errors, ...unnoticed];
  if (first === undefined) return undefined;
  const isWrong = errors.length > 0;
  const reads = history.filter((op) =>
    op.type === "ok" && op.process !== "nemesis" &&
    nodeOf(op, test) === first.node && op.index <= first.index
  );
  const spans = new Spans(judgement);
  const operations = reads.slice(-2).map((op) => spans.of(op));
  const last = operations.at(-1)!;
  return {
    kind: "operations",
    title: isWrong
      ? `${first.node} has the wrong members in the end`
      : `${first.node} doesn't notice a death`,
    story: [
      ...storyOf(judgement),
      `It was read by process ${last.process} at ${
        at(last.completedMs)
      } (operation ${last.index}).`,
    ],
    momentMs: last.completedMs ?? last.invokedMs,
    operations,
  };
}

function at(ms: number | null): string {
  return ms === null ? "an unknown time" : `${ms.toFixed(1)} ms`;
}
