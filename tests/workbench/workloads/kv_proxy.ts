/**
 * A lin-kv node that is as good as the store that it stands before.
 *
 * @module
 */
import { type App, KV, type KVService, type Node } from "../../../lib/mod.ts";

/** Passes everything on to one of the services. */
export function proxy(service: KVService): App {
  return (node: Node) => {
    const kv = new KV(node, service);
    node.on<Request>("read", async ({ body }) => ({
      type: "read_ok",
      value: await kv.read(body.key),
    }));
    node.on<Request>("write", async ({ body }) => {
      await kv.write(body.key, body.value);
      return { type: "write_ok" };
    });
    node.on<Request>("cas", async ({ body }) => {
      await kv.cas(body.key, body.from, body.to);
      return { type: "cas_ok" };
    });
  };
}

type Request = {
  type: string;
  key: number;
  value: unknown;
  from: unknown;
  to: unknown;
};
