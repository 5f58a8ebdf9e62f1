/**
 * Lines as Maelstrom reads them: the first JSON value of a line counts,
 * whatever follows it, and its texts may hold raw control characters. Other
 * parsers are stricter, `JSON.parse` among them.
 *
 * @module
 */

import { beginningOf } from "../sim/parts.ts";

/** The most characters that are told of what follows a message. */
const maxRestChars = 200;

/** The value of a line, and what was left out. */
export interface Reading {
  /** The value; `undefined` if the line doesn't begin with one. */
  value: unknown;
  /** The value as JSON that every parser takes; without one, the line. */
  text: string;
  /** The rest behind it, without spaces around it. */
  rest: string;
}

/** Reads a line; what isn't an object has to be the whole of it. */
export function firstValue(line: string): Reading {
  const value = parse(line);
  if (value !== undefined) return { value, text: line, rest: "" };
  const { text, end } = firstObject(line);
  const first = parse(text);
  return first === undefined
    ? { value: first, text: line, rest: "" }
    : { value: first, text, rest: line.slice(end).trim() };
}

/** A value from its JSON; `undefined` if it isn't JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The object with which a line begins, and where it ends: an empty text, and 0,
 * if there is none. Control characters within texts are written as JSON wants
 * them.
 */
function firstObject(line: string): { text: string; end: number } {
  const none = { text: "", end: 0 };
  if (!/^[ \t]*\{/.test(line)) return none;
  let text = "";
  let from = 0;
  let depth = 0;
  let isText = false;
  for (let i = 0; i < line.length; i++) {
    const char = line.charAt(i);
    if (isText) {
      if (char === "\\") i++;
      else if (char === '"') isText = false;
      else if (char < " ") {
        text += line.slice(from, i) + JSON.stringify(char).slice(1, -1);
        from = i + 1;
      }
    } else if (char === '"') isText = true;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) {
      return { text: text + line.slice(from, i + 1), end: i + 1 };
    }
  }
  return none;
}

/** Describes what came behind a message in its line. */
export function behind(
  id: string,
  rest: string | undefined,
): string | undefined {
  return rest === undefined
    ? undefined
    : `${id} has printed more in a line than one message, and only the first counts: each message is one line. The rest was: ${
      beginningOf(rest, maxRestChars)
    }`;
}
