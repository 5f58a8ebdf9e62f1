/**
 * Two runs of one seed: where they part, and that it's told.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { divergenceOf, maxCompared } from "../../lib/runner/divergence.ts";
import type { Question } from "../../lib/runner/worker.ts";
import { JudgingWorker } from "../../lib/runner/workers.ts";
import { runGuest } from "../../lib/workbench/judge.ts";
import { judge } from "../../lib/workbench/mod.ts";
import type { Node } from "../../lib/mod.ts";
import { run } from "../cli.ts";
import { tempDir } from "../temp.ts";

const echo = (node: Node) =>
  node.on("echo", ({ body }) => ({ type: "echo_ok", echo: body.echo }));

const once = await judge(echo, { workload: "echo", "time-limit": 2 });

Deno.test("a run doesn't part from itself", async () => {
  const again = await judge(echo, { workload: "echo", "time-limit": 2 });
  assertEquals(divergenceOf(once, again), undefined);
});

Deno.test("where two runs part is the first message that's another", () => {
  const { journal, startNs } = once;
  const { src, dest, sentNs } = journal[20]!;
  const seconds = ((sentNs - startNs) / 1e9).toFixed(3);
  const there = `at ${seconds} s, with a message from ${src} to ${dest}`;
  const others = [
    { line: "{}" },
    { sentNs: sentNs + 1 },
    { receivedNs: sentNs + 1 },
    { lost: "chance" as const },
  ];
  for (const other of others) {
    const changed = journal.with(20, { ...journal[20]!, ...other });
    assertEquals(divergenceOf(once, { ...once, journal: changed }), there);
  }
  const shorter = { ...once, journal: journal.slice(0, 20) };
  assertEquals(divergenceOf(once, shorter), there);
  assertEquals(divergenceOf({ ...shorter, startNs }, once), there);
});

Deno.test("histories may part, too", () => {
  const history = once.history.slice(1);
  assertEquals(
    divergenceOf(once, { ...once, history }),
    "in what clients made of the same messages",
  );
});

/** A run of so many messages: of one, copies. */
function longRun(length: number) {
  const journal = Array.from(
    { length },
    (_, i) => ({ ...once.journal[20]!, line: `{"number":${i}}` }),
  );
  return { ...once, journal };
}

Deno.test("of a long run, the second is but the beginning", () => {
  const long = longRun(maxCompared + 5);
  const { receivedNs: _, ...underWay } = long.journal[maxCompared]!;
  const again = {
    journal: [...long.journal.slice(0, maxCompared), underWay],
    history: [],
  };
  assertEquals(divergenceOf(long, again), undefined);
  const told = /^at \d\.\d{3} s, with a message from c\d+ to n\d$/;
  assertMatch(divergenceOf(longRun(maxCompared), again)!, told);
  const received = { ...underWay, receivedNs: underWay.sentNs + 1 };
  for (const last of [{ ...underWay, line: "{}" }, received]) {
    const journal = again.journal.with(-1, last);
    assertMatch(divergenceOf(long, { journal, history: [] })!, told);
  }
});

Deno.test("a short run is no beginning of a longer one", () => {
  const again = longRun(maxCompared - 1);
  assertMatch(divergenceOf(longRun(maxCompared), again)!, /^at /);
});

Deno.test("a run can end after so many messages, as far as it was the same", async () => {
  const wasm = await Deno.readFile("tests/fixtures/wasm/simple.wasm");
  const options = { workload: "echo", "time-limit": 2 };
  const { journal } = await judge({ wasm }, options);
  const { happened } = await runGuest({ wasm }, options, { maxMessages: 25 });
  assertEquals(happened.errorCount, 0);
  const { length } = happened.journal;
  assertEquals([25, 26].includes(length), true, `${length} messages`);
  const lines = (all: typeof journal) => all.map(({ line }) => line);
  assertEquals(lines(happened.journal), lines(journal).slice(0, length));
});

Deno.test("a program that isn't deterministic is told in its line, and in the record", async () => {
  const bin = `${tempDir()}/node.ts`;
  // How often it can rest meanwhile depends on the machine: even on a busy one,
  // where a round of the event loop takes milliseconds.
  await Deno.writeTextFile(
    bin,
    `import { serve } from "${import.meta.resolve("../../lib/mod.ts")}";
     await serve((node) => node.on("echo", async ({ body }) => {
       const cell = new Int32Array(new SharedArrayBuffer(4));
       let over = false;
       Atomics.waitAsync(cell, 0, 0, 10).value.then(() => over = true);
       while (!over) await node.sleep(0.001);
       return { type: "echo_ok", echo: body.echo };
     }));`,
  );
  const judged = (...args: string[]) =>
    run("echo", "--bin", bin, "--time-limit", "2", ...args);
  const told =
    /^ {4}not deterministic: once more with seed 1, it went another way at \d\.\d{3} s, with a message from n\d to c\d+$/m;
  const store = tempDir();
  const { stdout } = await judged("--store", store);
  assertMatch(stdout, told);
  assertMatch(stdout, /^✓.*\n {4}not deterministic/);
  const kept = (name: string) =>
    Deno.readTextFile(`${store}/echo/latest/${name}`);
  assertMatch(await kept("record.json"), /"divergence": "at /);
  assertMatch(await kept("index.html"), /it went another way at /);
  assertMatch((await judged("--seeds", "1..2")).stdout, told);
  const [record] = JSON.parse((await judged("--json")).stdout);
  assertMatch(record.divergence, /^at /);
});

Deno.test("the verdict doesn't wait for the second run, which can be ended", async () => {
  using worker = new JudgingWorker();
  const ending = new AbortController();
  const wasm = await WebAssembly.compile(
    await Deno.readFile("tests/fixtures/wasm/simple.wasm"),
  );
  const question: Question = {
    by: { engine: "sim", guest: { wasm } },
    id: "echo",
    options: { workload: "echo", "time-limit": 600 },
    args: [],
    twice: "after",
  };
  const told: string[] = [];
  const { record } = await worker.ask(question, {
    signal: ending.signal,
    onProgress: () => told.push("progress"),
    onAnswer: () => told.push("answer"),
    onComparing() {
      told.push("comparing");
      ending.abort(new Error("interrupted"));
    },
    onDivergence: () => told.push("divergence"),
  });
  assertEquals(record.pass, true);
  assertEquals([...new Set(told)], ["progress", "answer", "comparing"]);
});

Deno.test("one that is deterministic isn't", async () => {
  const { stdout } = await run(
    ..."echo --bin challenges/echo.ts --time-limit 2 --json".split(" "),
  );
  const [record] = JSON.parse(stdout);
  assertEquals(record.pass, true);
  assertEquals(record.divergence, undefined);
});
