/**
 * All runs as text.
 *
 * @module
 */
import { runs } from "../../challenges/runs.ts";
import { print } from "./output.ts";
import { filled } from "./usage.ts";

/** Prints all runs, with their options and limits. */
export function list(): number {
  const width = Math.max(...runs.map(({ title }) => title.length));
  for (const { id, title, script, workload, options, limits = [] } of runs) {
    const flags = Object.entries({ workload, ...options })
      .map(([name, value]) =>
        name === "workload" ? `-w ${value}` : `--${name} ${value}`
      );
    const below = limits.map(({ label, below, unit = "" }) =>
      `${label} < ${below} ${unit}`.trimEnd()
    );
    print([
      `${id.padEnd(3)}  ${title.padEnd(width)}  challenges/${script}.ts`,
      ...filled(flags, "     "),
      ...(below.length > 0 ? [`     ${below.join(", ")}`] : []),
    ].join("\n"));
  }
  return 0;
}
