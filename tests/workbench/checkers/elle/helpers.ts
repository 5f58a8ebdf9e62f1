/**
 * Short ways to write histories of transactions.
 *
 * @module
 */
import type {
  History,
  Op,
  OpType,
} from "../../../../lib/workbench/load/history.ts";
import { type Entry, op } from "../../helpers.ts";

/** A micro-operation as it completed. */
export type Mop = [f: string, key: unknown, value: unknown];

/** A transaction: how it completed, or just its micro-operations if well. */
export type Transaction = Mop[] | { type: OpType; mops: Mop[] };

/** A history: the entries, of which there may be many, with their indexes. */
export function indexed(entries: readonly Entry[]): History {
  return entries.map((entry, index) => ({ index, ...entry }) as Op);
}

function parts(transaction: Transaction): { type: OpType; mops: Mop[] } {
  return Array.isArray(transaction)
    ? { type: "ok", mops: transaction }
    : transaction;
}

function entries(transaction: Transaction, process: number): [Entry, Entry] {
  const { type, mops } = parts(transaction);
  const invoked = mops.map(([f, key, value]) => [
    f,
    key,
    f === "r" ? null : value,
  ]);
  const completed = type === "ok" ? mops : invoked;
  return [
    op(0, process, "invoke", "txn", invoked),
    op(0, process, type, "txn", completed),
  ];
}

/** Transactions that all begin before any ends, each in a process of its own. */
export function concurrent(...transactions: Transaction[]): History {
  return allAtOnce(transactions);
}

/** The same, of as many as one likes. */
export function allAtOnce(transactions: readonly Transaction[]): History {
  const pairs = transactions.map(entries);
  return indexed([
    ...pairs.map(([invocation]) => invocation),
    ...pairs.map(([, completion]) => completion),
  ]);
}

/** Transactions one after the other, each in a process of its own. */
export function sequential(...transactions: Transaction[]): History {
  return indexed(transactions.flatMap(entries));
}

/** Transactions one after the other, all in the same process. */
export function inOneProcess(...transactions: Transaction[]): History {
  return indexed(transactions.flatMap((each) => entries(each, 0)));
}

/** A transaction that did not commit. */
export function failed(...mops: Mop[]): Transaction {
  return { type: "fail", mops };
}

/** A transaction that may have committed. */
export function unknown(...mops: Mop[]): Transaction {
  return { type: "info", mops };
}
