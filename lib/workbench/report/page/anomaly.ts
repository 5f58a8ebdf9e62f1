/**
 * What went wrong in a run, as something to draw: the part of it that shows
 * why the verdict is what it is. The browser makes the drawing (see
 * `client/anomaly.ts`); here is found what belongs in it.
 *
 * @module
 */
import type { Judgement } from "../../judge.ts";
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
} from "./anomalies/operations.ts";
import { type RegisterAnomaly, registerAnomaly } from "./anomalies/register.ts";
import {
  logCycle,
  type TransactionsAnomaly,
  transactionsAnomaly,
} from "./anomalies/transactions.ts";
import type { Knowledge } from "./knowledge.ts";

/** What all anomalies have: their words, and their place in time. */
export interface Told {
  /** What it is, in a line. */
  title: string;
  /** What happened, in the order in which it's best understood. */
  story: string[];
  /** When it shows, in milliseconds since the run began. */
  momentMs: number;
}

/** Something to draw. It survives JSON. */
export type Anomaly =
  & Told
  & (
    | TransactionsAnomaly
    | ValueAnomaly
    | RegisterAnomaly
    | CounterAnomaly
    | LogAnomaly
    | OperationsAnomaly
    | NodeAnomaly
  );

/**
 * Finds in a judged run what its page can draw.
 *
 * @param settings `knowledge` is who knew which value when; with `late`, a run
 * that is valid but too slow shows the value that took longest.
 */
export function anomalyOf(
  judgement: Judgement,
  { knowledge, late = false }: { knowledge?: Knowledge; late?: boolean } = {},
): Anomaly | undefined {
  // As in the reason: what a node must never do comes before all else.
  const ofNode = nodeAnomaly(judgement);
  if (ofNode) return ofNode;
  if (judgement.results.workload["valid?"] === true) {
    return late ? lateValue(judgement, knowledge) : undefined;
  }
  switch (judgement.options.workload) {
    case "echo":
      return wrongEcho(judgement);
    case "unique-ids":
      return duplicateId(judgement);
    case "broadcast":
    case "g-set":
      return lostValue(judgement, knowledge);
    case "g-counter":
    case "pn-counter":
      return counterAnomaly(judgement);
    case "lin-kv":
      return registerAnomaly(judgement);
    case "kafka":
      return logCycle(judgement) ?? logAnomaly(judgement);
    case "txn-list-append":
    case "txn-rw-register":
      return transactionsAnomaly(judgement);
  }
}
