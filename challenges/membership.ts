#!/usr/bin/env -S deno run
/**
 * # 12. Membership
 *
 * Every node knows which nodes are up. (The workload is ours: Maelstrom has none.
 * A client asks `read`, and the answer is `read_ok` with `members`.)
 *
 * A node that is dead says nothing, and neither does one that is slow, or whose
 * messages are lost. So all that a node can go by is silence, and for how long.
 * Short deadlines take the living for dead, long ones the dead for living; and
 * there's no right one, only a choice.
 *
 * The naive answer, `--strategy heartbeats`: each node tells all others once a
 * period that it's up. That's n² messages, and each node decides for itself.
 *
 * The answer is **SWIM** (Das, Gupta, Motivala, 2002). Each period a node pings
 * just one other, and that acknowledges it: a constant number of messages per
 * node, however many nodes there are. Each of its parts makes up for a weakness
 * of the ones before:
 *
 * - **Round-robin.** Who is pinged is next in a shuffled list, not drawn anew each
 *   time: so everybody's turn comes within a bounded time.
 * - **Ping-req.** If there's no acknowledgement in time, it may be the way between
 *   the two that is bad. So some others are asked to ping it as well.
 * - **Suspicion.** If they fail, too, it's suspected, and not yet dead. Everybody
 *   hears of it, the suspect included, who has some periods to object.
 * - **Incarnations.** It objects by an incarnation number that is greater than
 *   that of the suspicion; only a node itself may raise its own. So of two claims
 *   about a node the one with the greater number is newer; of the same number,
 *   dead beats suspect beats alive.
 * - **Piggyback.** Claims ride on pings and acknowledgements, each on as many as
 *   the logarithm of the number of nodes, which is enough for all to hear of it,
 *   as in an epidemic. No message is sent for them.
 *
 * In the paper the dead are removed. Here they keep their turn in the list: so two
 * sides of a partition find each other again, and who comes back knowing nothing
 * is told that it's dead, and objects. It needs no disk: its number is in the
 * claim that it objects to.
 *
 * How long is "in time"? `--detector fixed` says so in milliseconds. `--detector
 * phi` learns it (Hayashibara et al., *The φ Accrual Failure Detector*, 2004): φ is
 * how improbable it is that an answer comes so late and yet comes, as the number
 * of zeros after the decimal point, by the mean and deviation of the last hundred.
 * The application says which φ is too much.
 *
 * @module
 */
import {
  demand,
  type MembershipMessages,
  type Node,
  readArguments,
  serve,
} from "../lib/mod.ts";

/** The time for which acknowledgements are of use to who learns from them. */
const patienceMs = 20_000;

/** A claim is passed on so often, times the logarithm of the number of nodes. */
const lambda = 3;

/** The most claims in a message. */
const maxClaims = 30;

/** The number of times from which a detector learns, at least and at most. */
const minTimes = 5;
const maxTimes = 100;

/** The least deviation: if all took the same time so far, the next may not. */
const minDeviationMs = 20;

const statuses = ["alive", "suspect", "dead"] as const;

/** The claim that a node is in such a state, in one of its incarnations. */
type Claim = readonly [
  id: string,
  status: typeof statuses[number],
  incarnation: number,
];

type Claims = { claims: Claim[] };

/** A node, with the messages that nodes send to each other. */
type MemberNode = Node<
  MembershipMessages & {
    heartbeat: object;
    ping: Claims;
    ping_ok: Claims;
    ping_req: Claims & { target: string };
    ping_req_ok: Claims;
  }
>;

/** Tells when silence is too long, by how long it was before. */
interface Detector {
  learn(tookMs: number): void;
  deadlineMs(): number;
}

/** The settings of a strategy. */
interface Settings {
  periodMs: number;
  /** The number of nodes that are asked to ping one, too. */
  helpers: number;
  /** The time that a suspect has, in that which a rumour takes to all. */
  suspicion: number;
  /** Makes a detector, with a deadline until it knows better. */
  newDetector(deadlineMs: number): Detector;
}

/** Tells which nodes are up. */
export function membership(node: MemberNode, args: string[] = []) {
  const read = readArguments(args, {
    strategy: { swim, heartbeats },
    detector: { fixed, phi },
    "period-ms": { default: 500, least: 10, most: 60_000 },
    "deadline-ms": { default: 0, least: 0, most: 60_000 },
    phi: { default: 5, least: 0.5, most: 100 },
    helpers: { default: 3, least: 0, most: 100 },
    suspicion: { default: 1, least: 0, most: 100 },
  });
  const members = read.strategy(node, {
    ...read,
    periodMs: read["period-ms"],
    newDetector: (usualMs) =>
      read.detector(read["deadline-ms"] || usualMs, read.phi),
  });
  node.on("read", () => ({ type: "read_ok", members: members() }));
}

