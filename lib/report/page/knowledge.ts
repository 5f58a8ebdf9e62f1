/**
 * Each node's knowledge of values, and the messages that carried them, for
 * workloads in which a value that one node is told should reach all.
 *
 * Nodes may be anybody's, so the meaning of their messages has to be found out.
 * A node knows a value
 *
 * - when a client's request that tells it is received,
 * - when it answers a read with it,
 * - when it receives it from another node or a service, in a **field that
 *   carries values**.
 *
 * Messages hold other numbers too: of batches, of terms, of hops. A field (a
 * message type and the place in its body) carries values if all numbers that
 * were ever in it are values that some client had told by then; and if reads
 * bear it out. Where the node that received a number showed it in its next read
 * but not in the one before, and can't have it from elsewhere, that speaks for
 * the field; where the number is missing in the next read, that speaks against
 * it. Of a field whose numbers were all lost nobody could show any: it's believed.
 *
 * @module
 */
import { type Envelope, isClient } from "../../workbench/sim/network.ts";
import { workloadOf } from "../../workbench/workloads/mod.ts";
import type { ValueWords } from "../../workbench/workloads/workload.ts";
import type { RunRecord } from "../record.ts";

/** The body of a message. */
export interface Body {
  type: string;
  [key: string]: unknown;
}

/**
 * Each node's knowledge, with times. Times are milliseconds since the run
 * began.
 */
export interface Knowledge {
  /** All values, in the order in which they were told. */
  values: readonly number[];
  /** For each value, and for each node: since when it has known it, if ever. */
  knownMs: readonly (readonly (number | null)[])[];
  /** For each value: the messages between nodes that carried it, by row. */
  carriers: readonly (readonly number[])[];
}

/** A read's answer. */
interface Read {
  sentNs: number;
  values: Set<unknown>;
}

/** A run, as far as it matters here. Rows of journal and bodies correspond. */
interface Run {
  record: RunRecord;
  nodes: readonly string[];
  journal: readonly Envelope[];
  bodies: readonly Body[];
  msOf(ns: number): number;
}

/** Finds out who knew what; `undefined` if the workload isn't about that. */
export function knowledgeOf(run: Run): Knowledge | undefined {
  const { drawing } = workloadOf(run.record);
  if (drawing.kind !== "value") return undefined;
  const found = new Findings(run.nodes);
  found.listen(run, drawing.words);
  found.follow(fieldsOf(run, found.toldNs));
  found.believeReads();
  return found.knowledge(run);
}

/** The findings so far: each step adds to them. */
class Findings {
  /** The time at which each value was first told to a node. */
  readonly toldNs = new Map<number, number>();
  /** Of each node: since when it has known which value. */
  #known: Map<string, Map<number, number>>;
  #reads: Map<string, Read[]>;
  /** Of each value: the rows of the messages that carried it. */
  #carriers = new Map<number, number[]>();

  constructor(nodes: readonly string[]) {
    this.#known = new Map(nodes.map((node) => [node, new Map()]));
    this.#reads = new Map(nodes.map((node) => [node, []]));
  }

  /** Takes in what clients told the nodes, and what they read. */
  listen({ journal, bodies }: Run, words: ValueWords): void {
    journal.forEach(({ src, dest, sentNs, receivedNs }, row) => {
      const body = bodies[row]!;
      if (isClient(src) && body.type === words.tell && this.#known.has(dest)) {
        const value = body[words.value];
        if (receivedNs === undefined || typeof value !== "number") return;
        this.#learn(dest, value, receivedNs);
        lower(this.toldNs, value, receivedNs);
      } else if (isClient(dest) && body.type === "read_ok") {
        const all = body[words.all];
        if (!Array.isArray(all)) return;
        this.#reads.get(src)?.push({ sentNs, values: new Set(all) });
      }
    });
  }

  /**
   * Takes in the contents of the fields that carry values. The field that
   * explains most comes first: what it explains says nothing about the others
   * any more.
   */
  follow(fields: Field[]): void {
    const isLost = ({ arrivals }: Field) =>
      arrivals.every(({ receivedNs }) => receivedNs === undefined);
    for (const field of fields.filter(isLost)) this.#carry(field);
    fields = fields.filter((field) => !isLost(field));
    for (;;) {
      const evidence = new Map(
        fields.map((each) => [
          each,
          evidenceFor(each, this.#reads, this.#known),
        ]),
      );
      fields = fields.filter((field) => evidence.get(field)! > 0)
        .sort((a, b) => evidence.get(b)! - evidence.get(a)!);
      const best = fields.shift();
      if (best === undefined) return;
      this.#carry(best);
    }
  }

  #carry({ arrivals }: Field): void {
    for (const { row, node, value, receivedNs } of arrivals) {
      if (receivedNs !== undefined) this.#learn(node, value, receivedNs);
      const rows = this.#carriers.get(value);
      if (rows) rows.push(row);
      else this.#carriers.set(value, [row]);
    }
  }

