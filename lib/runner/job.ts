/**
 * One thing to judge, with all its seeds.
 *
 * @module
 */
import type { Seeds } from "../report/seeds.ts";
import type { Replay } from "./replay.ts";
import type { Question } from "./worker.ts";

/** One thing to judge, with one seed or several. Its options have none. */
export interface Job extends Omit<Question, "keep" | "logs"> {
  seeds: Seeds;
  /** All seeds of which `seeds` are a part, if they are. */
  whole?: Seeds;
  /** The command that judges it once more. */
  replay: Replay;
}

/** Tells whether a job has a line that sums its seeds up. */
export function isSummedUp({ by, seeds, whole = seeds }: Job): boolean {
  return whole.length > 1 && by.engine !== "maelstrom";
}
