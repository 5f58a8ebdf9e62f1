/** The nodes' knowledge of values, found out from messages alone. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { broadcast } from "../../challenges/broadcast.ts";
import type { App, Node } from "../../lib/mod.ts";
import { judge, type Options } from "../../lib/workbench/mod.ts";
import { pageData } from "../../lib/report/page/data.ts";
import { toRecord } from "../../lib/report/record.ts";

const options: Options = {
  workload: "broadcast",
  "node-count": 9,
  "time-limit": 10,
  rate: 30,
  latency: 50,
  nemesis: "partition",
  "nemesis-interval": 2,
  seed: 3,
};

async function dataOf<M>(app: App<M>, args: string[] = []) {
  const judgement = await judge(app, options, { args });
  const record = toRecord(judgement, { id: "broadcast", args, wallMs: 0 });
  return pageData(record, judgement, { replay: "", when: new Date(0) });
}

Deno.test("what nodes know is found in whichever field carries it", async () => {
  /** The values that each node has learnt, by its own account. */
  const truth = new Map<string, Set<number>>();
  interface Own {
    gossip: {
      number: number;
      news: { [value: string]: { hops: number; with: number[] } };
    };
  }
  const data = await dataOf((node: Node<Own>) => {
    const seen = new Set<number>();
    let number = 0;
    let peers: readonly string[] = [];
    node.onInit(() => {
      truth.set(node.id, seen);
      peers = node.nodeIds;
    });
    const learn = (value: number, hops: number) => {
      if (seen.has(value)) return;
      seen.add(value);
      for (const peer of peers) {
        if (peer === node.id) continue;
        const news = { [value]: { hops, with: [1, 2, 3] } };
        node.send(peer, { type: "gossip", number: number++, news });
      }
    };
    node.on("topology", () => ({ type: "topology_ok" }));
    node.on("read", () => ({ type: "read_ok", messages: [...seen] }));
    node.on("broadcast", ({ body }) => {
      learn(body.message, 0);
      return { type: "broadcast_ok" };
    });
    node.on("gossip", ({ body }) => {
      for (const [value, news] of Object.entries(body.news)) {
        learn(Number(value), news.hops + 1);
      }
    });
  });
  const { values, knownMs } = data.knowledge!;
  assert(data.faults.length > 0, data.record.reason);
  for (const [i, node] of data.nodes.entries()) {
    assertEquals(
      new Set(values.filter((_, value) => knownMs[value]![i] !== null)),
      truth.get(node),
    );
  }
  assert(knownMs.flat().includes(null), "the partition has cut somebody off");
});

Deno.test("numbers of batches and their acknowledgements aren't values", async () => {
  const { knowledge, messages, history } = await dataOf(broadcast);
  const { values, carriers, knownMs } = knowledge!;
  assert(values.length > 100);
  for (const [i, value] of values.entries()) {
    for (const row of carriers[i]!) {
      // Long bodies are cut.
      const [list] = messages.body[row]!.match(/"values":\[[^\]]*\]/) ?? [];
      if (list) assertMatch(list, new RegExp(`\\b${value}\\b`));
    }
  }
  const acknowledged = history.filter(({ type, f }) =>
    type === "ok" && f === "broadcast"
  );
  assertEquals(values.length, acknowledged.length);
  assert(!knownMs.flat().includes(null), "all values have reached all nodes");
});

Deno.test("nobody knows a value before it was told, or later than it shows it", async () => {
  const { knowledge, history, nodes } = await dataOf(broadcast, [
    "--strategy",
    "direct",
  ]);
  const { values, knownMs } = knowledge!;
  const position = new Map(values.map((value, i) => [value, i]));
  for (const { type, f, value, time, process } of history) {
    const ms = time / 1e6;
    if (f === "broadcast" && type === "invoke") {
      const known = knownMs[position.get(value as number)!]!;
      assert(known.every((since) => since === null || since >= ms));
    } else if (f === "read" && type === "ok") {
      const node = (process as number) % nodes.length;
      for (const each of value as number[]) {
        assertLess(knownMs[position.get(each)!]![node], ms);
      }
    }
  }
});
