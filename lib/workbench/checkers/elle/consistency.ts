/**
 * The promises of consistency models, and what the anomalies in a history say
 * of them. After Elle's `consistency-model`
 * (https://github.com/jepsen-io/elle/blob/main/src/elle/consistency_model.clj),
 * which collects it from
 *
 * - Adya, "Weak Consistency" (1999), for `PL-…`, `G0`, `G1`, `G2`;
 * - Bailis et al., "Highly Available Transactions" (2013);
 * - Cerone, Bernardi and Gotsman, "A Framework for Transactional Consistency
 *   Models with Atomic Visibility" (2015), for `internal`;
 * - Daudjee and Salem, "Lazy Database Replication with Snapshot Isolation"
 *   (2006), for the `strong-…` variants.
 *
 * Three graphs carry all of it: an anomaly implies others, a model implies
 * weaker ones, and a model proscribes anomalies.
 *
 * @module
 */
import { inner } from "../inner.ts";

type Edges = { readonly [from: string]: readonly string[] };

/** An anomaly, and the anomalies that are there as well whenever it is. */
const implied: Edges = {
  "G0": ["G1c", "G0-process"],
  "G0-process": ["G1c-process", "G0-realtime"],
  "G0-realtime": ["G1c-realtime"],
  "G1a": ["G1"],
  "G1b": ["G1"],
  "G1c": ["G1", "G1c-process"],
  "G1c-process": ["G1c-realtime", "G1-process"],
  "G1c-realtime": ["G1-realtime"],
  "G1": ["G1-process"],
  "G1-process": ["G1-realtime"],
  "G-single-item": [
    "G-single",
    "G-single-item-process",
    "G-nonadjacent-item",
  ],
  "G-single-item-process": [
    "G-single-process",
    "G-single-item-realtime",
    "G-nonadjacent-item-process",
  ],
  "G-single-item-realtime": [
    "G-single-realtime",
    "G-nonadjacent-item-realtime",
  ],
  "G-single": ["G-nonadjacent", "GSIb", "G-single-process"],
  "G-single-process": ["G-nonadjacent-process", "G-single-realtime"],
  "G-single-realtime": ["G-nonadjacent-realtime"],
  "G-nonadjacent-item": [
    "G-nonadjacent",
    "G2-item",
    "G-nonadjacent-item-process",
  ],
  "G-nonadjacent-item-process": [
    "G-nonadjacent-process",
    "G2-item-process",
    "G-nonadjacent-item-realtime",
  ],
  "G-nonadjacent-item-realtime": [
    "G2-item-realtime",
    "G-nonadjacent-realtime",
  ],
  "G-nonadjacent": ["G2", "G-nonadjacent-process"],
  "G-nonadjacent-process": ["G2-process", "G-nonadjacent-realtime"],
  "G-nonadjacent-realtime": ["G2-realtime"],
  "G2": ["G2-process"],
  "G2-item": ["G2", "G2-item-process"],
  "G2-item-process": ["G2-process", "G2-item-realtime"],
  "G2-item-realtime": ["G2-realtime"],
  "G2-process": ["G2-realtime"],
  "GSIa": ["GSI"],
  "GSIb": ["GSI"],
  "incompatible-order": ["G1a"],
  "future-read": ["G1c"],
  "dirty-update": ["G1a"],
  "lost-update": ["write-skew", "G2-item"],
  "write-skew": ["G2"],
};

/** An anomaly, and those that are less bad although it doesn't imply them. */
const worseThan: Edges = {
  "G0": ["G1c"],
  "G0-process": ["G1c-process"],
  "G0-realtime": ["G1c-realtime"],
  "G1c": ["G-single", "G2-item"],
  "G1c-process": ["G-single-process", "G2-item-process"],
  "G1c-realtime": ["G-single-realtime", "G2-item-realtime"],
  "G2": ["G0-process"],
  "G2-process": ["G0-realtime"],
};

/** The short names of models that people use. */
const canonicalNames: ReadonlyMap<string, string> = new Map(Object.entries({
  "consistent-view": "PL-2+",
  "conflict-serializable": "PL-3",
  "cursor-stability": "PL-CS",
  "forward-consistent-view": "PL-FCV",
  "monotonic-snapshot-read": "PL-MSR",
  "monotonic-view": "PL-2L",
  "read-committed": "PL-2",
  "read-uncommitted": "PL-1",
  "repeatable-read": "PL-2.99",
  "serializable": "PL-3",
  "snapshot-isolation": "PL-SI",
  "strict-serializable": "PL-SS",
  "strong-serializable": "PL-SS",
  "update-serializable": "PL-3U",
  "strong-session-read-uncommitted": "strong-session-PL-1",
  "strong-session-read-committed": "strong-session-PL-2",
  "strong-read-uncommitted": "strong-PL-1",
  "strong-read-committed": "strong-PL-2",
}));

