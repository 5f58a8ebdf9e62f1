/**
 * The anomalies that show as cycles: Adya's `G0`, `G1c`, `G-single`, `G2`
 * ("Weak Consistency", 1999), Elle's `G-nonadjacent`, and the variants of each
 * with edges between the transactions of one process, or those that real time
 * orders. After Elle (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies
 * from Experimental Observations", 2020).
 *
 * The graph falls into strongly connected components first; a cycle never
 * leaves one. In each, which models are broken is read off its components with
 * fewer edges; that says which kinds of cycles can be there at all, and those
 * are searched for, worst first.
 *
 * @module
 */
import type { Op } from "../../load/history.ts";
import { invariant } from "../../sim/invariant.ts";
import {
  canonicalName,
  compareSeverity,
  friendlyName,
  impliedAnomalies,
  prohibitedBy,
  strongerModels,
} from "./consistency.ts";
import {
  components,
  forEachEdge,
  type Graph,
  GraphBuilder,
  groups,
  rel,
  type RelName,
  relNames,
  relsBetween,
  select,
} from "../graph.ts";
import { inner } from "../inner.ts";
import { operationHash, transactionsInClojureOrder } from "./hash_order.ts";
import {
  type Budget,
  type CycleSpec,
  edgesOf,
  fallbackCycle,
  firstCycle,
  Projection,
  rwMode,
  someCycles,
} from "./search.ts";

const dependencies = rel.ww | rel.wr;

const baseSpecs: readonly CycleSpec[] = [
  {
    type: "G0",
    legal: rel.ww,
    required: 0,
    rwCount: 0,
    rwMode: rwMode.none,
    exact: false,
  },
  {
    type: "G1c",
    legal: dependencies,
    required: rel.wr,
    rwCount: 0,
    rwMode: rwMode.none,
    exact: false,
  },
  {
    type: "G-single-item",
    legal: dependencies,
    required: 0,
    rwCount: 1,
    rwMode: rwMode.single,
    exact: true,
  },
  {
    type: "G-nonadjacent-item",
    legal: dependencies,
    required: 0,
    rwCount: 2,
    rwMode: rwMode.nonadjacent,
    exact: true,
  },
  {
    type: "G2-item",
    legal: dependencies | rel.rw,
    required: 0,
    rwCount: 2,
    rwMode: rwMode.none,
    exact: true,
  },
];

/** With predicates, which there are none of; Elle spends time on them, though. */
const predicateSpecs: readonly CycleSpec[] = baseSpecs
  .filter(({ type }) => type.endsWith("-item"))
  .map((spec) => ({ ...spec, type: spec.type.replace("-item", "") }));

const variants = ["process", "realtime"] as const;

/** All kinds of cycles, worst first. */
const specs: readonly CycleSpec[] = [...baseSpecs, ...predicateSpecs]
  .flatMap((spec) => [
    spec,
    ...variants.map((variant) => ({
      ...spec,
      type: `${spec.type}-${variant}`,
      legal: spec.legal | rel[variant],
      required: spec.required | rel[variant],
    })),
  ])
  .sort((a, b) => compareSeverity(a.type, b.type));

/** Cycles that a model rules out, whatever kind they are. */
interface ExistenceSpec {
  /** The model, by its canonical name. */
  model: string;
  /** Edges of these kinds may be in the cycle. */
  edges: number;
  /** So may `rw` edges, if each follows one of the others. */
  extended: boolean;
}

const existenceSpecs: readonly ExistenceSpec[] = [
  { model: "PL-1", edges: rel.ww, extended: false },
  { model: "PL-2", edges: dependencies, extended: false },
  { model: "PL-SI", edges: dependencies, extended: true },
  { model: "PL-2.99", edges: dependencies | rel.rw, extended: false },
  { model: "PL-3", edges: dependencies | rel.rw, extended: false },
  {
    model: "strong-session-PL-1",
    edges: rel.ww | rel.process,
    extended: false,
  },
  {
    model: "strong-session-PL-2",
    edges: dependencies | rel.process,
    extended: false,
  },
  {
    model: "strong-session-snapshot-isolation",
    edges: dependencies | rel.process,
    extended: true,
  },
  {
    model: "strong-session-serializable",
    edges: dependencies | rel.rw | rel.process,
    extended: false,
  },
  { model: "strong-PL-1", edges: rel.ww | rel.realtime, extended: false },
  { model: "strong-PL-2", edges: dependencies | rel.realtime, extended: false },
  {
    model: "strong-snapshot-isolation",
    edges: dependencies | rel.realtime,
    extended: true,
  },
  {
    model: "PL-SS",
    edges: dependencies | rel.rw | rel.realtime,
    extended: false,
  },
];

/** The names of all anomalies that are cycles. */
export const cycleTypes: ReadonlySet<string> = new Set(
  specs.map(({ type }) => type),
);

/** The models of the `…-cycle-exists` anomalies, by those anomalies. */
export const existenceTypes: ReadonlyMap<string, string> = new Map(
  existenceSpecs.map(({ model }) => [`${model}-cycle-exists`, model]),
);

