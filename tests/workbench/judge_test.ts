/**
 * Whole runs in virtual time: right nodes pass, and nodes that lose, repeat,
 * lie or fall silent are caught, with the right words.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { broadcast } from "../../challenges/broadcast.ts";
import { officialRuns } from "../../challenges/runs.ts";
import {
  type AnyMessages,
  type App,
  ErrorCode,
  type Node,
  RPCError,
} from "../../lib/mod.ts";
import { BadOption, judge, type Options } from "../../lib/workbench/mod.ts";
import { judgeBriefly } from "../../lib/workbench/judge.ts";
import { minLength } from "../../lib/workbench/load/shared_lists.ts";
import { involvesClient } from "../../lib/workbench/sim/network.ts";
import { some } from "../some.ts";
import { judgeLate } from "./late.ts";

const small = { "node-count": 5, "time-limit": 10, rate: 20 };

Deno.test("one seed, one result, to the byte", async () => {
  const options: Options = {
    workload: "broadcast",
    ...small,
    latency: 20,
    "latency-dist": "exponential",
    nemesis: "partition",
    "nemesis-interval": 2,
    seed: 7,
  };
  const [first, second] = [
    await judge(broadcast, options),
    await judge(broadcast, options),
  ];
  assertEquals(
    JSON.stringify([first.results, first.history, first.journal]),
    JSON.stringify([second.results, second.history, second.journal]),
  );
  const other = await judge(broadcast, { ...options, seed: 8 });
  assert(JSON.stringify(other.history) !== JSON.stringify(first.history));
});

Deno.test("a judgement without messages is the same, but for them", async () => {
  const options: Options = {
    workload: "broadcast",
    ...small,
    latency: 20,
    nemesis: "partition",
  };
  const { journal, ...whole } = await judge(broadcast, options);
  const { judgement, messages } = await judgeBriefly(broadcast, options, {});
  assertEquals(judgement, { ...whole, journal: [] });
  const lengths = journal.filter((envelope) => !involvesClient(envelope))
    .map(({ line }) => line.length);
  assertEquals(messages.servers.sent, lengths.length);
  assertEquals(messages.servers.chars, lengths.reduce((a, b) => a + b));
});

Deno.test("every official run is valid with any seed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...officialRuns.filter(({ id }) => id !== "2")),
      fc.nat(1e6),
      async ({ app, workload, options }, seed) => {
        const { results, reason } = await judge(app, {
          workload,
          ...options,
          seed,
        });
        assertEquals(results["valid?"], true, reason);
      },
    ),
    { seed: 1, numRuns: 30 },
  );
});

Deno.test("what a run measures is what a hand can count", async () => {
  // Five nodes that send every value to every other: 4 messages a broadcast.
  const { results, journal, history } = await judge(tellEverybody, {
    workload: "broadcast",
    ...small,
    latency: 100,
  });
  const invoked = history.filter(({ type }) => type === "invoke");
  const broadcasts = invoked.filter(({ f }) => f === "broadcast").length;
  assertEquals(results.net.servers["msg-count"], 4 * broadcasts);
  assertEquals(
    results.net.servers["msgs-per-op"],
    4 * broadcasts / invoked.length,
  );
  // init and topology for each node, and their answers, come on top.
  assertEquals(
    results.net.clients["msg-count"],
    2 * invoked.length + 2 * 2 * 5,
  );
  assertEquals(results.stats.count, invoked.length);
  for (const { src, dest, sentNs, receivedNs } of journal) {
    if (src[0] !== "c" && dest[0] !== "c") {
      assert(receivedNs! - sentNs >= 100e6);
    }
  }
});

Deno.test("a node that hands out an id twice is caught", async () => {
  const { results, reason } = await judge((node) => {
    let count = 0;
    node.on("generate", () => ({
      type: "generate_ok",
      id: `${node.id}-${count++ === 30 ? 12 : count}`,
    }));
  }, { workload: "unique-ids", "node-count": 3, "time-limit": 5, rate: 50 });
  assertEquals(results["valid?"], false);
  assertEquals(results.workload["duplicated-count"], 3);
  assertMatch(
    reason!,
    /3 ids were handed out more than once; the first to come again was "n\d-12"/,
  );
});

Deno.test("a value that a node takes in and forgets is lost", async () => {
  const { results, reason } = await judge(
    (node: Node<{ value: { value: number } }>) => tellEverybody(node, [13]),
    { workload: "broadcast", ...small },
  );
  assertEquals(results["valid?"], false);
  assertEquals(results.workload.lost, [13]);
  assertMatch(reason!, /1 of \d+ values were lost; the first is 13/);
});

Deno.test("a value that is lost only in a partition is caught only there", async () => {
  const options = { workload: "broadcast", ...small, "time-limit": 20 };
  const healthy = await judge(tellEverybody, options);
  assertEquals(healthy.results["valid?"], true);
  const cut = await judge(tellEverybody, { ...options, nemesis: "partition" });
  assertEquals(cut.results["valid?"], false);
  assert((cut.results.workload.lost as unknown[]).length > 0);
  assertStringIncludes(cut.reason!, "values were lost");
});

Deno.test("an echo that isn't one is caught", async () => {
  const { results, reason } = await judge((node) => {
    node.on("echo", ({ body }) => ({
      type: "echo_ok",
      echo: String(body.echo).toUpperCase(),
    }));
  }, { workload: "echo", "node-count": 1, "time-limit": 2 });
  assertEquals(results["valid?"], false);
  assertMatch(
    reason!,
    /the first was "Please echo \d+", and "PLEASE ECHO \d+" came back/,
  );
});

Deno.test("a node that never answers init is named", async () => {
  // The library answers init by itself; a handler that never ends prevents it.
  const { results, reason, history } = await judge((node) => {
    node.onInit(() => node.id === "n2" ? new Promise(() => {}) : undefined);
  }, { workload: "echo", "node-count": 3, "time-limit": 2 });
  assertEquals(results["valid?"], false);
  assertEquals(history, []);
  assertStringIncludes(reason!, "n2 did not answer init within 10000 ms.");
});

Deno.test("a node that falls silent ends in time-outs, and the run is invalid", async () => {
  const { results, reason, history } = await judge((node) => {
    node.on("echo", () => {});
  }, { workload: "echo", "node-count": 1, "time-limit": 12 });
  assertEquals(results["valid?"], false);
  assertEquals(results.stats["by-f"].echo!["ok-count"], 0);
  assertEquals(history[1]!.error, "net-timeout");
  assertEquals(history[1]!.time - history[0]!.time, 5e9);
  assertMatch(
    reason!,
    /not one of \d+ echo operations succeeded; the first ended in info: no answer came in time/,
  );
  // Nobody knows what became of it: the process never comes back.
  assertEquals(
    history.map(({ process }) => process).slice(0, 4),
    [0, 0, 1, 1],
  );
});

Deno.test("a request that the node doesn't know is named with its error", async () => {
  const { results, reason } = await judge(() => {}, {
    workload: "unique-ids",
    "node-count": 1,
    "time-limit": 2,
  });
  assertEquals(results["valid?"], false);
  assertMatch(
    reason!,
    /not one of \d+ generate operations succeeded; the first ended in fail: not-supported: this node has no handler for "generate"/,
  );
});

Deno.test("errors end operations as definitely as they are", async () => {
  const ending = async (error: RPCError, f: "broadcast" | "read") => {
    const { history } = await judge((node) => {
      node.on("topology", () => ({ type: "topology_ok" }));
      node.on("broadcast", () => {
        throw error;
      });
      node.on("read", () => {
        throw error;
      });
    }, { workload: "broadcast", "node-count": 1, "time-limit": 3 });
    return history.find((op) => op.f === f && op.type !== "invoke");
  };
  const definite = new RPCError(ErrorCode.abort, "no");
  const indefinite = new RPCError(ErrorCode.crash, "who knows");
  const own = new RPCError(1234, "mine");
  assertEquals((await ending(definite, "broadcast"))?.type, "fail");
  assertEquals((await ending(indefinite, "broadcast"))?.type, "info");
  assertEquals((await ending(own, "broadcast"))?.type, "info");
  assertEquals((await ending(own, "broadcast"))?.error, [
    "unknown",
    "mine",
    "the error's code is 1234, which isn't one of Maelstrom's",
  ]);
  // A read changes nothing: whatever happened, it did not.
  assertEquals((await ending(indefinite, "read"))?.type, "fail");
  assertEquals((await ending(indefinite, "read"))?.error, [
    "crash",
    "who knows",
  ]);
});

Deno.test("an error at setup that isn't one of Maelstrom's says why", async () => {
  const { reason } = await judge((node) => {
    node.on("topology", () => {
      throw new RPCError(99, "no");
    });
  }, { workload: "broadcast", "node-count": 1, "time-limit": 1 });
  assertEquals(
    reason,
    "n0 answered with error unknown: no: the error's code is 99, which isn't one of Maelstrom's",
  );
});

Deno.test("a message to nobody is caught, with the node and the message", async () => {
  const { results, reason } = await judge((node: Node<{ hello: object }>) => {
    node.on("echo", ({ body }) => {
      if (node.id === "n1") node.send("n9", { type: "hello" });
      return { type: "echo_ok", echo: body.echo };
    });
  }, { workload: "echo", "node-count": 2, "time-limit": 3 });
  assertEquals(results["valid?"], false);
  assertEquals(results.nodes.errors[0]!.node, "n1");
  assertEquals(results.nodes.errors[0]!.kind, "no-such-destination");
  assertEquals(
    results.nodes.errors[0]!.line,
    `{"src":"n1","dest":"n9","body":{"type":"hello"}}`,
  );
  assertStringIncludes(reason!, `n1 sent a message to "n9", who doesn't exist`);
});

for (
  const [what, reply, problem] of [
    [
      "a key too many",
      { type: "echo_ok", echo: 1, extra: 2 },
      `has a key too many: "extra"`,
    ],
    ["a key too few", { type: "echo_ok" }, `has no "echo"`],
    [
      "the wrong type",
      { type: "echo", echo: 1 },
      `has "echo" for "type", which isn't "echo_ok"`,
    ],
  ] as const
) {
  Deno.test(`a reply with ${what} is caught, with what was expected`, async () => {
    const { results, reason, history } = await judge(
      (node: Node<AnyMessages>) => {
        node.on("echo", () => reply);
      },
      { workload: "echo", "node-count": 1, "time-limit": 1 },
    );
    assertEquals(results["valid?"], false);
    assertEquals(results.nodes.errors[0]!.kind, "malformed-rpc-response");
    assertEquals(history[1]!.type, "info");
    assertStringIncludes(
      reason!,
      `n0 answered echo with a body that ${problem}`,
    );
    assertStringIncludes(reason!, `Expected {"type": "echo_ok", "echo": <any>`);
  });
}

Deno.test("a late answer to a client that has gone is nobody's fault", async () => {
  const { results } = await judge((node) => {
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: [] }));
    node.on("broadcast", async () => {
      await node.sleep(7000);
      return { type: "broadcast_ok" };
    });
  }, { workload: "broadcast", "node-count": 1, "time-limit": 15 });
  assertEquals(results.nodes, { "valid?": true, "error-count": 0, errors: [] });
});

Deno.test("a promise that nobody handles ends the run's validity, not the workbench", async () => {
  const { results, reason } = await judge((node) => {
    node.on("echo", ({ body }) => {
      node.sleep(10).then(() => {
        throw new Error("lost in the woods");
      });
      return { type: "echo_ok", echo: body.echo };
    });
  }, { workload: "echo", "node-count": 1, "time-limit": 1 });
  assertEquals(results["valid?"], false);
  const [{ kind, time }] = some(results.nodes.errors);
  assertEquals(kind, "node-crashed");
  assertLess(time, 1e9);
  assertGreater(time, 10e6);
  assertStringIncludes(
    reason!,
    "n0 threw what nobody caught: lost in the woods",
  );
});

Deno.test("a listener that throws ends the run's validity, and not the workbench", async () => {
  const { reason } = await judge((node) => {
    node.on("echo", ({ body }) => {
      const target = new EventTarget();
      target.addEventListener("x", () => {
        throw new Error("unheard of");
      });
      target.dispatchEvent(new Event("x"));
      return { type: "echo_ok", echo: body.echo };
    });
  }, { workload: "echo", "node-count": 1, "time-limit": 1 });
  assertStringIncludes(reason!, "n0 threw what nobody caught: unheard of");
});

Deno.test("of two places with the same words, the first to fail is told", async () => {
  const { reason } = await judge((node) => {
    node.on("echo", async () => {
      if (node.id === "n1") throw new Error("same");
      await node.sleep(300);
      throw new Error("same");
    });
  }, { workload: "echo", "node-count": 2, "time-limit": 2, rate: 20 });
  const [line] = /\d+(?=\)$)/.exec(reason!)!;
  const source = (await Deno.readTextFile(new URL(import.meta.url))).split(
    "\n",
  );
  assertMatch(source[Number(line) - 1]!, /"n1"/);
});

Deno.test("what long reads show is in the history, and takes no more than what was written", async () => {
  const { history } = await judge(tellEverybody, {
    workload: "broadcast",
    "node-count": 2,
    "time-limit": 20,
    rate: 200,
  });
  let shown = 0;
  let held = 0;
  for (const op of history) {
    if (op.f !== "read" || op.type !== "ok") continue;
    const { length } = op.value as unknown[];
    if (length < minLength) continue;
    shown += length;
    const own = Object.getOwnPropertyDescriptor(op, "value")!.value;
    held += (own as unknown[] | undefined)?.length ?? 0;
    assertEquals(JSON.parse(JSON.stringify(op)).value, op.value);
  }
  assertGreater(shown, 1_000_000);
  assertLess(held, 20_000);
});

Deno.test("what nodes log is kept, by node, with when it came", async () => {
  const { logs } = await judge((node) => {
    node.onInit(async () => {
      await node.sleep(300);
      node.log(`I am ${node.id}`);
    });
  }, { workload: "echo", "node-count": 2, "time-limit": 1 });
  for (const id of ["n0", "n1"]) {
    const [{ text, timeNs }, ...others] = some(logs.get(id)!);
    assertEquals([text, others], [`I am ${id}`, []]);
    // A node takes up to half a second to start.
    assertGreater(timeNs!, 300e6);
    assertLess(timeNs!, 1000e6);
  }
});

Deno.test("of runs at the same time, each has the crashes of its own nodes", async () => {
  const echo = (failing: string | undefined): App => (node) => {
    node.on("echo", ({ body }) => {
      if (node.id === failing) {
        // In a promise that nobody waits for, and at another time.
        node.sleep(10).then(() => {
          throw new Error(`a bug in ${failing}`);
        });
      }
      return { type: "echo_ok", echo: body.echo };
    });
  };
  const options = { workload: "echo", "node-count": 3, "time-limit": 3 };
  const failing = ["n0", undefined, "n2", undefined, "n1"];
  const judgements = await Promise.all(
    failing.map((node) => judge(echo(node), options)),
  );
  for (const [i, { results }] of judgements.entries()) {
    const nodes = results.nodes.errors.map((
      { node, text },
    ) => [node, text.replace(/ \(at judge_test\.ts:\d+\)$/, "")]);
    assertEquals(
      nodes[0],
      failing[i] && [
        failing[i],
        `${failing[i]} threw what nobody caught: a bug in ${failing[i]}`,
      ],
    );
    assertEquals(new Set(nodes.map(([node]) => node)).size, nodes.length && 1);
  }
});

Deno.test("an app that throws at once is reported, without waiting for init", async () => {
  const { results, reason, journal } = await judge(() => {
    throw new Error("no good arguments");
  }, { workload: "echo", "node-count": 1, "time-limit": 1 });
  assertEquals(results["valid?"], false);
  assertEquals(journal.length, 1);
  assertStringIncludes(reason!, "no good arguments");
});

Deno.test("an app that waits for a timer of the machine's is asked whether it does", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiters: ((node: Node<AnyMessages>) => void)[] = [
    (node) =>
      node.on("echo", async ({ body }) => {
        await promise;
        return { type: "echo_ok", echo: body.echo };
      }),
    (node) => node.onInit(() => promise),
  ];
  for (const app of waiters) {
    const { reason } = await judge(app, {
      workload: "echo",
      "node-count": 1,
      "time-limit": 1,
    });
    assertMatch(
      reason!,
      /( came in time|within 10000 ms)\. Does the handler return, .* and setTimeout isn't\.$/,
    );
  }
  resolve();
});

Deno.test("what is no app, nor a program, is refused in words", async () => {
  for (const other of [undefined, null, 7, {}, Promise.resolve()]) {
    await assertRejects(
      () => judge(other as unknown as App, { workload: "echo" }),
      BadOption,
      "What is judged must be an app, which is a function of a node, or",
    );
  }
});

Deno.test("options that aren't there are refused in words", async () => {
  for (const none of [undefined, null, "echo"]) {
    await assertRejects(
      () => judge(() => {}, none as unknown as Options),
      BadOption,
      "A run takes options, such as",
    );
  }
});

Deno.test("an observer of logs who throws is no node that crashed", async () => {
  const talkative = (node: Node) =>
    node.on("echo", ({ body: { echo } }) => {
      node.log("echo");
      return { type: "echo_ok", echo };
    });
  const options = {
    workload: "echo",
    "node-count": 1,
    "time-limit": 1,
  } as const;
  const onLog = () => {
    throw new RangeError("too much talk");
  };
  await assertRejects(
    () => judge(talkative, options, { onLog }),
    RangeError,
    "too much talk",
  );
});

Deno.test("availability is held against what was asked for", async () => {
  const unreliable = (node: Node) => {
    let count = 0;
    node.on("generate", () => {
      if (count++ % 4 === 0) {
        throw new RPCError(ErrorCode.temporarilyUnavailable, "busy");
      }
      return { type: "generate_ok", id: `${node.id}-${count}` };
    });
  };
  const validity = async (availability?: "total" | number) => {
    const { results } = await judge(unreliable, {
      workload: "unique-ids",
      "node-count": 2,
      "time-limit": 10,
      rate: 50,
      availability,
    });
    return results["valid?"];
  };
  assertEquals(await validity(), true);
  assertEquals(await validity(0.7), true);
  assertEquals(await validity(0.8), false);
  assertEquals(await validity("total"), false);
});

Deno.test("nodes get their arguments, their dice and their clock from the run", async () => {
  const seen = new Map<string, unknown>();
  await judge(
    (node, args) => {
      node.onInit(async () => {
        const start = node.now();
        await node.sleep(1500);
        seen.set(node.id, [args, node.now() - start]);
      });
    },
    { workload: "echo", "node-count": 2, "time-limit": 1 },
    {
      args: ["--fast"],
    },
  );
  assertEquals(seen.get("n0"), [["--fast"], 1500]);
  assertEquals(seen.get("n1"), [["--fast"], 1500]);
});

Deno.test("of a long line in a node's log, its beginning is kept", async () => {
  const { logs } = await judge((node) => {
    node.onInit(() => node.log("x".repeat(1_000_000)));
  }, { workload: "echo", "node-count": 1, "time-limit": 1 });
  assertEquals(logs.get("n0")!.map(({ text }) => text), [
    "x".repeat(10_000) + "…",
  ]);
});

Deno.test("nodes share no objects, however they try", async () => {
  const shared: App = (node) => {
    const seen: number[] = [];
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: seen }));
    node.on("broadcast", ({ body }) => {
      seen.push(body.message);
      return { type: "broadcast_ok" };
    });
  };
  const { history } = await judge(shared, {
    workload: "broadcast",
    "node-count": 1,
    "time-limit": 5,
  });
  const reads = history.filter(({ f, type }) => f === "read" && type === "ok");
  assert(reads.length > 2);
  assert((reads[0]!.value as []).length < (reads.at(-1)!.value as []).length);
});

Deno.test("a run can be ended from outside", async () => {
  const controller = new AbortController();
  await assertRejects(
    () =>
      judge(broadcast, { workload: "broadcast", ...small }, {
        signal: controller.signal,
        onProgress: ({ ops }) =>
          ops > 20 && controller.abort(new Error("enough")),
      }),
    Error,
    "enough",
  );
});

Deno.test("the network is left alone for ten seconds before the last reads", async () => {
  const { history } = await judge(tellEverybody, {
    workload: "broadcast",
    ...small,
    nemesis: "partition",
  });
  const healed = history.findLast(({ process }) => process === "nemesis")!;
  const firstFinal = history.find((op) => op["final?"] === true)!;
  const pauseNs = firstFinal.time - healed.time;
  assertEquals(Math.round(pauseNs / 1e6), 10_000);
});

Deno.test("Deno's advice on permissions is for tests, and not for processes", async () => {
  const needy = (node: Node) =>
    node.on("echo", () => {
      throw new Error(
        'Requires net access to "x:80", run again with the --allow-net flag',
      );
    });
  const options = { workload: "echo", "time-limit": 1 };
  const inTest = await judge(needy, options);
  assertMatch(
    inTest.reason!,
    /, run again with the --allow-net flag \(at judge_test\.ts:\d+\)$/,
  );
  const onTime = { fromMs: 0, toMs: 0, lateMs: 0 };
  const process = await judgeLate(needy, options, onTime);
  assertMatch(
    process.reason!,
    /crash: Requires net access to "x:80"\. A node runs without permissions, but for those in its first line: .* --allow-net and chmod \+x give it this one\.$/,
  );
});

/** Tells every other node at once, and never again. */
function tellEverybody(
  node: Node<{ value: { value: number } }>,
  forgets: readonly unknown[] = [],
) {
  const seen = new Set<number>();
  node.on("topology", () => ({ type: "topology_ok" }));
  node.on("read", () => ({ type: "read_ok", messages: [...seen] }));
  node.on("broadcast", ({ body }) => {
    if (!forgets.includes(body.message)) {
      seen.add(body.message);
      for (const peer of node.peers) {
        node.send(peer, { type: "value", value: body.message });
      }
    }
    return { type: "broadcast_ok" };
  });
  node.on("value", ({ body }) => {
    seen.add(body.value);
  });
}
