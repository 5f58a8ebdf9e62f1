/**
 * The part of `node:async_hooks` that the workbench uses, where there's no Node: in a
 * browser. A browser doesn't follow a value through what is awaited, so this one
 * keeps the last: a promise that nobody handles is held against whoever acted
 * last, as nodes act one at a time.
 *
 * @module
 */

/** The last error that left a node. */
export const lastThrown: { error?: unknown } = {};

globalThis.addEventListener?.("unhandledrejection", ({ reason }) => {
  lastThrown.error = reason;
});

/** The last value that something was run with. */
export class AsyncLocalStorage<T> {
  #last: T | undefined;

  run<R>(value: T, action: () => R): R {
    this.#last = value;
    try {
      return action();
    } catch (error) {
      lastThrown.error = error;
      throw error;
    }
  }

  getStore(): T | undefined {
    return this.#last;
  }
}
