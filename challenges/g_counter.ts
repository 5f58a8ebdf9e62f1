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
 * Every `add` costs at least four messages; a `read` may get an old sum, even at
 * the end, when it counts; and a message that comes twice may count twice.
 *
 * Addition doesn't care about order, so nobody has to be faster. **Each node
 * counts for itself** and writes its own total under its own name, where nobody
 * else writes: no conflict. The sum of all totals is the counter. A node writes
 * once a second, however much was added. (It compares and sets all the same: a late
 * copy of what it wrote before mustn't undo what it has written since.)
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
 * map of all totals, and of two totals of the same the greater is the newer.
 * Merging is idempotent, commutative and associative, so loss, repetition and
 * reordering can't harm it: this is a state-based CRDT, the G-counter (Shapiro
 * et al., 2011).
 *
 * In both, a node that gets no answer asks again, each time with more patience,
 * and takes an answer however late it comes. (Where the store's answers always take
 * long, it's more patient from the start: a busy store mustn't be kept busy by
 * questions that come again.) So both converge at any latency: after the last `add`
 * every node shows the sum within 10 seconds and 16 latencies (`gossip`: 4 seconds
 * and one). Each time that messages are lost costs 2 seconds more.
 *
 * **Nodes die, and come back knowing nothing.** Whoever has forgotten its total
 * would begin below what others know of it, and they would take nothing in until
 * it's above. So each life of a node counts for itself, under a name of its own:
 * there's nothing that it must know before it counts. What it missed it finds in
 * its entry in the store, or asks all others for (`gossip`).
 *
 * When is an `add` safe? `--acks` says how many have it before it's acknowledged:
 * 1 is the node, which forgets it if it dies before the next write; 2 are the node
 * and the store, or another node, and take a second or two instead of no time,
 * but no message more. The store never dies; two nodes may, both at once. With
 * `--data-dir` one is the node with its disk, which takes a millisecond or two,
 * and loses nothing either. (A read shows additions before they are safe.)
 *
 * @module
 */
import {
  type CounterMessages,
  demand,
  type Disk,
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
const minPatienceMs = 250;
const maxPatienceMs = 2000;

/** The most records on the disk before a snapshot takes their place. */
const maxRecords = 1000;

/** A node, with the messages that nodes send to each other. */
type CounterNode = Node<
  CounterMessages & {
    look: object;
    merge: News;
    merged: News;
  }
>;

/** The message of a node: all that it knows, and in which of its lives. */
interface News {
  life: string;
  totals: Totals;
}

/** A node's entry in the store. Each write has a round of its own. */
type Written = News & { round: number };

/** A counter, wherever it's kept. */
interface Counter {
  /** Resolves when it's safe. */
  add(delta: number): Promise<unknown>;
  read(): Promise<number> | number;
}

/** The number that have an addition before it's acknowledged; and the disk's folder. */
type Safety = { acks: number; folder: string };

/** A counter that only grows. */
export function gCounter(node: CounterNode, args: string[] = []) {
  const { strategy, acks, "data-dir": folder } = readArguments(args, {
    strategy: strategies,
    acks: { 1: 1, 2: 2 },
    "data-dir": { default: "" },
  });
  const counter = strategy(node, { acks, folder });

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
    add: (delta) => kv.update("sum", (sum = 0) => sum + delta),
    read: () => kv.readOr("sum", 0),
  };
}

/** A total for each life of a node, in the store. */
function totals(node: CounterNode, safety: Safety): Counter {
  const kv = new KV<Written>(node, "seq-kv");
  const knowledge = new Knowledge(node, safety);
  /** The rounds in which the others wrote what was last read. */
  const rounds = new Map<string, number>();
  /** Our entry in the store; before that was read, unknown. */
  let ours: { entry: Written | undefined } | undefined;
  /** True if another node has something new: who knows nothing would be done. */
  let isAsked = false;
  /** The times that the last writes took: not all of them lost a message. */
  let tookMs = [0, 0, 0];

  const allKnow = () =>
    !node.nodeIds.some((id) => knowledge.isBehind(id)) && ours !== undefined;
  const syncSoon = untilDone(node, sync, allKnow, knowledge);
  node.onInit(syncSoon);
  node.on("look", () => {
    isAsked = true;
    syncSoon();
  });

  async function sync() {
    const usualMs = Math.min(...tookMs);
    const patiently = {
      resendMs: Math.min(Math.max(minPatienceMs, 2 * usualMs), maxPatienceMs),
      timeoutMs: Infinity, // an answer counts however late it comes
    };
    const find = (id: string) => kv.readOr(id, undefined, patiently);
    const findOurs = async () => {
      const entry = await find(node.id);
      if (entry) knowledge.learn(entry.totals);
      return { entry };
    };
    if (ours === undefined) {
      // What this node knew before it was started again.
      ours = await findOurs();
      if (allKnow() && !isAsked) return;
    }
    const startMs = node.now();
    const before = ours.entry;
    const entry = { ...knowledge.news, round: (before?.round ?? -1) + 1 };
    // Not write: a late copy of an earlier one would undo this one. If it's refused,
    // a copy of it has done it, or one of an earlier life of ours.
    const options = { ...patiently, createIfMissing: before === undefined };
    ours = await kv.cas(node.id, before, entry, options)
      .then(() => ({ entry }), findOurs);
    if (ours.entry) knowledge.hear(node.id, { ...ours.entry, life: node.id });
    tookMs = [...tookMs.slice(1), node.now() - startMs];
    await Promise.all(node.peers.map(async (peer) => {
      const found = await find(peer);
      // The store forgets nothing, whoever dies.
      if (found) knowledge.hear(peer, { ...found, life: peer });
      const writes = found?.round !== rounds.get(peer);
      if (found) rounds.set(peer, found.round);
      if (!writes && knowledge.isBehind(peer)) {
        node.send(peer, { type: "look" });
      }
    }));
  }

  return {
    add: (delta) => knowledge.add(delta, syncSoon),
    read: () => knowledge.sum,
  };
}

