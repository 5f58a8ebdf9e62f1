/**
 * The sum of many runs, in memory that doesn't grow with their number: only what
 * fails is remembered, each by its seed.
 *
 * @module
 */
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

/** Failures of one kind. */
interface Kind {
  verdict: VerdictWord;
  seeds: SeedRanges;
  count: number;
  /** The first of them. */
  first: { seed: number; reason: string }[];
}

/** Of how many failures of one kind each has a line of its own. */
const maxAlone = 3;

/**
 * Failures with their reasons. Of those that have the same reason, but for
 * numbers and names of nodes, many are told in one line; every seed is named.
 */
export class Failures {
  #kinds = new Map<string, Kind>();

  add(record: RunRecord): void {
    const { seed = 0, reason = "no reason is known" } = record;
    const [, verdict] = verdictOf(record);
    const key = `${verdict} ${kindOf(reason)}`;
    const kind = this.#kinds.get(key) ??
      { verdict, seeds: new SeedRanges(), count: 0, first: [] };
    this.#kinds.set(key, kind);
    kind.seeds.add(seed);
    kind.count++;
    if (kind.first.length < maxAlone) {
      kind.first.push({ seed, reason: reason.split("\n")[0]! });
    }
  }

  /** Returns a line for each, or for many together, in the order of the seeds. */
  lines(): string[] {
    return this.#kinds.values().toArray()
      .flatMap(({ verdict, seeds, count, first }) =>
        count > maxAlone
          ? [{
            seed: first[0]!.seed,
            text: `${verdict}: seeds ${seeds}, such as ${first[0]!.seed}: ${
              first[0]!.reason
            }`,
          }]
          : first.map(({ seed, reason }) => ({
            seed,
            text: `${verdict}: seed ${seed}: ${reason}`,
          }))
      ).sort((a, b) => a.seed - b.seed).map(({ text }) => text);
  }
}

/** The opening of a reason, without its numbers and lists. */
function kindOf(reason: string): string {
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
  note: string | undefined;

  constructor(records: Iterable<RunRecord> = []) {
    for (const record of records) this.add(record);
  }

  add(record: RunRecord): void {
    const { results, pass } = record;
    this.counts.add(record);
    this.messagesPerOp.add(messagesPerOp(results));
    const [median, max] = [latencyOf(results, "0.5"), latencyOf(results, "1")];
    if (median !== undefined) this.medianMs.add(median);
    if (max !== undefined) this.maxMs.add(max);
    if (!pass) this.failures.add(record);
    this.note ??= divergenceNote(record);
  }
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
  const { judged, passed, isWrong } = tally.counts;
  const [sign, style] = isWrong
    ? ["✗", "red"] as const
    : passed < asked
    ? ["?", "yellow"] as const
    : ["✓", "green"] as const;
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

/** The sum of it all, in one line. */
export function total({ judged, failed }: Counts): Line {
  return failed === 0
    ? [[`All ${plural(judged, "run")} passed.`, "green"]]
    : [[`${failed} of ${plural(judged, "run")} did not pass.`, "red"]];
}
