/**
 * A judged run, or two to compare, as one HTML file that needs nothing else:
 * the verdict in words, which can be read without a script, and the data for
 * the script that draws the rest.
 *
 * What nodes wrote is in there, and nodes are not trusted: all text is escaped,
 * and the file's own policy allows no script but its own, and no request.
 *
 * @module
 */
import type { Quantiles } from "../../workbench/checkers/quantiles.ts";
import type {
  AvailabilityFindings,
  NetFindings,
  Stats,
} from "../../workbench/checkers/stats.ts";
import type { Findings } from "../../workbench/checkers/validity.ts";
import { format } from "../format.ts";
import type { RunRecord } from "../record.ts";
import { noteOn, plural, verdictOf } from "../terminal.ts";
import { type PageCode, sha256 } from "./bundle.ts";
import { type PageData, partsOf } from "./data.ts";
import { fit, leftOutText } from "./fit.ts";

/**
 * Makes the page of a run, or of two side by side.
 *
 * @param folders where each run's folder is, as seen from the page: it lies in
 * its run's own, unless it's of two.
 */
export async function page(
  data: PageData | readonly [PageData, PageData],
  code: PageCode,
  folders?: readonly string[],
): Promise<string> {
  const fitted = await Promise.all(
    ("record" in data ? [data] : data).map((run) => fit(run)),
  );
  const runs = fitted.map(({ data }) => data);
  const script = scriptSafe(code.script);
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${await sha256(script)}'`,
    // Charts come with style elements of their own.
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const title = runs.map((run) =>
    [run.title, nodeOf(run.record)].filter(Boolean).join(" ")
  ).join(" and ");
  const places = folders ?? (runs.length === 1 ? ["./"] : []);
  // Of two runs, the icon of the tab is the first's.
  const [sign] = runs.map(({ record }) => verdictOf(record)[0]);
  return `<!DOCTYPE html>
<html lang="en"${runs.length === 2 ? ' class="two"' : ""}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(`${sign} ${title}`)}</title>
<link rel="icon" href="data:,">
<style>${code.style}</style>
</head>
<body>
<main>
<header class="cells">
${runs.map((run, i) => verdict(run, places[i])).join("\n")}
</header>
<div id="views"><noscript><p class="about">What follows is drawn by a script.</p></noscript></div>
</main>
${
    fitted.map(({ packed }) =>
      `<script type="application/octet-stream" class="data">${packed}</script>`
    ).join("\n")
  }
<script type="module">${script}</script>
</body>
</html>
`;
}

/** Text as HTML shows it, in elements and in attributes. */
export function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A script that doesn't end its element, whatever its strings say. */
function scriptSafe(script: string): string {
  return script.replaceAll(/<(?=\/script|!--|script)/gi, "\\x3C");
}

/** The classes of the style sheet for the colours of verdicts. */
export const styles = { green: "pass", red: "fail", yellow: "unknown" };

/** Names the node: its program, unless it's ours, and its arguments. */
export function nodeOf({ bin, args = [] }: RunRecord): string {
  return [...bin === undefined ? [] : [bin], ...args].join(" ");
}

/** The verdict, its reason, the figures, and how to see it again. */
function verdict(data: PageData, folder: string | undefined): string {
  const { title, record, replay, when, nodes, anomaly } = data;
  const [sign, word, colour] = verdictOf(record);
  const { engine, seed } = record;
  const reason = record.reason ??
    (record.pass
      ? "Nothing that the checkers look for went wrong."
      : "No reason is known.");
  const { head, rest: more } = partsOf(reason);
  const node = nodeOf(record);
  const note = noteOn(record);
  return `<article class="verdict">
${folder === undefined ? "" : linksTo(folder)}<h1>${escape(title)}${
    node === "" ? "" : ` <small>${escape(node)}</small>`
  }</h1>
<p class="sign ${styles[colour]}">${sign} ${word}</p>
<p class="reason">${escape(head)}</p>${moreOf(more, anomaly)}${
    note === undefined ? "" : `\n<p class="reason">${escape(note)}</p>`
  }
<p class="when">${
    escape(
      `${plural(nodes.length, "node")}, ${
        seed === undefined ? "" : `seed ${seed}, `
      }judged by ${
        engine === "maelstrom" ? "Maelstrom" : "the embedded workbench"
      } in ${duration(record["wall-ms"])}, ${
        when.replace("T", " ").replace(/\.\d+Z$/, " UTC")
      }`,
    )
  }</p>${missing(data)}
<dl class="cards">
${cardsOf(record).map(card).join("\n")}
</dl>
<div class="again">
<pre class="command" tabindex="0" aria-label="The command that repeats this run">${
    escape(replay)
  }</pre>
</div>
${optionsOf(record)}
</article>`;
}

/** Tells what there's no room for on the page. */
function missing(data: PageData): string {
  const left = leftOutText(data);
  return left === undefined ? "" : `
<p class="when">${
    escape(
      `Not on this page, which is kept below 5 MB: ${left}. The history is complete in history.jsonl.`,
    )
  }</p>`;
}

/**
 * The ways to all runs, and to this one's files and logs. They lead where they
 * should from disk; where the page is served, its script knows better.
 */
function linksTo(folder: string): string {
  const link = (to: string, className: string, text: string) =>
    `<a class="${className}" href="${escape(folder + to)}">${text}</a>`;
  return `<nav class="ways" aria-label="More of the store">
${link("../../?files", "runs", "All runs")}
${link("?files", "files", "Files of this run")}
${link("node-logs/", "logs", "Node logs")}
</nav>
`;
}

