/**
 * Did messages arrive that should, once each, at the place they were promised,
 * and none that shouldn't?
 *
 * The rules are those of Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj).
 *
 * @module
 */
import { inClojureOrder } from "../clojure_order.ts";
import { inner, newSet } from "../inner.ts";
import { type Log, type Logs, type Place, spans } from "./logs.ts";
import {
  type Message,
  mustHaveCommitted,
  type Observations,
  ofKey,
  type OpSummary,
  summary,
} from "./observations.ts";

/** Several messages at one offset. */
export interface InconsistentOffset {
  key: string;
  offset: number;
  index: number;
  /** The messages, or some of them. */
  values: Message[];
  /** Ours: for each of the messages the first operation that had it there. */
  ops: OpSummary[];
}

/** The most messages of one offset that are listed. */
const maxValues = 32;

/** Finds offsets at which not all saw the same message. */
export function inconsistentOffsets(
  logs: Logs,
  { transactions }: Observations,
): InconsistentOffset[] {
  const places = new Map<string, Map<number, Map<Message, OpSummary>>>();
  const found: InconsistentOffset[] = [];
  for (const [key, log] of logs) {
    for (const { index, offset, messages } of log.places) {
      if (messages.size < 2) continue;
      const values = [...messages].sort(compare).slice(0, maxValues);
      inner(places, key, () => new Map()).set(offset, new Map());
      found.push({ key, offset, index, values, ops: [] });
    }
  }
  if (found.length === 0) return found;
  for (const observation of transactions) {
    for (const source of [observation.sends, observation.polls]) {
      for (const { key, entries } of source) {
        const offsets = places.get(key);
        if (offsets === undefined) continue;
        for (const { offset, message } of entries) {
          const witnesses = offset === undefined
            ? undefined
            : offsets.get(offset);
          if (witnesses) inner(witnesses, message, () => summary(observation));
        }
      }
    }
  }
  for (const { key, offset, values, ops } of found) {
    const witnesses = places.get(key)!.get(offset)!;
    ops.push(...values.map((value) => witnesses.get(value)!));
  }
  return found;
}

/** A message at several offsets. */
export interface Duplicate {
  key: string;
  value: Message;
  count: number;
  offsets: number[];
}

/** The most offsets of one message that are listed. */
const maxOffsets = 32;

/** Finds messages that stand at more than one offset of their log. */
export function duplicates(logs: Logs): Duplicate[] {
  return [...logs].flatMap(([key, log]) => duplicatesIn(key, log));
}

function duplicatesIn(key: string, log: Log): Duplicate[] {
  const found = new Map<Message, Duplicate>();
  const firstOffset = new Map<Message, number>();
  for (const { offset, messages } of log.places) {
    for (const value of messages) {
      const first = firstOffset.get(value);
      if (first === undefined) {
        firstOffset.set(value, offset);
        continue;
      }
      const duplicate = inner(
        found,
        value,
        () => ({ key, value, count: 1, offsets: [first] }),
      );
      duplicate.count++;
      if (duplicate.offsets.length < maxOffsets) duplicate.offsets.push(offset);
    }
  }
  return [...found.values()];
}

/** A message that was polled although its send had failed. */
export interface AbortedRead {
  key: string;
  value: Message;
  writer: OpSummary | null;
  reader: OpSummary;
}

/** Finds polls of messages whose sends certainly failed: G1a. */
export function abortedReads(observations: Observations): AbortedRead[] {
  const { transactions, failedSends, writers } = observations;
  const found: AbortedRead[] = [];
  if (failedSends.size === 0) return found;
  for (const reader of transactions) {
    if (reader.op.type !== "ok") continue;
    for (const { key, entries } of reader.polls) {
      const failed = failedSends.get(key);
      if (failed === undefined) continue;
      for (const { message } of entries) {
        if (!failed.has(message)) continue;
        const writer = writers.get(key)?.get(message);
        found.push({
          key,
          value: message,
          writer: writer ? summary(writer) : null,
          reader: summary(reader),
        });
      }
    }
  }
  return found;
}

/** A message that was polled by the very transaction that sent it. */
export interface PrecommittedRead {
  op: OpSummary;
  key: string;
  value: Message;
}

/** Finds transactions that saw what they were only about to send. */
export function precommittedReads(
  { transactions }: Observations,
): PrecommittedRead[] {
  return transactions.flatMap((observation) => {
    const { sends, polls } = observation;
    if (sends.length === 0 || polls.length === 0) return [];
    for (const { key, entries } of sends) {
      const found = ofKey(polls, key)?.map(({ message }) => message);
      const sent = new Set(entries.map(({ message }) => message));
      const [value] = inClojureOrder(sent.intersection(new Set(found)));
      if (value !== undefined) {
        return [{ op: summary(observation), key, value }];
      }
    }
    return [];
  });
}

