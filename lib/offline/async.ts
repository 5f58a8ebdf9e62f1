/**
 * Stand-in for what this project uses of `@std/async`, for machines that
 * can't reach JSR: `pooledMap` and `debounce`.
 *
 * @module
 */

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

/** A debounced function. */
export interface DebouncedFunction<T extends unknown[]> {
  (...args: T): void;
  /** Omits the call that is due. */
  clear(): void;
  /** Makes the call that is due at once. */
  flush(): void;
  /** True if a call is due. */
  readonly pending: boolean;
}

/**
 * Makes a function that calls `fn` once it hasn't been called itself for `wait`
 * milliseconds.
 *
 * @throws {RangeError} if `wait` is no integer, or below zero.
 */
export function debounce<T extends unknown[]>(
  fn: (this: DebouncedFunction<T>, ...args: T) => void,
  wait: number,
): DebouncedFunction<T> {
  if (!Number.isInteger(wait) || wait < 0) {
    throw new RangeError("'wait' must be a positive integer");
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due: (() => void) | undefined;
  const clear = () => {
    clearTimeout(timer);
    due = undefined;
  };
  const debounced = (...args: T) => {
    clear();
    due = () => {
      clear();
      fn.call(whole, ...args);
    };
    timer = setTimeout(due, wait);
  };
  const whole: DebouncedFunction<T> = Object.defineProperties(debounced, {
    clear: { value: clear },
    flush: { value: () => due?.() },
    pending: { get: () => due !== undefined },
  }) as DebouncedFunction<T>;
  return whole;
}
