/**
 * A thousand nodes: what a run costs grows with its messages, and not with the
 * square of its nodes. Work is counted, as times differ from machine to machine.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { broadcast } from "../../challenges/broadcast.ts";
import { describeFault, isDeaf } from "../../lib/report/page/faults.ts";
import { grudge, partitionKinds } from "../../lib/workbench/load/grudge.ts";
import { judge } from "../../lib/workbench/mod.ts";
import { Clock } from "../../lib/workbench/sim/clock.ts";
import { Random } from "../../lib/workbench/sim/random.ts";
import { fillIn } from "../../lib/workbench/test.ts";
import { workloadOf } from "../../lib/workbench/workloads/mod.ts";
import { nodesOf } from "./helpers.ts";

/** Counts the calls of a method while something is done. */
async function calls<T extends object>(
  { prototype }: { prototype: T },
  method: keyof T & string,
  act: () => unknown,
): Promise<number> {
  const original = prototype[method] as (...given: unknown[]) => unknown;
  let count = 0;
  prototype[method] = function (this: T, ...given: unknown[]) {
    count++;
    return original.apply(this, given);
  } as T[typeof method];
  try {
    await act();
  } finally {
    prototype[method] = original as T[typeof method];
  }
  return count;
}

Deno.test("events grow with the messages, however many nodes there are", async () => {
  const perMessage: number[] = [];
  for (const count of [25, 50, 100, 200]) {
    let messages = 0;
    const events = await calls(Clock, "at", async () => {
      const { journal, reason } = await judge(broadcast, {
        workload: "broadcast",
        "node-count": count,
        "time-limit": 2,
        rate: 20,
        topology: "tree4",
      }, { args: ["--strategy", "flood"] });
      assertEquals(reason, undefined);
      messages = journal.length;
    });
    assertLess(2 * count, messages);
    perMessage.push(events / messages);
  }
  // A client's request has a timeout besides, a node a start.
  for (const each of perMessage) {
    assert(1 < each && each < 1.5, `${perMessage}`);
  }
});

Deno.test("the topology that all nodes are told is made once", () => {
  const test = fillIn({ workload: "broadcast", "node-count": 1000 });
  const { topology } = workloadOf(test);
  assert(topology!(test) === topology!(test));
});

Deno.test("a partition of a thousand nodes is drawn in one go", async () => {
  const nodes = nodesOf(1000);
  for (const kind of partitionKinds) {
    const drawn = await calls(Random, "float", () => {
      const cuts = grudge(kind, nodes, new Random(kind));
      assertEquals(Object.keys(cuts).length, nodes.length);
    });
    assertLess(drawn, nodes.length + 1, kind);
  }
});

Deno.test("who was cut off is looked up once for each node", () => {
  const nodes = nodesOf(1000);
  let looks = 0;
  const cuts = new Proxy(grudge("majority", nodes, new Random("1")), {
    get: (all, node: string) => (looks++, all[node]),
  });
  const fault = { kind: "partition", cuts, startMs: 0, endMs: 1 } as const;
  assertEquals(
    describeFault(fault, nodes).split(" | ")[1],
    "the rest",
  );
  // And once more to see that there is anybody.
  assertEquals(looks, nodes.length + 1);
  assert(nodes.some((other) => isDeaf(fault, "n0", other)));
});
