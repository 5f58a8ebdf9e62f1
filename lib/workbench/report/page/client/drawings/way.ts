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
import { scaleLinear, scalePoint } from "d3-scale";
import type { ValueAnomaly } from "../../anomalies/lost_value.ts";
import type { Theme } from "../theme.ts";
import { arrowhead, type Drawing, drawingOf } from "./svg.ts";

const left = 44;
const top = 34;
const bottom = 44;

/** Draws a value's way into a given width. */
export function way(
  anomaly: ValueAnomaly,
  width: number,
  theme: Theme,
): SVGSVGElement {
  const { parties, add, learned, messages, reads, knownMs } = anomaly;
  const right = width < 600 ? 74 : 116;
  const rowHeight = Math.max(18, Math.min(56, 460 / parties.length));
  const height = top + rowHeight * parties.length + bottom;
  const [fromMs, toMs] = windowOf(anomaly);
  const x = scaleLinear([fromMs, toMs], [left, width - right]);
  const y = scalePoint(
    parties,
    [top + rowHeight / 2, height - bottom - rowHeight / 2],
  );
  const svg = drawingOf(width, height, theme);
  arrowhead(svg, "carried", theme, theme.known);

  svg.append("g").attr("transform", `translate(0,${height - bottom + 6})`)
    .attr("color", theme.muted)
    .call(axisBottom(x).ticks(Math.max(2, width / 160)).tickSizeOuter(0))
    .attr("font-family", theme.font).attr("font-size", 11);
  svg.append("text").attr("x", left).attr("y", height - 4)
    .attr("fill", theme.muted).text("time (ms)");

  const knownBy = new Map(learned.map((each) => [each.party, each]));
  for (const party of parties) {
    const at = y(party)!;
    svg.append("text").attr("x", 0).attr("y", at + 4).attr("fill", theme.text)
      .text(party);
    svg.append("line").attr("x1", left).attr("x2", width - right)
      .attr("y1", at).attr("y2", at)
      .attr("stroke", theme.unknown).attr("stroke-width", 4);
    const since = knownBy.get(party)?.ms;
    if (since === undefined || since > toMs) continue;
    svg.append("line").attr("x1", x(since)).attr("x2", width - right)
      .attr("y1", at).attr("y2", at)
      .attr("stroke", theme.known).attr("stroke-width", 4);
  }

  if (knownMs !== null && knownMs <= toMs) {
    const at = x(knownMs);
    svg.append("line").attr("x1", at).attr("x2", at)
      .attr("y1", top - 8).attr("y2", height - bottom + 6)
      .attr("stroke", theme.accent).attr("stroke-dasharray", "3 3");
    svg.append("text").attr("x", Math.min(at + 4, width - right - 84))
      .attr("y", top - 16).attr("fill", theme.accent)
      .text("acknowledged");
  }

  for (const { src, dest, sentMs, receivedMs, type } of messages) {
    if (sentMs > toMs) continue;
    const [y0, y1] = [y(src)!, y(dest)!];
    const lost = receivedMs === null;
    // A lost message ends in its midst: how far it came nobody knows.
    const end = lost
      ? {
        x: x(sentMs) + Math.min(40, (width - right - x(sentMs)) / 2),
        y: (y0 + y1) / 2,
      }
      : { x: x(receivedMs), y: y1 };
    const line = svg.append("line")
      .attr("x1", x(sentMs)).attr("y1", y0).attr("x2", end.x).attr("y2", end.y)
      .attr("stroke", lost ? theme.fail : theme.known)
      .attr("stroke-width", 1.5)
      .attr("stroke-dasharray", lost ? "4 3" : null)
      .attr("marker-end", lost ? null : "url(#carried)");
    line.append("title").text(
      `${type} from ${src} to ${dest}, sent at ${sentMs.toFixed(2)} ms, ${
        lost ? "lost" : `received at ${receivedMs.toFixed(2)} ms`
      }`,
    );
    if (!lost) continue;
    svg.append("path").attr("d", "M-4,-4L4,4M4,-4L-4,4")
      .attr("transform", `translate(${end.x},${end.y})`)
      .attr("stroke", theme.fail).attr("stroke-width", 2);
  }

  const asked = svg.append("g")
    .attr("transform", `translate(${x(add.invokedMs)},${y(add.node)})`);
  asked.append("path").attr("d", "M0,-8L8,0L0,8L-8,0Z")
    .attr("fill", theme.accent).attr("stroke", theme.background);
  asked.append("title").text(
    `process ${add.process} gave the value to ${add.node}`,
  );

  // Reads: full if they show the value.
  for (const read of reads) {
    if (read.invokedMs > toMs) continue;
    const at = x(read.completedMs ?? read.invokedMs);
    if (at > width - right) continue;
    svg.append("circle").attr("cx", at).attr("cy", y(read.node)!)
      .attr("r", 4.5).attr("stroke-width", 2)
      .attr("stroke", read.shows ? theme.known : theme.fail)
      .attr("fill", read.shows ? theme.known : theme.background)
      .append("title").text(
        `process ${read.process}'s read (operation ${read.index}) ${
          read.shows ? "shows it" : "doesn't show it"
        }`,
      );
  }
  drawLast(svg, anomaly, { width, right, y, top }, theme);
  return svg.node()!;
}

/** Each node's last read. */
function drawLast(
  svg: Drawing,
  { reads, parties }: ValueAnomaly,
  { width, right, y, top }: {
    width: number;
    right: number;
    y: (party: string) => number | undefined;
    top: number;
  },
  theme: Theme,
) {
  const at = width - right + 22;
  svg.append("text").attr("x", at - 10).attr("y", top - 16)
    .attr("fill", theme.muted).text(right < 100 ? "at last" : "last read");
  for (const party of parties) {
    const last = reads.findLast(({ node }) => node === party);
    if (last === undefined) continue;
    svg.append("text").attr("x", at).attr("y", y(party)! + 4)
      .attr("fill", last.shows ? theme.known : theme.fail)
      .attr("font-weight", 600)
      .text(
        right < 100
          ? last.shows ? "✓" : "✗"
          : last.shows
          ? "✓ shown"
          : "✗ missing",
      )
      .append("title").text(
        `operation ${last.index} at ${last.invokedMs.toFixed(1)} ms`,
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
  return [add.invokedMs - margin, last + margin];
}
