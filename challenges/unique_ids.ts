/**
 * # 2. Unique ids
 *
 * https://fly.io/dist-sys/2/
 *
 * Three nodes hand out ids, a thousand a second, and no id may come twice:
 * also while the network is cut in two, and every single request has to be
 * answered (the run asks for total availability). So no node can ask another
 * before it answers.
 *
 * A clock is no help. Two requests fall into the same millisecond, the clocks
 * of two nodes show the same time, and an adjusted clock shows a time twice.
 *
 * What each node has to itself is its name. A name that nobody else has, and a
 * number that the node has not used before, make an id that nobody else will
 * make: `n1-0`, `n1-1`, … No messages, no waiting, nothing to go wrong in a
 * partition.
 *
 * What it rests on: the node must never forget where its counter stood. A node
 * that crashes and starts again at 0 hands out old ids, so each start draws a
 * random number for itself and puts it between the two.
 *
 * @module
 */
import { type Node, serve } from "../lib/mod.ts";

/** Hands out ids made of the node's name, its start, and a counter. */
export function uniqueIds(node: Node) {
  const start = Math.floor(node.random() * 2 ** 48).toString(36);
  let count = 0;

  node.on("generate", () => ({
    type: "generate_ok",
    id: `${node.id}-${start}-${count++}`,
  }));
}

if (import.meta.main) await serve(uniqueIds);
