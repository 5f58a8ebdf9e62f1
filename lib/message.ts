/**
 * What goes over the wire: one JSON object per line, with a source, a
 * destination and a body.
 *
 * The format is Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md).
 *
 * @module
 */

/** The keys that every message body may carry; only `type` is required. */
export interface Body {
  /** What kind of message this is: `"init"`, `"echo"`, `"echo_ok"`, … */
  type: string;
  /** The sender's number for this message. It asks for a reply. */
  msg_id?: number;
  /** The `msg_id` of the request that this message answers. */
  in_reply_to?: number;
}

/** A body as it came in when nobody declared more about it. */
export type OpenBody = Body & { [key: string]: unknown };

/** A body on its way out: a `type`, and whatever JSON can hold. */
// deno-lint-ignore no-explicit-any -- only `any` lets interfaces in as well
export type OutgoingBody = Body & { [key: string]: any };

/** A message between two nodes, or between a client and a node. */
export interface Message<B extends Body = OpenBody> {
  /** The id of the node or client that sent it. */
  src: string;
  /** The id of the node or client that it goes to. */
  dest: string;
  /** The payload. */
  body: B;
}

/** Whether a parsed line has the shape of a {@linkcode Message}. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null) return false;
  const { src, dest, body } = value as Partial<Message>;
  return typeof src === "string" && typeof dest === "string" &&
    typeof body === "object" && body !== null && typeof body.type === "string";
}
