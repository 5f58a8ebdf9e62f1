/**
 * A value's way through the cluster: a line for each node, grey until it has
 * the value; an arrow for each message that carried it, with a cross where it
 * was lost; marks for reads that showed it or didn't. Behind it, in a column of
 * their own, are the reads that came last.
 *
 * @module
 */
/// <reference lib="dom" />
// @ts-types="@types/d3-axis"
import { axisBottom } from "d3-axis";
// @ts-types="@types/d3-scale"
import { type ScaleLinear, scaleLinear, scalePoint } from "d3-scale";
import type { ValueAnomaly } from "../../page/anomalies/lost_value.ts";
import type { Circumstances } from "../../page/anomaly.ts";
import { describeFault, faultsBetween } from "../../page/faults.ts";
import { endsOf } from "../crosses.ts";
import { seconds } from "../dom.ts";
import { lossWords } from "../message_tip.ts";
import { shorten } from "../operations.ts";
import { spanOf } from "../span.ts";
import type { Theme } from "../theme.ts";
import { arrowhead, type Drawing, drawingOf } from "./svg.ts";

const left = 44;
const top = 46;
const bottom = 44;

/**
 * The distance that a lost message's arrow would go to the right, in pixels.
 */
const lostLength = 80;

/** The places of things in the drawing. */
interface Scene {
  svg: Drawing;
  theme: Theme;
  x: ScaleLinear<number, number>;
  y: (party: string) => number;
  /** The part of the run that is drawn. */
  toMs: number;
  width: number;
  height: number;
  /** The width that the last reads take. */
  right: number;
}

/** Draws a value's way into a given width. */
export function way(
  anomaly: ValueAnomaly & Circumstances,
  width: number,
  theme: Theme,
): SVGSVGElement {
  const { parties } = anomaly;
  const right = width < 600 ? 74 : 116;
  const rowHeight = Math.max(18, Math.min(56, 460 / parties.length));
  const height = top + rowHeight * parties.length + bottom;
  const [fromMs, toMs] = windowOf(anomaly);
  const rows = scalePoint(
    parties,
    [top + rowHeight / 2, height - bottom - rowHeight / 2],
  );
  const scene: Scene = {
    svg: drawingOf(width, height, theme),
    theme,
    x: scaleLinear([fromMs, toMs], [left, width - right]),
    y: (party) => rows(party)!,
    ...{ toMs, width, height, right },
  };
  arrowhead(scene.svg, "carried", theme, theme.known);
  drawFaults(scene, anomaly);
  drawTime(scene);
  drawParties(scene, anomaly);
  drawMessages(scene, anomaly);
  drawReads(scene, anomaly);
  drawLast(scene, anomaly);
  return scene.svg.node()!;
}

/** The half of the height of a band along a node's line. */
const laneBand = 14;

/** Bands for the faults, each with its sides. */
function drawFaults(
  { svg, theme, x, y, toMs, height }: Scene,
  { faults, parties }: ValueAnomaly & Circumstances,
) {
  const [fromMs] = spanOf(x);
  for (const fault of faultsBetween(faults, fromMs, toMs)) {
    const [x0, x1] = [
      x(Math.max(fromMs, fault.startMs)),
      x(Math.min(toMs, fault.endMs)),
    ];
    const band = (from: number, high: number) =>
      svg.append("rect").attr("x", x0).attr("width", Math.max(1, x1 - x0))
        .attr("y", from).attr("height", high).attr("fill", theme.faultBand);
    if ("nodes" in fault) {
      for (const node of fault.nodes) band(y(node) - laneBand, 2 * laneBand);
    } else band(top - 8, height - bottom - top + 14);
    svg.append("rect").attr("x", x0).attr("width", Math.max(1, x1 - x0))
      .attr("y", top - 8).attr("height", 3).attr("fill", theme.fault);
    const text = describeFault(fault, parties);
    svg.append("text").attr("x", x0).attr("y", 10)
      .attr("font-size", 11).attr("font-weight", 600)
      .attr("fill", theme.fault)
      .text(shorten(text, Math.max(9, (x1 - x0) / 6)))
      .append("title").text(text);
  }
}

