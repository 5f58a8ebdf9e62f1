#!/usr/bin/env -S deno run
/**
 * # 11. Broadcast on large clusters
 *
 * The workload is that of the third challenge, but for a hundred nodes and a
 * thousand. There `broadcast.ts` meets its limits: whoever tells all others has a
 * thousand links, and a tree or a hub stands and falls with single nodes. Here
 * nobody is special, a node's work doesn't grow with their number, and a tenth of
 * them may die at once.
 *
 * `--strategy push-pull` is the oldest answer, **epidemics** (Demers et al. 1987).
 * In each round a node tells another one, at random, which rumours it has heard of
 * late, and is told those that it lacks. Those who know multiply like the sick: a
 * logarithm of rounds, and all know. A rumour that has been told often enough is
 * told no more; what that misses is found by anti-entropy, a comparison of all that
 * two nodes know, which is dear and therefore rare. Messages don't depend on the
 * number of values, only on nodes and rounds.
 *
 * `--strategy plumtree` waits for no rounds. It lets a tree grow out of gossip
 * (**Plumtree**: Leitão, Pereira, Rodrigues 2007, "Epidemic broadcast trees"):
 *
 * - A value goes to all neighbours at once: *eager push*. Who gets one that it has
 *   already answers PRUNE, and from then on that link is lazy. What is left of the
 *   eager links is a tree.
 * - Over all links a node announces what it has, once a beat: IHAVE. Who hears of a
 *   value and hasn't got it in time asks for it, GRAFT; that makes the link eager.
 *   So the links that don't carry values are those that mend the tree.
 *
 * The neighbours are a few out of a thousand (**HyParView**: the same three, 2007):
 * five in an *active view*, always in both directions, and thirty more in a
 * *passive view*, who step in when a neighbour falls silent. A node JOINs at a
 * contact; a random walk (FORWARD_JOIN) makes it known to those farther away; and
 * SHUFFLE, another walk, keeps passive views fresh. Where a view is full, a
 * neighbour makes room (DISCONNECT).
 *
 * Four things differ from the papers.
 *
 * - **One node shapes the tree.** In the papers it's the one that sends. Here all
 *   send at the same time, and where copies of two values meet at two places of a
 *   circle, two PRUNEs cut it in two (`--pruned-by values`). So only duplicates of
 *   *probes* prune, which are messages without values. They come from the node that
 *   has drawn the least number; when it falls silent, another one's probes count.
 * - **Silence is death.** The papers' links are TCP connections, which lose nothing,
 *   and tell when the other side dies. Here each neighbour announces something in each
 *   beat, also what it has pushed, or only that it's there. Who is silent for three
 *   is given up; after a shorter silence both compare all that they know.
 * - **Contacts come from `node_ids`**, one at random: at first, and where the
 *   passive view has nobody left.
 * - **After a partition the sides find each other.** Each knows only its own by
 *   then, and views would stay apart for ever. So now and then a node tells one at
 *   random all that others should have by now; a GRAFT from a stranger makes it a
 *   neighbour. That is anti-entropy again.
 *
 * As in `broadcast.ts`, a value that only one node had dies with it, unless it's on
 * a disk: `--data-dir`.
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

/** The mean time between two comparisons of all that a node knows. */
const antiEntropyMs = 2000;

/** The time after which a value should be everywhere. */
const settledMs = 3000;

/** The time that an announced value has to come by itself. */
const patienceMs = 1000;

/** The most GRAFTs for the same announcement. */
const maxGrafts = 4;

/** The most nodes in each view. */
const maxActive = 5;
const maxPassive = 30;

/** The beats after which a silent neighbour is given up. */
const maxSilentBeats = 3;

/** The number of steps of a random walk, and of those left when it's noted. */
const walk = 6;
const passiveWalk = 3;

/** The beats from one shuffle to the next, and the nodes that it takes along. */
const shuffleBeats = 10;
const shuffled = { active: 3, passive: 4 };

