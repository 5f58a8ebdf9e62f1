/**
 * Folders and files for tests, which are gone when their test file has ended,
 * whether it passed or not.
 *
 * @module
 */

/** The folder that holds all those of one test file. */
let parent: string | undefined;

/** Makes an empty folder. */
export function tempDir(): string {
  return Deno.makeTempDirSync({ dir: parentFolder() });
}

/** Makes an empty file. */
export function tempFile(): string {
  return Deno.makeTempFileSync({ dir: parentFolder() });
}

function parentFolder(): string {
  if (parent !== undefined) return parent;
  const made = Deno.makeTempDirSync();
  addEventListener("unload", () => removeAll(made));
  return parent = made;
}

function removeAll(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch {
    // Something is still at work in there. The tests have their results.
  }
}
