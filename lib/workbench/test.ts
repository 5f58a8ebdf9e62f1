/**
 * The run that options describe, once they have been checked and their defaults
 * filled in.
 *
 * @module
 */
import { nearest } from "../nearest.ts";
import { excerpt } from "./load/history.ts";
import type { Fault } from "./load/nemesis.ts";
import {
  BadOption,
  defaultNodeCount,
  type FullOptions,
  maxClients,
  type Options,
  optionSpecs,
  parseOption,
  splitFaults,
  type Test,
} from "./options.ts";
import { isWorkload, workloadOf, workloads } from "./workloads/mod.ts";

/** The most operations of a run: the history has to fit in memory. */
const maxOps = 1_000_000;

/** The most times that faults begin, likewise. */
const maxFaults = 100_000;

/**
 * Checks options and fills in the defaults.
 *
 * @throws {BadOption} if a value is invalid, or a name unknown.
 */
export function resolve(options: Options): Test {
  if (typeof options !== "object" || options === null) {
    throw new BadOption(
      `A run takes options, such as { workload: "echo" }, not ${
        excerpt(options)
      }.`,
    );
  }
  const known = optionSpecs.map((spec): string => spec.name);
  for (const key of Object.keys(options)) {
    if (key !== "workload" && !known.includes(key)) {
      throw new BadOption(
        `There is no option "${key}"${nearest(key, known)}.`,
      );
    }
  }
  const test = fillIn(options);
  const { rate, "time-limit": seconds } = test.options;
  if (rate * seconds > maxOps) {
    throw new BadOption(
      `--rate ${rate} for --time-limit ${seconds} makes ${
        Math.ceil(rate * seconds)
      } operations, and there can be ${maxOps} at most.`,
    );
  }
  checkFaults(test);
  const objection = workloadOf(test).objection?.(test);
  if (objection !== undefined) throw new BadOption(objection);
  return test;
}

/** Complains of faults without end. */
function checkFaults({ options, faults }: Test): void {
  const { "nemesis-interval": interval, "time-limit": seconds } = options;
  const count = Math.ceil(seconds / interval);
  if (faults.length > 0 && count > maxFaults) {
    throw new BadOption(
      `--nemesis-interval ${interval} for --time-limit ${seconds} makes ${count} faults, and there can be ${maxFaults} at most.`,
    );
  }
}

/**
 * Fills in the defaults of a past run: unknown options are passed over, and a
 * run that would be impossible here may have run elsewhere.
 *
 * @throws {BadOption} if a value can't be, or there is no such workload.
 */
export function fillIn(options: Options): Test {
  const { workload: name, ...others } = options;
  if (!isWorkload(name)) {
    throw new BadOption(
      `There is no workload "${name}" here${
        nearest(`${name}`, Object.keys(workloads))
      }. There are ${Object.keys(workloads).join(", ")}.`,
    );
  }
  const full: Record<string, unknown> = { workload: name };
  for (const spec of optionSpecs) {
    const value = others[spec.name] ?? spec.default;
    if (value !== undefined) {
      full[spec.name] = parseOption(spec, String(value));
    }
  }
  const filled = full as unknown as FullOptions;
  const count = filled["node-count"];
  const nodes = Array.from(
    { length: count ?? defaultNodeCount },
    (_, i) => `n${count === undefined ? i + 1 : i}`,
  );
  const [, number, perNode] = /^(\d+)(n?)$/.exec(filled.concurrency)!;
  const concurrency = Number(number) * (perNode ? nodes.length : 1);
  if (concurrency > maxClients) {
    throw new BadOption(
      `--concurrency ${filled.concurrency} makes ${concurrency} clients, and there can be ${maxClients} at most.`,
    );
  }
  return {
    options: filled,
    nodes,
    concurrency,
    faults: splitFaults(filled.nemesis ?? "") as Fault[],
  };
}
