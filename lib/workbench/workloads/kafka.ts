/**
 * `kafka`: logs, one for each key, that take in messages at ever higher offsets
 * and give them out again.
 *
 * The schedule is that of Jepsen's kafka tests
 * (https://github.com/jepsen-io/jepsen/blob/v0.3.7/jepsen/src/jepsen/tests/kafka.clj),
 * the clients are as in Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/kafka.clj).
 * A client polls the keys that it was last assigned, and those that polls have
 * brought besides, from where it is in each; a new client knows of no keys. Now
 * and then one crashes and is replaced. At the end every client starts afresh
 * and polls all keys from the beginning, until it has seen all that was known
 * to be there.
 *
 * Clients ask for committed offsets, and pass over the answer: a key that is new
 * to a client is polled from 0. Maelstrom 0.2.4 means to begin where the answer
 * says, but looks the keys up beside its `offsets` and not in them.
 *
 * @module
 */
import { kafka as check, type KafkaFindings } from "../checkers/kafka.ts";
import {
  explainKafka,
  kafkaAnomaly,
  unansweredPolls,
} from "../checkers/kafka/explain.ts";
import { list, mops, type ValueShape } from "../checkers/judgeable.ts";
import { type Client, clientTimeoutMs, type RPC } from "../load/client.ts";
import { secondInNs } from "../sim/clock.ts";
import {
  any,
  type Context,
  eachThread,
  forever,
  type Generator,
  lazily,
  ofFree,
  once,
  type OpTemplate,
  phases,
  type Plan,
  type PlannedOp,
  planOfFree,
  stagger,
  timeLimit,
} from "../load/generator.ts";
import { type History, isClientOp, type Op } from "../load/history.ts";
import type { Completion } from "../load/interpreter.ts";
import type { Test } from "../options.ts";
import type { Random } from "../sim/random.ts";
import { isInteger } from "../load/shape.ts";
import { isObject } from "../sim/exact_json.ts";
import { losesMessages, type Workload } from "./workload.ts";

/** For each key an offset. */
type Offsets = ReadonlyMap<string, number>;

/**
 * The messages that a poll brings: for each key `[offset, message]` pairs, or
 * `null`.
 */
type Messages = { [key: string]: [offset: number, message: unknown][] | null };

/** Keys in use at the same time; the last is used most. */
const defaultKeyCount = 10;

/** The number of messages that a key gets before another takes its place. */
const defaultMaxWritesPerKey = 16;

/** The probability of an `assign` where a send or poll would be due. */
const assignProbability = 1 / 64;

/**
 * The probability that an `assign` takes in the keys that have unseen messages.
 */
const catchUpProbability = 1 / 3;

/** The average life of a client. */
const crashIntervalSeconds = 30;

/** The mean time between a client's last polls, and how long they go on. */
const finalPollSeconds = 1 / 5;
const finalSeconds = 10;

/** The times that clients start afresh at the end, where messages are still lost. */
const maxFinalRounds = 3;

// Jepsen's checker keeps an array as long as the highest offset, so it has never
// seen one beyond 2^53. Here such an offset would lose its last digits.
const isOffset = Number.isSafeInteger as (value: unknown) => boolean;

const offsetKind = { a: "integer below 2^53", fits: isOffset };

// Nobody reckons with these, so they may be of any size.
const offsetsKind = {
  a: "map of keys to offsets",
  fits: (value: unknown) =>
    isObject(value) && Object.values(value).every(isInteger),
};

const messagesKind = {
  a: "map of keys to arrays of [offset, message] pairs",
  fits: (value: unknown) => isMessages(value, isOffset),
};

const sendRPC: RPC = {
  type: "send",
  reply: { type: { is: "send_ok" }, offset: offsetKind },
};

const pollRPC: RPC = {
  type: "poll",
  reply: { type: { is: "poll_ok" }, msgs: messagesKind },
};

const commitRPC: RPC = {
  type: "commit_offsets",
  reply: { type: { is: "commit_offsets_ok" } },
};

const listRPC: RPC = {
  type: "list_committed_offsets",
  reply: { type: { is: "list_committed_offsets_ok" }, offsets: offsetsKind },
};

/** Values of sends and polls; those that have succeeded say what came of them. */
function sendsAndPolls(hasEnded: boolean): ValueShape {
  return mops(
    hasEnded
      ? `["send", key, [offset, message]] and ["poll", {key: [[offset, message], …]}]`
      : `["send", key, message] and ["poll"]`,
    (mop) =>
      mop[0] === "send" && mop.length === 3 || mop[0] === "poll" &&
        (mop.length === 2 ? isMessages(mop[1]) : !hasEnded),
  );
}

