/**
 * The faults' plan: faults as Jepsen's `nemesis-package` composes them
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/nemesis/combined.clj),
 * and what a history tells of them.
 *
 * @module
 */
import type { ClockChange } from "../hosts/host.ts";
import { secondInNs } from "../sim/clock.ts";
import { isObject } from "../sim/exact_json.ts";
import type { Network } from "../sim/network.ts";
import type { Random } from "../sim/random.ts";
import {
  any,
  flipFlop,
  forever,
  type Generator,
  mix,
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
import { targetKinds, targetsOf } from "./targets.ts";

/**
 * A fault that `nemesis` takes.
 *
 * @example
 * ```ts
 * import type { Fault } from "@call-me-maybe/maelstrom/workbench";
 *
 * const faults: Fault[] = ["partition", "kill", "pause"];
 * ```
 */
export type Fault =
  /** The network is cut. */
  | "partition"
  /** Nodes die, and are started anew: all that they had in memory is gone. */
  | "kill"
  /** Nodes freeze, and go on later as if nothing had happened. */
  | "pause"
  /** The network is cut one way: who isn't heard still hears. */
  | "asymmetric-partition"
  /** Messages from and to some nodes take longer. */
  | "packet"
  /** Clocks jump, and then go too fast or too slow. */
  | "clock";

/** The effect of a fault, by its kind. */
export type Effect =
  | { kind: "partition" | "asymmetric-partition"; cuts: Grudge }
  | { kind: "kill" | "pause"; nodes: string[] }
  | { kind: "packet"; nodes: string[]; delayMs: number }
  | {
    kind: "clock";
    nodes: string[];
    changes: { [node: string]: ClockChange };
  };

/** The ways to interfere with nodes. Each says in a word what it did. */
export interface Processes {
  /** Ends a node at once. */
  kill(id: string): Promise<string>;
  /** Starts a node that was killed, and tells it who it is. */
  start(id: string): Promise<string>;
  /** Keeps a node from doing anything. */
  pause(id: string): string;
  /** Lets it go on. */
  resume(id: string): string;
  /** Changes its clock; without a change it's right again. */
  setClock(id: string, change?: ClockChange): string;
}

/** The nodes that faults can be done to, and the chance that chooses. */
interface Victims {
  nodes: readonly string[];
  network: Network;
  processes: Processes;
  random: Random;
}

/** All that is known of a fault. */
interface FaultSpec {
  /** The operation that begins it, which is told one of some targets. */
  start: { f: string; targets: readonly (string | null)[] };
  /** The operation that ends it. */
  stop: { f: string; value?: string };
  /** Begins it; the value says what was done. */
  begin(target: unknown, victims: Victims): unknown;
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
    begin: (kind, { nodes, network, random }) =>
      cut("partition", grudge(kind as PartitionKind, nodes, random), network),
    end: ({ network }) => heal("partition", network),
    effect: (value) => cutsIn("partition", value),
    isEnd: isHealed,
  },
  kill: ofProcesses("kill", "start"),
  pause: ofProcesses("pause", "resume"),
  "asymmetric-partition": {
    start: { f: "start-asymmetric-partition", targets: targetKinds },
    stop: { f: "stop-asymmetric-partition" },
    begin(target, victims) {
      const { nodes, network, random } = victims;
      const some = targetsOf(target, victims);
      const others = nodes.filter((node) => !some.includes(node));
      const [heard, unheard] = random.shuffle([some, others]) as [
        string[],
        string[],
      ];
      const cuts = heard.map((node) => [node, unheard] as const);
      return cut("asymmetric-partition", Object.fromEntries(cuts), network);
    },
    end: ({ network }) => heal("asymmetric-partition", network),
    effect: (value) => cutsIn("asymmetric-partition", value),
    isEnd: isHealed,
  },
  packet: {
    start: { f: "start-packet", targets: targetKinds },
    stop: { f: "stop-packet" },
    begin(target, victims) {
      const { network, random } = victims;
      const nodes = targetsOf(target, victims);
      const delayMs = random.choice(delaysMs);
      for (const node of nodes) network.slow(node, delayMs);
      return ["delayed", { nodes, "delay-ms": delayMs }];
    },
    end({ network }) {
      network.hasten();
      return "reliable";
    },
    effect(value) {
      if (!Array.isArray(value) || !isObject(value[1])) return undefined;
      const { nodes, "delay-ms": delayMs } = value[1];
      return Array.isArray(nodes) && typeof delayMs === "number"
        ? { kind: "packet", nodes: nodes.map(String), delayMs }
        : undefined;
    },
    isEnd: (value) => value === "reliable",
  },
  clock: {
    start: { f: "bump-clock", targets: targetKinds },
    stop: { f: "reset-clock", value: "all" },
    begin(target, victims) {
      const { processes, random } = victims;
      return Object.fromEntries(
        targetsOf(target, victims).map((node) => {
          const change = drawChange(random);
          processes.setClock(node, change);
          return [node, { "jump-ms": change.jumpMs, rate: change.rate }];
        }),
      );
    },
    end: ({ nodes, processes }) =>
      onNodes(nodes, (id) => processes.setClock(id)),
    effect(value) {
      if (!isObject(value)) return undefined;
      const changes = Object.entries(value).map(([node, each]) => {
        const { "jump-ms": jumpMs, rate } = isObject(each) ? each : {};
        return [node, { jumpMs: Number(jumpMs), rate: Number(rate) }] as const;
      });
      return {
        kind: "clock",
        nodes: changes.map(([node]) => node),
        changes: Object.fromEntries(changes),
      };
    },
    isEnd: isObject,
  },
};

