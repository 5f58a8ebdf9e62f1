import { assert, assertEquals, assertMatch } from "@std/assert";
import type { App, GSetMessages } from "../../../lib/mod.ts";
import { judge, type Options } from "../../../lib/workbench/mod.ts";

const small: Options = {
  workload: "g-set",
  "node-count": 3,
  rate: 30,
  "time-limit": 5,
};

/** Every node tells all it knows, from time to time. */
function gossip(
  keeps: (element: number) => boolean = () => true,
): App<GSetMessages & { all: { elements: number[] } }> {
  return (node) => {
    const elements = new Set<number>();
    node.on("add", ({ body }) => {
      if (keeps(body.element)) elements.add(body.element);
      return { type: "add_ok" };
    });
    node.on("read", () => ({ type: "read_ok", value: [...elements] }));
    node.on("all", ({ body }) => {
      for (const element of body.elements) elements.add(element);
    });
    node.every(200, () => {
      for (const peer of node.peers) {
        node.send(peer, { type: "all", elements: [...elements] });
      }
    });
  };
}

Deno.test("gossip loses nothing, partitions or not", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { results, reason } = await judge(gossip(), {
      ...small,
      nemesis: "partition",
      "nemesis-interval": 2,
      seed,
    });
    assertEquals(results["valid?"], true, reason);
    assert(results.workload["stable-count"] as number > 40);
  }
});

Deno.test("an element that is acknowledged and kept nowhere is lost", async () => {
  const { results, reason } = await judge(
    gossip((element) => element !== 13),
    small,
  );
  assertEquals(results["valid?"], false);
  assertEquals(results.workload.lost, [13]);
  assertMatch(
    reason!,
    /^1 of \d+ elements were lost; the first is 13, whose add was acknowledged to process \d \(operation \d+\), and which the last reads at n0 \(operation \d+\), .* don't show, nor did any read before\n/,
  );
});

Deno.test("an element that nobody spreads isn't lost to those who have it", async () => {
  const { results } = await judge((node) => {
    const elements: number[] = [];
    node.on("add", ({ body }) => {
      elements.push(body.element);
      return { type: "add_ok" };
    });
    node.on("read", () => ({ type: "read_ok", value: elements }));
  }, small);
  // Final reads aren't marked: it's the last one of all that counts.
  assertEquals(results["valid?"], false);
  assert(results.workload["lost-count"] as number > 10);
  assert(results.workload["stable-count"] as number > 10);
});

Deno.test("a set that stays empty is of no use", async () => {
  const { results, reason } = await judge((node) => {
    node.on("add", () => new Promise<never>(() => {}));
    node.on("read", () => ({ type: "read_ok", value: [] }));
  }, small);
  assertEquals(results.workload["valid?"], "unknown");
  assertMatch(reason!, /not one of 3 add operations succeeded/);
});

Deno.test("half the operations are adds, numbered from 0; each client reads at the end", async () => {
  const { history } = await judge(gossip(), { ...small, rate: 500 });
  const begun = history.filter(({ type }) => type === "invoke");
  const adds = begun.filter(({ f }) => f === "add");
  assert(Math.abs(adds.length / begun.length - 1 / 2) < 0.05);
  assertEquals(adds.map(({ value }) => value), adds.map((_, i) => i));
  const last = begun.slice(-3);
  assertEquals(last.map(({ f }) => f), ["read", "read", "read"]);
  assertEquals(last.some((op) => "final?" in op), false);
});