/** A deadline that is given. */
function fixed(deadlineMs: number): Detector {
  return { learn() {}, deadlineMs: () => deadlineMs };
}

/** The time at which φ comes to a threshold, if times are normally distributed. */
function phi(deadlineMs: number, threshold: number): Detector {
  const times: number[] = [];
  const deviations = deviationsAt(threshold);
  return {
    learn(tookMs) {
      times.push(tookMs);
      if (times.length > maxTimes) times.shift();
    },
    deadlineMs() {
      if (times.length < minTimes) return deadlineMs;
      const mean = times.reduce((sum, each) => sum + each) / times.length;
      const variance =
        times.reduce((sum, each) => sum + (each - mean) ** 2, 0) /
        times.length;
      return mean + deviations * Math.max(Math.sqrt(variance), minDeviationMs);
    },
  };
}

/**
 * The number of standard deviations that a normally distributed value exceeds
 * with a probability of 10 to the power of -φ, by a logistic approximation:
 * 1 / (1 + exp(1.5976 y + 0.070566 y³)) (Bowling et al., 2009).
 */
function deviationsAt(phi: number): number {
  const exponent = Math.log(10 ** phi - 1);
  let y = 1;
  for (let i = 0; i < 30; i++) {
    const error = (1.5976 + 0.070566 * y ** 2) * y - exponent;
    y -= error / (1.5976 + 3 * 0.070566 * y ** 2);
  }
  return y;
}

/** The naive answer: all tell all that they are up. */
function heartbeats(node: MemberNode, { periodMs, newDetector }: Settings) {
  const usualMs = 4 * periodMs;
  const detector = newDetector(usualMs);
  const lastMs = new Map<string, number>();

  node.onInit(() => {
    for (const id of node.peers) lastMs.set(id, node.now());
    const tellAll = () =>
      node.peers.forEach((id) => node.send(id, { type: "heartbeat" }));
    node.allUp().then(() => node.every(periodMs, tellAll));
  });

  node.on("heartbeat", ({ src }) => {
    const silentMs = node.now() - (lastMs.get(src) ?? NaN);
    demand(silentMs >= 0, "a heartbeat comes from a node");
    lastMs.set(src, node.now());
    // After longer silence it was dead, or cut off.
    if (silentMs < usualMs) detector.learn(silentMs);
  });

  return () => {
    const sinceMs = node.now() - detector.deadlineMs();
    return node.nodeIds.filter((id) => (lastMs.get(id) ?? Infinity) > sinceMs);
  };
}

/** The scalable answer: each period one ping, and claims that ride on it. */
function swim(node: MemberNode, settings: Settings) {
  const { helpers, suspicion } = settings;
  const detector = settings.newDetector(200);
  const group = new Group(node, bury);
  let turns: string[] = [];

  node.onInit(() => {
    node.allUp().then(() => node.every(settings.periodMs, () => void probe()));
  });

  node.on("ping", ({ src, body }) => {
    group.hear(body.claims);
    return { type: "ping_ok", claims: group.claimsFor(src) };
  });

  node.on("ping_req", async ({ src, body: { target, claims } }) => {
    demand(node.peers.includes(target), "the target is another node");
    group.hear(claims);
    await ping(target);
    return { type: "ping_req_ok", claims: group.claimsFor(src) };
  });

  async function ping(id: string) {
    const sentMs = node.now();
    const request = { type: "ping", claims: group.claimsFor(id) } as const;
    const { claims } = await node.rpc(id, request, { timeoutMs: patienceMs });
    group.hear(claims);
    detector.learn(node.now() - sentMs);
  }

  async function askToPing(helper: string, target: string) {
    const claims = group.claimsFor(helper);
    const request = { type: "ping_req", target, claims } as const;
    const answer = await node.rpc(helper, request, { timeoutMs: patienceMs });
    group.hear(answer.claims);
  }

  /** Pings the next one, by itself and with help, and suspects it. */
  async function probe() {
    if (turns.length === 0) turns = shuffled(node, node.peers);
    const target = turns.pop();
    if (target === undefined) return;
    const [, status, incarnation] = group.claimOn(target);
    const deadlineMs = detector.deadlineMs();
    const direct = ping(target);
    if (await isAnswered(node, [direct], deadlineMs)) return;
    if (status === "dead") return; // as was to be expected
    const others = group.members
      .filter((id) => id !== node.id && id !== target);
    const indirect = shuffled(node, others).slice(0, helpers)
      .map((helper) => askToPing(helper, target));
    const all = [direct, ...indirect];
    if (await isAnswered(node, all, 2 * deadlineMs)) return;
    group.learn([target, suspicion > 0 ? "suspect" : "dead", incarnation]);
  }

  /** Declares a suspect dead that hasn't objected in time. */
  async function bury([id, , incarnation]: Claim) {
    // A claim takes so long from one to the next, and there and back by many.
    const hopMs = settings.periodMs + detector.deadlineMs() / 2;
    await node.sleep(suspicion * Math.log2(node.nodeIds.length) * hopMs);
    // Whatever is newer prevails.
    group.learn([id, "dead", incarnation]);
  }

  return () => group.members;
}

