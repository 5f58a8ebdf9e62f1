#!/usr/bin/env -S deno run
/**
 * # 3. Broadcast
 *
 * https://fly.io/dist-sys/3a/ to https://fly.io/dist-sys/3e/
 *
 * Clients tell a value to one node; soon every node must show it. Three things
 * pull in different directions: few messages, little delay, and values that
 * survive whatever the network does.
 *
 * The naive answer, `--strategy flood`, passes each new value on to the
 * neighbours that Maelstrom suggests, once. Over a grid of 25 nodes that makes
 * 28 messages per operation, and takes eight hops; and a value that a partition
 * swallows is gone. `--strategy direct` tells everybody at once, and keeps a
 * value until each has confirmed it: one hop, half the messages, nothing lost.
 *
 * The answer is a **hub**. Values go to one node, which gathers for a while and
 * sends everybody one batch: two hops, and a batch of fifty costs as much as a
 * batch of one. What remains to be said:
 *
 * - **Acknowledgements are free.** Batches are numbered, and the numbers that
 *   one has received ride on the next batch in the other direction. Only who has
 *   nothing to say for long acknowledges in a message of its own. What isn't
 *   acknowledged is sent again, which does no harm: a value is new only once.
 * - **All keep step with the hub.** It sends in a fixed beat. What arrives early
 *   waits there, so it may as well gather at home: at most one message per node
 *   and beat. Each batch says how early the last one from here had come; so a
 *   node learns when to send in order to arrive just in time, and needs to know
 *   neither the latency nor the hub's clock.
 * - **Nobody depends on the hub.** Who fails to reach it twice tells everybody
 *   else. Whoever learns a value that way tells the hub in turn, or everybody,
 *   too; so a value takes whatever way there is, and reaches the hub when it's
 *   back.
 *
 * @module
 */
import { type Node, readArguments, serve } from "../lib/mod.ts";

/** The beat of the hub, in ms; `--beat-ms` sets another. */
const defaultBeatMs = 440;

/**
 * How early a batch should reach the hub, as a part of the beat. Timers and
 * networks aren't exact, and what misses the beat waits for the next one.
 */
const margin = 1 / 16;

/** How long an acknowledgement waits for a ride, beyond one beat. */
const ackPatienceMs = 1000;

/** How much longer one waits for an acknowledgement. */
const roundTripMs = 500;

/** How long it takes at most until a silent node is tried again. */
const maxRetryMs = 2000;

/** After so many failures in a row the hub is taken to be out of reach. */
const maxFailures = 2;

/** How many values a batch holds at most; the rest goes with the next. */
const maxBatch = 1000;

/** Tells other nodes of new values, unless they came from there. */
type Spread = (values: number[], from?: string) => void;

/** A way to spread values: what it hears of, it gives to `learn`. */
type Strategy = (node: Node, learn: Spread, beatMs: number) => Spread;

/** Spreads the values that clients tell to one node. */
export function broadcast(node: Node, args: string[] = []) {
  const { strategy, "beat-ms": beatMs } = readArguments(args, {
    strategy: strategies,
    "beat-ms": { default: defaultBeatMs, least: 1, most: 60_000 },
  });
  const seen = new Set<number>();
  const spread = strategy(node, learn, beatMs);

  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));

  node.on<{ type: "broadcast"; message: number }>("broadcast", ({ body }) => {
    learn([body.message]);
    return { type: "broadcast_ok" };
  });

  function learn(values: number[], from?: string) {
    const fresh = values.filter((value) => !seen.has(value));
    for (const value of fresh) seen.add(value);
    if (fresh.length > 0) spread(fresh, from);
  }
}

/** The naive answer: each new value to all neighbours, and hope. */
function flood(node: Node, learn: Spread): Spread {
  let neighbours: string[] = [];

  node.on<{ type: "topology"; topology: { [id: string]: string[] } }>(
    "topology",
    ({ body }) => {
      neighbours = body.topology[node.id] ?? [];
      return { type: "topology_ok" };
    },
  );
  node.on<{ type: "values"; values: number[] }>("values", ({ src, body }) => {
    learn(body.values, src);
  });

  return (values, from) => {
    for (const neighbour of neighbours) {
      if (neighbour !== from) node.send(neighbour, { type: "values", values });
    }
  };
}

/** The fast answer: whoever is told a value tells all, and sees to it. */
function direct(node: Node, learn: Spread): Spread {
  const ackMs = 3 * ackPatienceMs;
  const links = connect(node, learn, { ackWithin: () => ackMs, ackMs });
  return (values, from) => {
    if (from !== undefined) return; // has been told to all
    for (const link of links.values()) link.send(values, 0);
  };
}

/** The cheap answer: values gather at one node, which tells all in batches. */
function hub(node: Node, learn: Spread, beatMs: number): Spread {
  const isHub = () => node.id === node.nodeIds[0];
  const untilBeat = () => beatMs - node.now() % beatMs;
  const patience = beatMs + ackPatienceMs;

  const links = connect(node, learn, {
    ackWithin: () => isHub() ? untilBeat() : patience,
    ackMs: patience,
    onFailure(peer, link) {
      if (peer !== node.nodeIds[0] || link.failures !== maxFailures) return;
      tellOthers(link.unconfirmed());
    },
  });
  node.onInit(() => {
    const toHub = links.get(node.nodeIds[0]);
    // The hub answers with its next beat, and so sooner than others do.
    if (toHub) toHub.ackMs = beatMs;
  });

  function tellOthers(values: number[], from?: string) {
    for (const [peer, link] of links) {
      if (peer !== node.nodeIds[0] && peer !== from) link.send(values, beatMs);
    }
  }

  return (values, from) => {
    if (isHub()) {
      for (const [peer, link] of links) {
        if (peer !== from) link.send(values, untilBeat());
      }
      return;
    }
    const [hub] = node.nodeIds;
    if (from === hub) return; // has been told to all
    const toHub = links.get(hub)!;
    toHub.send(values, toHub.untilSlot(beatMs));
    if (toHub.failures >= maxFailures) tellOthers(values, from);
  };
}