/** A cycle that was found. */
export interface FoundCycle {
  type: string;
  /** Its vertices, the first once more at the end. */
  vertices: number[];
  /** The reasons why each comes before the next. */
  steps: RelName[];
}

/** A component that has a cycle which some model rules out. */
export interface FoundExistence {
  type: string;
  /** The model. */
  not: string;
  /** The vertices of the smallest component with such cycles. */
  component: number[];
}

/** The cycles found in a graph. */
export interface Cycles {
  cycles: FoundCycle[];
  exist: FoundExistence[];
  /** Cycles that Elle doesn't find, as it gives up before. */
  beyond: FoundCycle[];
}

/** The knowledge of a graph that the search needs. */
export interface CycleSearch {
  graph: Graph;
  /** The completion that a vertex is. */
  opOf(vertex: number): Op;
  /** Of several reasons for an edge, the first of these is the explanation. */
  explainFirst: readonly RelName[];
}

/**
 * The most steps that a component may take. Elle gives each a second, and gets
 * roughly this far in that time.
 */
const stepsPerComponent = 1_000_000;

/** The most steps that all components may take together. */
const stepsInAll = 6_000_000;

/** Finds the worst cycles in each component. */
export function findCycles(search: CycleSearch): Cycles {
  const result: Cycles = { cycles: [], exist: [], beyond: [] };
  let left = stepsInAll;
  const found = groups(components(search.graph))
    .sort((a, b) => a.length - b.length);
  for (const group of found) {
    const before = Math.min(stepsPerComponent, left);
    const budget = { steps: before };
    const { cycles, exist, beyond } = new ComponentSearch(search, group)
      .run(budget);
    left -= before - Math.max(0, budget.steps);
    result.cycles.push(...cycles);
    result.exist.push(...exist);
    result.beyond.push(...beyond);
  }
  result.cycles.sort((a, b) => compareSeverity(a.type, b.type));
  return result;
}

/** The search of one component, whose vertices are numbered anew. */
class ComponentSearch {
  #group: readonly number[];
  #graph: Graph;
  #ops: readonly Op[];
  #explainFirst: readonly RelName[];
  #hashOf: (vertex: number) => number;
  #projections = new Map<number, Projection>();

  constructor(
    { graph, opOf, explainFirst }: CycleSearch,
    group: readonly number[],
  ) {
    this.#group = group;
    this.#graph = select(graph, group);
    this.#ops = group.map(opOf);
    this.#explainFirst = explainFirst;
    const hashes = this.#ops.map(({ index }) => operationHash(index));
    this.#hashOf = (vertex) => hashes[vertex]!;
  }

