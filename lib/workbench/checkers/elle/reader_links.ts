/**
 * Anti-dependencies: a transaction that read a version came before the one that
 * wrote the next.
 *
 * @module
 */
import { type GraphBuilder, rel } from "../graph.ts";

/** The number of edges that {@linkcode ReaderLinks} makes in any case. */
const fewEdges = 1_000_000;

/** The number of edges that it makes beyond those for each vertex. */
const edgesPerVertex = 20;

/**
 * The number of readers that it links to a writer when there are too many of
 * both.
 */
const someReaders = 16;

/**
 * Links readers of a version to the writers of the next. If a version has many
 * of both, which only a broken store does, that is quadratic: when there are
 * too many edges, only the first and the last readers are linked.
 */
export class ReaderLinks {
  #graph: GraphBuilder;
  #left: number;

  constructor(graph: GraphBuilder) {
    this.#graph = graph;
    this.#left = fewEdges + edgesPerVertex * graph.size;
  }

  /** Adds an edge from each reader, itself excepted, to the writer. */
  link(readers: readonly number[], writer: number): void {
    this.#left -= readers.length;
    const half = someReaders / 2;
    const linked = this.#left < 0 && readers.length > someReaders
      ? [...readers.slice(0, half), ...readers.slice(-half)]
      : readers;
    for (const reader of linked) {
      if (reader !== writer) this.#graph.link(reader, writer, rel.rw);
    }
  }
}
