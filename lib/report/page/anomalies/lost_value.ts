/**
 * A value that a set lost, or was slow with, on its way through the cluster:
 * the nodes that had it, and when; the messages that carried it, and those
 * among them that were lost; and what the reads showed.
 *
 * @module
 */
import type { SetFullFindings } from "../../../workbench/checkers/set_full.ts";
import { msInNs } from "../../../workbench/sim/clock.ts";
import type { Op } from "../../../workbench/load/history.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import type { Envelope } from "../../../workbench/sim/network.ts";
import { carriersOf } from "../../../workbench/workloads/lost_element.ts";
import type { ValueWords } from "../../../workbench/workloads/workload.ts";
import { besides } from "../../../workbench/verdict.ts";
import type { Told } from "./told.ts";
import {
  type FaultSpan,
  faultThatCut,
  tellChance,
  tellFault,
} from "../faults.ts";
import type { Knowledge } from "../knowledge.ts";
import { type OpSpan, Spans, storyOf, textOf } from "./spans.ts";

/** A value's way. Times are milliseconds since the run began. */
export interface ValueAnomaly {
  kind: "value";
  value: string;
  fate: "lost" | "late" | "never-read";
  /** The operation that added it. */
  add: OpSpan;
  /**
   * The time at which a client could know that it was in: from then on it must
   * be shown.
   */
  knownMs: number | null;
  /** The nodes, and the services that carried it. */
  parties: string[];
  /**
   * The nodes that got it, when, and from whom: `null` stands for the client.
   */
  learned: { party: string; ms: number; from: string | null }[];
  /** The messages that carried it to somebody who didn't have it. */
  messages: {
    src: string;
    dest: string;
    type: string;
    sentMs: number;
    /** `null` if it was lost, or under way when the run ended. */
    receivedMs: number | null;
    /** The reason why it was lost, if it was. */
    lost?: Envelope["lost"];
  }[];
  /** The number of all, where not all are listed. */
  messageCount: number;
  /** The reads that may show it, by when they began. */
  reads: (Omit<OpSpan, "text"> & { shows: boolean })[];
}

/** The most messages that are drawn. */
const maxMessages = 400;

/** The most reads of a node that are drawn. */
const maxReads = 40;

/** The sources by which a value is followed. */
interface Traces {
  words: ValueWords;
  knowledge?: Knowledge;
  faults: readonly FaultSpan[];
}

/** Finds the first value that was lost, or that was never shown. */
export function lostValue(
  judgement: Judgement,
  traces: Traces,
): Told & ValueAnomaly | undefined {
  const { lost, "never-read": neverRead } = judgement.results
    .workload as SetFullFindings;
  if (lost.length > 0) {
    return wayOf(lost[0], "lost", judgement, traces);
  }
  const acknowledged = (value: unknown) =>
    judgement.history.some((op) =>
      op.f === traces.words.tell && op.type === "ok" && op.value === value
    );
  const value = neverRead.find(acknowledged);
  return value === undefined
    ? undefined
    : wayOf(value, "never-read", judgement, traces);
}

/** Finds the value that took longest to be shown by all reads. */
export function lateValue(
  judgement: Judgement,
  traces: Traces,
): Told & ValueAnomaly | undefined {
  const { "worst-stale": [worst] = [] } = judgement.results
    .workload as Partial<SetFullFindings>;
  return worst && wayOf(worst.element, "late", judgement, traces);
}

function wayOf(
  value: unknown,
  fate: ValueAnomaly["fate"],
  judgement: Judgement,
  { words, knowledge, faults }: Traces,
): Told & ValueAnomaly | undefined {
  const { history, test: { nodes } } = judgement;
  const isAdd = (op: Op) => op.f === words.tell && op.value === value;
  const invocation = history.find((op) => op.type === "invoke" && isAdd(op));
  if (invocation === undefined) return undefined;
  const spans = new Spans(judgement);
  const add = spans.of(invocation);
  // A read of null has read an empty list.
  const shows = (op: Op) => Array.isArray(op.value) && op.value.includes(value);
  const known = history.find((op) =>
    op.type === "ok" &&
    (isAdd(op) || op.f === "read" && shows(op))
  );
  const reads = readsAfter(invocation, judgement, spans, shows);
  const way = travel(value, add, judgement, knowledge);
  const parties = [
    ...nodes,
    ...new Set(
      way.messages.flatMap(({ src, dest }) => [src, dest])
        .filter((party) => !nodes.includes(party)),
    ),
  ];
  const text = textOf(value);
  const anomaly: ValueAnomaly = {
    kind: "value",
    value: text,
    fate,
    add,
    knownMs: known ? known.time / msInNs : null,
    parties,
    learned: way.learned,
    messages: way.messages.slice(0, maxMessages),
    messageCount: way.messages.length,
    reads: telling(reads, nodes),
  };
  const missed = reads.findLast((read) =>
    !read.shows && known !== undefined && read.index > known.index
  );
  const told = storyOf(judgement);
  const learned = new Set(way.learned.map(({ party }) => party));
  const got = carriersOf(value, invocation, judgement) ?? [];
  const doubtful = nodes.filter((node) =>
    learned.size > 0 && !learned.has(node) &&
    got.some(({ dest, receivedNs }) => dest === node && receivedNs)
  );
  // Where its way is known, faults are told with their times.
  const retold = learned.size > 0 && doubtful.length === 0;
  return {
    title: {
      lost: `Value ${text} was lost`,
      late: `Value ${text} took longest`,
      "never-read": `Value ${text} was never shown`,
    }[fate],
    retold,
    story: [
      ...(retold ? [] : told),
      ...(fate === "late" ? tellDelay(value, judgement) : []),
      ...tell(anomaly, nodes, {
        missed,
        faults,
        doubtful,
        lost: tellLost(anomaly, judgement, faults),
      }),
      ...(retold ? told.filter((line) => line.startsWith(besides)) : []),
    ],
    momentMs: add.invokedMs,
    ...anomaly,
  };
}

