/**
 * Keeps the README's figures live: computes the runs that they come from, and
 * writes them where marks say so, or says which of them are out of date.
 *
 * There are three kinds of marks, all of them comments, which readers don't see:
 *
 * - `<!-- figures NAME -->` and `<!-- /figures -->` enclose a table;
 * - `<!-- figure NAME: LABEL: COLUMN -->` follows a number in the text, which
 *   is what that table shows there, with as many decimals as the text has;
 * - `<!-- deno task run -->` precedes what that command prints.
 *
 * @module
 */
import { print } from "./output.ts";
import type { Column, Row, RunRow, Table } from "../../challenges/figures.ts";
import {
  limitsOf,
  officialRuns,
  type Run,
  runs,
} from "../../challenges/runs.ts";
import { nearest } from "../nearest.ts";
import {
  cellText,
  commandOf,
  isTextColumn,
  type NumberColumn,
  spread,
} from "./columns.ts";
import { layoutOf, render, summary } from "../report/terminal.ts";
import { Counts, total } from "../report/tally.ts";
import { bar, liveLines } from "./live.ts";
import type { Answer, Question } from "./worker.ts";
import { judgeSideBySide } from "./workers.ts";

/** The README of the repository. */
const readme = new URL("../../README.md", import.meta.url);

/**
 * Updates the README's figures, or just says which are out of date.
 *
 * @returns an exit code: 1 if it only checks, and something differs.
 * @throws if the marks in the README are wrong.
 */
export async function figures(
  tables: readonly Table[],
  { check, path = readme }: { check: boolean; path?: string | URL },
): Promise<number> {
  const before = await Deno.readTextFile(path);
  const { after, changes } = await upToDate(before, tables);
  if (changes.length === 0) {
    print("The README's figures are up to date.");
    return 0;
  }
  if (!check) {
    await Deno.writeTextFile(path, after);
    print(
      `Updated: ${changes.map(({ place }) => place).join(", ")}`,
    );
    return 0;
  }
  for (const { place, lines } of changes) {
    print([`${place}:`, ...lines, ""].join("\n"));
  }
  print(
    "The README's figures are out of date. To update them: deno task figures",
  );
  return 1;
}

/** A place of the README that shows something else than it should. */
export interface Change {
  /** The place's name. */
  place: string;
  /** The lines that differ: those that stand there, and those that should. */
  lines: string[];
}

/**
 * Computes all figures that a text shows, and writes them into it.
 *
 * @param official the runs that `deno task run` judges.
 */
export async function upToDate(
  text: string,
  tables: readonly Table[],
  official: readonly Run[] = officialRuns,
): Promise<{ after: string; changes: Change[] }> {
  const places = placesIn(text, tables, official);
  const outcomes = await judgeRuns(places.flatMap(runsOf));
  let after = "";
  let end = 0;
  const changes: Change[] = [];
  for (const place of places) {
    const old = text.slice(place.start, place.end);
    const written = write(place, old, outcomes);
    after += text.slice(end, place.start) + written;
    end = place.end;
    if (written === old) continue;
    changes.push({ place: place.name, lines: difference(old, written) });
  }
  return { after: after + text.slice(end), changes };
}

/** A part of the text that is computed. */
type Place =
  & { name: string; start: number; end: number }
  & (
    | { kind: "table"; table: Table }
    | { kind: "figure"; row: RunRow; column: NumberColumn }
    | { kind: "runs"; rows: RunRow[] }
  );

const marks =
  /<!--\s*(?:(\/figures)|figures\s+([^\s]+)|figure\s+([^>]*?)|(deno task run))\s*-->/g;

/**
 * Finds all places, in order.
 *
 * @throws if a mark is missing, occurs twice, or names something unknown.
 */
