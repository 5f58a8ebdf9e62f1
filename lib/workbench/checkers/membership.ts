/**
 * Membership: how soon nodes notice that another one has died, how often they
 * take one for dead that isn't, and whether they agree in the end.
 *
 * Two properties are asked of a failure detector (Chandra, Toueg: *Unreliable
 * Failure Detectors for Reliable Distributed Systems*, 1996). **Completeness**:
 * who has died is noticed by all the others, here within {@linkcode patienceMs}.
 * **Accuracy**: who is up isn't taken for dead. Nobody can have that always, as
 * silence has many causes; so a false alarm is counted, and only one that is
 * left at the end, when all faults have been over for a while, is a mistake. A
 * client that reads several times then has to see the right list once.
 *
 * Maelstrom has no such checker.
 *
 * @module
 */
import { type History, isClientOp, type Op, pairs } from "../load/history.ts";
import { faultsIn, type PastFault } from "../load/nemesis.ts";
import { msInNs, secondInNs } from "../sim/clock.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";
import type { Findings, Validity } from "./validity.ts";

/** The time within which a death has to be noticed, besides latencies. */
export const patienceMs = 10_000;

/** The number of latencies that it may take beyond that. */
const patienceLatencies = 20;

/** A read that shows what can't be. */
export interface WrongRead {
  /** Its completion, in the history. */
  index: number;
  /** The node that was read. */
  node: string;
  /** Nodes that are up, and that a final read doesn't list. */
  missing: string[];
  /** The rest of what is listed: nobody of it is up. */
  extra: string[];
}

/** The findings of {@linkcode membership}. */
export interface MembershipFindings extends Findings {
  "valid?": Validity;
  /** Final reads that don't list just who is up; the last of each client. */
  errors: WrongRead[];
  /** Reads that list somebody long dead. */
  unnoticed: WrongRead[];
  /** Nodes that were killed while there were others to notice. */
  "death-count": number;
  /** Those of them that somebody has noticed before they were back. */
  "noticed-count": number;
  /** Milliseconds from a death to the first read that doesn't list the node. */
  "detection-latencies"?: Quantiles;
  /** Milliseconds from a death until a read of each of the others didn't. */
  "dissemination-latencies"?: Quantiles;
  /** The number of times that nodes were taken for dead, and were up. */
  "false-alarm-count": number;
  /** The same in an hour. */
  "false-alarms-per-hour": number;
  /** The time of the last event: milliseconds since the test began. */
  "duration-ms": number;
}

/** A read that was answered. */
interface Read {
  node: string;
  fromNs: number;
  toNs: number;
  listed: ReadonlySet<unknown>;
  op: Op;
}

/** A time during which something was wrong with some nodes. */
interface Span {
  fromNs: number;
  /** The time at which the nemesis began to mend it. */
  untilNs: number;
  /** The time at which all was well again. */
  toNs: number;
  nodes: readonly string[];
}

/** Checks a history of reads of the members. */
export function membership(
  history: History,
  { nodes, concurrency, latencyMs = 0, nodeOf }: {
    nodes: readonly string[];
    /** The number of clients. */
    concurrency: number;
    latencyMs?: number;
    nodeOf(op: Op): string;
  },
): MembershipFindings {
  const faults = faultsIn(history);
  const spans = (isKill: boolean) =>
    faults.filter(({ kind }) => (kind === "kill") === isKill)
      .map((fault) => spanOf(fault, history));
  const [kills, others] = [spans(true), spans(false)];
  const reads = readsOf(history, nodeOf);
  const final = reads.filter(({ op }) => op["final?"] === true)
    .map((read) => ({ read, wrong: wrongIn(read, upAt(read, nodes, kills)) }));
  const byClient = Map.groupBy(
    final,
    ({ read }) => read.op.process as number % concurrency,
  );
  const errors = [...byClient.values()].flatMap((each) =>
    each.every(({ wrong }) => wrong) ? each.at(-1)!.wrong! : []
  );
  const waitNs = (patienceMs + patienceLatencies * latencyMs) * msInNs;
  const unnoticed = unnoticedIn(reads, { nodes, kills, others, waitNs });
  const deaths = kills.flatMap((kill) => detections(kill, reads, nodes, kills));
  const falseAlarms = falseAlarmsIn(reads, nodes, kills);
  const durationNs = history.at(-1)?.time ?? 0;
  const hours = durationNs / secondInNs / 3600;
  const noticed = deaths.filter(({ firstMs }) => firstMs !== undefined);
  return {
    "valid?": errors.length === 0 && unnoticed.length === 0,
    errors,
    unnoticed,
    "death-count": deaths.length,
    "noticed-count": noticed.length,
    ...latencies("detection-latencies", deaths.map(({ firstMs }) => firstMs)),
    ...latencies("dissemination-latencies", deaths.map(({ allMs }) => allMs)),
    "false-alarm-count": falseAlarms,
    "false-alarms-per-hour": hours > 0 ? falseAlarms / hours : 0,
    "duration-ms": durationNs / msInNs,
  };
}

