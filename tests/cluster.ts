/**
 * A few nodes on a simulated network that a test steers by hand: it says what
 * clients ask, when the network is cut, who is killed, paused and started anew,
 * and how far time goes on.
 *
 * @module
 */
import type { AnyMessages, App, OpenBody, OutgoingBody } from "../lib/mod.ts";
import { msInNs, VirtualClock } from "../lib/workbench/sim/clock.ts";
import { inProcess, startApp } from "../lib/workbench/hosts/app.ts";
import type {
  Host,
  NodeError,
  StartHost,
} from "../lib/workbench/hosts/host.ts";
import { type DiskFault, SimulatedDisk } from "../lib/workbench/sim/disk.ts";
import { Network, type NetworkOptions } from "../lib/workbench/sim/network.ts";
import { Random } from "../lib/workbench/sim/random.ts";
import { startServices } from "../lib/workbench/sim/services.ts";

/** The settings of a cluster. */
export interface ClusterOptions extends Partial<NetworkOptions> {
  args?: string[];
  seed?: number;
  /** The faults of the nodes' disks. */
  lazyfs?: readonly DiskFault[];
  /** The most bytes that each of them holds. */
  diskBytes?: number;
}

/** One node, through all its lives. */
interface Member {
  host: Host;
  disk: SimulatedDisk;
  incarnation: number;
}

/** A cluster whose nodes are initialised. */
export class Cluster {
  readonly network: Network;
  readonly nodes: string[];
  readonly errors: NodeError[] = [];

  #clock = new VirtualClock();
  #start: StartHost;
  #members = new Map<string, Member>();
  #dead = new Set<string>();
  #answers = new Map<number, OpenBody>();
  #lastMsgId = 0;

  private constructor(
    count: number,
    app: App<AnyMessages>,
    options: ClusterOptions,
  ) {
    const { args = [], seed = 1, lazyfs: faults = [], ...others } = options;
    const { diskBytes = Infinity, ...network } = others;
    const random = (name: string) => new Random(`${seed}/${name}`);
    this.nodes = Array.from({ length: count }, (_, i) => `n${i}`);
    this.network = new Network(this.#clock, random("network"), {
      latencyMs: 0,
      latencyDist: "constant",
      handoverMs: [0.05, 0.25],
      ...network,
    });
    this.network.add("c0", ({ line }) => {
      const { body } = JSON.parse(line);
      this.#answers.set(body.in_reply_to, body);
    });
    startServices(this.network, random);
    this.#start = inProcess(startApp(app, args), (id) => random(id));
    for (const id of this.nodes) {
      const dice = random(`disk/${id}`);
      const settings = { faults, maxBytes: diskBytes };
      const name = `${id}'s disk`;
      this.#launch(
        id,
        0,
        new SimulatedDisk(name, this.#clock, dice, settings),
      );
    }
  }

  #launch(id: string, incarnation: number, disk: SimulatedDisk): void {
    const host = this.#start(id, {
      incarnation,
      disk,
      clock: this.#clock,
      network: this.network,
      onError: (error) => this.errors.push(error),
      onLog: () => {},
    });
    this.network.add(id, ({ line }) => host.deliver(line));
    this.#members.set(id, { host, disk, incarnation });
  }

  /** Starts and initialises so many nodes: `n0`, `n1`, … */
  static async start(
    count: number,
    app: App<AnyMessages>,
    options: ClusterOptions = {},
  ): Promise<Cluster> {
    const cluster = new Cluster(count, app, options);
    await cluster.#init(cluster.nodes);
    return cluster;
  }

  /** The nodes that are dead. */
  get dead(): string[] {
    return [...this.#dead];
  }

  /** Ends nodes at once; their disks stay. */
  async kill(...ids: string[]): Promise<void> {
    for (const id of ids) {
      if (this.#dead.has(id)) continue;
      this.#dead.add(id);
      const { host, disk } = this.#members.get(id)!;
      this.network.down(id);
      await host.stop();
      disk.crash();
    }
  }

  /** Starts nodes anew that were killed. */
  async start(...ids: string[]): Promise<void> {
    for (const id of ids) {
      const { disk, incarnation } = this.#members.get(id)!;
      this.#launch(id, incarnation + 1, disk);
      this.#dead.delete(id);
    }
    await this.#init(ids);
  }

  /** The number of times that a node wrote to its disk. */
  syncCount(id: string): number {
    return this.#members.get(id)!.disk.syncCount;
  }

  /** The number of bytes on a node's disk. */
  async sizeBytes(id: string): Promise<number> {
    const { disk } = this.#members.get(id)!;
    return (await disk.storage((action) => action()).read()).length;
  }

  /** Keeps nodes from doing anything. */
  pause(...ids: string[]): void {
    for (const id of ids) this.#members.get(id)!.host.pause();
  }

  /** Lets nodes go on that were paused. */
  resume(...ids: string[]): void {
    for (const id of ids) this.#members.get(id)!.host.resume();
  }

  async #init(ids: readonly string[]): Promise<void> {
    const numbers = ids.map((id) =>
      this.post(id, { type: "init", node_id: id, node_ids: this.nodes })
    );
    for (let waits = 0; waits < 10; waits++) {
      await this.wait(1000);
      if (numbers.every((each) => this.#answers.has(each))) return;
    }
  }

  /** Lets some time go by. */
  async wait(ms: number): Promise<void> {
    const until = this.#clock.nowNs + ms * msInNs;
    await this.#clock.drive(this.#clock.sleepUntil(until));
  }

  /** Asks a node something, as a client; lets time go by until it answers. */
  async ask(id: string, body: OutgoingBody, timeoutMs = 1000) {
    const number = this.post(id, body);
    for (let waitedMs = 0; waitedMs <= timeoutMs; waitedMs++) {
      await this.wait(1);
      const answer = this.#answers.get(number);
      if (answer) return answer;
    }
    return undefined;
  }

  /** Asks a node something, and doesn't wait. */
  post(id: string, body: OutgoingBody): number {
    const msg_id = ++this.#lastMsgId;
    this.network.send(
      "c0",
      id,
      JSON.stringify({ src: "c0", dest: id, body: { ...body, msg_id } }),
    );
    return msg_id;
  }

  /** Returns the answer to {@linkcode post}, if there is one. */
  answer(number: number): OpenBody | undefined {
    return this.#answers.get(number);
  }

  /** Cuts the network between two sides, both ways. */
  cut(side: readonly string[], other: readonly string[]): void {
    for (const a of side) {
      for (const b of other) {
        this.network.drop(a, b);
        this.network.drop(b, a);
      }
    }
  }

  /** The number of messages between nodes so far. */
  get messages(): number {
    return this.network.journal
      .filter(({ src, dest }) => src[0] !== "c" && dest[0] !== "c").length;
  }
}