/** The axis, and where it skips: behind it stands what came last. */
function drawTime({ svg, theme, x, width, height, right }: Scene) {
  const y = height - bottom + 6;
  svg.append("g").attr("transform", `translate(0,${y})`)
    .attr("color", theme.muted)
    .call(
      axisBottom(x).ticks(Math.max(2, width / 160)).tickSizeOuter(0),
    )
    .attr("font-family", theme.font).attr("font-size", 11);
  svg.append("text").attr("x", left).attr("y", height - 4)
    .attr("fill", theme.muted).text("time (ms)");
  const at = width - right + 5;
  svg.append("path")
    .attr("d", `M${at - 3},${y + 6}l6,-12M${at + 2},${y + 6}l6,-12`)
    .attr("stroke", theme.muted).attr("stroke-width", 1.5);
  svg.append("text").attr("x", width - 2).attr("y", height - 4)
    .attr("text-anchor", "end").attr("font-size", 11)
    .attr("fill", theme.muted)
    .text(right < 100 ? "time skips" : "time skips to the end");
}

/** A line for each party, and from when on it has the value. */
function drawParties(
  { svg, theme, x, y, toMs, width, height, right }: Scene,
  { parties, learned, knownMs, add }: ValueAnomaly,
) {
  const knownBy = new Map(learned.map((each) => [each.party, each]));
  const line = (party: string, fromX: number, colour: string) =>
    svg.append("line").attr("x1", fromX).attr("x2", width - right)
      .attr("y1", y(party)).attr("y2", y(party))
      .attr("stroke", colour).attr("stroke-width", 4);
  for (const party of parties) {
    svg.append("text").attr("x", 0).attr("y", y(party) + 4)
      .attr("fill", theme.text).text(party);
    line(party, left, theme.unknown);
    const since = knownBy.get(party)?.ms;
    if (since !== undefined && since <= toMs) {
      line(party, x(since), theme.known);
    }
  }
  if (knownMs !== null && knownMs <= toMs) {
    const at = x(knownMs);
    svg.append("line").attr("x1", at).attr("x2", at)
      .attr("y1", top - 8).attr("y2", height - bottom + 6)
      .attr("stroke", theme.accent).attr("stroke-dasharray", "3 3");
    svg.append("text").attr("x", Math.min(at + 4, width - right - 84))
      .attr("y", top - 14).attr("fill", theme.accent)
      .text("acknowledged");
  }
  const asked = svg.append("g")
    .attr("transform", `translate(${x(add.invokedMs)},${y(add.node)})`);
  asked.append("path").attr("d", "M0,-8L8,0L0,8L-8,0Z")
    .attr("fill", theme.accent).attr("stroke", theme.background);
  asked.append("title").text(
    `process ${add.process} gave the value to ${add.node}`,
  );
}