function placesIn(
  text: string,
  tables: readonly Table[],
  official: readonly Run[],
): Place[] {
  const places: Place[] = [];
  const seen = new Set<string>();
  let open: { table: Table; start: number } | undefined;
  for (const match of text.matchAll(marks)) {
    const [mark, close, name, figure = "", isRuns] = match;
    const at = `README.md, line ${lineOf(text, match.index)}`;
    const end = match.index + mark.length;
    if (close) {
      if (!open) throw new Error(`${at}: ${mark} closes nothing.`);
      places.push({
        kind: "table",
        name: open.table.name,
        table: open.table,
        start: open.start,
        end: match.index,
      });
      open = undefined;
    } else if (open) {
      throw new Error(
        `${at}: ${mark} is inside the table ${open.table.name}, which needs a <!-- /figures --> before.`,
      );
    } else if (name) {
      const table = find(tables, ({ name }) => name, name, `${at}: no table`);
      if (seen.has(name)) {
        throw new Error(`${at}: the table ${name} occurs twice.`);
      }
      seen.add(name);
      open = { table, start: end };
    } else if (isRuns) {
      const [block] = /^\s*```\n.*?^```/ms.exec(text.slice(end)) ?? [];
      if (block === undefined) {
        throw new Error(`${at}: a code block must follow ${mark}.`);
      }
      places.push({
        kind: "runs",
        rows: official.map(({ id }) => ({ label: id, run: id })),
        name: "deno task run",
        start: end,
        end: end + block.length,
      });
    } else {
      const [number] = /\d+(\.\d+)?$/.exec(text.slice(0, match.index)) ?? [];
      if (number === undefined) {
        throw new Error(`${at}: a number must come right before ${mark}.`);
      }
      places.push({
        kind: "figure",
        ...named(figure.replaceAll(/\s+/g, " "), tables, at),
        start: match.index - number.length,
        end: match.index,
      });
    }
  }
  if (open) {
    throw new Error(
      `README.md: the table ${open.table.name} needs a <!-- /figures --> at its end.`,
    );
  }
  const missing = tables.find(({ name }) => !seen.has(name));
  if (missing) {
    throw new Error(
      `README.md has no place for the table ${missing.name}: write <!-- figures ${missing.name} --> and <!-- /figures --> where it belongs.`,
    );
  }
  return places;
}

/** Finds the row and column that `TABLE: LABEL: COLUMN` stands for. */
function named(figure: string, tables: readonly Table[], at: string) {
  const [name = "", label = "", column, ...rest] = figure.split(": ");
  if (column === undefined || rest.length > 0) {
    throw new Error(
      `${at}: a figure is named by a table, a label and a column, <!-- figure TABLE: LABEL: COLUMN -->, not by "${figure}".`,
    );
  }
  const table = find(tables, ({ name }) => name, name, `${at}: no table`);
  const runRows = table.rows.filter((row) => "run" in row);
  return {
    name: figure,
    row: find(
      runRows,
      (row) => row.label,
      label,
      `${at}: no run in the table ${name}`,
    ),
    column: find(
      table.columns.filter((each) => !isTextColumn(each)),
      (each) => each,
      column,
      `${at}: no column of numbers in the table ${name}`,
    ),
  };
}

