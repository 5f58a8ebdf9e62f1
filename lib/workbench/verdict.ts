/**
 * The verdict on a history: the findings of all checkers that need nothing
 * else, and the mistake in words. It judges new runs and recorded ones.
 *
 * @module
 */
import {
  availability,
  type AvailabilityFindings,
  neverSucceeded,
  type Stats,
  stats,
} from "./checkers/stats.ts";
import {
  type Findings,
  mergeValid,
  type Validity,
} from "./checkers/validity.ts";
import { type Evidence, nodeOf } from "./workloads/lost_element.ts";
import { nothingJudged, valueProblem } from "./checkers/judgeable.ts";
import {
  describeError,
  excerpt,
  hasTimedOut,
  type History,
  historyProblem,
  type Op,
  pairs,
} from "./load/history.ts";
import { faultsIn } from "./load/nemesis.ts";
import { clientTimeoutMs } from "./load/client.ts";
import type { Test } from "./options.ts";
import { type MaxLateness, maySpoil } from "./sim/lateness.ts";
import { workloadOf } from "./workloads/mod.ts";

/** The findings from a history alone: all but what concerns messages. */
export interface HistoryFindings {
  "valid?": Validity;
  stats: Stats;
  availability: AvailabilityFindings;
  workload: Findings;
  /** The name of what went wrong; absent if nothing did, or nobody can tell. */
  anomaly?: string;
  /** The same in words. */
  reason?: string;
  /** True if something that was wrong is unknown because the run was late. */
  spoiled?: true;
}

/**
 * Judges a history by its test. If it can't be judged, or nothing in it could
 * be, the verdict is unknown; then `workload` has an `error` that says why.
 *
 * @param messages all messages that were sent, for a better explanation.
 * @param lateness how late the workbench was, if it may have been.
 */
export function checkHistory(
  history: History,
  test: Test,
  messages?: Evidence["messages"],
  lateness?: MaxLateness,
): HistoryFindings {
  const { workload: name, availability: goal } = test.options;
  const workload = workloadOf(test);
  const broken = historyProblem(history);
  // Of what isn't a history, nothing is counted.
  const sound = broken === undefined ? history : [];
  const error = broken ??
    valueProblem(history, name, workload.operations);
  const findings = {
    stats: stats(sound),
    availability: availability(sound, goal),
    workload: error === undefined
      ? workload.check(history, test)
      : unknown(workload.check([], test), error),
  };
  if (validityOf(findings) === true) {
    const missing = nothingJudged(history, workload.needs);
    if (missing) findings.workload = unknown(findings.workload, missing);
  }
  const mistake = explain(findings, history, { test, messages });
  const judged = excused(findings, history, test, lateness);
  const spoiled = validityOf(judged) !== validityOf(findings);
  return {
    "valid?": validityOf(judged),
    ...judged,
    ...mistake,
    ...(spoiled && { spoiled }),
  };
}

/** The findings of each checker. */
type Parts = Pick<HistoryFindings, "stats" | "availability" | "workload">;

function validityOf(parts: Parts): Validity {
  return mergeValid(Object.values(parts).map((each) => each["valid?"]));
}

/** Calls unknown what may be wrong only because the workbench was late. */
function excused(
  { stats, availability, workload }: Parts,
  history: History,
  test: Test,
  lateness?: MaxLateness,
): Parts {
  const excuse = <F extends Findings>(
    part: F,
    waitMs: () => number | undefined,
  ) =>
    part["valid?"] === false && maySpoil(lateness, waitMs())
      ? { ...part, "valid?": "unknown" as const }
      : part;
  const { timeoutMs, waitsMs } = workloadOf(test);
  const answerMs = () => timeoutMs?.(test) ?? clientTimeoutMs;
  return {
    stats: excuse(stats, answerMs),
    availability: excuse(availability, answerMs),
    workload: excuse(workload, () => waitsMs?.(workload, history)),
  };
}

function unknown(findings: Findings, error: string): Findings {
  return { ...findings, "valid?": "unknown", error };
}

/** The first thing that went wrong, in words; `undefined` if nothing did. */
function explain(
  { workload, stats, availability }: Omit<HistoryFindings, "valid?" | "reason">,
  history: History,
  evidence: Evidence & { test: Test },
): Pick<HistoryFindings, "anomaly" | "reason"> {
  const { test } = evidence;
  const { explain, anomaly } = workloadOf(test);
  const reason = workload["valid?"] === true
    ? undefined
    : typeof workload.error === "string"
    ? workload.error
    : explain(workload, history, evidence);
  const never = neverSucceeded(stats);
  const silent = never.length === 0
    ? undefined
    : explainNever(never, history, test);
  // What a checker can't tell may be for want of answers, which is told next.
  if (
    reason !== undefined && workload["valid?"] === false && !isEmpty(workload)
  ) {
    return {
      anomaly: anomaly(workload),
      // An error may be what the checker has told just now; silence isn't.
      reason: silent?.isTimeout
        ? `${reason}\n${besides} ${silent.reason}`
        : reason,
    };
  }
  if (silent) return { anomaly: silent.anomaly, reason: silent.reason };
  if (availability["valid?"] !== true) {
    return {
      anomaly: "unavailable",
      reason: explainUnavailable(availability["ok-fraction"], history, test),
    };
  }
  if (workload["valid?"] === true) return {};
  return {
    reason: reason ?? `the checker can't tell: ${excerpt(workload)}`,
  };
}

