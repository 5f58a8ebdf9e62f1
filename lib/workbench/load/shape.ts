/**
 * The shapes that message bodies are checked against, as strict and as lenient
 * as those of Maelstrom, which come from prismatic/schema
 * (https://github.com/plumatic/schema/blob/master/src/cljc/schema/core.cljc):
 *
 * - `null` is an array without elements, as a Go program's nil slice goes out.
 *   It's no object, and no array of a certain length.
 * - 3.0 is no integer, and neither is "3"; 2^80 is one.
 * - A key that may be missing may not be `null`.
 *
 * @module
 */
import { ExactNumber, isObject } from "../sim/exact_json.ts";

/** A kind of value; an `"array"` has elements of any kind, or is `null`. */
export type Kind = "any" | "integer" | "string" | "array" | "object";

/** A kind of its own, for what a workload has to look at more closely. */
export interface OwnKind {
  /** The shape's name, for people: `"map of keys to offsets"`. */
  a: string;
  fits(value: unknown): boolean;
}

/**
 * The keys of an object, and the contents of each: a kind, or `{ is: text }`
 * for just that text. A key that ends in `?` may be missing; keys that aren't
 * named are not allowed.
 */
export type Shape = { [key: string]: Kind | { is: string } | OwnKind };

/**
 * Tells what is wrong with an object, as the end of a sentence; `undefined` if
 * nothing is.
 */
export function shapeProblem(
  value: Record<string, unknown>,
  shape: Shape,
): string | undefined {
  let count = 0;
  for (const name of Object.keys(shape)) {
    const kind = shape[name]!; // it's one of its keys
    const key = keyOf(name);
    if (!Object.hasOwn(value, key)) {
      if (key !== name) continue;
      return `has no "${key}"`;
    }
    count++;
    if (!fits(value[key], kind)) {
      const text = JSON.stringify(value[key]) ?? "nothing";
      const actual = text.length > 80 ? `${text.slice(0, 80)}…` : text;
      return `has ${actual} for "${key}", which isn't ${kindText(kind)}`;
    }
  }
  const keys = Object.keys(value);
  if (keys.length === count) return undefined;
  const known = new Set(Object.keys(shape).map(keyOf));
  const extra = keys.find((key) => !known.has(key));
  return extra === undefined ? undefined : `has a key too many: "${extra}"`;
}

/** The key that a shape means: those that may be missing end in `?`. */
function keyOf(name: string): string {
  return name.endsWith("?") ? name.slice(0, -1) : name;
}

/** A shape as people write bodies. */
export function shapeText(shape: Shape): string {
  const entries = Object.entries(shape).map(([key, kind]) =>
    `"${key}": ${
      typeof kind !== "object"
        ? `<${kind}>`
        : "is" in kind
        ? JSON.stringify(kind.is)
        : `<${kind.a}>`
    }`
  );
  return `{${entries.join(", ")}}`;
}

/**
 * Tells whether a value of {@linkcode parseExact} is an integer, however large.
 */
export function isInteger(value: unknown): boolean {
  return Number.isInteger(value) ||
    value instanceof ExactNumber && value.isInteger;
}

function fits(value: unknown, kind: Shape[string]): boolean {
  if (typeof kind === "object") {
    return "is" in kind ? value === kind.is : kind.fits(value);
  }
  switch (kind) {
    case "any":
      return true;
    case "integer":
      return isInteger(value);
    case "string":
      return typeof value === "string";
    case "array":
      return value === null || Array.isArray(value);
    case "object":
      return isObject(value);
  }
}

function kindText(kind: Shape[string]): string {
  if (kind === "any") return "anything";
  if (typeof kind === "object" && "is" in kind) return JSON.stringify(kind.is);
  const text = typeof kind === "object" ? kind.a : kind;
  return `${/^[aio]/.test(text) ? "an" : "a"} ${text}`;
}