function spanOf(fault: PastFault, history: History): Span {
  const { start, end } = fault;
  const begun = end && history.slice(0, end.index)
    .findLast(({ process, f }) => process === "nemesis" && f === end.f);
  return {
    fromNs: start.time,
    untilNs: begun?.time ?? Infinity,
    toNs: end?.time ?? Infinity,
    nodes: "nodes" in fault ? fault.nodes : [],
  };
}

function latencies(
  name: string,
  times: readonly (number | undefined)[],
): { [name: string]: Quantiles } {
  const found = quantiles(times.filter((each) => each !== undefined));
  return found ? { [name]: found } : {};
}

function readsOf(history: History, nodeOf: (op: Op) => string): Read[] {
  const counterpart = pairs(history);
  return history.flatMap((op) => {
    const begun = counterpart[op.index];
    if (!isClientOp(op) || op.type !== "ok" || begun === undefined) return [];
    return {
      node: nodeOf(op),
      fromNs: begun.time,
      toNs: op.time,
      listed: new Set(op.value as unknown[] | null),
      op,
    };
  });
}

/** The nodes that are up during a read. */
function upAt(
  { fromNs, toNs }: Read,
  nodes: readonly string[],
  kills: readonly Span[],
): string[] {
  return nodes.filter((node) => !isStruck(node, fromNs, toNs, kills));
}

/** Tells whether one of some faults strikes a node in a span of time. */
function isStruck(
  node: string,
  fromNs: number,
  toNs: number,
  faults: readonly Span[],
): boolean {
  return faults.some((fault) =>
    fault.nodes.includes(node) && fault.fromNs <= toNs && fault.toNs >= fromNs
  );
}

/** Tells what a read shows that can't be; `undefined` if nothing. */
function wrongIn(
  { node, listed, op: { index } }: Read,
  up: readonly string[],
): WrongRead | undefined {
  const missing = up.filter((each) => !listed.has(each));
  const extra = [...listed].filter((each) => !up.includes(each as string))
    .map((each) => typeof each === "string" ? each : JSON.stringify(each));
  if (missing.length + extra.length === 0) return undefined;
  return { index, node, missing, extra };
}

/**
 * Finds reads that list a node that has been dead for long. For whoever was
 * killed or cut off meanwhile, or has lost half of the others, it may take longer.
 */
function unnoticedIn(
  reads: readonly Read[],
  { nodes, kills, others, waitNs }: {
    nodes: readonly string[];
    kills: readonly Span[];
    others: readonly Span[];
    waitNs: number;
  },
): WrongRead[] {
  return reads.flatMap((read) => {
    const sinceNs = read.fromNs - waitNs;
    const isExcused = isStruck(read.node, sinceNs, read.toNs, kills) ||
      others.some(({ fromNs, toNs }) => fromNs <= read.toNs && toNs >= sinceNs);
    if (isExcused) return [];
    const dead = kills
      .filter(({ fromNs, untilNs }) => fromNs < sinceNs && untilNs > read.toNs)
      .flatMap((kill) => kill.nodes);
    const extra = dead.filter((node) => read.listed.has(node));
    if (extra.length === 0 || 2 * dead.length > nodes.length) return [];
    const { node, op: { index } } = read;
    return [{ index, node, missing: [], extra }];
  });
}

