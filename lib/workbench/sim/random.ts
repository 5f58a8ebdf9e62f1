/**
 * Randomness that replays: everything random in a run comes from its seed.
 *
 * The generator is sfc32 from PractRand (https://pracrand.sourceforge.net/RNG_engines.txt): 128
 * bits of state, fast, and only integer arithmetic, so that every machine draws
 * the same numbers.
 *
 * @module
 */

/** A source of random numbers. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * @param seed any text; the same text gives the same numbers. Sources with
   * different names, such as `"7/nemesis"` and `"7/n1"`, are independent: what
   * one part of a run draws does not change what another part draws.
   */
  constructor(seed: string) {
    // FNV-1a spreads the seed over the state; sfc32 wants twelve rounds or more
    // before its output is worth anything.
    let hash = 0x811c9dc5;
    const spread = (salt: number) => {
      for (let i = 0; i < seed.length; i++) {
        hash = Math.imul(hash ^ seed.charCodeAt(i) ^ salt, 0x01000193);
      }
      return hash | 0;
    };
    this.#a = spread(0);
    this.#b = spread(0x5bd1e995);
    this.#c = spread(0x27d4eb2f);
    for (let i = 0; i < 15; i++) this.#next();
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  /** A number from 0 up to, not including, 1. */
  float(): number {
    return ((this.#next() >>> 5) * 0x4000000 + (this.#next() >>> 6)) /
      0x20000000000000;
  }

  /** An integer from 0 up to, not including, `limit`. */
  integer(limit: number): number {
    return Math.floor(this.float() * limit);
  }

  /** One of the items, of which there is at least one. */
  choice<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]!;
  }

  /** The items in a random order, in a new array (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
}
