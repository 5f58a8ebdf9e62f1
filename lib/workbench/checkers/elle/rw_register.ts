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
  type ByWrite,
  type Id,
  idOf,
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
  const registers = new Registers();
  registers.addHidden(txns.all);
  const unwritten: Unwritten[] = [];
  for (const txn of txns.possible) {
    const versions = registers.versionsOf(txn.mops);
    if (txn.op.type === "ok") {
      registers.addInternal(txn, versions, anomalies);
      addBadReads(txn, versions, anomalies);
    }
    registers.add(txn, versions);
    if (txn.op.type === "ok") addUnwritten(txn, versions, unwritten);
  }
  for (const update of lostUpdates(txns.all)) {
    anomalies.add("lost-update", update);
  }
  const cycles = registers.cyclicVersions();
  for (const cycle of cycles) anomalies.add("cyclic-versions", cycle);
  // That is an anomaly, and no order at all.
  if (cycles.length > 0) registers.forgetOrder();
  for (const writes of registers.duplicateWrites()) {
    anomalies.add("duplicate-writes", writes);
  }
  const beyond = addCycles(
    txns,
    models,
    new RegisterDependencies(registers),
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
    ...unwrittenReads(txns, unwritten),
  };
}

/** Adds reads of writes that nobody should see. */
function addBadReads(
  { op, mops }: Txn,
  versions: readonly Version[],
  anomalies: Anomalies,
): void {
  for (let i = 0; i < mops.length; i++) {
    const { failed, intermediate } = versions[i]!;
    if (failed === undefined && intermediate === undefined) continue;
    const mop = mops[i]!;
    if (mop[0] !== "r") continue;
    if (failed !== undefined) {
      anomalies.add("G1a", { op, mop, writer: failed });
    }
    if (intermediate !== undefined && intermediate.index !== op.index) {
      anomalies.add("G1b", { op, mop, writer: intermediate });
    }
  }
}

/** A version of a register. */
interface Version {
  readonly register: Register;
  readonly value: Id;
  /** The transactions that succeeded and that wrote it, as others see them. */
  writers: Op[];
  /** Those that read it. */
  readers: Op[];
  /** The versions that come right after it, if there are any. */
  next: Set<Version> | undefined;
  /** The transaction that wrote it and definitely didn't commit. */
  failed: Op | undefined;
  /** The transaction that wrote it and then another. */
  intermediate: Op | undefined;
  /** The version's number in the graph of those that come after another. */
  vertex: number;
}

/** No transactions: most versions have no reader, or no writer, for ever. */
const nobody: Op[] = [];

/** A list with one more; a list that is made of one has room for one. */
function withOne(ops: Op[], op: Op): Op[] {
  if (ops === nobody) return [op];
  ops.push(op);
  return ops;
}

/** True of values that a transaction's own reads and writes aren't held to. */
function isVoid({ value }: Version): boolean {
  return value === null || value === false;
}

/** A register, and the versions that it had. */
class Register {
  readonly id: Id;
  readonly initial: Version;
  /** The versions that were read, and those that another comes right after. */
  readonly read: Version[] = [];
  readonly followed: Version[] = [];
  /** The number of the transaction that touched it last; see {@linkcode Registers}. */
  round = 0;
  /** The place of that one's last micro-operation here. */
  last = -1;
  /** The versions that it first read, and last wrote. */
  firstRead: Version | undefined;
  written: Version | undefined;
  readonly #versions = new Map<Id, Version>();

  constructor(id: Id) {
    this.id = id;
    this.initial = this.version(null);
  }

  /** Returns the version that a value is. */
  version(value: unknown): Version {
    const id = idOf(value);
    let version = this.#versions.get(id);
    if (version === undefined) {
      version = {
        register: this,
        value: id,
        writers: nobody,
        readers: nobody,
        next: undefined,
        failed: undefined,
        intermediate: undefined,
        vertex: -1,
      };
      this.#versions.set(id, version);
    }
    return version;
  }
}

/** The part of a transaction that others can see. */
interface Seen {
  /** The versions that it first read. */
  reads: Version[];
  /** Those that it last wrote. */
  writes: Version[];
}

/**
 * The registers of a history: who wrote and who read which version, and what is
 * known of the order of versions.
 */
class Registers {
  readonly #registers = new Map<Id, Register>();
  /** The registers that were read, and those whose versions are ordered. */
  readonly read: Register[] = [];
  readonly ordered: Register[] = [];
  /** The number of the transaction that is looked at, counted by each look. */
  #round = 0;

