/**
 * A judged run as lines for people.
 *
 * Lines are made of cells, and become text in {@linkcode render} alone: it
 * turns styles into codes that a terminal obeys, and makes sure that it obeys
 * nothing else.
 *
 * @module
 */
import { styleText } from "node:util";
import type { Quantiles } from "../workbench/checkers/quantiles.ts";
import type { SetFullFindings } from "../workbench/checkers/set_full.ts";
import { msInNs } from "../workbench/sim/clock.ts";
import {
  maxLateMs,
  noticeableMs,
  tellLateness,
} from "../workbench/sim/lateness.ts";
import { type History, pairs } from "../workbench/load/history.ts";
import { format } from "./format.ts";
import type { FoundResults, Limit, RunRecord } from "./record.ts";
import { seedAt, type Seeds } from "./seeds.ts";
import { visible } from "./visible.ts";

type Style = Parameters<typeof styleText>[0];

/** A text, and how it's to look. */
export type Cell = readonly [text: string, style?: Style];

/** A line: cells, side by side. */
export type Line = readonly Cell[];

/** Makes text of lines, with colours or plain. */
export function render(lines: readonly Line[], colours: boolean): string {
  return lines.map((line) =>
    line.map(([text, style]) =>
      colours && style
        ? styleText(style, visible(text), { validateStream: false })
        : visible(text)
    ).join("")
  ).join("\n");
}

/** Returns the label of a run at the beginning of its line. */
export function labelOf(id: string, workload: string): string {
  return id === workload ? id : `${id.padEnd(3)} ${workload}`;
}

/** The layout of the lines of a list, so that they stand in columns. */
export interface Layout {
  /** The length of the longest label. */
  label: number;
  /** The length of the longest seed; 0 if there aren't several. */
  seed: number;
  /** The length of the longest limit for a figure, by the figure's label. */
  limits: { [label: string]: number };
  /** The number of characters in a line. */
  columns: number;
}

/**
 * Lays out a list of runs.
 *
 * @param columns the number of characters in a line.
 */
export function layoutOf(
  runs: readonly {
    id: string;
    options: { workload: string };
    limits?: readonly Limit[];
    seeds?: Seeds;
  }[],
  columns = Infinity,
): Layout {
  const limits: Layout["limits"] = {};
  for (const limit of runs.flatMap(({ limits = [] }) => limits)) {
    const { label } = limit;
    limits[label] = Math.max(limits[label] ?? 0, limitText(limit).length);
  }
  return {
    label: Math.max(
      ...runs.map(({ id, options }) => labelOf(id, options.workload).length),
    ),
    seed: Math.max(
      ...runs.map(({ seeds }) =>
        seeds !== undefined && seeds.length > 1
          ? seedText(seedAt(seeds, seeds.length - 1)).length
          : 0
      ),
    ),
    limits,
    columns,
  };
}

/** Tells a seed, if there is one. */
function seedText(seed: number | undefined): string {
  return seed === undefined ? "" : `seed ${seed}`;
}

/**
 * Sums up a run in one line; if it didn't pass, why, and how to see it again,
 * in some more.
 *
 * @param settings `replay` is the command that repeats the run, `folder` where
 * it is kept, if it is, `latencies` how the latencies of its operations are distributed.
 */
export function summary(
  record: RunRecord,
  { replay, folder, layout, latencies = "" }: {
    replay: string;
    folder?: string;
    layout: Layout;
    latencies?: string;
  },
): Line[] {
  const { id, options, pass, reason, results } = record;
  const [sign, verdict, style] = verdictOf(record);
  const lines = inColumns([
    [`${sign}  ${labelOf(id, options.workload).padEnd(layout.label)}`, [
      style,
      "bold",
    ]],
    ...layout.seed === 0
      ? []
      : [[seedText(record.seed).padEnd(layout.seed)] satisfies Cell],
    [verdict.padEnd("invalid".length), style],
    [`${results.stats?.count ?? "?"} ops`.padStart(9)],
    messages(record, layout),
    [latencies.padEnd(latencyEdgesMs.length + 1), "cyan"],
    [`${(record["wall-ms"] / 1000).toFixed(1)} s`.padStart(6), "dim"],
    ...workloadLatencies(record, layout),
  ], layout.columns);
  const note = noteOn(record);
  const notes = note === undefined ? [] : words(note, layout.columns, "yellow");
  if (pass) return [...lines, ...notes];
  return [
    ...lines,
    ...(reason ?? "no reason is known").split("\n")
      .flatMap((each) => words(each, layout.columns)),
    ...notes,
    // Commands and paths are there to be copied: in one piece.
    [[`    again: ${replay}`, "dim"]],
    ...(folder === undefined
      ? []
      : [[[`    more:  ${folder}`, "dim"]] satisfies Line]),
  ];
}

/** A sentence on what else one should know of a run. */
export function noteOn(record: RunRecord): string | undefined {
  return divergenceNote(record) ?? missingNote(record) ?? latenessNote(record);
}

