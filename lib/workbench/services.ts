/**
 * The services that Maelstrom offers to nodes
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/service.clj):
 * members of the network that nodes send requests to, like to any node. Their
 * messages take the time that messages between nodes take; partitions don't
 * touch them.
 *
 * - `lin-kv`: one state, which every request sees and changes at once.
 * - `seq-kv`: the newest states are kept. A request that changes nothing may be
 *   answered from any of them that isn't older than what its sender has seen; a
 *   change is always made to the newest.
 * - `lww-kv`: two replicas. Each request goes to either; before it does, one of
 *   them may hear of what the other knows, and the later write wins.
 * - `lin-tso`: counts.
 *
 * Keys and values are any JSON, and the same when their content is. Where
 * Maelstrom says nothing at all to a request that it can't read, these answer
 * with an error: 10 for a type that they don't know, 12 for a missing field.
 *
 * @module
 */
import { ErrorCode, RPCError } from "../error.ts";
import type { OpenBody, OutgoingBody } from "../message.ts";
import { identity, parseExact } from "./exact_json.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

/** Answers the requests of nodes; what it throws is an error reply. */
type Service = (src: string, request: OpenBody) => OutgoingBody;

/** The services by their addresses. */
const services: { readonly [id: string]: (random: Random) => Service } = {
  "lin-kv": () => linearizableKV(),
  "seq-kv": sequentialKV,
  "lww-kv": lastWriteWinsKV,
  "lin-tso": () => timestampOracle(),
};

/**
 * Brings all services to a network.
 *
 * @param randomFor where the service of that name has its randomness from.
 */
export function startServices(
  network: Network,
  randomFor: (id: string) => Random,
): void {
  for (const [id, make] of Object.entries(services)) {
    const service = make(randomFor(id));
    network.add(id, ({ src, line }) => {
      const { body } = parseExact(line) as { body: OpenBody };
      // Were replies answered, two sides could send each other errors for ever.
      if (body.type === "error" || Object.hasOwn(body, "in_reply_to")) return;
      const reply = {
        ...answer(service, src, body),
        in_reply_to: body.msg_id ?? null,
      };
      network.send(
        id,
        src,
        JSON.stringify({ src: id, dest: src, body: reply }),
      );
    });
  }
}

function answer(
  service: Service,
  src: string,
  request: OpenBody,
): OutgoingBody {
  try {
    return service(src, request);
  } catch (error) {
    if (error instanceof RPCError) return error.toBody();
    throw error;
  }
}

/** The value of a key that exists. It's wrapped, for `null` is a value too. */
interface Stored {
  value: unknown;
}

/** What a request comes to. */
interface Outcome {
  reply: OutgoingBody;
  /** What the key holds from now on; absent if nothing is to be stored. */
  stored?: Stored;
}

/**
 * Carries out a request on the key that it is about. All stores do the same
 * here; they differ in which state they do it on.
 */
function apply(
  current: Stored | undefined,
  request: OpenBody,
  { canCreate = true } = {},
): Outcome {
  switch (request.type) {
    case "read":
      return { reply: { type: "read_ok", value: existing(current).value } };
    case "write":
      return {
        reply: { type: "write_ok" },
        stored: { value: field(request, "value") },
      };
    case "cas": {
      const stored = { value: field(request, "to") };
      if (current === undefined && canCreate && request.create_if_not_exists) {
        return { reply: { type: "cas_ok" }, stored };
      }
      const { value } = existing(current);
      // Maelstrom takes a missing "from" for null, and nodes rely on it.
      const { from = null } = request;
      if (!same(value, from)) {
        throw new RPCError(
          ErrorCode.preconditionFailed,
          `current value ${JSON.stringify(value)} is not ${
            JSON.stringify(from)
          }`,
        );
      }
      return { reply: { type: "cas_ok" }, stored };
    }
    default:
      throw unknownType(request, "read, write and cas");
  }
}

function existing(current: Stored | undefined): Stored {
  if (current) return current;
  throw new RPCError(ErrorCode.keyDoesNotExist, "key does not exist");
}