  /** Returns the versions that micro-operations read and wrote. */
  versionsOf(mops: readonly Mop[]): Version[] {
    const versions: Version[] = [];
    for (let i = 0; i < mops.length; i++) {
      const key = idOf(mops[i]![1]);
      let register = this.#registers.get(key);
      if (register === undefined) {
        register = new Register(key);
        this.#registers.set(key, register);
      }
      versions.push(register.version(mops[i]![2]));
    }
    return versions;
  }

  /** Returns a version's register, with what this transaction did there so far. */
  #registerOf({ register }: Version): Register {
    if (register.round !== this.#round) {
      register.round = this.#round;
      register.last = -1;
      register.firstRead = register.written = undefined;
    }
    return register;
  }

  /** Returns what others can see of a transaction. */
  seenOf(mops: readonly Mop[], versions: readonly Version[]): Seen {
    this.#round++;
    const reads: Version[] = [];
    const registers: Register[] = [];
    for (let i = 0; i < mops.length; i++) {
      const version = versions[i]!;
      const register = this.#registerOf(version);
      if (mops[i]![0] !== "r") {
        if (register.written === undefined) registers.push(register);
        register.written = version;
      } else if (
        register.written === undefined && register.firstRead === undefined
      ) {
        register.firstRead = version;
        reads.push(version);
      }
    }
    return { reads, writes: registers.map(({ written }) => written!) };
  }

  /** Notes the versions that nobody should see. */
  addHidden(txns: readonly Txn[]): void {
    for (const { op, mops } of txns) {
      const hasFailed = op.type === "fail";
      if (!hasFailed && countWrites(mops) < 2) continue;
      this.#round++;
      const versions = this.versionsOf(mops);
      for (let i = 0; i < mops.length; i++) {
        if (mops[i]![0] === "r") continue;
        const version = versions[i]!;
        if (hasFailed) version.failed = op;
        const register = this.#registerOf(version);
        const earlier = register.written;
        if (earlier && !isVoid(earlier)) earlier.intermediate = op;
        register.written = version;
      }
    }
  }

  /** Adds a read that isn't what the transaction itself read or wrote before. */
  addInternal(
    { op, mops }: Txn,
    versions: readonly Version[],
    anomalies: Anomalies,
  ): void {
    if (mops.length < 2) return;
    this.#round++;
    for (let i = 0; i < mops.length; i++) {
      const version = versions[i]!;
      const register = this.#registerOf(version);
      const { last } = register;
      register.last = i;
      if (mops[i]![0] !== "r" || last < 0) continue;
      const known = versions[last]!;
      if (known === version || isVoid(known)) continue;
      const [mop, [, , expected]] = [mops[i]!, mops[last]!];
      anomalies.add("internal", { op, mop, expected });
      return;
    }
  }

  /**
   * Notes what a transaction did: each version comes after the initial one, and
   * what it wrote after what it had read.
   */
  add({ op, mops }: Txn, versions: readonly Version[]): void {
    const { reads, writes } = this.seenOf(mops, versions);
    for (const version of writes) {
      this.#order(version.register.initial, version);
    }
    if (op.type !== "ok") return;
    for (const version of reads) this.#order(version.register.initial, version);
    for (const version of reads) {
      const { written } = version.register;
      if (written === undefined || isVoid(written)) continue;
      if (version.value !== null) this.#order(version, written);
    }
    for (const version of writes) {
      version.writers = withOne(version.writers, op);
    }
    for (const version of reads) {
      const { register } = version;
      if (version.readers === nobody) {
        if (register.read.length === 0) this.read.push(register);
        register.read.push(version);
      }
      version.readers = withOne(version.readers, op);
    }
  }

  #order(from: Version, to: Version): void {
    if (to.value === null) return;
    if (from.next === undefined) {
      const { followed } = from.register;
      if (followed.length === 0) this.ordered.push(from.register);
      followed.push(from);
      from.next = new Set();
    }
    from.next.add(to);
  }

  /** Finds versions that come before themselves. */
  cyclicVersions(): Example[] {
    // One graph for all registers: no edge leads from one to another.
    const vertices: Version[] = [];
    for (const { initial } of this.ordered) {
      for (const version of initial.next ?? []) {
        version.vertex = vertices.push(version) - 1;
      }
    }
    const builder = new GraphBuilder(vertices.length);
    for (const { initial, followed } of this.ordered) {
      for (const from of followed) {
        if (from === initial) continue;
        for (const to of from.next ?? []) {
          builder.link(from.vertex, to.vertex, rel.ww);
        }
      }
    }
    return groups(components(builder.build())).map((group) => ({
      key: valueOf(vertices[group[0]!]!.register.id),
      scc: group.map((vertex) => valueOf(vertices[vertex]!.value)),
      sources: ["initial-state", "wfr-keys"],
    }));
  }

  /** Forgets the order of all versions but the initial ones. */
  forgetOrder(): void {
    for (const { initial, followed } of this.ordered) {
      for (const version of followed) {
        if (version !== initial) version.next = undefined;
      }
    }
  }

  /** Finds values that were read, and that several transactions wrote. */
  *duplicateWrites(): Generator<Example> {
    for (const { id, read } of this.read) {
      for (const { value, writers: txns } of read) {
        if (txns.length < 2) continue;
        yield { key: valueOf(id), value: valueOf(value), txns };
      }
    }
  }
}

