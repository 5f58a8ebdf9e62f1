/**
 * The part of `node:worker_threads` that the workbench imports, where there's no Node: in
 * a browser, all is judged in the thread that asks.
 *
 * @module
 */

/** A thread of Node's, which can't be had. */
export class Worker {
  constructor() {
    throw new Error("A browser has no threads of Node's.");
  }
}

/** The thread that started this one: none of Node's. */
export const parentPort = null;
