/**
 * Options: their defaults, what they may be, and what is said if they can't.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  BadOption,
  type Options,
  optionSpecs,
  parseOption,
} from "../../lib/workbench/options.ts";
import { faults } from "../../lib/workbench/load/nemesis.ts";
import { topologies } from "../../lib/workbench/sim/topology.ts";
import { resolve } from "../../lib/workbench/test.ts";
import { workloads } from "../../lib/workbench/workloads/mod.ts";
import { cases } from "./helpers.ts";

/** Returns the words about options that can't be. */
function complaint(options: Record<string, unknown>): string {
  return assertThrows(
    () => resolve({ workload: "echo", ...options } as Options),
    BadOption,
  ).message;
}

const spec = (name: string) => optionSpecs.find((each) => each.name === name)!;

Deno.test("the defaults are Maelstrom's", () => {
  const { options, nodes, concurrency, faults } = resolve({
    workload: "echo",
  });
  assertEquals(options, {
    workload: "echo",
    concurrency: "1n",
    rate: 5,
    "time-limit": 60,
    latency: 0,
    "latency-dist": "constant",
    "nemesis-interval": 10,
    topology: "grid",
    seed: 1,
  });
  assertEquals(nodes, ["n1", "n2", "n3", "n4", "n5"]);
  assertStrictEquals(concurrency, 5);
  assertEquals(faults, []);
});

Deno.test("an option that is undefined has its default", () => {
  assertStrictEquals(
    resolve({ workload: "echo", rate: undefined }).options.rate,
    5,
  );
});

Deno.test("all options are taken as they are given", () => {
  const given: Options = {
    workload: "broadcast",
    "node-count": 3,
    concurrency: "2n",
    rate: 0.5,
    "time-limit": 7,
    latency: 100,
    "latency-dist": "exponential",
    nemesis: "partition",
    "nemesis-interval": 0.25,
    "p-loss": 0.01,
    "p-duplicate": 1,
    "p-reorder": 0,
    lazyfs: "torn-op",
    "disk-size": 1000,
    topology: "tree4",
    availability: "total",
    "consistency-models": "read-committed",
    "key-count": 4,
    "max-txn-length": 5,
    "max-writes-per-key": 6,
    seed: 42,
  };
  const { options, faults, concurrency } = resolve(given);
  assertEquals(options, given as typeof options);
  assertEquals(faults, ["partition"]);
  assertStrictEquals(concurrency, 6);
});

Deno.test("options aren't changed by being resolved", () => {
  const given = Object.freeze({ workload: "echo", rate: 7 });
  resolve(given);
  assertEquals(given, { workload: "echo", rate: 7 });
});

Deno.test("nodes are n0, n1, … with node-count, and n1 to n5 without", () => {
  const nodesOf = (count?: number) =>
    resolve({ workload: "echo", "node-count": count }).nodes;
  assertEquals(nodesOf(1), ["n0"]);
  assertEquals(nodesOf(3), ["n0", "n1", "n2"]);
  assertEquals(nodesOf(5), ["n0", "n1", "n2", "n3", "n4"]);
  assertEquals(nodesOf(), ["n1", "n2", "n3", "n4", "n5"]);
});

Deno.test("concurrency is a number, or a number for each node", () => {
  const concurrencyOf = (concurrency: string, count?: number) =>
    resolve({ workload: "echo", concurrency, "node-count": count })
      .concurrency;
  assertStrictEquals(concurrencyOf("2n", 4), 8);
  assertStrictEquals(concurrencyOf("2n"), 10);
  assertStrictEquals(concurrencyOf("10", 4), 10);
  assertStrictEquals(concurrencyOf("1", 4), 1);
  assertThrows(
    () => concurrencyOf("11n", 1000),
    BadOption,
    "--concurrency 11n makes 11000 clients, and there can be 10000 at most.",
  );
});

Deno.test("faults are separated by commas; spaces don't matter, and none is fine", () => {
  const faultsOf = (nemesis: string) =>
    resolve({ workload: "echo", nemesis }).faults;
  assertEquals(faultsOf("partition"), ["partition"]);
  assertEquals(faultsOf(" partition , "), ["partition"]);
  assertEquals(faultsOf(""), []);
});

