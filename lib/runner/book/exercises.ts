/**
 * The exercises: a node that fails, for each chapter, and the run that shows it.
 * The programs are in `exercises/`, and say what is to be done.
 *
 * @module
 */

/** An exercise. */
export interface Exercise {
  /** The beginning of its chapter's title: `"3."`. */
  chapter: string;
  /** The file of the program, without its ending. */
  program: string;
  /** The run that judges it, and options beyond the run's own. */
  run: string;
  options?: { readonly [name: string]: string | number };
}

/** All exercises. Runs are as short as they show the mistake in. */
export const exercises: readonly Exercise[] = [
  { chapter: "1.", program: "1_echo", run: "1" },
  {
    chapter: "2.",
    program: "2_unique_ids",
    run: "2",
    options: { rate: 100, "time-limit": 10 },
  },
  { chapter: "3.", program: "3_broadcast", run: "3c" },
  {
    chapter: "4.",
    program: "4_grow_only_counter",
    run: "4",
    options: { rate: 20 },
  },
  {
    chapter: "5.",
    program: "5_kafka_style_log",
    run: "5b",
    options: { rate: 100 },
  },
  {
    chapter: "6.",
    program: "6_totally_available_transactions",
    run: "6c",
    // So that what was sent first may come last.
    options: { rate: 100, latency: 10, "latency-dist": "exponential" },
  },
  {
    chapter: "7.",
    program: "7_what_if_they_die",
    run: "3c",
    options: { nemesis: "kill", "nemesis-interval": 2 },
  },
  { chapter: "8.", program: "8_sets_and_counters", run: "8b" },
  { chapter: "9.", program: "9_linearizable_store", run: "9" },
  {
    chapter: "10.",
    program: "10_strict_serializability",
    run: "10",
    // So that they don't stand in each other's way all the time.
    options: { rate: 10, concurrency: "2n" },
  },
  {
    chapter: "11.",
    program: "11_broadcast_on_large_clusters",
    run: "11a",
    options: { rate: 10 },
  },
  { chapter: "12.", program: "12_membership", run: "12" },
];

/** The way to the library in the programs as they lie there, and as they're shown. */
export const libraryHere = '"../../../mod.ts"';
export const libraryShown = '"./lib/mod.ts"';

/** Reads the program of an exercise, as a reader sees it. */
export async function programOfExercise(
  { program }: Exercise,
): Promise<string> {
  const url = new URL(`./exercises/${program}.ts`, import.meta.url);
  return (await Deno.readTextFile(url)).replace(libraryHere, libraryShown);
}
