#!/usr/bin/env -S deno run
/**
 * # 9. Linearizable store
 *
 * Keys with `read`, `write` and `cas`, on several nodes, as if there were one copy:
 * whatever has ended, each later operation sees (Herlihy, Wing: *Linearizability*,
 * 1990). So the nodes have to agree on one order of all changes, while the network
 * is cut, and nodes die. That is consensus.
 *
 * This is **Raft** (Ongaro, Ousterhout: *In Search of an Understandable Consensus
 * Algorithm*, 2014), with the names of the paper's figure 2, to be read beside it. A
 * majority elects a leader for a term; the leader puts the changes into a log, and
 * sends it to the others; what a majority has is committed, and no later leader can
 * lack it, as nobody votes for who knows less. Other nodes forward their requests.
 *
 * - Elections: times to stand are random, and longer where messages are, so that
 *   somebody is first. A node stands when a majority would vote for it, which nobody
 *   does who hears a leader (*pre-vote*, Ongaro's thesis, 9.6): so who was cut off
 *   disturbs nobody. A leader that no majority answers makes room (6.2).
 * - Messages: what comes within `--gather-ms` is sent in one, while earlier ones are
 *   on their way; to just so many as make a majority. The others get it with the next
 *   heartbeat, or at once, if one of those doesn't answer.
 * - Reads go past the log. The leader holds them until a majority has answered what
 *   it has sent since: so nobody else led when they came (*read index*, 6.4).
 *   `--reads lease` trusts for a while in that nobody votes for another; a clock that
 *   jumps makes two leaders, one of which shows the past. `--reads local`, the naive
 *   answer, shows what a node happens to have: that is old as a rule.
 * - An answer that's lost leaves open whether a change was made, and that is what the
 *   client is told: no leader is asked for it but the one, which knows it again.
 * - The log is cut off where a snapshot stands for it; who lacks more gets that.
 *
 * **If a node dies,** with `--data-dir` it has on its disk what it has promised: its
 * vote, and its log. Without, it doesn't know any more, and mustn't vote as if it did.
 * So its new life is another node: it learns, and counts for nothing, until an entry
 * of the log lets it in, which a majority of the others has. That is a change of
 * members (thesis, 4.1) where one who has gone for good makes room for another. Only
 * as long as there was no leader, as all others say, is there nothing to remember but
 * votes, in terms that they know.
 *
 * What can't be had: an answer where no majority is connected; a bound on how long an
 * election takes (Fischer, Lynch, Paterson, 1985: that's why times are random); and,
 * without a disk, what a majority has forgotten. Then no majority is left to let them
 * in, and nobody answers; if all have forgotten, it begins anew, with nothing.
 *
 * @module
 */
import {
  type Chosen,
  demand,
  type Disk,
  ErrorCode,
  type LinKVMessages,
  type Node,
  readArguments,
  RPCError,
  serve,
} from "../lib/mod.ts";

/**
 * The time without a leader until a node stands, which is at most twice that; and the
 * time after which a leader speaks to who hasn't heard from it.
 */
const electionMs = 300;
const heartbeatMs = 100;

/** The time for which nobody votes for another, after hearing from a leader. */
const loyalMs = 2 * heartbeatMs;

/** The time that a request waits for a leader: a bit less than clients wait. */
const maxWaitMs = 900;

/** An answer counts for so long; to a request, which the leader knows when it's sent again. */
const patient = { timeoutMs: 10_000 };
const insist = { ...patient, resendMs: 500 };

/** The most entries of a message; and, about, before a snapshot stands for them. */
const maxEntries = 1000;

/**
 * The time until a node first speaks (Maelstrom has to have started the others); and
 * the longest for which one that looks for a leader holds up `init`.
 */
const silenceMs = 100;
const maxInitMs = 2000;

type Key = string | number;
type Value = string | number;

/** A write; with `from`, a cas; without `to`, a read. */
type Request = { key: Key; from?: Value; to?: Value };
type Outcome = Value | undefined | RPCError;

/** An entry of the log: a change, a life of a node that is let in, or nothing. */
type Entry = { term: number; request?: Request; life?: [string, number] };

