/**
 * The nodes' logs, and their violations of the protocol, with when: the page
 * shows both beside the messages of the moment.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { msInNs } from "../../workbench/sim/clock.ts";
import type { Judgement } from "../../workbench/judge.ts";
import type { Judged } from "../record.ts";

/** A line of a node's log. */
export interface LoggedLine {
  node: string;
  ms: number;
  text: string;
}

/** The nodes' logs, as far as they are on the page. */
export interface Logs {
  /** In the order in which they came. */
  lines: readonly LoggedLine[];
  /** The number of lines that there's no room for. */
  leftOut: number;
}

/** Something that a node did and no node may do. */
export interface NodeMishap {
  node: string;
  ms: number;
  /** True if it crashed: of that only the first is told. */
  crashed: boolean;
  /** True if that was its end. What is simulated goes on. */
  ended: boolean;
  /** In words, a line. */
  text: string;
}

/** The most characters of all logs together on the page. */
const maxChars = 400_000;

/** The most characters of a line. */
const maxLineChars = 1000;

/** Of a line, what it takes beside its text. */
const lineChars = 40;

/**
 * The lines whose time is known: all of them, or those that came nearest to a
 * moment.
 */
export function logsOf(
  { logs, startNs }: Pick<Judgement, "logs" | "startNs">,
  aroundMs: number,
): Logs {
  const all: LoggedLine[] = [];
  for (const [node, lines] of logs) {
    for (const { text, timeNs } of lines) {
      if (timeNs === undefined) continue;
      all.push({ node, ms: msOf(timeNs - startNs), text });
    }
  }
  const distance = ({ ms }: LoggedLine) => Math.abs(ms - aroundMs);
  let room = maxChars;
  const shown = all.toSorted((a, b) => distance(a) - distance(b))
    .map((line) => ({ ...line, text: shorten(line.text) }))
    .filter(({ text }) => (room -= text.length + lineChars) >= 0)
    .sort((a, b) => a.ms - b.ms);
  return { lines: shown, leftOut: all.length - shown.length };
}

/**
 * Returns the nodes' violations of the protocol, as far as the results tell.
 */
export function mishapsOf({ engine, results }: Judged): NodeMishap[] {
  const crashed = new Set<string>();
  return (results.nodes?.errors ?? [])
    .filter(({ node, kind }) =>
      kind !== "node-crashed" || crashed.size < crashed.add(node).size
    )
    .map(({ node, kind, text, time }) => ({
      node,
      // What happens in the set-up is before the run.
      ms: Math.max(0, msOf(time)),
      crashed: kind === "node-crashed",
      ended: kind === "node-crashed" && engine !== "sim",
      text: shorten(text.split("\n")[0] ?? ""),
    }));
}

/** To the microsecond. */
function msOf(ns: number): number {
  return Math.round(ns / (msInNs / 1000)) / 1000;
}

function shorten(text: string): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= maxLineChars
    ? plain
    : `${plain.slice(0, maxLineChars)}…`;
}
