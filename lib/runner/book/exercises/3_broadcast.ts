/**
 * Each value has to reach each node. This one tells the others once, and the
 * network loses messages whenever it is partitioned. `await node.rpc(peer, …)`
 * throws where no answer comes: ask again until one does.
 */
import { type Node, serve } from "../../../mod.ts";

await serve((node: Node<{ tell: { value: number } }>) => {
  const seen = new Set<number>();

  function learn(value: number) {
    if (seen.has(value)) return;
    seen.add(value);
    for (const peer of node.peers) tell(peer, value);
  }

  function tell(peer: string, value: number) {
    node.send(peer, { type: "tell", value });
  }

  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("broadcast", ({ body }) => {
    learn(body.message);
    return { type: "broadcast_ok" };
  });
  node.on("tell", ({ body }) => {
    learn(body.value);
    return { type: "tell_ok" };
  });
  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));
});
