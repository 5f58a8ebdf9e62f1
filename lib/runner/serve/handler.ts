/**
 * The answers of the server, without the network: a function from requests to
 * responses.
 *
 * - `/` is the table, and `/runs.json` its contents.
 * - `/run/<run>/<time>/` is a run's page, and beneath it are its files, which
 *   `?files` lists.
 * - `/compare?a=<run>/<time>&b=<run>/<time>` shows two runs side by side.
 * - `/lib/` has the table's script and style.
 *
 * @module
 */
import { serveAsset } from "./assets.ts";
import { comparison } from "./compare.ts";
import { filePolicy, serveFile } from "./files.ts";
import { tablePage } from "./html.ts";
import {
  BadRequest,
  failure,
  htmlResponse,
  message,
  NotFound,
} from "./responses.ts";
import { type ReadRuns, runsOf } from "./runs.ts";

/** Headers of every answer: browsers trust the types, and cache nothing. */
const headers = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/**
 * Makes the server's answers.
 *
 * @param settings `store` is the folder that holds all runs; `host` the address
 * that is listened on.
 */
export function handlerOf(
  { store, host }: { store: string; host: string },
): (request: Request) => Promise<Response> {
  const readRuns = runsOf(store);
  return async (request) => {
    const response = await answer(request, { store, host, readRuns })
      .catch(failure);
    for (const [name, value] of Object.entries(headers)) {
      response.headers.set(name, value);
    }
    if (request.method !== "HEAD") return response;
    await response.body?.cancel();
    return new Response(null, response);
  };
}

async function answer(
  request: Request,
  { store, host, readRuns }: {
    store: string;
    host: string;
    readRuns: ReadRuns;
  },
): Promise<Response> {
  if (isLoopback(host) && !isLoopback(hostOf(request))) {
    // Another site's name may be made to mean this machine, and its script
    // would then read what is here.
    return message(
      421,
      "This isn't the server of that name",
      "It answers to localhost, 127.0.0.1 and [::1] only.",
    );
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    const refusal = message(
      405,
      "This page is read-only",
      "The server supports GET and HEAD.",
    );
    refusal.headers.set("allow", "GET, HEAD");
    return refusal;
  }
  const { pathname, searchParams } = urlOf(request);
  switch (pathname) {
    case "/":
      return htmlResponse(tablePage(store));
    case "/runs.json":
      return await rowsResponse(request, readRuns);
    case "/compare": {
      const [a, b] = [searchParams.get("a"), searchParams.get("b")];
      const response = htmlResponse(await comparison(store, [a, b]));
      response.headers.set("content-security-policy", filePolicy);
      return response;
    }
  }
  const [, folder, rest = ""] = /^\/(run|lib)\/(.*)$/.exec(pathname) ?? [];
  if (folder === "run") {
    return await serveFile(store, rest, { list: searchParams.has("files") });
  }
  if (folder === "lib") return await serveAsset(rest);
  throw new NotFound(pathname);
}

/** All rows, or nothing if the browser has the same. */
async function rowsResponse(
  request: Request,
  readRuns: ReadRuns,
): Promise<Response> {
  const text = JSON.stringify(await readRuns());
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  const etag = `"${new Uint8Array(digest).toHex()}"`;
  return request.headers.get("if-none-match") === etag
    ? new Response(null, { status: 304, headers: { etag } })
    : new Response(text, {
      headers: { "content-type": "application/json", etag },
    });
}

/**
 * Returns the URL of a request: its address is the one that the client claims.
 */
function urlOf({ url }: Request): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new BadRequest(
    "The request's address, or its Host header, isn't valid.",
  );
}

/** Whom the browser thinks it speaks to, without the port. */
function hostOf(request: Request): string {
  return (request.headers.get("host") ?? "").replace(/:\d*$/, "");
}

/** Tells whether a host is always this machine. */
function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
