/**
 * Shows the store's runs in a browser, and keeps up with those in progress.
 *
 * @module
 */
import { print } from "./output.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import { BadOption } from "../workbench/mod.ts";
import { untilEnded } from "./ending.ts";
import { handlerOf } from "./serve/handler.ts";

/**
 * Serves a store until somebody ends it.
 *
 * @param settings `port` may be 0, for any free one.
 * @returns an exit code.
 * @throws {BadOption} if no server can listen on that address.
 */
export async function serve(
  { store, host, port }: { store: string; host: string; port: number },
): Promise<number> {
  checkFolder(store);
  await untilEnded((signal) =>
    listen(handlerOf({ store, host }), { what: store, host, port, signal })
      .finished
  );
  return 0;
}

/**
 * Listens, and says where.
 *
 * @param settings `what` is served, and `host` and `port` are the address.
 * @throws {BadOption} if no server can listen on that address.
 */
export function listen(
  handler: Deno.ServeHandler,
  { what, host, port, signal }: {
    what: string;
    host: string;
    port: number;
    signal: AbortSignal;
  },
): Deno.HttpServer {
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  try {
    return Deno.serve({
      hostname,
      port,
      signal,
      onListen({ port }) {
        const name = hostname.includes(":") ? `[${hostname}]` : hostname;
        print(
          `Serving ${what} on http://${name}:${port}/ (Ctrl-C ends it)`,
        );
      },
    }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new Error(
        `Port ${port} of ${host} is in use: end what uses it, or choose another with --port (0: any that is free).`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Error(
        `Port ${port} of ${host} needs more privileges: choose another with --port, from 1024 on.`,
      );
    }
    if (error instanceof Deno.errors.NotCapable) {
      throw new Error(
        "This task has no permission to serve: use deno task serve, with the same options.",
      );
    }
    throw new BadOption(
      `--host must be an address of this machine, such as 127.0.0.1 or 0.0.0.0, not "${host}": ${
        systemReason(error)
      }`,
    );
  }
}

/** There may be no store yet, but no file in its place. */
function checkFolder(store: string): void {
  try {
    if (Deno.statSync(store).isDirectory) {
      for (const _ of Deno.readDirSync(store)) break; // so that it's tried
      return;
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw new BadOption(
      `--store ${store} can't be read: ${systemReason(error)}.`,
    );
  }
  throw new BadOption(`--store ${store} isn't a folder.`);
}
