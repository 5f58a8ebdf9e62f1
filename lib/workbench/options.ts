/**
 * The options of a run, by the names that Maelstrom's command line gives them
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/core.clj),
 * with its defaults.
 *
 * @module
 */
import { nearest } from "../nearest.ts";
import { modelNames } from "./checkers/elle/consistency.ts";
import type { Availability } from "./checkers/stats.ts";
import { type Fault, faults } from "./load/nemesis.ts";
import type { Schedule } from "./load/schedule.ts";
import { diskFaults } from "./sim/disk.ts";
import { type LatencyDist, latencyDists } from "./sim/network.ts";
import { topologies } from "./sim/topology.ts";

/**
 * The options of a run. All but the workload have defaults.
 *
 * @example
 * ```ts
 * import type { Options } from "@call-me-maybe/maelstrom/workbench";
 *
 * const options: Options = {
 *   workload: "broadcast",
 *   "node-count": 25,
 *   rate: 100,
 *   "time-limit": 20,
 *   latency: 100,
 *   nemesis: "partition",
 *   seed: 7,
 * };
 * ```
 */
export interface Options {
  /**
   * The task of the nodes: `"echo"`, `"unique-ids"`, `"broadcast"`, `"g-set"`,
   * `"g-counter"`, `"pn-counter"`, `"lin-kv"`, `"kafka"`, `"txn-list-append"` or
   * `"txn-rw-register"`; and `"membership"`, which Maelstrom doesn't have.
   */
  workload: string;
  /**
   * The number of nodes: `n0`, `n1`, … Without it there are five, from `n1` on.
   */
  "node-count"?: number;
  /**
   * The number of clients at a time; `"2n"` is two for each node.
   *
   * @default {"1n"}
   */
  concurrency?: string;
  /**
   * Operations per second, of all clients together.
   *
   * @default {5}
   */
  rate?: number;
  /**
   * The time for which clients work, in seconds.
   *
   * @default {60}
   */
  "time-limit"?: number;
  /**
   * The mean latency between nodes, in milliseconds.
   *
   * @default {0}
   */
  latency?: number;
  /**
   * The distribution of latencies.
   *
   * @default {"constant"}
   */
  "latency-dist"?: LatencyDist;
  /**
   * Faults, separated by commas: `"partition"`, `"kill"`, `"pause"`; and beyond
   * Maelstrom's `"asymmetric-partition"`, `"packet"`, `"clock"`. By default there
   * are none.
   */
  nemesis?: string;
  /**
   * The mean length of faults, and of the pauses between them, in seconds.
   *
   * @default {10}
   */
  "nemesis-interval"?: number;
  /** The probability that a message between nodes is lost, from 0 to 1. */
  "p-loss"?: number;
  /** The probability that a message between nodes arrives twice. */
  "p-duplicate"?: number;
  /** The probability that a message between nodes is overtaken by others. */
  "p-reorder"?: number;
  /**
   * Faults of the nodes' disks, separated by commas, by LazyFS's names:
   * `"clear-cache"`, `"torn-op"`. By default there are none.
   */
  lazyfs?: string;
  /** The most bytes that each node's disk holds. By default there's no limit. */
  "disk-size"?: number;
  /**
   * The topology that a broadcast offers to the nodes: `"line"`, `"grid"`,
   * `"tree"`, `"tree2"`, `"tree3"`, `"tree4"` or `"total"`.
   *
   * @default {"grid"}
   */
  topology?: string;
  /** `"total"`, or the fraction of operations that have to succeed. */
  availability?: Availability;
  /**
   * The models that transactions are held to: `"read-committed"`,
   * `"serializable"`, …, by their names in Elle (Kingsbury, Alvaro: *Elle*,
   * 2020).
   */
  "consistency-models"?: string;
  /** The number of keys in use at a time. */
  "key-count"?: number;
  /** The most operations of a transaction. */
  "max-txn-length"?: number;
  /** The most writes that a key gets. */
  "max-writes-per-key"?: number;
  /**
   * The source of all that is random in a run.
   *
   * @default {1}
   */
  seed?: number;
}

/**
 * Options with their defaults filled in.
 *
 * @example
 * ```ts
 * import type { FullOptions } from "@call-me-maybe/maelstrom/workbench";
 *
 * const describe = ({ workload, rate, "time-limit": seconds }: FullOptions) =>
 *   `${workload}, ${rate * seconds} operations`;
 * ```
 */
