/**
 * The errors of logs, in words.
 *
 * One fault of a node shows in many ways; the words are about the kind of error
 * nearest to the cause.
 *
 * @module
 */
import { hasTimedOut, type History, type Op } from "../../load/history.ts";
import type { ErrorKinds, KafkaFindings } from "../kafka.ts";
import type { Cycle } from "./cycles.ts";
import type { Unseen } from "./delivery.ts";
import {
  type Message,
  type Observations,
  observe,
  ofKey,
  type OpSummary,
  summary,
} from "./observations.ts";
import type { Nonmonotonic, Skip } from "./order.ts";

type Tellers = {
  [K in keyof ErrorKinds]?: (error: ErrorKinds[K]) => string;
};

/** An error, and of which kind it is. */
export type KindAndError = {
  [K in keyof ErrorKinds]: { kind: K; error: ErrorKinds[K] };
}[keyof ErrorKinds];

/** The first thing to know; `undefined` if nothing is wrong. */
export function explainKafka(
  findings: KafkaFindings,
  history: History = [],
): string | undefined {
  const first = firstError(findings);
  if (first !== undefined) {
    const { kind, error } = first;
    const text = (tellers[kind] as (error: unknown) => string)(error);
    const { count } = findings[kind]!;
    return count === 1
      ? `${text} (${kind})`
      : `${text} (one of ${count} cases of ${kind})`;
  }
  if (findings.unseen) {
    return tellUnseen(findings.unseen, observe(history)) + tellWaits(history);
  }
  if ("empty-transaction-graph" in findings) {
    return "no two sends or polls had to do with each other, so nothing was tested";
  }
  return undefined;
}

/** The name of the error nearest to the cause. */
export function kafkaAnomaly(findings: KafkaFindings): string {
  return firstError(findings)?.kind ?? findings["bad-error-types"][0] ??
    "invalid";
}

/** The earliest error of the kind that lies nearest to the cause. */
export function firstError(findings: KafkaFindings): KindAndError | undefined {
  for (const kind of Object.keys(tellers) as (keyof ErrorKinds)[]) {
    const errs: readonly object[] = findings[kind]?.errs ?? [];
    if (errs.length === 0) continue;
    const error = errs.reduce((a, b) => position(b) < position(a) ? b : a);
    return { kind, error } as KindAndError;
  }
  return undefined;
}

/** The words for each kind of error; those nearest to the cause come first. */
const tellers: Tellers = {
  unsent: ({ key, value, reader }) =>
    `${by(reader)} found ${message(value)} in key ${
      quote(key)
    }, which nobody has sent`,
  G1a: ({ key, value, writer, reader }) =>
    `${by(reader)} found ${message(value)} in key ${
      quote(key)
    }, although the node had answered ${
      writer ? by(writer) : "its send"
    } with an error that says that it was not stored`,
  "inconsistent-offsets": ({ key, offset, values, ops }) =>
    `key ${quote(key)} has different messages at offset ${offset}: ${
      values.slice(0, 8)
        .map((value, i) => `${JSON.stringify(value)} for ${by(ops[i]!)}`)
        .join(", ")
    }`,
  duplicate: ({ key, value, offsets }) =>
    `${message(value)} stands in key ${
      quote(key)
    } more than once: at the offsets ${offsets.join(", ")}`,
  "nonmonotonic-send": tellBackwards("sent"),
  "int-nonmonotonic-send": tellBackwards("sent"),
  "lost-write": ({ key, value, offset, writer, ...others }) => {
    const reader = others["max-read"];
    return `${message(value)} was sent to key ${quote(key)} (${
      by(writer)
    }), where it stands at offset ${offset}, and no poll ever found it, although ${
      reader ? by(reader) : "one"
    } found what stands behind it`;
  },
  "nonmonotonic-poll": tellBackwards("polled"),
  "int-nonmonotonic-poll": tellBackwards("polled"),
  "poll-skip": tellSkip,
  "int-poll-skip": tellSkip,
  "precommitted-read": ({ op, key, value }) =>
    `${by(op)} found ${message(value)} in key ${
      quote(key)
    }, which it was only about to send itself`,
  G1c: tellCycle,
  "G1c-realtime": tellCycle,
};

