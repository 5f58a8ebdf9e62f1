/**
 * Now nodes die, and come back knowing nothing but their disk. This one reads it,
 * and writes nothing there: what it had acknowledged is gone. Before a node
 * acknowledges a value, to a client or to another node, it has to be on the disk:
 * `disk.append(value)`, and `await disk.sync()`.
 */
import { type Disk, type Node, serve } from "../../../mod.ts";

await serve((node: Node<{ tell: { value: number } }>) => {
  const seen = new Set<number>();
  let disk: Disk<number>;

  node.onInit(async () => {
    disk = await node.openDisk<number>("data");
    for (const value of disk.records) learn(value);
  });

  function learn(value: number) {
    if (seen.has(value)) return;
    seen.add(value);
    for (const peer of node.peers) tell(peer, value);
  }

  async function tell(peer: string, value: number) {
    for (;;) {
      try {
        await node.rpc(peer, { type: "tell", value }, { timeoutMs: 1000 });
        return;
      } catch {
        // It's asked again.
      }
    }
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
