/**
 * The story of a run in words: what clients asked, how nodes answered, and which
 * faults struck, in the order in which it happened.
 *
 * @module
 */
import type { Judgement } from "../judge.ts";
import { strikes } from "../load/grudge.ts";
import {
  describeError,
  excerpt,
  hasTimedOut,
  isClientOp,
  type Op,
  pairs,
} from "../load/history.ts";
import { type Effect, faultsIn } from "../load/nemesis.ts";
import { msInNs, secondInNs } from "../sim/clock.ts";
import { type Envelope, involvesClient } from "../sim/network.ts";
import { nodeOf } from "../workloads/lost_element.ts";

/** The most lines of a story: of a longer one the middle is left out. */
const maxLines = 40;

interface Event {
  timeNs: number;
  text: string;
}

/** Tells what happened in a run, a line for each event, and what is wrong. */
export function story(judgement: Judgement): string {
  const events = [
    ...opEvents(judgement),
    ...faultEvents(judgement),
    ...messageEvents(judgement),
    ...crashEvents(judgement),
  ].sort((a, b) => a.timeNs - b.timeNs);
  // The longest time is the first or the last: of all there may be too many.
  const width = Math.max(
    ...[events.at(0), events.at(-1)]
      .map((event) => seconds(event?.timeNs ?? 0).length),
  );
  const lines = events.map(({ timeNs, text }) =>
    `${seconds(timeNs).padStart(width)} s  ${text}`
  );
  const { reason = "" } = judgement;
  return [
    ...surroundings(judgement),
    ...abridged(lines),
    ...reason.split("\n").filter(Boolean),
  ].join("\n");
}

/** Tells what acts all the time, and so at no time of its own. */
function surroundings({ test: { options } }: Judgement): string[] {
  const { latency, "latency-dist": dist, topology, workload } = options;
  return [
    ...latency > 0
      ? [
        `Messages between nodes take ${latency} ms${
          dist === "constant" ? "" : ` on average (${dist})`
        }.`,
      ]
      : [],
    ...workload === "broadcast" && topology !== "grid"
      ? [`The topology is ${topology}.`]
      : [],
  ];
}

function abridged(lines: string[]): string[] {
  if (lines.length <= maxLines) return lines;
  const half = maxLines / 2;
  return [
    ...lines.slice(0, half),
    `… ${lines.length - maxLines} more …`,
    ...lines.slice(-half),
  ];
}

function seconds(timeNs: number): string {
  return (timeNs / secondInNs).toFixed(3);
}

/** Tells of each operation when there was an answer. */
function opEvents({ history, test }: Judgement): Event[] {
  const counterpart = pairs(history);
  return history.flatMap((op): Event[] => {
    if (!isClientOp(op)) return [];
    const node = nodeOf(op, test);
    const other = counterpart[op.index];
    if (op.f === "crash") {
      return op.type === "invoke" ? [] : [{
        timeNs: op.time,
        text:
          `A client of ${node} crashes (by plan), and another takes its place`,
      }];
    }
    if (op.type === "invoke") {
      return other !== undefined && tells(op, other) ? [] : [{
        timeNs: op.time,
        text: `${node} is asked to ${words(op)}`,
      }];
    }
    return [{ timeNs: op.time, text: `${node} ${answer(op, other)}` }];
  });
}

/** Tells whether an answer came soon enough to say by itself what was asked. */
function tells(op: Op, answer: Op): boolean {
  return answer.time - op.time < 50 * msInNs;
}

function answer(op: Op, asked: Op | undefined): string {
  if (op.type === "ok") {
    const isSame = excerpt(op.value) === excerpt(asked?.value);
    const isNothing = op.value === null || op.value === undefined;
    return isSame || isNothing
      ? `acknowledges ${words(op)}`
      : `answers ${op.f}: ${excerpt(op.value)}${finally_(op)}`;
  }
  if (hasTimedOut(op)) return `doesn't answer ${words(asked ?? op)} in time`;
  const verb = op.type === "fail" ? "refuses" : "leaves open";
  const why = op.error === undefined ? "" : `: ${describeError(op)}`;
  return `${verb} ${words(asked ?? op)}${why}`;
}

function words({ f, value, ...others }: Op): string {
  return value === null || value === undefined
    ? `${f}${finally_(others)}`
    : `${f} ${excerpt(value)}`;
}

function finally_(op: { [key: string]: unknown }): string {
  return op["final?"] === true ? " (final)" : "";
}

