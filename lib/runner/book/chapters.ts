/**
 * The chapters of the book: the README, cut at its headings.
 *
 * @module
 */

/** A page of the book. */
export interface Chapter {
  /** The page's name: that of its heading in links. */
  slug: string;
  title: string;
  /** Markdown, with its heading. */
  text: string;
  part: Part;
}

/** The parts of the contents. */
export const parts = {
  start: "Start",
  chapters: "The walkthrough",
  more: "Work with it",
} as const;

/** One of {@linkcode parts}. */
export type Part = keyof typeof parts;

/** Returns the name of a heading in links, as GitHub makes it. */
export function slugOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-");
}

/** Cuts a text into chapters: what comes before the first is the start. */
export function chaptersOf(readme: string): Chapter[] {
  const sections = sectionsOf(readme);
  const firstOfChapters = sections.findIndex(({ title }) => isNumbered(title));
  return sections.map(({ title, text }, i) => ({
    slug: i === 0 ? "index" : slugOf(title),
    title,
    text,
    part: isNumbered(title)
      ? "chapters"
      : i < firstOfChapters
      ? "start"
      : "more",
  }));
}

function isNumbered(title: string): boolean {
  return /^\d+\. /.test(title);
}

/** The sections of a text; `#` in a block of code is none of its headings. */
function sectionsOf(readme: string): { title: string; text: string }[] {
  const sections: { title: string; lines: string[] }[] = [];
  let isCode = false;
  for (const line of readme.split("\n")) {
    if (line.startsWith("```")) isCode = !isCode;
    const [, title] = isCode ? [] : /^##? (.*)/.exec(line) ?? [];
    if (title !== undefined) sections.push({ title, lines: [] });
    sections.at(-1)?.lines.push(line);
  }
  return sections.map(({ title, lines }) => ({
    title,
    text: lines.join("\n"),
  }));
}

/** The page on which each heading is, by the heading's name in links. */
export function placesOf(
  chapters: readonly Chapter[],
): ReadonlyMap<string, string> {
  return new Map(chapters.flatMap(({ slug, title, text }) => {
    const below = [...text.matchAll(/^###+ (.*)$/gm)]
      .map(([, heading = ""]) => slugOf(heading));
    return [
      [slugOf(title), `${slug}.html`] as const,
      ...below.map((each) => [each, `${slug}.html#${each}`] as const),
    ];
  }));
}
