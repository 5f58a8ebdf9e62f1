/**
 * The book as files: a page for each chapter and each script, and what they
 * share.
 *
 * @module
 */
import hljs from "highlight.js";
import { tables } from "../../../challenges/figures.ts";
import { runs } from "../../../challenges/runs.ts";
import { sha256 } from "../../report/page/bundle.ts";
import { escape } from "../../report/page/page.ts";
import { type Chapter, chaptersOf, parts, placesOf } from "./chapters.ts";
import { type Exercise, exercises, programOfExercise } from "./exercises.ts";
import { bodyOf, dataOf } from "./html.ts";
import type { Task } from "./web/workshop.ts";

const root = new URL("../../../", import.meta.url);

/** The files of a site: texts, by their paths. */
export type Site = ReadonlyMap<string, string>;

/** Makes all pages of the book, and what they look like. */
export async function siteOf(): Promise<Site> {
  const chapters = chaptersOf(await read("README.md"));
  const sources = await sourcesOf();
  const around = {
    places: placesOf(chapters),
    tables,
    files: new Map(
      sources.map(({ path, page }) => [path, page] as const),
    ),
  };
  const files = new Map<string, string>();
  for (const [i, chapter] of chapters.entries()) {
    files.set(
      `${chapter.slug}.html`,
      pageOf({
        title: chapter.title,
        slug: chapter.slug,
        body: bodyOf(chapter, around) + await exerciseOf(chapter),
        chapters,
        previous: chapters[i - 1],
        next: chapters[i + 1],
      }),
    );
  }
  files.set(
    "workshop.html",
    pageOf({
      title: "Workshop",
      slug: "workshop",
      body: `<h1>Workshop</h1>
<p>A node of your own, judged here and now: change it, and run it (Ctrl-Enter). What you write stays in this browser. In place of the program you can give a WebAssembly module (WASI preview 1), built from Go, Rust or C.</p>
${
        workshop(
          taskOf("workshop", {
            run: "3b",
            program: await programOfExercise(exercises[2]!),
          }),
          false,
        )
      }`,
      chapters,
    }),
  );
  for (const { path, page, text } of sources) {
    const { value } = hljs.highlight(text, { language: languageOf(path) });
    files.set(
      page,
      pageOf({
        title: path,
        slug: "",
        body: `<h1>${escape(path)}</h1>
<pre class="code whole" tabindex="0"><code>${value}</code></pre>`,
        chapters,
      }),
    );
  }
  for await (
    const { name } of Deno.readDir(new URL("challenges/pictures", root))
  ) {
    files.set(`pictures/${name}`, await read(`challenges/pictures/${name}`));
  }
  files.set(
    "style.css",
    (await Promise.all([
      read("lib/report/web/style.css"),
      read("lib/runner/book/web/book.css"),
    ])).join("\n"),
  );
  return files;
}

/** Makes the script that lets a browser show the book without a network. */
export async function serviceWorkerOf(
  paths: readonly string[],
  site: Site,
): Promise<string> {
  const version = await sha256([...site.values()].join("\0"));
  return `// Keeps the book in the browser, so that it opens without a network.
const cache = ${JSON.stringify(`book ${version}`)};
const files = ${JSON.stringify(["./", ...paths])};
addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(cache).then((it) => it.addAll(files)));
});
addEventListener("activate", (event) => {
  const remove = (names) => Promise.all(
    names.filter((name) => name !== cache).map((name) => caches.delete(name)),
  );
  event.waitUntil(caches.keys().then(remove));
});
addEventListener("fetch", (event) => {
  const kept = () => caches.match(event.request, { ignoreSearch: true });
  event.respondWith(
    fetch(event.request).catch(async () => await kept() ?? Response.error()),
  );
});
`;
}

/** The exercise of a chapter, if it has one. */
async function exerciseOf({ title }: Chapter): Promise<string> {
  const exercise = exercises.find(({ chapter }) => title.startsWith(chapter));
  if (exercise === undefined) return "";
  const program = await programOfExercise(exercise);
  const task = taskOf(`exercise ${exercise.program}`, { ...exercise, program });
  return `<h2 id="exercise">Exercise</h2>
<p>${escape(wordsOf(program)).replaceAll(/`(.+?)`/g, "<code>$1</code>")}</p>
${workshop(task, true)}`;
}

function taskOf(
  name: string,
  { program, run, options = {} }: Pick<Exercise, "program" | "run" | "options">,
): Task {
  return {
    name,
    program,
    run,
    options,
    runs: runs.map(({ id, title }) => [id, `${id} ${title}`]),
  };
}

/** The element of a workshop, which opens at once or by a button. */
function workshop(task: Task, asked: boolean): string {
  return `<div class="workshop">
${asked ? '<button type="button" hidden>Open the workshop</button>' : ""}
<p class="about needs">The workshop takes scripts, and a server that the browser has them from: <code>deno task book --serve</code>.</p>
${dataOf(task)}
</div>
`;
}

/** The words at the beginning of a program. */
function wordsOf(program: string): string {
  const [, comment = ""] = /^\/\*\*\n(.*?) \*\//s.exec(program) ?? [];
  return comment.replaceAll(/^ \* ?/gm, "").replaceAll("\n", " ").trim();
}

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, root));
}

/** The files that the README speaks of, as pages. */
async function sourcesOf(): Promise<
  { path: string; page: string; text: string }[]
> {
  const paths = [
    ...new Set(runs.map(({ script }) => `challenges/${script}.ts`)),
    ".github/CONTRIBUTING.md",
  ];
  return await Promise.all(paths.map(async (path) => ({
    path,
    page: `${path.replace(/^.*\//, "")}.html`,
    text: await read(path),
  })));
}

function languageOf(path: string): string {
  return path.endsWith(".md") ? "markdown" : "typescript";
}

/** Nothing but the site's own files, and no code in pages. */
const policy = [
  "default-src 'self'",
  // Charts come with style elements of their own.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function pageOf({ title, slug, body, chapters, previous, next }: {
  title: string;
  slug: string;
  body: string;
  chapters: readonly Chapter[];
  previous?: Chapter;
  next?: Chapter;
}): string {
  const way = (chapter: Chapter | undefined, rel: string, words: string) =>
    chapter === undefined
      ? "<span></span>"
      : `<a rel="${rel}" href="${chapter.slug}.html"><small>${words}</small> ${
        escape(chapter.title)
      }</a>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(slug === "index" ? title : `${title} · Call Me Maybe`)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script type="module" src="book.js"></script>
</head>
<body class="book">
<a class="skip" href="#text">To the text</a>
<nav class="contents" aria-label="Contents">
<details open>
<summary>Contents</summary>
${contents(chapters, slug)}
</details>
</nav>
<main id="text" tabindex="-1">
${body}
<nav class="turn" aria-label="Previous and next chapter">
${way(previous, "prev", "Previous")}
${way(next, "next", "Next")}
</nav>
</main>
</body>
</html>
`;
}

/** The list of all chapters, in its parts. */
function contents(chapters: readonly Chapter[], here: string): string {
  return Object.entries(parts).map(([part, title]) => {
    const links = chapters.filter((each) => each.part === part).map((each) =>
      `<li><a href="${each.slug}.html"${
        each.slug === here ? ' aria-current="page"' : ""
      }>${escape(each.title)}</a></li>`
    );
    if (part === "more") {
      links.unshift(
        `<li><a href="workshop.html"${
          here === "workshop" ? ' aria-current="page"' : ""
        }>Workshop</a></li>`,
      );
    }
    return `<p>${title}</p>\n<ul>\n${links.join("\n")}\n</ul>`;
  }).join("\n");
}
