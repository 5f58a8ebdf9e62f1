/**
 * The state of the space-time diagram: which messages are to be seen, where
 * they are in it, and what is chosen. Nothing here draws.
 *
 * @module
 */
// @ts-types="@types/d3-scale"
import { type ScaleLinear, scalePoint } from "d3-scale";
import { invariant } from "../../workbench/sim/invariant.ts";
import type { PageData } from "../page/data.ts";
import { type Colours, familiesOf, type Family } from "./families.ts";
import { MessageIndex } from "./message_index.ts";
import { spanOf } from "./span.ts";

/** An arrow: from where to where. */
export type Arrow = readonly [x1: number, y1: number, x2: number, y2: number];

/** The name of all clients together. */
export const clients = "clients";

/** The distance from a message at which the pointer finds it, in pixels. */
const reach = 8;

/** With more nodes than that, lines to the clients cross too many others. */
const mostNodesWithClients = 5;

/** The diagram's state. */
export class SpaceTimeState {
  readonly index: MessageIndex;
  readonly families: readonly Family[];
  /** The parties' places, from left to right. */
  readonly lanes = scalePoint<string>().padding(0.5);

  showsClients: boolean;
  /** The families that aren't to be seen. */
  readonly hidden = new Set<string>();
  chosenMs?: number;
  chosenRow?: number;

  constructor(readonly data: PageData, readonly colours: Colours) {
    this.index = new MessageIndex(data);
    this.families = familiesOf(data.messages);

    this.showsClients = data.nodes.length <= mostNodesWithClients;
    this.refilter();
  }

  /** Takes notice of what is to be seen. */
  refilter(): void {
    const { nodes, services } = this.data;
    this.lanes.domain([
      ...(this.showsClients ? [clients] : []),
      ...nodes,
      ...services,
    ]);
    this.index.filter((row) =>
      !this.hidden.has(this.index.family(row)) &&
      (this.showsClients || !this.index.isClients(row))
    );
  }

  /** A message's ends on the screen; a lost one's arrow is cut short. */
  arrowOf(row: number, time: ScaleLinear<number, number>): Arrow {
    const { index } = this;
    const from = this.#laneOf(index.isFromClient(row), index.src(row));
    const to = this.#laneOf(index.isToClient(row), index.dest(row));
    return [
      from,
      time(index.sentMs(row)),
      from + index.reach(row) * (to - from),
      time(index.endMs(row)),
    ];
  }

  #laneOf(isClient: boolean, party: string): number {
    const x = this.lanes(isClient ? clients : party);
    invariant(x !== undefined, "messages are between parties that have lanes");
    return x;
  }

  /** The message that is nearest to a point, if one is near. */
  nearest(
    { x, y, time, most }: {
      x: number;
      y: number;
      time: ScaleLinear<number, number>;
      /** The most that are drawn. */
      most: number;
    },
  ): number | undefined {
    const { rows } = this.index.between(
      time.invert(y - reach),
      time.invert(y + reach),
    );
    const [fromMs, toMs] = spanOf(time);
    const { every } = this.index.between(fromMs, toMs, most);
    let best: number | undefined;
    let least = reach;
    for (const row of rows) {
      if (every > 1 && !this.index.isDrawn(row, every)) continue;
      const distance = distanceTo(this.arrowOf(row, time), x, y);
      if (distance >= least) continue;
      least = distance;
      best = row;
    }
    return best;
  }

  /** The message before or after the chosen one, or the chosen moment. */
  next(direction: 1 | -1, fromMs: number): number | undefined {
    return this.chosenRow === undefined
      ? this.index.step(this.chosenMs ?? fromMs, direction)
      : this.index.neighbour(this.chosenRow, direction);
  }
}

/** Returns the distance of a point from a line between two others. */
function distanceTo(
  [x1, y1, x2, y2]: Arrow,
  x: number,
  y: number,
): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = Math.max(
    0,
    Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)),
  );
  return Math.hypot(x1 + along * dx - x, y1 + along * dy - y);
}
