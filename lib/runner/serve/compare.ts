/**
 * Two runs side by side, made from their two pages.
 *
 * @module
 */
import { decode } from "../../report/web/decode.ts";
import type { PageData } from "../../report/page/data.ts";
import { page } from "../../report/page/page.ts";
import { fileInStore } from "./files.ts";
import { BadRequest, NotFound } from "./responses.ts";

/**
 * Makes a page of two runs.
 *
 * @param paths the runs' folders in the store.
 * @throws {BadRequest} if there aren't two runs with pages.
 */
export async function comparison(
  store: string,
  paths: readonly [string | null, string | null],
): Promise<string> {
  const [a, b] = await Promise.all([
    partsOf(store, paths[0]),
    partsOf(store, paths[1]),
  ]);
  // Both bring the code that draws them; the newer one's draws both.
  const { script, style } = a.data.when > b.data.when ? a : b;
  return await page(
    [a.data, b.data],
    { script, style },
    paths.map((path) => `/run/${escapePath(path!)}/`),
  );
}

/** The parts of a run's page. */
interface Parts {
  data: PageData;
  script: string;
  style: string;
}

async function partsOf(store: string, path: string | null): Promise<Parts> {
  if (path === null) {
    throw new BadRequest(
      "Choose two runs in the table: their addresses are /compare?a=RUN/TIME&b=RUN/TIME.",
    );
  }
  const html = await readPage(store, path);
  const element = (name: string, attributes = "") =>
    html.split(`<${name}${attributes}>`)[1]?.split(`</${name}>`)[0];
  const packed = element(
    "script",
    ' type="application/octet-stream" class="data"',
  );
  const script = element("script", ' type="module"');
  const style = element("style");
  if (packed && script && style) {
    try {
      return { data: await decode(packed), script, style };
    } catch {
      // Of another version, or cut short.
    }
  }
  throw new BadRequest(
    `The page of ${path} isn't one that this version can compare. Judge the run again.`,
  );
}

function escapePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

async function readPage(store: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(
      await fileInStore(store, `${escapePath(path)}/index.html`),
    );
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    throw new BadRequest(
      `${path} has no page: it isn't in the store, or not finished.`,
    );
  }
}
