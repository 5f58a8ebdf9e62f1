/**
 * The runner's command line, as a person or a script uses it: each test starts
 * it as a process of its own.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { visible } from "../lib/report/visible.ts";
import { importFlags } from "../lib/runner/project.ts";
import { inTime, program, root, run } from "./cli.ts";
import { some } from "./some.ts";
import { tempDir, tempFile } from "./temp.ts";

Deno.test("without arguments it judges every official run, one line each", async () => {
  const { code, stdout } = await run("--engine", "sim", "--time-limit", "3");
  assertEquals(code, 0);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(
    lines.slice(0, -1).map((line) => line.split(/\s+/).slice(0, 4).join(" ")),
    [
      "✓ 1 echo valid",
      "✓ 2 unique-ids valid",
      "✓ 3a broadcast valid",
      "✓ 3b broadcast valid",
      "✓ 3c broadcast valid",
      "✓ 3d broadcast valid",
      "✓ 3e broadcast valid",
      "✓ 4 g-counter valid",
      "✓ 5a kafka valid",
      "✓ 5b kafka valid",
      "✓ 5c kafka valid",
      "✓ 6a txn-rw-register valid",
      "✓ 6b txn-rw-register valid",
      "✓ 6c txn-rw-register valid",
    ],
  );
  assertMatch(lines[5]!, /msgs\/op <30 .* ms <400 .* ms <600$/);
  assertEquals(lines.at(-1), "All 14 runs passed.");
});

Deno.test("piped output is plain text", async () => {
  const { stdout, stderr } = await run("1");
  assert(!(stdout + stderr).includes("\u001b"));
});

Deno.test("--json prints one array, with Maelstrom's keys, and nothing else", async () => {
  const { code, stdout, stderr } = await run(
    ...["3a", "3d", "--json", "--seed", "7", "--rate", "20"],
  );
  assertEquals([code, stderr], [0, ""]);
  const records = JSON.parse(stdout);
  assertEquals(records.map(({ id }: { id: string }) => id), ["3a", "3d"]);
  const [first, second] = records;
  assertEquals(
    [first.engine, first.seed, first.pass, typeof first["wall-ms"]],
    ["sim", 7, true, "number"],
  );
  assertEquals(first.options.workload, "broadcast");
  assertEquals(first.options.rate, 20);
  const { results } = second;
  assertEquals(results["valid?"], true);
  assertEquals(results.stats["valid?"], true);
  assertEquals(results.availability["ok-fraction"], 1);
  assertEquals(
    Object.keys(results.net).sort(),
    ["all", "clients", "servers", "valid?"],
  );
  assert(results.net.servers["msgs-per-op"] > 0);
  assertEquals(
    Object.keys(results.workload["stable-latencies"]).sort(),
    ["0", "0.5", "0.95", "0.99", "1"],
  );
});

Deno.test("a run over its limit doesn't pass, though it's valid", async () => {
  const { code, stdout } = await run("3d", "--latency", "300");
  assertEquals(code, 1);
  assertMatch(stdout, /^✗ {2}3d .*over limit/);
  assertMatch(stdout, /median is \d+ ms, and has to be below 400 ms/);
});

Deno.test("limits are for the network as the challenge has it: with faults, valid is enough", async () => {
  const { code, stdout } = await run("3d", "3e", "--nemesis", "partition");
  assertMatch(stdout, /^✓ {2}3d .*max +\d{4,5} ms$/m);
  assertEquals(code, 0, stdout);
});

Deno.test("a TypeScript file is judged as it is, without a permission", async () => {
  const folder = tempDir();
  const node = async (body: string) => {
    await Deno.writeTextFile(
      `${folder}/node.ts`,
      `import { type Node, serve } from "${
        import.meta.resolve("../lib/mod.ts")
      }";
       await serve((node: Node) => node.on("echo", ${body}));`,
    );
    return await run(
      ...["echo", "--node-count=1", "--time-limit=1"],
      ...["--bin", `${folder}/node.ts`],
    );
  };
  const right = await node(
    `({ body }) => ({ type: "echo_ok", echo: body.echo })`,
  );
  assertMatch(right.stdout, /^✓ {2}echo +valid/);
  assertEquals(right.code, 0);
  const nosy = await node(`() => ({ type: "echo_ok", echo: Deno.hostname() })`);
  assertMatch(nosy.stdout, /Requires sys access to "hostname"/);
  assertEquals(nosy.code, 1);
});

Deno.test("what is invalid is told in words, with the command that replays it", async () => {
  const bin = await program(`
    let id, count = 0;
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      id ??= body.node_id;
      const reply = body.type === "init"
        ? { type: "init_ok" }
        : { type: "generate_ok", id: count++ === 5 ? 2 : count };
      print({ src: id, dest: src, body: { ...reply, in_reply_to: body.msg_id } });
    }`);
  const store = tempDir();
  const { code, stdout } = await run(
    ..."test -w unique-ids --bin".split(" "),
    bin,
    ...`--node-count 1 --time-limit 1 --rate 50 --store ${store}`.split(" "),
  );
  assertEquals(code, 1);
  const [verdict = "", reason, again, more] = inTime(stdout).split("\n");
  assertMatch(verdict, /^✗ {2}unique-ids {2}invalid/);
  assertEquals(
    reason?.trim(),
    "1 id was handed out more than once; the first to come again was 2, to process 0",
  );
  assertEquals(
    again?.trim(),
    `again: deno task run test -w unique-ids --bin ${bin} --store ${store} --node-count 1 --rate 50 --time-limit 1 --seed 1`,
  );
  assertMatch(more?.trim() ?? "", /^more: +.*\/unique-ids\/\d+T/);
});

Deno.test("Maelstrom's command line judges any program, word for word", async () => {
  const bin = await program(`
    let id;
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      id ??= body.node_id;
      const reply = body.type === "init"
        ? { type: "init_ok" }
        : { type: "echo_ok", echo: body.echo };
      print({ src: id, dest: src, body: { ...reply, in_reply_to: body.msg_id } });
    }`);
  const { code, stdout } = await run(
    ..."--engine sim test -w echo --bin".split(" "),
    bin,
    ..."--node-count 1 --time-limit 1 --json".split(" "),
  );
  assertEquals(code, 0);
  const [record] = JSON.parse(stdout);
  assertEquals([record.id, record.engine, record.bin], ["echo", "stdio", bin]);
  assertEquals(Object.keys(record.lateness), [
    "max-message-ms",
    "max-timer-ms",
    "spoiled?",
  ]);
});

Deno.test("what can't be told apart exits with 2", async () => {
  const { code, stdout } = await run("3a", "--rate", "0");
  assertEquals(code, 2);
  assertMatch(stdout, /^\? {2}3a .*unknown/);
});

for (
  const [words, message] of [
    ["3c --all", "--all judges every run there is: leave it out, or 3c."],
    ["3f", `There is no run, workload or command "3f". See`],
    ["brodcast", `"brodcast" (did you mean broadcast?)`],
    ["1 --rte 5", "There is no option --rte (did you mean --rate?)"],
    ["1 --rate fast", `--rate must be a number from 0 to 100000, not "fast"`],
    ["1 --rate", "--rate needs a value."],
    ["3d --rate 9e4", "makes 1800000 operations, and there can be 1000000"],
    [
      "test -w echo --bin /bin/sh word",
      'The word "word" belongs to no option.',
    ],
    [
      "3d -- --stategy flood",
      '3d: "--stategy" is no argument of the node (did',
    ],
    [
      "3d -- --rate 5",
      "The runner's options, such as --rate, stand before --.",
    ],
    ["-- --strategy gossip", '1: "--strategy" is no argument of the node.'],
    ["5c -- --acks 2", '5c: --acks must be one of 1, all, not "2".'],
    ["list 3d", 'list takes no words, and so not "3d"'],
    ["serve -- x", "serve starts no node"],
    ["analyze", "analyze is a command of Maelstrom's that isn't here"],
    ["1 --nemesis fire", "--nemesis must be a list of partition"],
    ["1 --nemesis none", "for no faults, leave it out"],
    [
      "3b --nemesis pause --lazyfs torn-op",
      "nothing kills one: add --nemesis pause,kill.",
    ],
    ["1 --concurrency 2x", "optionally followed by n"],
    [
      "1 --engine slim",
      "--engine must be one of auto, sim, stdio, maelstrom, both",
    ],
    ["1 --engine maelstrom --seed 7", "The real Maelstrom has no --seed"],
    ["12 --engine maelstrom", "The real Maelstrom has no workload membership"],
    ["12 --engine both", "The real Maelstrom has no workload membership"],
    ["1 --test-count 0", "--test-count must be an integer from 1 to 100000"],
    ["1 --seeds 5..2", "--seeds must be a range such as 1..200"],
    ["lin-kv --concurrency 1n", "--concurrency must be a multiple of 10"],
    ["6c --consistency-models read-comitted", "did you mean read-committed?"],
    ["check", "check needs a FOLDER"],
    ["bench --bin /no/such/program", "--bin /no/such/program doesn't exist"],
    ["check lib", "lib/run.json doesn't exist"],
    ["test -w echo", "test needs a --bin PATH"],
    ["echo --bin /no/such/program", "--bin /no/such/program doesn't exist"],
    ["echo --bin lib", "--bin lib isn't a file, but a folder."],
    ["echo --bin README.md", "--bin README.md isn't executable: chmod +x"],
    [
      "--bin tests/fixtures/plain_node.mjs",
      "A --bin needs a run or a workload",
    ],
  ] as const
) {
  Deno.test(`bad arguments exit with 254, and a hint: ${words}`, async () => {
    const { code, stdout, stderr } = await run(...words.split(" "));
    assertEquals([code, stdout], [254, ""]);
    assertStringIncludes(stderr, message);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  });
}

Deno.test("what else goes wrong exits with 255, and says what", async () => {
  const folder = tempDir();
  const script = async (name: string, interpreter: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, `#!${interpreter}\n`);
    await Deno.chmod(`${folder}/${name}`, 0o755);
  };
  await script("interpreter", "/no/such/interpreter");
  await script("node", `${folder}/interpreter`);
  const { code, stderr } = await run("echo", "--bin", `${folder}/node`);
  assertEquals(code, 255);
  assertStringIncludes(
    stderr,
    `${folder}/node can't be started: it doesn't exist. Is it a program for this machine`,
  );
});

Deno.test("of two arguments that can't be both are named", async () => {
  const { code, stderr } = await run("test", "-w", "ecoh", "--bin", "nd.py");
  assertEquals(code, 254);
  const [workload = "", bin = ""] = stderr.split("\n");
  assertStringIncludes(workload, '"ecoh" (did you mean echo?)');
  assertStringIncludes(bin, "--bin nd.py doesn't exist");
});

for (
  const [store, reason] of [
    ["/dev/full", "Deno keeps programs out of there"],
    ["/dev/null", "Deno keeps programs out of there"],
    ["/proc/x", "Deno keeps programs out of there"],
    ["README.md", "a file stands on the way"],
    ["README.md/x", "a file stands on the way"],
    ["x".repeat(300), "its name is too long"],
  ] as const
) {
  Deno.test(`why a store can't be written is told in words: ${store.slice(0, 20)}`, async () => {
    const { code, stderr } = await run("1", "--store", store);
    assertEquals(code, 0);
    assertStringIncludes(
      stderr,
      `The results aren't kept: ${store} can't be written, as ${reason}`,
    );
    assert(!/os error|--allow-/.test(stderr), stderr);
  });
}

Deno.test({
  name: "where stdout can't be written, nothing is said to be invalid",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const line of ["1", "1 --json", "--help", "list"]) {
      const { code, stderr } = await new Deno.Command("/bin/sh", {
        args: [
          "-c",
          `exec "$@" >/dev/full`,
          "sh",
          Deno.execPath(),
          ...["run", "--quiet", ...importFlags(), "--allow-all", "run.ts"],
          ...line.split(" "),
          ...["--engine", "sim", "--store", tempDir()],
        ],
        cwd: root,
        stdout: "null",
      }).output();
      assertEquals(
        [code, new TextDecoder().decode(stderr)],
        [
          255,
          "stdout can't be written: there is no room left on the device.\n",
        ],
      );
    }
  },
});

Deno.test("a store that can't be written costs the record, not the verdict", async () => {
  const file = tempFile();
  const { code, stdout, stderr } = await run("1", "3a", "--store", file);
  assertMatch(stdout, /^✓ {2}1 .*\n✓ {2}3a .*\nAll 2 runs passed\.\n$/);
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^The results aren't kept: \S+ can't be written, as .*\. --store FOLDER keeps it elsewhere\.\n$/,
  );
  const invalid = await run(
    ...["3c", "--store", file, "--", "--strategy", "flood"],
  );
  assertEquals(invalid.code, 1);
  assertMatch(invalid.stdout, /again: .*$/m);
  assert(!invalid.stdout.includes("more:"));
});

Deno.test("nor does one that can no longer be written when the run is over", async () => {
  const store = tempDir();
  const bin = await program(
    `
    let id;
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      id ??= body.node_id;
      if (body.echo) Deno.removeSync("${store}/echo", { recursive: true });
      if (body.echo) Deno.writeTextFileSync("${store}/echo", "");
      const reply = { ...body, type: body.type + "_ok", in_reply_to: body.msg_id };
      print({ src: id, dest: src, body: reply });
    }`,
    "--allow-write",
  );
  const { code, stdout, stderr } = await run(
    ...["echo", "--bin", bin, "--store", store, "--node-count", "1"],
    ...["--time-limit", "1", "--rate", "1"],
  );
  assertMatch(stdout, /^✓ {2}echo/, stdout);
  assertEquals(code, 0);
  assertStringIncludes(stderr, "The results aren't kept");
});

Deno.test("--no-page keeps the record alone", async () => {
  const store = tempDir();
  await run("1", "--no-page", "--store", store);
  const names = Array.from(Deno.readDirSync(`${store}/latest`), (e) => e.name);
  assertEquals(names.sort(), [
    "history.jsonl",
    "node-logs",
    "record.json",
    "results.json",
    "run.json",
  ]);
});

Deno.test("the store keeps a run as it was; the same seed writes the same bytes", async () => {
  const store = tempDir();
  const read = async (path: string) =>
    await Deno.readTextFile(`${store}/${path}`);
  await run("3c", "--seed", "3", "--store", store);
  const first = {
    history: await read("latest/history.jsonl"),
    results: await read("3c/latest/results.json"),
    run: JSON.parse(await read("latest/run.json")),
    log: await read("latest/node-logs/n4.log"),
  };
  assertEquals(first.run.workload, "broadcast");
  assertEquals(first.run.options.nemesis, "partition");
  assertEquals(first.run["node-count"], 5);
  const ops = first.history.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(ops.map(({ index }) => index), ops.map((_, i) => i));
  assert(ops.some(({ process }) => process === "nemesis"));
  assertEquals(JSON.parse(first.results)["valid?"], true);

  await run("3c", "--seed", "3", "--store", store);
  assertEquals(await read("latest/history.jsonl"), first.history);
  assertEquals(await read("latest/results.json"), first.results);
  assertEquals(
    [...Deno.readDirSync(`${store}/3c`)].filter(({ isSymlink }) => !isSymlink)
      .length,
    2,
  );
});

Deno.test("--test-count goes on to the next seeds", async () => {
  const { stdout } = await run(
    "3a",
    "--json",
    "--seed",
    "5",
    "--test-count",
    "3",
  );
  assertEquals(
    JSON.parse(stdout).map(({ seed }: { seed: number }) => seed),
    [5, 6, 7],
  );
});

Deno.test("--seeds judges many at once, and says how they differ", async () => {
  const { code, stdout } = await run("3b", "4", "--seeds", "1..6");
  assertEquals(code, 0);
  const [broadcast = "", counter = "", total] = stdout.trimEnd().split("\n");
  assertMatch(
    broadcast,
    /^✓ {2}3b {2}broadcast +6 of 6 seeds +msgs\/op [\d.]+ – [\d.]+ – [\d.]+ +median .*max /,
  );
  assertMatch(counter, /^✓ {2}4 {3}g-counter +6 of 6 seeds/);
  assertEquals(total, "All 12 runs passed.");
});

Deno.test("--seeds with --json has an element for each run and seed", async () => {
  const { stdout } = await run("3b", "4", "--seeds", "3..5", "--json");
  const records = JSON.parse(stdout) as { id: string; seed: number }[];
  assertEquals(
    records.map(({ id, seed }) => `${id}/${seed}`),
    ["3b/3", "3b/4", "3b/5", "4/3", "4/4", "4/5"],
  );
});

Deno.test("a seed judged among many gives the same as judged alone", async () => {
  const [, , , many] = JSON.parse(
    (await run("3c", "--seeds", "1..4", "--json")).stdout,
  );
  const [{ folder, ...alone }] = JSON.parse(
    (await run("3c", "--seed", "4", "--json")).stdout,
  );
  assertMatch(folder, /\/3c\//);
  assertEquals({ ...many, "wall-ms": 0 }, { ...alone, "wall-ms": 0 });
});

Deno.test("of many seeds, each that fails is listed and kept, and the first are shown", async () => {
  const store = tempDir();
  const options = ["3c", "--seeds", "1..5", "--store", store];
  const naive = ["--", "--strategy", "flood"];
  const { code, stdout } = await run(...options, ...naive);
  assertEquals(code, 1);
  assertMatch(stdout, /^✗ {2}3c {2}broadcast +0 of 5 seeds/);
  assertMatch(
    stdout,
    /^ {4}invalid: seeds 1\.\.5, such as 1: \d+ of \d+ values were lost/m,
  );
  assertEquals(stdout.match(/^✗ .* seed \d+ /gm)?.length, 3);
  assertMatch(
    stdout,
    /again: deno task run 3c --store \S+ --seed 2 -- --strategy flood\n {4}more: {2}\S+\/3c\/\d{8}T/,
  );
  const kept = Array.from(Deno.readDirSync(`${store}/3c`))
    .filter(({ isDirectory }) => isDirectory);
  assertEquals(kept.length, 5);

  const { stdout: json } = await run(
    ...options,
    "--no-page",
    "--json",
    ...naive,
  );
  for (const { seed, reason, folder } of JSON.parse(json)) {
    assertMatch(reason, /values were lost/);
    const record = await Deno.readTextFile(`${folder}/record.json`);
    assertEquals(JSON.parse(record).seed, seed);
  }
});

Deno.test("a hundred runs that fail are kept; for how many more there was no room is said", async () => {
  const store = tempDir();
  const { stdout, stderr } = await run(
    ..."3b --seeds 1..130 --time-limit 1 --rate 5 --node-count 2".split(" "),
    ...["--p-loss", "1", "--no-page", "--store", store],
    ...["--", "--strategy", "flood"],
  );
  const [, failed] = some(
    /(\d+) of 130 runs did not pass\.\n$/.exec(stdout) ?? [],
  );
  assertEquals(
    stderr,
    `Of the runs that failed, 100 are kept in ${store}, and ${
      Number(failed) - 100
    } more aren't: with its --seed, each is judged once more, and kept.\n`,
  );
  const kept = Array.from(Deno.readDirSync(`${store}/3b`))
    .filter(({ isDirectory }) => isDirectory);
  assertEquals(kept.length, 100);
});

Deno.test("check judges what the store has kept, and gives the same verdict", async () => {
  const store = tempDir();
  await run("3c", "4", "6c", "--time-limit", "5", "--store", store);
  const folders = ["3c", "4", "6c"].map((id) => `${store}/${id}/latest`);
  const { code, stdout } = await run("check", ...folders, "--json");
  assertEquals(code, 0);
  const checked = JSON.parse(stdout);
  for (const [i, { folder, workload, ...found }] of checked.entries()) {
    const kept = JSON.parse(
      await Deno.readTextFile(`${folders[i]}/results.json`),
    );
    assertEquals([folder, found["valid?"]], [folders[i], true]);
    assertEquals(workload, kept.workload);
  }
  const plain = await run("check", ...folders);
  assertEquals(
    plain.stdout,
    folders.map((each) => `✓ valid    ${each}\n`).join(""),
  );
});

Deno.test("check says what is wrong, and exits with 1", async () => {
  const store = tempDir();
  await run("3c", "--store", store, "--", "--strategy", "flood");
  const { code, stdout } = await run("check", `${store}/latest`);
  assertEquals(code, 1);
  assertMatch(stdout, /^✗ invalid .*values were lost/);
});

Deno.test("check goes on after a folder that it can't judge, which decides the exit code", async () => {
  const folder = tempDir();
  const record = async (name: string, history: string) => {
    await Deno.mkdir(`${folder}/${name}`);
    const run = { workload: "unique-ids", options: {} };
    await Deno.writeTextFile(`${folder}/${name}/run.json`, JSON.stringify(run));
    await Deno.writeTextFile(`${folder}/${name}/history.jsonl`, history);
    return `${folder}/${name}`;
  };
  const entry = {
    index: 0,
    time: 0,
    process: 0,
    type: "invoke",
    f: "generate",
  };
  const line = (changes: object) =>
    `${JSON.stringify({ ...entry, ...changes })}\n`;
  const broken = await record("broken", "null\n");
  const empty = await record("empty", "");
  const right = await record(
    "right",
    line({}) + line({ index: 1, type: "ok", value: 7 }),
  );
  const over = `${folder}/over`;
  await Deno.mkdir(over);
  for (const name of ["run.json", "history.jsonl"]) {
    await Deno.copyFile(`${right}/${name}`, `${over}/${name}`);
  }
  await Deno.writeTextFile(
    `${over}/record.json`,
    JSON.stringify({
      reason: "msgs/op is 27, and has to be below 20",
      limits: [{ label: "msgs/op", below: 20, actual: 27, within: false }],
    }),
  );
  const { code, stdout, stderr } = await run(
    ...["check", broken, empty, right, over],
  );
  assertEquals(
    stderr.replace(/^.*JSR.*\n/m, ""),
    `✗ error    ${broken}  Line 1 of ${broken}/history.jsonl isn't an operation: null.\n`,
  );
  assertMatch(
    stdout,
    /^\? unknown .*nothing was judged: the history is empty$/m,
  );
  assertMatch(stdout, /^✓ valid /m);
  assertMatch(
    stdout,
    /^✗ over limit .* msgs\/op is 27, and has to be below 20$/m,
  );
  assertEquals(code, 254);
  const json = await run("check", broken, empty, right, "--json");
  assertEquals(
    JSON.parse(json.stdout).map((each: Record<string, unknown>) =>
      each["valid?"] ?? each.error
    ),
    [
      `Line 1 of ${broken}/history.jsonl isn't an operation: null.`,
      "unknown",
      true,
    ],
  );
  assertEquals((await run("check", empty, right)).code, 2);
});

Deno.test("--log-stderr shows what nodes say", async () => {
  const bin = await program(`
    for (const line of lines) {
      const { src, body } = JSON.parse(line);
      if (body.type === "init") console.error("hello from " + body.node_id);
      print({ src: "n0", dest: src, body: { type: body.type + "_ok", echo: body.echo, in_reply_to: body.msg_id } });
    }`);
  const { stderr } = await run(
    ...["echo", "--node-count", "1", "--time-limit", "1", "--log-stderr"],
    ...["--bin", bin],
  );
  assertStringIncludes(stderr, "n0: hello from n0");
});

Deno.test("list shows the official runs and their limits", async () => {
  const { code, stdout } = await run("list");
  assertEquals(code, 0);
  assertMatch(stdout, /^1 {4}Echo .*challenges\/echo\.ts$/m);
  assertStringIncludes(stdout, "msgs/op < 30, median < 400 ms, max < 600 ms");
  for (const line of stdout.split("\n")) assert(line.length <= 80, line);
});

Deno.test("--help explains all, and each command has its own", async () => {
  const { code, stdout } = await run("--help");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "--latency-dist");
  assertEquals((await run("help")).stdout, stdout);
  const ofServe = (await run("serve", "--help")).stdout;
  assertMatch(ofServe, /--port/);
  assertEquals((await run("help", "serve")).stdout, ofServe);
});

Deno.test("--version tells ours, Maelstrom's and Deno's", async () => {
  const { code, stdout } = await run("--version");
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /^Call Me Maybe \d+\.\d+\.\d+, as Maelstrom 0\.2\.4, on Deno \d/,
  );
});

Deno.test("the line of the challenge page runs, dash and all; ids have no case", async () => {
  const options = "--time-limit 5 –nemesis partition --json".split(" ");
  const { code, stdout } = await run("6C", ...options);
  assertEquals(code, 0);
  const [{ id, options: { nemesis } }] = JSON.parse(stdout);
  assertEquals([id, nemesis], ["6c", "partition"]);
});

Deno.test("what has no meaning here is named, and the run goes on", async () => {
  const { code, stdout, stderr } = await run("1", "--no-ssh", "--json");
  assertEquals([code, JSON.parse(stdout)[0].pass], [0, true]);
  assertMatch(stderr, /^--no-ssh has no effect here: nobody logs in.*\n$/);
});

Deno.test("again: can be pasted, whatever path and arguments hold", async () => {
  const folder = `${tempDir()}/it's a "folder"`;
  await Deno.mkdir(folder);
  const bin = `${folder}/node`;
  await Deno.copyFile("/bin/sh", bin);
  const args = ["two words", "it's", "", "-x", "a\nb", "\x1b[2J", "$HOME"];
  const { stdout } = await run(
    ...["test", "-w", "echo", "--bin", bin, "--node-count=1"],
    ...["--time-limit=1", "--store", `${folder}/the store`, "--", ...args],
  );
  const [again] = /(?<=again: deno task run ).*/.exec(stdout)!;
  const { stdout: pasted } = await new Deno.Command("bash", {
    args: ["-c", `printf '%s\\0' ${again}`],
  }).output();
  assertEquals(new TextDecoder().decode(pasted).split("\0").slice(0, -1), [
    ...["test", "-w", "echo", "--bin", bin, "--store", `${folder}/the store`],
    ...["--node-count", "1", "--time-limit", "1", "--seed", "1"],
    ...["--", ...args],
  ]);
});

