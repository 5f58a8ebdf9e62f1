/**
 * The reply has to carry what the request carried. This one carries something
 * else. What is in the request is in the handler's parameter: `({ body }) => …`.
 */
import { type Node, serve } from "../../../mod.ts";

await serve((node: Node) => {
  node.on("echo", () => ({ type: "echo_ok", echo: "hello" }));
});
