/**
 * Threads that can be ended whatever they do.
 *
 * @module
 */
import {
  type MessagePort as NodePort,
  Worker as NodeWorker,
} from "node:worker_threads";

/** A thread. */
export interface Thread {
  /** @param transfer the ports in it that are handed over. */
  post(message: unknown, transfer?: MessagePort[]): void;
  end(): void;
}

/**
 * Starts a thread.
 *
 * @param isLocked true for one without any permission. Where that computes, it may
 * not end before the process does.
 */
export type StartThread = (
  url: URL,
  on: Listeners,
  isLocked: boolean,
) => Thread;

/** Callbacks for the messages of a thread, and for its failure. */
export interface Listeners {
  message(message: unknown): void;
  error(message: string): void;
}

/** Starts a thread, in this one. */
export const startThread: StartThread = (url, on, isLocked) => {
  if (isLocked) return startWebWorker(url, on, { permissions: "none" });
  // Deno's own workers can't be ended while they compute, in 2.9 at least: they
  // go on until the process ends. Node's can, but aren't for code from afar.
  if (url.protocol !== "file:") return startWebWorker(url, on);
  const worker = new NodeWorker(url);
  worker.on("message", on.message);
  worker.on("error", (error) => on.error((error as Error).message));
  return {
    post: (message, transfer = []) =>
      worker.postMessage(message, transfer as unknown as NodePort[]),
    end: () => void worker.terminate(),
  };
};

function startWebWorker(
  url: URL,
  on: Listeners,
  // In a project that has the DOM's types, WorkerOptions doesn't know it.
  deno?: { permissions: "none" },
): Thread {
  const worker = new Worker(url, { type: "module", ...deno && { deno } });
  worker.onmessage = ({ data }) => on.message(data);
  worker.onerror = (event) => {
    event.preventDefault();
    on.error(event.message);
  };
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    end: () => worker.terminate(),
  };
}
