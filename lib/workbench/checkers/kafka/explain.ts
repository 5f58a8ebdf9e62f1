/**
 * What is wrong with logs, in words.
 *
 * One fault of a node shows in many ways; what is told is the kind of error that
 * lies nearest to the cause.
 *
 * @module
 */
import type { ErrorKinds, Errors, KafkaFindings } from "../kafka.ts";
import type { Cycle } from "./cycles.ts";
import type { Unseen } from "./delivery.ts";
import type { OpSummary } from "./observations.ts";
import type { Nonmonotonic, Skip } from "./order.ts";

type Tell = (findings: KafkaFindings) => string | undefined;

/** The first thing to know; `undefined` if nothing is wrong. */
export function explainKafka(findings: KafkaFindings): string | undefined {
  for (const tell of tellers) {
    const text = tell(findings);
    if (text !== undefined) return text;
  }
}

const tellers: readonly Tell[] = [
  teller(
    "unsent",
    ({ key, value, reader }) =>
      `${by(reader)} found ${message(value)} in key ${
        quote(key)
      }, which nobody has sent`,
  ),
  teller(
    "G1a",
    ({ key, value, writer, reader }) =>
      `${by(reader)} found ${message(value)} in key ${
        quote(key)
      }, although the node had answered ${
        writer ? by(writer) : "its send"
      } with an error that says that it was not stored`,
  ),
  teller(
    "inconsistent-offsets",
    ({ key, offset, values, ops }) =>
      `key ${quote(key)} has different messages at offset ${offset}: ${
        values.slice(0, 8)
          .map((value, i) => `${JSON.stringify(value)} for ${by(ops[i])}`)
          .join(", ")
      }`,
  ),
  teller(
    "duplicate",
    ({ key, value, offsets }) =>
      `${message(value)} stands in key ${
        quote(key)
      } more than once: at the offsets ${offsets.join(", ")}`,
  ),
  teller("nonmonotonic-send", tellBackwards("sent")),
  teller("int-nonmonotonic-send", tellBackwards("sent")),
  teller("lost-write", ({ key, value, offset, writer, ...others }) => {
    const reader = others["max-read"];
    return `${message(value)} was sent to key ${quote(key)} (${
      by(writer)
    }), where it stands at offset ${offset}, and no poll ever found it, although ${
      reader ? by(reader) : "one"
    } found what stands behind it`;
  }),
  teller("nonmonotonic-poll", tellBackwards("polled")),
  teller("int-nonmonotonic-poll", tellBackwards("polled")),
  teller("poll-skip", tellSkip),
  teller("int-poll-skip", tellSkip),
  teller(
    "precommitted-read",
    ({ op, key, value }) =>
      `${by(op)} found ${message(value)} in key ${
        quote(key)
      }, which it was only about to send itself`,
  ),
  teller("G1c", tellCycle),
  teller("G1c-realtime", tellCycle),
  ({ unseen }) => unseen && tellUnseen(unseen),
  (findings) =>
    "empty-transaction-graph" in findings
      ? "no two sends or polls had to do with each other, so nothing was tested"
      : undefined,
];

/** Tells of the earliest of the errors of a kind that are described. */
function teller<K extends keyof ErrorKinds>(
  kind: K,
  tell: (error: ErrorKinds[K]) => string,
): Tell {
  return (findings) => {
    const errors = findings[kind] as Errors<ErrorKinds[K]> | undefined;
    if (errors === undefined || errors.errs.length === 0) return;
    const { count, errs } = errors;
    const earliest = errs.reduce((a, b) => position(b) < position(a) ? b : a);
    const text = tell(earliest);
    return count === 1
      ? `${text} (${kind})`
      : `${text} (one of ${count} cases of ${kind})`;
  };
}

/** When something went wrong: the last operation that it takes to see it. */
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
  return `sends and polls contradict each other: ${
    steps.map((step, i) =>
      step.type === "wr"
        ? `${by(cycle[i])} sent ${message(step.value)} to key ${
          quote(step.key)
        }, which ${by(cycle[i + 1])} polled`
        : `${by(cycle[i])} had ended before ${by(cycle[i + 1])} began`
    ).join("; ")
  }`;
}

function tellUnseen({ unseen, messages }: Unseen): string {
  const count = Object.values(unseen).reduce((sum, each) => sum + each, 0);
  const [[key, [value]]] = Object.entries(messages);
  return `${count} acknowledged ${
    count === 1 ? "message was" : "messages were"
  } never found by any poll; one is ${message(value)} of key ${quote(key)}`;
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
