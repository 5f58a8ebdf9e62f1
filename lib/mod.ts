/**
 * A tiny library for Maelstrom nodes: all that a solution to the Gossip Glomers
 * challenges imports.
 *
 * @example A node, ready for `maelstrom test -w echo --bin …`
 * ```ts
 * import { type Node, serve } from "@call-me-maybe/maelstrom";
 *
 * function echo(node: Node) {
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * }
 *
 * if (import.meta.main) await serve(echo);
 * ```
 *
 * @module
 */
export * from "./arguments.ts";
export * from "./disk.ts";
export * from "./error.ts";
export * from "./kv.ts";
export * from "./message.ts";
export * from "./messages.ts";
export * from "./node.ts";
export * from "./runtime.ts";
export * from "./stdio.ts";