/**
 * Tells whether a poll can bring this. The checker looks at a recorded one's
 * offsets itself.
 */
function isMessages(
  value: unknown,
  fits: (offset: unknown) => boolean = () => true,
): value is Messages {
  const isPair = (entry: unknown) =>
    Array.isArray(entry) && entry.length === 2 && fits(entry[0]);
  if (!isObject(value)) return false;
  for (const key in value) {
    const entries = value[key];
    const isList = Array.isArray(entries) && entries.every(isPair);
    if (!isList && entries !== null) return false;
  }
  return true;
}

/** A message that a client sends: it sends one at a time. */
const oneSend: ValueShape = (value) =>
  Array.isArray(value) && value.length === 1 && Array.isArray(value[0]) &&
    value[0].length === 3 && value[0][0] === "send"
    ? undefined
    : `[["send", key, message]]`;

const exchanges = { invoke: sendsAndPolls(false), ok: sendsAndPolls(true) };

const keyLists = { invoke: list, ok: list };

/** The workload. */
export const kafka: Workload = {
  generator: (test) => any(crashes(test), new Work(new Draws(test))),
  finalGenerator: (test) => {
    // Jepsen's go on until they have seen everything, Maelstrom's for ten seconds:
    // in which one answer that is lost crashes a client, and its last polls with it.
    const rounds = losesMessages(test) ? maxFinalRounds : 1;
    return timeLimit(
      rounds * finalSeconds * secondInNs,
      lazily(({ history }) => {
        const offsets = offsetsIn(history);
        return eachThread(() => catchUp(offsets, rounds));
      }),
    );
  },
  open(client, node) {
    const consumer = new Consumer(client, node);
    return (op) => consumer.invoke(op);
  },
  idempotent: new Set(["assign"]),
  operations: {
    send: { ...exchanges, asked: oneSend },
    poll: exchanges,
    txn: exchanges,
    assign: keyLists,
    subscribe: keyLists,
    crash: {},
    "debug-topic-partitions": {},
  },
  needs: {
    // What was acknowledged and never polled would make it invalid.
    op: ({ type, f, value }) =>
      type === "ok" && (f === "poll" || f === "txn") &&
      (value as [name: string, messages: Messages][])
        .some(([name, messages]) => name === "poll" && hasMessages(messages)),
    missing: "no message was ever polled",
  },
  check,
  // What nobody has polled may still have been on its way. All else is wrong at
  // any time: who polls beyond a message has passed it over.
  waitsMs: (findings, history) =>
    (findings as KafkaFindings)["bad-error-types"].every((type) =>
        type === "unseen"
      )
      ? unansweredPolls(history).length > 0
        ? clientTimeoutMs
        : finalSeconds * 1000
      : undefined,
  anomaly: (findings) => kafkaAnomaly(findings as KafkaFindings),
  explain: (findings, history) =>
    explainKafka(findings as KafkaFindings, history),
  drawing: { kind: "log" },
};

// What clients do.

/** A client, with its position in each of the keys that it is assigned. */
class Consumer {
  #client: Client;
  #node: string;
  /** In the order of the keys of an object. */
  #positions = new Map<string, number>();

  constructor(client: Client, node: string) {
    this.#client = client;
    this.#node = node;
  }

  invoke(op: PlannedOp): Promise<Completion> {
    switch (op.f) {
      case "crash":
        return Promise.resolve({ type: "info" });
      case "assign":
        return this.#assign(op);
      case "send":
        return this.#send(op);
      default:
        return this.#poll();
    }
  }

  async #assign({ value, ...op }: PlannedOp): Promise<Completion> {
    const keys = value as string[];
    const fromBeginning = op["seek-to-beginning?"];
    if (!fromBeginning) await this.#client.rpc(this.#node, listRPC, { keys });
    const before = fromBeginning ? undefined : this.#positions;
    this.#positions = inOrder(
      new Map(keys.map((key) => [key, before?.get(key) ?? 0])),
    );
    return { type: "ok" };
  }

  async #send({ value }: PlannedOp): Promise<Completion> {
    const [[name, key, msg]] = value as [["send", string, number]];
    const { offset } = await this.#client.rpc(this.#node, sendRPC, {
      key,
      msg,
    });
    return { type: "ok", value: [[name, key, [offset, msg]]] };
  }

  async #poll(): Promise<Completion> {
    const positions = this.#positions;
    const reply = await this.#client.rpc(
      this.#node,
      pollRPC,
      `"offsets":${textOf(positions)}`,
    );
    const msgs = reply.msgs as Messages;
    const { size } = positions;
    const processed: [key: string, offset: number][] = [];
    for (const key in msgs) {
      const entries = msgs[key]!;
      const highest = highestOffset(entries);
      raise(positions, key, highest + 1);
      if (entries?.length) processed.push([key, Math.max(0, highest)]);
    }
    if (positions.size > size) this.#positions = inOrder(positions);
    if (processed.length > 0) {
      await this.#client.rpc(
        this.#node,
        commitRPC,
        `"offsets":${textOf(processed)}`,
      );
    }
    return { type: "ok", value: [["poll", msgs]] };
  }
}

