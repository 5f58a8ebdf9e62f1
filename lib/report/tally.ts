/**
 * The sum of many runs, in memory that doesn't grow with their number: only what
 * fails is remembered, each by its seed.
 *
 * @module
 */
import { causeIn } from "../workbench/search/case.ts";
import { format } from "./format.ts";
import type { RunRecord } from "./record.ts";
import { SeedRanges } from "./seeds.ts";
import {
  type Cell,
  divergenceNote,
  inColumns,
  labelOf,
  latencyOf,
  type Layout,
  type Line,
  messagesPerOp,
  missingNote,
  plural,
  verdictOf,
  words,
} from "./terminal.ts";

/** A verdict in words. */
export type VerdictWord = ReturnType<typeof verdictOf>[1];

/** The numbers of runs by their verdicts. */
export class Counts {
  #byVerdict = new Map<VerdictWord, number>();

  constructor(judged: Iterable<Parameters<typeof verdictOf>[0]> = []) {
    for (const each of judged) this.add(each);
  }

  add(judged: Parameters<typeof verdictOf>[0]): void {
    const [, verdict] = verdictOf(judged);
    this.#byVerdict.set(verdict, this.of(verdict) + 1);
  }

  of(verdict: VerdictWord): number {
    return this.#byVerdict.get(verdict) ?? 0;
  }

  get judged(): number {
    return this.#byVerdict.values().reduce((sum, count) => sum + count, 0);
  }

  get passed(): number {
    return this.of("valid");
  }

  get failed(): number {
    return this.judged - this.passed;
  }

  /** True if one of those that failed isn't just unknown. */
  get isWrong(): boolean {
    return this.failed > this.of("unknown");
  }

  /** 0, 1, 2 or 255, as Jepsen's. */
  get exitCode(): number {
    if (this.of("crashed") > 0) return 255;
    return this.isWrong ? 1 : this.failed > 0 ? 2 : 0;
  }
}

/**
 * The least, the median and the most of figures, each as people see it. Figures
 * that look the same are counted together, and so it stays small.
 */
export class Spread {
  #counts = new Map<string, { figure: number; count: number }>();
  #count = 0;

  add(figure: number): void {
    const text = format(figure);
    // "2.00" may be less than "2", or more: all of one key are on one side.
    const key = `${text} ${figure < Number(text)}`;
    const same = this.#counts.get(key);
    if (same) same.count++;
    else this.#counts.set(key, { figure, count: 1 });
    this.#count++;
  }

