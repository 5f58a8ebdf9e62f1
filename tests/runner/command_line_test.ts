/**
 * The command line: what is understood, and what is refused, in which words.
 */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { commands, readCommandLine } from "../../lib/runner/command_line.ts";
import { usage } from "../../lib/runner/usage.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { optionSpecs } from "../../lib/workbench/options.ts";

const read = (line: string) => readCommandLine(line.split(" ").filter(Boolean));

/** Options that matter, of a line. */
function options(line: string) {
  const { given, workload, bin, words, nodeArgs } = read(line);
  return { ...given, workload, bin, words, nodeArgs };
}

function refused(line: string): string {
  return assertThrows(() => read(line), BadOption).message;
}

Deno.test("Maelstrom's ways to write an option are all understood", () => {
  const expected = {
    "time-limit": 5,
    workload: "echo",
    bin: "x",
    words: [],
    nodeArgs: ["-w", "–y"],
  };
  for (
    const line of [
      "test -w echo --bin x --time-limit 5 -- -w –y",
      "test --workload=echo --bin=x --time-limit=5 -- -w –y",
      "test -wecho --bin x --time-limit +5 -- -w –y",
      "test --time-limit 7 --time-limit 5 -w lin-kv -w echo --bin x -- -w –y",
    ]
  ) assertEquals(options(line), expected, line);
});

Deno.test("numbers are read as Maelstrom reads them", () => {
  assertEquals(read("--rate 1e2 --nemesis-interval .5").given, {
    rate: 100,
    "nemesis-interval": 0.5,
  });
  assertEquals(read("--rate 5. --latency +7 --concurrency 02n").given, {
    rate: 5,
    latency: 7,
    concurrency: "2n",
  });
});

Deno.test("any dash before an option's name is two hyphens", () => {
  for (const dash of ["–", "—", "−", "‒", "―", "‐", "‑", "–-", "-–", "－－"]) {
    assertEquals(read(`6c ${dash}nemesis partition`).given, {
      nemesis: "partition",
    }, dash);
    assertEquals(read(`6c ${dash}rate=7`).given, { rate: 7 }, dash);
  }
  assertEquals(read("–w echo –h").workload, "echo");
  assertEquals(read("3d — --strategy flood").nodeArgs, ["--strategy", "flood"]);
  assertEquals(
    refused("6c –nemsis partition"),
    "There is no option –nemsis (did you mean --nemesis?).",
  );
  assertEquals(
    refused("6c -nemesis partition"),
    "There is no option -nemesis (did you mean --nemesis?).",
  );
});

Deno.test("an argument of nodes before -- is told where it belongs", () => {
  const head =
    "is an argument of the node, and stands behind --, after all of the runner's options";
  for (
    const [line, told] of [
      ["9 --data-dir d", `--data-dir ${head}: 9 -- --data-dir d`],
      ["--data-dir=d 9", `--data-dir ${head}: 9 -- --data-dir=d`],
      ["5C –acks all --rate 5", `--acks ${head}: 5C -- --acks all`],
      ["--acks --rate 5", `--acks ${head}: 4 -- --acks`],
    ] as const
  ) assertEquals(refused(line), told);
});

Deno.test("a value below zero is a value, whatever its dash", () => {
  for (const value of ["-5", "−5", "–5"]) {
    assertEquals(
      refused(`1 --latency ${value}`),
      `--latency must be an integer from 0 to 3600000, not "${value}".`,
    );
  }
});

Deno.test("an option without its value is refused, also before another", () => {
  for (
    const line of [
      "6c --nemesis",
      "6c --nemesis=",
      "6c --nemesis ,",
      "6c --nemesis --rate 5",
      "6c --nemesis -- x",
    ]
  ) {
    assertEquals(refused(line), "--nemesis needs a value.", line);
  }
  assertEquals(refused("1 --json=5"), '--json takes no value, and so not "5".');
  assertEquals(read("1 --json=false").json, false);
});

Deno.test("every option of a run has bounds, and tells them", () => {
  for (const { name, mustBe } of optionSpecs) {
    for (const value of ["9".repeat(30), "1e308", "-1"]) {
      const words = refused(`1 --${name} ${value}`);
      assertStringIncludes(
        words,
        name === "consistency-models" ? "There are" : mustBe,
      );
    }
  }
});

