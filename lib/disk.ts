/**
 * The things that a node keeps through its death: a log to which records are
 * added, and a snapshot that stands for all records before it.
 *
 * Records gather in memory until {@linkcode Disk.sync}; then all of them are
 * written at once, as one frame with a checksum, and forced to the disk. While
 * one frame is being written the next gathers, so many requests share one write:
 * *group commit* (DeWitt et al.: *Implementation Techniques for Main Memory
 * Database Systems*, 1984).
 *
 * The next frame is begun only when the one before is on the disk. So if the last
 * frame is broken it was never acknowledged, and is cut off by the next write: a
 * full disk has no room for that, and yet can be read. If another stands behind a
 * broken one, the disk has changed what it had kept, and nobody can tell what is
 * missing: that is an error, and not a guess. So is a broken snapshot, as it has
 * taken its place only when it was whole; and a file that no frame begins, as it's
 * somebody else's.
 *
 * @module
 */
import type { JSONValue } from "./messages.ts";

/**
 * Bytes that survive the death of a node, as a host gives them to it.
 *
 * @example A disk for a test, which can break
 * ```ts
 * import { Disk, type StableStorage } from "@call-me-maybe/maelstrom";
 * import { assertEquals } from "@std/assert";
 *
 * let bytes = new Uint8Array();
 * const storage: StableStorage = {
 *   name: "memory",
 *   read: () => Promise.resolve(bytes),
 *   append(more) {
 *     bytes = new Uint8Array([...bytes, ...more]);
 *     return Promise.resolve();
 *   },
 *   replace(others) {
 *     bytes = others.slice();
 *     return Promise.resolve();
 *   },
 * };
 * const disk = await Disk.open<number>(storage);
 * disk.append(1);
 * disk.append(2);
 * await disk.sync();
 * bytes = bytes.subarray(0, -1); // the disk loses the last byte
 * assertEquals((await Disk.open<number>(storage)).records, []);
 * ```
 */
export interface StableStorage {
  /** The words for it in an error: its path, say. */
  readonly name: string;
  /** All bytes; none at first. */
  read(): Promise<Uint8Array>;
  /** Adds bytes at the end; resolves when they are on the disk. */
  append(bytes: Uint8Array): Promise<void>;
  /**
   * Replaces all bytes by others, so that whatever happens it's either the old
   * ones or the new ones; resolves when they are on the disk.
   */
  replace(bytes: Uint8Array): Promise<void>;
}

/**
 * The failure of a disk: it's damaged, full, or can't be reached.
 *
 * @example
 * ```ts
 * import { DiskError, type Node } from "@call-me-maybe/maelstrom";
 *
 * function keeper(node: Node) {
 *   node.onInit(async () => {
 *     try {
 *       await node.openDisk("./data");
 *     } catch (error) {
 *       if (error instanceof DiskError) node.log(error.message);
 *       throw error; // init is answered with it
 *     }
 *   });
 * }
 * ```
 */
export class DiskError extends Error {
  /** Always `"DiskError"`. */
  override name = "DiskError";
}

/** Records that gather for one frame. */
interface Batch {
  records: string[];
  /** Settles when they are on the disk; absent until somebody asks for that. */
  written?: Promise<void>;
}

/**
 * The log and the snapshot of a node. `Node.openDisk` opens it.
 *
 * @typeParam R a record: something that JSON can hold.
 * @typeParam S a snapshot, likewise.
 *
 * @example A counter that survives
 * ```ts
 * import type { Node } from "@call-me-maybe/maelstrom";
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 * import { assertEquals } from "@std/assert";
 *
 * function adder(node: Node) {
 *   let value = 0;
 *   let disk: Awaited<ReturnType<typeof node.openDisk<number, number>>>;
 *   node.onInit(async () => {
 *     disk = await node.openDisk<number, number>("./data");
 *     value = disk.snapshot ?? 0;
 *     for (const delta of disk.records) value += delta;
 *     disk.replace(value);
 *   });
 *   node.on("add", async ({ body }) => {
 *     value += body.delta;
 *     disk.append(body.delta);
 *     await disk.sync(); // an answer is a promise: it's kept first
 *     return { type: "add_ok" };
 *   });
 *   node.on("read", () => ({ type: "read_ok", value }));
 * }
 *
 * const { results } = await judge(adder, {
 *   workload: "g-counter",
 *   "node-count": 1,
 *   nemesis: "kill",
 * });
 * assertEquals(results["valid?"], true);
 * ```
 */