Deno.test("values at the edge of what may be are taken", () => {
  const edges: [string, string, unknown][] = [
    ["node-count", "1", 1],
    ["rate", "0", 0],
    ["rate", ".5", 0.5],
    ["rate", "1e3", 1000],
    ["rate", "2.5e-1", 0.25],
    ["rate", "1e+3", 1000],
    ["rate", "5.", 5],
    ["rate", "-0", 0],
    ["rate", "100000", 100_000],
    ["concurrency", "01", "1"],
    ["time-limit", "+5", 5],
    ["time-limit", "86400", 86_400],
    ["latency", "3600000", 3_600_000],
    ["time-limit", "1", 1],
    ["latency", "0", 0],
    ["nemesis-interval", "0.001", 0.001],
    ["availability", "0", 0],
    ["availability", "1", 1],
    ["availability", "0.999", 0.999],
    ["availability", "total", "total"],
    ["seed", "0", 0],
    ["seed", "9007199254740991", Number.MAX_SAFE_INTEGER],
  ];
  for (const [name, text, value] of edges) {
    assertStrictEquals(parseOption(spec(name), text), value, `${name} ${text}`);
  }
});

const rejections: [name: string, wrong: string[], mustBe: string][] = [
  [
    "node-count",
    ["0", "-1", "1.5", "1001", "many"],
    "an integer from 1 to 1000",
  ],
  [
    "concurrency",
    ["0", "0n", "-1", "n", "2m", "1.5n", "n2", "00", "9999999999"],
    "an integer from 1 to 10000, optionally followed by n",
  ],
  [
    "rate",
    ["-1", "-0.1", "fast", "1e999", "NaN", ".", "100000.1"],
    "a number from 0 to 100000",
  ],
  [
    "time-limit",
    ["0", "0.5", "-1", "1m", "86401"],
    "an integer from 1 to 86400",
  ],
  ["latency", ["-1", "0.5", "10ms", "3600001"], "an integer from 0 to 3600000"],
  [
    "latency-dist",
    ["normal", "Constant", " constant"],
    "one of constant, uniform, exponential",
  ],
  [
    "nemesis",
    ["fire", "partition,fire", "Kill"],
    "a list of partition, kill, pause, asymmetric-partition, packet, clock",
  ],
  [
    "nemesis-interval",
    ["0", "-1", "often", "86400.1"],
    "a number above 0, and at most 86400",
  ],
  ...["p-loss", "p-duplicate", "p-reorder"].map((
    name,
  ): [string, string[], string] => [
    name,
    ["-0.1", "1.01", "often", "5%"],
    "a number from 0 to 1",
  ]),
  ["lazyfs", ["fire", "torn-op,fire"], "a list of clear-cache, torn-op"],
  [
    "disk-size",
    ["-1", "1.5", "much"],
    "an integer from 0 to 9007199254740991",
  ],
  [
    "topology",
    ["ring", "tree5", "toString"],
    "one of line, grid, tree, tree2, tree3, tree4, total",
  ],
  [
    "availability",
    ["1.1", "-0.1", "all", "99%"],
    "total, or a number from 0 to 1",
  ],
  ["consistency-models", [], "a list of consistency models"],
  ["key-count", ["0", "0.5", "x", "1001"], "an integer from 1 to 1000"],
  ["max-txn-length", ["0", "-4", "x", "1001"], "an integer from 1 to 1000"],
  [
    "max-writes-per-key",
    ["0", "1.5", "x", "1000000001"],
    "an integer from 1 to 1000000000",
  ],
  [
    "seed",
    ["-1", "0.5", "x", "9007199254740992"],
    "an integer from 0 to 9007199254740991",
  ],
];

/** Options that take a list of faults, which may be empty. */
const lists = new Set(["nemesis", "lazyfs"]);

Deno.test("every option but a list of faults refuses to be empty", () => {
  for (const { name } of optionSpecs) {
    if (lists.has(name)) continue;
    assert(complaint({ [name]: "" }).startsWith(`--${name} must be `), name);
  }
});

Deno.test("the rejections that follow are of all options", () => {
  assertEquals(
    rejections.map(([name]) => name),
    optionSpecs.map(({ name }) => name),
  );
});

for (const [name, wrong, mustBe] of rejections) {
  Deno.test(`${name} must be ${mustBe}`, () => {
    for (const value of ["", ...wrong]) {
      if (lists.has(name) && value === "") continue;
      const text = complaint({ [name]: value });
      // A word that is near to one of them has a hint.
      assertStrictEquals(
        text.replace(/ \(did you mean .*\?\)/, ""),
        `--${name} must be ${mustBe}, not "${value}".`,
      );
    }
  });
}

for (
  const [name, value, hint] of [
    ["nemesis", "none", ": for no faults, leave it out."],
    ["nemesis", "partition,kil", " (did you mean kill?)."],
    ["lazyfs", "torn-ops", " (did you mean torn-op?)."],
    ["latency-dist", "unifrom", " (did you mean uniform?)."],
    ["topology", "tre", " (did you mean tree?)."],
  ] as const
) {
  Deno.test(`${name} ${value} is refused with a hint`, () => {
    const text = complaint({ [name]: value });
    assert(text.endsWith(`, not "${value}"${hint}`), text);
  });
}

