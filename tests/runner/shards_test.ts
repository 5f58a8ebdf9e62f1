/**
 * Parts of many runs, on many machines, and what they are together.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { seedAt } from "../../lib/report/seeds.ts";
import { merge } from "../../lib/runner/merge.ts";
import {
  ofShard,
  parseShard,
  seedsOfShard,
  shardOf,
} from "../../lib/runner/shards.ts";
import { BadOption } from "../../lib/workbench/mod.ts";
import { root, run } from "../cli.ts";
import { tempDir } from "../temp.ts";

Deno.test("a part is said as Playwright, Vitest and Jest say it", () => {
  assertEquals(parseShard("3/16"), { index: 3, count: 16 });
  assertEquals(parseShard("1/1"), { index: 1, count: 1 });
  for (
    const [text, problem] of [
      ["0/16", "counted from 1; to an index that begins at 0, such as JOB_"],
      ["17/16", "there is no part 17 of 16"],
      ["1/0", "there is no part 1 of 0"],
      ["1/10001", "there can be 10000 parts at most"],
      ["3", "it's the part's number and how many there are"],
      ["3/16/2", "it's the part's number"],
      ["-1/3", "it's the part's number"],
      ["1.5/3", "it's the part's number"],
      ["/", "it's the part's number"],
    ] as const
  ) {
    const { message } = assertThrows(() => parseShard(text), BadOption);
    assertStringIncludes(
      message,
      `--shard must be such as 3/16, and not "${text}": `,
    );
    assertStringIncludes(message, problem);
  }
});

Deno.test("each run belongs to one part, and parts are equal", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
      (count, lengths) => {
        const all = lengths.flatMap((length, run) =>
          Array.from({ length }, (_, i) => `${run}/${100 + i}`)
        );
        const sizes = new Set<number>();
        const found: string[] = [];
        for (let index = 1; index <= count; index++) {
          let before = 0;
          const part = lengths.flatMap((length, run) => {
            const seeds = seedsOfShard(
              { first: 100, length },
              { index, count },
              before,
            );
            before += length;
            return Array.from(
              { length: seeds.length },
              (_, i) => `${run}/${seedAt(seeds, i)}`,
            );
          });
          assertEquals(part, [...ofShard(all, { index, count })]);
          for (const each of part) {
            assertEquals(shardOf(all.indexOf(each), count), index);
          }
          sizes.add(part.length);
          found.push(...part);
        }
        assertEquals(found.toSorted(), all.toSorted());
        assert(Math.max(...sizes) - Math.min(...sizes) <= 1);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("a list without an end has parts, too", () => {
  function* numbers() {
    for (let i = 0;; i++) yield i;
  }
  assertEquals(
    ofShard(numbers(), { index: 2, count: 3 }).take(3).toArray(),
    [1, 4, 7],
  );
});

Deno.test("each machine of the README's has a part of its own", async () => {
  const readme = await Deno.readTextFile(`${root}README.md`);
  const arrays = [
    ["JOB_COMPLETION_INDEX", 0],
    ["SLURM_ARRAY_TASK_ID", 1],
  ] as const;
  for (const [name, first] of arrays) {
    const [, part] =
      new RegExp(`--shard (.*${name}.*?)(?: \\\\)?$`, "m").exec(readme) ?? [];
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        `for ${name} in ${
          Array.from({ length: 16 }, (_, i) => first + i).join(" ")
        }; do echo ${part}; done`,
      ],
      env: { SLURM_ARRAY_TASK_COUNT: "16" },
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout).trim().split("\n").map(parseShard),
      Array.from({ length: 16 }, (_, i) => ({ index: i + 1, count: 16 })),
    );
  }
});

const count = 16;

// More parts than runs: two of them are empty.
const runs = "3a 3c --time-limit 3 --seeds 5..11".split(" ");

const naive = ["--", "--strategy", "flood"];

/** Without what depends on the time, or on where a run is kept. */
function timeless(text: string): string {
  return text.replaceAll(/ +\d+\.\d s\b/g, "")
    .replaceAll(/^ {4}more: .*$/gm, "    more:")
    .replaceAll(/href="[^"]*"/g, "href")
    .replaceAll(/"wall-ms": \d+/g, '"wall-ms": 0')
    .replaceAll(/"folder": ".*"/g, '"folder": ""');
}

