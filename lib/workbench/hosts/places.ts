/**
 * Places in a program's files, in what it says of an error: the traces of one that
 * was made a single script name that script's lines.
 *
 * @module
 */

/** The files that the lines of a program's code come from. */
export interface Places {
  /** Their addresses. */
  files: readonly string[];
  /**
   * For each line two numbers: which of the files it comes from, and its line
   * there, from 1 on. That is 0 for what comes from none.
   */
  lines: Uint32Array;
}

/** The name of a program's code in traces. */
export const codeName = "$program";

/** The lines before a function's code. */
const linesBefore = 3;

/** Returns a text with the places in a program's files for those in its code. */
export function inFiles(text: string, { files, lines }: Places): string {
  return text.replaceAll(
    /\$program(?:, <anonymous>)?:(\d+):\d+/g,
    (place, number) => {
      const at = 2 * (number - linesBefore - 1);
      const line = lines[at + 1] ?? 0;
      return line > 0 ? `${files[lines[at]!]}:${line}` : place;
    },
  );
}

/** The library's folder: what is in it, its users didn't write. */
const library = import.meta.url.replace(/workbench\/hosts\/[^/]*$/, "");

/**
 * Returns the first place in a trace that is in a file of the node's own, as
 * `node.ts:7`; `undefined` if none is.
 */
export function placeIn(trace: string): string | undefined {
  for (const line of trace.split("\n", maxLines)) {
    const [, file, number] = frame.exec(line.slice(0, maxChars)) ?? [];
    if (file === undefined || file.startsWith(library)) continue;
    return `${file.slice(file.lastIndexOf("/") + 1)}:${number}`;
  }
  return undefined;
}

const frame = /^ +at .*?(file:[^\s()]+?):(\d+)(?::\d+)?\)?$/;

/** So much of a trace is looked at: its author may not be V8. */
const [maxLines, maxChars] = [50, 1000];

/** The words of the library for what a handler threw, and the trace of that. */
const thrown =
  /^handler of "[^"]*" threw: (?:\w*Error: )?(.+)\n((?: {4}at .*(?:\n|$))+)/gm;

/** Adds to what a handler threw its place, which a node's log knows. */
export function withPlace(told: string, log: string): string {
  for (const [, message, trace] of log.matchAll(thrown)) {
    const place = placeIn(trace!);
    const whole = ["crash: ", "(crash): ", "indeterminate: "]
      .map((before) => before + message).find((each) => told.includes(each));
    if (place === undefined || whole === undefined) continue;
    return told.replace(whole, () => `${whole} (at ${place})`);
  }
  return told;
}
