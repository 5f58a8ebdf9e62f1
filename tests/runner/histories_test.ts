/**
 * The histories that the checkers are measured with have to be like those of
 * real runs, and valid.
 */
import { assert, assertEquals } from "@std/assert";
import { testOf, validHistory } from "../../lib/runner/histories.ts";
import type { Op, Process } from "../../lib/workbench/load/history.ts";
import { checkHistory } from "../../lib/workbench/verdict.ts";
import { workloads } from "../../lib/workbench/workloads/mod.ts";

const count = 2000;

for (const workload of Object.keys(workloads)) {
  Deno.test(`a generated history of ${workload} is well-formed and valid`, async () => {
    const history = await validHistory(workload, count);
    assertWellFormed(history, testOf(workload).concurrency);
    const found = checkHistory(history, testOf(workload));
    assertEquals(found.reason, undefined);
    assertEquals(found["valid?"], true);
  });
}

Deno.test("generated histories are the same each time", async () => {
  assertEquals(
    await validHistory("kafka", 200),
    await validHistory("kafka", 200),
  );
});

Deno.test("keys of generated histories make room for others", async () => {
  for (const workload of ["kafka", "txn-list-append", "txn-rw-register"]) {
    const writes = new Map<unknown, number>();
    for (const { type, f, value } of await validHistory(workload, count)) {
      if (type !== "ok" || f === "assign") continue;
      for (const [kind, key] of value as [kind: string, key: unknown][]) {
        if (kind === "r" || kind === "poll") continue;
        writes.set(key, (writes.get(key) ?? 0) + 1);
      }
    }
    assertEquals(Math.max(...writes.values()), 16, workload);
    assert(writes.size > 50, `${workload}: ${writes.size} keys`);
  }
});

// It takes seconds; how times grow is for `deno task bench` to tell.
Deno.test("20,000 operations of each workload are checked", async () => {
  for (const workload of Object.keys(workloads)) {
    const history = await validHistory(workload, 20_000);
    const found = checkHistory(history, testOf(workload));
    assertEquals(found["valid?"], true, workload);
  }
});

/** Each of so many operations begins once and ends once, in good order. */
function assertWellFormed(history: Op[], concurrency: number): void {
  const open = new Map<Process, Op>();
  const threads = new Set<Process>();
  let began = 0;
  let mostOpen = 0;
  for (const [i, op] of history.entries()) {
    assertEquals(op.index, i);
    assert(Number.isSafeInteger(op.time) && op.time >= 0);
    assert(i === 0 || op.time >= history[i - 1]!.time, "time goes on");
    assert(typeof op.process === "number" && op.process >= 0);
    threads.add(op.process % concurrency);
    const invocation = open.get(op.process);
    if (op.type === "invoke") {
      began++;
      assertEquals(invocation, undefined, "one at a time");
      open.set(op.process, op);
      mostOpen = Math.max(mostOpen, open.size);
    } else {
      assertEquals(op.f, invocation?.f);
      open.delete(op.process);
    }
  }
  assertEquals(open.size, 0);
  assertEquals([began, history.length], [count, 2 * count]);
  assertEquals([threads.size, mostOpen], [concurrency, concurrency]);
}
