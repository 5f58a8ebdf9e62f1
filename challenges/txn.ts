#!/usr/bin/env -S deno run
/**
 * # 6. Totally-available transactions
 *
 * https://fly.io/dist-sys/6a/ to https://fly.io/dist-sys/6c/
 *
 * A transaction is a list of reads and writes of registers. Every node has to
 * answer every transaction, also when it's cut off from all others; so it
 * answers from what it has, and tells the others later. The question is what can
 * be promised then.
 *
 * - **Read uncommitted** forbids dirty writes (G0): of two transactions that
 *   write the same two keys, one has to win on both.
 * - **Read committed** forbids in addition to read what was never committed
 *   (G1a), what was written over within its transaction (G1b), and to depend on
 *   each other in a circle (G1c).
 *
 * Both come of two rules. A transaction is carried out **at one stroke**, here
 * and on the other nodes: nobody sees half of one, or a value that it wrote over
 * itself. And all nodes order transactions **in the same way**, by Lamport
 * timestamps: a transaction's is greater than those of all that its node knew
 * of, and of two writes to a key the one with the greater timestamp counts, in
 * whatever order they arrive. So whoever read from somebody, or wrote over him,
 * has a greater timestamp than he; and greater than is never a circle.
 *
 * What it costs: nothing is certain beyond that. Two nodes may both read 1 and
 * both write 2 (a lost update), and a read may be out of date. To forbid that
 * one has to wait for others, and then a node that is cut off can't answer.
 * (Bailis et al.: *Highly Available Transactions*, 2013.)
 *
 * The messenger is the library's `Feed`: its positions are the timestamps, and
 * what nodes wrote in a fifth of a second goes out as one message. So a write is
 * on every node after a fifth of a second and one latency; each time that
 * messages are lost or overtake each other costs two seconds and a round trip
 * more.
 *
 * @module
 */
import {
  ErrorCode,
  Feed,
  type Node,
  readArguments,
  RPCError,
  serve,
} from "../lib/mod.ts";

/** How long transactions gather before the other nodes are sent them. */
const gatherMs = 200;

type Key = number | string;
type Operation = ["r" | "w", Key, unknown];
type Writes = [Key, unknown][];

/** Registers, and transactions over them. */
export function txn(node: Node, args: string[] = []) {
  readArguments(args, {}); // it takes none
  const registers = new Map<Key, { value: unknown; timestamp: number }>();
  const feed = new Feed<Writes>(node, { intervalMs: gatherMs, onEvent: apply });

  node.on<{ type: "txn"; txn: Operation[] }>("txn", ({ body }) => {
    const writes = new Map<Key, unknown>();
    const done = checked(body.txn).map(([f, key, value]): Operation => {
      if (f === "w") writes.set(key, value);
      else {
        value = writes.has(key)
          ? writes.get(key)
          : registers.get(key)?.value ?? null;
      }
      return [f, key, value];
    });
    if (writes.size > 0) {
      const last = [...writes];
      apply(last, feed.append(last));
    }
    return { type: "txn_ok", txn: done };
  });

  /** The last writer wins: not who comes last, but who is last in order. */
  function apply(writes: Writes, timestamp: number) {
    for (const [key, value] of writes) {
      const current = registers.get(key);
      if (current === undefined || current.timestamp < timestamp) {
        registers.set(key, { value, timestamp });
      }
    }
  }
}

function checked(operations: Operation[]): Operation[] {
  const wellFormed = Array.isArray(operations) &&
    operations.every((each) =>
      Array.isArray(each) && each.length === 3 &&
      (each[0] === "r" || each[0] === "w") &&
      (Number.isSafeInteger(each[1]) || typeof each[1] === "string")
    );
  if (wellFormed) return operations;
  throw new RPCError(
    ErrorCode.malformedRequest,
    `a transaction is a list of ["r", key, null] and ["w", key, value]`,
  );
}

if (import.meta.main) await serve(txn);
