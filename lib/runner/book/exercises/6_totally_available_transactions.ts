/**
 * Read committed: nobody may see what a transaction wrote on the way and changed
 * before its end. This node tells the others of each write as it makes it. What
 * should it tell them, and when?
 */
import { type Node, type RWRegisterMessages, serve } from "../../../mod.ts";

type Operation = RWRegisterMessages["txn_ok"]["txn"][number];
type Own = { write: { key: number; value: number } };

await serve((node: Node<RWRegisterMessages & Own>) => {
  const registers = new Map<number, number>();

  node.on("txn", ({ body }) => {
    const txn = body.txn.map(([f, key, value]): Operation => {
      if (f === "r") return [f, key, registers.get(key) ?? null];
      registers.set(key, value);
      tellAll(key, value);
      return [f, key, value];
    });
    return { type: "txn_ok", txn };
  });

  function tellAll(key: number, value: number) {
    for (const peer of node.peers) {
      node.send(peer, { type: "write", key, value });
    }
  }

  node.on("write", ({ body: { key, value } }) => {
    registers.set(key, value);
  });
});
