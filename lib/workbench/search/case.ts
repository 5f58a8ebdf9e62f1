/**
 * Cases: what a run was asked to be, how it failed, and how long that takes to
 * tell.
 *
 * @module
 */
import { neverSucceeded } from "../checkers/stats.ts";
import type { Judgement, Results } from "../judge.ts";
import { hasTimedOut, type Op } from "../load/history.ts";
import type { Schedule } from "../load/schedule.ts";
import { type Options, splitFaults } from "../options.ts";
import { secondInNs } from "../sim/units.ts";
import { silencedAnomaly } from "../verdict.ts";

/**
 * A run to be judged, whoever its nodes are.
 *
 * @example
 * ```ts
 * import type { Case } from "@call-me-maybe/maelstrom/workbench";
 *
 * const small: Case = {
 *   options: { workload: "broadcast", "node-count": 2, "p-loss": 0.1, seed: 7 },
 * };
 * ```
 */
export interface Case {
  /** The options, the seed among them. */
  options: Options;
  /** The surroundings, where options can't say what they do. */
  schedule?: Schedule;
}

/** The size of a case, for people. */
export interface Size {
  nodes: number;
  /** Operations of clients, without those that end every run. */
  ops: number;
  /** Faults, and messages that met with a fate. */
  faults: number;
}

/** The options that each let a fault happen. */
export const faultOptions = [
  "nemesis",
  "lazyfs",
  "disk-size",
  "p-loss",
  "p-duplicate",
  "p-reorder",
] as const;

/** A run that may have failed: so much of its judgement as matters here. */
type Failed =
  & Pick<Judgement, "anomaly" | "reason" | "test" | "history">
  & { results: Pick<Results, "valid?"> & Partial<Pick<Results, "stats">> };

/**
 * The name of what is wrong with a run, for one to be told from another;
 * `undefined` if nothing is, or nothing that the nodes could help.
 */
export function failureIn(judgement: Failed): string | undefined {
  const { results, anomaly, reason = "" } = judgement;
  if (results["valid?"] !== false) return undefined;
  if (anomaly === undefined || anomaly === silencedAnomaly) return undefined;
  if (anomaly === "no-success" && isChance(judgement)) return undefined;
  // There's more than one way to crash.
  return anomaly === "node-crashed"
    ? `${anomaly}: ${causeIn(reason)}`
    : anomaly;
}

/** The time that nodes have to begin their work: to elect a leader, say. */
const beginningNs = 5 * secondInNs;

/** Where each message takes another time, so many may have come too late. */
const maxLate = 2;

/**
 * Tells whether no operation of a kind succeeded by chance. In a short run, nobody
 * may have had an answer for the faults alone; or all asked for something else than
 * what was there, or before there was somebody to answer.
 */
function isChance({ test, history, results: { stats } }: Failed): boolean {
  if (faultsOf(test).length > 0) return true;
  const never = stats ? neverSucceeded(stats) : [];
  const kinds = new Set(never.map(([f]) => f));
  const failures = history.filter((op) =>
    kinds.has(op.f) && op.type !== "invoke" &&
    !(test.options.workload === "lin-kv" && hasError(op, refusals[op.f]))
  );
  if (!failures.every((op) => hasTimedOut(op) || hasError(op, temporary))) {
    return false;
  }
  const { latency, "latency-dist": dist } = test.options;
  const isRandom = latency > 0 && dist !== "constant";
  const late = failures.filter(({ time }) => time >= beginningNs);
  return late.length <= (isRandom ? maxLate : 0);
}

/**
 * Errors of a store that does what it should, for what it was asked. Of other
 * nodes, they are the errors of a service, passed on.
 */
const refusals: { readonly [f: string]: ReadonlySet<string> } = {
  read: new Set(["key-does-not-exist"]),
  cas: new Set(["key-does-not-exist", "precondition-failed"]),
};

/** Errors after which the same may succeed. */
const temporary = new Set([
  "timeout",
  "temporarily-unavailable",
  "key-does-not-exist",
  "precondition-failed",
  "crash",
  "abort",
]);

function hasError({ error }: Op, names?: ReadonlySet<string>): boolean {
  return Array.isArray(error) && names?.has(error[0]) === true;
}

/** The line of a crash that names the error, without what differs by chance. */
export function causeIn(reason: string): string {
  const lines = reason.split("\n").map((line) => line.trim());
  const cause = / It said: (.+)/.exec(lines[0]!)?.[1] ??
    lines.find((line) => /^(Uncaught )?\w*(Error|panic)\b/.test(line)) ??
    lines[0]!;
  // The same words at another place are another mistake.
  const [place = ""] = / \(at [^\n]+:\d+\)$/.exec(reason) ?? [];
  const words = cause.endsWith(place)
    ? cause.slice(0, cause.length - place.length)
    : cause;
  return words.replace(/\bn\d+\b/g, "a node").replace(/\d+(\.\d+)?/g, "#")
    .slice(0, 120) + place;
}

/** The kinds of faults that a case has: `partition`, `kill`, `p-loss`, … */
export function faultsOf({ options, schedule }: Case): string[] {
  if (schedule === undefined) {
    return faultOptions.filter((name) => options[name] !== undefined)
      .flatMap((name) =>
        name === "nemesis" ? splitFaults(options.nemesis!) : [name]
      );
  }
  const { faults, fates = [] } = schedule;
  const kinds = new Set<string>(faults.map(({ kind }) => kind));
  for (const { holdUpsMs } of fates) {
    kinds.add(
      ["p-loss", "p-reorder"][holdUpsMs.length] ?? "p-duplicate",
    );
  }
  for (const name of ["lazyfs", "disk-size"] as const) {
    if (options[name] !== undefined) kinds.add(name);
  }
  return [...kinds];
}
