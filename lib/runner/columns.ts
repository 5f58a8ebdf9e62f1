/**
 * The columns of the README's tables: a figure of one run, or of many seeds.
 *
 * @module
 */
import type { Column, RunRow } from "../../challenges/figures.ts";
import { format } from "../report/format.ts";
import type { RunRecord } from "../report/record.ts";
import { significant, verdictOf } from "../report/terminal.ts";
import { defaultNodeCount } from "../workbench/options.ts";
import type { Quantiles } from "../workbench/checkers/quantiles.ts";

/** A run that was judged, and how long its operations took. */
export interface Outcome {
  record: RunRecord;
  /** The latencies of operations that succeeded, in milliseconds. */
  latencies?: Quantiles;
  /** The length of all messages between servers, where it's known. */
  serverBytes?: number;
}

/** Returns the words after `deno task run` that give the figures of a row. */
export function commandOf(
  { run, options = {}, args = [], seeds }: RunRow,
): string {
  return [
    run,
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...(seeds === undefined ? [] : ["--seeds", `1..${seeds}`]),
    ...(args.length > 0 ? ["--", ...args] : []),
  ].join(" ");
}

/** Writes what a table shows of the outcomes of a row. */
export function cellText(
  column: Column,
  outcomes: readonly Outcome[],
): string {
  if (isTextColumn(column)) return texts[column](outcomes);
  const { unit = "" } = numbers[column];
  // A clock's figures have more digits than anybody wants to see.
  const shown = spread(outcomes, column)
    .map(unit === "ms" ? significant : format);
  if (shown.length === 0) return "";
  const range = new Set(shown).size === 1 ? shown[0] : shown.join(" – ");
  return `${range} ${unit}`.trim();
}

/** The least, the median and the most of a figure, where runs have it. */
export function spread(
  outcomes: readonly Outcome[],
  column: NumberColumn,
): number[] {
  const all = outcomes.map(numbers[column].of)
    .filter((each) => each !== undefined)
    .sort((a, b) => a - b);
  return [all.at(0), all[all.length >> 1], all.at(-1)]
    .filter((each) => each !== undefined);
}

type TextColumn = "verdict" | "anomalies";
/** A column of figures. */
export type NumberColumn = Exclude<Column, TextColumn>;

/** Tells whether a column is said in words. */
export function isTextColumn(column: string): column is TextColumn {
  return column in texts;
}

/** Columns that are said in words. */
const texts: {
  [column in TextColumn]: (outcomes: readonly Outcome[]) => string;
} = {
  verdict(outcomes) {
    const [first, ...others] = outcomes.map(({ record }) => record);
    if (first && others.length === 0) return verdictOf(first)[1];
    const passed = outcomes.filter(({ record }) => record.pass).length;
    return `${passed} of ${outcomes.length}`;
  },
  anomalies: (outcomes) =>
    [
      ...new Set(
        outcomes.flatMap(({ record }) =>
          record.results.workload?.["anomaly-types"] as string[] ?? []
        ),
      ),
    ].join(", "),
};

/** Columns that are numbers. */
const numbers: {
  [column in NumberColumn]: {
    of(outcome: Outcome): number | undefined;
    unit?: string;
  };
} = {
  ops: { of: ({ record }) => record.results.stats?.count },
  available: {
    of: (outcome) =>
      scaled(100, outcome.record.results.availability?.["ok-fraction"]),
    unit: "%",
  },
  lost: { of: finding("lost-count") },
  "msgs/op": {
    of: ({ record }) => record.results.net?.servers["msgs-per-op"],
  },
  "bytes/op": {
    of({ record: { results }, serverBytes }) {
      const { count: ops = 0 } = results.stats ?? {};
      return serverBytes && Math.round(serverBytes / Math.max(1, ops));
    },
  },
  "syncs/op": {
    of({ record: { results } }) {
      const { "ok-count": answered = 0 } = results.stats ?? {};
      return (results.nodes?.["sync-count"] ?? 0) / Math.max(1, answered);
    },
  },
  median: { of: finding("stable-latencies", "0.5"), unit: "ms" },
  max: { of: finding("stable-latencies", "1"), unit: "ms" },
  "operation median": { of: ({ latencies }) => latencies?.["0.5"], unit: "ms" },
  "operation max": { of: ({ latencies }) => latencies?.["1"], unit: "ms" },
  "worst lag": {
    of: (outcome) =>
      scaled(1000, finding("worst-realtime-lag", "lag")(outcome)),
    unit: "ms",
  },
  noticed: { of: finding("detection-latencies", "0.5"), unit: "ms" },
  "by all": { of: finding("dissemination-latencies", "0.5"), unit: "ms" },
  "false alarms/h": {
    of(outcome) {
      const found = finding("false-alarms-per-hour")(outcome);
      return found === undefined ? undefined : Math.round(found);
    },
  },
  "msgs/node/s": {
    of(outcome) {
      const { results: { net }, options } = outcome.record;
      const durationMs = finding("duration-ms")(outcome);
      const nodes = options["node-count"] ?? defaultNodeCount;
      return net && durationMs &&
        net.servers["msg-count"] / nodes / (durationMs / 1000);
    },
  },
};

function scaled(factor: number, figure?: number): number | undefined {
  return figure === undefined ? undefined : figure * factor;
}

/** Picks a number of what the workload's checker found. */
function finding(...path: string[]) {
  return ({ record }: Outcome): number | undefined => {
    let value: unknown = record.results.workload;
    for (const key of path) {
      value = (value as { [key: string]: unknown } | undefined)?.[key];
    }
    return typeof value === "number" ? value : undefined;
  };
}
