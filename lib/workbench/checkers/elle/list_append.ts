/**
 * Transactions that append to lists, and read them. A list shows in which order
 * its elements were appended, so reads give away the order of all versions, and
 * with it what depended on what. After Elle's `list-append`
 * (https://github.com/jepsen-io/elle/blob/main/src/elle/list_append.clj); the
 * idea is in Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from
 * Experimental Observations" (2020), section 4.
 *
 * @module
 */
import type { History, Op } from "../../load/history.ts";
import { inClojureOrder } from "../clojure_order.ts";
import { type GraphBuilder, rel, type RelName } from "../graph.ts";
import { inner } from "../inner.ts";
import { defaultModels } from "./consistency.ts";
import {
  addCycles,
  addStrangeness,
  Anomalies,
  type Dependencies,
  type ElleFindings,
  type Example,
  type Step,
  verdict,
} from "./findings.ts";
import { ReaderLinks } from "./reader_links.ts";
import {
  badReads,
  type ByWrite,
  failedWrites,
  type Id,
  idOf,
  intermediateWrites,
  lostUpdates,
  type Mop,
  mopsAt,
  put,
  transactions,
  type Txn,
  valueOf,
} from "./txn.ts";

/** Checks a history of transactions over lists. */
export function listAppend(
  history: History,
  models: readonly string[] = defaultModels,
): ElleFindings {
  const txns = transactions(history, "append");
  const anomalies = new Anomalies();
  const lists = longestLists(txns.possible);

  addDuplicateAppends(txns.all, anomalies);
  addInternal(txns.ok, anomalies);
  for (const read of badReads(failedWrites(txns.all), txns.ok, elementsOf)) {
    anomalies.add("G1a", read);
  }
  const intermediate = intermediateWrites(txns.all);
  for (const read of badReads(intermediate, txns.ok, lastElementOf)) {
    anomalies.add("G1b", read);
  }
  addDirtyUpdates(txns.all, anomalies);
  addDuplicateElements(txns.possible, anomalies);
  addIncompatibleOrders(lists, txns.possible, anomalies);
  for (const update of lostUpdates(txns.possible)) {
    anomalies.add("lost-update", update);
  }
  const beyond = addCycles(
    txns,
    models,
    new ListDependencies(txns.possible, lists),
    anomalies,
  );
  const strange = addStrangeness(txns, anomalies);
  return { ...verdict(anomalies, models), ...beyond, ...strange };
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function elementsOf(value: unknown): readonly unknown[] {
  return isList(value) ? value : [];
}

function lastElementOf(value: unknown): readonly unknown[] {
  return elementsOf(value).slice(-1);
}

/** The last element; `undefined` if there is none. */
function lastOf(value: unknown): Id | undefined {
  return isList(value) && value.length > 0 ? idOf(value.at(-1)) : undefined;
}

/** Appends that can't be told apart. */
function addDuplicateAppends(
  txns: readonly Txn[],
  anomalies: Anomalies,
): void {
  const seen: ByWrite<Op> = new Map();
  for (const { op, mops } of txns) {
    if (op.type !== "invoke") continue;
    for (const [f, key, value] of mops) {
      if (f !== "append") continue;
      const earlier = seen.get(idOf(key))?.get(idOf(value));
      if (earlier !== undefined) {
        anomalies.add("duplicate-writes", { key, value, txns: [earlier, op] });
      }
      put(seen, idOf(key), idOf(value), op);
    }
  }
}

/** Transactions that contradict themselves. */
function addInternal(txns: readonly Txn[], anomalies: Anomalies): void {
  for (const txn of txns) {
    const internal = internalAnomaly(txn);
    if (internal) anomalies.add("internal", internal);
    const future = futureRead(txn);
    if (future) anomalies.add("future-read", future);
  }
}

/** A transaction's knowledge of a list: all of it, or only how it ends. */
interface Expected {
  whole: boolean;
  elements: unknown[];
}

/** A read that isn't what the transaction itself read or appended before. */
function internalAnomaly({ op, mops }: Txn): Example | undefined {
  if (mops.length < 2) return undefined;
  const expected = new Map<Id, Expected>();
  for (const mop of mops) {
    const [f, key, value] = mop;
    const known = expected.get(idOf(key));
    if (f === "append") {
      expected.set(idOf(key), {
        whole: known?.whole ?? false,
        elements: [...known?.elements ?? [], value],
      });
    } else {
      if (known !== undefined && !agrees(known, value)) {
        return {
          op,
          mop,
          expected: known.whole ? known.elements : ["...", ...known.elements],
        };
      }
      // What was null may be an empty list next time.
      const elements = isList(value) ? value : nothingRead;
      expected.set(idOf(key), { whole: true, elements });
    }
  }
  return undefined;
}

// Elle takes null for "not read yet" when the next read comes, and for the
// empty list when an append does.
const nothingRead: unknown[] = [];

function agrees({ whole, elements }: Expected, value: unknown): boolean {
  if (elements === nothingRead) return true;
  const read = elementsOf(value);
  if (whole && !isList(value)) return false;
  const offset = read.length - elements.length;
  if (offset < 0 || (whole && offset > 0)) return false;
  return elements.every((each, i) => idOf(each) === idOf(read[offset + i]));
}

/** A read of what the transaction itself appends only later. */
function futureRead({ op, mops }: Txn): Example | undefined {
  if (mops.length < 2) return undefined;
  const reads = new Map<Id, Mop[]>();
  for (const mop of mops) {
    const [f, key, value] = mop;
    if (f === "r") {
      inner(reads, idOf(key), () => []).push(mop);
      continue;
    }
    const element = idOf(value);
    const read = reads.get(idOf(key))?.find(([, , list]) =>
      isList(list) && list.some((each) => idOf(each) === element)
    );
    if (read) return { op, mop: read, element: value };
  }
  return undefined;
}

/** Reads that show an element more than once. */
function addDuplicateElements(
  txns: readonly Txn[],
  anomalies: Anomalies,
): void {
  for (const { op, mops } of txns) {
    for (const mop of mops) {
      const [f, , value] = mop;
      if (f !== "r" || !isList(value)) continue;
      const counts = new Map<Id, [unknown, number]>();
      for (const element of value) {
        const count = counts.get(idOf(element));
        if (count) count[1]++;
        else counts.set(idOf(element), [element, 1]);
      }
      if (counts.size === value.length) continue;
      const duplicates = [...counts.values()].filter(([, count]) => count > 1);
      anomalies.add("duplicate-elements", { op, mop, duplicates });
    }
  }
}

/** The longest list that was seen of a key. */
interface Longest {
  key: unknown;
  list: unknown[];
  /** True if nobody read it: there was but one append. */
  unread?: true;
}

/**
 * The longest list of each key; where there are several, the one that Elle
 * takes. If a key has one append and was never seen, that makes the list.
 */
function longestLists(txns: readonly Txn[]): Map<Id, Longest> {
  const candidates = new Map<
    Id,
    { key: unknown; lists: [unknown[], ...unknown[][]]; others: Set<Id> }
  >();
  const appends = new Map<Id, { key: unknown; values: unknown[] }>();
  for (const { mops } of txns) {
    for (const [f, key, value] of mops) {
      const keyId = idOf(key);
      if (f === "append") {
        const entry = appends.get(keyId);
        if (entry === undefined) appends.set(keyId, { key, values: [value] });
        else if (entry.values.length < 2) entry.values.push(value);
        continue;
      }
      if (!isList(value) || value.length === 0) continue;
      const entry = candidates.get(keyId);
      const length = entry?.lists[0].length ?? 0;
      if (entry === undefined || value.length > length) {
        candidates.set(keyId, { key, lists: [value], others: new Set() });
      } else if (
        value.length === length && !isPrefix(entry.lists[0], value)
      ) {
        const { size } = entry.others;
        if (entry.others.add(idOf(value)).size > size) entry.lists.push(value);
      }
    }
  }
  const result = new Map<Id, Longest>();
  for (const [keyId, { key, lists: [first, ...others] }] of candidates) {
    const list = inClojureOrder([first, ...others]).at(-1) ?? first;
    result.set(keyId, { key, list });
  }
  for (const [keyId, { key, values }] of appends) {
    if (values.length === 1 && !result.has(keyId)) {
      result.set(keyId, { key, list: values, unread: true });
    }
  }
  return result;
}

function isPrefix(shorter: unknown[], longer: unknown[]): boolean {
  if (shorter.length > longer.length) return false;
  for (let i = 0; i < shorter.length; i++) {
    if (shorter[i] !== longer[i] && idOf(shorter[i]) !== idOf(longer[i])) {
      return false;
    }
  }
  return true;
}

/** Keys of which lists were read that no order of appends explains. */
function addIncompatibleOrders(
  longest: ReadonlyMap<Id, Longest>,
  txns: readonly Txn[],
  anomalies: Anomalies,
): void {
  const reported = new Set<Id>();
  for (const { mops } of txns) {
    for (const [f, key, value] of mops) {
      if (f !== "r" || !isList(value)) continue;
      const keyId = idOf(key);
      const list = longest.get(keyId)?.list;
      if (list === undefined || reported.has(keyId)) continue;
      if (isPrefix(value, list)) continue;
      reported.add(keyId);
      anomalies.add("incompatible-order", { key, values: [value, list] });
    }
  }
}

/** The elements of a list, each once. */
function distinct(list: readonly unknown[]): unknown[] {
  return [...new Map(list.map((each) => [idOf(each), each])).values()];
}

/**
 * Dirty updates: a transaction that committed appended to what one had
 * appended that failed.
 */
function addDirtyUpdates(all: readonly Txn[], anomalies: Anomalies): void {
  // A completion takes the place of its invocation.
  const writers: ByWrite<Op> = new Map();
  for (const { op, mops } of all) {
    for (const [f, key, value] of mops) {
      if (f === "append") put(writers, idOf(key), idOf(value), op);
    }
  }
  for (const [keyId, { key, list }] of longestLists(all)) {
    let before: Op | undefined;
    let values: unknown[] = [];
    for (const element of distinct(list)) {
      values.push(element);
      const writer = writers.get(keyId)?.get(idOf(element));
      if (writer === undefined) {
        anomalies.add("unwritten-read", { key, element, list });
        continue;
      }
      if (writer.type === "info" || writer.type === "invoke") continue;
      if (before?.type === "fail" && writer.type === "fail") continue;
      if (before?.type === "fail") {
        anomalies.add("dirty-update", { key, values, txns: [before, writer] });
      }
      before = writer;
      values = [element];
    }
  }
}

/** The list before an element was appended, where it's the first. */
const init = Symbol("init");

/** The dependencies among transactions, by the order of the elements. */
class ListDependencies implements Dependencies {
  readonly explainFirst = ["ww", "wr", "rw", "process", "realtime"] as const;

  #txns: readonly Txn[];
  #lists = new Map<
    Id,
    { elements: Id[]; places: Map<Id, number>; unread: boolean }
  >();
  #writers: ByWrite<Op> = new Map();
  #readers = new Map<Id, Map<Id | typeof init, Op[]>>();

  constructor(
    txns: readonly Txn[],
    longest: ReadonlyMap<Id, Longest>,
  ) {
    this.#txns = txns;
    for (const [keyId, { list, unread = false }] of longest) {
      const elements = distinct(list).map(idOf);
      const places = new Map(elements.map((each, i) => [each, i]));
      this.#lists.set(keyId, { elements, places, unread });
    }
    for (const { op, mops } of txns) {
      for (const [f, key, value] of mops) {
        const keyId = idOf(key);
        if (f === "append") put(this.#writers, keyId, idOf(value), op);
        else if (op.type === "ok" || isList(value)) {
          this.#addReader(keyId, lastOf(value) ?? init, op);
        }
      }
    }
  }

  #addReader(key: Id, last: Id | typeof init, op: Op): void {
    const readers = inner(this.#readers, key, () => new Map());
    const ops: Op[] = inner(readers, last, () => []);
    if (ops.at(-1) !== op) ops.push(op);
  }

  link(vertexOf: (op: Op) => number, graph: GraphBuilder): void {
    const readerLinks = new ReaderLinks(graph);
    for (const { op, mops } of this.#txns) {
      const vertex = vertexOf(op);
      for (const mop of mops) {
        if (mop[0] === "append") {
          const before = this.#writerBefore(op, mop);
          if (before) graph.link(vertexOf(before), vertex, rel.ww);
          readerLinks.link(this.#readersBefore(mop).map(vertexOf), vertex);
        } else {
          const writer = this.#writerOf(op, mop);
          if (writer) graph.link(vertexOf(writer), vertex, rel.wr);
        }
      }
    }
  }

  /** Notes of an element that isn't in the longest list that somebody read. */
  #guess([, key, value]: Mop): Pick<Step, "unseen" | "contradicted"> {
    const [keyId, valueId] = [idOf(key), idOf(value)];
    const list = this.#lists.get(keyId);
    if (list?.places.has(valueId) && !list.unread) return {};
    const isShown = this.#txns.some(({ mops }) =>
      mops.some(([f, of, shown]) =>
        f === "r" && idOf(of) === keyId && isList(shown) &&
        shown.some((each) => idOf(each) === valueId)
      )
    );
    return isShown ? { contradicted: true } : { unseen: true };
  }

  /**
   * The element before the one that is appended. One that nobody saw came
   * after all that somebody did.
   */
  #elementBefore([, key, value]: Mop): Id | typeof init {
    const list = this.#lists.get(idOf(key));
    const place = list?.places.get(idOf(value));
    return (place === undefined
      ? list?.elements.at(-1)
      : list?.elements[place - 1]) ?? init;
  }

  #writerBefore(op: Op, mop: Mop): Op | undefined {
    const element = this.#elementBefore(mop);
    if (element === init) return undefined;
    const writer = this.#writers.get(idOf(mop[1]))?.get(element);
    return writer === op ? undefined : writer;
  }

  #readersBefore(mop: Mop): readonly Op[] {
    return this.#readers.get(idOf(mop[1]))?.get(this.#elementBefore(mop)) ?? [];
  }

  #writerOf(op: Op, [, key, value]: Mop): Op | undefined {
    const last = lastOf(value);
    if (last === undefined) return undefined;
    const writer = this.#writers.get(idOf(key))?.get(last);
    return writer === op ? undefined : writer;
  }

  explain(reason: RelName, a: Op, b: Op): Example | undefined {
    const mopsOfA = mopsAt(a);
    for (const [i, mop] of mopsAt(b).entries()) {
      const [f, key, value] = mop;
      const same = (other: Mop) => idOf(other[1]) === idOf(key);
      if (reason === "wr" && f === "r" && this.#writerOf(b, mop) === a) {
        const last = lastOf(value);
        return {
          key,
          value: (value as unknown[]).at(-1),
          "a-mop-index": mopsOfA.findIndex((other) =>
            other[0] === "append" && same(other) && idOf(other[2]) === last
          ),
          "b-mop-index": i,
        };
      }
      if (f !== "append") continue;
      const before = this.#elementBefore(mop);
      if (reason === "ww" && this.#writerBefore(b, mop) === a) {
        return {
          key,
          value: before === init ? null : valueOf(before),
          "value'": value,
          ...this.#guess(mop),
          "a-mop-index": mopsOfA.findIndex((other) =>
            other[0] === "append" && same(other) && idOf(other[2]) === before
          ),
          "b-mop-index": i,
        };
      }
      if (reason === "rw" && this.#readersBefore(mop).includes(a)) {
        return {
          key,
          value: before === init ? null : valueOf(before),
          "value'": value,
          ...this.#guess(mop),
          "a-mop-index": mopsOfA.findIndex((other) =>
            other[0] === "r" && same(other) &&
            (lastOf(other[2]) ?? init) === before
          ),
          "b-mop-index": i,
        };
      }
    }
    return undefined;
  }
}