function field(request: OpenBody, name: string): unknown {
  if (Object.hasOwn(request, name)) return request[name];
  throw new RPCError(
    ErrorCode.malformedRequest,
    `a ${request.type} needs a "${name}"`,
  );
}

function unknownType({ type }: OpenBody, known: string): RPCError {
  return new RPCError(
    ErrorCode.notSupported,
    `there is no ${JSON.stringify(type)} here, only ${known}`,
  );
}

/** The key that a request is about, as a text. */
function keyOf(request: OpenBody): string {
  const known = ["read", "write", "cas"].includes(request.type);
  if (!known) throw unknownType(request, "read, write and cas");
  return identity(field(request, "key"));
}

function same(a: unknown, b: unknown): boolean {
  return a === b || identity(a) === identity(b);
}

function linearizableKV(): Service {
  const state = new Map<string, Stored>();
  return (_, request) => {
    const key = keyOf(request);
    const { reply, stored } = apply(state.get(key), request);
    if (stored) state.set(key, stored);
    return reply;
  };
}

/** How many states `seq-kv` remembers, the newest among them. */
const rememberedStates = 32;

/** What a key has held, each from a state on, oldest first. */
type Versions = { since: number; stored: Stored }[];

function sequentialKV(random: Random): Service {
  // States are numbered. Only what differs between them is kept.
  let newest = 0;
  const keys = new Map<string, Versions>();
  /** The state that each client has seen last: it sees none before that. */
  const seen = new Map<string, number>();

  return (src, request) => {
    const key = keyOf(request);
    const versions = keys.get(key) ?? [];
    const oldest = Math.max(seen.get(src) ?? 0, newest - rememberedStates + 1);
    const past = oldest + random.integer(newest - oldest + 1);
    const before = versions.findLast(({ since }) => since <= past)?.stored;
    let outcome: Outcome;
    try {
      outcome = apply(before, request);
    } catch (error) {
      seen.set(src, past); // it has seen that state, though not liked it
      throw error;
    }
    const changes = outcome.stored !== undefined &&
      !(before && same(before.value, outcome.stored.value));
    if (!changes) {
      seen.set(src, past);
      return outcome.reply;
    }
    // A change of the past would be unseen by those who are beyond it. Each
    // change makes a new state, even one that the newest state refuses.
    seen.set(src, ++newest);
    const { reply, stored } = apply(versions.at(-1)?.stored, request);
    if (stored) {
      versions.push({ since: newest, stored });
      while (versions[1]?.since <= newest - rememberedStates + 1) {
        versions.shift();
      }
      keys.set(key, versions);
    }
    return reply;
  };
}

/** One of the states that `lww-kv` consists of. */
interface Replica {
  /** A Lamport clock: ahead of all writes that it knows of. */
  clock: number;
  values: Map<string, { time: number; stored: Stored }>;
  /** Keys that were written since the other replica last heard of this one. */
  news: Set<string>;
}

function lastWriteWinsKV(random: Random): Service {
  const replicas = [0, 1].map((): Replica => ({
    clock: 0,
    values: new Map(),
    news: new Set(),
  }));

  return (_, request) => {
    const key = keyOf(request);
    const source = random.choice(replicas);
    const target = random.choice(replicas);
    if (source !== target) tell(source, target);
    const replica = random.choice(replicas);
    const { reply, stored } = apply(
      replica.values.get(key)?.stored,
      request,
      { canCreate: false },
    );
    if (stored) {
      replica.values.set(key, { time: replica.clock++, stored });
      replica.news.add(key);
    }
    return reply;
  };
}

/** Of what both know the later wins; of two at the same time, the source's. */
function tell(source: Replica, target: Replica): void {
  target.clock = Math.max(target.clock, source.clock);
  for (const key of source.news) {
    const ours = source.values.get(key)!;
    const theirs = target.values.get(key);
    if (theirs === undefined || theirs.time <= ours.time) {
      target.values.set(key, ours);
    }
  }
  source.news.clear();
}

function timestampOracle(): Service {
  let next = 0;
  return (_, request) => {
    if (request.type !== "ts") throw unknownType(request, "ts");
    return { type: "ts_ok", ts: next++ };
  };
}
