#!/usr/bin/env -S deno run
/**
 * # 8a. Grow-only set
 *
 * https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md#workload-g-set
 *
 * Clients add elements at any node; in the end every node has to show all of
 * them. Unlike in a broadcast, nothing is said of when.
 *
 * A set that only grows is the smallest **state-based CRDT** (Shapiro et al.,
 * 2011): nodes send each other their sets, and merging is the union. A union
 * doesn't care in which order, how often, or by which way something comes
 * (it's commutative, idempotent and associative), so a network that loses,
 * repeats and reorders can do nothing but delay it. Once a second each node
 * tells one other, in turn; who is told tells others what is new to it.
 *
 * The naive answer, `--strategy state`, sends the whole set each time. That is
 * right, and what is sent grows with all that was ever added.
 *
 * So a node sends a **delta** (Almeida et al., *Delta State Replicated Data
 * Types*, 2018): only what the other hasn't said that it has. A delta is a set
 * like any other, and merged like any other. For each of the others a node keeps
 * what it lacks; an acknowledgement takes from that what was sent. What a
 * partition swallows is still there afterwards, and goes with the next delta. So
 * an element is everywhere within a second for each of the others, and a latency,
 * if nothing is lost; and when nobody lacks anything, nothing is sent.
 *
 * **Nodes die, and come back knowing nothing.** Each life of a node draws a
 * number, which its messages carry. A new one lacks everything, whatever an
 * earlier one has acknowledged: so it gets the full state, once. What was added
 * in the last second or two before a death, and nobody was told, is lost; with
 * `--data-dir` it's on the node's disk before it's acknowledged.
 *
 * A read promises little: it shows all that was acknowledged at this node, and
 * while that lives it never shows less than before. It may lack what others have.
 *
 * @module
 */
import {
  demand,
  type Disk,
  type GSetMessages,
  type Node,
  readArguments,
  serve,
} from "../lib/mod.ts";

/** The time between two messages of a node. */
const beatMs = 1000;

/** The time for which an acknowledgement counts: however late it comes. */
const patienceMs = 60_000;

/** A node, with the message that nodes send to each other. */
type GSetNode = Node<
  GSetMessages & {
    merge: { life: number; elements: number[] };
    merge_ok: { life: number };
  }
>;

/** Another node, as far as this one knows. */
interface Other {
  life?: number;
  /** The elements that it hasn't said that it has: the next delta. */
  lacks: Set<number>;
}

/** A set that only grows. */
export function gSet(node: GSetNode, args: string[] = []) {
  const { strategy, "data-dir": folder } = readArguments(args, {
    strategy: {
      delta: ({ lacks }: Other) => [...lacks],
      state: () => [...elements],
    },
    "data-dir": { default: "" },
  });
  const life = Math.floor(node.random() * 2 ** 48);
  const elements = new Set<number>();
  /** In the order of their turns. */
  const others = new Map<string, Other>();
  let disk: Disk<number>;

  node.onInit(async () => {
    disk = await node.openDisk<number>(folder);
    disk.records.forEach((element) => elements.add(element));
    // The next one first, so that not all begin with the same.
    const place = node.nodeIds.indexOf(node.id);
    const ring = [...node.peers.slice(place), ...node.peers.slice(0, place)];
    for (const id of ring) others.set(id, { lacks: new Set(elements) });
    node.allUp().then(() => node.every(beatMs, () => void tellNext()));
  });

  node.on("add", async ({ body: { element } }) => {
    demand(areNumbers([element]), "an element is a whole number");
    disk.append(element);
    await disk.sync();
    merge([element]);
    return { type: "add_ok" };
  });

  node.on("read", () => ({ type: "read_ok", value: [...elements] }));

  node.on("merge", ({ src, body }) => {
    demand(
      others.has(src) && areNumbers([body.life]) && areNumbers(body.elements),
      "elements are whole numbers, and come from nodes",
    );
    merge(body.elements, src);
    meet(src, body.life);
    return { type: "merge_ok", life };
  });

  /** Takes in a delta: what is new goes into the deltas for the others. */
  function merge(delta: number[], from?: string) {
    for (const element of delta) {
      const isNew = !elements.has(element);
      elements.add(element);
      for (const [id, { lacks }] of others) {
        if (id === from) lacks.delete(element);
        else if (isNew) lacks.add(element);
      }
    }
  }

  /** Hears from a node; a new life of it has nothing of what the last had. */
  function meet(id: string, life: number) {
    const other = others.get(id)!;
    if (other.life === undefined) other.life = life;
    if (other.life !== life) others.set(id, { life, lacks: new Set(elements) });
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
    const delta = strategy(other);
    try {
      const news = { type: "merge", life, elements: delta } as const;
      const ack = await node.rpc(id, news, { timeoutMs: patienceMs });
      meet(id, ack.life);
      // If that was another life, it's no longer this that counts.
      delta.forEach((element) => other.lacks.delete(element));
    } catch {
      // It still lacks that, and will be told when it's its turn again.
    }
  }
}

function areNumbers(values: unknown): values is number[] {
  return Array.isArray(values) && values.every(Number.isSafeInteger);
}

if (import.meta.main) await serve(gSet);
