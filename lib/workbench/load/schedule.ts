/**
 * A run's surroundings, spelt out: what clients ask, which faults strike, and what
 * becomes of messages. Otherwise chance says that; so a run can be repeated with a
 * part of it left out.
 *
 * @module
 */
import { msInNs } from "../sim/clock.ts";
import type { Fate } from "../sim/network.ts";
import type { ScheduledEntry } from "./generator.ts";
import { type History, isClientOp, type Op } from "./history.ts";
import { faultsIn, type ScheduledFault } from "./nemesis.ts";

/**
 * An operation that a client is to do.
 *
 * @example
 * ```ts
 * import type { ScheduledOp } from "@call-me-maybe/maelstrom/workbench";
 *
 * const op: ScheduledOp = { atMs: 250, client: 1, f: "broadcast", value: 7 };
 * ```
 */
export interface ScheduledOp {
  /**
   * The time at which it begins, in milliseconds since the test began; later if
   * its client isn't done with the one before.
   */
  atMs: number;
  /** The client's number, from 0; it works with the node of that number. */
  client: number;
  /** The function: `read`, `broadcast`, … */
  f: string;
  /** The value of its invocation. */
  value: unknown;
  /** Further notes of a workload. */
  [key: string]: unknown;
}

/**
 * The surroundings of a run. Latencies, and what nodes draw, still come from its
 * seed.
 *
 * @example
 * ```ts
 * import { judge, type Schedule } from "@call-me-maybe/maelstrom/workbench";
 * import type { AnyMessages, Node } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = (node: Node<AnyMessages>) =>
 *   node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
 * const schedule: Schedule = {
 *   ops: [{ atMs: 100, client: 0, f: "echo", value: "Please echo 7" }],
 *   faults: [],
 * };
 * const { history } = await judge(echo, { workload: "echo" }, { schedule });
 *
 * assertEquals(history.length, 2);
 * assertEquals(history[1]?.type, "ok");
 * ```
 */
export interface Schedule {
  /** The operations of clients, but for the final ones that a workload ends with. */
  ops: ScheduledOp[];
  /** The faults: those of `nemesis`. */
  faults: ScheduledFault[];
  /**
   * The fates of messages that don't arrive as usual: those of `p-loss` and the
   * like. Absent: chance decides.
   */
  fates?: Fate[];
}

/** The events of a run that its schedule is made from. */
export interface Past {
  history: History;
  /** The number of its entries when the final phase began. */
  workLength: number;
  /** The fates of messages that chance dealt with. */
  fates: readonly Fate[];
}

/**
 * Returns the schedule by which a run goes as it went.
 *
 * @param concurrency the number of its clients.
 */
export function scheduleOf(
  { history, workLength, fates }: Past,
  concurrency: number,
): Schedule {
  const work = history.slice(0, workLength);
  return {
    ops: work.filter(isInvocation)
      .map((op) => scheduledOp(op, concurrency)),
    faults: faultsIn(work).map(({ start, end, ...effect }) => ({
      fromMs: beginMs(start, history),
      ...end && { toMs: beginMs(end, history) },
      ...effect,
    })),
    ...fates.length > 0 && { fates: [...fates] },
  };
}

/** Tells whether an entry is the beginning of a client's operation. */
export function isInvocation(op: Op): boolean {
  return isClientOp(op) && op.type === "invoke";
}

function scheduledOp(op: Op, concurrency: number): ScheduledOp {
  const { index: _, time, process, type: __, f, value, ...others } = op;
  return {
    atMs: time / msInNs,
    client: process as number % concurrency,
    f,
    value,
    ...others,
  };
}

/** When the nemesis began what an entry tells the end of. */
function beginMs({ index, f, time }: Op, history: History): number {
  // It does one thing after the other.
  let begun: Op | undefined;
  for (let i = index - 1; i >= 0 && begun === undefined; i--) {
    if (history[i]!.process === "nemesis") begun = history[i];
  }
  return (begun?.f === f ? begun.time : time) / msInNs;
}

/** Returns what clients do by a schedule. */
export function entriesOf(
  { ops }: Schedule,
  concurrency: number,
): ScheduledEntry[] {
  return ops.map(({ atMs, client, ...template }) => ({
    timeNs: Math.round(atMs * msInNs),
    thread: client % concurrency,
    template,
  }));
}
