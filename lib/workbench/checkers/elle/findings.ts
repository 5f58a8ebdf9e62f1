/**
 * From anomalies to a verdict: which of them the models rule out that the
 * transactions are held to, and which models can't hold. After Elle's
 * `result-map` (https://github.com/jepsen-io/elle/blob/main/src/elle/txn.clj).
 *
 * @module
 */
import type { Op } from "../../load/history.ts";
import { invariant } from "../../sim/invariant.ts";
import { inner } from "../inner.ts";
import type { Findings, Validity } from "../validity.ts";
import {
  boundary,
  canonicalName,
  prohibitedBy,
  ruledOutBy,
} from "./consistency.ts";
import {
  cycleTypes,
  existenceTypes,
  findCycles,
  type FoundCycle,
} from "./cycles.ts";
import { type Graph, GraphBuilder, type RelName } from "../graph.ts";
import { linkProcesses, linkRealtime } from "./order.ts";
import { type Altered, alteredTransactions, type Txns } from "./txn.ts";

/** An example of an anomaly; what it holds depends on its type. */
export interface Example {
  [key: string]: unknown;
}

/** The reason why a transaction came before another. */
export interface Step extends Example {
  type: RelName;
  /** The key that both used. */
  key?: unknown;
  /** The value that the first wrote or read. */
  value?: unknown;
  /** The value that the second wrote after that. */
  "value'"?: unknown;
  /** True if nobody read that value, so that it's only taken to come after. */
  unseen?: boolean;
  /** True if so is one that only shorter lists show, which contradict the longest. */
  contradicted?: boolean;
  /** The index of the micro-operation among theirs. */
  "a-mop-index"?: number;
  "b-mop-index"?: number;
}

/** An example of an anomaly that is a cycle. */
export interface CycleExample extends Example {
  type: string;
  /** The transactions' completions, the first once more at the end. */
  cycle: Op[];
  /** The reasons why each came before the next. */
  steps: Step[];
}

/** The findings of a checker of transactions, under Elle's names. */
export interface ElleFindings extends Findings {
  "valid?": Validity;
  /** The anomalies that were found and that the models rule out. */
  "anomaly-types"?: string[];
  /**
   * The number of each that were found; of cycles, one per component and type.
   */
  "anomaly-counts"?: { [type: string]: number };
  /** Some examples of each. */
  anomalies?: { [type: string]: Example[] };
  /** The weakest models that don't hold. */
  not?: string[];
  /** The others that don't. */
  "also-not"?: string[];
  /**
   * Cycles of other types than those, by their types, that Elle doesn't find,
   * as it gives up before.
   */
  "also-found"?: { [type: string]: Example[] };
  /**
   * Replies with a transaction other than the requested one. Elle judges the
   * reply, so the request has never been judged: here that is invalid.
   */
  altered?: { count: number; examples: Altered[] };
}

/** The most examples of an anomaly that are kept. */
const maxExamples = 8;

/** The most operations of a component that are listed. */
const maxListed = 100;

/** Anomalies that Elle has no verdict on, as it stops with an error there. */
export const ownTypes: ReadonlySet<string> = new Set([
  "duplicate-writes",
  "malformed-transactions",
  "mixed-key-types",
  "unwritten-read",
]);

/** Anomalies by their types, as they are found. */
export class Anomalies {
  readonly #found = new Map<string, { count: number; examples: Example[] }>();

  /** Adds one of a type. */
  add(type: string, example: Example): void {
    const entry = inner(
      this.#found,
      type,
      () => ({ count: 0, examples: [] }),
    );
    entry.count++;
    if (entry.examples.length < maxExamples) entry.examples.push(example);
  }

