/**
 * Asks workers to judge: one of them, or several side by side.
 *
 * @module
 */
import { BadOption, type Progress } from "../workbench/mod.ts";
import type { Size } from "../workbench/search/case.ts";
import { Ended } from "./ending.ts";
import { judgedOverPipes } from "./program.ts";
import { StartedThreads, type Wish } from "./threads.ts";
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
  /** Called as a failure becomes small, with the runs that took, and its size. */
  onShrinking?(runs: number, size: Size): void;
  /** Called for each line that a node writes to stderr. */
  onLog?(node: string, text: string): void;
  /** Called with what one should know of the judging. */
  onNote?(text: string): void;
  /** Called when it turns out that a program can't be simulated, and why. */
  onNotSimulated?(why: string): void;
  /** Called as soon as there is a verdict; then the run is still to be kept. */
  onAnswer?(answer: Answer): void;
  /** Called while a guest that has a verdict is run a second time. */
  onComparing?(progress: Progress): void;
  /** Called when it went another way then, with where. */
  onDivergence?(text: string): void;
}

/**
 * The time that a worker that was told to end may take to end its processes, in
 * milliseconds. One that computes doesn't hear of it, and has none.
 */
const graceMs = 8000;

function isWish(news: News): news is Wish {
  return news.type === "start thread" || news.type === "end thread";
}

/** A thread that judges, one run after the other. */
export class JudgingWorker implements Disposable {
  /** The thread; there is none until it's asked something. */
  #worker: Worker | undefined;
  /** The threads that it wishes. */
  #threads = new StartedThreads((threadFailed) => this.#tell({ threadFailed }));

  /**
   * Starts what it takes to judge a guest, which itself may still have to be
   * compiled or bundled.
   */
  prepare(isProgram: boolean): void {
    this.#start();
    this.#tell({ prepare: { isProgram } });
  }

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
        this.#end();
        giveUp();
      }, graceMs);
    };
    const worker = this.#start();
    const hear = (news: News) => {
      if (isWish(news)) return; // That is heard at any time.
      if (news.type === "failed") {
        const { message, isBadOption } = news;
        reject(isBadOption ? new BadOption(message) : new Error(message));
      } else if (news.type === "done") {
        if (answer) resolve(answer);
        else reject(signal?.reason); // what came too late counts for nothing
      } else if (news.type === "note") waiting.onNote?.(news.text);
      else if (signal?.aborted) return;
      else if (news.type === "progress") waiting.onProgress?.(news.progress);
      else if (news.type === "shrinking") {
        waiting.onShrinking?.(news.runs, news.size);
      } else if (news.type === "log") waiting.onLog?.(news.node, news.text);
      else if (news.type === "not simulated") {
        if (waiting.onNotSimulated) waiting.onNotSimulated(news.why);
        else waiting.onNote?.(judgedOverPipes(news.why));
      } else if (news.type === "comparing") {
        waiting.onComparing?.(news.progress);
      } else if (news.type === "divergence") waiting.onDivergence?.(news.text);
      else {
        answer = news.answer;
        waiting.onAnswer?.(answer);
      }
    };
    worker.onmessage = ({ data: news }: MessageEvent<News>) => {
      try {
        hear(news);
      } catch (error) {
        reject(error); // by whom it was told
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end(); // it has ended
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

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
    });
    worker.addEventListener("message", ({ data }: MessageEvent<News>) => {
      if (isWish(data) && worker === this.#worker) this.#threads.fulfil(data);
    });
    return this.#worker = worker;
  }

  #tell(order: Order): void {
    this.#worker?.postMessage(order);
  }

  /** Ends the thread, whatever it does: the next question starts another. */
  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#threads[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

/** The callbacks of somebody who waits for many answers. */
export interface WaitingForAll {
  /** Ends it early: {@linkcode judgeSideBySide} rejects. */
  signal?: AbortSignal;
  /**
   * Called as soon as there is another verdict, with the place of its question,
   * from 0, and the question.
   */
  onAnswer?(answer: Answer, place: number, question: Question): void;
  onProgress?(progress: Progress, place: number): void;
  onShrinking?(runs: number, size: Size, place: number): void;
  onLog?(node: string, text: string, place: number): void;
  /** Called with each text once, whoever says it. */
  onNote?(text: string): void;
  /** Called when it turns out that a program can't be simulated, and why. */
  onNotSimulated?(why: string): void;
}

/**
 * Judges runs, several at a time.
 *
 * When one fails, or it's ended early, so do all: it rejects when none of them
 * goes on. Otherwise it resolves when all are judged, and kept.
 *
 * @param questions each is drawn when a worker is free for it, so there may be
 * any number of them, or no end: then the signal ends it.
 * @param jobs the number of runs side by side.
 */
export async function judgeSideBySide(
  questions: Iterable<Question>,
  jobs: number,
  { signal, ...waiting }: WaitingForAll = {},
): Promise<void> {
  const open = Iterator.from(questions);
  let places = 0;
  const failing = new AbortController();
  const ending = AbortSignal.any([
    failing.signal,
    ...signal === undefined ? [] : [signal],
  ]);
  const notes = new Set<string>();
  const work = async (next: IteratorResult<Question>) => {
    using worker = new JudgingWorker();
    for (; !next.done; next = open.next()) {
      const [place, question] = [places++, next.value];
      await worker.ask(question, {
        signal: ending,
        onAnswer: (answer) => waiting.onAnswer?.(answer, place, question),
        onProgress: (progress) => waiting.onProgress?.(progress, place),
        onShrinking: (runs, size) => waiting.onShrinking?.(runs, size, place),
        onLog: (node, text) => waiting.onLog?.(node, text, place),
        onNotSimulated: waiting.onNotSimulated,
        onNote(text) {
          if (!notes.has(text)) waiting.onNote?.(text);
          notes.add(text);
        },
      });
    }
  };
  const workers: Promise<void>[] = [];
  while (workers.length < jobs) {
    const next = open.next();
    if (next.done) break;
    workers.push(
      work(next).catch((error) => {
        failing.abort(error);
        throw error;
      }),
    );
  }
  for (const worker of await Promise.allSettled(workers)) {
    // All but the first that failed were ended because of it.
    if (worker.status === "rejected") throw ending.reason ?? worker.reason;
  }
}
