/**
 * The mistake of a run, as something to draw: the part of it that explains the
 * verdict. The browser makes the drawing (see `../web/anomaly.ts`); this finds
 * what belongs in it.
 *
 * @module
 */
import { msInNs } from "../../workbench/sim/clock.ts";
import type { Judgement } from "../../workbench/judge.ts";
import { involvesClient } from "../../workbench/sim/network.ts";
import { workloadOf } from "../../workbench/workloads/mod.ts";
import { type CounterAnomaly, counterAnomaly } from "./anomalies/counter.ts";
import { type LogAnomaly, logAnomaly } from "./anomalies/log.ts";
import {
  lateValue,
  lostValue,
  type ValueAnomaly,
} from "./anomalies/lost_value.ts";
import { type NodeAnomaly, nodeAnomaly } from "./anomalies/node.ts";
import {
  duplicateId,
  type OperationsAnomaly,
  wrongEcho,
  wrongMembers,
} from "./anomalies/operations.ts";
import { type RegisterAnomaly, registerAnomaly } from "./anomalies/register.ts";
import {
  logCycle,
  type TransactionsAnomaly,
  transactionsAnomaly,
} from "./anomalies/transactions.ts";
import {
  faultsBetween,
  type FaultSpan,
  tellChance,
  tellFault,
} from "./faults.ts";
import type { Told } from "./anomalies/told.ts";
import type { Knowledge } from "./knowledge.ts";

/** The circumstances in which it happened. */
export interface Circumstances {
  /** The faults that the words name, and that a drawing shades. */
  faults: FaultSpan[];
}

/** Something to draw. It survives JSON. */
export type Anomaly =
  & Told
  & Circumstances
  & (
    | TransactionsAnomaly
    | ValueAnomaly
    | RegisterAnomaly
    | CounterAnomaly
    | LogAnomaly
    | OperationsAnomaly
    | NodeAnomaly
  );

/** Without its circumstances. */
type Found = Anomaly extends infer Each
  ? Each extends Circumstances ? Omit<Each, "faults"> : never
  : never;

/** The sources beside the run by which an anomaly is looked for. */
interface Settings {
  /** Each node's knowledge of values, with times. */
  knowledge?: Knowledge;
  faults?: readonly FaultSpan[];
  /** True if a valid run shows the value that took longest. */
  late?: boolean;
}

/**
 * Finds the part of a judged run that its page can draw, with the faults that
 * concern it.
 */
export function anomalyOf(
  judgement: Judgement,
  settings: Settings = {},
): Anomaly | undefined {
  const found = find(judgement, settings);
  return found && withCircumstances(found, judgement, settings.faults ?? []);
}

function find(
  judgement: Judgement,
  { knowledge, faults = [], late = false }: Settings,
): Found | undefined {
  // As in the reason: what a node must never do comes before all else.
  const ofNode = nodeAnomaly(judgement);
  if (ofNode) return ofNode;
  const { drawing } = workloadOf(judgement);
  if (judgement.results.workload["valid?"] === true) {
    return late && drawing.kind === "value"
      ? lateValue(judgement, { words: drawing.words, knowledge, faults })
      : undefined;
  }
  switch (drawing.kind) {
    case "echo":
      return wrongEcho(judgement);
    case "id":
      return duplicateId(judgement);
    case "value":
      return lostValue(judgement, { words: drawing.words, knowledge, faults });
    case "counter":
      return counterAnomaly(judgement);
    case "register":
      return registerAnomaly(judgement);
    case "members":
      return wrongMembers(judgement);
    case "log":
      return logCycle(judgement) ?? logAnomaly(judgement);
    case "transactions":
      return transactionsAnomaly(judgement, drawing.writeF);
    default:
      return drawing satisfies never;
  }
}

/**
 * Adds the faults in force at the time. They may not be the cause; only a value
 * whose messages were followed says itself what they fell victim to.
 */
function withCircumstances(
  found: Found,
  judgement: Judgement,
  faults: readonly FaultSpan[],
): Anomaly {
  const span = spanOf(found);
  if (span === undefined) return { ...found, faults: [] } as Anomaly;
  const own = faultsBetween(faults, ...span);
  if (found.kind === "value") {
    // Who had it may have lost it later.
    const kills = faults.filter((fault) =>
      fault.kind === "kill" && fault.startMs > span[1] &&
      found.learned.some(({ party, ms }) =>
        ms < fault.startMs && fault.nodes.includes(party)
      )
    );
    return { ...found, faults: [...own, ...kills] } as Anomaly;
  }
  const told = own.slice(0, maxTold).map((fault) =>
    `In force meanwhile: ${tellFault(fault, judgement.test.nodes)}.`
  );
  const more = own.length - told.length;
  return {
    ...found,
    story: [
      ...found.story,
      ...told,
      ...(more > 0 ? [`So were ${more} more.`] : []),
      ...tellLosses(judgement, span),
    ],
    faults: own,
  } as Anomaly;
}

/** The most faults that the words name. */
const maxTold = 3;

/** The time that an anomaly is about; `undefined` if it's about a node alone. */
function spanOf(found: Found): [fromMs: number, toMs: number] | undefined {
  switch (found.kind) {
    case "node":
      return undefined;
    case "value": {
      const { add, messages, momentMs } = found;
      const ends = messages.map(({ sentMs, receivedMs }) =>
        receivedMs ?? sentMs
      );
      return [momentMs, Math.max(add.completedMs ?? momentMs, ...ends)];
    }
    case "counter":
      return [0, found.momentMs];
    case "log":
      return covering(
        found.rows.filter(({ marked }) => marked),
        found.momentMs,
      );
    case "transactions":
      return covering(found.transactions, found.momentMs);
    default:
      return covering(found.operations, found.momentMs);
  }
}

function covering(
  spans: readonly { invokedMs: number; completedMs: number | null }[],
  momentMs: number,
): [fromMs: number, toMs: number] {
  return [
    Math.min(momentMs, ...spans.map(({ invokedMs }) => invokedMs)),
    Math.max(
      momentMs,
      ...spans.map(({ invokedMs, completedMs }) => completedMs ?? invokedMs),
    ),
  ];
}

/**
 * Tells how many messages between servers were lost in a span of time, and to
 * what.
 */
function tellLosses(
  { journal, startNs, options }: Judgement,
  [fromMs, toMs]: readonly [number, number],
): string[] {
  const lost = journal.filter(({ sentNs, receivedNs, lost, ...ends }) => {
    const ms = (sentNs - startNs) / msInNs;
    return receivedNs === undefined && lost !== undefined &&
      !involvesClient(ends) && fromMs <= ms && ms <= toMs;
  });
  if (lost.length === 0) return [];
  const causeWords = {
    partition: "to partitions",
    kill: "because their receiver was killed",
    chance: tellChance(options),
  };
  const causes = [...Map.groupBy(lost, ({ lost }) => causeWords[lost!])]
    .map(([words, { length }]) =>
      length === lost.length ? words : `${length} ${words}`
    );
  return [
    `Of the messages between nodes that were sent meanwhile, ${lost.length} ${
      lost.length === 1 ? "was" : "were"
    } lost${causes.length > 1 ? ":" : ""} ${causes.join(" and ")}.`,
  ];
}
