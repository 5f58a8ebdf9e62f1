/**
 * Nodes that die, freeze, and come back: what they know then, what becomes of the
 * messages to them, and what is a mistake of theirs and what isn't.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { App, Node, OutgoingBody } from "../../lib/mod.ts";
import { inProcess, startApp } from "../../lib/workbench/hosts/app.ts";
import {
  BadOption,
  type Command,
  judge,
  type Judgement,
  type Options,
  type Schedule,
} from "../../lib/workbench/mod.ts";
import { faultsIn, type PastFault } from "../../lib/workbench/load/nemesis.ts";
import {
  msInNs,
  secondInNs,
  VirtualClock,
} from "../../lib/workbench/sim/clock.ts";
import { Network } from "../../lib/workbench/sim/network.ts";
import { Random } from "../../lib/workbench/sim/random.ts";

const run: Options = {
  workload: "echo",
  "node-count": 3,
  "time-limit": 60,
  rate: 20,
  "nemesis-interval": 4,
};

/** Logs each of its lives, with a number that it drew, and its ticks. */
function mortal(node: Node<{ hello: { at: number } }>) {
  const start = Math.floor(node.random() * 1e9);
  let count = 0;
  node.onInit(() => {
    node.log(`born ${start}`);
    node.every(100, () => {
      for (const peer of node.peers) {
        node.send(peer, { type: "hello", at: node.now() });
      }
      node.log(`tick ${++count} ${node.now()}`);
    });
  });
  node.on("hello", () => {});
  node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
}

function linesOf({ logs, startNs }: Judgement, node: string) {
  return logs.get(node)!.map(({ text, timeNs }) => ({
    text,
    ns: timeNs! - startNs,
  }));
}

function strikesOf(
  judgement: Judgement,
  kind: "kill" | "pause",
): (PastFault & { nodes: string[] })[] {
  return faultsIn(judgement.history).flatMap((fault) =>
    "nodes" in fault && fault.kind === kind ? [fault] : []
  );
}

function isDuring(ns: number, { start, end }: PastFault): boolean {
  return ns > start.time && ns < (end?.time ?? Infinity);
}

Deno.test("who is killed does nothing until it's started anew, and has forgotten all", async () => {
  const judgement = await judge(mortal, { ...run, nemesis: "kill" });
  assertEquals(judgement.results["valid?"], true, judgement.reason);
  const kills = strikesOf(judgement, "kill");
  assert(kills.length >= 5);
  for (const node of judgement.test.nodes) {
    const lines = linesOf(judgement, node);
    const own = kills.filter(({ nodes }) => nodes.includes(node));
    const births = lines.filter(({ text }) => text.startsWith("born"));
    assertEquals(births.length, 1 + own.filter(({ end }) => end).length);
    assertEquals(
      new Set(births.map(({ text }) => text)).size,
      births.length,
      "each life has other dice",
    );
    for (const kill of own) {
      // A node takes a moment to start, and the nemesis waits for it.
      const lived = lines.filter(({ ns, text }) =>
        isDuring(ns, kill) && !text.startsWith("born") &&
        !/^tick [1-4] /.test(text)
      );
      assertEquals(lived, []);
      const [next] = lines.filter(({ ns, text }) =>
        ns > kill.start.time && text.startsWith("tick")
      );
      if (next) assertMatch(next.text, /^tick 1 /);
    }
  }
});

