/**
 * A thread for nodes that may never come back: one that loops for ever can only
 * be ended from outside. To find out what it did until then, the whole run is
 * repeated, which goes the same way, up to that point.
 *
 * @module
 */
import { NotSimulated, type Program } from "./hosts/program.ts";
import { BadOption, type Test } from "./options.ts";
import type { Happened, PartSettings, Progress } from "./run.ts";
import { parseExact } from "./sim/exact_json.ts";
import type { Op } from "./load/history.ts";
import { type StartThread, startThread, type Thread } from "./thread.ts";

/**
 * A node as a WebAssembly module that speaks WASI preview 1: what `GOOS=wasip1
 * GOARCH=wasm go build` makes, and `cargo build --target wasm32-wasip1`.
 *
 * @example
 * ```ts
 * import { judge } from "@call-me-maybe/maelstrom/workbench";
 *
 * async function judgeModule(path: string) {
 *   const wasm = await Deno.readFile(path);
 *   return await judge({ wasm, args: ["--verbose"] }, { workload: "echo" });
 * }
 * ```
 */
export interface WasmNode {
  /** The module, or its bytes. A module is compiled once for many runs. */
  wasm: WebAssembly.Module | Uint8Array<ArrayBuffer>;
  /** Its arguments. */
  args?: readonly string[];
}

/** A node that runs in a sandbox. */
export type Guest = WasmNode | Program;

/** An order to the thread. */
export interface Order {
  guest: Guest;
  test: Test;
  wants: { progress: boolean; logs: boolean };
  /** See {@linkcode PartSettings}. */
  maxMessages?: number | undefined;
  /** The cells in which it shows how far the nodes are: see {@linkcode cells}. */
  beats: SharedArrayBuffer;
  /** The moments when a node wouldn't come back, as earlier runs have shown. */
  stuck: readonly Stuck[];
}

/** A moment in a run: after so many turns of nodes, and so many of its calls. */
interface Stuck {
  turn: number;
  beat: number;
}

/** The cells that show how far the nodes are. */
export const cells = { turn: 0, beat: 1, stop: 2 } as const;

/** The orders in the cell `stop`: to end a node, or all of them. */
export const stops = { none: 0, node: 1, all: 2 } as const;

/** News of the thread. */
export type News =
  | { type: "progress"; progress: Progress }
  | { type: "log"; node: string; text: string }
  | {
    type: "happened";
    happened: Omit<Happened, "history">;
    history: string;
    /** True if another run should have a thread of its own, and its memory. */
    isWorn: boolean;
  }
  | { type: "failed"; name: string; message: string };

/** The looks at a node that computes for ten seconds: then it's ended. */
const maxLooks = 20;

/** The same once one has been ended: others of its kind will do as it did. */
const maxLooksAgain = 4;

/** The time between two looks at that. */
const lookIntervalMs = 500;

/**
 * A thread in which WebAssembly modules, and whole programs, are judged. One
 * for many runs saves starting one for each; those that are asked for at the same
 * time wait for each other.
 *
 * @example
 * ```ts
 * import { judge, Sandbox } from "@call-me-maybe/maelstrom/workbench";
 *
 * async function judgeSeeds(wasm: WebAssembly.Module, seeds: number[]) {
 *   using sandbox = new Sandbox();
 *   for (const seed of seeds) {
 *     await judge({ wasm }, { workload: "echo", seed }, { sandbox });
 *   }
 * }
 * ```
 */
export class Sandbox implements Disposable {
  #startThread: StartThread;
  #thread: Thread | undefined;
  /** True if the thread is one for programs. */
  #isLocked = false;
  #on = { message: (_news: News) => {}, error: (_message: string) => {} };
  #beats = newBeats();
  /** The end of all runs so far: the thread has room for one. */
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;

  /** @internal */
  constructor(start: StartThread = startThread) {
    this.#startThread = start;
  }

