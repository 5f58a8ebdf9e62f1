/**
 * Transactions that write and read registers; each value is written once. A
 * read tells the writer of its value, and little about the order of versions:
 * each comes after the initial one, and, as Maelstrom has Elle assume, what a
 * transaction writes comes after what it read (`wfr-keys?`). After Elle's
 * `rw-register`
 * (https://github.com/jepsen-io/elle/blob/main/src/elle/rw_register.clj), and
 * what Maelstrom makes of its findings
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/txn_rw_register.clj).
 *
 * @module
 */
import type { History, Op } from "../../load/history.ts";
import {
  components,
  GraphBuilder,
  groups,
  rel,
  type RelName,
} from "../graph.ts";
import { inner } from "../inner.ts";
import { defaultModels } from "./consistency.ts";
import {
  addCycles,
  addStrangeness,
  Anomalies,
  type Dependencies,
  type ElleFindings,
  type Example,
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
  mixedKeyTypes,
  type Mop,
  mopsAt,
  put,
  transactions,
  type Txn,
  type Txns,
  valueOf,
} from "./txn.ts";

/** The findings of {@linkcode rwRegister}. */
export interface RwRegisterFindings extends ElleFindings {
  /** Reads of what nobody wrote; Elle passes over them. */
  unwritten?: { count: number; examples: Example[] };
}

/** Checks a history of transactions over registers. */
export function rwRegister(
  history: History,
  models: readonly string[] = defaultModels,
): RwRegisterFindings {
  const txns = transactions(history, "w");
  const anomalies = new Anomalies();
  addInternal(txns.ok, anomalies);
  addBadReads("G1a", failedWrites(txns.all), txns.ok, anomalies);
  addBadReads("G1b", intermediateWrites(txns.all), txns.ok, anomalies);
  for (const update of lostUpdates(txns.all)) {
    anomalies.add("lost-update", update);
  }
  const accesses = new Accesses();
  const versions: Versions = new Map();
  for (const txn of txns.possible) {
    const seen = seenOf(txn);
    accesses.add(seen);
    linkVersions(versions, seen, { writes: true });
  }
  const cycles = cyclicVersions(versions);
  for (const cycle of cycles) anomalies.add("cyclic-versions", cycle);
  if (cycles.length > 0) {
    // That is an anomaly, and no order at all.
    versions.clear();
    for (const txn of txns.possible) {
      linkVersions(versions, seenOf(txn), { writes: false });
    }
  }
  for (const writes of accesses.duplicateWrites()) {
    anomalies.add("duplicate-writes", writes);
  }
  const beyond = addCycles(
    txns,
    models,
    new RegisterDependencies(accesses, versions),
    anomalies,
  );
  const types = mixedKeyTypes(txns.all);
  if (types.length > 0) anomalies.add("mixed-key-types", { types });
  const strange = addStrangeness(txns, anomalies);

  const found = verdict(anomalies, models);
  return {
    ...found,
    // Maelstrom knows no "unknown" here, and always gives the types.
    "valid?": found["valid?"] === true,
    "anomaly-types": found["anomaly-types"] ?? [],
    "anomaly-counts": found["anomaly-counts"] ?? {},
    anomalies: found.anomalies ?? {},
    ...beyond,
    ...strange,
    ...unwrittenReads(txns, accesses),
  };
}

/** Reads that aren't what the transaction itself read or wrote before. */
function addInternal(txns: readonly Txn[], anomalies: Anomalies): void {
  for (const { op, mops } of txns) {
    if (mops.length < 2) continue;
    const expected = new Map<Id, unknown>();
    for (const mop of mops) {
      const [f, key, value] = mop;
      const known = expected.get(idOf(key)) ?? null;
      if (f === "r" && known !== null && known !== false) {
        if (idOf(known) !== idOf(value)) {
          anomalies.add("internal", { op, mop, expected: known });
          break;
        }
      }
      expected.set(idOf(key), value);
    }
  }
}

/** Reads of writes that nobody should see. */
function addBadReads(
  type: string,
  writes: ByWrite<Op>,
  txns: readonly Txn[],
  anomalies: Anomalies,
): void {
  for (
    const { op, mop, writer } of badReads(writes, txns, (value) => [value])
  ) {
    anomalies.add(type, { op, mop, writer });
  }
}

