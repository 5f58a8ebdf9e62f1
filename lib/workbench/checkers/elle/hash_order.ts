/**
 * The order in which the JVM's hash tables hand out transactions. Among many
 * cycles Elle takes the first that it comes across, and its verdict may depend
 * on which that is: to agree with it in every case, ours goes through them in
 * the same order.
 *
 * Elle's graphs are in Bifurcan's maps (Steindorfer and Vinju, "Optimizing
 * Hash-Array Mapped Tries", 2015), its sets of transactions are Clojure's.
 *
 * @module
 */
import type { Op } from "../../load/history.ts";
import {
  hashInteger,
  hashKeyword,
  hashList,
  hashRecord,
  hashValue,
  inClojureOrder,
} from "../clojure_order.ts";

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
        ? hashList([hashKeyword(String(op.error[0])), hashValue(op.error[1])])
        : hashKeyword(String(op.error)),
    ]);
  }
  return hashRecord("jepsen.history.Op", fields);
}

/** Sorts transactions as Clojure's hash sets do. */
export function transactionsInClojureOrder(ops: readonly Op[]): Op[] {
  return inClojureOrder(ops, hashTransaction);
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
 * Sorts as Bifurcan's maps and sets do: at each level first those that share
 * their slot with none, then the others, slot by slot.
 */
export function inBifurcanOrder<T>(
  values: readonly T[],
  hashOf: (value: T) => number,
  shift = 0,
): T[] {
  if (values.length < 2 || shift > 30) return [...values];
  const slots: T[][] = [];
  for (const value of values) {
    (slots[(hashOf(value) >>> shift) & 31] ??= []).push(value);
  }
  const result: T[] = [];
  for (const slot of slots) if (slot?.length === 1) result.push(...slot);
  for (const slot of slots) {
    if (slot === undefined || slot.length === 1) continue;
    for (const each of inBifurcanOrder(slot, hashOf, shift + bitsPerLevel)) {
      result.push(each);
    }
  }
  return result;
}
