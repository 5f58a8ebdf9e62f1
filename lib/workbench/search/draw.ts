/**
 * Draws the options of runs, to find one that fails.
 *
 * @module
 */
import { BadOption, type Options, splitFaults, type Test } from "../options.ts";
import { latencyDists } from "../sim/network.ts";
import type { Random } from "../sim/random.ts";
import { topologies } from "../sim/topology.ts";
import { resolve } from "../test.ts";

/** The bounds between which options are drawn. */
export interface Bounds {
  /**
   * The options of every run. Of faults they're the most: `nemesis` and `lazyfs` list those
   * that a run may have, `p-loss` and the like are the greatest probability.
   */
  given: Options;
  /** The most of what isn't given: a run doesn't get more nodes, say. */
  most?: Partial<Options>;
}

/** The most of what isn't given otherwise. */
const defaults = { "node-count": 5, rate: 100, latency: 200, "time-limit": 20 };

/** The most operations of a run: many small runs find more than a few large ones. */
const maxOps = 400;

/**
 * Checks the options that are given for runs to be drawn. What is drawn will fit
 * them, such as the number of clients, of which some workloads want two per node.
 *
 * @throws {BadOption} if they're invalid.
 */
export function resolveGiven(given: Options): Test {
  return resolve({ concurrency: "2n", ...given });
}

/** Draws the options of a run. */
export function drawOptions(
  { given, most = {} }: Bounds,
  random: Random,
): Options {
  for (let tries = 0; tries < maxTries; tries++) {
    const drawn = draw({ given, most }, random);
    try {
      resolve(drawn);
      return drawn;
    } catch (error) {
      // Some workloads want a certain number of clients.
      if (!(error instanceof BadOption)) throw error;
    }
  }
  return { ...given, seed: random.integer(maxSeed) };
}

const maxTries = 20;

/** Seeds that are short to type. */
const maxSeed = 1_000_000_000;

function draw({ given, most }: Required<Bounds>, random: Random): Options {
  const max = (name: keyof typeof defaults) =>
    Number(most[name] ?? defaults[name]);
  const { nemesis, lazyfs, ...others } = given;
  const faults = subset(splitFaults(nemesis ?? ""), random);
  const isKilled = faults.includes("kill");
  const seconds = Math.ceil(upTo(max("time-limit"), random));
  const rate = upTo(Math.min(max("rate"), maxOps / seconds), random);
  const latency = random.float() < 0.5
    ? Math.round(upTo(max("latency"), random))
    : 0;
  const disk = isKilled ? subset(splitFaults(lazyfs ?? ""), random) : [];
  const options: Options = {
    "node-count": nodes(max("node-count"), random),
    concurrency: random.choice(["1n", "1n", "2n", "4n"]),
    "time-limit": seconds,
    rate: Math.max(1, Math.round(rate)),
    ...latency > 0 && { latency, "latency-dist": random.choice(latencyDists) },
    ...given.workload === "broadcast" &&
      { topology: random.choice(Object.keys(topologies)) },
    ...faults.length > 0 && {
      nemesis: faults.join(","),
      "nemesis-interval": round(upTo(50, random) / 10),
    },
    ...disk.length > 0 && { lazyfs: disk.join(",") },
    ...others,
    seed: random.integer(maxSeed),
  };
  for (const name of ["p-loss", "p-duplicate", "p-reorder"] as const) {
    if (given[name] === undefined) continue;
    const p = random.float() < 0.5 ? 0 : round(random.float() * given[name]);
    if (p > 0) options[name] = p;
    else delete options[name];
  }
  // Who is dead or frozen doesn't answer, and can't help it.
  if (isKilled || faults.includes("pause")) delete options.availability;
  return options;
}

/** Draws a number from 1 on; small ones as often as great ones. */
function upTo(most: number, random: Random): number {
  return Math.max(1, most) ** random.float();
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}

/** Draws a number of nodes: one alone isn't as good a test. */
function nodes(most: number, random: Random): number {
  const least = most > 1 && random.float() < 0.95 ? 2 : 1;
  return least + random.integer(most - least + 1);
}

function subset(items: readonly string[], random: Random): string[] {
  return items.filter(() => random.float() < 0.6);
}
