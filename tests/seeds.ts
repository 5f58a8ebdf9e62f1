/**
 * The seeds that a test goes through: few, so that all tests take minutes, or
 * as many as `RUNS` says.
 *
 * @module
 */

/** Seeds from 1 on: `RUNS` of them, or so many. */
export function seedsOf(count: number): number[] {
  const length = Number(Deno.env.get("RUNS") ?? count);
  return Array.from({ length }, (_, i) => i + 1);
}
