#!/usr/bin/env -S deno run
/**
 * # 4. Grow-only counter
 *
 * https://fly.io/dist-sys/4/
 *
 * Clients add to a counter at any node; in the end every node has to show the
 * sum. The challenge offers `seq-kv`, a store that is sequentially consistent:
 * all nodes see the same changes in the same order, but not at the same time. A
 * read may show an old state.
 *
 * The naive answer, `--strategy cas`, keeps the sum under one key and adds by
 * compare-and-set: read, try, and both again whenever another node was faster.
 * Every `add` costs at least four messages; a `read` that asks the store may
 * get an old sum, even at the end, when it counts; and if the network repeats
 * messages, an addition may count twice, because a sum doesn't show what has
 * gone into it.
 *
 * Addition doesn't care about order, so nobody has to be faster. **Each node
 * counts for itself** and writes its own total under its own name, where nobody
 * else writes: no compare-and-set, no conflict, and repeating a write does no
 * harm. The sum of all totals is the counter. And since nobody has to know at
 * once, a node writes once a second, however much was added.
 *
 * One problem remains: stale reads. `seq-kv` may answer a read from an old
 * state for as long as it likes; but a node never sees anything older than what
 * it has itself written. So a node **writes before it reads**: its own total,
 * together with a number that it hasn't written before, because a write that
 * changes nothing has no effect. After that, reads are at least as new as the
 * write.
 *
 * One question remains: when to stop. A node also writes which totals of the
 * others it knows. So each node sees in the store when **all have said that
 * they know everything**. Then it stops, and a node that has something new
 * wakes it.
 *
 * The other form, `--strategy gossip`, needs no store: nodes send each other a
 * map of all totals, and of two totals for one node the greater is the newer.
 * Merging is idempotent, commutative and associative, so loss, repetition and
 * reordering can't harm it: this is a state-based CRDT, the G-counter (Shapiro
 * et al., 2011).
 *
 * In both, a node that gets no answer asks again, each time with more patience,
 * and takes an answer however late it comes. So both converge at any latency:
 * after the last `add` every node shows the sum within 10 seconds and 16
 * latencies (`gossip`: 4 seconds and one). Each time that messages are lost
 * costs 4 seconds more.
 *
 * @module
 */
import {
  type CounterMessages,
  ErrorCode,
  KV,
  type Node,
  readArguments,
  RPCError,
  serve,
} from "../lib/mod.ts";

/** The time that changes gather until others hear of them. */
const syncMs = 1000;

/**
 * The time that a node waits for an answer before it asks again: at first, at
 * most.
 */
const minPatienceMs = 500;
const maxPatienceMs = 4000;

/** The time for which an answer is still taken in. */
const maxLateMs = 120_000;

/** A node, with the messages that nodes send to each other. */
type CounterNode = Node<
  CounterMessages & {
    look: object;
    merge: { totals: Totals };
    merged: { totals: Totals };
  }
>;

/** A counter, wherever it's kept. */
interface Counter {
  add(delta: number): Promise<void> | void;
  read(): Promise<number> | number;
}

/** A counter that only grows. */
export function gCounter(node: CounterNode, args: string[] = []) {
  const { strategy } = readArguments(args, { strategy: strategies });
  const counter = strategy(node);

  node.on("add", async ({ body }) => {
    demand(isCount(body.delta), "an add has a delta, a whole number from 0 on");
    await counter.add(body.delta);
    return { type: "add_ok" };
  });

  node.on("read", async () => ({
    type: "read_ok",
    value: await counter.read(),
  }));
}

/** The naive answer: one sum, which all change. */
function cas(node: CounterNode): Counter {
  const kv = new KV<number>(node, "seq-kv");
  return {
    async add(delta) {
      await kv.update("sum", (sum = 0) => sum + delta);
    },
    read: () => kv.readOr("sum", 0),
  };
}

/** A total for each node, in the store. */
function totals(node: CounterNode): Counter {
  const kv = new KV<{ totals: Totals; round: number }>(node, "seq-kv");
  const knowledge = new Knowledge();
  /** The rounds in which the others wrote what was last read. */
  const rounds = new Map<string, number>();
  /** The number of our next write; before the store was read, unknown. */
  let round: number | undefined;

  const allKnow = () =>
    !node.nodeIds.some((id) => knowledge.isBehind(id)) && round !== undefined;
  const syncSoon = untilDone(node, sync, allKnow, knowledge);
  node.onInit(syncSoon);
  node.on("look", syncSoon);

  async function sync() {
    const patiently = { timeoutMs: maxLateMs };
    const find = (id: string) =>
      insist(node, () => kv.readOr(id, undefined, patiently));
    if (round === undefined) {
      // What this node had counted before it was started again.
      const earlier = await find(node.id);
      if (earlier) knowledge.resume(node.id, earlier.totals);
      round = (earlier?.round ?? -1) + 1;
      if (allKnow()) return;
    }
    const entry = { totals: knowledge.totals, round: round++ };
    await insist(node, () => kv.write(node.id, entry, patiently));
    knowledge.hear(node.id, entry.totals);
    await Promise.all(node.peers.map(async (peer) => {
      const found = await find(peer);
      if (found) knowledge.hear(peer, found.totals);
      const writes = found?.round !== rounds.get(peer);
      if (found) rounds.set(peer, found.round);
      if (!writes && knowledge.isBehind(peer)) {
        node.send(peer, { type: "look" });
      }
    }));
  }

  return {
    add(delta) {
      knowledge.add(node.id, delta);
      syncSoon();
    },
    read: () => knowledge.sum,
  };
}

