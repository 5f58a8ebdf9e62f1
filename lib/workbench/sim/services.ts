/**
 * The services that Maelstrom offers to nodes
 * (https://github.com/jepsen-io/maelstrom/blob/main/src/maelstrom/service.clj):
 * members of the network that nodes send requests to, like to any node. Their
 * messages take the time that messages between nodes take; partitions don't
 * touch them.
 *
 * - `lin-kv`: one state, which every request sees and changes at once.
 * - `seq-kv`: the newest 32 states are kept, in a ring. A request that changes
 *   nothing is answered from a state that is drawn from those that aren't older
 *   than what its sender has seen; a change is always made to the newest. As the
 *   ring wraps around, who has been away for more than 32 changes is shown some
 *   newer state in place of one that has gone, and may later be taken back.
 * - `lww-kv`: two replicas, and each request goes to either. They are meant to
 *   tell each other what they hold, the last write winning; but Maelstrom 0.2.4
 *   loses what comes of it, so they never hear of each other, and a value is
 *   found by one request of two, however old it is.
 * - `lin-tso`: counts.
 *
 * Keys and values are any JSON, and the same when their content is. A field that
 * is missing is `null`: a `write` without a `value` stores that.
 *
 * They are kinder than Maelstrom's in one thing. Those say nothing to a request
 * whose type they don't know; these answer with error 10, unless it's a reply.
 *
 * @module
 */
import { ErrorCode, RPCError } from "../../error.ts";
import type { OpenBody, OutgoingBody } from "../../message.ts";
import { identity, parseExact } from "./exact_json.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

/** One of the services. */
interface Service {
  /** The types of request that it knows. */
  types: readonly string[];
  /** Answers one of them; what it throws is an error reply. */
  handle(src: string, request: OpenBody): OutgoingBody;
}

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
      const known = service.types.includes(body.type);
      // Were replies answered, two sides could send each other errors for ever.
      // Some nodes put an in_reply_to into their requests, too.
      if (!known && isReply(body)) return;
      const reply = {
        ...(known ? answer(service, src, body) : unknownType(service, body)),
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

function isReply(body: OpenBody): boolean {
  return body.type === "error" || Object.hasOwn(body, "in_reply_to");
}

function unknownType({ types }: Service, { type }: OpenBody): OutgoingBody {
  const listed = types.join(", ").replace(/, (?=[^,]*$)/, " and ");
  return new RPCError(
    ErrorCode.notSupported,
    `there is no ${JSON.stringify(type)} here, only ${listed}`,
  ).toBody();
}

function answer(
  service: Service,
  src: string,
  request: OpenBody,
): OutgoingBody {
  try {
    return service.handle(src, request);
  } catch (error) {
    if (error instanceof RPCError) return error.toBody();
    throw error;
  }
}

/** The value of a key that exists. It's wrapped, for `null` is a value too. */
interface Stored {
  value: unknown;
}

/** The outcome of a request. */
interface Outcome {
  reply: OutgoingBody;
  /** The value of the key from now on; absent if nothing is to be stored. */
  stored?: Stored;
}

/** The types of request that stores know. */
const storeTypes = ["read", "write", "cas"];

/**
 * Carries out a request on the key that it is about. All stores do the same
 * here; they differ in which state they do it on.
 */
function apply(
  current: Stored | undefined,
  request: OpenBody,
  { canCreate = true } = {},
): Outcome {
  // What is missing is null, as in Maelstrom, and nodes rely on it.
  const { value = null, from = null, to = null } = request;
  if (request.type === "read") {
    return { reply: { type: "read_ok", value: existing(current).value } };
  }
  if (request.type === "write") {
    return { reply: { type: "write_ok" }, stored: { value } };
  }
  const creates = canCreate && isTrue(request.create_if_not_exists);
  if (current === undefined && creates) {
    return { reply: { type: "cas_ok" }, stored: { value: to } };
  }
  const { value: actual } = existing(current);
  if (!same(actual, from)) {
    throw new RPCError(
      ErrorCode.preconditionFailed,
      `current value ${JSON.stringify(actual)} is not ${JSON.stringify(from)}`,
    );
  }
  return { reply: { type: "cas_ok" }, stored: { value: to } };
}

function existing(current: Stored | undefined): Stored {
  if (current) return current;
  throw new RPCError(ErrorCode.keyDoesNotExist, "key does not exist");
}

/** Tells whether the JVM's side takes it for true: 0 and "" are. */
function isTrue(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** The key that a request is about, as a text. */
function keyOf({ key = null }: OpenBody): string {
  return identity(key);
}

function same(a: unknown, b: unknown): boolean {
  return a === b || identity(a) === identity(b);
}

function linearizableKV(): Service {
  const state = new Map<string, Stored>();
  return {
    types: storeTypes,
    handle(_, request) {
      const key = keyOf(request);
      const { reply, stored } = apply(state.get(key), request);
      if (stored) state.set(key, stored);
      return reply;
    },
  };
}

/** The number of states that `seq-kv` remembers, the newest among them. */
const rememberedStates = 32;

/** The state that stands where one has stood in the ring. */
function inRing(state: number, newest: number): number {
  const oldest = newest - rememberedStates + 1;
  const turns = Math.ceil((oldest - state) / rememberedStates);
  return state + Math.max(0, turns) * rememberedStates;
}

/** The values that a key has held, each from a state on, oldest first. */
type Versions = { since: number; stored: Stored }[];

function sequentialKV(random: Random): Service {
  // States are numbered. Only what differs between them is kept.
  let newest = 0;
  const keys = new Map<string, Versions>();
  /** The state that was last drawn for each client: none before that is. */
  const seen = new Map<string, number>();

  const handle = (src: string, request: OpenBody) => {
    const key = keyOf(request);
    const versions = keys.get(key) ?? [];
    const oldest = seen.get(src) ?? 0;
    const past = oldest + random.integer(newest - oldest + 1);
    const shown = inRing(past, newest);
    const before = versions.findLast(({ since }) => since <= shown)?.stored;
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
      const oldestRemembered = newest - rememberedStates + 1;
      // What held before is still read as long as the next is newer than that.
      while (versions[1] && versions[1].since <= oldestRemembered) {
        versions.shift();
      }
      keys.set(key, versions);
    }
    return reply;
  };
  return { types: storeTypes, handle };
}

function lastWriteWinsKV(random: Random): Service {
  const replicas = [new Map<string, Stored>(), new Map<string, Stored>()];
  return {
    types: storeTypes,
    handle(_, request) {
      const replica = random.choice(replicas);
      const key = keyOf(request);
      const { reply, stored } = apply(replica.get(key), request, {
        canCreate: false,
      });
      if (stored) replica.set(key, stored);
      return reply;
    },
  };
}

function timestampOracle(): Service {
  let next = 0;
  return { types: ["ts"], handle: () => ({ type: "ts_ok", ts: next++ }) };
}
