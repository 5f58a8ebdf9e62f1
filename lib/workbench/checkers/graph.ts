/**
 * Graphs of operations: edges that say why one came before another, packed
 * into typed arrays, and their strongly connected components by Tarjan's
 * algorithm ("Depth-First Search and Linear Graph Algorithms", 1972), without
 * recursion, so that a path may be as long as the history.
 *
 * @module
 */
import { inner } from "./inner.ts";

/**
 * The reasons why one operation came before another; an edge may have several
 * reasons.
 */
export const rel = {
  /** It wrote a version, and the other wrote the next one. */
  ww: 1,
  /** It wrote a version that the other read. */
  wr: 2,
  /** It read a version, and the other wrote the next one. */
  rw: 4,
  /** Both are the same process's. */
  process: 0x40,
  /** It had completed before the other was invoked. */
  realtime: 0x80,
} as const;

/** The name of a reason. */
export type RelName = keyof typeof rel;

/** All reasons, in ascending order of their bits. */
export const relNames = Object.keys(rel) as RelName[];

/** A finished graph: the edges of vertex `v` are `starts[v]` to `starts[v + 1]`. */
export interface Graph {
  /** The number of vertices. */
  size: number;
  starts: Int32Array;
  /** The vertex to which each edge leads. */
  targets: Int32Array;
  /** The reasons of each edge, as bits of {@linkcode rel}. */
  rels: Uint8Array;
}

/** Collects edges. */
export class GraphBuilder {
  readonly size: number;
  // Some checkers make a graph for each of thousands of keys.
  #from = new Int32Array(16);
  #to = new Int32Array(16);
  #rels = new Uint8Array(16);
  #count = 0;
  #isEmpty = true;

  /** @param size vertices are numbered from 0 up to this. */
  constructor(size: number) {
    this.size = size;
  }

  /** True if nothing was linked, nor `touch` called. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /**
   * Keeps the graph from being empty, without an edge: for a vertex that would
   * be linked to itself.
   */
  touch(): void {
    this.#isEmpty = false;
  }

  /** Adds a reason for `from` to come before `to`. */
  link(from: number, to: number, reason: number): void {
    this.#isEmpty = false;
    const i = this.#count++;
    if (i === this.#from.length) this.#grow();
    this.#from[i] = from;
    this.#to[i] = to;
    this.#rels[i] = reason;
  }

  #grow(): void {
    const from = new Int32Array(this.#from.length * 2);
    const to = new Int32Array(from.length);
    const rels = new Uint8Array(from.length);
    from.set(this.#from);
    to.set(this.#to);
    rels.set(this.#rels);
    [this.#from, this.#to, this.#rels] = [from, to, rels];
  }

  /** The graph, in which each pair of vertices has one edge at most. */
  build(): Graph {
    const { size } = this;
    const rows = new Int32Array(size + 1);
    for (let i = 0; i < this.#count; i++) rows[this.#from[i]! + 1]!++;
    for (let v = 0; v < size; v++) rows[v + 1]! += rows[v]!;
    const order = new Int32Array(this.#count);
    const next = rows.slice();
    for (let i = 0; i < this.#count; i++) order[next[this.#from[i]!]!++] = i;

    const starts = new Int32Array(size + 1);
    const targets = new Int32Array(this.#count);
    const rels = new Uint8Array(this.#count);
    // Where the edge to a vertex is, if it's at or after the row's start.
    const seen = new Int32Array(size).fill(-1);
    let count = 0;
    for (let v = 0; v < size; v++) {
      const start = starts[v] = count;
      for (let i = rows[v]!; i < rows[v + 1]!; i++) {
        const edge = order[i]!;
        const target = this.#to[edge]!;
        if (seen[target]! < start) {
          seen[target] = count;
          targets[count] = target;
          count++;
        }
        rels[seen[target]!]! |= this.#rels[edge]!;
      }
    }
    starts[size] = count;
    return {
      size,
      starts,
      targets: targets.slice(0, count),
      rels: rels.slice(0, count),
    };
  }
}

/** Calls back with each edge of a graph, and its reasons. */
export function forEachEdge(
  { size, starts, targets, rels }: Graph,
  visit: (from: number, to: number, reasons: number) => void,
): void {
  for (let v = 0; v < size; v++) {
    const end = starts[v + 1]!;
    for (let edge = starts[v]!; edge < end; edge++) {
      visit(v, targets[edge]!, rels[edge]!);
    }
  }
}

/** Strongly connected components. */
export interface Components {
  /** The number of each vertex's component. */
  of: Int32Array;
  /** The number of vertices of each component. */
  sizes: number[];
  /** The time at which the search came to each vertex: the first has 0. */
  index: Int32Array;
}

/**
 * Finds the strongly connected components.
 *
 * @param allowed only edges with one of these reasons count.
 */
export function components(graph: Graph, allowed = 0xff): Components {
  const { size, starts, targets, rels } = graph;
  const of = new Int32Array(size).fill(-1);
  const sizes: number[] = [];
  const index = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const next = starts.slice(0, size);
  const open: number[] = [];
  const path: number[] = [];
  let count = 0;
  // All numbers in the arrays are those of vertices, or of edges.
  for (let root = 0; root < size; root++) {
    if (index[root]! >= 0) continue;
    index[root] = low[root] = count++;
    open.push(root);
    path.push(root);
    while (path.length > 0) {
      const v = path[path.length - 1]!;
      let descended = false;
      while (next[v]! < starts[v + 1]!) {
        const edge = next[v]!++;
        if ((rels[edge]! & allowed) === 0) continue;
        const w = targets[edge]!;
        if (index[w]! < 0) {
          index[w] = low[w] = count++;
          open.push(w);
          path.push(w);
          descended = true;
          break;
        }
        if (of[w]! < 0 && index[w]! < low[v]!) low[v] = index[w]!;
      }
      if (descended) continue;
      path.pop();
      if (path.length > 0) {
        const parent = path[path.length - 1]!;
        if (low[v]! < low[parent]!) low[parent] = low[v]!;
      }
      if (low[v] === index[v]) {
        let members = 0;
        for (;;) {
          const w = open.pop()!;
          of[w] = sizes.length;
          members++;
          if (w === v) break;
        }
        sizes.push(members);
      }
    }
  }
  return { of, sizes, index };
}

/** The vertices of each component that has more than one. */
export function groups({ of, sizes }: Components): number[][] {
  const result = new Map<number, number[]>();
  for (let v = 0; v < of.length; v++) {
    const component = of[v]!;
    if (sizes[component]! < 2) continue;
    inner(result, component, () => []).push(v);
  }
  return [...result.values()];
}

/** The graph between some of the vertices, which are numbered anew, in order. */
export function select(graph: Graph, vertices: readonly number[]): Graph {
  const place = new Map(vertices.map((v, i) => [v, i]));
  const builder = new GraphBuilder(vertices.length);
  const { starts, targets, rels } = graph;
  for (const [i, v] of vertices.entries()) {
    for (let edge = starts[v]!; edge < starts[v + 1]!; edge++) {
      const target = place.get(targets[edge]!);
      if (target !== undefined) builder.link(i, target, rels[edge]!);
    }
  }
  return builder.build();
}

/** The reasons for which one vertex comes before another; 0 if there is none. */
export function relsBetween(graph: Graph, from: number, to: number): number {
  const { starts, targets, rels } = graph;
  for (let edge = starts[from]!; edge < starts[from + 1]!; edge++) {
    if (targets[edge] === to) return rels[edge]!;
  }
  return 0;
}
