/**
 * The table of runs: a column for each known fact about a run. Rows stay the
 * same elements as long as their run exists, so that focus and selection stay.
 *
 * @module
 */
/// <reference lib="dom" />
import { element } from "../../../report/web/dom.ts";
import { format } from "../../../report/format.ts";
import { escapedPath, type Key, type Order, type Row } from "./row.ts";

interface Column {
  key: Key;
  title: string;
  /** Figures stand to the right, and the largest come first. */
  isFigure?: boolean;
  /** Returns the text of its cells. */
  text(row: Row): string;
  /** The limit that its figures may be over. */
  limit?: string;
}

/** The columns of the table, between the box to choose runs and their files. */
export const columns: readonly Column[] = [
  { key: "run", title: "Run", text: ({ run }) => run },
  { key: "workload", title: "Workload", text: ({ workload = "" }) => workload },
  {
    key: "verdict",
    title: "Verdict",
    text: ({ verdict }) => `${looks[verdict].sign} ${verdict}`,
  },
  {
    key: "ops",
    title: "Ops",
    isFigure: true,
    text: ({ ops }) => ops?.toLocaleString("en") ?? "",
  },
  {
    key: "msgsPerOp",
    title: "Msgs/op",
    isFigure: true,
    text: ({ msgsPerOp }) => msgsPerOp === undefined ? "" : format(msgsPerOp),
    limit: "msgs/op",
  },
  {
    key: "medianMs",
    title: "Median",
    isFigure: true,
    text: ({ medianMs }) => inMs(medianMs),
    limit: "median",
  },
  {
    key: "maxMs",
    title: "Max",
    isFigure: true,
    text: ({ maxMs }) => inMs(maxMs),
    limit: "max",
  },
  { key: "engine", title: "Engine", text: ({ engine = "" }) => engine },
  {
    key: "seed",
    title: "Seed",
    isFigure: true,
    text: ({ seed }) => String(seed ?? ""),
  },
  { key: "node", title: "Node", text: ({ node = "" }) => node },
  {
    key: "when",
    title: "When",
    isFigure: true,
    // Swedish is written as ISO 8601 is, but in the reader's time zone.
    text: ({ when }) => new Date(when).toLocaleString("sv"),
  },
  {
    key: "durationMs",
    title: "Took",
    isFigure: true,
    text: ({ durationMs }) =>
      durationMs === undefined ? "" : `${(durationMs / 1000).toFixed(1)} s`,
  },
];

/** The sign and the style of each verdict. */
const looks: {
  readonly [verdict in Row["verdict"]]: { sign: string; style: string };
} = {
  "valid": { sign: "✓", style: "pass" },
  "over limit": { sign: "✗", style: "fail" },
  "invalid": { sign: "✗", style: "fail" },
  "unknown": { sign: "?", style: "unknown" },
  "crashed": { sign: "✗", style: "fail" },
  "in progress": { sign: "▸", style: "running" },
  "interrupted": { sign: "–", style: "ended" },
  "unreadable": { sign: "!", style: "unknown" },
};

function inMs(ms: number | undefined): string {
  return ms === undefined ? "" : `${format(ms)} ms`;
}

/** A run's name where there are several of it. */
export function nameOf({ run, node, seed }: Row): string {
  return [run, node, seed === undefined ? "" : `seed ${seed}`]
    .filter(Boolean).join(" ");
}

/** The table, and what the reader does in it. */
export class Table {
  readonly element: HTMLElement;
  #body = element("tbody");
  #headers: readonly HTMLTableCellElement[];
  #lines = new Map<string, Line>();
  #onChoose: (path: string, isChosen: boolean) => void;

