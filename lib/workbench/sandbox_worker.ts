/**
 * Runs nodes that may never come back, in a thread that can be ended. See
 * `sandbox.ts`.
 *
 * @module
 */
import { getHeapStatistics } from "node:v8";
import { parentPort } from "node:worker_threads";
import { hostsOf } from "./guest_hosts.ts";
import { watchUncaught } from "./hosts/app.ts";
import { NodeEnded, type Watch } from "./hosts/host.ts";
import { fullText, stuckText } from "./hosts/simulated.ts";
import {
  type Happened,
  paced,
  type PartSettings,
  randomOf,
  run,
  type World,
} from "./run.ts";
import { cells, type News, type Order, stops } from "./sandbox.ts";
import { VirtualClock } from "./sim/clock.ts";

/** A way to the thread that watches. */
interface Way {
  onmessage: (event: MessageEvent<Order | { port: MessagePort }>) => void;
  postMessage(news: News): void;
}

/** The way to the thread that started this one: of Node's kind, or the Web's. */
let way = (parentPort ?? self) as unknown as Way;

way.onmessage = async ({ data }) => {
  if ("port" in data) {
    // Another thread watches.
    const { onmessage } = way;
    way = data.port as unknown as Way;
    way.onmessage = onmessage;
    return;
  }
  const unwatch = watchUncaught();
  try {
    await answer(data);
  } catch (error) {
    way.postMessage({
      type: "failed",
      name: (error as Error).name,
      message: (error as Error).message,
    });
  } finally {
    unwatch();
  }
};

async function answer(order: Order): Promise<void> {
  const { test, wants, maxMessages } = order;
  const random = randomOf(test);
  const ending = new AbortController();
  let memoryBytes: number | undefined;
  const turns = new Turns(order);
  const { start, restore } = await hostsOf(order.guest, {
    onLoop: () => turns.loop(),
    random: (id) => random(`node/${id}`),
    onMemory: (bytes) => memoryBytes = Math.max(memoryBytes ?? 0, bytes),
    onStrange: (error) => ending.abort(error),
  });
  const world: World = {
    clock: new VirtualClock(),
    start,
    random,
    watch: turns,
  };
  const watching: PartSettings = {
    signal: ending.signal,
    ...maxMessages !== undefined && { maxMessages },
    ...wants.progress && {
      onProgress: paced((progress) =>
        way.postMessage({ type: "progress", progress })
      ),
    },
    ...wants.logs && {
      onLog: (node: string, text: string) =>
        way.postMessage({ type: "log", node, text }),
    },
  };
  let outcome: Happened;
  try {
    outcome = await run(test, world, watching);
  } finally {
    restore(); // What has been changed may be what made it fail.
  }
  const { history, ...happened } = outcome;
  way.postMessage({
    type: "happened",
    happened: {
      ...happened,
      ...memoryBytes !== undefined && { memoryBytes },
    },
    // Numbers that are kept exactly are objects, which can't be posted.
    history: JSON.stringify(history),
    isWorn: turns.isHalfFull,
  });
}

/** The turns of its loops that a program makes before it looks around. */
const loopTurns = 1024;

/** The turns of nodes from one look at the memory to the next, while half is free. */
const turnsPerLook = 64;

/**
 * The part of the memory that may be taken up: beyond all of it V8 ends the process,
 * and all other runs with it. So much isn't garbage: it's collected before.
 */
const mostMemory = 0.85;

/**
 * Shows how far the nodes are to the thread that watches this one, and ends the
 * node that it's told to end.
 */
class Turns implements Watch {
  /** True if more than half of the memory was taken up, by garbage or not. */
  isHalfFull = false;
  #cell: Int32Array;
  #stuck: Order["stuck"];
  #end: (why?: string) => void = () => {};
  #turns = 0;
  #loops = 0;
  /** True from when the node whose turn it is was ended. */
  #hasEnded = false;

  constructor({ beats, stuck }: Order) {
    this.#cell = new Int32Array(beats);
    this.#stuck = stuck;
  }

  enter(end: (why?: string) => void): boolean {
    this.#end = end;
    this.#hasEnded = false;
    const isLook = ++this.#turns % turnsPerLook === 0 || this.isHalfFull;
    if (isLook && this.#isFull()) {
      end(fullText);
      return false;
    }
    Atomics.store(this.#cell, cells.beat, 0);
    Atomics.add(this.#cell, cells.turn, 1);
    return !this.#isStuck() && !this.#isStopped();
  }

  beat(): void {
    Atomics.add(this.#cell, cells.beat, 1);
    if (this.#isStuck()) this.#endNode();
  }

  /** Called at each turn of a program's loops. */
  loop(): void {
    if (++this.#loops % loopTurns !== 0 && !this.#hasEnded) return;
    // What catches the first error in one loop gets the next in that around it.
    if (this.#hasEnded || this.#isStopped()) this.#endNode();
    const { none, node } = stops;
    if (Atomics.compareExchange(this.#cell, cells.stop, node, none) === node) {
      this.#endNode();
    }
    const isLook = this.#loops % (turnsPerLook * loopTurns) === 0;
    if (isLook && this.#isFull()) this.#endNode(fullText);
  }

  /** Tells whether nobody waits for the run any more. */
  #isStopped(): boolean {
    return Atomics.load(this.#cell, cells.stop) === stops.all;
  }

  #isFull(): boolean {
    const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics();
    this.isHalfFull ||= used > most / 2;
    return used > mostMemory * most;
  }

  #isStuck(): boolean {
    return this.#stuck.some(({ turn, beat }) =>
      turn === this.#cell[cells.turn] && beat === this.#cell[cells.beat]
    );
  }

  #endNode(why = stuckText): never {
    // Before it's thrown: a node may catch it.
    if (!this.#hasEnded) this.#end(why);
    this.#hasEnded = true;
    throw new NodeEnded(why);
  }
}
