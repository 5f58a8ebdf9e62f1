import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type AnyMessages,
  type App,
  ErrorCode,
  type JSONValue,
  KV,
  RPCError,
} from "../../../lib/mod.ts";
import {
  BadOption,
  explore,
  type ExploreOptions,
  FoundFailure,
  judge,
} from "../../../lib/workbench/mod.ts";
import { failureIn } from "../../../lib/workbench/search/case.ts";
import { sizeOf } from "../../../lib/workbench/search/shrink.ts";
import { flood } from "../helpers.ts";

Deno.test("only apps are explored", async () => {
  await assertRejects(
    () => explore({ bin: "./node" } as unknown as App, { workload: "echo" }),
    BadOption,
    'must be an app, which is a function of a node, not {"bin":"./node"}',
  );
});

/** Each node has logs of its own. */
const loneLogs: App<AnyMessages> = (node) => {
  const logs = new Map<string, JSONValue[]>();
  node.on("send", ({ body: { key, msg } }) => {
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    return { type: "send_ok", offset: log.push(msg) - 1 };
  });
  node.on("poll", ({ body: { offsets } }) => ({
    type: "poll_ok",
    msgs: Object.fromEntries(
      Object.entries(offsets as { [key: string]: number }).map((
        [key, from],
      ) => [
        key,
        (logs.get(key) ?? []).slice(from)
          .map((msg, i): [number, JSONValue] => [from + i, msg]),
      ]),
    ),
  }));
  node.on("commit_offsets", () => ({ type: "commit_offsets_ok" }));
  node.on("list_committed_offsets", () => ({
    type: "list_committed_offsets_ok",
    offsets: {},
  }));
};

/** Fails at the fourth operation. */
const fallible: App<AnyMessages> = (node) => {
  let count = 0;
  node.on("echo", ({ body: { echo } }) => {
    if (++count === 4) throw new TypeError("Cannot count to 4");
    return { type: "echo_ok", echo };
  });
};

async function failureOf(
  app: App<AnyMessages>,
  options: ExploreOptions,
): Promise<FoundFailure> {
  return await assertRejects(() => explore(app, options), FoundFailure);
}

for (
  const [fault, { options, story, faults }] of Object.entries<{
    options: Partial<ExploreOptions>;
    story: RegExp;
    faults: number;
  }>({
    "a partition": {
      options: { nemesis: "partition" },
      story: /The network is cut \(partition\)(.|\n)*which the cut swallows/,
      faults: 1,
    },
    "a lost message": {
      options: { "p-loss": 0.1 },
      story:
        /n\d sends n\d \{"type":"broadcast","message":\d+\}, which is lost/,
      faults: 1,
    },
    "a kill": {
      options: { nemesis: "kill" },
      story: /n0 acknowledges broadcast \d+\n.*n0 is killed/,
      faults: 1,
    },
  })
) {
  Deno.test(`what ${fault} does to a flood becomes a story of a few lines`, async () => {
    const found = await failureOf(flood, { workload: "broadcast", ...options });
    assertEquals(found.anomaly, "lost");
    const size = sizeOf(found);
    assert(size.nodes <= 2 && size.ops <= 3, JSON.stringify(size));
    assertEquals(size.faults, faults);
    assertMatch(found.message, story);
    assertStringIncludes(found.message, found.judgement.reason!);
  });
}

Deno.test("without faults, nothing is wrong with a flood", async () => {
  assertEquals(await explore(flood, { workload: "broadcast", runs: 20 }), 20);
});

Deno.test("what fails without a fault becomes small, too", async () => {
  const found = await failureOf(loneLogs, {
    workload: "kafka",
    nemesis: "partition",
  });
  assertEquals(found.anomaly, "inconsistent-offsets");
  assertEquals(sizeOf(found), { nodes: 2, ops: 2, faults: 0 });
});

