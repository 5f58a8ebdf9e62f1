/**
 * The page's own code: what runs in the browser, as one script.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { digestOf, filesIn, settings } from "../digest.ts";

/** The parts of the page beside its data. */
export interface PageCode {
  script: string;
  style: string;
}

const web = `${import.meta.dirname}/../web`;

/** The folders that the script imports from: a change of theirs may change it. */
const sources = [
  `${import.meta.dirname}/..`,
  `${import.meta.dirname}/../../workbench`,
];

/** Reads the style sheet, which all pages share. */
export async function pageStyle(): Promise<string> {
  return await Deno.readTextFile(`${web}/style.css`);
}

/**
 * Bundles the code in `lib/report/web/`, with Deno. That takes a second, so the
 * result is kept until one of its sources changes: the workbench's files, say,
 * or a package's version.
 *
 * @param folder the folder for the result, if it can be written.
 */
export async function pageCode(folder: string): Promise<PageCode> {
  const style = await pageStyle();
  const files = await Promise.all(sources.map(filesIn));
  const digest = await digestOf(files.flat());
  const firstLine = `// ${digest}\n`;
  const path = `${folder}/page.js`;
  const kept = await Deno.readTextFile(path).catch(() => "");
  if (kept.startsWith(firstLine)) return { script: kept, style };
  const script = firstLine + await bundle();
  await keep(folder, path, script);
  return { script, style };
}

/** Keeps the script for the next time, if the folder can be written. */
async function keep(
  folder: string,
  path: string,
  script: string,
): Promise<void> {
  // Made under another name and moved into place: others may do the same now.
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(temporary, script);
    await Deno.rename(temporary, path);
  } catch {
    // Then it's made again the next time, which takes a second.
    await Deno.remove(temporary).catch(() => {});
  }
}

async function bundle(): Promise<string> {
  const main = pathToFileURL(`${web}/main.ts`).href;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--minify",
      // Else Deno takes those of the folder that it's called in.
      ...["--config", settings],
      // Deno takes a path with a * for a pattern; and the scopes of its settings
      // wouldn't hold for one that is written in another way.
      `data:text/javascript;base64,${btoa(`import "${main}";`)}`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) {
    throw new Error(`the page can't be bundled: ${decoder.decode(stderr)}`);
  }
  return decoder.decode(stdout);
}

/** The SHA-256 digest of a text, in base64. */
export async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)),
  );
  return bytes.toBase64();
}
