/**
 * Ctrl-C, and the other ways in which people end a program.
 *
 * @module
 */

// Windows knows only one of them.
const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Does something that is told by a signal when somebody ends the program. */
export async function untilEnded<T>(
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const end = () => ending.abort(new Error("interrupted"));
  for (const signal of signals) Deno.addSignalListener(signal, end);
  try {
    return await act(ending.signal);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, end);
  }
}
