/**
 * Mutants: each challenge with one mistake in it, such as people make. The
 * workbench must find every one, say what's wrong, and make it small; the README
 * shows how small. To bring that up to date, run this with UPDATE=1.
 *
 * A mutant is made of the challenge's own source, by changing a few characters;
 * so it's wrong in just one thing.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runs } from "../../challenges/runs.ts";
import type { App } from "../../lib/mod.ts";
import { judge, type Options } from "../../lib/workbench/mod.ts";
import { Random } from "../../lib/workbench/sim/random.ts";
import { type Case, failureIn } from "../../lib/workbench/search/case.ts";
import { drawn } from "../../lib/workbench/search/explore.ts";
import {
  shrink,
  type Shrunk,
  sizeOf,
} from "../../lib/workbench/search/shrink.ts";
import { Cluster } from "../cluster.ts";
import { assertRow } from "../readme.ts";
import { brokenRule } from "./figure_2.ts";
import { violation } from "./raft.ts";

const maxSeeds = 200;

interface Mutant {
  mistake: string;
  script: string;
  /** Parts of the source as they are, and as the mutant has them. */
  changes: [from: string, to: string][];
}

/** A mutant that breaks what its challenge promises. */
interface Breach extends Mutant {
  /** The official run that it's judged by: with less of all but the faults. */
  run: string;
  options?: Partial<Options>;
  args?: string[];
  /** The workbench's reason. */
  reason: RegExp;
}

