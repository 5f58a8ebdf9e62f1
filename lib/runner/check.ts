/**
 * Judges recorded runs once more: those of the store, or of a real Maelstrom.
 *
 * @module
 */
import { checkRecorded, type RecordedFindings } from "../workbench/recorded.ts";
import type { Line } from "../workbench/report/terminal.ts";
import { exitCodeOf } from "./judging.ts";
import { print, printJson } from "./output.ts";

/**
 * Checks folders, and prints a verdict for each.
 *
 * @returns an exit code, as for runs.
 */
export async function check(
  folders: readonly string[],
  json: boolean,
): Promise<number> {
  const width = Math.max(...folders.map((folder) => folder.length));
  const all: RecordedFindings[] = [];
  for (const folder of folders) {
    const found = await checkRecorded(folder);
    all.push(found);
    if (json) continue;
    const [style, verdict] = found["valid?"] === true
      ? ["green", "✓ valid"] as const
      : found["valid?"] === false
      ? ["red", "✗ invalid"] as const
      : ["yellow", "? unknown"] as const;
    const reason = found.reason?.replaceAll("\n", "\n           ");
    const text = [folder.padEnd(width), reason ?? ""].join("  ").trimEnd();
    const line: Line = [[verdict.padEnd(9), style], [`  ${text}`]];
    print([line]);
  }
  if (json) {
    printJson(
      all.map(({ folder, workload, ...found }) => ({
        folder,
        "valid?": found["valid?"],
        workload,
        stats: found.stats,
        availability: found.availability,
      })),
    );
  }
  return exitCodeOf(all.map((results) => ({
    pass: results["valid?"] === true,
    results,
  })));
}
