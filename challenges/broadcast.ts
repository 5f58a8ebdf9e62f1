#!/usr/bin/env -S deno run
/**
 * # 3. Broadcast
 *
 * https://fly.io/dist-sys/3a/ to https://fly.io/dist-sys/3e/
 *
 * Clients tell one node a value; soon every node must show it. Three goals pull
 * in different directions: few messages, little delay, and values that survive
 * whatever the network does.
 *
 * The naive answer, `--strategy flood`, passes each new value on to the
 * neighbours that Maelstrom suggests, once. Over a grid of 25 nodes that takes
 * 28 messages per operation and eight hops; and a value that a partition
 * swallows is gone. `--strategy direct` tells everybody at once, and keeps a
 * value until each has confirmed it: one hop, half the messages, nothing lost.
 *
 * The answer is a **hub**. Values go to one node, which gathers for a beat and
 * sends everybody one batch: two hops, and a batch of fifty costs as much as a
 * batch of one. Its links (`Link`) keep three rules:
 *
 * - **Acknowledgements are free.** Batches are numbered, and the numbers
 *   received ride on the next batch in the other direction. Only a node that has
 *   had nothing to say for long sends a message just to acknowledge. What isn't
 *   acknowledged is sent again, which does no harm: a value is new only once.
 * - **Late isn't lost.** An acknowledgement counts however late it arrives, and
 *   the next batch gets that much time. So it works at any latency.
 * - **Nobody depends on the hub.** A node that fails to reach it twice tells all
 *   other nodes instead. Each that learns a value that way tells the hub in turn,
 *   or everybody; so a value takes whatever way there is, and reaches the hub
 *   when it's back.
 *
 * That is all there is to it with `--just-in-time off`. The last step is to be
 * **just in time** (`Timing`). What arrives early waits at the hub for the beat,
 * so it may as well gather at home: at most one message per node and beat. The
 * hub reports how early each batch came. From that a node learns when to send in
 * order to arrive just before a beat, and needs to know neither the latency nor
 * the hub's clock. And a batch says how long its values have waited at home; so
 * one that misses its beat needn't wait for the next.
 *
 * A value is on every node within two beats and two latencies after it was told
 * (`direct`: one latency). Each time that messages are lost costs two seconds
 * more, or as long as the last answer took; and where nothing is told, nothing
 * is sent.
 *
 * **Nodes die, and come back knowing nothing.** A node that has been started
 * greets those whom it would tell (the hub, or everybody) once somebody has spoken
 * to it (before that, they may not be there), or after 5 s. It sends what it has;
 * what they had sent to an earlier life of it counts no more, and they answer with
 * what it lacks. That costs two messages and an acknowledgement for each link,
 * and a beat and three latencies later all are even (`direct`: two latencies).
 * Each life draws a number, which batches carry: an acknowledgement that is meant
 * for an earlier life confirms nothing, and whoever gets one greets once more; and
 * one that an earlier life has yet to get isn't given to the next, whose batches
 * have the same numbers.
 *
 * With `--data-dir`, nothing is lost when all die. A value is on the disk before
 * anybody hears of it, the client included; those that come while one write is
 * under way share the next, along with what others have told. Each value is in
 * the log once, so that needs no snapshot. Without a disk nobody can help: what
 * only one node has (for a beat; with `direct`, for no time) dies with it, and
 * when all die at once, all is gone.
 *
 * @module
 */
import {
  type BroadcastMessages,
  demand,
  type Disk,
  type Node,
  readArguments,
  serve,
} from "../lib/mod.ts";

/** The beat of the hub, in ms; `--beat-ms` sets another. */
const defaultBeatMs = 390;

/** The time that an acknowledgement waits for a ride, beyond one beat. */
const ackPatienceMs = 1000;

/** The additional time that a sender waits for an acknowledgement, at first. */
const roundTripMs = 500;

/** The longest that a sender waits before it tries a silent node again. */
const maxRetryMs = 2000;

/** After this many failures in a row a node gives the hub up, for now. */
const maxFailures = 2;

/** The most values in a batch; the rest goes with the next. */
const maxBatch = 1000;

/** The number of late batches whose acknowledgements still count. */
const maxLate = 64;

