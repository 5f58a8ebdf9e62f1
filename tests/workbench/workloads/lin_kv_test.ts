import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type AnyMessages,
  type App,
  ErrorCode,
  type JSONValue,
  type Node,
  RPCError,
} from "../../../lib/mod.ts";
import type { Op } from "../../../lib/workbench/load/history.ts";
import { judge, type Options } from "../../../lib/workbench/mod.ts";
import { BadOption } from "../../../lib/workbench/options.ts";
import { resolve } from "../../../lib/workbench/test.ts";
import { tally } from "../helpers.ts";
import { proxy } from "./kv_proxy.ts";

/** As golden case lin-kv-ok was run. */
const small: Options = {
  workload: "lin-kv",
  "node-count": 1,
  concurrency: "4n",
  rate: 60,
  "time-limit": 5,
};

interface Faults {
  /** Every so many successful cas change nothing. */
  lostCas?: number;
  /** Every so many reads show the value before the newest. */
  staleRead?: number;
  /** Every so many writes are done, and answered with error 14. */
  rejectedWrite?: number;
  /** Every so many writes are never answered; the others are. */
  silentWrite?: number;
}

/** One node, one dictionary; and what's wrong with it. */
function dictionary(faults: Faults = {}): App<AnyMessages> {
  return (node: Node<AnyMessages>) => {
    const values = new Map<unknown, JSONValue>();
    const older = new Map<unknown, JSONValue | undefined>();
    const counts: { [fault: string]: number } = {};
    const strikes = (fault: keyof Faults) => {
      const every = faults[fault];
      if (every === undefined) return false;
      counts[fault] = (counts[fault] ?? 0) + 1;
      return counts[fault] % every === 0;
    };
    const set = (key: unknown, value: JSONValue) => {
      older.set(key, values.get(key));
      values.set(key, value);
    };
    const existing = (key: unknown) => {
      const value = values.get(key);
      if (value !== undefined) return value;
      throw new RPCError(ErrorCode.keyDoesNotExist);
    };
    node.on("read", ({ body }) => {
      const value = existing(body.key);
      return {
        type: "read_ok",
        value: strikes("staleRead") ? older.get(body.key) ?? value : value,
      };
    });
    node.on("write", ({ body }) => {
      set(body.key, body.value);
      if (strikes("rejectedWrite")) throw new RPCError(ErrorCode.abort);
      return strikes("silentWrite")
        ? new Promise<never>(() => {})
        : { type: "write_ok" };
    });
    node.on("cas", ({ body }) => {
      if (existing(body.key) !== body.from) {
        throw new RPCError(ErrorCode.preconditionFailed);
      }
      if (!strikes("lostCas")) set(body.key, body.to);
      return { type: "cas_ok" };
    });
  };
}

const clustered: Options = {
  workload: "lin-kv",
  "node-count": 3,
  concurrency: "4n",
  rate: 100,
  "time-limit": 10,
  latency: 10,
};

Deno.test("one node with one dictionary is linearizable", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { results, reason } = await judge(dictionary(), { ...small, seed });
    assertEquals(results["valid?"], true, reason);
    assertEquals(Object.keys(results.workload.results as object), ["0", "1"]);
    assertEquals(results.workload.failures, []);
  }
});

Deno.test("nodes that pass everything on to lin-kv are linearizable", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { results, reason } = await judge(proxy("lin-kv"), {
      ...clustered,
      nemesis: "partition",
      "nemesis-interval": 2,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
    assert(results.net.servers["msg-count"] > 1000);
  }
});

for (const service of ["seq-kv", "lww-kv"] as const) {
  Deno.test(`nodes that pass everything on to ${service} are not`, async () => {
    const { results, reason } = await judge(proxy(service), clustered);
    assertEquals(results.workload["valid?"], false);
    assertMatch(
      reason!,
      /^key \d isn't linearizable.*: process \d+ (read|changed).* \(operation \d+\), but by then the key held \d/,
    );
  });
}

Deno.test("a run over services is the same with the same seed", async () => {
  const run = async (seed: number) => {
    const { history, journal } = await judge(proxy("seq-kv"), {
      ...clustered,
      "time-limit": 3,
      seed,
    });
    return JSON.stringify([history, journal]);
  };
  assertEquals(await run(5), await run(5));
  assert(await run(5) !== await run(6));
});

