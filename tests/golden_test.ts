/**
 * Histories from the real Maelstrom, with the real verdicts: ours must agree
 * with every one. The corpus isn't part of the repository; where it isn't
 * there, this test says so and is left out.
 */
import { assertEquals } from "@std/assert";
import { checkRecorded } from "../lib/workbench/recorded.ts";
import { workloads } from "../lib/workbench/workloads/mod.ts";

const corpus = new URL("../../shared/golden/", import.meta.url);

for (const { folder, workload, expected } of cases()) {
  Deno.test(`the verdict on ${folder} is Maelstrom's`, async () => {
    const found = await checkRecorded(new URL(folder, corpus).pathname);
    assertEquals(found.stats, expected.stats);
    assertEquals(
      found.availability["valid?"],
      expected.availability["valid?"],
    );
    // Where the real checker threw, ours says what it finds.
    if (expected.workload["checker-crashed"]) return;
    for (const [key, value] of Object.entries(expected.workload)) {
      assertEquals(plain(found.workload[key]), value, `${workload} ${key}`);
    }
    assertEquals(found["valid?"], expected.valid);
  });
}

Deno.test({
  name: "all of the real Maelstrom's histories that are there were judged",
  ignore: cases().length === 0,
  fn() {
    const judged = new Set(cases().map(({ workload }) => workload));
    for (const workload of ["broadcast", "unique-ids"]) {
      assertEquals(judged.has(workload), true, `no case of ${workload}`);
    }
  },
});

interface Case {
  folder: string;
  workload: string;
  expected: {
    valid: unknown;
    stats: unknown;
    availability: { "valid?": unknown };
    workload: { [key: string]: unknown };
  };
}

function cases(): Case[] {
  try {
    return [...Deno.readDirSync(corpus)]
      .filter(({ isDirectory }) => isDirectory)
      .map(({ name: folder }) => ({
        folder,
        workload: json(`${folder}/run.json`).workload,
        expected: json(`${folder}/verdict.json`),
      }))
      .filter(({ workload }) => Object.hasOwn(workloads, workload))
      .sort((a, b) => a.folder < b.folder ? -1 : 1);
  } catch {
    return [];
  }
}

function json(path: string) {
  return JSON.parse(Deno.readTextFileSync(new URL(path, corpus)));
}

/** Without exact numbers: the corpus's own verdicts have been through JSON. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
