/**
 * Long lists that begin alike, and are kept once. If each of n reads shows all
 * earlier writes, they show n² values together; but each read of a node repeats
 * the one before it, and adds some.
 *
 * @module
 */

/** Shorter lists are kept as they are: what they take is less than what it takes. */
export const minLength = 1024;

/**
 * The largest part of a list that is kept by itself because the list doesn't
 * share it; beyond that it's worth sharing anew.
 */
const maxOwnPart = 1 / 8;

/**
 * The common part of the lists of one source, and what the last had besides.
 */
interface Source {
  /** It grows by what two lists in a row agree on. */
  common: unknown[];
  rest: readonly unknown[];
}

/** Keeps lists of numbers. */
export class SharedLists {
  #sources = new Map<unknown, Source>();

  /**
   * Keeps a list.
   *
   * @param source its source: lists of one source tend to begin alike.
   * @returns a function that makes the same list; `undefined` if there's nothing
   * to be shared.
   */
  keep(source: unknown, list: readonly unknown[]): Make | undefined {
    if (list.length < minLength || !areNumbers(list)) return undefined;
    const before = this.#sources.get(source);
    if (before === undefined) return this.#begin(source, list);
    const { common } = before;
    let length = agreement(common, list, 0);
    if (length === common.length) {
      const more = agreement(before.rest, list, length);
      for (let i = 0; i < more; i++) common.push(before.rest[i]);
      length += more;
    }
    const rest = list.slice(length);
    if (rest.length > list.length * maxOwnPart) {
      return this.#begin(source, list);
    }
    before.rest = rest;
    return () => common.slice(0, length).concat(rest);
  }

  #begin(source: unknown, list: readonly unknown[]): undefined {
    this.#sources.set(source, { common: [], rest: list });
  }
}

/** Makes a list that was kept. */
export type Make = () => unknown[];

function areNumbers(list: readonly unknown[]): boolean {
  for (let i = 0; i < list.length; i++) {
    if (typeof list[i] !== "number") return false;
  }
  return true;
}

/**
 * Returns the length of the beginning of one list that is in the other from a
 * place on.
 */
function agreement(
  beginning: readonly unknown[],
  list: readonly unknown[],
  from: number,
): number {
  const length = Math.min(beginning.length, list.length - from);
  for (let i = 0; i < length; i++) {
    if (!Object.is(beginning[i], list[from + i])) return i;
  }
  return length;
}
