/**
 * Nodes in this process: functions that are called with a runtime.
 *
 * @module
 */
import { type App, Node } from "../../node.ts";
import type { Runtime } from "../../runtime.ts";
import { isA, messageOf, traceOf } from "../../thrown.ts";
import { msInNs } from "../sim/clock.ts";
import type { Random } from "../sim/random.ts";
import { incarnationOf, NodeEnded, type StartHost } from "./host.ts";
import { placeIn } from "./places.ts";
import { SimulatedNode } from "./simulated.ts";

/**
 * Starts a node on a runtime.
 *
 * @param node the node under virtual time that the runtime is a part of.
 * @returns what takes in its messages.
 */
export type StartNode = (
  runtime: Runtime,
  node: SimulatedNode,
) => Promise<(message: unknown) => void>;

/** Starts an app with its arguments. */
export function startApp<M>(app: App<M>, args: string[]): StartNode {
  return async (runtime) => {
    const node = new Node<M>(runtime);
    await app(node, args);
    return (message) => node.receive(message);
  };
}

/**
 * Nodes in this process: each is started once.
 *
 * @param placed names the files of what is run, in a trace.
 */
export function inProcess(
  start: StartNode,
  randomFor: (id: string) => Random,
  placed: (trace: string) => string = (trace) => trace,
): StartHost {
  return (id, surroundings) => {
    const { clock, disk } = surroundings;
    const random = randomFor(incarnationOf(id, surroundings));
    const host = new SimulatedNode(id, surroundings, random, placed);
    const crashed = (error: unknown) => {
      lastCrash.error = error;
      if (isA(error, NodeEnded)) return host.crashed(error.message);
      const trace = placed(traceOf(error));
      try {
        host.log(`Uncaught ${trace}`);
      } catch {
        // It may have changed what all share, so that there's no log.
      }
      const place = placeIn(trace);
      host.crashed(
        `threw what nobody caught: ${messageOf(error)}${
          place ? ` (at ${place})` : ""
        }`,
      );
    };
    const guarded = (action: () => void) => () => {
      actor = crashed;
      try {
        action();
      } catch (error) {
        crashed(error);
      }
    };
    const act = (action: () => void) => host.act(guarded(action));
    const runtime: Runtime = {
      send: (message) => host.send(message),
      now: () => host.look() / msInNs,
      setTimer: (callback, delayMs) =>
        host.after(Math.max(0, delayMs) * msInNs, guarded(callback)),
      random: () => random.float(),
      log: (text) => host.log(text),
      msgIdBase: surroundings.incarnation * 2 ** 32,
      ...disk && { storage: () => disk.storage(act) },
    };
    // What comes before the node reads it waits, as it would in a pipe.
    let waiting: string[] | undefined = [];
    let receive = (_message: unknown) => {};
    const take = (line: string) => act(() => receive(JSON.parse(line)));
    clock.at(host.startNs, () =>
      act(() => {
        new Promise<(message: unknown) => void>((resolve) =>
          resolve(start(runtime, host))
        ).then((receiver) => {
          receive = receiver;
          const lines = waiting ?? [];
          waiting = undefined;
          lines.forEach(take);
        }, crashed);
      }));
    return {
      deliver(line) {
        if (waiting) waiting.push(line);
        else take(line);
      },
      pause: () => host.pause(),
      resume: () => host.resume(),
      setClock: (change) => host.setClock(change),
      stop() {
        host.stopped = true;
        return Promise.resolve();
      },
    };
  };
}

/**
 * A promise that is rejected and that nobody handles, or an event's listener that
 * throws, would end the node, were it a process of its own. Here it would end
 * the workbench; so while nodes live in this process, it is held against the node
 * that acted last. That is the one that did it: nodes act one at a time, those of
 * several runs, too, and what one sets in motion comes to rest before another
 * acts. (To follow a node through all that it awaits would cost more than most of
 * what nodes do.)
 *
 * @returns a function that ends the watch.
 */
export function watchUncaught(): () => void {
  if (watchers++ === 0) {
    globalThis.addEventListener("unhandledrejection", blame);
    globalThis.addEventListener("error", blame);
  }
  return () => {
    if (--watchers > 0) return;
    globalThis.removeEventListener("unhandledrejection", blame);
    globalThis.removeEventListener("error", blame);
    actor = undefined;
  };
}

let watchers = 0;

/** The node that acted last: how its crash is reported. */
let actor: ((error: unknown) => void) | undefined;

/** The last error that left a node. */
export const lastCrash: { error?: unknown } = {};

function blame(event: PromiseRejectionEvent | ErrorEvent): void {
  if (actor === undefined || event.defaultPrevented) return;
  event.preventDefault();
  actor("reason" in event ? event.reason : event.error);
}
