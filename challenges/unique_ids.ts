#!/usr/bin/env -S deno run
/**
 * # 2. Unique ids
 *
 * https://fly.io/dist-sys/2/
 *
 * Three nodes hand out ids, a thousand a second. No id may occur twice, and
 * every request has to be answered (the run asks for total availability), even
 * while the network is cut in two. So no node can ask another before it
 * answers.
 *
 * A node's clock is no help. Two requests fall into the same millisecond, the
 * clocks of two nodes show the same time, and a clock that is set back shows a
 * time twice.
 *
 * Each node has one thing to itself: its name. A name that nobody else has, and
 * a number that the node hasn't used before, make an id that nobody else will
 * make: `n1-…-0`, `n1-…-1`. No messages, no waiting, nothing that a partition
 * could harm. It relies on the node never forgetting its count; a node that
 * restarts has forgotten it, so each start draws a random number, which goes in
 * the middle. (Twitter's Snowflake puts the clock there, and must wait when the
 * clock is set back.)
 *
 * So it needs no disk, whoever dies and comes back. Only one thing can't be had
 * then: total availability. A dead node answers nobody, and so those runs go with
 * `--availability 0`.
 *
 * There are two more ways, to compare:
 *
 * - `--strategy random`: 128 random bits (a UUID of version 4 has 122). Two may
 *   be the same, and won't be: after a billion ids the odds are one in 10^21.
 *   It needs a good source of randomness, and its ids carry no information.
 * - `--strategy clock`: one clock for all, `lin-tso`. Its ids are short and in
 *   order; but each costs a request and a reply, and a node that can't reach
 *   the clock can't answer. The clock never dies, and what it tells a node that
 *   does is told to nobody else: some numbers are missing, none comes twice.
 *
 * @module
 */
import { type Node, readArguments, serve, TSO } from "../lib/mod.ts";

/** Hands out ids that nobody has had before. */
export function uniqueIds(node: Node, args: string[] = []) {
  const { strategy } = readArguments(args, { strategy: strategies });
  const next = strategy(node);
  node.on("generate", async () => ({ type: "generate_ok", id: await next() }));
}

/** The node's name, its start, and a counter. */
function composite(node: Node): () => string {
  const start = bits(node, 48);
  let count = 0;
  return () => `${node.id}-${start}-${count++}`;
}

/** Chance. */
function random(node: Node): () => string {
  return () => [32, 32, 32, 32].map((each) => bits(node, each)).join("-");
}

/** A clock that all ask. */
function clock(node: Node): () => Promise<number> {
  const tso = new TSO(node);
  return () => tso.next();
}

/** So many random bits, at most 53, as text. */
function bits(node: Node, count: number): string {
  return Math.floor(node.random() * 2 ** count).toString(36);
}

const strategies = { composite, random, clock };

if (import.meta.main) await serve(uniqueIds);
