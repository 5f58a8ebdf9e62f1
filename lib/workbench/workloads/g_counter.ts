/**
 * `g-counter`: as `pn-counter`, but nothing negative is ever added. After
 * Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/workload/g_counter.clj).
 *
 * @module
 */
import { filter } from "../load/generator.ts";
import { pnCounter } from "./pn_counter.ts";
import type { Workload } from "./workload.ts";

/** The workload. */
export const gCounter: Workload = {
  ...pnCounter,
  // Negative adds are drawn, too, and passed over: that's why two of three
  // operations are reads here, and one of two there.
  generator: (test) =>
    filter(
      ({ f, value }) => f !== "add" || (value as number) >= 0,
      pnCounter.generator(test),
    ),
};
