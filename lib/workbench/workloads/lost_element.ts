/**
 * The way of a lost element, in words: which nodes' last reads miss it, and
 * whether a partition or a lost message explains that.
 *
 * Only its reads tell that a node has an element, and only its contents tell
 * that a message carries it: any field may hold the same number by chance, and
 * a node may encode what it sends. So the words say what messages had in them,
 * and not what they meant.
 *
 * @module
 */
import { secondInNs } from "../sim/clock.ts";
import { ExactNumber, identity } from "../sim/exact_json.ts";
import {
  describeError,
  excerpt,
  hasTimedOut,
  type History,
  isClientOp,
  type Op,
  pairs,
} from "../load/history.ts";
import { faultsIn } from "../load/nemesis.ts";
import { invariant } from "../sim/invariant.ts";
import { type Envelope, involvesClient } from "../sim/network.ts";
import type { Test } from "../options.ts";
import {
  keyOf,
  type Readers,
  type SetFullFindings,
} from "../checkers/set_full.ts";

/** The evidence beside the history. */
export interface Evidence {
  test: Pick<Test, "nodes" | "concurrency" | "options">;
  /** All messages, where they were kept, and when the test began among them. */
  messages?:
    | { journal: readonly Envelope[]; startNs: number }
    | undefined;
}

/** The last read of a node that could show an element. */
export interface LastRead {
  node: string;
  /** Its completion, and when it began. */
  op: Op;
  begun: Op;
  shows: boolean;
}

/** The most nodes that a sentence names. */
const maxNamed = 6;

/** Of each node the last read that began after an operation had ended. */
export function lastReads(
  element: unknown,
  since: Op,
  history: History,
  test: Evidence["test"],
): LastRead[] {
  const counterpart = pairs(history);
  const shown = showing(element);
  const last = new Map<string, LastRead>();
  for (const op of history) {
    if (!isClientOp(op) || op.f !== "read" || op.type !== "ok") continue;
    const begun = counterpart[op.index];
    if (begun === undefined || begun.index <= since.index) continue;
    const node = nodeOf(op, test);
    const before = last.get(node);
    if (before !== undefined && before.begun.index > begun.index) continue;
    last.set(node, { node, op, begun, shows: shown(op) });
  }
  return test.nodes.flatMap((node) => last.get(node) ?? []);
}

/** Tells whether a read shows an element. */
function showing(element: unknown): (op: Op) => boolean {
  const same = sameAs(element);
  return ({ f, type, value }) =>
    f === "read" && type === "ok" && Array.isArray(value) && value.some(same);
}

function sameAs(element: unknown): (value: unknown) => boolean {
  if (typeof element !== "object" || element === null) {
    return (value) => value === element;
  }
  const id = identity(element);
  return (value) =>
    typeof value === "object" && value !== null && identity(value) === id;
}

/**
 * The node that a process works with. A process that never came back is
 * followed by the one whose number is greater by the number of clients.
 */
export function nodeOf(
  { process }: Pick<Op, "process">,
  { nodes, concurrency }: Pick<Test, "nodes" | "concurrency">,
): string {
  const node = nodes[((process as number) % concurrency) % nodes.length];
  invariant(node !== undefined, "each client works with one of the nodes");
  return node;
}

/** The nodes, and which of them processes work with: as checkers want them. */
export function nodesOf(test: Pick<Test, "nodes" | "concurrency">): Readers {
  return { nodes: test.nodes, nodeOf: (op) => nodeOf(op, test) };
}

/** A workload's words for its elements. */
export interface Words {
  /** The `f` that adds one. */
  addF: string;
  /** `values`, `elements`. */
  many: string;
  /** Continues "the first is 7, …": the add was acknowledged. */
  acknowledged(add: Op): string;
}