/** A total for each node, on every node: a state-based CRDT. */
function gossip(node: CounterNode): Counter {
  const knowledge = new Knowledge();
  const behind = () => node.peers.filter((id) => knowledge.isBehind(id));
  const tellSoon = untilDone(
    node,
    tell,
    () => behind().length === 0,
    knowledge,
  );

  function tell() {
    for (const peer of behind()) {
      node.send(peer, { type: "merge", totals: knowledge.totals });
    }
  }

  function hear(from: string, totals: Totals) {
    demand(
      isTotals(totals, node.nodeIds) && node.peers.includes(from),
      "totals are whole numbers of nodes, and come from nodes",
    );
    knowledge.hear(from, totals);
    if (behind().length > 0) tellSoon();
  }

  node.on("merge", ({ src, body }) => {
    hear(src, body.totals);
    node.send(src, { type: "merged", totals: knowledge.totals });
  });

  node.on("merged", ({ src, body }) => {
    hear(src, body.totals);
  });

  return {
    add(delta) {
      knowledge.add(node.id, delta);
      tellSoon();
    },
    read: () => knowledge.sum,
  };
}

/** Each node's count. */
type Totals = { [id: string]: number };

/**
 * Everything that a node knows, and that the others have said that they know.
 */
class Knowledge {
  /** Goes up with all that is learned. */
  version = 0;

  #known = new Map<string, number>();
  #heard = new Map<string, Map<string, number>>();

  get sum(): number {
    let sum = 0;
    for (const total of this.#known.values()) sum += total;
    return sum;
  }

  get totals(): Totals {
    return Object.fromEntries(this.#known);
  }

  add(id: string, delta: number): void {
    this.#known.set(id, (this.#known.get(id) ?? 0) + delta);
    this.version++;
  }

  /** Goes on from what a node had known. It may have counted since. */
  resume(own: string, totals: Totals): void {
    this.add(own, totals[own] ?? 0);
    this.#merge({ ...totals, [own]: 0 }, this.#known);
  }

  /** A node says that it knows so much. */
  hear(from: string, totals: Totals): void {
    const heard = this.#heard.get(from) ?? new Map<string, number>();
    this.#heard.set(from, heard);
    this.#merge(totals, heard);
    this.#merge(totals, this.#known);
  }

  /** Tells whether there's something that a node hasn't said that it knows. */
  isBehind(id: string): boolean {
    const heard = this.#heard.get(id);
    return [...this.#known].some(([each, total]) =>
      (heard?.get(each) ?? 0) < total
    );
  }

  /** Of two totals of a node, the greater is the newer. */
  #merge(totals: Totals, into: Map<string, number>): void {
    for (const [id, total] of Object.entries(totals)) {
      if (total <= (into.get(id) ?? 0)) continue;
      into.set(id, total);
      this.version++;
    }
  }
}

/**
 * A task that is done soon after it was asked for, and again until all is done:
 * the more rarely, the longer nothing is learned.
 *
 * @returns asks for it.
 */
function untilDone(
  node: CounterNode,
  task: () => Promise<void> | void,
  isDone: () => boolean,
  knowledge: Knowledge,
): () => void {
  let running = false;
  async function run() {
    running = true;
    let waitMs = syncMs;
    do {
      const { version } = knowledge;
      await node.sleep(waitMs);
      await task();
      waitMs = version !== knowledge.version
        ? syncMs
        : Math.min(2 * waitMs, maxPatienceMs);
    } while (!isDone());
    running = false;
  }
  return () => void (running || run());
}

/** Asks again and again; the first answer counts, to whichever attempt. */
function insist<T>(node: CounterNode, ask: () => Promise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  async function run() {
    let answered = false;
    const takeIn = (answer: T) => (answered = true, resolve(answer));
    for (let waitMs = minPatienceMs; !answered;) {
      ask().then(takeIn, (error) => node.log(error.message));
      await node.sleep(waitMs);
      waitMs = Math.min(2 * waitMs, maxPatienceMs);
    }
  }
  run();
  return promise;
}

function demand(fits: boolean, what: string): void {
  if (!fits) throw new RPCError(ErrorCode.malformedRequest, what);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTotals(value: unknown, ids: readonly string[]): value is Totals {
  return typeof value === "object" && value !== null &&
    Object.entries(value).every(([id, total]) =>
      ids.includes(id) && isCount(total)
    );
}

const strategies = { totals, cas, gossip };

if (import.meta.main) await serve(gCounter);