/** The other way round; where there are several, the one that Elle prints. */
const friendlyNames: ReadonlyMap<string, string> = new Map([
  ...canonicalNames.entries().map(([friendly, canonical]) =>
    [canonical, friendly] as const
  ),
  ["PL-3", "serializable"],
]);

/** A model, and the weaker ones that hold whenever it does. */
const weakerModels: Edges = {
  "causal-cerone": ["read-atomic"],
  "consistent-view": ["cursor-stability", "monotonic-view"],
  "conflict-serializable": ["view-serializable"],
  "cursor-stability": ["read-committed"],
  "forward-consistent-view": ["consistent-view"],
  "read-committed": ["read-uncommitted"],
  "serializable": [
    "repeatable-read",
    "update-serializable",
    "snapshot-isolation",
    "view-serializable",
  ],
  "update-serializable": ["forward-consistent-view"],
  "monotonic-atomic-view": ["read-committed"],
  "monotonic-view": ["read-committed"],
  "monotonic-snapshot-read": ["read-committed"],
  "parallel-snapshot-isolation": ["causal-cerone", "update-atomic"],
  "prefix": ["causal-cerone"],
  "read-atomic": ["monotonic-atomic-view"],
  "repeatable-read": ["cursor-stability", "monotonic-atomic-view"],
  "update-atomic": ["read-atomic"],
  "session-serializable": ["1SR"],
  "snapshot-isolation": [
    "forward-consistent-view",
    "monotonic-atomic-view",
    "monotonic-snapshot-read",
    "parallel-snapshot-isolation",
    "prefix",
  ],
  "strict-serializable": [
    "serializable",
    "linearizable",
    "snapshot-isolation",
    "strong-snapshot-isolation",
    "strong-session-serializable",
    "session-serializable",
  ],
  "strong-session-read-uncommitted": ["read-uncommitted"],
  "strong-session-read-committed": [
    "read-committed",
    "strong-session-read-uncommitted",
  ],
  "strong-read-uncommitted": ["strong-session-read-uncommitted"],
  "strong-read-committed": [
    "strong-session-read-committed",
    "strong-read-uncommitted",
  ],
  "strong-session-serializable": [
    "serializable",
    "strong-session-snapshot-isolation",
  ],
  "strong-session-snapshot-isolation": [
    "snapshot-isolation",
    "strong-session-read-committed",
  ],
  "strong-snapshot-isolation": [
    "strong-session-snapshot-isolation",
    "strong-read-committed",
  ],
  "linearizable": ["sequential"],
  "sequential": ["causal"],
  "causal": ["writes-follow-reads", "PRAM"],
  "PRAM": ["monotonic-reads", "monotonic-writes", "read-your-writes"],
};

/**
 * A model, and the anomalies that it adds to what weaker ones proscribe. The
 * anomaly `…-cycle-exists` says that there is a cycle which the model rules
 * out, where no one has got hold of it.
 */
const proscribed: Edges = {
  "causal-cerone": ["internal", "G1a"],
  "cursor-stability": ["G1", "G-cursor", "lost-update"],
  "monotonic-view": ["G1", "G-monotonic"],
  "monotonic-snapshot-read": ["G1", "G-MSR"],
  "consistent-view": ["G1", "G-single"],
  "forward-consistent-view": ["G1", "G-SIb"],
  "parallel-snapshot-isolation": ["internal", "G1a"],
  "serializable": [
    "G1",
    "G2",
    "predicate-read-miss",
    "PL-3-cycle-exists",
    "internal",
  ],
  "read-committed": ["G1", "PL-2-cycle-exists"],
  "read-uncommitted": [
    "G0",
    "duplicate-elements",
    "cyclic-versions",
    "PL-1-cycle-exists",
  ],
  "prefix": ["internal", "G1a"],
  "snapshot-isolation": [
    "internal",
    "G1",
    "G-SI",
    "G-nonadjacent",
    "PL-SI-cycle-exists",
  ],
  "read-atomic": ["internal", "G1a", "future-read"],
  "repeatable-read": ["G1", "G2-item", "PL-2.99-cycle-exists", "lost-update"],
  "update-atomic": ["lost-update"],
  "strict-serializable": [
    "G1",
    "G1c-realtime",
    "G2-realtime",
    "PL-SS-cycle-exists",
  ],
  "strong-session-read-uncommitted": [
    "strong-session-PL-1-cycle-exists",
    "G0-process",
  ],
  "strong-session-read-committed": [
    "strong-session-PL-2-cycle-exists",
    "G1c-process",
  ],
  "strong-read-uncommitted": ["strong-PL-1-cycle-exists", "G0-realtime"],
  "strong-read-committed": ["strong-PL-2-cycle-exists", "G1c-realtime"],
  "strong-session-snapshot-isolation": [
    "internal",
    "G1-process",
    "G-nonadjacent-process",
    "strong-session-snapshot-isolation-cycle-exists",
  ],
  "strong-snapshot-isolation": [
    "internal",
    "G1-realtime",
    "G-nonadjacent-realtime",
    "strong-snapshot-isolation-cycle-exists",
  ],
  "strong-session-serializable": [
    "G1-process",
    "G2-process",
    "strong-session-serializable-cycle-exists",
  ],
  "update-serializable": ["G1", "G-update"],
};

