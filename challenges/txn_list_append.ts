#!/usr/bin/env -S deno run
/**
 * # 10. Strict serializability
 *
 * https://github.com/jepsen-io/maelstrom/tree/main/doc/05-datomic
 *
 * A transaction is a list of reads of lists, and of appends to them. All have to
 * look as if they were carried out one after the other, and in the order of real
 * time: one that began when another had ended comes after it. Nodes that are cut
 * off from each other can't promise that on their own; so they keep everything in
 * two stores. `lin-kv` is linearizable, which is dear; `lww-kv` is cheap, and
 * finds only now and then what it has.
 *
 * The naive answer, `--strategy value`, is the whole database under one key of
 * `lin-kv`, changed by compare-and-set: read it, carry out the transaction, and
 * both again if another node was faster (optimistic concurrency control: Kung,
 * Robinson, 1981). It's right, and each message is as large as the database.
 *
 * **What never changes may lie anywhere.** In `--strategy tree` the lists are in
 * a search tree, whose nodes are in `lww-kv`, each under a name that was never
 * used before. A change writes the leaf anew and all above it, which share the
 * rest with the tree as it was (path copying: Driscoll et al., 1989). Only the
 * root is in `lin-kv`: whoever changes it makes all of a transaction visible, or
 * none. Of the tree a node loads what a transaction asks for, and keeps it for
 * good. What isn't found it asks for again: the root names nothing that hasn't
 * been written.
 *
 * But a change takes two round trips and many messages, and the longer it takes
 * the sooner another is faster. So the root also holds **the newest lists**, and
 * hands them down to the tree when there are too many (as in an LSM-tree: O'Neil
 * et al., 1996; Datomic does so, too). Almost every change is one
 * compare-and-set, and the next is to the same few lists.
 *
 * **Group commit**: whatever comes while a change of the root is under way shares
 * the next one.
 *
 * **Reads alone change nothing, but they ask for the root.** From the root that a
 * node knows (`--reads stale`) they would see a state that was right some time
 * ago: that is serializable, and not strictly. It's the read of the root that
 * puts them in order, so they share one that begins after they came.
 *
 * **Was it me?** A compare-and-set whose answer is lost may have happened, and one
 * that the network repeats is refused when it has. So a root names the last
 * attempt of each node; who has no good answer reads the root, and finds its
 * attempt there or tries again. It can't happen twice: no root is like one before
 * it, so an attempt on an old one fails, however late it comes.
 *
 * Some node always wins, but none is sure to: who has lost waits at random, so
 * that it isn't always the same (lock-free, not wait-free: Herlihy, 1991).
 *
 * **Nodes die** and lose nothing, as they have nothing but copies of what never
 * changes. Only their names for nodes and attempts mustn't come again, so each life
 * has a number. Nodes don't talk to each other, so partitions are no matter.
 * (Those of Maelstrom leave the stores alone; if a store is cut off, so is all.)
 *
 * @module
 */
import {
  demand,
  KV,
  type ListAppendMessages,
  type Node,
  readArguments,
  serve,
} from "../lib/mod.ts";

/** The most items in a node of the tree. */
const fanout = 16;

/** The most lists that the root holds beside the tree. */
const maxRecent = 32;

/** The most nodes of the tree that are kept. */
const maxKept = 10_000;

/** The time without an answer after which a node asks again, or has a look. */
const patienceMs = 250;

/** Asking again does no harm; and an answer counts, however late. */
const patiently = { resendMs: patienceMs, timeoutMs: Infinity };

type Txn = ListAppendMessages["txn"]["txn"];
type Done = ListAppendMessages["txn_ok"]["txn"];
type Key = number | string;
type List = readonly number[];
type Entry = readonly [key: Key, list: List];

/** A list; or a node of the tree, by its name, under the first key in it. */
type Item = readonly [first: Key, below: List | string];

/** A node of the tree, in the order of keys: a leaf has lists, all others nodes. */
type Items = readonly Item[];

