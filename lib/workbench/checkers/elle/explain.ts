/**
 * Anomalies in words.
 *
 * @module
 */
import type { Op } from "../../load/history.ts";
import { invariant } from "../../sim/invariant.ts";
import { boundary, compareSeverity, ruledOutBy } from "./consistency.ts";
import {
  type CycleExample,
  type ElleFindings,
  type Example,
  ownTypes,
  type Step,
} from "./findings.ts";

/**
 * The anomaly to tell of: the one that leaves the least to rely on. Of those
 * that are equally bad it's the one that is easiest to see.
 */
export function worst(
  findings: ElleFindings,
): { type: string; example: Example } | undefined {
  const [type] = (findings["anomaly-types"] ?? []).toSorted((a, b) =>
    emptiness(findings, a) - emptiness(findings, b) ||
    promisesBroken(b) - promisesBroken(a) ||
    obscurity(findings, a) - obscurity(findings, b) || compareSeverity(a, b)
  );
  if (type === undefined) return undefined;
  return { type, example: findings.anomalies?.[type]?.[0] ?? {} };
}

/** The name of the anomaly to tell of. */
export function anomalyOf(findings: ElleFindings): string {
  return findings.altered ? "altered" : worst(findings)?.type ?? "invalid";
}

/** The worst anomaly that is a cycle. */
export function worstCycle(
  { anomalies = {} }: ElleFindings,
): { type: string; example: CycleExample } | undefined {
  const [worst] = Object.entries(anomalies)
    .sort(([a], [b]) => compareSeverity(a, b))
    .flatMap(([type, examples]) => {
      const example = examples.find((each) => "cycle" in each);
      return example ? [{ type, example: example as CycleExample }] : [];
    });
  return worst;
}

/**
 * The worst anomaly in words: its transactions, its keys, and why it is
 * impossible.
 *
 * @param writeF the `f` of a write: `"append"` or `"w"`.
 */
export function explain(
  findings: ElleFindings,
  writeF: string,
): string | undefined {
  const all = findings["anomaly-types"] ?? [];
  if (findings.altered) return tellAltered(findings.altered) + asWell(all);
  const found = worst(findings);
  if (found === undefined) return undefined;
  const { type, example } = found;
  const count = findings["anomaly-counts"]?.[type] ?? 1;
  const times = count === 1 ? "once" : `${count} times`;
  const others = asWell(all.filter((each) => each !== type));
  const not = ruledOut(type, findings.not ?? []);
  return `${type}, ${times}: ${describe(type, example, writeF)}${not}${others}`;
}

/** Says which models can't hold; often it isn't what is told that says so. */
function ruledOut(told: string, models: readonly string[]): string {
  if (models.length === 0) return "";
  const own = boundary([told]).not;
  const what = models.every((model) => own.includes(model))
    ? "That rules"
    : "All anomalies together rule";
  return `\n${what} out ${list(models)}.`;
}

function asWell(types: readonly string[]): string {
  return types.length === 0 ? "" : `\nFound as well: ${types.join(", ")}.`;
}

function tellAltered(
  { count, examples }: NonNullable<ElleFindings["altered"]>,
): string {
  const [first] = examples;
  invariant(first, "where transactions were altered, there is an example");
  const { invoked, completed } = first;
  return `${count} ${
    count === 1 ? "transaction was" : "transactions were"
  } answered with another one; the first is ${
    name(invoked)
  }, which came back as ${
    text(completed.value)
  } (operation ${completed.index})`;
}

/** Ranks an anomaly by how little it says of what went wrong. */
function emptiness(findings: ElleFindings, type: string): number {
  if (type === "empty-transaction-graph") return 3;
  if (untold.has(type)) return 2;
  return "scc-size" in firstOf(findings, type) ? 1 : 0;
}

/**
 * The anomalies that say that there is no judging, and nothing of the
 * transactions.
 */
const untold: ReadonlySet<string> = new Set([
  "malformed-transactions",
  "mixed-key-types",
]);

/** Counts the models that can't hold. */
function promisesBroken(type: string): number {
  return ownTypes.has(type) || contradictory.has(type)
    ? Number.MAX_VALUE
    : ruledOutBy([type]).size;
}

/**
 * The anomalies that are wrong whatever others do: models don't mention them
 * because they don't expect them.
 */
const contradictory: ReadonlySet<string> = new Set(["future-read", "internal"]);

/** Ranks an anomaly by how hard it is to understand. */
function obscurity(findings: ElleFindings, type: string): number {
  return "cycle" in firstOf(findings, type) ? 1 : 0;
}

function firstOf({ anomalies }: ElleFindings, type: string): Example {
  return anomalies?.[type]?.[0] ?? {};
}

/** An anomaly in words. */
export function describe(
  type: string,
  example: Example,
  writeF: string,
): string {
  if ("cycle" in example) return cycle(example as CycleExample, writeF);
  if ("scc-size" in example) {
    return `there is a cycle among the ${
      example["scc-size"]
    } transactions with operations ${
      (example.scc as number[]).slice(0, 10).join(", ")
    }${(example["scc-size"] as number) > 10 ? ", …" : ""}`;
  }
  return words[type]?.({
    example,
    op: name(example.op as Op | undefined),
    writer: name(example.writer as Op | undefined),
    txns: (example.txns ?? []) as Op[],
    mop: text(example.mop),
    key: text(example.key),
    writeF,
  }) ?? text(example);
}

