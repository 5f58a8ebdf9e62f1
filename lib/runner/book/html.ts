/**
 * A chapter as HTML: Markdown by `marked`, code in colours by `highlight.js`,
 * links within the book, and tables of figures that a reader can change.
 *
 * @module
 */
import hljs from "highlight.js";
import { Marked, Renderer, type Token, type Tokens } from "marked";
import type { RunRow, Table } from "../../../challenges/figures.ts";
import { escape } from "../../report/page/page.ts";
import { commandOf } from "../columns.ts";
import { type Chapter, slugOf } from "./chapters.ts";
import { figuresOf, figuresOfPicture } from "./controls.ts";

/** The surroundings of a chapter. */
export interface Surroundings {
  /** The page of each heading, by the heading's name. */
  places: ReadonlyMap<string, string>;
  tables: readonly Table[];
  /** The pages of files, by their paths in the repository. */
  files: ReadonlyMap<string, string>;
}

/** Writes what stands in a chapter's page. */
export function bodyOf(chapter: Chapter, around: Surroundings): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        const level = Math.max(1, depth - (chapter.slug === "index" ? 0 : 1));
        return `<h${level} id="${slugOf(text)}">${
          this.parser.parseInline(tokens)
        }</h${level}>\n`;
      },
      code: ({ text, lang }) => codeBlock(text, lang),
      link({ href, tokens }) {
        const target = targetOf(href, around);
        return `<a href="${escape(target)}">${
          this.parser.parseInline(tokens)
        }</a>`;
      },
      image({ href, text }) {
        const file = href.replace(/^challenges\//, "");
        const name = file.replace(/^.*\/|\.svg$/g, "");
        return `<img src="${escape(file)}" alt="${
          escape(text)
        }" loading="lazy">${livePicture(name)}`;
      },
      paragraph({ tokens }) {
        const text = this.parser.parseInline(tokens);
        // What is below a picture is no phrase.
        return tokens[0]?.type === "image" ? `${text}\n` : `<p>${text}</p>\n`;
      },
      // It may be wider than the page: then it scrolls, with keys, too.
      table(token) {
        const table = Renderer.prototype.table.call(this, token);
        return `<div class="wide" tabindex="0">${table}</div>\n`;
      },
      // The marks of the README aren't for readers.
      html: ({ text }) => text.replaceAll(/<!--.*?-->\n?/gs, ""),
    },
  });
  const tokens = marked.lexer(chapter.text);
  const shown = withCaptions(withLiveTables(tokens, around.tables), around);
  return marked.parser(Object.assign(shown, { links: tokens.links }));
}

function codeBlock(text: string, lang = ""): string {
  const code = hljs.getLanguage(lang)
    ? hljs.highlight(text, { language: lang }).value
    : escape(text);
  return `<pre class="code" tabindex="0"><code>${code}</code></pre>\n`;
}

/** Where a link of the README leads in the book. */
function targetOf(href: string, { places, files }: Surroundings): string {
  if (href.startsWith("#")) return places.get(href.slice(1)) ?? href;
  return files.get(href) ?? href;
}

/** Names the file that a piece of code is from. */
function withCaptions(
  tokens: readonly Token[],
  { files }: Surroundings,
): Token[] {
  return tokens.map((token) => {
    const [, path] = token.type === "html"
      ? /^<!-- (\S+\/\S+\.ts) -->/.exec(token.raw) ?? []
      : [];
    const page = path && files.get(path);
    return page === undefined ? token : html(
      `<p class="from"><a href="${escape(page)}">${escape(path!)}</a></p>\n`,
    );
  });
}

/** Puts tables of figures into elements of their own, with what they are of. */
function withLiveTables(
  tokens: readonly Token[],
  tables: readonly Table[],
): Token[] {
  let table: Table | undefined;
  return tokens.map((token) => {
    const [, name] = /^<!-- figures (\S+) -->/.exec(token.raw) ?? [];
    if (name !== undefined) table = tables.find((each) => each.name === name);
    if (/^<!-- \/figures -->/.test(token.raw)) table = undefined;
    return token.type === "table" && table !== undefined
      ? html(liveTable(token as Tokens.Table, table))
      : token;
  });
}

function html(text: string): Tokens.HTML {
  return { type: "html", block: true, pre: false, raw: text, text };
}

/** A table, what it says of each row, and its data for the script. */
function liveTable({ header, rows }: Tokens.Table, table: Table): string {
  const [, , ...heads] = header.map(({ text }) => text);
  const lines = rows.map((cells, i) => {
    const row = table.rows[i];
    const [label, , ...figures] = cells.map(({ text }) => text);
    const runs = row !== undefined && "run" in row;
    return `<tr${runs ? ` data-row="${i}"` : ""}><th scope="row">${
      inline(label!, row)
    }${
      runs
        ? `<code>deno task run ${escape(commandOf(row as RunRow))}</code>`
        : ""
    }</th>${figures.map((each) => `<td>${spreadOf(each)}</td>`).join("")}</tr>`;
  });
  return `<section class="figures" data-name="${escape(table.name)}">
<div class="wide" tabindex="0" role="region" aria-label="Figures">
<table>
<thead><tr><td></td>${
    heads.map((head) => `<th scope="col">${escape(head)}</th>`).join("")
  }</tr></thead>
<tbody>
${lines.join("\n")}
</tbody>
</table>
</div>
${dataOf(figuresOf(table))}
</section>
`;
}

/** The element below a picture in which its run can be changed. */
function livePicture(name: string): string {
  const figures = figuresOfPicture(name);
  return figures === undefined ? "" : `<section class="figures pictured">
<div data-row="0"></div>
${dataOf(figures)}
</section>`;
}

/** Data for the page's script. */
export function dataOf(data: unknown): string {
  return `<script type="application/json">${
    JSON.stringify(data).replaceAll("<", "\\u003c")
  }</script>`;
}

/** The label of a row; where others have published it, with the address. */
function inline(label: string, row: Table["rows"][number] | undefined): string {
  if (row === undefined || !("published" in row)) return escape(label);
  const { who, url } = row.published;
  return `${escape(row.label)}: <a href="${escape(url)}">${escape(who)}</a>`;
}

/** A figure of many seeds: the median, and the least and the most beside it. */
function spreadOf(cell: string): string {
  const [, least, median, most, unit] =
    /^(\S+) – (\S+) – (\S+)( \S+)?$/.exec(cell) ?? [];
  return median === undefined
    ? escape(cell)
    : `${escape(median + (unit ?? ""))} <small>${
      escape(`${least} – ${most}`)
    }</small>`;
}
