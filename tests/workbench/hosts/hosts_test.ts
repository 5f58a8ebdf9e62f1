/**
 * Nodes as child processes, in real time: right ones pass, and each way of
 * misbehaving is caught, with the node, the line, and what was expected.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { childProcess } from "../../../lib/workbench/hosts/process.ts";
import { WallClock } from "../../../lib/workbench/sim/clock.ts";
import { Network } from "../../../lib/workbench/sim/network.ts";
import { Random } from "../../../lib/workbench/sim/random.ts";
import { commandFor } from "../../../lib/runner/build.ts";
import {
  type Command,
  judge,
  type Judgement,
} from "../../../lib/workbench/mod.ts";
import { inTime } from "../../cli.ts";
import { some } from "../../some.ts";
import { tempDir } from "../../temp.ts";

const fixture = (name: string) =>
  decodeURIComponent(
    new URL(`../../fixtures/${name}`, import.meta.url).pathname,
  );

/** The fixture, run by Deno: not every machine has another interpreter. */
function plainNode(...args: string[]): Command {
  return {
    bin: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--no-config",
      "--no-prompt",
      fixture("plain_node.mjs"),
      ...args,
    ],
  };
}

const echoRun = {
  workload: "echo",
  "node-count": 2,
  "time-limit": 1,
  rate: 20,
};