Deno.test("a failure repeats itself, to the byte", async () => {
  const found = await failureOf(loneLogs, { workload: "kafka" });
  const { options, schedule } = JSON.parse(JSON.stringify(found.case));
  const again = await judge(loneLogs, options, { schedule });
  assertEquals(again.history, found.judgement.history);
  assertEquals(again.journal, found.judgement.journal);
});

Deno.test("a failure never becomes another", async () => {
  // Alone, it makes another mistake: a smaller one, for who only counts nodes.
  const found = await failureOf((node) => {
    node.on("generate", () => {
      if (node.peers.length === 0) node.send("n9", { type: "who" });
      return { type: "generate_ok", id: 7 };
    });
  }, { workload: "unique-ids", concurrency: "2n" });
  assertEquals(found.anomaly, "duplicate");
  assertEquals(sizeOf(found), { nodes: 2, ops: 2, faults: 0 });
});

Deno.test("two crashes are told from each other by what the nodes said, however long it takes until there", async () => {
  const judgement = await judge(flood, { workload: "broadcast", seed: 1 });
  const nameOf = (reason: string) =>
    failureIn({
      ...judgement,
      results: { "valid?": false },
      anomaly: "node-crashed",
      reason,
    });
  const named = (said: string) =>
    nameOf(
      `n2 trapped (unreachable) in the middle of the run. A node has to run until its input ends. It said: thread 'main' (1) panicked at src/main.rs:15:97: ${said}`,
    );
  assertEquals(
    named("n3 is worse"),
    "node-crashed: thread 'main' (#) panicked at src/main.rs:#:#: a node is worse",
  );
  assertEquals(named("5 is bad"), named("6 is bad"));
  assertEquals(
    nameOf("n2 threw what nobody caught: n3 is worse (at n4.ts:5)"),
    "node-crashed: a node threw what nobody caught: a node is worse (at n4.ts:5)",
  );
});

Deno.test("an error that a node answers with is none of the run's", async () => {
  assertEquals(await explore(fallible, { workload: "echo", runs: 10 }), 10);
});

Deno.test("shrinking is bounded", async () => {
  const found = await failureOf(flood, {
    workload: "broadcast",
    nemesis: "partition",
    maxShrinkRuns: 3,
  });
  assertEquals(found.anomaly, "lost");
  assert(sizeOf(found).ops > 3);
});

Deno.test("bad options are complained of before anything is run", async () => {
  await assertRejects(
    () => explore(flood, { workload: "brodcast" }),
    BadOption,
    "did you mean broadcast?",
  );
  for (const runs of [NaN, 0, -1, 2.5]) {
    await assertRejects(
      () => explore(flood, { workload: "broadcast", runs }),
      BadOption,
      `runs must be an integer from 1 on, not ${runs}.`,
    );
  }
});

Deno.test("clients are as many as a workload wants, unless they're given", async () => {
  const silent: App<AnyMessages> = () => {};
  const options = { workload: "lin-kv", runs: 1, maxShrinkRuns: 0 };
  await assertRejects(() => explore(silent, options), FoundFailure);
  await assertRejects(
    () => explore(silent, { ...options, concurrency: "1n" }),
    BadOption,
    "lin-kv has two clients for each node",
  );
});

Deno.test("what is told to repeat a failure has the app's arguments", async () => {
  const echo: App<AnyMessages> = (node, args) =>
    node.on("echo", () => ({ type: "echo_ok", echo: args[0]! }));
  const { message } = await assertRejects(
    () => explore(echo, { workload: "echo", runs: 1, args: ["wrong"] }),
    FoundFailure,
  );
  assertStringIncludes(
    message,
    "judge(app, options, { schedule, args }), with",
  );
  const { options: given, ...settings } = JSON.parse(
    message.split("\n").at(-1)!,
  );
  const { reason } = await judge(echo, given, settings);
  assertStringIncludes(message, reason!);
});

Deno.test("who has heard enough ends it", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => explore(flood, { workload: "broadcast", signal }),
    Error,
    "enough",
  );
});