  /** Returns them as `1.02 – 1.05 – 1.08`; `undefined` if there are none. */
  toString(): string {
    const all = [...this.#counts.values()]
      .sort((a, b) => a.figure - b.figure);
    const at = (place: number) => {
      for (const { figure, count } of all) {
        if ((place -= count) < 0) return format(figure);
      }
    };
    return [0, this.#count >> 1, this.#count - 1].map(at)
      .filter((each) => each !== undefined).join(" – ");
  }
}

/** A seed that failed. */
export interface FailedSeed {
  seed: number;
  /** The reason's first line. */
  reason: string;
  /** The folder that keeps the run, if one does. */
  folder?: string;
}

/** Seeds that failed alike, or one. */
export interface FailedSeeds {
  verdict: VerdictWord;
  seeds: SeedRanges;
  count: number;
  /** One of them: the first. */
  example: FailedSeed;
  /** Those that are kept, with their folders. */
  kept: { seed: number; folder: string }[];
}

/** Failures of one kind. */
interface Kind extends Omit<FailedSeeds, "example"> {
  /** The first of them. */
  first: FailedSeed[];
}

/** Of how many failures of one kind each has a line of its own. */
const maxAlone = 3;

/**
 * Failures with their reasons. Of those that have the same reason, but for
 * numbers and names of nodes, many are told in one line; every seed is named.
 */
export class Failures {
  #kinds = new Map<string, Kind>();

  add(record: RunRecord, folder?: string): void {
    const { seed = 0, reason = "no reason is known", anomaly } = record;
    const [, verdict] = verdictOf(record);
    const kindOfReason = anomaly === "node-crashed" ? causeIn : openingOf;
    const key = `${verdict} ${kindOfReason(reason)}`;
    const kind: Kind = this.#kinds.get(key) ??
      { verdict, seeds: new SeedRanges(), count: 0, kept: [], first: [] };
    this.#kinds.set(key, kind);
    kind.seeds.add(seed);
    kind.count++;
    if (folder !== undefined) kind.kept.push({ seed, folder });
    if (kind.first.length < maxAlone) {
      const [firstLine = ""] = reason.split("\n");
      kind.first.push({ seed, reason: firstLine, folder });
    }
  }

  /** Returns each, or many together, in the order of the seeds. */
  groups(): FailedSeeds[] {
    return this.#kinds.values().toArray()
      .flatMap(({ first, ...kind }): FailedSeeds[] =>
        kind.count > maxAlone
          ? [{ ...kind, example: first[0]! }]
          : first.map((example) => {
            const { seed, folder } = example;
            return {
              ...{ verdict: kind.verdict, count: 1, example },
              seeds: new SeedRanges([seed]),
              kept: folder === undefined ? [] : [{ seed, folder }],
            };
          })
      ).sort((a, b) => a.example.seed - b.example.seed);
  }

  /** Returns a line for each, or for many together, in the order of the seeds. */
  lines(): string[] {
    return this.groups().map(({ verdict, seeds, count, example }) =>
      count === 1
        ? `${verdict}: seed ${seeds}: ${example.reason}`
        : `${verdict}: seeds ${seeds}, such as ${example.seed}: ${example.reason}`
    );
  }
}

/** The opening of a reason, without its numbers and lists. */
function openingOf(reason: string): string {
  const [opening = ""] = reason.split(/[;:]\s|\n/);
  return opening.replaceAll(/\d+(\.\d+)?/g, "#")
    .replaceAll(/("?\w*#"?)(, \1)*( and \1)?/g, "$1");
}

/** The sum of a run with many seeds, which come in their order. */
export class Tally {
  readonly counts = new Counts();
  readonly messagesPerOp = new Spread();
  readonly medianMs = new Spread();
  readonly maxMs = new Spread();
  readonly failures = new Failures();
  /** The first note on a seed that isn't deterministic. */
  #divergence: string | undefined;
  /** The seeds that are valid, though nodes miss values at the end. */
  #missing = { count: 0, first: "" };

  constructor(records: Iterable<RunRecord> = []) {
    for (const record of records) this.add(record);
  }

  /** @param folder the folder that keeps the run, if one does. */
  add(record: RunRecord, folder?: string): void {
    const { results, pass } = record;
    this.counts.add(record);
    this.messagesPerOp.add(messagesPerOp(results));
    const [median, max] = [latencyOf(results, "0.5"), latencyOf(results, "1")];
    if (median !== undefined) this.medianMs.add(median);
    if (max !== undefined) this.maxMs.add(max);
    if (!pass) this.failures.add(record, folder);
    this.#divergence ??= divergenceNote(record);
    const missing = missingNote(record);
    if (missing === undefined) return;
    const { count, first } = this.#missing;
    this.#missing = {
      count: count + 1,
      first: first || `seed ${record.seed}: ${missing}`,
    };
  }

  /** A sentence on what else one should know. */
  get note(): string | undefined {
    const { count, first } = this.#missing;
    const missing = count === 0
      ? undefined
      : count === 1
      ? first
      : `${count} valid seeds leave out values, such as ${first}`;
    return this.#divergence ?? missing;
  }
}

/** The verdict on many seeds as a sign, and its colour. */
export function verdictOfSeeds(
  { isWrong, passed }: Counts,
  asked: number,
): [sign: string, style: "red" | "yellow" | "green"] {
  if (isWrong) return ["✗", "red"];
  return passed < asked ? ["?", "yellow"] : ["✓", "green"];
}

/**
 * Sums up a run with many seeds: how many passed, its figures as least, median
 * and most, and which seeds failed, and why.
 *
 * @param asked the number of seeds that were requested; if there are fewer, the
 * runs were cut short, and the line doesn't say that all is well.
 */
export function summaryOfSeeds(
  { id, options }: { id: string; options: { workload: string } },
  tally: Tally,
  layout: Layout,
  asked = tally.counts.judged,
): Line[] {
  const { failures, note } = tally;
  const { judged, passed } = tally.counts;
  const [sign, style] = verdictOfSeeds(tally.counts, asked);
  const cut = judged < asked ? `, of ${asked} in all` : "";
  const range = (label: string, unit: string, spread: Spread): Cell[] => {
    const figures = `${spread}`;
    return figures === "" ? [] : [[`${label} ${figures}${unit}`]];
  };
  return [
    ...inColumns([
      [sign, style],
      [labelOf(id, options.workload).padEnd(layout.label), "bold"],
      [`${passed} of ${plural(judged, "seed")}${cut}`, style],
      ...range("msgs/op", "", tally.messagesPerOp),
      ...range("median", " ms", tally.medianMs),
      ...range("max", " ms", tally.maxMs),
    ], layout.columns),
    ...failures.lines().flatMap((each) => words(each, layout.columns)),
    ...note === undefined ? [] : words(note, layout.columns, "yellow"),
  ];
}

/**
 * The sum of it all, in one line.
 *
 * @param page the path of a page that tells more of what failed.
 */
export function total({ judged, failed }: Counts, page?: string): Line {
  if (failed === 0) return [[`All ${plural(judged, "run")} passed.`, "green"]];
  const text = `${failed} of ${plural(judged, "run")} did not pass`;
  return [[page === undefined ? `${text}.` : `${text}: see ${page}`, "red"]];
}
