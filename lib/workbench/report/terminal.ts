/**
 * A judged run as lines for people.
 *
 * @module
 */
import { styleText } from "node:util";
import type { Quantiles } from "../checkers/quantiles.ts";
import { format, type RunRecord } from "./record.ts";

type Style = Parameters<typeof styleText>[0];

/** Styles text, or leaves it plain. */
export type Paint = (style: Style, text: string) => string;

/** Colours, unless the reader isn't a terminal or doesn't want them. */
export function painter(colours: boolean): Paint {
  return colours
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
}

/** What stands for a run at the beginning of its line. */
export function labelOf(id: string, workload: string): string {
  return id === workload ? id : `${id.padEnd(3)} ${workload}`;
}

/**
 * What a run came to, in one line; if it didn't pass, why, and how to see it
 * again, in some more.
 *
 * @param settings `replay` is the command that repeats the run, `folder` where
 * it is kept, `labelWidth` the length of the longest label in the list.
 */
export function summary(
  record: RunRecord,
  { paint, replay, folder, labelWidth }: {
    paint: Paint;
    replay: string;
    folder: string;
    labelWidth: number;
  },
): string {
  const { id, options, pass, reason, results } = record;
  const validity = results["valid?"];
  const [sign, verdict, style]: [string, string, Style] = pass
    ? ["✓", "valid", "green"]
    : validity === true
    ? ["✗", "over limit", "red"]
    : validity === "unknown"
    ? ["?", "unknown", "yellow"]
    : ["✗", "invalid", "red"];
  const line = [
    paint(style, sign),
    paint("bold", labelOf(id, options.workload).padEnd(labelWidth)),
    paint(style, verdict.padEnd("over limit".length)),
    `${results.stats.count} ops`.padStart(9),
    ...figures(record, paint),
    paint("dim", `${(record["wall-ms"] / 1000).toFixed(1)} s`.padStart(6)),
  ].join("  ");
  if (pass) return line;
  return [
    line,
    ...(reason ?? "no reason is known").split("\n")
      .map((each) => `    ${each}`),
    paint("dim", `    again: ${replay}`),
    paint("dim", `    more:  ${folder}`),
  ].join("\n");
}

/** The figures that count, each with its limit where the run has one. */
function figures({ results, limits = [] }: RunRecord, paint: Paint): string[] {
  const withLimit = (label: string, text: string) => {
    const limit = limits.find((each) => each.label === label);
    const whole = text + (limit ? ` < ${limit.below}` : "").padEnd(7);
    return limit && !limit.within ? paint("red", whole) : whole;
  };
  const perOp = results.net.servers["msgs-per-op"] ?? 0;
  const latencies = results.workload["stable-latencies"] as
    | Quantiles
    | undefined;
  const latency = (label: string, point: string) => {
    const figure = latencies && format(latencies[point]);
    return figure === undefined
      ? " ".repeat(label.length + 17)
      : withLimit(label, `${label} ${figure.padStart(6)} ms`);
  };
  return [
    withLimit("msgs/op", `${format(perOp).padStart(6)} msgs/op`),
    latency("median", "0.5"),
    latency("max", "1"),
  ];
}

/**
 * What a run came to with many seeds, in one line: how many passed, and its
 * figures as least, median and most.
 */
export function summaryOfSeeds(
  records: readonly RunRecord[],
  { paint, labelWidth }: { paint: Paint; labelWidth: number },
): string {
  const [{ id, options }] = records;
  const passed = records.filter(({ pass }) => pass).length;
  const ok = passed === records.length;
  const range = (pick: (record: RunRecord) => number | undefined) => {
    const all = records.map(pick).filter((each) => each !== undefined)
      .sort((a, b) => a - b);
    return all.length === 0
      ? undefined
      : [all[0], all[all.length >> 1], all.at(-1)!].map(format).join(" – ");
  };
  const quantile = (point: string) => ({ results }: RunRecord) =>
    (results.workload["stable-latencies"] as Quantiles | undefined)?.[point];
  const columns = [
    ["msgs/op", range(({ results }) => results.net.servers["msgs-per-op"])],
    ["median", range(quantile("0.5"))],
    ["max", range(quantile("1"))],
  ].filter(([, figures]) => figures !== undefined);
  return [
    paint(ok ? "green" : "red", ok ? "✓" : "✗"),
    paint("bold", labelOf(id, options.workload).padEnd(labelWidth)),
    paint(
      ok ? "green" : "red",
      `${passed} of ${plural(records.length, "seed")}`,
    ),
    ...columns.map(([label, figures]) => `${label} ${figures}`),
  ].join("  ");
}

/** The sum of it all, in one line. */
export function total(records: readonly RunRecord[], paint: Paint): string {
  const passed = records.filter(({ pass }) => pass).length;
  const failed = records.length - passed;
  return failed === 0
    ? paint("green", `All ${plural(passed, "run")} passed.`)
    : paint(
      "red",
      `${failed} of ${plural(records.length, "run")} did not pass.`,
    );
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
