/**
 * Looking for failures, as a person does it: each test starts the runner as a
 * process. Runs are counted, so that no clock decides.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { caseText } from "../../lib/runner/cases.ts";
import { root, run } from "../cli.ts";
import { tempDir } from "../temp.ts";

/** Broadcast without a disk: when it's killed, it forgets. */
const forgetful = [
  ...["fuzz", "3c", "--nemesis", "kill", "--node-count", "1"],
  ...["--runs", "4", "--jobs", "1"],
];

Deno.test("what fails is made small, told, kept, and tried first next time", async () => {
  const folder = tempDir();
  const store = ["--store", `${folder}/store`];
  const corpus = ["--corpus", `${folder}/corpus`];
  const path = `${folder}/corpus/3c-lost.json`;
  const first = await run(...forgetful, ...store, ...corpus);
  assertEquals(first.code, 1, first.stderr);
  assertMatch(first.stdout, /^✗ 3c {2}lost \(kill\) {2}found in run \d/m);
  assertMatch(first.stdout, /1 node, 1 operation, 1 fault, from .* runs$/m);
  assertMatch(
    first.stdout,
    /n0 acknowledges broadcast \d+\n.*n0 is killed\n.*n0 is started anew/,
  );
  assertStringIncludes(
    first.stdout,
    `again: deno task run --replay ${path}`,
  );
  const page = /page: {2}(.*)/.exec(first.stdout)![1]!;
  assertStringIncludes(
    await Deno.readTextFile(new URL(page, `file://${root}`)),
    "<!DOCTYPE html>",
  );
  assertMatch(
    first.stdout,
    /^✗ 4 runs with \d+ faults in .*1 distinct failure$/m,
  );

  // A program's cases, whose arguments ours doesn't know, are none of it.
  await Deno.writeTextFile(
    `${folder}/corpus/theirs.json`,
    JSON.stringify({
      ...JSON.parse(await Deno.readTextFile(path)),
      ...{ bin: "their.ts", args: ["--theirs"] },
    }),
  );
  const second = await run(...forgetful, ...store, ...corpus);
  assertEquals(second.code, 1);
  assertMatch(
    second.stdout,
    /^✗ 3c {2}lost \(kill\) {2}known, and still there$/m,
  );
  assertMatch(second.stdout, /^Of 1 known failure, 0 no longer fail\.$/m);

  const replayed = await run("--replay", path, ...store);
  assertEquals(replayed.code, 1);
  assertStringIncludes(replayed.stdout, "1 of 1 values were lost");

  const disk = ["--", "--data-dir", "data"];
  const mended = await run("--replay", path, ...store, ...disk);
  assertEquals(mended.code, 0, mended.stdout);
});

Deno.test("whichever job finds it first, a known failure is told once", async () => {
  const folder = tempDir();
  await Deno.mkdir(`${folder}/corpus`);
  // It takes longer than those that are drawn.
  await Deno.writeTextFile(
    `${folder}/corpus/long.json`,
    caseText({
      ...{ id: "3c", anomaly: "lost", story: [] },
      options: {
        ...{ workload: "broadcast", "node-count": 5, rate: 100, seed: 1 },
        ...{ "time-limit": 20, nemesis: "kill", "nemesis-interval": 1 },
      },
    }),
  );
  const { stdout } = await run(
    ...["fuzz", "3c", "--nemesis", "kill", "--node-count", "1"],
    ...["--runs", "20", "--jobs", "2", "--no-page"],
    ...["--store", `${folder}/store`, "--corpus", `${folder}/corpus`],
  );
  assertMatch(stdout, /^✗ 3c {2}lost \(kill\) {2}known, and still there$/m);
  assertMatch(stdout, /1 distinct failure$/m);
  const kept = await Array.fromAsync(Deno.readDir(`${folder}/corpus`));
  assertEquals(kept.map(({ name }) => name), ["long.json"]);
});

Deno.test("known failures are tried with the arguments that they had, and however many, more are looked for", async () => {
  const folder = tempDir();
  const bin = `${folder}/node.ts`;
  await Deno.writeTextFile(
    bin,
    `import { serve } from "${root}lib/mod.ts";
await serve((node, [what]) => {
  node.on("echo", ({ body: { echo } }) => ({ type: "echo_ok", echo: what ?? echo }));
});`,
  );
  await Deno.mkdir(`${folder}/corpus`);
  for (let i = 0; i < 20; i++) {
    await Deno.writeTextFile(
      `${folder}/corpus/echo${i}.json`,
      caseText({
        ...{ id: "echo", bin: "moved.ts", args: ["x"] },
        ...{ anomaly: "wrong-echo", story: [] },
        options: { workload: "echo", "node-count": 1, seed: 1 },
        schedule: {
          ops: [{ atMs: 1, client: 0, f: "echo", value: "hi" }],
          faults: [],
        },
      }),
    );
  }
  const { stdout } = await run(
    ...["fuzz", "-w", "echo", "--bin", bin, "--runs", "1", "--jobs", "1"],
    ...["--store", `${folder}/store`, "--corpus", `${folder}/corpus`],
  );
  assertMatch(stdout, /wrong-echo {2}known, and still there$/m);
  assertMatch(stdout, /corpus\/echo0\.json --bin \S+\/node\.ts$/m);
  assertMatch(stdout, /^✗ 21 runs with .*20 distinct failures$/m);
});

Deno.test("as JSON, each failure has its story, its file and its command", async () => {
  const store = tempDir();
  const { code, stdout } = await run(
    ...[...forgetful, "--bail", "--json", "--no-page", "--store", store],
  );
  assertEquals(code, 1);
  const [record, ...others] = JSON.parse(stdout);
  assertEquals(others, []);
  assertEquals([record.anomaly, record.pass], ["lost", false]);
  const { failure } = record;
  assertEquals([failure.name, failure.faults], ["lost", ["kill"]]);
  assertEquals(failure.size, { nodes: 1, ops: 1, faults: 1 });
  assert(failure.shrunk.isDone);
  assertEquals(failure.file, `${record.folder}/case.json`);
  assertEquals(
    JSON.parse(await Deno.readTextFile(failure.file)).story,
    failure.story,
  );
  assertStringIncludes(failure.command, failure.file);
});

Deno.test("where nothing fails, it says how much was tried", async () => {
  const { code, stdout } = await run("fuzz", "1", "2", "--runs", "4");
  assertEquals(code, 0);
  assertMatch(stdout, /^✓ 4 runs with \d+ faults? in \d+ s: no failure$/m);
});

Deno.test("what can only be run over pipes isn't fuzzed", async () => {
  const { code, stderr } = await run(
    ...["fuzz", "echo", "--bin", Deno.execPath()],
  );
  assertEquals(code, 254);
  assertStringIncludes(stderr, "fuzz needs virtual time, and");
});

for (
  const [args, complaint] of [
    [["fuzz", "--for", "soon"], "--for must be a time such as 90s"],
    [["fuzz", "--runs", "0"], "--runs must be an integer from 1 on"],
    [["fuzz", "--seeds", "1..3"], "--seeds is for runs, and means nothing to"],
    [["1", "--bail"], "--bail is for fuzz."],
    [["--replay", "deno.json"], "deno.json isn't a case"],
    [["fuzz", "nope"], 'There is no run, workload or command "nope"'],
  ] as [string[], string][]
) {
  Deno.test(`it refuses ${args.join(" ")}`, async () => {
    const { code, stderr } = await run(...args);
    assertEquals(code, 254);
    assertStringIncludes(stderr, complaint);
  });
}
