/**
 * A node that has been silent for two seconds is taken for dead, and isn't a member
 * any more. But the dead come back, and the slow were never dead. What does it mean
 * that somebody says something?
 */
import { type MembershipMessages, type Node, serve } from "../../../mod.ts";

await serve((node: Node<MembershipMessages & { heartbeat: object }>) => {
  const heardMs = new Map<string, number>();

  node.onInit(() => {
    for (const peer of node.peers) heardMs.set(peer, node.now());
    node.every(500, () => {
      for (const peer of node.peers) node.send(peer, { type: "heartbeat" });
      for (const [peer, ms] of heardMs) {
        if (node.now() - ms > 2000) heardMs.delete(peer);
      }
    });
  });

  node.on("heartbeat", ({ src }) => {
    if (heardMs.has(src)) heardMs.set(src, node.now());
  });

  node.on("read", () => ({
    type: "read_ok",
    members: [node.id, ...heardMs.keys()],
  }));
});
