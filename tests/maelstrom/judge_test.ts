import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  Crash,
  judgeOnMaelstrom,
  type JudgeSettings,
  type Maelstrom,
} from "../../lib/maelstrom/mod.ts";
import { BadOption, type Progress } from "../../lib/workbench/mod.ts";
import { checkRecorded } from "../../lib/report/recorded.ts";
import { toRecord } from "../../lib/report/record.ts";
import { writeRun, writeStart } from "../../lib/report/store.ts";
import { fakeHome, gone, isAlive, javaHome, script } from "./machine.ts";
import { tempDir } from "../temp.ts";

const java = { path: `${await javaHome()}/bin/java`, version: "17.0.15" };
const fake: Maelstrom = { launcher: `${fakeHome}/maelstrom`, java };

const options = { workload: "echo", "node-count": 1, "time-limit": 1 };

/** Lets the fake behave in some way. */
async function judge(
  mode: string,
  settings: Partial<JudgeSettings> & { args?: string[] } = {},
) {
  const folder = settings.folder ?? tempDir();
  const judgement = await judgeOnMaelstrom(
    fake,
    { bin: `/programs/${mode}`, args: settings.args ?? [] },
    options,
    { env: Deno.env.toObject(), folder, graceMs: 300, ...settings },
  );
  return { folder, ...judgement };
}

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(path);
}

/** The processes that the fake left notes of: itself, and a node. */
async function pids(folder: string): Promise<number[]> {
  return await Promise.all(
    ["pid", "node-pid"].map(async (name) =>
      Number(await read(`${folder}/${name}`))
    ),
  );
}

async function assertNobodyIsLeft(folder: string): Promise<void> {
  for (const pid of await pids(folder)) await gone(pid);
}

Deno.test("a valid run has Maelstrom's results, keys and all", async () => {
  const { engine, results, reason, history, logs, folder, ...rest } =
    await judge("valid");
  assertEquals([engine, results["valid?"], reason], [
    "maelstrom",
    true,
    undefined,
  ]);
  assertEquals(Object.keys(results), [
    "perf",
    "stats",
    "availability",
    "net",
    "workload",
    "valid?",
  ]);
  assertEquals(results.net.servers["msgs-per-op"], 4);
  assertEquals(results.workload["stable-latencies"], {
    "0": 11,
    "0.5": 123,
    "0.95": 456,
    "0.99": 500,
    "1": 567,
  });
  assertEquals(rest.options.workload, "echo");
  assertEquals(rest.options.seed, undefined);
  assertEquals(history.length, 5);
  assertEquals(history[1], {
    index: 1,
    time: 35256908,
    type: "ok",
    process: 0,
    f: "echo",
    value: { type: "echo_ok", echo: "Please echo 7", in_reply_to: 1 },
  });
  assertEquals(history[2]!.process, "nemesis");
  assertEquals([...logs], [["n0", [{ text: "n0 was here" }]]]);
  await assertNobodyIsLeft(folder);
});

Deno.test("options are passed on as they are, and nothing else", async () => {
  const { folder } = await judge("valid", {
    flags: ["--log-stderr"],
    args: ["--beat-ms", "1500"],
  });
  assertEquals((await read(`${folder}/arguments`)).trim().split("\n"), [
    "test",
    "--workload",
    "echo",
    "--node-count",
    "1",
    "--time-limit",
    "1",
    "--bin",
    "/programs/valid",
    "--log-stderr",
    "--",
    "--beat-ms",
    "1500",
  ]);
});

Deno.test("what Maelstrom writes is found without knowing its time", async () => {
  const { folder } = await judge("valid");
  assert((await read(`${folder}/maelstrom/results.edn`)).startsWith("{:perf"));
  assert((await read(`${folder}/maelstrom.log`)).includes("looks good"));
  const names = (await Array.fromAsync(Deno.readDir(folder)))
    .map(({ name }) => name);
  assertEquals(names.includes("store"), false);
});

Deno.test("a run that Maelstrom judged can be judged once more", async () => {
  for (const [mode, valid] of [["valid", true], ["invalid", false]] as const) {
    const { folder, ...judgement } = await judge(mode);
    const about = { id: "echo", args: [], wallMs: 0 };
    await writeStart(folder, "echo", "maelstrom", judgement.test, about);
    await writeRun(folder, toRecord(judgement, about), judgement);
    assertEquals((await checkRecorded(folder))["valid?"], valid);
  }
});

Deno.test("an invalid run says why in our words, and who says so", async () => {
  const { results, reason } = await judge("invalid");
  assertEquals(results["valid?"], false);
  assert(/Please echo 7.*Pardon echo 7/s.test(reason!), reason);
  assert(reason!.endsWith(`(Maelstrom's checker "workload" says no.)`), reason);
});

Deno.test("a checker that failed is left out, as it has no figures", async () => {
  const { results, reason } = await judge("no-net");
  assertEquals(Object.keys(results), ["stats", "workload", "valid?"]);
  assertMatch(
    reason!,
    /"net" failed: java\.lang\.OutOfMemoryError: Java heap space/,
  );
});

Deno.test("an unknown verdict names the checker that failed, and on what", async () => {
  const { results, reason } = await judge("unknown");
  assertEquals(results["valid?"], "unknown");
  assertEquals(
    reason,
    `Maelstrom's checker "perf rate-graph" failed: java.lang.IllegalStateException: Error rendering plot, verify gnuplot is installed and reachable`,
  );
});

