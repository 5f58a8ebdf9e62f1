/**
 * What a node stands on. A node never touches a clock, a timer, a source of
 * randomness or a stream by itself: it asks its runtime. So the same program
 * is a Maelstrom binary over stdin and stdout, and a deterministic simulation
 * in the workbench.
 *
 * @module
 */
import type { Message, OutgoingBody } from "./message.ts";

/** A node's environment: its way out, its time, its timers, its dice. */
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
}
