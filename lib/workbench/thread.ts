/**
 * Threads that can be ended whatever they do.
 *
 * @module
 */
import { Worker as NodeWorker } from "node:worker_threads";

/** A thread. */
export interface Thread {
  post(message: unknown): void;
  end(): void;
}

/** Callbacks for the messages of a thread, and for its failure. */
export interface Listeners {
  message(message: unknown): void;
  error(message: string): void;
}

/** Starts a thread. */
export function startThread(
  url: URL,
  on: Listeners,
): Thread {
  // Deno's own workers can't be ended while they compute, in 2.9 at least: they
  // go on until the process ends. Node's can, but aren't for code from afar.
  if (url.protocol !== "file:") return startWebWorker(url, on);
  const worker = new NodeWorker(url);
  worker.on("message", on.message);
  worker.on("error", (error) => on.error((error as Error).message));
  return {
    post: (message) => worker.postMessage(message),
    end: () => void worker.terminate(),
  };
}

/**
 * Starts a thread without any permission. Where it computes, it may not end before
 * the process does.
 */
export function startLockedThread(
  url: URL,
  on: Listeners,
): Thread {
  return startWebWorker(url, on, { permissions: "none" });
}

function startWebWorker(
  url: URL,
  on: Listeners,
  deno?: WorkerOptions["deno"],
): Thread {
  const worker = new Worker(url, { type: "module", ...deno && { deno } });
  worker.onmessage = ({ data }) => on.message(data);
  worker.onerror = (event) => {
    event.preventDefault();
    on.error(event.message);
  };
  return {
    post: (message) => worker.postMessage(message),
    end: () => worker.terminate(),
  };
}
