import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run, runIn } from "../cli.ts";
import { fakeHome, gone, javaHome, script } from "./machine.ts";
import { tempDir } from "../temp.ts";

/** The programs on the PATH: all that Maelstrom needs for its pictures. */
const tools = tempDir();
await script(`${tools}/gnuplot`, "");
await script(`${tools}/dot`, "");
await script(`${tools}/git`, "");
const PATH = `${tools}:${Deno.env.get("PATH")}`;

// Deno's own cache isn't to move with that of the user.
const { stdout: info } = await new Deno.Command(Deno.execPath(), {
  args: ["info", "--json"],
}).output();
const { denoDir } = JSON.parse(new TextDecoder().decode(info));

/** A machine with everything on it. */
const env = {
  PATH,
  MAELSTROM_HOME: fakeHome,
  JAVA_HOME: await javaHome(),
  DENO_DIR: denoDir,
};

/** A program of that name: it tells the fake Maelstrom how to behave. */
async function bin(mode: string): Promise<string> {
  return await script(`${tempDir()}/${mode}`, "");
}

async function maelstrom(mode: string, ...args: string[]) {
  return await runIn(
    { env },
    "--engine",
    "maelstrom",
    "echo",
    "--bin",
    await bin(mode),
    ...args,
  );
}

const exitCodes: [mode: string, code: number, row: RegExp][] = [
  [
    "valid",
    0,
    /^✓ +echo +valid +2 ops +4 msgs\/op +█ █ +\d+\.\d s +median +123 ms /,
  ],
  ["invalid", 1, /^✗ +echo +invalid +2 ops .*Pardon echo 7/s],
  ["unknown", 2, /^\? +echo +unknown +2 ops .*"perf rate-graph" failed/s],
  [
    "crash",
    255,
    /^✗ +echo +crashed +\? ops +\? msgs.*exit status 3.*something went wrong/s,
  ],
  ["killed", 255, /^✗ +echo +crashed .*ended by SIGKILL/s],
];

for (const [mode, expected, row] of exitCodes) {
  Deno.test(`what is ${mode} on Maelstrom ends with ${expected}, and a row`, async () => {
    const { code, stdout } = await maelstrom(mode);
    assertMatch(stdout, row);
    assertEquals(code, expected);
    if (expected !== 0) {
      assertMatch(stdout, /again: deno task maelstrom echo --bin /);
    }
  });
}

Deno.test("what Maelstrom refuses is a bad argument", async () => {
  const { code, stderr } = await maelstrom("bad-arguments");
  assertStringIncludes(stderr, `Unknown option: "--frobnicate"`);
  assertEquals(code, 254);
});

Deno.test("a run on Maelstrom is kept as any other, with its log and files", async () => {
  const store = tempDir();
  await maelstrom("valid", "--store", store, "--time-limit", "1");
  const read = async (name: string) =>
    await Deno.readTextFile(`${store}/echo/latest/${name}`);
  const { engine, workload, options } = JSON.parse(await read("run.json"));
  assertEquals([engine, workload], ["maelstrom", "echo"]);
  assertEquals([options["time-limit"], options.seed], [1, undefined]);
  assertEquals(JSON.parse(await read("results.json"))["valid?"], true);
  assertEquals((await read("history.jsonl")).trim().split("\n").length, 5);
  assertStringIncludes(await read("maelstrom.log"), "Everything looks good");
  assertStringIncludes(await read("maelstrom/results.edn"), ":perf");
  const again = await run("check", `${store}/latest`);
  assertEquals(again.code, 0, again.stdout + again.stderr);
});

Deno.test("--json has the same record, without a seed", async () => {
  const { stdout } = await maelstrom("valid", "--json");
  const [record, ...others] = JSON.parse(stdout);
  assertEquals(others, []);
  assertEquals(
    [record.id, record.engine, record.pass, record.seed, record.crashed],
    ["echo", "maelstrom", true, undefined, undefined],
  );
  assertEquals(record.results.net.servers["msgs-per-op"], 4);
});

Deno.test("--json tells of a crash, too", async () => {
  const { stdout, code } = await maelstrom("crash", "--json");
  const [record] = JSON.parse(stdout);
  assertEquals([record.pass, record.crashed], [false, true]);
  assertEquals(record.results, { "valid?": "unknown" });
  assertEquals(code, 255);
});

