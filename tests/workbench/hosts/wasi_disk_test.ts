/**
 * The file system of a module: it survives the module, and loses what its faults
 * let it lose.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { judge, type Options } from "../../../lib/workbench/mod.ts";

const keeper = await WebAssembly.compile(
  Deno.readFileSync(
    new URL("../../fixtures/wasm/keeper.wasm", import.meta.url),
  ),
);

/** For each of a node's lives, what it began with and what it kept. */
async function lives(how: string, options: Partial<Options> = {}) {
  const { results, reason, logs } = await judge(
    { wasm: keeper, args: [how] },
    {
      workload: "echo",
      "node-count": 1,
      "time-limit": 60,
      rate: 20,
      nemesis: "kill",
      "nemesis-interval": 3,
      ...options,
    },
  );
  const found: { began: number; kept: number; full: boolean }[] = [];
  for (const { text } of logs.get("n0")!) {
    const [, word, number] = /^(begins with|kept) (\d+)$/.exec(text) ?? [];
    if (word === "begins with") {
      found.push({ began: Number(number), kept: Number(number), full: false });
    } else if (word === "kept") found.at(-1)!.kept = Number(number);
    else found.at(-1)!.full = /^write: No space left/.test(text);
  }
  assert(found.length > 3, "it was killed again and again");
  assert(found[0]!.kept > 0);
  return { found, results, reason };
}

Deno.test("what a module wrote is there when it's started anew", async () => {
  for (const how of ["syncs", "trusts"]) {
    const { found, results, reason } = await lives(how);
    assertEquals(results["valid?"], true, reason);
    for (const [i, { began }] of found.entries()) {
      assert(began >= (found[i - 1]?.kept ?? 0), `${how}: life ${i}`);
    }
    const { "sync-count": syncs } = results.nodes;
    assertEquals(syncs !== undefined, how === "syncs");
  }
});

Deno.test("without its cache the system has what was synced, and no more", async () => {
  const lazyfs = "clear-cache";
  const { found } = await lives("syncs", { lazyfs });
  for (const [i, { began }] of found.entries()) {
    assert(began >= (found[i - 1]?.kept ?? 0), `life ${i}`);
  }
  const trusting = await lives("trusts", { lazyfs });
  for (const { began } of trusting.found) assertEquals(began, 0);
});

Deno.test("the last write of what wasn't synced may be torn", async () => {
  const { found } = await lives("trusts", { lazyfs: "torn-op" });
  const torn = found.filter(({ began }, i) =>
    began < (found[i - 1]?.kept ?? 0)
  );
  // A write of one byte is there or isn't.
  assert(torn.length > 0);
  for (const [i, { began }] of found.entries()) {
    assert(began >= (found[i - 1]?.kept ?? 0) - 1);
  }
});

Deno.test("on a full disk a write fails, and the module hears of it", async () => {
  const { found, results } = await lives("syncs", { "disk-size": 100 });
  assertEquals(found.at(-1)!.kept, 100);
  assert(found.some(({ full }) => full));
  assert(results.stats["info-count"] > 0);
});
