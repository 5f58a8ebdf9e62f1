/**
 * Logs: does every message that was taken in arrive, once, in order, at its
 * offset?
 *
 * The rules, and the names of what is found, are those of Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj)
 * as Maelstrom sets them up: clients assign keys to themselves and don't
 * subscribe, and no dependencies are inferred between sends.
 *
 * On two kinds of history Jepsen's checker throws, which makes a run "unknown".
 * Where messages were polled that nobody had sent, we tell of them under
 * `unsent`, and call the run unknown as well, if nothing else is wrong. Where
 * the answers to polls have had a key, but never a message of it, we see nothing
 * wrong in that.
 *
 * Messages of keys that a poll hadn't asked for are judged as all others are, so
 * they don't make a run invalid, but are told of under `unasked`.
 *
 * @module
 */
import type { History } from "../load/history.ts";
import {
  type Cycle,
  type CycleExists,
  type CycleFindings,
  cycles,
} from "./kafka/cycles.ts";
import {
  type AbortedRead,
  abortedReads,
  type Duplicate,
  duplicates,
  type InconsistentOffset,
  inconsistentOffsets,
  type LostWrite,
  lostWrites,
  type PrecommittedRead,
  precommittedReads,
  type Unseen,
  unseenMessages,
  type Unsent,
  unsentMessages,
} from "./kafka/delivery.ts";
import { type Lag, worstRealtimeLag } from "./kafka/lag.ts";
import { readLogs } from "./kafka/logs.ts";
import { type Observations, observe } from "./kafka/observations.ts";
import {
  type Nonmonotonic,
  orderBetweenPolls,
  orderBetweenSends,
  orderInPolls,
  orderInSends,
  type Skip,
} from "./kafka/order.ts";
import { type Unasked, unaskedPolls } from "./kafka/unasked.ts";
import type { Findings, Validity } from "./validity.ts";

/** The kinds of error, and what is told of each. */
export interface ErrorKinds {
  /** Polled although its send had certainly failed. */
  G1a: AbortedRead;
  /** A message at several offsets. */
  duplicate: Duplicate;
  /** Several messages at one offset. */
  "inconsistent-offsets": InconsistentOffset;
  /** Polled by nobody, although somebody polled a later message. */
  "lost-write": LostWrite;
  /** Polled by the transaction that sent it. */
  "precommitted-read": PrecommittedRead;
  /** Polls of a process that went backwards. */
  "nonmonotonic-poll": Nonmonotonic;
  /** Polls of a process that stepped over something. */
  "poll-skip": Skip;
  /** The same within one poll. */
  "int-nonmonotonic-poll": Nonmonotonic;
  "int-poll-skip": Skip;
  /** A process's sends whose offsets went backwards. */
  "nonmonotonic-send": Nonmonotonic;
  /** The same within one operation. */
  "int-nonmonotonic-send": Nonmonotonic;
  /** Sends of one operation between which there is something. Tolerated. */
  "int-send-skip": Skip;
  /** Sends and polls that contradict each other. */
  G1c: Cycle;
  /** Sends and polls that contradict the order in which they happened. */
  "G1c-realtime": Cycle;
  /** The place of such cycles. */
  "PL-2-cycle-exists": CycleExists;
  "strong-PL-2-cycle-exists": CycleExists;
  /** Polled although nobody sent it. Ours: Jepsen's checker throws there. */
  unsent: Unsent;
}

/** The number of errors of a kind, and the most telling of them. */
export interface Errors<T> {
  count: number;
  errs: T[];
}

/**
 * The findings of {@linkcode kafka}; a kind of error that wasn't found isn't
 * there.
 */
export type KafkaFindings =
  & Findings
  & { [K in keyof ErrorKinds]?: Errors<ErrorKinds[K]> }
  & {
    "valid?": Validity;
    /** The poll that lagged most behind what was known to be there. */
    "worst-realtime-lag": Lag;
    /** Those of the kinds of error found that make the run invalid. */
    "bad-error-types": string[];
    /** The kinds of error found. */
    "error-types": string[];
    /** The reasons why sends and polls had no known end. */
    "info-txn-causes": unknown[];
    /** The messages that were acknowledged, and not polled by anybody. */
    unseen?: Unseen;
    /** Polls with messages of keys that weren't asked for. Ours. */
    unasked?: Errors<Unasked>;
    /** No two operations had to do with each other. */
    "empty-transaction-graph"?: { count: 1; errs: true };
  };