Deno.test("one crash doesn't keep others from being judged", async () => {
  const { stdout, code } = await runIn(
    { env },
    "--engine=maelstrom",
    "echo",
    "unique-ids",
    "--bin",
    await bin("crash"),
  );
  assertMatch(stdout, /✗ +unique-ids +crashed/);
  assertStringIncludes(stdout, "2 of 2 runs did not pass.");
  assertEquals(code, 255);
});

Deno.test("Maelstrom's own command line works", async () => {
  const { stdout, code } = await runIn(
    { env },
    "test",
    "--engine=maelstrom",
    "-w",
    "echo",
    "--bin",
    await bin("valid"),
    "--test-count",
    "2",
  );
  assertStringIncludes(stdout, "All 2 runs passed.");
  assertEquals(code, 0);
});

Deno.test("a challenge is built for Maelstrom, and only once", async () => {
  const first = await runIn({ env }, "--engine=maelstrom", "1");
  assertMatch(first.stdout, /^✓ +1 +echo +valid/);
  const second = await runIn({ env }, "--engine=maelstrom", "1");
  assertEquals(second.stderr.includes("Building"), false, second.stderr);
  assertEquals(second.code, 0);
});

Deno.test("both judges stand side by side, and their ratio", async () => {
  const { stdout, code } = await runIn({ env }, "--engine=both", "3b");
  const [title = "", sim = "", real = "", ratio = "", total] = stdout.split(
    "\n",
  );
  assertMatch(
    title,
    /^ +3b +broadcast +ops +msgs\/op +median +95 % +99 % +max +available +wall time$/,
  );
  assertMatch(sim, /^✓ sim +valid +203 +1\.33 +14 ms .* 372 ms +100 %/);
  assertMatch(real, /^✓ maelstrom +valid +2 +4 +123 ms .* 567 ms +100 %/);
  assertMatch(
    ratio,
    /^ +maelstrom \/ sim +0\.00985 +3 +8\.79 .* 1\.52 +1 /,
  );
  assertEquals(total, "All 2 runs passed.");
  assertEquals(code, 0);
});

Deno.test("if one of both judges objects, that counts, and says why", async () => {
  const { stdout, code } = await runIn(
    { env },
    "--engine=both",
    "echo",
    "--time-limit=1",
    "--bin",
    await bin("invalid"), // and a program that the workbench sees exit at once
  );
  assertStringIncludes(stdout, `Maelstrom's checker "workload" says no.`);
  assertMatch(stdout, /✗ stdio +invalid .*\n✗ maelstrom +invalid /);
  assertStringIncludes(stdout, "2 of 2 runs did not pass.");
  assertEquals(code, 1);
});

Deno.test("auto is Maelstrom where it can be had", async () => {
  const { stdout, stderr } = await runIn({ env }, "1", "--json");
  assertEquals(JSON.parse(stdout)[0].engine, "maelstrom", stderr);
});

const fallbacks: [
  why: string,
  env: { [name: string]: string },
  args: string[],
  reason: RegExp,
][] = [
  [
    "without Java",
    { ...env, JAVA_HOME: "/nowhere" },
    [],
    /JAVA_HOME is \/nowhere, and there is no program bin\/java in it/,
  ],
  [
    "without gnuplot",
    { ...env, PATH: "/nowhere" },
    [],
    /gnuplot isn't on the PATH: /,
  ],
  [
    "without the permission to download it",
    { ...env, MAELSTROM_HOME: "", XDG_CACHE_HOME: tempDir() },
    [],
    /Maelstrom isn't installed, and this process may not download it/,
  ],
  ["for a seed", env, ["--seed", "7"], /Maelstrom has no --seed/],
  ["for faults of its own", env, ["--p-loss=0"], /Maelstrom has no --p-loss/],
  ["for kills", env, ["--nemesis", "kill"], /Maelstrom has no --nemesis kill/],
];

for (const [why, env, args, reason] of fallbacks) {
  Deno.test(`auto is the workbench ${why}, and says so in a line`, async () => {
    const { code, stdout, stderr } = await runIn({ env }, "1", ...args);
    assertMatch(stdout, /^✓ +1 +echo +valid/);
    assertMatch(stderr, /^Judged by the embedded workbench: .*\n$/);
    assertMatch(stderr, reason);
    assertEquals(code, 0);
  });
}