Deno.test("no two requests of a node have the same number, whatever life it's in", async () => {
  const asks: App = (node) => {
    node.onInit(() => {
      node.every(200, async () => {
        await node.rpc("lin-kv", { type: "write", key: node.id, value: 1 });
      });
    });
    node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
  };
  const { journal, results } = await judge(asks, { ...run, nemesis: "kill" });
  assertEquals(results["valid?"], true);
  const ids = journal.filter(({ dest }) => dest === "lin-kv")
    .map(({ src, line }) => `${src} ${JSON.parse(line).body.msg_id}`);
  assert(ids.length > 100);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("messages to the dead are lost, and sending them is no mistake", async () => {
  const { journal, results, history, startNs } = await judge(mortal, {
    ...run,
    nemesis: "kill",
    latency: 50,
  });
  assertEquals(results.nodes.errors, []);
  const lost = journal.filter(({ lost }) => lost === "kill");
  assert(lost.length > 100);
  const kills = faultsIn(history).filter(({ kind }) => kind === "kill");
  for (const { dest, sentNs, receivedNs } of lost) {
    assertEquals(receivedNs, undefined);
    const ns = sentNs - startNs;
    assert(
      kills.some((kill) =>
        kill.kind === "kill" && kill.nodes.includes(dest) &&
        // It may have been under way when its receiver died.
        ns > kill.start.time - 51 * msInNs && ns < (kill.end?.time ?? Infinity)
      ),
    );
  }
});

Deno.test("who is paused keeps its memory, hears everything late, and ticks at once", async () => {
  const judgement = await judge(mortal, { ...run, nemesis: "pause" });
  assertEquals(judgement.results["valid?"], true, judgement.reason);
  const pauses = strikesOf(judgement, "pause");
  assert(pauses.length >= 5);
  const { journal, startNs } = judgement;
  for (const node of judgement.test.nodes) {
    const lines = linesOf(judgement, node);
    assertEquals(lines.filter(({ text }) => text.startsWith("born")).length, 1);
    const ticks = lines.filter(({ text }) => text.startsWith("tick"));
    assertEquals(
      ticks.map(({ text }) => Number(text.split(" ")[1])),
      ticks.map((_, i) => i + 1),
    );
    for (const pause of pauses) {
      if (!pause.nodes.includes(node)) continue;
      assertEquals(lines.filter(({ ns }) => isDuring(ns, pause)), []);
      const sent = journal.filter(({ src, sentNs }) =>
        src === node && isDuring(sentNs - startNs, pause)
      );
      assertEquals(sent, []);
      if (pause.end === undefined) continue;
      // The tick that was due comes at once, and the next one an interval later.
      const seconds = (pause.end.time - pause.start.time) / secondInNs;
      const [first, second] = ticks.filter(({ ns }) => ns >= pause.end!.time);
      if (second === undefined || seconds < 0.1) continue;
      assert(first!.ns - pause.end.time < msInNs);
      assert(second.ns - first!.ns >= 100 * msInNs);
    }
  }
});

Deno.test("whoever asked a paused node gets an answer when it goes on", async () => {
  const { history } = await judge(mortal, { ...run, nemesis: "pause" });
  const [first] = faultsIn(history);
  const late = history.filter(({ type, f, time }) =>
    type === "ok" && f === "echo" && first!.end !== undefined &&
    time >= first!.end.time && time < first!.end.time + 10 * msInNs
  );
  assert(late.length > 0);
});

Deno.test("what a paused node had before its timer was due can still prevent it", async () => {
  const clock = new VirtualClock();
  const network = new Network(clock, new Random("network"), {
    latencyMs: 0,
    latencyDist: "constant",
    handoverMs: [0, 0],
  });
  const log: string[] = [];
  const end = new AbortController();
  const waits: App = (node) => {
    node.onInit(() =>
      void node.sleep(100, { signal: end.signal })
        .then(() => node.log("fired"), () => node.log("prevented"))
    );
    node.on("echo", ({ body }) => {
      end.abort();
      return { type: "echo_ok", echo: body.echo };
    });
  };
  const host = inProcess(startApp(waits, []), (id) => new Random(id))("n1", {
    incarnation: 0,
    clock,
    network,
    onError: ({ text }) => log.push(text),
    onLog: (_, line) => log.push(line),
  });
  for (const id of ["n1", "c1"]) network.add(id, () => {});
  const deliver = (body: OutgoingBody) =>
    host.deliver(JSON.stringify({ src: "c1", dest: "n1", body }));
  const at = (ms: number) => clock.drive(clock.sleepUntil(ms * msInNs));
  await at(1000);
  deliver({ type: "init", msg_id: 1, node_id: "n1", node_ids: ["n1"] });
  await at(1001);
  host.pause();
  deliver({ type: "echo", msg_id: 2, echo: "hello" });
  await at(2000);
  assertEquals(log, []);
  host.resume();
  await at(2001);
  assertEquals(log, ["prevented"]);
});

Deno.test("a clock jumps and drifts, and timers with it; it never goes back", async () => {
  const judgement = await judge(mortal, { ...run, nemesis: "clock" });
  assertEquals(judgement.results["valid?"], true, judgement.reason);
  const bumps = faultsIn(judgement.history).flatMap((fault) =>
    fault.kind === "clock" ? [fault] : []
  );
  assert(bumps.length >= 5);
  for (const node of judgement.test.nodes) {
    const ticks = linesOf(judgement, node).flatMap(({ text, ns }) => {
      const [, count, now] = /^tick (\d+) (.*)$/.exec(text) ?? [];
      return count === undefined ? [] : [{ ns, ms: Number(now) }];
    });
    for (const [i, { ns, ms }] of ticks.entries()) {
      const next = ticks[i + 1];
      if (next === undefined) break;
      assert(next.ms >= ms);
      const bump = bumps.find(({ start, end }) =>
        ns > start.time && next.ns < (end?.time ?? Infinity)
      );
      const isQuiet = bumps.every(({ start, end }) =>
        [start, end].every((op) =>
          op === undefined || op.time < ns || op.time > next.ns
        )
      );
      if (!isQuiet) continue;
      // A timer of 100 ms takes that on its own clock.
      const rate = bump?.changes[node]?.rate ?? 1;
      const took = (next.ns - ns) / msInNs;
      assert(Math.abs(took * rate - 100) < 0.01, `${took} ms at ${rate}`);
      assert(Math.abs(next.ms - ms - 100) < 0.01);
    }
    const ahead = bumps.reduce(
      (sum, { changes }) => sum + Math.max(0, changes[node]?.jumpMs ?? 0),
      0,
    );
    const last = ticks.at(-1)!;
    // By all jumps, and at most a tenth of the time.
    assert(last.ms > ahead + 0.8 * last.ns / msInNs);
  }
});

Deno.test("a start that fails is the node's mistake, and its death by the nemesis isn't", async () => {
  let lives = 0;
  const once: App = (node) => {
    node.onInit(() => {
      if (++lives > 3) throw new Error("my files are damaged");
    });
    node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));
  };
  const { results, reason } = await judge(once, { ...run, nemesis: "kill" });
  assertEquals(results["valid?"], false);
  assertEquals(results.nodes.errors[0]!.kind, "init-failed");
  assertMatch(reason!, /answered with error 13 .*my files are damaged/);
});

