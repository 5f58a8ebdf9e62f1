/**
 * Transactions, made of micro-operations `[f, key, value]` as in Jepsen's
 * `txn` library (https://github.com/jepsen-io/jepsen/tree/main/txn), and the
 * anomalies that don't depend on what a write means: after Elle's `txn`
 * (https://github.com/jepsen-io/elle/blob/main/src/elle/txn.clj).
 *
 * @module
 */
import { identity } from "../../sim/exact_json.ts";
import {
  type History,
  isClientOp,
  type Op,
  pairs,
} from "../../load/history.ts";
import { inner } from "../inner.ts";

/** A micro-operation: a read, or a write of the workload's kind. */
export type Mop = readonly [f: string, key: unknown, value: unknown];

/** Something that two values share if and only if they are the same. */
export type Id = number | string | boolean | null;

/** Returns what stands for a value in maps and sets. */
export function idOf(value: unknown): Id {
  return typeof value === "object" && value !== null
    ? `\0${identity(value)}`
    : (value ?? null) as Id;
}

/** The value again, for people to read. */
export function valueOf(id: Id): unknown {
  if (typeof id !== "string" || !id.startsWith("\0")) return id;
  try {
    return JSON.parse(id.slice(1));
  } catch {
    return id.slice(1);
  }
}

/** An entry of the history, as a transaction. */
export interface Txn {
  op: Op;
  mops: readonly Mop[];
}

/** A history of transactions, and what belongs to what. */
export interface Txns {
  /** Every invocation and completion, in order. */
  all: Txn[];
  /** Those that happened, and those that may have. */
  possible: Txn[];
  /** Those that happened. */
  ok: Txn[];
  /** For each index of the history, the op's other half. */
  counterpart: (Op | undefined)[];
  /** Entries that have something else where micro-operations should be. */
  malformed: { op: Op; mop: unknown }[];
}

/**
 * Reads a history. What isn't a micro-operation of the workload is set aside.
 *
 * @param writeF the `f` of its writes.
 */
export function transactions(history: History, writeF: string): Txns {
  const malformed: Txns["malformed"] = [];
  const all: Txn[] = [];
  const isMop = (mop: unknown) =>
    Array.isArray(mop) && mop.length >= 2 &&
    (mop[0] === "r" || mop[0] === writeF);
  for (const op of history) {
    if (!isClientOp(op)) continue;
    const { value } = op;
    if (Array.isArray(value) && value.every(isMop)) {
      all.push({ op, mops: value });
      continue;
    }
    const given = Array.isArray(value) ? value : [value];
    all.push({ op, mops: given.filter(isMop) });
    for (const mop of given) if (!isMop(mop)) malformed.push({ op, mop });
  }
  const possible = all.filter(({ op }) =>
    op.type === "ok" || op.type === "info"
  );
  return {
    all,
    possible,
    ok: possible.filter(({ op }) => op.type === "ok"),
    counterpart: pairs(history),
    malformed,
  };
}

/** An operation's micro-operations at their places, whatever else is there. */
export function mopsAt({ value }: Op): readonly Mop[] {
  return (value as unknown[]).map((mop) =>
    Array.isArray(mop) ? mop as unknown as Mop : ["", null, null]
  );
}

/** For each key, something for each value that was written to it. */
export type ByWrite<T> = Map<Id, Map<Id, T>>;

/** Notes something for a key and a value. */
export function put<T>(index: ByWrite<T>, key: Id, value: Id, item: T): void {
  inner(index, key, () => new Map<Id, T>()).set(value, item);
}

/** Finds the writes of transactions that definitely didn't commit. */
export function failedWrites(txns: readonly Txn[]): ByWrite<Op> {
  const failed: ByWrite<Op> = new Map();
  for (const { op, mops } of txns) {
    if (op.type !== "fail") continue;
    for (const [f, key, value] of mops) {
      if (f !== "r") put(failed, idOf(key), idOf(value), op);
    }
  }
  return failed;
}

/** Finds the writes of transactions that wrote to the same key once more. */
export function intermediateWrites(txns: readonly Txn[]): ByWrite<Op> {
  const intermediate: ByWrite<Op> = new Map();
  for (const { op, mops } of txns) {
    if (mops.length < 2) continue;
    const last = new Map<Id, Id>();
    for (const [f, key, value] of mops) {
      if (f === "r") continue;
      const keyId = idOf(key);
      const earlier = last.get(keyId);
      if (earlier !== undefined && earlier !== null && earlier !== false) {
        put(intermediate, keyId, earlier, op);
      }
      last.set(keyId, idOf(value));
    }
  }
  return intermediate;
}