/** The mean times that messages take longer, in milliseconds. */
const delaysMs = [50, 200, 1000] as const;

/** The greatest jump of a clock is 2 to the power of this, in milliseconds. */
const maxJumpBits = 18;

/** The most that a clock goes too fast or too slow, in parts of one. */
const maxDrift = 0.1;

/** Draws a jump as Jepsen's, of 4 ms to four minutes, either way, and a rate. */
function drawChange(random: Random): ClockChange {
  const jumpMs = Math.round(2 ** (2 + random.float() * (maxJumpBits - 2)));
  return {
    jumpMs: random.float() < 0.5 ? -jumpMs : jumpMs,
    rate: 1 + Math.round((2 * random.float() - 1) * maxDrift * 1000) / 1000,
  };
}

function cut(fault: Fault, cuts: Grudge, network: Network): unknown {
  for (const [dest, sources] of Object.entries(cuts)) {
    for (const src of sources) network.drop(src, dest, fault);
  }
  return ["isolated", cuts];
}

function heal(fault: Fault, network: Network): string {
  network.heal(fault);
  return "network-healed";
}

function isHealed(value: unknown): boolean {
  return value === "network-healed";
}

function cutsIn(
  kind: "partition" | "asymmetric-partition",
  value: unknown,
): Effect | undefined {
  if (!Array.isArray(value)) return undefined;
  const cuts = isObject(value[1]) ? Object.entries(value[1]) : [];
  return {
    kind,
    cuts: Object.fromEntries(
      cuts.filter(([, sources]) => Array.isArray(sources)),
    ) as Grudge,
  };
}

/** The names of {@linkcode Fault}. */
export const faults: readonly Fault[] = Object.keys(specs) as Fault[];

/**
 * The faults that take their turns together, as Jepsen packs them: those in a
 * pack are mixed, and begin or end in each interval one.
 */
const packs: readonly (readonly Fault[])[] = [
  ["partition"],
  ["pause", "kill"],
  ["asymmetric-partition"],
  ["packet"],
  ["clock"],
];

/** Does something to nodes, all at once, and says what was done to which. */
async function onNodes(
  nodes: readonly string[],
  action: (id: string) => Promise<string> | string,
): Promise<{ [node: string]: string }> {
  return Object.fromEntries(
    await Promise.all(
      nodes.map(async (node) => [node, await action(node)] as const),
    ),
  );
}

/** A fault that strikes some nodes, and ends for all. */
function ofProcesses(
  kind: "kill" | "pause",
  over: "start" | "resume",
): FaultSpec {
  return {
    start: { f: kind, targets: targetKinds },
    stop: { f: over, value: "all" },
    begin: (target, victims) =>
      onNodes(targetsOf(target, victims), (id) => victims.processes[kind](id)),
    end: ({ nodes, processes }) => onNodes(nodes, (id) => processes[over](id)),
    effect: (value) =>
      isObject(value) ? { kind, nodes: Object.keys(value) } : undefined,
    isEnd: isObject,
  };
}

/** The nemesis of a run. */
export interface Nemesis {
  /** While the clients work. */
  generator: Generator;
  /** Before the final reads. */
  finalGenerator: Generator;
  /** Carries out an operation of its own. */
  invoke(op: PlannedOp): Promise<Completion>;
}

/**
 * The nemesis for some faults: each starts and stops in turns, at random
 * intervals between 0 and twice `intervalSeconds`, the first at once.
 */
export function nemesisFor(
  chosen: readonly Fault[],
  { intervalSeconds, ...victims }: Victims & { intervalSeconds: number },
): Nemesis {
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
  const chosenPacks = packs
    .map((pack) =>
      pack.filter((fault) => chosen.includes(fault)).map((each) => specs[each])
    )
    .filter(({ length }) => length > 0);
  const all = chosenPacks.flat();
  return {
    generator: any(...chosenPacks.map((pack) => {
      const [first, ...others] = pack.map(turns);
      return stagger(
        intervalSeconds * secondInNs,
        // Of one alone nothing is drawn.
        first && others.length === 0 ? first : mix(pack.map(turns)),
      );
    })),
    finalGenerator: phases(...all.map((spec) => once(stopOf(spec)))),
    async invoke({ f, value }) {
      const begun = all.find(({ start }) => start.f === f);
      const ended = all.find(({ stop }) => stop.f === f);
      return {
        type: "info",
        value: await (begun?.begin(value, victims) ?? ended?.end(victims)),
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
