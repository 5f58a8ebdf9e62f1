/**
 * Runs with many seeds as one HTML file that needs nothing else: their figures,
 * and each seed that failed, with its reason and the way to its own page.
 *
 * @module
 */
import { type FailedSeeds, type Tally, verdictOfSeeds } from "../tally.ts";
import { labelOf, plural } from "../terminal.ts";
import { escape, styles } from "./page.ts";

/** A run with many seeds. */
export interface SeedsOfRun {
  id: string;
  options: { workload: string };
  tally: Tally;
  /** The number of seeds that were requested. */
  asked: number;
  /** The command that judges any of them: whose node it is, with which options. */
  command: string;
}

/** The rules that other pages don't need. */
const style = `
table { width: 100%; border-collapse: collapse; margin: 0 0 32px; font-size: 0.875rem; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.seeds { font-family: var(--mono); overflow-wrap: anywhere; min-width: 7em; max-width: 24em; }
.judged { min-width: 16em; max-width: 40em; color: var(--muted); font: 0.75rem/1.5 var(--mono); overflow-wrap: anywhere; }
.pages { margin-top: 4px; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
@media print { td.number { white-space: normal; } }
.pass { color: var(--ok); } .fail { color: var(--fail); } .unknown { color: var(--info); }
`;

/** The surroundings of a page. */
export interface Surroundings {
  /** The style sheet of all pages. */
  shared: string;
  /** Returns the path of what shows a run, by its folder, as seen from the page. */
  wayTo(folder: string): string;
}

/** Makes the page. */
export function seedsPage(
  runs: readonly SeedsOfRun[],
  { shared, wayTo }: Surroundings,
): string {
  const judged = sum(runs, ({ tally }) => tally.counts.judged);
  const failed = sum(runs, ({ tally }) => tally.counts.failed);
  const title = failed === 0
    ? `All ${plural(judged, "run")} passed`
    : `${failed} of ${plural(judged, "run")} did not pass`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${shared}${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<div class="wide" tabindex="0" role="region" aria-label="Figures of all seeds">
<table>
<thead><tr><th scope="col">Run</th><th scope="col" class="number">Passed</th><th scope="col" class="number">Messages per operation</th><th scope="col" class="number">Median latency until stable, ms</th><th scope="col" class="number">Longest, ms</th></tr></thead>
<tbody>
${runs.map(figuresOf).join("\n")}
</tbody>
</table>
</div>
${runs.map((run) => failuresOf(run, wayTo)).join("")}</main>
</body>
</html>
`;
}

function sum(
  runs: readonly SeedsOfRun[],
  pick: (run: SeedsOfRun) => number,
): number {
  return runs.reduce((sum, run) => sum + pick(run), 0);
}

/** The row of a run: of each figure the least, the median and the most. */
function figuresOf(
  { id, options, tally, asked, command }: SeedsOfRun,
): string {
  const { counts, messagesPerOp, medianMs, maxMs } = tally;
  const [sign, colour] = verdictOfSeeds(counts, asked);
  const cut = counts.judged < asked ? `, ${asked} in all` : "";
  const cells = [
    `${counts.passed} of ${counts.judged}${cut}`,
    ...[messagesPerOp, medianMs, maxMs].map(String),
  ];
  return `<tr><th scope="row"><span class="${styles[colour]}">${sign}</span> ${
    escape(labelOf(id, options.workload))
  }<div class="judged">${escape(command)}</div></th>${
    cells.map((cell) => `<td class="number">${cell}</td>`).join("")
  }</tr>`;
}

/** The seeds of a run that failed. */
function failuresOf(
  { id, options, tally }: SeedsOfRun,
  wayTo: Surroundings["wayTo"],
): string {
  const groups = tally.failures.groups();
  if (groups.length === 0) return "";
  return `<h2>${escape(labelOf(id, options.workload))}</h2>
<table>
<thead><tr><th scope="col">Seeds</th><th scope="col">Verdict</th><th scope="col">Reason</th></tr></thead>
<tbody>
${groups.map((group) => failure(group, wayTo)).join("\n")}
</tbody>
</table>
`;
}

function failure(
  { verdict, seeds, count, example, kept }: FailedSeeds,
  wayTo: Surroundings["wayTo"],
): string {
  const { seed, reason } = example;
  const pages = kept.map(({ seed, folder }) => {
    const path = wayTo(folder).split("/").map(encodeURIComponent).join("/");
    return `<a href="${escape(path)}">${seed}</a>`;
  });
  const colour = verdict === "unknown" ? styles.yellow : styles.red;
  const such = count === 1 ? "" : `such as ${seed}: `;
  return `<tr><td class="seeds">${seeds}</td><td class="${colour}">${verdict}</td><td>${such}${
    escape(reason)
  }${
    pages.length === 0
      ? ""
      : `<div class="pages">${pages.length === 1 ? "Page" : "Pages"}: ${
        pages.join(", ")
      }</div>`
  }</td></tr>`;
}
