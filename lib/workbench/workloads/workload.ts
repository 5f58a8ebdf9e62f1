/**
 * All that is known of a workload: the requests of its clients, the judgement
 * of the answers, and their look on a page.
 *
 * @module
 */
import type { Evidence } from "./lost_element.ts";
import type { Kind, Needs } from "../checkers/judgeable.ts";
import type { Findings } from "../checkers/validity.ts";
import { type Client, clientTimeoutMs } from "../load/client.ts";
import type { Generator, PlannedOp } from "../load/generator.ts";
import { hasTimedOut, type History } from "../load/history.ts";
import type { Completion } from "../load/interpreter.ts";
import type { Test } from "../options.ts";
import type { Topology } from "../sim/topology.ts";

/**
 * The subject of a drawing of what went wrong, and what it takes to make it.
 */
export type Drawing =
  /** A request, and the answer that isn't the one to it. */
  | { kind: "echo" }
  /** The operations that were handed out the same id. */
  | { kind: "id" }
  /** A value's way through the cluster. */
  | { kind: "value"; words: ValueWords }
  /** Reads on a number line, and what they could have been. */
  | { kind: "counter" }
  /** The operations on a key that have no order. */
  | { kind: "register" }
  /** A read of the members that can't be, and what its node showed before. */
  | { kind: "members" }
  /** The part of a log that each operation saw. */
  | { kind: "log" }
  /** Transactions, and why one precedes another. */
  | {
    kind: "transactions";
    /** The `f` of a write. */
    writeF: string;
  };

/** Messages' words for values that all nodes should come to know. */
export interface ValueWords {
  /** The request that tells a node a value, and the `f` of its operation. */
  tell: string;
  /** The key of the value in that request. */
  value: string;
  /** The key of all values in the answer to a `read`. */
  all: string;
}

/**
 * The time for which the network is left alone before the final operations.
 */
export const recoverySeconds = 10;

/** The same in milliseconds. */
export const recoveryMs: number = recoverySeconds * 1000;

/**
 * The milliseconds that the final reads of a set waited for what they miss: the
 * recovery, or an answer that didn't come.
 */
export function finalWaitMs(history: History): number {
  const start = history.findLastIndex(({ f }) => f !== "read") + 1;
  return history.slice(start).some(hasTimedOut) ? clientTimeoutMs : recoveryMs;
}

/** Tells whether messages go on being lost to the end of a run. */
export function losesMessages({ options, schedule }: Test): boolean {
  return (options["p-loss"] ?? 0) > 0 || schedule?.fates !== undefined;
}

/** One of Maelstrom's workloads, or of ours. */
export interface Workload {
  /** True if Maelstrom doesn't have it. */
  isOurs?: true;
  /** Tells what the options can't be for this workload; see `resolve`. */
  objection?(test: Test): string | undefined;
  /** Makes the generator of what clients do until time is up. */
  generator(test: Test): Generator;
  /**
   * Makes the generator of what they do at the end, after the network has
   * healed and come to rest.
   */
  finalGenerator?(test: Test): Generator;
  /** Asked of every node once, before all else. */
  setup?(client: Client, node: string, test: Test): Promise<void>;
  /**
   * Opens a client of a node. The result carries out the client's operations,
   * one after the other, and may remember what it has done. An error that it
   * throws decides how the operation ended: see `completionOf` in `run.ts`.
   */
  open(
    client: Client,
    node: string,
    test: Test,
  ): (op: PlannedOp) => Promise<Completion>;
  /**
   * The time that a client waits for an answer, in milliseconds; by default
   * `clientTimeoutMs`.
   */
  timeoutMs?(test: Test): number;
  /** Operations that change nothing: if they fail, they did not happen. */
  idempotent: ReadonlySet<string>;
  /**
   * True if every error leaves open what happened, even one that a node calls
   * definite: some of Maelstrom's clients don't look at errors at all.
   */
  indefiniteErrors?: boolean;
  /** True if a client outlives the process that it worked for. */
  reusableClients?: boolean;
  /** For the `f` of each operation, what its values look like. */
  operations: { readonly [f: string]: Kind };
  /** Operations without which nothing was judged. */
  needs?: Needs;
  /** Judges what happened. */
  check(history: History, test: Test): Findings;
  /**
   * The milliseconds that `check` waited for what it misses, where it calls a
   * history invalid; `undefined`, or absent, if no time would have helped. See
   * `sim/lateness.ts`.
   */
  waitsMs?(findings: Findings, history: History): number | undefined;
  /**
   * The name of what is wrong where `check` calls a history invalid: of all that
   * it found, what lies nearest to the cause.
   */
  anomaly(findings: Findings): string;
  /** In words, what is wrong: the first thing to know, for people. */
  explain(
    findings: Findings,
    history: History,
    evidence: Evidence,
  ): string | undefined;
  /** The drawing of what went wrong; `lib/report/page/anomaly.ts` makes it. */
  drawing: Drawing;
  /** The neighbours that each node is told, if it is. */
  topology?(test: Test): Topology;
}
