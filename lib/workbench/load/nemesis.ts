/**
 * The faults' plan: faults as Jepsen's `nemesis-package` composes them
 * (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/nemesis/combined.clj),
 * and what a history tells of them.
 *
 * @module
 */
import type { ClockChange } from "../hosts/host.ts";
import { msInNs, secondInNs } from "../sim/clock.ts";
import { isObject } from "../sim/exact_json.ts";
import { invariant } from "../sim/invariant.ts";
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
  scheduled,
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

/**
 * The effect of a fault: what it does, and to which nodes.
 *
 * @example
 * ```ts
 * import type { Effect } from "@call-me-maybe/maelstrom/workbench";
 *
 * const effects: Effect[] = [
 *   { kind: "kill", nodes: ["n0", "n1"] },
 *   { kind: "partition", cuts: { n0: ["n1"], n1: ["n0"] } },
 * ];
 * ```
 */
export type Effect =
  | { kind: "partition"; cuts: Grudge }
  | { kind: "kill"; nodes: string[] }
  | { kind: "pause"; nodes: string[] }
  | { kind: "asymmetric-partition"; cuts: Grudge }
  | { kind: "packet"; nodes: string[]; delayMs: number }
  | {
    kind: "clock";
    nodes: string[];
    changes: { [node: string]: ClockChange };
  };

/** The effect of a kind of faults. */
type EffectOf<K extends Fault> = Omit<Extract<Effect, { kind: K }>, "kind">;

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

/** All that is known of a kind of faults. */
interface FaultSpec<E> {
  /** The operation that begins it, which is told one of some targets. */
  start: { f: string; targets: readonly (string | null)[] };
  /** The operation that ends it. */
  stop: { f: string; value?: string };
  /** Draws what is to be done. */
  draw(target: unknown, victims: Victims): E;
  /** Does it, and returns the value that says what was done. */
  begin(effect: E, victims: Victims): unknown;
  /** Ends it; the value says so. */
  end(victims: Victims): unknown;
  /** Reads the value of `begin`; `undefined` if it's none. */
  effect(value: unknown): E | undefined;
  /** Tells the value of `end` from others. */
  isEnd(value: unknown): boolean;
}

