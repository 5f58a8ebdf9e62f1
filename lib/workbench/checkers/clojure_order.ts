/**
 * The order in which Clojure's sets and maps have their members. Where several
 * answers are right, Jepsen's checkers take the one that comes first there; to
 * find the same, one has to hash as Clojure does, with Murmur3, and walk its
 * hash tries (Bagwell, "Ideal Hash Trees", 2001).
 *
 * @module
 */
import { ExactNumber } from "../sim/exact_json.ts";

/** The most keys of a map that keeps the order of insertion. */
const maxArrayMapKeys = 8;

/** Distinct values in the order of a set of them. */
export function inClojureOrder<T>(
  values: Iterable<T>,
  hashOf: (value: T) => number = hashValue,
): T[] {
  const list = [...values];
  if (list.length < 2) return list;
  return list
    .map((value) => ({ value, rank: rankOf(hashOf(value)) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

/** Keys in the order of a map to which they were added one by one. */
export function inMapOrder(keys: Iterable<string>): string[] {
  const distinct = [...new Set(keys)];
  return distinct.length > maxArrayMapKeys
    ? inClojureOrder(distinct)
    : distinct;
}

/** A hash trie is walked by five bits of the hash at a time, lowest first. */
function rankOf(hash: number): number {
  let rank = 0;
  for (let shift = 0; shift < 32; shift += 5) {
    rank = rank * 32 + ((hash >>> shift) & 31);
  }
  return rank;
}

/** Clojure's hash of a JSON value; of objects and floats, just some hash. */
export function hashValue(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "number") return hashInteger(value);
  if (typeof value === "string") return hashString(value);
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (Array.isArray(value)) return hashList(value.map(hashValue));
  return hashString(
    value instanceof ExactNumber ? value.source : JSON.stringify(value),
  );
}

/** The hash of a long. */
export function hashInteger(value: number): number {
  if (value === 0) return 0;
  const low = value | 0;
  const high = Math.floor(value / 2 ** 32) | 0;
  return finish(mixHash(mixHash(0, mixKey(low)), mixKey(high)), 8);
}

function hashString(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = (imul(31, hash) + text.charCodeAt(i)) | 0;
  }
  return hash === 0 ? 0 : finish(mixHash(0, mixKey(hash)), 4);
}

/** The hash of a list, by those of its elements. */
export function hashList(hashes: readonly number[]): number {
  let hash = 1;
  for (const each of hashes) hash = (imul(31, hash) + each) | 0;
  return finish(mixHash(0, mixKey(hash)), hashes.length);
}

/** The hash of a keyword. */
export function hashKeyword(name: string): number {
  return (hashName(name) + 0x9e3779b9) | 0;
}

/** The hash of a record of some class, by those of its fields' values. */
export function hashRecord(
  className: string,
  fields: readonly (readonly [name: string, hash: number])[],
): number {
  let sum = 0;
  for (const [name, hash] of fields) {
    sum = (sum + hashList([hashKeyword(name), hash])) | 0;
  }
  return hashName(className) ^ finish(mixHash(0, mixKey(sum)), fields.length);
}

function hashName(name: string): number {
  // Two characters at a time.
  let hash = 0;
  for (let i = 1; i < name.length; i += 2) {
    const pair = name.charCodeAt(i - 1) | (name.charCodeAt(i) << 16);
    hash = mixHash(hash, mixKey(pair));
  }
  if (name.length % 2 === 1) hash ^= mixKey(name.charCodeAt(name.length - 1));
  hash = finish(hash, 2 * name.length);
  return hash ^ ((0x9e3779b9 + (hash << 6) + (hash >> 2)) | 0);
}

const { imul } = Math;

function rotateLeft(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

function mixKey(k: number): number {
  return imul(rotateLeft(imul(k, 0xcc9e2d51), 15), 0x1b873593);
}

function mixHash(hash: number, k: number): number {
  return (imul(rotateLeft(hash ^ k, 13), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, length: number): number {
  hash ^= length;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
