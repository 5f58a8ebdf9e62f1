/**
 * The part of `node:util` that the workbench uses, where there's no Node: in a browser.
 *
 * @module
 */

/** Writes values one after another; the first may have places for some. */
export function format(first?: unknown, ...others: unknown[]): string {
  if (typeof first !== "string") {
    return (first === undefined && others.length === 0
      ? []
      : [first, ...others]).map(inspect).join(" ");
  }
  const text = first.replaceAll(/%([sdifjoOc%])/g, (place, kind: string) => {
    if (kind === "%") return "%";
    if (others.length === 0) return place;
    const value = others.shift();
    if (kind === "c") return "";
    if (kind === "j") return JSON.stringify(value);
    if (kind === "i") return String(Math.trunc(Number(value)));
    if ("df".includes(kind)) return String(Number(value));
    return kind === "s" ? textOf(value) : inspect(value);
  });
  return [text, ...others.map(textOf)].join(" ");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : inspect(value);
}

/** Writes a value as people read it: nearly as Node does. */
function inspect(value: unknown): string {
  if (value instanceof Error) return value.stack ?? String(value);
  if (value instanceof Map) return `Map(${value.size}) ${inspect([...value])}`;
  if (value instanceof Set) return `Set(${value.size}) ${inspect([...value])}`;
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}

/** Text without the codes that a terminal obeys. */
export function stripVTControlCharacters(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  return text.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
}

/** Text as it is: a page has no terminal's colours. */
export function styleText(_style: unknown, text: string): string {
  return text;
}
