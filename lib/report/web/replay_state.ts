/**
 * The state of the replay: who is where, which messages are under way, who
 * knows what. Nothing here draws.
 *
 * @module
 */
import type { PageData } from "../page/data.ts";
import type { FaultSpan } from "../page/faults.ts";

import { countUpTo, fractions, type Spread } from "./knowing.ts";
import { layout, type Place } from "./layout.ts";
import type { Colours } from "./families.ts";
import { MessageIndex } from "./message_index.ts";

/** The replay's state at a moment. */
export class ReplayState {
  /** The messages between servers. */
  readonly index: MessageIndex;
  /** The clients' requests. */
  readonly requests: MessageIndex;
  readonly places: ReadonlyMap<string, Place>;
  readonly links: readonly [string, string][];

  nowMs = 0;
  /** The value that one follows; `undefined` for all together. */
  spread?: Spread;
  #receivedAt: ReadonlyMap<string, Float64Array>;
  #fractionsAt?: (ms: number) => number[];

  constructor(readonly data: PageData, readonly colours: Colours) {
    const { knowledge, nodes } = data;
    this.index = new MessageIndex(data);
    this.index.filter((row) => !this.index.isClients(row));
    this.requests = new MessageIndex(data);
    this.requests.filter((row) => this.requests.isFromClient(row));
    this.places = layout(data);
    this.links = linksOf(data, this.index);

    this.#receivedAt = receivedByParty(data);
    this.#fractionsAt = knowledge && fractions(knowledge, nodes);
  }

  /** The faults that are in force now. */
  get faults(): FaultSpan[] {
    return this.data.faults.filter(({ startMs, endMs }) =>
      startMs <= this.nowMs && this.nowMs < endMs
    );
  }

  /** Tells whether a node has crashed by now, and is no more. */
  hasEnded(name: string): boolean {
    return this.data.mishaps.some(({ node, ms, ended }) =>
      ended && node === name && ms <= this.nowMs
    );
  }

  /** For each node, the part of it that is filled: how much it knows. */
  get shares(): readonly number[] | undefined {
    return this.spread
      ? this.spread.knownMs.map((ms) => Number(ms !== null && ms <= this.nowMs))
      : this.#fractionsAt?.(this.nowMs);
  }

  /** Counts the messages that a party has received by now. */
  receivedBy(name: string): number {
    return countUpTo(this.#receivedAt.get(name) ?? [], this.nowMs);
  }

  /** The next message between servers, or else with clients. */
  next(direction: 1 | -1): number | undefined {
    return this.index.step(this.nowMs, direction) ??
      this.requests.step(this.nowMs, direction);
  }
}

/** The times at which each party received something, in order. */
function receivedByParty({ messages }: PageData): Map<string, Float64Array> {
  const { parties, dest, receivedMs } = messages;
  const rows = Map.groupBy(Array.from(dest).keys(), (row) => dest[row]!);
  return new Map(parties.map((name, party) => {
    const times = rows.get(party)?.map((row) => receivedMs[row]!) ?? [];
    return [name, Float64Array.from(times.filter((ms) => !isNaN(ms))).sort()];
  }));
}

/**
 * The links to draw: the topology's, or without one, those that were used; and
 * those to the services.
 */
function linksOf(
  { nodes, services, topology, messages }: PageData,
  index: MessageIndex,
): [string, string][] {
  const links = new Map<string, [string, string]>();
  const add = (a: string, b: string) => {
    const pair: [string, string] = a < b ? [a, b] : [b, a];
    links.set(pair.join(" "), pair);
  };
  for (const [node, neighbours] of Object.entries(topology ?? {})) {
    for (const neighbour of neighbours) add(node, neighbour);
  }
  const servers = new Set([...nodes, ...services]);
  const wanted = new Set(topology === undefined ? servers : services);
  for (let row = 0; row < messages.src.length; row++) {
    const [a, b] = [index.src(row), index.dest(row)];
    if (a === b || !servers.has(a) || !servers.has(b)) continue;
    if (wanted.has(a) || wanted.has(b)) add(a, b);
  }
  return [...links.values()];
}