/** In words, what is wrong with a set that only grows. */
export function explainSet(
  findings: SetFullFindings,
  history: History,
  { addF, many, acknowledged }: Words,
  evidence: Evidence,
): string | undefined {
  const { lost } = findings;
  const silent = tellSilent(history, evidence.test);
  if (lost.length === 0) {
    if (findings["stable-count"] > 0) return undefined;
    const added = new Set(
      history.filter(({ f }) => f === addF).map(({ value }) => keyOf(value)),
    );
    const isFound = history.some(({ f, type, value }) =>
      f === "read" && type === "ok" && Array.isArray(value) &&
      value.some((each) => added.has(keyOf(each)))
    );
    const one = many.slice(0, -1);
    const what = isFound
      ? `of no ${one} it's known whether reads go on to find it: none came late enough`
      : `no ${one} was ever found by a read`;
    return [what, ...silent].join("\n");
  }
  const [element] = lost;
  const isAdd = ({ f, value }: Op) => f === addF && sameAs(element)(value);
  const shown = showing(element);
  const added = history.find((op) => op.type === "ok" && isAdd(op));
  const known = history.find((op) =>
    op.type === "ok" && (isAdd(op) || shown(op))
  )!;
  const reads = lastReads(element, known, history, evidence.test);
  const missing = reads.filter(({ shows }) => !shows);
  const others = reads.filter(({ shows }) => shows);
  const rest = others.length > 0
    ? `, while ${namesOf(others)} ${others.length === 1 ? "does" : "do"}`
    : history.some(shown)
    ? ", although reads had shown it before"
    : ", nor did any read before";
  const begun = history.find((op) => op.type === "invoke" && isAdd(op));
  const why = tellTwin(element, findings.unexpected) ?? (begun &&
    tellWhy(element, begun, missing, history, evidence));
  const more = [...(why ? [why] : []), ...silent].join(" ");
  return `${lost.length} of ${
    findings["attempt-count"]
  } ${many} were lost; the first is ${excerpt(element)}, ${
    added
      ? acknowledged(added)
      : `which a read had shown${tellRefusal(begun, history)}`
  }, and which the last ${missing.length === 1 ? "read" : "reads"} at ${
    namesOf(missing)
  } ${missing.length === 1 ? "doesn't" : "don't"} show${rest}${
    more ? `\n${more}` : ""
  }`;
}

/** Tells which nodes left their last read open: they may have what is missing. */
function tellSilent(history: History, test: Evidence["test"]): string[] {
  const last = new Map<string, Op>();
  for (const op of history) {
    if (!isClientOp(op) || op.f !== "read" || op.type === "invoke") continue;
    last.set(nodeOf(op, test), op);
  }
  const silent = test.nodes.flatMap((node) => {
    const op = last.get(node);
    return op !== undefined && hasTimedOut(op)
      ? [`${node} (operation ${op.index})`]
      : [];
  });
  return silent.length === 0
    ? []
    : [`When last asked to read, ${list(silent)} gave no answer in time.`];
}

/** Tells how the operation ended that added what a read has shown nevertheless. */
function tellRefusal(begun: Op | undefined, history: History): string {
  const end = begun && pairs(history)[begun.index];
  return end?.error === undefined
    ? ""
    : `, though its ${end.f} ended in ${end.type}: ${
      describeError(end)
    } (operation ${end.index})`;
}

/**
 * Tells that reads show what only looks like an element: `"7"` or `7.0` for 7,
 * as a map's keys in JavaScript are, and Lua's numbers.
 */
function tellTwin(
  element: unknown,
  unexpected: readonly unknown[] = [],
): string | undefined {
  const looks = looksOf(element);
  const twin = unexpected.find((value) =>
    looks !== undefined && looksOf(value) === looks
  );
  return twin === undefined
    ? undefined
    : `Reads show ${excerpt(twin)} instead, which is another value than ${
      excerpt(element)
    }.`;
}

/** The look of a number, or of a text of one. */
function looksOf(value: unknown): string | undefined {
  const plain = value instanceof ExactNumber ? value.source : value;
  return typeof plain === "object"
    ? undefined
    : `${plain}`.replace(/\.0+$/, "");
}

