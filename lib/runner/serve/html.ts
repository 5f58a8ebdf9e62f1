/**
 * The pages that the server makes itself: the table of runs, lists of files,
 * and messages.
 *
 * @module
 */
import { escape } from "../../report/page/page.ts";

/**
 * The path at which the browser gets the table's script and style: see
 * `assets.ts`.
 */
const assetsPath = "/lib/runner/serve/client";

/** HTML around a page's content. */
function html(title: string, content: string, script?: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/lib/report/web/style.css">
<link rel="stylesheet" href="${assetsPath}/style.css">
${
    script === undefined
      ? ""
      : `<script type="module" src="${assetsPath}/${script}"></script>\n`
  }</head>
<body>
<main class="store">
${content}
</main>
</body>
</html>
`;
}

/** The table of runs, which its script fills. */
export function tablePage(store: string): string {
  const quoted = /^[\w./-]+$/.test(store) ? store : `'${store}'`;
  const command = `deno task run${
    store === "store" ? "" : ` --store ${quoted}`
  }`;
  return html(
    "Runs",
    `<h1>Runs</h1>
<div id="runs" data-command="${
      escape(command)
    }"><noscript><p>The table is filled by a script. <a href="/run/">The files of all runs</a> can be read without.</p></noscript></div>`,
    "main.ts",
  );
}

/** A message, such as that there is no such page. */
export function messagePage(title: string, text: string): string {
  return html(
    title,
    `<h1>${escape(title)}</h1>
<p>${escape(text)}</p>
<p><a href="/">All runs</a></p>`,
  );
}

/** A file or folder in a list. */
export interface Entry {
  name: string;
  isFolder: boolean;
  /** In bytes. */
  size: number;
}

/** The files of a folder. */
export function listPage(path: string, entries: readonly Entry[]): string {
  const rows = entries.map(({ name, isFolder, size }) => {
    const slash = isFolder ? "/" : "";
    return `<tr><td><a href="./${escape(encodeURIComponent(name))}${slash}">${
      escape(name + slash)
    }</a></td><td class="number">${isFolder ? "" : sizeOf(size)}</td></tr>`;
  });
  const parents = path.split("/").map((name, i, names) =>
    i === names.length - 1
      ? escape(name)
      : `<a href="${"../".repeat(names.length - 1 - i)}?files">${
        escape(name)
      }</a>`
  ).join(" / ");
  return html(
    path,
    `<p><a href="/">All runs</a></p>
<h1 class="path">${parents}</h1>
${
      rows.length === 0 ? "<p>It's empty.</p>" : `<table class="files">
<thead><tr><th scope="col">Name</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`
    }`,
  );
}

function sizeOf(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB"];
  let size = bytes;
  while (size >= 1000 && units.length > 1) {
    size /= 1000;
    units.shift();
  }
  return `${size < 10 && size !== bytes ? size.toFixed(1) : Math.round(size)} ${
    units[0]
  }`;
}
