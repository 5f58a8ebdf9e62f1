/**
 * `g-counter`: as `pn-counter`, but nothing negative is ever added. After
 * Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/g_counter.clj).
 *
 * @module
 */
import { type Draw, drawn } from "../load/generator.ts";
import type { Random } from "../sim/random.ts";
import { drawAdd, pnCounter } from "./pn_counter.ts";
import type { Workload } from "./workload.ts";

/** The workload. */
export const gCounter: Workload = {
  ...pnCounter,
  generator: () => drawn<number | undefined>(undefined, draw),
};

/**
 * Draws as `pn-counter` does: an operation, and whose turn is next. Negative adds are
 * drawn, too, and passed over: that's why two of three operations are reads here, and
 * one of two there.
 */
function draw(
  turn: number | undefined,
  random: Random,
): Draw<number | undefined> {
  let now = turn ?? random.integer(2);
  for (;;) {
    const add = now === 0 ? drawAdd(random) : undefined;
    now = random.integer(2);
    if (add === undefined) return { template: { f: "read" }, after: now };
    if (add.value >= 0) return { template: add, after: now };
  }
}