/** The messages that nodes send to each other: each type by its paper's name. */
interface GossipMessages {
  /** Values; of Plumtree, and of anti-entropy. */
  gossip: { values: number[] };
  ihave: { values: number[] };
  graft: { values: number[] };
  prune: object;
  /** A message without values, whose duplicates prune. */
  probe: { root: number; count: number };
  /** All that a node knows: the other side answers with what that lacks. */
  compare: { values: number[] };
  /** Rumours, and those that come back. */
  push: { values: number[] };
  pull: { values: number[] };
  join: object;
  forward_join: { newcomer: string; ttl: number };
  /** A wish to be neighbours: urgent if there are no others. */
  neighbor: { urgent: boolean };
  accept: object;
  reject: object;
  disconnect: object;
  shuffle: { origin: string; ttl: number; nodes: string[] };
  shuffle_reply: { nodes: string[] };
}

type GossipNode = Node<BroadcastMessages & GossipMessages>;

/** A way to spread values. */
interface Strategy {
  /** Passes on values that are new here, but not to where they came from. */
  spread(values: number[], from?: string): void;
  /** Begins: all nodes are up. */
  start(): void;
}

/** The rest of a node, as its strategy sees it. */
interface Self {
  /** Takes in values from another node. */
  learn(values: number[], from: string): void;
  has(value: number): boolean;
  /** All values that it has known for so long. */
  known(forMs?: number): number[];
}

/** The choices that a strategy has. */
interface Choices {
  /** The time between two beats of Plumtree, and two rounds of push-pull. */
  "beat-ms": number;
  "round-ms": number;
  /** True if duplicates of values prune, as in the paper. */
  "pruned-by": boolean;
}

/** Spreads the values that clients tell to one node. */
export function gossip(node: GossipNode, args: string[] = []) {
  const { strategy: Chosen, ...choices } = readArguments(args, {
    strategy: { plumtree: Plumtree, "push-pull": PushPull },
    "beat-ms": { default: 1000, least: 1, most: 60_000 },
    "round-ms": { default: 200, least: 1, most: 60_000 },
    "pruned-by": { probes: false, values: true },
    "data-dir": { default: "" },
  });
  let disk: Disk<number>;
  /** Since when each value has been known. */
  const seen = new Map<number, number>();
  const has = (value: number) => seen.has(value);
  const known = (forMs = 0) => {
    const untilMs = node.now() - forMs;
    return [...seen].filter(([, ms]) => ms <= untilMs).map(([value]) => value);
  };
  const self = { learn, has, known };
  const strategy: Strategy = new Chosen(node, self, choices);

  node.onInit(async () => {
    disk = await node.openDisk<number>(choices["data-dir"]);
    for (const value of disk.records) seen.set(value, node.now());
    node.allUp().then(() => strategy.start());
  });
  // The topology on offer is a suggestion; ours is another.
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("read", () => ({ type: "read_ok", messages: [...seen.keys()] }));
  node.on("broadcast", async ({ body: { message } }) => {
    demand(areNumbers([message]), "a message is a whole number");
    disk.append(message);
    await disk.sync();
    learn([message]);
    return { type: "broadcast_ok" };
  });

  function learn(values: number[], from?: string) {
    demand(areNumbers(values), "values are whole numbers");
    const fresh = values.filter((value) => !seen.has(value));
    for (const value of fresh) seen.set(value, node.now());
    if (fresh.length > 0) strategy.spread(fresh, from);
    // Another node has these: they are written along with the next of our own.
    if (from !== undefined) fresh.forEach((value) => disk.append(value));
  }
}

/** Rumours in rounds, and anti-entropy for what they miss. */
class PushPull {
  /** For each rumour, how often it has been told. */
  #hot = new Map<number, number>();

