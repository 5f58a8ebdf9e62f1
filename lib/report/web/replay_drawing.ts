/**
 * The drawing of the replay, from back to front: links, messages, parties.
 *
 * @module
 */
/// <reference lib="dom" />
import { type FaultSpan, isDeaf, struckBy } from "../page/faults.ts";
import { plural } from "./dom.ts";
import type { ReplayState } from "./replay_state.ts";
import type { Theme } from "./theme.ts";

/** The most messages that are drawn. */
const mostMessages = 600;

/** The most that it may be stretched from a square. */
const widest = 1.8;
const highest = 1.2;

/** For how many frames one sees that a client asked, while time runs. */
const askedFrames = 8;

/** Of its way, a lost message's dot becomes a cross after this part. */
const crossAfter = 0.7;

/** The canvas, and the places on it. Lengths are CSS pixels. */
interface Stage {
  context: CanvasRenderingContext2D;
  theme: Theme;
  /** The size of nodes. */
  radius: number;
  /** Returns somebody's place. */
  at(name: string): Point;
}

/** A place on the stage. */
interface Point {
  x: number;
  y: number;
}

/** A node or a service. */
interface Party extends Point {
  name: string;
  service: boolean;
  /** The part of it that is filled: how much it knows. */
  share: number;
  /** The colour of what a client has just asked of it, if one did. */
  asked?: string;
  /** True if a fault separates it from most others. */
  cutOff: boolean;
  /** True if it's there no more, or not now. */
  gone: boolean;
  /** The words below it. */
  caption?: string;
}

/**
 * Draws the moment.
 *
 * @param frameMs how much of the run's time went by with the last frame.
 */
export function drawReplay(
  { context, theme, width, height }: {
    context: CanvasRenderingContext2D;
    theme: Theme;
    width: number;
    height: number;
  },
  state: ReplayState,
  frameMs: number,
): void {
  const radius = radiusFor(width, height, state.places.size);
  const at = placing(state, { width, height, padding: radius + 18 });
  const stage: Stage = { context, theme, radius, at };
  const { faults } = state;
  const deaf = (a: string, b: string) =>
    faults.some((fault) => isDeaf(fault, a, b));
  for (const [a, b] of state.links) {
    drawLink(stage, at(a), at(b), deaf(a, b) || deaf(b, a));
  }
  drawMessages(stage, state, frameMs);
  drawParties(stage, state, frameMs);
}

/** As large as nodes can be, and still with room between. */
function radiusFor(width: number, height: number, count: number): number {
  const room = Math.sqrt(width * height / Math.max(count, 4));
  return Math.max(11, Math.min(30, room / 4.5));
}

/** From places in a square to points on the stage. */
function placing(
  { places }: ReplayState,
  { width, height, padding }: {
    width: number;
    height: number;
    padding: number;
  },
): Stage["at"] {
  const [roomX, roomY] = [width - 2 * padding, height - 2 * padding];
  return (name) => {
    const { x, y } = places.get(name)!;
    return {
      x: width / 2 + (x - 0.5) * Math.min(roomX, widest * roomY),
      y: height / 2 + (y - 0.5) * Math.min(roomY, highest * roomX),
    };
  };
}

function drawMessages(stage: Stage, state: ReplayState, frameMs: number) {
  const { index, spread, nowMs, colours } = state;
  const { rows } = index.between(nowMs - frameMs, nowMs, mostMessages);
  for (const row of rows) {
    const sentMs = index.sentMs(row);
    if (sentMs > nowMs) continue;
    const part = Math.min(
      1,
      (nowMs - sentMs) / (index.endMs(row) - sentMs || 1),
    );
    const way = part * index.reach(row);
    const from = stage.at(index.src(row));
    const to = stage.at(index.dest(row));
    const here = {
      x: from.x + way * (to.x - from.x),
      y: from.y + way * (to.y - from.y),
    };
    drawMessage(stage, from, here, {
      colour: colours.of(index.family(row), stage.theme),
      dim: spread !== undefined && !spread.carriers.has(row),
      lost: index.isLost(row) && part > crossAfter,
    });
  }
}

function drawParties(stage: Stage, state: ReplayState, frameMs: number) {
  const { nodes, knowledge } = state.data;
  const { faults, shares } = state;
  const cutOff = new Set(faults.flatMap((fault) => struckBy(fault, nodes)));
  const asked = askedOf(stage, state, frameMs);
  for (const name of state.places.keys()) {
    const i = nodes.indexOf(name);
    const crashed = state.hasEnded(name);
    const dead = isStruck("kill", name, faults);
    const frozen = isStruck("pause", name, faults);
    drawParty(stage, {
      ...stage.at(name),
      name,
      service: i < 0,
      share: shares?.[i] ?? 0,
      asked: asked.get(name),
      cutOff: cutOff.has(name),
      gone: crashed || dead,
      caption: crashed
        ? "crashed"
        : dead
        ? "dead"
        : frozen
        ? "frozen"
        : knowledge
        ? undefined
        : plural(state.receivedBy(name), "message"),
    });
  }
}

