/**
 * Maelstrom's findings, read from the files that it leaves.
 *
 * @module
 */
import type { Findings } from "../workbench/checkers/validity.ts";
import type { Op } from "../workbench/load/history.ts";
import type { Results } from "../workbench/judge.ts";
import { readEDN } from "./edn.ts";

/**
 * Reads `results.edn`: the findings of all checkers, under Maelstrom's names.
 *
 * @throws {SyntaxError} if it isn't whole, or has no verdict.
 */
export function readResults(edn: string): Results {
  const results = readEDN(edn) as Results;
  if (![true, false, "unknown"].includes(results?.["valid?"])) {
    throw new SyntaxError("there is no verdict in it");
  }
  return results;
}

/**
 * Reads `history.edn`: an operation per line.
 *
 * @throws {SyntaxError} if a line isn't one.
 */
export function readHistory(edn: string): Op[] {
  return edn.split("\n").filter((line) => line.trim() !== "")
    .map((line, index) => {
      const op = readEDN(line, { exactFloats: true }) as Op;
      if (typeof op !== "object" || op === null || Array.isArray(op)) {
        throw new SyntaxError(`not an operation: ${line.slice(0, 100)}`);
      }
      return { ...op, index };
    });
}

/**
 * Tells what keeps a verdict from being valid: the checker that says no, or
 * else the one that threw, with the first line of its stack trace.
 */
export function objection(results: Results): string | undefined {
  if (results["valid?"] === true) return undefined;
  const checkers = checkersIn(results);
  const [name, findings] =
    checkers.find(([, each]) => each["valid?"] === false) ??
      checkers.find(([, each]) => each["valid?"] !== true) ??
      [undefined, { ...results } as Findings];
  const who = name === undefined
    ? "Maelstrom"
    : `Maelstrom's checker "${name}"`;
  if (findings["valid?"] === false) return `${who} says no`;
  const { error } = findings;
  return typeof error === "string"
    ? `${who} failed: ${error.trim().split("\n")[0]}`
    : `${who} can't tell`;
}

/** The checkers of every run, whose figures lines and pages show. */
const everyRuns = ["stats", "availability", "net"];

/** Leaves out those that failed: a checker that threw has just its error. */
export function withoutFailed(results: Results): Results {
  return Object.fromEntries(
    Object.entries(results).filter(([name, findings]) =>
      !everyRuns.includes(name) || findings.error === undefined
    ),
  ) as Results;
}

/** All checkers with their findings, inner ones before those around them. */
function checkersIn(findings: object, path = ""): [string, Findings][] {
  return Object.entries(findings).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && "valid?" in value
      ? [...checkersIn(value, `${path}${key} `), [
        path + key,
        value,
      ] as [string, Findings]]
      : []
  );
}