  /**
   * Starts the thread, for that kind of guest, if it hasn't been.
   *
   * @internal
   */
  prepare(isProgram: boolean): Thread {
    if (isProgram !== this.#isLocked) this.#end();
    this.#isLocked = isProgram;
    return this.#thread ??= this.#start(isProgram);
  }

  /** Ends the thread, and a run in it. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#end();
    this.#on.error("its sandbox was disposed of before it was done");
  }

  #end(): void {
    // It may take a while until it's ended, and shouldn't compute meanwhile.
    Atomics.store(new Int32Array(this.#beats), cells.stop, stops.all);
    this.#beats = newBeats();
    this.#thread?.end();
    this.#thread = undefined;
  }

  /**
   * Runs a workload against nodes.
   *
   * @throws {NotSimulated} if a program uses something that isn't simulated.
   * @throws {BadOption} if a module can't be run here.
   * @internal
   */
  run(guest: Guest, test: Test, settings: PartSettings): Promise<Happened> {
    const run = this.#last.then(() => this.#run(guest, test, settings));
    this.#last = run.catch(() => {});
    return run;
  }

  async #run(
    guest: Guest,
    test: Test,
    settings: PartSettings,
  ): Promise<Happened> {
    if (this.#isOver) {
      throw new Error("The sandbox was disposed of: no node can run in it.");
    }
    const stuck: Stuck[] = [];
    for (;;) {
      const outcome = await this.#ask(guest, test, settings, stuck);
      if (!("turn" in outcome)) return outcome;
      this.#end();
      // Some catch whatever ends them: they don't get so far again.
      const again = stuck.filter(({ turn }) => turn === outcome.turn);
      // No node has its turn there any more: it's the run itself that stays.
      if (again.length > 1) {
        throw new NotSimulated("brings the run to a halt");
      }
      stuck.push(again.length > 0 ? { ...outcome, beat: 0 } : outcome);
    }
  }

  /** Runs it in the thread; or says where a node didn't come back. */
  async #ask(
    guest: Guest,
    test: Test,
    { onProgress, onLog, signal, maxMessages }: PartSettings,
    stuck: readonly Stuck[],
  ): Promise<Happened | Stuck> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<
      Happened | Stuck
    >();
    const isProgram = "code" in guest;
    const thread = this.prepare(isProgram);
    this.#on = {
      error: (message) =>
        reject(new Error(`The thread of the nodes failed: ${message}`)),
      message: (news) => {
        try {
          if (news.type === "progress") onProgress?.(news.progress);
          else if (news.type === "log") onLog?.(news.node, news.text);
          else if (news.type === "failed") reject(errorOf(news));
          else {
            const history = parseExact(news.history) as Op[];
            if (news.isWorn) this.#end();
            resolve({ ...news.happened, history });
          }
        } catch (error) {
          end(error); // an observer's
        }
      },
    };
    const end = (reason: unknown) => {
      this.#end();
      reject(reason);
    };
    const onAbort = () => end(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const stopWatching = this.#watch(isProgram, {
      looks: stuck.length === 0 ? maxLooks : maxLooksAgain,
      onStuck: resolve,
    });
    const order: Order = {
      guest,
      test,
      wants: { progress: onProgress !== undefined, logs: onLog !== undefined },
      maxMessages,
      beats: this.#beats,
      stuck,
    };
    thread.post(order);
    try {
      return await promise;
    } catch (error) {
      // Some of what such a program has changed can't be put back.
      if (error instanceof NotSimulated) this.#end();
      throw error;
    } finally {
      stopWatching();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Starts the thread: for a program with as much permission as nodes have. */
  #start(isProgram: boolean): Thread {
    return this.#startThread(new URL("./sandbox_worker.ts", import.meta.url), {
      message: (news) => this.#on.message(news as News),
      error: (message) => this.#on.error(message),
    }, isProgram);
  }

  /** Calls back when a node doesn't come back for too long. */
  #watch(
    isProgram: boolean,
    { looks: maxFirst, onStuck }: {
      looks: number;
      onStuck: (stuck: Stuck) => void;
    },
  ): () => void {
    let most = maxFirst;
    const cell = new Int32Array(this.#beats);
    cell.fill(0);
    let last = "";
    let looks = 0;
    // Counts its own looks, and not the clock: where the machine sleeps, or has
    // no time for either thread, both stand still.
    const timer = setInterval(() => {
      const turn = Atomics.load(cell, cells.turn);
      const beat = Atomics.load(cell, cells.beat);
      // A program can't be made to wait when it writes; so that doesn't count.
      const now = isProgram ? String(turn) : `${turn} ${beat}`;
      looks = last === now ? looks + 1 : 0;
      last = now;
      if (turn === 0 || looks < most) return;
      // A program's loops look at this, and end. What doesn't is ended.
      const isDeaf =
        Atomics.exchange(cell, cells.stop, stops.node) === stops.node;
      if (!isProgram || isDeaf) onStuck({ turn, beat });
      looks = 0;
      most = maxLooksAgain;
    }, lookIntervalMs);
    return () => clearInterval(timer);
  }
}

function newBeats(): SharedArrayBuffer {
  return new SharedArrayBuffer(16);
}

function errorOf({ name, message }: { name: string; message: string }): Error {
  if (name === "NotSimulated") return new NotSimulated(message);
  if (name === "BadOption") return new BadOption(message);
  return new Error(message);
}
