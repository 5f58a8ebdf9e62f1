/**
 * Transactions that can't be as they are: a cycle of them with its reasons, or
 * those that an anomaly of another kind consists of. Also sends and polls that
 * go in a circle.
 *
 * @module
 */
import {
  describe,
  worst,
  worstCycle,
} from "../../../workbench/checkers/elle/explain.ts";
import type {
  CycleExample,
  ElleFindings,
  Example,
} from "../../../workbench/checkers/elle/findings.ts";
import type { RelName } from "../../../workbench/checkers/graph.ts";
import type { KafkaFindings } from "../../../workbench/checkers/kafka.ts";
import { firstError } from "../../../workbench/checkers/kafka/explain.ts";
import { identity } from "../../../workbench/sim/exact_json.ts";
import type { Op } from "../../../workbench/load/history.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import type { Told } from "./told.ts";
import { linesOf, type OpSpan, Spans, storyOf, textOf } from "./spans.ts";

/** Transactions, and which had to come before which. */
export interface TransactionsAnomaly {
  kind: "transactions";
  /** By its name in the literature: `G1c`, `internal`. */
  type: string;
  transactions: Transaction[];
  /** In a cycle, in its order: the last leads back to the first. */
  dependencies: Dependency[];
  /** A cycle that was found besides, and its words. */
  cycle?:
    & Pick<TransactionsAnomaly, "type" | "transactions" | "dependencies">
    & {
      story: string[];
    };
}

/** A transaction with its micro-operations. */
export interface Transaction extends OpSpan {
  /** Its name in the words: `T1`. */
  name: string;
  mops: MicroOp[];
}

/** A micro-operation. */
export interface MicroOp {
  f: string;
  key: string;
  /** As JSON text. */
  value: string;
  /** True if it has to do with the anomaly. */
  marked: boolean;
}

/** The reason why a transaction came before another. */
export interface Dependency {
  /** Places in the list of transactions. */
  from: number;
  to: number;
  type: RelName;
  /** A label in a few words: `key 5: 3 → 4`. */
  label: string;
  /** The places of the micro-operations that show it, where there are such. */
  fromMop?: number;
  toMop?: number;
}

/** The most transactions that are drawn of what isn't a cycle. */
const maxTransactions = 8;

/**
 * Finds the anomaly that the words are about.
 *
 * @param writeF the `f` of a write.
 */