/** The state machine's state, and the last entry that has led to it. */
interface Snapshot {
  lastIncludedIndex: number;
  lastIncludedTerm: number;
  store: [Key, Value][];
  lives: [id: string, life: number][];
}

/** The life of the node that answers; and whether it may vote. */
type Voter = { life: number; isVoter: boolean };

/** The answer of a follower; up to `index`, its log is the leader's. */
type Appended = Voter & { term: number; success: boolean; index: number };

/** The paper's messages (candidateId and leaderId are their senders), and two more. */
interface RaftMessages extends LinKVMessages {
  RequestVote: {
    term: number;
    lastLogIndex: number;
    lastLogTerm: number;
    isPreVote: boolean;
  };
  RequestVote_ok: Voter & { term: number; voteGranted: boolean };
  AppendEntries: {
    term: number;
    prevLogIndex: number;
    prevLogTerm: number;
    entries: Entry[];
    leaderCommit: number;
  };
  AppendEntries_ok: Appended;
  InstallSnapshot: Snapshot & { term: number };
  InstallSnapshot_ok: Appended;
  Forward: { term: number; request: Request };
  Forward_ok: { value?: Value };
  Greet: object;
  Greet_ok: { term: number; lastLogIndex: number };
}

/** A record on the disk: some variables, a snapshot, or the log from an index on. */
interface Kept {
  set?: Partial<Pick<Raft, "currentTerm" | "votedFor" | "life" | "isVoter">>;
  snapshot?: Snapshot;
  from?: number;
  entries?: Entry[];
}

const choices = {
  reads: { index: "index", lease: "lease", local: "local" },
  "gather-ms": { default: 20, least: 0, most: 1000 },
  "data-dir": { default: "" },
};
type Settings = Chosen<typeof choices>;

/** A linearizable store. */
export function linKV(node: Node<RaftMessages>, args: string[] = []) {
  const raft = new Raft(node, readArguments(args, choices));
  const ask = (request: Request) => {
    const types = Object.values(request).map((each) => typeof each);
    const fits = types.every((each) => each === "number" || each === "string");
    demand(fits, "keys and values are numbers or strings");
    return raft.ask(request);
  };
  node.on("read", async ({ body: { key } }) => {
    return { type: "read_ok", value: await ask({ key }) as number };
  });
  node.on("write", async ({ body: { key, value: to } }) => {
    await ask({ key, to });
    return { type: "write_ok" };
  });
  node.on("cas", async ({ body: { key, from, to } }) => {
    await ask({ key, from, to });
    return { type: "cas_ok" };
  });
}

/** A node, as the paper's figure 2 describes it. */
class Raft {
  // Persistent state. The first entry is the last one that a snapshot stands for.
  currentTerm = 0;
  votedFor: string | null = null;
  log: Entry[] = [{ term: 0 }];
  #firstIndex = 0;
  life = -1;
  isVoter = false;

  // Volatile state.
  commitIndex = 0;
  lastApplied = 0;
  #store = new Map<Key, Value>();
  /** The lives of nodes that were let in; of those of the beginning it's 0. */
  #lives = new Map<string, number>();
  #leader: string | undefined;
  #dueMs = Infinity;
  #heardMs = -Infinity;
  #roundTripMs = 0;

  // Volatile state on leaders.
  nextIndex = new Map<string, number>();
  matchIndex = new Map<string, number>();
  /** The time of the last message to anybody, to each, and that each has answered. */
  #spokenMs = 0;
  #sentMs = new Map<string, number>();
  #ackedMs = new Map<string, number>();
  #isGathering = false;
  /** Those who wait for an entry; and for an answer to what is sent after `ms`. */
  #changes = new Map<Entry, (outcome: Outcome) => void>();
  #reads: { key: Key; ms: number; settle(outcome: Outcome): void }[] = [];
  #forwarded = new Map<string, Promise<Value | undefined>>();

  #disk!: Disk<Kept, Kept>;
  #opened = Promise.withResolvers<void>();
  #termEnd = new AbortController();

