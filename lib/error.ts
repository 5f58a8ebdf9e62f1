/**
 * The errors that an RPC can end in.
 *
 * The codes are those of Maelstrom's protocol document
 * (https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md#errors).
 * An error is *definite* when the operation certainly did not happen and never
 * will; every other error leaves that open, and a client must assume both.
 *
 * @module
 */
import type { Body, ErrorBody } from "./message.ts";

/**
 * Maelstrom's error codes by name. Codes from 1000 on are yours, indefinite.
 *
 * @example
 * ```ts
 * import { ErrorCode } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ErrorCode.preconditionFailed, 22);
 * ```
 */
export const ErrorCode = {
  /** No answer within the time-out. Indefinite. */
  timeout: 0,
  /** The request went to a node that does not exist. Definite. */
  nodeNotFound: 1,
  /** The node does not know this type of request. Definite. */
  notSupported: 10,
  /** Not now: not initialised yet, no quorum, read-only, …  Definite. */
  temporarilyUnavailable: 11,
  /** The request is not what the node expects. Definite. */
  malformedRequest: 12,
  /** Something went wrong; it may have happened or not. Indefinite. */
  crash: 13,
  /** Something went wrong before anything was done. Definite. */
  abort: 14,
  /** There is no such key. Definite. */
  keyDoesNotExist: 20,
  /** There is such a key already. Definite. */
  keyAlreadyExists: 21,
  /** The state is not what the request asked for (a failed cas). Definite. */
  preconditionFailed: 22,
  /** Another transaction got in the way. Definite. */
  txnConflict: 30,
} as const;

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(ErrorCode).map(([key, code]) => [
    code,
    key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  ]),
);

const indefinite: ReadonlySet<number> = new Set([
  ErrorCode.timeout,
  ErrorCode.crash,
]);

/**
 * Maelstrom's name for a code.
 *
 * @returns such as `"key-does-not-exist"`; `"unknown"` for a code that isn't
 * Maelstrom's.
 *
 * @example
 * ```ts
 * import { errorName } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(errorName(30), "txn-conflict");
 * assertEquals(errorName(1000), "unknown");
 * ```
 */
export function errorName(code: number): string {
  return names.get(code) ?? "unknown";
}

/**
 * Tells whether an error of this code means that nothing happened, for certain.
 * A code that isn't Maelstrom's leaves it open.
 *
 * @example
 * ```ts
 * import { ErrorCode, isDefinite } from "@call-me-maybe/maelstrom";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(isDefinite(ErrorCode.abort));
 * assertFalse(isDefinite(ErrorCode.timeout));
 * assertFalse(isDefinite(1000));
 * ```
 */
export function isDefinite(code: number): boolean {
  return names.has(code) && !indefinite.has(code);
}

/**
 * An error that travels over the wire. Thrown in a handler, it becomes the
 * reply; thrown by an RPC, it is the other side's reply.
 *
 * @example
 * ```ts
 * import { ErrorCode, RPCError } from "@call-me-maybe/maelstrom";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const error = new RPCError(ErrorCode.keyDoesNotExist, "no key 7");
 * assertEquals(error.kind, "key-does-not-exist");
 * assert(error.definite);
 * assertEquals(error.toBody(), { type: "error", code: 20, text: "no key 7" });
 * ```
 */
export class RPCError extends Error {
  /** Always `"RPCError"`. */
  override name = "RPCError";
  /** The number that goes over the wire. */
  readonly code: number;

  /**
   * Makes an error, to be thrown in a handler.
   *
   * @param code one of {@linkcode ErrorCode}, or your own from 1000 on.
   * @param text the explanation that travels with it.
   */
  constructor(code: number, text: string = errorName(code)) {
    super(text);
    this.code = code;
  }

  /** Maelstrom's name for the code; `"unknown"` for your own codes. */
  get kind(): string {
    return errorName(this.code);
  }

  /** True if the operation certainly did not happen. */
  get definite(): boolean {
    return isDefinite(this.code);
  }

  /** The body of an `error` message. */
  toBody(): ErrorBody & { text: string } {
    return { type: "error", code: this.code, text: this.message };
  }

  /**
   * Makes the error of an `error` message. If its code isn't a number, it
   * becomes 13 (`crash`), whose meaning is open.
   */
  static fromBody(
    { code, text }: Body & { code?: unknown; text?: unknown },
  ): RPCError {
    return new RPCError(
      typeof code === "number" ? code : ErrorCode.crash,
      typeof text === "string" ? text : undefined,
    );
  }
}

/**
 * Demands something of a request.
 *
 * @throws {RPCError} 12 (`malformed-request`) with the text, unless it's so.
 *
 * @example
 * ```ts
 * import { demand, type Node } from "@call-me-maybe/maelstrom";
 *
 * function adder(node: Node) {
 *   let value = 0;
 *   node.on("add", ({ body: { delta } }) => {
 *     demand(Number.isSafeInteger(delta), "an add has a delta, a whole number");
 *     value += delta;
 *     return { type: "add_ok" };
 *   });
 * }
 * ```
 */
export function demand(isSo: boolean, text: string): asserts isSo {
  if (!isSo) throw new RPCError(ErrorCode.malformedRequest, text);
}