const breaches: Breach[] = [
  {
    mistake: "says what it likes",
    script: "echo",
    changes: [["echo: body.echo", 'echo: "Please echo 7"']],
    run: "1",
    reason: /echoes went wrong/,
  },
  {
    mistake: "leaves the node's name out of an id",
    script: "unique_ids",
    changes: [["`${node.id}-${start}-${count++}`", "`${count++}`"]],
    run: "2",
    reason: /ids? (was|were) handed out more than once/,
  },
  {
    mistake: "forgets that it waits for an acknowledgement",
    script: "broadcast",
    changes: [[
      "    this.#sent.set(",
      "    if (greeting) this.#sent.set(",
    ]],
    run: "3c",
    reason: /values were lost/,
  },
  {
    mistake: "takes one acknowledgement for all",
    script: "broadcast",
    changes: [[
      "for (const ack of acks) this.#confirm(ack);",
      "if (acks.length > 0) this.#sent.forEach((_, each) => this.#confirm(each));",
    ]],
    run: "3d",
    options: { "p-loss": 0.05 },
    reason: /values were lost/,
  },
  {
    mistake: "sends nothing again",
    script: "broadcast",
    changes: [["this.#keep(this.#unconfirmed);", ""]],
    run: "3c",
    reason: /values were lost/,
  },
  {
    mistake: "forgets to sync",
    script: "broadcast",
    changes: [["await disk.sync();", ""]],
    run: "3c",
    options: { nemesis: "kill", "nemesis-interval": 1 },
    args: ["--data-dir", "d"],
    reason: /values were lost/,
  },
  {
    mistake: "answers before it's written",
    script: "broadcast",
    changes: [["await disk.sync();", "disk.sync();"]],
    run: "3a",
    options: {
      ...{ rate: 400, concurrency: "20n", lazyfs: "clear-cache" },
      ...{ nemesis: "kill", "nemesis-interval": 2 },
    },
    args: ["--data-dir", "d"],
    reason: /values were lost/,
  },
  {
    mistake: "recovers all but the last record",
    script: "broadcast",
    changes: [["of disk.records)", "of disk.records.slice(0, -1))"]],
    run: "3a",
    options: { nemesis: "kill", "nemesis-interval": 1 },
    args: ["--data-dir", "d"],
    reason: /values were lost/,
  },
  {
    mistake: "doesn't greet when it's back",
    script: "broadcast",
    changes: [[".then(greet)", ""]],
    run: "3c",
    options: { rate: 1, nemesis: "kill", "nemesis-interval": 5 },
    args: ["--data-dir", "d"],
    reason: /values were lost/,
  },
  {
    mistake: "takes what an earlier life confirmed for confirmed",
    script: "broadcast",
    changes: [["if (greeting) this.#beginAnew();", ""]],
    run: "3c",
    options: { nemesis: "kill", "nemesis-interval": 5 },
    args: ["--data-dir", "d"],
    reason: /values were lost/,
  },
  {
    mistake: "begins its numbers at the same place whenever it's started",
    script: "unique_ids",
    changes: [["const start = bits(node, 48);", "const start = 0;"]],
    run: "2",
    options: { nemesis: "kill", availability: 0 },
    reason: /ids? (was|were) handed out more than once/,
  },
  {
    mistake: "forgets to sync",
    script: "g_counter",
    changes: [["await disk.sync();", ""]],
    run: "4",
    options: { nemesis: "kill", "nemesis-interval": 5 },
    args: ["--data-dir", "d"],
    reason: /final reads are wrong/,
  },
  {
    mistake: "answers before it's written",
    script: "g_counter",
    changes: [["await disk.sync();", "disk.sync();"]],
    run: "4",
    options: {
      ...{ rate: 1000, concurrency: "20n", lazyfs: "clear-cache" },
      ...{ nemesis: "kill", "nemesis-interval": 2 },
    },
    args: ["--data-dir", "d"],
    reason: /final reads are wrong/,
  },
  {
    mistake: "recovers without the snapshot",
    script: "g_counter",
    changes: [
      ["[disk.snapshot ?? {}, ...disk.records]", "disk.records"],
      ["const maxRecords = 1000;", "const maxRecords = 5;"],
    ],
    run: "4",
    options: { nemesis: "kill", "nemesis-interval": 5 },
    args: ["--data-dir", "d", "--strategy", "gossip"],
    reason: /final reads are wrong/,
  },
  {
    mistake: "recovers all but the last record",
    script: "g_counter",
    changes: [["...disk.records]", "...disk.records.slice(0, -1)]"]],
    run: "4",
    options: { nemesis: "kill", "nemesis-interval": 5 },
    args: ["--data-dir", "d", "--strategy", "gossip"],
    reason: /final reads are wrong/,
  },
  {
    mistake: "counts on under the name of a life before",
    script: "g_counter",
    changes: [["Math.floor(node.random() * 2 ** 48).toString(36)", '"0"']],
    run: "4",
    options: {
      ...{ concurrency: "20n", nemesis: "kill", "nemesis-interval": 5 },
    },
    args: ["--acks", "2"],
    reason: /final reads are wrong/,
  },
  {
    mistake: "acknowledges before another has it",
    script: "g_counter",
    changes: [["if (this.#safety.acks === 1) return;", "return;"]],
    run: "4",
    options: { nemesis: "kill", "nemesis-interval": 5 },
    args: ["--acks", "2"],
    reason: /final reads are wrong/,
  },
  {
    mistake: "adds a total that it has counted already",
    script: "g_counter",
    changes: [[
      "into.set(id, total);",
      "into.set(id, (into.get(id) ?? 0) + total);",
    ]],
    run: "4",
    reason: /read/,
  },
  {
    mistake: "takes the total that came last for the newest",
    script: "g_counter",
    changes: [["if (total <= (into.get(id) ?? 0)) continue;", ""]],
    run: "4",
    args: ["--strategy", "gossip"],
    reason: /read/,
  },
  {
    mistake: "shows what may yet get a neighbour",
    script: "kafka",
    changes: [["const { stable } = feeds;", "const stable = Infinity;"]],
    run: "5c",
    reason: /nonmonotonic-poll/,
  },
  {
    mistake: "begins a poll one too late",
    script: "kafka",
    changes: [[
      "findLastIndex(([each]) => each < offset)",
      "findLastIndex(([each]) => each <= offset)",
    ]],
    run: "5c",
    reason: /./,
  },
  {
    mistake: "compares offsets the wrong way",
    script: "kafka",
    changes: [["a.offset - b.offset", "b.offset - a.offset"]],
    run: "5c",
    reason: /nonmonotonic-poll/,
  },
  {
    mistake: "passes on every other message of a batch",
    script: "kafka",
    changes: [
      [
        "if (peer) this.take(event, offset);",
        "if (peer && offset % 4 !== 0) this.take(event, offset);",
      ],
    ],
    run: "5c",
    reason: /./,
  },
  {
    mistake: "takes a batch for the next one, though one is missing",
    script: "kafka",
    changes: [["from <= peer.upTo && ", ""]],
    run: "5c",
    options: { "p-loss": 0.05 },
    reason: /./,
  },
  {
    mistake: "takes an event as often as it comes",
    script: "kafka",
    changes: [[
      "if (offset <= (feed.events.at(-1)?.[0] ?? -1)) continue;",
      "",
    ]],
    run: "5c",
    options: { "p-loss": 0.1 },
    reason: /./,
  },
  {
    mistake: "shows its writes before it's done",
    script: "txn",
    changes: [
      [
        "const done = body.txn.map(([f, key, value]): Operation => {",
        "const done: Operation[] = []; for (const [f, key, value] of body.txn) {",
      ],
      [
        `writes.set(key, value);
        return [f, key, value];`,
        `writes.set(key, value);
        await commit([[key, value]]);
        await node.sleep(5);
        done.push([f, key, value]);
        continue;`,
      ],
      [
        "return [f, key, known ?? null];\n    });",
        "done.push([f, key, known ?? null]); }",
      ],
    ],
    run: "6c",
    options: { availability: 0.9 },
    reason: /G1b|G1c|intermediate/,
  },
  {
    mistake: "says that it did nothing, and has done it",
    script: "txn",
    changes: [[
      `return { type: "txn_ok", txn: done };`,
      `if (node.random() < 0.01) {
         return { type: "error", code: 30, text: "conflict" } as never;
       }
       return { type: "txn_ok", txn: done };`,
    ], ["  demand,\n", "  demand,\n  ErrorCode,\n  RPCError,\n"]],
    run: "6c",
    options: { availability: 0.9 },
    reason: /G1a|abort/,
  },
  {
    mistake: "reads from the root that it knows",
    script: "txn_list_append",
    changes: [["areStale ? known", "true ? known"]],
    run: "10",
    reason: /realtime/,
  },
  {
    mistake: "takes a change whose answer is lost for one that didn't happen",
    script: "txn_list_append",
    changes: [["if (mine) return mine;", ""]],
    run: "10",
    options: { "p-loss": 0.05 },
    reason: /duplicate|twice/,
  },
  {
    mistake: "gives out names of an earlier life",
    script: "txn_list_append",
    changes: [
      ["Math.floor(node.random() * 2 ** 48).toString(36)", "0"],
      ["const fanout = 16;", "const fanout = 2;"],
    ],
    run: "10",
    options: { nemesis: "kill" },
    args: ["--strategy", "tree"],
    reason: /./,
  },
  {
    mistake: "appends to a list that others have read",
    script: "txn_list_append",
    changes: [[
      "const longer = [...list ?? [], value];",
      "const longer = list as number[] ?? []; longer.push(value);",
    ]],
    run: "10",
    reason: /internal/,
  },
  {
    mistake: "takes what it sent for confirmed",
    script: "g_set",
    changes: [[
      "const delta = strategy(other);",
      "const delta = strategy(other); other.lacks.clear();",
    ]],
    run: "8a",
    reason: /elements were lost/,
  },
  {
    mistake: "adds totals that it should compare",
    script: "pn_counter",
    changes: [["Math.max(a, added)", "a + added"]],
    run: "8b",
    reason: /final reads are wrong/,
  },
  {
    mistake: "never sends GRAFT",
    script: "gossip",
    changes: [['this.node.send(peer, { type: "graft", values });', ""]],
    run: "11a",
    reason: /values were lost/,
  },
  {
    mistake: "compares with nobody what it knows",
    script: "gossip",
    changes: [["2 * node.random() * antiEntropyMs", "Infinity"]],
    run: "11a",
    args: ["--strategy", "push-pull"],
    reason: /values were lost/,
  },
  {
    mistake: "doesn't object when it's taken for dead",
    script: "membership",
    changes: [[
      'const isSlander = id === this.#node.id && status !== "alive";',
      "const isSlander = false;",
    ]],
    run: "12",
    reason: /doesn't list/,
  },
  {
    mistake: "never pings the dead again",
    script: "membership",
    changes: [[
      "turns = shuffled(node, node.peers);",
      "turns = shuffled(node, group.members.filter((id) => id !== node.id));",
    ]],
    run: "12",
    options: { nemesis: "partition" },
    reason: /doesn't list/,
  },
];

