/**
 * Stand-in for what this project uses of `@std/cli`, for machines that can't
 * reach JSR: `parseArgs`.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type AnyRecord = Record<string, any>;
type BooleanType = boolean | string | undefined;
type StringType = string | undefined;
type Aliases = Record<string, string | readonly string[]> | undefined;
type Names<T> = T | ReadonlyArray<Extract<T, string>>;

/** What the option `K` holds when it is given. */
type Given<K, B, S, C, N> =
  | (K extends B ? K extends C ? boolean[] : boolean
    : K extends S ? K extends C ? string[] : string
    : unknown[])
  | (K extends B ? never : K extends N ? false : never);

/** What the option `K` holds, its default value counted in. */
type Value<K, B, S, C, N, D> = K extends `${string}.${string}` ? AnyRecord
  : K extends B | S | C
    ? Given<K, B, S, C, N> | (K extends keyof D ? D[K] : never)
  : unknown;

/** `K`, or the first part of it if it has dots, and all its aliases. */
type Keys<K, A> =
  | (K extends `${infer Head}.${string}` ? Head : K & string)
  | (K extends keyof A ? Literal<A[K] extends readonly (infer E)[] ? E : A[K]>
    : never);
type Literal<T> = string extends T ? never : T & string;

/** The options of the result, typed if any of them were named. */
type Values<B, S, C, N, D, A> = [B, S, C] extends
  [false | undefined, undefined, undefined] ? AnyRecord
  :
    & Record<string, unknown>
    & {
      [
        K in Extract<B | C, string> | keyof D as Keys<K, A>
      ]: Value<K, B, S, C, N, D>;
    }
    & {
      [
        K in Exclude<Extract<S, string>, B | C | keyof D> as Keys<K, A>
      ]?: Value<K, B, S, C, N, D>;
    };

/** What {@linkcode parseArgs} returns. */
export type Args<
  TArgs extends Record<string, unknown> = AnyRecord,
  TDoubleDash extends boolean | undefined = undefined,
> =
  & TArgs
  & {
    /** The arguments that belong to no option. */
    _: Array<string | number>;
  }
  & (boolean extends TDoubleDash ? { "--"?: string[] }
    : true extends TDoubleDash ? { "--": string[] }
    : Record<never, never>);

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends BooleanType = BooleanType,
  TStrings extends StringType = StringType,
  TCollectable extends StringType = StringType,
  TNegatable extends StringType = StringType,
  TDefault extends Record<string, unknown> | undefined =
    | Record<string, unknown>
    | undefined,
  TAliases extends Aliases = Aliases,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Whether what follows `--` goes into `"--"` rather than into `_`. */
  "--"?: TDoubleDash;
  /** Other names of options. */
  alias?: TAliases;
  /** Options without a value; `true`: all `--name` without `=` are. */
  boolean?: Names<TBooleans>;
  /** What an option holds if it is not given. */
  default?: TDefault;
  /** Whether all that follows the first argument of no option goes into `_`. */
  stopEarly?: boolean;
  /** Options whose value is never made a number. */
  string?: Names<TStrings>;
  /** Options that gather all their values in an array. */
  collect?: Names<TCollectable>;
  /** Options that `--no-name` sets to `false`. */
  negatable?: Names<TNegatable>;
  /** Called for what the other options don't name; `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/**
 * Reads command line arguments into an object: options under their names, all
 * else under `_`. What looks like a number becomes one, unless the option is
 * named in `string`.
 */
export function parseArgs<
  TArgs extends Values<
    TBooleans,
    TStrings,
    TCollectable,
    TNegatable,
    TDefaults,
    TAliases
  >,
  TDoubleDash extends boolean | undefined = undefined,
  TBooleans extends BooleanType = undefined,
  TStrings extends StringType = undefined,
  TCollectable extends StringType = undefined,
  TNegatable extends StringType = undefined,
  TDefaults extends Record<string, unknown> | undefined = undefined,
  const TAliases extends Aliases = undefined,