/** Parts of an example, most of them in words. */
interface Parts {
  example: Example;
  op: string;
  writer: string;
  txns: Op[];
  mop: string;
  key: string;
  /** The `f` of a write. */
  writeF: string;
}

/** The words for each anomaly that isn't a cycle. */
const words: { readonly [type: string]: (parts: Parts) => string } = {
  internal: ({ op, mop, example: { expected } }) =>
    `${op} contradicts itself: it saw ${mop}, where its own reads and writes before that leave ${
      text(expected)
    }`,
  "future-read": ({ op, mop, example: { element } }) =>
    `${op} saw ${mop} before it appended ${text(element)} itself`,
  G1a: ({ op, mop, writer }) =>
    `${op} saw ${mop}, and so what ${writer} wrote, which failed`,
  G1b: ({ op, mop, writer }) =>
    `${op} saw ${mop}, which is a state in the midst of ${writer}`,
  "dirty-update": ({ key, txns }) =>
    `of key ${key}, ${name(txns.at(-1))} built on ${
      name(txns[0])
    }, which failed`,
  "duplicate-elements": ({ op, mop }) =>
    `${op} saw an element more than once: ${mop}`,
  "incompatible-order": ({ key, example }) => {
    const [a, b] = example.values as unknown[];
    return `key ${key} was read as ${text(a)} and as ${
      text(b)
    }: no order of appends makes both`;
  },
  "lost-update": ({ key, txns, example: { value }, writeF }) =>
    `${list(txns.slice(0, 3).map(name))} all read key ${key} as ${
      text(value)
    } and then ${
      writeF === "append"
        ? "appended to it, so all but one have appended to"
        : "wrote to it, so all but one have overwritten"
    } what they never saw`,
  "cyclic-versions": ({ key, example: { scc } }) =>
    `of key ${key}, the values ${
      list((scc as unknown[]).map(text))
    } each came before the others, if transactions write after they read`,
  "unwritten-read": ({ key, example }) =>
    `${text(example.element)} was read from key ${key}, in ${
      text(example.list)
    }, and nobody had appended it`,
  "duplicate-writes": ({ key, txns, example: { value } }) =>
    `${text(value)} was written to key ${key} by ${
      list(txns.map(name))
    }, so reads of it can't be told apart`,
  "empty-transaction-graph": () =>
    "no transaction depends on another, so nothing can be said",
  "mixed-key-types": ({ example }) =>
    `keys are of different types: ${list(example.types as string[])}`,
  "malformed-transactions": ({ op, mop }) =>
    `${op} has ${mop} where a micro-operation should be`,
};

function cycle({ cycle, steps }: CycleExample, writeF: string): string {
  const names = new Map<Op, string>();
  for (const op of cycle) {
    if (!names.has(op)) names.set(op, `T${names.size + 1}`);
  }
  const transactions = [...names].map(([op, short]) =>
    `  ${short} = ${name(op)}`
  );
  const along = cycle.map((op) => names.get(op)!);
  const reasons = steps.map((step, i) => {
    // Each step leads from one operation of the cycle to the next.
    const [a, b] = [along[i]!, along[i + 1]!];
    const last = i === steps.length - 1;
    return `  ${last ? "but " : ""}${a} came before ${b}, as ${
      because(step, a, b, writeF)
    }`;
  });
  return [
    names.size === 1
      ? "a transaction depends on itself"
      : `${names.size} transactions go in a circle`,
    ...shortened(transactions),
    ...shortened(reasons),
  ].join("\n");
}

/** The most lines of each kind that are shown of a cycle. */
const maxLines = 12;

/** The lines, or the first ones and the last. */
function shortened(lines: readonly string[]): string[] {
  return lines.length <= maxLines
    ? [...lines]
    : [...lines.slice(0, maxLines - 1), "  …", ...lines.slice(-1)];
}

function because(
  step: Step,
  a: string,
  b: string,
  writeF: string,
): string {
  const verb = writeF === "append" ? "appended" : "wrote";
  const key = text(step.key);
  const value = text(step.value);
  const guess = step.unseen
    ? ", which no read shows"
    : step.contradicted
    ? ", which the longest list that was read doesn't show"
    : "";
  const later = text(step["value'"]) + guess;
  const after = guess === "" ? " after it" : ", so after it";
  switch (step.type) {
    case "ww":
      return `${a} ${verb} ${value} to key ${key}, and ${b} ${verb} ${later}${after}`;
    case "wr":
      return `${b} read ${value} from key ${key}, which ${a} had written`;
    case "rw":
      return step.value === null || step.value === undefined
        ? `${a} read key ${key} before anything was in it, and ${b} ${verb} ${later}`
        : `${a} read key ${key} when ${value} was the last ${
          writeF === "append" ? "element" : "value"
        }, and ${b} ${verb} ${later}${after}`;
    case "process":
      return `process ${step.process} executed ${a} first`;
    case "realtime":
      return `${a} had completed (operation ${
        (step["a'"] as Op).index
      }) before ${b} was invoked (operation ${
        (step.b as Op | undefined)?.index
      })`;
  }
}

function name(op: Op | undefined): string {
  if (op === undefined) return "a transaction";
  return `${text(op.value)} (operation ${op.index}, process ${op.process})`;
}

const maxText = 200;

function text(value: unknown): string {
  const whole = JSON.stringify(value) ?? "nothing";
  return whole.length > maxText ? `${whole.slice(0, maxText)}…` : whole;
}

function list(items: readonly string[]): string {
  return items.length < 2
    ? items.join("")
    : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