/** Runs with a proxy that takes connections, and never says a word. */
async function behindSilence(...args: string[]) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Deno.Conn[] = [];
  (async () => {
    for await (const connection of listener) taken.push(connection);
  })();
  const result = await runIn({
    env: {
      ...env,
      MAELSTROM_HOME: "",
      XDG_CACHE_HOME: tempDir(),
      HTTPS_PROXY: `http://127.0.0.1:${listener.addr.port}`,
      NO_PROXY: "",
    },
    flags: ["--cached-only", "--allow-net=github.com"],
  }, ...args);
  for (const connection of taken) connection.close();
  return result;
}

Deno.test("where GitHub doesn't answer, auto is the workbench", async () => {
  const { code, stdout, stderr } = await behindSilence("1");
  assertMatch(stdout, /^✓ +1 +echo +valid/);
  assertMatch(
    stderr,
    /^Judged by the embedded workbench: https:\/\/github\.com\/.* doesn't answer within 6 seconds\n$/,
  );
  assertEquals(code, 0);
});

Deno.test("where GitHub doesn't answer, the error tells how to install by hand", async () => {
  const { code, stdout, stderr } = await behindSilence(
    "--engine=maelstrom",
    "1",
  );
  assertEquals(stdout, "");
  assertMatch(
    stderr,
    /doesn't answer within 6 seconds\.\nTo install it by hand, download https:.*MAELSTROM_HOME/,
  );
  assertEquals(code, 255);
});

Deno.test("without Java, --engine maelstrom says what to install", async () => {
  const { code, stderr } = await runIn(
    { env: { ...env, JAVA_HOME: "/nowhere" } },
    "--engine=maelstrom",
  );
  assertMatch(stderr, /JAVA_HOME is \/nowhere.*\nSet JAVA_HOME/);
  assertEquals(code, 255);
});

Deno.test("missing picture tools are told before the run, not after", async () => {
  const git = tempDir();
  await script(`${git}/git`, "");
  const { code, stdout, stderr } = await runIn(
    { env: { ...env, PATH: `${git}:/usr/bin:/bin` } },
    "--engine=maelstrom",
    "echo",
    "--bin",
    await bin("valid"),
  );
  // This machine may have them.
  for (const line of stderr.split("\n").slice(0, -1)) {
    assertMatch(line, /^(gnuplot|dot) isn't on the PATH: .* into unknown\. /);
  }
  assertMatch(stdout, /valid/);
  assertEquals(code, 0);
});

for (const option of ["--seed=7", "--seeds=1..2", "--p-loss=0.1"]) {
  Deno.test(`Maelstrom isn't asked for ${option}, which it doesn't know`, async () => {
    const { code, stderr } = await runIn(
      { env },
      "--engine=maelstrom",
      "1",
      option,
    );
    const name = option.split("=")[0];
    assertStringIncludes(stderr, `The real Maelstrom has no ${name}: `);
    assertEquals(code, 254);
  });
}

Deno.test("both need options that both know", async () => {
  const { code, stderr } = await runIn(
    { env },
    "--engine=both",
    "1",
    "--p-reorder=0.1",
  );
  assertStringIncludes(stderr, "the real Maelstrom has no --p-reorder");
  assertEquals(code, 254);
});

for (const mode of ["hang", "deaf"]) {
  Deno.test(`Ctrl-C ends a Maelstrom that is ${mode}, and its nodes`, async () => {
    const store = tempDir();
    const folder = async () => {
      const [first] = await Array.fromAsync(Deno.readDir(`${store}/echo`))
        .catch(() => []);
      return `${store}/echo/${first?.name}`;
    };
    const pid = async (name: string) =>
      Number(
        await Deno.readTextFile(`${await folder()}/${name}`).catch(() => ""),
      );
    const { code, stderr } = await runIn(
      {
        env,
        async onStart(process) {
          while (await pid("pid") === 0) {
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          process.kill("SIGINT");
        },
      },
      "--engine=maelstrom",
      "echo",
      "--bin",
      await bin(mode),
      "--store",
      store,
    );
    assertStringIncludes(stderr, "Interrupted before there was a verdict.");
    assertEquals(code, 130);
    await gone(await pid("pid"));
    await gone(await pid("node-pid"));
  });
}
