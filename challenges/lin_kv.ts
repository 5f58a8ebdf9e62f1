#!/usr/bin/env -S deno run
/**
 * # 9. Linearizable store
 *
 * Keys with `read`, `write` and `cas`, on several nodes, as if there were one copy:
 * whatever has ended, each later operation sees (Herlihy, Wing: *Linearizability*,
 * 1990). So the nodes have to agree on one order of all changes: consensus.
 *
 * This is **Raft** (Ongaro, Ousterhout: *In Search of an Understandable Consensus
 * Algorithm*, 2014), in the order and with the names of the paper's figure 2, to be
 * read beside it. Ongaro's thesis (2014) has what the figure lacks:
 *
 * - A node stands only if a majority would vote for it, which nobody does who hears a
 *   leader (*pre-vote*, 9.6): so who was cut off disturbs nobody. A leader that no
 *   majority answers makes room (6.2).
 * - What comes within `--gather-ms` is sent at once, to just so many as make a
 *   majority, while earlier messages are on their way (10.2).
 * - Reads go past the log. The leader holds them until a majority has answered what
 *   it has sent since: so nobody else led when they came (*read index*, 6.4).
 *   `--reads lease` doesn't ask for a while, in which nobody votes for another: a clock
 *   that jumps makes two leaders. `--reads local`, the naive answer, shows what is old.
 * - Who dies without a disk (`--data-dir`) doesn't know what it has promised, and
 *   comes back as another node: it learns, and counts for nothing, until an entry of
 *   the log lets it in (4.1).
 *
 * What can't be had: an answer where no majority is connected; a bound on how long an
 * election takes (Fischer, Lynch, Paterson, 1985: that's why times are random); and,
 * without a disk, what a majority has forgotten.
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
const insist = { resendMs: 500, timeoutMs: 10_000 }; // on an answer from the leader

/** The number of entries that stay, for who lags, when a snapshot stands for them. */
const maxEntries = 1000;

const choices = {
  reads: { index: 0, lease: loyalMs, local: Infinity }, // trust in a majority, in ms
  "gather-ms": { default: 20, least: 0, most: 1000 },
  "data-dir": { default: "" },
};

type Value = string | number; // or a key
type Snapshot = [key: Value, value: Value][]; // the state of the state machine
type Last = { lastLogIndex: number; lastLogTerm: number }; // the end of a log
type Outcome = Promise<Value | undefined>;

/** A write; with `from`, a cas; without `to`, a read. */
type Request = { key: Value; from?: Value; to?: Value };

/** An entry of the log: a change, a life of a node that is let in, or nothing. */
type Entry = { term: number; request?: Request; letIn?: number };

/** The paper's messages (candidateId and leaderId are their senders), and two more. */
interface RaftMessages extends LinKVMessages {
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
  RequestVote: Last & { term: number; isPreVote: boolean };
  RequestVote_ok: { term: number; voteGranted: boolean };
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
type Kept = Partial<
  & Pick<Raft, "currentTerm" | "votedFor" | "isVoter">
  & { from: number; entries: Entry[]; snapshot: Snapshot }
>;

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
  // Persistent state on all servers
  currentTerm = 0;
  votedFor: string | null = null;
  log: Entry[] = [{ term: 0 }]; // with nothing where a snapshot stands for it
  isVoter: boolean | undefined; // unknown at first
  #disk: Disk<Kept, Kept> | undefined;

  // Volatile state on all servers
  commitIndex = 0;
  lastApplied = 0;
  #store = new Map<Value, Value>(); // the state machine
  #outcomes = new WeakMap<Entry, Outcome>(); // of what is applied
  #leader: string | undefined;
  #reign = new AbortController(); // ends with the term
  #heardMs = 0; // when a leader spoke last
  #sinceMs = Infinity; // when this one began to wait for a leader
  #askedMs = Infinity; // when it began, or asked for votes last
  #patienceMs = electionMs; // more where messages take long
  #turn = 1; // the times of that that it waits: drawn anew
  #life = 0; // drawn anew in each
  #waiting: ((_?: unknown) => void)[] = []; // for whatever changes

  // Volatile state on leaders
  #followers = new Map<string, Follower>(); // with the leader itself; else empty
  #isGathering = false;
  #answers = new Map<string, Outcome>(); // to forwarded requests