/** The claims that a node knows of, and those that it still passes on. */
class Group {
  #node: MemberNode;
  #onSuspect: (claim: Claim) => void;
  #known = new Map<string, Claim>();
  /** The number of times that a claim about a node was passed on. */
  #rumours = new Map<string, number>();

  constructor(node: MemberNode, onSuspect: (claim: Claim) => void) {
    this.#node = node;
    this.#onSuspect = onSuspect;
    node.onInit(() => {
      for (const id of node.nodeIds) this.#known.set(id, [id, "alive", 0]);
    });
  }

  get members(): string[] {
    return [...this.#known.values()].filter(([, status]) => status !== "dead")
      .map(([id]) => id);
  }

  claimOn(id: string): Claim {
    return this.#known.get(id)!;
  }

  hear(claims: Claim[]) {
    demand(
      Array.isArray(claims) &&
        claims.every((each) => Array.isArray(each) && this.#isClaim(each)),
      "a claim has a node, its status, and its incarnation",
    );
    for (const claim of claims) this.learn(claim);
  }

  /** Takes in a claim, if it's newer than what is known. */
  learn(claim: Claim) {
    const [id, status, incarnation] = claim;
    if (!isNewer(claim, this.claimOn(id))) return;
    const isSlander = id === this.#node.id && status !== "alive";
    const truth: Claim = isSlander ? [id, "alive", incarnation + 1] : claim;
    this.#known.set(id, truth);
    this.#rumours.set(id, 0);
    if (truth[1] === "suspect") this.#onSuspect(truth);
  }

  /** The claims that go with a message: the least told first. */
  claimsFor(dest: string): Claim[] {
    const enough = lambda * Math.ceil(Math.log2(this.#known.size + 1));
    const told = [...this.#rumours].sort(([, a], [, b]) => a - b)
      .slice(0, maxClaims);
    for (const [id, times] of told) {
      if (times + 1 < enough) this.#rumours.set(id, times + 1);
      else this.#rumours.delete(id);
    }
    // Whoever is taken for dead has to hear of it, and of its number in a life
    // that it has forgotten.
    const ids = new Set([this.#node.id, dest, ...told.map(([id]) => id)]);
    return [...ids].flatMap((id) =>
      this.#known.has(id) ? [this.claimOn(id)] : []
    );
  }

  #isClaim([id, status, incarnation]: Claim): boolean {
    return this.#known.has(id) && statuses.includes(status) &&
      Number.isSafeInteger(incarnation) && incarnation >= 0;
  }
}

/** Of the same incarnation, dead beats suspect, and that alive. */
function isNewer([, status, incarnation]: Claim, [, than, before]: Claim) {
  return incarnation > before || incarnation === before &&
      statuses.indexOf(status) > statuses.indexOf(than);
}

/** Tells whether one of some requests is answered within a time. */
function isAnswered(
  node: MemberNode,
  requests: Promise<void>[],
  withinMs: number,
): Promise<boolean> {
  return Promise.race([
    Promise.any(requests).then(() => true, () => false),
    node.sleep(withinMs).then(() => false),
  ]);
}

function shuffled(node: MemberNode, ids: readonly string[]): string[] {
  return ids.map((id) => [node.random(), id] as const)
    .sort(([a], [b]) => a - b).map(([, id]) => id);
}

if (import.meta.main) await serve(membership);
