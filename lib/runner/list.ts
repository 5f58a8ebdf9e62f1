/**
 * All runs as text.
 *
 * @module
 */
import { runs } from "../../challenges/runs.ts";
import { print } from "./output.ts";
import { filled } from "./usage.ts";

/** The width of a line. */
const maxChars = 80;

/** Prints all runs, with their options and limits. */
export function list(): number {
  for (const { id, title, script, workload, options, limits = [] } of runs) {
    const flags = Object.entries({ workload, ...options })
      .map(([name, value]) =>
        name === "workload" ? `-w ${value}` : `--${name} ${value}`
      );
    const below = limits.map(({ label, below, unit = "" }) =>
      `${label} < ${below} ${unit}`.trimEnd()
    );
    const file = `challenges/${script}.ts`;
    print([
      `${id.padEnd(3)}  ${title}`.padEnd(maxChars - file.length) + file,
      ...filled(flags, "     "),
      ...(below.length > 0 ? [`     ${below.join(", ")}`] : []),
    ].join("\n"));
  }
  return 0;
}
