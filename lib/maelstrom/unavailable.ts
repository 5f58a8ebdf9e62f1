/**
 * The reason why the real Maelstrom can't be had here.
 *
 * @module
 */

/** The real Maelstrom can't be run here: what is missing, and what to do. */
export class Unavailable extends Error {
  override name = "Unavailable";

  /**
   * @param problem what is missing, in one line.
   * @param remedy what a person can do about it.
   */
  constructor(readonly problem: string, readonly remedy: string) {
    super(`${problem}.\n${remedy}`);
  }
}
