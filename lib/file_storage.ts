/**
 * Stable storage as a file: the disk of a node that is a process.
 *
 * @module
 */
import { DiskError, type StableStorage } from "./disk.ts";

/** One file, and what it takes to have it survive. */
export class FileStorage implements StableStorage {
  /** The file's path. */
  readonly name: string;
  #folder: string;
  #file: Promise<Deno.FsFile> | undefined;

  /** Makes one of a file in a folder. Nothing is read or written yet. */
  constructor(folder: string, id: string) {
    this.#folder = folder;
    this.name = `${folder}/${encodeURIComponent(id)}`;
  }

  /** Reads the whole file. */
  async read(): Promise<Uint8Array> {
    try {
      return await Deno.readFile(this.name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new Uint8Array();
      throw this.#problem("read", error);
    }
  }

  /** Adds bytes at its end, and waits for the disk. */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      const file = await (this.#file ??= this.#openToAppend());
      await writeAll(file, bytes);
      await file.syncData();
    } catch (error) {
      throw this.#problem("written", error);
    }
  }

  /** Writes another file, and lets it take this one's place. */
  async replace(bytes: Uint8Array): Promise<void> {
    const fresh = `${this.name}.new`;
    try {
      (await this.#file)?.close();
      this.#file = undefined;
      await Deno.mkdir(this.#folder, { recursive: true });
      {
        using file = await Deno.open(fresh, {
          ...{ write: true, create: true, truncate: true },
        });
        await writeAll(file, bytes);
        await file.sync();
      }
      await Deno.rename(fresh, this.name);
      await this.#syncFolder();
    } catch (error) {
      throw this.#problem("written", error);
    }
  }

  async #openToAppend(): Promise<Deno.FsFile> {
    await Deno.mkdir(this.#folder, { recursive: true });
    const file = await Deno.open(this.name, { append: true, create: true });
    await this.#syncFolder();
    return file;
  }

  /** Makes sure that the file will be found under its name. */
  async #syncFolder(): Promise<void> {
    if (Deno.build.os === "windows") return; // has no such thing
    using folder = await Deno.open(this.#folder);
    await folder.sync();
  }

  #problem(what: string, error: unknown): DiskError {
    const { message } = error as Error;
    const hint = error instanceof Deno.errors.NotCapable
      ? `. Let the node read and write there: --allow-read=${this.#folder} --allow-write=${this.#folder}`
      : "";
    return new DiskError(
      `${this.name} can't be ${what}: ${message}${hint}`,
      { cause: error },
    );
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(await file.write(rest));
  }
}