function tellDelay(value: unknown, { results }: Judgement): string[] {
  const { "worst-stale": worst } = results.workload as SetFullFindings;
  const delay = worst.find(({ element }) => element === value);
  return delay === undefined ? [] : [
    `It took ${delay["stable-latency"]} ms from when ${
      textOf(value)
    } was known until every read showed it.`,
  ];
}

/** The reads after a value was added, and whether each shows it. */
function readsAfter(
  invocation: Op,
  { history }: Judgement,
  spans: Spans,
  shows: (op: Op) => boolean,
): ValueAnomaly["reads"] {
  return history
    .filter((op) =>
      op.f === "read" && op.type === "ok" && op.index > invocation.index
    )
    .map((op) => {
      const { text: _, ...span } = spans.of(op);
      return { ...span, shows: shows(op) };
    });
}

/** The precision with which knowledge is timed. */
const precisionMs = 0.001;

/** Follows a value through the messages that carried it. */
function travel(
  value: unknown,
  add: OpSpan,
  { journal, startNs, test: { nodes } }: Judgement,
  knowledge: Knowledge | undefined,
): Pick<ValueAnomaly, "learned" | "messages"> {
  const learned: ValueAnomaly["learned"] = [];
  const messages: ValueAnomaly["messages"] = [];
  const place = knowledge?.values.indexOf(value as number) ?? -1;
  const firstMs = knowledge?.knownMs[place]?.[nodes.indexOf(add.node)];
  if (firstMs === undefined || firstMs === null) return { learned, messages };
  type Learned = ValueAnomaly["learned"][number];
  const told: Learned = { party: add.node, ms: firstMs, from: null };
  const known = new Map([[add.node, told]]);
  const knows = (party: string, ms: number) =>
    // What services have isn't followed.
    !nodes.includes(party) ||
    (known.get(party)?.ms ?? Infinity) <= ms + precisionMs;
  // In the order of sending, all that a sender can have got by then is known.
  for (const row of knowledge?.carriers[place] ?? []) {
    const { src, dest, sentNs, receivedNs, lost, line } = journal[row]!;
    const sentMs = (sentNs - startNs) / msInNs;
    const receivedMs = receivedNs === undefined
      ? null
      : (receivedNs - startNs) / msInNs;
    // What reaches somebody who has the value changes nothing.
    if (
      !knows(src, sentMs) ||
      known.has(dest) && knows(dest, receivedMs ?? sentMs)
    ) {
      continue;
    }
    const { type } = JSON.parse(line).body;
    messages.push({
      ...{ src, dest, type, sentMs, receivedMs },
      ...(receivedMs === null && lost !== undefined && { lost }),
    });
    if (receivedMs === null) continue;
    known.set(dest, { party: dest, ms: receivedMs, from: src });
  }
  learned.push(told, ...[...known.values()].filter((each) => each !== told));
  learned.sort((a, b) => a.ms - b.ms);
  return { learned, messages };
}

/** Of each node's reads the first ones, and the last one. */
function telling<T extends { node: string }>(
  reads: readonly T[],
  nodes: readonly string[],
): T[] {
  const kept = new Set(nodes.flatMap((node) => {
    const own = reads.filter((read) => read.node === node);
    return [...own.slice(0, maxReads - 1), ...own.slice(-1)];
  }));
  return reads.filter((read) => kept.has(read));
}

