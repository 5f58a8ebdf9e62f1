/**
 * Verdicts of runs on a machine that was too busy: unknown where time might have
 * helped, and what they would be anyway where not.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertMatch,
} from "@std/assert";
import { broadcast } from "../../challenges/broadcast.ts";
import { echo } from "../../challenges/echo.ts";
import type { AnyMessages, Node } from "../../lib/mod.ts";
import { judge, type Options } from "../../lib/workbench/mod.ts";
import { fillIn } from "../../lib/workbench/test.ts";
import { checkHistory } from "../../lib/workbench/verdict.ts";
import { historyOf, op } from "./helpers.ts";
import { type Busy, judgeLate } from "./late.ts";

/** Passes values on along a line, each once. */
function line(node: Node) {
  const values = new Set<number>();
  let neighbours: readonly string[] = [];
  node.on("topology", ({ body }) => {
    neighbours = body.topology[node.id] ?? [];
    return { type: "topology_ok" };
  });
  node.on("read", () => ({ type: "read_ok", messages: [...values] }));
  node.on("broadcast", ({ src, body: { message } }) => {
    if (!values.has(message)) {
      values.add(message);
      for (const each of neighbours) {
        if (each !== src) node.send(each, { type: "broadcast", message });
      }
    }
    return { type: "broadcast_ok" };
  });
}

const along: Options = {
  workload: "broadcast",
  topology: "line",
  "node-count": 25,
  "time-limit": 20,
  rate: 20,
  latency: 100,
};

/** A machine that is late from beginning to end, but for the set-up. */
const lateBy = (lateMs: number): Busy => ({ fromMs: 600, toMs: 1e9, lateMs });

Deno.test("values that were still on their way are unknown, and not lost", async () => {
  assertEquals((await judge(line, along)).results["valid?"], true);
  const { results, reason, lateness, spoiled } = await judgeLate(
    line,
    along,
    lateBy(900),
  );
  assertEquals([results["valid?"], spoiled], ["unknown", true]);
  assertEquals(results.workload["valid?"], "unknown");
  assertGreater(results.workload["lost-count"], 0);
  assertGreaterOrEqual(lateness!.maxMessageMs, 900);
  assertMatch(
    reason!,
    /^this machine couldn't keep up: messages were up to \d+(\.\d)? s late\. That may be why \d+ of \d+ values were lost; the first is /,
  );
});

Deno.test("values that are lost on a machine that was in time are lost", async () => {
  const { results, reason, spoiled } = await judgeLate(
    (node: Node<AnyMessages>) => {
      broadcast(node, ["--strategy", "flood"]);
    },
    { workload: "broadcast", "time-limit": 20, nemesis: "partition" },
    lateBy(50),
  );
  assertEquals([results["valid?"], spoiled], [false, undefined]);
  assertMatch(reason!, /^\d+ of \d+ values were lost/);
});

Deno.test("operations that timed out are unknown, whether some of them or all", async () => {
  const options: Options = {
    workload: "echo",
    "node-count": 1,
    "time-limit": 12,
    availability: "total",
  };
  const some = await judgeLate(echo, options, lateBy(3000));
  assertEquals(some.results["valid?"], "unknown");
  assertEquals(some.results.availability["valid?"], "unknown");
  assertMatch(some.reason!, /^this machine .* why only .* succeeded, where /);
  const all = await judgeLate(
    (node: Node<AnyMessages>) => {
      node.on("echo", () => undefined);
    },
    options,
    lateBy(3000),
  );
  assertEquals(all.results.stats["valid?"], "unknown");
  assertMatch(all.reason!, /^this machine .* why not one of \d+ echo /);
  // On any machine in time, it's the node.
  const silent = await judgeLate(
    (node: Node<AnyMessages>) => {
      node.on("echo", () => undefined);
    },
    options,
    lateBy(200),
  );
  assertEquals(silent.results["valid?"], false);
});

