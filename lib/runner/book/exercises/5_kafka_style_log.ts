/**
 * A message gets an offset in its key's log, the same for everybody. Here each
 * node has a log of its own, and they give the same offset to different
 * messages. Let each log have one owner, such as
 * `node.nodeIds[Number(key) % node.nodeIds.length]`. A handler can ask the owner,
 * and return what it answers: `await node.rpc(owner, { type: "send", key, msg })`.
 */
import { type Node, serve } from "../../../mod.ts";

await serve((node: Node) => {
  const logs = new Map<string, number[]>();
  const committed = new Map<string, number>();

  const logOf = (key: string) => {
    if (!logs.has(key)) logs.set(key, []);
    return logs.get(key)!;
  };

  node.on("send", ({ body: { key, msg } }) => {
    return { type: "send_ok", offset: logOf(key).push(msg) - 1 };
  });

  node.on("poll", ({ body: { offsets } }) => {
    const msgs: { [key: string]: [number, number][] } = {};
    for (const [key, from] of Object.entries(offsets)) {
      msgs[key] = logOf(key).slice(from, from + 10)
        .map((msg, i): [number, number] => [from + i, msg]);
    }
    return { type: "poll_ok", msgs };
  });

  node.on("commit_offsets", ({ body: { offsets } }) => {
    for (const [key, offset] of Object.entries(offsets)) {
      committed.set(key, Math.max(offset, committed.get(key) ?? 0));
    }
    return { type: "commit_offsets_ok" };
  });

  node.on("list_committed_offsets", ({ body: { keys } }) => ({
    type: "list_committed_offsets_ok",
    offsets: Object.fromEntries(
      keys.filter((key) => committed.has(key))
        .map((key) => [key, committed.get(key)!]),
    ),
  }));
});