/** Nodes with the reads that show it: `n1 (operation 90) and n2 (…)`. */
function namesOf(reads: readonly LastRead[]): string {
  return list(reads.map(({ node, op }) => `${node} (operation ${op.index})`));
}

/** Tells what messages and faults say of the nodes that miss an element. */
function tellWhy(
  element: unknown,
  added: Op,
  reads: readonly LastRead[],
  history: History,
  { test, messages }: Evidence,
): string | undefined {
  const origin = nodeOf(added, test);
  const missing = reads.map(({ node }) => node);
  const others = missing.filter((node) => node !== origin);
  const lines = missing.includes(origin)
    ? [`${origin} was told it by the client itself.`]
    : [];
  const carriers = messages && carriersOf(element, added, messages);
  if (carriers === undefined) {
    if (others.length > 0) {
      lines.push(tellFaults(added, origin, others, history, test));
    }
    const had = reads.map((read) => ({ read, sinceNs: added.time }));
    return [...lines, ...tellKills(had, history)].join(" ");
  }
  const to = (nodes: readonly string[]) =>
    carriers.filter(({ dest }) => nodes.includes(dest));
  const askedNs = new Map(
    reads.map(({ node, begun }) => [node, messages!.startNs + begun.time]),
  );
  const got = to(others).filter(({ dest, receivedNs = Infinity }) =>
    receivedNs <= askedNs.get(dest)!
  );
  const reached = others.filter((node) =>
    got.some(({ dest }) => dest === node)
  );
  const unreached = others.filter((node) => !reached.includes(node));
  const isLost = ({ lost, receivedNs }: Envelope) =>
    lost !== undefined && receivedNs === undefined;
  const lost = to(unreached).filter(isLost);
  const late = to(unreached).filter((envelope) => !isLost(envelope));
  const untold = unreached.filter((node) => to([node]).length === 0);
  if (untold.length > 0) {
    lines.push(`No message to ${list(untold, "or")} had it in it.`);
  }
  if (lost.length > 0) lines.push(tellLostMessages(lost));
  if (late.length > 0) {
    lines.push(
      `${subjectOf(late)} hadn't arrived when ${
        new Set(late.map(({ dest }) => dest)).size === 1
          ? "the last read"
          : "the last reads"
      } began: ${waysOf(late)}.`,
    );
  }
  if (reached.length > 0) {
    const types = new Set(got.map(({ line }) => JSON.parse(line).body.type));
    lines.push(
      `${subjectOf(got)} (${list([...types])}) got to ${
        list(reached)
      } in time.`,
    );
  }
  const had = reads.filter(({ node }) => !unreached.includes(node))
    .map((read) => ({
      read,
      // A node that was started anew may have been sent it once more.
      sinceNs: Math.max(
        added.time,
        ...got.filter(({ dest }) => dest === read.node)
          .map(({ receivedNs = 0 }) => receivedNs - messages!.startNs),
      ),
    }));
  return [...lines, ...tellKills(had, history)].join(" ");
}

/** Tells which nodes were killed after they got an element, and when first. */
function tellKills(
  had: readonly { read: LastRead; sinceNs: number }[],
  history: History,
): string[] {
  const kills = faultsIn(history).filter(({ kind }) => kind === "kill");
  const killed = had.flatMap(({ read: { node, begun }, sinceNs }) => {
    const kill = kills.find((fault) =>
      "nodes" in fault && fault.nodes.includes(node) &&
      fault.start.time > sinceNs && fault.start.time < begun.time
    );
    return kill === undefined
      ? []
      : [`${node} (at ${(kill.start.time / secondInNs).toFixed(1)} s)`];
  });
  if (killed.length === 0) return [];
  return [
    `${list(killed)} ${
      killed.length === 1 ? "was" : "were"
    } killed after that: what a node doesn't keep on a disk is gone then.`,
  ];
}

/**
 * The messages after an operation that an element may be in; `undefined` if only
 * a part of some was kept, so that nobody can tell.
 */
