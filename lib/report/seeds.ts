/**
 * Seeds, as ranges: there may be millions of them.
 *
 * @module
 */

/** Seeds at equal distances; or as many runs without a seed. */
export interface Seeds {
  /** `undefined`: these runs have none. */
  first: number | undefined;
  length: number;
  /** The distance of two neighbours; absent: 1. */
  step?: number;
}

/** Returns a seed by its place, from 0. */
export function seedAt(
  { first, step = 1 }: Seeds,
  place: number,
): number | undefined {
  return first === undefined ? undefined : first + place * step;
}

/** Seeds in their order, which are kept and shown as ranges: `3`, `7..9`. */
export class SeedRanges {
  #ranges: { from: number; to: number }[] = [];

  constructor(seeds: Iterable<number> = []) {
    for (const seed of seeds) this.add(seed);
  }

  add(seed: number): void {
    const last = this.#ranges.at(-1);
    if (last?.to === seed - 1) last.to = seed;
    else this.#ranges.push({ from: seed, to: seed });
  }

  toString(): string {
    return this.#ranges.map(({ from, to }) =>
      from === to
        ? `${from}`
        : to === from + 1
        ? `${from}, ${to}`
        : `${from}..${to}`
    ).join(", ");
  }
}
