/**
 * The messages that go over the wire: one JSON object per line, with a source,
 * a destination and a body.
 *
 * The format is Maelstrom's
 * (https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md).
 *
 * @module
 */

/**
 * The keys that every message body may carry; only `type` is required. The
 * other keys of a message are declared with its type.
 *
 * @example
 * ```ts
 * import type { Body } from "@call-me-maybe/maelstrom";
 *
 * type Echo = Body & { echo: string };
 * const body: Echo = { type: "echo", msg_id: 1, echo: "Please echo 7" };
 * ```
 */
export interface Body {
  /** The kind of message: `"init"`, `"echo"`, `"echo_ok"`, … */
  type: string;
  /** The sender's number for this message. It asks for a reply. */
  msg_id?: number;
  /** The `msg_id` of the request that this message answers. */
  in_reply_to?: number;
}

/**
 * A body that came in, with no further type declared.
 *
 * @example
 * ```ts
 * import type { OpenBody } from "@call-me-maybe/maelstrom";
 *
 * const body: OpenBody = JSON.parse(`{"type":"add","delta":3}`);
 * const delta: unknown = body.delta;
 * ```
 */
export type OpenBody = Body & { [key: string]: unknown };

/**
 * A body on its way out: a `type`, and anything that JSON can hold.
 *
 * @example
 * ```ts
 * import type { OutgoingBody } from "@call-me-maybe/maelstrom";
 *
 * const body: OutgoingBody = { type: "read_ok", value: [1, 2, 3] };
 * ```
 */
// deno-lint-ignore no-explicit-any -- only `any` lets interfaces in as well
export type OutgoingBody = Body & { [key: string]: any };

/**
 * The body of an error, which may be the reply to anything. A handler rather
 * throws an `RPCError`.
 *
 * @example
 * ```ts
 * import type { ErrorBody } from "@call-me-maybe/maelstrom";
 *
 * const body: ErrorBody = { type: "error", code: 20, text: "no key 7" };
 * ```
 */
export interface ErrorBody extends Body {
  /** Always `"error"`. */
  type: "error";
  /** One of Maelstrom's codes, or one's own from 1000 on. */
  code: number;
  /** The explanation. */
  text?: string;
}

/**
 * A message between two nodes, or between a client and a node.
 *
 * @typeParam B its body.
 *
 * @example
 * ```ts
 * import type { Message } from "@call-me-maybe/maelstrom";
 *
 * const request: Message = {
 *   src: "c1",
 *   dest: "n1",
 *   body: { type: "echo", msg_id: 1, echo: "Please echo 7" },
 * };
 * ```
 */
export interface Message<B extends Body = OpenBody> {
  /** The id of the node or client that sent it. */
  src: string;
  /** The id of the node or client that it goes to. */
  dest: string;
  /** The payload. */
  body: B;
}

/**
 * Tells whether a parsed line has the shape of a {@linkcode Message}.
 *
 * @example
 * ```ts
 * import { isMessage } from "@call-me-maybe/maelstrom";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isMessage(JSON.parse(`{"src":"c1","dest":"n1","body":{"type":"read"}}`)));
 * assertFalse(isMessage(JSON.parse(`{"type":"read"}`)));
 * ```
 */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null) return false;
  const { src, dest, body } = value as Partial<Message>;
  return typeof src === "string" && typeof dest === "string" &&
    typeof body === "object" && body !== null && typeof body.type === "string";
}