  constructor(private node: Node<RaftMessages>, private settings: Settings) {
    node.onInit(() => this.#begin());
    node.on("Greet", async () => {
      await this.#opened.promise;
      const [term, lastLogIndex] = [this.currentTerm, this.#lastIndex];
      return { type: "Greet_ok", term, lastLogIndex };
    }, { early: true });
    node.on("RequestVote", ({ src, body }) => this.#requestVote(src, body), {
      early: true,
    });
    node.on("AppendEntries", async ({ src, body }) => ({
      type: "AppendEntries_ok",
      ...await this.#hear(src, body, () => this.#appendEntries(body)),
    }), { early: true });
    node.on("InstallSnapshot", async ({ src, body }) => ({
      type: "InstallSnapshot_ok",
      ...await this.#hear(src, body, () => this.#installSnapshot(body)),
    }), { early: true });
    node.on("Forward", async ({ src, body: { msg_id, term, request } }) => {
      const id = `${src}/${msg_id}`;
      if (!this.#forwarded.has(id)) {
        // Not definite: an earlier copy may have been carried out.
        if (!this.#leads(term)) throw new RPCError(ErrorCode.crash, "too late");
        this.#forwarded.set(id, this.#carryOut(request));
        node.sleep(2 * patient.timeoutMs).then(() =>
          this.#forwarded.delete(id)
        );
      }
      return { type: "Forward_ok", value: await this.#forwarded.get(id) };
    });
  }

  // ---- The beginning

  async #begin() {
    const { node } = this;
    this.#disk = await node.openDisk<Kept, Kept>(this.settings["data-dir"]);
    for (const kept of [this.#disk.snapshot ?? {}, ...this.#disk.records]) {
      Object.assign(this, kept.set);
      if (kept.snapshot) this.#load(kept.snapshot);
      if (kept.entries) this.#replace(kept.from!, kept.entries);
    }
    this.#opened.resolve();
    await Promise.race([this.#takePart(), node.sleep(maxInitMs)]);
  }

  /** Resolves when there's a leader: who asks for something is to find one. */
  async #takePart() {
    const { node } = this;
    if (this.life >= 0) this.#heardMs = node.now(); // it may have been loyal
    else await this.#greetAll();
    this.#awaitLeader(node.id === node.nodeIds[0] ? 0.5 : 1);
    this.#watch();
    node.every(heartbeatMs / 2, () => this.#beat());
    while (this.#leader === undefined) await node.sleep(10);
  }

  /**
   * Asks whether there has been a leader. If so, an earlier life may have had entries,
   * and nobody can tell us which. If not, it may have voted, in a term known by now.
   */
  async #greetAll() {
    const { node } = this;
    await node.sleep(silenceMs);
    const options = { resendMs: silenceMs, timeoutMs: Infinity };
    const startMs = node.now();
    const leaders = node.peers.map(async (peer) => {
      const reply = await node.rpc(peer, { type: "Greet" }, options);
      this.#roundTripMs ||= node.now() - startMs;
      this.#see(reply.term);
      if (reply.lastLogIndex === 0) throw new Error("There was none.");
    });
    const isVoter = await Promise.any(leaders).then(() => false, () => true);
    const life = isVoter ? 0 : 1 + Math.floor(node.random() * 2 ** 48);
    await this.#keep({ life, isVoter, votedFor: node.id });
  }

  /** Sets variables; returns whether they got onto the disk. */
  #keep(set: NonNullable<Kept["set"]>): Promise<boolean> {
    Object.assign(this, set);
    this.#disk.append({ set });
    return this.#isKept();
  }

  #isKept(): Promise<boolean> {
    return this.#disk.sync().then(() => true, () => false);
  }

  // ---- Elections

  /** The time without a leader until a node stands, at least; the most is twice that. */
  get #patienceMs(): number {
    return electionMs + 2 * this.#roundTripMs;
  }

  #awaitLeader(part = 1) {
    const waitMs = part * this.#patienceMs * (1 + this.node.random());
    this.#dueMs = this.node.now() + waitMs;
  }

  async #watch() {
    for (;;) {
      const waitMs = this.#dueMs - this.node.now();
      // It may be due earlier than it seems now.
      if (waitMs > 0) await this.node.sleep(Math.min(waitMs, electionMs / 2));
      else if (this.#leads()) this.#checkQuorum();
      else {
        this.#follow();
        this.#awaitLeader();
        if (this.isVoter) this.#askForVotes(this.currentTerm + 1, true);
      }
    }
  }

  /** A leader that no majority answers any more makes room. */
  #checkQuorum() {
    const ackedMs = this.#quorum(this.#ackedMs, Infinity);
    if (ackedMs + this.#patienceMs < this.node.now()) this.#follow();
    this.#awaitLeader();
  }

  /** Asks for votes; first, whether there would be any. */
  #askForVotes(term: number, isPreVote: boolean) {
    const { node } = this;
    const startMs = node.now();
    const votes = new Set([node.id]);
    const count = () => {
      const isOver = this.#leader !== undefined ||
        this.currentTerm !== (isPreVote ? term - 1 : term);
      if (isOver || votes.size <= node.nodeIds.length / 2) return;
      this.#roundTripMs = node.now() - startMs;
      if (isPreVote) this.#stand(term);
      else this.#lead();
    };
    for (const peer of node.peers) {
      node.rpc(peer, {
        ...{ type: "RequestVote", term, isPreVote } as const,
        ...{ lastLogIndex: this.#lastIndex, lastLogTerm: this.#lastTerm },
      }, patient).then((reply) => {
        this.#see(reply.term);
        if (reply.voteGranted && this.#counts(peer, reply)) votes.add(peer);
        count();
      }).catch(() => {}); // no answer is no vote
    }
    count();
  }

  async #stand(term: number) {
    this.#see(term);
    this.#awaitLeader();
    const isKept = await this.#keep({ votedFor: this.node.id });
    if (isKept) this.#askForVotes(term, false);
  }

  /** Receiver of RequestVote. */
  async #requestVote(src: string, message: RaftMessages["RequestVote"]) {
    await this.#opened.promise;
    const { term, lastLogIndex, lastLogTerm, isPreVote } = message;
    if (!isPreVote) this.#see(term);
    const isUpToDate = lastLogTerm > this.#lastTerm ||
      lastLogTerm === this.#lastTerm && lastLogIndex >= this.#lastIndex;
    const isFree = isPreVote
      ? term > this.currentTerm && !this.#leads() &&
        this.#heardMs + loyalMs <= this.node.now()
      : term === this.currentTerm && (this.votedFor ?? src) === src;
    const voteGranted = this.isVoter && isUpToDate && isFree;
    if (voteGranted && !isPreVote) {
      this.#awaitLeader();
      this.#keep({ votedFor: src });
    }
    await this.#disk.sync();
    const { currentTerm, life, isVoter } = this;
    const type = "RequestVote_ok" as const;
    return { type, term: currentTerm, voteGranted, life, isVoter };
  }