  constructor(
    private node: GossipNode,
    private self: Self,
    private choices: Choices,
  ) {
    node.on("push", ({ src, body: { values } }) => {
      const lacking = without([...this.#hot.keys()], values);
      self.learn(values, src);
      this.#tell(src, "pull", lacking);
    });
    node.on("pull", ({ src, body }) => void self.learn(body.values, src));
    node.on("compare", ({ src, body: { values } }) => {
      const lacking = without(self.known(), values);
      self.learn(values, src);
      this.#tell(src, "pull", lacking);
    });
  }

  start() {
    this.node.every(this.choices["round-ms"], () => {
      const peer = choose(this.node, this.node.peers);
      if (peer) this.#tell(peer, "push", [...this.#hot.keys()]);
    });
    compareNowAndThen(this.node, this.self);
  }

  spread(values: number[]) {
    for (const value of values) this.#hot.set(value, 0);
  }

  #tell(peer: string, type: "push" | "pull", values: number[]) {
    if (values.length === 0) return;
    // Each telling doubles those who know, at first.
    const enough = Math.ceil(Math.log2(this.node.nodeIds.length)) + 2;
    for (const value of values) {
      const count = (this.#hot.get(value) ?? enough) + 1;
      if (count < enough) this.#hot.set(value, count);
      else this.#hot.delete(value);
    }
    this.node.send(peer, { type, values });
  }
}

/** Plumtree: the links to HyParView's neighbours are eager, or lazy. */
class Plumtree {
  /** For each neighbour, whether it gets values at once, and what to announce. */
  #links = new Map<string, { eager: boolean; news: number[] }>();
  #views: Views;
  #beatMs: number;
  /** The time at which a value was asked for. */
  #askedMs = new Map<number, number>();
  /** The number of this node, and whose probes count, with the last of them. */
  #own: number;
  #shaper: { root: number; count: number; heardMs: number };

  constructor(
    private node: GossipNode,
    private self: Self,
    choices: Choices,
  ) {
    const beatMs = this.#beatMs = choices["beat-ms"];
    this.#own = node.random();
    this.#shaper = { root: this.#own, count: 0, heardMs: -Infinity };
    this.#views = new Views(node, beatMs, {
      up: (peer, asked) => {
        this.#links.set(peer, { eager: true, news: [] });
        if (asked) this.#compare(peer);
      },
      resumed: (peer) => this.#compare(peer),
      down: (peer) => this.#links.delete(peer),
      isSpare: (peer) => this.#links.get(peer)?.eager === false,
    });
    node.on("gossip", ({ src, body: { values } }) => {
      if (choices["pruned-by"]) {
        if (values.every(self.has)) this.#prune(src);
        else this.#set(src, true);
      }
      self.learn(values, src);
      for (const value of values) this.#askedMs.delete(value);
    });
    node.on("probe", ({ src, body: { root, count } }) => {
      const { root: known, count: last } = this.#shaper;
      if (root === known && count <= last) this.#prune(src);
      else if (root <= known || this.#isSilent()) {
        this.#set(src, true);
        this.#probe(root, count, src);
      }
    });
    node.on("prune", ({ src }) => this.#set(src, false));
    node.on("ihave", ({ src, body: { values } }) => {
      this.#views.heard(src);
      return this.#graft(src, values);
    });
    node.on("graft", ({ src, body: { values } }) => {
      if (!this.#links.has(src)) this.#views.accept(src);
      this.#set(src, true);
      const held = values.filter(self.has);
      if (held.length > 0) node.send(src, { type: "gossip", values: held });
    });
    node.on("compare", ({ src, body: { values } }) => {
      const lacking = without(self.known(), values);
      if (lacking.length > 0) {
        node.send(src, { type: "ihave", values: lacking });
      }
      return this.#graft(src, values);
    });
  }

  start() {
    this.#views.join();
    this.node.every(this.#beatMs, () => {
      this.#views.beat();
      const isRoot = this.#shaper.root === this.#own || this.#isSilent();
      if (isRoot) this.#probe(this.#own, this.#shaper.count + 1);
      for (const [peer, link] of this.#links) {
        this.node.send(peer, { type: "ihave", values: link.news });
        link.news = [];
      }
    });
    compareNowAndThen(this.node, this.self);
  }

  spread(values: number[], from?: string) {
    for (const [peer, { eager, news }] of this.#links) {
      if (peer === from) continue;
      if (eager) this.node.send(peer, { type: "gossip", values });
      news.push(...values); // what is pushed may be lost
    }
  }

  /** Asks for what another node has announced, unless it comes by itself. */
  async #graft(peer: string, announced: number[]) {
    demand(areNumbers(announced), "values are whole numbers");
    let missing = announced;
    for (let count = 0; count < maxGrafts; count++) {
      missing = missing.filter((value) => !this.self.has(value));
      if (missing.length === 0) return;
      await this.node.sleep(patienceMs);
      const nowMs = this.node.now();
      const values = missing.filter((value) =>
        !this.self.has(value) &&
        !(this.#askedMs.get(value)! > nowMs - patienceMs)
      );
      if (values.length === 0) continue;
      for (const value of values) this.#askedMs.set(value, nowMs);
      this.#set(peer, true);
      this.node.send(peer, { type: "graft", values });
    }
  }

  #compare(peer: string) {
    this.node.send(peer, { type: "compare", values: this.self.known() });
  }

