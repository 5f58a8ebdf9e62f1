#!/usr/bin/env -S deno run
/**
 * # 4. Grow-only counter
 *
 * https://fly.io/dist-sys/4/
 *
 * Clients add to a counter at any node; in the end every node has to show the
 * sum. The challenge offers `seq-kv`, a store that is sequentially consistent:
 * all nodes see the same changes in the same order, but not at the same time.
 * What one reads may be what was the case a while ago.
 *
 * The naive answer, `--strategy cas`, keeps the sum under one key and adds by
 * compare-and-set: a read, an attempt, and both again whenever another node was
 * faster. Every `add` costs four messages at least; and a `read` that asks the
 * store may get a sum of long ago, also at the end, when it counts.
 *
 * Addition doesn't care for order, and so nobody needs to be faster. **Each node
 * counts for itself** and writes its own total under its own name, where nobody
 * else writes: no compare-and-set, no conflict, and a write that is repeated
 * does no harm. The sum of all totals is the counter. And since nothing has to
 * be known at once, it writes once a second, however much was added.
 *
 * There remains the past. `seq-kv` may answer a read from an old state for as
 * long as it likes; but a node never sees anything older than what it has
 * written itself. So a node **writes before it reads**: its own total, together
 * with a number that it hasn't written before, for a write that changes nothing
 * moves nothing. After that the reads are at least as new as the write.
 *
 * The other form, `--strategy gossip`, needs no store: the totals of all nodes are
 * a map that nodes send to each other, and of two totals of one node the greater
 * is the newer. Merging is idempotent, commutative and associative: it's a
 * state-based CRDT, the G-counter (Shapiro et al., 2011), and loss, repetition
 * and disorder can't harm it.
 *
 * @module
 */
import { KV, type Node, readArguments, serve } from "../lib/mod.ts";

/** How often nodes catch up with each other: at first, and when all is quiet. */
const syncMs = 1000;
const quietSyncMs = 4000;

/** How long one waits for an answer, and then until one asks again. */
const timeoutMs = 500;
const retryMs = 100;

/** A counter, wherever it's kept. */
interface Counter {
  add(delta: number): Promise<void> | void;
  read(): Promise<number> | number;
}

/** A counter that only grows. */
export function gCounter(node: Node, args: string[] = []) {
  const { strategy } = readArguments(args, { strategy: strategies });
  const counter = strategy(node);

  node.on<{ type: "add"; delta: number }>("add", async ({ body }) => {
    await counter.add(body.delta);
    return { type: "add_ok" };
  });

  node.on("read", async () => ({
    type: "read_ok",
    value: await counter.read(),
  }));
}

/** The naive answer: one sum, which all change. */
function cas(node: Node): Counter {
  const kv = new KV<number>(node, "seq-kv");
  return {
    async add(delta) {
      await kv.update("sum", (sum = 0) => sum + delta);
    },
    read: () => kv.readOr("sum", 0),
  };
}

/** A total for each node, in the store. */
function totals(node: Node): Counter {
  const kv = new KV<{ total: number; round: number }>(node, "seq-kv");
  const known = new Map<string, number>();
  let own = 0;
  let round = 0;
  /** What this node had counted before it was started again. */
  let earlier: number | undefined;

  async function sync() {
    earlier ??= (await kv.readOr(node.id, undefined, { timeoutMs }))?.total ??
      0;
    const total = earlier + own;
    await kv.write(node.id, { total, round: round++ }, { timeoutMs });
    await Promise.all(node.peers.map(async (peer) => {
      const found = await kv.readOr(peer, undefined, { timeoutMs });
      if (found) known.set(peer, found.total);
    }));
  }

  const read = () => sum([own, earlier ?? 0, ...known.values()]);
  repeat(node, sync, read);
  return { add: (delta) => void (own += delta), read };
}

/** A total for each node, on every node: a state-based CRDT. */
function gossip(node: Node): Counter {
  type Totals = { [id: string]: number };
  const totals: Totals = {};
  /** What each of the others is known to have. */
  const theirs = new Map<string, Totals>();

  function merge(state: Totals, from: string) {
    for (const [id, total] of Object.entries(state)) {
      totals[id] = Math.max(total, totals[id] ?? 0);
    }
    theirs.set(from, state);
  }

  node.on<{ type: "merge"; totals: Totals }>("merge", ({ src, body }) => {
    merge(body.totals, src);
    theirs.set(src, { ...totals }); // as soon as the reply is there
    return { type: "merge_ok", totals };
  });

  async function sync() {
    const behind = node.peers.filter((peer) =>
      Object.entries(totals).some(([id, total]) =>
        theirs.get(peer)?.[id] !== total
      )
    );
    await Promise.all(behind.map(async (peer) => {
      const reply = await node.rpc<{ type: "merge_ok"; totals: Totals }>(
        peer,
        { type: "merge", totals },
        { timeoutMs },
      );
      merge(reply.totals, peer);
    }));
  }

  const read = () => sum(Object.values(totals));
  repeat(node, sync, read);
  return {
    add: (delta) => void (totals[node.id] = (totals[node.id] ?? 0) + delta),
    read,
  };
}

/** Syncs again and again: rarely, while nothing changes. */
function repeat(node: Node, sync: () => Promise<void>, read: () => number) {
  let before = 0;
  let waitMs = syncMs;
  async function next() {
    try {
      await sync();
      const quiet = read() === before;
      waitMs = quiet ? Math.min(2 * waitMs, quietSyncMs) : syncMs;
    } catch (error) {
      // What was missed is part of the next one.
      node.log(`sync: ${(error as Error).message}`);
      waitMs = retryMs;
    }
    before = read();
    node.sleep(waitMs).then(next);
  }
  // Not all in the same moment.
  node.onInit(() => void node.sleep(syncMs * node.random()).then(next));
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

const strategies = { totals, cas, gossip };

if (import.meta.main) await serve(gCounter);