function faultEvents({ history, test }: Judgement): Event[] {
  return faultsIn(history).filter(strikes).flatMap((fault) => {
    const { start, end, ...effect } = fault;
    const [begins, ends] = faultWords(effect as Effect, test.nodes);
    // A node may answer before all are said to have been started.
    const timeNs = end && fault.kind === "kill"
      ? history.findLast(({ f, process, index }) =>
        process === "nemesis" && f === end.f && index < end.index
      )?.time ?? end.time
      : end?.time;
    return [
      { timeNs: start.time, text: begins },
      ...timeNs === undefined ? [] : [{ timeNs, text: ends }],
    ];
  });
}

/** Tells what a fault does to its nodes, and what its end does. */
function faultWords(
  effect: Effect,
  nodes: readonly string[],
): [begins: string, ends: string] {
  if ("cuts" in effect) {
    const deaf = Object.entries(effect.cuts)
      .filter(([, sources]) => sources.length > 0)
      .map(([node, sources]) => `${node} no longer hears ${list(sources)}`);
    return [
      `The network is cut (${effect.kind}): ${deaf.join("; ")}`,
      `The network is whole again (${effect.kind})`,
    ];
  }
  const struck = effect.nodes.length === nodes.length && nodes.length > 1
    ? "all nodes"
    : list(effect.nodes);
  const isOne = effect.nodes.length === 1;
  const are = isOne ? "is" : "are";
  switch (effect.kind) {
    case "kill":
      return [`${struck} ${are} killed`, `${struck} ${are} started anew`];
    case "pause":
      return [
        `${struck} ${are} paused`,
        `${struck} ${isOne ? "goes" : "go"} on`,
      ];
    case "packet":
      return [
        `Messages from and to ${struck} take some ${effect.delayMs} ms longer`,
        "Messages are as fast as before",
      ];
    case "clock":
      return [
        Object.entries(effect.changes).map(([node, { jumpMs, rate }]) =>
          `The clock of ${node} jumps by ${jumpMs} ms, and goes at ${rate}`
        ).join("; "),
        "All clocks are right again",
      ];
  }
}

/** The first crash of each node: what it is asked then, nobody answers. */
function crashEvents({ results }: Judgement): Event[] {
  const crashes = results.nodes.errors.filter(({ kind }) =>
    kind === "node-crashed"
  );
  return [...Map.groupBy(crashes, ({ node }) => node)].map((
    [node, [first]],
  ) => ({
    timeNs: Math.max(0, first!.time),
    text: `${node} crashes`,
  }));
}

/** Messages between nodes that were lost, or came more than once or late. */
function messageEvents({ journal, startNs, fates = [] }: Judgement): Event[] {
  const odd = new Map(
    fates.map((fate) => [`${momentOf(fate)} ${fate.number}`, fate.holdUpsMs]),
  );
  // Of those that go the same way at the same time, each has its own fate.
  const numbers = new Map<string, number>();
  return journal.flatMap((envelope): Event[] => {
    if (involvesClient(envelope)) return [];
    const { src, dest } = envelope;
    const timeNs = envelope.sentNs - startNs;
    const sinceMs = timeNs < 0 ? undefined : timeNs / msInNs;
    let fate: readonly number[] | undefined;
    if (odd.size > 0) {
      const moment = momentOf({ src, dest, sinceMs });
      const number = (numbers.get(moment) ?? 0) + 1;
      numbers.set(moment, number);
      fate = odd.get(`${moment} ${number}`);
    }
    const what = becomes(envelope, fate);
    if (what === undefined) return [];
    return [{
      timeNs,
      text: `${src} sends ${dest} ${contents(envelope)}, which ${what}`,
    }];
  });
}

/** The messages among which one is counted. */
function momentOf(
  { src, dest, sinceMs }: Pick<Envelope, "src" | "dest"> & {
    sinceMs?: number | undefined;
  },
): string {
  return `${src} ${dest} ${sinceMs}`;
}

function becomes(
  { lost, receivedNs }: Envelope,
  fate: readonly number[] | undefined,
): string | undefined {
  // A copy of it arrived.
  if (lost !== undefined && receivedNs !== undefined) {
    return `arrives once: of its two copies ${
      lost === "partition"
        ? "the cut swallows one"
        : "one is lost, as its receiver is dead"
    }`;
  }
  switch (lost) {
    case "partition":
      return "the cut swallows";
    case "kill":
      return "is lost, as its receiver is dead";
    case "chance":
      return "is lost";
  }
  if (fate === undefined || fate.length === 0) return undefined;
  const [first = 0] = fate;
  return fate.length > 1
    ? "arrives twice"
    : `is held up by ${first.toFixed(0)} ms`;
}

function contents({ line }: Envelope): string {
  try {
    const { type, ...body } = JSON.parse(line).body;
    return excerpt({ type, ...body });
  } catch {
    return "a message";
  }
}

function list(items: readonly string[]): string {
  return items.length < 2
    ? items.join("")
    : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
