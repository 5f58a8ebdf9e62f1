#!/usr/bin/env -S deno run
/**
 * # 5. Kafka-style log
 *
 * https://fly.io/dist-sys/5a/ to https://fly.io/dist-sys/5c/
 *
 * For each key a log: `send` appends a message and tells its offset, `poll`
 * reads from an offset on. Nothing that was acknowledged may be missing from
 * what is read, and what is read must have no hole that is filled later: a
 * reader that has gone past never comes back to look.
 *
 * That is the difficulty with two nodes. If both give out offsets, one of them
 * may give out 7 and the other have read 8 already.
 *
 * The straightforward answer, `--strategy store`, keeps each log as one value in
 * `lin-kv` and appends by compare-and-set. It's right, and it's slow: four
 * messages per send and two per key of a poll, and the more often the nodes get
 * in each other's way. Where a message may arrive twice, a refused
 * compare-and-set may have happened; so each entry has a tag, by which its node
 * sees on the next attempt that it's there already.
 *
 * What makes it cheap is that the task doesn't ask for offsets without gaps. So
 * the two need not agree who gets the next one: node 0 gives out 0, 2, 4, …,
 * node 1 gives out 1, 3, 5, …, each of them always one beyond all that it has
 * heard of. A `send` is answered at once, without a word to anybody. What has
 * been sent goes to the other node a tenth of a second later, in one message,
 * with a promise: *my next offset will be at least so much*. And a `poll` shows
 * the part of a log that all nodes have promised not to add to. That part is
 * the same on every node, and it never changes.
 *
 * The messenger is the library's `Feed`; what remains is to sort by offset. A
 * message is in the polls of every node when it has gathered (120 ms), travelled,
 * and the promises of the others have come back: after a quarter of a second and
 * two latencies. Each time that messages are lost or overtake each other costs
 * two seconds and a round trip more. (With the store a poll takes one round trip
 * and a send two or more. Where that doesn't fit into four seconds, a client gets
 * an error, and what it sent may be in the log or not.)
 *
 * What an acknowledgement means is up to you, as in Kafka: with `--acks 1`, the
 * default, the node that answers has the message; with `--acks all`, every node
 * has it. Under a partition the first goes on, and polls show what was before;
 * the second waits (and while somebody waits, messages gather for a shorter
 * time).
 *
 * Committed offsets are events of the feed like messages. Of two that were
 * committed, the greater one counts, in whatever order they come; so they never
 * go back, and all nodes agree.
 *
 * @module
 */
import {
  ErrorCode,
  Feed,
  KV,
  type Node,
  readArguments,
  RPCError,
  serve,
} from "../lib/mod.ts";

/** How long messages gather before the other nodes are sent them. */
const gatherMs = { "1": 120, all: 10 };

/** How many messages of a key a poll shows at most. */
const maxPolled = 1000;

type Message = unknown;
type Entry = [offset: number, message: Message];
type Offsets = { [key: string]: number };

/** What is asked of a log, whatever it's kept in. */
interface Logs {
  append(key: string, message: Message): Promise<number> | number;
  read(key: string, from: number): Promise<Entry[]> | Entry[];
  commit(offsets: Offsets): Promise<void> | void;
  committed(keys: string[]): Promise<Offsets> | Offsets;
}

/** A log per key. */
export function kafka(node: Node, args: string[] = []) {
  const { strategy, acks } = readArguments(args, {
    strategy: strategies,
    acks: { 1: "1", all: "all" },
  });
  const logs = strategy(node, acks);

  node.on<{ type: "send"; key: string; msg: Message }>(
    "send",
    async ({ body: { key, msg } }) => {
      demand(typeof key === "string", "a send has a key, which is a string");
      demand(msg !== undefined, "a send has a msg");
      return { type: "send_ok", offset: await logs.append(key, msg) };
    },
  );

  node.on<{ type: "poll"; offsets: Offsets }>(
    "poll",
    async ({ body: { offsets } }) => {
      demand(isOffsets(offsets), "a poll has offsets, which are whole numbers");
      const read = async ([key, from]: [string, number]) =>
        [key, await logs.read(key, Math.max(0, from))] as const;
      const msgs = await Promise.all(Object.entries(offsets).map(read));
      return { type: "poll_ok", msgs: Object.fromEntries(msgs) };
    },
  );

  node.on<{ type: "commit_offsets"; offsets: Offsets }>(
    "commit_offsets",
    async ({ body: { offsets } }) => {
      demand(isOffsets(offsets), "offsets to commit are whole numbers");
      await logs.commit(offsets);
      return { type: "commit_offsets_ok" };
    },
  );

  node.on<{ type: "list_committed_offsets"; keys: string[] }>(
    "list_committed_offsets",
    async ({ body: { keys } }) => {
      demand(Array.isArray(keys) && keys.every(isKey), "keys are strings");
      return {
        type: "list_committed_offsets_ok",
        offsets: await logs.committed(keys),
      };
    },
  );
}