/** An arrow for each message that carried it; lost ones end in a cross. */
function drawMessages(
  { svg, theme, x, y, toMs, width, right }: Scene,
  { messages, parties }: ValueAnomaly,
) {
  const drawn = messages.filter(({ sentMs }) => sentMs <= toMs);
  const lost = drawn.filter(({ receivedMs }) => receivedMs === null);
  const ends = endsOf(
    lost.map(({ sentMs, src, dest }) => ({
      sentMs,
      from: parties.indexOf(src),
      to: parties.indexOf(dest),
    })),
    x.invert(left + lostLength) - x.invert(left),
  );
  const partOf = new Map(lost.map((message, i) => [message, ends[i]]));
  for (const message of drawn) {
    const { src, dest, sentMs, receivedMs, type } = message;
    const [y0, y1] = [y(src), y(dest)];
    const part = partOf.get(message);
    const end = receivedMs === null
      ? {
        x: Math.min(x(sentMs) + lostLength * part!, width - right),
        y: y0 + part! * (y1 - y0),
      }
      : { x: x(receivedMs), y: y1 };
    svg.append("line")
      .attr("x1", x(sentMs)).attr("y1", y0).attr("x2", end.x).attr("y2", end.y)
      .attr("stroke", part ? theme.fail : theme.known)
      .attr("stroke-width", 1.5)
      .attr("stroke-dasharray", part ? "4 3" : null)
      .attr("marker-end", part ? null : "url(#carried)")
      .append("title").text(
        `${type} from ${src} to ${dest}, sent at ${sentMs.toFixed(2)} ms, ${
          receivedMs === null
            ? lossWords[message.lost ?? "none"]
            : `received at ${receivedMs.toFixed(2)} ms`
        }`,
      );
    if (part === undefined) continue;
    svg.append("path").attr("class", "lost").attr("d", "M-4,-4L4,4M4,-4L-4,4")
      .attr("transform", `translate(${end.x},${end.y})`)
      .attr("stroke", theme.fail).attr("stroke-width", 2);
  }
}

/** Reads: full if they show the value. */
function drawReads(
  { svg, theme, x, y, toMs, width, right }: Scene,
  { reads }: ValueAnomaly,
) {
  for (const read of reads) {
    if (read.invokedMs > toMs) continue;
    const at = x(read.completedMs ?? read.invokedMs);
    if (at > width - right) continue;
    svg.append("circle").attr("cx", at).attr("cy", y(read.node))
      .attr("r", 4.5).attr("stroke-width", 2)
      .attr("stroke", read.shows ? theme.known : theme.fail)
      .attr("fill", read.shows ? theme.known : theme.background)
      .append("title").text(
        `process ${read.process}'s read (operation ${read.index}) ${
          read.shows ? "shows it" : "doesn't show it"
        }`,
      );
  }
}

/** Each node's last read, and when that was. */
function drawLast(
  { svg, theme, y, width, right }: Scene,
  { reads, parties }: ValueAnomaly,
) {
  const at = width - right + 22;
  const isNarrow = right < 100;
  svg.append("text").attr("x", at - 10).attr("y", top - 14)
    .attr("fill", theme.muted).text(isNarrow ? "at last" : "last read");
  for (const party of parties) {
    const last = reads.findLast(({ node }) => node === party);
    if (last === undefined) continue;
    const [sign, word] = last.shows ? ["✓", "shown"] : ["✗", "missing"];
    svg.append("text").attr("x", at).attr("y", y(party) + 4)
      .attr("fill", last.shows ? theme.known : theme.fail)
      .attr("font-weight", 600)
      .text(isNarrow ? sign : `${sign} ${word}`)
      .append("title").text(
        `operation ${last.index} at ${seconds(last.invokedMs)}`,
      );
  }
}

/**
 * The part of the run that is drawn: from when the value was added until it had
 * gone as far as it ever went, and a few reads more.
 */
function windowOf(
  { add, learned, messages, reads, fate }: ValueAnomaly,
): [number, number] {
  const ends = [
    add.completedMs ?? add.invokedMs,
    ...learned.map(({ ms }) => ms),
    ...messages.slice(0, 60).map(({ sentMs, receivedMs }) =>
      receivedMs ?? sentMs
    ),
  ];
  const spread = Math.max(...ends);
  const missing = reads.filter(({ shows, invokedMs }) =>
    !shows && invokedMs > spread
  );
  // Where no message is known, the reads are all there is to see.
  const seen = learned.length === 0 ? reads.at(-1) : undefined;
  const late = fate === "late" ? reads.filter(({ shows }) => !shows) : [];
  const last = Math.max(
    spread,
    missing[0]?.completedMs ?? 0,
    seen?.completedMs ?? 0,
    late.at(-1)?.completedMs ?? 0,
  );
  const margin = Math.max(1, (last - add.invokedMs) * 0.06);
  return [Math.max(0, add.invokedMs - margin), last + margin];
}
