/**
 * The outcome of the runs of a command together, and what is left of them when
 * somebody ends the program.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exitCodeOf } from "../../lib/runner/judging.ts";
import { JudgingWorker } from "../../lib/runner/workers.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { program, runIn } from "../cli.ts";
import { some } from "../some.ts";

const run = (valid: unknown, others: object = {}) => ({
  pass: valid === true,
  results: { "valid?": valid },
  ...others,
});

Deno.test("the exit code: a run that is wrong outweighs those that are unknown, and a crash all", () => {
  const [valid, invalid] = [run(true), run(false)];
  const unknown = run("unknown");

  const overLimit = run(true, { pass: false });
  const crashed = run("unknown", { crashed: true });
  const limited = (...within: unknown[]) =>
    run(true, { pass: false, limits: within.map((within) => ({ within })) });
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
    assertEquals(exitCodeOf(runs), code, JSON.stringify(runs));
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
