/**
 * WebAssembly modules as nodes: judged under virtual time, deterministic to the
 * byte, and caught at whatever they do wrong.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  BadOption,
  judge,
  type Judgement,
  type Options,
  Sandbox,
} from "../../../lib/workbench/mod.ts";
import { wasmProblem } from "../../../lib/workbench/hosts/wasm_module.ts";

const fixture = (name: string) =>
  Deno.readFileSync(
    new URL(`../../fixtures/wasm/${name}.wasm`, import.meta.url),
  );

const node = await WebAssembly.compile(fixture("node"));

const echoRun: Options = { workload: "echo", "node-count": 1, "time-limit": 5 };

const broadcastRun: Options = {
  workload: "broadcast",
  "node-count": 5,
  "time-limit": 20,
  rate: 10,
  latency: 100,
};

function judgeNode(
  options: Options,
  mode = "",
  settings: Parameters<typeof judge>[2] = {},
): Promise<Judgement> {
  return judge({ wasm: node, args: [mode] }, options, settings);
}

function bytesOf({ history, journal, logs }: Judgement): string {
  return JSON.stringify([history, journal, [...logs]]);
}

Deno.test("a module passes an echo, and the record says how much memory it took", async () => {
  const { engine, results, reason } = await judgeNode(echoRun);
  assertEquals(results["valid?"], true, reason);
  assertEquals(engine, "sim");
  assert(results.stats["ok-count"] > 10);
  const bytes = results.nodes["max-memory-bytes"]!;
  assertEquals(bytes % 65536, 0, "memory has pages");
  assert(bytes > 0);
});

Deno.test("bytes will do, too", async () => {
  const { results } = await judge({ wasm: fixture("node") }, echoRun);
  assertEquals(results["valid?"], true);
});

Deno.test("a broadcast that retries on a timer survives partitions and losses", async () => {
  const options = { ...broadcastRun, nemesis: "partition", "p-loss": 0.1 };
  const { results, reason } = await judgeNode(options);
  assertEquals(results["valid?"], true, reason);
});

Deno.test("the same seed is the same run to the byte, another seed another", async () => {
  using sandbox = new Sandbox();
  const run = async (seed: number) =>
    bytesOf(await judgeNode({ ...broadcastRun, seed }, "", { sandbox }));
  const first = await run(1);
  for (let i = 0; i < 3; i++) assert(first === await run(1));
  assert(first !== await run(2));
});

Deno.test("runs that go on side by side don't disturb each other", async () => {
  const alone = bytesOf(await judgeNode(broadcastRun));
  const together = await Promise.all([
    judgeNode(broadcastRun),
    judgeNode({ ...broadcastRun, seed: 2 }),
    judgeNode(broadcastRun),
  ]);
  assert(bytesOf(together[0]) === alone);
  assert(bytesOf(together[2]) === alone);
});

Deno.test("a read that blocks waits for input, and so does one that polls", async () => {
  for (const mode of ["blocks", "polls-busily"]) {
    const { results, reason } = await judgeNode(echoRun, mode);
    assertEquals(results["valid?"], true, `${mode}: ${reason}`);
  }
});

Deno.test("waiting in a loop over the clock takes that time", async () => {
  const { results, history, reason } = await judgeNode(
    { ...echoRun, rate: 1 },
    "waits-busily",
  );
  assertEquals(results["valid?"], true, reason);
  const [invoked, answered] = history;
  const seconds = (answered!.time - invoked!.time) / 1e9;
  assert(seconds >= 1 && seconds < 1.1, `took ${seconds} s`);
});

Deno.test("a node has files of its own, in its home", async () => {
  const { logs, results } = await judgeNode(
    { ...echoRun, "node-count": 2 },
    "files",
  );
  assertEquals(results["valid?"], true);
  for (const [id, lines] of logs) {
    // Files have numbers: here the first one after the folder's.
    assertEquals(lines[0]!.text, `${id} has 1 in its file 2`);
    assertEquals(lines[1]!.text, `${id} has 2 in its file 2`);
  }
});

Deno.test("a log has the times of the run", async () => {
  const { logs, startNs } = await judgeNode(echoRun, "files");
  for (const { timeNs } of logs.get("n0")!) {
    assert(timeNs! >= startNs && timeNs! < startNs + 5e9);
  }
});

const ends: { [mode: string]: RegExp } = {
  trap: /^n0 trapped \(unreachable\) in the middle of the run\. /,
  exit:
    /^n0 exited with code 3 in the middle of the run\. .*Its last lines were:\ngoing down$/s,
  return: /^n0 exited with code 0 in the middle of the run\. /,
  "huge-line": /^n0 exited with code 4 .*stdout: /s,
  "fills-disk": /^n0 used more than 1024 MiB of memory, and was ended\.$/,
  hoards: /^n0 used more than 1024 MiB of memory, and was ended\.$/,
};

for (const [mode, reason] of Object.entries(ends)) {
  Deno.test(`a node that ends is reported as what it did: ${mode}`, async () => {
    const judgement = await judgeNode(echoRun, mode);
    assertEquals(judgement.results["valid?"], false);
    assertEquals(judgement.results.nodes.errors[0]!.kind, "node-crashed");
    assertMatch(judgement.reason!, reason);
  });
}

Deno.test("a node that loops for ever is ended, and what it did before is kept", async () => {
  const { results, reason, journal, history } = await judgeNode(
    { ...echoRun, "node-count": 2 },
    "loop",
  );
  assertEquals(results.nodes["error-count"], 2);
  assertEquals(results["valid?"], false);
  assertMatch(
    reason!,
    /^n\d computed for ten seconds without reading, writing or waiting/,
  );
  assertEquals(JSON.parse(journal[0]!.line).body.type, "init");
  assertEquals(history[0]!.f, "echo");
});

Deno.test("a module of Go's that only waits for signals is ended, and told why", async () => {
  const text = (letters: string) => [letters.length, ...encode(letters)];
  const section = (
    id: number,
    ...bytes: number[]
  ) => [id, bytes.length, ...bytes];
  // Its start calls sched_yield for ever.
  const body = [0, 0x03, 0x40, 0x10, 0, 0x1a, 0x0c, 0, 0x0b, 0x0b];
  const wasm = new Uint8Array([
    ...[0, ...encode("asm"), 1, 0, 0, 0],
    ...section(1, 2, ...[0x60, 0, 1, 0x7f], ...[0x60, 0, 0]),
    ...section(
      2,
      ...[1, ...text("wasi_snapshot_preview1"), ...text("sched_yield"), 0, 0],
    ),
    ...section(3, 1, 1),
    ...section(5, 1, 0, 1),
    ...section(7, 2, ...[...text("memory"), 2, 0], ...[
      ...text("_start"),
      0,
      1,
    ]),
    ...section(10, 1, body.length, ...body),
    ...section(0, ...text("go:buildid")),
  ]);
  const { reason } = await judge({ wasm }, echoRun);
  assertMatch(reason!, /^n0 yielded a hundred thousand times .* os\/signal /);
});

const encode = (letters: string) => [...new TextEncoder().encode(letters)];

Deno.test("a node that writes without end lets time go by, and is silent", async () => {
  const { results, logs } = await judgeNode(
    { ...echoRun, "time-limit": 1 },
    "floods",
  );
  assertEquals(results["valid?"], false);
  assertEquals(logs.get("n0")!.length, 10_000, "the last lines are kept");
});

Deno.test("what is no message is an error, with the line", async () => {
  const { results, reason } = await judgeNode(echoRun, "prints");
  assertEquals(results.nodes.errors[0]!.kind, "line-not-valid-json");
  assertStringIncludes(reason!, "It was: I got a message");
});

Deno.test("a silent node's open line is told", async () => {
  const { reason } = await judgeNode(echoRun, "no-newline");
  assertMatch(reason!, /n0 has printed \d+ characters without a newline/);
});

Deno.test("a module that needs what WASI doesn't have is refused, with its name", async () => {
  const error = await assertRejects(
    () => judge({ wasm: fixture("unknown_import") }, echoRun),
    BadOption,
  );
  assertEquals(
    error.message,
    "It needs env.thread_count, which WASI preview 1 doesn't have. The linker didn't find it: link what defines it, or leave it out.",
  );
});

Deno.test("a module of AssemblyScript's is refused with its way to WASI", () => {
  const binary =
    "\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0d\x01\x03env\x05abort\0\0";
  assertMatch(
    wasmProblem(new WebAssembly.Module(new TextEncoder().encode(binary)))!,
    /^It needs env\.abort, .* asc --config .*wasi-shim\/asconfig\.json\.$/,
  );
});

Deno.test("a run can be ended, and the sandbox is good for the next", async () => {
  using sandbox = new Sandbox();
  const ending = new AbortController();
  const ended = judgeNode(broadcastRun, "", {
    sandbox,
    signal: ending.signal,
    onProgress: () => ending.abort(new Error("enough")),
  });
  await assertRejects(() => ended, Error, "enough");
  const { results } = await judgeNode(echoRun, "", { sandbox });
  assertEquals(results["valid?"], true);
});
