/**
 * The rules of the Raft paper's figure 2, one by one: a node is told what two others,
 * who are dead, would have said, and must answer as the figure says.
 *
 * @module
 */
import type { AnyMessages, App, OpenBody } from "../../lib/mod.ts";
import { Cluster } from "../cluster.ts";

/** A node that has heard from a leader votes for nobody for so long. */
const loyalMs = 200;

/** A node in the hands of two forged ones. */
class Interrogation {
  #lastNumber = 0;

  private constructor(readonly cluster: Cluster) {}

  /**
   * Starts three nodes, whose leader has begun with an entry; two die, and the third
   * is no longer loyal to either.
   */
  static async start(
    app: App<AnyMessages>,
    args: string[],
  ): Promise<Interrogation> {
    const lazyfs = ["clear-cache"] as const;
    const cluster = await Cluster.start(3, app, { args, lazyfs });
    await cluster.wait(2000);
    await cluster.kill("n1", "n2");
    await cluster.wait(loyalMs);
    return new Interrogation(cluster);
  }

  /** Says something to n0 as another node, and returns the answer as it's sent. */
  async say(src: string, body: object): Promise<OpenBody | undefined> {
    const { network } = this.cluster;
    const msg_id = 1e9 + ++this.#lastNumber;
    const message = { src, dest: "n0", body: { ...body, msg_id } };
    network.send(src, "n0", JSON.stringify(message));
    for (let i = 0; i < 100; i++) {
      await this.cluster.wait(0.1);
      const answer = network.journal.findLast(({ src, line }) =>
        src === "n0" && line.includes(`"in_reply_to":${msg_id}`)
      );
      if (answer) return JSON.parse(answer.line).body;
    }
  }

  /** Answers the last request of a type that n0 has sent to another node. */
  answer(src: string, type: string, body: object) {
    const { network } = this.cluster;
    const { msg_id: in_reply_to } = this.sent(type, src)!;
    const reply = { type: `${type}_ok`, ...body, in_reply_to };
    const message = { src, dest: "n0", body: reply };
    network.send(src, "n0", JSON.stringify(message));
  }

  /** Returns the last message of a type that n0 has sent to another node. */
  sent(type: string, dest: string): OpenBody | undefined {
    const { journal } = this.cluster.network;
    const message = journal.findLast((each) =>
      each.src === "n0" && each.dest === dest && !each.cut &&
      each.line.includes(`"type":"${type}"`)
    );
    return message && JSON.parse(message.line).body;
  }

  async vote(
    src: string,
    term: number,
    lastLogIndex = 99,
    lastLogTerm = term - 1,
  ) {
    const log = { lastLogIndex, lastLogTerm, isPreVote: false };
    return await this.say(src, { type: "RequestVote", term, ...log });
  }

  async append(src: string, term: number, prev: [number, number], {
    entries = [] as object[],
    leaderCommit = 0,
  } = {}) {
    const [prevLogIndex, prevLogTerm] = prev;
    const log = { prevLogIndex, prevLogTerm, entries, leaderCommit };
    return await this.say(src, { type: "AppendEntries", term, ...log });
  }

  /** Lets n0 die at once, and begin anew. */
  async restart() {
    await this.cluster.kill("n0");
    await this.cluster.start("n0");
  }

  /** Has n0 elected by n1; returns the term in which it leads then. */
  async elect(): Promise<unknown> {
    for (const _ of ["if it stood", "now"]) {
      const { term, isPreVote } = this.sent("RequestVote", "n1")!;
      const reply = {
        term: Number(term) - Number(isPreVote),
        voteGranted: true,
      };
      this.answer("n1", "RequestVote", reply);
      await this.cluster.wait(30);
    }
    return this.sent("AppendEntries", "n1")?.term;
  }

  /** Tells whether the state machine has a key. */
  async has(key: number): Promise<boolean> {
    const answer = await this.cluster.ask("n0", { type: "read", key });
    return answer?.type === "read_ok";
  }
}

const write = (term: number, key: number) => ({
  term,
  request: { key, to: 1 },
});

/** Returns the first rule that a node breaks, if it breaks one. */
export async function brokenRule(
  app: App<AnyMessages>,
): Promise<string | undefined> {
  const disk = ["--data-dir", "d"];
  const start = (...args: string[]) => Interrogation.start(app, args);
  const n0 = await start(...disk, "--reads", "local");
  return await brokenByFollower(n0) ?? await brokenByLeader(n0) ??
    await brokenByReader(await start(...disk)) ??
    await brokenByForgetful(await start());
}

