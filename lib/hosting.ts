/**
 * Programs inside of others: how `serve` finds that it runs in the workbench.
 *
 * @module
 */
import type { Runtime } from "./runtime.ts";

/**
 * The key of `globalThis` under which a program that runs inside of another one,
 * as in the workbench, finds a {@linkcode Hosting}. It's the same for all versions
 * of the library.
 */
export const hostingKey: unique symbol = Symbol.for("call-me-maybe.hosting");

/**
 * Runs a node of the program that calls it, instead of stdin and stdout.
 *
 * @param start gets the node's runtime, and returns the function that takes in
 * messages.
 * @returns a promise that is never fulfilled: a node has no end of its own.
 */
export type Hosting = (
  start: (runtime: Runtime) => Promise<(message: unknown) => void>,
) => Promise<never>;
