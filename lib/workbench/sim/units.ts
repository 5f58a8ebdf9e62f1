/**
 * Units of time.
 *
 * @module
 */

/** One millisecond in nanoseconds, which the clock counts. */
export const msInNs = 1e6;

/** One second, likewise. */
export const secondInNs = 1e9;
