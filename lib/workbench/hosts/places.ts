/**
 * Places in a program's files, in what it says of an error: the traces of one that
 * was made a single script name that script's lines.
 *
 * @module
 */

/** The files that a program's code comes from. */
export interface Places {
  /** Their addresses. */
  files: readonly string[];
  /** The places in the code at which its lines begin. */
  starts: Uint32Array;
  /**
   * Three numbers for each part of the code: the place where it begins; which of
   * the files it comes from, as many as there are if from none; and its line
   * there, from 1 on, or 0 if it isn't known.
   */
  marks: Uint32Array;
}

/** The name of a program's code in traces. */
export const codeName = "$program";

/** The lines before a function's body, and before a program's code in it. */
export const functionLines = 3;

/** Returns a text with the places in a program's files for those in its code. */
export function inFiles(text: string, places: Places): string {
  return text.replaceAll(
    /\$program(?:, <anonymous>)?:(\d+):(\d+)/g,
    (place, line, column) =>
      fileAt(places, line - functionLines - 1, column - 1) ?? place,
  );
}

function fileAt(
  { files, starts, marks }: Places,
  line: number,
  column: number,
): string | undefined {
  const start = starts[line];
  if (start === undefined) return undefined;
  const isBeyond = (i: number) => marks[3 * i]! > start + column;
  const mark = lastBefore(marks.length / 3, isBeyond);
  const [at = 0, file = 0, number = 0] = marks.subarray(3 * mark, 3 * mark + 3);
  if (mark < 0 || at < start || files[file] === undefined) return undefined;
  return number > 0 ? `${files[file]}:${number}` : files[file];
}

/**
 * Returns the last of so many, from 0 on, that isn't beyond something; -1: the
 * first is already.
 */
export function lastBefore(
  count: number,
  isBeyond: (index: number) => boolean,
): number {
  let [last, beyond] = [-1, count];
  while (beyond - last > 1) {
    const middle = (last + beyond) >> 1;
    if (isBeyond(middle)) beyond = middle;
    else last = middle;
  }
  return last;
}

/** The library's folder: what is in it, its users didn't write. */
const library = decoded(
  import.meta.url.replace(/workbench\/hosts\/[^/]*$/, ""),
);

/**
 * Returns the first place in a trace that is in a file of the node's own, as
 * `node.ts:7`; `undefined` if none is.
 */
export function placeIn(trace: string): string | undefined {
  for (const line of trace.split("\n", maxLines)) {
    const [, address, number] = frame.exec(line.slice(0, maxChars)) ?? [];
    if (address === undefined) continue;
    const file = decoded(address);
    if (file.startsWith(library)) continue;
    return `${file.slice(file.lastIndexOf("/") + 1)}:${number}`;
  }
  return undefined;
}

/** Reads an address as people write it; some traces have it so already. */
function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

const frame = /^ +at (?:.*? \()?(file:.+?):(\d+)(?::\d+)?\)?$/;

/** So much of a trace is looked at: its author may not be V8. */
const [maxLines, maxChars] = [50, 1000];

/** The words of the library for what a handler threw, and the trace of that. */
const thrown =
  /^handler of "[^"]*" threw: ((?:(?!\nhandler of ")[^])*?)\n((?: {4}at .*(?:\n|$))+)/gm;

/** The name of an error, in front of its message. */
const nameOfError = /^[^:\n]*: /;

/** The words in front of the message that a verdict tells. */
const beforeMessage = ["crash: ", "(crash): ", "indeterminate: "];

/** Adds to what a handler threw its place, which a node's log knows. */
export function withPlace(told: string, log: string): string {
  let [known, placeOfKnown] = ["", ""];
  for (const [, words, trace] of log.matchAll(thrown)) {
    const whole = [words!, words!.replace(nameOfError, "")]
      .flatMap((message) => beforeMessage.map((before) => before + message))
      .find((each) => each.length > known.length && ends(told, each));
    const place = whole === undefined ? undefined : placeIn(trace!);
    if (place === undefined) continue;
    [known, placeOfKnown] = [whole!, place];
  }
  return known === ""
    ? told
    : told.replace(known, () => `${known} (at ${placeOfKnown})`);
}

/** Tells whether a part of a text isn't the beginning of a longer message. */
function ends(text: string, part: string): boolean {
  const at = text.indexOf(part);
  return at >= 0 && /^(?:$|[.,;)\n])/.test(text.slice(at + part.length));
}