Deno.test("control characters of nodes, arguments and paths reach no terminal", async () => {
  const folder = `${tempDir()}/\x1b]0;PWNED\x07\u202e`;
  await Deno.mkdir(folder);
  const bin = `${folder}/node`;
  await Deno.writeTextFile(
    bin,
    `#!/bin/sh
     printf 'to stderr \\033[2J\\302\\233m\\n' >&2
     printf 'hello \\033[2J\\033]0;PWNED\\007 \\033[31mred\\r overwritten\\n'
     read -r line\n`,
  );
  await Deno.chmod(bin, 0o755);
  const command = [
    ...["test", "-w", "echo", "--bin", bin, "--node-count=1"],
    ...["--time-limit=1", "--log-stderr", "--store", folder],
  ];
  const plain = await run(...command);
  assertEquals(plain.code, 1);
  assertStringIncludes(
    plain.stdout,
    "hello \\x1b[2J\\x1b]0;PWNED\\x07 \\x1b[31mred",
  );
  assertStringIncludes(plain.stderr, "n0: to stderr \\x1b[2J\\x9bm");
  const json = await run(...command, "--json");
  assertStringIncludes(JSON.parse(json.stdout)[0].reason, "hello \x1b[2J");
  const checked = await run("check", `${folder}/latest`);
  const refused = await run("check", `${folder}/\x9b31m`);
  assertEquals(refused.code, 254);
  for (const { stdout, stderr } of [plain, json, checked, refused]) {
    assertEquals(visible(stdout + stderr), stdout + stderr);
  }
});

Deno.test("all that is printed goes through one door", async () => {
  const printing: string[] = [];
  const look = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory && name !== "client") await look(path);
      if (!name.endsWith(".ts")) continue;
      const code = (await Deno.readTextFile(path)).replaceAll(
        /^ *(\*|\/\/).*$/gm,
        "",
      );
      if (/console\.|std(out|err)\.write/.test(code)) printing.push(path);
    }
  };
  for (const folder of ["lib/runner", "lib/maelstrom", "lib/workbench"]) {
    await look(root + folder);
  }
  assertEquals(printing, [`${root}lib/runner/output.ts`]);
  assert(!(await Deno.readTextFile(`${root}run.ts`)).includes("console."));
});

Deno.test("build makes programs that need no permission", async () => {
  const { code, stdout } = await run("build");
  assertEquals(code, 0);
  assertMatch(stdout, /^bin\/echo {2}\((standalone|bundle)\)$/m);
  const { stdout: judged } = await run(
    ...["echo", "--bin", "bin/echo", "--node-count", "1", "--time-limit", "1"],
    "--json",
  );
  assertEquals(JSON.parse(judged)[0].pass, true);
});
