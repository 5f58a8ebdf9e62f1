import { assert, assertEquals, assertMatch } from "@std/assert";
import { type App, ErrorCode, KV, RPCError } from "../../../lib/mod.ts";
import { judge, type Options } from "../../../lib/workbench/mod.ts";
import { tally } from "../helpers.ts";
import { gossip } from "./gossip_counter.ts";

const small: Options = {
  workload: "pn-counter",
  "node-count": 3,
  rate: 60,
  "time-limit": 5,
};

/**
 * All nodes add to one key of seq-kv.
 *
 * @param careful whether a read writes something first: whoever writes to
 * seq-kv sees the newest state from then on.
 */
function onSeqKV(careful: boolean): App {
  return (node) => {
    const kv = new KV<number>(node, "seq-kv");
    let reads = 0;
    node.on("add", async ({ body }) => {
      await kv.update("sum", (sum = 0) => sum + body.delta);
      return { type: "add_ok" };
    });
    node.on("read", async () => {
      if (careful) await kv.write(`${node.id} reads`, ++reads);
      return { type: "read_ok", value: await kv.readOr("sum", 0) };
    });
  };
}

Deno.test("gossip counts right, partitions or not", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { results, reason, history } = await judge(gossip(), {
      ...small,
      latency: 10,
      nemesis: "partition",
      "nemesis-interval": 2,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
    const sum = history
      .filter(({ type, f }) => type === "ok" && f === "add")
      .reduce((sum, { value }) => sum + (value as number), 0);
    assertEquals(results.workload.acceptable, [[sum, sum]]);
    assertEquals(results.workload["final-reads"], [sum, sum, sum]);
  }
});

Deno.test("a counter on seq-kv is right if it writes before it reads", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { results, reason } = await judge(onSeqKV(true), { ...small, seed });
    assertEquals(results["valid?"], true, reason);
  }
});

Deno.test("a counter that just reads seq-kv is caught", async () => {
  const { results, reason } = await judge(onSeqKV(false), small);
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /final reads are wrong: process \d read -?\d+/);
  assertMatch(
    reason!,
    /\n(n\d) reads seq-kv, which may show \1 the past until \1 changes something there\.$/,
  );
});

Deno.test("seq-kv isn't blamed where it showed the present", async () => {
  const { results, reason } = await judge((node) => {
    const kv = new KV<number>(node, "seq-kv");
    node.on("add", async ({ body }) => {
      await kv.write("sum", await kv.readOr("sum", 0) + body.delta);
      return { type: "add_ok" };
    });
    node.on("read", async () => ({
      type: "read_ok",
      value: await kv.readOr("sum", 0),
    }));
  }, { ...small, "node-count": 1, concurrency: "4n", latency: 100 });
  assertEquals(results["valid?"], false);
  assertMatch(reason!, /: \d+ too (much|little)$/);
});

Deno.test("an add that isn't counted is caught", async () => {
  const { results, reason } = await judge(
    gossip((delta, add) => add === 7 ? 0 : delta),
    small,
  );
  assertEquals(results["valid?"], false);
  assertMatch(
    reason!,
    /^3 of 3 final reads are wrong: process \d read -?\d+ \(operation \d+\), but all adds together make -?\d+: \d+ too (much|little)$/,
  );
});

Deno.test("an add that is counted twice is caught", async () => {
  const { results } = await judge(
    gossip((delta, add) => add === 7 ? 2 * delta : delta),
    small,
  );
  assertEquals(results["valid?"], false);
  assertEquals((results.workload.errors as unknown[]).length, 3);
});

Deno.test("an add that fails may count or not, whatever the error says", async () => {
  for (const counts of [true, false]) {
    const { results, reason, history } = await judge((node) => {
      let total = 0;
      let adds = 0;
      node.on("add", ({ body }) => {
        const refused = ++adds % 10 === 0;
        if (!refused || counts) total += body.delta;
        if (refused) throw new RPCError(ErrorCode.abort, "not now");
        return { type: "add_ok" };
      });
      node.on("read", () => ({ type: "read_ok", value: total }));
    }, { ...small, "node-count": 1 });
    assertEquals(results["valid?"], true, reason);
    const refused = history.filter(({ error }) => error !== undefined);
    assert(refused.length > 5);
    for (const { type, error } of refused) {
      assertEquals([type, error], ["info", "indeterminate: not now"]);
    }
  }
});

Deno.test("half the operations are adds, of -5 to 4 alike", async () => {
  const { history } = await judge(gossip(), { ...small, rate: 1000 });
  const begun = history.filter(({ type }) => type === "invoke");
  const adds = begun.filter(({ f }) => f === "add");
  assert(Math.abs(adds.length / begun.length - 1 / 2) < 0.05);
  const deltas = tally(adds.map(({ value }) => value as number));
  assertEquals(
    [...deltas.keys()].sort((a, b) => a - b),
    [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4],
  );
  for (const count of deltas.values()) {
    assert(Math.abs(count / adds.length - 1 / 10) < 0.03);
  }
});

Deno.test("every client reads once more at the end", async () => {
  const { history } = await judge(gossip(), { ...small, concurrency: "2n" });
  const final = history.filter((op) => op["final?"] && op.type === "ok");
  assertEquals(new Set(final.map(({ process }) => process)).size, 6);
  assertEquals(final.length, 6);
});
