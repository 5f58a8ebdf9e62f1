/**
 * The part of `node:timers` that the workbench uses, where there's no Node: in a browser.
 *
 * @module
 */

const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
port1.onmessage = () => waiting.shift()?.();

/** Calls back once all that is in motion has come to rest. */
export function setImmediate(callback: () => void): void {
  waiting.push(callback);
  port2.postMessage(undefined);
}