/**
 * The time before a beat at which a batch should reach the hub, as a fraction
 * of it: timers and networks aren't exact.
 */
const margin = 1 / 12;

/** A node, with the messages that nodes send to each other. */
type BroadcastNode = Node<
  BroadcastMessages & { values: { values: number[] }; batch: Batch }
>;

/** Tells other nodes of new values, unless they came from there. */
type Spread = (values: number[], from?: string) => void;

/** A way to spread values. */
type Strategy = (node: BroadcastNode, self: Self, pace: Pace) => {
  spread: Spread;
  /** Asks for what was missed: the node has been started. */
  greet(): void;
};

/** The rest of a node, as its strategy sees it. */
interface Self {
  /** Takes in all that is heard of. */
  learn: Spread;
  /** Returns all that is known. */
  known(): number[];
}

/** The pace at which values move on to the next node. */
interface Pace {
  /** The hub sends once per beat. */
  beatMs: number;
  /** True if values gather at home until just before a beat. */
  justInTime: boolean;
}

/** Spreads the values that clients tell to one node. */
export function broadcast(node: BroadcastNode, args: string[] = []) {
  const { strategy, "data-dir": folder, ...pace } = readArguments(args, {
    strategy: strategies,
    "beat-ms": { default: defaultBeatMs, least: 1, most: 60_000 },
    "just-in-time": { on: true, off: false },
    "data-dir": { default: "" },
  });
  const seen = new Set<number>();
  let disk: Disk<number>;
  const self = { learn, known: () => [...seen] };
  const { spread, greet } = strategy(node, self, {
    beatMs: pace["beat-ms"],
    justInTime: pace["just-in-time"],
  });

  node.onInit(async () => {
    disk = await node.openDisk<number>(folder);
    for (const value of disk.records) seen.add(value);
    node.allUp().then(greet);
  });

  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));

  node.on("broadcast", async ({ body: { message } }) => {
    demand(areNumbers([message]), "a message is a whole number");
    disk.append(message);
    await disk.sync();
    // Not before: a read that shows a value is a promise, too.
    learn([message]);
    return { type: "broadcast_ok" };
  });

  function learn(values: number[], from?: string) {
    const fresh = values.filter((value) => !seen.has(value));
    for (const value of fresh) seen.add(value);
    if (fresh.length > 0) spread(fresh, from);
    // Another node has these: they are written along with the next of our own.
    if (from !== undefined) fresh.forEach((value) => disk.append(value));
  }
}

/** The naive answer: each new value to all neighbours, and hope. */
function flood(node: BroadcastNode, { learn }: Self) {
  let neighbours: string[] = [];

  node.on("topology", ({ body }) => {
    // In a line of one, Maelstrom names no node at all.
    const own = node.peers.length === 0 ? [] : body.topology?.[node.id];
    demand(Array.isArray(own), `${node.id} has a list of neighbours`);
    neighbours = own.filter((id) => node.peers.includes(id));
    return { type: "topology_ok" };
  });
  node.on("values", ({ src, body }) => {
    demand(areNumbers(body.values), "values are whole numbers");
    learn(body.values, src);
  });

  const spread: Spread = (values, from) => {
    for (const neighbour of neighbours) {
      if (neighbour !== from) node.send(neighbour, { type: "values", values });
    }
  };
  return { spread, greet() {} };
}

/** The fast answer: the first node to hear of a value tells all, and sees to it. */
function direct(node: BroadcastNode, self: Self) {
  const ackMs = 3 * ackPatienceMs;
  const linkTo = connect(node, self, { ackWithin: () => ackMs, ackMs });
  const spread: Spread = (values, from) => {
    if (from !== undefined) return; // has been told to all
    for (const peer of node.peers) linkTo(peer).send(values, 0);
  };
  const greet = () => node.peers.forEach((peer) => linkTo(peer).greetFirst());
  return { spread, greet };
}

