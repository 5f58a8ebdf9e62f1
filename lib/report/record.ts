/**
 * A judged run as JSON.
 *
 * @module
 */
import type { Judgement, Results } from "../workbench/judge.ts";
import { format } from "./format.ts";
import type { Validity } from "../workbench/checkers/validity.ts";
import type { FullOptions } from "../workbench/options.ts";
import {
  blame,
  delayMs,
  type Lateness,
  maySpoil,
} from "../workbench/sim/lateness.ts";

/**
 * The findings of a run. All of them, unless the real Maelstrom judged and its
 * checkers, or a node, crashed.
 */
export type FoundResults = Pick<Results, "valid?"> & Partial<Results>;

/** The record of a run that `--json` prints. */
export interface RunRecord {
  /** The official run, such as `"3c"`; else the workload. */
  id: string;
  engine: string;
  /** The real Maelstrom has none. */
  seed?: number;
  /** The options by Maelstrom's names, the workload among them. */
  options: FullOptions;
  /** The program that was judged, by the path that was given: `--bin`. */
  bin?: string;
  /** The node's arguments, if any. */
  args?: readonly string[];
  /** Valid, and within the run's limits. */
  pass: boolean;
  /**
   * True if there is no verdict, because the judge itself, or a node, crashed.
   */
  crashed?: true;
  /** The name of the first mistake, such as `"lost"`. */
  anomaly?: string;
  /** The same in words; or which limits the run is over. */
  reason?: string;
  /** The limits of the run, and the figures that they are about. */
  limits?: Measured[];
  /** Where the same seed, judged once more, went another way; absent if nowhere. */
  divergence?: string;
  /** The lateness of the workbench, if it judged in real time. */
  lateness?: {
    /** The most that a message waited beyond its latency, in milliseconds. */
    "max-message-ms": number;
    /** The most that a timer of the workbench's was late, likewise. */
    "max-timer-ms": number;
    /** True if the verdict is unknown because of that. */
    "spoiled?": boolean;
  };
  /** Milliseconds of real time. */
  "wall-ms": number;
  results: FoundResults;
}

/** A figure of the results, and the limit that it has to stay below. */
export interface Limit {
  path: readonly string[];
  label: string;
  below: number;
  unit?: string;
}

/** A limit and what was measured. */
export interface Measured extends Limit {
  /** `undefined` where the results have no such figure. */
  actual: number | undefined;
  /** `"unknown"` if it's over the limit, and may be because of lateness. */
  within: Validity;
}

/**
 * The time after which nodes send again what isn't confirmed, in milliseconds:
 * sooner than most do. Whatever is late makes them send more.
 */
const resendMs = 1000;

/** Holds results against limits. */
function measure(
  { results, options, lateness }: Verdict,
  limits: readonly Limit[] = [],
): Measured[] {
  const mayBeWithin = ({ unit, below }: Limit, actual: number) =>
    lateness !== undefined &&
    (unit === "ms"
      ? actual - delayMs(lateness, actual, options.latency) < below
      : maySpoil(lateness, resendMs));
  return limits.map((limit) => {
    let value: unknown = results;
    for (const key of limit.path) {
      value = (value as { [key: string]: unknown } | undefined)?.[key];
    }
    const actual = typeof value === "number" ? value : undefined;
    return {
      ...limit,
      actual,
      within: actual !== undefined &&
        (actual < limit.below || mayBeWithin(limit, actual) && "unknown"),
    };
  });
}

/** The parts of a judged run that a record needs. */
export type Verdict =
  & Pick<
    Judgement,
    "options" | "anomaly" | "reason" | "lateness" | "spoiled"
  >
  & {
    engine: string;
    results: FoundResults;
    crashed?: true;
    divergence?: string;
  };

/** Puts a judged run into its record. */
export function toRecord(
  judgement: Verdict,
  { id, bin, args, limits, wallMs }: {
    id: string;
    bin?: string;
    args: readonly string[];
    limits?: readonly Limit[];
    wallMs: number;
  },
): RunRecord {
  const { engine, options, results, crashed, divergence } = judgement;
  const { anomaly, lateness } = judgement;
  const measured = measure(judgement, limits);
  const pass = results["valid?"] === true &&
    measured.every(({ within }) => within === true);
  const [reason, spoiled = judgement.spoiled] = judgement.reason === undefined
    ? explainLimits(measured, lateness)
    : [judgement.reason];
  return {
    id,
    engine,
    ...(options.seed !== undefined && { seed: options.seed }),
    options,
    ...(bin !== undefined && { bin }),
    ...(args.length > 0 && { args }),
    pass,
    ...(crashed && { crashed }),
    ...(anomaly !== undefined && { anomaly }),
    ...(reason !== undefined && { reason }),
    ...(measured.length > 0 && { limits: measured }),
    ...(divergence !== undefined && { divergence }),
    ...(lateness && {
      lateness: {
        "max-message-ms": Math.round(lateness.maxMessageMs),
        "max-timer-ms": Math.round(lateness.maxTimerMs),
        "spoiled?": spoiled === true,
      },
    }),
    "wall-ms": Math.round(wallMs),
    results,
  };
}

/** Tells in words which limits a run is over, and whether it may not be. */
function explainLimits(
  measured: readonly Measured[],
  lateness: Lateness | undefined,
): [reason?: string, spoiled?: boolean] {
  const tell = (verdict: Validity) =>
    measured.filter(({ within }) => within === verdict).map(overLimit)
      .join("; ");
  if (tell(false) !== "") return [tell(false)];
  return lateness && tell("unknown") !== ""
    ? [blame(lateness, tell("unknown")), true]
    : [];
}

/** In words, by how much a run is over a limit. */
function overLimit({ label, actual, below, unit = "" }: Measured): string {
  const withUnit = (figure: number) => `${format(figure)} ${unit}`.trimEnd();
  return actual === undefined
    ? `there is no ${label} to hold against the limit`
    : `${label} is ${withUnit(actual)}, and has to be below ${withUnit(below)}`;
}

/** A judged run, by whomever. */
export type Judged = Omit<Judgement, "results"> & { results: FoundResults };
