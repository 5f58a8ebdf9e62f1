/**
 * A row of the table of runs: the data that the server sends, and the filtering
 * and sorting of rows. Both sides import this.
 *
 * @module
 */

/** The outcomes of a run, in the words that the table shows. */
export const verdicts = [
  "valid",
  "over limit",
  "invalid",
  "unknown",
  "crashed",
  "in progress",
  "interrupted",
  "unreadable",
] as const;

/** A run of the store. What isn't known of it is absent. */
export interface Row {
  /** Its folder in the store: `3c/20261123T092403.847Z`. */
  path: string;
  /** The official run, such as `"3c"`; else the workload. */
  run: string;
  verdict: typeof verdicts[number];
  /** The first mistake, or how far it is, in words. */
  reason?: string;
  workload?: string;
  ops?: number;
  msgsPerOp?: number;
  medianMs?: number;
  maxMs?: number;
  /** The labels of the limits that weren't kept. */
  over?: string[];
  engine?: string;
  seed?: number;
  /** The program that was judged, unless it was ours, and its arguments. */
  node?: string;
  /** The options that aren't the defaults, as the command line has them. */
  options?: string;
  /** The time at which it began, in ISO 8601. */
  when: string;
  durationMs?: number;
  /** True if it has a page, which can be compared with another's. */
  hasPage: boolean;
}

/** The columns that rows are ordered by. */
export type Key = Exclude<
  keyof Row,
  "path" | "reason" | "options" | "over" | "hasPage"
>;

/** An order of rows. */
export interface Order {
  key: Key;
  descending: boolean;
}

/**
 * Tells whether a row is one that the reader looks for.
 *
 * @param words every one of them has to be found in one of the row's texts.
 * @param verdict a verdict, or `""` for all.
 */
export function matches(row: Row, words: string, verdict: string): boolean {
  if (verdict !== "" && row.verdict !== verdict) return false;
  const { path, run, workload, engine, node, options, reason, seed } = row;
  const text = [
    path,
    run,
    row.verdict,
    workload,
    engine,
    node,
    options,
    reason,
    ...(seed === undefined ? [] : [`seed ${seed}`]),
  ].join("\n").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const collator = new Intl.Collator("en", { numeric: true });

/** Sorts rows: unknown values come last, and equal ones newest first. */
export function ordered(
  rows: readonly Row[],
  { key, descending }: Order,
): Row[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === undefined || y === undefined) {
      if (x !== y) return x === undefined ? 1 : -1;
    } else {
      const difference = typeof x === "number" && typeof y === "number"
        ? x - y
        : collator.compare(String(x), String(y));
      if (difference !== 0) return sign * difference;
    }
    return collator.compare(b.when, a.when) || collator.compare(a.path, b.path);
  });
}

/** A run's path as it stands in an address: a folder may have any name. */
export function escapedPath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
