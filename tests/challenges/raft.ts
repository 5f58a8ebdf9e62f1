/**
 * Raft among nodes that are cut off, killed and restarted as chance would have it:
 * what the paper's figure 3 promises, as far as messages and answers show it.
 *
 * @module
 */
import type { AnyMessages, App } from "../../lib/mod.ts";
import { Random } from "../../lib/workbench/sim/random.ts";
import { Cluster } from "../cluster.ts";

/** The hardships of a run. */
export interface Hardships {
  seed: number;
  nodes: number;
  args: string[];
  steps?: number;
}

/** A request of a client: keys are written once. */
interface Asked {
  number: number;
  key: number;
  /** True if it has to be there: it was acknowledged before this was asked. */
  isRead: boolean;
}

/** Plays a run; returns what is wrong, or nothing. */
export async function violation(
  app: App<AnyMessages>,
  { seed, nodes, args, steps = 40 }: Hardships,
): Promise<string | undefined> {
  const random = new Random(`${seed}`);
  const cluster = await Cluster.start(nodes, app, {
    ...{ seed, args, lazyfs: ["clear-cache"], latencyDist: "exponential" },
    latencyMs: random.choice([1, 20, 60]),
    pLoss: random.choice([0, 0.1]),
    pReorder: random.choice([0, 0.2]),
  });
  await cluster.wait(1000);
  const asked: Asked[] = [];
  const forgets = !args.includes("--data-dir");
  for (let step = 0; step < steps; step++) {
    if (forgets && step % 10 === 0) await forget(cluster, random);
    await strike(cluster, random, forgets ? 3 : 7);
    for (let i = random.integer(4); i > 0; i--) ask(cluster, random, asked);
    await cluster.wait(random.choice([1, 10, 100, 400, 1000]));
    const stale = staleIn(asked, cluster);
    if (stale) return stale;
  }
  cluster.network.heal();
  await cluster.start(...cluster.dead);
  await cluster.wait(8000);
  return disagreement(cluster) ?? await loss(cluster, asked);
}

/** Has less than half of all nodes forget, and leaves time to let them in. */
async function forget(cluster: Cluster, random: Random) {
  cluster.network.heal();
  await cluster.wait(5000);
  const count = cluster.nodes.length - 1 >> 1;
  const some = random.shuffle(cluster.nodes).slice(0, count);
  await cluster.kill(...some);
  await cluster.wait(random.integer(1000));
  await cluster.start(...some);
}

/** Does something to some nodes: less than half of them are dead at a time. */
async function strike(
  cluster: Cluster,
  random: Random,
  kinds: number,
): Promise<void> {
  const some = random.shuffle(cluster.nodes)
    .slice(0, 1 + random.integer(cluster.nodes.length >> 1));
  const others = cluster.nodes.filter((id) => !some.includes(id));
  switch (random.integer(kinds)) {
    case 0:
      return cluster.cut(some, others);
    case 1:
      return cluster.cut(some.slice(0, 1), others.slice(0, 1));
    case 2:
      return cluster.network.heal();
    case 3:
      await cluster.start(...cluster.dead);
      return await cluster.kill(...some);
    case 4:
      await cluster.start(...cluster.dead);
      await cluster.kill(...some);
      return await cluster.start(...some);
  }
}

/** Writes a key for the first time; or reads one that is there. */
function ask(cluster: Cluster, random: Random, asked: Asked[]): void {
  const id = random.choice(cluster.nodes);
  const there = asked.filter(({ number, isRead }) =>
    !isRead && cluster.answer(number)?.type === "write_ok"
  );
  const isRead = there.length > 0 && random.integer(3) === 0;
  const key = isRead ? random.choice(there).key : asked.length;
  const body = isRead
    ? { type: "read", key }
    : { type: "write", key, value: 1 };
  asked.push({ number: cluster.post(id, body), key, isRead });
}

function staleIn(asked: Asked[], cluster: Cluster): string | undefined {
  const stale = asked.find(({ number, isRead }) =>
    isRead && cluster.answer(number)?.code === 20
  );
  return stale && `a read doesn't show ${stale.key}, which was there`;
}

/** Two leaders of a term, or two entries that are committed at an index. */
function disagreement({ network }: Cluster): string | undefined {
  const leaders = new Map<number, string>();
  const committed = new Map<number, string>();
  for (const { line, src, cut } of network.journal) {
    if (cut || !line.includes('"AppendEntries"')) continue;
    const { term, entries, prevLogIndex, leaderCommit } = JSON.parse(line).body;
    const leader = leaders.get(term) ?? src;
    leaders.set(term, leader);
    if (leader !== src) return `${leader} and ${src} both lead in term ${term}`;
    for (const [i, entry] of entries.entries()) {
      const [index, text] = [prevLogIndex + 1 + i, JSON.stringify(entry)];
      if (index > leaderCommit) break;
      const other = committed.get(index) ?? text;
      committed.set(index, other);
      if (other !== text) return `${other} and ${text} are both committed`;
    }
  }
}

/** A write that isn't as its answer says. */
async function loss(
  cluster: Cluster,
  asked: Asked[],
): Promise<string | undefined> {
  const answers: string[] = [];
  for (const { number, key, isRead } of asked) {
    const answer = cluster.answer(number);
    if (isRead || answer === undefined) continue;
    const isThere = await has(cluster, key);
    if (isThere === undefined) return "nobody answers";
    answers.push(answer.type);
    if (answer.type === "write_ok" && !isThere) return `${key} is lost`;
    const failed = [11, 14].includes(answer.code as number);
    if (failed && isThere) return `${key} is there, although it failed`;
  }
  if (!answers.includes("write_ok")) return "nothing was written";
}

/** Tells whether a key is there; nothing if nobody can say. */
async function has(
  cluster: Cluster,
  key: number,
): Promise<boolean | undefined> {
  for (let i = 0; i < 10; i++) {
    const id = cluster.nodes[i % cluster.nodes.length]!;
    const answer = await cluster.ask(id, { type: "read", key }, 1000);
    if (answer?.type === "read_ok") return true;
    if (answer?.code === 20) return false;
  }
}
