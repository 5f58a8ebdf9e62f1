/**
 * A judged run as lines for people.
 *
 * @module
 */
import { styleText } from "node:util";
import { format, type Measured, type Record } from "./record.ts";

type Style = Parameters<typeof styleText>[0];

/** Styles text, or leaves it plain. */
export type Paint = (style: Style, text: string) => string;

/** Colours, unless the reader isn't a terminal or doesn't want them. */
export function painter(colours: boolean): Paint {
  return colours
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
}

/**
 * What a run came to, in one line; if it didn't pass, why, and how to see it
 * again, in some more.
 *
 * @param settings `replay` is the command that repeats the run, `folder` where
 * it is kept.
 */
export function summary(
  record: Record,
  { paint, replay, folder }: { paint: Paint; replay: string; folder: string },
): string {
  const { id, options, pass, reason, results, limits = [] } = record;
  const validity = results["valid?"];
  const [sign, verdict, style]: [string, string, Style] = pass
    ? ["✓", "valid", "green"]
    : validity === true
    ? ["✗", "over limit", "red"]
    : validity === "unknown"
    ? ["?", "unknown", "yellow"]
    : ["✗", "invalid", "red"];
  const others = [
    perOperation(record, limits),
    ...latencies(record, limits),
  ];
  const line = [
    paint(style, sign),
    paint("bold", id.padEnd(idWidth)),
    options.workload.padEnd(workloadWidth),
    paint(style, verdict.padEnd(verdictWidth)),
    `${results.stats.count} ops`.padStart(opsWidth),
    ...others,
    paint("dim", `${(record["wall-ms"] / 1000).toFixed(1)} s`.padStart(8)),
  ].join("  ").trimEnd();
  if (pass) return line;
  return [
    line,
    ...(reason ?? "no reason is known").split("\n").map((each) =>
      `    ${each}`
    ),
    paint("dim", `    again: ${replay}`),
    paint("dim", `    more:  ${folder}`),
  ].join("\n");
}

const idWidth = 3;
const workloadWidth = 10;
const verdictWidth = 10;
const opsWidth = 9;

function perOperation(record: Record, limits: readonly Measured[]): string {
  const limit = limits.find(({ label }) => label === "msgs/op");
  const figure = record.results.net.servers["msgs-per-op"] ?? 0;
  return column(`${figure.toFixed(2)} msgs/op`, limit, 14);
}

function latencies(record: Record, limits: readonly Measured[]): string[] {
  const quantiles = record.results.workload["stable-latencies"] as
    | { [point: string]: number }
    | undefined;
  if (quantiles === undefined) return [];
  return [["median", "0.5"], ["max", "1"]].map(([label, point]) =>
    column(
      `${label} ${format(quantiles[point])}`,
      limits.find((limit) => limit.label === label),
      label.length + 6,
      " ms",
    )
  );
}

/** A figure, and its limit behind it where there is one. */
function column(
  text: string,
  limit: Measured | undefined,
  width: number,
  unit = "",
): string {
  const bound = limit ? ` < ${limit.below}` : "";
  return `${text.padStart(width)}${bound}${unit}`;
}

/** The sum of it all, in one line. */
export function total(records: readonly Record[], paint: Paint): string {
  const passed = records.filter(({ pass }) => pass).length;
  const failed = records.length - passed;
  return failed === 0
    ? paint("green", `All ${plural(passed)} passed.`)
    : paint("red", `${failed} of ${plural(records.length)} did not pass.`);
}

function plural(count: number): string {
  return count === 1 ? "1 run" : `${count} runs`;
}
