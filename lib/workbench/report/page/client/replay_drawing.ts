/**
 * How the replay is drawn, from back to front: links, messages, parties.
 *
 * @module
 */
/// <reference lib="dom" />
import type { Theme } from "./theme.ts";

/** What is drawn on. Lengths are CSS pixels. */
export interface Stage {
  context: CanvasRenderingContext2D;
  theme: Theme;
  /** The size of nodes. */
  radius: number;
}

/** A place on the stage. */
export interface Point {
  x: number;
  y: number;
}

/** A node or a service. */
export interface Party extends Point {
  name: string;
  service: boolean;
  /** The part of it that is filled: how much it knows. */
  share: number;
  /** The colour of what a client has just asked of it, if one did. */
  asked?: string;
  /** Whether a fault separates it from most others. */
  cutOff: boolean;
  /** What stands below it. */
  caption?: string;
}

/** A link, which a fault may have cut. */
export function drawLink(
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
export function drawMessage(
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
export function drawParty({ context, theme, radius }: Stage, party: Party) {
  const { x, y, name, service, share, asked, cutOff, caption } = party;
  const outline = () => {
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
  };
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