/** The most runs in which a breach has to be found. */
const maxRuns = 500;

/** The most of a breach that is left: a person takes it in at a glance. */
const smallEnough = { nodes: 3, ops: 10 };

/** The options that say what may happen to a run; others are drawn. */
const hardships = [
  "nemesis",
  "p-loss",
  "lazyfs",
  "consistency-models",
] as const;

for (const mutant of breaches) {
  const { script, mistake } = mutant;
  Deno.test(`caught: ${script} that ${mistake}`, () => assertFound(mutant));
}

/** Holds a search for a mistake, and the README's row of it, to each other. */
async function assertFound(mutant: Breach): Promise<void> {
  const found = await searchFor(mutant);
  assertMatch(found.judgement.reason!, mutant.reason);
  const { nodes, ops, faults } = sizeOf(found);
  const { nodes: maxNodes, ops: maxOps } = smallEnough;
  assert(nodes <= maxNodes && ops <= maxOps, `${nodes} nodes, ${ops} ops`);
  assertEquals(await failureWithout(mutant, found.case), undefined);
  const left = `${count(nodes, "node")}, ${count(ops, "operation")}, ${
    count(faults, "fault")
  }`;
  await assertRow([mutant.script, mutant.mistake], [
    `${found.foundIn}`,
    left,
    `${found.runs}`,
  ]);
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** Judges the challenge as it is in a case that its mutant fails in. */
async function failureWithout(
  { run: id, args = [] }: Breach,
  { options, schedule }: Case,
): Promise<string | undefined> {
  const run = runs.find((each) => each.id === id)!;
  const judgement = await judge(run.app, options, {
    args: [...run.args ?? [], ...args],
    ...schedule && { schedule },
  });
  return failureIn(judgement);
}

/** Draws runs until one fails, and makes it small; or the next, if it stays large. */
async function searchFor(
  mutant: Breach,
): Promise<Shrunk & { foundIn: number }> {
  const app = await load(mutant);
  const run = runs.find(({ id }) => id === mutant.run)!;
  const args = [...run.args ?? [], ...mutant.args ?? []];
  const judgeCase = ({ options, schedule }: Case) =>
    judge(app, options, { args, ...schedule && { schedule } });
  const asked: Options = {
    workload: run.workload,
    ...run.options,
    ...mutant.options,
  };
  const given: Options = {
    workload: run.workload,
    ...Object.fromEntries(
      hardships.filter((name) => asked[name] !== undefined)
        .map((name) => [name, asked[name]]),
    ),
  };
  let number = 0;
  for (const options of drawn({ given, most: run.options }, maxRuns)) {
    number++;
    const judgement = await judgeCase({ options });
    if (failureIn(judgement) === undefined) continue;
    const shrunk = await shrink({ case: { options }, judgement }, judgeCase);
    if (sizeOf(shrunk).ops <= smallEnough.ops) {
      return { ...shrunk, foundIn: number };
    }
  }
  throw new Error(`not caught within ${maxRuns} runs`);
}

/**
 * Mistakes that even read committed allows, so that no official run can complain
 * of them. What the chapter promises beyond it forbids them.
 */
const unpunished: Mutant[] = [
  {
    mistake: "compares timestamps the wrong way",
    script: "txn",
    changes: [[
      "a.timestamp < b.timestamp",
      "a.timestamp > b.timestamp",
    ]],
  },
  {
    mistake: "lets win who comes last",
    script: "txn",
    changes: [[
      "if (current === undefined || isBefore(current, register)) {",
      "{",
    ]],
  },
  {
    mistake: "applies a transaction in parts",
    script: "txn",
    changes: [[
      "for (const [key, register] of writes) {\n      latest",
      `for (const [i, [key, register]] of writes.entries()) {
         if (i > 0) {
           node.sleep(10).then(() => apply([[key, register]]));
           continue;
         }
         latest`,
    ]],
  },
  {
    mistake: "sends nothing again",
    script: "txn",
    changes: [["node.now() + retryMs", "Infinity"]],
  },
  {
    mistake: "takes what it sent for confirmed",
    script: "txn",
    changes: [[
      "peer.asked = false;",
      "peer.asked = false; unconfirmed.clear();",
    ]],
  },
  {
    mistake: "forgets what was written since the confirmed",
    script: "txn",
    changes: [["if (after < body.have) peer", "peer"]],
  },
  {
    mistake: "sends half of what isn't confirmed",
    script: "txn",
    changes: [[
      '"news", writes,',
      '"news", writes: writes.slice(0, 1),',
    ]],
  },
];

Deno.test("not caught: the transactions as they are", async () => {
  const { app } = runs.find(({ script }) => script === "txn")!;
  assertEquals(await complaint(app, 20), undefined);
});

for (const mutant of unpunished) {
  Deno.test(`caught: ${mutant.script} that ${mutant.mistake}`, async () => {
    assert(await complaint(await load(mutant), maxSeeds) !== undefined);
  });
}

/**
 * Writes the same to two registers at a time, over a network that is cut now and
 * then. Nobody may see them differ; what is written last must count; and where
 * two don't know of each other, all must agree on one.
 */
async function complaint(app: App, seeds: number): Promise<string | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new Random(`${seed}`);
    const cluster = await Cluster.start(3, app, { seed, latencyMs: 20 });
    const write = (id: string, value: unknown) =>
      cluster.ask(id, {
        type: "txn",
        txn: [["w", "a", value], ["w", "b", value]],
      });
    const read = async (id: string) => {
      const answer = await cluster.ask(id, {
        type: "txn",
        txn: [["r", "a", null], ["r", "b", null]],
      });
      return (answer?.txn as unknown[][]).map(([, , value]) => value);
    };
    for (let value = 1; value <= 20; value++) {
      if (value % 6 === 0) cluster.cut(["n0"], ["n1", "n2"]);
      if (value % 6 === 3) cluster.network.heal();
      await write(random.choice(cluster.nodes), value);
      const [a, b] = await read(random.choice(cluster.nodes));
      if (a !== b) return `seed ${seed}: half of a transaction was seen`;
      await cluster.wait(random.integer(300));
    }
    cluster.network.heal();
    await cluster.wait(5000);
    await write("n1", "last");
    await cluster.wait(2000);
    for (const id of cluster.nodes) {
      const [a] = await read(id);
      if (a !== "last") return `seed ${seed}: ${id} shows ${a}`;
    }
    cluster.cut(["n0"], ["n1", "n2"]);
    await write("n0", "here");
    await write("n1", "there");
    await cluster.wait(1000);
    cluster.network.heal();
    await cluster.wait(5000);
    const [[a], [b]] = [await read("n0"), await read("n1")];
    if (a !== b) return `seed ${seed}: ${a} here, ${b} there`;
  }
}

