/**
 * The logs as they must have been: for each key, the place of each message.
 *
 * Offsets come from polls of any outcome, since polls must only ever show final
 * messages, and from sends that certainly took effect. Gaps between offsets are
 * allowed; the *index* of a message is its place when gaps aren't counted.
 * After `version-orders` in Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj).
 *
 * @module
 */
import { invariant } from "../../sim/invariant.ts";
import { inClojureOrder } from "../clojure_order.ts";
import { inner, newMap, newSet } from "../inner.ts";
import {
  type Message,
  mustHaveCommitted,
  type Observations,
  type Part,
} from "./observations.ts";

/** A place in a log. */
export interface Place {
  index: number;
  offset: number;
  /** All messages that were seen here: more than one is wrong. */
  messages: ReadonlySet<Message>;
}

/** The log of one key. */
export interface Log {
  /** Those with the offsets that were seen, in order. */
  places: readonly Place[];
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
  const note = (parts: readonly Part[]) => {
    for (const { key, entries } of parts) {
      const byOffset = inner(seen, key, newMap<number, Set<Message>>);
      for (const { offset, message } of entries) {
        if (offset === undefined || offset < 0) continue;
        inner(byOffset, offset, newSet<Message>).add(message);
      }
    }
  };
  for (const observation of observations.transactions) {
    const { sends, polls, polledKeys } = observation;
    if (mustHaveCommitted(observation, observations)) note(sends);
    for (const key of polledKeys) {
      inner(seen, key, newMap<number, Set<Message>>);
    }
    note(polls);
  }
  return new Map([...seen].map(([key, byOffset]) => [key, logOf(byOffset)]));
}

function logOf(byOffset: ReadonlyMap<number, Set<Message>>): Log {
  const places = [...byOffset].sort(([a], [b]) => a - b)
    .map(([offset, messages], index) => ({ index, offset, messages }));
  const order = places.map(({ messages }) => firstMessage(messages));
  return {
    places,
    order,
    indexOf: new Map(order.map((message, index) => [message, index])),
  };
}

/** Returns the first and the last place of each message. */
export function spans(log: Log): Map<Message, { first: Place; last: Place }> {
  const found = new Map<Message, { first: Place; last: Place }>();
  for (const place of log.places) {
    for (const message of place.messages) {
      const first = found.get(message)?.first ?? place;
      found.set(message, { first, last: place });
    }
  }
  return found;
}

/**
 * Returns the number of steps of the log between two messages, if that is
 * known.
 */
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
  const [first] = messages.size === 1 ? messages : inClojureOrder(messages);
  invariant(first !== undefined, "at an offset that was seen is a message");
  return first;
}