/**
 * The times from a kill until its victims' deaths were noticed. Whoever didn't list
 * the victim before can't notice it.
 */
function detections(
  kill: Span,
  reads: readonly Read[],
  nodes: readonly string[],
  kills: readonly Span[],
): { firstMs?: number; allMs?: number }[] {
  const { fromNs, untilNs } = kill;
  const others = nodes
    .filter((node) => !isStruck(node, fromNs, untilNs, kills));
  const before = new Map(
    reads.filter((read) => read.toNs < fromNs)
      .map((read) => [read.node, read.listed]),
  );
  const within = reads.filter((read) =>
    read.fromNs >= fromNs && read.toNs <= untilNs
  );
  return kill.nodes.flatMap((victim) => {
    const observers = others
      .filter((node) => before.get(node)?.has(victim) ?? true);
    const noticed = new Map<string, number>();
    for (const { node, listed, toNs } of within) {
      if (listed.has(victim) || noticed.has(node)) continue;
      if (observers.includes(node)) noticed.set(node, toNs);
    }
    const times = [...noticed.values()]
      .map((timeNs) => (timeNs - fromNs) / msInNs);
    if (observers.length === 0) return [];
    return {
      ...times.length > 0 && { firstMs: Math.min(...times) },
      ...times.length === observers.length && { allMs: Math.max(...times) },
    };
  });
}

/**
 * Counts the times that nodes which are up were taken for dead. From the first
 * of the others that doesn't list it until all do again, it's one alarm. Whoever
 * has been back for less than {@linkcode patienceMs} need not be known to be.
 */
function falseAlarmsIn(
  reads: readonly Read[],
  nodes: readonly string[],
  kills: readonly Span[],
): number {
  let count = 0;
  /** For each node, those who have taken it for dead, though it's up. */
  const alarmed = new Map(nodes.map((node) => [node, new Set<string>()]));
  /** The last read of each node. */
  const last = new Map<string, Read>();
  for (const read of reads) {
    const before = last.get(read.node);
    last.set(read.node, read);
    const isNew = before === undefined ||
      isStruck(read.node, before.fromNs, read.toNs, kills);
    for (const [node, observers] of alarmed) {
      if (read.listed.has(node)) observers.delete(read.node);
      else if (!isNew && before.listed.has(node)) {
        const sinceNs = read.fromNs - patienceMs * msInNs;
        if (isStruck(node, sinceNs, read.toNs, kills)) continue;
        if (observers.size === 0) count++;
        observers.add(read.node);
      }
    }
  }
  return count;
}

/** The name of the worst that is wrong. */
export function membershipAnomaly(
  { errors: [first] }: MembershipFindings,
): string {
  return first === undefined || first.missing.length === 0
    ? "unnoticed-death"
    : "false-alarm";
}

/** In words, what is wrong with the first read that is. */
export function explainMembership(
  { errors, unnoticed }: MembershipFindings,
): string | undefined {
  const [first] = errors;
  if (first !== undefined) {
    const { node, index, missing, extra } = first;
    const wrong = [
      ...missing.length > 0
        ? [`doesn't list ${missing.join(", ")}, ${beUp(missing)}`]
        : [],
      ...extra.length > 0
        ? [`lists ${extra.join(", ")}, which ${be(extra)} no node that is up`]
        : [],
    ].join(", and ");
    return `${errors.length} final ${
      errors.length === 1 ? "read is" : "reads are"
    } wrong: ${node} ${wrong} (operation ${index})`;
  }
  const [late] = unnoticed;
  if (late === undefined) return undefined;
  return `${late.node} lists ${late.extra.join(", ")}, which ${
    late.extra.length === 1 ? "has" : "have"
  } been dead for more than ${
    patienceMs / 1000
  } seconds (operation ${late.index})`;
}

function be(names: readonly string[]): string {
  return names.length === 1 ? "is" : "are";
}

function beUp(names: readonly string[]): string {
  return `which ${be(names)} up`;
}
