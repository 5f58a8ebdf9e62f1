/**
 * The failures that fuzz has found, in words and as JSON.
 *
 * @module
 */
import type { RunRecord } from "../report/record.ts";
import { inWords, type Line, plural } from "../report/terminal.ts";
import type { Size } from "../workbench/search/case.ts";
import {
  canRepeat,
  type CaseFile,
  commandOfCase,
  type Judged,
} from "./cases.ts";
import type { Found } from "./found.ts";

/** A failure, as it's told from others. */
export interface Explained {
  workload: string;
  /** The name of what went wrong. */
  name: string;
  /** The kinds of faults that explain it: those that were left in the end. */
  faults: string[];
}

/** A failure, and how often it was found. It can be written as JSON. */
export interface ToldFailure extends Explained {
  /** The run that found it, from 1 on; absent if it was known before. */
  foundIn?: number;
  count: number;
  size: Size;
  shrunk?: Found["shrunk"];
  case: CaseFile;
  record: RunRecord;
  /** The folder that keeps the run, if one does. */
  folder?: string;
  /** The file that holds the case, if one does. */
  path?: string;
  /** The owner of the case in it, if that was known before. */
  held?: Judged;
}

/** The extent of a search. */
export interface Extent {
  /** The runs that were judged. */
  runs: number;
  faults: number;
  seconds: number;
  /**
   * The failures that were known before, how many don't fail any more, and the
   * faults of their runs.
   */
  known: { count: number; fixed: number; faults: number };
}

/** Tells whether a known failure explains another: it needs no other faults. */
export function explains(known: Explained, found: Explained): boolean {
  return known.name === found.name && known.workload === found.workload &&
    known.faults.every((fault) => found.faults.includes(fault));
}

/** Tells a failure, how small it got, and how to see it again. */
export function linesOf(failing: ToldFailure, columns: number): Line[] {
  const { name, faults, foundIn, count, size, shrunk, folder } = failing;
  const how = foundIn === undefined
    ? "known, and still there"
    : `found in run ${foundIn}${count > 1 ? `, and ${count - 1} more` : ""}`;
  const told: Line[] = [
    [["✗ ", "red"], [failing.case.id, "bold"], ["  "], [name, "red"], [
      faults.length > 0 ? ` (${faults.join(", ")})` : "",
    ], [
      `  ${how}`,
      "dim",
    ]],
    [[
      `  ${sizeText(size)}${
        shrunk
          ? `, from ${sizeText(shrunk.from)}, by ${plural(shrunk.runs, "run")}${
            shrunk.isDone ? "" : ": there may be a smaller one"
          }`
          : ""
      }`,
      "dim",
    ]],
    [["  "]],
    ...failing.case.story.map((each): Line => [[`  ${each}`]]),
    [["  "]],
  ];
  return [
    ...told.flatMap((line) => inWords(line, columns)),
    // To be copied: in one piece.
    [[`  again: ${againOf(failing)}`, "dim"]],
    ...folder === undefined
      ? []
      : [[[`  page:  ${folder}/index.html`, "dim"]] as Line],
    [[""]],
  ];
}

/** Tells how to repeat a case, or what it takes. */
function againOf({ case: file, path, held }: ToldFailure): string {
  return canRepeat(file, path)
    ? commandOfCase(file, path, held)
    : "it takes a file of its schedule, which --store or --corpus FOLDER keeps";
}

/** A failure as `--json` prints it. */
export function jsonOf(failing: ToldFailure): object {
  const { name, faults, foundIn, count, size, shrunk, folder } = failing;
  const { path, held } = failing;
  return {
    ...failing.record,
    failure: {
      name,
      faults,
      ...foundIn !== undefined && { "found-in-run": foundIn },
      count,
      size,
      ...shrunk && { shrunk },
      story: failing.case.story,
      ...path !== undefined && { file: path },
      ...canRepeat(failing.case, path) &&
        { command: commandOfCase(failing.case, path, held) },
    },
    ...folder !== undefined && { folder },
  };
}

/** Sums a search up. */
export function summaryOfSearch(
  { runs, faults, seconds, known }: Extent,
  failures: number,
  columns: number,
): Line[] {
  const lines = [
    ...known.count === 0 ? [] : [[[
      `Of ${
        plural(known.count, "known failure")
      }, ${known.fixed} no longer fail${known.fixed === 1 ? "s" : ""}.`,
    ]] as Line],
    [
      failures === 0 ? ["✓ ", "green"] : ["✗ ", "red"],
      [
        `${plural(runs, "run")} with ${plural(faults, "fault")} in ${
          seconds.toFixed(0)
        } s: ${
          failures === 0 ? "no failure" : plural(failures, "distinct failure")
        }`,
        "bold",
      ],
    ] satisfies Line,
  ];
  return lines.flatMap((line) => inWords(line, columns));
}

/** Tells a size in words. */
export function sizeText({ nodes, ops, faults }: Size): string {
  return [
    plural(nodes, "node"),
    plural(ops, "operation"),
    plural(faults, "fault"),
  ].join(", ");
}
