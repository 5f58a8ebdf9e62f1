/**
 * The charts of a run: latencies, their quantiles, and rates over time, as
 * Jepsen plots them: by the kind of operation, with the faults shaded.
 *
 * @module
 */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import type { PageData } from "../page/data.ts";
import { plural, seconds } from "./dom.ts";
import { dots } from "./dots.ts";
import {
  countsOf,
  decadesOf,
  kindsOf,
  latencyQuantilesOf,
  type Operation,
  operationsOf,
  outcomes,
  outcomeWords,
  ratesOf,
  shownQuantiles,
  wholeTicks,
  windowMs,
} from "./operations.ts";
import type { Theme } from "./theme.ts";

const quantileWords: { [quantile in typeof shownQuantiles[number]]: string } = {
  "0.5": "median",
  "0.95": "95 %",
  "0.99": "99 %",
  "1": "maximum",
};

/** The height of the plot of one kind of operation. */
const panelHeight = 118;
const margins = { marginTop: 28, marginRight: 14, marginBottom: 36 };
const leftMargin = 54;

/** The frame that a chart is drawn in. */
interface Frame {
  width: number;
  theme: Theme;
}

/** A chart, made anew for every size and theme. */
export interface Chart {
  title: string;
  about: string;
  height: number;
  legend(theme: Theme): [colour: string, text: string][];
  make(frame: Frame): ReturnType<typeof Plot.plot>;
}

/** The data of a run that charts show. */
export interface Charted {
  data: PageData;
  operations: readonly Operation[];
  /** Those that took some time, and ended. */
  lasting: readonly Operation[];
  /** The others: a crash takes no time, and some never ended. */
  momentary: readonly Operation[];
  kinds: readonly string[];
  lastMs: number;
  /** The length of the windows in which operations are counted. */
  stepMs: number;
}

/** Gathers what charts show. */
export function chartedOf(data: PageData): Charted {
  const operations = operationsOf(data.history);
  const isLasting = ({ startMs, endMs }: Operation) => endMs > startMs;
  const lastMs = operations.reduce(
    (last, { startMs, endMs }) => Math.max(last, startMs, endMs || 0),
    0,
  );
  return {
    data,
    operations,
    lasting: operations.filter(isLasting),
    momentary: operations.filter((each) => !isLasting(each)),
    kinds: kindsOf(operations),
    lastMs,
    stepMs: windowMs(lastMs),
  };
}

/** All charts of a run. */
export function chartsOf(charted: Charted): Chart[] {
  return [
    latency(charted),
    ...(charted.lasting.length > 0 ? [latencyQuantiles(charted)] : []),
    rate(charted),
  ];
}

