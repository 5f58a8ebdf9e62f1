/**
 * The places of nodes and services in the replay.
 *
 * @module
 */
import type { PageData } from "../page/data.ts";

/** A place in a square from 0 to 1. */
export interface Place {
  x: number;
  y: number;
}

/** Gives each node and service its place. */
export function layout(
  { nodes, services, topology, record: { options } }: PageData,
): Map<string, Place> {
  const name = topology === undefined ? "" : options.topology;
  const places = new Map(
    name === "grid"
      ? grid(nodes)
      : name.startsWith("tree")
      ? tree(nodes, Number(name.slice("tree".length) || 2))
      : circle(nodes, services.length > 0),
  );
  services.forEach((service, i) =>
    places.set(service, { x: 0.5, y: (i + 1) / (services.length + 1) })
  );
  return places;
}

function grid(nodes: readonly string[]): [string, Place][] {
  const side = Math.ceil(Math.sqrt(nodes.length));
  const rows = Math.ceil(nodes.length / side);
  return nodes.map((node, i) => [node, {
    x: (i % side + 0.5) / side,
    y: (Math.floor(i / side) + 0.5) / rows,
  }]);
}

function tree(nodes: readonly string[], branch: number): [string, Place][] {
  const levels: string[][] = [];
  for (let start = 0, size = 1; start < nodes.length; start += size / branch) {
    levels.push(nodes.slice(start, start + size));
    size *= branch;
  }
  return levels.flatMap((level, depth) =>
    level.map((node, i): [string, Place] => [node, {
      x: (i + 0.5) / level.length,
      y: (depth + 0.5) / levels.length,
    }])
  );
}

function circle(
  nodes: readonly string[],
  hollow: boolean,
): [string, Place][] {
  if (nodes.length === 1) {
    return nodes.map((node) => [node, { x: hollow ? 0.15 : 0.5, y: 0.5 }]);
  }
  // Two stand left and right, more of them have one at the top.
  const first = nodes.length === 2 ? Math.PI : -Math.PI / 2;
  return nodes.map((node, i) => {
    const angle = first + 2 * Math.PI * i / nodes.length;
    return [node, {
      x: 0.5 + 0.42 * Math.cos(angle),
      y: 0.5 + 0.42 * Math.sin(angle),
    }];
  });
}
