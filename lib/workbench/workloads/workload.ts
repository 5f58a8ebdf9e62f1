/**
 * What a workload is: what clients ask of the nodes, and how the answers are
 * judged.
 *
 * @module
 */
import type { Evidence } from "./lost_element.ts";
import type { Findings } from "../checkers/validity.ts";
import type { Client } from "../load/client.ts";
import type { Generator, PlannedOp } from "../load/generator.ts";
import type { History } from "../load/history.ts";
import type { Completion } from "../load/interpreter.ts";
import type { Test } from "../options.ts";

/** One of Maelstrom's workloads. */
export interface Workload {
  /** What the options can't be for this workload, in words; see `resolve`. */
  objection?(test: Test): string | undefined;
  /** What clients do until time is up. */
  generator(test: Test): Generator;
  /** What they do at the end, after the network has healed and come to rest. */
  finalGenerator?(test: Test): Generator;
  /** Asked of every node once, before all else. */
  setup?(client: Client, node: string, test: Test): Promise<void>;
  /**
   * Carries out an operation on a node. What it throws decides how the
   * operation ended: see `completionOf` in `judge.ts`.
   */
  invoke(
    op: PlannedOp,
    client: Client,
    node: string,
    test: Test,
  ): Promise<Completion>;
  /** Operations that change nothing: if they fail, they did not happen. */
  idempotent: ReadonlySet<string>;
  /**
   * Whether every error leaves open what happened, even one that a node calls
   * definite: some of Maelstrom's clients don't look at errors at all.
   */
  indefiniteErrors?: boolean;
  /** Whether a client outlives the process that it worked for. */
  reusableClients?: boolean;
  /** Judges what happened. */
  check(history: History, test: Test): Findings;
  /** In words, what is wrong: the first thing to know, for people. */
  explain(
    findings: Findings,
    history: History,
    evidence: Evidence,
  ): string | undefined;
}
