/**
 * Prints outcomes of runs: as lines for people, or as JSON.
 *
 * @module
 */
import { existsSync } from "node:fs";
import type { RunRecord } from "../report/record.ts";
import { Counts, summaryOfSeeds, Tally, total } from "../report/tally.ts";
import {
  comparison,
  inWords,
  type Layout,
  type Line,
  summary,
  words,
} from "../report/terminal.ts";
import { pageStyle } from "../report/page/bundle.ts";
import { type SeedsOfRun, seedsPage } from "../report/page/seeds_page.ts";
import { systemReason } from "../workbench/hosts/system_error.ts";
import type { Live } from "./live.ts";
import { complain, JsonArrayPrinter, print } from "./output.ts";
import { commandOf, type Replay } from "./replay.ts";
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
  /** The store that runs are kept in. */
  store: string;
  /** True if runs with many seeds get a page together. */
  page: boolean;
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
  /** The runs with many seeds that are summed up. */
  #runs: SeedsOfRun[] = [];
  /** The path of their page. */
  #page: string | undefined;

  constructor(printing: Printing) {
    this.#printing = printing;
  }

  /** Prints a run, or keeps it in mind. */
  add(outcome: Outcome, { isOfMany }: { isOfMany: boolean }): void {
    const { json, compare, live } = this.#printing;
    const { record, folder } = outcome;
    this.counts.add(record);
    if (isOfMany) this.#tally.add(record, folder);
    if (json) {
      // What is piped disturbs no terminal.
      if (Deno.stdout.isTerminal()) live.clear();
      this.#array.add(withFolder(record, folder));
      return;
    }
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
    run: { id: string; options: { workload: string }; replay: Replay },
    asked: number,
  ): void {
    const [tally, failed] = [this.#tally, this.#failed];
    this.forgetSeeds();
    if (tally.counts.judged === 0) return;
    const { id, options, replay } = run;
    const command = commandOf(replay, { store: "store", seed: undefined });
    this.#runs.push({ id, options, tally, asked, command });
    if (this.#printing.json) return;
    this.#print(summaryOfSeeds(run, tally, this.#printing.layout, asked));
    for (const outcome of failed) this.#show(outcome);
  }

  /** Forgets the seeds that aren't summed up yet. */
  forgetSeeds(): void {
    this.#tally = new Tally();
    this.#failed = [];
  }

  /** Adds a note to the run that came last. */
  addNote(text: string): void {
    this.#print(words(text, this.#printing.layout.columns, "yellow"));
  }

  /** Compares two records of the same run. */
  compare(first: RunRecord, second: RunRecord): void {
    if (!this.#printing.json) this.#print(comparison(first, second));
  }

  /** Ends the array, if it prints one, and writes the page, if there is one. */
  async end(): Promise<void> {
    if (this.#printing.json) this.#array.end();
    this.#page = await this.#writePage();
  }

  /** Ends what has begun: the rest can't be judged. */
  fail(): void {
    if (this.#array.hasBegun) this.#array.end();
  }

  /** Sums it all up. */
  total(): void {
    if (this.#printing.json || this.counts.judged <= 1) return;
    const { layout } = this.#printing;
    const sum = total(this.counts, this.#page && quote(this.#page));
    this.#print(inWords(sum, layout.columns));
  }

  /**
   * Writes the page of runs with many seeds.
   *
   * @returns its path; `undefined` if there is none.
   */
  async #writePage(): Promise<string | undefined> {
    const { store, page } = this.#printing;
    if (!page || this.#runs.length === 0) return undefined;
    const path = `${store}/seeds.html`;
    try {
      await Deno.mkdir(store, { recursive: true });
      const shared = await pageStyle();
      const html = seedsPage(this.#runs, {
        shared,
        // There may be no page: then its files are listed.
        wayTo: (folder) =>
          folder.slice(store.length + 1) +
          (existsSync(`${folder}/index.html`) ? "/index.html" : "/"),
      });
      await Deno.writeTextFile(path, html);
      return path;
    } catch (error) {
      complain(`${path} can't be written: ${systemReason(error)}.`);
    }
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
