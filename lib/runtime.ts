/**
 * The runtime under a node. A node never touches a clock, a timer, a source of
 * randomness or a stream by itself: it asks its runtime. So the same program is
 * a Maelstrom binary over stdin and stdout, and a deterministic simulation in
 * the workbench.
 *
 * @module
 */
import type { StableStorage } from "./disk.ts";
import type { Message, OutgoingBody } from "./message.ts";

/**
 * A node's environment: its way out, its time, its timers, its dice.
 *
 * @example A node in the hands of a test
 * ```ts
 * import { type Message, Node, type OutgoingBody, type Runtime } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: Message<OutgoingBody>[] = [];
 * const runtime: Runtime = {
 *   send: (message) => sent.push(message),
 *   now: () => 0,
 *   setTimer: () => () => {},
 *   random: () => 0.5,
 *   log: console.error,
 * };
 * new Node(runtime).receive({
 *   src: "c1",
 *   dest: "n1",
 *   body: { type: "read", msg_id: 1 },
 * });
 * assertEquals(sent, [{
 *   src: "n1",
 *   dest: "c1",
 *   body: {
 *     type: "error",
 *     code: 11,
 *     text: "this node has not been initialised",
 *     in_reply_to: 1,
 *   },
 * }]);
 * ```
 */
export interface Runtime {
  /** Hands a message to the network. */
  send(message: Message<OutgoingBody>): void;
  /** Milliseconds since some moment in the past; never goes back. */
  now(): number;
  /** Calls back once after `delayMs`. Returns a function that prevents it. */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** A number from 0 up to, not including, 1. */
  random(): number;
  /** A line for the person who debugs: on stderr, or in the node's log. */
  log(text: string): void;
  /**
   * The number from which on the node counts its requests, an integer. It's another
   * one in each life of a node: else an answer to an earlier life would pass for one
   * to this.
   *
   * @default {0}
   */
  readonly msgIdBase?: number;
  /**
   * The disk of a node, in a folder; in a simulation, there's one for each node,
   * whatever the folder. Absent where there's none.
   */
  storage?(folder: string, id: string): StableStorage;
}