Deno.test("Maelstrom's options without a meaning here are taken, and named", () => {
  const { notes } = read(
    "test -w echo --bin x --no-ssh --username u --password p --ssh-private-key k --strict-host-key-checking --leave-db-running --logging-json",
  );
  assertEquals(notes, [
    "--no-ssh has no effect here: nobody logs in to nodes: they run on this machine.",
    "--username has no effect here: nobody logs in to nodes: they run on this machine.",
    "--password has no effect here: nobody logs in to nodes: they run on this machine.",
    "--ssh-private-key has no effect here: nobody logs in to nodes: they run on this machine.",
    "--strict-host-key-checking has no effect here: nobody logs in to nodes: they run on this machine.",
    "--leave-db-running has no effect here: nodes end with their run.",
    "--logging-json has no effect here: there is no log of Jepsen's.",
  ]);
  assertEquals(
    read("test --log-stderr --log-net-send --log-net-recv").flags,
    ["--log-stderr", "--log-net-send", "--log-net-recv"],
  );
});

Deno.test("names for nodes are refused: they'd make another run", () => {
  assertStringIncludes(refused("1 --nodes a,b,c,d"), "as in --node-count 4");
  for (const line of ["1 -n a", "1 --node a", "1 --nodes-file f"]) {
    assertStringIncludes(refused(line), "here nodes are processes");
  }
});

Deno.test("an option that is for something else says for what", () => {
  assertEquals(refused("1 --port 80"), "--port is for serve and book.");
  assertEquals(refused("3d --check"), "--check is for figures and pictures.");
  assertEquals(
    refused("serve --rate 5"),
    "--rate is for runs, and means nothing to serve, which takes --host, --port.",
  );
  assertEquals(
    refused("list --json"),
    "--json is for runs, and means nothing to list.",
  );
  assertEquals(read("check --json a").json, true);
  assertEquals(read("serve -b 0.0.0.0 -p 0").port, 0);
});

Deno.test("--watch is refused where there is nothing to judge again", () => {
  assertEquals(read("3c --bin my_node.ts --watch --seeds 1..3").watch, true);
  assertEquals(read("test -w echo --bin my-node --watch").watch, true);
  assertEquals(read("3c").watch, false);
  for (
    const [line, words] of [
      [
        "check store/latest --watch",
        "--watch is for runs, and means nothing to check, which takes --json.",
      ],
      [
        "serve --watch",
        "--watch is for runs, and means nothing to serve, which takes --host, --port.",
      ],
      [
        "3c --watch --engine maelstrom",
        "The real Maelstrom has no --watch: it's for the workbench, --engine sim or stdio.",
      ],
      [
        "3c --watch --engine both",
        "--engine both needs options that both know, and the real Maelstrom has no --watch.",
      ],
      [
        "3c --watch --json",
        "--json prints one array at the end, and --watch has no end: leave one of them out.",
      ],
    ] as const
  ) assertEquals(refused(line), words);
});

Deno.test("seeds: one, some, or a range, of a hundred million at most", () => {
  assertEquals(read("1 --seed 7").seeds, { first: 7, length: 1 });
  assertEquals(read("1 --seed 7 --test-count 2").seeds, {
    first: 7,
    length: 2,
  });
  assertEquals(read("1 --seeds 1..9").jobs, undefined);
  assertEquals(read("1 --seeds 1..9 --jobs 1").jobs, 1);
  assertEquals(read("1 --seeds 1..9 --jobs=256").jobs, 256);
  assertEquals(read("1 --seeds 3..5").seeds, { first: 3, length: 3 });
  assertEquals(read("1 --seeds 1..100000000").seeds.length, 100_000_000);
  for (
    const [line, words] of [
      [
        "--seeds 1..999999999",
        "--seeds 1..999999999 are 999999999 seeds, and there can be 100000000 at most.",
      ],
      [
        "--watch --seeds 1..100001",
        "--seeds 1..100001 are 100001 seeds, and there can be 100000 at most with --watch.",
      ],
      ["--watch --shard 1/2", "--watch has no end: leave one of them out."],
      ["--shard 3/2", "there is no part 3 of 2"],
      [
        "--engine both --shard 1/2",
        "--engine both compares a run's two judges, whom --shard would part",
      ],
      ["merge --seeds 1..3", "which takes --no-page, --json"],
      [
        "--seeds 1..3 --seed 4",
        "--seeds 1..3 already says which seeds: leave out --seed.",
      ],
      [
        "--test-count 2 --seeds 1..3",
        "--seeds 1..3 already says which seeds: leave out --test-count.",
      ],
      ["--seeds 5..2", '--seeds must be a range such as 1..200, not "5..2"'],
      ["--seeds -1..2", '--seeds must be a range such as 1..200, not "-1..2"'],
      [`--seeds 1..${"9".repeat(400)}`, "--seeds must be a range"],
      [
        "--seed 9007199254740991 --test-count 2",
        "--seed must leave room for --test-count 2",
      ],
      [
        "--jobs 0",
        '--jobs must be an integer from 1 to 256, not "0".',
      ],
      ["--jobs 257", "--jobs must be an integer from 1 to 256"],
      ["--jobs many", "--jobs must be an integer from 1 to 256"],
      ["--jobs 1.5", "--jobs must be an integer from 1 to 256"],
      ["serve --jobs 2", "--jobs is for runs, and means nothing to serve"],
      [
        "--engine maelstrom --jobs 2",
        "The real Maelstrom has no --jobs: it's for the workbench",
      ],
      [
        "--test-count 0",
        '--test-count must be an integer from 1 to 100000000, not "0".',
      ],
      ["--test-count 1e9", "--test-count must be an integer from 1 to 100000"],
    ] as const
  ) assertStringIncludes(refused(line), words);
});