  /** The types of which there are any. */
  get types(): string[] {
    return [...this.#found.keys()];
  }

  /** Returns the number of a type. */
  count(type: string): number {
    return this.#found.get(type)?.count ?? 0;
  }

  /** Some examples of each type. */
  toObject(types: readonly string[] = this.types): {
    [type: string]: Example[];
  } {
    return Object.fromEntries(
      types.map((type) => [type, this.#found.get(type)?.examples ?? []]),
    );
  }
}

/** A workload's knowledge of its transactions, to find and explain cycles. */
export interface Dependencies {
  /** Adds the edges of the data: `ww`, `wr`, `rw`. */
  link(vertexOf: (op: Op) => number, graph: GraphBuilder): void;
  /** Says why one transaction depends on another. */
  explain(reason: RelName, a: Op, b: Op): Example | undefined;
  /** Of several reasons, which one is given. */
  explainFirst: readonly RelName[];
}

/**
 * Adds the cycles among the transactions to the anomalies.
 *
 * @returns those that Elle doesn't find.
 */
export function addCycles(
  txns: Txns,
  models: readonly string[],
  dependencies: Dependencies,
  anomalies: Anomalies,
): Pick<ElleFindings, "also-found"> {
  const completions = txns.all
    .map(({ op }) => op)
    .filter(({ type }) => type !== "invoke");
  // By the operations' places in the history.
  const vertices = new Int32Array((completions.at(-1)?.index ?? -1) + 1);
  for (let i = 0; i < completions.length; i++) {
    vertices[completions[i]!.index] = i;
  }
  const vertexOf = ({ index }: Op) => vertices[index]!;
  const builder = new GraphBuilder(completions.length);
  dependencies.link(vertexOf, builder);
  const prohibited = prohibitedBy(models);
  const suffixed = (suffix: string) =>
    [...cycleTypes].some((type) =>
      type.endsWith(suffix) && prohibited.has(type)
    );
  // Real time includes the order of each process.
  if (suffixed("-realtime")) linkRealtime(txns, vertexOf, builder);
  else if (suffixed("-process")) linkProcesses(txns, vertexOf, builder);
  if (builder.isEmpty) {
    anomalies.add("empty-transaction-graph", {});
    return {};
  }

  const graph: Graph = builder.build();
  const { explainFirst } = dependencies;
  const opOf = (vertex: number) => {
    const op = completions[vertex];
    invariant(op, "each vertex is the completion of a transaction");
    return op;
  };
  const { cycles, exist, beyond } = findCycles({ graph, opOf, explainFirst });
  const example = (cycle: FoundCycle) =>
    cycleExample(cycle, opOf, txns, dependencies);
  for (const cycle of cycles) anomalies.add(cycle.type, example(cycle));
  for (const { type, not, component } of exist) {
    anomalies.add(type, {
      not,
      "scc-size": component.length,
      scc: component.map((vertex) => opOf(vertex).index)
        .sort((a, b) => a - b)
        .slice(0, maxListed),
    });
  }
  const more = new Anomalies();
  for (const cycle of beyond) {
    if (anomalies.count(cycle.type) > 0 || !prohibited.has(cycle.type)) {
      continue;
    }
    more.add(cycle.type, example(cycle));
  }
  return more.types.length === 0 ? {} : { "also-found": more.toObject() };
}

function cycleExample(
  { type, vertices, steps }: FoundCycle,
  opOf: (vertex: number) => Op,
  { counterpart }: Txns,
  dependencies: Dependencies,
): CycleExample {
  const cycle = vertices.map(opOf);
  return {
    type,
    cycle,
    steps: steps.map((reason, i): Step => {
      // Each step leads from one operation of the cycle to the next.
      const [a, b] = [cycle[i]!, cycle[i + 1]!];
      if (reason === "process") return { type: reason, process: a.process };
      if (reason === "realtime") {
        return { type: reason, "a'": a, b: counterpart[b.index] };
      }
      return { type: reason, ...dependencies.explain(reason, a, b) };
    }),
  };
}

/**
 * Adds the operations that Elle can't cope with, or passes over.
 *
 * @returns findings under a key of our own, and the verdict that follows.
 */
export function addStrangeness(
  txns: Txns,
  anomalies: Anomalies,
): Partial<Pick<ElleFindings, "valid?" | "altered">> {
  for (const example of txns.malformed) {
    anomalies.add("malformed-transactions", example);
  }
  const altered = alteredTransactions(txns);
  return altered.length === 0 ? {} : {
    "valid?": false,
    altered: {
      count: altered.length,
      examples: altered.slice(0, maxExamples),
    },
  };
}

/** The verdict on all that was found. */
export function verdict(
  anomalies: Anomalies,
  models: readonly string[],
): ElleFindings {
  const prohibited = prohibitedBy(models);
  const isBad = (type: string) => prohibited.has(type) || ownTypes.has(type);
  const found = anomalies.types;
  const reported = found.filter((type) =>
    isBad(type) || type === "empty-transaction-graph"
  );
  const types = withoutRedundant(reported).sort();
  if (types.length === 0) return { "valid?": true };
  return {
    "valid?": types.some(isBad) ? false : "unknown",
    "anomaly-types": types,
    "anomaly-counts": Object.fromEntries(
      types.map((type) => [type, anomalies.count(type)]),
    ),
    anomalies: anomalies.toObject(types),
    ...boundary(found),
  };
}

/** Without "there is a cycle somewhere" where something better is known. */
function withoutRedundant(types: readonly string[]): string[] {
  const models = ruledOutBy(types.filter((type) => !existenceTypes.has(type)));
  return types.filter((type) => {
    const model = existenceTypes.get(type);
    return model === undefined || !models.has(canonicalName(model));
  });
}
