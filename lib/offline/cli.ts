/**
 * Stand-in for what this project uses of `@std/cli`, for machines that can't
 * reach JSR: `parseArgs` with the options `string` and `unknown`.
 *
 * @module
 */

/** The result of {@linkcode parseArgs}: options under their names. */
export type Args = Record<string, unknown> & {
  /** The arguments that belong to no option. */
  _: Array<string | number>;
};

/** Options of {@linkcode parseArgs}. */
export interface ParseOptions {
  /** The options whose values are never made numbers. */
  string?: string | readonly string[];
  /** A function that hears of all that `string` doesn't name; `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * Reads command line arguments into an object: options under their names, all
 * else under `_`. What looks like a number becomes one, unless the option is
 * named in `string`. Of `-abc` just the first letter is read.
 */
export function parseArgs(
  args: readonly string[],
  options: ParseOptions = {},
): Args {
  const strings = new Set([options.string ?? []].flat());
  const result: Args = { _: [] };

  function put(name: string, value: string | true, arg: string) {
    if (strings.has(name)) result[name] = value === true ? "" : value;
    else if (
      options.unknown?.(arg, name, value) !== false && name !== "__proto__"
    ) result[name] = value === true ? true : numberOrText(value);
  }

  const dashes = args.indexOf("--");
  const before = dashes === -1 ? args : args.slice(0, dashes);
  const rest = before.values();
  for (let arg = rest.next().value; arg !== undefined;) {
    let next = rest.next().value;
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (/^-[^-]/.test(arg)) {
      put(arg.charAt(1), true, arg);
    } else if (name === undefined) {
      if (options.unknown?.(arg) !== false) result._.push(numberOrText(arg));
    } else if (value !== undefined) {
      put(name, value, arg);
    } else if (next && !next.startsWith("-")) {
      put(name, next, arg);
      next = rest.next().value;
    } else {
      put(name, true, arg);
    }
    arg = next;
  }
  if (dashes !== -1) result._.push(...args.slice(dashes + 1));
  return result;
}

function numberOrText(text: string): number | string {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