/** A directed graph over names, and its reverse. */
class Names {
  readonly out = new Map<string, Set<string>>();
  readonly in = new Map<string, Set<string>>();

  constructor(
    edges: Edges,
    from = (name: string) => name,
    to = (name: string) => name,
  ) {
    for (const [a, successors] of Object.entries(edges)) {
      for (const b of successors) {
        add(this.out, from(a), to(b));
        add(this.in, to(b), from(a));
      }
    }
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  inner(map, key, () => new Set<string>()).add(value);
}

/** The names and all that can be reached from them. */
function reach(
  neighbours: ReadonlyMap<string, ReadonlySet<string>>,
  names: Iterable<string>,
): Set<string> {
  const reached = new Set(names);
  for (const name of reached) {
    for (const next of neighbours.get(name) ?? []) reached.add(next);
  }
  return reached;
}

/** The name that the graphs here use for a model. */
export function canonicalName(model: string): string {
  return canonicalNames.get(model) ?? model;
}

/** The name under which a model is reported. */
export function friendlyName(model: string): string {
  return friendlyNames.get(model) ?? model;
}

const anomalies = new Names(implied);
const models = new Names(weakerModels, canonicalName, canonicalName);
const proscriptions = new Names(proscribed, canonicalName);

/** Every name that `--consistency-models` takes. */
export const modelNames: readonly string[] = [
  ...new Set([
    ...canonicalNames.keys(),
    ...models.out.keys(),
    ...models.in.keys(),
  ]),
].sort();

/** The models that transactions are held to by default, as in Maelstrom. */
export const defaultModels: readonly string[] = ["strict-serializable"];

/** Anomalies, and those that are there whenever they are. */
export function impliedAnomalies(found: Iterable<string>): Set<string> {
  return reach(anomalies.out, found);
}

/** All that must not be found if the models are to hold. */
export function prohibitedBy(held: Iterable<string>): Set<string> {
  const direct = new Set<string>();
  for (const model of reach(models.out, [...held].map(canonicalName))) {
    for (const anomaly of proscriptions.out.get(model) ?? []) {
      direct.add(anomaly);
    }
  }
  return reach(anomalies.in, direct);
}

/** Models that can't hold if these don't, by canonical names. */
export function strongerModels(broken: Iterable<string>): Set<string> {
  return reach(models.in, [...broken].map(canonicalName));
}

/** Models that can't hold when these anomalies are there, canonically. */
export function ruledOutBy(found: Iterable<string>): Set<string> {
  const broken = new Set<string>();
  for (const anomaly of impliedAnomalies(found)) {
    for (const model of proscriptions.in.get(anomaly) ?? []) broken.add(model);
  }
  return strongerModels(broken);
}

/** The models that don't hold: the weakest of them, and all others. */
export interface Boundary {
  not: string[];
  "also-not": string[];
}

/** Returns what anomalies say of the models, by their friendly names. */
export function boundary(found: Iterable<string>): Boundary {
  const broken = ruledOutBy(found);
  const weakest = [...broken].filter((model) => {
    const weaker = reach(models.out, [model]);
    weaker.delete(model);
    return !broken.values().some((other) => weaker.has(other));
  });
  const friendly = (names: Iterable<string>) =>
    [...new Set([...names].map(friendlyName))].sort();
  return {
    not: friendly(weakest),
    "also-not": friendly([...broken].filter((each) => !weakest.includes(each))),
  };
}

/**
 * Computes how deep an anomaly lies below those that are worse: 0 is the worst.
 */
function depths(): Map<string, number> {
  const worse = new Map<string, Set<string>>();
  const names = new Set<string>();
  for (const edges of [implied, worseThan]) {
    for (const [a, successors] of Object.entries(edges)) {
      names.add(a);
      for (const b of successors) {
        names.add(b);
        add(worse, b, a);
      }
    }
  }
  const result = new Map<string, number>();
  const depth = (name: string): number => {
    const known = result.get(name);
    if (known !== undefined) return known;
    let deepest = -1;
    for (const each of worse.get(name) ?? []) {
      deepest = Math.max(deepest, depth(each));
    }
    result.set(name, deepest + 1);
    return deepest + 1;
  };
  for (const name of names) depth(name);
  return result;
}

const depthOf = depths();

/** Orders anomalies: worse ones come first. */
export function compareSeverity(a: string, b: string): number {
  return (depthOf.get(a) ?? 0) - (depthOf.get(b) ?? 0) ||
    (a < b ? -1 : a > b ? 1 : 0);
}