/**
 * Offsets as JSON. Keys are numbers, mostly, and an object with such a key has room
 * for all that are smaller.
 */
function textOf(offsets: Iterable<[key: string, offset: number]>): string {
  const entries: string[] = [];
  for (const [key, offset] of offsets) {
    entries.push(`${JSON.stringify(key)}:${offset}`);
  }
  return `{${entries.join(",")}}`;
}

/** As in an object, numbers come first, in order. */
function inOrder(offsets: Offsets): Map<string, number> {
  return new Map(
    [...offsets].sort(([a], [b]) => compare(placeOf(a), placeOf(b))),
  );
}

/** The greatest number that counts as one among the keys of an object. */
const maxIndex = 2 ** 32 - 2;

function placeOf(key: string): number {
  const isIndex = /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) <= maxIndex;
  return isIndex ? Number(key) : Infinity;
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// The schedule: the operations of each client.

/** The highest offsets of the keys of which more was sent than polled. */
class Progress {
  readonly sent = new Map<string, number>();
  readonly polled = new Map<string, number>();

  note(event: Op): void {
    const { type, f, value } = event;
    if (type !== "ok") return;
    if (f === "poll" && !hasMessages((value as [["poll", Messages]])[0][1])) {
      return;
    }
    const noted = f === "send" ? this.sent : this.polled;
    for (const [key, offset] of offsetsOf(event)) {
      raise(noted, key, offset);
      if ((this.polled.get(key) ?? -1) < (this.sent.get(key) ?? -1)) continue;
      this.sent.delete(key);
      this.polled.delete(key);
    }
  }

  /** Returns what is still to be polled, as Jepsen notes it. */
  unseen(): [key: number, { polled: number; sent: number }][] {
    return [...this.sent]
      .map(([key, sent]): [number, { polled: number; sent: number }] => [
        Number(key),
        { polled: this.polled.get(key) ?? -1, sent },
      ])
      .sort(([a], [b]) => a - b);
  }
}

function crashes({ concurrency }: Test): Generator {
  return stagger(
    crashIntervalSeconds / concurrency * secondInNs,
    { plan: planOfFree, take: (context) => ofFree({ f: "crash" }, context) },
  );
}

/** A poll of all keys that its client has. */
const poll: OpTemplate = { f: "poll", value: [["poll"]] };

/** Sends and polls; now and then an `assign` of the key that is next. */
class Work implements Generator {
  private readonly progress = new Progress();
  private readonly draws: Draws;
  private planned: "draw" | "assign" | "catch up" = "draw";

  constructor(draws: Draws) {
    this.draws = draws;
  }

  plan(context: Context): Plan {
    const { random } = context;
    this.draws.next(random);
    this.planned = random.float() >= assignProbability
      ? "draw"
      : random.float() < catchUpProbability
      ? "catch up"
      : "assign";
    return planOfFree(context);
  }

  take(context: Context): PlannedOp {
    return ofFree(this.template(context.random), context);
  }

  private template(random: Random): OpTemplate {
    const { f, key, message } = this.draws.next(random);
    if (this.planned === "draw") {
      this.draws.goOn();
      return f === "poll" ? poll : { f, value: [["send", key, message]] };
    }
    // What was due comes later.
    const { sent } = this.progress;
    return this.planned === "catch up" && sent.size > 0
      ? {
        f: "assign",
        value: [...new Set([...sent.keys(), key])],
        unseen: this.progress.unseen(),
      }
      : { f: "assign", value: [key] };
  }

  update(_: Context, event: Op | PlannedOp): void {
    this.progress.note(event as Op);
  }
}

/** A send, or a poll that stands for the key. */
interface Draw {
  f: "send" | "poll";
  key: string;
  message: number;
}

/** The keys in use: their numbers, and how many messages each has got. */
type KeysInUse = { number: number; written: number }[];

/** A sequence of draws. */
class Draws {
  #keys: KeysInUse;
  #maxWrites: number;
  #next: Draw | undefined;

  constructor({ options }: Test) {
    const keyCount = options["key-count"] ?? defaultKeyCount;
    this.#keys = Array.from({ length: keyCount }, (_, i) => fresh(i));
    this.#maxWrites = options["max-writes-per-key"] ?? defaultMaxWritesPerKey;
  }