Deno.test("nodes that weren't initialised in time are unknown", async () => {
  const options: Options = { workload: "echo", "node-count": 30 };
  const { results, reason } = await judgeLate(echo, options, {
    fromMs: 0,
    toMs: 1e9,
    lateMs: 6000,
  });
  assertEquals(results["valid?"], "unknown");
  assertEquals(results.nodes["valid?"], "unknown");
  assertMatch(
    reason!,
    /^this machine couldn't keep up: messages were up to 6 s late\. That may be why n\d+ did not answer init within 10000 ms\./,
  );
});

Deno.test("the set-up may be late: machines are when they start many processes", async () => {
  const { results, lateness } = await judgeLate(
    echo,
    { workload: "echo", "time-limit": 2 },
    { fromMs: 0, toMs: 600, lateMs: 2000 },
  );
  assertEquals(results["valid?"], true);
  assert(lateness!.maxMessageMs < 1, `${lateness!.maxMessageMs}`);
});

Deno.test("what no node may ever do is invalid on any machine", async () => {
  const on = async (
    workload: string,
    app: (node: Node<AnyMessages>) => unknown,
  ) => {
    const { results, reason, spoiled } = await judgeLate(
      (node: Node<AnyMessages>) => {
        app(node);
      },
      { workload, "time-limit": 10, availability: "total" },
      lateBy(700),
    );
    assertEquals([results["valid?"], spoiled], [false, undefined], reason);
    return reason!;
  };
  assertMatch(
    await on("unique-ids", (node) => {
      node.on("generate", () => ({ type: "generate_ok", id: 7 }));
    }),
    /ids? (was|were) handed out more than once/,
  );
  assertMatch(
    await on("echo", (node) => {
      node.on("echo", () => ({ type: "echo_ok", echo: "Pardon" }));
    }),
    /echoes went wrong/,
  );
  assertMatch(
    await on("echo", (node) => {
      node.on("echo", () => ({ type: "echo_okay" }));
    }),
    /answered echo with a body/,
  );
});

Deno.test("a valid run stays valid, however late", async () => {
  const { results, spoiled, lateness } = await judgeLate(
    echo,
    { workload: "echo", "time-limit": 10 },
    lateBy(2000),
  );
  assertEquals([results["valid?"], spoiled], [true, undefined]);
  assertGreater(lateness!.maxMessageMs, 1000);
});

Deno.test("in virtual time nothing is late", async () => {
  const judgement = await judge(echo, { workload: "echo", "time-limit": 1 });
  assert(!("lateness" in judgement) && !("spoiled" in judgement));
});

Deno.test("a counter's final reads may become right, unless no adds make what they show", () => {
  const verdictOn = (...reads: number[]) =>
    checkHistory(
      historyOf(
        ...[3, 4, -1].flatMap((value, i) => [
          op(i * 10, 0, "invoke", "add", value),
          op(i * 10 + 5, 0, "ok", "add", value),
        ]),
        ...reads.flatMap((value, i) => [
          op(100, i, "invoke", "read", null, { "final?": true }),
          op(101, i, "ok", "read", value, { "final?": true }),
        ]),
      ),
      fillIn({ workload: "pn-counter" }),
      undefined,
      { maxMessageMs: 9000, maxTimerMs: 0 },
    )["valid?"];
  assertEquals(verdictOn(6, 6), true);
  // Without the 4; without any; and with something that was never added.
  assertEquals(verdictOn(6, 2), "unknown");
  assertEquals(verdictOn(0), "unknown");
  assertEquals(verdictOn(8), false);
  assertEquals(verdictOn(0, 8), false);
});

