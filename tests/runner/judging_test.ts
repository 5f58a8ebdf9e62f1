/**
 * The outcome of the runs of a command together, and what is left of them when
 * somebody ends the program.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { Counts } from "../../lib/report/tally.ts";
import { InOrder } from "../../lib/runner/in_order.ts";
import { tellInterrupted } from "../../lib/runner/judging.ts";
import type { Question } from "../../lib/runner/worker.ts";
import { judgeSideBySide, JudgingWorker } from "../../lib/runner/workers.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { inTime, patienceMs, program, run, runIn } from "../cli.ts";
import { isAlive } from "../maelstrom/machine.ts";
import { some } from "../some.ts";
import { tempDir } from "../temp.ts";

const judged = (valid: unknown, others: object = {}) => ({
  pass: valid === true,
  results: { "valid?": valid },
  ...others,
});

Deno.test("the exit code: a run that is wrong outweighs those that are unknown, and a crash all", () => {
  const [valid, invalid] = [judged(true), judged(false)];
  const unknown = judged("unknown");

  const overLimit = judged(true, { pass: false });
  const crashed = judged("unknown", { crashed: true });
  const limited = (...within: unknown[]) =>
    judged(true, { pass: false, limits: within.map((within) => ({ within })) });
  for (
    const [runs, code] of [
      [[], 0],
      [[valid, valid], 0],
      [[invalid], 1],
      [[overLimit], 1],
      [[unknown], 2],
      [[valid, unknown, unknown], 2],
      [[unknown, invalid], 1],
      [[invalid, unknown], 1],
      [[unknown, overLimit, valid], 1],
      [[limited(true, "unknown"), valid], 2],
      [[limited(false, "unknown")], 1],
      [[limited("unknown"), limited(false)], 1],
      [[crashed], 255],
      [[invalid, unknown, crashed, valid], 255],
    ] as const
  ) {
    assertEquals(new Counts(runs).exitCode, code, JSON.stringify(runs));
  }
});

/** Starts the runner, and ends it as soon as it has printed something. */
async function interrupted(
  signal: Deno.Signal,
  seen: RegExp,
  ...args: string[]
) {
  let sent = false;
  const onOutput = (text: string, process: Deno.ChildProcess) => {
    if (sent || !seen.test(text)) return;
    sent = true;
    process.kill(signal);
  };
  return await runIn({ onOutput }, "--engine=sim", ...args);
}

