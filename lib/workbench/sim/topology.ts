/**
 * The neighbours of each node: the topologies that the broadcast workload
 * offers to the nodes, the same as Maelstrom's.
 *
 * @module
 */

/** The neighbours of each node. */
export type Topology = { [node: string]: string[] };

/** The topologies by the names that `--topology` takes. */
export const topologies: {
  readonly [name: string]: (nodes: readonly string[]) => Topology;
} = {
  // A line of one has no ends: Maelstrom offers nothing there.
  line: (nodes) =>
    nodes.length < 2 ? {} : connect(nodes, (i) => [i - 1, i + 1]),
  grid,
  tree: (nodes) => tree(nodes, 2),
  tree2: (nodes) => tree(nodes, 2),
  tree3: (nodes) => tree(nodes, 3),
  tree4: (nodes) => tree(nodes, 4),
  total: (nodes) =>
    connect(nodes, (i) => nodes.map((_, j) => j).filter((j) => j !== i)),
};

/** A square as far as the number of nodes allows; at most four neighbours. */
function grid(nodes: readonly string[]): Topology {
  const side = Math.ceil(Math.sqrt(nodes.length));
  return connect(nodes, (i) => [
    i + side,
    i - side,
    ...(i % side < side - 1 ? [i + 1] : []),
    ...(i % side > 0 ? [i - 1] : []),
  ]);
}

/** A tree with so many children to each node, filled level by level. */
function tree(nodes: readonly string[], branch: number): Topology {
  return connect(nodes, (i) => [
    ...(i > 0 ? [Math.floor((i - 1) / branch)] : []),
    ...Array.from({ length: branch }, (_, child) => i * branch + child + 1),
  ]);
}

/** Turns neighbours' places into names, and leaves out places that aren't. */
function connect(
  nodes: readonly string[],
  neighbours: (place: number) => number[],
): Topology {
  return Object.fromEntries(
    nodes.map((node, place) => [
      node,
      neighbours(place).flatMap((other) => nodes[other] ?? []),
    ]),
  );
}