  /** A later term ends the role in this one. */
  #see(term: number) {
    if (term <= this.currentTerm) return;
    this.#keep({ currentTerm: term, votedFor: null });
    this.#follow();
    this.#termEnd.abort(new RPCError(ErrorCode.crash, "the leader is lost"));
    this.#termEnd = new AbortController();
  }

  #follow(leader?: string) {
    this.#leader = leader;
    for (const { settle } of this.#reads.splice(0)) {
      settle(new RPCError(ErrorCode.abort, "there may be another leader"));
    }
  }

  #lead() {
    this.#leader = this.node.id;
    this.#awaitLeader();
    this.#ackedMs.clear();
    this.matchIndex.clear();
    for (const peer of this.node.peers) {
      this.nextIndex.set(peer, this.#lastIndex + 1);
    }
    this.#append(this.#lastIndex + 1, [{ term: this.currentTerm }]);
    this.#speakTo(this.node.peers);
  }

  #leads(term = this.currentTerm): boolean {
    return this.#leader === this.node.id && this.currentTerm === term;
  }

  /** The life of a node by the log, whether that's committed or not. */
  #lifeOf(id: string): number {
    const entries = this.#from(this.lastApplied + 1);
    const entry = entries.findLast(({ life }) => life?.[0] === id);
    return entry?.life?.[1] ?? this.#lives.get(id) ?? 0;
  }

  #counts(id: string, { life, isVoter }: Voter): boolean {
    return isVoter && life === this.#lifeOf(id);
  }

  // ---- The log

  get #lastIndex(): number {
    return this.#firstIndex + this.log.length - 1;
  }

  get #lastTerm(): number {
    return this.log.at(-1)!.term;
  }

  #from(index: number): Entry[] {
    return this.log.slice(index - this.#firstIndex);
  }

  #termAt(index: number): number | undefined {
    return this.log[index - this.#firstIndex]?.term;
  }

  /** Puts entries in the place of all from an index on. */
  #replace(from: number, entries: Entry[]) {
    for (const entry of this.log.splice(from - this.#firstIndex)) {
      this.#settle(entry, new RPCError(ErrorCode.crash, "it may be elsewhere"));
    }
    this.log.push(...entries);
  }

  #append(from: number, entries: Entry[]) {
    this.#replace(from, entries);
    this.#disk.append({ from, entries });
  }

  /** Speaks to as many as make a majority; if they don't answer, to all. */
  async #speakSoon() {
    if (this.#isGathering) return;
    this.#isGathering = true;
    await this.node.sleep(this.settings["gather-ms"]);
    this.#isGathering = false;
    if (!this.#leads()) return;
    const { currentTerm, node: { peers, nodeIds } } = this;
    const acked = (peer: string) => this.#ackedMs.get(peer) ?? 0;
    const best = peers.toSorted((a, b) => acked(b) - acked(a));
    this.#speakTo(best.slice(0, nodeIds.length >> 1));
    const spokenMs = this.#spokenMs;
    await this.node.sleep(heartbeatMs + this.#roundTripMs);
    const isLate = this.#quorum(this.#ackedMs, Infinity) < spokenMs;
    if (isLate && this.#leads(currentTerm)) this.#speakTo(peers);
  }

  async #speakTo(peers: readonly string[]) {
    // No two times are the same.
    this.#spokenMs = Math.max(this.node.now(), this.#spokenMs + 0.001);
    for (const peer of peers) this.#sendTo(peer);
    const [lastIndex, { currentTerm }] = [this.#lastIndex, this];
    if (!await this.#isKept() || !this.#leads(currentTerm)) return;
    this.matchIndex.set(this.node.id, lastIndex);
    this.#advance();
  }

  /** Sends a peer what it doesn't have, and isn't on its way. */
  #sendTo(peer: string) {
    const { node, currentTerm: term, commitIndex: leaderCommit } = this;
    if (this.nextIndex.get(peer)! <= this.#firstIndex) {
      const message = { type: "InstallSnapshot", term } as const;
      this.#await(
        peer,
        node.rpc(peer, { ...message, ...this.#snapshot() }, patient),
      );
      this.nextIndex.set(peer, this.lastApplied + 1);
    }
    const prevLogIndex = this.nextIndex.get(peer)! - 1;
    const prevLogTerm = this.#termAt(prevLogIndex)!;
    const entries = this.#from(prevLogIndex + 1).slice(0, maxEntries);
    this.nextIndex.set(peer, prevLogIndex + 1 + entries.length);
    this.#sentMs.set(peer, node.now());
    const message = { type: "AppendEntries", term, leaderCommit } as const;
    const log = { prevLogIndex, prevLogTerm, entries };
    this.#await(peer, node.rpc(peer, { ...message, ...log }, patient));
  }

  async #await(peer: string, answer: Promise<Appended>) {
    const [spokenMs, { currentTerm }] = [this.#spokenMs, this];
    const reply = await answer.catch(() => undefined);
    if (reply === undefined) return;
    this.#see(reply.term);
    if (!this.#leads(currentTerm)) return;
    const { success, index, life } = reply;
    if (this.#counts(peer, reply)) {
      const raise = (numbers: Map<string, number>, number: number) =>
        numbers.set(peer, Math.max(number, numbers.get(peer) ?? 0));
      raise(this.#ackedMs, spokenMs);
      if (success) raise(this.matchIndex, index);
      this.#advance();
    } else if (life > 0 && life !== this.#lifeOf(peer) && this.#isSettled) {
      const entry: Entry = { term: currentTerm, life: [peer, life] };
      this.#append(this.#lastIndex + 1, [entry]);
      this.#speakSoon();
    }
    if (success) return;
    this.nextIndex.set(peer, index + 1);
    this.#sendTo(peer);
  }

  /** A leader knows all that is committed once an entry of its own term is. */
  get #isSettled(): boolean {
    return this.#termAt(this.commitIndex) === this.currentTerm;
  }

  /** The greatest number that a majority has reached. */
  #quorum(numbers: Map<string, number>, own: number): number {
    const all = this.node.peers.map((peer) => numbers.get(peer) ?? 0);
    return [own, ...all].sort((a, b) => b - a)[all.length + 1 >> 1]!;
  }

  /** The leader commits what a majority has, and reads when one still follows. */
  #advance() {
    const own = this.matchIndex.get(this.node.id) ?? 0;
    const matched = this.#quorum(this.matchIndex, own);
    if (this.#termAt(matched) === this.currentTerm) this.#commit(matched);
    const ackedMs = this.#quorum(this.#ackedMs, Infinity);
    while (this.#isSettled && this.#reads[0] && this.#reads[0].ms < ackedMs) {
      const { settle, key } = this.#reads.shift()!;
      settle(this.#execute({ key }));
    }
  }

  /** Listens to a leader, unless it's an old one; answers when it's on the disk. */
  async #hear(
    leader: string,
    { term }: { term: number },
    take: () => number | undefined,
  ): Promise<Appended> {
    await this.#opened.promise;
    this.#see(term);
    let index: number | undefined;
    if (term === this.currentTerm) {
      this.#follow(leader);
      this.#heardMs = this.node.now();
      this.#awaitLeader();
      index = take();
    }
    await this.#disk.sync();
    const { currentTerm, commitIndex, life, isVoter } = this;
    const success = index !== undefined && term === currentTerm;
    // What is committed is the same on all.
    index ??= commitIndex;
    return { term: currentTerm, success, index, life, isVoter };
  }

  /** Receiver of AppendEntries. */
  #appendEntries(message: RaftMessages["AppendEntries"]): number | undefined {
    const { prevLogIndex, prevLogTerm, entries, leaderCommit } = message;
    // What a snapshot stands for is the same.
    const known = Math.max(0, this.#firstIndex - prevLogIndex);
    const isMatch = this.#termAt(prevLogIndex) === prevLogTerm;
    if (known === 0 && !isMatch) return undefined;
    const first = entries.findIndex(({ term }, i) =>
      i >= known && this.#termAt(prevLogIndex + 1 + i) !== term
    );
    if (first >= 0) {
      this.#append(prevLogIndex + 1 + first, entries.slice(first));
    }
    const last = prevLogIndex + entries.length;
    this.#commit(Math.min(leaderCommit, last));
    return last;
  }

  /** Receiver of InstallSnapshot. */
  #installSnapshot(snapshot: Snapshot): number {
    const { lastIncludedIndex } = snapshot;
    if (lastIncludedIndex > this.commitIndex) {
      this.#load(snapshot);
      this.#compact();
    }
    return lastIncludedIndex;
  }

  // ---- The state machine

  #commit(index: number) {
    this.commitIndex = Math.max(this.commitIndex, index);
    while (this.lastApplied < this.commitIndex) {
      const entry = this.log[++this.lastApplied - this.#firstIndex]!;
      if (entry.life) this.#letIn(...entry.life);
      if (entry.request) this.#settle(entry, this.#execute(entry.request));
    }
    if (this.lastApplied - this.#firstIndex > maxEntries) this.#compact();
  }

  #letIn(id: string, life: number) {
    this.#lives.set(id, life);
    const isUs = id === this.node.id && life === this.life;
    if (isUs) this.#keep({ isVoter: true });
  }

  #settle(entry: Entry, outcome: Outcome) {
    this.#changes.get(entry)?.(outcome);
    this.#changes.delete(entry);
  }

  #execute({ key, from, to }: Request): Outcome {
    const value = this.#store.get(key);
    if (value === undefined && (to === undefined || from !== undefined)) {
      return new RPCError(ErrorCode.keyDoesNotExist, `there is no key ${key}`);
    }
    if (from !== undefined && from !== value) {
      return new RPCError(ErrorCode.preconditionFailed, `${key} is ${value}`);
    }
    if (to !== undefined) this.#store.set(key, to);
    return value;
  }

  #snapshot(): Snapshot {
    const { lastApplied: lastIncludedIndex } = this;
    const lastIncludedTerm = this.#termAt(lastIncludedIndex)!;
    const [store, lives] = [[...this.#store], [...this.#lives]];
    return { lastIncludedIndex, lastIncludedTerm, store, lives };
  }

  #load({ lastIncludedIndex, lastIncludedTerm, store, lives }: Snapshot) {
    const isThere = this.#termAt(lastIncludedIndex) === lastIncludedTerm;
    const rest = isThere ? this.#from(lastIncludedIndex + 1) : [];
    this.#replace(this.#firstIndex, [{ term: lastIncludedTerm }, ...rest]);
    this.#firstIndex = this.commitIndex = this.lastApplied = lastIncludedIndex;
    this.#store = new Map(store);
    for (const each of lives) this.#letIn(...each);
  }

  /** Puts a snapshot in the place of the log; in memory, of its older half. */
  #compact() {
    const { currentTerm, votedFor, life, isVoter, lastApplied } = this;
    const half = Math.ceil((lastApplied - this.#firstIndex) / 2);
    this.log.splice(0, half);
    this.#firstIndex += half;
    const set = { currentTerm, votedFor, life, isVoter };
    const [from, snapshot] = [lastApplied + 1, this.#snapshot()];
    const kept = { set, snapshot, from, entries: this.#from(from) };
    this.#disk.replace(kept).catch(() => {}); // as the next sync will say
  }

  // ---- Clients

  /** Has a request carried out by the leader. */
  async ask(request: Request): Promise<Value | undefined> {
    const { node, settings } = this;
    const untilMs = node.now() + maxWaitMs;
    const isLocal = request.to === undefined && settings.reads === "local";
    while (this.#leader === undefined && !isLocal) {
      if (node.now() < untilMs) await node.sleep(10);
      else throw new RPCError(ErrorCode.temporarilyUnavailable, "no leader");
    }
    if (this.#leads() || isLocal) return await this.#carryOut(request);
    const forward = {
      type: "Forward",
      term: this.currentTerm,
      request,
    } as const;
    const options = { ...insist, signal: this.#termEnd.signal };
    return (await node.rpc(this.#leader!, forward, options)).value;
  }

  /** The leader carries out a request. */
  #carryOut(request: Request): Promise<Value | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome) =>
        outcome instanceof RPCError ? reject(outcome) : resolve(outcome);
      const { key, to } = request;
      if (to === undefined && this.#mayRead) {
        return settle(this.#execute({ key }));
      }
      if (to === undefined) {
        this.#reads.push({ key, ms: this.#spokenMs, settle });
      } else {
        const entry = { term: this.currentTerm, request };
        this.#changes.set(entry, settle);
        this.#append(this.#lastIndex + 1, [entry]);
      }
      this.#speakSoon();
    });
  }

  /** True if there's no need to ask whether a majority still follows. */
  get #mayRead(): boolean {
    const leaseMs = this.#quorum(this.#ackedMs, Infinity) + loyalMs;
    const { reads } = this.settings;
    return reads === "local" ||
      reads === "lease" && this.#isSettled && this.node.now() < leaseMs;
  }

  /** A leader speaks to those who haven't heard from it for long. */
  #beat() {
    if (!this.#leads()) return;
    const sinceMs = this.node.now() - heartbeatMs;
    const isDue = (peer: string) => this.#sentMs.get(peer)! <= sinceMs;
    this.#speakTo(this.node.peers.filter(isDue));
  }
}

if (import.meta.main) await serve(linKV);