/** Mistakes in telling one life of a node from another. */
const forgetful: Mutant[] = [
  {
    mistake: "accepts acknowledgements of what an earlier life has sent",
    script: "broadcast",
    changes: [["(to ?? this.life) === this.life", "true"]],
  },
  {
    mistake: "doesn't say that it's another life by now",
    script: "broadcast",
    changes: [["if (!isMeant && !this.greets) this.greet();", ""]],
  },
];

Deno.test("not caught: the broadcast as it is", async () => {
  const { app } = runs.find(({ script }) => script === "broadcast")!;
  assertEquals(await confusion(app), undefined);
});

for (const mutant of forgetful) {
  Deno.test(`caught: ${mutant.script} that ${mutant.mistake}`, async () => {
    assert(await confusion(await load(mutant)) !== undefined);
  });
}

/**
 * Holds messages of a node, or to it, up until it has died and come back. What it
 * is told then, if anything, must reach the other one, and what that knows it.
 */
async function confusion(app: App): Promise<string | undefined> {
  for (const strategy of ["hub", "direct"]) {
    for (const [src, dest] of [["n1", "n0"], ["n0", "n1"]] as const) {
      for (const later of [[], [2]]) {
        const args = ["--strategy", strategy];
        const cluster = await Cluster.start(2, app, { args, latencyMs: 10 });
        await cluster.wait(5000);
        const send = cluster.network.send.bind(cluster.network);
        const held: string[] = [];
        cluster.network.send = (from, to, line) => {
          if (from === src && to === dest) held.push(line);
          else send(from, to, line);
        };
        cluster.post("n1", { type: "broadcast", message: 1 });
        await cluster.wait(500);
        await cluster.kill("n1");
        cluster.network.send = send;
        await cluster.start("n1");
        await cluster.wait(5000);
        cluster.network.drop("n1", "n0");
        for (const message of later) {
          cluster.post("n1", { type: "broadcast", message });
        }
        await cluster.wait(300);
        cluster.network.heal();
        for (const line of held) send(src, dest, line);
        await cluster.wait(10_000);
        const shown: string[] = [];
        for (const id of cluster.nodes) {
          const answer = await cluster.ask(id, { type: "read" });
          shown.push(`${(answer?.messages as number[]).toSorted()}`);
        }
        const [first, second] = shown;
        const isThere = later.every((value) => first!.includes(`${value}`));
        if (first !== second || !isThere) return shown.join(" and ");
      }
    }
  }
}

