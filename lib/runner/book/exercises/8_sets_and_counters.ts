/**
 * A counter that also goes down. Of two totals of a node the greater was the newer,
 * as long as it only grew; now it isn't, and what was taken away is never seen.
 * Count in two counters that only grow: what was added, and what was taken away.
 */
import { type CounterMessages, type Node, serve } from "../../../mod.ts";

type Own = { totals: { totals: [string, number][] } };

await serve((node: Node<CounterMessages & Own>) => {
  const totals = new Map<string, number>();

  node.on("add", ({ body: { delta } }) => {
    totals.set(node.id, (totals.get(node.id) ?? 0) + delta);
    return { type: "add_ok" };
  });

  node.every(1000, () => {
    for (const peer of node.peers) {
      node.send(peer, { type: "totals", totals: [...totals] });
    }
  });

  node.on("totals", ({ body }) => {
    for (const [name, total] of body.totals) {
      totals.set(name, Math.max(total, totals.get(name) ?? total));
    }
  });

  node.on("read", () => {
    let value = 0;
    for (const total of totals.values()) value += total;
    return { type: "read_ok", value };
  });
});