function demand(fits: boolean, what: string): void {
  if (!fits) throw new RPCError(ErrorCode.malformedRequest, what);
}

function isKey(value: unknown): value is string {
  return typeof value === "string";
}

function isOffsets(value: unknown): value is Offsets {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every(Number.isSafeInteger);
}

type Event =
  | { key: string; message: Message }
  | { committed: Offsets };

/** Logs that the nodes keep themselves, and tell each other of. */
function replicated(node: Node, acks: Acks): Logs {
  const logs = new Map<string, Entry[]>();
  const committed = new Map<string, number>();
  /** Messages that may yet get neighbours with smaller offsets. */
  let unsettled: { offset: number; key: string; message: Message }[] = [];

  const feed = new Feed<Event>(node, {
    intervalMs: gatherMs[acks],
    onEvent: take,
  });

  async function publish(event: Event): Promise<number> {
    const offset = feed.append(event);
    take(event, offset);
    if (acks === "all") await feed.everywhere(offset);
    return offset;
  }

  function take(event: Event, offset: number) {
    if (!("committed" in event)) unsettled.push({ offset, ...event });
    else if (isOffsets(event.committed)) {
      for (const [key, offset] of Object.entries(event.committed)) {
        committed.set(key, Math.max(offset, committed.get(key) ?? offset));
      }
    }
  }

  /** Appends what nobody can get in before any more. */
  function settle() {
    const { stable } = feed;
    const settled = unsettled.filter(({ offset }) => offset < stable);
    if (settled.length === 0) return;
    unsettled = unsettled.filter(({ offset }) => offset >= stable);
    for (const { key, offset, message } of settled.sort(byOffset)) {
      const log = logs.get(key);
      if (log) log.push([offset, message]);
      else logs.set(key, [[offset, message]]);
    }
  }

  return {
    append: (key, message) => publish({ key, message }),
    read(key, from) {
      settle();
      const log = logs.get(key) ?? [];
      const start = firstFrom(log, from);
      return log.slice(start, start + maxPolled);
    },
    async commit(offsets) {
      await publish({ committed: offsets });
    },
    committed: (keys) =>
      Object.fromEntries(keys.flatMap((key) => {
        const offset = committed.get(key);
        return offset === undefined ? [] : [[key, offset]];
      })),
  };
}

function byOffset(a: { offset: number }, b: { offset: number }): number {
  return a.offset - b.offset;
}

/** The place of the first entry at an offset or beyond (binary search). */
function firstFrom(log: Entry[], offset: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (log[middle][0] < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The straightforward answer: each log is one value in `lin-kv`. */
function stored(node: Node): Logs {
  const store = new KV<[tag: number, message: Message][]>(node, "lin-kv");
  const offsets = new KV<number>(node, "lin-kv");
  return {
    async append(key, message) {
      const tag = node.random();
      const place = (log: [number, Message][]) =>
        log.findIndex(([each]) => each === tag);
      const log = await store.update(
        `log/${key}`,
        (log = []) => place(log) >= 0 ? log : [...log, [tag, message]],
      );
      return place(log);
    },
    async read(key, from) {
      const log = await store.readOr(`log/${key}`, []);
      return log.slice(from, from + maxPolled)
        .map(([, message], i): Entry => [from + i, message]);
    },
    async commit(committed) {
      await Promise.all(
        Object.entries(committed).map(([key, offset]) =>
          offsets.update(
            `committed/${key}`,
            (before = offset) => Math.max(before, offset),
          )
        ),
      );
    },
    async committed(keys) {
      const found = await Promise.all(
        keys.map(async (key) =>
          [key, await offsets.readOr(`committed/${key}`, undefined)] as const
        ),
      );
      return Object.fromEntries(
        found.filter((each): each is [string, number] => each[1] !== undefined),
      );
    },
  };
}

const strategies = { replicated, store: stored };
type Acks = "1" | "all";

if (import.meta.main) await serve(kafka);
