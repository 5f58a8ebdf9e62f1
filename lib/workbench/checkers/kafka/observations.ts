/**
 * The clients' views of a set of logs: their operations, read into one form.
 *
 * An operation's value is a list of micro-operations: `["send", key, message]`,
 * which becomes `["send", key, [offset, message]]` when the offset is known,
 * and `["poll"]`, which becomes `["poll", {key: [[offset, message], …]}]`. They
 * are those of Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj);
 * Maelstrom's clients put one into each operation. What isn't of this form is
 * passed over.
 *
 * @module
 */
import { identity, isObject } from "../../sim/exact_json.ts";
import {
  type History,
  isClientOp,
  type Op,
  pairs,
} from "../../load/history.ts";
import { inner, newList, newMap, newSet } from "../inner.ts";

/** A message; what isn't a number, a text, or the like is named by a text. */
export type Message = string | number | boolean | null;

/** A message and where it stands in its log, if that is known. */
export interface Entry {
  offset: number | undefined;
  message: Message;
}

/** The part of a key's log that one operation showed. */
export interface Part {
  op: Op;
  key: string;
  entries: readonly Entry[];
}

/** A completed operation of a client. */
export interface Observation {
  op: Op;
  /** Its invocation, where the history has one. */
  invocation: Op | undefined;
  /** For each key what it sent. */
  sends: readonly Part[];
  /** For each key the messages that it polled, if there were any. */
  polls: readonly Part[];
  /** The keys that were in its answer, be it without messages, as most are. */
  polledKeys: readonly string[];
}

/** The operations of a history, indexed by what they sent and polled. */
export interface Observations {
  /** All completions of clients, in order. */
  all: readonly Observation[];
  /** Those that may have sent or polled. */
  transactions: readonly Observation[];
  /** The operation that sent a message: `writers.get(key)?.get(message)`. */
  writers: Index<Observation>;
  /** The operations that polled a message, in order. */
  readers: Index<Observation[]>;
  /** The messages that operations sent of which it is known that they failed. */
  failedSends: Index<Observation>;
  /**
   * The messages that successful operations polled. A key is there as soon as
   * it was in an answer, be it without messages.
   */
  polled: ReadonlyMap<string, ReadonlySet<Message>>;
  /** Messages in sends that never ended. */
  unfinishedSends: ReadonlyMap<string, ReadonlySet<Message>>;
}

/** Something about each message of each key. */
export type Index<T> = ReadonlyMap<string, ReadonlyMap<Message, T>>;

const transactional = new Set(["poll", "send", "txn"]);
const none: readonly never[] = [];
const noPolls = { polls: none, polledKeys: none };

/** Reads a history. */
export function observe(history: History): Observations {
  const counterpart = pairs(history);
  const all: Observation[] = [];
  const transactions: Observation[] = [];
  const writers = new Map<string, Map<Message, Observation>>();
  const readers = new Map<string, Map<Message, Observation[]>>();
  const failedSends = new Map<string, Map<Message, Observation>>();
  const polled = new Map<string, Set<Message>>();
  const unfinishedSends = new Map<string, Set<Message>>();

  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") {
      if (counterpart[op.index] !== undefined) continue;
      for (const { key, entries } of sendsOf(op)) {
        const messages = inner(unfinishedSends, key, newSet<Message>);
        for (const { message } of entries) messages.add(message);
      }
      continue;
    }
    const sends = sendsOf(op);
    const { polls, polledKeys } = pollsOf(op);
    const invocation = counterpart[op.index];
    const observation = { op, invocation, sends, polls, polledKeys };
    all.push(observation);
    if (transactional.has(op.f)) transactions.push(observation);
    for (const { key, entries } of sends) {
      const byMessage = inner(writers, key, newMap<Message, Observation>);
      const failed = op.type === "fail"
        ? inner(failedSends, key, newMap<Message, Observation>)
        : undefined;
      for (const { message } of entries) {
        byMessage.set(message, observation);
        failed?.set(message, observation);
      }
    }
    for (const key of polledKeys) {
      inner(readers, key, newMap<Message, Observation[]>);
      if (op.type === "ok") inner(polled, key, newSet<Message>);
    }
    for (const { key, entries } of polls) {
      const byMessage = readers.get(key)!;
      const found = op.type === "ok" ? polled.get(key) : undefined;
      for (const { message } of entries) {
        inner(byMessage, message, newList<Observation>).push(observation);
        found?.add(message);
      }
    }
  }
  return {
    all,
    transactions,
    writers,
    readers,
    failedSends,
    polled,
    unfinishedSends,
  };
}

