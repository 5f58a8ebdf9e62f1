#!/usr/bin/env -S deno run
/**
 * # 1. Echo
 *
 * https://fly.io/dist-sys/1/
 *
 * A node receives `{"type": "echo", "echo": "Please echo 35"}` and sends the
 * same text back. Nothing about it is distributed; it shows that messages get
 * in and out. The value that a handler returns is the reply: the library adds
 * the address, and the number of the request.
 *
 * Run it by itself, and it waits for messages on stdin:
 *
 *     deno run challenges/echo.ts
 *
 * @module
 */
import { type Node, readArguments, serve } from "../lib/mod.ts";

/** Sends back what it is sent. */
export function echo(node: Node, args: string[] = []) {
  readArguments(args, {}); // it takes none
  node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
}

if (import.meta.main) await serve(echo);
