/**
 * The story of a run: what struck nobody isn't told, and a long one is abridged.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { judge, type Schedule } from "../../../lib/workbench/mod.ts";
import type { Op } from "../../../lib/workbench/load/history.ts";
import { story } from "../../../lib/workbench/search/story.ts";
import type { Node } from "../../../lib/mod.ts";

const echo = (node: Node) =>
  node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));

const options = { workload: "echo", "node-count": 1, "time-limit": 1 };

Deno.test("faults that struck nobody aren't told", async () => {
  const span = { fromMs: 0, toMs: 100 };
  const schedule: Schedule = {
    ops: [],
    faults: [
      { kind: "kill", nodes: [], ...span },
      { kind: "pause", nodes: [], ...span },
      { kind: "packet", nodes: [], delayMs: 50, ...span },
      { kind: "clock", nodes: [], changes: {}, ...span },
      { kind: "partition", cuts: { n0: [] }, ...span },
      { kind: "asymmetric-partition", cuts: {}, ...span },
      { kind: "kill", nodes: ["n0"], fromMs: 200, toMs: 300 },
    ],
  };
  const lines = story(await judge(echo, options, { schedule })).split("\n");
  const told = lines.slice(0, 2).map((line) => line.replace(/^.* s {2}/, ""));
  assertEquals(told, ["n0 is killed", "n0 is started anew"]);
});

Deno.test("the end of one of kafka's clients isn't taken for the node's", async () => {
  const judgement = await judge(echo, options);
  const [asked] = judgement.history;
  const crash = { ...asked!, index: 0, f: "crash", value: null };
  const history: Op[] = [crash, { ...crash, index: 1, type: "info" }];
  assertMatch(
    story({ ...judgement, history }).split("\n")[0]!,
    /^\d\.\d{3} s {2}A client of n0 crashes \(by plan\), and another takes its place$/,
  );
});

Deno.test("of a node that crashed it's told when, and that nobody answers then", async () => {
  const judgement = await judge(
    (node: Node) => {
      node.on("echo", () => {
        node.sleep(500).then(() => {
          throw new Error("oops");
        });
        return { type: "echo_ok", echo: "" };
      });
    },
    options,
    {
      schedule: {
        ops: [0, 1000].map((atMs) => ({
          atMs,
          client: 0,
          f: "echo",
          value: "",
        })),
        faults: [],
      },
    },
  );
  const lines = story(judgement).split("\n");
  assertMatch(lines[1]!, /^0\.50\d s {2}n0 crashes$/);
  assertMatch(lines[3]!, /^6\.\d{3} s {2}n0 doesn't answer echo "" in time$/);
});

Deno.test("a node that was killed answers after it was started anew", async () => {
  const judgement = await judge(
    (node: Node) => {
      echo(node);
    },
    { ...options, latency: 50 },
    {
      schedule: {
        ops: [{ atMs: 250, client: 0, f: "echo", value: "" }],
        faults: [{ kind: "kill", nodes: ["n0"], fromMs: 100, toMs: 200 }],
      },
    },
  );
  // As slow as a machine may be.
  const history = judgement.history.map((op) => ({
    ...op,
    ...(op.f === "start" && typeof op.value === "object" && { time: 9e9 }),
  }));
  assertMatch(
    story({ ...judgement, history }),
    /n0 is killed\n.*n0 is started anew\n.*n0 is asked to echo ""\n.*n0 answers echo/,
  );
});

Deno.test("a latency and a topology that act all the time are told first", async () => {
  const schedule: Schedule = { ops: [], faults: [] };
  const told = async (more: object) =>
    story(await judge(echo, { ...options, ...more }, { schedule })).split("\n");
  const [, ...none] = await told({ latency: 0 });
  const [constant, ...others] = await told({ latency: 189 });
  assertEquals(constant, "Messages between nodes take 189 ms.");
  assertEquals(others.length, none.length + 1);
  const [random] = await told({ latency: 46, "latency-dist": "exponential" });
  assertEquals(
    random,
    "Messages between nodes take 46 ms on average (exponential).",
  );

  const topology = (node: Node) =>
    node.on("topology", () => ({ type: "topology_ok" }));
  const line = { workload: "broadcast", "node-count": 1, topology: "line" };
  assertMatch(
    story(await judge(topology, line, { schedule })),
    /^The topology is line\./,
  );
});

Deno.test("of each message it's told what became of it, and of copies that one arrived", async () => {
  const sent = { src: "n0", dest: "n1", sinceMs: 0 };
  const judgement = await judge(
    (node: Node<{ tell: { value: number } }>) => {
      node.on("tell", () => {});
      node.on("echo", ({ body }) => {
        for (const value of [1, 2, 3]) node.send("n1", { type: "tell", value });
        return { type: "echo_ok", echo: body.echo };
      });
    },
    { ...options, "node-count": 2 },
    {
      schedule: {
        ops: [{ atMs: 0, client: 0, f: "echo", value: "" }],
        fates: [
          { ...sent, number: 2, holdUpsMs: [0, 0] },
          { ...sent, number: 3, holdUpsMs: [0, 200] },
        ],
        faults: [{
          kind: "partition",
          cuts: { n1: ["n0"] },
          fromMs: 100,
          toMs: 500,
        }],
      },
    },
  );
  const told = story(judgement).split("\n").filter((line) =>
    line.includes("sends")
  );
  assertEquals(told.map((line) => line.replace(/^.*"value":/, "")), [
    "2}, which arrives twice",
    "3}, which arrives once: of its two copies the cut swallows one",
  ]);
});

Deno.test("a run of any length has a story of a few lines", async () => {
  const judgement = await judge(echo, options);
  const [asked, answered] = judgement.history;
  const history = Array.from({ length: 400_000 }, (_, index) => ({
    ...index % 2 === 0 ? asked! : answered!,
    index,
    time: index * 1e5,
  }));
  const lines = story({ ...judgement, history }).split("\n");
  assertEquals(lines.length, 41);
  assertMatch(lines[0]!, /^ 0\.000 s {2}n0 /);
  assertMatch(lines.at(-1)!, /^40\.000 s {2}n0 /);
});