export type FullOptions =
  & Options
  & Required<
    Pick<
      Options,
      | "concurrency"
      | "rate"
      | "time-limit"
      | "latency"
      | "latency-dist"
      | "nemesis-interval"
      | "topology"
    >
  >;

/**
 * A run as its options describe it.
 *
 * @example
 * ```ts
 * import type { Test } from "@call-me-maybe/maelstrom/workbench";
 *
 * const describe = ({ nodes, concurrency }: Test) =>
 *   `${nodes.length} nodes and ${concurrency} clients`;
 * ```
 */
export interface Test {
  /** The options that it was made from. */
  options: FullOptions;
  /** The ids of the nodes. */
  nodes: string[];
  /** The number of clients at a time. */
  concurrency: number;
  /** The faults that the nemesis makes. */
  faults: Fault[];
  /** The surroundings, where chance doesn't decide what they do. */
  schedule?: Schedule;
}

/** The rules by which an option is read, checked and explained. */
export interface OptionSpec {
  name: Exclude<keyof Options, "workload">;
  /** The word for the value in the usage text. */
  argument: string;
  description: string;
  default?: string | number;
  /** Reads the value from the command line; `undefined` if it's invalid. */
  parse(text: string): string | number | undefined;
  /** Ends the sentence "--name must be …". */
  mustBe: string;
  /** Adds to that sentence what was probably meant, or how to say it. */
  hint?(text: string): string;
}

/** The most nodes of a run. */
const maxNodes = 1000;

/** The most clients of a run. */
export const maxClients = 10_000;

/** The most operations per second. */
const maxRate = 100_000;

/** The longest run, in seconds: a day. */
export const maxSeconds = 86_400;

/**
 * The longest time that a message can be on the way, in milliseconds: an hour.
 */
const maxLatencyMs = 3_600_000;

/**
 * The most keys in use at a time. Maelstrom draws a key from them with weights
 * that double; with more keys, the weights don't fit into a number.
 */
const maxKeys = 1000;

/** The most operations in a transaction. */
const maxTxnLength = 1000;

/** The most writes that a key can get. */
const maxWrites = 1_000_000_000;

/** The number of nodes where none is given: Maelstrom's. */
export const defaultNodeCount = 5;

/** All options but the workload. */
export const optionSpecs: readonly OptionSpec[] = [
  {
    name: "node-count",
    argument: "NUMBER",
    description: "Number of nodes",
    ...integerFrom(1, maxNodes),
  },
  {
    name: "concurrency",
    argument: "NUMBER",
    description: "Number of clients; 2n: two per node",
    default: "1n",
    parse: (text) => /^0*([1-9]\d{0,8}n?)$/.exec(text)?.[1],
    mustBe: `an integer from 1 to ${maxClients}, optionally followed by n`,
  },
  {
    name: "rate",
    argument: "RATE",
    description: "Operations per second, of all clients",
    default: 5,
    ...numberFrom(0, maxRate),
  },
  {
    name: "time-limit",
    argument: "SECONDS",
    description: "Time that clients work",
    default: 60,
    ...integerFrom(1, maxSeconds),
  },
  {
    name: "latency",
    argument: "MILLIS",
    description: "Mean latency between nodes",
    default: 0,
    ...integerFrom(0, maxLatencyMs),
  },
  {
    name: "latency-dist",
    argument: "TYPE",
    description: "Distribution of latencies",
    default: "constant",
    ...oneOf(latencyDists),
  },
  {
    name: "nemesis",
    argument: "FAULTS",
    description: "Faults to inject, separated by commas",
    ...listOf(faults),
    hint: (text) =>
      text === "none"
        ? ": for no faults, leave it out"
        : nearestOfList(text, faults),
  },
  {
    name: "nemesis-interval",
    argument: "SECONDS",
    description: "Mean length of faults and of pauses",
    default: 10,
    parse: (text) => {
      const number = toNumber(text);
      return number !== undefined && number > 0 && number <= maxSeconds
        ? number
        : undefined;
    },
    mustBe: `a number above 0, and at most ${maxSeconds}`,
  },
  {
    name: "p-loss",
    argument: "P",
    description: "Probability that a message is lost",
    ...probability(),
  },
  {
    name: "p-duplicate",
    argument: "P",
    description: "Probability that a message arrives twice",
    ...probability(),
  },
  {
    name: "p-reorder",
    argument: "P",
    description: "Probability that a message is overtaken",
    ...probability(),
  },
  {
    name: "lazyfs",
    argument: "FAULTS",
    description: "Faults of disks when a node is killed",
    ...listOf(diskFaults),
  },
  {
    name: "disk-size",
    argument: "BYTES",
    description: "Most bytes that a node's disk holds",
    ...integerFrom(0, Number.MAX_SAFE_INTEGER),
  },
  {
    name: "topology",
    argument: "SPEC",
    description: "Topology that broadcast suggests",
    default: "grid",
    ...oneOf(Object.keys(topologies)),
  },
  {
    name: "availability",
    argument: "EXPECTED",
    description: "Fraction that must succeed, or total",
    parse: (text) => {
      return text === "total" ? text : probability().parse(text);
    },
    mustBe: "total, or a number from 0 to 1",
  },
  {
    name: "consistency-models",
    argument: "MODELS",
    description: "Models that transactions must satisfy",
    parse: parseModels,
    mustBe: "a list of consistency models",
  },
  {
    name: "key-count",
    argument: "INT",
    description: "Keys in use at a time",
    ...integerFrom(1, maxKeys),
  },
  {
    name: "max-txn-length",
    argument: "INT",
    description: "Maximum operations per transaction",
    ...integerFrom(1, maxTxnLength),
  },
  {
    name: "max-writes-per-key",
    argument: "INT",
    description: "Maximum writes per key",
    ...integerFrom(1, maxWrites),
  },
  {
    name: "seed",
    argument: "INT",
    description: "Source of all randomness",
    default: 1,
    ...integerFrom(0, Number.MAX_SAFE_INTEGER),
  },
];

