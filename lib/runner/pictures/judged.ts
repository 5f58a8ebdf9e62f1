/**
 * Official runs, judged for a picture.
 *
 * @module
 */
import { runs } from "../../../challenges/runs.ts";
import type { OpenBody } from "../../message.ts";
import type { Grudge } from "../../workbench/load/grudge.ts";
import { faultsIn } from "../../workbench/load/nemesis.ts";
import { msInNs } from "../../workbench/sim/clock.ts";
import {
  type Envelope,
  judge,
  type Judgement,
  type Options,
  type Schedule,
} from "../../workbench/mod.ts";

/** The difference from the official run. */
export type Difference = Partial<Options> & {
  args?: readonly string[];
  /** The surroundings, where chance doesn't decide what they do. */
  schedule?: Schedule;
};

/** Judges an official run; the same one only once. */
export type JudgeRun = (id: string, difference?: Difference) => Promise<
  Judgement
>;

/** Makes a {@linkcode JudgeRun}, for as many pictures as one likes. */
export function judgeOnce(): JudgeRun {
  const judged = new Map<string, Promise<Judgement>>();
  return (id, difference = {}) => {
    const key = JSON.stringify([id, difference]);
    let judgement = judged.get(key);
    if (judgement === undefined) {
      const run = runs.find((run) => run.id === id)!;
      const { args = run.args ?? [], schedule, ...options } = difference;
      judgement = judge(
        run.app,
        { workload: run.workload, ...run.options, ...options },
        { args: [...args], ...schedule && { schedule } },
      );
      judged.set(key, judgement);
    }
    return judgement;
  };
}

/** A message, opened. Times are milliseconds since the run began. */
export interface Message {
  src: string;
  dest: string;
  body: OpenBody;
  sentMs: number;
  /** `undefined` if it was lost. */
  receivedMs: number | undefined;
}

/** All messages of a run, in the order in which they were sent. */
export function messagesOf(
  { journal, startNs }: Judgement,
): Message[] {
  const msOf = (ns: number) => (ns - startNs) / msInNs;
  return journal.map(({ src, dest, line, sentNs, receivedNs }: Envelope) => ({
    src,
    dest,
    body: (JSON.parse(line) as { body: OpenBody }).body,
    sentMs: msOf(sentNs),
    receivedMs: receivedNs === undefined ? undefined : msOf(receivedNs),
  }));
}

/** Messages between servers for each operation. */
export function messagesPerOp({ results }: Judgement): number {
  return results.net.servers["msgs-per-op"] as number;
}

/** A partition. Times are milliseconds since the run began. */
export interface Partition {
  fromMs: number;
  toMs: number;
  /** For each node those that it doesn't hear. */
  cuts: Grudge;
}

/** The partitions of a run, in order. */
export function partitionsOf({ history }: Judgement): Partition[] {
  return faultsIn(history)
    .flatMap((fault) => "cuts" in fault ? [fault] : [])
    .map(({ start, end, cuts }) => ({
      fromMs: start.time / msInNs,
      toMs: end ? end.time / msInNs : Infinity,
      cuts,
    }));
}