/**
 * Mistakes that cost something when a node dies, and that a run would be long in
 * finding: a death has to come at the right moment.
 */
const mortal:
  (Mutant & { args?: string[]; hasDisk?: false; reason: RegExp })[] = [
    {
      mistake: "forgets the sync",
      script: "kafka",
      changes: [[
        "this.#disk.append(kept);\n    await this.#disk.sync();",
        "this.#disk.append(kept);",
      ]],
      reason: /lost/,
    },
    {
      mistake: "replies before the write",
      script: "kafka",
      changes: [
        [
          "await this.#keep(id, this.#next + reserved, [[offset, event]]);",
          `this.#apply(id, this.#next + reserved, [[offset, event]]);
         this.#keep(id, this.#next + reserved, [[offset, event]]);`,
        ],
      ],
      reason: /lost/,
    },
    {
      mistake: "tells others before the sync",
      script: "kafka",
      args: ["--acks", "all"],
      changes: [[
        "await this.#keep(id, this.#next + reserved, [[offset, event]]);",
        `this.#apply(id, this.#next + reserved, [[offset, event]]);
       this.#unwritten.shift();
       this.#unwritten.push(Infinity);
       await this.#keep(id, this.#next + reserved, [[offset, event]]);`,
      ]],
      reason: /lost|differ/,
    },
    {
      mistake: "stops recovery early",
      script: "kafka",
      changes: [[
        "for (const kept of past) this.#apply(...kept);",
        "for (const kept of past.slice(0, -1)) this.#apply(...kept);",
      ]],
      reason: /lost/,
    },
    {
      mistake: "begins at offset 0 again",
      script: "kafka",
      changes: [["    this.#passBy(this.#own.upTo);\n", ""]],
      reason: /twice|lost|differ/,
    },
    {
      mistake: "begins at offset 0 again, without a disk",
      script: "kafka",
      args: ["--acks", "all"],
      hasDisk: false,
      changes: [["    this.#passBy(this.#own.upTo);\n", ""], [
        "if (peer) this.#passBy(upTo);",
        "",
      ]],
      reason: /twice|lost|differ/,
    },
    {
      mistake: "takes a confirmation of an earlier life for this one's",
      script: "kafka",
      args: ["--acks", "all"],
      hasDisk: false,
      changes: [["sent, acknowledged: 0, asked", "sent, asked"], [
        "await Promise.all(peers.map((peer) => this.#fetch(peer, peer)));",
        "",
      ]],
      reason: /lost|differ/,
    },
    {
      mistake: "doesn't ask for its own messages",
      script: "kafka",
      args: ["--acks", "all"],
      hasDisk: false,
      changes: [[
        "Promise.all(peers.map((peer) => this.#fetch(peer, id)))",
        "undefined",
      ]],
      reason: /lost|differ/,
    },
    {
      mistake: "forgets the sync",
      script: "txn",
      changes: [[
        "await disk.sync().finally(() => unwritten--);",
        "unwritten--;",
      ]],
      reason: /lost/,
    },
    {
      mistake: "replies before the write",
      script: "txn",
      changes: [["await commit([...writes]);", "commit([...writes]);"]],
      reason: /lost/,
    },
    {
      mistake: "stops recovery early",
      script: "txn",
      changes: [[
        "disk.records.forEach(apply)",
        "disk.records.slice(1).forEach(apply)",
      ]],
      reason: /lost/,
    },
    {
      mistake: "gives out timestamps again",
      script: "txn",
      hasDisk: false,
      changes: [["a.timestamp === b.timestamp && a.life < b.life", "false"]],
      reason: /differ/,
    },
    {
      mistake: "takes a confirmation of an earlier life for this one's",
      script: "txn",
      hasDisk: false,
      changes: [
        [
          "life: body.life, have: 0, asked: true",
          "life: body.life, asked: true",
        ],
        ["      tell(peer, [...registers]);\n", ""],
      ],
      reason: /differ/,
    },
  ];