export function carriersOf(
  element: unknown,
  added: Op,
  { journal, startNs }: NonNullable<Evidence["messages"]>,
): readonly Envelope[] | undefined {
  const same = sameAs(element);
  const text = JSON.stringify(element);
  const later = journal.filter((envelope) =>
    envelope.sentNs >= startNs + added.time && !involvesClient(envelope)
  );
  if (later.some(({ cut }) => cut)) return undefined;
  return later.filter(({ line }) => {
    if (!line.includes(text)) return false;
    const { msg_id: _, in_reply_to: __, type: ___, ...fields } =
      JSON.parse(line).body;
    return holds(fields, same, text);
  });
}

/**
 * Tells whether a value is, or holds, an element: as a key it's a text, and in a
 * text it's a word.
 */
function holds(
  value: unknown,
  same: (value: unknown) => boolean,
  text: string,
): boolean {
  if (same(value)) return true;
  if (typeof value === "string") {
    return value.includes(text) && value.split(/[^\w.-]+/).includes(text);
  }
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value)
    ? value.some((each) => holds(each, same, text))
    : Object.entries(value).some(([key, each]) =>
      key === text || holds(each, same, text)
    );
}

function tellLostMessages(lost: readonly Envelope[]): string {
  const has = (cause: Envelope["lost"]) =>
    lost.some(({ lost }) => lost === cause);
  const causes = [
    ...(has("kill") ? ["because the receiver was killed"] : []),
    ...(has("partition") ? ["to a partition"] : []),
    ...(has("chance") ? ["by chance (--p-loss)"] : []),
  ];
  return `${subjectOf(lost)} ${lost.length === 1 ? "was" : "were"} lost ${
    list(causes)
  }: ${waysOf(lost)}.`;
}

/** Some messages, at the beginning of a sentence. */
function subjectOf({ length }: readonly Envelope[]): string {
  return length === 1
    ? "The message that had it in it"
    : "The messages that had it in them";
}

/** Where messages went: `n1 to n2 (3 times) and n1 to n0`. */
function waysOf(messages: readonly Envelope[]): string {
  return list(
    [...Map.groupBy(messages, ({ src, dest }) => `${src} to ${dest}`)]
      .map(([way, { length }]) =>
        length > 1 ? `${way} (${length} times)` : way
      ),
  );
}

/** Tells what was wrong with the network when an element was added. */
function tellFaults(
  added: Op,
  origin: string,
  missing: readonly string[],
  history: History,
  { options }: Evidence["test"],
): string {
  const chance = (options["p-loss"] ?? 0) > 0
    ? ` Messages were lost by chance, too (--p-loss ${options["p-loss"]}).`
    : "";
  // It may have begun while the node was being told, even at the same moment.
  const answer = pairs(history)[added.index];
  const told = answer?.type === "ok" ? answer : added;
  const partitions = faultsIn(history)
    .flatMap((fault) => "cuts" in fault ? [fault] : [])
    .filter(({ start, end }) =>
      start.index <= told.index &&
      (end === undefined || end.index > added.index)
    );
  const deafIn = ({ cuts }: typeof partitions[number]) =>
    missing.filter((node) => cuts[node]?.includes(origin));
  // Of several at once, one that explains it.
  const partition = partitions.findLast((each) => deafIn(each).length > 0) ??
    partitions.at(-1);
  if (partition === undefined) {
    return `There was no partition when ${origin} was told it.${chance}`;
  }
  const { start } = partition;
  const deaf = deafIn(partition);
  const since = (start.time / secondInNs).toFixed(1);
  return `${origin} was told it during a partition (from ${since} s on, operation ${start.index})${
    deaf.length > 0
      ? `, in which ${list(deaf)} didn't hear ${origin}`
      : `, which let ${list(missing)} hear ${origin}`
  }.${chance}`;
}

function list(items: readonly string[], last = "and"): string {
  const all = items.length > maxNamed
    ? [...items.slice(0, maxNamed), `${items.length - maxNamed} more`]
    : items;
  return all.length < 2
    ? all.join("")
    : `${all.slice(0, -1).join(", ")} ${last} ${all.at(-1)}`;
}
