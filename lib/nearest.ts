/**
 * The word that was probably meant.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text/levenshtein-distance";

/**
 * A hint at the word that was probably meant, as a part of a sentence: the one
 * that differs in the fewest letters (Levenshtein: *Binary codes capable of
 * correcting deletions, insertions, and reversals*, 1966).
 *
 * @returns an empty text if none is near.
 */
export function nearest(word: string, words: readonly string[]): string {
  if (isUnclear(word)) return "";
  const [best] = words.filter((candidate) => !isUnclear(candidate))
    .map((candidate) => ({
      candidate,
      // A text this long means none of them.
      steps: word.length > maxLength
        ? Infinity
        : levenshteinDistance(word, candidate),
    }))
    .sort((a, b) => a.steps - b.steps);
  return best && best.steps <= Math.ceil(best.candidate.length / 3)
    ? ` (did you mean ${best.candidate}?)`
    : "";
}

/** Tells whether any word is near: it's very short, or a number. */
function isUnclear(word: string): boolean {
  return word.length < minLength || /^[-+.\d]+$/.test(word);
}

const minLength = 3;
const maxLength = 100;