for (
  const [script, hasDisk, ...args] of [
    ["kafka", true, "--acks", "1"],
    ["kafka", true, "--acks", "all"],
    ["kafka", false, "--acks", "all"],
    ["txn", true],
    ["txn", false],
  ] as [string, boolean, ...string[]][]
) {
  const place = hasDisk ? "with a disk" : "without a disk";
  Deno.test(`not caught: ${[script, ...args].join(" ")} as it is, ${place}, whoever dies`, async () => {
    const { app } = runs.find((run) => run.script === script)!;
    assertEquals(await mourning(script, app, args, hasDisk, 10), undefined);
  });
}

for (const { reason, args = [], hasDisk = true, ...mutant } of mortal) {
  Deno.test(`caught: ${mutant.script} that ${mutant.mistake}`, async () => {
    const app = await load(mutant);
    const { script } = mutant;
    const found = await mourning(script, app, args, hasDisk, maxSeeds);
    assertMatch(found ?? "nothing", reason);
  });
}

/**
 * Writes, and lets a node die at once, both with a disk that loses what isn't
 * synced; now and then while the two are cut off from each other. What was
 * acknowledged must be there in the end, and the nodes must agree.
 *
 * @returns what is wrong.
 */
async function mourning(
  script: string,
  app: App,
  args: string[],
  hasDisk: boolean,
  seeds: number,
): Promise<string | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new Random(`${seed}`);
    const cluster = await Cluster.start(2, app, {
      seed,
      args: hasDisk ? [...args, "--data-dir", "d"] : args,
      lazyfs: ["clear-cache"],
      latencyMs: 1,
    });
    await cluster.wait(2000);
    const asked = new Map<number, number>();
    const write = (id: string, i: number) => {
      const body = script === "kafka"
        ? { type: "send", key: "k", msg: i }
        : { type: "txn", txn: [["w", "all", i], ["w", i, i]] };
      asked.set(cluster.post(id, body), i);
    };
    const deaths = hasDisk ? 4 : 1 + random.integer(4);
    for (let i = 0; i < 10 * deaths; i += 10) {
      const id = random.choice(cluster.nodes);
      for (let k = hasDisk ? 8 : random.integer(3); k > 0; k--) {
        write(random.choice(cluster.nodes), i + k);
        await cluster.wait(1 + random.integer(4));
      }
      if (!hasDisk) await cluster.wait(1000);
      write(id, i + 8);
      await cluster.wait(random.integer(3));
      const isCut = random.integer(2) === 0;
      const dead = hasDisk && random.integer(2) === 0 ? cluster.nodes : [id];
      await cluster.kill(...dead);
      if (isCut) cluster.cut(["n0"], ["n1"]);
      await cluster.start(...dead);
      write(id, i + 9);
      await cluster.wait(300);
      cluster.network.heal();
      await cluster.wait(5000);
    }
    const wrong = await verdictOn(script, cluster, asked, hasDisk);
    if (wrong) return `seed ${seed}: ${wrong}`;
  }
}