/** The database. */
interface Root {
  /** The newest lists: these count, whatever the tree has. */
  recent: readonly Entry[];
  tree: Items;
  /** For each node, its last attempt that succeeded. */
  attempts: { readonly [nodeId: string]: string };
}

const empty: Root = { recent: [], tree: [], attempts: {} };

/** Lists, and transactions over them. */
export function txnListAppend(
  node: Node<ListAppendMessages>,
  args: string[] = [],
) {
  const { strategy: most, batch, cache, reads: areStale } = readArguments(
    args,
    {
      strategy: { recent: maxRecent, tree: 0, value: Infinity },
      batch: { all: Infinity, one: 1 },
      cache: { on: maxKept, off: 0 },
      reads: { linearizable: false, stale: true },
    },
  );
  const life = Math.floor(node.random() * 2 ** 48).toString(36);
  let count = 0;
  const newName = () => `${node.id}/${life}/${count++}`;
  const roots = new KV<Root>(node, "lin-kv");
  const tree = new Tree(node, newName, cache);
  let known = empty;

  async function readRoot(): Promise<Root> {
    return known = await roots.readOr("root", empty, patiently);
  }

  /** Everything that transactions ask for, side by side. */
  async function listsFor(txns: Txn[], root: Root) {
    const recent = new Map(root.recent);
    const keys = new Set<Key>(txns.flat().map(([, key]) => key));
    return new Map(
      await Promise.all([...keys].map(async (key) => {
        const list = recent.get(key) ?? await tree.find(key, root.tree);
        return [key, list] as const;
      })),
    );
  }

  const read = inBatches(batch, async (txns: Txn[]) => {
    const root = areStale ? known : await readRoot();
    return carryOut(txns, await listsFor(txns, root)).done;
  });

  const write = inBatches(batch, async (txns: Txn[]) => {
    const attempts = new Map<string, Done[]>();
    for (;;) {
      const beganMs = node.now();
      const root = await readRoot();
      const mine = attempts.get(root.attempts[node.id] ?? "");
      if (mine) return mine;
      const { done, changed } = carryOut(txns, await listsFor(txns, root));
      const attempt = newName();
      attempts.set(attempt, done);
      const next = {
        ...await withLists(changed, root),
        attempts: { ...root.attempts, [node.id]: attempt },
      };
      const options = {
        createIfMissing: root === empty,
        // It may take as long as the read did.
        timeoutMs: patienceMs + 2 * (node.now() - beganMs),
      };
      try {
        await roots.cas("root", root, next, options);
        known = next;
        return done;
      } catch { // or it may have happened: the root tells
        await node.sleep(node.random() * (node.now() - beganMs));
      }
    }
  });

  async function withLists(
    changed: Iterable<Entry>,
    { recent, tree: top }: Root,
  ) {
    const lists = [...new Map([...recent, ...changed])];
    if (lists.length <= most) return { recent: lists, tree: top };
    return { recent: [], tree: await tree.insert(lists, top) };
  }

  node.on("txn", async ({ body }) => {
    demand(
      isTransaction(body.txn),
      `a transaction is a list of ["r", key, null] and ["append", key, value]`,
    );
    const share = body.txn.some(([f]) => f === "append") ? write : read;
    return { type: "txn_ok", txn: await share(body.txn) };
  });
}

/** Carries out transactions in order; `lists` is what they find. */
function carryOut(txns: Txn[], lists: Map<Key, List | undefined>) {
  const changed = new Map<Key, List>();
  const done = txns.map((txn) =>
    txn.map(([f, key, value]): Done[number] => {
      const list = lists.get(key);
      if (f === "r") return [f, key, list ?? null];
      const longer = [...list ?? [], value];
      lists.set(key, longer);
      changed.set(key, longer);
      return [f, key, value];
    })
  );
  return { done, changed };
}

