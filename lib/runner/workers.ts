/**
 * Judges many runs in virtual time at once: one of them on each core.
 *
 * @module
 */
import { pooledMap } from "@std/async/pool";
import type { Answer, Question } from "./worker.ts";

/**
 * Judges runs on all cores, and gives what came of them in the order in which
 * they were asked for.
 *
 * @param settings `signal` ends it early, `onAnswer` is called as soon as
 * another one is done.
 */
export async function* judgeOnAllCores(
  questions: readonly Question[],
  { signal, onAnswer }: { signal?: AbortSignal; onAnswer?(): void } = {},
): AsyncGenerator<Answer> {
  const idle = Array.from(
    { length: Math.min(navigator.hardwareConcurrency, questions.length) },
    () =>
      new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  );
  const workers = [...idle];
  try {
    yield* pooledMap(workers.length, questions, async (question) => {
      signal?.throwIfAborted();
      const worker = idle.pop()!;
      const answer = await ask(worker, question);
      idle.push(worker);
      onAnswer?.();
      return answer;
    });
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

function ask(worker: Worker, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`A worker failed: ${event.message}`));
    };
    worker.postMessage(question);
  });
}