  /** The next one: the same until it goes on. */
  next(random: Random): Draw {
    return this.#next ??= drawFrom(this.#keys, this.#maxWrites, random);
  }

  goOn(): void {
    this.#next = undefined;
  }
}

function fresh(number: number) {
  return { number, written: 0 };
}

/** Draws from keys, which take note of it. */
function drawFrom(
  keys: KeysInUse,
  maxWrites: number,
  random: Random,
): Draw {
  for (;;) {
    const f = random.choice(["poll", "send"] as const);
    const place = exponential(keys.length, random);
    const { number, written } = keys[place]!; // it's below their number
    const draw = { f, key: String(number), message: written + 1 };
    if (f === "poll") return draw;
    if (written < maxWrites) {
      keys[place] = { number, written: written + 1 };
      return draw;
    }
    // The key is full: a new one takes its place, and all is drawn anew.
    const last = Math.max(...keys.map((each) => each.number));
    keys[place] = fresh(last + 1);
  }
}

/** A number below `limit`; each is twice as probable as the one before it. */
function exponential(limit: number, random: Random): number {
  const scale = 2 * (2 ** limit - 1);
  return Math.floor(Math.log2(random.float() * scale + 2)) - 1;
}

/**
 * Starts afresh, and polls all keys until there is nothing left to wait for; after
 * ten seconds once more, if there are more rounds.
 */
function catchUp(offsets: Offsets, rounds: number): Generator {
  if (rounds === 1) return pollUntil(offsets, freshPolls(offsets));
  const round = () => timeLimit(finalSeconds * secondInNs, freshPolls(offsets));
  return pollUntil(offsets, phases(...Array.from({ length: rounds }, round)));
}

function pollUntil(offsets: Offsets, polls: Generator): Generator {
  const waitingFor = new Map(offsets);
  return {
    plan: (context) => waitingFor.size === 0 ? null : polls.plan(context),
    take: (context) => polls.take(context),
    update(_, event) {
      if (event.type !== "ok" || event.f !== "poll") return;
      for (const [key, offset] of offsetsOf(event as Op)) {
        if ((waitingFor.get(key) ?? -1) <= offset) waitingFor.delete(key);
      }
    },
  };
}

function freshPolls(offsets: Offsets): Generator {
  const keys = [...offsets.keys()].sort(byNumber);
  return phases(
    once({ f: "crash" }),
    once({ f: "assign", value: keys, "seek-to-beginning?": true }),
    stagger(
      finalPollSeconds * secondInNs,
      forever(() => ({ f: "poll", value: [["poll"]], "poll-ms": 1000 })),
    ),
  );
}

/** The highest offset of each key that was sent or polled. */
function offsetsIn(history: History): Offsets {
  const highest = new Map<string, number>();
  for (const op of history) {
    if (!isClientOp(op) || op.type !== "ok") continue;
    for (const [key, offset] of offsetsOf(op)) raise(highest, key, offset);
  }
  return highest;
}

/** The key that isn't a number comes first. */
function byNumber(a: string, b: string): number {
  return a === "" ? -1 : b === "" ? 1 : Number(a) - Number(b);
}

/** The highest offsets that a successful operation sent, or polled. */
function offsetsOf({ f, value }: Op): Offsets {
  const highest = new Map<string, number>();
  if (f === "send") {
    const [[, key, [offset]]] = value as [["send", string, [number, unknown]]];
    highest.set(key, Math.max(0, offset));
  } else if (f === "poll") {
    const [[, msgs]] = value as [["poll", Messages]];
    for (const key of Object.keys(msgs)) {
      highest.set(numberOf(key), highestOffset(msgs[key]!));
    }
  }
  return highest;
}

/** Tells whether a poll brought any message: most don't. */
function hasMessages(msgs: Messages): boolean {
  for (const key in msgs) if (msgs[key]?.length) return true;
  return false;
}

function highestOffset(entries: Messages[string]): number {
  let highest = -1;
  for (const [offset] of entries ?? []) highest = Math.max(highest, offset);
  return highest;
}

/**
 * Returns a key as Jepsen's generator notes it: keys are numbers. Anything else
 * is no key, and clients get an empty text.
 */
function numberOf(key: string): string {
  if (/^(0|[1-9]\d*)$/.test(key)) return key; // as most are
  return /^[+-]?\d+$/.test(key) ? String(BigInt(key)) : "";
}

function raise(offsets: Map<string, number>, key: string, offset: number) {
  offsets.set(key, Math.max(offsets.get(key) ?? -Infinity, offset));
}
