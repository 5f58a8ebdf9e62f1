/**
 * The README's figures: those of today are right, and one that isn't is found,
 * named and replaced.
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Table, tables } from "../../challenges/figures.ts";
import { runs } from "../../challenges/runs.ts";
import { figures, upToDate } from "../../lib/runner/figures.ts";
import type { RunRecord } from "../../lib/report/record.ts";
import { resolve } from "../../lib/workbench/test.ts";
import { run } from "../cli.ts";
import { some } from "../some.ts";
import { tempDir } from "../temp.ts";

Deno.test("the README shows what the runs come to", async () => {
  const { code, stdout } = await run("figures", "--check");
  assertEquals([code, stdout], [
    0,
    "The README's figures are up to date.\n",
  ]);
});

Deno.test("every row is of an official run, with options that can be", () => {
  const labels = new Set<string>();
  for (const { name, rows } of tables) {
    for (const row of rows) {
      assertEquals(labels.has(`${name}: ${row.label}`), false, row.label);
      labels.add(`${name}: ${row.label}`);
      const id = "run" in row ? row.run : "limitsOf" in row && row.limitsOf;
      if (!id) continue;
      const { workload, options } = runs.find((each) => each.id === id)!;
      resolve({ workload, ...options, ...("run" in row && row.options) });
    }
  }
});

const small: Table = {
  name: "small",
  columns: ["verdict", "lost", "msgs/op", "median"],
  rows: [
    { label: "flood", run: "3c", args: ["--strategy", "flood"] },
    { label: "hub", run: "3b", options: { rate: 5 }, seeds: 3 },
    { label: "demanded", limitsOf: "3d" },
    {
      label: "published",
      published: {
        who: "somebody",
        url: "https://example.com/broadcast",
        figures: { "msgs/op": "1.5" },
      },
    },
  ],
};

/** A text that has a place for the table. */
const place = (text = "", rest = "") =>
  `# Title\n\n<!-- figures small -->${text}<!-- /figures -->\n${rest}`;

const filled = (await upToDate(place(), [small])).after;

Deno.test("a table has a row for each run, limit and publication, and is as deno fmt writes it", async () => {
  assertEquals(
    filled,
    place(`

|                       | \`deno task run\`            | verdict | lost |            msgs/op |   median |
| --------------------- | -------------------------- | ------- | ---: | -----------------: | -------: |
| flood                 | \`3c -- --strategy flood\`   | invalid |   42 |               2.36 |     0 ms |
| hub                   | \`3b --rate 5 --seeds 1..3\` | 3 of 3  |    0 | 1.92 – 2.17 – 2.18 |     0 ms |
| demanded              |                            |         |      |               < 30 | < 400 ms |
| published: [somebody] |                            |         |      |                1.5 |          |

[somebody]: https://example.com/broadcast

`),
  );
  const file = `${tempDir()}/figures.md`;
  await Deno.writeTextFile(file, filled);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--check", "--no-config", file],
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
});

Deno.test("the command in a row gives its figures", async () => {
  const figures: [command: string, ...figures: string[]][] = [
    ["3c -- --strategy flood", "2.36"],
    ["3b --rate 5 --seeds 1..3", "1.92", "2.17", "2.18"],
  ];
  for (const [command, ...shown] of figures) {
    const { stdout } = await run("--json", ...command.split(" "));
    const records: RunRecord[] = JSON.parse(stdout);
    assertEquals(
      records.map(({ results }) => results.net!.servers["msgs-per-op"]!)
        .toSorted((a, b) => a - b).map((figure) => figure.toFixed(2)),
      shown,
    );
  }
});

Deno.test("what is right stays as it is", async () => {
  assertEquals(await upToDate(filled, [small]), { after: filled, changes: [] });
});

Deno.test("what is wrong is named, line by line, and put right", async () => {
  const wrong = filled.replace("|   42 |", "|   41 |");
  const { after, changes } = await upToDate(wrong, [small]);
  assertEquals(after, filled);
  const [{ place, lines: [old = "", young = "", ...more] }] = some(changes);
  assertEquals([place, more], ["small", []]);
  assertMatch(old, /^- \| flood .* \| {3}41 \|/);
  assertMatch(young, /^\+ \| flood .* \| {3}42 \|/);
});

Deno.test("lines that are only less wide than others now aren't listed", async () => {
  const wrong = filled.replace(/\| flood .*\n/, "");
  const [{ lines }] = some((await upToDate(wrong, [small])).changes);
  assertEquals(lines.length, 1);
});

