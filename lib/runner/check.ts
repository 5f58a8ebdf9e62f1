/**
 * Judges recorded runs once more: those of the store, or of a real Maelstrom.
 *
 * @module
 */
import { BadOption } from "../workbench/options.ts";
import { checkRecorded, type RecordedFindings } from "../report/recorded.ts";
import { Counts } from "../report/tally.ts";
import { inWords, type Line, verdictOf } from "../report/terminal.ts";
import { columns, complain, print, printJson } from "./output.ts";

/** The error about a folder that couldn't be judged. */
interface Failure {
  folder: string;
  error: string;
  exitCode: 254 | 255;
}

/**
 * Checks folders, and prints a verdict for each. A folder that can't be judged
 * doesn't stop the others.
 *
 * @returns an exit code, as for runs; 254 if one of the folders holds no run.
 */
export async function check(
  folders: readonly string[],
  json: boolean,
): Promise<number> {
  const width = Math.max(...folders.map((folder) => folder.length));
  const all: (RecordedFindings | Failure)[] = [];
  for (const folder of folders) {
    const found = await judge(folder);
    all.push(found);
    if ("error" in found) {
      complain(linesOf("✗ error", "red", found, {
        width,
        columns: columns(Deno.stderr),
      }));
    } else if (!json) {
      const [sign, word, style] = verdictOf(judged(found));
      print(
        linesOf(`${sign} ${word}`, style, found, { width, columns: columns() }),
      );
    }
  }
  if (json) printJson(all.map(toJSON));
  const failures = all.filter((each) => "error" in each) as Failure[];
  if (failures.length > 0) {
    return Math.max(...failures.map(({ exitCode }) => exitCode));
  }
  return new Counts((all as RecordedFindings[]).map(judged)).exitCode;
}

function judged(results: RecordedFindings): Parameters<typeof verdictOf>[0] {
  const { limits = [] } = results;
  const pass = results["valid?"] === true && limits.length === 0;
  return { pass, results, limits };
}

async function judge(folder: string): Promise<RecordedFindings | Failure> {
  try {
    return await checkRecorded(folder);
  } catch (error) {
    const { message } = error as Error;
    return error instanceof BadOption
      ? { folder, error: message, exitCode: 254 }
      : {
        folder,
        error: `${folder} couldn't be judged: ${message}`,
        exitCode: 255,
      };
  }
}

function linesOf(
  verdict: string,
  style: NonNullable<Line[number][1]>,
  { folder, ...found }: RecordedFindings | Failure,
  { width, columns }: { width: number; columns: number },
): Line[] {
  const reason = "error" in found ? found.error : found.reason;
  const [first = "", ...others] = (reason ?? "").split("\n");
  const lines: Line[] = [
    [[verdict.padEnd(9), style], [
      `  ${folder.padEnd(width)}  ${first}`.trimEnd(),
    ]],
    ...others.map((each): Line => [[`${" ".repeat(11)}${each}`]]),
  ];
  return lines.flatMap((line) => inWords(line, columns));
}

function toJSON(found: RecordedFindings | Failure) {
  if ("error" in found) return { folder: found.folder, error: found.error };
  const { folder, reason, workload, stats, availability, nodes } = found;
  const { limits } = found;
  return {
    folder,
    "valid?": found["valid?"],
    ...(reason !== undefined && { reason }),
    workload,
    stats,
    availability,
    ...(nodes && { nodes }),
    ...(limits && { limits }),
  };
}
