/**
 * The faults' plan: faults as Jepsen's `nemesis-package` composes them
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/nemesis/combined.clj),
 * and what a history tells of them.
 *
 * @module
 */
import { secondInNs } from "../sim/clock.ts";
import { isObject } from "../sim/exact_json.ts";
import type { Network } from "../sim/network.ts";
import type { Random } from "../sim/random.ts";
import {
  any,
  flipFlop,
  forever,
  type Generator,
  once,
  type OpTemplate,
  phases,
  type PlannedOp,
  stagger,
} from "./generator.ts";
import {
  type Grudge,
  grudge,
  type PartitionKind,
  partitionKinds,
} from "./grudge.ts";
import type { History, Op } from "./history.ts";
import type { Completion } from "./interpreter.ts";

/**
 * A fault that `nemesis` takes.
 *
 * @example
 * ```ts
 * import type { Fault } from "@call-me-maybe/maelstrom/workbench";
 *
 * const faults: Fault[] = ["partition"];
 * ```
 */
export type Fault = "partition";

/** The effect of a fault, by its kind. */
export type Effect = { kind: "partition"; cuts: Grudge };

/** The nodes that faults can be done to, and the chance that chooses. */
interface Victims {
  nodes: readonly string[];
  network: Network;
  random: Random;
}

/** All that is known of a fault. */
interface FaultSpec {
  /** The operation that begins it, which is told one of some targets. */
  start: { f: string; targets: readonly string[] };
  /** The operation that ends it. */
  stop: { f: string; value?: string };
  /** Begins it; the value says what was done. */
  begin(target: string, victims: Victims): unknown;
  /** Ends it; the value says so. */
  end(victims: Victims): unknown;
  /** Reads the value of `begin`; `undefined` if it's none. */
  effect(value: unknown): Effect | undefined;
  /** Tells the value of `end` from others. */
  isEnd(value: unknown): boolean;
}

const specs: { readonly [fault in Fault]: FaultSpec } = {
  partition: {
    start: { f: "start-partition", targets: partitionKinds },
    stop: { f: "stop-partition" },
    begin(kind: PartitionKind, { nodes, network, random }) {
      const cuts = grudge(kind, nodes, random);
      for (const [dest, sources] of Object.entries(cuts)) {
        for (const src of sources) network.drop(src, dest);
      }
      return ["isolated", cuts];
    },
    end({ network }) {
      network.heal();
      return "network-healed";
    },
    effect(value) {
      if (!Array.isArray(value)) return undefined;
      const cuts = isObject(value[1]) ? Object.entries(value[1]) : [];
      return {
        kind: "partition",
        cuts: Object.fromEntries(
          cuts.filter(([, sources]) => Array.isArray(sources)),
        ) as Grudge,
      };
    },
    isEnd: (value) => value === "network-healed",
  },
};

/** The names of {@linkcode Fault}. */
export const faults: readonly Fault[] = Object.keys(specs) as Fault[];

/** The nemesis of a run. */
export interface Nemesis {
  /** While the clients work. */
  generator: Generator;
  /** Before the final reads. */
  finalGenerator: Generator;
  /** Carries out an operation of its own. */
  invoke(op: PlannedOp): Completion;
}

/**
 * The nemesis for some faults: each starts and stops in turns, at random
 * intervals between 0 and twice `intervalSeconds`, the first at once.
 */
export function nemesisFor(
  chosen: readonly Fault[],
  { intervalSeconds, ...victims }: Victims & { intervalSeconds: number },
): Nemesis {
  const packages = chosen.map((fault) => specs[fault]);
  const stopOf = ({ stop }: FaultSpec): OpTemplate => ({
    type: "info",
    ...stop,
  });
  const turns = (spec: FaultSpec) =>
    flipFlop(
      forever(() => ({
        type: "info",
        f: spec.start.f,
        value: victims.random.choice(spec.start.targets),
      })),
      forever(() => stopOf(spec)),
    );
  return {
    generator: any(
      ...packages.map((spec) =>
        stagger(intervalSeconds * secondInNs, turns(spec))
      ),
    ),
    finalGenerator: phases(...packages.map((spec) => once(stopOf(spec)))),
    invoke({ f, value }) {
      const begun = packages.find(({ start }) => start.f === f);
      const ended = packages.find(({ stop }) => stop.f === f);
      return {
        type: "info",
        value: begun?.begin(value as string, victims) ?? ended?.end(victims),
      };
    },
  };
}

/** A fault as a history tells it. */
export type PastFault = Effect & {
  /** The entry that says what was done. */
  start: Op;
  /** The one that says that it's over; absent if it never was. */
  end?: Op;
};

/** The faults of a history, in the order in which they began. */
export function faultsIn(history: History): PastFault[] {
  const past: PastFault[] = [];
  for (const op of history) {
    if (op.process !== "nemesis") continue;
    for (const fault of faults) {
      const { start, stop, effect, isEnd } = specs[fault];
      // Each operation is noted twice; only the second says what was done.
      const begun = op.f === start.f ? effect(op.value) : undefined;
      if (begun === undefined && !(op.f === stop.f && isEnd(op.value))) {
        continue;
      }
      const last = past.findLast(({ kind }) => kind === fault);
      if (last) last.end ??= op;
      if (begun) past.push({ ...begun, start: op });
    }
  }
  return past;
}