const specs: { readonly [K in Fault]: FaultSpec<EffectOf<K>> } = {
  partition: {
    ...ofCuts("partition"),
    start: { f: "start-partition", targets: partitionKinds },
    stop: { f: "stop-partition" },
    draw: (kind, { nodes, random }) => ({
      cuts: grudge(kind as PartitionKind, nodes, random),
    }),
  },
  kill: ofProcesses("kill", "start"),
  pause: ofProcesses("pause", "resume"),
  "asymmetric-partition": {
    ...ofCuts("asymmetric-partition"),
    start: { f: "start-asymmetric-partition", targets: targetKinds },
    stop: { f: "stop-asymmetric-partition" },
    draw(target, { nodes, random }) {
      const some = targetsOf(target, { nodes, random });
      const others = nodes.filter((node) => !some.includes(node));
      const [heard, unheard] = random.shuffle([some, others]) as [
        string[],
        string[],
      ];
      return { cuts: Object.fromEntries(heard.map((node) => [node, unheard])) };
    },
  },
  packet: {
    start: { f: "start-packet", targets: targetKinds },
    stop: { f: "stop-packet" },
    draw: (target, victims) => ({
      nodes: targetsOf(target, victims),
      delayMs: victims.random.choice(delaysMs),
    }),
    begin({ nodes, delayMs }, { network }) {
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
        ? { nodes: nodes.map(String), delayMs }
        : undefined;
    },
    isEnd: (value) => value === "reliable",
  },
  clock: {
    start: { f: "bump-clock", targets: targetKinds },
    stop: { f: "reset-clock", value: "all" },
    draw(target, victims) {
      const nodes = targetsOf(target, victims);
      const changes = nodes.map((node) => [node, drawChange(victims.random)]);
      return { nodes, changes: Object.fromEntries(changes) };
    },
    begin({ changes }, { processes }) {
      return Object.fromEntries(
        Object.entries(changes).map(([node, change]) => {
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

/** A fault that cuts the network, by links that are drawn. */
function ofCuts(
  kind: "partition" | "asymmetric-partition",
): Omit<FaultSpec<{ cuts: Grudge }>, "start" | "stop" | "draw"> {
  return {
    begin({ cuts }, { network }) {
      for (const [dest, sources] of Object.entries(cuts)) {
        for (const src of sources) network.drop(src, dest, kind);
      }
      return ["isolated", cuts];
    },
    end({ network }) {
      network.heal(kind);
      return "network-healed";
    },
    effect(value) {
      if (!Array.isArray(value)) return undefined;
      const cuts = isObject(value[1]) ? Object.entries(value[1]) : [];
      return {
        cuts: Object.fromEntries(
          cuts.filter(([, sources]) => Array.isArray(sources)),
        ) as Grudge,
      };
    },
    isEnd: (value) => value === "network-healed",
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
): FaultSpec<{ nodes: string[] }> {
  return {
    start: { f: kind, targets: targetKinds },
    stop: { f: over, value: "all" },
    draw: (target, victims) => ({ nodes: targetsOf(target, victims) }),
    begin: ({ nodes }, { processes }) =>
      onNodes(nodes, (id) => processes[kind](id)),
    end: ({ nodes, processes }) => onNodes(nodes, (id) => processes[over](id)),
    effect: (value) =>
      isObject(value) ? { nodes: Object.keys(value) } : undefined,
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
  const turns = (fault: Fault) =>
    flipFlop(
      forever(() => ({
        type: "info",
        f: specs[fault].start.f,
        value: victims.random.choice(specs[fault].start.targets),
      })),
      forever(() => stopOf(fault)),
    );
  const chosenPacks = packs
    .map((pack) => pack.filter((fault) => chosen.includes(fault)))
    .filter(({ length }) => length > 0);
  return {
    generator: any(...chosenPacks.map((pack) => {
      const [first, ...others] = pack.map(turns);
      return stagger(
        intervalSeconds * secondInNs,
        // Of one alone nothing is drawn.
        first && others.length === 0 ? first : mix(pack.map(turns)),
      );
    })),
    finalGenerator: endOf(chosenPacks.flat()),
    invoke: ({ f, value }) =>
      act(f, victims, (fault) => begin(fault, value, victims)),
  };
}

/**
 * A fault of a schedule: when it begins and ends, and what it does.
 *
 * @example
 * ```ts
 * import type { ScheduledFault } from "@call-me-maybe/maelstrom/workbench";
 *
 * const fault: ScheduledFault = {
 *   kind: "pause",
 *   nodes: ["n2"],
 *   fromMs: 1500,
 *   toMs: 4000,
 * };
 * ```
 */
export type ScheduledFault = Effect & {
  /** Milliseconds since the test began. */
  fromMs: number;
  /** Likewise; absent: it lasts until all faults end. */
  toMs?: number;
};

/** The nemesis that does what a schedule says. */
export function nemesisOf(
  faults: readonly ScheduledFault[],
  victims: Victims,
): Nemesis {
  const entries = faults.flatMap(({ kind, fromMs, toMs }, place) => {
    const entry = (ms: number, template: OpTemplate) => ({
      timeNs: Math.round(ms * msInNs),
      thread: "nemesis" as const,
      template,
    });
    const { f } = specs[kind].start;
    return [
      entry(fromMs, { type: "info", f, value: place }),
      ...toMs === undefined ? [] : [entry(toMs, stopOf(kind))],
    ];
  });
  return {
    generator: scheduled(entries),
    finalGenerator: endOf([...new Set(faults.map(({ kind }) => kind))]),
    invoke: ({ f, value }) =>
      act(f, victims, () => {
        const { kind, fromMs: _, toMs: __, ...effect } =
          faults[value as number]!; // it's a place in the list
        return specs[kind].begin(effect as never, victims);
      }),
  };
}

function stopOf(fault: Fault): OpTemplate {
  return { type: "info", ...specs[fault].stop };
}

/** Ends faults, one after the other. */
function endOf(ended: readonly Fault[]): Generator {
  return phases(...ended.map((fault) => once(stopOf(fault))));
}

/** Draws the effect of a fault, and does it. */
function begin<K extends Fault>(fault: K, target: unknown, victims: Victims) {
  const spec: FaultSpec<EffectOf<K>> = specs[fault];
  return spec.begin(spec.draw(target, victims), victims);
}

/** Carries out an operation: begins a fault, or ends one. */
async function act(
  f: string,
  victims: Victims,
  begin: (fault: Fault) => unknown,
): Promise<Completion> {
  const begun = faults.find((fault) => specs[fault].start.f === f);
  const ended = faults.find((fault) => specs[fault].stop.f === f);
  invariant(begun ?? ended, "an operation of the nemesis is a fault's");
  return {
    type: "info",
    value: await (begun ? begin(begun) : specs[ended!].end(victims)),
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
      const { start, stop, isEnd } = specs[fault];
      // Each operation is noted twice; only the second says what was done.
      const begun = op.f === start.f ? effectIn(fault, op.value) : undefined;
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

function effectIn<K extends Fault>(fault: K, value: unknown) {
  const spec: FaultSpec<EffectOf<K>> = specs[fault];
  const effect = spec.effect(value);
  return effect && { kind: fault, ...effect } as unknown as Effect;
}