Deno.test("the real Maelstrom isn't given options of ours", () => {
  assertStringIncludes(
    refused("1 --engine maelstrom --seed 7"),
    "The real Maelstrom has no --seed",
  );
  assertStringIncludes(
    refused("1 --engine both --p-loss 0.1"),
    "the real Maelstrom has no --p-loss",
  );
  assertStringIncludes(
    refused("1 --engine maelstrom --nemesis kill,clock"),
    "The real Maelstrom has no --nemesis clock",
  );
  for (const engine of ["maelstrom", "both"]) {
    assertEquals(
      refused(`fuzz 3c --engine ${engine} --p-loss 0.1`),
      "fuzz needs virtual time, which the real Maelstrom hasn't: leave --engine out.",
    );
  }
  // Whether it has this one, it says itself.
  assertEquals(read("1 --engine maelstrom --nemesis kill").oursGiven, []);
  assertEquals(read("1 --engine both --seed 3").seeds, { first: 3, length: 1 });
});

Deno.test("commands are words, in whatever case; all behind -- is the node's", () => {
  assertEquals(read("LIST").command, "list");
  assertEquals(read("3d").command, undefined);
  assertEquals(read("help serve").help, true);
  assertEquals(read("-- list").nodeArgs, ["list"]);
  assertEquals(read("3d -- a -- b").nodeArgs, ["a", "--", "b"]);
});

Deno.test("whatever is typed is understood, or refused in one line", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(...[
      "--",
      "-",
      "—",
      "--rate",
      "-w",
      "-n",
      "5",
      "--json",
      "--__proto__",
      "--constructor=1",
      "–",
      "--=",
      "---x",
    ]),
  );
  fc.assert(
    fc.property(fc.array(word), (args) => {
      try {
        readCommandLine(args);
      } catch (error) {
        if (!(error instanceof BadOption)) throw error;
      }
    }),
    { seed: 1 },
  );
});

Deno.test("the usage of every command fits into 80 columns, and explains its options", () => {
  for (const command of [undefined, ...commands]) {
    for (const line of usage(command).split("\n")) {
      assertEquals(line.length <= 80, true, line);
    }
  }
  const general = usage();
  for (const { name } of optionSpecs) {
    assertStringIncludes(general, `--${name} `);
  }
  for (
    const name of [
      "log-net-send",
      "log-net-recv",
      "no-ssh",
      "logging-json",
      "version",
      "json",
      "store",
    ]
  ) assertStringIncludes(general, `--${name}`);
  const ofServe = usage("serve");
  assertStringIncludes(ofServe, "-p, --port NUMBER");
  assertStringIncludes(ofServe, "--store FOLDER");
  assertEquals(ofServe.includes("--rate"), false);
  const ofFuzz = usage("fuzz");
  assertStringIncludes(general, "of all clients [5]");
  assertEquals(ofFuzz.includes("of all clients ["), false); // it's drawn
  for (const name of ["engine", "log-stderr", "log-net-send"]) {
    assertEquals(ofFuzz.includes(`--${name}`), false);
  }
});