/** Tells whether what an operation sent must be in the logs. */
export function mustHaveCommitted(
  { op, sends }: Observation,
  { polled }: Observations,
): boolean {
  if (op.type !== "info") return op.type === "ok";
  for (const { key, entries } of sends) {
    const found = polled.get(key);
    if (found && entries.some(({ message }) => found.has(message))) return true;
  }
  return false;
}

/** The form in which findings name an operation. */
export interface OpSummary {
  index: number;
  time: number;
  process: Op["process"];
  type: Op["type"];
  f: string;
}

/** An operation without its value, which may be long. */
export function summary({ op }: { op: Op }): OpSummary {
  const { index, time, process, type, f } = op;
  return { index, time, process, type, f };
}

/** The keys that an `assign` has as its value. */
export function assignedKeys({ value }: Op): string[] {
  return Array.isArray(value) ? value.map(keyText) : [];
}

function keyText(key: unknown): string {
  return typeof key === "string" ? key : identity(key);
}

function sendsOf(op: Op): readonly Part[] {
  if (op.f !== "send" && op.f !== "txn") return none;
  const parts: Part[] = [];
  for (const [name, key, value] of microOps(op)) {
    if (name !== "send") continue;
    const entry = Array.isArray(value)
      ? entryOf(value[0], value[1])
      : entryOf(undefined, value);
    parts.push({ op, key: keyText(key), entries: [entry] });
  }
  return oneOfEach(parts);
}

function pollsOf(op: Op): Pick<Observation, "polls" | "polledKeys"> {
  if (op.f !== "poll" && op.f !== "txn") return noPolls;
  const polls: Part[] = [];
  const polledKeys: string[] = [];
  const polling = microOps(op).filter(([name]) => name === "poll");
  for (const [, messages] of polling) {
    if (!isObject(messages)) continue;
    for (const key in messages) {
      const list = messages[key];
      if (list !== null && !Array.isArray(list)) continue;
      polledKeys.push(key);
      const entries = entriesOf(list ?? none);
      // The first of several decides about the order, be it without messages.
      if (entries.length === 0 && polling.length === 1) continue;
      polls.push({ op, key, entries });
    }
  }
  if (polling.length < 2) return { polls, polledKeys };
  const joined = oneOfEach(polls).filter(({ entries }) => entries.length > 0);
  return { polls: joined, polledKeys };
}

/** Joins the parts that are of the same key. */
function oneOfEach(parts: readonly Part[]): readonly Part[] {
  if (parts.length < 2) return parts;
  return Array.from(
    Map.groupBy(parts, ({ key }) => key).values(),
    (ofKey) => ({
      ...ofKey[0]!,
      entries: ofKey.flatMap(({ entries }) => entries),
    }),
  );
}

/** Returns what an operation showed of a key. */
export function ofKey(
  parts: readonly Part[],
  key: string,
): readonly Entry[] | undefined {
  return parts.find((part) => part.key === key)?.entries;
}

function microOps({ value }: Op): unknown[][] {
  return Array.isArray(value) ? value.filter(Array.isArray) : [];
}

function entriesOf(list: readonly unknown[]): readonly Entry[] {
  if (list.length === 0) return none;
  const entries: Entry[] = [];
  for (const each of list) {
    if (Array.isArray(each)) entries.push(entryOf(each[0], each[1]));
  }
  return entries;
}

function entryOf(offset: unknown, message: unknown): Entry {
  return {
    offset: Number.isSafeInteger(offset) ? offset as number : undefined,
    message: typeof message === "object" && message !== null
      ? identity(message)
      : (message ?? null) as Message,
  };
}
