/**
 * Nodes as WebAssembly modules under virtual time. A module speaks WASI preview
 * 1 (https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md), as
 * compilers make it of programs in Go, Rust, C and others. When it waits, for
 * input or for a time, JavaScript Promise Integration
 * (https://github.com/WebAssembly/js-promise-integration) suspends it, and the
 * clock goes on.
 *
 * @module
 */
import {
  OpenFile,
  WASI,
  wasi as codes,
  WASIProcExit,
} from "@bjorn3/browser_wasi_shim";
import { invariant } from "../sim/invariant.ts";
import type { Random } from "../sim/random.ts";
import { CrashReader, endingOf, untimely } from "./crash.ts";
import { incarnationOf, NodeEnded, type StartHost } from "./host.ts";
import { epochMs, SimulatedNode } from "./simulated.ts";
import { isGo, preview1 } from "./wasm_module.ts";
import { WasiDisk } from "./wasi_disk.ts";
import { Input, Output } from "./wasi_streams.ts";

/** The most memory that a node may use, in bytes: its own, and its files. */
export const maxMemoryBytes = 1024 * 1024 * 1024;

/**
 * So often may a module of Go's yield and do nothing else. It does so while it waits
 * for signals, and then asks for nothing else, be it input: it would never end.
 */
const maxYields = 100_000;

/** A module of Go's that waits for signals, as it's reported. */
const signalText =
  "yielded a hundred thousand times without reading, writing or waiting, and was ended. Go's os/signal does that in a module, where nothing else happens then: leave it out, or build the node for this machine, and it's judged over pipes.";

const epochNs = BigInt(epochMs) * 1_000_000n;

/** The other clocks' time when a node starts: Go takes 0 for a broken one. */
const upNs = 1_000_000_000n;

/** The places where programs ask to put files: they have one folder. */
const environment = ["HOME=/", "TMPDIR=/"];

// The language's since 2026; TypeScript doesn't know them yet.
const { promising, Suspending } = WebAssembly as unknown as {
  promising(start: unknown): () => Promise<void>;
  Suspending: new (imported: unknown) => WebAssembly.ImportValue;
};

// deno-lint-ignore no-explicit-any -- imports take what numbers they like
type Imports = { [name: string]: (...args: any[]) => unknown };

/** A module, and what it's called with. */
export interface WasmProgram {
  module: WebAssembly.Module;
  args: readonly string[];
}

/** Nodes as instances of a module. */
export function wasmModule(
  program: WasmProgram,
  randomFor: (id: string) => Random,
  onMemory: (bytes: number) => void = () => {},
): StartHost {
  const disks = new Map<string, WasiDisk>();
  return (id, surroundings) => {
    const { clock, disk: simulated, watch } = surroundings;
    const random = randomFor(incarnationOf(id, surroundings));
    const host = new SimulatedNode(id, surroundings, random);
    const disk = disks.get(id) ?? new WasiDisk(simulated);
    disks.set(id, disk);
    const node = new WasmNode(program, { host, watch, random, disk });
    clock.at(host.startNs, () => host.act(() => void node.run()));
    return {
      deliver: (line) => node.input.write(line),
      pause: () => host.pause(),
      resume: () => host.resume(),
      setClock: (change) => host.setClock(change),
      hint: () => node.hint(),
      stop() {
        onMemory(node.memoryBytes);
        host.stopped = true;
        return Promise.resolve();
      },
    };
  };
}

/** One instance of a module. */
class WasmNode {
  readonly input: Input;
  #program: WasmProgram;
  #host: SimulatedNode;
  #watch: { beat(): void } | undefined;
  #random: Random;
  #crash = new CrashReader();
  #output: Output;
  #wasi: WASI;
  #instance: WebAssembly.Instance | undefined;
  #views = viewsOf(new ArrayBuffer(0));
  #disk: WasiDisk;
  /** The bytes that files have grown by; those that are gone count, too. */
  #fileBytes: number;
  #isGo: boolean;
  /** The times in a row that it has yielded and done nothing else. */
  #yields = 0;

  constructor(
    program: WasmProgram,
    { host, watch, random, disk }: {
      host: SimulatedNode;
      watch: { beat(): void } | undefined;
      random: Random;
      disk: WasiDisk;
    },
  ) {
    this.#disk = disk;
    this.#fileBytes = disk.bytes;
    this.#program = program;
    this.#host = host;
    this.#watch = watch;
    this.#random = random;
    this.#isGo = isGo(program.module);
    this.input = new Input(this.#isGo, (action) => host.act(action));
    this.#output = new Output(
      (line) => {
        if (!host.print(line)) this.#crash.read(line);
      },
    );
    const log = new Output((line) => {
      this.#crash.read(line);
      host.log(line);
    });
    this.#wasi = new WASI(
      ["node", ...program.args],
      environment,
      [this.input, this.#output, log, disk.open()],
      { debug: false },
    );
  }

