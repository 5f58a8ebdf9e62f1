/**
 * Figures as people want to see them. Browsers take this file, too.
 *
 * @module
 */

/** A figure with as many digits as people want to see. */
export function format(figure: number): string {
  if (Number.isInteger(figure)) return String(figure);
  return figure.toFixed(Math.abs(figure) < 0.1 ? 3 : 2);
}