function countWrites(mops: readonly Mop[]): number {
  let count = 0;
  for (let i = 0; i < mops.length; i++) if (mops[i]![0] !== "r") count++;
  return count;
}

/** The dependencies among transactions, by the values that were read. */
class RegisterDependencies implements Dependencies {
  readonly explainFirst = ["wr", "ww", "rw", "process", "realtime"] as const;

  #registers: Registers;

  constructor(registers: Registers) {
    this.#registers = registers;
  }

  link(vertexOf: (op: Op) => number, graph: GraphBuilder): void {
    for (const { read } of this.#registers.read) {
      for (const { readers, writers } of read) {
        if (writers.length !== 1) continue;
        const writer = vertexOf(writers[0]!);
        for (const reader of readers) {
          graph.link(writer, vertexOf(reader), rel.wr);
        }
      }
    }
    const readerLinks = new ReaderLinks(graph);
    for (const { followed } of this.#registers.ordered) {
      for (const { readers: ofIt, writers: ofBefore, next } of followed) {
        const readers = ofIt.map(vertexOf);
        const writers = ofBefore.map(vertexOf);
        for (const to of next ?? []) {
          for (const op of to.writers) {
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
    const [ofA, ofB] = [this.#seenOf(a), this.#seenOf(b)];
    const earlier = reason === "rw" ? ofA.reads : ofA.writes;
    const later = new Map(
      (reason === "wr" ? ofB.reads : ofB.writes)
        .map((version) => [version.register, version]),
    );
    for (const version of earlier) {
      const next = later.get(version.register);
      if (next === undefined) continue;
      const related = reason === "wr"
        ? next === version
        : version.next?.has(next);
      if (!related) continue;
      return {
        key: valueOf(version.register.id),
        value: valueOf(version.value),
        ...(reason !== "wr" && { "value'": valueOf(next.value) }),
        "a-mop-index": ofA.placeOf(reason === "rw" ? "r" : "w", version),
        "b-mop-index": ofB.placeOf(reason === "wr" ? "r" : "w", next),
      };
    }
    return undefined;
  }

  #seenOf(op: Op) {
    const mops = mopsAt(op);
    const versions = this.#registers.versionsOf(mops);
    return {
      ...this.#registers.seenOf(mops, versions),
      /** Finds the micro-operation that read or wrote a version. */
      placeOf: (f: string, version: Version) =>
        mops.findIndex((mop, i) => mop[0] === f && versions[i] === version),
    };
  }
}

/** A read of something that nobody is known to have written. */
interface Unwritten {
  op: Op;
  mop: Mop;
  version: Version;
}

/** Adds the reads of versions that nobody is known to have written by then. */
function addUnwritten(
  { op, mops }: Txn,
  versions: readonly Version[],
  reads: Unwritten[],
): void {
  for (let i = 0; i < mops.length; i++) {
    const version = versions[i]!;
    if (version.writers !== nobody || version.value === null) continue;
    const mop = mops[i]!;
    if (mop[0] === "r") reads.push({ op, mop, version });
  }
}

/** The most examples that are kept. */
const maxExamples = 8;

/** Values that were read, though no transaction tried to write them. */
function unwrittenReads(
  { all }: Txns,
  candidates: readonly Unwritten[],
): Pick<RwRegisterFindings, "unwritten"> {
  // By now it may be known that somebody wrote it, if only for itself.
  const reads = candidates.filter(
    ({ version: { writers, failed, intermediate } }) =>
      writers === nobody && failed === undefined && intermediate === undefined,
  );
  if (reads.length === 0) return {};
  // It may have been tried.
  const writes: ByWrite<true> = new Map();
  for (const { mops } of all) {
    for (const [f, key, value] of mops) {
      if (f === "w") put(writes, idOf(key), idOf(value), true);
    }
  }
  const unwritten = reads.filter(({ version: { register, value } }) =>
    !writes.get(register.id)?.has(value)
  );
  return unwritten.length === 0 ? {} : {
    unwritten: {
      count: unwritten.length,
      examples: unwritten.slice(0, maxExamples)
        .map(({ op, mop }) => ({ op, mop })),
    },
  };
}
