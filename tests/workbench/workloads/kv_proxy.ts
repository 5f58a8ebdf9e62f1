/**
 * A lin-kv node that is as good as the store that it stands before.
 *
 * @module
 */
import {
  type App,
  KV,
  type KVService,
  type LinKVMessages,
} from "../../../lib/mod.ts";

/** Passes everything on to one of the services. */
export function proxy(service: KVService): App<LinKVMessages> {
  return (node) => {
    const kv = new KV<number>(node, service);
    node.on("read", async ({ body }) => ({
      type: "read_ok",
      value: await kv.read(body.key),
    }));
    node.on("write", async ({ body }) => {
      await kv.write(body.key, body.value);
      return { type: "write_ok" };
    });
    node.on("cas", async ({ body }) => {
      await kv.cas(body.key, body.from, body.to);
      return { type: "cas_ok" };
    });
  };
}
