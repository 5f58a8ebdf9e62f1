/**
 * Each node tells three others, at random, of a value that is new to it. So nearly
 * all hear of it; nearly. Who doesn't never will, and a partition does the rest. Now
 * and then, let each node tell one other all that it knows.
 */
import { type Node, serve } from "../../../mod.ts";

await serve((node: Node<{ tell: { values: number[] } }>) => {
  const seen = new Set<number>();

  function other(): string {
    return node.peers[Math.floor(node.random() * node.peers.length)]!;
  }

  function learn(values: number[]) {
    const fresh = values.filter((value) => !seen.has(value));
    if (fresh.length === 0) return;
    for (const value of fresh) seen.add(value);
    for (let i = 0; i < 3; i++) {
      node.send(other(), { type: "tell", values: fresh });
    }
  }

  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("broadcast", ({ body }) => {
    learn([body.message]);
    return { type: "broadcast_ok" };
  });
  node.on("tell", ({ body }) => learn(body.values));
  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));
});
