/**
 * The pipes of a WASI module: stdin, which the network fills, and stdout and
 * stderr, of which lines are taken.
 *
 * @module
 */
import { Fd, wasi as codes } from "@bjorn3/browser_wasi_shim";
import { LineSplitter } from "./lines.ts";

/** The most bytes of a line that hasn't ended. */
const maxLineBytes = 64 * 1024 * 1024;

/** A module's stdin. */
export class Input extends Fd {
  /** The number of bytes that are there to be read. */
  size = 0;
  /** True if a read that finds nothing says so, and doesn't wait. */
  isNonBlocking: boolean;
  #chunks: Uint8Array[] = [];
  #encoder = new TextEncoder();
  #waiting: (() => void)[] = [];
  #act: (action: () => void) => void;

  /**
   * @param isNonBlocking whether a read that finds nothing says so (`EAGAIN`),
   * until the module has it otherwise.
   * @param act lets the node go on.
   */
  constructor(isNonBlocking: boolean, act: (action: () => void) => void) {
    super();
    this.isNonBlocking = isNonBlocking;
    this.#act = act;
  }

  /** Puts a line in. */
  write(line: string): void {
    const bytes = this.#encoder.encode(line + "\n");
    this.#chunks.push(bytes);
    this.size += bytes.length;
    if (this.#waiting.length === 0) return;
    this.#act(() => {
      // It may have been woken, and have read all, before this was its turn.
      if (this.size === 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
  }

  /** Calls back when something is there; once. */
  onceThere(wake: () => void): void {
    this.#waiting.push(wake);
  }

  /** Takes {@linkcode onceThere} back. */
  forget(wake: () => void): void {
    this.#waiting = this.#waiting.filter((each) => each !== wake);
  }

  /**
   * Reads what is there.
   *
   * @returns how many bytes.
   */
  read(into: Uint8Array): number {
    let read = 0;
    for (;;) {
      const first = this.#chunks[0];
      if (first === undefined || read === into.length) break;
      const part = first.subarray(0, into.length - read);
      into.set(part, read);
      read += part.length;
      if (part.length === first.length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(part.length);
    }
    this.size -= read;
    return read;
  }

  override fd_fdstat_get(): { ret: number; fdstat: codes.Fdstat } {
    const flags = this.isNonBlocking ? codes.FDFLAGS_NONBLOCK : 0;
    return pipe(flags, codes.RIGHTS_FD_READ);
  }

  override fd_fdstat_set_flags(flags: number): number {
    this.isNonBlocking = (flags & codes.FDFLAGS_NONBLOCK) !== 0;
    return codes.ERRNO_SUCCESS;
  }

  override fd_filestat_get(): { ret: number; filestat: codes.Filestat } {
    return filestat;
  }
}

/** A module's stdout or stderr. */
export class Output extends Fd {
  #splitter = new LineSplitter();
  // It decodes whole lines: to decode a stream takes Deno eight times as long.
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #isFirst = true;
  /** The beginning of a line, and how long that is. */
  #begun = { bytes: new Uint8Array(0), size: 0 };
  #onLine: (line: string) => void;

  /** @param onLine called for each whole line. */
  constructor(onLine: (line: string) => void) {
    super();
    this.#onLine = onLine;
  }

  /** The part that has come of a line that hasn't ended. */
  get open(): string {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return this.#unmarked(decoder.decode(this.#beginning, { stream: true }));
  }

  /**
   * Takes what the module writes.
   *
   * @returns whether it fits: a line may not be so long.
   */
  write(data: Uint8Array): boolean {
    if (this.#begun.size + data.length > maxLineBytes) return false;
    const end = Math.max(data.lastIndexOf(lineFeed), data.lastIndexOf(ret)) + 1;
    if (end > 0) {
      const text = this.#decode(data.subarray(0, end));
      for (const line of this.#splitter.push(text)) this.#onLine(line);
    }
    if (end < data.length) this.#begin(data.subarray(end));
    return true;
  }

  get #beginning(): Uint8Array {
    return this.#begun.bytes.subarray(0, this.#begun.size);
  }

  /** Decodes lines, of which the first may have begun before. */
  #decode(lines: Uint8Array): string {
    let whole = lines;
    if (this.#begun.size > 0) {
      this.#begin(lines);
      whole = this.#beginning;
      this.#begun.size = 0;
    }
    const text = this.#unmarked(this.#decoder.decode(whole));
    this.#isFirst = false;
    return text;
  }

  /** A text without the mark that a stream may begin with. */
  #unmarked(text: string): string {
    const isMarked = this.#isFirst && text.startsWith(byteOrderMark);
    return isMarked ? text.slice(1) : text;
  }

  /** Adds to the beginning of a line. */
  #begin(data: Uint8Array): void {
    const { bytes, size } = this.#begun;
    const needed = size + data.length;
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * bytes.length));
      larger.set(this.#beginning);
      this.#begun.bytes = larger;
    }
    this.#begun.bytes.set(data, size);
    this.#begun.size = needed;
  }

  override fd_fdstat_get(): { ret: number; fdstat: codes.Fdstat } {
    return pipe(0, codes.RIGHTS_FD_WRITE);
  }

  override fd_fdstat_set_flags(): number {
    return codes.ERRNO_SUCCESS;
  }

  override fd_filestat_get(): { ret: number; filestat: codes.Filestat } {
    return filestat;
  }
}

const lineFeed = 10;
const ret = 13;
const byteOrderMark = "\uFEFF";

/** Describes a pipe: no file, no terminal. */
function pipe(flags: number, rights: number) {
  const fdstat = new codes.Fdstat(codes.FILETYPE_UNKNOWN, flags);
  fdstat.fs_rights_base = BigInt(rights);
  return { ret: codes.ERRNO_SUCCESS, fdstat };
}

const filestat = {
  ret: codes.ERRNO_SUCCESS,
  filestat: new codes.Filestat(0n, codes.FILETYPE_UNKNOWN, 0n),
};