/** Finds what has a name, or complains with a hint. */
function find<T>(
  all: readonly T[],
  nameOf: (each: T) => string,
  name: string,
  complaint: string,
): T {
  const found = all.find((each) => nameOf(each) === name);
  if (found !== undefined) return found;
  const names = all.map(nameOf);
  throw new Error(
    `${complaint} is called "${name}"${nearest(name, names)}. There are: ${
      names.join("; ")
    }.`,
  );
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** The runs that a place takes. */
function runsOf(place: Place): RunRow[] {
  switch (place.kind) {
    case "table":
      return place.table.rows.filter((row) => "run" in row);
    case "figure":
      return [place.row];
    case "runs":
      return place.rows;
  }
}

/** The outcomes of runs, for each with all its seeds. */
type Outcomes = (row: RunRow) => Answer[];

/** Judges runs, each of them once. */
async function judgeRuns(rows: readonly RunRow[]): Promise<Outcomes> {
  const questions = new Map<string, Question>();
  for (const row of rows) {
    for (const question of questionsOf(row)) {
      questions.set(JSON.stringify(question), question);
    }
  }
  const live = liveLines();
  let done = 0;
  const cores = navigator.hardwareConcurrency;
  const answers = new Map<string, Answer>();
  const keys = [...questions.keys()];
  await judgeSideBySide(questions.values(), cores, {
    onAnswer(answer, place) {
      answers.set(keys[place]!, answer);
      done++;
      live.show(() => [
        `${bar(done / questions.size, 30)}  ${done} of ${questions.size} runs`,
      ]);
    },
  }).finally(live.clear);
  return (row) =>
    questionsOf(row).map((question) => answers.get(JSON.stringify(question))!);
}

function questionsOf({ run: id, options, args = [], seeds = 1 }: RunRow) {
  const run = runOf(id);
  return Array.from({ length: seeds }, (_, i): Question => ({
    by: { engine: "sim", script: run.script },
    id,
    limits: limitsOf(run, options ?? {}),
    args: [...run.args ?? [], ...args],
    options: {
      workload: run.workload,
      ...run.options,
      ...options,
      seed: i + 1,
    },
  }));
}

function runOf(id: string): Run {
  return find(runs, (run) => run.id, id, "challenges/figures.ts: no run");
}

/** Returns what a place should show. */
function write(place: Place, old: string, outcomes: Outcomes): string {
  switch (place.kind) {
    case "table":
      return `\n\n${tableOf(place.table, outcomes)}\n\n`;
    case "figure": {
      const decimals = old.split(".")[1]?.length ?? 0;
      const [, median] = spread(outcomes(place.row), place.column);
      if (median === undefined) {
        throw new Error(`README.md: no run has the figure ${place.name}.`);
      }
      return median.toFixed(decimals);
    }
    case "runs": {
      // A line keeps its real time where nothing else has changed.
      const shown = new Map(
        old.split("\n").map((line) => [timeless(line), line]),
      );
      return `\n\n\`\`\`\n${runsBlock(place.rows.flatMap(outcomes))}\n\`\`\``
        .split("\n")
        .map((line) => shown.get(timeless(line)) ?? line).join("\n");
    }
  }
}

/** Returns what `deno task run` prints. */
function runsBlock(all: readonly Answer[]): string {
  const layout = layoutOf(all.map(({ record }) => record));
  const lines = [
    ...all.flatMap(({ record, latencyBars }) =>
      summary(record, {
        layout,
        latencies: latencyBars,
        replay: `deno task run ${record.id} --seed 1`,
        folder: `store/${record.id}/latest`,
      })
    ),
    total(new Counts(all.map(({ record }) => record))),
  ];
  return render(lines, false);
}

/** Without the real time that a run took. */
function timeless(line: string): string {
  return line.replace(/ +\d+\.\d s\b/, "");
}

/**
 * A table as `deno fmt` writes it: the labels, the command that gives the
 * figures, and the figures.
 */
function tableOf({ columns, rows }: Table, outcomes: Outcomes): string {
  const heads = ["", "`deno task run`", ...columns];
  const cells = [
    heads,
    ...rows.map((row) => [
      ...headOf(row),
      ...columns.map((column) => cellOf(row, column, outcomes)),
    ]),
  ];
  const widths = heads.map((_, i) =>
    Math.max(3, ...cells.map((row) => row[i]?.length ?? 0))
  );
  const isText = (i: number) => i < 2 || isTextColumn(heads[i]!);
  const lines = cells.map((row) =>
    row.map((cell, i) =>
      isText(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
    )
  );
  lines.splice(
    1,
    0,
    widths.map((width, i) =>
      isText(i) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
    ),
  );
  // Addresses below, as they'd make the table very wide.
  const sources = rows.filter((row) => "published" in row)
    .map(({ published: { who, url } }) => `[${who}]: ${url}`);
  return [
    ...lines.map((line) => `| ${line.join(" | ")} |`),
    ...(sources.length > 0 ? ["", ...sources] : []),
  ].join("\n");
}

/** The first two cells of a row. */
function headOf(row: Row): [label: string, command: string] {
  if ("run" in row) return [row.label, `\`${commandOf(row)}\``];
  if ("limitsOf" in row) return [row.label, ""];
  return [`${row.label}: [${row.published.who}]`, ""];
}

function cellOf(row: Row, column: Column, outcomes: Outcomes): string {
  if ("published" in row) return row.published.figures[column] ?? "";
  if ("limitsOf" in row) {
    const limit = runOf(row.limitsOf).limits
      ?.find(({ label }) => label === column);
    return limit ? `< ${limit.below} ${limit.unit ?? ""}`.trimEnd() : "";
  }
  return cellText(column, outcomes(row));
}

/** The lines that differ; not for being a little wider, unless that is all. */
function difference(before: string, after: string): string[] {
  const changed = (key: (line: string) => string) => {
    const [old, young] = [before.split("\n"), after.split("\n")];
    const [oldKeys, youngKeys] = [
      new Set(old.map(key)),
      new Set(young.map(key)),
    ];
    return [
      ...old.filter((line) => !youngKeys.has(key(line)))
        .map((line) => `- ${line}`),
      ...young.filter((line) => !oldKeys.has(key(line)))
        .map((line) => `+ ${line}`),
    ];
  };
  const lines = changed((line) =>
    line.replaceAll(/\s+/g, " ").replaceAll(/-+/g, "-")
  );
  return lines.length > 0 ? lines : changed((line) => line);
}