/** The way in words. */
function tell(
  { value, fate, add, learned, reads }: ValueAnomaly,
  nodes: readonly string[],
  { missed, lost, faults, doubtful }: {
    /** The nodes that got it in messages that aren't known to carry values. */
    doubtful: readonly string[];
    /** The last read that should have shown it, and didn't. */
    missed?: { node: string; process: number; index: number };
    /** The faults that its messages fell victim to. */
    lost: readonly string[];
    faults: readonly FaultSpan[];
  },
): string[] {
  const lines = [
    `A client gave ${value} to ${add.node} at ${ms(add.invokedMs)}, and ${
      add.type === "ok"
        ? `was told at ${ms(add.completedMs!)} that it was in`
        : add.type === "invoke"
        ? "never heard of it again"
        : `was told: ${add.error ?? add.type}`
    }.`,
  ];
  const had = new Set(learned.map(({ party }) => party));
  const others = learned.filter(({ from }) => from !== null);
  const toldBy = others.slice(0, maxTold).map(({ party, from, ms: at }) =>
    `${party} from ${from} at ${ms(at)}`
  );
  if (toldBy.length > 0) {
    lines.push(`It reached ${list(toldBy, others.length - toldBy.length)}.`);
  } else if (learned.length > 0 && nodes.length > 1 && doubtful.length === 0) {
    lines.push("None of the messages that got to other nodes had it in it.");
  }
  lines.push(...lost);
  const without = nodes.filter((node) =>
    !had.has(node) && !doubtful.includes(node)
  );
  if (toldBy.length > 0 && without.length > 0) {
    lines.push(
      `None of the messages that got to ${
        list(without.slice(0, maxTold), without.length - maxTold)
      } had it in it.`,
    );
  }
  if (missed && fate !== "lost") {
    lines.push(
      `The last read that should have shown it, and didn't, was process ${missed.process}'s at ${missed.node} (operation ${missed.index}).`,
    );
  }
  const sinceMsOf = (node: string) =>
    learned.find(({ party }) => party === node)?.ms ?? 0;
  const lastOf = (node: string) => reads.findLast((read) => read.node === node);
  const blind = nodes.filter((node) =>
    had.has(node) && lastOf(node)?.shows === false
  );
  const isLate = (node: string) => sinceMsOf(node) > lastOf(node)!.invokedMs;
  const late = blind.filter(isLate);
  const gone = blind.filter((node) => !isLate(node));
  if (missed && late.length > 0) {
    lines.push(
      `When the last read began at ${
        list(late.slice(0, maxTold), late.length - maxTold)
      }, it hadn't arrived there.`,
    );
  }
  if (missed && gone.length > 0) {
    const told = gone.slice(0, maxTold).map((node) => {
      const sinceMs = sinceMsOf(node);
      const kill = faults.find((fault) =>
        fault.kind === "kill" && fault.startMs > sinceMs &&
        fault.nodes.includes(node)
      );
      return kill === undefined
        ? node
        : `${node} (killed at ${(kill.startMs / 1000).toFixed(2)} s)`;
    });
    lines.push(
      `${list(told, gone.length - maxTold)} had it, and ${
        gone.length === 1 ? "doesn't" : "don't"
      } show it at the end.`,
    );
  }
  return lines;
}

/** Tells what its messages fell victim to, each with those that did. */
function tellLost(
  { messages, value }: ValueAnomaly,
  { options, test: { nodes } }: Judgement,
  faults: readonly FaultSpan[],
): string[] {
  const missing = messages.filter(({ receivedMs }) => receivedMs === null);
  if (missing.length === 0) {
    return messages.length === 0
      ? []
      : [`None of the messages that carried ${value} was lost.`];
  }
  const causeOf = (message: ValueAnomaly["messages"][number]) => {
    if (message.lost === "chance") {
      return `lost ${tellChance(options)}`;
    }
    if (message.lost === undefined) {
      return "still on the way when the run ended";
    }
    const fault = faultThatCut(faults, message);
    if (message.lost === "kill") {
      return fault === undefined
        ? "lost, because their receiver was killed"
        : `lost in ${tellFault(fault, nodes)}`;
    }
    return fault === undefined
      ? "swallowed by a partition"
      : `swallowed by ${tellFault(fault, nodes)}`;
  };
  return [...Map.groupBy(missing, causeOf)].map(([cause, own]) => {
    const ways = [...Map.groupBy(own, (each) => `${each.src} to ${each.dest}`)]
      .map(([way, { length }]) =>
        length > 1 ? `${way} (${length} times)` : way
      );
    return `Messages with ${value} from ${
      list(ways.slice(0, maxTold), ways.length - maxTold)
    } were ${cause}.`;
  });
}

/** The most nodes that a sentence names. */
const maxTold = 6;

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}

function list(items: readonly string[], more: number): string {
  const all = more > 0 ? [...items, `${more} more`] : [...items];
  return all.length < 2
    ? all.join("")
    : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}
