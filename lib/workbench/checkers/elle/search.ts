/**
 * The search for a cycle of some kind in a strongly connected component, after
 * Elle's (https://github.com/jepsen-io/elle/blob/main/src/elle/bfs.clj): an
 * automaton says which edges a path may take next, and breadth-first search
 * finds a shortest cycle that it accepts.
 *
 * There are two searches. {@linkcode firstCycle} goes through all simple paths
 * in Elle's order, so that it finds the very cycle that Elle finds. Their number
 * can grow exponentially; Elle gives up after a second, we after so many steps.
 * Then {@linkcode fallbackCycle} finds the cycle that Elle falls back to, and
 * {@linkcode someCycles} in polynomial time what Elle doesn't find any more: it
 * looks for shortest cycles through some of the edges.
 *
 * @module
 */
import { invariant } from "../../sim/invariant.ts";
import {
  components,
  forEachEdge,
  type Graph,
  GraphBuilder,
  rel,
} from "../graph.ts";

import { inBifurcanOrder } from "./hash_order.ts";

/**
 * The ways in which anti-dependencies (`rw`) may be taken beyond those that are
 * legal.
 */
export const rwMode = {
  /** Not at all. */
  none: 0,
  /** Exactly once. */
  single: 1,
  /** Any number, but never two in a row. */
  nonadjacent: 2,
  /** The same, right after one. */
  taken: 3,
} as const;

/** The kind of cycles to look for. */
export interface CycleSpec {
  /** The anomaly that they are. */
  type: string;
  /** Edges that may always be taken, as bits of `rel`. */
  legal: number;
  /** Each of these has to be taken at least once. */
  required: number;
  /** The least number of `rw` edges. */
  rwCount: 0 | 1 | 2;
  rwMode: number;
  /** True if a cycle that turns out to be of another type doesn't count. */
  exact: boolean;
}

/** All edges that a path for this kind may take. */
export function edgesOf({ legal, rwMode: mode }: CycleSpec): number {
  return mode === rwMode.none ? legal : legal | rel.rw;
}

// The automaton's state: what is still required (8 bits), how many more rw
// edges (2 bits), and the mode (2 bits).
function pack(required: number, rwLeft: number, mode: number): number {
  return required | (rwLeft << 8) | (mode << 10);
}

function start(spec: CycleSpec): number {
  return pack(spec.required, spec.rwCount, spec.rwMode);
}

function accepts(state: number): boolean {
  return (state & 0x3ff) === 0 && state >> 10 !== rwMode.taken;
}

/** The state after an edge that is taken for one reason; -1 if it can't be. */
function take(state: number, reason: number, legal: number): number {
  const required = state & 0xff & ~reason;
  const rwLeft = (state >> 8) & 3;
  const mode = state >> 10;
  const isRw = reason === rel.rw;
  const left = isRw && rwLeft > 0 ? rwLeft - 1 : rwLeft;
  if (reason & legal) {
    const after = mode === rwMode.taken ? rwMode.nonadjacent : mode;
    return pack(required, left, after);
  }
  if (!isRw) return -1;
  if (mode === rwMode.single) return pack(required, 0, rwMode.none);
  if (mode === rwMode.nonadjacent) return pack(required, left, rwMode.taken);
  return -1;
}

/**
 * The states that an edge leads to. Reasons that don't make a difference are
 * tried only once; a cycle begins with an edge that it needs, if there is one.
 */
function steps(
  state: number,
  reasons: number,
  legal: number,
  first: boolean,
): number[] {
  const required = state & 0xff;
  const rwLeft = (state >> 8) & 3;
  const mode = state >> 10;
  const wantsRw = rwLeft > 0 || mode === rwMode.single ||
    mode === rwMode.nonadjacent;
  const rw = wantsRw ? rel.rw : 0;
  const result: number[] = [];
  const attempt = (reason: number) => {
    const after = take(state, reason, legal);
    if (after >= 0) result.push(after);
  };
  if (reasons & rw) attempt(rel.rw);
  if (first && rwLeft > 0) return result;
  const needed = required & ~rw;
  for (let bits = reasons & needed; bits !== 0; bits &= bits - 1) {
    attempt(bits & -bits);
  }
  if (first && required !== 0) return result;
  const others = reasons & legal & ~rw & ~needed;
  if (others !== 0) attempt(others & -others);
  return result;
}

