/**
 * Latencies, their quantiles, and rates over time, as Jepsen plots them: by the
 * kind of operation, with the faults shaded.
 *
 * @module
 */
/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { element, onKeys, plural, seconds } from "./dom.ts";
import { drawLazily } from "./lazily.ts";
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
  valueText,
  windowMs,
} from "./operations.ts";
import { dots } from "./dots.ts";
import type { Theme } from "./theme.ts";
import type { MakeView } from "./view.ts";

const quantileWords: { [quantile in typeof shownQuantiles[number]]: string } = {
  "0.5": "median",
  "0.95": "95 %",
  "0.99": "99 %",
  "1": "maximum",
};

/** How high the plot of one kind of operation is. */
const panelHeight = 118;
const margins = { marginTop: 28, marginRight: 14, marginBottom: 36 };
const leftMargin = 54;

/** What a chart needs, beside its marks. */
interface Frame {
  width: number;
  theme: Theme;
}

/** A chart, made anew for every size and theme. */
interface Chart {
  title: string;
  about: string;
  /** The kinds of operations: each has a panel. */
  panels: readonly string[];
  legend(theme: Theme): [colour: string, text: string][];
  make(frame: Frame): ReturnType<typeof Plot.plot>;
}

export const plots: MakeView = (data, page) => {
  const operations = operationsOf(data.history);
  if (operations.length === 0) return undefined;
  const { faults } = data;
  const kinds = kindsOf(operations);
  // What takes no time, as a crash, has no place on a logarithmic axis.
  const lasting = operations.filter(({ startMs, endMs }) => endMs > startMs);
  const lastingKinds = kindsOf(lasting);
  const latencies = lasting.map(({ startMs, endMs }) => endMs - startMs);
  const left = operations.length - lasting.length;
  const lastMs = operations.reduce(
    (last, { startMs, endMs }) => Math.max(last, startMs, endMs || 0),
    0,
  );
  const stepMs = windowMs(lastMs);
  const counts = countsOf(operations);
  const options = (
    { width, theme }: Frame,
    panels: readonly string[],
  ): Plot.PlotOptions => ({
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
  });
  const behind = (theme: Theme, ticks: number | number[]): Plot.Markish[] => [
    Plot.rectX(faults, {
      x1: ({ startMs }) => startMs / 1000,
      x2: ({ endMs }) => Math.min(endMs, lastMs) / 1000,
      fill: theme.faultBand,
    }),
    Plot.gridY({ stroke: theme.grid, strokeOpacity: 1, ticks }),
    Plot.frame({ stroke: theme.line, anchor: "bottom" }),
  ];
  const names = (theme: Theme, panels: readonly string[]) =>
    Plot.text(panels, {
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
  const [least, greatest] = latencies.reduce(
    ([least, greatest], ms) => [Math.min(least, ms), Math.max(greatest, ms)],
    [1, 1],
  );
  const decades = decadesOf(least, greatest);
  const logarithmic: Plot.ScaleOptions = {
    type: "log",
    label: "latency (ms)",
    domain: [decades[0], decades.at(-1)!],
    ticks: decades,
    tickFormat: (ms: number) => ms.toLocaleString("en"),
  };
  const faultLegend = (theme: Theme): [string, string][] =>
    faults.length === 0 ? [] : [[theme.fault, plural(faults.length, "fault")]];
  const outcomeLegend = (theme: Theme): [string, string][] =>
    outcomes.filter((type) => counts[type] > 0).map((type) => [
      theme[type],
      `${counts[type].toLocaleString("en")} ${outcomeWords[type]}`,
    ]);

  const charts: Chart[] = [
    {
      title: "Latency",
      about:
        `How long each operation took, at the time when it began. Squares succeeded, triangles ended with no known outcome, crosses failed.${
          left === 0
            ? ""
            : ` Left out: ${
              plural(left, "operation")
            } that never ended, or took no time.`
        }`,
      panels: lastingKinds,
      legend: (theme) => [...outcomeLegend(theme), ...faultLegend(theme)],
      make: (frame) =>
        Plot.plot({
          ...options(frame, lastingKinds),
          y: logarithmic,
          marks: [
            ...behind(frame.theme, decades),
            dots(lasting, {
              x: ({ startMs }) => startMs / 1000,
              y: (_, i) => latencies[i],
              fy: ({ begin }) => begin.f,
            }, frame.theme),
            names(frame.theme, lastingKinds),
          ],
        }),
    },
    {
      title: "Latency quantiles",
      about: `Of the operations that began in each ${
        seconds(stepMs, 100)
      }: half of them, 95 %, 99 % and all took no longer.`,
      panels: lastingKinds,
      legend: ({ palette }) =>
        shownQuantiles.map((quantile, i) => [
          palette[i],
          quantileWords[quantile],
        ]),
      make: (frame) =>
        Plot.plot({
          ...options(frame, lastingKinds),
          y: logarithmic,
          color: {
            domain: shownQuantiles,
            range: frame.theme.palette.slice(0, shownQuantiles.length),
          },
          marks: [
            ...behind(frame.theme, decades),
            Plot.line(latencyQuantilesOf(lasting, stepMs), {
              x: ({ atMs }) => Math.min(atMs, lastMs) / 1000,
              y: "latencyMs",
              fy: "f",
              z: "quantile",
              stroke: "quantile",
              strokeWidth: 1.75,
              marker: "dot",
            }),
            names(frame.theme, lastingKinds),
          ],
        }),
    },
    {
      title: "Rate",
      about: `How many operations ended per second, in each ${
        seconds(stepMs, 100)
      }, and how they did.`,
      panels: kinds,
      legend: (theme) => [...outcomeLegend(theme), ...faultLegend(theme)],
      make: (frame) =>
        Plot.plot({
          ...options(frame, kinds),
          y: {
            label: "operations per second (Hz)",
            ticks: 4,
            // Faults must be seen above the bars.
            insetTop: 12,
          },
          color: {
            domain: outcomes,
            range: outcomes.map((type) => frame.theme[type]),
          },
          marks: [
            ...behind(frame.theme, 4),
            Plot.rectY(ratesOf(operations, stepMs), {
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
    },
  ];

  const summary = `${plural(operations.length, "operation")}: ${
    Object.entries(counts).filter(([, count]) => count > 0)
      .map(([type, count]) =>
        `${count} ${outcomeWords[type as keyof typeof outcomeWords]}`
      ).join(", ")
  }`;
  const figures = charts.filter(({ panels }) => panels.length > 0).map((
    chart,
  ) =>
    figure(chart, {
      label: `${chart.title} over time. ${chart.about} ${summary}.`,
      endMs: lastMs,
      stepMs,
      onChoose: (ms) => page.showTime(ms),
      describe: chart === charts[0]
        ? (ms) => describeNear(lasting, ms)
        : undefined,
    })
  );
  return {
    element: element(
      "div",
      { className: "plots" },
      ...figures.map(({ element }) => element),
    ),
    onTime(ms) {
      for (const each of figures) each.showTime(ms);
    },
  };
};

function heightOf(panels: readonly string[]): number {
  return panels.length * panelHeight + margins.marginTop +
    margins.marginBottom;
}

/** The operation that began nearest to a moment. */
function describeNear(
  operations: readonly Operation[],
  ms: number,
): string | undefined {
  let [low, high] = [0, operations.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (operations[middle].startMs < ms) low = middle + 1;
    else high = middle;
  }
  const near = operations[Math.min(low, operations.length - 1)];
  if (near === undefined) return undefined;
  const { begin, type, startMs, endMs } = near;
  return `${seconds(startMs)}: process ${begin.process}, ${begin.f} ${
    valueText(near, 60)
  }, ${outcomeWords[type]} after ${(endMs - startMs).toFixed(2)} ms`;
}

/**
 * A chart with its title, its legend, and a line at the chosen moment. One
 * chooses a moment by a click, or by keys as with a slider.
 */
function figure(
  { title, about, panels, legend, make }: Chart,
  { label, endMs, stepMs, onChoose, describe }: {
    label: string;
    endMs: number;
    /** How far a key goes. */
    stepMs: number;
    onChoose(ms: number): void;
    describe?(ms: number): string | undefined;
  },
): { element: HTMLElement; showTime(ms: number): void } {
  const keys = element("span", { className: "legend" });
  const cursor = element("div", { className: "cursor", hidden: true });
  const box = element("div", {
    className: "plot",
    tabIndex: 0,
    role: "slider",
    ariaLabel: `${label} Left and right choose a moment.`,
    ariaValueMin: "0",
    ariaValueMax: String(endMs / 1000),
    ariaValueNow: "0",
  });
  box.style.minHeight = `${heightOf(panels)}px`;
  const note = element("p", { className: "note" });
  let shownMs: number | undefined;
  let x: Plot.Scale | undefined;
  const showCursor = () => {
    if (shownMs === undefined || x === undefined) return;
    cursor.hidden = false;
    cursor.style.left = `${x.apply(shownMs / 1000)}px`;
  };
  drawLazily(box, (width, theme) => {
    const plot = make({ width, theme });
    plot.setAttribute("aria-hidden", "true");
    x = plot.scale("x");
    keys.replaceChildren(
      ...legend(theme).map(([colour, text]) => {
        const swatch = element("span", { className: "swatch" });
        swatch.style.background = colour;
        return element("span", {}, swatch, ` ${text}`);
      }),
    );
    box.replaceChildren(plot, cursor);
    showCursor();
  });
  const momentAt = (event: PointerEvent | MouseEvent) => {
    if (x === undefined) return undefined;
    const at = event.clientX - box.getBoundingClientRect().left;
    const [from, to] = x.domain as [number, number];
    return Math.max(from, Math.min(to, x.invert!(at))) * 1000;
  };
  const say = (ms: number | undefined) => {
    note.textContent = ms === undefined ? "" : describe?.(ms) ?? "";
  };
  box.addEventListener("click", (event) => {
    const ms = momentAt(event);
    if (ms !== undefined) onChoose(ms);
  });
  box.addEventListener("pointermove", (event) => say(momentAt(event)));
  const choose = (ms: number) => {
    const within = Math.max(0, Math.min(endMs, ms));
    say(within);
    onChoose(within);
  };
  onKeys(box, {
    ArrowRight: () => choose((shownMs ?? 0) + stepMs),
    ArrowLeft: () => choose((shownMs ?? 0) - stepMs),
    Home: () => choose(0),
    End: () => choose(endMs),
  });
  note.textContent = "Click, or press ← and →, to choose a moment.";
  return {
    element: element(
      "figure",
      {},
      element(
        "figcaption",
        {},
        element("strong", {}, title),
        " ",
        keys,
        element("p", { className: "about" }, about),
      ),
      box,
      ...(describe ? [note] : []),
    ),
    showTime(ms) {
      shownMs = ms;
      box.ariaValueNow = String(ms / 1000);
      box.ariaValueText = seconds(ms);
      showCursor();
    },
  };
}