/** Lets what comes while a batch is under way be the next one. */
function inBatches<T, R>(
  most: number,
  share: (batch: T[]) => Promise<R[]>,
): (item: T) => Promise<R> {
  let last: Promise<R[]> = Promise.resolve([]);
  let open: T[] | undefined;
  return async (item) => {
    if (open === undefined || open.length >= most) {
      const batch: T[] = open = [];
      last = last.catch(() => {}).then(() => {
        if (open === batch) open = undefined;
        return share(batch);
      });
    }
    const place = open.push(item) - 1;
    return (await last)[place]!;
  };
}

/** Search trees of nodes that never change, and are shared. */
class Tree {
  #store: KV<Items>;
  #newName: () => string;
  #maxKept: number;
  #kept = new Map<string, Promise<Items>>();

  constructor(
    node: Node<ListAppendMessages>,
    newName: () => string,
    maxKept: number,
  ) {
    this.#store = new KV(node, "lww-kv");
    this.#newName = newName;
    this.#maxKept = maxKept;
  }

  /** The list of a key, at or below some items. */
  async find(key: Key, items: Items): Promise<List | undefined> {
    const [first, below] = items[placeOf(key, items)] ?? [];
    if (typeof below !== "string") return first === key ? below : undefined;
    return this.find(key, await this.#load(below));
  }

  /** The topmost items of a tree that has these lists beside those of another. */
  async insert(lists: readonly Entry[], items: Items): Promise<Items> {
    let top = await this.#insert(lists, items);
    while (top.length > fanout) top = await this.#save(top);
    return top;
  }

  async #insert(lists: readonly Entry[], items: Items): Promise<Items> {
    if (typeof items[0]?.[1] !== "string") {
      return [...new Map<Key, Item[1]>([...items, ...lists])]
        .sort(([a], [b]) => isBefore(a, b) ? -1 : 1);
    }
    const places = Map.groupBy(
      lists,
      ([key]) => Math.max(0, placeOf(key, items)),
    );
    const parts = await Promise.all(items.map(async (item, i) => {
      const within = places.get(i);
      if (within === undefined) return [item];
      const below = await this.#load(item[1] as string);
      return await this.#save(await this.#insert(within, below));
    }));
    return parts.flat();
  }

  #load(name: string): Promise<Items> {
    return this.#kept.get(name) ?? this.#keep(name, this.#fetch(name));
  }

  async #fetch(name: string): Promise<Items> {
    for (;;) {
      const found = await this.#store.readOr(name, undefined, patiently);
      if (found) return found;
    }
  }

  /** Writes items as nodes, which are the items of the level above. */
  async #save(items: Items): Promise<Items> {
    const nodes = Math.ceil(items.length / fanout);
    const size = Math.ceil(items.length / nodes);
    return await Promise.all(
      Array.from({ length: nodes }, async (_, i): Promise<Item> => {
        const name = this.#newName();
        const part = items.slice(i * size, (i + 1) * size);
        this.#keep(name, Promise.resolve(part));
        await this.#store.write(name, part, patiently);
        return [part[0]![0], name];
      }),
    );
  }

  #keep(name: string, items: Promise<Items>): Promise<Items> {
    this.#kept.set(name, items);
    if (this.#kept.size > this.#maxKept) this.#kept.clear();
    return items;
  }
}

/** The place of the last item that begins at a key or before it; -1 for none. */
function placeOf(key: Key, items: Items): number {
  return items.findLastIndex(([first]) => !isBefore(key, first));
}

/** Orders all keys: numbers before texts. */
function isBefore(a: Key, b: Key): boolean {
  return typeof a === typeof b ? a < b : typeof a === "number";
}

function isTransaction(operations: Txn): boolean {
  return Array.isArray(operations) &&
    operations.every((each) =>
      Array.isArray(each) && each.length === 3 &&
      (each[0] === "r" || each[0] === "append") &&
      (Number.isSafeInteger(each[1]) || typeof each[1] === "string")
    );
}

if (import.meta.main) await serve(txnListAppend);
