/**
 * At the end every node has to show the sum of all additions, wherever they were
 * made. This one shows its own. What the others have counted comes with
 * `totals`: of two totals of the same node, which is the newer? And who is to be
 * told, how often, if messages get lost?
 */
import { type Node, serve } from "../../../mod.ts";

await serve((node: Node<{ totals: { totals: [string, number][] } }>) => {
  const totals = new Map<string, number>();

  node.on("add", ({ body }) => {
    totals.set(node.id, (totals.get(node.id) ?? 0) + body.delta);
    return { type: "add_ok" };
  });

  node.on("totals", ({ body }) => {
    for (const [id, total] of body.totals) totals.set(id, total);
  });

  node.on("read", () => ({
    type: "read_ok",
    value: totals.get(node.id) ?? 0,
  }));
});
