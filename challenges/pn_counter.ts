#!/usr/bin/env -S deno run
/**
 * # 8b. A counter that goes up and down
 *
 * https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-pn-counter
 *
 * As in chapter 4, but clients also take away, and there is no store. In the end
 * every node has to show the sum.
 *
 * The naive answer, `--strategy single`, is chapter 4's: a total for each node,
 * and of two totals of the same node the greater is the newer. That's no longer
 * so: what was taken away is never seen.
 *
 * So the **PN-counter** (Shapiro et al., 2011) is two counters that only grow: one
 * of what was added, and one of what was taken away. Their difference is the
 * value. To merge is to take the greater of both; that's commutative, associative
 * and idempotent, so whatever the network repeats or reorders does no harm, and
 * what it loses is sent again.
 *
 * As in `g_set.ts`, a node tells one other a second, in turn, a **delta** (Almeida
 * et al., 2018): the totals that the other hasn't said that it has. A delta is a
 * counter like any other, and merged like any other. However much was added, it
 * has one pair of totals for each node. All show the sum within a second for each
 * of the others, and a latency, if nothing is lost; then there is silence.
 *
 * **Nodes die, and come back knowing nothing.** Whoever has forgotten its totals
 * would begin below what others know of them. So each life of a node counts for
 * itself, under a name of its own. What was added in the last second or two before
 * a death, and nobody was told, is lost; with `--data-dir` it's on the node's disk
 * before it's acknowledged.
 *
 * A read shows all that was acknowledged at this node, and of each other all up
 * to some moment. It need not be a value that the counter ever had: it may show
 * that something was taken away, and not yet what was added before. So nobody
 * can see to it that a counter never falls below zero: two nodes may each take
 * the last one.
 *
 * @module
 */
import {
  type CounterMessages,
  demand,
  type Disk,
  type Node,
  readArguments,
  serve,
} from "../lib/mod.ts";

/** The time between two messages of a node. */
const beatMs = 1000;

/** The time for which an acknowledgement counts: however late it comes. */
const patienceMs = 60_000;

/** A node, with the message that nodes send to each other. */
type CounterNode = Node<
  CounterMessages & {
    merge: { life: string; delta: Entry[] };
    merge_ok: { life: string };
  }
>;

/** All that was added in a life of a node, and all that was taken away. */
type Totals = readonly [added: number, taken: number];
type Entry = readonly [life: string, totals: Totals];

/** Another node, as far as this one knows. */
interface Other {
  life?: string;
  /** The totals that it hasn't said that it has: the next delta. */
  lacks: Map<string, Totals>;
}

/** A counter that goes up and down. */
export function pnCounter(node: CounterNode, args: string[] = []) {
  const { strategy: isSingle, "data-dir": folder } = readArguments(args, {
    strategy: { delta: false, single: true },
    "data-dir": { default: "" },
  });
  const number = Math.floor(node.random() * 2 ** 48).toString(36);
  const known = new Map<string, Totals>();
  /** In the order of their turns. */
  const others = new Map<string, Other>();
  let life: string;
  let own: Totals = [0, 0];
  let disk: Disk<never, Entry[]>;

  node.onInit(async () => {
    life = `${node.id}/${number}`;
    disk = await node.openDisk<never, Entry[]>(folder);
    merge(disk.snapshot ?? []);
    // The next one first, so that not all begin with the same.
    const place = node.nodeIds.indexOf(node.id);
    const ring = [...node.peers.slice(place), ...node.peers.slice(0, place)];
    for (const id of ring) others.set(id, { lacks: new Map(known) });
    node.allUp().then(() => node.every(beatMs, () => void tellNext()));
  });

  node.on("add", async ({ body: { delta } }) => {
    demand(Number.isSafeInteger(delta), "a delta is a whole number");
    const [added, taken] = own;
    own = delta > 0 || isSingle
      ? [added + delta, taken]
      : [added, taken - delta];
    const entry: Entry = [life, own];
    await disk.replace([...known, entry]);
    merge([entry]);
    return { type: "add_ok" };
  });

  node.on("read", () => ({
    type: "read_ok",
    value: [...known.values()]
      .reduce((sum, [added, taken]) => sum + added - taken, 0),
  }));

  node.on("merge", ({ src, body }) => {
    demand(
      others.has(src) && isLife(body.life) && areEntries(body.delta),
      "totals are whole numbers, and come from nodes",
    );
    merge(body.delta, src);
    meet(src, body.life);
    return { type: "merge_ok", life };
  });

  /** Takes in a delta: what is new goes into the deltas for the others. */
  function merge(delta: Entry[], from?: string) {
    for (const [each, [added, taken]] of delta) {
      const [a, t] = known.get(each) ?? [0, 0];
      if (added <= a && taken <= t) continue;
      const totals: Totals = [Math.max(a, added), Math.max(t, taken)];
      known.set(each, totals);
      for (const [id, { lacks }] of others) {
        if (id !== from) lacks.set(each, totals);
      }
    }
  }

  /** Hears from a node; a new life of it has nothing of what the last had. */
  function meet(id: string, life: string) {
    const other = others.get(id)!;
    if (other.life === undefined) other.life = life;
    if (other.life !== life) others.set(id, { life, lacks: new Map(known) });
  }

  /** Tells one that lacks something, or doesn't know of this life. */
  async function tellNext() {
    const next = [...others].find(([, { life, lacks }]) =>
      life === undefined || lacks.size > 0
    );
    if (next === undefined) return;
    const [id, other] = next;
    others.delete(id);
    others.set(id, other);
    const delta = [...other.lacks];
    try {
      const news = { type: "merge", life, delta } as const;
      const ack = await node.rpc(id, news, { timeoutMs: patienceMs });
      meet(id, ack.life);
      for (const [each, totals] of delta) {
        // There may be newer ones by now.
        if (other.lacks.get(each) === totals) other.lacks.delete(each);
      }
    } catch {
      // It still lacks that, and will be told when it's its turn again.
    }
  }
}

function isLife(life: unknown): life is string {
  return typeof life === "string";
}

function areEntries(values: unknown) {
  return Array.isArray(values) &&
    values.every((value) =>
      Array.isArray(value) && isLife(value[0]) &&
      Array.isArray(value[1]) && value[1].length === 2 &&
      value[1].every(Number.isSafeInteger)
    );
}

if (import.meta.main) await serve(pnCounter);