>(
  args: readonly string[],
  options: ParseOptions<
    TBooleans,
    TStrings,
    TCollectable,
    TNegatable,
    TDefaults,
    TAliases,
    TDoubleDash
  > = {},
): Args<TArgs, TDoubleDash> {
  const aliases = aliasMap(options.alias ?? {});
  const named = (names: unknown) =>
    new Set(list(names).flatMap((name) => [name, ...aliases.get(name) ?? []]));
  const allBooleans = options.boolean === true;
  const booleans = named(options.boolean);
  const strings = named(options.string);
  const collected = named(options.collect);
  const negatables = named(options.negatable);
  const known = [booleans, strings, collected, aliases];

  const isBoolean = (name: string) =>
    booleans.has(name) ||
    (aliases.get(name)?.some((alias) => booleans.has(alias)) ?? false);

  const result: AnyRecord = { _: [] };

  function put(name: string, value: unknown, arg: string, mayCollect = true) {
    if (
      !known.some((names) => names.has(name)) &&
      !(allBooleans && /^--[^=]+$/.test(arg)) &&
      options.unknown?.(arg, name, value) === false
    ) return;
    if (typeof value === "string" && !strings.has(name)) {
      value = numberOrText(value);
    }
    const collect = mayCollect && collected.has(name);
    for (const each of [name, ...aliases.get(name) ?? []]) {
      setPath(result, each, value, collect);
    }
  }
  /** For an option without a value of its own. */
  const putBare = (name: string, arg: string) =>
    put(name, strings.has(name) ? "" : true, arg);

  /** Takes `--name` at `args[i]`; tells how many arguments after it it took. */
  function long(arg: string, next: string | undefined): number {
    const [, no, rest, value] = arg.match(/^--(no-)?(.+?)(?:=(.*))?$/s)!;
    if (value !== undefined) {
      put(rest, booleans.has(rest) ? value !== "false" : value, arg);
      return 0;
    }
    if (no && negatables.has(rest)) {
      put(rest, false, arg, false);
      return 0;
    }
    const name = (no ?? "") + rest;
    if (
      next && !next.startsWith("-") && !allBooleans && !isBoolean(name)
    ) {
      put(name, next, arg);
    } else if (next === "true" || next === "false") {
      put(name, next === "true", arg);
    } else {
      putBare(name, arg);
      return 0;
    }
    return 1;
  }

  /** Takes `-abc` likewise. */
  function short(arg: string, next: string | undefined): number {
    for (let i = 1; i < arg.length - 1; i++) {
      const [letter, rest] = [arg[i], arg.slice(i + 1)];
      const isLetter = /[A-Za-z]/.test(letter);
      const assigned = isLetter && rest.match(/=(.+)/)?.[1];
      if (rest === "-") {
        put(letter, rest, arg);
      } else if (rest === "=") {
        put(letter, "", arg);
        return 0;
      } else if (assigned) {
        put(letter, assigned, arg);
        return 0;
      } else if (
        isLetter && /\d(\.\d*)?(e-?\d+)?$/.test(rest) ||
        rest.length > 1 && /^\W/.test(rest)
      ) {
        put(letter, rest, arg);
        return 0;
      } else {
        putBare(letter, arg);
      }
    }
    const last = arg.slice(-1);
    if (last === "-") return 0;
    if (next && !/^--?[^-]/.test(next) && !isBoolean(last)) {
      put(last, next, arg);
    } else if (next === "true" || next === "false") {
      put(last, next === "true", arg);
    } else {
      putBare(last, arg);
      return 0;
    }
    return 1;
  }

  const dashes = args.indexOf("--");
  const before = dashes === -1 ? args : args.slice(0, dashes);
  const after = dashes === -1 ? [] : args.slice(dashes + 1);

  for (let i = 0; i < before.length; i++) {
    const [arg, next] = before.slice(i, i + 2);
    if (arg.startsWith("--")) {
      i += long(arg, next);
    } else if (arg.startsWith("-") && arg !== "-") {
      i += short(arg, next);
    } else {
      if (options.unknown?.(arg) !== false) {
        result._.push(strings.has("_") ? arg : numberOrText(arg));
      }
      if (options.stopEarly) {
        result._.push(...before.slice(i + 1));
        break;
      }
    }
  }

  for (const [name, value] of Object.entries(options.default ?? {})) {
    if (hasPath(result, name)) continue;
    for (const each of [name, ...aliases.get(name) ?? []]) {
      setPath(result, each, value);
    }
  }
  for (const name of [...booleans, ...strings]) {
    if (hasPath(result, name)) continue;
    if (collected.has(name)) setPath(result, name, []);
    else if (booleans.has(name)) setPath(result, name, false);
  }

  if (options["--"]) result["--"] = after;
  else result._.push(...after);
  return result as Args<TArgs, TDoubleDash>;
}

/** The names in an option of `parseArgs` that holds one or a list of them. */
function list(names: unknown): string[] {
  return [names].flat().filter((name): name is string =>
    typeof name === "string" && name !== ""
  );
}

/** For each name that has aliases or is one: the others of its group. */
function aliasMap(alias: NonNullable<Aliases>): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const [name, value] of Object.entries(alias)) {
    if (value === undefined) throw new TypeError("Alias value must be defined");
    const group = new Set([name, ...[value].flat()]);
    for (const each of group) {
      map.set(each, [...group].filter((other) => other !== each));
    }
  }
  return map;
}

function numberOrText(text: string): number | string {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}

/** Sets the property that a dotted path leads to. */
function setPath(
  target: AnyRecord,
  path: string,
  value: unknown,
  collect = false,
) {
  const keys = path.split(".");
  for (const [i, key] of keys.entries()) {
    if (key === "__proto__") return;
    if (key === "constructor" && typeof target[key] === "function") return;
    // What every object inherits must not be reached, let alone changed.
    const old = Object.hasOwn(target, key) ? target[key] : undefined;
    if (i < keys.length - 1) {
      target = target[key] = old ?? {};
    } else if (collect && Array.isArray(old)) {
      old.push(value);
    } else {
      target[key] = !collect ? value : old ? [old, value] : [value];
    }
  }
}

/** Whether there is anything where a dotted path leads to. */
function hasPath(target: AnyRecord, path: string): boolean {
  return path.split(".").every((key) => {
    if (!Object.hasOwn(target, key)) return false;
    target = target[key];
    return true;
  });
}
