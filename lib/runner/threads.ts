/**
 * Threads that a worker has its parent start. In Deno, in 2.9 at least, a thread
 * that isn't started by the main one waits half a second before it runs its code,
 * and once more before it hears anything.
 *
 * @module
 */
import {
  type Listeners,
  type StartThread,
  startThread,
  type Thread,
} from "../workbench/thread.ts";

/** A worker's wish concerning its threads, which have numbers. */
export type Wish =
  | {
    type: "start thread";
    id: number;
    url: string;
    isLocked: boolean;
    /** The end of a channel that the thread gets first of all: `{ port }`. */
    port: MessagePort;
  }
  | { type: "end thread"; id: number };

/** The failure of a thread, which its worker is told. */
export interface Failure {
  id: number;
  message: string;
}

/** The threads of a worker, as it sees them. */
export class WishedThreads {
  #last = 0;
  #open = new Map<number, Listeners>();
  #tell: (wish: Wish, transfer: MessagePort[]) => void;

  /** @param tell tells the parent. */
  constructor(tell: (wish: Wish, transfer: MessagePort[]) => void) {
    this.#tell = tell;
  }

  /** Has a thread started. */
  start: StartThread = ({ href: url }, on, isLocked) => {
    const id = ++this.#last;
    const { port1: own, port2: port } = new MessageChannel();
    this.#open.set(id, on);
    own.onmessage = ({ data }) => on.message(data);
    this.#tell({ type: "start thread", id, url, isLocked, port }, [port]);
    return {
      post: (message, transfer = []) => own.postMessage(message, transfer),
      end: () => {
        this.#open.delete(id);
        own.close();
        this.#tell({ type: "end thread", id }, []);
      },
    };
  };

  /** A thread has failed. */
  failed({ id, message }: Failure): void {
    this.#open.get(id)?.error(message);
  }
}

/** The threads of a worker, as its parent sees them. */
export class StartedThreads implements Disposable {
  #threads = new Map<number, Thread>();
  #tell: (failure: Failure) => void;

  /** @param tell tells the worker. */
  constructor(tell: (failure: Failure) => void) {
    this.#tell = tell;
  }

  /** Does what the worker wishes. */
  fulfil(wish: Wish): void {
    const { id } = wish;
    if (wish.type === "end thread") {
      this.#threads.get(id)?.end();
      this.#threads.delete(id);
      return;
    }
    const { url, isLocked, port } = wish;
    const error = (message: string) => this.#tell({ id, message });
    const thread = startThread(
      new URL(url),
      { message() {}, error },
      isLocked,
    );
    this.#threads.set(id, thread);
    thread.post({ port }, [port]);
  }

  /** Ends them all. */
  [Symbol.dispose](): void {
    for (const thread of this.#threads.values()) thread.end();
    this.#threads.clear();
  }
}