async function verdictOn(
  script: string,
  cluster: Cluster,
  asked: Map<number, number>,
  hasDisk: boolean,
): Promise<string | undefined> {
  const reads = ["all", ...asked.values()].map((key) => ["r", key, null]);
  const body = script === "kafka"
    ? { type: "poll", offsets: { k: 0 } }
    : { type: "txn", txn: reads };
  const shown = [];
  for (const id of cluster.nodes) {
    const answer = await cluster.ask(id, body);
    shown.push(JSON.stringify(answer?.msgs ?? answer?.txn ?? "none"));
  }
  const offsets = new Set<unknown>();
  for (const [number, i] of asked) {
    const answer = cluster.answer(number);
    if (answer === undefined || answer.type === "error") continue;
    if (script === "kafka" && offsets.has(answer.offset)) {
      return "an offset twice";
    }
    offsets.add(answer.offset);
    const there = script === "kafka"
      ? `[${answer.offset},${i}]`
      : `["r",${i},${i}]`;
    // Without a disk a node may die before it has told anybody.
    if (script === "txn" && !hasDisk) continue;
    if (shown.some((each) => !each.includes(there))) return `${i} is lost`;
  }
  if (asked.keys().every((each) => !cluster.answer(each))) return "no answers";
  if (shown[0] !== shown[1]) return `nodes differ: ${shown.join(" and ")}`;
}

/** The hardships under which a mistake of Raft's is searched for. */
type Search = Required<Pick<Breach, "options" | "args">>;

const cuts: Search = { options: { nemesis: "partition" }, args: [] };
const freezes: Search = { options: { nemesis: "partition,pause" }, args: [] };
const jumps: Search = {
  options: { nemesis: "clock,pause,partition" },
  args: [],
};
const restarts: Search = { options: { nemesis: "kill,packet" }, args: [] };
const deaths: Search = {
  options: {
    ...{ nemesis: "partition,kill,pause", lazyfs: "clear-cache" },
    "p-loss": 0.05,
  },
  args: ["--data-dir", "d"],
};

/**
 * Raft without one of its rules, and how that shows: to a test of the rule, and
 * of some to whoever looks for runs that fail, too.
 */
