/**
 * Runs nodes that may never come back, in a thread that can be ended. See
 * `sandbox.ts`.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";
import { inProcess, watchRejections } from "./hosts/app.ts";
import { NodeEnded, type StartHost, type Watch } from "./hosts/host.ts";
import { type NotSimulated, startProgram } from "./hosts/program.ts";
import { stuckText } from "./hosts/simulated.ts";
import { wasmModule } from "./hosts/wasm.ts";
import { wasmProblem } from "./hosts/wasm_module.ts";
import { BadOption } from "./options.ts";
import { type Progress, randomOf, run, type World } from "./run.ts";
import { cells, type News, type Order } from "./sandbox.ts";
import { VirtualClock } from "./sim/clock.ts";

/** The way to the thread that watches: of Node's kind, or the Web's. */
const worker = (parentPort ?? self) as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(news: News): void;
};

worker.onmessage = async ({ data }) => {
  const unwatch = watchRejections();
  try {
    await answer(data);
  } catch (error) {
    worker.postMessage({
      type: "failed",
      name: (error as Error).name,
      message: (error as Error).message,
    });
  } finally {
    unwatch();
  }
};

async function answer(order: Order): Promise<void> {
  const { test, wants } = order;
  const random = randomOf(test);
  const ending = new AbortController();
  let memoryBytes: number | undefined;
  const start = await hostsOf(order, {
    random: (id) => random(`node/${id}`),
    onMemory: (bytes) => memoryBytes = Math.max(memoryBytes ?? 0, bytes),
    onStrange: (error) => ending.abort(error),
  });
  const world: World = {
    clock: new VirtualClock(),
    start,
    random,
    watch: watchOf(order),
  };
  const { history, ...happened } = await run(test, world, {
    signal: ending.signal,
    ...wants.progress && { onProgress: teller() },
    ...wants.logs && {
      onLog: (node: string, text: string) =>
        worker.postMessage({ type: "log", node, text }),
    },
  });
  worker.postMessage({
    type: "happened",
    happened: {
      ...happened,
      ...memoryBytes !== undefined && { memoryBytes },
    },
    // Numbers that are kept exactly are objects, which can't be posted.
    history: JSON.stringify(history),
  });
}

/** Makes the hosts of what is to be run. */
async function hostsOf(
  { guest, beats }: Order,
  { random, onMemory, onStrange }: {
    random: Parameters<typeof inProcess>[1];
    onMemory: (bytes: number) => void;
    onStrange: (error: NotSimulated) => void;
  },
): Promise<StartHost> {
  if ("code" in guest) {
    return inProcess(
      await startProgram(guest, { onStrange, onLoop: loopOf(beats) }),
      random,
    );
  }
  const module = guest.wasm instanceof WebAssembly.Module
    ? guest.wasm
    : await WebAssembly.compile(guest.wasm);
  const problem = wasmProblem(module);
  if (problem !== undefined) throw new BadOption(problem);
  return wasmModule({ module, args: guest.args ?? [] }, random, onMemory);
}

/** The turns of its loops that a program makes before it looks around. */
const loopTurns = 1024;

/** Makes what the loops of a program call at each turn: it ends them if asked. */
function loopOf(beats: SharedArrayBuffer): () => void {
  const cell = new Int32Array(beats);
  let turns = 0;
  return () => {
    if (++turns % loopTurns !== 0) return;
    if (Atomics.load(cell, cells.stop) === 0) return;
    Atomics.store(cell, cells.stop, 0);
    throw new NodeEnded(stuckText);
  };
}

/** Shows how far the nodes are to the thread that watches this one. */
function watchOf({ beats, stuck }: Order): Watch {
  const cell = new Int32Array(beats);
  const isStuck = () =>
    stuck?.turn === cell[cells.turn] && stuck?.beat === cell[cells.beat];
  return {
    enter() {
      Atomics.store(cell, cells.beat, 0);
      Atomics.add(cell, cells.turn, 1);
      return !isStuck();
    },
    beat() {
      Atomics.add(cell, cells.beat, 1);
      if (isStuck()) throw new NodeEnded(stuckText);
    },
  };
}

/** The time between two reports of progress: as short as one can see. */
const progressIntervalMs = 50;

function teller(): (progress: Progress) => void {
  let nextMs = 0;
  let lastPhase = "";
  return (progress) => {
    const now = performance.now();
    if (now < nextMs && progress.phase === lastPhase) return;
    nextMs = now + progressIntervalMs;
    lastPhase = progress.phase;
    worker.postMessage({ type: "progress", progress });
  };
}