export class Disk<R = JSONValue, S = JSONValue> {
  /** The snapshot that was there when it was opened, if there was one. */
  readonly snapshot: S | undefined;
  /** The records that were there, from after the snapshot on, in order. */
  readonly records: readonly R[];

  #storage: StableStorage | undefined;
  /** All that is sound, until a broken frame behind it has been cut off. */
  #sound: Uint8Array | undefined;
  /** Records that nobody writes yet. */
  #open: Batch | undefined;
  /** The end of all that is to be written. */
  #last: Promise<void> = Promise.resolve();
  /** True if a write has failed: nothing will be written any more. */
  #failed = false;

  private constructor(
    storage: StableStorage | undefined,
    { snapshot, records, sound }: Contents<R, S>,
  ) {
    this.#storage = storage;
    this.#sound = sound;
    this.snapshot = snapshot;
    this.records = records;
  }

  /**
   * Reads what is there. A last frame that is broken is passed over, unless it's a
   * snapshot, and cut off by the next write.
   *
   * @param storage where it's kept; without, nothing is kept, and a sync takes no
   * time.
   * @throws {DiskError} if more than the end of it is broken, or its snapshot; or if
   * it's something else than a disk of a node.
   */
  static async open<R = JSONValue, S = JSONValue>(
    storage?: StableStorage,
  ): Promise<Disk<R, S>> {
    const bytes = await storage?.read() ?? new Uint8Array();
    return new Disk(storage, contentsOf<R, S>(bytes, storage?.name));
  }

  /**
   * Adds a record, which is on the disk after the next {@linkcode sync}.
   *
   * @throws {TypeError} if JSON can't hold it. Where nothing is kept, nobody looks.
   */
  append(record: R): void {
    if (this.#storage === undefined || this.#failed) return;
    const text = jsonOf(record);
    this.#open ??= { records: [] };
    this.#open.records.push(text);
  }

  /**
   * Waits until all that was added so far is on the disk.
   *
   * @throws {DiskError} if that fails; then whatever follows fails, too, as
   * nobody can tell what has become of it.
   */
  sync(): Promise<void> {
    const batch = this.#open;
    if (batch === undefined) return this.#last;
    return batch.written ??= this.#enqueue((storage) => {
      if (this.#open === batch) this.#open = undefined;
      const bytes = frame(`{"records":[${batch.records.join(",")}]}`);
      if (this.#sound === undefined) return storage.append(bytes);
      const whole = joined(this.#sound, bytes);
      this.#sound = undefined;
      return storage.replace(whole);
    });
  }

  /**
   * Puts a snapshot in the place of all that was added so far, and waits until
   * it's on the disk.
   *
   * @throws {DiskError} if that fails.
   * @throws {TypeError} if JSON can't hold it; then nothing has changed.
   */
  replace(snapshot: S): Promise<void> {
    const bytes = frame(`${snapshotStart}${jsonOf(snapshot)}}`);
    // The snapshot has them. What is being written comes before it.
    this.#open = undefined;
    return this.#enqueue((storage) => {
      this.#sound = undefined;
      return storage.replace(bytes);
    });
  }

  #enqueue(write: (storage: StableStorage) => Promise<void>): Promise<void> {
    const storage = this.#storage;
    if (storage === undefined) return this.#last;
    this.#last = this.#last.then(() => write(storage)).catch((error) => {
      this.#failed = true;
      this.#open = undefined;
      if (error instanceof DiskError) throw error;
      throw new DiskError(
        `${storage.name} can't be written: ${(error as Error).message}`,
        { cause: error },
      );
    });
    // Whoever syncs hears of it; nobody need.
    this.#last.catch(() => {});
    return this.#last;
  }
}

/** The contents of a disk. */
interface Contents<R, S> {
  snapshot: S | undefined;
  records: R[];
  /** The bytes of all that, if a broken frame follows. */
  sound?: Uint8Array;
}