Deno.test("a number in the text has as many decimals as it's written with", async () => {
  const figure = "<!-- figure small: flood: msgs/op -->";
  // As deno fmt breaks lines.
  const hub = "<!-- figure small:\nhub: msgs/op -->";
  const text = (a: string, b: string, c: string) =>
    `${filled}It takes ${a}${figure}, or ${b}${figure}, instead of ${c}${hub}.`;
  const { after, changes } = await upToDate(text("9", "9.9", "0.00"), [small]);
  assertEquals(after, text("2", "2.4", "2.17"));
  assertEquals(changes[0], {
    place: "small: flood: msgs/op",
    lines: ["- 9", "+ 2"],
  });
});

Deno.test("real time isn't a figure: a line that differs in nothing else stays", async () => {
  const two = runs.filter(({ id }) => id === "3a" || id === "3c");
  const empty = "<!-- deno task run -->\n\n```\n```\n";
  const { after: block } = await upToDate(empty, [], two);
  const slow = block.replaceAll(/\d\.\d s\b/g, "9.9 s");
  const wrong = slow.replace(/(3c .*?)\d+ ops/, "$10 ops");
  const { after, changes } = await upToDate(wrong, [], two);
  const [{ place, lines }] = some(changes);
  const others = (text: string) =>
    text.split("\n").filter((line) => !line.includes("3c"));
  assertEquals(others(after), others(slow));
  assertEquals(place, "deno task run");
  assertMatch(lines.join("\n"), /^- .*3c .* 0 ops.*\n\+ .*3c .* 189 ops.*$/);
});

for (
  const [what, text, complaint] of [
    ["is missing", "# Title\n", /no place for the table small: write <!-- /],
    ["is there twice", place() + place(), /line 6: the table small .* twice/],
    [
      "isn't known",
      place().replace("small", "smal"),
      /line 3: no table is called "smal" \(did you mean small\?\)\. There are: small\./,
    ],
    [
      "has no end",
      "<!-- figures small -->\n",
      /the table small needs a <!-- \/figures --> at its end/,
    ],
    [
      "begins in another",
      `<!-- figures small -->\n${place()}`,
      /line 4: .* is inside the table small/,
    ],
    ["has an end only", "<!-- /figures -->\n", /line 1: .* closes nothing/],
  ] as const
) {
  Deno.test(`a table that ${what} is complained about`, async () => {
    const { message } = await assertRejects(
      () => upToDate(text, [small]),
      Error,
    );
    assertMatch(message, complaint);
  });
}

for (
  const [what, text, complaint] of [
    [
      "names no table",
      "1<!-- figure large: flood: msgs/op -->",
      /line 4: no table is called "large"/,
    ],
    [
      "names no run",
      "1<!-- figure small: floot: msgs/op -->",
      /no run in the table small is called "floot" \(did you mean flood\?\)/,
    ],
    [
      "names no column of numbers",
      "1<!-- figure small: flood: verdict -->",
      /called "verdict".* There are: lost; msgs\/op; median\./,
    ],
    ["names too little", "1<!-- figure small -->", /TABLE: LABEL: COLUMN/],
    [
      "has no number",
      "many <!-- figure small: flood: msgs/op -->",
      /a number must come right before/,
    ],
  ] as const
) {
  Deno.test(`a figure that ${what} is complained about`, async () => {
    const { message } = await assertRejects(
      () => upToDate(place("", text), [small]),
      Error,
    );
    assertMatch(message, complaint);
  });
}

Deno.test("the output of deno task run needs a code block to be in", async () => {
  const { message } = await assertRejects(
    () => upToDate("<!-- deno task run -->\n\nHere.\n", []),
    Error,
  );
  assertMatch(message, /line 1: a code block must follow/);
});

Deno.test("--check changes nothing, and says what would; without it, it's done", async () => {
  const path = `${tempDir()}/README.md`;
  await Deno.writeTextFile(path, place());
  const call = async (check: boolean) => {
    const printed: string[] = [];
    const { log } = console;
    console.log = (line) => printed.push(line);
    try {
      const code = await figures([small], { check, path });
      return { code, text: printed.join("\n") };
    } finally {
      console.log = log;
    }
  };
  const checked = await call(true);
  assertEquals(checked.code, 1);
  assertMatch(checked.text, /^small:\n.*\+ \| flood .*: deno task figures$/s);
  assertEquals(await Deno.readTextFile(path), place());

  assertEquals((await call(false)).code, 0);
  assertEquals(await Deno.readTextFile(path), filled);
  assertEquals((await call(true)).code, 0);
});
