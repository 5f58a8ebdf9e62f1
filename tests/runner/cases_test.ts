import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  addCase,
  type CaseFile,
  casesIn,
  caseText,
  commandOfCase,
  readCase,
} from "../../lib/runner/cases.ts";
import { jsonOf, linesOf } from "../../lib/runner/failing.ts";
import type { RunRecord } from "../../lib/report/record.ts";
import { readCommandLine } from "../../lib/runner/command_line.ts";
import { plan as makePlan } from "../../lib/runner/plan.ts";
import { loosely, withCase } from "../../lib/runner/repeat.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { tempDir } from "../temp.ts";

const example: CaseFile = {
  id: "3c",
  args: ["--strategy", "flood"],
  anomaly: "lost",
  story: ["n0 acknowledges broadcast 7"],
  options: { workload: "broadcast", "node-count": 2, seed: 7 },
  schedule: {
    ops: [
      { atMs: 100, client: 0, f: "broadcast", value: 7 },
      { atMs: 200.5, client: 1, f: "read", value: null },
    ],
    faults: [{ kind: "kill", nodes: ["n0"], fromMs: 100, toMs: 120 }],
    fates: [{ src: "n0", dest: "n1", sinceMs: 100, number: 1, holdUpsMs: [] }],
  },
};

async function fileWith(text: string): Promise<string> {
  const path = `${tempDir()}/case.json`;
  await Deno.writeTextFile(path, text);
  return path;
}

Deno.test("what was written is read", async () => {
  assertEquals(await readCase(await fileWith(caseText(example))), example);
  const { schedule: _, ...without } = example;
  assertEquals(await readCase(await fileWith(caseText(without))), without);
});

Deno.test("each operation, fault and fate has a line", () => {
  const lines = caseText(example).split("\n");
  for (const part of ['"f":"broadcast"', '"f":"read"', '"kill"', '"src"']) {
    assertEquals(lines.filter((line) => line.includes(part)).length, 1);
  }
});

Deno.test("options that say it all are a command, and others need the file", () => {
  const { schedule: _, ...without } = example;
  assertEquals(
    commandOfCase({ ...without, bin: "my node.ts" }, "case.json"),
    "deno task run broadcast --bin 'my node.ts' --node-count 2 --seed 7 -- --strategy flood",
  );
  assertEquals(
    commandOfCase(example, "store/case.json"),
    "deno task run --replay store/case.json",
  );
});

Deno.test("a case that another program fails is repeated with that, and what is given for it", async () => {
  const path = "corpus/3c-lost.json";
  const again = (now: Partial<CaseFile>, held: Partial<CaseFile>) =>
    commandOfCase({ ...example, ...now }, path, held);
  const repeat = `deno task run --replay ${path}`;
  const flood = ["--strategy", "flood"];
  const ours = { bin: undefined, args: flood };
  assertEquals(again(ours, ours), repeat);
  assertEquals(
    again({ bin: "new.ts", args: [] }, ours),
    `${repeat} --bin new.ts`,
  );
  const old = { bin: "old.ts", args: flood };
  assertEquals(again(old, old), repeat);
  assertEquals(again({ ...old, bin: "new.ts" }, old), `${repeat} --bin new.ts`);
  assertEquals(
    again({ bin: "new.ts", args: ["--x"] }, old),
    `${repeat} --bin new.ts -- --x`,
  );
  // And so it's repeated.
  for (const [held, args] of [[ours, []], [old, flood]] as const) {
    const file = await fileWith(caseText({ ...example, ...held }));
    const line = readCommandLine(["--replay", file, "--bin", "new.ts"]);
    assertEquals((await withCase(line)).nodeArgs, args);
  }
});

Deno.test("a case that is repeated in real time isn't said to be the same run", () => {
  assertEquals(loosely(undefined, "stdio"), undefined);
  assertEquals(loosely("case.json", "sim"), undefined);
  assertStringIncludes(
    loosely("case.json", "stdio")!,
    "case.json is repeated over pipes, in real time",
  );
});

Deno.test("a case of a challenge that isn't the first of its workload is repeated with that one", async () => {
  const { schedule: _, ...gossip } = { ...example, id: "11a", args: [] };
  const path = await fileWith(caseText(gossip));
  assertEquals(
    commandOfCase(gossip, path),
    `deno task run --replay ${path}`,
  );
  assertEquals(
    commandOfCase(gossip, undefined),
    "deno task run broadcast --bin challenges/gossip.ts --node-count 2 --seed 7",
  );
  const [plan] = await makePlan(
    await withCase(readCommandLine(["--replay", path])),
  );
  assertEquals(plan!.solution?.script, "gossip");
});

Deno.test("cases of a folder have names that say what they are, and stay", async () => {
  const folder = `${tempDir()}/corpus`;
  assertEquals(await casesIn(folder), []);
  const other = { ...example, options: { ...example.options, seed: 8 } };
  assertEquals(await addCase(folder, example), `${folder}/3c-lost.json`);
  assertEquals(await addCase(folder, other), `${folder}/3c-lost-2.json`);
  assertEquals(await addCase(folder, other), `${folder}/3c-lost-2.json`);
  assertEquals(await casesIn(folder), [
    `${folder}/3c-lost-2.json`,
    `${folder}/3c-lost.json`,
  ]);
  const links = tempDir();
  await Deno.symlink(`${folder}/3c-lost.json`, `${links}/case.json`);
  assertEquals(await casesIn(links), [`${links}/case.json`]);
});