  #prune(peer: string) {
    this.#set(peer, false);
    this.node.send(peer, { type: "prune" });
  }

  #set(peer: string, eager: boolean) {
    const link = this.#links.get(peer);
    if (link) link.eager = eager;
  }

  #probe(root: number, count: number, from?: string) {
    this.#shaper = { root, count, heardMs: this.node.now() };
    for (const [peer, { eager }] of this.#links) {
      if (!eager || peer === from) continue;
      this.node.send(peer, { type: "probe", root, count });
    }
  }

  #isSilent(): boolean {
    const sinceMs = this.node.now() - maxSilentBeats * this.#beatMs;
    return this.#shaper.heardMs < sinceMs;
  }
}

/** HyParView: a few neighbours, and some who could become it. */
class Views {
  /** When each neighbour was heard of last. */
  #active = new Map<string, number>();
  #passive = new Set<string>();
  #beats = 0;

  constructor(
    private node: GossipNode,
    private beatMs: number,
    private on: {
      /** Called for a new neighbour, with whether this side had asked for it. */
      up(peer: string, asked: boolean): void;
      down(peer: string): void;
      /** Called for a neighbour that is heard again, after silence. */
      resumed(peer: string): void;
      /** Tells whether a neighbour may make room: the tree doesn't need it. */
      isSpare(peer: string): boolean;
    },
  ) {
    node.on("join", ({ src }) => {
      this.accept(src);
      for (const peer of this.#active.keys()) {
        if (peer !== src) this.#forward(peer, src, walk);
      }
    });
    node.on("forward_join", ({ src, body: { newcomer, ttl } }) => {
      const next = this.#choose(src, newcomer);
      if (ttl <= 0 || next === undefined) return this.accept(newcomer);
      if (ttl === passiveWalk) this.#note(newcomer);
      this.#forward(next, newcomer, ttl - 1);
    });
    node.on("neighbor", ({ src, body: { urgent } }) => {
      const hasRoom = this.#active.size < maxActive || this.#active.has(src);
      if (urgent || hasRoom) this.accept(src);
      else node.send(src, { type: "reject" });
    });
    node.on("accept", ({ src }) => this.#add(src, true));
    node.on("reject", ({ src }) => this.#note(src));
    node.on("disconnect", ({ src }) => {
      if (this.#drop(src)) this.#note(src);
    });
    node.on("shuffle", ({ src, body: { origin, ttl, nodes } }) => {
      const next = this.#choose(src, origin);
      if (ttl > 0 && next !== undefined) {
        node.send(next, { type: "shuffle", origin, ttl: ttl - 1, nodes });
        return;
      }
      const own = some(node, this.#passive, nodes.length);
      node.send(origin, { type: "shuffle_reply", nodes: own });
      for (const each of nodes) this.#note(each);
    });
    node.on("shuffle_reply", ({ body: { nodes } }) => {
      for (const each of nodes) this.#note(each);
    });
  }

  /** Enters the overlay, by a contact. */
  join() {
    const contact = choose(this.node, this.node.peers);
    if (contact) this.node.send(contact, { type: "join" });
  }

  /** Gives up who is silent, looks for others in their stead, and shuffles. */
  beat() {
    const sinceMs = this.node.now() - maxSilentBeats * this.beatMs;
    for (const [peer, heardMs] of this.#active) {
      if (heardMs < sinceMs) this.#drop(peer);
    }
    if (this.#active.size < maxActive) {
      const candidate = choose(this.node, [...this.#passive]) ??
        choose(this.node, this.node.peers);
      if (candidate === undefined || this.#active.has(candidate)) return;
      this.#passive.delete(candidate); // until it answers
      const urgent = this.#active.size === 0;
      this.node.send(candidate, { type: "neighbor", urgent });
    }
    if (this.#beats++ % shuffleBeats === 0) this.#shuffle();
  }

  /** Notes that a neighbour lives. */
  heard(peer: string) {
    const heardMs = this.#active.get(peer);
    if (heardMs === undefined) return;
    this.#active.set(peer, this.node.now());
    if (heardMs < this.node.now() - 1.5 * this.beatMs) this.on.resumed(peer);
  }

  /** Makes a node a neighbour, and tells it so. */
  accept(peer: string) {
    if (peer === this.node.id) return;
    this.#add(peer, false);
    this.node.send(peer, { type: "accept" });
  }

  #add(peer: string, asked: boolean) {
    const isNew = !this.#active.has(peer);
    if (isNew && this.#active.size >= maxActive) {
      const needed = [...this.#active.keys()].filter((id) =>
        !this.on.isSpare(id)
      );
      const victim = this.#choose(...needed) ?? this.#choose()!;
      this.#drop(victim);
      this.#note(victim);
      this.node.send(victim, { type: "disconnect" });
    }
    this.#passive.delete(peer);
    this.#active.set(peer, this.node.now());
    if (isNew) this.on.up(peer, asked);
  }

  #drop(peer: string): boolean {
    const wasActive = this.#active.delete(peer);
    if (wasActive) this.on.down(peer);
    return wasActive;
  }

  /** Notes a node in the passive view. */
  #note(peer: string) {
    if (peer === this.node.id || this.#active.has(peer)) return;
    if (this.#passive.size >= maxPassive && !this.#passive.has(peer)) {
      this.#passive.delete(choose(this.node, [...this.#passive])!);
    }
    this.#passive.add(peer);
  }

  #forward(peer: string, newcomer: string, ttl: number) {
    this.node.send(peer, { type: "forward_join", newcomer, ttl });
  }

  #shuffle() {
    const peer = this.#choose();
    if (peer === undefined) return;
    const { node } = this;
    const nodes = [
      node.id,
      ...some(node, this.#active.keys(), shuffled.active),
      ...some(node, this.#passive, shuffled.passive),
    ];
    node.send(peer, { type: "shuffle", origin: node.id, ttl: walk, nodes });
  }

  /** One of the neighbours, but none of these. */
  #choose(...but: string[]): string | undefined {
    const others = [...this.#active.keys()].filter((id) => !but.includes(id));
    return choose(this.node, others);
  }
}

/** Anti-entropy: tells a node at random all that others should know by now. */
async function compareNowAndThen(node: GossipNode, self: Self) {
  for (;;) {
    const peer = choose(node, node.peers);
    const values = self.known(settledMs);
    if (peer) node.send(peer, { type: "compare", values });
    await node.sleep(2 * node.random() * antiEntropyMs);
  }
}

/** One of the items, at random. */
function choose<T>(node: GossipNode, items: readonly T[]): T | undefined {
  return items[Math.floor(node.random() * items.length)];
}

/** Some of the items, at random. */
function some<T>(node: GossipNode, items: Iterable<T>, count: number): T[] {
  const rest = [...items];
  while (rest.length > count) {
    rest.splice(Math.floor(node.random() * rest.length), 1);
  }
  return rest;
}

/** The values that aren't among others. */
function without(values: number[], others: number[]): number[] {
  const set = new Set(others);
  return values.filter((value) => !set.has(value));
}

function areNumbers(values: unknown): values is number[] {
  return Array.isArray(values) && values.every(Number.isSafeInteger);
}

if (import.meta.main) await serve(gossip);
