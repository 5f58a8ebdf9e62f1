#!/usr/bin/env -S deno run
/**
 * # 1. Echo
 *
 * https://fly.io/dist-sys/1/
 *
 * A node gets `{"type": "echo", "echo": "Please echo 35"}` and sends the same
 * text back. There is nothing distributed about it yet; it shows that messages
 * come in and go out. What a handler returns is the reply: the library adds
 * who it goes to, and which request it answers.
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
