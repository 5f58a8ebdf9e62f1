/**
 * The logs as they must have been: for each key, which message stands where.
 *
 * Offsets come from polls of any outcome, since whoever polls must only ever
 * see what is final, and from sends that certainly took effect. Gaps between
 * offsets are allowed; the *index* of a message is its place when gaps aren't
 * counted. After `version-orders` in Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj).
 *
 * @module
 */
import { inClojureOrder } from "../clojure_order.ts";
import { inner } from "../inner.ts";
import {
  type Message,
  mustHaveCommitted,
  type Observations,
} from "./observations.ts";

/** The log of one key. */
export interface Log {
  /** The offsets that were seen, in order; their places are the indexes. */
  offsets: readonly number[];
  /** All messages that were seen at an index: more than one is wrong. */
  messagesAt: readonly ReadonlySet<Message>[];
  /** The message that counts as the one at an index. */
  order: readonly Message[];
  /** The index of a message; of several the last. */
  indexOf: ReadonlyMap<Message, number>;
}

/** The logs of all keys of which an offset is known. */
export type Logs = ReadonlyMap<string, Log>;

/** Puts the logs together. */
export function readLogs(observations: Observations): Logs {
  const seen = new Map<string, Map<number, Set<Message>>>();
  for (const observation of observations.transactions) {
    const sources = mustHaveCommitted(observation, observations)
      ? [observation.sends, observation.polls]
      : [observation.polls];
    for (const source of sources) {
      for (const [key, entries] of source) {
        const byOffset = inner(seen, key, () => new Map());
        for (const { offset, message } of entries) {
          if (offset === undefined || offset < 0) continue;
          inner(byOffset, offset, () => new Set()).add(message);
        }
      }
    }
  }
  return new Map([...seen].map(([key, byOffset]) => [key, logOf(byOffset)]));
}

function logOf(byOffset: ReadonlyMap<number, Set<Message>>): Log {
  const offsets = [...byOffset.keys()].sort((a, b) => a - b);
  const messagesAt = offsets.map((offset) => byOffset.get(offset)!);
  const order = messagesAt.map(firstMessage);
  return {
    offsets,
    messagesAt,
    order,
    indexOf: new Map(order.map((message, index) => [message, index])),
  };
}

/** Where each message stands first, and last. */
export function span(log: Log): {
  first: Map<Message, number>;
  last: Map<Message, number>;
} {
  const first = new Map<Message, number>();
  const last = new Map<Message, number>();
  for (const [index, messages] of log.messagesAt.entries()) {
    for (const message of messages) {
      if (!first.has(message)) first.set(message, index);
      last.set(message, index);
    }
  }
  return { first, last };
}

/** How many steps of the log lie between two messages, if that is known. */
export function distance(
  log: Log | undefined,
  from: Message | undefined,
  to: Message | undefined,
): { start: number; steps: number } | undefined {
  if (log === undefined || from === undefined || to === undefined) return;
  const start = log.indexOf.get(from);
  const end = log.indexOf.get(to);
  if (start === undefined || end === undefined) return;
  return { start, steps: end - start };
}

/**
 * Of several messages at one offset Jepsen takes the first of a Clojure set,
 * so all that depends on it depends on how Clojure hashes.
 */
function firstMessage(messages: ReadonlySet<Message>): Message {
  if (messages.size === 1) { for (const message of messages) return message; }
  return inClojureOrder(messages)[0];
}