/** Kinds of error that are found, and are no fault of a log. */
const tolerated: ReadonlySet<string> = new Set([
  // Others may send in the middle of a transaction.
  "int-send-skip",
]);

/** The most errors of a kind that are described. */
const maxErrors = 32;
const maxSteps = 8;

/** Checks a history of `send`, `poll`, `assign` and `crash` operations. */
export function kafka(history: History): KafkaFindings {
  const observations = observe(history);
  const errors = findErrors(observations);
  const unseen = unseenMessages(observations);
  const types = Object.keys({ ...errors, ...unseen && { unseen } }).sort();
  const bad = types.filter((type) => !tolerated.has(type));
  const unsent = unsentMessages(observations);
  const unasked = unaskedPolls(observations);
  return {
    // Jepsen's checker can't tell where it meets messages that nobody sent.
    "valid?": bad.length > 0 ? false : unsent.length > 0 ? "unknown" : true,
    "worst-realtime-lag": worstRealtimeLag(observations),
    "bad-error-types": bad,
    "error-types": types,
    "info-txn-causes": infoCauses(observations),
    ...errors,
    ...(unseen && { unseen }),
    ...(unsent.length > 0 && { unsent: some(unsent) }),
    ...(unasked.length > 0 && { unasked: some(unasked) }),
  };
}

/** Errors of some kind. */
type AnyErrors = { count: number; errs: unknown[] | true };

function findErrors(
  observations: Observations,
): { [type: string]: AnyErrors } {
  const logs = readLogs(observations);
  const inPolls = orderInPolls(logs, observations);
  const inSends = orderInSends(logs, observations);
  const polls = orderBetweenPolls(logs, observations);
  const sends = orderBetweenSends(logs, observations);
  const found: { [type: string]: AnyErrors } = {
    G1a: some(abortedReads(observations)),
    duplicate: some(duplicates(logs), ({ count }) => count),
    "inconsistent-offsets": some(
      inconsistentOffsets(logs, observations),
      ({ values }) => values.length,
    ),
    "lost-write": some(lostWrites(logs, observations)),
    "precommitted-read": some(precommittedReads(observations)),
    "nonmonotonic-poll": worst(polls.nonmonotonic, 1),
    "poll-skip": worst(polls.skips, -1),
    "int-nonmonotonic-poll": worst(inPolls.nonmonotonic, 1),
    "int-poll-skip": worst(inPolls.skips, -1),
    "nonmonotonic-send": worst(sends.nonmonotonic, 1),
    "int-nonmonotonic-send": worst(inSends.nonmonotonic, 1),
    "int-send-skip": worst(inSends.skips, -1),
    ...cycleErrors(cycles(observations)),
  };
  return Object.fromEntries(
    Object.entries(found).filter(([, { count }]) => count > 0),
  );
}

/** The first errors, or those with the least rank. */
function some<T>(
  errors: readonly T[],
  rank: (error: T) => number = () => 0,
  limit = maxErrors,
): Errors<T> {
  const errs = errors.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit);
  return { count: errors.length, errs };
}

/** The greatest steps backwards, or (with -1) forwards. */
function worst<T extends { delta: number }>(
  errors: readonly T[],
  direction: 1 | -1,
): Errors<T> {
  return some(errors, ({ delta }) => direction * delta, maxSteps);
}

function cycleErrors(
  found: CycleFindings,
): { [type: string]: AnyErrors } {
  return Object.fromEntries(
    Object.entries(found).map(([type, errors]) => [
      type,
      errors === true ? { count: 1, errs: true } : some<unknown>(errors),
    ]),
  );
}

/** Each reason that a send or poll had for its end being unknown, once. */
function infoCauses({ transactions }: Observations): unknown[] {
  const causes = new Map<string, unknown>();
  for (const { op } of transactions) {
    if (op.type !== "info") continue;
    const error = op.error ?? null;
    causes.set(JSON.stringify(error), error);
  }
  return [...causes.values()].slice(0, maxErrors);
}