const unruly: (Mutant & { rule: RegExp; search?: Search })[] = [
  {
    mistake: "votes for all who ask",
    changes: [["(this.votedFor ?? src) === src", "true"]],
    rule: /^votes twice/,
    search: cuts,
  },
  {
    mistake: "forgets its vote",
    changes: [["this.#keep({ votedFor: src })", "this.votedFor = src"]],
    rule: /^votes twice/,
  },
  {
    mistake: "votes before that's on the disk",
    changes: [[
      'await this.#sync();\n      return { type: "RequestVote_ok"',
      'return { type: "RequestVote_ok"',
    ]],
    rule: /^votes twice/,
  },
  {
    mistake: "votes for who knows less",
    changes: [[" || !isUpToDate) return false;", ") return false;"]],
    rule: /^votes for who knows less/,
    search: deaths,
  },
  {
    mistake: "votes for another when it hears a leader",
    changes: [[" || isLoyal", ""]],
    rule: /^votes when it has just heard/,
  },
  {
    mistake: "votes when it has forgotten how it has voted",
    changes: [[
      "then(() => false, () => true)",
      "then(() => true, () => true)",
    ]],
    rule: /^votes when it may have voted/,
    search: restarts,
  },
  {
    mistake: "takes entries that don't fit",
    changes: [["if (!isMatch && !snapshot) return false;", ""]],
    rule: /^doesn't match terms/,
    search: cuts,
  },
  {
    mistake: "acknowledges entries before they are on the disk",
    changes: [[
      'await this.#sync();\n      const type = "AppendEntries_ok";',
      'const type = "AppendEntries_ok";',
    ]],
    rule: /^loses entries/,
    search: deaths,
  },
  {
    mistake: "applies what isn't committed",
    changes: [["Math.min(message.leaderCommit, last)", "last"]],
    rule: /^applies what isn't committed/,
  },
  {
    mistake: "counts copies of earlier terms' entries",
    changes: [["if (this.log[matched]?.term === this.currentTerm) ", ""]],
    rule: /^commits an entry of an earlier term/,
  },
  {
    mistake: "commits what a minority has",
    changes: [["[all.length >> 1]", "[(all.length >> 1) - 1]"]],
    rule: /./,
    search: cuts,
  },
  {
    mistake: "goes on leading in a later term",
    changes: [[
      "votedFor: null });\n    this.#follow(undefined);",
      "votedFor: null });",
    ]],
    rule: /^goes on leading/,
  },
  {
    mistake: "reads before a majority has answered",
    changes: [['this.#quorum("ackedMs") >= sinceMs', "sinceMs > 0"]],
    rule: /^reads when there may be another leader/,
    search: jumps,
  },
  {
    mistake: "carries out a request as often as it comes",
    changes: [["if (!this.#answers.has(id)) {", "{"]],
    rule: /^makes a change twice/,
    search: cuts,
  },
  {
    mistake: "reads before it knows what is committed",
    changes: [["isSettled() && this.#quorum", "this.#quorum"]],
    rule: /^reads when it may not know/,
    search: freezes,
  },
  {
    mistake: "says that a change failed that is gone from its own log",
    changes: [[
      '(ErrorCode.crash, "it may be elsewhere")',
      '(ErrorCode.abort, "it may be elsewhere")',
    ]],
    rule: /^says that a change failed/,
  },
  {
    mistake: "says that a change failed whose leader is lost",
    changes: [[
      '(ErrorCode.crash, "the leader is lost")',
      '(ErrorCode.abort, "the leader is lost")',
    ]],
    rule: /is there, although it failed/,
    search: cuts,
  },
].map((mutant) => ({ ...mutant, script: "lin_kv" } as typeof unruly[number]));

/** The first rule that is broken; or else what has gone wrong in a few runs. */
async function misrule(app: App): Promise<string | undefined> {
  const rule = await brokenRule(app);
  if (rule !== undefined) return rule;
  for (let seed = 1; seed <= 3; seed++) {
    const run = { seed, nodes: 5, args: ["--data-dir", "d"] };
    const wrong = await violation(app, run);
    if (wrong !== undefined) return wrong;
  }
}

Deno.test("not caught: Raft as it is", async () => {
  const { app } = runs.find(({ script }) => script === "lin_kv")!;
  assertEquals(await misrule(app), undefined);
});

for (const { rule, search, ...mutant } of unruly) {
  Deno.test(`caught: ${mutant.script} that ${mutant.mistake}`, async () => {
    assertMatch(await misrule(await load(mutant)) ?? "nothing", rule);
  });
  if (search === undefined) continue;
  Deno.test(`found: ${mutant.script} that ${mutant.mistake}`, () =>
    assertFound({ ...mutant, ...search, run: "9", reason: /linearizable/ }));
}

/** Loads a challenge's source with the changes in it. */
async function load({ script, changes }: Mutant): Promise<App> {
  const folder = new URL("../../challenges/", import.meta.url);
  let source = await Deno.readTextFile(new URL(`${script}.ts`, folder));
  for (const [from, to] of changes) {
    const times = source.split(from).length - 1;
    assertEquals(times, 1, `how often ${script}.ts has: ${from}`);
    source = source.replace(from, () => to);
  }
  const file = decodeURIComponent(
    new URL(`.mutant-${crypto.randomUUID()}.ts`, import.meta.url).pathname,
  );
  try {
    await Deno.writeTextFile(
      file,
      source.replaceAll('"../lib/', `"${new URL("../lib/", folder)}`),
    );
    const module = await import(`file://${file}`);
    return Object.values(module).find((each): each is App =>
      typeof each === "function"
    )!;
  } finally {
    await Deno.remove(file);
  }
}
