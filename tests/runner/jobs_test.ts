/**
 * The number of runs side by side: as many as a machine has room for.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { officialRuns, runs } from "../../challenges/runs.ts";
import { maxJobs, roomFor } from "../../lib/runner/jobs.ts";
import type { Judge } from "../../lib/runner/worker.ts";
import { cases } from "../workbench/helpers.ts";

const machine = (cores: number, gigabytes?: number) => ({
  cores,
  availableBytes: gigabytes === undefined ? undefined : gigabytes * 1e9,
});

const overPipes: Judge = {
  engine: "stdio",
  command: { bin: "./node", args: [] },
};

/** The room for an official run over pipes. */
function room(id: string, ...of: Parameters<typeof machine>): number {
  const { workload, options } = runs.find((run) => run.id === id)!;
  return roomFor({
    by: overPipes,
    options: { workload, ...options },
  }, machine(...of));
}

Deno.test("under virtual time there is a run for each core", () => {
  for (const cores of [1, 2, 64]) {
    const by = { engine: "sim", script: "echo" } as const;
    assertEquals(
      roomFor({ by, options: { workload: "echo" } }, machine(cores, 1)),
      cores,
    );
  }
});

Deno.test("over pipes the number of nodes counts, and what they have to do", () => {
  assertEquals(["1", "3b", "3d"].map((id) => room(id, 2)), [32, 6, 1]);
  assertEquals(["1", "3b", "3d"].map((id) => room(id, 8)), [128, 25, 5]);
  // A thousand operations a second keep as many nodes busy.
  assertEquals(["2", "5b", "6c"].map((id) => room(id, 2)), [2, 3, 3]);
});

Deno.test("half of the memory that is left is enough for all", () => {
  assertEquals([1, 2, 8].map((gigabytes) => room("3b", 8, gigabytes)), [
    1,
    1,
    5,
  ]);
});

Deno.test("there is always room for one, and never for more than can be asked for", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1024 }),
      fc.double({ min: 0, max: 4096, noNaN: true }),
      fc.constantFrom(...officialRuns.map(({ id }) => id)),
      (cores, gigabytes, id) => {
        const count = room(id, cores, gigabytes);
        assert(Number.isInteger(count) && count >= 1 && count <= maxJobs);
        assert(room(id, cores + 1, gigabytes) >= count);
      },
    ),
    cases(),
  );
  const idle = { workload: "echo", rate: 0 };
  assertEquals(roomFor({ by: overPipes, options: idle }, machine(4)), 12);
});