// The first run is short, and shows that the second, which isn't, has begun.
for (
  const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const
) {
  Deno.test({
    name:
      `${signal} ends a run that computes, says how far it came, and exits with ${code}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const ended = await interrupted(
        signal,
        /^✓ {2}1 .*\n/,
        ...["1", "5a", "--time-limit", "900"],
      );
      assertEquals(ended.code, code);
      assertMatch(ended.stdout, /^✓ {2}1 .*\n$/);
      assertMatch(ended.stderr, /^Interrupted: 1 of 2 runs were judged\.$/m);
    },
  });
}

Deno.test("a run that's interrupted while it's compared with another isn't said to have no verdict", () => {
  assertEquals(
    tellInterrupted(0, 1),
    "Interrupted before there was a verdict.",
  );
  assertEquals(tellInterrupted(1, 1), "Interrupted after the verdict.");
  assertEquals(tellInterrupted(1, 2), "Interrupted: 1 of 2 runs were judged.");
});

Deno.test("Ctrl-C during --seeds says how far it came; what isn't done isn't said to be right", async () => {
  const { code, stdout, stderr } = await interrupted(
    "SIGINT",
    /^✓ {2}1 .*\n/,
    ...["1", "5a", "--seeds", "1..99", "--time-limit", "30"],
  );
  assertEquals(code, 130);
  const [first, ...others] = some(stdout.trimEnd().split("\n"));
  assertMatch(first, /^✓ {2}1 .* 99 of 99 seeds/);
  for (const line of others) {
    assertMatch(line, /^\? {2}5a .* \d+ of (\d+) seeds?, of 99 in all/);
  }
  const [, judged] = /^Interrupted: (\d+) of 198 runs were judged\.$/m
    .exec(stderr)!;
  assert(Number(judged) >= 99 && Number(judged) < 198, judged);
});

Deno.test("with --json what has been judged is printed, and the exit code tells", async () => {
  const bin = await program(`
    for (const line of lines) console.error("I am here");`);
  const { code, stdout } = await interrupted(
    "SIGINT",
    /n0: I am here/,
    ...["echo", "--bin", bin, "--node-count=1", "--json", "--log-stderr"],
  );
  assertEquals([code, JSON.parse(stdout)], [130, []]);
});

/** An echo node that says which process it is. */
const echoing = () =>
  program(`
    let id;
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      if (body.type === "init") console.error("I am " + process.pid);
      id ??= body.node_id;
      const reply = { ...body, type: body.type + "_ok", in_reply_to: body.msg_id };
      delete reply.node_id; delete reply.node_ids;
      print({ src: id, dest: src, body: reply });
    }`);

const oneNode = "echo --node-count 1 --time-limit 1".split(" ");

Deno.test("seeds over pipes have a line each, in their order, and one for all", async () => {
  const bin = await echoing();
  const store = tempDir();
  const { code, stdout } = await run(
    ...[...oneNode, "--bin", bin, "--seeds", "9..11", "--jobs", "3"],
    ...["--store", store],
  );
  assertEquals(code, 0, stdout);
  const [, ...lines] =
    /^✓ {2}echo {2}seed 9 {3}valid .*\n✓ {2}echo {2}seed 10 {2}valid .*\n✓ {2}echo {2}seed 11 {2}valid .*\n(✓ {2}echo {2}3 of 3 seeds) .*\nAll 3 runs passed\.\n$/
      .exec(inTime(stdout)) ?? [];
  assertEquals(lines, ["✓  echo  3 of 3 seeds"], stdout);
  const kept = Array.from(Deno.readDirSync(`${store}/echo`))
    .filter(({ isDirectory }) => isDirectory);
  assertEquals(kept.length, 3);
});

Deno.test("seeds of what turns out not to be simulated are judged over pipes, and kept", async () => {
  const bin = `${tempDir()}/node.ts`;
  await Deno.writeTextFile(
    bin,
    `import { type Node, serve } from "${
      import.meta.resolve("../../lib/mod.ts")
    }";
     await serve((node: Node) => node.on("echo", ({ body }) => {
       crypto.subtle;
       return { type: "echo_ok", echo: body.echo };
     }));`,
  );
  const { code, stdout, stderr } = await run(
    ...[...oneNode, "--bin", bin, "--seeds", "1..2"],
  );
  assertEquals(code, 0, stdout);
  assertMatch(
    inTime(stdout),
    /^✓ {2}echo {2}seed 1 .*\n✓ {2}echo {2}seed 2 .*\n✓ {2}echo {2}2 of 2 seeds .*\nAll 2 runs passed\.\n$/,
  );
  assertEquals(stderr.match(/crypto\.subtle/g)?.length, 1, stderr);
});

Deno.test("as many runs go on side by side as they should, and end together", async () => {
  const bin = await echoing();
  const ending = new AbortController();
  const why = new Error("enough");
  const working = new Set<number>();
  const seen = new Set<number>();
  const pids: number[] = [];
  const thrown = await assertRejects(() =>
    judgeSideBySide(
      Array.from({ length: 4 }, (_, seed) => ({
        by: { engine: "stdio", command: { bin, args: [] } },
        id: "echo",
        options: {
          workload: "echo",
          "node-count": 1,
          "time-limit": patienceMs / 1000,
          seed,
        },
        args: [],
        logs: true,
      })),
      2,
      {
        signal: ending.signal,
        onLog: (_, text) => pids.push(Number(/\d+/.exec(text))),
        onProgress({ phase }, place) {
          seen.add(place);
          if (phase === "work") working.add(place);
          if (working.size === 2 && pids.length === 2) ending.abort(why);
        },
        onAnswer: () => assert(false, "there was an answer"),
      },
    )
  );
  assertEquals(thrown, why);
  assertEquals([...seen].sort(), [0, 1]);
  // That it has rejected shows it: it waits for its processes to end.
  for (const pid of pids) assertEquals(await isAlive(pid), false);
});

Deno.test("what can't be judged ends what goes on beside it", async () => {
  const bin = await echoing();
  const question = (bin: string): Question => ({
    by: { engine: "stdio", command: { bin, args: [] } },
    id: "echo",
    options: { workload: "echo", "time-limit": patienceMs / 1000 },
    args: [],
  });
  await assertRejects(
    () => judgeSideBySide([question(bin), question("/no/such/program")], 2),
    Error,
    "/no/such/program can't be started",
  );
});

Deno.test("Ctrl-C ends all runs side by side, says how far they came, and leaves no process", async () => {
  const bin = await echoing();
  const seconds = String(patienceMs / 1000);
  const pids = new Set<number>();
  let ended = 0;
  const { code, stderr } = await runIn(
    {
      onOutput(text, process) {
        for (const [, pid] of text.matchAll(/^seed \d, n0: I am (\d+)\n/gm)) {
          pids.add(Number(pid));
        }
        if (pids.size < 3 || ended > 0) return;
        // As from a terminal: it reaches the runner, and who started it tells it.
        for (; ended < 2; ended++) process.kill("SIGINT");
      },
    },
    ..."--engine=sim echo --node-count 1 --log-stderr --bin".split(" "),
    bin,
    ...[
      "--seeds=1..5",
      "--jobs=3",
      "--time-limit",
      seconds,
    ],
  );
  assertEquals(code, 130);
  assertMatch(stderr, /^Interrupted: 0 of 5 runs were judged\.$/m);
  assertEquals(pids.size, 3);
  for (const pid of pids) assertEquals(await isAlive(pid), false);
});

Deno.test("a program that takes up all the memory is ended, and the next run has it again", async () => {
  const library = import.meta.resolve("../../lib/mod.ts");
  const node = `${tempDir()}/hoarder.ts`;
  await Deno.writeTextFile(
    node,
    `import { serve } from "${library}";
const hoard: unknown[] = [];
await serve((node) => {
  node.on("echo", ({ body }: any) => {
    hoard.push(Array.from({ length: 100_000 }, (_, i) => i));
    return { type: "echo_ok", echo: body.echo };
  });
});
`,
  );
  const heap = "--v8-flags=--max-old-space-size=200,--max-semi-space-size=1";
  const { code, stdout } = await runIn(
    { flags: [heap] },
    ...["--engine=sim", "echo", "--bin", node, "--rate", "1000"],
    ...["--seeds", "1..2", "--jobs", "1", "--no-page"],
  );
  assertEquals(code, 1);
  const ended = stdout.match(
    /: seed \d: n\d was ended, as the nodes and their/g,
  );
  assertEquals(ended?.length, 2, stdout);
});

Deno.test("answers are handed on in order, as soon as they can be, and in the end all that came", () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]),
      (places) => {
        const taken: number[] = [];
        const answers = new InOrder<string>((answer, place) => {
          assertEquals(answer, `${place}`);
          taken.push(place);
        });
        for (const [i, place] of places.entries()) {
          answers.add(`${place}`, place);
          const came = new Set(places.slice(0, i + 1));
          const missing = [0, 1, 2, 3, 4, 5, 6, 7].find((each) =>
            !came.has(each)
          );
          assertEquals(taken, [0, 1, 2, 3, 4, 5, 6, 7].slice(0, missing));
          assertEquals(answers.count, came.size);
        }
        answers.end();
        assertEquals(taken, places.toSorted());
      },
    ),
    { seed: 1 },
  );
});

Deno.test("a worker is ended while it computes, and says why", async () => {
  using worker = new JudgingWorker();
  const ending = new AbortController();
  const why = new Error("enough");
  const phases = new Set<string>();
  const thrown = await assertRejects(() =>
    worker.ask({
      by: { engine: "sim", script: "kafka" },
      id: "5a",
      options: { workload: "kafka", rate: 1000, "time-limit": 900 },
      args: [],
    }, {
      signal: ending.signal,
      onProgress({ phase }) {
        phases.add(phase);
        if (phase === "work") ending.abort(why);
      },
      onAnswer: () => assert(false, "there was an answer"),
    })
  );
  assertEquals(thrown, why);
  assert(phases.has("work"));
});

Deno.test("what a worker complains about is told by whom asked", async () => {
  using worker = new JudgingWorker();
  const question = {
    by: { engine: "sim", script: "echo" },
    id: "1",
    args: [],
  } as const;
  await assertRejects(
    () => worker.ask({ ...question, options: { workload: "no" } }),
    BadOption,
    'There is no workload "no" here',
  );
  // It goes on.
  const { record, folder } = await worker.ask({
    ...question,
    options: { workload: "echo", "time-limit": 1 },
  });
  assertEquals([record.pass, folder], [true, undefined]);
});

Deno.test("what its asker makes an error of is that, and ends the run", async () => {
  const error = new BadOption("not here");
  const thrown = await assertRejects(() =>
    judgeSideBySide(
      [{
        by: { engine: "sim", script: "echo" },
        id: "1",
        args: [],
        options: { workload: "echo", "time-limit": 1 },
      }],
      1,
      {
        onAnswer() {
          throw error;
        },
      },
    )
  );
  assertEquals(thrown, error);
});
