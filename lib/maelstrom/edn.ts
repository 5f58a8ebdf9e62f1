/**
 * Reads the EDN that Clojure prints, as the JSON that it stands for: keywords
 * and symbols are strings without the colon; lists, vectors and sets are
 * arrays; maps whose keys are keywords, strings or numbers are objects, and
 * other maps are arrays of pairs; records are their maps.
 *
 * @module
 */
import { parseEDNString } from "edn-data";
import { ExactNumber } from "../workbench/sim/exact_json.ts";

/**
 * Reads one EDN value.
 *
 * @param settings `exactFloats`: floats become an {@linkcode ExactNumber}, for
 * which 3 and 3.0 differ. Integers beyond 2^53 always do.
 * @throws {SyntaxError} if it isn't EDN, or isn't whole.
 */
export function readEDN(
  text: string,
  { exactFloats = false }: { exactFloats?: boolean } = {},
): unknown {
  // Behind the text, a symbol that is only read as one if the text is whole.
  const marked = `[${markExact(text, exactFloats)}\n${end}]`;
  let values: unknown;
  try {
    values = parseEDNString(marked, { tagHandlers: { [exact]: keepExact } });
  } catch {
    values = undefined;
  }
  if (
    !Array.isArray(values) || values.length !== 2 ||
    (values[1] as Tagged)?.sym !== end
  ) {
    throw new SyntaxError(`not a whole EDN value: ${text.slice(0, 100)}`);
  }
  return toJSON(values[0]);
}

const end = "end-of-text";
const exact = "call-me-maybe/exact";

/** A string, a character, or a number that JavaScript would change. */
const literals =
  /"(?:[^"\\]|\\.)*"|\\\S|(?<![\w.+:/#-])[-+]?\d+(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+|)(?![\w./:])/g;

/**
 * Puts a tag before each such number, so that the parser hands it over as text,
 * and makes characters like `\(` strings, for the parser takes that for a list.
 */
function markExact(text: string, exactFloats: boolean): string {
  return text.replace(literals, (literal) => {
    if (/^\\[^\w]$/.test(literal)) return JSON.stringify(literal[1]);
    if (!/^[-+\d]/.test(literal)) return literal;
    const isInteger = /^[-+]?\d+$/.test(literal);
    return (isInteger ? literal.length >= 16 : exactFloats)
      ? `#${exact} "${literal.replace("+", "")}"`
      : literal;
  });
}

function keepExact(literal: unknown): ExactNumber | number {
  const text = literal as string;
  const number = Number(text);
  return /^-?\d+$/.test(text) && Number.isSafeInteger(number)
    ? number
    : new ExactNumber(text);
}

/** The parser's form of what JSON has no word for. */
interface Tagged {
  map?: [unknown, unknown][];
  set?: unknown[];
  list?: unknown[];
  key?: string;
  sym?: string;
  char?: string;
  tag?: string;
  val?: unknown;
}

function toJSON(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJSON);
  if (typeof value === "bigint") return new ExactNumber(String(value));
  if (value instanceof Date) return value.toISOString();
  if (
    typeof value !== "object" || value === null || value instanceof ExactNumber
  ) return value;
  const { map, set, list, key, sym, char, tag, val } = value as Tagged;
  if (map === undefined) {
    const items = set ?? list;
    if (items !== undefined) return items.map(toJSON);
    return tag === undefined ? key ?? sym ?? char : toJSON(val);
  }
  const entries = map.map(([k, v]) => [toJSON(k), toJSON(v)] as const);
  return entries.every(([k]) => typeof k === "string" || typeof k === "number")
    ? Object.fromEntries(entries)
    : entries;
}
