/**
 * Asks workers to judge: one of them, or one on each core.
 *
 * @module
 */
import { BadOption, type Progress } from "../workbench/mod.ts";
import { Ended } from "./ending.ts";
import type { Answer, News, Order, Question } from "./worker.ts";

/** The callbacks of somebody who waits for an answer. */
export interface Waiting {
  /**
   * Ends it early: {@linkcode JudgingWorker.ask} rejects. If the reason is an
   * {@linkcode Ended}, nobody will ask again, and nothing is waited for that
   * ends with the program.
   */
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
  /** Called for each line that a node writes to stderr. */
  onLog?(node: string, text: string): void;
  /** Called with what one should know of the judging. */
  onNote?(text: string): void;
  /** Called as soon as there is a verdict; then the run is still to be kept. */
  onAnswer?(answer: Answer): void;
}

/**
 * The time that a worker that was told to end may take to end its processes, in
 * milliseconds. One that computes doesn't hear of it, and has none.
 */
const graceMs = 8000;

function startWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
  });
}

/** A thread that judges, one run after the other. */
export class JudgingWorker implements Disposable {
  #worker = startWorker();

  /** Judges a run, and resolves when it's kept. */
  async ask(question: Question, waiting: Waiting = {}): Promise<Answer> {
    const { signal } = waiting;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    let answer: Answer | undefined;
    let grace: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      const giveUp = () => reject(signal?.reason);
      // A simulation has nothing that would have to be ended, unless the worker
      // goes on. But what has been judged is kept as a whole.
      const { by } = question;
      const isLast = !("guest" in by) || signal?.reason instanceof Ended;
      if (by.engine === "sim" && isLast && !answer) return giveUp();
      this.#tell({ end: true });
      grace = setTimeout(() => {
        // Whatever it says later is no answer to the next question.
        this.#restart();
        giveUp();
      }, graceMs);
    };
    this.#worker.onmessage = ({ data: news }: MessageEvent<News>) => {
      if (news.type === "failed") {
        const { message, isBadOption } = news;
        reject(isBadOption ? new BadOption(message) : new Error(message));
      } else if (news.type === "done") {
        if (answer) resolve(answer);
        else reject(signal?.reason); // what came too late counts for nothing
      } else if (signal?.aborted) return;
      else if (news.type === "progress") waiting.onProgress?.(news.progress);
      else if (news.type === "log") waiting.onLog?.(news.node, news.text);
      else if (news.type === "note") waiting.onNote?.(news.text);
      else {
        answer = news.answer;
        waiting.onAnswer?.(answer);
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#restart(); // it has ended
      reject(new Error(`A worker failed: ${event.message}`));
    };
    signal?.throwIfAborted();
    signal?.addEventListener("abort", end);
    this.#tell({ ask: question });
    try {
      return await promise;
    } catch (error) {
      // What was cut short failed because of that.
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(grace);
      signal?.removeEventListener("abort", end);
    }
  }

  #tell(order: Order): void {
    this.#worker.postMessage(order);
  }

  #restart(): void {
    this.#worker.terminate();
    this.#worker = startWorker();
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/**
 * Judges runs on all cores.
 *
 * @param settings `signal` ends it early, `onAnswer` is called as soon as
 * another run is done.
 * @returns their outcomes, in the order of the questions.
 */
export async function judgeOnAllCores(
  questions: readonly Question[],
  { signal, onAnswer, onNote }: Pick<
    Waiting,
    "signal" | "onAnswer" | "onNote"
  > = {},
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const open = [...questions.entries()];
  const work = async () => {
    using worker = new JudgingWorker();
    try {
      for (let next = open.shift(); next; next = open.shift()) {
        const [place, question] = next;
        answers[place] = await worker.ask(question, {
          signal,
          onAnswer,
          onNote,
        });
      }
    } finally {
      open.length = 0; // When one fails, so do all.
    }
  };
  const count = Math.min(navigator.hardwareConcurrency, questions.length);
  await Promise.all(Array.from({ length: count }, work));
  return answers;
}
