/**
 * All lists are under one key of a linearizable store, and yet appends get lost: two
 * nodes read the same, and the second to write wipes out what the first one wrote.
 * `kv.cas` writes only if nothing has changed since; if it throws an `RPCError` with
 * the code `ErrorCode.preconditionFailed`, something has.
 */
import { KV, type ListAppendMessages, type Node, serve } from "../../../mod.ts";

type Done = ListAppendMessages["txn_ok"]["txn"];
type Lists = { [key: string]: readonly number[] };

await serve((node: Node<ListAppendMessages>) => {
  const kv = new KV<Lists>(node, "lin-kv");

  node.on("txn", async ({ body }) => {
    const lists = await kv.readOr("lists", {});
    const next = { ...lists };
    const txn = body.txn.map(([f, key, value]): Done[number] => {
      const list = next[key];
      if (f === "r") return [f, key, list ?? null];
      next[key] = [...list ?? [], value];
      return [f, key, value];
    });
    await kv.write("lists", next);
    return { type: "txn_ok", txn };
  });
});
