/**
 * The way to a thread that judges.
 *
 * @module
 */
/// <reference lib="dom" />

/** The longest time that a thread may compute. */
const maxMs = 60_000;

/** Asks a thread, one question at a time. */
export class Asking<Ask, Told> {
  #script: string;
  #thread: Worker | undefined;
  /** Resolves with what is waited for now. */
  #answered: ((told: Told | { failed: string }) => void) | undefined;

  constructor(script: string) {
    this.#script = script;
  }

  /**
   * Asks. Whoever asks again before there is an answer gets the newer one; the
   * older is given up.
   */
  async ask(question: Ask): Promise<Told | { failed: string }> {
    if (this.#answered !== undefined) {
      // It computes what nobody wants any more, and can't be told.
      this.#end();
      this.#answered({ failed: "Given up for a newer run." });
    }
    const { promise, resolve } = Promise.withResolvers<
      Told | { failed: string }
    >();
    this.#answered = resolve;
    const thread = this.#thread ??= this.#start();
    const timer = setTimeout(() => {
      if (this.#thread === thread) this.#end();
      resolve({
        failed: `It took longer than ${maxMs / 1000} s, and was ended.`,
      });
    }, maxMs);
    thread.postMessage(question);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      if (this.#answered === resolve) this.#answered = undefined;
    }
  }

  #end(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  #start(): Worker {
    const thread = new Worker(new URL(this.#script, document.baseURI), {
      type: "module",
    });
    thread.onmessage = ({ data }: MessageEvent<Told>) => this.#answered?.(data);
    thread.onerror = (event) => {
      event.preventDefault();
      const failed = event.message || "The thread that judges failed.";
      this.#answered?.({ failed });
    };
    return thread;
  }
}
