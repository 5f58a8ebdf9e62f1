/**
 * A counter that is right, or wrong in one way, for the tests of both counter
 * workloads.
 *
 * @module
 */
import type { App, CounterMessages } from "../../../lib/mod.ts";

/**
 * Every node counts what it was told, and tells the others how much that is.
 *
 * @param count what an add counts for.
 */
export function gossip(
  count: (delta: number, add: number) => number = (delta) => delta,
): App<CounterMessages & { total: { total: number } }> {
  return (node) => {
    const totals = new Map<string, number>();
    let adds = 0;
    node.on("add", ({ body }) => {
      const total = totals.get(node.id) ?? 0;
      const counted = body.delta === 0 ? 0 : count(body.delta, ++adds);
      totals.set(node.id, total + counted);
      return { type: "add_ok" };
    });
    node.on("read", () => ({
      type: "read_ok",
      value: [...totals.values()].reduce((a, b) => a + b, 0),
    }));
    node.on("total", ({ src, body }) => {
      totals.set(src, body.total);
    });
    node.every(100, () => {
      for (const peer of node.peers) {
        node.send(peer, { type: "total", total: totals.get(node.id) ?? 0 });
      }
    });
  };
}