function latency(charted: Charted): Chart {
  const { lasting, momentary, kinds } = charted;
  const decades = latencyDecades(charted);
  return {
    title: "Latency",
    about:
      `How long each operation took, at the time when it began. Squares succeeded, triangles ended with no known outcome, crosses failed.${
        momentary.length === 0
          ? ""
          : ` At the foot: ${
            plural(momentary.length, "operation")
          } that never ended, or took no time, as a client's crash.`
      }`,
    height: heightOf(kinds),
    legend: (theme) => [
      ...outcomeLegend(charted, theme),
      ...faultLegend(charted, theme),
    ],
    make: (frame) =>
      Plot.plot({
        ...optionsOf(charted, frame, kinds),
        y: logarithmic(decades),
        marks: [
          ...behind(charted, frame, decades),
          dots(lasting, {
            x: ({ startMs }) => startMs / 1000,
            y: ({ startMs, endMs }) => endMs - startMs,
            fy: ({ begin }) => begin.f,
          }, frame.theme),
          dots(momentary, {
            x: ({ startMs }) => startMs / 1000,
            y: () => Math.min(...decades),
            fy: ({ begin }) => begin.f,
          }, frame.theme),
          names(frame.theme, kinds),
        ],
      }),
  };
}

function latencyQuantiles(charted: Charted): Chart {
  const { lasting, stepMs, lastMs } = charted;
  const kinds = kindsOf(lasting);
  const decades = latencyDecades(charted);
  return {
    title: "Latency quantiles",
    about: `Of the operations that began in each ${
      seconds(stepMs, 100)
    }: half of them, 95 %, 99 % and all took no longer.`,
    height: heightOf(kinds),
    legend: ({ palette, text }) =>
      shownQuantiles.map((quantile, i) => [
        palette[i] ?? text,
        quantileWords[quantile],
      ]),
    make: (frame) =>
      Plot.plot({
        ...optionsOf(charted, frame, kinds),
        y: logarithmic(decades),
        color: {
          domain: shownQuantiles,
          range: frame.theme.palette.slice(0, shownQuantiles.length),
        },
        marks: [
          ...behind(charted, frame, decades),
          Plot.line(latencyQuantilesOf(lasting, stepMs), {
            x: ({ atMs }) => Math.min(atMs, lastMs) / 1000,
            y: "latencyMs",
            fy: "f",
            z: "quantile",
            stroke: "quantile",
            strokeWidth: 1.75,
            marker: "dot",
          }),
          names(frame.theme, kinds),
        ],
      }),
  };
}

function rate(charted: Charted): Chart {
  const { operations, kinds, stepMs, lastMs } = charted;
  const rates = ratesOf(operations, stepMs);
  const sums = new Map<string, number>();
  for (const { f, startMs, hz } of rates) {
    const key = `${f} ${startMs}`;
    sums.set(key, (sums.get(key) ?? 0) + hz);
  }
  const ticks = wholeTicks(Math.max(...sums.values(), 0), 4);
  return {
    title: "Rate",
    about: `How many operations ended per second, in each ${
      seconds(stepMs, 100)
    }, and how they did.`,
    height: heightOf(kinds),
    legend: (theme) => [
      ...outcomeLegend(charted, theme),
      ...faultLegend(charted, theme),
    ],
    make: (frame) =>
      Plot.plot({
        ...optionsOf(charted, frame, kinds),
        y: {
          label: "operations per second (Hz)",
          ticks,
          // Faults must be seen above the bars.
          insetTop: 12,
        },
        color: {
          domain: outcomes,
          range: outcomes.map((type) => frame.theme[type]),
        },
        marks: [
          ...behind(charted, frame, ticks),
          Plot.rectY(rates, {
            x1: ({ startMs }) => startMs / 1000,
            x2: ({ endMs }) => Math.min(endMs, lastMs) / 1000,
            y: "hz",
            fy: "f",
            fill: "type",
            fillOpacity: 0.8,
            order: [...outcomes],
            insetLeft: 0.5,
            insetRight: 0.5,
          }),
          names(frame.theme, kinds),
        ],
      }),
  };
}

function heightOf(panels: readonly string[]): number {
  return panels.length * panelHeight + margins.marginTop +
    margins.marginBottom;
}

function optionsOf(
  { lastMs }: Charted,
  { width, theme }: Frame,
  panels: readonly string[],
): Plot.PlotOptions {
  return {
    ...margins,
    width,
    height: heightOf(panels),
    marginLeft: leftMargin,
    style: {
      background: "none",
      color: theme.text,
      fontFamily: theme.font,
      fontSize: "11.5px",
    },
    x: {
      domain: [0, lastMs / 1000],
      label: "time (s)",
      insetLeft: 4,
      ticks: Math.max(3, width / 100),
    },
    fy: { domain: panels, axis: null, padding: 0.2 },
  };
}

/** Faults, lines at the ticks, and where nodes crashed. */
function behind(
  { data: { faults, mishaps }, lastMs }: Charted,
  { theme }: Frame,
  ticks: number[],
): Plot.Markish[] {
  const crashes = mishaps.filter(({ crashed }) => crashed);
  const atMs = (ms: number) => Math.min(ms, lastMs) / 1000;
  return [
    Plot.rectX(faults, {
      x1: ({ startMs }) => startMs / 1000,
      x2: ({ endMs }) => atMs(endMs),
      fill: theme.faultBand,
    }),
    Plot.gridY({ stroke: theme.grid, strokeOpacity: 1, ticks }),
    Plot.frame({ stroke: theme.line, anchor: "bottom" }),
    Plot.ruleX(crashes, {
      x: ({ ms }) => atMs(ms),
      stroke: theme.fail,
      strokeDasharray: "3 3",
    }),
    Plot.text(crashes, {
      x: ({ ms }) => atMs(ms),
      text: ({ node }) => `✗ ${node} crashed`,
      frameAnchor: "top",
      textAnchor: "start",
      dx: 4,
      dy: 6,
      fontWeight: 600,
      fill: theme.fail,
      stroke: theme.background,
      strokeWidth: 4,
    }),
  ];
}

function names(theme: Theme, panels: readonly string[]): Plot.Markish {
  return Plot.text(panels, {
    fy: (f) => f,
    text: (f) => f,
    frameAnchor: "top-right",
    dy: -14,
    fontWeight: 600,
    fontSize: 12,
    fill: theme.text,
    stroke: theme.background,
    strokeWidth: 4,
  });
}

function latencyDecades({ lasting }: Charted): number[] {
  const [least, greatest] = lasting.reduce(
    ([least, greatest], { startMs, endMs }) => [
      Math.min(least, endMs - startMs),
      Math.max(greatest, endMs - startMs),
    ],
    [1, 1],
  );
  return decadesOf(least, greatest);
}

function logarithmic(decades: number[]): Plot.ScaleOptions {
  return {
    type: "log",
    label: "latency (ms)",
    domain: [Math.min(...decades), Math.max(...decades)],
    ticks: decades,
    tickFormat: (ms: number) => ms.toLocaleString("en"),
  };
}

function faultLegend(
  { data: { faults } }: Charted,
  theme: Theme,
): [string, string][] {
  return faults.length === 0
    ? []
    : [[theme.fault, plural(faults.length, "fault")]];
}

function outcomeLegend(
  { operations }: Charted,
  theme: Theme,
): [string, string][] {
  const counts = countsOf(operations);
  return outcomes.filter((type) => counts[type] > 0).map((type) => [
    theme[type],
    `${counts[type].toLocaleString("en")} ${outcomeWords[type]}`,
  ]);
}