/** The steps that the searches of one component may still make. */
export interface Budget {
  steps: number;
}

/** An edge by where it leads to, and its reasons, as bits of `rel`. */
interface Edge {
  to: number;
  reasons: number;
}

/** A component with only some of its edges, in the order of Elle's graphs. */
export class Projection {
  readonly vertices: readonly number[];
  #out: Edge[][];
  #hashOf: (vertex: number) => number;

  constructor(
    graph: Graph,
    allowed: number,
    hashOf: (vertex: number) => number,
  ) {
    this.#hashOf = hashOf;
    const present = new Uint8Array(graph.size);
    const out = Array.from({ length: graph.size }, (): Edge[] => []);
    forEachEdge(graph, (from, to, all) => {
      const reasons = all & allowed;
      if (reasons === 0) return;
      present[from] = present[to] = 1;
      out[from]?.push({ to, reasons });
    });
    this.#out = out.map((edges) => this.#inOrder(edges));
    const vertices = [...present.keys()].filter((vertex) => present[vertex]);
    this.vertices = inBifurcanOrder(vertices, hashOf);
  }

  /**
   * Returns the vertices that a vertex leads to; `within` some vertices, if
   * given.
   */
  outOf(vertex: number, within?: ReadonlySet<number>): readonly Edge[] {
    const edges = this.#out[vertex] ?? [];
    return within === undefined
      ? edges
      : this.#inOrder(edges.filter(({ to }) => within.has(to)));
  }

  #inOrder(edges: readonly Edge[]): Edge[] {
    return inBifurcanOrder(edges, ({ to }) => this.#hashOf(to));
  }
}

/**
 * Finds where a cycle of the kind may be: components (of the edges that it may
 * take) in which all that it needs is there. That is necessary, not sufficient.
 *
 * @returns for each vertex whether it is in such a component.
 */
function promising(graph: Graph, spec: CycleSpec): Uint8Array {
  const { of, sizes } = components(graph, edgesOf(spec));
  const has = new Int32Array(sizes.length);
  const rws = new Int32Array(sizes.length);
  const alternates = alternating(graph, spec);
  forEachEdge(graph, (v, w, reasons) => {
    const component = of[v]!;
    if (of[w] !== component) return;
    has[component]! |= reasons | (v === w ? 0x100 : 0);
    if (reasons & rel.rw && alternates(v, w)) rws[component]!++;
  });
  return Uint8Array.from(of, (component) => {
    const all = has[component]!;
    if (sizes[component]! < 2 && (all & 0x100) === 0) return 0;
    const enough = (all & spec.required) === spec.required &&
      rws[component]! >= spec.rwCount;
    return enough ? 1 : 0;
  });
}

/**
 * Finds the `rw` edges that can be in a cycle at all when no two of them may
 * follow each other: those within a component of the graph whose vertices are
 * split in two, one half reached by `rw` edges, and left by others only.
 */
function alternating(
  graph: Graph,
  { legal, rwMode: mode }: CycleSpec,
): (from: number, to: number) => boolean {
  if (mode === rwMode.none) return () => true;
  const builder = new GraphBuilder(graph.size * 2);
  forEachEdge(graph, (v, w, reasons) => {
    if (reasons & legal) {
      builder.link(2 * v, 2 * w, 1);
      builder.link(2 * v + 1, 2 * w, 1);
    }
    if (reasons & rel.rw) builder.link(2 * v, 2 * w + 1, 1);
  });
  const { of } = components(builder.build());
  return (from, to) => of[2 * from] === of[2 * to + 1];
}

