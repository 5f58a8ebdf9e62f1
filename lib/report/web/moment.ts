/**
 * The moment that one looks at as a part of the page's address, so that it can
 * be shared: `#t=12.345` is 12.345 s after the run began, as in the fragments of
 * media (https://www.w3.org/TR/media-frags/#naming-time).
 *
 * @module
 */

/** The fragment of a moment. */
export function fragmentOf(ms: number): string {
  const seconds = (Math.max(0, ms) / 1000).toFixed(6).replace(/\.?0+$/, "");
  return `#t=${seconds}`;
}

/** The moment of a fragment; `undefined` if it's none. */
export function momentOf(fragment: string): number | undefined {
  const [, seconds] = /^#t=(\d{1,9}(?:\.\d{1,9})?)$/.exec(fragment) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