/** A batch of values, and what is said on the side. */
interface Batch {
  type: "batch";
  number: number;
  values: number[];
  /** The numbers of the batches that were received. */
  acks: number[];
  /** Whether this one is to be acknowledged at once. */
  urgent: boolean;
  /** How long a batch from there waited for this one to go out. */
  early?: { number: number; ms: number };
}

/** How the two ends of a link behave. */
interface Manners {
  /** How long an acknowledgement may wait here for a ride. */
  ackWithin(): number;
  /** How long one may wait there. */
  ackMs: number;
  /** Called each time that something wasn't acknowledged in time. */
  onFailure?(peer: string, link: Link): void;
}

/** Links to all other nodes; what comes in over them is learned. */
function connect(node: Node, learn: Spread, manners: Manners) {
  const links = new Map<string, Link>();
  node.onInit(() => {
    for (const peer of node.peers) {
      links.set(peer, new Link(node, peer, manners));
    }
  });
  // The topology on offer is a suggestion; ours is another.
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on<Batch>("batch", ({ src, body }) => {
    links.get(src)?.receive(body);
    learn(body.values, src);
  });
  return links;
}

/** What one node has to tell another, until it's confirmed. */
class Link {
  /** How often in a row nothing was acknowledged in time. */
  failures = 0;
  /** How long the other side may wait with an acknowledgement. */
  ackMs: number;

  #waiting = new Set<number>();
  #sent = new Map<number, { values: number[]; sentMs: number }>();
  #unacknowledged: number[] = [];
  #lastNumber = 0;
  #dueMs = Infinity;
  #arrival: { number: number; ms: number } | undefined;
  /** When to send in order to arrive at one of the other side's beats. */
  #beatMs: number | undefined;

  constructor(
    private node: Node,
    private peer: string,
    private manners: Manners,
  ) {
    this.ackMs = manners.ackMs;
  }

  /** Tells the other side of values, in so many ms at the latest. */
  send(values: number[], withinMs: number) {
    for (const value of values) this.#waiting.add(value);
    this.#flushWithin(withinMs);
  }

  /** All values that the other side hasn't confirmed. */
  unconfirmed(): number[] {
    return [
      ...this.#waiting,
      ...[...this.#sent.values()].flatMap(({ values }) => values),
    ];
  }

  /** How long to wait in order to arrive just before the other side's beat. */
  untilSlot(beatMs: number): number {
    if (this.#beatMs === undefined) return 0;
    const slotMs = this.#beatMs - margin * beatMs;
    const aheadMs = (slotMs - this.node.now()) % beatMs;
    return aheadMs < 0 ? aheadMs + beatMs : aheadMs;
  }

  receive({ number, values, acks, urgent, early }: Batch) {
    const timed = early && this.#sent.get(early.number);
    if (timed) this.#beatMs = timed.sentMs + early.ms;
    for (const ack of acks) this.#sent.delete(ack);
    if (acks.length > 0) this.#recovered();
    if (values.length === 0) return;
    this.#unacknowledged.push(number);
    this.#arrival = { number, ms: this.node.now() };
    this.#flushWithin(urgent ? 0 : this.manners.ackWithin());
  }

  #flushWithin(ms: number) {
    const dueMs = this.node.now() + ms;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    if (ms <= 0) this.#flush();
    else {
      this.node.sleep(ms).then(() => {
        if (this.#dueMs === dueMs) this.#flush();
      });
    }
  }

  /** Sends what there is. To a silent node it's one batch at a time. */
  #flush() {
    this.#dueMs = Infinity;
    const silent = this.failures > 0;
    const values = silent && this.#sent.size > 0
      ? []
      : [...this.#waiting].slice(0, maxBatch);
    if (values.length === 0 && this.#unacknowledged.length === 0) return;
    const nowMs = this.node.now();
    const number = ++this.#lastNumber;
    const arrival = this.#arrival;
    const batch: Batch = {
      type: "batch",
      number,
      values,
      acks: this.#unacknowledged,
      urgent: silent,
      ...(arrival && {
        early: { number: arrival.number, ms: nowMs - arrival.ms },
      }),
    };
    this.#unacknowledged = [];
    this.#arrival = undefined;
    this.node.send(this.peer, batch);
    if (values.length === 0) return;
    for (const value of values) this.#waiting.delete(value);
    this.#sent.set(number, { values, sentMs: nowMs });
    this.node.sleep(this.#timeoutMs()).then(() => this.#timeOut(number));
    if (this.#waiting.size > 0) this.#flushWithin(0);
  }

  #timeoutMs(): number {
    return this.failures === 0
      ? this.ackMs + roundTripMs
      : Math.min(roundTripMs * 2 ** (this.failures - 1), maxRetryMs);
  }

  #timeOut(number: number) {
    if (!this.#sent.has(number)) return;
    for (const value of this.unconfirmed()) this.#waiting.add(value);
    this.#sent.clear();
    this.failures++;
    this.manners.onFailure?.(this.peer, this);
    this.#flushWithin(0);
  }

  #recovered() {
    if (this.failures === 0) return;
    this.failures = 0;
    if (this.#waiting.size > 0) this.#flushWithin(0);
  }
}

const strategies: { [name: string]: Strategy } = { hub, direct, flood };

if (import.meta.main) await serve(broadcast);
