/**
 * Nodes in this process: functions that are called with a `Node`.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type App, Node } from "../../node.ts";
import { msInNs } from "../sim/clock.ts";
import type { Random } from "../sim/random.ts";
import type { StartHost } from "./host.ts";
import { send } from "./sending.ts";

/**
 * How long a simulated node takes to start: drawn uniformly between the two.
 * Real processes start one after the other, too. Were all to start at once,
 * their timers would go off at the same moments for ever, and figures would
 * show that instead of the algorithm.
 */
const startUpMs = [50, 500] as const;

/** Nodes in this process: the app is called once for each. */
export function inProcess(
  app: App,
  args: string[],
  randomFor: (id: string) => Random,
): StartHost {
  return (id, { clock, network, onError, onLog }) => {
    const random = randomFor(id);
    const [least, most] = startUpMs;
    const startNs = clock.nowNs +
      Math.round((least + (most - least) * random.float()) * msInNs);
    let stopped = false;
    const crashed = (error: unknown) => {
      if (stopped) return;
      const text = error instanceof Error ? error.message : String(error);
      onError({
        node: id,
        kind: "node-crashed",
        text: `${id} threw what nobody caught: ${text}`,
        timeNs: clock.nowNs,
      });
    };
    const act = (action: () => void) => {
      if (!stopped) acting.run(crashed, action);
    };
    const node = new Node({
      send(message) {
        if (stopped) return;
        send(id, message, JSON.stringify(message), network, clock, onError);
      },
      now: () => (clock.nowNs - startNs) / msInNs,
      setTimer: (callback, delayMs) =>
        clock.after(Math.max(0, delayMs) * msInNs, () => act(callback)),
      random: () => random.float(),
      log: (text) => onLog(id, text),
    });
    // What comes before the node reads it waits, as it would in a pipe.
    let waiting: string[] | undefined = [];
    const receive = (line: string) => act(() => node.receive(JSON.parse(line)));
    network.add(id, ({ line }) => {
      if (waiting) waiting.push(line);
      else receive(line);
    });
    clock.at(startNs, () =>
      act(() => {
        new Promise((resolve) => resolve(app(node, args))).then(() => {
          const lines = waiting ?? [];
          waiting = undefined;
          lines.forEach(receive);
        }, crashed);
      }));
    return {
      stop() {
        stopped = true;
        network.remove(id);
        return Promise.resolve();
      },
    };
  };
}

/**
 * A promise that is rejected and that nobody handles would end the node, were
 * it a process of its own. Here it would end the workbench; so while nodes live
 * in this process, it is held against the node that rejected it. There may be
 * nodes of several runs.
 *
 * @returns a function that ends the watch.
 */
export function watchRejections(): () => void {
  if (watchers++ === 0) {
    globalThis.addEventListener("unhandledrejection", blame);
  }
  return () => {
    if (--watchers > 0) return;
    globalThis.removeEventListener("unhandledrejection", blame);
  };
}

let watchers = 0;

/** Follows a node through all that it awaits: how its crash is reported. */
const acting = new AsyncLocalStorage<(error: unknown) => void>();

function blame(event: PromiseRejectionEvent): void {
  const crashed = acting.getStore();
  if (crashed === undefined || event.defaultPrevented) return;
  event.preventDefault();
  crashed(event.reason);
}
