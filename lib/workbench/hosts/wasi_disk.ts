/**
 * The file system of a WASI module: it survives its node, as a disk does, with
 * the faults of {@linkcode SimulatedDisk}.
 *
 * @module
 */
import {
  Directory,
  File,
  Inode,
  PreopenDirectory,
} from "@bjorn3/browser_wasi_shim";
import type { SimulatedDisk } from "../sim/disk.ts";

/** The file system of one node, through all its lives. */
export class WasiDisk {
  /** The files and folders, by their names. */
  #root = new Map<string, Inode>();
  #nextInode = rootInode + 1n;
  #disk: SimulatedDisk | undefined;
  /** The contents of files as they were synced, where others may be lost. */
  #synced = new WeakMap<File, Uint8Array<ArrayBuffer>>();
  /** The last write that wasn't synced, if it added something. */
  #last: { file: File; fromBytes: number } | undefined;

  constructor(disk?: SimulatedDisk) {
    this.#disk = disk;
    disk?.onCrash(() => this.#crash());
  }

  /** Opens it for a module. */
  open(): PreopenDirectory {
    const folder = new PreopenDirectory("/", this.#root);
    folder.dir.ino = rootInode;
    return folder;
  }

  /** Gives files that are made numbers of its own; the shim's are all nodes'. */
  numbering<T>(make: () => T): T {
    const { next_ino } = inodes;
    inodes.next_ino = this.#nextInode;
    try {
      return make();
    } finally {
      this.#nextInode = inodes.next_ino;
      inodes.next_ino = next_ino;
    }
  }

  /** The bytes of all files. */
  get bytes(): number {
    return [...this.#root.values()].reduce(
      (sum, each) => sum + sizeOf(each),
      0,
    );
  }

  /** Tells whether so many bytes more would be too many. */
  isFullWith(moreBytes: number): boolean {
    const { maxBytes = Infinity } = this.#disk?.options ?? {};
    return maxBytes < Infinity && this.bytes + moreBytes > maxBytes;
  }

  /** Takes note that a file has been written to that had so many bytes. */
  wrote(file: File, fromBytes: number): void {
    this.#last = { file, fromBytes };
  }

  /** Forces what was written to a file to the disk; that takes a moment. */
  sync(file: File, done: () => void): void {
    if (this.#disk === undefined) return done();
    this.#disk.flush(() => {
      if (this.#last?.file === file) this.#last = undefined;
      if (this.#losesCache) this.#synced.set(file, file.data.slice());
      done();
    });
  }

  get #losesCache(): boolean {
    return this.#disk?.options.faults.includes("clear-cache") ?? false;
  }

  #crash(): void {
    const { disk, last } = { disk: this.#disk!, last: this.#last };
    this.#last = undefined;
    if (this.#losesCache) {
      for (const file of filesIn(this.#root)) {
        file.data = this.#synced.get(file)?.slice() ?? new Uint8Array();
      }
    } else if (last && disk.options.faults.includes("torn-op")) {
      const { file, fromBytes } = last;
      const more = file.data.byteLength - fromBytes;
      if (more <= 0) return;
      file.data = file.data.slice(0, fromBytes + disk.random.integer(more));
    }
  }
}

/** The number of the root folder. */
const rootInode = 1n;

/** The shim's count of files; its types keep it to themselves. */
const inodes = Inode as unknown as { next_ino: bigint };

function* filesIn(folder: Map<string, Inode>): Generator<File> {
  for (const inode of folder.values()) {
    if (inode instanceof File) yield inode;
    else if (inode instanceof Directory) yield* filesIn(inode.contents);
  }
}

function sizeOf(inode: Inode): number {
  if (inode instanceof File) return inode.data.byteLength;
  if (!(inode instanceof Directory)) return 0;
  return [...inode.contents.values()]
    .reduce((sum, each) => sum + sizeOf(each), 0);
}
