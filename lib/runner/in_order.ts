/**
 * Puts what comes in any order into its order.
 *
 * @module
 */

/** Hands on things in the order of their places, as soon as it can. */
export class InOrder<T> {
  #take: (each: T, place: number) => void;
  /** Those that others are to precede. */
  #early = new Map<number, T>();
  #next: number;

  /**
   * @param take is called with each.
   * @param first the first of the places.
   */
  constructor(take: (each: T, place: number) => void, first = 0) {
    this.#take = take;
    this.#next = first;
  }

  /** The place of the first that hasn't come. */
  get next(): number {
    return this.#next;
  }

  /** The number of those that have come. */
  get count(): number {
    return this.#next + this.#early.size;
  }

  add(each: T, place: number): void {
    this.#early.set(place, each);
    for (let found; (found = this.#early.get(this.#next)) !== undefined;) {
      this.#early.delete(this.#next);
      this.#take(found, this.#next++);
    }
  }

  /** Forgets those that others were to precede: they come once more. */
  forgetEarly(): void {
    this.#early.clear();
  }

  /** No more will come: hands on those that others were to precede. */
  end(): void {
    for (const [place, each] of [...this.#early].sort(([a], [b]) => a - b)) {
      this.#take(each, place);
    }
    this.#early.clear();
  }
}
