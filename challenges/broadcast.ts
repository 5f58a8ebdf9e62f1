/**
 * # 3. Broadcast
 *
 * https://fly.io/dist-sys/3a/ to https://fly.io/dist-sys/3e/
 *
 * Clients tell a value to one node; soon every node must show it. The network
 * loses messages while it is cut in two, so whoever passes a value on has to
 * keep it until the other side has said that it arrived.
 *
 * The naive answer tells every new value to every neighbour at once. Over a
 * grid of 25 nodes that makes more than 27 messages per operation, and with
 * 100 ms per hop it takes eight hops from corner to corner: 800 ms.
 *
 * Two ideas make it cheap. All nodes talk through one hub, so that no value
 * takes more than two hops, and none arrives twice. And nobody sends a value
 * by itself: what has come in during a tenth of a second goes out as one
 * message, which one acknowledgement answers.
 *
 * What is not acknowledged in time is put back, to go out with the next batch.
 * That alone makes it survive partitions: the values of both sides wait until
 * the cut has healed.
 *
 * @module
 */
import { type Node, serve } from "../lib/mod.ts";

/** How long values are gathered before they are sent. */
const gatherMs = 100;

/** How long a batch may take to be acknowledged, there and back. */
const ackTimeoutMs = 1000;

/** Spreads values to all nodes, in batches, through one of them. */
export function broadcast(node: Node) {
  const seen = new Set<number>();
  /** For each node that this one talks to, what it hasn't been sent yet. */
  const unsent = new Map<string, Set<number>>();

  node.onInit(() => {
    const [hub] = node.nodeIds;
    for (const peer of node.id === hub ? node.peers : [hub]) {
      unsent.set(peer, new Set());
    }
    node.every(gatherMs, sendBatches);
  });

  // The topology on offer is a suggestion: ours is the star.
  node.on("topology", () => ({ type: "topology_ok" }));

  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));

  node.on<{ type: "broadcast"; message: number }>("broadcast", ({ body }) => {
    learn([body.message]);
    return { type: "broadcast_ok" };
  });

  node.on<{ type: "gossip"; values: number[] }>("gossip", ({ src, body }) => {
    learn(body.values, src);
    return { type: "gossip_ok" };
  });

  function learn(values: number[], from?: string) {
    for (const value of values) {
      if (seen.has(value)) continue;
      seen.add(value);
      for (const [peer, waiting] of unsent) {
        if (peer !== from) waiting.add(value);
      }
    }
  }

  function sendBatches() {
    for (const [peer, waiting] of unsent) {
      if (waiting.size === 0) continue;
      const values = [...waiting];
      waiting.clear();
      node.rpc(peer, { type: "gossip", values }, { timeoutMs: ackTimeoutMs })
        .catch(() => values.forEach((value) => waiting.add(value)));
    }
  }
}

if (import.meta.main) await serve(broadcast);