/** A total for each life of a node, on every node: a state-based CRDT. */
function gossip(node: CounterNode, safety: Safety): Counter {
  const knowledge = new Knowledge(node, safety);
  const behind = () =>
    node.peers.filter((id) =>
      !knowledge.hasHeardOf(id) || knowledge.isBehind(id)
    );
  const isDone = () => behind().length === 0;
  const tellSoon = untilDone(node, tell, isDone, knowledge);

  function tell() {
    for (const peer of behind()) {
      node.send(peer, { type: "merge", ...knowledge.news });
    }
  }

  function hear(from: string, news: News) {
    const fits = typeof news.life === "string" && node.peers.includes(from) &&
      isTotals(news.totals, node.nodeIds);
    demand(fits, "totals are whole numbers of nodes, and come from nodes");
    knowledge.hear(from, news);
    if (behind().length > 0) tellSoon();
  }

  node.on("merge", ({ src, body }) => {
    hear(src, body);
    node.send(src, { type: "merged", ...knowledge.news });
  });

  node.on("merged", ({ src, body }) => hear(src, body));

  node.onInit(() => {
    if (node.peers.length > 0) node.allUp().then(tellSoon);
  });

  return {
    add(delta) {
      if (safety.acks > 1 && node.peers.length === 0) {
        const text = "there is no other node that could have it, too";
        throw new RPCError(ErrorCode.temporarilyUnavailable, text);
      }
      return knowledge.add(delta, tellSoon);
    },
    read: () => knowledge.sum,
  };
}

/** The counts of each life of each node. */
type Totals = { [life: string]: number };

/**
 * Everything that a node knows, and that the others, or the store, have said that
 * they know.
 */
class Knowledge {
  /** Goes up with all that is learned. */
  version = 0;

  #node: CounterNode;
  #safety: Safety;
  #number: string;
  #known = new Map<string, number>();
  #heard = new Map<string, { life: string; totals: Map<string, number> }>();
  #disk!: Disk<Totals, Totals>;
  #recordCount = 0;
  /** Additions that are safe when one of those has so much. */
  #unsafe: { total: number; isSafe: () => void }[] = [];

  constructor(node: CounterNode, safety: Safety) {
    this.#node = node;
    this.#safety = safety;
    this.#number = Math.floor(node.random() * 2 ** 48).toString(36);
    node.onInit(async () => {
      const disk = await node.openDisk<Totals, Totals>(safety.folder);
      this.#disk = disk;
      for (const totals of [disk.snapshot ?? {}, ...disk.records]) {
        this.learn(totals);
      }
      this.#recordCount = disk.records.length;
    });
  }

  get sum(): number {
    return [...this.#known.values()].reduce((sum, total) => sum + total, 0);
  }

  get news(): News {
    return { life: this.#life, totals: Object.fromEntries(this.#known) };
  }

  get #life(): string {
    return `${this.#node.id}/${this.#number}`;
  }

  /**
   * Counts, and says so to `added`.
   *
   * @returns when it's safe.
   */
  async add(delta: number, added: () => void): Promise<void> {
    const disk = this.#disk;
    const total = (this.#known.get(this.#life) ?? 0) + delta;
    this.#known.set(this.#life, total);
    this.version++;
    added();
    disk.append({ [this.#life]: total });
    if (++this.#recordCount > maxRecords) {
      this.#recordCount = 0;
      disk.replace(this.news.totals);
    }
    await disk.sync();
    if (this.#safety.acks === 1) return;
    await new Promise<void>((isSafe) => {
      this.#unsafe.push({ total, isSafe });
      this.#release();
    });
  }

  /** Acknowledges what somebody else has said that they know. */
  #release(): void {
    const heard = [...this.#heard.values()]
      .map(({ totals }) => totals.get(this.#life) ?? -1);
    const safe = Math.max(-1, ...heard);
    this.#unsafe = this.#unsafe.filter(({ total, isSafe }) =>
      total > safe || isSafe()
    );
  }

  /** Takes in that somebody has known so much. */
  learn(totals: Totals): void {
    this.#merge(totals, this.#known);
  }

  /** Takes in that a node knows so much. What one life knew, another may not. */
  hear(from: string, { life, totals }: News): void {
    const { life: before = life, totals: had } = this.#heard.get(from) ?? {};
    const heard = before === life && had || new Map<string, number>();
    this.#heard.set(from, { life, totals: heard });
    if (before === life) this.#merge(totals, heard);
    this.learn(totals);
    this.#release();
  }

  hasHeardOf(id: string): boolean {
    return this.#heard.has(id);
  }

  /** Tells whether there's something that a node hasn't said that it knows. */
  isBehind(id: string): boolean {
    const heard = this.#heard.get(id)?.totals;
    return [...this.#known].some(([each, total]) =>
      (heard?.get(each) ?? 0) < total
    );
  }

  /** Of two totals of a life, the greater is the newer. */
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

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTotals(value: unknown, ids: readonly string[]): value is Totals {
  return typeof value === "object" && value !== null &&
    Object.entries(value).every(([life, total]) =>
      ids.includes(life.slice(0, life.lastIndexOf("/"))) && isCount(total)
    );
}

const strategies = { totals, cas, gossip };

if (import.meta.main) await serve(gCounter);