/**
 * Finds the cycle that Elle finds: the first that is accepted, from the first
 * vertex that leads to one.
 *
 * @returns its vertices, the first once more at the end; `undefined` if there is
 * none, and `"exhausted"` if the budget didn't suffice to know.
 */
export function firstCycle(
  projection: Projection,
  spec: CycleSpec,
  budget: Budget,
): number[] | "exhausted" | undefined {
  const search = new PathSearch(projection, spec, budget);
  for (const vertex of projection.vertices) {
    const found = search.from(vertex);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Paths by their numbers, of which there are millions: each is a vertex that
 * prolongs an earlier path.
 */
class Paths {
  #vertices: number[] = [];
  #states: number[] = [];
  #before: number[] = [];

  /** @param before the path that it prolongs; -1 if it begins here. */
  add(vertex: number, state: number, before: number): void {
    this.#vertices.push(vertex);
    this.#states.push(state);
    this.#before.push(before);
  }

  get count(): number {
    return this.#vertices.length;
  }

  // Every path that is asked for has been added.

  /** Its last vertex. */
  vertex(path: number): number {
    return this.#vertices[path]!;
  }

  /** The automaton's, at its end. */
  state(path: number): number {
    return this.#states[path]!;
  }

  before(path: number): number {
    return this.#before[path]!;
  }

  /** The vertices from the end of one path, or from the first, to another's. */
  between(from: number, to: number): number[] {
    const vertices: number[] = [];
    for (let path = to; path >= 0; path = this.before(path)) {
      vertices.push(this.vertex(path));
      if (path === from) break;
    }
    return vertices.reverse();
  }
}

/** Breadth-first search through simple paths. */
class PathSearch {
  #projection: Projection;
  #spec: CycleSpec;
  #budget: Budget;

  constructor(
    projection: Projection,
    spec: CycleSpec,
    budget: Budget,
  ) {
    this.#projection = projection;
    this.#spec = spec;
    this.#budget = budget;
  }

  /** @param within only these vertices are visited, if given. */
  from(
    vertex: number,
    within?: ReadonlySet<number>,
  ): number[] | "exhausted" | undefined {
    const { legal } = this.#spec;
    // Whether a path closes a loop is known at once where no path has been.
    const visited = new Set<number>();
    const paths = new Paths();
    paths.add(vertex, start(this.#spec), -1);
    let begin = 0;
    while (begin < paths.count) {
      const end = paths.count;
      const open: number[] = [];
      for (let path = begin; path < end; path++) {
        const isNew = visited.size < visited.add(paths.vertex(path)).size;
        const loop = isNew ? undefined : loopOf(path, paths);
        if (loop === undefined) {
          open.push(path);
          continue;
        }
        if (!accepts(paths.state(path))) continue;
        if (loop.whole) return loop.vertices;
        // The path runs into a cycle, and doesn't begin on it.
        const trimmed = this.#trim(loop.vertices);
        if (trimmed !== undefined) return trimmed;
      }
      for (const path of open) {
        const state = paths.state(path);
        const isFirst = paths.before(path) < 0;
        const out = this.#projection.outOf(paths.vertex(path), within);
        for (const { to, reasons } of out) {
          for (const next of steps(state, reasons, legal, isFirst)) {
            if (this.#budget.steps-- <= 0) return "exhausted";
            paths.add(to, next, path);
          }
        }
      }
      begin = end;
    }
    return undefined;
  }

  #trim(loop: number[]): number[] | "exhausted" | undefined {
    const within = new Set(loop);
    for (const vertex of loop) {
      const found = this.from(vertex, within);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The loop that a path's last vertex closes, and whether it's all of it. */
function loopOf(
  path: number,
  paths: Paths,
): { vertices: number[]; whole: boolean } | undefined {
  const pin = paths.vertex(path);
  for (let at = paths.before(path); at >= 0; at = paths.before(at)) {
    if (paths.vertex(at) !== pin) continue;
    return {
      vertices: paths.between(at, path),
      whole: paths.before(at) < 0,
    };
  }
  return undefined;
}

/** From how many edges {@linkcode someCycles} starts, at most. */
const maxStarts = 64;

/** The most edges that {@linkcode someCycles} follows. */
const maxFollowed = 5_000_000;

/**
 * Shortest closed walks of the kind through some of the edges that it needs,
 * taken apart into simple cycles. Polynomial, but it may miss some.
 */
export function* someCycles(
  graph: Graph,
  spec: CycleSpec,
): Generator<number[]> {
  const good = promising(graph, spec);
  const key = spec.rwCount > 0
    ? rel.rw
    : spec.required & (rel.process | rel.realtime) || spec.required ||
      spec.legal;
  const candidates: [from: number, to: number, reason: number][] = [];
  forEachEdge(graph, (from, to, reasons) => {
    const reason = reasons & key;
    if (reason && good[from] && good[to]) {
      candidates.push([from, to, reason & -reason]);
    }
  });
  const allowance = { steps: maxFollowed };
  const stride = Math.max(1, Math.floor(candidates.length / maxStarts));
  const starts = candidates.filter((_, i) => i % stride === 0);
  for (const [from, to, reason] of starts) {
    const state = take(start(spec), reason, spec.legal);
    if (state < 0) continue;
    const walk = shortestWalk(graph, spec, to, state, from, good, allowance);
    if (walk !== undefined) yield* simpleCycles([from, ...walk]);
    if (allowance.steps <= 0) return;
  }
}

/** The shortest walk to a vertex that ends in a state which is accepted. */
function shortestWalk(
  graph: Graph,
  { legal }: CycleSpec,
  from: number,
  state: number,
  to: number,
  within: Uint8Array,
  allowance: Budget,
): number[] | undefined {
  const { starts, targets, rels } = graph;
  const seen = new Set<number>([from * 4096 + state]);
  const paths = new Paths();
  paths.add(from, state, -1);
  for (let path = 0; path < paths.count; path++) {
    const [v, state] = [paths.vertex(path), paths.state(path)];
    if (v === to && accepts(state)) return paths.between(-1, path);
    for (let edge = starts[v]!; edge < starts[v + 1]!; edge++) {
      if (allowance.steps-- <= 0) return undefined;
      const target = targets[edge]!;
      if (!within[target]) continue;
      for (const next of steps(state, rels[edge]!, legal, false)) {
        const place = target * 4096 + next;
        if (seen.has(place)) continue;
        seen.add(place);
        paths.add(target, next, path);
      }
    }
  }
  return undefined;
}

/** Takes a closed walk apart where it crosses itself. */
function simpleCycles(walk: readonly number[]): number[][] {
  const result: number[][] = [];
  const path: number[] = [];
  const place = new Map<number, number>();
  for (const vertex of walk) {
    const at = place.get(vertex);
    if (at !== undefined) {
      result.push([...path.slice(at), vertex]);
      for (const each of path.splice(at)) place.delete(each);
    }
    place.set(vertex, path.length);
    path.push(vertex);
  }
  return result;
}

/**
 * The cycle that a walk closes first which begins at the first vertex, and
 * always goes to where it has been, or to the first vertex there is.
 *
 * @param order sorts the vertices that an edge leads to.
 */
export function fallbackCycle(
  projection: Projection,
  order: (vertices: readonly number[]) => number[],
): number[] {
  const path = new Set<number>();
  let [vertex] = projection.vertices;
  for (;;) {
    invariant(vertex !== undefined, "a vertex of a component leads to another");
    path.add(vertex);
    const next = order(projection.outOf(vertex).map(({ to }) => to));
    const known = next.find((each) => path.has(each));
    if (known !== undefined) {
      const vertices = [...path];
      return [...vertices.slice(vertices.indexOf(known)), known];
    }
    [vertex] = next;
  }
}
