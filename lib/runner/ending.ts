/**
 * Ctrl-C, and the other ways in which people end a program.
 *
 * @module
 */

/**
 * The exit codes that a shell reports of a program that a signal has ended: 128
 * and its number.
 */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

// Windows knows only one of them.
const signals = Deno.build.os === "windows"
  ? ["SIGINT"] as const
  : ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Somebody has ended the program. */
export class Ended extends Error {
  override name = "Ended";

  /** The exit code of the program. */
  readonly exitCode: number;

  constructor(signal: (typeof signals)[number]) {
    super("Interrupted.");
    this.exitCode = exitCodes[signal];
  }
}

/**
 * The time for which a signal is still the same: Ctrl-C in a terminal reaches the
 * program itself, and once more each `deno task` that started it, which passes it
 * on.
 */
const sameMs = 1000;

/**
 * Runs a task, and tells it by a signal when somebody ends the program. If they
 * ask a second time, they don't want to wait: the program ends at once.
 *
 * The signal's reason is an {@linkcode Ended}.
 */
export async function untilEnded<T>(
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  let firstMs = 0;
  const listeners = signals.map((signal) => {
    const end = () => {
      const ended = new Ended(signal);
      if (!ending.signal.aborted) firstMs = performance.now();
      else if (performance.now() - firstMs > sameMs) Deno.exit(ended.exitCode);
      ending.abort(ended);
    };
    Deno.addSignalListener(signal, end);
    return () => Deno.removeSignalListener(signal, end);
  });
  try {
    return await act(ending.signal);
  } finally {
    // What's passed on may come while the results so far are being told.
    if (!ending.signal.aborted) {
      for (const remove of listeners) remove();
    }
  }
}