/**
 * Returns the time at which something went wrong: the last operation that it
 * takes to see it.
 */
function position(error: object): number {
  const indexes = Object.values(error).flat()
    .map((part) => (part as Partial<OpSummary> | null)?.index)
    .filter((index) => index !== undefined);
  return Math.max(-1, ...indexes);
}

function tellBackwards(verb: string) {
  return ({ key, values: [from, to], op, ops }: Nonmonotonic) =>
    op
      ? `${by(op)} ${verb} ${message(from)} of key ${quote(key)} and then ${
        message(to)
      }, which stands ${from === to ? "at the same place" : "before it"}`
      : `in key ${quote(key)} ${by(ops![1])} ${verb} ${
        message(to)
      } after the same process had ${verb} ${message(from)} (operation ${
        ops![0].index
      }), which stands ${from === to ? "at the same place" : "behind it"}`;
}

function tellSkip({ key, values: [from, to], skipped, op, ops }: Skip): string {
  const left = `${skipped.length === 1 ? "message" : "messages"} ${
    skipped.slice(0, 8).map((each) => JSON.stringify(each)).join(", ")
  }`;
  return op
    ? `${by(op)} found messages ${JSON.stringify(from)} and ${
      JSON.stringify(to)
    } of key ${quote(key)} next to each other, but not ${left} between them`
    : `process ${ops![1].process} polled key ${quote(key)} up to ${
      message(from)
    } (operation ${ops![0].index}) and then from ${message(to)} on (operation ${
      ops![1].index
    }), and missed ${left} between them`;
}

function tellCycle({ cycle, steps }: Cycle): string {
  const told = steps.map((step, i) => {
    // Each step leads from one operation of the cycle to the next.
    const [from, to] = [by(cycle[i]!), by(cycle[i + 1]!)];
    return step.type === "wr"
      ? `${from} sent ${message(step.value)} to key ${
        quote(step.key)
      }, which ${to} polled`
      : `${from} had ended before ${to} began`;
  });
  return `sends and polls contradict each other: ${told.join("; ")}`;
}

function tellUnseen(
  { unseen, messages, polled = [] }: Unseen,
  { writers }: Observations,
): string {
  const missed = Object.keys(unseen).filter((key) => !polled.includes(key));
  const keys = missed.length > 0 ? missed : polled;
  const count = keys.reduce((sum, key) => sum + unseen[key]!, 0);
  const were = count === 1 ? "message was" : "messages were";
  const [key] = keys as [string];
  const [value] = messages[key] as [Message];
  const one = `one is ${message(value)} of key ${quote(key)}`;
  if (missed.length === 0) {
    return `${count} ${were} found by the last poll, in keys to which no send had succeeded, which Jepsen's checker counts as unseen; ${one}`;
  }
  const send = writers.get(key)?.get(value);
  const offset = ofKey(send?.sends ?? [], key)
    ?.find(({ message }) => message === value)?.offset;
  const place = offset === undefined
    ? ""
    : `, which ${by(summary(send!))} put at offset ${offset}${
      offset < 0 ? ", and polls begin at 0" : ""
    }`;
  return `${count} acknowledged ${were} never found by any poll; ${one}${place}`;
}

/** Returns the last polls, those from the beginning on, that nobody answered. */
export function unansweredPolls(history: History): Op[] {
  const start = history.findIndex((op) => op["seek-to-beginning?"] === true);
  return start < 0
    ? []
    : history.slice(start).filter((op) => op.f === "poll" && hasTimedOut(op));
}

/**
 * Tells of the last polls that nobody answered. What their clients poll then is
 * nothing, and looks as if nodes had nothing.
 */
function tellWaits(history: History): string {
  const waits = unansweredPolls(history);
  const [first] = waits;
  if (first === undefined) return "";
  return `\nOf the last polls, ${waits.length} got no answer in time; the first is ${
    by(first as OpSummary)
  }. Its client begins anew then, without a key, and its polls find nothing.`;
}

function by({ f, process, index }: OpSummary): string {
  return `process ${process}'s ${f} (operation ${index})`;
}

function message(value: unknown): string {
  return `message ${JSON.stringify(value)}`;
}

function quote(key: string): string {
  return JSON.stringify(key);
}
