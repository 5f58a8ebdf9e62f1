#!/usr/bin/env -S deno run
/**
 * # 2. Unique ids
 *
 * https://fly.io/dist-sys/2/
 *
 * Three nodes hand out ids, a thousand a second, and no id may come twice:
 * also while the network is cut in two, and every single request has to be
 * answered (the run asks for total availability). So no node can ask another
 * before it answers.
 *
 * A node's clock is no help. Two requests fall into the same millisecond, the
 * clocks of two nodes show the same time, and a clock that is adjusted shows a
 * time twice.
 *
 * What each node has to itself is its name. A name that nobody else has, and a
 * number that the node has not used before, make an id that nobody else will
 * make: `n1-…-0`, `n1-…-1`. No messages, no waiting, nothing that a partition
 * could harm. It rests on the node's never forgetting where its counter stood;
 * and as a node that is started again has forgotten, each start draws a number
 * for itself, which stands between the two. (Twitter's Snowflake has the clock
 * in its place, and must wait while the clock is put back.)
 *
 * There are two more ways, to compare:
 *
 * - `--strategy random`: 128 random bits, as a UUID of version 4 has. That two
 *   are the same is possible, and won't happen: after a billion ids the odds are
 *   one in 10^21. It needs a good source of randomness, and its ids say nothing.
 * - `--strategy clock`: one clock for all, `lin-tso`. Its ids are short and in
 *   order; but each costs a question and an answer, and where the clock can't be
 *   reached there are none.
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