Deno.test("with all faults one seed is one history, another another", async () => {
  const bytes = async (seed: number) => {
    const { history, journal, logs } = await judge(mortal, {
      ...run,
      nemesis: "partition,kill,pause",
      latency: 20,
      "nemesis-interval": 1,
      seed,
    });
    return JSON.stringify([history, journal, [...logs]]);
  };
  const [first, again, other] = [
    await bytes(1),
    await bytes(1),
    await bytes(2),
  ];
  assert(first === again);
  assert(first !== other);
});

Deno.test("a module is killed, paused and started anew like an app", async () => {
  const wasm = await Deno.readFile(
    new URL("../fixtures/wasm/node.wasm", import.meta.url),
  );
  const judged = (nemesis: string, workload = "broadcast") =>
    judge({ wasm }, { ...run, workload, nemesis, rate: 10 });
  const killed = await judged("kill", "echo");
  assertEquals(killed.results["valid?"], true, killed.reason);
  assert(strikesOf(killed, "kill").length >= 5);
  const paused = await judged("pause");
  assertEquals(paused.results["valid?"], true, paused.reason);
  assert(strikesOf(paused, "pause").length >= 5);
  const forgets = await judged("kill");
  assertEquals(forgets.results["valid?"], false);
  assertMatch(forgets.reason!, /values were lost/);
});

Deno.test({
  name: "a process is killed, stopped, continued and started anew by signals",
  ignore: Deno.build.os === "windows", // has no such signals
  async fn() {
    const node: Command = {
      bin: Deno.execPath(),
      args: [
        ...["run", "--quiet", "--no-config", "--no-prompt"],
        decodeURIComponent(
          new URL("../fixtures/plain_node.mjs", import.meta.url).pathname,
        ),
      ],
    };
    const judgement = await judge(node, {
      ...run,
      "node-count": 2,
      "time-limit": 5,
      nemesis: "kill,pause",
      "nemesis-interval": 0.5,
    });
    assertEquals(judgement.results["valid?"], true, judgement.reason);
    const words = new Set(
      judgement.history.filter(({ process }) => process === "nemesis")
        .flatMap(({ value }) => Object.values(value ?? {}) as string[]),
    );
    for (const word of ["killed", "started", "paused", "resumed"]) {
      assert(words.has(word), `nobody was ${word}: ${[...words]}`);
    }
  },
});

Deno.test("clock and disk of a process are the machine's, and stay as they are", async () => {
  const node: Command = { bin: "/nothing/there", args: [] };
  for (
    const [option, value] of [
      ["nemesis", "clock"],
      ["lazyfs", "torn-op"],
      ["disk-size", 1000],
    ] as const
  ) {
    const error = await assertRejects(
      () => judge(node, { ...run, [option]: value }),
      BadOption,
    );
    assertMatch(error.message, /is for nodes under virtual time/);
  }

  const changes = { n0: { jumpMs: 5000, rate: 1 } };
  const jump = {
    kind: "clock" as const,
    ...{ fromMs: 0, nodes: ["n0"], changes },
  };
  const judged = (faults: Schedule["faults"], nemesis?: string) =>
    assertRejects(() =>
      judge(node, { ...run, "node-count": 1, ...nemesis && { nemesis } }, {
        schedule: { ops: [], faults },
      })
    );
  assertMatch(
    (await judged([jump]) as Error).message,
    /^A schedule with a fault of kind clock is for nodes under virtual time/,
  );
  // By its options it was drawn; what counts is which faults are left.
  assertMatch((await judged([], "clock") as Error).message, /can't be started/);
});