/** JSON, which has no `undefined`: such a frame could never be read again. */
function jsonOf(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text !== undefined) return text;
  throw new TypeError(`The disk keeps JSON, which can't hold ${typeof value}`);
}

/** A frame: its length and checksum in a line, and then its text. */
function frame(text: string): Uint8Array {
  const payload = encoder.encode(text);
  const header = encoder.encode(`${payload.length} ${checksum(payload)}\n`);
  return joined(header, payload, Uint8Array.of(newline));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const newline = 10;

/** The longest first line of a frame. */
const maxHeaderBytes = 32;

/** The beginning of a snapshot's text. */
const snapshotStart = `{"snapshot":`;

/** Reads all frames, up to a broken one behind which there's no other. */
function contentsOf<R, S>(
  bytes: Uint8Array,
  name = "the disk",
): Contents<R, S> {
  let snapshot: S | undefined;
  const records: R[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = frameAt(bytes, at);
    if (next === undefined) break;
    const value = JSON.parse(next.text) as { snapshot?: S; records?: R[] };
    if ("snapshot" in value) snapshot = value.snapshot;
    // One by one: there may be more than a call can have arguments.
    for (const record of value.records ?? []) records.push(record);
    at = next.end;
  }
  const behind = frameBehind(bytes, at);
  if (behind === undefined && at === 0 && !mayBeginFrame(bytes)) {
    throw new DiskError(
      `${name} isn't what a node has kept: it begins with something else. Move it away, or let the nodes keep their data in another folder.`,
    );
  }
  const problem = behind !== undefined
    ? `at byte ${at} stands something else than was written, and what follows from byte ${behind} on is sound`
    : at === 0 && beginsWithSnapshot(bytes)
    ? "its snapshot isn't what was written"
    : undefined;
  if (problem !== undefined) {
    throw new DiskError(
      `${name} is damaged: ${problem}. What is missing can't be told. Put a sound copy there; or remove it, and the node starts with nothing.`,
    );
  }
  const isCut = at < bytes.length;
  return { snapshot, records, ...isCut && { sound: bytes.slice(0, at) } };
}

/**
 * Tells whether bytes may be a frame, or what is left of one that was cut short: its
 * first part, or blocks that were never filled.
 */
function mayBeginFrame(bytes: Uint8Array): boolean {
  const beginning = decoder.decode(bytes.subarray(0, maxHeaderBytes));
  return bytes.length === 0 || bytes[0] === 0 ||
    /^\d+($| [\da-f]{0,8}($|\n))/.test(beginning);
}

/** Tells of a broken first frame whether it was a snapshot. */
function beginsWithSnapshot(bytes: Uint8Array): boolean {
  const beginning = bytes.subarray(0, maxHeaderBytes + snapshotStart.length);
  return decoder.decode(beginning).includes(`\n${snapshotStart}`);
}

function frameAt(
  bytes: Uint8Array,
  at: number,
): { text: string; end: number } | undefined {
  const lineEnd = bytes.subarray(at, at + maxHeaderBytes).indexOf(newline);
  if (lineEnd < 0) return undefined;
  const line = decoder.decode(bytes.subarray(at, at + lineEnd));
  const [, length, sum] = /^(\d+) ([\da-f]{8})$/.exec(line) ?? [];
  if (length === undefined) return undefined;
  const start = at + lineEnd + 1;
  const end = start + Number(length);
  const payload = bytes.subarray(start, end);
  if (bytes[end] !== newline || checksum(payload) !== sum) return undefined;
  return { text: decoder.decode(payload), end: end + 1 };
}

/** Finds a sound frame somewhere after a broken one. */
function frameBehind(bytes: Uint8Array, broken: number): number | undefined {
  for (let at = broken; at < bytes.length;) {
    at = bytes.indexOf(newline, at) + 1;
    if (at === 0) return undefined;
    if (frameAt(bytes, at) !== undefined) return at;
  }
  return undefined;
}

/** The polynomial of CRC-32, its bits in reverse (ISO-HDLC, as in zlib). */
const polynomial = 0xedb88320;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? polynomial ^ value >>> 1 : value >>> 1;
  }
  return value;
});

/** CRC-32, as eight digits. */
function checksum(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ crc >>> 8;
  return (~crc >>> 0).toString(16).padStart(8, "0");
}
