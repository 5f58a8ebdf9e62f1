/**
 * The nodes of a run: how they are started, set up, killed, paused, and ended.
 *
 * @module
 */
import type {
  ClockChange,
  Host,
  NodeError,
  StartHost,
  Watch,
} from "./hosts/host.ts";
import {
  type Client,
  type Clients,
  ClientTimeout,
  ErrorReply,
  MalformedReply,
  type RPC,
} from "./load/client.ts";
import type { Processes } from "./load/nemesis.ts";
import type { Clock } from "./sim/clock.ts";
import type { SimulatedDisk } from "./sim/disk.ts";
import { invariant } from "./sim/invariant.ts";
import type { Network } from "./sim/network.ts";
import { silenceHint } from "./verdict.ts";

/** The surroundings of all nodes. */
interface Place {
  start: StartHost;
  clock: Clock;
  network: Network;
  clients: Clients;
  onError(error: NodeError): void;
  onLog(node: string, line: string): void;
  watch?: Watch | undefined;
  /** Makes the disk of a node, under virtual time. */
  diskOf?(id: string): SimulatedDisk;
}

/** One node, through all its lives. */
interface Member {
  host: Host;
  disk: SimulatedDisk | undefined;
  /** The number of times that it has been killed. */
  incarnation: number;
  isDown: boolean;
}

/** The time that nodes may take to answer `init`, as in Maelstrom. */
const initTimeoutMs = 10_000;

/** The nodes of a run. */
export class Cluster implements Processes {
  #nodes: readonly string[];
  #place: Place;
  #members = new Map<string, Member>();

  /** Starts the nodes. */
  constructor(nodes: readonly string[], place: Place) {
    this.#nodes = nodes;
    this.#place = place;
    for (const id of nodes) this.#launch(id, 0, place.diskOf?.(id));
  }

  /** Tells all nodes who they are. */
  async init(): Promise<void> {
    await this.setUp("init-failed", this.#init);
  }

  /** Asks each node something, all at once; what goes wrong is an error. */
  async setUp(
    kind: NodeError["kind"],
    ask: (client: Client, node: string) => Promise<unknown>,
  ): Promise<void> {
    await Promise.all(this.#nodes.map((node) => this.#ask(kind, node, ask)));
  }

  /** Ends a node at once, as SIGKILL does. */
  async kill(id: string): Promise<string> {
    const member = this.#member(id);
    if (member.isDown) return "already-down";
    member.isDown = true;
    // It stays a member: who sends to it now makes no mistake.
    this.#place.network.down(id);
    await member.host.stop();
    member.disk?.crash();
    return "killed";
  }

  /** Starts a node anew that was killed, and tells it who it is. */
  async start(id: string): Promise<string> {
    const { isDown, incarnation, disk } = this.#member(id);
    if (!isDown) return "already-running";
    this.#launch(id, incarnation + 1, disk);
    await this.#ask("init-failed", id, this.#init);
    return "started";
  }

  /** Keeps a node from doing anything, as SIGSTOP does. */
  pause(id: string): string {
    const { host, isDown } = this.#member(id);
    if (isDown) return "down";
    host.pause();
    return "paused";
  }

  /** Lets a node go on, whether it was paused or not. */
  resume(id: string): string {
    const { host, isDown } = this.#member(id);
    if (isDown) return "down";
    host.resume();
    return "resumed";
  }

  /** The number of times that nodes wrote to their disks. */
  get syncCount(): number {
    return [...this.#members.values()]
      .reduce((sum, { disk }) => sum + (disk?.syncCount ?? 0), 0);
  }

  /** Changes a node's clock, or puts it right. */
  setClock(id: string, change?: ClockChange): string {
    const { host, isDown } = this.#member(id);
    if (isDown) return "down";
    host.setClock?.(change);
    return "reset";
  }

  /** Ends all nodes, and resolves when nothing of them is left. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(async (id) => {
      this.#place.network.remove(id);
      await this.#member(id).host.stop();
    }));
  }

  /** Returns what may explain that a node is silent. */
  hintOf(id: string): string {
    const { host, isDown } = this.#member(id);
    // What a killed node left unsaid explains nothing.
    return (isDown ? undefined : host.hint?.()) ??
      this.#place.clients.strayOf(id) ?? silenceHint;
  }

  #launch(
    id: string,
    incarnation: number,
    disk: SimulatedDisk | undefined,
  ): void {
    const { start, network, ...surroundings } = this.#place;
    const host = start(id, { ...surroundings, network, incarnation, disk });
    network.add(id, ({ line }) => host.deliver(line));
    this.#members.set(id, { host, incarnation, disk, isDown: false });
  }

  #init = (client: Client, node: string): Promise<unknown> =>
    client.rpc(node, initRPC, { node_id: node, node_ids: this.#nodes }, {
      timeoutMs: initTimeoutMs,
    });

  async #ask(
    kind: NodeError["kind"],
    node: string,
    ask: (client: Client, node: string) => Promise<unknown>,
  ): Promise<void> {
    const { clients, clock, onError } = this.#place;
    const client = clients.open();
    try {
      await ask(client, node);
    } catch (error) {
      if (error instanceof MalformedReply) return; // has been reported
      const text = error instanceof ErrorReply
        ? `${node} answered with error ${
          error.problem === undefined
            ? `${error.code} (${error.kind})`
            : "unknown"
        }: ${error.details}`
        : error instanceof ClientTimeout
        ? `${error.message}. ${this.hintOf(node)}`
        : (error as Error).message;
      const waited = error instanceof ClientTimeout &&
        { waitedMs: error.timeoutMs };
      onError({ node, kind, text, timeNs: clock.nowNs, ...waited });
    } finally {
      client.close();
    }
  }

  #member(id: string): Member {
    const member = this.#members.get(id);
    invariant(member, "each node has been started");
    return member;
  }
}

const initRPC: RPC = {
  type: "init",
  reply: { type: { is: "init_ok" } },
  onlyType: true,
};