/** The cheap answer: values gather at one node, which tells all in batches. */
function hub(node: BroadcastNode, self: Self, { beatMs, justInTime }: Pace) {
  // From its init on, a node knows all.
  const hubId = () => node.nodeIds[0]!;
  const isHub = () => node.id === hubId();
  const untilBeat = () => beatMs - node.now() % beatMs;
  const patience = beatMs + ackPatienceMs;
  let timing = new Timing(beatMs);

  const linkTo = connect(node, self, {
    ackWithin: () => isHub() ? untilBeat() : patience,
    ackMs: patience,
    onFailure(peer, link) {
      if (peer !== hubId() || link.failures !== maxFailures) return;
      tellOthers(link.unconfirmed());
      if (link.greets) others().forEach((other) => linkTo(other).greet());
    },
    onOtherLife(peer) {
      // It has another beat.
      if (peer === hubId()) timing = new Timing(beatMs);
    },
    // A hub that keeps this to itself gets every value at once.
    untilBeat: () => justInTime && isHub() ? untilBeat() : undefined,
    onTiming: (peer, leaveMs) => peer === hubId() && timing.learn(leaveMs),
  });
  node.onInit(() => {
    // The hub answers with its next beat, and so sooner than others do.
    if (!isHub()) linkTo(hubId()).ackMs = beatMs;
  });

  const others = () => node.peers.filter((peer) => peer !== hubId());

  function tellOthers(values: number[], from?: string) {
    for (const peer of others()) {
      if (peer !== from) linkTo(peer).send(values, beatMs);
    }
  }

  const greet = () => {
    const greeted = isHub() ? node.peers : [hubId()];
    for (const peer of greeted) linkTo(peer).greetFirst();
  };

  const spread: Spread = (values, from) => {
    if (isHub()) {
      // At home and here together it's a beat and the margin at most.
      const waitedMs = from === undefined ? 0 : linkTo(from).waitedMs;
      const withinMs = Math.min(untilBeat(), (1 + margin) * beatMs - waitedMs);
      for (const peer of node.peers) {
        if (peer !== from) linkTo(peer).send(values, withinMs);
      }
      return;
    }
    if (from === hubId()) return; // has been told to all
    const toHub = linkTo(hubId());
    toHub.send(values, timing.waitMs(node.now()));
    if (toHub.failures >= maxFailures) tellOthers(values, from);
  };
  return { spread, greet };
}

/** A message from node to node: a batch of values, and some remarks. */
interface Batch {
  /** The sender's life: a number that it drew when it was started. */
  life: number;
  /** The receiver's, as far as the sender knows. */
  to?: number;
  number: number;
  values: number[];
  /** The numbers of the batches that have arrived. */
  acks: number[];
  /** True if the receiver should acknowledge it at once. */
  urgent: boolean;
  /** True if the sender has just been started, and asks for what it lacks. */
  greeting: boolean;
  /** The time that the oldest of its values waited before it left. */
  waitedMs: number;
  /**
   * The time by which one of the receiver's batches came before a beat here.
   */
  early?: { number: number; ms: number };
}

/** The behaviour of the two ends of a link. */
interface Manners {
  /** The time that an acknowledgement may wait here for a ride. */
  ackWithin(): number;
  /** The time that it may wait there. */
  ackMs: number;
  /** Called whenever something isn't acknowledged in time. */
  onFailure?(peer: string, link: Link): void;
  /** Called when the other side has been started anew. */
  onOtherLife?(peer: string): void;
  /** The time until this node's next beat, where it has one. */
  untilBeat?(): number | undefined;
  /** Called with a moment: what leaves then arrives there with a beat. */
  onTiming?(peer: string, leaveMs: number): void;
}

/**
 * Learns what comes in over links to other nodes.
 *
 * @returns what gives the link to one of them: of a thousand nodes most never
 * speak to each other.
 */
function connect(node: BroadcastNode, self: Self, manners: Manners) {
  const links = new Map<string, Link>();
  const life = Math.floor(node.random() * 2 ** 48);
  const linkTo = (peer: string): Link => {
    const link = links.get(peer) ??
      new Link(node, peer, life, self.known, manners);
    links.set(peer, link);
    return link;
  };
  // The topology on offer is a suggestion; ours is another.
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("batch", ({ src, body }) => {
    const { life, number, values, acks, waitedMs, early } = body;
    demand(
      areNumbers([life, number]) && areNumbers(values) && areNumbers(acks) &&
        Number.isFinite(waitedMs) &&
        (early === undefined || Number.isFinite(early?.ms)),
      "a batch has a number, values and acks, which are whole numbers",
    );
    if (!node.peers.includes(src)) return; // no node of ours
    linkTo(src).receive(body);
    self.learn(values, src);
  });
  return linkTo;
}

