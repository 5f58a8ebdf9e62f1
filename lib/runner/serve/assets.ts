/**
 * The table's own script and style. Browsers take the modules of this
 * repository as they are, once their types are stripped; so nothing is bundled.
 *
 * @module
 */
import { NotFound } from "./responses.ts";

const lib = new URL("../../", import.meta.url);

/** All that the browser may have, by its path in `lib/`. */
const assets: ReadonlySet<string> = new Set([
  "runner/serve/client/main.ts",
  "runner/serve/client/row.ts",
  "runner/serve/client/style.css",
  "runner/serve/client/table.ts",
  "report/web/dom.ts",
  "report/web/style.css",
  "report/format.ts",
]);

/**
 * Gives a script or a style.
 *
 * @param path in `lib/`.
 * @throws {NotFound} if it's not for the browser.
 */
export async function serveAsset(path: string): Promise<Response> {
  if (!assets.has(path)) throw new NotFound(path);
  const text = await Deno.readTextFile(new URL(path, lib));
  const isScript = path.endsWith(".ts");
  // Looked for late: a Deno that hasn't got it is to say that it's too old.
  const { stripTypeScriptTypes } = await import("node:module");
  return new Response(isScript ? stripTypeScriptTypes(text) : text, {
    headers: {
      "content-type": `text/${isScript ? "javascript" : "css"}; charset=utf-8`,
    },
  });
}