export function transactionsAnomaly(
  judgement: Judgement,
  writeF: string,
): Told & TransactionsAnomaly | undefined {
  const findings = judgement.results.workload as ElleFindings;
  const found = worst(findings);
  if (found === undefined) return undefined;
  const { type, example } = found;
  const { transactions, dependencies } = "cycle" in example
    ? ofCycle(example as CycleExample, judgement)
    : ofExample(example, judgement);
  if (transactions.length === 0) return undefined;
  const isCycle = "cycle" in example;
  const cycle = isCycle ? undefined : worstCycle(findings);
  return {
    kind: "transactions",
    title: isCycle
      ? `${type}: transactions that go in a circle`
      : `${type}: ${
        transactions.length === 1
          ? "a transaction that can't be"
          : `${transactions.length} transactions that can't be`
      }`,
    story: storyOf(judgement),
    momentMs: momentOf(transactions),
    type,
    transactions,
    dependencies,
    ...(cycle && {
      cycle: {
        type: cycle.type,
        story: linesOf(
          describe(cycle.type, cycle.example, writeF),
        ),
        ...ofCycle(cycle.example, judgement),
      },
    }),
  };
}

function ofCycle(
  { cycle, steps }: CycleExample,
  judgement: Judgement,
): Pick<TransactionsAnomaly, "transactions" | "dependencies"> {
  const ops = [...new Set(cycle)];
  // Each step leads from one operation of the cycle to the next.
  const places = cycle.map((op) => ops.indexOf(op));
  const dependencies = steps.map((step, i): Dependency => {
    const fromMop = placeIn(step["a-mop-index"]);
    const toMop = placeIn(step["b-mop-index"]);
    return {
      from: places[i]!,
      to: places[i + 1]!,
      type: step.type,
      label: labelOf(step),
      ...(fromMop !== undefined && { fromMop }),
      ...(toMop !== undefined && { toMop }),
    };
  });
  const marked = (op: Op, place: number) =>
    dependencies.some(({ from, to, fromMop, toMop }) =>
      ops[from] === op && fromMop === place ||
      ops[to] === op && toMop === place
    );
  return { transactions: transactionsOf(ops, marked, judgement), dependencies };
}

function placeIn(index: number | undefined): number | undefined {
  return index === undefined || index < 0 ? undefined : index;
}

function labelOf(
  { type, key, value, process, ...step }: CycleExample["steps"][number],
): string {
  const later = step["value'"];
  switch (type) {
    case "realtime":
      return "ended before";
    case "process":
      return `process ${process}`;
    case "wr":
      return `key ${short(key)}: ${short(value)}`;
    default:
      return `key ${short(key)}: ${
        value === null || value === undefined ? "nothing" : short(value)
      } → ${short(later)}`;
  }
}

/** The transactions that an anomaly names, with what it says of them marked. */
function ofExample(
  example: Example,
  judgement: Judgement,
): Pick<TransactionsAnomaly, "transactions" | "dependencies"> {
  const { history } = judgement;
  const named = [example.writer, ...example.txns as Op[] ?? [], example.op]
    .filter((op) => op !== undefined) as Op[];
  const listed = Array.isArray(example.scc) && example.sources === undefined
    ? (example.scc as number[]).flatMap((index) => history[index] ?? [])
    : [];
  const ops = [
    ...new Set([...named, ...listed, ...witnesses(example, history)]),
  ]
    // In order, but who wrote before who read it.
    .sort((a, b) =>
      Number(b === example.writer) - Number(a === example.writer) ||
      a.index - b.index
    )
    .slice(0, maxTransactions);
  const isMarked = markerOf(example);
  const marked = (op: Op, place: number) =>
    isMarked((op.value as unknown[])[place]);
  const transactions = transactionsOf(ops, marked, judgement);
  const { writer, op } = example;
  if (writer === undefined || op === undefined) {
    return { transactions, dependencies: overwrites(transactions, example) };
  }
  const from = ops.indexOf(writer as Op);
  const to = ops.indexOf(op as Op);
  const failed = (writer as Op).type === "fail";
  const dependencies: Dependency[] = [{
    from,
    to,
    type: "wr",
    label: failed ? "failed, and was read" : "in its midst",
    ...mopPlaces(transactions[from], transactions[to]),
  }];
  return { transactions, dependencies };
}

/**
 * Of a lost update: each transaction read the same value of a key and wrote
 * another, so each wrote what comes next after what the others had read. The
 * arrows lead around all of them.
 */
function overwrites(
  transactions: readonly Transaction[],
  example: Example,
): Dependency[] {
  const isUpdate = "value" in example && "txns" in example;
  if (!isUpdate || transactions.length < 2) return [];
  const own = short(example.key);
  const readIn = ({ mops }: Transaction) =>
    mops.findIndex(({ f, key }) => f === "r" && key === own);
  const writeIn = (transaction: Transaction) =>
    transaction.mops.findIndex(({ f, key }, place) =>
      f !== "r" && key === own && place > readIn(transaction)
    );
  return transactions.flatMap((transaction, from): Dependency[] => {
    const to = (from + 1) % transactions.length;
    const next = transactions[to]!;
    const fromMop = readIn(transaction);
    const toMop = writeIn(next);
    const read = transaction.mops[fromMop];
    const written = next.mops[toMop];
    if (read === undefined || written === undefined) return [];
    const before = read.value === "null" ? "nothing" : cutFront(read.value);
    return [{
      from,
      to,
      type: "rw",
      label: `key ${own}: ${before} → ${cutFront(written.value)}`,
      fromMop,
      toMop,
    }];
  });
}

function mopPlaces(from: Transaction | undefined, to: Transaction | undefined) {
  const fromMop = placeIn(from?.mops.findIndex(({ marked }) => marked));
  const toMop = placeIn(to?.mops.findIndex(({ marked }) => marked));
  return {
    ...(fromMop !== undefined && { fromMop }),
    ...(toMop !== undefined && { toMop }),
  };
}

/**
 * Finds those who read or wrote what an anomaly is about, where it names
 * nobody.
 */
function witnesses(example: Example, history: readonly Op[]): Op[] {
  if (example.op !== undefined || example.txns !== undefined) return [];
  const values = (example.values ?? example.scc ??
    (example.list === undefined ? undefined : [example.list])) as
      | unknown[]
      | undefined;
  if (example.key === undefined || values === undefined) return [];
  const key = identity(example.key);
  return values.flatMap((value) => {
    const id = identity(value);
    const has = (op: Op, reads: boolean) =>
      Array.isArray(op.value) &&
      op.value.some((mop) =>
        Array.isArray(mop) && (mop[0] === "r") === reads &&
        identity(mop[1]) === key && identity(mop[2]) === id
      );
    const of = (reads: boolean) =>
      history.find((op) => op.type === "ok" && has(op, reads));
    return [of(true), of(false)].filter((op) => op !== undefined);
  });
}

/** Tells whether a micro-operation has to do with an anomaly. */
function markerOf(example: Example): (mop: unknown) => boolean {
  const mop = example.mop as unknown[] | undefined;
  const key = identity(example.key ?? mop?.[1] ?? null);
  const element = example.element === undefined
    ? undefined
    : identity(example.element);
  const ofMop = mop === undefined ? undefined : identity(mop);
  const value = mop === undefined ? undefined : identity(mop[2] ?? null);
  return (other) => {
    if (!Array.isArray(other)) return true; // malformed, and so what's wrong
    if (ofMop === undefined) return identity(other[1]) === key;
    if (identity(other) === ofMop) return true;
    if (other[0] === "r" || identity(other[1]) !== key) return false;
    // What was read is what was written: a register's value, or an element.
    const written = identity(other[2]);
    return element === undefined || written === element || written === value;
  };
}

function transactionsOf(
  ops: readonly Op[],
  marked: (op: Op, place: number) => boolean,
  judgement: Judgement,
): Transaction[] {
  const spans = new Spans(judgement);
  return ops.map((op, i) => ({
    ...spans.of(op),
    name: `T${i + 1}`,
    mops: (Array.isArray(op.value) ? op.value : [op.value])
      .map((mop, place): MicroOp => ({
        ...partsOf(mop),
        marked: marked(op, place),
      })),
  }));
}

function partsOf(mop: unknown): Omit<MicroOp, "marked"> {
  if (!Array.isArray(mop)) return { f: "", key: "", value: textOf(mop) };
  const [f, key, value] = mop;
  return { f: String(f), key: short(key), value: textOf(value) };
}

/** The last end of what has ended. */
function momentOf(spans: readonly OpSpan[]): number {
  return Math.max(
    ...spans.map(({ completedMs, invokedMs }) => completedMs ?? invokedMs),
  );
}

const maxShort = 24;

function short(value: unknown): string {
  return cutFront(JSON.stringify(value) ?? "nothing");
}

/** Cuts the front of a list: what matters of it is how it ends. */
function cutFront(text: string): string {
  return text.length > maxShort ? `…${text.slice(1 - maxShort)}` : text;
}

/** Finds the circle of sends and polls, if that is what the words are about. */
export function logCycle(
  judgement: Judgement,
): Told & TransactionsAnomaly | undefined {
  const found = firstError(judgement.results.workload as KafkaFindings);
  if (found?.kind !== "G1c" && found?.kind !== "G1c-realtime") return undefined;
  const { cycle, steps } = found.error;
  const indexes = [...new Set(cycle.map(({ index }) => index))];
  // Each step leads from one operation of the cycle to the next.
  const places = cycle.map(({ index }) => indexes.indexOf(index));
  const keys = new Set(
    steps.flatMap((step) => step.type === "wr" ? [step.key] : []),
  );
  const spans = new Spans(judgement);
  const transactions = indexes.map((index, i): Transaction => ({
    ...spans.at(index),
    name: `T${i + 1}`,
    mops: logMops(judgement.history[index]!, keys),
  }));
  return {
    kind: "transactions",
    title: `${found.kind}: sends and polls that go in a circle`,
    story: storyOf(judgement),
    momentMs: momentOf(transactions),
    type: found.kind,
    transactions,
    dependencies: steps.map((step, i) => ({
      from: places[i]!,
      to: places[i + 1]!,
      type: step.type,
      label: step.type === "wr"
        ? `key ${step.key}: message ${JSON.stringify(step.value)}`
        : "ended before",
    })),
  };
}

/** Returns what an operation sent and polled: of the keys that matter only. */
function logMops({ value }: Op, keys: ReadonlySet<string>): MicroOp[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((mop): MicroOp[] => {
    if (!Array.isArray(mop)) return [];
    const [f, key, message] = mop;
    if (f === "send") {
      const marked = keys.has(String(key));
      return [{ f, key: String(key), value: textOf(message), marked }];
    }
    return Object.entries(key as Record<string, unknown> ?? {})
      .filter(([each]) => keys.has(each))
      .map(([each, messages]) => ({
        f,
        key: each,
        value: textOf(messages),
        marked: true,
      }));
  });
}
