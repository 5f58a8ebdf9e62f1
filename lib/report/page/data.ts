/**
 * The data that a run's page is made from: all that the browser gets.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { msInNs } from "../../workbench/sim/clock.ts";
import type { History, Op } from "../../workbench/load/history.ts";
import { faultsIn } from "../../workbench/load/nemesis.ts";
import type { Judgement, Results } from "../../workbench/judge.ts";
import { type Envelope, isClient } from "../../workbench/sim/network.ts";
import { checkHistory } from "../../workbench/verdict.ts";
import { workloadOf } from "../../workbench/workloads/mod.ts";
import type { Judged, RunRecord } from "../record.ts";
import { labelOf } from "../terminal.ts";
import { type Anomaly, anomalyOf } from "./anomaly.ts";
import { type FaultSpan, losses } from "./faults.ts";
import { type Body, type Knowledge, knowledgeOf } from "./knowledge.ts";
import { type Logs, logsOf, mishapsOf, type NodeMishap } from "./logs.ts";
import { shortened } from "./values.ts";

/** A judged run as its page shows it. Times are milliseconds since it began. */
export interface PageData {
  /** `3c broadcast`, or just the workload. */
  title: string;
  /** The verdict, the figures, the options: what `--json` prints. */
  record: RunRecord;
  /** The command that judges it once more. */
  replay: string;
  /** The time at which it was judged, in ISO 8601. */
  when: string;
  nodes: readonly string[];
  /** The services that were used. All other parties are clients. */
  services: readonly string[];
  /** Whom each node had for its neighbours, where the workload told them. */
  topology?: { readonly [node: string]: readonly string[] };
  /** The time of the last event. */
  endMs: number;
  /**
   * The operations of the clients and the nemesis. Here times are nanoseconds,
   * and long values are cut.
   */
  history: readonly Op[];
  faults: readonly FaultSpan[];
  /** The nodes' violations of the protocol: crashes, above all. */
  mishaps: readonly NodeMishap[];
  /** The nodes' logs. */
  logs: Logs;
  /** Every message; empty where they are not known, as for a recorded run. */
  messages: Messages;
  /** Each node's knowledge of values, where the workload is about that. */
  knowledge?: Knowledge;
  /** The mistake, to be drawn; absent if nothing did that can be. */
  anomaly?: Anomaly;
  /** The parts that there's no room for. */
  leftOut?: LeftOut;
}

/** The parts that aren't on a page because there's no room for them. */
export interface LeftOut {
  /** The number of messages: all that were sent after a time. */
  messages?: { count: number; afterMs: number };
  /** The number of operations' beginnings and ends, likewise. */
  operations?: { count: number; afterMs: number };
  /** True if the nodes' knowledge is left out. */
  knowledge?: true;
}

/**
 * All messages as columns: there may be 200,000. Row i is one message. They are
 * in the order in which they were sent. Times are whole microseconds; those
 * before 0 belong to the set-up.
 */
export interface Messages {
  /** The names of all who sent or received. Columns hold indexes into these. */
  parties: readonly string[];
  /** All message types. Columns hold indexes into these. */
  types: readonly string[];
  src: ArrayLike<number>;
  dest: ArrayLike<number>;
  type: ArrayLike<number>;
  sentMs: ArrayLike<number>;
  /** NaN where it was lost, or was under way when the run ended. */
  receivedMs: ArrayLike<number>;
  /** The reason why it was lost, as an index into `losses`. */
  lost: ArrayLike<number>;
  /** The bodies as JSON text; long ones are cut. */
  body: readonly string[];
}

/** Of more messages there are only the first: the others would never fit. */
const maxMessages = 300_000;

/** The characters that are shown of a longer body. */
const maxBodyLength = 300;

/**
 * Makes a page's data from a judged run.
 *
 * @param settings `replay` is the command that judges it once more.
 */
