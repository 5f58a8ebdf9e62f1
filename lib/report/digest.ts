/**
 * A digest of the files that something was made from, as a short text: as long
 * as that is the same, it needn't be made again.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The repository's settings: the versions of all packages, above all. */
export const settings = `${import.meta.dirname}/../../deno.json`;

/**
 * A digest of files, of the settings, the Deno that makes something of them, and
 * how it's called.
 *
 * @returns SHA-256 in hexadecimal digits.
 */
export async function digestOf(
  files: readonly string[],
  flags: readonly string[] = [],
): Promise<string> {
  const hash = createHash("sha256");
  hash.update([Deno.version.deno, Deno.execPath(), ...flags].join("\n"));
  for (const path of [settings, ...files.toSorted()]) {
    hash.update("\0").update(await Deno.readFile(path));
  }
  return hash.digest("hex");
}

/** The paths of all files in a folder, and in the folders in it. */
export async function filesIn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) paths.push(...await filesIn(path));
    else paths.push(path);
  }
  return paths;
}