/**
 * Finds reads of writes that only their writer should see.
 *
 * @param shown returns the writes that the value of a read shows.
 */
export function* badReads(
  writes: ByWrite<Op>,
  txns: readonly Txn[],
  shown: (value: unknown) => readonly unknown[],
): Generator<{ op: Op; mop: Mop; writer: Op; element: unknown }> {
  if (writes.size === 0) return;
  for (const { op, mops } of txns) {
    for (const mop of mops) {
      if (mop[0] !== "r") continue;
      const writers = writes.get(idOf(mop[1]));
      if (writers === undefined) continue;
      for (const element of shown(mop[2])) {
        const writer = writers.get(idOf(element));
        if (writer === undefined || writer.index === op.index) continue;
        yield { op, mop, writer, element };
      }
    }
  }
}

/** Transactions that read the same version, and all went on to write. */
export type LostUpdate = {
  key: unknown;
  /** The value that they read. */
  value: unknown;
  txns: Op[];
};

/**
 * Lost updates: of several transactions that read a version of a key and write
 * to that key, all but one have overwritten what they never saw. That needs no
 * order of the versions, so it's found where the cycle that it makes isn't.
 */
export function lostUpdates(txns: readonly Txn[]): LostUpdate[] {
  const updates: ByWrite<LostUpdate> = new Map();
  // For each key: the transaction that read it last, what it first read there, and
  // whether it has written there since. There are many more transactions than keys.
  const reads = new Map<Id, { op?: Op; read: unknown; isWritten: boolean }>();
  for (const { op, mops } of txns) {
    if (op.type !== "ok" || mops.length < 2) continue;
    for (let i = 0; i < mops.length; i++) {
      const [f, key, value] = mops[i]!;
      const keyId = idOf(key);
      const last = inner(reads, keyId, () => ({ read: null, isWritten: true }));
      if (f === "r") {
        if (last.op === op) continue;
        last.op = op;
        last.read = value ?? null;
        last.isWritten = false;
      } else if (last.op === op && !last.isWritten) {
        last.isWritten = true;
        const { read } = last;
        const readId = idOf(read);
        const update = updates.get(keyId)?.get(readId);
        if (update) update.txns.push(op);
        else put(updates, keyId, readId, { key, value: read, txns: [op] });
      }
    }
  }
  return [...updates.values()].flatMap((byValue) => [...byValue.values()])
    .filter(({ txns }) => txns.length > 1);
}

/** A completion that isn't the invoked transaction with its reads filled in. */
export type Altered = {
  invoked: Op;
  completed: Op;
};

/** Finds transactions that came back as others than they were sent. */
export function alteredTransactions(
  { ok, counterpart }: Txns,
): Altered[] {
  const result: Altered[] = [];
  for (const { op: completed } of ok) {
    const invoked = counterpart[completed.index];
    if (invoked === undefined) continue;
    const before = invoked.value;
    const after = completed.value;
    if (!Array.isArray(before) || !Array.isArray(after)) continue;
    const same = before.length === after.length &&
      before.every((mop, i) => isCompletionOf(mop, after[i]));
    if (!same) result.push({ invoked, completed });
  }
  return result;
}

function isCompletionOf(before: unknown, after: unknown): boolean {
  if (!Array.isArray(before) || !Array.isArray(after)) return false;
  return before[0] === after[0] && idOf(before[1]) === idOf(after[1]) &&
    (before[0] === "r" || idOf(before[2]) === idOf(after[2]));
}

/** The types of keys if there are several, which Elle refuses to compare. */
export function mixedKeyTypes(txns: readonly Txn[]): string[] {
  const types = new Set<string>();
  let last: string | undefined;
  for (const { mops } of txns) {
    for (let i = 0; i < mops.length; i++) {
      const key = mops[i]![1];
      const type = key === null
        ? "null"
        : Array.isArray(key)
        ? "array"
        : typeof key;
      if (type !== last) types.add(last = type);
    }
  }
  return types.size > 1 ? [...types].sort() : [];
}