Deno.test("of a case for which there's no room, no part stays", async () => {
  const folder = tempDir();
  const { writeTextFile } = Deno;
  Deno.writeTextFile = async (path) => {
    await writeTextFile(path, "{");
    throw new Error("no room");
  };
  try {
    await assertRejects(() => addCase(folder, example), Error, "no room");
  } finally {
    Deno.writeTextFile = writeTextFile;
  }
  assertEquals(await casesIn(folder), []);
});

Deno.test("a schedule that isn't kept can't be repeated, and no command says that it can", () => {
  const { schedule: _, ...without } = example;
  const failing = {
    ...{ workload: "broadcast", name: "lost", faults: [], count: 1 },
    size: { nodes: 2, ops: 2, faults: 1 },
    record: {} as RunRecord,
  };
  const told = (file: CaseFile, path?: string) => {
    const failure = {
      ...failing,
      case: file,
      ...path !== undefined && { path },
    };
    const { command } =
      (jsonOf(failure) as { failure: { command?: string } }).failure;
    const lines = linesOf(failure, 80).map((line) =>
      line.map(([part]) => part)
    );
    return [lines.map((parts) => parts.join("")).join("\n"), command] as const;
  };
  const [words, command] = told(example);
  assertStringIncludes(words, "again: it takes a file of its schedule");
  assertEquals(command, undefined);
  assertStringIncludes(told(example, "case.json")[0], "--replay case.json");
  assertStringIncludes(told(without)[0], "again: deno task run broadcast");
});

const { ops, faults, fates } = example.schedule!;
const [op] = ops;
const [fault] = faults;
const [fate] = fates!;

for (
  const [what, file, complaint] of [
    ["no JSON", "{", "it isn't JSON"],
    ["a list", "[]", "it isn't a JSON object"],
    ["no options", {}, "it has no options"],
    ["no workload", { options: {} }, "it has no workload"],
    [
      "a workload of none",
      { options: { workload: "nope" } },
      'workload "nope"',
    ],
    [
      "an option of none",
      { options: { workload: "echo", nodes: 3 } },
      "There is no option",
    ],
    ["args of numbers", { args: [1] }, "args aren't a list of texts"],
    ["a bin of none", { bin: 7 }, "bin isn't a text"],
    ["a schedule of none", { schedule: 7 }, "its schedule isn't an object"],
    ["no ops", { schedule: {} }, "the ops of its schedule aren't a list"],
    ["an op of none", { schedule: { ops: [7] } }, "7 isn't an object"],
    ...[
      [{ atMs: "soon" }, "has no time, atMs"],
      [{ atMs: 1e21 }, "has no time, atMs"],
      [{ client: -1 }, "has no client"],
      [{ f: "write" }, "has no f of broadcast, read"],
      [{ value: undefined }, "has a value that isn't"],
    ].map(([change, complaint]) => [
      `an operation with ${JSON.stringify(change)}`,
      { schedule: { ops: [{ ...op, ...change as object }] } },
      complaint,
    ]),
    ...[
      [{ kind: "flood" }, "has no kind of partition, kill"],
      [{ fromMs: null }, "has no time, fromMs"],
      [{ toMs: "later" }, "has a toMs that is no time"],
      [{ nodes: ["n9"] }, "has no list of the run's nodes"],
      [{ kind: "partition" }, "has no cuts between the run's nodes"],
      [{ kind: "partition", cuts: { n0: ["n9"] } }, "has no cuts"],
      [{ kind: "packet" }, "has no delayMs"],
      [{ kind: "clock", changes: { n0: { jumpMs: 1 } } }, "has no changes"],
    ].map(([change, complaint]) => [
      `a fault with ${JSON.stringify(change)}`,
      { schedule: { ops, faults: [{ ...fault, ...change as object }] } },
      complaint,
    ]),
    ...[
      [{ src: "c1" }, "has no src and dest of the run's nodes"],
      [{ number: 0 }, "has no number from 1 on"],
      [{ sinceMs: -1 }, "has no time, sinceMs"],
      [{ holdUpsMs: 3 }, "has no list of times, holdUpsMs"],
    ].map(([change, complaint]) => [
      `a fate with ${JSON.stringify(change)}`,
      { schedule: { ops, faults, fates: [{ ...fate, ...change as object }] } },
      complaint,
    ]),
    ...[
      ["lin-kv", "read", null, "[key, null]"],
      ["lin-kv", "read", [1, 2], "[key, null]"],
      ["lin-kv", "write", [1], "[key, value]"],
      ["lin-kv", "cas", [1, 2], "[key, [from, to]]"],
      ["kafka", "send", [], '[["send", key, message]]'],
      ["kafka", "send", [["poll"]], '[["send", key, message]]'],
      ["kafka", "assign", null, "a list"],
    ].map(([workload, f, value, wanted]) => [
      `a ${f} of ${workload} with ${JSON.stringify(value)}`,
      {
        options: { workload, concurrency: "2n" },
        schedule: { ops: [{ ...op, f, value }] },
      },
      `has a value that isn't ${wanted}`,
    ]),
  ] as [string, string | object, string][]
) {
  Deno.test(`a file with ${what} is no case`, async () => {
    const path = await fileWith(
      typeof file === "string" ? file : JSON.stringify(
        "options" in file || Object.keys(file).length === 0
          ? file
          : { options: example.options, ...file },
      ),
    );
    const error = await assertRejects(() => readCase(path), BadOption);
    assertStringIncludes(error.message, complaint);
    assertStringIncludes(error.message, path);
  });
}

Deno.test("a file that isn't there is none", async () => {
  await assertRejects(
    () => readCase("no/such/case.json"),
    BadOption,
    "no/such/case.json can't be read: it doesn't exist.",
  );
});
