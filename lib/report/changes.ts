/**
 * The difference between two judgements of the same run, in words: for somebody
 * who has changed the program in between.
 *
 * @module
 */
import { neverSucceeded } from "../workbench/checkers/stats.ts";
import { format } from "./format.ts";
import type { FoundResults, RunRecord } from "./record.ts";
import { SeedRanges } from "./seeds.ts";
import { latencyOf, messagesPerOp, verdictOf } from "./terminal.ts";

/** The records of a run before and after a change. */
type Pair = readonly [before: RunRecord, after: RunRecord];

/** The figures that are compared. */
const figures: readonly {
  label: string;
  unit?: string;
  pick(results: FoundResults): number | undefined;
}[] = [
  { label: "ops", pick: ({ stats }) => stats?.count },
  {
    label: "msgs/op",
    pick: (results) => results.net && messagesPerOp(results),
  },
  { label: "median", unit: "ms", pick: (results) => latencyOf(results, "0.5") },
  { label: "max", unit: "ms", pick: (results) => latencyOf(results, "1") },
  {
    label: "available",
    unit: "%",
    pick: ({ availability }) =>
      availability && availability["ok-fraction"] * 100,
  },
];

/**
 * Says what is different about a run since it was judged before: the verdict,
 * the figures, and the anomalies; of many seeds, which pass and fail.
 *
 * @param before records of one seed, or of several.
 * @param after those of the same seeds.
 * @returns `undefined` if nothing was judged both times.
 */
export function changes(
  before: readonly RunRecord[],
  after: readonly RunRecord[],
): string | undefined {
  const pairs = after.flatMap((record) => {
    const former = before.find(({ seed }) => seed === record.seed);
    return former === undefined ? [] : [[former, record] as const];
  });
  const [first, ...others] = pairs;
  if (first === undefined) return undefined;
  const parts = others.length > 0 ? ofSeeds(pairs) : ofRun(first);
  return parts.length > 0 ? parts.join("; ") : "none";
}

function ofRun([before, after]: Pair): string[] {
  const [was, is] = [before, after].map((each) => verdictOf(each)[1]);
  const [old, found] = [before, after].map(({ results }) => anomalies(results));
  return [
    ...(was === is ? [] : [`${was} → ${is}`]),
    ...listed("new:", found!.difference(old!)),
    ...listed("gone:", old!.difference(found!)),
    ...moved(({ pick }) => [before, after].map(({ results }) => pick(results))),
  ];
}

/** Tells which figures aren't what they were, of those that there still are. */
function moved(
  values: (figure: typeof figures[number]) => (number | undefined)[],
): string[] {
  return figures.flatMap((figure) => {
    const both = values(figure).flatMap((value) =>
      value === undefined ? [] : format(value)
    );
    const { label, unit = "" } = figure;
    return both.length < 2 || both[0] === both[1]
      ? []
      : [`${label} ${both.join(" → ")} ${unit}`.trimEnd()];
  });
}

function ofSeeds(pairs: readonly Pair[]): string[] {
  const seeds = (pick: (pair: Pair) => boolean) =>
    `${new SeedRanges(pairs.filter(pick).map(([{ seed = 0 }]) => seed))}`;
  const median = (values: number[]) =>
    values.sort((a, b) => a - b)[values.length >> 1];
  return [
    ...told(
      "now passing: seeds",
      seeds(([before, after]) => !before.pass && after.pass),
    ),
    ...told(
      "now failing: seeds",
      seeds(([before, after]) => before.pass && !after.pass),
    ),
    ...moved(({ pick }) =>
      ([0, 1] as const).map((which) =>
        median(pairs.flatMap((pair) => pick(pair[which].results) ?? []))
      )
    ),
  ];
}

function listed(title: string, names: ReadonlySet<string>): string[] {
  return told(title, [...names].join(", "));
}

function told(title: string, text: string): string[] {
  return text === "" ? [] : [`${title} ${text}`];
}

/**
 * The findings of checkers that are a list, or a count, of what is wrong; under
 * Jepsen's names.
 */
const lists = ["lost", "duplicated", "errors", "failures", "unexpected"];

/** Names all that is wrong with a run. */
function anomalies(
  { workload = { "valid?": true }, nodes, stats }: FoundResults,
): Set<string> {
  const types = workload["anomaly-types"] ?? workload["bad-error-types"];
  const isThere = (value: unknown) =>
    Array.isArray(value) ? value.length > 0 : Number(value) > 0;
  return new Set([
    ...(nodes?.errors ?? []).map(({ kind }) => kind),
    ...(Array.isArray(types) ? types : []),
    ...lists.filter((name) =>
      isThere(workload[`${name}-count`] ?? workload[name])
    ),
    ...(stats ? neverSucceeded(stats) : []).map(([f]) => `no ${f} succeeds`),
  ]);
}
