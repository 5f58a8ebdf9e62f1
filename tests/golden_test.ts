/**
 * Histories from the real Maelstrom, with the real verdicts: ours must agree
 * with every one, of those in `golden/` and of a larger corpus beside the
 * checkout, if there is one.
 */
import { assert, assertEquals } from "@std/assert";
import type { KafkaFindings } from "../lib/workbench/checkers/kafka.ts";
import type { Findings } from "../lib/workbench/checkers/validity.ts";
import { checkRecorded } from "../lib/report/recorded.ts";
import { maelstromHas, workloads } from "../lib/workbench/workloads/mod.ts";

const ours = new URL("golden/", import.meta.url);
const larger = new URL("../../shared/golden/", import.meta.url);

const cases = [...casesIn(ours), ...casesIn(larger)];

for (const { name, path, workload, expected } of distinct(cases)) {
  Deno.test(`the verdict on ${name} is Maelstrom's`, async () => {
    const found = await checkRecorded(path);
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
  // In the order of Clojure's maps.
  "echo errors": (errors) =>
    new Map(
      (errors as [string, string, string, { in_reply_to: unknown }][])
        .map((error) => [`${error[1]} ${error[3].in_reply_to}`, error]),
    ),
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

Deno.test("each workload has a history that is valid and one that isn't", () => {
  const verdicts = casesIn(ours)
    .map(({ workload, expected }) => `${workload} ${expected.valid}`);
  for (const workload of Object.keys(workloads).filter(maelstromHas)) {
    for (const valid of [true, false]) {
      assert(verdicts.includes(`${workload} ${valid}`), `${workload} ${valid}`);
    }
  }
});

interface Case {
  name: string;
  path: string;
  workload: string;
  expected: {
    valid: unknown;
    stats: unknown;
    availability: { "valid?": unknown } | null;
    workload: { [key: string]: unknown };
  };
}

function casesIn(corpus: URL): Case[] {
  return foldersIn(corpus)
    .map((name) => {
      const path = decodeURIComponent(new URL(name, corpus).pathname);
      return {
        name,
        path,
        workload: json(`${path}/run.json`).workload,
        expected: json(`${path}/verdict.json`),
      };
    })
    .filter(({ workload }) => Object.hasOwn(workloads, workload));
}

function foldersIn(corpus: URL): string[] {
  try {
    return [...Deno.readDirSync(corpus)]
      .filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** One of each name. */
function distinct(cases: Case[]): Case[] {
  return [...new Map(cases.map((each) => [each.name, each])).values()];
}

function json(path: string) {
  return JSON.parse(Deno.readTextFileSync(path));
}

/** Without exact numbers: the corpus's own verdicts have been through JSON. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
