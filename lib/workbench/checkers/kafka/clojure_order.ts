/**
 * The order in which Clojure's sets and maps have their members. Where several
 * answers are right, Jepsen's checkers take the one that comes first there; to
 * find the same, one has to hash as Clojure does.
 *
 * @module
 */
import type { Message } from "./observations.ts";

/** Maps of so many keys, and no more, keep the order of insertion. */
const maxArrayMapKeys = 8;

/** Messages in the order of a set of them. */
export function inSetOrder(messages: Iterable<Message>): Message[] {
  const list = [...messages];
  if (list.length < 2) return list;
  return list
    .map((message) => ({ message, rank: hashRank(message) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ message }) => message);
}

/** Keys in the order of a map to which they were added one by one. */
export function inMapOrder(keys: readonly string[]): string[] {
  const distinct = [...new Set(keys)];
  return distinct.length > maxArrayMapKeys
    ? inSetOrder(distinct) as string[]
    : distinct;
}

/** A hash trie is walked by five bits of the hash at a time, lowest first. */
function hashRank(message: Message): number {
  const hash = clojureHash(message);
  let rank = 0;
  for (let shift = 0; shift < 32; shift += 5) {
    const bits = shift === 30 ? 2 : 5;
    rank = rank * 2 ** bits + (hash >>> shift & (1 << bits) - 1);
  }
  return rank;
}

/** Clojure's `hash` of what messages mostly are. */
function clojureHash(message: Message): number {
  if (typeof message === "number") {
    if (message === 0) return 0;
    const long = BigInt.asUintN(64, BigInt(Math.trunc(message)));
    let hash = mixHash(0, Number(long & 0xffffffffn));
    hash = mixHash(hash, Number(long >> 32n));
    return finish(hash, 8);
  }
  if (typeof message === "string") {
    let code = 0;
    for (let i = 0; i < message.length; i++) {
      code = Math.imul(code, 31) + message.charCodeAt(i) | 0;
    }
    return code === 0 ? 0 : finish(mixHash(0, code), 4);
  }
  return message === null ? 0 : message ? 1231 : 1237;
}

/** A step of Murmur3. */
function mixHash(hash: number, block: number): number {
  let k = Math.imul(block, 0xcc9e2d51);
  k = Math.imul(k << 15 | k >>> 17, 0x1b873593);
  const mixed = hash ^ k;
  return Math.imul(mixed << 13 | mixed >>> 19, 5) + 0xe6546b64 | 0;
}

/** The end of Murmur3. */
function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
  return (h ^ h >>> 16) >>> 0;
}