export function pageData(
  record: RunRecord,
  judgement: Judged,
  { replay, when }: { replay: string; when: Date },
): PageData {
  const { history, options, startNs, test } = judgement;
  const { nodes } = test;
  const workload = workloadOf(judgement);
  const journal = judgement.journal.slice(0, maxMessages);
  const texts: string[] = [];
  const bodies = journal.map((envelope) => {
    const body = bodyOf(envelope);
    texts.push(cut(JSON.stringify(body)));
    return isClient(envelope.src) ? flat(body) : body;
  });
  const isWhole = journal.length === judgement.journal.length &&
    !journal.some(({ cut }) => cut);
  const msOf = (ns: number) => Math.round((ns - startNs) / 1000) / 1000;
  const messages = messagesOf(journal, bodies, texts, msOf);
  const endMs = Math.max(
    0,
    (history.at(-1)?.time ?? 0) / msInNs,
    messages.sentMs[journal.length - 1] ?? 0,
  );
  const knowledge = isWhole
    ? knowledgeOf({ record, nodes, journal, bodies, msOf })
    : undefined;
  const faults = faultsOf(history, endMs);
  const anomaly = record.crashed ? undefined : anomalyOf(
    withOurFindings(judgement),
    { knowledge, faults, late: !record.pass },
  );
  const more = judgement.journal.length - journal.length;
  const leftOut: LeftOut | undefined = isWhole ? undefined : {
    ...(more > 0 && {
      messages: { count: more, afterMs: messages.sentMs[maxMessages - 1] ?? 0 },
    }),
    ...(workload.drawing.kind === "value" && { knowledge: true }),
  };
  // The first line stands at the top of the page already.
  const { head } = partsOf(record.reason ?? "");
  const story = anomaly?.story.filter((line) => line !== head) ?? [];
  return {
    title: labelOf(record.id, options.workload).replace(/ +/, " "),
    record,
    replay,
    when: when.toISOString(),
    nodes,
    services: messages.parties.filter((party) =>
      !isClient(party) && !nodes.includes(party)
    ),
    ...(workload.topology && { topology: workload.topology(test) }),
    endMs,
    history: history.map(shortened),
    faults,
    mishaps: mishapsOf(judgement),
    logs: logsOf(judgement, anomaly?.momentMs ?? endMs),
    messages,
    ...(knowledge && { knowledge }),
    ...(anomaly && { anomaly: { ...anomaly, story } }),
    ...(leftOut && { leftOut }),
  };
}

/** Of each fault the span of time; one that never ended lasts until `endMs`. */
export function faultsOf(history: History, endMs: number): FaultSpan[] {
  return faultsIn(history).map(({ start, end, ...effect }) => ({
    ...effect,
    startMs: start.time / msInNs,
    endMs: end ? end.time / msInNs : endMs,
  }));
}

/** A reason in two: its first line, and what comes below it, without colours. */
export function partsOf(reason: string): { head: string; rest: string } {
  const [head = "", ...rest] = stripVTControlCharacters(reason).split("\n");
  return { head: head.trim(), rest: rest.join("\n") };
}

/**
 * Adds our own findings: where the real Maelstrom gives examples they have
 * other shapes than ours, so those to be drawn are looked for in its history.
 */
function withOurFindings(judgement: Judged): Judgement {
  const { engine, history, test } = judgement;
  if (engine !== "maelstrom") return judgement as Judgement;
  const results = {
    ...judgement.results,
    ...checkHistory(history, test),
    nodes: { "valid?": true, "error-count": 0, errors: [] },
  } as unknown as Results;
  return { ...judgement, results };
}

/**
 * Reads the body of a message; of a line that was cut, its type, and its
 * beginning.
 */
function bodyOf({ line, cut }: Envelope): Body {
  if (!cut) return JSON.parse(line).body;
  const [, type = '"?"'] = /"type"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  return { type: JSON.parse(type), "cut short": line };
}

/**
 * A body without lists and objects. Of what clients send they say nothing about
 * values, and to each of a thousand nodes a client tells all names and neighbours.
 */
function flat(body: Body): Body {
  const fields = Object.entries(body).filter(([, value]) =>
    typeof value !== "object"
  );
  return Object.fromEntries(fields) as Body;
}

function messagesOf(
  journal: readonly Envelope[],
  bodies: readonly Body[],
  texts: readonly string[],
  msOf: (ns: number) => number,
): Messages {
  const parties = new Index();
  const types = new Index();
  return {
    src: journal.map(({ src }) => parties.of(src)),
    dest: journal.map(({ dest }) => parties.of(dest)),
    type: bodies.map(({ type }) => types.of(type)),
    sentMs: journal.map(({ sentNs }) => msOf(sentNs)),
    receivedMs: journal.map(({ receivedNs }) =>
      receivedNs === undefined ? NaN : msOf(receivedNs)
    ),
    lost: journal.map(({ receivedNs, lost }) =>
      receivedNs === undefined ? losses.indexOf(lost) : 0
    ),
    body: texts,
    parties: parties.names,
    types: types.names,
  };
}

/** Gives each name a number, from 0. */
class Index {
  readonly names: string[] = [];
  #numbers = new Map<string, number>();

  of(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      this.#numbers.set(name, number = this.names.length);
      this.names.push(name);
    }
    return number;
  }
}

function cut(text: string): string {
  return text.length <= maxBodyLength
    ? text
    : `${text.slice(0, maxBodyLength)}…`;
}
