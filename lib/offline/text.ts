/**
 * Stand-in for what this project uses of `@std/text`, for machines that can't
 * reach JSR: `levenshteinDistance`.
 *
 * @module
 */

/** The number of characters to insert, delete or replace on the way between. */
export function levenshteinDistance(str1: string, str2: string): number {
  const [a, b] = [[...str1], [...str2]];
  // How far each beginning of `b` is from the part of `a` that has been seen.
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) {
      next.push(
        Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + +(letter !== other)),
      );
    }
    row = next;
  }
  return row[b.length]!;
}