/** The part of a transaction that others can see. */
interface Seen {
  op: Op;
  /** The values that it first read. */
  reads: Map<Id, Id>;
  /** Those that it last wrote. */
  writes: Map<Id, Id>;
}

function seenOf({ op, mops }: Txn): Seen {
  const reads = new Map<Id, Id>();
  const writes = new Map<Id, Id>();
  for (const [f, key, value] of mops) {
    const keyId = idOf(key);
    if (f !== "r") writes.set(keyId, idOf(value));
    else if (!writes.has(keyId) && !reads.has(keyId)) {
      reads.set(keyId, idOf(value));
    }
  }
  return { op, reads, writes };
}

/** Of each key, which versions come right after which. */
type Versions = Map<Id, Map<Id, Set<Id>>>;

function addVersions(versions: Versions, key: Id, from: Id, to: Id): void {
  const edges = inner(versions, key, () => new Map<Id, Set<Id>>());
  inner(edges, from, () => new Set<Id>()).add(to);
}

/**
 * Links each version to the initial one, and if `writes` what a transaction
 * wrote to what it had read.
 */
function linkVersions(
  versions: Versions,
  { op, reads, writes }: Seen,
  options: { writes: boolean },
): void {
  for (const known of op.type === "ok" ? [writes, reads] : [writes]) {
    for (const [key, value] of known) {
      if (value !== null) addVersions(versions, key, null, value);
    }
  }
  if (op.type !== "ok" || !options.writes) return;
  for (const [key, read] of reads) {
    const written = writes.get(key) ?? null;
    if (read === null || written === null || written === false) continue;
    addVersions(versions, key, read, written);
  }
}

/** Finds versions that come before themselves. */
function cyclicVersions(versions: Versions): Example[] {
  // One graph for all keys: no edge leads from one key to another.
  const vertices: { key: Id; value: Id }[] = [];
  const edges: number[] = [];
  for (const [key, following] of versions) {
    const numbers = new Map<Id, number>();
    const number = (value: Id) =>
      inner(numbers, value, () => vertices.push({ key, value }) - 1);
    for (const [from, next] of following) {
      for (const to of next) edges.push(number(from), number(to));
    }
  }
  const builder = new GraphBuilder(vertices.length);
  for (let i = 0; i < edges.length; i += 2) {
    builder.link(edges[i]!, edges[i + 1]!, rel.ww);
  }
  return groups(components(builder.build())).map((group) => ({
    key: valueOf(vertices[group[0]!]!.key),
    scc: group.map((vertex) => valueOf(vertices[vertex]!.value)),
    sources: ["initial-state", "wfr-keys"],
  }));
}

/** The transactions that wrote and read each version, as others see it. */
class Accesses {
  readonly writers = new Map<Id, Map<Id, Op[]>>();
  readonly readers = new Map<Id, Map<Id, Op[]>>();

  add({ op, reads, writes }: Seen): void {
    if (op.type !== "ok") return;
    for (const [key, value] of writes) note(this.writers, key, value, op);
    for (const [key, value] of reads) note(this.readers, key, value, op);
  }

  /** Finds values that were read, and that several transactions wrote. */
  *duplicateWrites(): Generator<Example> {
    for (const [key, byValue] of this.readers) {
      for (const value of byValue.keys()) {
        const txns = this.writersOf(key, value);
        if (txns.length < 2) continue;
        yield { key: valueOf(key), value: valueOf(value), txns };
      }
    }
  }

  writersOf(key: Id, value: Id): readonly Op[] {
    return this.writers.get(key)?.get(value) ?? [];
  }

  readersOf(key: Id, value: Id): readonly Op[] {
    return this.readers.get(key)?.get(value) ?? [];
  }
}

function note(
  index: Map<Id, Map<Id, Op[]>>,
  key: Id,
  value: Id,
  op: Op,
): void {
  const byValue = inner(index, key, () => new Map<Id, Op[]>());
  const ops = byValue.get(value);
  // A list that is made of one has room for one, as most need.
  if (ops === undefined) byValue.set(value, [op]);
  else ops.push(op);
}

