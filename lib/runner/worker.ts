/**
 * Judges runs in virtual time for whoever asks: one of them on each core.
 *
 * @module
 */
import { runs } from "../../challenges/runs.ts";
import { type Quantiles, quantiles } from "../workbench/checkers/quantiles.ts";
import { judge, type Options } from "../workbench/mod.ts";
import type { Verdict } from "../workbench/report/record.ts";
import { latenciesMs, latencyBars } from "../workbench/report/terminal.ts";

/** What is to be judged. */
export interface Question {
  /** The file in `challenges/`. */
  script: string;
  args: string[];
  options: Options;
}

/** What came of it. */
export interface Answer {
  verdict: Verdict;
  wallMs: number;
  /** How long operations took that succeeded, in milliseconds. */
  latencies?: Quantiles;
  /** The same as a histogram. */
  latencyBars: string;
}

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Question>) => void;
  postMessage(answer: Answer): void;
};

worker.onmessage = async ({ data: { script, args, options } }) => {
  const { app } = runs.find((run) => run.script === script)!;
  const start = performance.now();
  const { engine, reason, results, ...judgement } = await judge(app, options, {
    args,
  });
  worker.postMessage({
    verdict: {
      engine,
      options: judgement.options,
      // Numbers that are kept exactly are objects, which can't be posted.
      results: JSON.parse(JSON.stringify(results)),
      ...(reason !== undefined && { reason }),
    },
    wallMs: performance.now() - start,
    latencies: quantiles(latenciesMs(judgement.history)),
    latencyBars: latencyBars(judgement.history),
  });
};
