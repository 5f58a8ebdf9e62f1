/**
 * The page's own code: what runs in the browser, as one script.
 *
 * @module
 */

/** What the page consists of beside its data. */
export interface PageCode {
  script: string;
  style: string;
}

const client = `${import.meta.dirname}/client`;

/** Whatever a change of may change the script: it imports from all over. */
const sources = `${import.meta.dirname}/../..`;

/**
 * Bundles the code in `client/`, with Deno. That takes a second, so the result
 * is kept and only made again after a change of the workbench's files.
 *
 * @param settings `folder` is where the result is kept, `flags` are passed on
 * to `deno bundle`.
 */
export async function pageCode(
  { folder, flags = [] }: { folder: string; flags?: readonly string[] },
): Promise<PageCode> {
  const style = await Deno.readTextFile(`${client}/style.css`);
  const firstLine = `// ${await digest(sources)}\n`;
  const path = `${folder}/page.js`;
  const kept = await Deno.readTextFile(path).catch(() => "");
  if (kept.startsWith(firstLine)) return { script: kept, style };
  const script = firstLine + await bundle(flags);
  // Made under another name and moved into place: others may do the same now.
  await Deno.mkdir(folder, { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, script);
  await Deno.rename(temporary, path);
  return { script, style };
}

async function bundle(flags: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--minify",
      ...flags,
      `${client}/main.ts`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`the page can't be bundled: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout);
}

/** A digest of all files in a folder. */
async function digest(folder: string): Promise<string> {
  const paths: string[] = [];
  const collect = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await collect(`${folder}/${name}`);
      else paths.push(`${folder}/${name}`);
    }
  };
  await collect(folder);
  const texts = await Promise.all(
    paths.sort().map((path) => Deno.readTextFile(path)),
  );
  return await sha256(texts.join("\0"), "hex");
}

/** The SHA-256 digest of a text. */
export async function sha256(
  text: string,
  format: "hex" | "base64",
): Promise<string> {
  const bytes = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  );
  return format === "hex" ? bytes.toHex() : bytes.toBase64();
}