Deno.test("who has no answer for the faults alone has made no mistake", async () => {
  // With messages that take a second, clients don't wait for so many.
  const slow: App<AnyMessages> = (node) =>
    node.on("echo", async ({ body: { echo } }) => {
      const kv = new KV(node, "lin-kv");
      for (let times = 0; times < 6; times++) await kv.readOr("key", null);
      return { type: "echo_ok", echo };
    });
  const options: ExploreOptions = {
    workload: "echo",
    ...{ "node-count": 1, "time-limit": 1, rate: 1, latency: 0, runs: 40 },
    ...{ nemesis: "packet", "nemesis-interval": 20 },
  };
  assertEquals(await explore(slow, options), 40);
});

Deno.test("a store that had nothing to change has made no mistake", async () => {
  const store: App<AnyMessages> = (node) => {
    const kv = new KV(node, "lin-kv");
    node.on("read", async ({ body: { key } }) => {
      return { type: "read_ok", value: await kv.read(key) };
    });
    node.on("write", async ({ body: { key, value } }) => {
      await kv.write(key, value);
      return { type: "write_ok" };
    });
    node.on("cas", async ({ body: { key, from, to } }) => {
      await kv.cas(key, from, to);
      return { type: "cas_ok" };
    });
  };
  const options = { workload: "lin-kv", concurrency: "2n", runs: 20 };
  await explore(store, { ...options, "time-limit": 1 }); // or it throws
});

Deno.test("who passes on that a service has no such key is found", async () => {
  const keyless: App<AnyMessages> = (node) => {
    const kv = new KV(node, "lin-kv");
    const onlyRead = async () => ({
      type: "write_ok",
      id: await kv.read("key"),
    });
    node.on("generate", onlyRead);
    node.on("write", onlyRead);
  };
  const [ids, store] = await Promise.all(
    ["unique-ids", "lin-kv"].map((workload) =>
      failureOf(keyless, { workload, "time-limit": 8 })
    ),
  );
  assertEquals(ids!.anomaly, "no-success");
  assertEquals(store!.anomaly, "no-success");
});

/** Has no leader to ask for so many seconds. */
function leaderless(seconds: number): App<AnyMessages> {
  return (node) => {
    let count = 0;
    node.on("generate", () => {
      const id = `${node.id}-${count++}`;
      if (node.now() >= 1000 * seconds) return { type: "generate_ok", id };
      throw new RPCError(ErrorCode.temporarilyUnavailable, "no leader");
    });
  };
}

Deno.test("who elects a leader first has made no mistake", async () => {
  const options = { workload: "unique-ids", runs: 20 };
  const short = { ...options, "time-limit": 2 };
  assertEquals(await explore(leaderless(3), short), 20);
});

Deno.test("who answers too late by the chance of latencies has made no mistake", async () => {
  const random: ExploreOptions = {
    workload: "unique-ids",
    ...{ latency: 150, "latency-dist": "exponential" },
  };
  const few = { "node-count": 1, concurrency: "1", rate: 0.2, runs: 10 };
  assertEquals(
    await explore(leaderless(Infinity), { ...random, ...few, "time-limit": 9 }),
    10,
  );
  // But not so often.
  const found = await failureOf(leaderless(Infinity), random);
  assertEquals(found.anomaly, "no-success");
});

Deno.test("who never elects one is found, and given five seconds", async () => {
  const found = await failureOf(leaderless(Infinity), {
    workload: "unique-ids",
  });
  assertEquals(found.anomaly, "no-success");
  assertEquals(sizeOf(found), { nodes: 1, ops: 1, faults: 0 });
  const { history } = found.judgement;
  assert(history.some(({ time }) => time >= 5e9));
});

Deno.test("who refuses for good is found at once", async () => {
  const found = await failureOf((node) => {
    node.on("generate", () => {
      throw new RPCError(ErrorCode.notSupported, "no ids here");
    });
  }, { workload: "unique-ids", "time-limit": 1 });
  assertEquals(found.anomaly, "no-success");
});