const misbehaviours: [
  mode: string,
  kind: string,
  text: RegExp,
  line?: RegExp,
][] = [
  [
    "prints",
    "line-not-valid-json",
    /^n1 printed a line to stdout that isn't JSON.*write logs to stderr/,
    /^I got: Please echo/,
  ],
  [
    "spaces out",
    "line-not-valid-json",
    /^n1 printed an empty line to stdout\. Stdout is for messages only.*\. Loggers such as Elixir's begin with one\.$/,
  ],
  [
    "exits",
    "node-crashed",
    /^n1 exited with code 3 in the middle of the run.*\n.*going down/s,
  ],
  [
    "invents",
    "malformed-message",
    /^n1 sent a message in the name of "n7", who doesn't exist/,
    /"src":"n7"/,
  ],
  [
    "misaddresses",
    "no-such-destination",
    /^n1 sent a message to "n7", who doesn't exist/,
    /"dest":"n7"/,
  ],
  [
    "omits",
    "malformed-message",
    /^n1 sent a message whose "body" isn't an object\. A message is/,
    /^\{"src":"n1"/,
  ],
  [
    "adds",
    "malformed-message",
    /^n1 sent a message with the keys "from", "b", which no message has\. A message is/,
    /"from":1/,
  ],
  [
    "nests",
    "malformed-message",
    /^n1 sent a message that nests values more than 1000 deep/,
    /"deep":\[\[/,
  ],
  [
    "lists",
    "malformed-message",
    /^n1 printed JSON that isn't an object/,
    /^\[1, 2\]$/,
  ],
  [
    "misspells",
    "malformed-rpc-response",
    /^n1 answered echo with a body that has "echo_okay" for "type", which isn't "echo_ok"/,
    /"in_reply_to"/,
  ],
];

Deno.test("nodes in processes of their own", async (t) => {
  // In real time, and so all at once.
  const good = judge(plainNode(), echoRun);
  const bad = misbehaviours.map(([mode]) => judge(plainNode(mode), echoRun));
  const ours = judge(commandFor("broadcast", []), {
    workload: "broadcast",
    "node-count": 3,
    "time-limit": 2,
    rate: 20,
    latency: 50,
  });
  const mute = judge(plainNode("mute"), { ...echoRun, "node-count": 1 });
  const endless = judge(plainNode("endless"), { ...echoRun, "node-count": 1 });
  const trailing = judge(plainNode("trails off"), echoRun);
  const lenient = ["returns", "ends as Windows does", "rambles"].map((mode) =>
    [mode, judge(plainNode(mode), echoRun)] as const
  );
  const marking = judge(plainNode("marks"), { ...echoRun, "node-count": 1 });
  const joining = judge(plainNode("joins"), { ...echoRun, "node-count": 1 });

  await t.step("a good one, in any language, is valid", async () => {
    const { results, engine, reason } = await good;
    assertEquals(engine, "stdio");
    assertEquals(reason, undefined);
    assertEquals(results["valid?"], true);
    assert(results.stats.count > 5);
  });

  for (const [i, [mode, kind, text, line]] of misbehaviours.entries()) {
    await t.step(`one that ${mode} is caught`, async () => {
      const { results, reason } = await bad[i]!;
      assertEquals(results["valid?"], false);
      const [error] = some(results.nodes.errors);
      assertEquals([error.node, error.kind], ["n1", kind]);
      assertMatch(error.text, text);
      if (line) {
        assertMatch(error.line!, line);
        assertStringIncludes(reason!, `It was: ${error.line}`);
      }
      assertEquals(reason!.includes("It was:"), error.line !== undefined);
      assertMatch(reason!, text);
    });
  }

  await t.step("our broadcast spreads values between processes", async () => {
    const { results, reason } = await ours;
    assertEquals(results["valid?"], true, reason);
    const latencies = results.workload["stable-latencies"] as {
      [point: string]: number;
    };
    assert(latencies["1"]! >= 50, `${latencies["1"]}`);
  });

  await t.step("one that never answers init is named", async () => {
    const { reason = "", history } = await mute;
    assertEquals(
      inTime(reason),
      "n0 did not answer init within 10000 ms. Does the handler return, is what it prints flushed, and is the reply's in_reply_to the request's msg_id?",
    );
    assertEquals(history, []);
  });

  await t.step(
    "one that ends no line is told how much it printed",
    async () => {
      const { reason = "" } = await endless;
      assertEquals(
        inTime(reason),
        "n0 did not answer init within 10000 ms. n0 has printed 66 characters without a newline at their end: each message is one line.",
      );
    },
  );

  for (const [mode, running] of lenient) {
    await t.step(`one that ${mode} is heard, as by Maelstrom`, async () => {
      const { results, reason } = await running;
      assertEquals([results["valid?"], reason], [true, undefined]);
    });
  }

  await t.step("one that begins with a byte order mark isn't", async () => {
    const { reason } = await marking;
    assertMatch(reason!, /isn't JSON.*\nIt was: \ufeff\{"src":"n0"/s);
  });

  await t.step("of two messages in a line the second is missed", async () => {
    const { reason } = await joining;
    assertMatch(
      reason!,
      /; the first ended in info: no answer came in time\. n0 has printed more in a line than one message, and only the first counts: each message is one line\. The rest was: \{"src":"n0".*"echo_ok"/,
    );
  });

  await t.step("one that dies in the middle of a line is told so", async () => {
    const { reason, results } = await trailing;
    assertEquals(results.nodes.errors.map(({ kind }) => kind), [
      "node-crashed",
    ]);
    assertEquals(
      reason,
      `n1 exited with code 3 in the middle of the run. A node has to run until its input ends. n1 has printed 8 characters without a newline at their end: each message is one line. Its last lines were:\n{"src":"`,
    );
  });
});

Deno.test("one that ends no line later on is told so, too", async () => {
  const { reason = "" } = await judge(plainNode("stops ending"), {
    ...echoRun,
    "node-count": 1,
    rate: 1,
  });
  assertEquals(
    inTime(reason).replace(/\d+ (?=echo|characters)/g, "N "),
    "not one of N echo operations succeeded; the first ended in info: no answer came in time. n0 has printed N characters without a newline at their end: each message is one line.",
  );
});

Deno.test("one that exits at once is reported without waiting", async () => {
  // It would be for ten seconds of the run's own time.
  const { reason, results } = await judge({
    bin: Deno.execPath(),
    args: ["eval", "console.error('no, thanks'); Deno.exit(1)"],
  }, echoRun);
  assertMatch(reason!, /n\d exited with code 1 .*no, thanks/s);
  assertEquals(
    results.nodes.errors.filter(({ kind }) => kind === "init-failed"),
    [],
  );
});

Deno.test("a program that can't be started says how it should be", async () => {
  await assertRejects(
    () => judge({ bin: fixture("nothing-there"), args: [] }, echoRun),
    Error,
    "can't be started",
  );
  const cwd = `${tempDir()}/nowhere`;
  await assertRejects(
    () => judge({ bin: "/bin/sh", args: [], cwd }, echoRun),
    Error,
    `/bin/sh can't be started in ${cwd}, which doesn't exist.`,
  );
});

Deno.test({
  name: "one that the system has no room for isn't called no program",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const bin = `${tempDir()}/node`;
    await Deno.copyFile("/bin/sh", bin);
    using _ = await Deno.open(bin, { write: true });
    const { message } = await assertRejects(
      () => judge({ bin, args: [] }, echoRun),
      Error,
    );
    assertEquals(
      message,
      `${bin} can't be started: something is writing to it.`,
    );
  },
});

Deno.test({
  name: "one that Deno may not start isn't called no program",
  permissions: "none",
  async fn() {
    const { message } = await assertRejects(
      () => judge({ bin: "/bin/sh", args: [] }, echoRun),
      Error,
    );
    assertEquals(
      message,
      "/bin/sh can't be started: Deno wasn't told to permit it (--allow-run).",
    );
  },
});

Deno.test("nodes are gone when the run is over, also one that was ended early", async () => {
  const controller = new AbortController();
  const running: Promise<Judgement> = judge(plainNode(), echoRun, {
    signal: controller.signal,
    onProgress: ({ ops }) => ops > 3 && controller.abort(new Error("enough")),
  });
  // That it settles shows it: it waits for its processes to end.
  await assertRejects(() => running, Error, "enough");
});

Deno.test({
  name: "one that closes its stdout is told so",
  ignore: Deno.build.os === "windows", // there's no sh
  async fn() {
    const { reason } = await judge({
      bin: "/bin/sh",
      args: [
        "-c",
        `read -r init
        echo '{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}'
        exec 1>&-
        sleep 1000`,
      ],
    }, { ...echoRun, "node-count": 1, rate: 1 });
    assertMatch(
      inTime(reason!),
      /^not one of \d+ echo operations succeeded; .*\. n0 has closed its stdout, on which it should answer\.$/,
    );
  },
});

Deno.test({
  name: "who floods its log leaves time for everybody else",
  ignore: Deno.build.os === "windows", // there's no sh
  async fn() {
    const clock = new WallClock();
    const { promise: flooded, resolve } = Promise.withResolvers<void>();
    const lines = 400;
    let count = 0;
    let atOnce = 0;
    let most = 0;
    const tick = setInterval(() => atOnce = 0);
    const host = childProcess({
      bin: "/bin/sh",
      args: ["-c", `printf '%${lines}s' | tr ' ' '\\n' >&2; exec cat`],
    })("n0", {
      incarnation: 0,
      clock,
      network: new Network(clock, new Random("network"), {
        latencyMs: 0,
        latencyDist: "constant",
        handoverMs: [0, 0],
        pLoss: 0,
        pDuplicate: 0,
        pReorder: 0,
      }),
      onError() {},
      onLog() {
        // So slow that a line is all there's time for, on any machine.
        for (const end = performance.now() + 3; performance.now() < end;);
        most = Math.max(most, ++atOnce);
        if (++count === lines) resolve();
      },
    });
    await flooded;
    clearInterval(tick);
    await host.stop();
    assert(most < 10, `${most} lines at once`);
  },
});
