/**
 * JSON whose numbers stay what they are. `JSON.parse` makes 3 of 3.0, and of
 * 2^53 + 1 its neighbour; for a checker that asks whether two values are the
 * same, that is the difference between right and wrong. Maelstrom's JVM keeps
 * them apart.
 *
 * @module
 */

/** A number that `JSON.parse` would not keep apart from others. */
export class ExactNumber {
  /** The number as it was written. */
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** True if it was written as an integer. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.source);
  }

  /** `JSON.stringify` writes it as it was. */
  toJSON(): unknown {
    return rawJSON(this.source);
  }
}

// Both are the language's since ES2026; TypeScript doesn't know them yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
type Reviver = (key: string, value: unknown) => unknown;

/**
 * The deepest nesting of values. Code that goes through them is recursive, and
 * Maelstrom's JVM, too, runs out of stack.
 */
export const maxNesting = 1000;

/**
 * Tells whether a JSON text nests values deeper than {@linkcode maxNesting}.
 */
export function nestsTooDeep(text: string): boolean {
  // Most texts are too short, or don't open so many: to count is much faster.
  if (
    text.length <= maxNesting ||
    !occursMore(text, "[", maxNesting / 2) &&
      !occursMore(text, "{", maxNesting / 2)
  ) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 91 || code === 123) { // [ or {
      if (++depth > maxNesting) return true;
    } else if (code === 93 || code === 125) { // ] or }
      depth--;
    } else if (code === 34) { // a text, up to the next quote without a backslash
      while (++i < text.length && text.charCodeAt(i) !== 34) {
        if (text.charCodeAt(i) === 92) i++;
      }
    }
  }
  return false;
}

/** Tells whether a character occurs more often than that in a text. */
function occursMore(text: string, char: string, times: number): boolean {
  let at = -1;
  for (let count = 0; count <= times; count++) {
    at = text.indexOf(char, at + 1);
    if (at === -1) return false;
  }
  return true;
}

/**
 * Tells whether a JSON text holds a number that may not stay what it is: a
 * fraction, an exponent, 16 digits or more, or a minus zero. Texts in it may
 * look like one.
 */
export function mayLoseNumbers(text: string): boolean {
  // To search for a character takes a fraction of what looking at each does.
  return followsDigit(text, ".") || followsDigit(text, "e") ||
    followsDigit(text, "E") || text.includes("-0") || hasLongNumber(text);
}

function followsDigit(text: string, char: string): boolean {
  let at = text.indexOf(char);
  while (at !== -1 && !isDigit(text, at - 1)) at = text.indexOf(char, at + 1);
  return at !== -1;
}

/** The fewest digits of an integer that may be beyond 2^53. */
const longDigits = 16;

function hasLongNumber(text: string): boolean {
  // So many digits in a row are at one of these places, too.
  for (let i = longDigits - 1; i < text.length; i += longDigits) {
    let [first, last] = [i, i - 1];
    while (isDigit(text, last + 1)) last++;
    if (last < i) continue;
    while (isDigit(text, first - 1)) first--;
    if (last - first + 1 >= longDigits) return true;
  }
  return false;
}

function isDigit(text: string, place: number): boolean {
  const code = text.charCodeAt(place);
  return code >= 48 && code <= 57;
}

/** Tells whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !(value instanceof ExactNumber);
}

/**
 * Parses JSON; integers beyond 2^53 and floats become {@linkcode ExactNumber}.
 *
 * @throws {SyntaxError} if the text isn't JSON, or {@linkcode nestsTooDeep}.
 */
export function parseExact(text: string): unknown {
  if (nestsTooDeep(text)) {
    throw new SyntaxError(`values are nested more than ${maxNesting} deep`);
  }
  // Most texts have no such number, and a reviver costs ten times the parsing.
  if (!mayLoseNumbers(text)) return JSON.parse(text);
  const reviver = (
    _key: string,
    value: unknown,
    context?: { source?: string },
  ) => {
    if (typeof value !== "number") return value;
    const source = context?.source ?? String(value);
    return Number.isSafeInteger(value) && /^(?!-0)-?\d+$/.test(source)
      ? value
      : new ExactNumber(source);
  };
  return JSON.parse(text, reviver as Reviver);
}

/**
 * A text that two values share if and only if they are the same, as the JVM
 * compares JSON: 3 and 3.0 differ, 3.0 and 3.00 don't, and the order of keys
 * doesn't matter.
 */
export function identity(value: unknown): string {
  if (value instanceof ExactNumber) {
    return value.isInteger
      ? BigInt(value.source).toString()
      : `${Number(value.source)}`.replace(/^-?\d+$/, "$&.0");
  }
  if (Array.isArray(value)) return `[${value.map(identity).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value)
      .map(([key, each]) => `${JSON.stringify(key)}:${identity(each)}`);
    return `{${entries.sort().join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** Orders what {@linkcode parseExact} gave: by kind, then by value. */
export function compareExact(a: unknown, b: unknown): number {
  const kinds = kindOf(a) - kindOf(b);
  if (kinds !== 0) return kinds;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return a.length - b.length;
    for (const [i, each] of a.entries()) {
      const order = compareExact(each, b[i]);
      if (order !== 0) return order;
    }
    return 0;
  }
  if (kindOf(a) === rank.number) {
    const [x, y] = [toBigIntOrNumber(a), toBigIntOrNumber(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const [x, y] = typeof a === "string" && typeof b === "string"
    ? [a, b]
    : [identity(a), identity(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

const rank = { null: 0, boolean: 1, number: 2, string: 3, array: 4, map: 5 };

function kindOf(value: unknown): number {
  if (value === null || value === undefined) return rank.null;
  if (typeof value === "boolean") return rank.boolean;
  if (typeof value === "number" || value instanceof ExactNumber) {
    return rank.number;
  }
  if (typeof value === "string") return rank.string;
  return Array.isArray(value) ? rank.array : rank.map;
}

function toBigIntOrNumber(value: unknown): bigint | number {
  if (!(value instanceof ExactNumber)) return value as number;
  return value.isInteger ? BigInt(value.source) : Number(value.source);
}