/** A message that nobody polled although somebody polled a later one. */
export interface LostWrite {
  key: string;
  value: Message;
  /** Ours: Jepsen gives the index only. */
  offset: number;
  index: number;
  "max-read-index": number;
  writer: OpSummary;
  "max-read": OpSummary | null;
}

/**
 * Finds messages that were taken in and that nobody polled, although somebody
 * polled a message that stands behind them. A message that stands at several
 * places counts as the first when it was polled, and as the last when not.
 */
export function lostWrites(
  logs: Logs,
  observations: Observations,
): LostWrite[] {
  const { polled, writers, readers } = observations;
  return [...polled].flatMap(([key, found]) => {
    const log = logs.get(key);
    if (log === undefined) return [];
    const spanOf = spans(log);
    let bound: Place | undefined;
    for (const message of found) {
      const first = spanOf.get(message)?.first;
      if (first && first.index > (bound?.index ?? -1)) bound = first;
    }
    if (bound === undefined) return [];
    const [lastAtBound] = inClojureOrder(
      [...bound.messages].filter((each) => spanOf.get(each)?.last === bound),
    );
    const [maxRead] = lastAtBound === undefined
      ? []
      : readers.get(key)?.get(lastAtBound) ?? [];
    const lost: LostWrite[] = [];
    const inOrder = [...spanOf].filter(([value]) => !found.has(value))
      .sort(([, { last: a }], [, { last: b }]) => a.index - b.index);
    for (const [value, { first, last }] of inOrder) {
      if (last.index > bound.index) break;
      const writer = writers.get(key)?.get(value);
      if (!writer || !mustHaveCommitted(writer, observations)) continue;
      lost.push({
        key,
        value,
        offset: first.offset,
        index: first.index,
        "max-read-index": bound.index,
        writer: summary(writer),
        "max-read": maxRead ? summary(maxRead) : null,
      });
    }
    return lost;
  });
}

/**
 * The messages that were acknowledged and that nobody has polled, at the end.
 */
export interface Unseen {
  /** The time at which the last operation ended, in nanoseconds. */
  time: number;
  /** The number of messages of each key. */
  unseen: { [key: string]: number };
  /** Some of them. */
  messages: { [key: string]: Message[] };
  /**
   * Ours: those of these keys whose messages were polled, and not acknowledged.
   * Jepsen counts what is polled of a key to which no send has succeeded yet as
   * unseen, until the next operation. So it shows in the last one.
   */
  polled?: string[];
}

/** The most unseen messages of one key that are listed. */
const maxUnseen = 32;

/** Finds acknowledged messages that nobody has polled; `undefined` if none. */
export function unseenMessages(
  { transactions, polled }: Observations,
): Unseen | undefined {
  const unseen = new Map<string, Set<Message>>();
  const successful = transactions.filter(({ op }) => op.type === "ok");
  const last = successful.at(-1);
  if (last === undefined) return;
  for (const { sends } of successful) {
    for (const { key, entries } of sends) {
      const missing = inner(unseen, key, newSet<Message>);
      const found = polled.get(key);
      for (const { message } of entries) {
        if (!found?.has(message)) missing.add(message);
      }
    }
  }
  const seen = last.polls.filter(({ key }) =>
    !unseen.has(key) &&
    last === successful.find(({ polledKeys }) => polledKeys.includes(key))
  );
  for (const { key, entries } of seen) {
    unseen.set(key, new Set(entries.map(({ message }) => message)));
  }
  const some = [...unseen].filter(([, messages]) => messages.size > 0)
    .sort(([a], [b]) => a < b ? -1 : 1);
  if (some.length === 0) return;
  return {
    time: last.op.time,
    unseen: Object.fromEntries(some.map(([key, { size }]) => [key, size])),
    messages: Object.fromEntries(
      some.map(([key, messages]) => [
        key,
        [...messages].sort(compare).slice(0, maxUnseen),
      ]),
    ),
    ...(seen.length > 0 && { polled: seen.map(({ key }) => key).sort() }),
  };
}

/** A message that was polled and that nobody has sent. */
export interface Unsent {
  key: string;
  value: Message;
  reader: OpSummary;
}

/** Finds polled messages that no client ever sent. */
export function unsentMessages(
  { readers, writers, unfinishedSends }: Observations,
): Unsent[] {
  const found: Unsent[] = [];
  for (const [key, byMessage] of readers) {
    const sent = writers.get(key);
    const unfinished = unfinishedSends.get(key);
    for (const [value, [reader]] of byMessage) {
      if (sent?.has(value) || unfinished?.has(value)) continue;
      found.push({ key, value, reader: summary(reader!) });
    }
  }
  return found;
}

function compare(a: Message, b: Message): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : 1;
}