/** Explains that too few operations succeeded. */
function explainUnavailable(
  fraction: number,
  history: History,
  test: Test,
): string {
  const counterparts = pairs(history);
  const failed = history.find((op) =>
    typeof op.process === "number" &&
    (op.type === "invoke"
      ? counterparts[op.index] === undefined
      : op.type !== "ok")
  );
  // Never rounded up: that would be all of them.
  const percent = Math.floor(fraction * 10_000) / 100;
  return `only ${
    percent.toFixed(2)
  } % of the operations succeeded, where ${test.options.availability} was asked for; the first that didn't was ${failed?.f} (operation ${failed?.index}): ${
    failed?.type === "invoke" ? "it never ended" : describeError(failed)
  }${silencedHint(history)}`;
}

/** Explains that of some kinds of operations not one succeeded. */
function explainNever(
  never: ReturnType<typeof neverSucceeded>,
  history: History,
  test: Test,
): { anomaly: string; reason: string; isTimeout: boolean } {
  const kinds = new Set(never.map(([f]) => f));
  const failures = history.filter((op) =>
    kinds.has(op.f) && op.type !== "invoke" && op.type !== "ok"
  );
  const [failed] = failures;
  const isTimeout = failed !== undefined && hasTimedOut(failed);
  const silenced = isTimeout && areSilenced(failures, history, test);
  const waits = failures.filter(hasTimedOut);
  const answered = failures.find((op) => !hasTimedOut(op));
  return {
    isTimeout,
    anomaly: silenced ? silencedAnomaly : "no-success",
    reason: `not one of ${
      never.map(([f, { count }]) => `${count} ${f}`).join(" and ")
    } operations succeeded; the first ended in ${failed?.type}: ${
      describeError(failed)
    }${
      !isTimeout
        ? ""
        : silenced
        ? ". Their nodes were killed or paused, and no node answers then: let the run outlast the faults, by a greater --time-limit or a smaller --nemesis-interval"
        : answered && areSilenced(waits, history, test)
        ? `. Its node was killed or paused, and no node answers then; the first that got an answer ended in ${answered.type}: ${
          describeError(answered)
        } (operation ${answered.index})`
        : `. ${areSilenced(waits, history) ? aloneHint : ""}${silenceHint}`
    }`,
  };
}

/** A hint for a node that may have waited for another. */
const aloneHint =
  "Perhaps it waited for another node, which was killed or paused. ";

/** The anomaly of a run whose faults left no node to answer: it's none of theirs. */
export const silencedAnomaly = "silenced";

/**
 * Tells whether each node that was asked, or some other, was dead or frozen for a
 * part of the time.
 *
 * @param test tells who was asked; without it, any node will do.
 */
function areSilenced(
  answers: readonly Op[],
  history: History,
  test?: Test,
): boolean {
  const silences = silencesIn(history);
  const invocations = pairs(history);
  return answers.every((answer) => {
    if (typeof answer.process !== "number") return false;
    const node = test && nodeOf(answer, test);
    const askedAt = invocations[answer.index]?.time ?? 0;
    return silences.some(({ nodes, start, end }) =>
      (node === undefined || nodes.includes(node)) &&
      start.time <= answer.time &&
      (end === undefined || end.time >= askedAt)
    );
  });
}

/** The faults that leave nodes unable to answer. */
function silencesIn(history: History) {
  return faultsIn(history).flatMap((fault) =>
    fault.kind === "kill" || fault.kind === "pause" ? [fault] : []
  );
}

/** Says that who is dead or frozen can't answer, where the nemesis saw to that. */
function silencedHint(history: History): string {
  return silencesIn(history).length > 0
    ? ". Nodes were killed or paused, and no node answers then: ask for less, by --availability 0.5, say"
    : "";
}

/**
 * Tells whether all that a checker objects to is that there was nothing to
 * judge.
 */
function isEmpty(workload: Findings): boolean {
  const types = workload["error-types"] ?? workload["anomaly-types"];
  return Array.isArray(types) && types.length > 0 &&
    types.every((type) => type === "empty-transaction-graph");
}

/** The beginning of a line that tells what else went wrong. */
export const besides = "Besides,";

/** A question to the author of a node that runs and answers nobody. */
export const silenceHint =
  "Does the handler return, is what it prints flushed, and is the reply's in_reply_to the request's msg_id?";
