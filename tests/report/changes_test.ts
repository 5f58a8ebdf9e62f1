/**
 * The words for what is different about a run that has been judged again.
 */
import { assertEquals } from "@std/assert";
import { changes } from "../../lib/report/changes.ts";
import { type RunRecord, toRecord } from "../../lib/report/record.ts";
import type { Node } from "../../lib/mod.ts";
import { judge } from "../../lib/workbench/mod.ts";

/** A record of a broadcast by nodes that do or don't tell each other. */
async function recordOf(
  app: (node: Node) => void,
  options: { seed?: number; workload?: string } = {},
): Promise<RunRecord> {
  const judged = await judge(app, {
    workload: "broadcast",
    ...{ "node-count": 2, "time-limit": 3, rate: 10, seed: 1 },
    ...options,
  });
  return toRecord(judged, { id: "broadcast", args: [], wallMs: 1 });
}

function broadcast(tells: boolean, answer = true) {
  return (node: Node) => {
    const values = new Set<number>();
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: [...values] }));
    node.on("broadcast", ({ body: { message } }) => {
      if (tells && !values.has(message)) {
        for (const peer of node.peers) {
          node.send(peer, { type: "broadcast", message });
        }
      }
      values.add(message);
      if (answer) return { type: "broadcast_ok" };
    });
  };
}

Deno.test("the verdict, the anomalies and the figures are told", async () => {
  const silent = await recordOf(broadcast(false));
  const telling = await recordOf(broadcast(true));
  const repaired = changes([silent], [telling])!.split("; ");
  assertEquals(repaired.slice(0, 2), ["invalid → valid", "gone: lost"]);
  assertEquals(
    repaired.slice(2).map((each) => each.replaceAll(/\d+(\.\d+)?/g, "N")),
    ["msgs/op N → N", "median N → N ms", "max N → N ms"],
  );
  assertEquals(
    changes([telling], [silent])!.split("; ").slice(0, 2),
    ["valid → invalid", "new: lost"],
  );
  assertEquals(changes([telling], [telling]), "none");
});

Deno.test("what the nodes do wrong, and operations that never succeed, are anomalies", async () => {
  const right = await recordOf(broadcast(true));
  const mute = await recordOf(broadcast(true, false));
  const [verdict, found] = changes([right], [mute])!.split("; ");
  assertEquals(
    [verdict, found],
    ["valid → invalid", "new: no broadcast succeeds"],
  );
  const wrong = await recordOf((node) => {
    const { on } = node;
    broadcast(true)(
      Object.assign(node, {
        // deno-lint-ignore no-explicit-any -- a node in plain JavaScript
        on: (type: any, handler: any) =>
          on.call(
            node,
            type,
            type === "read" ? () => ({ type: "eh" }) : handler,
          ),
      }),
    );
  });
  assertEquals(
    changes([right], [wrong])!.includes("new: malformed-rpc-response"),
    true,
  );
});

Deno.test("anomalies of transactions have their names", async () => {
  const valid = await recordOf(broadcast(true));
  const record = (...types: string[]): RunRecord => ({
    ...valid,
    pass: false,
    results: {
      "valid?": false,
      workload: { "valid?": false, "anomaly-types": types },
    },
  });
  assertEquals(
    changes([record("G0", "G1a")], [record("G1a", "G2")]),
    "new: G2; gone: G0",
  );
});

Deno.test("of many seeds it's told which pass and fail now, and the medians", async () => {
  const seeds = [1, 2, 3, 5];
  const records = (fails: (seed: number) => boolean) =>
    Promise.all(
      seeds.map((seed) => recordOf(broadcast(!fails(seed)), { seed })),
    );
  const [before, after] = [
    await records((seed) => seed === 5),
    await records((seed) => seed < 4),
  ];
  assertEquals(changes(before, after)!.split("; ").slice(0, 2), [
    "now passing: seeds 5",
    "now failing: seeds 1..3",
  ]);
  assertEquals(changes(before, before), "none");
});

Deno.test("of what wasn't judged before, nothing has changed", async () => {
  assertEquals(changes([], [await recordOf(broadcast(true))]), undefined);
});