Deno.test("a log's message that nobody has polled may still come; what polls pass over doesn't", () => {
  const verdictOn = (messages: [number, number][]) =>
    checkHistory(
      historyOf(
        ...[1, 2, 3].flatMap((message) => [
          op(message, 0, "invoke", "send", [["send", "7", message]]),
          op(message, 0, "ok", "send", [["send", "7", [message, message]]]),
        ]),
        op(50, 0, "invoke", "poll", [["poll"]]),
        op(51, 0, "ok", "poll", [["poll", { "7": messages }]]),
      ),
      fillIn({ workload: "kafka" }),
      undefined,
      { maxMessageMs: 9000, maxTimerMs: 0 },
    );
  const all = verdictOn([[1, 1], [2, 2], [3, 3]]);
  assertEquals(all["valid?"], true, all.reason);
  const unseen = verdictOn([[1, 1], [2, 2]]);
  assertEquals(unseen.workload["bad-error-types"], ["unseen"]);
  assertEquals(unseen["valid?"], "unknown");
  assertEquals(verdictOn([[1, 1], [3, 3]])["valid?"], false);
});

Deno.test("a last poll without an answer waited as long as clients do, not for ten seconds", () => {
  const verdict = (maxTimerMs: number, poll: Record<string, unknown>) =>
    checkHistory(
      historyOf(
        op(1, 0, "invoke", "send", [["send", "7", 1]]),
        op(1, 0, "ok", "send", [["send", "7", [0, 1]]]),
        op(2, 0, "invoke", "send", [["send", "7", 2]]),
        op(2, 0, "ok", "send", [["send", "7", [1, 2]]]),
        op(3, 0, "invoke", "poll", [["poll"]]),
        op(3, 0, "ok", "poll", [["poll", { "7": [[0, 1]] }]]),
        op(50, 0, "invoke", "assign", ["7"], { "seek-to-beginning?": true }),
        op(50, 0, "ok", "assign", ["7"], { "seek-to-beginning?": true }),
        op(51, 0, "invoke", "poll", [["poll"]]),
        op(5051, 0, "ok", "poll", [["poll", {}]], poll),
      ),
      fillIn({ workload: "kafka" }),
      undefined,
      { maxMessageMs: 0, maxTimerMs },
    )["valid?"];
  const silent = { type: "info", value: [["poll"]], error: "net-timeout" };
  assertEquals(verdict(500, silent), "unknown");
  assertEquals(verdict(499, silent), false);
  assertEquals(verdict(999, {}), false);
  assertEquals(verdict(1000, {}), "unknown");
});

Deno.test("a set's last read without an answer waited as long as clients do, too", () => {
  const verdict = (
    workload: string,
    addF: string,
    maxTimerMs: number,
    end: Record<string, unknown>,
  ) =>
    checkHistory(
      historyOf(
        ...[1, 2].flatMap((value) => [
          op(value, 0, "invoke", addF, value),
          op(value, 0, "ok", addF, value),
        ]),
        ...[0, 1].map((process) => op(10_000, process, "invoke", "read")),
        op(10_001, 0, "ok", "read", [1]),
        op(15_000, 1, "ok", "read", [1], end),
      ),
      fillIn({ workload }),
      undefined,
      { maxMessageMs: 0, maxTimerMs },
    )["valid?"];
  const silent = { type: "fail", value: null, error: "net-timeout" };
  for (
    const [workload, addF] of [["broadcast", "broadcast"], ["g-set", "add"]]
  ) {
    assertEquals(verdict(workload!, addF!, 500, silent), "unknown");
    assertEquals(verdict(workload!, addF!, 499, silent), false);
    assertEquals(verdict(workload!, addF!, 999, {}), false);
  }
});

Deno.test("a store's clients wait a second only, unless the network is slow", () => {
  const verdict = (latency: number, maxMessageMs: number) =>
    checkHistory(
      historyOf(
        op(0, 0, "invoke", "read", [0, null]),
        op(1000, 0, "fail", "read", [0, null], { error: "net-timeout" }),
      ),
      fillIn({ workload: "lin-kv", latency }),
      undefined,
      { maxMessageMs, maxTimerMs: 0 },
    )["valid?"];
  assertEquals(verdict(0, 100), "unknown");
  assertEquals(verdict(0, 99), false);
  assertEquals(verdict(200, 199), false);
  assertEquals(verdict(200, 200), "unknown");
});