  /** The memory that it has taken. */
  get memoryBytes(): number {
    return this.#view.byteLength + this.#fileBytes;
  }

  /** Runs it; what comes of that is an error of the node's, whatever it is. */
  async run(): Promise<void> {
    try {
      this.#instance = new WebAssembly.Instance(this.#program.module, {
        [preview1]: this.#imports(),
      });
      this.#wasi.inst = this.#instance as WASI["inst"];
      await promising(this.#instance.exports._start)();
      this.#crashed(endingOf({ code: 0, signal: null }));
    } catch (error) {
      if (error instanceof WASIProcExit) {
        this.#crashed(endingOf({ code: error.code, signal: null }));
      } else if (error instanceof NodeEnded) {
        this.#host.crashed(error.message);
      } else {
        this.#crashed(`trapped (${(error as Error).message})`);
      }
    }
  }

  /** A hint that may explain its silence. */
  hint(): string | undefined {
    return this.#host.hint(this.#output.open.length);
  }

  #crashed(how: string): void {
    const { open } = this.#output;
    if (open !== "") this.#crash.read(open);
    this.#host.crashed(untimely(how, this.#crash.lastWords()));
  }

  /** All imports: those that stand on the run, and the shim's. */
  #imports(): WebAssembly.ModuleImports {
    const shim = this.#wasi.wasiImport;
    const own = this.#ownImports();
    const waiting = this.#waitingImports();
    const imports: WebAssembly.ModuleImports = {};
    for (const [name, theirs] of Object.entries(shim)) {
      const wait = waiting[name];
      const ours = own[name];
      imports[name] = wait !== undefined
        ? new Suspending(this.#watched(wait))
        : ours !== undefined
        ? this.#watched(ours)
        : this.#watchedOfAny((...args) =>
          this.#disk.numbering(() => theirs(...args))
        );
    }
    return imports;
  }

  /** The imports that stand on the run's clock and dice. */
  #ownImports(): Imports {
    return {
      args_sizes_get: (count: number, size: number) => {
        const args = this.#args();
        this.#view.setUint32(count, args.length, true);
        const bytes = args.reduce((sum, arg) => sum + arg.length, 0);
        this.#view.setUint32(size, bytes, true);
        return 0;
      },
      args_get: (pointers: number, at: number) => {
        for (const arg of this.#args()) {
          this.#view.setUint32(pointers, at, true);
          this.#bytes.set(arg, at);
          pointers += 4;
          at += arg.length;
        }
        return 0;
      },
      clock_res_get: (_id: number, at: number) => {
        this.#view.setBigUint64(at, 1n, true);
        return 0;
      },
      clock_time_get: (id: number, _precision: bigint, at: number) => {
        this.#view.setBigUint64(at, this.#time(id), true);
        return 0;
      },
      random_get: (at: number, size: number) => {
        const bytes = this.#bytes;
        for (let i = at; i < at + size; i++) {
          bytes[i] = this.#random.integer(256);
        }
        return 0;
      },
      sched_yield: () => {
        this.#host.look();
        if (++this.#yields > maxYields && this.#isGo) {
          throw new NodeEnded(signalText);
        }
        return 0;
      },
      proc_raise: (signal: number) => {
        throw new NodeEnded(`raised signal ${signal} and so ended itself.`);
      },
      sock_accept: () => codes.ERRNO_NOTSUP,
      sock_recv: () => codes.ERRNO_NOTSUP,
      sock_send: () => codes.ERRNO_NOTSUP,
      sock_shutdown: () => codes.ERRNO_NOTSUP,
    };
  }

  /** The imports in which a node may have to wait. */
  #waitingImports(): Imports {
    const { fd_read: readFile, fd_write: writeFile } = this.#wasi.wasiImport;
    invariant(readFile && writeFile, "the shim has all of WASI preview 1");
    return {
      fd_read: (fd: number, vectors: number, count: number, read: number) => {
        this.#yields = 0;
        return this.#wasi.fds[fd] === this.input
          ? this.#readInput(vectors, count, read)
          : readFile(fd, vectors, count, read);
      },
      fd_write: (fd: number, vectors: number, count: number, at: number) => {
        this.#yields = 0;
        const file = this.#wasi.fds[fd];
        const result = file instanceof Output
          ? this.#print(file, vectors, count, at)
          : this.#disk.isFullWith(this.#sizeOf(vectors, count))
          ? codes.ERRNO_NOSPC
          : this.#growing(fd, () => writeFile(fd, vectors, count, at));
        // One that writes without end would let no time go by.
        return this.#host.isAhead() ? this.#rest(0).then(() => result) : result;
      },
      poll_oneoff: (from: number, to: number, count: number, at: number) => {
        this.#yields = 0;
        return this.#poll(from, to, count, at);
      },
      fd_sync: (fd: number) => this.#sync(fd),
      fd_datasync: (fd: number) => this.#sync(fd),
    };
  }

  /** Waits until a file is on the disk. */
  #sync(fd: number): number | Promise<number> {
    const file = this.#wasi.fds[fd];
    if (file === undefined) return codes.ERRNO_BADF;
    if (!(file instanceof OpenFile)) return codes.ERRNO_SUCCESS;
    return new Promise((resolve) =>
      this.#disk.sync(
        file.file,
        () => this.#host.act(() => resolve(codes.ERRNO_SUCCESS)),
      )
    );
  }

  /** The number of bytes in several places in memory. */
  #sizeOf(vectors: number, count: number): number {
    let size = 0;
    for (let at = vectors; at < vectors + count * 8; at += 8) {
      size += this.#view.getUint32(at + 4, true);
    }
    return size;
  }

  /**
   * An import of up to four parameters that shows that the node is alive. Nodes
   * call these all the time; a list of parameters would take longer.
   */
  #watched(imported: Imports[string]) {
    return (a: unknown, b: unknown, c: unknown, d: unknown) => {
      this.#isAlive();
      return imported(a, b, c, d);
    };
  }

  /** The same of any number of parameters. */
  #watchedOfAny(imported: Imports[string]) {
    return (...args: unknown[]) => {
      this.#isAlive();
      return imported(...args);
    };
  }

  /** Takes note that the node is alive, and ends it if it's too large. */
  #isAlive(): void {
    this.#watch?.beat();
    if (this.memoryBytes > maxMemoryBytes && this.#isTooLarge()) {
      throw new NodeEnded(
        `used more than ${
          maxMemoryBytes / 1024 / 1024
        } MiB of memory, and was ended.`,
      );
    }
  }

  /** Tells whether it's too large, without the files that are gone. */
  #isTooLarge(): boolean {
    this.#fileBytes = this.#disk.bytes;
    return this.memoryBytes > maxMemoryBytes;
  }

  /** Counts by how much a file grows that is written to. */
  #growing(fd: number, write: () => unknown): unknown {
    const file = this.#wasi.fds[fd];
    if (!(file instanceof OpenFile)) return write();
    const before = file.file.data.byteLength;
    const result = write();
    this.#fileBytes += file.file.data.byteLength - before;
    this.#disk.wrote(file.file, before);
    return result;
  }

  get #view(): DataView {
    return this.#current().view;
  }

  get #bytes(): Uint8Array {
    return this.#current().bytes;
  }

  /** The views of its memory. One that has grown has another buffer. */
  #current(): Views {
    if (this.#views.bytes.byteLength === 0 && this.#instance) {
      const memory = this.#instance.exports.memory as WebAssembly.Memory;
      this.#views = viewsOf(memory.buffer);
    }
    return this.#views;
  }

  #args(): Uint8Array[] {
    const encoder = new TextEncoder();
    return this.#wasi.args.map((arg) => encoder.encode(`${arg}\0`));
  }

  /** A clock's time; those of the processor show the time that has gone by. */
  #time(id: number): bigint {
    return id === codes.CLOCKID_REALTIME
      ? epochNs + BigInt(this.#host.lookAtDate())
      : upNs + BigInt(this.#host.look());
  }

  /** Reads from stdin into several places in memory. */
  #readInput(
    vectors: number,
    count: number,
    read: number,
  ): number | Promise<number> {
    const take = () => {
      let size = 0;
      for (let at = vectors; at < vectors + count * 8; at += 8) {
        const start = this.#view.getUint32(at, true);
        const end = start + this.#view.getUint32(at + 4, true);
        size += this.input.read(this.#bytes.subarray(start, end));
      }
      this.#view.setUint32(read, size, true);
      return codes.ERRNO_SUCCESS;
    };
    if (this.input.size > 0) return take();
    if (!this.input.isNonBlocking) {
      return new Promise<void>((resolve) => this.input.onceThere(resolve))
        .then(take);
    }
    // A node that asks again and again lets nothing happen that it asks for.
    return this.#host.askInVain()
      ? this.#rest(restNs).then(() => codes.ERRNO_AGAIN)
      : codes.ERRNO_AGAIN;
  }

  /** Writes to stdout or stderr from several places in memory. */
  #print(output: Output, vectors: number, count: number, at: number): number {
    const { view, bytes } = this.#current();
    let size = 0;
    for (let each = vectors; each < vectors + count * 8; each += 8) {
      const start = view.getUint32(each, true);
      const end = start + view.getUint32(each + 4, true);
      if (!output.write(bytes.subarray(start, end))) return codes.ERRNO_FBIG;
      size += end - start;
    }
    view.setUint32(at, size, true);
    return codes.ERRNO_SUCCESS;
  }

  /** Waits for the first of several things to happen. */
  #poll(
    from: number,
    to: number,
    count: number,
    ready: number,
  ): number | Promise<number> {
    if (count === 0) return codes.ERRNO_INVAL;
    const subscriptions: Subscription[] = [];
    for (let i = 0; i < count; i++) {
      subscriptions.push(this.#subscription(from + i * subscriptionBytes));
    }
    const tell = () => {
      const events = subscriptions.filter((each) => each.isReady());
      events.forEach((each, i) => each.write(to + i * eventBytes));
      this.#view.setUint32(ready, events.length, true);
      return codes.ERRNO_SUCCESS;
    };
    if (subscriptions.some((each) => each.isReady())) {
      return this.#host.askInVain() ? this.#rest(restNs).then(tell) : tell();
    }
    const deadlineNs = Math.min(
      ...subscriptions.map((each) => each.deadlineNs),
    );
    const hears = subscriptions.some((each) => each.hearsInput);
    return this.#rest(deadlineNs - this.#host.look(), hears).then(tell);
  }

  /** Waits for a time, or for input, if that is asked for. */
  #rest(delayNs: number, hears = false): Promise<void> {
    return new Promise((resolve) => {
      let cancel = () => {};
      if (delayNs < Infinity) {
        cancel = this.#host.after(Math.max(delayNs, 0), () => {
          this.input.forget(wake);
          resolve();
        });
      }
      const wake = () => (cancel(), resolve());
      if (hears) this.input.onceThere(wake);
    });
  }

  /** One thing that is waited for, as it lies in memory. */
  #subscription(at: number): Subscription {
    const view = this.#view;
    const userdata = view.getBigUint64(at, true);
    const type = view.getUint8(at + 8);
    const event = (errno: number, bytes: number) => (to: number) => {
      const view = this.#view;
      view.setBigUint64(to, userdata, true);
      view.setUint16(to + 8, errno, true);
      view.setUint8(to + 10, type);
      view.setBigUint64(to + 16, BigInt(bytes), true);
      view.setUint16(to + 24, 0, true);
    };
    if (type === codes.EVENTTYPE_CLOCK) {
      const clock = view.getUint32(at + 16, true);
      const timeout = view.getBigUint64(at + 24, true);
      const flags = view.getUint16(at + 40, true);
      const isAbsolute =
        (flags & codes.SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME) !== 0;
      const deadlineNs = isAbsolute
        ? Number(timeout - zeroOf(clock))
        : this.#host.look() + Number(timeout);
      return {
        isReady: () => this.#host.look() >= deadlineNs,
        deadlineNs,
        hearsInput: false,
        write: event(0, 0),
      };
    }
    const fd = view.getUint32(at + 16, true);
    const file = this.#wasi.fds[fd];
    const isInput = file === this.input && type === codes.EVENTTYPE_FD_READ;
    return {
      isReady: () => !isInput || this.input.size > 0,
      deadlineNs: Infinity,
      hearsInput: isInput,
      write: (to: number) =>
        event(
          file === undefined ? codes.ERRNO_BADF : 0,
          isInput ? this.input.size : 1,
        )(to),
    };
  }
}

/** Something that a node waits for. */
interface Subscription {
  isReady(): boolean;
  /** The time on the node's clock at which it will be ready. */
  deadlineNs: number;
  /** True if it's ready as soon as there's input. */
  hearsInput: boolean;
  /** Writes to memory that it's ready. */
  write(to: number): void;
}

/** A memory, as numbers and as bytes. */
interface Views {
  view: DataView;
  bytes: Uint8Array;
}

function viewsOf(buffer: ArrayBufferLike): Views {
  return { view: new DataView(buffer), bytes: new Uint8Array(buffer) };
}

/** The time on a clock when a node starts. */
function zeroOf(clock: number): bigint {
  return clock === codes.CLOCKID_REALTIME ? epochNs : upNs;
}

/** The rest of a node that asks again and again, in vain. */
const restNs = 1_000_000;

/** The bytes of a subscription to `poll_oneoff`, and of an event. */
const subscriptionBytes = 48;
const eventBytes = 32;