/** One end of a link: keeps values until the other end has confirmed them. */
class Link {
  /** The number of times in a row that nothing was acknowledged in time. */
  failures = 0;
  /** The time that the other side may wait with an acknowledgement. */
  ackMs: number;
  /** The time that the last batch had waited there. */
  waitedMs = 0;
  /** True until the other side knows of this life; absent before a greeting. */
  greets?: boolean;

  /** Values that the other side hasn't confirmed. */
  #unconfirmed = new Set<number>();
  /** Those among them that are to be sent. */
  #waiting = new Set<number>();
  #waitingSinceMs = 0;
  /** Batches that may yet be acknowledged, in order. */
  #sent = new Map<number, Sent>();
  #unacknowledged: number[] = [];
  #lastNumber = 0;
  #peerLife: number | undefined;
  #dueMs = Infinity;
  #early: Batch["early"];
  /** The time that the last acknowledgement took. */
  #tookMs = 0;

  constructor(
    private node: BroadcastNode,
    private peer: string,
    private life: number,
    private known: () => number[],
    private manners: Manners,
  ) {
    this.ackMs = manners.ackMs;
  }

  /** Greets, unless there was a reason to do so before. */
  greetFirst() {
    if (this.greets === undefined) this.greet();
  }

  /** Tells the other side of this life, and all; it will tell what is missing. */
  greet() {
    this.greets = true;
    this.send(this.known(), 0);
  }

  /** Tells the other side values, within so many ms. */
  send(values: number[], withinMs: number) {
    this.#keep(values);
    this.#flushWithin(withinMs);
  }