/** All options, and the engine. */
function optionsOf({ engine, options, bin, args = [] }: RunRecord): string {
  const rows = Object.entries({
    engine,
    ...options,
    "node's program": bin,
    ...(args.length > 0 && { "node's arguments": args.join(" ") }),
  }).filter(([, value]) => value !== undefined);
  return `<details>
<summary>Options</summary>
<table>
${
    rows.map(([name, value]) =>
      `<tr><th scope="row">${escape(name)}</th><td>${
        escape(String(value))
      }</td></tr>`
    ).join("\n")
  }
</table>
</details>`;
}

/**
 * Returns all that there is to say beyond the first line. Words that stand
 * beside a drawing are repeated here only for readers who can't see it.
 */
function moreOf(rest: string, anomaly: PageData["anomaly"]): string {
  const { title = "", story = [], retold = false } = anomaly ?? {};
  const told = retold ||
    rest.split("\n").every((line) =>
      line.trim() === "" || story.includes(line.trim())
    );
  const block = told ? "" : `
<pre class="lines" tabindex="0" role="region" aria-label="More of the reason">${
    escape(rest)
  }</pre>`;
  if (anomaly === undefined) return block;
  return `${block}
<noscript><p>${escape(title)}</p><ul>
${story.map((line) => `<li>${escape(line)}</li>`).join("\n")}
</ul></noscript>`;
}

/** A figure with its unit, and its limit if it has one. */
interface Card {
  name: string;
  figure: string;
  unit?: string;
  note?: string;
  over?: boolean;
}

function card({ name, figure, unit, note, over }: Card): string {
  const small = (text: string | undefined, style: string) =>
    text === undefined ? "" : ` <small${style}>${escape(text)}</small>`;
  return `<div${over ? ' class="over"' : ""}><dt>${escape(name)}</dt><dd>${
    escape(figure)
  }${small(unit, "")}${small(note, ' class="below"')}</dd></div>`;
}

function cardsOf({ results, limits = [] }: RunRecord): Card[] {
  const { stats, availability, net, nodes, workload } = results;
  const limited: Limited = (label) => {
    const limit = limits.find((each) => each.label === label);
    return limit
      ? {
        note: `has to be below ${limit.below}\u00a0${limit.unit ?? ""}`
          .trimEnd(),
        over: limit.within === false,
      }
      : {};
  };
  return [
    ...(stats ? [operations(stats)] : []),
    // Of no operations at all there is no part that succeeded.
    ...(availability && stats?.count !== 0 ? [succeeded(availability)] : []),
    ...(net ? messages(net, limited) : []),
    ...(workload ? values(workload, limited) : []),
    ...(nodes && nodes["error-count"] > 0
      ? [{
        name: "Errors of nodes",
        figure: String(nodes["error-count"]),
        over: true,
      }]
      : []),
  ];
}

/** Notes the limit of a figure, by its label, if it has one. */
type Limited = (label: string) => Partial<Card>;

function operations(stats: Stats): Card {
  const parts = [
    [stats["ok-count"], "ok"],
    [stats["fail-count"], "failed"],
    [stats["info-count"], "unknown"],
  ] as const;
  return {
    name: "Operations",
    figure: stats.count.toLocaleString("en"),
    note: parts.filter(([count]) => count)
      .map(([count, word]) => `${count.toLocaleString("en")} ${word}`)
      .join(", "),
  };
}

function succeeded(availability: AvailabilityFindings): Card {
  return {
    name: "Availability",
    figure: percent(availability["ok-fraction"]),
    note: "of the operations succeeded",
    over: availability["valid?"] === false,
  };
}

function messages({ servers, clients }: NetFindings, limited: Limited): Card[] {
  return [{
    name: "Messages per operation",
    figure: format(servers["msgs-per-op"] ?? 0),
    ...limited("msgs/op"),
  }, {
    name: "Messages",
    figure: servers["msg-count"].toLocaleString("en"),
    note: `between servers; ${
      clients["msg-count"].toLocaleString("en")
    } with clients`,
  }];
}

/** The findings of a workload: how long something took, and what went wrong. */
function values(workload: Findings, limited: Limited): Card[] {
  const latencies = workload["stable-latencies"] as Quantiles | undefined;
  const lost = workload["lost-count"];
  const latency = (label: string, ms: number, name: string): Card => ({
    name,
    figure: Math.round(ms).toLocaleString("en"),
    unit: "ms",
    ...limited(label),
  });
  const noticed = workload["detection-latencies"] as Quantiles | undefined;
  const alarms = workload["false-alarm-count"];
  return [
    ...(noticed
      ? [latency("noticed", noticed["0.5"], "Median until a death was noticed")]
      : []),
    ...(typeof alarms === "number"
      ? [{ name: "False alarms", figure: String(alarms) }]
      : []),
    ...(latencies
      ? [
        latency("median", latencies["0.5"], "Median latency until stable"),
        latency("max", latencies["1"], "Longest latency until stable"),
      ]
      : []),
    ...(typeof lost === "number"
      ? [{ name: "Lost values", figure: String(lost), over: lost > 0 }]
      : []),
  ];
}

function percent(fraction: number | null | undefined): string {
  if (typeof fraction !== "number") return "–";
  // 99.99 % must not look like all of them.
  return `${Math.floor(fraction * 10_000) / 100} %`;
}

/** Writes a duration in words. */
function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