Deno.test("numbers are checked like text", () => {
  assertStrictEquals(
    complaint({ rate: -1 }),
    '--rate must be a number from 0 to 100000, not "-1".',
  );
  assertStrictEquals(
    complaint({ rate: Infinity }),
    '--rate must be a number from 0 to 100000, not "Infinity".',
  );
  assertStrictEquals(
    complaint({ latency: 0.5 }),
    '--latency must be an integer from 0 to 3600000, not "0.5".',
  );
  assertStrictEquals(
    resolve({ workload: "echo", rate: 1e-7 }).options.rate,
    1e-7,
  );
});

Deno.test("any number from 0 to 100,000 is a rate", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e5, noNaN: true }), (rate) => {
      assertStrictEquals(
        resolve({ workload: "echo", rate, "time-limit": 1 }).options.rate,
        rate + 0,
      );
    }),
    cases(),
  );
});

Deno.test("a run can have a million operations, and no more", () => {
  const options = { workload: "echo", rate: 1000, "time-limit": 1000 };
  assertEquals(resolve(options).options.rate, 1000);
  assertStrictEquals(
    complaint({ ...options, "time-limit": 1001 }),
    "--rate 1000 for --time-limit 1001 makes 1001000 operations, and there can be 1000000 at most.",
  );
});

Deno.test("faults can begin a hundred thousand times, and no more", () => {
  const options = { workload: "echo", "time-limit": 100, nemesis: "partition" };
  const often = { ...options, "nemesis-interval": 0.001 };
  assertEquals(resolve(often).faults, ["partition"]);
  for (const interval of [0.0009, 1e-300, Number.MIN_VALUE]) {
    assertMatch(
      complaint({ ...options, "nemesis-interval": interval })!,
      /^--nemesis-interval .* for --time-limit 100 makes .* faults, and there can be 100000 at most\.$/,
    );
  }
  // Without faults their length means nothing.
  resolve({ workload: "echo", "nemesis-interval": 1e-300 });
});

Deno.test("a workload that isn't there: the nearest one, and all there are", () => {
  const list = Object.keys(workloads).join(", ");
  assertStrictEquals(
    complaint({ workload: "brodcast" }),
    `There is no workload "brodcast" here (did you mean broadcast?). There are ${list}.`,
  );
  assertStrictEquals(
    complaint({ workload: "unique_ids" }),
    `There is no workload "unique_ids" here (did you mean unique-ids?). There are ${list}.`,
  );
  assertStrictEquals(
    complaint({ workload: "consensus" }),
    `There is no workload "consensus" here. There are ${list}.`,
  );
  assertStrictEquals(
    complaint({ workload: undefined }),
    `There is no workload "undefined" here. There are ${list}.`,
  );
});

Deno.test("names of Object's own properties aren't workloads", () => {
  for (const workload of ["constructor", "toString", "__proto__"]) {
    assert(
      complaint({ workload }).startsWith(`There is no workload "${workload}"`),
    );
  }
});

Deno.test("an option that isn't there: the nearest one", () => {
  const hints: [string, string][] = [
    ["node_count", " (did you mean node-count?)"],
    ["timelimit", " (did you mean time-limit?)"],
    ["latancy", " (did you mean latency?)"],
    ["rates", " (did you mean rate?)"],
    ["topolgy", " (did you mean topology?)"],
    ["colour", ""],
    ["log-stderr", ""],
  ];
  for (const [name, hint] of hints) {
    assertStrictEquals(
      complaint({ [name]: 1 }),
      `There is no option "${name}"${hint}.`,
    );
  }
});

Deno.test("every option is explained, and its default may be given", () => {
  for (const { name, argument, description, mustBe, ...rest } of optionSpecs) {
    assert(argument && description && mustBe, name);
    if (rest.default === undefined) continue;
    assertStrictEquals(
      parseOption(spec(name), String(rest.default)),
      rest.default,
    );
  }
});

Deno.test("the docs of Options name all that there is to choose from", async () => {
  const code = await Deno.readTextFile(
    new URL("../../lib/workbench/options.ts", import.meta.url),
  );
  const [, fields = ""] = /^export interface Options {$(.*?)^}$/ms.exec(code)!;
  const choices = {
    workload: Object.keys(workloads),
    nemesis: faults,
    topology: Object.keys(topologies),
  };
  for (const [option, names] of Object.entries(choices)) {
    const [before = ""] = fields.split(new RegExp(`^  ${option}\\??:`, "m"));
    const doc = before.slice(before.lastIndexOf("/**"));
    const named = doc.replace(/@default.*/s, "").matchAll(/`"([^"`]+)"`/g);
    assertEquals([...named].map(([, name]) => name), [...names], option);
  }
});
