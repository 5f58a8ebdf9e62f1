/**
 * Can a history be judged at all? A checker that is handed something else than
 * its workload's operations, or none of those that it looks at, finds nothing
 * wrong. That isn't the same as right.
 *
 * Jepsen's checkers throw on most values of another shape, which makes the run
 * unknown there, too. Where nothing that could be wrong was ever answered, most
 * of them call a run valid; here it's unknown, because nobody looked.
 *
 * @module
 */
import { ExactNumber, identity, isObject } from "../sim/exact_json.ts";
import { excerpt, type History, isClientOp, type Op } from "../load/history.ts";

/** The shape of a value: `undefined` if it fits, else what it should be. */
type Shape = (value: unknown) => string | undefined;

/** What a kind of operation has for its value. */
interface Kind {
  /** When it begins, and when it ended without success. */
  invoke?: Shape;
  /** When it has succeeded. */
  ok?: Shape;
  /** Whether it ends with the value that it began with. */
  same?: true;
}

/** What a history of a workload consists of. */
interface Expected {
  kinds: { readonly [f: string]: Kind };
  /** Without such an operation nothing is judged; and that in words. */
  needs?: { op(op: Op): boolean; missing: string };
}

/** Anything, if it's there. */
const present: Shape = (value) => value === undefined ? "there" : undefined;

const something: Shape = (value) =>
  value === undefined || value === null ? "something to send back" : undefined;

const integer: Shape = (value) =>
  Number.isSafeInteger(value) ||
    value instanceof ExactNumber && value.isInteger
    ? undefined
    : "an integer";

const list: Shape = (value) => Array.isArray(value) ? undefined : "a list";

// Go's empty slices go out as null, which Clojure reads as an empty list.
const listOrNull: Shape = (value) => value === null ? undefined : list(value);

/** A list of micro-operations. */
function mops(
  text: string,
  fits: (mop: readonly unknown[]) => boolean,
): Shape {
  return (value) =>
    Array.isArray(value) &&
      value.every((mop) => Array.isArray(mop) && fits(mop))
      ? undefined
      : `a list of ${text}`;
}

const isMessages = (value: unknown) =>
  isObject(value) &&
  Object.values(value).every((entries) =>
    entries === null ||
    Array.isArray(entries) &&
      entries.every((entry) => Array.isArray(entry) && entry.length === 2)
  );

/** Sends and polls; those that have succeeded say what came of them. */
function logMops(hasEnded: boolean): Shape {
  return mops(
    hasEnded
      ? `["send", key, [offset, message]] and ["poll", {key: [[offset, message], …]}]`
      : `["send", key, message] and ["poll"]`,
    ([f, ...rest]) =>
      f === "send" && rest.length === 2 || f === "poll" &&
        (rest.length === 1 ? isMessages(rest[0]) : !hasEnded),
  );
}

function transactions(writeF: string, read: Shape = () => undefined): Expected {
  const shape = (hasEnded: boolean) =>
    mops(
      `["r", key, value] and ["${writeF}", key, value]`,
      ([f, ...rest]) =>
        rest.length === 2 &&
        (f === writeF || f === "r" && (!hasEnded || !read(rest[1]))),
    );
  return {
    kinds: { txn: { invoke: shape(false), ok: shape(true) } },
    needs: {
      op: ({ type, value }) => type === "ok" && (value as []).length > 0,
      missing: "no transaction that does anything ever succeeded",
    },
  };
}

function set(addF: string): Expected {
  // What is found once is enough here: see what the checker calls unknown.
  return {
    kinds: {
      [addF]: { invoke: present, same: true },
      read: { ok: listOrNull },
    },
  };
}

const counter: Expected = {
  kinds: { add: { invoke: integer, same: true }, read: { ok: integer } },
  needs: {
    op: (op) => op["final?"] === true && op.type === "ok",
    missing: "no final read was ever answered, so no sum was judged",
  },
};

function succeeded(f?: string): (op: Op) => boolean {
  return (op) => op.type === "ok" && (f === undefined || op.f === f);
}

const expected: { readonly [workload: string]: Expected } = {
  echo: {
    kinds: { echo: { invoke: something } },
    needs: {
      // One whose end isn't known isn't held against the node.
      op: ({ type }) => type === "ok" || type === "fail",
      missing: "no echo ever came back",
    },
  },
  "unique-ids": {
    kinds: { generate: { ok: present } },
    needs: { op: succeeded("generate"), missing: "no id was ever handed out" },
  },
  broadcast: set("broadcast"),
  "g-set": set("add"),
  "g-counter": counter,
  "pn-counter": counter,
  "lin-kv": {
    // Which key it's about, and what is asked of it, the checker looks at.
    kinds: { read: {}, write: {}, cas: {} },
    needs: { op: succeeded(), missing: "no operation ever succeeded" },
  },
  kafka: {
    kinds: {
      send: { invoke: logMops(false), ok: logMops(true) },
      poll: { invoke: logMops(false), ok: logMops(true) },
      txn: { invoke: logMops(false), ok: logMops(true) },
      assign: { invoke: list, ok: list },
      subscribe: { invoke: list, ok: list },
      crash: {},
      "debug-topic-partitions": {},
    },
    needs: {
      // What was acknowledged and never polled would make it invalid.
      op: ({ type, f, value }) =>
        type === "ok" && (f === "poll" || f === "txn") &&
        (value as [name: string, messages?: object][]).some(
          ([name, messages]) =>
            name === "poll" &&
            Object.values(messages!).some((entries) => entries?.length > 0),
        ),
      missing: "no message was ever polled",
    },
  },
  "txn-list-append": transactions("append", listOrNull),
  "txn-rw-register": transactions("w"),
};

/**
 * The first operation that isn't one of the workload's, in words; `undefined`
 * if all are.
 *
 * @param history one without a {@linkcode historyProblem}.
 */
export function valueProblem(
  history: History,
  workload: string,
): string | undefined {
  const { kinds } = expected[workload];
  const begun = new Map<unknown, Op>();
  for (const op of history) {
    if (!isClientOp(op)) continue;
    const { index, process, type, f, value } = op;
    if (!Object.hasOwn(kinds, f)) {
      return `operation ${index} is a ${
        excerpt(f)
      }, which ${workload} doesn't have`;
    }
    const kind = kinds[f];
    if (type === "invoke") begun.set(process, op);
    const wanted = kind[type === "ok" ? "ok" : "invoke"]?.(value);
    if (wanted !== undefined) {
      const which = `operation ${index}, a ${f} of type ${type},`;
      return value === undefined
        ? `${which} has no value`
        : `${which} has the value ${excerpt(value)}, which isn't ${wanted}`;
    }
    if (type !== "ok" || !kind.same) continue;
    const before = begun.get(process)!;
    if (identity(before.value) !== identity(value)) {
      return `operation ${index}, a ${f}, ended with the value ${
        excerpt(value)
      }, and had begun with ${
        excerpt(before.value)
      } (operation ${before.index})`;
    }
  }
}

/**
 * What is missing in a history in which nothing is wrong, if nothing of it was
 * judged.
 */
export function nothingJudged(
  history: History,
  workload: string,
): string | undefined {
  const { needs } = expected[workload];
  if (needs === undefined) return;
  const some = history.some((op) => isClientOp(op) && needs.op(op));
  if (some) return;
  return history.length === 0
    ? "nothing was judged: the history is empty"
    : `nothing was judged: ${needs.missing}`;
}