  /**
   * @param on `order` is called when the reader wants another order, `choose`
   * when a run is to be compared, or not any more.
   */
  constructor(
    on: {
      order: (key: Key) => void;
      choose: (path: string, isChosen: boolean) => void;
    },
  ) {
    this.#onChoose = on.choose;
    this.#headers = columns.map(({ key, title, isFigure }) =>
      element(
        "th",
        { scope: "col", className: isFigure ? "number" : "" },
        element("button", {
          type: "button",
          onclick: () => on.order(key),
        }, title),
      )
    );
    this.element = element(
      "table",
      { className: "runs" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, hidden("Compare")),
          ...this.#headers,
          element("th", { scope: "col" }, hidden("Files")),
        ),
      ),
      this.#body,
    );
  }

  /** Shows rows in their order. */
  show(
    rows: readonly Row[],
    { key, descending }: Order,
    chosen: readonly string[],
  ): void {
    for (const [i, column] of columns.entries()) {
      this.#headers[i]!.ariaSort = column.key !== key
        ? "none"
        : descending
        ? "descending"
        : "ascending";
    }
    const shown = rows.map((row) => {
      let line = this.#lines.get(row.path);
      if (line === undefined) {
        line = new Line(row.path, this.#onChoose);
        this.#lines.set(row.path, line);
      }
      line.show(row, chosen);
      return line.element;
    });
    const isSame = shown.length === this.#body.rows.length &&
      shown.every((each, i) => each === this.#body.rows[i]);
    if (isSame) return;
    const focused = document.activeElement;
    this.#body.replaceChildren(...shown);
    if (focused instanceof HTMLElement && this.#body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }

  /** Forgets runs that aren't in the store any more. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.#lines.keys()) {
      if (!paths.has(path)) this.#lines.delete(path);
    }
  }
}

/** A row's element. */
class Line {
  readonly element = element("tr");
  #box = element("input", { type: "checkbox" });
  #link: HTMLAnchorElement;
  #files: HTMLAnchorElement;
  #verdict = element("span");
  #reason = element("small", { className: "why" });
  #workload = element("span");
  #options = element("small", { className: "options" });
  #cells: readonly HTMLTableCellElement[];
  #shown?: string;

  constructor(path: string, onChoose: (path: string, chosen: boolean) => void) {
    this.#box.onchange = () => onChoose(path, this.#box.checked);
    const escaped = escapedPath(path);
    this.#link = element("a", { href: `/run/${escaped}/` });
    this.#files = element("a", { href: `/run/${escaped}/?files` }, "files");
    const contents: { [key in Key]?: HTMLElement[] } = {
      run: [this.#link],
      verdict: [this.#verdict, this.#reason],
      workload: [this.#workload, this.#options],
    };
    this.#cells = columns.map(({ key, title, isFigure }) => {
      const className = `${key}${isFigure ? " number" : ""}`;
      const cell = element("td", { className }, ...contents[key] ?? []);
      cell.dataset.title = title;
      return cell;
    });
    this.element.append(
      element("td", { className: "box" }, this.#box),
      ...this.#cells,
      element("td", {}, this.#files),
    );
  }

  show(row: Row, chosen: readonly string[]): void {
    const isChosen = chosen.includes(row.path);
    this.#box.checked = isChosen;
    this.#box.disabled = !row.hasPage || chosen.length === 2 && !isChosen;
    this.#box.title = !row.hasPage
      ? "It has no page to compare"
      : this.#box.disabled
      ? "Two are chosen already"
      : "";
    // Most rows are as they were a second ago.
    const text = JSON.stringify(row);
    if (text === this.#shown) return;
    this.#shown = text;
    this.element.className = looks[row.verdict].style;
    this.#box.ariaLabel = `Compare ${nameOf(row)}`;
    this.#files.ariaLabel = `files of ${nameOf(row)}`;
    columns.forEach((column, i) => {
      const cell = this.#cells[i]!; // each column has its own
      const text = column.text(row);
      if (column.key === "run") this.#link.textContent = text;
      else if (column.key === "verdict") this.#verdict.textContent = text;
      else if (column.key === "workload") this.#workload.textContent = text;
      else if (column.key === "node") {
        cell.replaceChildren(...pieces(text, / (?=-)/));
      } else cell.textContent = text;
      const isOver = column.limit !== undefined &&
        row.over?.includes(column.limit);
      cell.classList.toggle("over", isOver);
    });
    this.#reason.textContent = row.reason?.split("\n")[0] ?? "";
    this.#reason.title = row.reason ?? "";
    this.#options.replaceChildren(...pieces(row.options ?? "", / (?=--)/));
    this.#options.title = row.options ?? "";
  }
}

/** Options as pieces of text that no line ends in, where they fit in one. */
function pieces(text: string, between: RegExp): (HTMLElement | string)[] {
  if (text === "") return [];
  return text.split(between).flatMap((piece, i) => [
    ...(i > 0 ? [" "] : []),
    element("span", { className: "piece" }, piece),
  ]);
}

/** Text for those who don't see the page. */
function hidden(text: string): HTMLElement {
  return element("span", { className: "hidden" }, text);
}
