/**
 * A judged run as lines for people.
 *
 * @module
 */
import { styleText } from "node:util";
import type { Quantiles } from "../checkers/quantiles.ts";
import { format, type FoundResults, type RunRecord } from "./record.ts";

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
  const [sign, verdict, style] = verdictOf(record);
  const line = [
    paint(style, sign),
    paint("bold", labelOf(id, options.workload).padEnd(labelWidth)),
    paint(style, verdict.padEnd("over limit".length)),
    `${results.stats?.count ?? "?"} ops`.padStart(9),
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

/** The verdict as a sign and in a word or two, and its colour. */
function verdictOf(
  { pass, crashed, results }: RunRecord,
): [sign: string, words: string, style: Style] {
  if (pass) return ["✓", "valid", "green"];
  if (crashed) return ["✗", "crashed", "red"];
  if (results["valid?"] === true) return ["✗", "over limit", "red"];
  if (results["valid?"] === "unknown") return ["?", "unknown", "yellow"];
  return ["✗", "invalid", "red"];
}

/** The figures that count, each with its limit where the run has one. */
function figures({ results, limits = [] }: RunRecord, paint: Paint): string[] {
  const withLimit = (label: string, text: string) => {
    const limit = limits.find((each) => each.label === label);
    const whole = text + (limit ? ` < ${limit.below}` : "").padEnd(7);
    return limit && !limit.within ? paint("red", whole) : whole;
  };
  const perOp = results.net ? format(messagesPerOp(results)) : "?";
  const latency = (label: string, point: string) => {
    const figure = latencyOf(results, point);
    return figure === undefined
      ? " ".repeat(label.length + 17)
      : withLimit(label, `${label} ${format(figure).padStart(6)} ms`);
  };
  return [
    withLimit("msgs/op", `${perOp.padStart(6)} msgs/op`),
    latency("median", "0.5"),
    latency("max", "1"),
  ];
}

/** How many messages the servers exchanged per operation. */
function messagesPerOp({ net }: FoundResults): number {
  return net?.servers["msgs-per-op"] ?? 0;
}

/** A quantile of the stable latencies, where the workload has such. */
function latencyOf(
  { workload }: FoundResults,
  point: string,
): number | undefined {
  return (workload?.["stable-latencies"] as Quantiles | undefined)?.[point];
}

/**
 * The same run by two judges: a row of figures for each, and the ratio of the
 * second's to the first's.
 */
export function comparison(
  first: RunRecord,
  second: RunRecord,
  paint: Paint,
): string {
  const both = [first, second];
  const columns: [title: string, (record: RunRecord) => Figure | undefined][] =
    [
      ["ops", ({ results: { stats } }) => stats && [stats.count]],
      ["msgs/op", ({ results }) => results.net && [messagesPerOp(results)]],
      ...latencyColumns.map(([title, point]): typeof columns[number] => [
        title,
        ({ results }) => {
          const ms = latencyOf(results, point);
          return ms === undefined ? undefined : [ms, " ms"];
        },
      ]),
      [
        "available",
        ({ results: { availability } }) =>
          availability && [availability["ok-fraction"] * 100, " %"],
      ],
      ["wall time", (record) => [record["wall-ms"] / 1000, " s"]],
    ];
  const engineWidth = Math.max(...both.map(({ engine }) => engine.length));
  const shown = columns.filter(([, pick]) => both.some(pick));
  const rows = [
    [
      `  ${labelOf(first.id, first.options.workload)}`,
      ...shown.map(([title]) => title),
    ],
    ...both.map((record) => {
      const [sign, words] = verdictOf(record);
      return [
        `${sign} ${record.engine.padEnd(engineWidth)}  ${words}`,
        ...shown.map(([, pick]) => {
          const figure = pick(record);
          return figure === undefined
            ? "?"
            : significant(figure[0]) + (figure[1] ?? "");
        }),
      ];
    }),
    [
      `  ${second.engine} / ${first.engine}`,
      ...shown.map(([, pick]) => {
        const [a, b] = both.map((record) => pick(record)?.[0]);
        // Nothing is no more and no less than nothing.
        if (a === 0 && b === 0) return "1";
        return a && b !== undefined ? significant(b / a) : "?";
      }),
    ],
  ];
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  const styles: Style[] = ["bold", verdictOf(first)[2], verdictOf(second)[2]];
  return rows.map((row, i) => {
    const line = row.map((cell, j) =>
      j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])
    ).join("  ");
    return styles[i] ? paint(styles[i], line) : line;
  }).join("\n");
}

/** Three digits that say something, and no power of ten. */
function significant(figure: number): string {
  return figure >= 100
    ? String(Math.round(figure))
    : String(Number(figure.toPrecision(3)));
}

type Figure = [value: number, unit?: string];

const latencyColumns = [
  ["median", "0.5"],
  ["95 %", "0.95"],
  ["99 %", "0.99"],
  ["max", "1"],
];

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
  const columns = [
    ["msgs/op", range(({ results }) => messagesPerOp(results))],
    ["median", range(({ results }) => latencyOf(results, "0.5"))],
    ["max", range(({ results }) => latencyOf(results, "1"))],
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