  /** Takes it that a node knows what it shows. */
  believeReads(): void {
    for (const [node, answers] of this.#reads) {
      for (const { sentNs, values } of answers) {
        for (const value of values) {
          if (typeof value === "number" && this.toldNs.has(value)) {
            this.#learn(node, value, sentNs);
          }
        }
      }
    }
  }

  knowledge({ nodes, msOf }: Run): Knowledge {
    const values = [...this.toldNs]
      .sort(([, a], [, b]) => a - b)
      .map(([value]) => value);
    return {
      values,
      knownMs: values.map((value) =>
        nodes.map((node) => {
          const ns = this.#known.get(node)!.get(value);
          return ns === undefined ? null : msOf(ns);
        })
      ),
      carriers: values.map((value) =>
        [...new Set(this.#carriers.get(value))].sort((a, b) => a - b)
      ),
    };
  }

  #learn(node: string, value: number, ns: number): void {
    lower(this.#known.get(node)!, value, ns);
  }
}

/** Notes a time, unless there's an earlier one. */
function lower(times: Map<number, number>, value: number, ns: number): void {
  if (!(times.get(value)! <= ns)) times.set(value, ns);
}

/** A place in the bodies of one type of message, and what was there. */
interface Field {
  /** True if all that was there were values that had been told. */
  possible: boolean;
  arrivals: Arrival[];
}

interface Arrival {
  row: number;
  node: string;
  value: number;
  /** `undefined` if it was lost. */
  receivedNs: number | undefined;
}

/** All numbers in messages to nodes, by their fields. */
function fieldsOf(
  { nodes, journal, bodies }: Run,
  toldNs: ReadonlyMap<number, number>,
): Field[] {
  const isNode = new Set(nodes);
  const fields = new Map<string, Field>();
  journal.forEach(({ src, dest, sentNs, receivedNs }, row) => {
    if (isClient(src) || !isNode.has(dest)) return;
    const body = bodies[row]!;
    for (const [path, value] of numbersIn(body)) {
      const name = `${body.type} ${path}`;
      let field = fields.get(name);
      if (field === undefined) {
        fields.set(name, field = { possible: true, arrivals: [] });
      }
      if (!field.possible) continue;
      field.possible = toldNs.get(value)! <= sentNs;
      field.arrivals.push({ row, node: dest, value, receivedNs });
    }
  });
  return [...fields.values()].filter(({ possible }) => possible);
}

const envelopeKeys = new Set(["type", "msg_id", "in_reply_to"]);

/** All whole numbers in a body, keys of objects too, with where they are. */
function* numbersIn(body: Body): Generator<[path: string, value: number]> {
  const rest: [string, unknown][] = Object.entries(body)
    .filter(([key]) => !envelopeKeys.has(key));
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [path, value] = next;
    if (Number.isInteger(value)) yield [path, value as number];
    if (typeof value !== "object" || value === null) continue;
    for (const [key, each] of Object.entries(value)) {
      const numeric = /^\d+$/.test(key);
      if (numeric && !Array.isArray(value)) yield [`${path} keys`, +key];
      rest.push([`${path} ${numeric ? "*" : key}`, each]);
    }
  }
}

/** Counts how much more often reads speak for a field than against it. */
function evidenceFor(
  { arrivals }: Field,
  reads: ReadonlyMap<string, readonly Read[]>,
  known: ReadonlyMap<string, ReadonlyMap<number, number>>,
): number {
  let balance = 0;
  const seen = new Map([...known.keys()].map((node) => [node, new Set()]));
  for (const { node, value, receivedNs } of arrivals) {
    const seenHere = seen.get(node)!;
    if (receivedNs === undefined || seenHere.has(value)) continue;
    seenHere.add(value);
    const own = reads.get(node)!;
    const place = firstAfter(own, receivedNs);
    const next = own[place];
    if (next === undefined) continue;
    const fromElsewhere = known.get(node)!.get(value)! <= next.sentNs;
    if (!next.values.has(value)) balance--;
    else if (!fromElsewhere && !own[place - 1]?.values.has(value)) balance++;
  }
  return balance;
}

/** The position of the first read that was answered at that time or later. */
function firstAfter(reads: readonly Read[], ns: number): number {
  let low = 0;
  let high = reads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reads[middle]!.sentNs < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