for (
  const [what, faults] of [
    ["a cas that is acknowledged and changes nothing", { lostCas: 5 }],
    ["a read of the value before the newest", { staleRead: 10 }],
    ["a write that is refused and done", { rejectedWrite: 10 }],
  ] as [string, Faults][]
) {
  Deno.test(`${what} is caught`, async () => {
    const { results, reason } = await judge(dictionary(faults), small);
    assertEquals(results["valid?"], false);
    assertMatch(reason!, /isn't linearizable.*but by then the key held \d/);
  });
}

Deno.test("a write that is done and never answered is no offence", async () => {
  const { results, reason, history } = await judge(
    dictionary({ silentWrite: 6 }),
    small,
  );
  assertEquals(results["valid?"], true, reason);
  const lost = history.filter(({ type }) => type === "info");
  assert(lost.length > 3);
  assertEquals(new Set(lost.map(({ error }) => error)).size, 1);
});

Deno.test("clients wait a second, or ten times the latency", async () => {
  const silent: App<AnyMessages> = (node) => {
    for (const type of ["read", "write", "cas"]) {
      node.on(type, () => new Promise<never>(() => {}));
    }
  };
  for (const [latency, ms] of [[0, 1000], [100, 1000], [300, 3000]] as const) {
    const { history } = await judge(silent, { ...small, latency, rate: 4 });
    for (const op of history) {
      if (op.type === "invoke") continue;
      assertEquals(op.type, op.f === "read" ? "fail" : "info");
      const begun = history.findLast(({ index, process }) =>
        index < op.index && process === op.process
      )!;
      assert(Math.abs(op.time - begun.time - ms * 1e6) < 1e6);
    }
  }
});

Deno.test("a key is left alone when twenty processes have had to do with it", async () => {
  const silent: App<AnyMessages> = (node) => {
    for (const type of ["read", "write", "cas"]) {
      node.on(type, () => new Promise<never>(() => {}));
    }
  };
  const { history } = await judge(silent, { ...small, "time-limit": 60 });
  const processes = new Map<unknown, Set<unknown>>();
  for (const { value, process } of history) {
    const [key] = value as [number];
    processes.set(key, (processes.get(key) ?? new Set()).add(process));
  }
  assert(processes.size > 4);
  for (const some of processes.values()) assert(some.size <= 20);
});

Deno.test("operations are mixed as in the real lin-kv-ok", async () => {
  const begun: Op[] = [];
  for (let seed = 1; seed <= 10; seed++) {
    const { history } = await judge(dictionary(), { ...small, seed });
    begun.push(...history.filter(({ type }) => type === "invoke"));
  }
  // There it is 277 operations: 136 cas, 74 reads and 67 writes.
  const fs = tally(begun.map(({ f }) => f));
  const share = (f: string) => fs.get(f)! / begun.length;
  assert(Math.abs(begun.length / 10 - 277) < 30, `${begun.length / 10}`);
  assert(Math.abs(share("cas") - 136 / 277) < 0.05, `${share("cas")}`);
  assert(Math.abs(share("read") - 74 / 277) < 0.05, `${share("read")}`);
  assert(Math.abs(share("write") - 67 / 277) < 0.05, `${share("write")}`);
  // Only the first thread reads, and so only the first key is ever read.
  const keys = (f: string) =>
    [...new Set(begun.filter((op) => op.f === f).map(keyOf))].sort();
  assertEquals([keys("read"), keys("write"), keys("cas")], [
    [0],
    [0, 1],
    [0, 1],
  ]);
  const values = new Set(begun.flatMap(({ value }) => (value as [0, 0])[1]));
  assertEquals([...values].sort(), [0, 1, 2, 3, 4, null]);
});

Deno.test("a number that is read as a text is wrong", async () => {
  const { results, reason } = await judge((node: Node<AnyMessages>) => {
    node.on("read", () => ({ type: "read_ok", value: "2" }));
    node.on("write", () => ({ type: "write_ok" }));
    node.on("cas", () => ({ type: "cas_ok" }));
  }, small);
  assertEquals(results.workload["valid?"], false);
  assertMatch(reason!, /isn't linearizable/);
});

Deno.test("each key needs two clients for each node", async () => {
  for (const concurrency of ["1n", "3n", "9"]) {
    await assertRejects(
      () => judge(dictionary(), { ...small, "node-count": 2, concurrency }),
      BadOption,
      `--concurrency must be a multiple of 4 here, such as 2n, not ${concurrency}`,
    );
  }
  resolve({ ...small, "node-count": 2, concurrency: "12" });
});

Deno.test("eleven nodes and more can be judged, too", async () => {
  const { results, reason } = await judge(proxy("lin-kv"), {
    ...clustered,
    "node-count": 12,
    concurrency: "2n",
    "time-limit": 2,
  });
  assertEquals(results["valid?"], true, reason);
});

function keyOf({ value }: Op): unknown {
  return (value as unknown[])[0];
}