/** A sentence on nodes that miss values at the end of a run that is valid. */
export function missingNote(
  { results }: Pick<RunRecord, "results">,
): string | undefined {
  const { missing } = (results?.workload ?? {}) as Partial<SetFullFindings>;
  if (missing === undefined) return undefined;
  const [nodes, counts] = [Object.keys(missing), Object.values(missing)];
  const most = Math.max(...counts);
  const named = nodes.slice(0, maxNamed);
  if (nodes.length > maxNamed) named.push(`${nodes.length - maxNamed} more`);
  const last = named.pop();
  return `the last reads at ${
    named.length === 0 ? last : `${named.join(", ")} and ${last}`
  } miss ${counts.some((each) => each < most) ? "up to " : ""}${
    most === 1 ? "a value" : `${most} values`
  }. Maelstrom's rule calls that valid, because reads that began later, at other nodes, show them.`;
}

/** The most nodes that a note names. */
const maxNamed = 6;

/** A sentence on a run that went another way the second time. */
export function divergenceNote(
  { seed, divergence }: Pick<RunRecord, "seed" | "divergence">,
): string | undefined {
  return divergence === undefined
    ? undefined
    : `not deterministic: once more with seed ${seed}, it went another way ${divergence}`;
}

const indent = 4;

/** Lays cells out in a line; if that is too narrow, in several. */
export function inColumns(cells: readonly Cell[], columns: number): Line[] {
  const lines: Cell[][] = [[]];
  let width = 0;
  for (const [text, style] of cells) {
    const line = lines.at(-1)!;
    if (line.length > 0 && width + 2 + text.trimEnd().length > columns) {
      lines.push([[" ".repeat(indent)], [text, style]]);
      width = indent + text.length;
    } else {
      if (line.length > 0) line.push(["  "]);
      line.push([text, style]);
      width += text.length + (line.length > 1 ? 2 : 0);
    }
  }
  return lines.map(trimmed).filter((line) => line.length > 0);
}

/** A line without the spaces at its end. */
function trimmed(line: readonly Cell[]): Cell[] {
  const cells = [...line];
  while (cells.length > 0 && cells.at(-1)![0].trim() === "") cells.pop();
  const last = cells.pop();
  return last === undefined ? [] : [...cells, [last[0].trimEnd(), last[1]]];
}

/**
 * Tells what else one should know of a run that was late, and has a verdict all
 * the same.
 */