function isStruck(
  kind: FaultSpan["kind"],
  node: string,
  faults: readonly FaultSpan[],
): boolean {
  return faults.some((fault) =>
    fault.kind === kind && "nodes" in fault && fault.nodes.includes(node)
  );
}

/** Whom clients have just asked something, and the colour of what it was. */
function askedOf(
  { theme }: Stage,
  { requests, nowMs, colours }: ReplayState,
  frameMs: number,
): Map<string, string> {
  const asked = new Map<string, string>();
  const { rows } = requests.between(nowMs - askedFrames * frameMs, nowMs);
  for (const row of rows) {
    if (requests.sentMs(row) > nowMs) continue;
    asked.set(requests.dest(row), colours.of(requests.family(row), theme));
  }
  return asked;
}

/** A link, which a fault may have cut. */
function drawLink(
  { context, theme }: Stage,
  from: Point,
  to: Point,
  cut: boolean,
) {
  context.strokeStyle = cut ? theme.fault : theme.line;
  context.globalAlpha = cut ? 1 : 0.6;
  context.lineWidth = cut ? 1.75 : 1;
  context.setLineDash(cut ? [3, 5] : []);
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** A message that has come so far; `dim` if it's not what one looks for. */
function drawMessage(
  { context, theme }: Stage,
  from: Point,
  { x, y }: Point,
  { colour, dim, lost }: { colour: string; dim: boolean; lost: boolean },
) {
  context.globalAlpha = dim ? 0.35 : 1;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = dim ? 1 : 2;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(x, y);
  context.stroke();
  context.beginPath();
  if (lost) {
    context.strokeStyle = theme.fault;
    context.lineWidth = 3;
    context.moveTo(x - 6, y - 6);
    context.lineTo(x + 6, y + 6);
    context.moveTo(x - 6, y + 6);
    context.lineTo(x + 6, y - 6);
    context.stroke();
  } else {
    context.arc(x, y, dim ? 3 : 5, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** A node is round, a service is square. */
function drawParty(stage: Stage, party: Party) {
  const { context, theme, radius } = stage;
  const { x, y, share, asked, cutOff, gone } = party;
  const outline = () => outlineOf(stage, party);
  context.globalAlpha = gone ? 0.4 : 1;
  outline();
  context.fillStyle = theme.unknown;
  context.fill();
  if (share > 0) {
    context.save();
    outline();
    context.clip();
    context.fillStyle = theme.known;
    const height = 2 * radius * share;
    context.fillRect(x - radius, y + radius - height, 2 * radius, height);
    context.restore();
  }
  const ringed = asked !== undefined;
  outline();
  context.strokeStyle = asked ?? (cutOff ? theme.fault : theme.line);
  context.lineWidth = ringed ? 4 : cutOff ? 2.5 : 1.25;
  context.setLineDash(cutOff && !ringed ? [5, 3] : []);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
  drawWords(stage, party);
}

function outlineOf({ context, radius }: Stage, { x, y, service }: Party) {
  context.beginPath();
  if (service) {
    context.roundRect(
      x - radius,
      y - radius * 0.7,
      radius * 2,
      radius * 1.4,
      5,
    );
  } else context.arc(x, y, radius, 0, 2 * Math.PI);
}

/** A party's name, that it's gone, and what stands below it. */
function drawWords(
  { context, theme, radius }: Stage,
  { x, y, name, share, gone, caption }: Party,
) {
  if (gone) {
    context.strokeStyle = theme.fail;
    context.lineWidth = 3;
    context.beginPath();
    context.moveTo(x - radius, y - radius);
    context.lineTo(x + radius, y + radius);
    context.moveTo(x - radius, y + radius);
    context.lineTo(x + radius, y - radius);
    context.stroke();
  }
  const size = Math.max(10, Math.min(15, radius * 0.75));
  context.font = `600 ${size}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  // The name lies across the middle: on whichever is there.
  context.fillStyle = share > 0.5 ? theme.background : theme.text;
  context.fillText(name, x, y, 2 * radius - 4);
  if (caption === undefined) return;
  context.font = `11px ${theme.font}`;
  // Links pass below it.
  context.strokeStyle = theme.background;
  context.lineWidth = 4;
  context.strokeText(caption, x, y + radius + 10);
  context.fillStyle = theme.muted;
  context.fillText(caption, x, y + radius + 10);
}
