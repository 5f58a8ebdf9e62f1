/**
 * The benchmark: who takes part, and that what is slow shows. How fast anything
 * is isn't tested: machines differ.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { compare, table } from "../../lib/runner/bench.ts";
import {
  findJudgeables,
  headOf,
  judgeBothWays,
  judgedRuns,
  lineOf,
} from "../../lib/runner/bench_judging.ts";
import {
  measureSeeds,
  seededRuns,
  seedsHead,
  seedsLine,
} from "../../lib/runner/bench_seeds.ts";
import {
  measureNodes,
  nodesHead,
  nodesLine,
} from "../../lib/runner/bench_nodes.ts";
import { judgeGuest } from "../../lib/workbench/judge.ts";
import { type Contestant, findRivals } from "../../lib/runner/rivals.ts";
import { program } from "../cli.ts";
import { some } from "../some.ts";
import { script } from "../maelstrom/machine.ts";
import { tempDir } from "../temp.ts";

Deno.test("where there is neither Node.js nor Go, it says so", async () => {
  const folder = tempDir();
  const { rivals, leftOut } = await findRivals({ PATH: folder }, folder);
  assertEquals(rivals.map(({ name }) => name), ["Deno alone"]);
  assertEquals(leftOut, [
    "Node.js is left out: no node on the PATH.",
    "Go is left out: no go on the PATH.",
  ]);
});

Deno.test("where Go's library can't be had, it says why", async () => {
  const folder = tempDir();
  await script(
    `${folder}/go`,
    "echo go: downloading >&2; echo no route to host >&2; exit 1",
  );
  const { leftOut } = await findRivals({ PATH: folder }, folder);
  assertEquals(
    leftOut[1],
    "Go is left out: its official library can't be had: no route to host",
  );
});

Deno.test("Node.js and Go take part where they are", async () => {
  const folder = tempDir();
  await script(`${folder}/node`, "echo v22.1.0");
  await script(
    `${folder}/go`,
    `case $1 in
       install) echo "$2" >"$GOBIN/maelstrom-echo" ;;
       env) echo go1.24.1 ;;
     esac`,
  );
  const { rivals, leftOut } = await findRivals({ PATH: folder }, folder);
  assertEquals(leftOut, []);
  assertEquals(
    rivals.slice(1).map(({ name, description }) => [name, description]),
    [
      ["Node.js", "the same node on Node.js v22.1.0"],
      ["Go", "the official library's own echo node, go1.24.1"],
    ],
  );
  const { bin } = rivals[2]!.command;
  assertMatch(
    await Deno.readTextFile(bin),
    /^github\.com\/jepsen-io\/maelstrom\/demo\/go\/cmd\/maelstrom-echo@v/,
  );
});

Deno.test("a node without a library answers as ours does", async () => {
  const { rivals } = await findRivals({ PATH: "" }, "");
  const [ours, alone] = await compare(rivals, { messages: 100, rounds: 1 });
  assertEquals(ours?.timeMs, { median: 1, least: 1, most: 1 });
  for (const { median } of [alone!.startMs, alone!.timeMs]) {
    assert(median > 0 && median < Infinity);
  }
});

Deno.test("a slow node shows in the ratio, and its rounds are told apart", async () => {
  const slow = await contestant(`
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      const until = performance.now() + 5;
      while (performance.now() < until);
      print({ src: "n0", dest: src, body: { type: body.type + "_ok", in_reply_to: body.msg_id } });
    }`);
  const comparisons = await compare([slow], { messages: 50, rounds: 3 });
  const { timeMs: { median, least, most } } = comparisons[1]!;
  assertGreater(median, 3);
  assert(least <= median && median <= most);

  const [head = "", ours = "", theirs = ""] = table(comparisons).split("\n");
  assertMatch(head, /^ +start-up +time +memory$/);
  assertMatch(ours, /^ +ours +1 +1 +1$/);
  assertMatch(
    theirs,
    /^ +slow( +[\d.]+ \([\d.]+ – [\d.]+\)){2} +(unknown|[\d.]+ \([\d.]+ – [\d.]+\))$/,
  );
});

Deno.test("a node that ends before it has answered all ends the measurement", async () => {
  const quitter = await contestant(`
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      print({ src: "n0", dest: src, body: { type: body.type + "_ok", in_reply_to: body.msg_id } });
      if (body.msg_id === 10) process.exit(3);
    }`);
  await assertRejects(
    () => compare([quitter], { messages: 100, rounds: 1 }),
    Error,
    "gave 10 answers, and should have given 101; it exited with code 3",
  );
});

async function contestant(source: string): Promise<Contestant> {
  const bin = await program(source);
  return { name: "slow", description: bin, command: { bin, args: [] } };
}

Deno.test("where there are no compilers, our own node is judged, and the others are named", async () => {
  const folder = tempDir();
  const { nodes, leftOut } = await findJudgeables({ PATH: folder }, folder);
  assertEquals(nodes.map(({ name }) => name), ["TypeScript"]);
  assertEquals(leftOut, [
    "Go is left out: no go on the PATH.",
    "C is left out: no cc on the PATH.",
  ]);
});

Deno.test("a Go too old for wasip1 is left out", async () => {
  const folder = tempDir();
  await script(`${folder}/go`, "echo go1.19.8");
  const { leftOut } = await findJudgeables({ PATH: folder }, folder);
  assertEquals(
    leftOut[0],
    "Go is left out: it is go1.19.8, and wasip1 needs 1.21.",
  );
});

Deno.test("a node is judged as the same in both ways: pipes take its real time, and no less", async () => {
  const { nodes } = await findJudgeables({ PATH: "" }, "");
  // At its rate of 5, the last operation is no earlier than at 2.6 s.
  const options = { workload: "echo", "node-count": 1, "time-limit": 3 };
  const { pipes, virtual } = await judgeBothWays(nodes[0]!, options);
  assert(virtual.isValid);
  assertGreater(pipes.ms, 1000);
});

Deno.test("our simple node is valid in all runs of the table", async () => {
  const { nodes } = await findJudgeables({ PATH: "" }, "");
  const guest = await nodes[0]!.prepare();
  for (const { options } of judgedRuns) {
    const { results, reason } = await judgeGuest(guest, {
      ...options,
      "time-limit": 2,
    }, {});
    assertEquals(results["valid?"], true, reason);
  }
});

Deno.test("a line has both times and how many times less, and what isn't valid", () => {
  const [echo] = judgedRuns;
  assertEquals(headOf([echo!]), "                      echo");
  const judged = [
    {
      pipes: { ms: 30_400, isValid: true },
      virtual: { ms: 412, isValid: true },
    },
    {
      pipes: { ms: 31_000, isValid: false },
      virtual: { ms: 6_200, isValid: true },
    },
  ];
  assertEquals(
    lineOf("Go", judged),
    "  Go                  30 s / 0.41 s = 74      31 s (not valid) / 6.2 s = 5.0",
  );
});

Deno.test("a run with seeds takes time in each phase", async () => {
  const [run] = some(seededRuns);
  const phases = await measureSeeds(run, 0);
  for (const ms of Object.values(phases)) assertGreater(ms, 0);
});

Deno.test("the table of seeds has a column for each phase", () => {
  const [run] = some(seededRuns);
  const phases = { simulation: 15, checkers: 4, record: 1 };
  assertEquals([seedsHead, seedsLine(run, phases)], [
    "                      a second    each        simulation  checkers    record",
    "  3c                  50          20 ms       75 %        20 %        5 %",
  ]);
});

Deno.test("more nodes take more messages, and these time and memory", async () => {
  const short = { "time-limit": 3 };
  const few = await measureNodes(5, short);
  const many = await measureNodes(25, short);
  assertGreater(many.messages, few.messages);
  for (const { ms } of [few, many]) assertGreater(ms, 0);
  assertGreater(many.bytes, 0);
});

Deno.test("the table of nodes has what a message takes beside what all take", () => {
  const grown = { nodes: 1000, messages: 1_000_000, ms: 25_000, bytes: 3e8 };
  assertEquals([nodesHead, nodesLine(grown)], [
    "  nodes       messages    time        a message   memory      a message",
    "  1,000       1,000,000   25.0 s      25 µs       300 MB      300 bytes",
  ]);
});
