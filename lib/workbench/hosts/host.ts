/**
 * The home of a node, as seen from the workbench: what a host needs, what it
 * can do, and which errors of a node it reports.
 *
 * @module
 */
import type { Clock } from "../sim/clock.ts";
import type { SimulatedDisk } from "../sim/disk.ts";
import type { Network } from "../sim/network.ts";

/**
 * Something that a node did, and that no node may do.
 *
 * @example
 * ```ts
 * import type { NodeError } from "@call-me-maybe/maelstrom/workbench";
 *
 * const error: NodeError = {
 *   node: "n1",
 *   kind: "line-not-valid-json",
 *   text: "n1 printed a line to stdout that isn't JSON.",
 *   line: "got a message",
 *   timeNs: 1_500_000,
 * };
 * ```
 */
export interface NodeError {
  /** The node's id. */
  node: string;
  /** Its kind, for programs. */
  kind:
    | "line-not-valid-json"
    | "malformed-message"
    | "malformed-rpc-response"
    | "no-such-destination"
    | "node-crashed"
    | "init-failed"
    | "setup-failed"
    | "line-too-long";
  /** The words for people: what happened, what was expected, and what to do. */
  text: string;
  /** The line that it printed, if it was about one. Long ones are cut. */
  line?: string;
  /**
   * The milliseconds that were waited for what didn't come, if it's about that.
   */
  waitedMs?: number;
  /** The time, in nanoseconds since the clock was made. */
  timeNs: number;
}

/**
 * Sees that no node computes for ever. A node is watched from the outside, by a
 * thread that isn't blocked by it: see `sandbox.ts`.
 */
export interface Watch {
  /**
   * Called before a node goes on.
   *
   * @param end ends the node, where it doesn't come back: for that, or for what is
   * said.
   * @returns whether it may go on: `false` if it would never come back.
   */
  enter(end: (why?: string) => void): boolean;
  /**
   * Called whenever a node asks something of its surroundings.
   *
   * @throws if the next step would never come back.
   */
  beat(): void;
}

/** The surroundings that a host needs. */
export interface Surroundings {
  /** The number of times that the node has been killed before. */
  incarnation: number;
  clock: Clock;
  network: Network;
  /** Called for each error of a node. */
  onError(error: NodeError): void;
  /** Called for each line of a node's log. */
  onLog(node: string, line: string): void;
  /** Sees that no node computes for ever. */
  watch?: Watch | undefined;
  /** The node's disk, under virtual time. */
  disk?: SimulatedDisk | undefined;
}

/**
 * A change of a node's clock.
 *
 * @example
 * ```ts
 * import type { ClockChange } from "@call-me-maybe/maelstrom/workbench";
 *
 * const change: ClockChange = { jumpMs: 3_600_000, rate: 1.01 };
 * ```
 */
export interface ClockChange {
  /** Milliseconds that it jumps by: back, only its date goes. */
  jumpMs: number;
  /** Its seconds in a second, from now on. */
  rate: number;
}

/** A node in its place. */
export interface Host {
  /** Changes the node's clock; without a change it's right again. */
  setClock?(change?: ClockChange): void;
  /** Hands the node a message, as one line of JSON. */
  deliver(line: string): void;
  /**
   * Keeps the node from doing anything, as SIGSTOP does: what comes for it waits,
   * and its timers wait, too.
   */
  pause(): void;
  /** Lets a paused node go on. */
  resume(): void;
  /** Returns what may explain that the node is silent. */
  hint?(): string | undefined;
  /**
   * Ends the node at once, paused or not, and resolves when nothing of it is
   * left.
   */
  stop(): Promise<void>;
}

/** The name of a node's incarnation, under which it gets its dice. */
export function incarnationOf(
  id: string,
  { incarnation }: Surroundings,
): string {
  return incarnation === 0 ? id : `${id}/${incarnation}`;
}

/** Makes the host of one node. */
export type StartHost = (id: string, surroundings: Surroundings) => Host;

/** The end of a node that isn't of its own making; its message says why. */
export class NodeEnded extends Error {
  /** Always `"NodeEnded"`. */
  override name = "NodeEnded";
}