/** The dependencies among transactions, by the values that were read. */
class RegisterDependencies implements Dependencies {
  readonly explainFirst = ["wr", "ww", "rw", "process", "realtime"] as const;

  #accesses: Accesses;
  #versions: Versions;

  constructor(accesses: Accesses, versions: Versions) {
    this.#accesses = accesses;
    this.#versions = versions;
  }

  link(vertexOf: (op: Op) => number, graph: GraphBuilder): void {
    const accesses = this.#accesses;
    for (const [key, byValue] of accesses.readers) {
      for (const [value, readers] of byValue) {
        const writers = accesses.writersOf(key, value);
        if (writers.length !== 1) continue;
        const writer = vertexOf(writers[0]!);
        for (const reader of readers) {
          graph.link(writer, vertexOf(reader), rel.wr);
        }
      }
    }
    const readerLinks = new ReaderLinks(graph);
    for (const [key, edges] of this.#versions) {
      for (const [from, next] of edges) {
        const readers = accesses.readersOf(key, from).map(vertexOf);
        const writers = accesses.writersOf(key, from).map(vertexOf);
        for (const to of next) {
          for (const op of accesses.writersOf(key, to)) {
            const writer = vertexOf(op);
            for (const before of writers) {
              if (before !== writer) graph.link(before, writer, rel.ww);
            }
            readerLinks.link(readers, writer);
            // To Elle, one that reads a version and writes the next is enough
            // of a graph.
            if (graph.isEmpty && readers.includes(writer)) graph.touch();
          }
        }
      }
    }
  }

  explain(reason: RelName, a: Op, b: Op): Example | undefined {
    const [mopsOfA, mopsOfB] = [mopsAt(a), mopsAt(b)];
    const ofA = seenOf({ op: a, mops: mopsOfA });
    const ofB = seenOf({ op: b, mops: mopsOfB });
    const earlier = reason === "rw" ? ofA.reads : ofA.writes;
    const later = reason === "wr" ? ofB.reads : ofB.writes;
    for (const [key, value] of earlier) {
      const next = later.get(key);
      if (next === undefined) continue;
      const related = reason === "wr"
        ? next === value
        : this.#versions.get(key)?.get(value)?.has(next);
      if (!related) continue;
      return {
        key: valueOf(key),
        value: valueOf(value),
        ...(reason !== "wr" && { "value'": valueOf(next) }),
        "a-mop-index": placeOf(
          mopsOfA,
          reason === "rw" ? "r" : "w",
          key,
          value,
        ),
        "b-mop-index": placeOf(mopsOfB, reason === "wr" ? "r" : "w", key, next),
      };
    }
    return undefined;
  }
}

function placeOf(
  mops: readonly Mop[],
  f: string,
  key: Id,
  value: Id,
): number {
  return mops.findIndex((mop) =>
    mop[0] === f && idOf(mop[1]) === key && idOf(mop[2]) === value
  );
}

/** The most examples that are kept. */
const maxExamples = 8;

/** Values that were read, though no transaction tried to write them. */
function unwrittenReads(
  { all, ok }: Txns,
  accesses: Accesses,
): Pick<RwRegisterFindings, "unwritten"> {
  const reads: { op: Op; mop: Mop }[] = [];
  for (const { op, mops } of ok) {
    for (const mop of mops) {
      const value = idOf(mop[2]);
      if (mop[0] !== "r" || value === null) continue;
      if (accesses.writersOf(idOf(mop[1]), value).length > 0) continue;
      reads.push({ op, mop });
    }
  }
  if (reads.length === 0) return {};
  // It may have been tried in vain, or written once more.
  const writes: ByWrite<true> = new Map();
  for (const { mops } of all) {
    for (const [f, key, value] of mops) {
      if (f === "w") put(writes, idOf(key), idOf(value), true);
    }
  }
  const unwritten = reads.filter(({ mop: [, key, value] }) =>
    !writes.get(idOf(key))?.has(idOf(value))
  );
  return unwritten.length === 0 ? {} : {
    unwritten: {
      count: unwritten.length,
      examples: unwritten.slice(0, maxExamples),
    },
  };
}