function latenessNote(
  { lateness, pass, ...record }: RunRecord,
): string | undefined {
  if (lateness === undefined || lateness["spoiled?"]) return undefined;
  const max = {
    maxMessageMs: lateness["max-message-ms"],
    maxTimerMs: lateness["max-timer-ms"],
  };
  if (maxLateMs(max) < noticeableMs) return undefined;
  const [, verdict] = verdictOf({ pass, ...record });
  return `this machine was busy: ${tellLateness(max)}. ${
    pass || verdict === "unknown"
      ? "The figures suffer from it."
      : `That alone doesn't make it ${verdict}.`
  }`;
}

/** Breaks a text into lines between its words, and indents them. */
export function words(text: string, columns: number, style?: Style): Line[] {
  return inWords([[" ".repeat(indent) + text, style]], columns);
}

/**
 * Breaks a line between its words where it is too long. What follows is indented
 * as its beginning is; in a table, as its last column. A word that is longer than
 * a line stays whole.
 */
export function inWords(line: Line, columns: number): Line[] {
  const text = line.map(([each]) => each).join("");
  const hanging = " ".repeat(hangingOf(text, columns));
  const lines: Line[] = [];
  let from = 0;
  for (let width = columns; text.length - from > width;) {
    const word = from + text.slice(from).search(/\S/);
    let to = text.lastIndexOf(" ", from + width);
    if (to <= word) to = text.indexOf(" ", word);
    const rest = to === -1 ? -1 : text.slice(to).search(/\S/);
    if (rest === -1) break;
    lines.push(trimmed(part(line, from, to)));
    from = to + rest;
    width = columns - hanging.length;
  }
  lines.push(part(line, from, text.length));
  return lines.map((each, i) => i === 0 ? each : [[hanging], ...each]);
}

/** The least width of a table's last column. */
const minTextColumns = 20;

/** The indentation of the lines that follow one that is too long. */
function hangingOf(text: string, columns: number): number {
  const columnStarts = [...text.matchAll(/(?<=^|\S) {2,}(?=\S)/g)]
    .map(({ index, 0: gap }) => index + gap.length);
  return columnStarts.findLast((each) => each <= columns - minTextColumns) ??
    text.search(/\S|$/);
}

/** A part of a line's text, with its styles. */
function part(line: Line, from: number, to: number): Line {
  let start = 0;
  return line.flatMap(([text, style]): Cell[] => {
    const piece = text.slice(
      Math.max(0, from - start),
      Math.max(0, to - start),
    );
    start += text.length;
    return piece === "" ? [] : [style === undefined ? [piece] : [piece, style]];
  });
}

/** Returns the latencies of operations that succeeded, in milliseconds. */
export function latenciesMs(history: History): number[] {
  const counterparts = pairs(history);
  const latencies: number[] = [];
  for (const { type, time, index } of history) {
    const invocation = counterparts[index];
    if (type !== "ok" || invocation === undefined) continue;
    latencies.push((time - invocation.time) / msInNs);
  }
  return latencies;
}

/** Between these, in milliseconds, a histogram's bars count latencies. */
const latencyEdgesMs = [1, 3, 10, 30, 100, 300, 1000];

const bars = "▁▂▃▄▅▆▇█";

/**
 * A small histogram of latencies: of eight bars the first is for those below
 * 1 ms, the last for those of a second and more, and those between for 1, 3, 10,
 * 30, 100 and 300 ms and more. The highest is full.
 */
export function latencyBars(latenciesMs: readonly number[]): string {
  const counts = new Array(latencyEdgesMs.length + 1).fill(0);
  for (const ms of latenciesMs) {
    const bucket = latencyEdgesMs.findIndex((edge) => ms < edge);
    counts[bucket === -1 ? latencyEdgesMs.length : bucket]++;
  }
  const most = Math.max(...counts);
  return counts.map((count) =>
    count === 0 ? " " : bars[Math.ceil(count / most * bars.length) - 1]
  ).join("");
}

/** The verdict as a sign and in a word or two, and its colour. */
export function verdictOf(
  { pass, crashed, results, limits = [] }: {
    pass: boolean;
    crashed?: boolean;
    results: { "valid?"?: unknown };
    limits?: readonly { within?: unknown }[];
  },
): [
  sign: string,
  words: "valid" | "crashed" | "over limit" | "unknown" | "invalid",
  style: "green" | "red" | "yellow",
] {
  if (pass) return ["✓", "valid", "green"];
  if (crashed) return ["✗", "crashed", "red"];
  const has = (verdict: unknown) =>
    limits.some(({ within }) => within === verdict);
  const mayPass = results["valid?"] === true && has("unknown") && !has(false);
  if (results["valid?"] === "unknown" || mayPass) {
    return ["?", "unknown", "yellow"];
  }
  if (results["valid?"] === true) return ["✗", "over limit", "red"];
  return ["✗", "invalid", "red"];
}

/** Tells how many messages it took, with the limit where the run has one. */
function messages(record: RunRecord, layout: Layout): Cell {
  const { net } = record.results;
  const figure = net ? format(messagesPerOp(record.results)) : "?";
  return withLimit("msgs/op", `${figure.padStart(6)} msgs/op`, record, layout);
}

/**
 * The latencies that workloads find: until values were visible, and until deaths
 * were noticed.
 */
const foundLatencies = [
  ["median", "stable-latencies", "0.5"],
  ["max", "stable-latencies", "1"],
  ["noticed", "detection-latencies", "0.5"],
  ["by all", "dissemination-latencies", "0.5"],
] as const;

/** Tells the latencies that the workload finds, if it does. */
function workloadLatencies(record: RunRecord, layout: Layout): Cell[] {
  return foundLatencies.flatMap(([label, name, point]) => {
    const found = record.results.workload?.[name] as Quantiles | undefined;
    if (found === undefined) return [];
    const text = `${label} ${`${Math.round(found[point])}`.padStart(5)} ms`;
    return [withLimit(label, text, record, layout)];
  });
}

function withLimit(
  label: string,
  text: string,
  { limits = [] }: RunRecord,
  layout: Layout,
): Cell {
  const limit = limits.find((each) => each.label === label);
  const whole = text +
    (limit ? limitText(limit) : "").padEnd(layout.limits[label] ?? 0);
  return [
    whole,
    limit?.within === false
      ? "red"
      : limit?.within === "unknown"
      ? "yellow"
      : undefined,
  ];
}

function limitText({ below }: Limit): string {
  return ` <${below}`;
}

/** Returns the number of messages that the servers exchanged per operation. */
export function messagesPerOp({ net }: FoundResults): number {
  return net?.servers["msgs-per-op"] ?? 0;
}

/** A quantile of the stable latencies, where the workload has such. */
export function latencyOf(
  { workload }: FoundResults,
  point: keyof Quantiles,
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
): Line[] {
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
  const widthOf = (column: number) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const styles: Style[] = ["bold", verdictOf(first)[2], verdictOf(second)[2]];
  return rows.map((row, i) => {
    const line = row.map((cell, j) =>
      j === 0 ? cell.padEnd(widthOf(j)) : cell.padStart(widthOf(j))
    ).join("  ");
    return [[line, styles[i]]];
  });
}

/** Three digits that say something, and no power of ten. */
export function significant(figure: number): string {
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
] as const;

/** A count of things: `1 run`, `14 runs`. */
export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
