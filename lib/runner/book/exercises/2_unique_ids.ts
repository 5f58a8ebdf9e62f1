/**
 * Each id has to be unique in the whole cluster, and there are three nodes. What
 * do they have that differs? A node's name is `node.id`.
 */
import { type Node, serve } from "../../../mod.ts";

let count = 0;

await serve((node: Node) => {
  node.on("generate", () => ({ type: "generate_ok", id: `${count++}` }));
});
