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
 * - Elections: a node stands when a majority would vote for it, which nobody does who
 *   hears a leader (*pre-vote*, Ongaro's thesis, 9.6): so who was cut off disturbs
 *   nobody. A leader that no majority answers makes room (6.2).
 * - Messages: what comes within `--gather-ms` is sent in one, while earlier ones are
 *   on their way; to just so many as make a majority. The others get it with the next
 *   heartbeat.
 * - Reads go past the log. The leader holds them until a majority has answered what
 *   it has sent since: so nobody else led when they came (*read index*, 6.4).
 *   `--reads lease` trusts for a while in that nobody votes for another; a clock that
 *   jumps makes two leaders, one of which shows the past. `--reads local`, the naive
 *   answer, shows what a node happens to have: that is old as a rule.
 *
 * **If a node dies,** with `--data-dir` it has on its disk what it has promised: its
 * vote, and its log. Without, it doesn't know any more, and mustn't vote as if it did.
 * So its new life is another node: it learns, and counts for nothing, until an entry
 * of the log lets it in, which a majority of the others has (a change of members:
 * thesis, 4.1). Only as long as there was no leader, as all others say, is there
 * nothing to remember but votes, in terms that they know.
 *
 * What can't be had: an answer where no majority is connected; a bound on how long an
 * election takes (Fischer, Lynch, Paterson, 1985: that's why times are random); and,
 * without a disk, what a majority has forgotten: then nobody answers any more; if all
 * have forgotten, it begins anew, with nothing.
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

// Times in ms.
const electionMs = 300; // without a leader, until a node stands; at most twice that
const heartbeatMs = 100; // until a leader speaks to who hasn't heard from it
const loyalMs = 200; // for which nobody votes who has heard from a leader
const tickMs = 10; // from one look at the clock to the next
const maxWaitMs = 900; // for a leader, of a request: clients wait a bit longer
const silenceMs = 100; // at first: Maelstrom has to have started the others
const maxInitMs = 2000; // for which a node without memory holds up init, at most

/** A forwarded request is sent again until it's answered. */
const insist = { resendMs: 500, timeoutMs: 10_000 };

/** The number of entries that stay, for who lags, when a snapshot stands for them. */
const maxEntries = 1000;

const choices = {
  /** For how long a read trusts that a majority still follows, in ms. */
  reads: { index: 0, lease: loyalMs, local: Infinity },
  "gather-ms": { default: 20, least: 0, most: 1000 },
  "data-dir": { default: "" },
};

/** A key, or its value. */
type Value = string | number;

/** A write; with `from`, a cas; without `to`, a read. */
type Request = { key: Value; from?: Value; to?: Value };

/** An entry of the log: a change, a life of a node that is let in, or nothing. */
type Entry = { term: number; request?: Request; letIn?: number };

/** The end of a log. */
type Last = { lastLogIndex: number; lastLogTerm: number };

/** All keys with their values: the state of the state machine. */
type Snapshot = [Value, Value][];

/** The paper's messages (candidateId and leaderId are their senders), and two more. */
interface RaftMessages extends LinKVMessages {
  RequestVote: Last & { term: number; isPreVote: boolean };
  RequestVote_ok: { term: number; voteGranted: boolean };
  AppendEntries: {
    term: number;
    prevLogIndex: number;
    prevLogTerm: number;
    snapshot?: Snapshot; // the state after that entry: InstallSnapshot, figure 13
    entries: Entry[];
    leaderCommit: number;
  };
  AppendEntries_ok: {
    term: number;
    success: boolean;
    matchIndex: number; // up to there the log is the leader's
    learner?: number; // the life of a node that doesn't count
  };
  Greet: object;
  Greet_ok: Last & { term: number };
  Forward: { term: number; request: Request };
  Forward_ok: { value?: Value };
}

/** The leader's state of a node. */
interface Follower {
  nextIndex: number;
  matchIndex: number;
  sentMs: number; // when it was last sent something
  ackedMs: number; // when it was sent the last that it has answered
}

/** A record on the disk: variables; the log from an entry on; the state after that. */
type Kept = Partial<Pick<Raft, "currentTerm" | "votedFor" | "isVoter">> & {
  from?: number;
  entries?: Entry[];
  snapshot?: Snapshot;
};

/** A linearizable store. */
export function linKV(node: Node<RaftMessages>, args: string[] = []) {
  const raft = new Raft(node, readArguments(args, choices));
  node.on("read", async ({ body: { key } }) => {
    return { type: "read_ok", value: await raft.ask({ key }) as number };
  });
  node.on("write", async ({ body: { key, value: to } }) => {
    await raft.ask({ key, to });
    return { type: "write_ok" };
  });
  node.on("cas", async ({ body: { key, from, to } }) => {
    await raft.ask({ key, from, to });
    return { type: "cas_ok" };
  });
}

/** A server, as the paper's figure 2 describes it. */
class Raft {
  // Persistent state.
  currentTerm = 0;
  votedFor: string | null = null;
  log: Entry[] = [{ term: 0 }]; // with nothing where a snapshot stands for it
  isVoter: boolean | undefined; // unknown at first

  // Volatile state.
  commitIndex = 0;
  lastApplied = 0;
  #store = new Map<Value, Value>();
  #outcomes = new WeakMap<Entry, Promise<Value | undefined>>();
  #leader: string | undefined;
  #heardMs = 0; // when a leader spoke last
  #sinceMs = Infinity; // when this one began to wait for a leader
  #askedMs = Infinity; // when it began, or asked for votes last
  #patienceMs = electionMs; // more where messages take long
  #turn = 1; // the times of that that it waits: drawn anew
  #life = 0; // drawn anew in each

  // Volatile state on leaders.
  #followers = new Map<string, Follower>();
  #isGathering = false;
  #answers = new Map<string, Promise<Value | undefined>>();

  #disk!: Disk<Kept, Kept>;
  #reign = new AbortController(); // ends when the leader isn't any more
  #news = Promise.withResolvers<void>(); // settles when something has changed

  constructor(
    private node: Node<RaftMessages>,
    private settings: Chosen<typeof choices>,
  ) {
    node.onInit(() => this.#begin());
    node.on("RequestVote", async ({ src, body }) => {
      const voteGranted = this.#requestVote(src, body);
      await this.#sync();
      return { type: "RequestVote_ok", term: this.currentTerm, voteGranted };
    });
    node.on("AppendEntries", async ({ src, body }) => {
      const success = this.#appendEntries(src, body);
      const last = body.prevLogIndex + body.entries.length;
      // What is committed is the same on all.
      const matchIndex = success ? last : this.commitIndex;
      const learner = this.isVoter ? undefined : this.#life;
      await this.#sync();
      const type = "AppendEntries_ok";
      return { type, term: this.currentTerm, success, matchIndex, learner };
    });
    node.on("Greet", async () => {
      await this.#until(() => this.#disk !== undefined);
      return { type: "Greet_ok", term: this.currentTerm, ...this.#last };
    }, { early: true });
    node.on("Forward", async ({ src, body: { msg_id, term, request } }) => {
      const id = `${src}/${msg_id}`;
      if (!this.#answers.has(id)) {
        // Not definite: an earlier copy may have been carried out.
        if (!this.#leads(term)) throw new RPCError(ErrorCode.crash, "too late");
        this.#answers.set(id, this.#carryOut(request));
        node.sleep(2 * insist.timeoutMs).then(() => this.#answers.delete(id));
      }
      return { type: "Forward_ok", value: await this.#answers.get(id) };
    });
  }

  // ---- RequestVote RPC: receiver implementation

  #requestVote(src: string, message: RaftMessages["RequestVote"]): boolean {
    const { term, lastLogIndex, lastLogTerm, isPreVote } = message;
    if (!isPreVote) this.#see(term);
    const isFree = isPreVote
      ? term > this.currentTerm && !this.#leads()
      : term === this.currentTerm && (this.votedFor ?? src) === src;
    const isLoyal = this.node.now() < this.#heardMs + loyalMs;
    const own = this.#last;
    const isUpToDate = lastLogTerm > own.lastLogTerm ||
      lastLogTerm === own.lastLogTerm && lastLogIndex >= own.lastLogIndex;
    if (!this.isVoter || !isFree || isLoyal || !isUpToDate) return false;
    if (isPreVote) return true;
    this.#keep({ votedFor: src });
    this.#awaitLeader();
    return true;
  }

  // ---- AppendEntries RPC: receiver implementation

  #appendEntries(src: string, message: RaftMessages["AppendEntries"]): boolean {
    const { term, prevLogIndex, prevLogTerm, snapshot, entries } = message;
    this.#see(term);
    if (term < this.currentTerm) return false; // 1.
    this.#follow(src);
    this.#heardMs = this.node.now();
    this.#awaitLeader();
    const isMatch = prevLogIndex <= this.commitIndex ||
      this.log[prevLogIndex]?.term === prevLogTerm;
    if (!isMatch && !snapshot) return false; // 2.
    if (!isMatch) {
      const last = { term: prevLogTerm };
      this.#keep({ snapshot, from: prevLogIndex, entries: [last] });
    }
    const start = prevLogIndex + 1;
    const first = entries.findIndex((entry, i) =>
      start + i > this.commitIndex && this.log[start + i]?.term !== entry.term
    );
    if (first >= 0) { // 3., 4.
      this.#keep({ from: start + first, entries: entries.slice(first) });
    }
    const last = prevLogIndex + entries.length;
    this.#commit(Math.min(message.leaderCommit, last)); // 5.
    return true;
  }

  // ---- Rules for all servers

  /** A later term makes a follower of every server. */
  #see(term: number) {
    if (term <= this.currentTerm) return;
    this.#endTerm({ currentTerm: term, votedFor: null });
    this.#follow(undefined);
  }

  #endTerm(next: Kept) {
    this.#keep(next);
    this.#reign.abort(new RPCError(ErrorCode.crash, "the leader is lost"));
    this.#reign = new AbortController();
  }

  #follow(leader: string | undefined) {
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#followers.clear();
  }

  /** Applies what is committed. */
  #commit(index: number) {
    this.commitIndex = Math.max(this.commitIndex, index);
    while (this.lastApplied < this.commitIndex) {
      const entry = this.log[++this.lastApplied]!;
      if (entry.request) {
        const outcome = this.#execute(entry.request);
        outcome.catch(() => {}); // it matters only where a client waits
        this.#outcomes.set(entry, outcome);
      }
      if (entry.letIn === this.#life) this.#keep({ isVoter: true });
      if (this.lastApplied % maxEntries === 0) this.#compact();
    }
  }

  // ---- Rules for followers and candidates

  #tick() {
    const { node } = this;
    const nowMs = node.now();
    if (this.#leads()) {
      for (const [id, { sentMs }] of this.#followers) {
        if (sentMs + heartbeatMs <= nowMs) this.#sendTo(id);
      }
      const isAlone = this.#quorum("ackedMs") + this.#patienceMs < nowMs;
      if (isAlone) this.#follow(undefined);
    } else if (nowMs >= this.#askedMs + electionMs * this.#turn) {
      this.#follow(undefined);
      if (this.isVoter) this.#stand(true);
    }
    this.#tell();
  }

  /** Waits for a leader anew: for a random time, so that somebody stands first. */
  #awaitLeader(part = 1) {
    this.#sinceMs = this.#askedMs = this.node.now();
    this.#turn = part * (1 + this.node.random());
  }

  /** Asks for votes; first, whether there would be any (pre-vote). */
  async #stand(isPreVote: boolean) {
    const { node } = this;
    const term = this.currentTerm + 1;
    if (!isPreVote) {
      this.#endTerm({ currentTerm: term, votedFor: node.id });
      this.#awaitLeader();
    }
    const { currentTerm } = this;
    await this.#sync();
    const startMs = this.#askedMs = node.now();
    const isOver = () => this.currentTerm !== currentTerm || this.#leader;
    let votes = 0;
    const count = () => {
      if (++votes !== (node.nodeIds.length >> 1) + 1) return;
      const dueMs = this.#sinceMs + this.#patienceMs * this.#turn;
      if (!isPreVote) this.#lead();
      else if (node.now() >= dueMs) this.#stand(false);
    };
    if (!isOver()) count();
    const ballot = { term, ...this.#last, isPreVote };
    for (const peer of node.peers) {
      node.rpc(peer, { type: "RequestVote", ...ballot }).then((reply) => {
        this.#see(reply.term);
        if (isOver()) return;
        this.#patienceMs = electionMs + 2 * (node.now() - startMs);
        if (reply.voteGranted) count();
      }, () => {}); // no answer is no vote
    }
  }

  // ---- Rules for leaders

  #lead() {
    const { node } = this;
    this.#follow(node.id);
    const initial = { nextIndex: this.log.length, matchIndex: 0 };
    for (const peer of node.peers) {
      this.#followers.set(peer, { ...initial, sentMs: 0, ackedMs: node.now() });
    }
    const own = { ...initial, sentMs: Infinity, ackedMs: Infinity };
    this.#followers.set(node.id, own);
    this.#append({ term: this.currentTerm });
  }

  #leads(term = this.currentTerm): boolean {
    return this.#leader === this.node.id && this.currentTerm === term;
  }

  /** An entry is the leader's own, like another's, when it's on the disk. */
  async #append(entry: Entry) {
    const index = this.log.length;
    const own = this.#followers.get(this.node.id)!;
    this.#keep({ from: index, entries: [entry] });
    this.#speakSoon();
    await this.#sync();
    own.matchIndex = index;
    this.#advance();
  }

  /** Gathers what comes within a moment, and speaks to as many as make a majority. */
  async #speakSoon() {
    const { node } = this;
    if (this.#isGathering) return;
    this.#isGathering = true;
    await node.sleep(this.settings["gather-ms"]);
    this.#isGathering = false;
    if (!this.#leads()) return;
    const ackedMs = (id: string) => this.#followers.get(id)!.ackedMs;
    const best = node.peers.toSorted((a, b) => ackedMs(b) - ackedMs(a));
    for (const peer of best.slice(0, node.nodeIds.length >> 1)) {
      this.#sendTo(peer);
    }
  }

  /** Sends a peer what it doesn't have, and isn't on its way. */
  async #sendTo(peer: string) {
    const { currentTerm: term, commitIndex: leaderCommit } = this;
    const follower = this.#followers.get(peer)!;
    const isGone = this.log[follower.nextIndex - 1] === undefined;
    const prevLogIndex = isGone ? this.lastApplied : follower.nextIndex - 1;
    const prevLogTerm = this.log[prevLogIndex]!.term;
    const entries = this.log.slice(prevLogIndex + 1);
    const snapshot = isGone ? [...this.#store] : undefined;
    const sentMs = follower.sentMs = this.node.now();
    follower.nextIndex = this.log.length;
    const log = { prevLogIndex, prevLogTerm, snapshot, entries, leaderCommit };
    const message = { type: "AppendEntries", term, ...log } as const;
    const reply = await this.node.rpc(peer, message).catch(() => undefined);
    if (reply) this.#see(reply.term);
    if (!reply || this.#followers.get(peer) !== follower) return;
    if (reply.learner !== undefined) {
      const open = this.log.slice(this.commitIndex + 1);
      const isOnItsWay = open.some(({ letIn }) => letIn === reply.learner);
      if (!isOnItsWay) this.#append({ term, letIn: reply.learner });
    } else {
      follower.ackedMs = Math.max(follower.ackedMs, sentMs);
      follower.matchIndex = Math.max(follower.matchIndex, reply.matchIndex);
      this.#advance();
    }
    if (reply.success) return;
    follower.nextIndex = reply.matchIndex + 1;
    this.#sendTo(peer);
  }

  /** The most that a majority has reached. */
  #quorum(reached: "matchIndex" | "ackedMs"): number {
    const all = [...this.#followers.values()].map((each) => each[reached]);
    return all.sort((a, b) => b - a)[all.length >> 1]!;
  }

  /** Commits what a majority has, if it's of this term: all before it is, too. */
  #advance() {
    const matched = this.#quorum("matchIndex");
    if (this.log[matched]?.term === this.currentTerm) this.#commit(matched);
    this.#tell();
  }

  // ---- Clients

  /** Has a request carried out by the leader. */
  async ask(request: Request): Promise<Value | undefined> {
    const { node, settings } = this;
    const types = Object.values(request).map((each) => typeof each);
    const fits = types.every((each) => each === "number" || each === "string");
    demand(fits, "keys and values are numbers or strings");
    const isLocal = request.to === undefined && settings.reads === Infinity;
    if (isLocal) return await this.#execute(request);
    const untilMs = node.now() + maxWaitMs;
    await this.#until(() => !!this.#leader || node.now() >= untilMs);
    if (this.#leads()) return await this.#carryOut(request);
    if (!this.#leader) {
      throw new RPCError(ErrorCode.temporarilyUnavailable, "no leader");
    }
    const term = this.currentTerm;
    const forward = { type: "Forward", term, request } as const;
    const options = { ...insist, signal: this.#reign.signal };
    return (await node.rpc(this.#leader, forward, options)).value;
  }

  /** The leader reads when a majority still follows; it writes into the log. */
  async #carryOut(request: Request): Promise<Value | undefined> {
    const { currentTerm: term } = this;
    if (request.to === undefined) {
      const sinceMs = this.node.now() - this.settings.reads;
      // It knows all that is committed once an entry of its own term is.
      const isSettled = () => this.log[this.commitIndex]!.term === term;
      const mayRead = () => isSettled() && this.#quorum("ackedMs") >= sinceMs;
      if (!mayRead()) this.#speakSoon();
      await this.#until(() => !this.#leads(term) || mayRead());
      if (this.#leads(term)) return await this.#execute(request);
      throw new RPCError(ErrorCode.abort, "there may be another leader");
    }
    const [index, entry] = [this.log.length, { term, request }];
    this.#append(entry);
    const isGone = () => this.log[index] !== entry;
    await this.#until(() => this.lastApplied >= index || isGone());
    const outcome = this.#outcomes.get(entry);
    if (outcome) return await outcome;
    throw new RPCError(ErrorCode.crash, "it may be elsewhere");
  }

  // deno-lint-ignore require-await -- an error is an outcome
  async #execute({ key, from, to }: Request): Promise<Value | undefined> {
    const value = this.#store.get(key);
    if (value === undefined && (to === undefined || from !== undefined)) {
      throw new RPCError(ErrorCode.keyDoesNotExist, `there is no key ${key}`);
    }
    if (from !== undefined && from !== value) {
      throw new RPCError(ErrorCode.preconditionFailed, `${key} is ${value}`);
    }
    if (to !== undefined) this.#store.set(key, to);
    return value;
  }

  /** Waits until something holds. */
  async #until(holds: () => boolean) {
    while (!holds()) await this.#news.promise;
  }

  #tell() {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  // ---- The disk, and the beginning

  async #begin() {
    const { node } = this;
    this.#disk = await node.openDisk<Kept, Kept>(this.settings["data-dir"]);
    const { snapshot = {}, records } = this.#disk;
    for (const kept of [snapshot, ...records]) this.#take(kept);
    this.#life = Math.floor(node.random() * 2 ** 48);
    this.#heardMs = node.now(); // it may have been loyal
    node.every(tickMs, () => this.#tick());
    if (this.isVoter === undefined) {
      await Promise.race([this.#greetAll(), node.sleep(maxInitMs)]);
    }
    this.#awaitLeader(node.id === node.nodeIds[0] ? 0.5 : 1);
  }

  /**
   * Asks whether there has been a leader. If so, an earlier life may have had entries,
   * and nobody can tell us which. If not, it may have voted, in a term known by now.
   */
  async #greetAll() {
    const { node } = this;
    await node.sleep(silenceMs);
    const options = { resendMs: silenceMs, timeoutMs: Infinity };
    const leaders = node.peers.map(async (peer) => {
      const reply = await node.rpc(peer, { type: "Greet" }, options);
      this.#see(reply.term);
      if (reply.lastLogIndex === 0) throw new Error("There was none.");
    });
    const isVoter = await Promise.any(leaders).then(() => false, () => true);
    this.#keep({ isVoter, votedFor: node.id });
    await this.#sync();
  }

  /** Changes what is persistent: on the disk it is after the next sync. */
  #keep(kept: Kept) {
    this.#take(kept);
    this.#disk.append(kept);
  }

  #take({ snapshot, from, entries, ...variables }: Kept) {
    Object.assign(this, variables);
    if (snapshot) {
      this.log = [];
      this.#store = new Map(snapshot);
      this.commitIndex = this.lastApplied = from!;
    }
    if (entries) {
      this.log.length = from!;
      this.log.push(...entries);
    }
  }

  /** Waits until all is on the disk; if that fails, for ever: so it promises nothing. */
  #sync(): Promise<void> {
    return this.#disk.sync().catch(() => new Promise(() => {}));
  }

  /** Has a snapshot stand for all that is applied. */
  #compact() {
    const { currentTerm, votedFor, isVoter, lastApplied: from } = this;
    for (let i = from - maxEntries; i in this.log; i--) delete this.log[i];
    const [snapshot, entries] = [[...this.#store], this.log.slice(from)];
    const kept = { currentTerm, votedFor, isVoter, from, entries, snapshot };
    this.#disk.replace(kept).catch(() => {}); // as the next sync will say
  }

  get #last(): Last {
    const lastLogIndex = this.log.length - 1;
    return { lastLogIndex, lastLogTerm: this.log[lastLogIndex]!.term };
  }
}

if (import.meta.main) await serve(linKV);
