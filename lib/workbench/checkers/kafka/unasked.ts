/**
 * Polls that brought what they hadn't asked for: messages of keys that the client
 * wasn't assigned. Maelstrom's clients take them, and poll such a key themselves
 * from then on; its checker judges them as any other.
 *
 * @module
 */
import type { Process } from "../../load/history.ts";
import { inner, newSet } from "../inner.ts";
import {
  assignedKeys,
  type Observations,
  type OpSummary,
  summary,
} from "./observations.ts";

/** A poll that brought messages of a key that it hadn't asked for. */
export interface Unasked {
  key: string;
  op: OpSummary;
}

/** Finds the polls that first brought a key to a client that hadn't asked. */
export function unaskedPolls({ all }: Observations): Unasked[] {
  const asked = new Map<Process, Set<string>>();
  const found: Unasked[] = [];
  for (const observation of all) {
    const { op, polls, polledKeys } = observation;
    if (op.type !== "ok") continue;
    // A client that subscribes to topics gets the keys in them.
    if (op.f === "subscribe") return [];
    if (op.f === "assign") asked.set(op.process, new Set(assignedKeys(op)));
    const keys = inner(asked, op.process, newSet<string>);
    for (const { key } of polls) {
      if (!keys.has(key)) found.push({ key, op: summary(observation) });
    }
    for (const key of polledKeys) keys.add(key);
  }
  return found;
}
