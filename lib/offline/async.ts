/**
 * Stand-in for what this project uses of `@std/async`, for machines that
 * can't reach JSR: `delay`, `deadline`, `abortable` and `pooledMap`.
 *
 * @module
 */

/** Options for {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the delay early: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the timer alone keeps the process alive. Default: `true`. */
  persistent?: boolean;
}

/** The longest time that `setTimeout` can wait; with more it fires at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Resolves after `ms` milliseconds. */
export function delay(
  ms: number,
  { signal, persistent = true }: DelayOptions = {},
): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout>;
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const wait = (left: number) => {
      timer = setTimeout(() => {
        if (left > LONGEST_TIMEOUT) return wait(left - LONGEST_TIMEOUT);
        signal?.removeEventListener("abort", abort);
        resolve();
      }, Math.min(left, LONGEST_TIMEOUT));
      if (!persistent) Deno.unrefTimer(timer);
    };
    signal?.addEventListener("abort", abort, { once: true });
    wait(ms);
  });
}

/**
 * Settles as `p` does, or rejects with a `TimeoutError` if that takes more
 * than `ms` milliseconds.
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  { signal }: { signal?: AbortSignal } = {},
): Promise<T> {
  const signals = signal ? [signal] : [];
  // More than this is for ever, which `AbortSignal.timeout` can't express.
  if (ms < Number.MAX_SAFE_INTEGER) signals.push(AbortSignal.timeout(ms));
  return await abortable(p, AbortSignal.any(signals));
}

/** Settles as `p` does, or rejects with the signal's reason once aborted. */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/** Gives what `p` gives, but throws the signal's reason once aborted. */
export function abortable<T>(
  p: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T>;
export function abortable<T>(
  p: Promise<T> | AsyncIterable<T>,
  signal: AbortSignal,
): Promise<T> | AsyncGenerator<T> {
  if (!(p instanceof Promise)) return abortableIterable(p, signal);
  const { rejected, forget } = rejectedOnAbort(signal);
  return Promise.race([rejected, p]).finally(forget);
}

async function* abortableIterable<T>(
  p: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  signal.throwIfAborted();
  const { rejected, forget } = rejectedOnAbort(signal);
  const source = p[Symbol.asyncIterator]();
  let ended = false;
  try {
    while (true) {
      const { done, value } = await Promise.race([rejected, source.next()]);
      if (done) {
        ended = true;
        return (await source.return?.(value))?.value;
      }
      yield value;
    }
  } finally {
    forget();
    if (!ended) await source.return?.();
  }
}

/** A promise that rejects when the signal is aborted, and never resolves. */
function rejectedOnAbort(signal: AbortSignal) {
  const { promise: rejected, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return { rejected, forget: () => signal.removeEventListener("abort", abort) };
}

/**
 * Calls `iteratorFn` on every item, at most `poolLimit` calls at a time, and
 * gives their results in the items' order.
 *
 * Once a call fails no new one begins. Those under way are let finish and their
 * results given; then the iteration throws an `AggregateError` of all failures.
 */
export function pooledMap<T, R>(
  poolLimit: number,
  array: Iterable<T> | AsyncIterable<T>,
  iteratorFn: (data: T) => Promise<R>,
): AsyncIterableIterator<R> {
  if (!Number.isInteger(poolLimit) || poolLimit < 1) {
    throw new RangeError("'poolLimit' must be a positive integer");
  }
  let failure: AggregateError | undefined;
  const calls = new ReadableStream<Promise<R>>({
    async start(controller) {
      const running = new Set<Promise<unknown>>();
      try {
        for await (const item of array) {
          const call = Promise.resolve().then(() => iteratorFn(item));
          const slot: Promise<unknown> = call.then(() => running.delete(slot));
          // A failure is seen below; until then it is not an unhandled one.
          slot.catch(() => {});
          running.add(slot);
          controller.enqueue(call);
          if (running.size >= poolLimit) await Promise.race(running);
        }
        await Promise.all(running);
      } catch {
        const errors = (await Promise.allSettled(running))
          .filter((end) => end.status === "rejected").map((end) => end.reason);
        failure = new AggregateError(
          errors,
          "Cannot complete the mapping as an error was thrown from an item",
        );
      }
      controller.close();
    },
  });
  return (async function* () {
    for await (const call of calls) {
      const [end] = await Promise.allSettled([call]);
      if (end.status === "fulfilled") yield end.value;
    }
    if (failure) throw failure;
  })();
}
