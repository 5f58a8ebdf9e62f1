/**
 * Histories from the real Maelstrom, with the real verdicts: ours must agree
 * with every one. The corpus isn't part of the repository; where it isn't
 * there, this test says so and is left out.
 */
import { assertEquals } from "@std/assert";
import type { KafkaFindings } from "../lib/workbench/checkers/kafka.ts";
import type { Findings } from "../lib/workbench/checkers/validity.ts";
import { checkRecorded } from "../lib/workbench/recorded.ts";
import { workloads } from "../lib/workbench/workloads/mod.ts";

const corpus = new URL("../../shared/golden/", import.meta.url);

for (const { folder, workload, expected } of cases()) {
  Deno.test(`the verdict on ${folder} is Maelstrom's`, async () => {
    const found = await checkRecorded(new URL(folder, corpus).pathname);
    // Null where the real analysis threw as a whole.
    if (expected.stats !== null) assertEquals(found.stats, expected.stats);
    if (expected.availability !== null) {
      assertEquals(
        found.availability["valid?"],
        expected.availability["valid?"],
      );
    }
    // Where the real checker threw, ours says what it finds.
    if (expected.workload["checker-crashed"]) return;
    const findings = condensed[workload]?.(found.workload) ?? found.workload;
    for (const [key, value] of Object.entries(expected.workload)) {
      const comparable = comparables[`${workload} ${key}`] ?? plain;
      assertEquals(
        comparable(findings[key]),
        comparable(value),
        `${workload} ${key}`,
      );
    }
    assertEquals(found["valid?"], expected.valid);
  });
}

/** Parts of which only some is to be the same: see the corpus's README. */
const comparables: { [part: string]: (value: unknown) => unknown } = {
  // Several searches compete there; which operation one gives up at, varies.
  "lin-kv results": (results) =>
    Object.entries(results as { [key: string]: { "valid?": unknown } })
      .map(([key, each]) => [key, each["valid?"]]),
  ...ofTransactions("txn-list-append"),
  ...ofTransactions("txn-rw-register"),
  // Which errors are shown depends on the order of Clojure's maps.
  "kafka error-examples": () => undefined,
};

/** The parts of Elle's findings, of which not all are the same each time. */
function ofTransactions(workload: string): typeof comparables {
  return {
    // Elle gave up looking for more cycles after a second.
    [`${workload} anomaly-types`]: (types) =>
      (types as string[]).filter((type) => type !== "cycle-search-timeout"),
    // So there may be fewer cycles than there could be.
    [`${workload} anomaly-counts`]: (counts) =>
      Object.fromEntries(
        Object.entries(counts as { [type: string]: number })
          .filter(([type]) => !/^G[-02]|^G1c|^cycle-search/.test(type)),
      ),
    // Examples, of which ours are fewer.
    [`${workload} anomaly-ops`]: () => undefined,
    [`${workload} anomaly-keys`]: () => undefined,
  };
}

/** Findings with what the corpus keeps of them in a form of its own. */
const condensed: {
  [workload: string]: (findings: Findings) => Findings;
} = {
  kafka: (findings) => ({
    ...findings,
    "error-counts": Object.fromEntries(
      (findings as KafkaFindings)["error-types"].map((type) => [
        type,
        type === "unseen"
          ? Object.keys((findings as KafkaFindings).unseen!.unseen).length
          : (findings[type] as { count: number }).count,
      ]),
    ),
  }),
};

Deno.test({
  name: "all of the real Maelstrom's histories that are there were judged",
  ignore: cases().length === 0,
  fn() {
    const judged = new Set(cases().map(({ workload }) => workload));
    for (const workload of ["broadcast", "kafka", "unique-ids"]) {
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
    availability: { "valid?": unknown } | null;
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
