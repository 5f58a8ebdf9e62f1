/**
 * The disks of nodes under virtual time. They survive their nodes; what becomes of
 * a write that is under way when its node is killed is a matter of their faults,
 * which are those of LazyFS (Ramos et al.: *When Amnesia Strikes*, 2024,
 * https://github.com/dsrhaslab/lazyfs).
 *
 * @module
 */
import { DiskError, type StableStorage } from "../../disk.ts";
import { type Clock, msInNs } from "./clock.ts";
import type { Random } from "./random.ts";

/**
 * A fault of a disk.
 *
 * @example
 * ```ts
 * import type { DiskFault } from "@call-me-maybe/maelstrom/workbench";
 *
 * const faults: DiskFault[] = ["clear-cache", "torn-op"];
 * ```
 */
export type DiskFault =
  /** A loss of what was written and not synced, when the node is killed. */
  | "clear-cache"
  /** A tear: of the write that was under way, some first part stays. */
  | "torn-op";

/** The names of {@linkcode DiskFault}. */
export const diskFaults: readonly DiskFault[] = ["clear-cache", "torn-op"];

/** The properties of a disk. */
export interface DiskOptions {
  faults: readonly DiskFault[];
  /** The most bytes that it holds. */
  maxBytes: number;
}

/** The time that a write takes until it's on the disk: drawn between the two. */
const writeMs = [0.5, 2] as const;

/** A write under way. */
interface Write {
  bytes: Uint8Array;
  /** True if it takes the place of all that was there. */
  replaces: boolean;
}

/** The disk of one node, through all its lives. */
export class SimulatedDisk {
  /** The number of times that something was written and synced. */
  syncCount = 0;
  readonly options: DiskOptions;
  /** The dice of what becomes of it. */
  readonly random: Random;
  #name: string;
  #clock: Clock;
  #crashed: (() => void)[] = [];
  #bytes = new Uint8Array();
  /** The writes under way, in order. */
  #writes: Write[] = [];
  #idleNs = 0;

  constructor(
    name: string,
    clock: Clock,
    random: Random,
    options: DiskOptions,
  ) {
    this.#name = name;
    this.#clock = clock;
    this.random = random;
    this.options = options;
  }

  /**
   * Gives the disk to a life of its node.
   *
   * @param act lets the node go on.
   */
  storage(act: (action: () => void) => void): StableStorage {
    const write = (write: Write) =>
      new Promise<void>((resolve, reject) => {
        this.#write(write, (error) =>
          act(() => error ? reject(error) : resolve()));
      });
    return {
      name: this.#name,
      read: () => Promise.resolve(this.#bytes.slice()),
      append: (bytes) => write({ bytes: bytes.slice(), replaces: false }),
      replace: (bytes) => write({ bytes: bytes.slice(), replaces: true }),
    };
  }

  /** Calls back whenever its node has been killed. */
  onCrash(crashed: () => void): void {
    this.#crashed.push(crashed);
  }

  /** Calls back when all that others wrote would be on the disk. */
  flush(done: () => void): void {
    this.#write({ bytes: new Uint8Array(), replaces: false }, done);
  }

  /** Ends what is under way: the node has been killed. */
  crash(): void {
    for (const crashed of this.#crashed) crashed();
    const { faults } = this.options;
    for (const write of this.#writes.splice(0)) {
      // To take another's place is the last that a replacement does.
      if (write.replaces) continue;
      if (faults.includes("torn-op")) {
        const part = this.random.integer(write.bytes.length);
        this.#take({ ...write, bytes: write.bytes.subarray(0, part) });
        return;
      }
      // The system has it, and outlives the node.
      if (!faults.includes("clear-cache")) this.#take(write);
    }
  }

  #write(write: Write, done: (error?: DiskError) => void): void {
    const [least, most] = writeMs;
    const takesNs = (least + (most - least) * this.random.float()) * msInNs;
    // One after the other.
    this.#idleNs = Math.max(this.#idleNs, this.#clock.nowNs) + takesNs;
    this.#writes.push(write);
    this.#clock.at(this.#idleNs, () => {
      const place = this.#writes.indexOf(write);
      if (place < 0) return; // The node is no more.
      this.#writes.splice(place, 1);
      if (this.#sizeWith(write) > this.options.maxBytes) {
        return done(
          new DiskError(
            `${this.#name} can't be written: no space is left (ENOSPC)`,
          ),
        );
      }
      this.#take(write);
      this.syncCount++;
      done();
    });
  }

  #sizeWith({ bytes, replaces }: Write): number {
    return bytes.length + (replaces ? 0 : this.#bytes.length);
  }

  #take({ bytes, replaces }: Write): void {
    const before = replaces ? new Uint8Array() : this.#bytes;
    this.#bytes = new Uint8Array(before.length + bytes.length);
    this.#bytes.set(before);
    this.#bytes.set(bytes, before.length);
  }
}
