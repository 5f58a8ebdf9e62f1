/**
 * Parts of the run.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import type { ScaleLinear } from "d3-scale";
import { invariant } from "../../workbench/sim/invariant.ts";

/** A part of the run. */
export type Span = readonly [fromMs: number, toMs: number];

/** The part that a scale of time shows. */
export function spanOf(time: ScaleLinear<number, number>): Span {
  const [fromMs, toMs] = time.domain();
  invariant(fromMs !== undefined && toMs !== undefined, "a scale has two ends");
  return [fromMs, toMs];
}
