/**
 * The order in which the JVM's hash tables hand out their elements. Among many
 * cycles, or many longest lists, Elle takes the first that it comes across, and
 * its verdict may depend on which that is: to agree with it in every case, ours
 * goes through them in the same order.
 *
 * Operations are in Bifurcan's maps (Steindorfer and Vinju, "Optimizing
 * Hash-Array Mapped Tries", 2015), values in Clojure's (Bagwell, "Ideal Hash
 * Trees", 2001); both hash with Murmur3.
 *
 * @module
 */
import { ExactNumber } from "../../exact_json.ts";
import type { Op } from "../../history.ts";

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

function hashInteger(value: number): number {
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

function hashList(hashes: readonly number[]): number {
  let hash = 1;
  for (const each of hashes) hash = (imul(31, hash) + each) | 0;
  return finish(mixHash(0, mixKey(hash)), hashes.length);
}

/** Clojure's hash of a JSON value; of objects and floats, just some hash. */
function hashValue(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "number") return hashInteger(value);
  if (typeof value === "string") return hashString(value);
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (Array.isArray(value)) return hashList(value.map(hashValue));
  return hashString(
    value instanceof ExactNumber ? value.source : JSON.stringify(value),
  );
}

function hashName(name: string): number {
  // Two characters at a time.
  let hash = 0;
  for (let i = 1; i < name.length; i += 2) {
    const pair = name.charCodeAt(i - 1) | (name.charCodeAt(i) << 16);
    hash = mixHash(hash, mixKey(pair));
  }
  if (name.length % 2 === 1) hash ^= mixKey(name.charCodeAt(name.length - 1));
  return combine(finish(hash, 2 * name.length), 0);
}

function combine(hash: number, other: number): number {
  return hash ^ ((other + 0x9e3779b9 + (hash << 6) + (hash >> 2)) | 0);
}

function hashKeyword(name: string): number {
  return (hashName(name) + 0x9e3779b9) | 0;
}

function hashPair(a: number, b: number): number {
  const hash = (imul(31, (31 + a) | 0) + b) | 0;
  return finish(mixHash(0, mixKey(hash)), 2);
}

/** Clojure's hash of a transaction, as Jepsen's record has it. */
function hashTransaction(op: Op): number {
  const value = hashList(
    (op.value as unknown[]).map((mop) =>
      Array.isArray(mop)
        ? hashList([
          hashKeyword(String(mop[0])),
          ...mop.slice(1).map(hashValue),
        ])
        : hashValue(mop)
    ),
  );
  const fields: [string, number][] = [
    ["index", hashInteger(op.index)],
    ["time", hashInteger(op.time)],
    ["type", hashKeyword(op.type)],
    ["process", hashInteger(op.process as number)],
    ["f", hashKeyword(op.f)],
    ["value", value],
  ];
  if (op.error !== undefined) {
    fields.push([
      "error",
      Array.isArray(op.error)
        ? hashList([hashKeyword(op.error[0]), hashValue(op.error[1])])
        : hashKeyword(op.error),
    ]);
  }
  let sum = 0;
  for (const [name, hash] of fields) {
    sum = (sum + hashPair(hashKeyword(name), hash)) | 0;
  }
  return recordHash ^ finish(mixHash(0, mixKey(sum)), fields.length);
}

const recordHash = hashName("jepsen.history.Op");

/** Sorts transactions as Clojure's hash sets do. */
export function transactionsInClojureOrder(ops: readonly Op[]): Op[] {
  return ops
    .map((op) => ({ op, hash: hashTransaction(op) }))
    .sort((a, b) => compareDigits(a.hash, b.hash))
    .map(({ op }) => op);
}

/** Bifurcan's hash of an operation, which is that of its index. */
export function operationHash(index: number): number {
  let hash = hashInteger(index);
  if (hash < 0) hash = ~hash; // both halves of the long are folded together
  hash ^= (hash >>> 20) ^ (hash >>> 12);
  return hash ^ (hash >>> 7) ^ (hash >>> 4);
}

const bitsPerLevel = 5;

/**
 * Sorts vertices as Bifurcan's maps and sets do: at each level first those that
 * share their slot with none, then the others, slot by slot.
 */
export function inBifurcanOrder(
  vertices: readonly number[],
  hashOf: (vertex: number) => number,
  shift = 0,
): number[] {
  if (vertices.length < 2 || shift > 30) return [...vertices];
  const slots: number[][] = [];
  for (const vertex of vertices) {
    (slots[(hashOf(vertex) >>> shift) & 31] ??= []).push(vertex);
  }
  const result: number[] = [];
  for (const slot of slots) if (slot?.length === 1) result.push(slot[0]);
  for (const slot of slots) {
    if (slot === undefined || slot.length === 1) continue;
    for (const each of inBifurcanOrder(slot, hashOf, shift + bitsPerLevel)) {
      result.push(each);
    }
  }
  return result;
}

/** Sorts values as Clojure's hash sets do: slot by slot, level by level. */
export function inClojureOrder<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, hash: hashValue(value) }))
    .sort((a, b) => compareDigits(a.hash, b.hash))
    .map(({ value }) => value);
}

function compareDigits(a: number, b: number): number {
  for (let shift = 0; shift < 32; shift += bitsPerLevel) {
    const difference = ((a >>> shift) & 31) - ((b >>> shift) & 31);
    if (difference !== 0) return difference;
  }
  return 0;
}
