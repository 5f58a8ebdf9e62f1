/**
 * A node that did what no node may do: its error, and what it logged last.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { msInNs } from "../../../workbench/sim/clock.ts";
import type { Judgement } from "../../../workbench/judge.ts";
import type { Told } from "./told.ts";
import { storyOf } from "./spans.ts";

/** An error of a node. */
export interface NodeAnomaly {
  kind: "node";
  node: string;
  /** The last lines of its log. */
  log: string[];
  /** The other nodes that did such things, too. */
  others: string[];
}

/** The most lines of the log that are shown. */
const maxLines = 40;

/** The most characters of a line. */
const maxLength = 2000;

/** Finds the first error of a node. */
export function nodeAnomaly(
  judgement: Judgement,
): Told & NodeAnomaly | undefined {
  const { results, logs } = judgement;
  const { errors } = results.nodes;
  const [first] = errors;
  if (first === undefined) return undefined;
  const { node, time } = first;
  return {
    kind: "node",
    title: `${node} did what no node may do`,
    // What else there is to say is a program's output.
    story: storyOf(judgement).slice(0, 1),
    // What happens in the set-up is before the run.
    momentMs: Math.max(0, time / msInNs),
    node,
    log: (logs.get(node) ?? []).slice(-maxLines)
      .map(({ text }) => stripVTControlCharacters(text).slice(0, maxLength)),
    others: [...new Set(errors.map((error) => error.node))]
      .filter((other) => other !== node),
  };
}