  /** The operation that a vertex is. */
  #opOf(vertex: number): Op {
    const op = this.#ops[vertex];
    invariant(op, "each vertex of a component is an operation");
    return op;
  }

  run(budget: Budget): Cycles {
    const exist = existingCycles(this.#graph);
    const redundant = impossibleTypes(exist);
    const cycles: FoundCycle[] = [];
    const beyond: FoundCycle[] = [];
    if (!this.#search(redundant, cycles, budget)) {
      cycles.push(this.#fallback());
      this.#searchBeyond(redundant, beyond);
    }
    const inGraph = (vertices: number[]) =>
      vertices.map((v) => this.#group[v]!);
    const outside = (cycle: FoundCycle) => ({
      ...cycle,
      vertices: inGraph(cycle.vertices),
    });
    return {
      cycles: cycles.map(outside),
      exist: exist.map((each) => ({
        ...each,
        component: inGraph(each.component),
      })),
      beyond: beyond.map(outside),
    };
  }

  /**
   * Looks for cycles as Elle does.
   *
   * @returns whether the budget sufficed.
   */
  #search(
    redundant: Set<string>,
    cycles: FoundCycle[],
    budget: Budget,
  ): boolean {
    const known = new Map<string, Known>();
    for (const spec of specs) {
      if (redundant.has(spec.type)) continue;
      const found = this.#first(spec, known, budget);
      if (found === "exhausted") return false;
      if (found === undefined) continue;
      const cycle = describe(this.#graph, found, this.#explainFirst);
      if (spec.exact && cycle.type !== spec.type) continue;
      cycles.push(cycle);
      for (const type of impliedAnomalies([spec.type])) redundant.add(type);
    }
    return true;
  }

  #first(
    spec: CycleSpec,
    known: Map<string, Known>,
    budget: Budget,
  ): Known["found"] {
    // Kinds that differ in predicates only are the same search.
    const { legal, required, rwCount, rwMode } = spec;
    const key = [legal, required, rwCount, rwMode].join();
    const before = known.get(key);
    if (before) {
      budget.steps -= before.steps;
      return budget.steps < 0 ? "exhausted" : before.found;
    }
    const steps = budget.steps;
    const found = firstCycle(this.#project(edgesOf(spec)), spec, budget);
    known.set(key, { found, steps: steps - budget.steps });
    return found;
  }

  #project(edges: number): Projection {
    return inner(
      this.#projections,
      edges,
      () => new Projection(this.#graph, edges, this.#hashOf),
    );
  }

  #fallback(): FoundCycle {
    const vertexOf = new Map(this.#ops.map((op, vertex) => [op, vertex]));
    const vertices = fallbackCycle(
      this.#project(0xff),
      (targets) =>
        transactionsInClojureOrder(targets.map((v) => this.#opOf(v)))
          .map((op) => vertexOf.get(op)!),
    );
    return describe(this.#graph, vertices, this.#explainFirst);
  }

  /** Looks for cycles of the kinds that are left, in polynomial time. */
  #searchBeyond(redundant: Set<string>, cycles: FoundCycle[]): void {
    const explained: Graph = {
      ...this.#graph,
      rels: this.#graph.rels.map((rels) =>
        rel[explanation(rels, this.#explainFirst)]
      ),
    };
    for (const spec of specs) {
      if (redundant.has(spec.type) || !isItem(spec)) continue;
      for (const candidate of someCycles(explained, spec)) {
        const cycle = describe(this.#graph, candidate, this.#explainFirst);
        if (cycle.type !== spec.type) continue;
        cycles.push(cycle);
        for (const type of impliedAnomalies([spec.type])) redundant.add(type);
        break;
      }
    }
  }
}

/** Tells whether cycles of a kind can be without predicates. */
function isItem({ type, rwCount }: CycleSpec): boolean {
  return rwCount === 0 || type.includes("-item");
}

/** The result of a search, and the steps that it took. */
interface Known {
  found: number[] | "exhausted" | undefined;
  steps: number;
}

/** Of several reasons for an edge, the one that it's explained by. */
function explanation(rels: number, first: readonly RelName[]): RelName {
  return first.find((name) => rels & rel[name]) ??
    relNames.find((name) => rels & rel[name])!;
}

function describe(
  graph: Graph,
  vertices: number[],
  explainFirst: readonly RelName[],
): FoundCycle {
  const steps = vertices.slice(1).map((to, i) =>
    explanation(relsBetween(graph, vertices[i]!, to), explainFirst)
  );
  return { type: typeOf(steps), vertices, steps };
}

/** The anomaly that a cycle is, by the edges that it takes. */
export function typeOf(steps: readonly RelName[]): string {
  const has = (name: RelName) => steps.includes(name);
  const suffix = has("realtime")
    ? "-realtime"
    : has("process")
    ? "-process"
    : "";
  const rws = steps.filter((step) => step === "rw").length;
  const adjacent = steps.some((step, i) =>
    step === "rw" && steps[(i + 1) % steps.length] === "rw"
  );
  const kind = rws === 1
    ? "G-single-item"
    : rws > 1
    ? adjacent ? "G2-item" : "G-nonadjacent-item"
    : has("wr")
    ? "G1c"
    : "G0";
  return kind + suffix;
}

/** The models that the component's cycles break, weakest first. */
function existingCycles(graph: Graph): FoundExistence[] {
  const result: FoundExistence[] = [];
  const broken = new Set<string>();
  for (const { model, edges, extended } of existenceSpecs) {
    if (broken.has(model)) continue;
    const component = extended
      ? smallestExtended(graph, edges)
      : smallestComponent(graph, edges);
    if (component === undefined) continue;
    result.push({
      type: `${model}-cycle-exists`,
      not: friendlyName(model),
      component,
    });
    for (const each of strongerModels([model])) broken.add(each);
  }
  return result;
}

/** The smallest component that has a cycle: a single vertex may, too. */
function smallestComponent(
  graph: Graph,
  edges: number,
): number[] | undefined {
  for (let v = 0; v < graph.size; v++) {
    if (relsBetween(graph, v, v) & edges) return [v];
  }
  return smallest(groups(components(graph, edges)));
}

/** The same when an `rw` edge may follow each of the others. */
function smallestExtended(graph: Graph, edges: number): number[] | undefined {
  // Vertex 2v is v, and 2v + 1 is v just after one of the edges, where an rw
  // edge may be next.
  const builder = new GraphBuilder(2 * graph.size);
  forEachEdge(graph, (v, w, reasons) => {
    if (reasons & edges) {
      builder.link(2 * v, 2 * w, 1);
      builder.link(2 * v, 2 * w + 1, 1);
    }
    if (reasons & rel.rw) builder.link(2 * v + 1, 2 * w, 1);
  });
  const split = builder.build();
  for (let v = 0; v < split.size; v++) {
    if (relsBetween(split, v, v)) return [v >> 1];
  }
  const group = smallest(groups(components(split)));
  return group && [...new Set(group.map((v) => v >> 1))];
}

function smallest(found: readonly number[][]): number[] | undefined {
  return found.reduce<number[] | undefined>(
    (best, each) => best && best.length <= each.length ? best : each,
    undefined,
  );
}

/** Kinds of cycles that can't be there, as they'd break models that hold. */
function impossibleTypes(exist: readonly FoundExistence[]): Set<string> {
  const broken = strongerModels(exist.map((each) => canonicalName(each.not)));
  const holding = existenceSpecs.map(({ model }) => model)
    .filter((model) => !broken.has(model));
  return prohibitedBy(holding);
}