/** Judges all parts, each in a process and a store of its own. */
async function judgeParts(folder: string): Promise<string[]> {
  const parts = Array.from({ length: count }, (_, i) => i + 1);
  const left = parts.values();
  const work = async () => {
    for (const part of left) {
      const { code, stderr, stdout } = await run(
        ...[...runs, "--no-page", "--jobs=1", "--shard", `${part}/${count}`],
        ...["--store", `${folder}/results-${part}`, ...naive],
      );
      if (part <= 14) assertEquals([stderr, code > 1], ["", false], stdout);
      else {
        assertEquals([stdout, code], ["", 0]);
        assertMatch(
          stderr,
          /^Part 1[56]\/16 has nothing to judge, which is valid: /,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return parts.map((part) => `${folder}/results-${part}`);
}

Deno.test("sixteen parts, each a process, are merged to what the whole prints, to the byte", async (t) => {
  const folder = tempDir();
  const parts = await judgeParts(folder);
  const store = `${folder}/store`;

  await t.step(
    "for people, with the runs that failed in one store",
    async () => {
      const whole = await run(...runs, "--store", store, ...naive);
      const page = await Deno.readTextFile(`${store}/seeds.html`);
      assertMatch(whole.stdout, /^✓ {2}3a {2}broadcast {2}7 of 7 seeds/);
      assertMatch(whole.stdout, /^✗ {2}3c {2}broadcast {2}0 of 7 seeds/m);
      const merged = await run("merge", ...parts, "--store", store);
      assertEquals(timeless(merged.stdout), timeless(whole.stdout));
      assertEquals([merged.code, merged.stderr], [1, ""]);
      assertEquals(whole.code, 1);
      assertEquals(
        timeless(await Deno.readTextFile(`${store}/seeds.html`)),
        timeless(page),
      );
      for (const [, path] of page.matchAll(/href="(3c[^"]*)"/g)) {
        await Deno.stat(`${store}/${path}`);
      }
      const [, kept = ""] = /more: {2}(\S+)/.exec(merged.stdout) ?? [];
      const record = await Deno.readTextFile(`${kept}/record.json`);
      assertEquals(JSON.parse(record).seed, 5);
      const stored = () =>
        Array.from(Deno.readDirSync(`${store}/3c`)).filter((each) =>
          each.isDirectory
        ).length;
      assertEquals(stored(), 14);
      // What is there isn't copied again.
      const again = await run("merge", ...parts, "--store", store);
      assertEquals([again.stdout, stored()], [merged.stdout, 14]);
    },
  );

  await t.step("for programs", async () => {
    const whole = await run(
      ...runs,
      "--no-page",
      "--json",
      "--store",
      store,
      ...naive,
    );
    const merged = await run("merge", ...parts, "--json", "--store", store);
    assertEquals(timeless(merged.stdout), timeless(whole.stdout));
    assertEquals(JSON.parse(merged.stdout).length, 14);
    assertEquals([merged.code, merged.stderr], [1, ""]);
  });

  const refused = async (...folders: string[]) =>
    (await assertRejects(
      () => merge(folders, { store, json: false, page: true }),
      BadOption,
    )).message;

  /** Makes a part that isn't as it was. */
  const changed = async (edit: (text: string) => string) => {
    const other = tempDir();
    await Deno.writeTextFile(
      `${other}/shard-2-of-16.jsonl`,
      edit(await Deno.readTextFile(`${parts[1]}/shard-2-of-16.jsonl`)),
    );
    return { path: `${other}/shard-2-of-16.jsonl`, folder: other };
  };

  await t.step("a part that is missing, or there twice", async () => {
    assertEquals(await refused(...parts.slice(1)), "Part 1 of 16 is missing.");
    assertEquals(
      await refused(parts[0]!, parts[2]!, parts[8]!),
      "Parts 2, 4..8, 10..16 of 16 are missing.",
    );
    const { folder, path } = await changed((text) => text);
    assertEquals(
      await refused(...parts, folder),
      `Part 2/16 is there twice: as ${
        parts[1]
      }/shard-2-of-16.jsonl and as ${path}. Leave out one of them.`,
    );
    // Not if it's just said twice.
    assertEquals(
      await refused(...parts.slice(1), ...parts.slice(1)),
      "Part 1 of 16 is missing.",
    );
  });

  await t.step("parts of different wholes", async () => {
    for (
      const [from, to, words] of [
        ['"version":"', '"version":"9', /: version \d.* is not version 9/],
        ['"shard":"2/16"', '"shard":"2/8"', /a part of 16 is not a part of 8/],
        [
          '"length":7',
          '"length":9',
          /3a with seeds 5..11 is not 3a with seeds 5..13/,
        ],
        [
          '"id":"3c"',
          '"id":"3d"',
          /the list of runs 3a, 3c is not the list of runs 3a, 3d/,
        ],
        [
          '["--strategy","flood"]',
          "[]",
          /^.* deno task run 3a .*flood is not deno task run 3a --time-limit 3\.$/,
        ],
        [
          '"time-limit":3',
          '"time-limit":4',
          /their options differ|--time-limit 4/,
        ],
      ] as const
    ) {
      const { folder } = await changed((text) => text.replaceAll(from, to));
      const message = await refused(parts[0]!, folder, ...parts.slice(2));
      assertStringIncludes(message, "aren't parts of one whole: ");
      assertMatch(message, words);
    }
  });

  await t.step("results that can't be read", async () => {
    const others = [parts[0]!, ...parts.slice(2)];
    for (
      const [edit, words] of [
        [(text: string) => text.slice(0, -9), /line 2 isn't JSON/],
        [
          (text: string) => text.split("\n")[0] + "\n",
          /Part 2\/16 is incomplete: .* has 0 of its 1 runs\. Judge that part once more\./,
        ],
        [
          (text: string) => text.replace('"place":1,', '"place":2,'),
          /line 2 isn't its next run/,
        ],
        [
          (text: string) =>
            text.replace('"place":1,', '"place":1,"folder":"../etc",'),
          /line 2 isn't its next run/,
        ],
        [
          (text: string) =>
            text.replace(/"latencyBars":"/, '"latencyBars":1,"x":"'),
          /line 2 isn't its next run/,
        ],
        [
          (text: string) => text.replace('"results":', '"x":'),
          /line 2 isn't its next run/,
        ],
        [
          (text: string) => `${text.split("\n")[0]}\nnull\n`,
          /line 2 isn't its next run/,
        ],
        [() => "", /doesn't begin as the results of a part do/],
        [() => "[1]\n", /doesn't begin as the results of a part do/],
        [() => "null\n", /doesn't begin as the results of a part do/],
        ...[
          [/"words":\[.*?\]/g, '"words":null'],
          [/"replay":/g, '"x":'],
          [/"seeds":/g, '"x":'],
          [/"jobs":\[.*\]/, '"jobs":[]'],
        ].map(([from, to]) =>
          [
            (text: string) => text.replace(from as RegExp, to as string),
            /doesn't begin as the results of a part do/,
          ] as const
        ),
        [() => "PK\u0003\u0004", /line 1 isn't JSON/],
      ] as const
    ) {
      const { folder } = await changed(edit);
      assertMatch(await refused(folder, ...others), words);
    }
  });

  await t.step("results that are links", async () => {
    const links = tempDir();
    for (const [i, part] of parts.entries()) {
      const name = `shard-${i + 1}-of-16.jsonl`;
      if (i > 0) await Deno.symlink(`${part}/${name}`, `${links}/${name}`);
    }
    assertEquals(await refused(links), "Part 1 of 16 is missing.");
  });

  await t.step("folders without results", async () => {
    assertMatch(
      await refused(),
      /^merge needs a FOLDER for each part: the --store of its run\.$/,
    );
    assertMatch(
      await refused(`${folder}/nowhere`),
      /nowhere can't be read: /,
    );
    assertMatch(
      await refused(folder),
      /has no results of a part, such as .* There are some in .*\/results-\d+: name each such folder, as in .*\/\*\.$/,
    );
    assertMatch(
      await refused(`${store}/3c`),
      /has no results of a part, .* to the folder of its --store\.$/,
    );
  });
});

Deno.test("the parts of fuzz are merged to what the whole finds, to the byte", async () => {
  const folder = tempDir();
  // Without a disk, what is killed forgets.
  const search = "fuzz 3c --nemesis kill --node-count 1 --runs 6 --no-page"
    .split(" ");
  const inStore = (
    name: string,
  ) => ["--jobs=1", "--store", `${folder}/${name}`];
  const [whole, ...parts] = await Promise.all([
    run(...search, ...inStore("whole")),
    run(...search, "--shard", "1/2", ...inStore("1")),
    run(...search, "--shard", "2/2", ...inStore("2")),
  ]);
  assertEquals(whole.code, 1);
  const stores = [`${folder}/1`, `${folder}/2`];
  const merged = await run("merge", ...stores, "--store", `${folder}/whole`);
  const nowhere = (text: string) =>
    text.replaceAll(/\d{8}T[\d.]+Z(-\d+)?/g, "").replaceAll(/ in \d+ s/g, "");
  assertEquals(nowhere(merged.stdout), nowhere(whole.stdout));
  assertEquals([merged.code, merged.stderr], [1, ""]);
  assertMatch(merged.stdout, /found in run 2, and \d more|found in run 2$/m);
  assert(parts.every(({ stdout }) => stdout !== whole.stdout));
  const [, path = ""] = /--replay (\S+)/.exec(merged.stdout) ?? [];
  assertEquals(JSON.parse(await Deno.readTextFile(path)).id, "3c");

  const refused = async (...folders: string[]) =>
    (await assertRejects(
      () => merge(folders, { store: folder, json: false, page: false }),
      BadOption,
    )).message;
  assertEquals(await refused(`${folder}/1`), "Part 2 of 2 is missing.");
  const second = `${folder}/2/fuzz-shard-2-of-2.json`;
  const text = await Deno.readTextFile(second);
  for (
    const [changed, words] of [
      [text.replace("--runs 6", "--runs 7"), /--runs 6 is not fuzz .*--runs 7/],
      [text.slice(0, 99), /can't be read: it isn't JSON/],
      ["null", /isn't the results of a part/],
      [text.replace('"case"', '"x"'), /isn't the results of a part/],
      [text.replace('"known"', '"x"'), /isn't the results of a part/],
      [text.replace('"runs"', '"x"'), /isn't the results of a part/],
      [text.replaceAll('"faults": [', '"x": ['), /isn't the results of a part/],
    ] as const
  ) {
    await Deno.writeTextFile(second, changed);
    assertMatch(await refused(...stores), words);
  }
  await Deno.writeTextFile(`${folder}/1/shard-1-of-2.jsonl`, "");
  assertMatch(await refused(...stores), /merge one or the other\.$/);
});
