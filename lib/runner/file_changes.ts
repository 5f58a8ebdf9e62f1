/**
 * Waits until files change.
 *
 * @module
 */
import { debounce } from "@std/async/debounce";
import { basename, dirname, sep } from "node:path";
import { systemReason } from "../workbench/hosts/system_error.ts";

/** The system's part in it, which tests replace. */
export interface FileSystem {
  /** Describes a file as it is now: of two versions, differently. */
  stateOf(path: string): string;
  isFolder(path: string): boolean;
  /** Tells what happens in folders, not in those below, until it's closed. */
  watch(
    folders: readonly string[],
  ): AsyncIterable<Pick<Deno.FsEvent, "kind" | "paths">> & { close(): void };
  /** Makes a function that acts some time after it was called for the last time. */
  debounce(act: () => void): (() => void) & { clear(): void };
}

/** Saving a file takes several steps, and saving all files some more. */
const settlingMs = 50;

/** The real one. */
const system: FileSystem = {
  stateOf(path) {
    try {
      const { mtime, size, ino, mode } = Deno.statSync(path);
      return [mtime?.getTime(), size, ino, mode].join(" ");
    } catch {
      return "absent";
    }
  },
  isFolder(path) {
    try {
      return Deno.statSync(path).isDirectory;
    } catch {
      return false;
    }
  },
  watch(folders) {
    try {
      return Deno.watchFs([...folders], { recursive: false });
    } catch (error) {
      throw new Error(
        `${folders.join(", ")} can't be watched: ${systemReason(error)}.`,
      );
    }
  },
  debounce: (act) => debounce(act, settlingMs),
};

/** Files at a moment, and what has become of them since. */
export class FileChanges {
  #files: ReadonlyMap<string, string>;
  #system: FileSystem;

  /** Remembers how the files are now; those that are absent, too. */
  constructor(files: readonly string[], fileSystem = system) {
    this.#system = fileSystem;
    this.#files = new Map(files.map((path) => [path, this.#stateOf(path)]));
  }

  #stateOf(path: string): string {
    return this.#system.stateOf(path);
  }

  /**
   * Resolves as soon as some files aren't as they were, and nothing more
   * happens to them.
   *
   * @throws the signal's reason.
   */
  async next(signal: AbortSignal): Promise<string[]> {
    const files = [...this.#files.keys()];
    for (;;) {
      signal.throwIfAborted();
      // Folders, because editors save by putting another file in the place of
      // the old one. And anew each time: folders come and go, too.
      const folders = new Set(files.map((path) => this.#folderOf(path)));
      const events = this.#system.watch([...folders]);
      let isOpen = true;
      const close = () => {
        if (isOpen) events.close();
        isOpen = false;
      };
      signal.addEventListener("abort", close);
      try {
        // What has changed until here causes no event.
        const changed = files.filter((path) =>
          this.#stateOf(path) !== this.#files.get(path)
        );
        if (changed.length > 0) return changed;
        await this.#settled(events, files, close);
      } finally {
        signal.removeEventListener("abort", close);
        close();
      }
    }
  }

  /** The folder of a file, or the next one above that is there. */
  #folderOf(path: string): string {
    const folder = dirname(path);
    return folder === path || this.#system.isFolder(folder)
      ? folder
      : this.#folderOf(folder);
  }

  /**
   * Resolves when something has happened, and nothing more does; or when it's
   * closed.
   */
  async #settled(
    events: ReturnType<FileSystem["watch"]>,
    files: readonly string[],
    close: () => void,
  ): Promise<void> {
    const names = new Set(files.flatMap((path) => path.split(sep)));
    // Others write into these folders, too. Where the system has lost count, it
    // names no path.
    const isAboutThem = (paths: readonly string[]) =>
      paths.length === 0 || paths.some((path) => names.has(basename(path)));
    const settled = this.#system.debounce(close);
    try {
      for await (const { kind, paths } of events) {
        if (kind !== "access" && isAboutThem(paths)) settled();
      }
    } finally {
      settled.clear();
    }
  }
}
