/**
 * Answers to the browser, in words where they are for a person.
 *
 * @module
 */
import { complain } from "../output.ts";
import { systemReason } from "../../workbench/hosts/system_error.ts";
import { messagePage } from "./html.ts";

/** The server's own pages have no script and no style but its own. */
const ownPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** There is nothing at a path. */
export class NotFound extends Error {
  override name = "NotFound";
}

/** An error for a request that can't be granted, with the reason in words. */
export class BadRequest extends Error {
  override name = "BadRequest";
}

/** A page of the server's own. */
export function htmlResponse(html: string, status = 200): Response {
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": ownPolicy,
    },
  });
}

/** A message for a person. */
export function message(
  status: number,
  title: string,
  text: string,
): Response {
  return htmlResponse(messagePage(title, text), status);
}

/** The answer to a request that failed. */
export function failure(error: unknown): Response {
  if (error instanceof NotFound) {
    return message(
      404,
      "There is no such page",
      "The store has nothing of this name. The run may have been removed, or the address mistyped.",
    );
  }
  if (error instanceof BadRequest) {
    return message(400, "That can't be shown", error.message);
  }
  const reason = systemReason(error);
  if (error instanceof Error && reason !== error.message) {
    return message(500, "That can't be read", `The reason: ${reason}.`);
  }
  complain(error instanceof Error ? error.stack ?? error.message : `${error}`);
  return message(
    500,
    "Something went wrong",
    "The reason is printed where the server runs.",
  );
}
