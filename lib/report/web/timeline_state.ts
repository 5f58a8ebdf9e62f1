/**
 * The state of the timeline: the lanes, where they are, and which operation is
 * chosen. Nothing here draws.
 *
 * @module
 */
import { invariant } from "../../workbench/sim/invariant.ts";
import type { PageData } from "../page/data.ts";
import { concurrencyOf, type Lane, lanesOf, nearestTo } from "./lanes.ts";
import { type Operation, operationsOf } from "./operations.ts";

/** The place where the lanes begin. */
export const left = 76;
export const top = 26;
const bottom = 6;

/** The greatest height of a lane, and if possible the least. */
const mostHeight = 26;
const leastHeight = 8;

/**
 * The height that all lanes should have together, and the most that they may.
 */
const bestHeight = 560;
const maxHeight = 4000;

/** The distance from an operation at which the pointer finds it, in pixels. */
const reach = 8;

/** The timeline's state. */
export class TimelineState {
  readonly operations: readonly Operation[];
  readonly lanes: readonly Lane[];
  readonly laneHeight: number;
  /** The time of the last event. */
  readonly lastMs: number;
  chosen?: Operation;
  chosenMs?: number;
  #laneOf: ReadonlyMap<Operation, number>;

  constructor(readonly data: PageData) {
    const { nodes, history, record: { options } } = data;
    this.operations = operationsOf(history);
    const concurrency = concurrencyOf(options.concurrency, nodes.length);
    this.lanes = lanesOf(this.operations, { nodes, concurrency });
    this.#laneOf = new Map(
      this.lanes.flatMap((lane, i) => lane.operations.map((each) => [each, i])),
    );
    this.lastMs = this.operations.reduce(
      (last, { startMs, endMs }) => Math.max(last, startMs, endMs || 0),
      0,
    );
    const { length } = this.lanes;
    this.laneHeight = Math.min(
      mostHeight,
      Math.max(bestHeight / length, Math.min(leastHeight, maxHeight / length)),
    );
  }

  /** The height of all of it. */
  get height(): number {
    return this.lanes.length * this.laneHeight + top + bottom;
  }

  /** The operation at a point. */
  at(
    { x, y }: { x: number; y: number },
    time: { (ms: number): number; invert(x: number): number },
  ): Operation | undefined {
    const lane = this.lanes[Math.floor((y - top) / this.laneHeight)];
    if (lane === undefined || x < left) return undefined;
    const near = nearestTo(lane.operations, time.invert(x));
    if (near === undefined) return undefined;
    const endMs = isNaN(near.endMs) ? this.lastMs : near.endMs;
    const isNear = time(near.startMs) - reach <= x && x <= time(endMs) + reach;
    return isNear ? near : undefined;
  }

  /** The operation before or after the chosen one in its lane; at first, any. */
  next(by: 1 | -1): Operation | undefined {
    if (this.chosen === undefined) {
      return nearestTo(this.lanes[0]?.operations ?? [], this.chosenMs ?? 0);
    }
    const operations = this.#laneBeside(this.chosen, 0)?.operations ?? [];
    return operations[operations.indexOf(this.chosen) + by];
  }

  /** The operation of the client above or below at the same time. */
  beside(by: 1 | -1): Operation | undefined {
    if (this.chosen === undefined) return this.next(1);
    const lane = this.#laneBeside(this.chosen, by);
    return lane && nearestTo(lane.operations, this.chosen.startMs);
  }

  /** The lane so many below that of an operation. */
  #laneBeside(operation: Operation, by: number): Lane | undefined {
    const own = this.#laneOf.get(operation);
    invariant(own !== undefined, "every operation is in a lane");
    return this.lanes[own + by];
  }
}
