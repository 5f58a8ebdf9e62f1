/**
 * Do offsets go up, and without gaps? Asked of each operation by itself, where
 * a violation is *internal*, and of what each process does one after the other.
 *
 * The rules are those of Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj).
 * What is compared are places in the log without its gaps, and only of messages
 * whose place is known.
 *
 * @module
 */
import type { Process } from "../../load/history.ts";
import { inner, newMap } from "../inner.ts";
import { distance, type Log, type Logs } from "./logs.ts";
import {
  assignedKeys,
  type Message,
  type Observation,
  type Observations,
  type OpSummary,
  type Part,
  summary,
} from "./observations.ts";

/** A step over messages that are known to be there. */
export interface Skip {
  key: string;
  values: [from: Message, to: Message];
  /** The length of the step; 1 would be right. */
  delta: number;
  /** The messages in between, or the first of them. */
  skipped: Message[];
  /** The operation of an internal one. */
  op?: OpSummary;
  /** The two operations of one process. */
  ops?: [OpSummary, OpSummary];
}

/** A step backwards, or none where there should be one. */
export interface Nonmonotonic {
  key: string;
  values: [from: Message, to: Message];
  delta: number;
  op?: OpSummary;
  ops?: [OpSummary, OpSummary];
}

/** The errors in the order of some steps. */
export interface OrderFindings {
  skips: Skip[];
  nonmonotonic: Nonmonotonic[];
}

/** The most skipped messages that are listed. */
const maxSkipped = 32;

/** Looks at the messages that single operations polled. */
export function orderInPolls(
  logs: Logs,
  { transactions }: Observations,
): OrderFindings {
  return internalOrder(logs, transactions, ({ polls }) => polls);
}

/** Looks at the messages that single operations sent. */
export function orderInSends(
  logs: Logs,
  { transactions }: Observations,
): OrderFindings {
  return internalOrder(logs, transactions, ({ sends }) => sends);
}

function internalOrder(
  logs: Logs,
  transactions: readonly Observation[],
  select: (observation: Observation) => readonly Part[],
): OrderFindings {
  const findings: OrderFindings = { skips: [], nonmonotonic: [] };
  for (const observation of transactions) {
    for (const { key, entries } of select(observation)) {
      if (entries.length < 2) continue;
      const log = logs.get(key);
      const where = () => ({ op: summary(observation) });
      let before: Message | undefined;
      for (const { message } of entries) {
        judgeStep(findings, log, key, before, message, where);
        before = message;
      }
    }
  }
  return findings;
}

/** Looks at what each process polled after what it had polled before. */
export function orderBetweenPolls(
  logs: Logs,
  { all }: Observations,
): OrderFindings {
  return externalOrder(logs, all, ({ polls }) => polls, {
    // A poll that didn't succeed leaves a consumer where it was.
    moves: ({ op }) => op.type === "ok",
    isJudged: () => true,
    // Jepsen compares with the last answer, and if there was no message in it,
    // with nothing.
    forgets: ({ polledKeys }) => polledKeys,
  });
}

/** Looks at what each process sent after what it had sent before. */
export function orderBetweenSends(
  logs: Logs,
  { all }: Observations,
): OrderFindings {
  const mayBeThere = ({ op }: Observation) => op.type !== "fail";
  return externalOrder(logs, all, ({ sends }) => sends, {
    moves: mayBeThere,
    isJudged: mayBeThere,
    forgets: () => [],
  });
}

function externalOrder(
  logs: Logs,
  all: readonly Observation[],
  select: (observation: Observation) => readonly Part[],
  { moves, isJudged, forgets }: {
    moves(observation: Observation): boolean;
    isJudged(observation: Observation): boolean;
    forgets(observation: Observation): readonly string[];
  },
): OrderFindings {
  const findings: OrderFindings = { skips: [], nonmonotonic: [] };
  /** For each process and key what the last operation showed of the key. */
  const positions = new Map<Process, Map<string, Part>>();
  for (const observation of all) {
    const { op } = observation;
    const last = inner(positions, op.process, newMap<string, Part>);
    if (op.f === "assign" || op.f === "subscribe") {
      if (op.type !== "fail") keepOnly(last, assignedKeys(op));
      continue;
    }
    if (!isJudged(observation)) continue;
    const parts = select(observation);
    for (const part of parts) {
      const { key, entries } = part;
      const before = last.get(key);
      if (before === undefined) continue;
      judgeStep(
        findings,
        logs.get(key),
        key,
        before.entries.at(-1)?.message,
        entries[0]?.message,
        () => ({ ops: [summary(before), summary(part)] }),
      );
    }
    if (!moves(observation)) continue;
    for (const key of forgets(observation)) last.delete(key);
    for (const part of parts) last.set(part.key, part);
  }
  return findings;
}

/** A consumer goes on where it was with the keys that it is still assigned. */
function keepOnly(positions: Map<string, Part>, keys: string[]): void {
  const kept = new Set(keys);
  for (const key of positions.keys()) {
    if (!kept.has(key)) positions.delete(key);
  }
}

function judgeStep(
  findings: OrderFindings,
  log: Log | undefined,
  key: string,
  from: Message | undefined,
  to: Message | undefined,
  where: () => Pick<Skip, "op" | "ops">,
): void {
  if (log === undefined || from === undefined || to === undefined) return;
  const step = distance(log, from, to);
  if (step === undefined || step.steps === 1) return;
  const { start, steps: delta } = step;
  const values: Skip["values"] = [from, to];
  if (delta < 1) {
    findings.nonmonotonic.push({ key, values, delta, ...where() });
    return;
  }
  const end = start + Math.min(delta, maxSkipped + 1);
  const skipped = log.order.slice(start + 1, end);
  findings.skips.push({ key, values, delta, skipped, ...where() });
}
