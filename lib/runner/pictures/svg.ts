/**
 * SVG as text: a template that escapes and rounds, and what all pictures have
 * in common.
 *
 * @module
 */

/** Text that is SVG already. */
export class Markup {
  constructor(readonly text: string) {}
}

/**
 * The arguments of a template: text is escaped, a list goes one element per
 * line.
 */
export type Content =
  | Markup
  | string
  | number
  | undefined
  | readonly Content[];

/**
 * Makes SVG of a template. Numbers are rounded to one decimal, which is finer
 * than anybody sees, and the same on every machine.
 *
 * @example
 * ```ts
 * import { markup } from "./svg.ts";
 *
 * const label = markup`<text x="${1 / 3}">${"a < b"}</text>`;
 * console.assert(label.text === '<text x="0.3">a &lt; b</text>');
 * ```
 */
export function markup(
  parts: TemplateStringsArray,
  ...values: Content[]
): Markup {
  return new Markup(
    parts.reduce((text, part, i) => text + textOf(values[i - 1]) + part),
  );
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "number") return String(rounded(content));
  if (typeof content === "string") return escaped(content);
  return content.map(textOf).join("\n");
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10 || 0; // not -0
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A picture. */
export interface Drawing {
  /** A title that says it at a glance: its heading, and its accessible name. */
  title: string;
  /** The same at length, for readers who can't see it; a caption. */
  description: string;
  height: number;
  /** Rules for the classes of this picture alone. */
  style?: string;
  body: Content;
}

/** The width of all pictures. Text of 14 can still be read on a telephone. */
export const width = 640;

/** Left and right of everything. */
export const margin = 24;

/** The whole file. */
export function fileOf(drawing: Drawing): string {
  const { title, description, height, body } = drawing;
  const used = textOf(body);
  const rules = (baseStyle + (drawing.style ?? "")).trim();
  return textOf([
    markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    markup`<title id="title">${title}</title>`,
    markup`<desc id="description">${description}</desc>`,
    markup`<style>`,
    new Markup(rules),
    markup`</style>`,
    heads.filter((head) => used.includes(`to-${head}`)).map(headOf),
    markup`<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    markup`<text class="title" x="${margin}" y="34">${title}</text>`,
    new Markup(used),
    markup`</svg>`,
  ]) + "\n";
}

/** The ends of lines: class `to-fault` makes a line an arrow of that colour. */
const heads = ["line", "blue", "orange", "green", "fault"];

function headOf(colour: string): Markup {
  return markup`<marker id="${colour}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="fill-${colour}" d="M0 0 8 4 0 8z"/></marker>`;
}

/** A part of the picture, moved to its place. */
export function group([x, y]: Point, content: Content): Markup {
  return markup`<g transform="translate(${x} ${y})">\n${content}\n</g>`;
}

/** An arrow. A line that is one has the class of its colour, too. */
export function arrow(
  colour: string,
  [x1, y1]: Point,
  [x2, y2]: Point,
): Markup {
  return markup`<path class="${colour} to-${colour}" d="M${x1} ${y1}L${x2} ${y2}"/>`;
}

/** A place in a picture. */
export type Point = readonly [x: number, y: number];

/**
 * The colours are those of the report's page; light, or dark if the reader
 * prefers that. There is a background, because the page around it may have
 * another.
 */
const baseStyle = `
svg { --page: #fff; --text: #1a1d23; --muted: #585f6b; --line: #858c98; --grid: #e1e4e9; --band: #f1f3f6; --blue: #0072b2; --orange: #b84a00; --green: #00785a; --fault: #b0134f; --fault-band: #f8e3eb; font: 16px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { svg { --page: #14171c; --text: #e8eaee; --muted: #a5adba; --line: #7a8492; --grid: #2b313a; --band: #1e2229; --blue: #56b4e9; --orange: #ff9a4d; --green: #3ccf9f; --fault: #ff7fae; --fault-band: #3d2230 } }
text { fill: var(--text) }
path { fill: none; stroke-width: 1.5 }
.page { fill: var(--page) }
.title { font-size: 18px; font-weight: 600 }
.bold { font-weight: 600 }
.small { font-size: 14px }
.muted { fill: var(--muted) }
.middle { text-anchor: middle }
.end { text-anchor: end }
.grid { stroke: var(--grid) }
.band { fill: var(--band) }
.fault-band { fill: var(--fault-band) }
${
  ["line", "blue", "orange", "green", "fault"].map((name) =>
    `.${name} { stroke: var(--${name}) }
.fill-${name} { fill: var(--${name}) }
.to-${name} { marker-end: url(#${name}) }`
  ).join("\n")
}`;