  /** All values that the other side hasn't confirmed. */
  unconfirmed(): number[] {
    return [...this.#unconfirmed];
  }

  receive(batch: Batch) {
    const { life, to, number, values, acks, urgent, greeting, early } = batch;
    this.waitedMs = batch.waitedMs;
    if (greeting) this.#beginAnew();
    if (life !== this.#peerLife) {
      // In another life the same numbers are those of other batches.
      this.#unacknowledged = [];
      this.#early = undefined;
    }
    this.#peerLife = life;
    const isMeant = (to ?? this.life) === this.life;
    if (isMeant) {
      const timed = early && this.#sent.get(early.number);
      if (timed) this.manners.onTiming?.(this.peer, timed.sentMs + early.ms);
      for (const ack of acks) this.#confirm(ack);
    }
    this.#has(values);
    if (values.length > 0 || greeting) {
      this.#unacknowledged.push(number);
      // A greeting may have waited for this side's start.
      const earlyMs = greeting ? undefined : this.manners.untilBeat?.();
      if (earlyMs !== undefined) this.#early = { number, ms: earlyMs };
      const isMissed = greeting && this.#waiting.size > 0;
      this.#flushWithin(urgent || isMissed ? 0 : this.manners.ackWithin());
    }
    if (!isMeant && !this.greets) this.greet();
    if (acks.length > 0 || greeting) this.#recovered();
  }

  /** The other side has another life: what an earlier one had is gone. */
  #beginAnew() {
    this.manners.onOtherLife?.(this.peer);
    for (const [number, batch] of this.#sent) {
      if (batch.greeting) batch.values = [];
      else this.#sent.delete(number);
    }
    this.#keep(this.known());
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

  #keep(values: Iterable<number>) {
    if (this.#waiting.size === 0) this.#waitingSinceMs = this.node.now();
    for (const value of values) {
      this.#unconfirmed.add(value);
      this.#waiting.add(value);
    }
  }

  /** Sends what there is; to a silent node, one batch at a time. */
  #flush() {
    this.#dueMs = Infinity;
    const silent = this.failures > 0;
    const underWay = [...this.#sent.values()].filter(({ late }) => !late);
    const greeting = this.greets === true &&
      !underWay.some((each) => each.greeting);
    const values = silent && underWay.length > 0
      ? []
      : [...this.#waiting].slice(0, maxBatch);
    const expectsAck = greeting || values.length > 0;
    if (!expectsAck && this.#unacknowledged.length === 0) return;
    const nowMs = this.node.now();
    const number = ++this.#lastNumber;
    const batch: Batch = {
      life: this.life,
      ...(this.#peerLife !== undefined && { to: this.#peerLife }),
      number,
      values,
      acks: this.#unacknowledged,
      urgent: silent,
      greeting,
      ...(this.#early && { early: this.#early }),
      waitedMs: values.length > 0 ? nowMs - this.#waitingSinceMs : 0,
    };
    this.#unacknowledged = [];
    this.#early = undefined;
    this.node.send(this.peer, { type: "batch", ...batch });
    if (!expectsAck) return;
    for (const value of values) this.#waiting.delete(value);
    this.#sent.set(number, { values, greeting, sentMs: nowMs, late: false });
    this.node.sleep(this.#timeoutMs()).then(() => this.#timeOut(number));
    if (this.#waiting.size > 0) this.#flushWithin(0);
  }

  /** The time for an acknowledgement; a node that was slow gets as much again. */
  #timeoutMs(): number {
    const usualMs = this.failures === 0
      ? this.ackMs + roundTripMs
      : Math.min(roundTripMs * 2 ** (this.failures - 1), maxRetryMs);
    // By a clock that has jumped it may have taken hours.
    return Math.max(usualMs, Math.min(this.#tookMs, 2 * maxRetryMs));
  }

  /** Sends all again; an acknowledgement of the first still counts. */
  #timeOut(number: number) {
    const batch = this.#sent.get(number);
    if (batch === undefined || batch.late) return;
    for (const each of this.#sent.values()) each.late = true;
    for (const old of [...this.#sent.keys()].slice(0, -maxLate)) {
      this.#sent.delete(old);
    }
    this.#keep(this.#unconfirmed);
    if (this.#waiting.size === 0 && !this.greets) return;
    this.failures++;
    this.manners.onFailure?.(this.peer, this);
    this.#flushWithin(0);
  }

  #confirm(number: number) {
    const batch = this.#sent.get(number);
    if (batch === undefined) return;
    this.#sent.delete(number);
    this.#tookMs = this.node.now() - batch.sentMs;
    if (batch.greeting) this.greets = false;
    this.#has(batch.values);
  }

  /** The other side has said so. */
  #has(values: number[]) {
    for (const value of values) {
      this.#unconfirmed.delete(value);
      this.#waiting.delete(value);
    }
  }

  #recovered() {
    if (this.failures === 0) return;
    this.failures = 0;
    if (this.#waiting.size > 0) this.#flushWithin(0);
  }
}

/** A batch under way. */
interface Sent {
  values: number[];
  greeting: boolean;
  sentMs: number;
  /** True if it wasn't acknowledged in time. */
  late: boolean;
}

/**
 * The moment to send, in order to arrive just before a beat of the hub. What
 * comes too early waits there for a moment, what comes too late for a beat. So an
 * earlier moment counts at once, and a later one by and by.
 */
class Timing {
  /** A moment: what leaves then arrives with a beat. */
  #leaveMs: number | undefined;

  constructor(private beatMs: number) {}

  learn(leaveMs: number) {
    const beforeMs = this.#leaveMs ?? leaveMs;
    const laterMs = modulo(leaveMs - beforeMs, this.beatMs);
    this.#leaveMs = laterMs > this.beatMs / 2
      ? beforeMs + laterMs - this.beatMs
      : beforeMs + laterMs / 16;
  }

  /** The time to wait; not at all before anything has been learned. */
  waitMs(nowMs: number): number {
    if (this.#leaveMs === undefined) return 0;
    return modulo(this.#leaveMs - margin * this.beatMs - nowMs, this.beatMs);
  }
}

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}

function areNumbers(values: unknown): values is number[] {
  return Array.isArray(values) && values.every(Number.isSafeInteger);
}

const strategies: { [name: string]: Strategy } = { hub, direct, flood };

if (import.meta.main) await serve(broadcast);