Deno.test("progress is read from the log", async () => {
  const told: Progress[] = [];
  await judge("valid", { onProgress: (progress) => told.push(progress) });
  const steps = told.map(({ phase, ops }) => `${phase} ${ops}`);
  assertEquals([...new Set(steps)], [
    "setup 0",
    "work 1",
    "recovery 1",
    "final 2",
    "check 2",
  ]);
});

Deno.test("a node's log can be watched", async () => {
  const lines: string[][] = [];
  await judge("valid", { onLog: (...line) => lines.push(line) });
  assertEquals(lines, [["n0", "n0 was here"]]);
});

Deno.test("a crash isn't a verdict, and shows the words without the stack", async () => {
  const folder = tempDir();
  const error = await assertRejects(() => judge("crash", { folder }), Crash);
  assertEquals(
    error.message,
    `Maelstrom exited with code 255 and left no verdict. The end of ${folder}/maelstrom.log:
  clojure.lang.ExceptionInfo: Node n0 crashed with exit status 3. Before crashing, it wrote to STDOUT:
  And to STDERR:
  Traceback: something went wrong
  Full STDERR logs are available in ${folder}/maelstrom/node-logs/n0.log`,
  );
  assertEquals(
    await read(`${folder}/maelstrom/node-logs/n0.log`),
    "n0 was here\n",
  );
  await assertNobodyIsLeft(folder);
});

Deno.test("where the log can't be written, all is read to the end", async () => {
  const { write } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.write = () =>
    Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
  try {
    const { results } = await judge("valid");
    assertEquals(results["valid?"], true);
    const { message } = await assertRejects(() => judge("crash"), Crash);
    assertMatch(
      message,
      /^.* left no verdict\. .*maelstrom\.log can't be written: there is no room left on the device\. What it printed last:\n.*Node n0 crashed/,
    );
  } finally {
    Deno.FsFile.prototype.write = write;
  }
});

Deno.test("who printed nothing is said to have", async () => {
  const folder = tempDir();
  const launcher = await script(`${folder}/maelstrom.sh`, "exit 7");
  const { message } = await assertRejects(
    () =>
      judgeOnMaelstrom({ launcher, java }, { bin: "/bin", args: [] }, options, {
        env: Deno.env.toObject(),
        folder,
      }),
    Crash,
  );
  assertMatch(
    message,
    /exited with code 7 and left no verdict\. Maelstrom printed nothing\.$/,
  );
});

const broken: [mode: string, message: string][] = [
  ["no-verdict", "exited with code 0 and left no verdict"],
  ["torn", "results.edn can't be read: not a whole EDN value: {:valid? tr"],
  ["torn-history", "history.edn can't be read: not a whole EDN value: {:index"],
  [
    "contradiction",
    "exited with code 0, although its verdict is false",
  ],
  ["killed", "was ended by SIGKILL and left no verdict"],
];

for (const [mode, message] of broken) {
  Deno.test(`${mode}: ${message}`, async () => {
    const folder = tempDir();
    await assertRejects(() => judge(mode, { folder }), Crash, message);
    await assertNobodyIsLeft(folder);
  });
}

Deno.test("arguments that Maelstrom refuses are bad arguments", async () => {
  await assertRejects(
    () => judge("bad-arguments"),
    BadOption,
    `Maelstrom refuses its arguments: Unknown option: "--frobnicate"`,
  );
});

Deno.test("a version that has no kill is told apart, with what to do", async () => {
  await assertRejects(
    () => judge("no-kill"),
    BadOption,
    `Maelstrom refuses its arguments: Failed to validate "--nemesis kill": Must be one of partition
This version of Maelstrom can't kill or pause nodes; those after 0.2.4 can.`,
  );
});

Deno.test("a node that outlives Maelstrom is ended, and its open output no trap", async () => {
  const { folder, results } = await judge("orphan");
  assertEquals(results["valid?"], true);
  await assertNobodyIsLeft(folder);
});

for (const mode of ["hang", "deaf"]) {
  Deno.test(`one that won't end (${mode}) is stopped in time, with its nodes`, async () => {
    // Until there was time enough for it to say who is there.
    for (let seconds = 0.5;; seconds *= 2) {
      const folder = tempDir();
      await assertRejects(
        () => judge(mode, { folder, timeoutMs: 1000 * seconds }),
        Error,
        `Maelstrom had not ended after ${seconds} seconds, and was stopped. Its log is ${folder}/maelstrom.log`,
      );
      if (await read(`${folder}/pid`).catch(() => "") === "") continue;
      return await assertNobodyIsLeft(folder);
    }
  });

  Deno.test(`interrupting one that won't end (${mode}) leaves no process`, async () => {
    const folder = tempDir();
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const run = judge(mode, { folder, signal: controller.signal });
    while (!(await read(`${folder}/pid`).catch(() => ""))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const pid of await pids(folder)) assert(await isAlive(pid));
    controller.abort(reason);
    await assertRejects(() => run, Error, "interrupted");
    await assertNobodyIsLeft(folder);
  });
}

Deno.test("a launcher that can't be started is named", async () => {
  const folder = tempDir();
  const launcher = await script(`${folder}/maelstrom`, "");
  await Deno.writeTextFile(launcher, "#!/no/such/interpreter\n");
  await assertRejects(
    () =>
      judgeOnMaelstrom({ launcher, java }, { bin: "/x", args: [] }, options, {
        env: {},
        folder,
      }),
    Error,
    launcher,
  );
});