async function brokenByFollower(
  n0: Interrogation,
): Promise<string | undefined> {
  if (!(await n0.vote("n1", 10))?.voteGranted) return "votes for nobody";
  await n0.restart();
  if ((await n0.vote("n2", 10))?.voteGranted) return "votes twice in a term";
  if (!(await n0.vote("n1", 10))?.voteGranted) return "takes its vote back";
  if ((await n0.vote("n1", 9))?.voteGranted) return "votes in a past term";

  const two = [write(10, 1), write(10, 2)];
  const first = await n0.append("n1", 10, [1, 1], { entries: two });
  if (!first?.success) return "doesn't take entries";
  await n0.restart();
  if (!(await n0.append("n1", 10, [3, 10]))?.success) return "loses entries";
  if (await n0.has(1)) return "applies what isn't committed";
  if ((await n0.append("n1", 10, [3, 9]))?.success) {
    return "doesn't match terms";
  }
  if ((await n0.append("n1", 10, [9, 10]))?.success) return "leaves a gap";

  const other = { entries: [write(11, 3), write(11, 4)], leaderCommit: 2 };
  await n0.append("n2", 11, [1, 1], { entries: [write(11, 3)] });
  if ((await n0.append("n2", 11, [3, 10]))?.success) {
    return "keeps what conflicts with the leader's log";
  }
  await n0.append("n2", 11, [1, 1], other);
  if ((await n0.append("n1", 10, [1, 1]))?.success) {
    return "obeys a past leader";
  }
  if (!await n0.has(3)) return "doesn't apply what is committed";
  if (await n0.has(1) || await n0.has(4)) return "applies what isn't committed";

  if ((await n0.vote("n1", 12, 3, 11))?.voteGranted) {
    return "votes when it has just heard from a leader";
  }
  await n0.cluster.wait(loyalMs);
  for (const [term, log] of [[12, [99, 10]], [13, [2, 11]]] as const) {
    if ((await n0.vote("n1", term, ...log))?.voteGranted) {
      return "votes for who knows less";
    }
  }
  const knowing = await n0.vote("n1", 14, 3, 11);
  if (!knowing?.voteGranted) return "doesn't vote for who knows as much";
}

/** The last entry of n0's log is the third, of term 11; committed is the second. */
async function brokenByLeader(n0: Interrogation): Promise<string | undefined> {
  const { cluster } = n0;
  await cluster.wait(2000);
  if (await n0.elect() !== 15) return "doesn't lead in the next term";
  n0.answer("n1", "AppendEntries", { term: 15, success: true, matchIndex: 3 });
  await cluster.wait(10);
  if (await n0.has(4)) return "commits an entry of an earlier term by itself";
  await cluster.wait(200);
  n0.answer("n1", "AppendEntries", { term: 15, success: true, matchIndex: 4 });
  await cluster.wait(10);
  if (!await n0.has(4)) return "doesn't commit what a majority has";
  const change = cluster.post("n0", { type: "write", key: 5, value: 1 });
  await n0.vote("n2", 20, 0, 0);
  await cluster.wait(1);
  const before = cluster.network.journal.length;
  await cluster.wait(250);
  const still = cluster.network.journal.slice(before)
    .some(({ line }) => line.includes('"type":"AppendEntries"'));
  if (still) return "goes on leading when there's a later term";
  await n0.append("n2", 20, [4, 15], { entries: [{ term: 20 }] });
  await cluster.wait(20);
  if (cluster.answer(change)?.code !== 13) {
    return "says that a change failed that others may have";
  }
}

async function brokenByReader(n0: Interrogation): Promise<string | undefined> {
  const { cluster } = n0;
  await cluster.wait(2000);
  const term = await n0.elect();
  const read = cluster.post("n0", { type: "read", key: 1 });
  await cluster.wait(200);
  if (cluster.answer(read)) return "reads when there may be another leader";
  n0.answer("n1", "AppendEntries", { term, success: true, matchIndex: 1 });
  await cluster.wait(10);
  if (cluster.answer(read)) {
    return "reads when it may not know what's committed";
  }
  await cluster.wait(200);
  n0.answer("n1", "AppendEntries", { term, success: true, matchIndex: 2 });
  await cluster.wait(10);
  if (!cluster.answer(read)) return "doesn't read";
  const later = cluster.post("n0", { type: "read", key: 1 });
  await cluster.wait(50);
  if (cluster.answer(later)) return "reads when there may be another leader";
  const request = { key: 7, to: 1 };
  const body = { type: "Forward", term, request, msg_id: 7 };
  const forward = JSON.stringify({ src: "n1", dest: "n0", body });
  for (const _ of ["once", "twice"]) cluster.network.send("n1", "n0", forward);
  await cluster.wait(300);
  const indices = cluster.network.journal
    .filter(({ line }) => line.includes('"type":"AppendEntries"'))
    .flatMap(({ line }) => {
      const { entries, prevLogIndex } = JSON.parse(line).body;
      return (entries as { request?: typeof request }[]).map((entry, i) =>
        entry.request?.key === 7 ? prevLogIndex + 1 + i : 0
      );
    });
  if (new Set(indices.filter(Boolean)).size !== 1) {
    return "makes a change twice";
  }
}

async function brokenByForgetful(
  n0: Interrogation,
): Promise<string | undefined> {
  await n0.restart();
  n0.answer("n1", "Greet", { term: 1, lastLogIndex: 1 });
  await n0.cluster.wait(10);
  if ((await n0.vote("n1", 10))?.voteGranted) {
    return "votes when it may have voted";
  }
}
