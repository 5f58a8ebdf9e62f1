/**
 * Are all ids that were handed out different? After Jepsen's `unique-ids`
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/checker.clj).
 *
 * @module
 */
import { compareExact, identity } from "../sim/exact_json.ts";
import type { History } from "../load/history.ts";
import type { Findings } from "./validity.ts";

/** The findings of {@linkcode uniqueIds}. */
export interface UniqueIdsFindings extends Findings {
  "valid?": boolean;
  "attempted-count": number;
  "acknowledged-count": number;
  /** The number of different ids that were handed out more than once. */
  "duplicated-count": number;
  /** The most frequent of them, with their counts. */
  duplicated: { [id: string]: number } | [id: unknown, count: number][];
  /** The least and the greatest id. */
  range: [least: unknown, greatest: unknown];
}

const maxListed = 48;

/** Checks a history of `generate` operations. */
export function uniqueIds(history: History): UniqueIdsFindings {
  let attempted = 0;
  let acknowledged = 0;
  const counts = new Map<string, { id: unknown; count: number }>();
  for (const { f, type, value } of history) {
    if (f !== "generate") continue;
    if (type === "invoke") attempted++;
    else if (type === "ok") {
      acknowledged++;
      const key = identity(value);
      const entry = counts.get(key);
      if (entry) entry.count++;
      else counts.set(key, { id: value, count: 1 });
    }
  }
  let least: unknown = null;
  let greatest: unknown = null;
  for (const { id } of counts.values()) {
    if (id === null) continue; // Jepsen's range passes over it, too
    if (least === null || compareExact(id, least) < 0) least = id;
    if (greatest === null || compareExact(id, greatest) > 0) greatest = id;
  }
  const duplicated = [...counts.values()].filter(({ count }) => count > 1);
  // The most frequent; among those that came equally often, the greatest.
  const listed = duplicated
    .toSorted((a, b) => b.count - a.count || compareExact(b.id, a.id))
    .slice(0, maxListed)
    .sort((a, b) => compareExact(a.id, b.id))
    .map(({ id, count }): [unknown, number] => [id, count]);
  return {
    "valid?": duplicated.length === 0,
    "attempted-count": attempted,
    "acknowledged-count": acknowledged,
    "duplicated-count": duplicated.length,
    duplicated: listed.every(([id]) => typeof id === "string")
      ? Object.fromEntries(listed)
      : listed,
    range: [least, greatest],
  };
}