  constructor(
    private node: Node<RaftMessages>,
    private settings: Chosen<typeof choices>,
  ) {
    node.onInit(() => this.#begin());
    node.on("AppendEntries", async ({ src, body }) => {
      const success = this.#appendEntries(src, body);
      const last = body.prevLogIndex + body.entries.length;
      const matchIndex = success ? last : this.commitIndex; // the same on all
      const learner = this.isVoter ? undefined : this.#life;
      await this.#sync();
      const type = "AppendEntries_ok";
      return { type, term: this.currentTerm, success, matchIndex, learner };
    });
    node.on("RequestVote", async ({ src, body }) => {
      const voteGranted = this.#requestVote(src, body);
      await this.#sync();
      return { type: "RequestVote_ok", term: this.currentTerm, voteGranted };
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
    const prev = { term: prevLogTerm };
    if (!isMatch) this.#keep({ snapshot, from: prevLogIndex, entries: [prev] });
    const start = prevLogIndex + 1;
    const first = entries.findIndex(({ term }, i) =>
      start + i > this.commitIndex && this.log[start + i]?.term !== term
    );
    if (first >= 0) { // 3., 4.
      this.#keep({ from: start + first, entries: entries.slice(first) });
    }
    const last = prevLogIndex + entries.length;
    this.#commit(Math.min(message.leaderCommit, last)); // 5.
    return true;
  }

  // ---- RequestVote RPC: receiver implementation
  #requestVote(src: string, message: RaftMessages["RequestVote"]): boolean {
    const { term, lastLogIndex, lastLogTerm, isPreVote } = message;
    if (!isPreVote) this.#see(term);
    const isFree = isPreVote
      ? term > this.currentTerm && !this.#leads()
      : term === this.currentTerm && (this.votedFor ?? src) === src; // 1., 2.
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

  get #last(): Last {
    const lastLogIndex = this.log.length - 1;
    return { lastLogIndex, lastLogTerm: this.log[lastLogIndex]!.term };
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

  #commit(index: number) {
    this.commitIndex = Math.max(this.commitIndex, index);
    while (this.lastApplied < this.commitIndex) {
      const entry = this.log[++this.lastApplied]!;
      const outcome = entry.request && this.#execute(entry.request);
      outcome?.catch(() => {}); // it matters only where a client waits
      if (outcome) this.#outcomes.set(entry, outcome);
      if (entry.letIn === this.#life) this.#keep({ isVoter: true });
      if (this.lastApplied % maxEntries === 0) this.#compact();
    }
  }

  // ---- Rules for followers and candidates
  #tick() {
    const nowMs = this.node.now();
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
  #leads(term = this.currentTerm): boolean {
    return this.#leader === this.node.id && this.currentTerm === term;
  }

  #lead() {
    const { node } = this;
    this.#follow(node.id);
    const initial = { nextIndex: this.log.length, matchIndex: 0, sentMs: 0 };
    for (const peer of node.peers) {
      this.#followers.set(peer, { ...initial, ackedMs: node.now() });
    }
    const own = { ...initial, sentMs: Infinity, ackedMs: Infinity };
    this.#followers.set(node.id, own);
    this.#append({ term: this.currentTerm });
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
    if (this.#isGathering) return;
    this.#isGathering = true;
    await this.node.sleep(this.settings["gather-ms"]);
    this.#isGathering = false;
    const all = [...this.#followers];
    all.sort(([, a], [, b]) => b.ackedMs - a.ackedMs); // itself is the first
    const best = all.slice(1, (all.length >> 1) + 1);
    for (const [peer] of best) this.#sendTo(peer);
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
    const { success, matchIndex, learner } = reply;
    if (learner === undefined) {
      follower.ackedMs = Math.max(follower.ackedMs, sentMs);
      follower.matchIndex = Math.max(follower.matchIndex, matchIndex);
      this.#advance();
    } else {
      const open = this.log.slice(this.commitIndex + 1);
      const isUnderWay = open.some(({ letIn }) => letIn === learner);
      if (!isUnderWay) this.#append({ term, letIn: learner });
    }
    if (success) return;
    follower.nextIndex = matchIndex + 1;
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
  async ask(request: Request): Outcome {
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
    const call = { type: "Forward", term: this.currentTerm, request } as const;
    const options = { ...insist, signal: this.#reign.signal };
    return (await node.rpc(this.#leader, call, options)).value;
  }

  /** The leader reads when a majority still follows; it writes into the log. */
  async #carryOut(request: Request): Outcome {
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
    await this.#until(() => this.#outcomes.has(entry) || isGone());
    const outcome = this.#outcomes.get(entry);
    if (outcome) return await outcome;
    throw new RPCError(ErrorCode.crash, "it may be elsewhere");
  }

  // deno-lint-ignore require-await -- an error is an outcome
  async #execute({ key, from, to }: Request): Outcome {
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

  /** Waits until something holds: looks again with each tick, and each answer. */
  async #until(holds: () => boolean) {
    while (!holds()) await new Promise((wake) => this.#waiting.push(wake));
  }

  #tell() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  // ---- The disk, and the beginning
  async #begin() {
    const { node } = this;
    const disk = await node.openDisk<Kept, Kept>(this.settings["data-dir"]);
    for (const kept of [disk.snapshot ?? {}, ...disk.records]) this.#keep(kept);
    this.#disk = disk;
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
   * and nobody can tell us which. If not, as all say, there's nothing to remember but
   * votes, in terms that are known by now; if all have forgotten, we begin anew.
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
    const { snapshot, from = this.log.length, entries = [], ...others } = kept;
    Object.assign(this, others);
    if (snapshot) {
      this.log = [];
      this.#store = new Map(snapshot);
      this.commitIndex = this.lastApplied = from;
    }
    this.log.length = from;
    this.log.push(...entries);
    this.#disk?.append(kept); // it's absent while it's read
  }

  /** Waits until all is on the disk; if that fails, for ever: so it promises nothing. */
  #sync(): Promise<void> {
    return this.#disk!.sync().catch(() => new Promise(() => {}));
  }

  /** Has a snapshot stand for all that is applied. */
  #compact() {
    const { currentTerm, votedFor, isVoter, lastApplied: from } = this;
    for (let i = from - maxEntries; i in this.log; i--) delete this.log[i];
    const [snapshot, entries] = [[...this.#store], this.log.slice(from)];
    const kept = { currentTerm, votedFor, isVoter, from, entries, snapshot };
    this.#disk!.replace(kept).catch(() => {}); // as the next sync will say
  }
}

if (import.meta.main) await serve(linKV);