/**
 * An invalid option or value, in words for the person who gave it.
 *
 * @example
 * ```ts
 * import { BadOption, judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () => judge(() => {}, { workload: "brodcast" }),
 *   BadOption,
 *   "did you mean broadcast?",
 * );
 * ```
 */
export class BadOption extends Error {
  /** Always `"BadOption"`. */
  override name = "BadOption";
}

/**
 * Reads the value of an option.
 *
 * @throws {BadOption} if it's invalid.
 */
export function parseOption(spec: OptionSpec, text: string): string | number {
  const value = spec.parse(text);
  if (value === undefined) {
    throw new BadOption(
      `--${spec.name} must be ${spec.mustBe}, not "${text}"${
        spec.hint?.(text) ?? ""
      }.`,
    );
  }
  return value;
}

function parseModels(text: string): string | undefined {
  const models = text.split(",").map((model) => model.trim()).filter(Boolean);
  const unknown = models.find((model) => !modelNames.includes(model));
  if (unknown !== undefined) {
    throw new BadOption(
      `There is no consistency model "${unknown}"${
        nearest(unknown, modelNames)
      }. There are ${modelNames.join(", ")}.`,
    );
  }
  return models.length > 0 ? models.join(",") : undefined;
}

/** The faults that the option names. */
export function splitFaults(text: string): string[] {
  return text.split(",").map((fault) => fault.trim()).filter(Boolean);
}

function toNumber(text: string): number | undefined {
  // As Java and so Maelstrom read them: with a sign, and without a digit before
  // or after the point.
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)
    ? Number(text) + 0 // and -0 is 0
    : NaN;
  return Number.isFinite(number) ? number : undefined;
}

function probability() {
  return numberFrom(0, 1);
}

function numberFrom(least: number, most: number) {
  return {
    parse: (text: string) => {
      const number = toNumber(text);
      return number !== undefined && number >= least && number <= most
        ? number
        : undefined;
    },
    mustBe: `a number from ${least} to ${most}`,
  };
}

function integerFrom(least: number, most: number) {
  return {
    parse: (text: string) => {
      const number = toNumber(text);
      return number !== undefined && Number.isSafeInteger(number) &&
          number >= least && number <= most
        ? number
        : undefined;
    },
    mustBe: `an integer from ${least} to ${most}`,
  };
}

function listOf(words: readonly string[]) {
  return {
    parse: (text: string) =>
      splitFaults(text).every((word) => words.includes(word))
        ? splitFaults(text).join(",")
        : undefined,
    mustBe: `a list of ${words.join(", ")}`,
    hint: (text: string) => nearestOfList(text, words),
  };
}

/** A hint at the fault that was meant by the first word that is none. */
function nearestOfList(text: string, words: readonly string[]): string {
  const unknown = splitFaults(text).find((word) => !words.includes(word));
  return unknown === undefined ? "" : nearest(unknown, words);
}

function oneOf(words: readonly string[]) {
  return {
    parse: (text: string) => words.includes(text) ? text : undefined,
    mustBe: `one of ${words.join(", ")}`,
    hint: (text: string) => nearest(text, words),
  };
}
