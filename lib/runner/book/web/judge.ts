/**
 * Judges the challenges in the reader's browser, in a thread of its own.
 *
 * @module
 */
/// <reference lib="dom" />
import { limitsOf, runs } from "../../../../challenges/runs.ts";
import { type PageData, pageData } from "../../../report/page/data.ts";
import { toRecord } from "../../../report/record.ts";
import { latenciesMs } from "../../../report/terminal.ts";
import { quantiles } from "../../../workbench/checkers/quantiles.ts";
import { judge, type Judgement, type Options } from "../../../workbench/mod.ts";
import { commandOf, type Outcome } from "../../columns.ts";
import { plain, plainData } from "./posting.ts";

/** A run that a reader asks for. */
export interface Ask {
  /** The run, such as `"3c"`. */
  run: string;
  /** Options beyond the run's own. */
  options: { readonly [name: string]: string | number };
  /** The node's arguments, beyond the run's own. */
  args: readonly string[];
  seed: number;
  /** True to get what the views show, too. */
  shown: boolean;
}

/** The outcome. */
export type Told =
  | { outcome: Outcome; data?: PageData }
  | { failed: string };

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Ask>) => void;
  postMessage(told: Told): void;
};

worker.onmessage = async ({ data }) => {
  try {
    worker.postMessage(await answer(data));
  } catch (error) {
    worker.postMessage({ failed: (error as Error).message });
  }
};

async function answer(ask: Ask): Promise<Told> {
  const run = runs.find(({ id }) => id === ask.run)!;
  const args = [...run.args ?? [], ...ask.args];
  const options: Options = {
    workload: run.workload,
    ...run.options,
    ...ask.options,
    seed: ask.seed,
  };
  const start = performance.now();
  const judgement = await judge(run.app, options, { args });
  const record = toRecord(judgement, {
    id: run.id,
    args,
    limits: limitsOf(run, ask.options),
    wallMs: performance.now() - start,
  });
  const outcome: Outcome = {
    record,
    latencies: quantiles(latenciesMs(judgement.history)),
  };
  return {
    outcome: plain(outcome),
    ...ask.shown && { data: plainData(shownOf(ask, record, judgement)) },
  };
}

function shownOf(
  { seed, ...row }: Ask,
  record: Outcome["record"],
  judgement: Judgement,
): PageData {
  const command = commandOf({ label: "", ...row });
  return pageData(record, judgement, {
    replay: `deno task run ${command.replace(/( -- |$)/, ` --seed ${seed}$1`)}`,
    when: new Date(),
  });
}
