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
import { inner } from "../inner.ts";

/** A message; what isn't a number, a text, or the like is named by a text. */
export type Message = string | number | boolean | null;

/** A message and where it stands in its log, if that is known. */
export interface Entry {
  offset: number | undefined;
  message: Message;
}

/** The part of each key's log that one operation showed. */
export type ByKey = ReadonlyMap<string, readonly Entry[]>;

/** A completed operation of a client. */
export interface Observation {
  op: Op;
  /** Its invocation, where the history has one. */
  invocation: Op | undefined;
  sends: ByKey;
  polls: ByKey;
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
const none: ByKey = new Map();

/** Reads a history. */
export function observe(history: History): Observations {
  const counterpart = pairs(history);
  const all: Observation[] = [];
  const writers = new Map<string, Map<Message, Observation>>();
  const readers = new Map<string, Map<Message, Observation[]>>();
  const failedSends = new Map<string, Map<Message, Observation>>();
  const polled = new Map<string, Set<Message>>();
  const unfinishedSends = new Map<string, Set<Message>>();

  for (const op of history) {
    if (!isClientOp(op)) continue;
    if (op.type === "invoke") {
      if (counterpart[op.index] !== undefined) continue;
      for (const [key, entries] of sendsOf(op)) {
        const messages = inner(unfinishedSends, key, () => new Set<Message>());
        for (const { message } of entries) messages.add(message);
      }
      continue;
    }
    const observation: Observation = {
      op,
      invocation: counterpart[op.index],
      sends: sendsOf(op),
      polls: pollsOf(op),
    };
    all.push(observation);
    for (const [key, entries] of observation.sends) {
      const byMessage = inner(writers, key, newMap<Observation>);
      const failed = op.type === "fail"
        ? inner(failedSends, key, newMap<Observation>)
        : undefined;
      for (const { message } of entries) {
        byMessage.set(message, observation);
        failed?.set(message, observation);
      }
    }
    for (const [key, entries] of observation.polls) {
      const byMessage = inner(readers, key, newMap<Observation[]>);
      const found = op.type === "ok"
        ? inner(polled, key, () => new Set<Message>())
        : undefined;
      for (const { message } of entries) {
        inner(byMessage, message, () => []).push(observation);
        found?.add(message);
      }
    }
  }
  return {
    all,
    transactions: all.filter(({ op }) => transactional.has(op.f)),
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
  for (const [key, entries] of sends) {
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
export function summary({ op }: Observation): OpSummary {
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

function newMap<T>() {
  return new Map<Message, T>();
}

function sendsOf(op: Op): ByKey {
  if (op.f !== "send" && op.f !== "txn") return none;
  const sends = new Map<string, Entry[]>();
  for (const [name, key, value] of microOps(op)) {
    if (name !== "send") continue;
    inner(sends, keyText(key), () => [])
      .push(entryOf(Array.isArray(value) ? value : [undefined, value]));
  }
  return sends;
}

function pollsOf(op: Op): ByKey {
  if (op.f !== "poll" && op.f !== "txn") return none;
  const polls = new Map<string, Entry[]>();
  for (const [name, messages] of microOps(op)) {
    if (name !== "poll" || !isObject(messages)) continue;
    for (const key of Object.keys(messages)) {
      const entries = messages[key];
      if (entries !== null && !Array.isArray(entries)) continue;
      const list = inner(polls, key, () => []);
      for (const entry of entries ?? []) {
        if (Array.isArray(entry)) list.push(entryOf(entry));
      }
    }
  }
  return polls;
}

function microOps({ value }: Op): unknown[][] {
  return Array.isArray(value) ? value.filter(Array.isArray) : [];
}

function entryOf([offset, message]: unknown[]): Entry {
  return {
    offset: Number.isSafeInteger(offset) ? offset as number : undefined,
    message: typeof message === "object" && message !== null
      ? identity(message)
      : (message ?? null) as Message,
  };
}
