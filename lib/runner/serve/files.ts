/**
 * Files of the store, and of nowhere else: whatever a path says, the file that
 * it ends at must be in the store.
 *
 * @module
 */
import { type Entry, listPage } from "./html.ts";
import { htmlResponse, NotFound } from "./responses.ts";

/** The types of files that browsers may show; all else they save. */
const contentTypes: ReadonlyMap<string, string> = new Map(Object.entries({
  html: "text/html; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  ...Object.fromEntries(
    ["jsonl", "log", "txt", "edn", "md", "dot", "gnuplot", "data"]
      .map((extension) => [extension, "text/plain; charset=utf-8"]),
  ),
}));

/**
 * The policy for files of the store in the browser: a run's page has its own
 * script and style, and its contents come from nodes. So it can't reach the
 * network, or anything else on this server.
 */
export const filePolicy = [
  "sandbox allow-scripts allow-downloads",
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Finds the file or folder that a path names in the store.
 *
 * @param path as in a URL, with its escapes, and without a leading `/`.
 * @returns its real path.
 * @throws {NotFound} if there is nothing, or it isn't in the store.
 */
async function resolveInStore(
  store: string,
  path: string,
): Promise<string> {
  const names = path.split("/").filter((name) => name !== "").map(decodeName);
  try {
    const root = await Deno.realPath(store);
    const found = await Deno.realPath([root, ...names].join("/"));
    // A link may lead anywhere.
    const isInside = found === root ||
      found.startsWith(root.endsWith(separator) ? root : root + separator);
    if (isInside) return found;
  } catch {
    // There is none, it can't be read, or no file system takes such a name.
  }
  throw new NotFound(path);
}

const separator = Deno.build.os === "windows" ? "\\" : "/";

/** A name between slashes, which must stay one when its escapes are resolved. */
function decodeName(escaped: string): string {
  let name: string;
  try {
    name = decodeURIComponent(escaped);
  } catch {
    throw new NotFound(escaped);
  }
  const isOne = !/^\.{1,2}$/.test(name) &&
    ["/", separator, "\0"].every((char) => !name.includes(char));
  if (isOne) return name;
  throw new NotFound(escaped);
}

/**
 * Finds a file in the store.
 *
 * @throws {NotFound} if there is none. A pipe doesn't count: waiting for its
 * end could take for ever.
 */
export async function fileInStore(
  store: string,
  path: string,
): Promise<string> {
  const found = await resolveInStore(store, path);
  if ((await Deno.stat(found)).isFile) return found;
  throw new NotFound(path);
}

/**
 * Gives a file of the store; of a folder its `index.html`, or else a list.
 *
 * @param path as `resolveInStore` has it.
 * @param settings `list` asks for the list in any case.
 */
export async function serveFile(
  store: string,
  path: string,
  { list }: { list: boolean },
): Promise<Response> {
  const found = await resolveInStore(store, path);
  if (!(await Deno.stat(found)).isDirectory) {
    return await fileResponse(await fileInStore(store, path));
  }
  if (path !== "" && !path.endsWith("/")) {
    // Relative links need it.
    return new Response(null, {
      status: 308,
      headers: { location: `/run/${path}/` },
    });
  }
  try {
    if (!list) {
      return await fileResponse(await fileInStore(store, `${path}index.html`));
    }
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
  const names = path.split("/").filter(Boolean).map(decodeName);
  return htmlResponse(
    listPage(["store", ...names].join("/"), await entriesOf(found)),
  );
}

/** Streams a file: histories may be large. */
async function fileResponse(path: string): Promise<Response> {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const file = await Deno.open(path);
  // Without its length: what is written now still grows.
  return new Response(file.readable, {
    headers: {
      "content-type": contentTypes.get(extension) ?? "application/octet-stream",
      "content-security-policy": filePolicy,
    },
  });
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    try {
      const { isDirectory, size } = await Deno.stat(`${folder}/${name}`);
      entries.push({ name, isFolder: isDirectory, size });
    } catch {
      // A link to nothing, or gone meanwhile.
    }
  }
  return entries.sort((a, b) =>
    Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1)
  );
}
