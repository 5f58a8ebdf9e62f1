/**
 * Prints outcomes of runs: as lines for people, or as JSON.
 *
 * @module
 */
import type { RunRecord } from "../report/record.ts";
import { Counts, summaryOfSeeds, Tally, total } from "../report/tally.ts";
import {
  comparison,
  type Layout,
  type Line,
  summary,
} from "../report/terminal.ts";
import type { Live } from "./live.ts";
import { JsonArrayPrinter, print } from "./output.ts";
import { quote } from "./shell.ts";
import type { Answer } from "./worker.ts";

/** A run that was judged, and what is shown of it. */
export interface Outcome
  extends Pick<Answer, "record" | "latencyBars" | "folder"> {
  /** The command that judges it once more. */
  replay: string;
}

/** The manner of printing. */
export interface Printing {
  /** True to print nothing but an array of all results. */
  json: boolean;
  /** True if those that pass are shown in comparisons alone. */
  compare: boolean;
  layout: Layout;
  /** The lines that make way for what is printed. */
  live: Live;
}

/** Of many seeds that failed, how many are shown as runs of their own. */
const maxFailuresShown = 3;

/**
 * Prints runs, which come in their order.
 *
 * Each has its line, but for those of many seeds under virtual time: they have a
 * line together, and the first that failed are shown after it.
 */
export class Printer {
  readonly counts = new Counts();
  #printing: Printing;
  #array = new JsonArrayPrinter();
  #tally = new Tally();
  #failed: Outcome[] = [];

  constructor(printing: Printing) {
    this.#printing = printing;
  }

  /** Prints a run, or keeps it in mind. */
  add(outcome: Outcome, { isOfMany }: { isOfMany: boolean }): void {
    const { json, compare, live } = this.#printing;
    const { record, folder } = outcome;
    this.counts.add(record);
    if (json) {
      // What is piped disturbs no terminal.
      if (Deno.stdout.isTerminal()) live.clear();
      this.#array.add(withFolder(record, folder));
      return;
    }
    if (isOfMany) this.#tally.add(record);
    if (!isOfMany || record.engine !== "sim") {
      if (!compare || !record.pass) this.#show(outcome);
    } else if (!record.pass && this.#failed.length < maxFailuresShown) {
      this.#failed.push(outcome);
    }
  }

  /**
   * Sums up many seeds.
   *
   * @param asked the number of seeds that were requested.
   */
  endSeeds(
    run: { id: string; options: { workload: string } },
    asked: number,
  ): void {
    const [tally, failed] = [this.#tally, this.#failed];
    this.forgetSeeds();
    if (tally.counts.judged === 0) return;
    this.#print(summaryOfSeeds(run, tally, this.#printing.layout, asked));
    for (const outcome of failed) this.#show(outcome);
  }

  /** Forgets the seeds that aren't summed up yet. */
  forgetSeeds(): void {
    this.#tally = new Tally();
    this.#failed = [];
  }

  /** Compares two records of the same run. */
  compare(first: RunRecord, second: RunRecord): void {
    if (!this.#printing.json) this.#print(comparison(first, second));
  }

  /** Ends the array, if it prints one. */
  end(): void {
    if (this.#printing.json) this.#array.end();
  }

  /** Ends what has begun: the rest can't be judged. */
  fail(): void {
    if (this.#array.hasBegun) this.#array.end();
  }

  /** Sums it all up. */
  total(): void {
    if (this.#printing.json || this.counts.judged <= 1) return;
    this.#print([total(this.counts)]);
  }

  #show({ record, latencyBars, folder, replay }: Outcome): void {
    this.#print(summary(record, {
      replay,
      folder: folder && quote(folder),
      layout: this.#printing.layout,
      latencies: latencyBars,
    }));
  }

  #print(lines: Line[]): void {
    this.#printing.live.clear();
    print(lines);
  }
}

/** A record as `--json` prints it, with the folder that keeps the run. */
function withFolder({ results, ...others }: RunRecord, folder?: string) {
  return { ...others, ...(folder !== undefined && { folder }), results };
}
