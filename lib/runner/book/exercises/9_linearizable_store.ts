/**
 * Each operation has to see all that had ended before it began, at whatever node.
 * Here each node carries out what it's asked, and tells the others, who hear of it
 * too late. Let all be carried out in one place: the handler of `ask` is there
 * already. (Then nobody is answered who can't reach that place. What Raft adds is
 * that the place can move.)
 */
import {
  ErrorCode,
  type LinKVMessages,
  type Node,
  RPCError,
  serve,
} from "../../../mod.ts";

/** A write; with `from`, a cas; without `to`, a read. */
type Request = { key: number; from?: number; to?: number };

type Own = {
  tell: { key: number; value: number };
  ask: { request: Request };
  ask_ok: { value?: number };
};

await serve((node: Node<LinKVMessages & Own>) => {
  const store = new Map<number, number>();

  async function ask(request: Request): Promise<number | undefined> {
    return await carryOut(request);
  }

  function carryOut({ key, from, to }: Request): number | undefined {
    const value = store.get(key);
    if (value === undefined && (to === undefined || from !== undefined)) {
      throw new RPCError(ErrorCode.keyDoesNotExist, `there is no key ${key}`);
    }
    if (from !== undefined && from !== value) {
      throw new RPCError(ErrorCode.preconditionFailed, `${key} is ${value}`);
    }
    if (to === undefined) return value;
    store.set(key, to);
    for (const peer of node.peers) {
      node.send(peer, { type: "tell", key, value: to });
    }
    return value;
  }

  node.on("tell", ({ body }) => void store.set(body.key, body.value));

  node.on("ask", ({ body }) => ({
    type: "ask_ok",
    value: carryOut(body.request),
  }));

  node.on("read", async ({ body: { key } }) => {
    return { type: "read_ok", value: await ask({ key }) as number };
  });

  node.on("write", async ({ body: { key, value: to } }) => {
    await ask({ key, to });
    return { type: "write_ok" };
  });

  node.on("cas", async ({ body: { key, from, to } }) => {
    await ask({ key, from, to });
    return { type: "cas_ok" };
  });
});
